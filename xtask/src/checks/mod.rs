//! Rules of the project that no ready-made tool checks. Each check reports every violation.

mod changelog;
pub(crate) mod circles;
pub(crate) mod crates;
pub(crate) mod documents;
pub(crate) mod features;
mod imports;
pub(crate) mod layers;
pub(crate) mod links;
pub(crate) mod sizes;
pub(crate) mod snippets;
pub(crate) mod versions;
pub(crate) mod workflows;

use anyhow::{Result, bail};

use crate::output::print_line;
use crate::process::{output, program, root};

/// Every file of the project, relative to its root: tracked by git, or new and not ignored.
pub(crate) fn project_files() -> Result<Vec<String>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listing = output(program("git", &arguments))?;
    let exists = |file: &&str| root().join(file).is_file();
    Ok(listing.lines().filter(exists).map(str::to_owned).collect())
}

/// Returns a note of what was checked, or prints every fault and fails.
fn conclude(faults: &[String], checked: String) -> Result<String> {
    if faults.is_empty() {
        return Ok(checked);
    }
    for fault in faults {
        print_line(format_args!("  {fault}"));
    }
    let count = faults.len();
    bail!("{count} {} found", if count == 1 { "fault" } else { "faults" })
}
