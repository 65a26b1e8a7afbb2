//! Reports: for a terminal, for CI, for programs, for people.

mod html;
mod junit;
mod terminal;

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::mutants::Trial;
use crate::suite::{DriverReport, Suite};

/// Everything that reports tell.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// When it was.
    pub date: String,
    /// The version of the suite and its mock server.
    pub version: String,
    /// Whether this is the score board of other people's released clients.
    pub released: bool,
    /// The cases.
    pub cases: Vec<CaseText>,
    /// The drivers and what came of them.
    pub drivers: Vec<DriverReport>,
    /// Deliberately wrong drivers, where they were tried.
    pub mutants: Vec<Trial>,
}

/// A case as reports tell it.
#[derive(Clone, Debug, Serialize)]
pub struct CaseText {
    /// Its id.
    pub id: String,
    /// What happens and why it matters.
    pub doc: String,
    /// Where it is documented.
    pub source: Option<String>,
    /// Its text in the file.
    pub text: String,
    /// The file below the repository's folder.
    pub file: String,
    /// The line.
    pub line: usize,
}

impl Run {
    /// What there is to tell of a run.
    #[must_use]
    pub fn new(suite: &Suite, drivers: Vec<DriverReport>, released: bool) -> Self {
        let cases = suite.cases.iter().map(|case| CaseText {
            id: case.id.clone(),
            doc: case.doc.clone(),
            source: case.source.clone(),
            text: case.place.text.clone(),
            file: relative(&case.place.file, &suite.root),
            line: case.place.line,
        });
        Self {
            date: suite.today.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            released,
            cases: cases.collect(),
            drivers,
            mutants: Vec::new(),
        }
    }
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// Writes all reports into a folder; gives the one for a terminal.
///
/// # Errors
/// Where one cannot be written.
pub fn write(run: &Run, out: &Path) -> Result<String> {
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join("results.json"), serde_json::to_vec_pretty(run)?)?;
    std::fs::write(out.join("junit.xml"), junit::xml(run)?)?;
    std::fs::write(out.join("report.html"), html::page(run)?)?;
    let place = out.join("report.html");
    Ok(format!("{}{}\n", terminal::table(run), place.display()))
}
