//! Loads the files of cases. An error names the file and the line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};
use serde_saphyr::Spanned;
use viseme_mock::{Expect, Scenario};

use super::{Action, Case, SourceLocation, Step, Variables, matcher, resolve};
use crate::contract::{ErrorTable, Features};

/// When every world begins, so that each run has the same dates.
const START: &str = "2026-01-01T00:00:00Z";

/// All cases, in the order of their files.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The cases.
    pub cases: Vec<Case>,
}

/// Loads every `.yaml` file in a folder.
///
/// # Errors
/// The first problem, with its file and line.
pub fn load(folder: &Path, features: &Features, errors: &ErrorTable) -> Result<Loaded> {
    let mut files = yaml_files(folder)?;
    files.sort();
    let mut cases: Vec<Case> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        for case in parse(&file, &text, features, errors)? {
            if let Some(other) = cases.iter().find(|other| other.id == case.id) {
                bail!(
                    "{}:{}: there is already a case `{}`, in {}:{}",
                    case.place.file.display(),
                    case.place.line,
                    case.id,
                    other.place.file.display(),
                    other.place.line
                );
            }
            cases.push(case);
        }
    }
    Ok(Loaded { cases })
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Parses the cases of one file.
///
/// # Errors
/// As [`load`].
pub fn parse(
    file: &Path,
    text: &str,
    features: &Features,
    errors: &ErrorTable,
) -> Result<Vec<Case>> {
    let spanned: Vec<Spanned<Case>> =
        serde_saphyr::from_str(text).with_context(|| format!("{} is invalid", file.display()))?;
    let lines: Vec<usize> =
        spanned.iter().map(|case| usize::try_from(case.referenced.line()).unwrap_or(1)).collect();
    let mut cases = Vec::new();
    for (number, spanned) in spanned.into_iter().enumerate() {
        let line = lines.get(number).copied().unwrap_or(1);
        let mut case = spanned.value;
        let at = || format!("{}:{line}: {}", file.display(), case.id);
        case.scenario = check(&case, features, errors).with_context(at)?;
        let text = excerpt(text, line, lines.get(number + 1).copied());
        case.place = SourceLocation { file: file.to_owned(), line, text };
        cases.push(case);
    }
    Ok(cases)
}

/// Returns the lines from one line up to, but without, another.
fn excerpt(text: &str, from: usize, to: Option<usize>) -> String {
    let count = to.unwrap_or(usize::MAX).saturating_sub(from);
    let lines: Vec<_> = text.lines().skip(from.saturating_sub(1)).take(count).collect();
    lines.join("\n").trim_end().to_owned()
}

fn check(case: &Case, features: &Features, errors: &ErrorTable) -> Result<Scenario> {
    let (group, name) = case.id.split_once('/').context("`id` must be `group/name`")?;
    let is_word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    ensure!(is_word(group) && is_word(name), "`id` must consist of lower-case words and hyphens");
    ensure!(case.doc.len() >= 20, "`doc` must say what happens and why it matters");
    ensure!(case.operations().next().is_some(), "`when` must contain an operation");
    let required = case.features();
    features.require(required.iter().map(String::as_str))?;
    let outcome = case.then.outcome();
    let outcomes = case.operations().map(|operation| &operation.then).chain([&outcome]);
    for outcome in outcomes {
        for matcher in [&outcome.value, &outcome.events].into_iter().flatten() {
            matcher::check(matcher).map_err(anyhow::Error::msg)?;
        }
        let Some(error) = &outcome.error else { continue };
        for matcher in [&error.message, &error.attributes].into_iter().flatten() {
            matcher::check(matcher).map_err(anyhow::Error::msg)?;
        }
        for code in error.code.iter().chain(&error.any_of) {
            ensure!(errors.row(code).is_some(), "there is no error code `{code}`");
        }
    }
    expect(case, false)?;
    for matcher in OF_SUBMITS.iter().filter_map(|name| case.then.submits.get(*name)) {
        matcher::check(matcher).map_err(anyhow::Error::msg)?;
    }
    for step in &case.when {
        if let Step::Action(Action::OperationResult(given)) = step {
            read_scenario(given)?;
        }
    }
    read_scenario(&case.given)
}

/// The parts of `submits` that are checked by matchers. The mock server checks the rest.
pub(crate) const OF_SUBMITS: [&str; 2] = ["bodies", "queries"];

/// Returns the expectations for `verify` of the mock server, in real time if the
/// driver does not use the virtual clock.
///
/// # Errors
/// If an expectation is invalid.
pub(crate) fn expect(case: &Case, in_real_time: bool) -> Result<Expect> {
    let then = &case.then;
    let mut ledger = then.ledger.clone();
    // Nobody pays twice, unless the case expects two jobs.
    ledger.entry("duplicates").or_insert(json!(0));
    let mut submits = then.submits.clone();
    submits.retain(|name, _| !OF_SUBMITS.contains(&name.as_str()));
    let mut expected = json!({
        "requests": then.requests,
        "ledger": ledger,
        "order": then.order,
        "time": if in_real_time { "real" } else { "world" },
    });
    let parts = [("polls", &then.polls), ("submits", &submits), ("elapsed", &then.elapsed)];
    if let Some(fields) = expected.as_object_mut() {
        for (name, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            fields.insert(name.to_owned(), Value::Object(part.clone()));
        }
        fields.extend(then.faults.clone().map(|faults| ("faults".to_owned(), faults)));
    }
    serde_json::from_value(expected).context("an expectation in `then` is invalid")
}

/// Parses a scenario of a case, with example values for its variables.
fn read_scenario(given: &Map<String, Value>) -> Result<Scenario> {
    let mut variables = Variables::default();
    variables.set("world", json!({"key": "mock-example", "base_url": "http://127.0.0.1:1"}));
    let given = resolve(&Value::Object(given.clone()), &variables).map_err(anyhow::Error::msg)?;
    scenario_of(given)
}

/// Parses a scenario, with defaults for the seed and the clock.
///
/// # Errors
/// If the scenario is invalid.
pub(crate) fn scenario_of(mut given: Value) -> Result<Scenario> {
    if let Some(fields) = given.as_object_mut() {
        fields.entry("seed").or_insert(json!(1));
        fields.entry("clock").or_insert(json!({"mode": "virtual", "start": START}));
    }
    Scenario::parse(&given.to_string()).map_err(anyhow::Error::msg)
}
