//! The public items of the crates, by rustdoc and the library public-api.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use public_api::Builder;

use super::Surface;
use crate::process::{own_program, program, run, target};

/// The crates that the promise of docs/versioning.md covers.
const CRATES: [&str; 8] = [
    "viseme",
    "viseme-ledger",
    "viseme-batch",
    "viseme-dub",
    "viseme-mock",
    "viseme-recorder",
    "viseme-playground",
    "viseme-mcp",
];

/// Set for processes that this program starts through Cargo in place of rustdoc.
const AS_RUSTDOC: &str = "VISEME_XTASK_AS_RUSTDOC";

pub(super) fn surfaces() -> Result<Vec<Surface>> {
    // The same features as the step `doc`, so that Cargo checks no dependency twice.
    let mut command =
        program("cargo", &["doc", "--locked", "--no-deps", "--all-features", "--lib"]);
    command.args(CRATES.iter().flat_map(|name| ["-p", *name]));
    let own_program = own_program()?;
    command.env("RUSTDOC", own_program).env(AS_RUSTDOC, "1");
    command.env("RUSTDOCFLAGS", "-Z unstable-options --output-format json");
    run(command)?;
    CRATES.iter().map(|name| surface(name)).collect()
}

fn surface(name: &str) -> Result<Surface> {
    let json = target().join("doc").join(format!("{}.json", name.replace('-', "_")));
    let api = Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .with_context(|| format!("cannot read {}", json.display()))?;
    let mut text = String::new();
    for item in api.items() {
        let _ = writeln!(text, "{item}");
    }
    Surface::new(format!("rust/{name}.txt"), text)
}

/// Runs rustdoc with its unstable options, if this process was started in place of it: the format that
/// programs read is one of them, and the same in stable releases.
pub(crate) fn run_as_rustdoc() -> Option<ExitCode> {
    if std::env::var_os(AS_RUSTDOC).as_deref() != Some(OsStr::new("1")) {
        return None;
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let mut rustdoc = Command::new("rustdoc");
    rustdoc.args(arguments).env("RUSTC_BOOTSTRAP", "1").env_remove(AS_RUSTDOC);
    let success = rustdoc.status().is_ok_and(|status| status.success());
    Some(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::crates::published;
    use crate::process::root;

    #[test]
    fn every_published_library_is_here_or_excluded_from_the_promise() {
        let path = root().join("docs/versioning.md");
        let text = std::fs::read_to_string(path).expect("readable");
        let (_, excluded) = text.split_once("## What it does not cover").expect("a heading");
        for it in published().expect("listed").iter().filter(|it| it.has_library()) {
            let is_excluded = excluded.contains(&format!("`{}`", it.name));
            assert_ne!(CRATES.contains(&&*it.name), is_excluded, "{}", it.name);
        }
    }
}
