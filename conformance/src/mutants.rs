//! Mutation tests of the suite: drivers with one deliberate bug each, and the case that must fail
//! for each of them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::contract::Profile;
use crate::result::CaseResult;
use crate::suite::Suite;

/// The driver that implements the mutants.
pub const MUTATED_DRIVER: &str = "rust";

/// A driver with a deliberate bug.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// The name of the mutant in the Rust driver.
    pub name: String,
    /// The bug, in words.
    pub what: String,
    /// The case that must fail.
    pub case: String,
}

/// The result of running a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MutantResult {
    /// The name of the mutant.
    pub name: String,
    /// The bug, in words.
    pub what: String,
    /// The case that must fail.
    pub case: String,
    /// Whether the case failed.
    pub killed: bool,
    /// The first difference that the case reported.
    pub by: String,
}

/// Reads `mutants.yaml`.
///
/// # Errors
/// If the file cannot be read or is invalid.
pub fn load(path: &Path) -> Result<Vec<Mutant>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is invalid", path.display()))
}

/// Runs each mutant on the case that must kill it. Returns nothing if the profiles do not include
/// the driver that implements the mutants.
///
/// # Errors
/// If the list is invalid or empty, or the driver cannot be started.
pub async fn run_all(suite: &Suite, profiles: &[Profile]) -> Result<Vec<MutantResult>> {
    let Some(profile) = profiles.iter().find(|profile| profile.name == MUTATED_DRIVER) else {
        return Ok(Vec::new());
    };
    let mutants = load(&suite.root.join("conformance/mutants.yaml"))?;
    ensure!(!mutants.is_empty(), "conformance/mutants.yaml lists no mutants");
    let mut results = Vec::new();
    for mutant in &mutants {
        results.push(run_one(suite, profile, mutant).await?);
    }
    Ok(results)
}

async fn run_one(suite: &Suite, profile: &Profile, mutant: &Mutant) -> Result<MutantResult> {
    let case = suite.cases.iter().find(|case| case.id == mutant.case);
    let case =
        case.with_context(|| format!("mutant {}: there is no case {}", mutant.name, mutant.case))?;
    let single = suite.with_cases(vec![case.clone()], &format!("mutant-{}", mutant.name));
    let arguments = ["--mutant".to_owned(), mutant.name.clone()];
    let report = single.run(profile, &arguments).await?;
    let result = report.results.first().map(|report| &report.result);
    // A crash or a timeout has a cause other than the mutant's bug, so it does not count.
    let by = match result {
        Some(CaseResult::Fail { differences }) => differences.first().cloned(),
        _ => None,
    };
    Ok(MutantResult {
        name: mutant.name.clone(),
        what: mutant.what.clone(),
        case: mutant.case.clone(),
        killed: by.is_some(),
        by: by.unwrap_or_else(|| result.map(ToString::to_string).unwrap_or_default()),
    })
}

impl MutantResult {
    /// Returns the line that makes a run red, if the mutant survived.
    #[must_use]
    pub fn red(&self) -> Option<String> {
        (!self.killed).then(|| format!("the mutant {} survives {}", self.name, self.case))
    }
}

/// Returns the table of mutants for a terminal.
#[must_use]
pub fn table(results: &[MutantResult]) -> String {
    let mut text = String::new();
    for result in results {
        let word = if result.killed { "killed" } else { "SURVIVED" };
        let by: String = result.by.chars().take(110).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{word:<9} {:<27} {:<38} {by}", result.name, result.case);
    }
    text.push_str(&count_line(results));
    text
}

/// Returns the line that says how many mutants were killed.
#[must_use]
pub fn count_line(results: &[MutantResult]) -> String {
    let killed = results.iter().filter(|result| result.killed).count();
    format!("{killed} of {} mutants killed\n", results.len())
}
