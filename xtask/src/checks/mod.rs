//! House rules that no ready-made tool checks. Each check reports every fault it finds.

pub(crate) mod circles;
mod imports;
pub(crate) mod layers;
pub(crate) mod links;
pub(crate) mod sizes;

use anyhow::{Result, bail};

use crate::process::{output, program, root};
use crate::suite::Outcome;

/// Every file of the project, relative to its root: tracked by git, or new and not ignored.
fn project_files() -> Result<Vec<String>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listing = output(program("git", &arguments))?;
    let exists = |file: &&str| root().join(file).is_file();
    Ok(listing.lines().filter(exists).map(str::to_owned).collect())
}

/// Passes with a note of what was looked at, or fails with every fault on a line of its own.
fn verdict(faults: &[String], looked_at: String) -> Result<Outcome> {
    if faults.is_empty() {
        return Ok(Outcome::note(looked_at));
    }
    for fault in faults {
        println!("  {fault}");
    }
    bail!("{} found; see above", if faults.len() == 1 { "one fault" } else { "several faults" })
}
