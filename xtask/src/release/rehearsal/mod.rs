//! `cargo xtask release --dry-run`: builds and tries all that this machine can, part by part, and names the rest.
//!
//! A part that fails does not stop the others, and can be repeated alone. What the parts found is kept in
//! `target/rehearsal/results`, so that the table is complete after a repetition.

mod parts;
mod table;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};

use self::parts::PARTS;
use self::table::{Results, Row};
use super::files::{create_folder, empty_folder};
use super::smoke;
use super::target::Target;
use crate::process::target;

/// What all parts of a rehearsal share.
pub(super) struct Rehearsal {
    /// Its artefacts, the places of its smoke tests, and its results.
    folder: PathBuf,
    /// The platform that the native code is built for, and Cargo's profile.
    target: Target,
}

impl Rehearsal {
    pub(super) fn new(triple: Option<&str>, profile: &str) -> Result<Self> {
        Ok(Self { folder: target().join("rehearsal"), target: Target::new(triple, profile)? })
    }

    /// Runs the named parts, or all. The results of the others are those of the last run.
    pub(super) fn run(&self, only: &[String]) -> Result<()> {
        if only.is_empty() {
            empty_folder(&self.folder)?;
        }
        let results = Results::new(self.folder.join("results"))?;
        let mut failed = Vec::new();
        for part in PARTS.iter().filter(|it| only.is_empty() || only.iter().any(|n| n == it.name)) {
            println!("\n==> {}: {}", part.name, part.purpose);
            let start = Instant::now();
            let rows = (part.run)(self).unwrap_or_else(|error| {
                println!("release: {} failed: {error:#}", part.name);
                failed.push(part.name);
                vec![Row::failed(part.purpose, &error)]
            });
            results.save(part.name, &rows)?;
            println!("release: {} took {} s", part.name, start.elapsed().as_secs());
        }
        println!("\n==> artefacts\n");
        print!("{}", results.table(PARTS.iter().map(|part| (part.name, part.purpose)))?);
        if failed.is_empty() {
            return Ok(());
        }
        let failed = failed.join(",");
        bail!("these parts failed; repeat them with `--only {failed}`")
    }

    /// The folder with what a part builds.
    fn artefacts(&self, part: &str) -> PathBuf {
        self.folder.join("artefacts").join(part)
    }

    /// The same, emptied.
    fn new_artefacts(&self, part: &str) -> Result<PathBuf> {
        let folder = self.artefacts(part);
        empty_folder(&folder)?;
        Ok(folder)
    }

    /// An empty folder for the smoke test of a part, with the media that the examples name.
    fn new_place(&self, part: &str) -> Result<PathBuf> {
        let places = self.folder.join("places");
        create_folder(&places)?;
        smoke::new_place(&places, part)
    }
}

/// The names of all parts, for `--only`.
pub(super) fn names() -> Vec<&'static str> {
    PARTS.iter().map(|part| part.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_name_of_its_own() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PARTS.len());
    }
}
