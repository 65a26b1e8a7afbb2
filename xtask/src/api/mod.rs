//! The public API of each language as text in `api/`, so that a review sees every change of it:
//! `cargo xtask api` writes the files, `cargo xtask api --check` fails if one differs.

mod python;
mod rust;
mod typescript;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::root;

pub(crate) use rust::run_as_rustdoc;

/// A file in `api/`, and its content.
#[derive(Clone)]
struct Surface {
    file: String,
    text: String,
}

pub(crate) fn run(check: bool) -> Result<()> {
    let mut differing = Vec::new();
    for surface in [rust::surfaces()?, python::surfaces()?, typescript::surfaces()?].concat() {
        let lines = surface.text.lines().count();
        ensure!(lines > 20, "the API in {} has {lines} lines", surface.file);
        let place = folder().join(&surface.file);
        let before = fs::read_to_string(&place).unwrap_or_default();
        if before == surface.text {
            continue;
        }
        if check {
            print_difference(&before, &surface.text);
            differing.push(surface.file);
            continue;
        }
        let parent = place.parent().context("a file without a folder")?;
        fs::create_dir_all(parent).context("cannot create a folder")?;
        fs::write(&place, &surface.text)
            .with_context(|| format!("cannot write {}", surface.file))?;
        println!("api: {} is rewritten", surface.file);
    }
    if differing.is_empty() {
        return Ok(());
    }
    bail!(
        "the public API is not the one in api/: {}; if the change is meant, run `cargo xtask api`, and \
         add it to CHANGELOG.md",
        differing.join(", ")
    )
}

/// Prints the lines that only one of two texts has.
fn print_difference(before: &str, after: &str) {
    for line in before.lines().filter(|line| !after.lines().any(|other| other == *line)) {
        println!("  - {line}");
    }
    for line in after.lines().filter(|line| !before.lines().any(|other| other == *line)) {
        println!("  + {line}");
    }
}

fn folder() -> PathBuf {
    root().join("api")
}
