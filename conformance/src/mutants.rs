//! The proof that the suite bites: drivers that are wrong in one way each, and the case that
//! notices each of them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::command::{Conclusion, Request, build, prepare};
use crate::contract::Profile;
use crate::suite::Suite;
use crate::verdict::Verdict;

/// The driver that knows how to be wrong.
const SPOILT: &str = "rust";

/// A deliberately wrong driver.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// What the driver of the Rust client calls it.
    pub name: String,
    /// What it does wrong.
    pub what: String,
    /// The case that is to notice.
    pub case: String,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// Its name.
    pub name: String,
    /// What it does wrong.
    pub what: String,
    /// The case that was to notice.
    pub case: String,
    /// Whether it did.
    pub killed: bool,
    /// The first thing that the case said.
    pub by: String,
}

/// Reads `mutants.yaml`.
///
/// # Errors
/// Where the file cannot be read or is wrong.
pub fn load(path: &Path) -> Result<Vec<Mutant>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is wrong", path.display()))
}

/// Runs each mutant on the case that is to notice it.
///
/// # Errors
/// As [`crate::command::run`]; and where a mutant's case does not exist.
pub async fn show_that_it_bites(request: &Request) -> Result<Conclusion> {
    let request = Request { drivers: vec![SPOILT.to_owned()], case: None, ..request.clone() };
    let (suite, profiles) = prepare(&request)?;
    let profile = profiles.first().context("the driver `rust`")?;
    if request.build {
        build(profile, &suite.root)?;
    }
    let trials = try_all(&suite, &profiles).await?;
    let json = serde_json::to_vec_pretty(&trials)?;
    std::fs::write(request.out.join("mutants.json"), json)?;
    Ok(Conclusion { red: trials.iter().filter_map(Trial::red).collect(), text: table(&trials) })
}

/// Runs each mutant on the case that is to notice it; none where the driver that they spoil is not
/// among the profiles.
///
/// # Errors
/// Where the list is wrong or empty, or a driver cannot be started.
pub async fn try_all(suite: &Suite, profiles: &[Profile]) -> Result<Vec<Trial>> {
    let Some(profile) = profiles.iter().find(|profile| profile.name == SPOILT) else {
        return Ok(Vec::new());
    };
    let mutants = load(&suite.root.join("conformance/mutants.yaml"))?;
    ensure!(!mutants.is_empty(), "there are no mutants");
    let mut trials = Vec::new();
    for mutant in &mutants {
        trials.push(try_one(suite, profile, mutant).await?);
    }
    Ok(trials)
}

async fn try_one(suite: &Suite, profile: &Profile, mutant: &Mutant) -> Result<Trial> {
    let case = suite.cases.iter().find(|case| case.id == mutant.case);
    let case = case.with_context(|| format!("{}: no case {}", mutant.name, mutant.case))?;
    let alone = suite.with_cases(vec![case.clone()], &format!("mutant-{}", mutant.name));
    let arguments = ["--mutant".to_owned(), mutant.name.clone()];
    let report = alone.run(profile, &arguments).await?;
    let verdict = report.results.first().map(|result| &result.verdict);
    // A crash or a timeout would be noticed for another reason than the mutant's.
    let by = match verdict {
        Some(Verdict::Fail { differences }) => differences.first().cloned(),
        _ => None,
    };
    Ok(Trial {
        name: mutant.name.clone(),
        what: mutant.what.clone(),
        case: mutant.case.clone(),
        killed: by.is_some(),
        by: by.unwrap_or_else(|| verdict.map(ToString::to_string).unwrap_or_default()),
    })
}

impl Trial {
    /// What makes a run red, where the mutant survived.
    #[must_use]
    pub fn red(&self) -> Option<String> {
        (!self.killed).then(|| format!("the mutant {} survives {}", self.name, self.case))
    }
}

/// The table for a terminal.
#[must_use]
pub fn table(trials: &[Trial]) -> String {
    let mut text = String::new();
    for trial in trials {
        let word = if trial.killed { "killed" } else { "SURVIVED" };
        let by: String = trial.by.chars().take(110).collect();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{word:<9} {:<27} {:<38} {by}", trial.name, trial.case);
    }
    let killed = trials.iter().filter(|trial| trial.killed).count();
    let _ = writeln!(text, "{killed} of {} mutants were killed", trials.len());
    text
}
