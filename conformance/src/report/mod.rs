//! The reports: for a terminal, for CI, for programs, and an HTML page.

mod junit;
mod terminal;

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use crate::mutants::MutantResult;
use crate::suite::{DriverReport, Suite};

/// The data of all reports.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The date of the run.
    pub date: String,
    /// The version of the suite and of its mock server.
    pub version: String,
    /// Whether it is the scoreboard of released clients of other projects.
    pub released: bool,
    /// The cases.
    pub cases: Vec<CaseText>,
    /// The drivers and their results.
    pub drivers: Vec<DriverReport>,
    /// The mutants, if they ran.
    pub mutants: Vec<MutantResult>,
}

/// The text of a case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseText {
    /// The id.
    pub id: String,
    /// What happens and why it matters.
    pub doc: String,
    /// Where the behaviour is documented.
    pub source: Option<String>,
    /// The text in the file.
    pub text: String,
    /// The path of the file from the root folder.
    pub file: String,
    /// The line.
    pub line: usize,
}

impl Run {
    /// Collects the data of a run.
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

/// Writes all reports into a folder and returns the text for a terminal.
///
/// # Errors
/// If a report cannot be written.
pub fn write(run: &Run, out: &Path) -> Result<String> {
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join("results.json"), serde_json::to_vec_pretty(run)?)?;
    std::fs::write(out.join("junit.xml"), junit::xml(run)?)?;
    std::fs::write(out.join("report.html"), html_page(run)?)?;
    let place = out.join("report.html");
    Ok(format!("{}{}\n", terminal::table(run), place.display()))
}

const PAGE: &str = include_str!("page.html");
/// The placeholder for the data.
const DATA_MARKER: &str = "@DATA@";
/// The maximum number of log lines per step.
const LOG_LINES: usize = 200;

/// Returns one HTML page that needs no other files: the data within a fixed page.
///
/// # Errors
/// If the data cannot be converted to JSON.
fn html_page(run: &Run) -> Result<String> {
    let mut data = serde_json::to_value(run)?;
    for (driver, report) in run.drivers.iter().enumerate() {
        for (number, result) in report.results.iter().enumerate() {
            let place = format!("/drivers/{driver}/results/{number}");
            let Some(fields) = data.pointer_mut(&place).and_then(Value::as_object_mut) else {
                continue;
            };
            fields.insert("lines".to_owned(), json!(result.result.lines()));
            let steps = fields.get_mut("trace").and_then(|trace| trace.get_mut("steps"));
            for step in steps.and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(Value::Array(lines)) = step.pointer_mut("/outcome/logs") {
                    lines.truncate(LOG_LINES);
                }
            }
        }
    }
    // Inside a script element, only `<` could end it.
    let data = serde_json::to_string(&data)?.replace('<', "\\u003c");
    Ok(PAGE.replacen(DATA_MARKER, &data, 1))
}
