//! `cargo xtask mutants`: mutates the pure code and checks that a test fails for each mutant.

use anyhow::{Context as _, Result};

use crate::process::{program, run};
use crate::tools::ensure_tool;

/// The code whose mistakes cost money or accept a forged webhook.
const MUTATED: &[&str] = &["core/src/protocol/**", "core/src/webhook/**"];
/// Code for tests alone.
const LEFT_OUT: &[&str] = &["**/fuzzing.rs", "**/tests.rs", "**/tests/*.rs"];

/// Runs every mutant of the code, or of the files that match `files`; an error if one survives.
pub(crate) fn run_all(files: &[String]) -> Result<()> {
    ensure_tool("cargo-mutants")?;
    let chosen: Vec<&str> = if files.is_empty() {
        MUTATED.to_vec()
    } else {
        files.iter().map(String::as_str).collect()
    };
    let mut arguments = vec!["mutants", "--package", "viseme", "--all-features"];
    for file in chosen {
        arguments.extend(["--file", file]);
    }
    for file in LEFT_OUT {
        arguments.extend(["--exclude", file]);
    }
    // The pure code is tested by unit tests.
    arguments.extend(["--output", "target", "--timeout", "120", "--", "--lib"]);
    run(program("cargo", &arguments)).context(
        "the mutants for which no test fails are in target/mutants.out/missed.txt: add tests, or \
         explain in docs/mutation-testing.md why they change nothing",
    )
}
