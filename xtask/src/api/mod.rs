//! The public API of each language as text in `api/`, so that a review sees every change of it:
//! `cargo xtask api` writes the files, `cargo xtask api --check` fails if one differs.

mod python;
mod rust;
mod typescript;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

use crate::output::print_line;
use crate::process::root;

pub(crate) use rust::run_as_rustdoc;

/// A file in `api/`, and its content.
#[derive(Clone)]
struct Surface {
    file: String,
    text: String,
}

impl Surface {
    /// An error if the tool found next to nothing.
    fn new(file: String, text: String) -> Result<Self> {
        let lines = text.lines().count();
        ensure!(lines > 5, "the API in {file} has {lines} lines");
        Ok(Self { file, text })
    }

    fn before(&self) -> String {
        fs::read_to_string(folder().join(&self.file)).unwrap_or_default()
    }

    fn is_as_before(&self) -> bool {
        self.before() == self.text
    }
}

/// `cargo xtask api`: all languages.
pub(crate) fn run(check: bool) -> Result<()> {
    let surfaces = [rust::surfaces()?, python::surfaces()?, typescript::surfaces()?].concat();
    if check { compare(&surfaces).map(drop) } else { write(&surfaces) }
}

/// The step of `cargo xtask test` for Rust.
pub(crate) fn check_rust() -> Result<String> {
    compare(&rust::surfaces()?)
}

/// The step for Python.
pub(crate) fn check_python() -> Result<String> {
    compare(&python::surfaces()?)
}

/// The step for Node.js.
pub(crate) fn check_typescript() -> Result<String> {
    compare(&typescript::surfaces()?)
}

fn write(surfaces: &[Surface]) -> Result<()> {
    for surface in surfaces.iter().filter(|it| !it.is_as_before()) {
        let place = folder().join(&surface.file);
        let parent = place.parent().context("a file without a folder")?;
        fs::create_dir_all(parent).context("cannot create a folder")?;
        fs::write(&place, &surface.text)
            .with_context(|| format!("cannot write {}", surface.file))?;
        println!("api: {} is rewritten", surface.file);
    }
    Ok(())
}

/// Fails if a file differs; returns a note for the summary.
fn compare(surfaces: &[Surface]) -> Result<String> {
    let mut differing = Vec::new();
    for surface in surfaces.iter().filter(|it| !it.is_as_before()) {
        print_difference(&surface.before(), &surface.text);
        differing.push(surface.file.as_str());
    }
    if differing.is_empty() {
        let lines: usize = surfaces.iter().map(|it| it.text.lines().count()).sum();
        return Ok(format!("{} files with {lines} lines", surfaces.len()));
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
        print_line(format_args!("  - {line}"));
    }
    for line in after.lines().filter(|line| !before.lines().any(|other| other == *line)) {
        print_line(format_args!("  + {line}"));
    }
}

fn folder() -> PathBuf {
    root().join("api")
}
