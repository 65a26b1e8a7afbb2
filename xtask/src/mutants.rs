//! `cargo xtask mutants`: breaks the deciding rooms in every small way and sees whether a test
//! notices.

use anyhow::{Context as _, Result};

use crate::process::{program, run};
use crate::setup;

/// The rooms whose mistakes cost money, or let a forged delivery in.
const ROOMS: &[&str] = &["core/src/protocol/**", "core/src/webhook/**"];
/// Code of tests alone.
const LEFT_OUT: &[&str] = &["**/fuzzing.rs", "**/tests.rs", "**/tests/*.rs"];

/// Tries every mutant of the rooms, or of the files that fit `files`; an error where one survives.
pub(crate) fn try_all(files: &[String]) -> Result<()> {
    setup::install("cargo-mutants")?;
    let chosen: Vec<&str> =
        if files.is_empty() { ROOMS.to_vec() } else { files.iter().map(String::as_str).collect() };
    let mut arguments = vec!["mutants", "--package", "viseme", "--all-features"];
    for file in chosen {
        arguments.extend(["--file", file]);
    }
    for file in LEFT_OUT {
        arguments.extend(["--exclude", file]);
    }
    // The machines are tested beside their code.
    arguments.extend(["--output", "target", "--timeout", "120", "--", "--lib"]);
    run(program("cargo", &arguments)).context(
        "mutants that no test notices are in target/mutants.out/missed.txt: test them, or say in \
         docs/mutants.md why they change nothing",
    )
}
