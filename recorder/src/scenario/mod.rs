//! Recordings as a scenario of the mock server, which plays them again.
//!
//! One recording is played as it was: the n-th submit gets the states of the n-th job, and the n-th request
//! of a kind is refused as it was. Further jobs take one of the recorded runs of their model, drawn from
//! the world's seed. Several recordings are played as a distribution: each job takes one of the runs of
//! its model, and requests are refused as often as they were.

mod refusals;
mod timeline;

use std::collections::BTreeSet;

use serde_json::Value;
use viseme_mock::scenario::JobRun;
use viseme_mock::{JobRule, Scenario, Timeline};

use crate::recording::{Endpoint, RecordedBody, RecordedJob, Recording};

/// The name of the file in the folder of a recording.
pub const FILE_NAME: &str = "scenario.yaml";

/// Returns the scenario that plays these recordings.
///
/// A job that had not ended when its recording did is left out: in its place, a job takes another run of its
/// model, or the default one if there is none. The price of a job is the last one that was asked for its
/// model in the recording, if its body was recorded.
#[must_use]
pub fn scenario(recordings: &[Recording]) -> Scenario {
    let runs: Vec<Run<'_>> = recordings.iter().flat_map(runs).collect();
    let mut scenario = Scenario::new();
    scenario.other_statuses = other_statuses(&runs);
    if let [_] = recordings {
        scenario.jobs = runs.iter().map(|run| run.rule().nth(run.nth)).collect();
    }
    let mut models: Vec<&str> = Vec::new();
    for run in &runs {
        if !models.contains(&run.job.model.as_str()) {
            models.push(&run.job.model);
        }
    }
    scenario.jobs.extend(models.into_iter().map(|model| any_run(model, &runs)));
    scenario.faults = refusals::faults(recordings);
    scenario
}

/// Returns the scenario that plays these recordings as a YAML document, with a comment about its origin.
#[must_use]
pub fn to_yaml(recordings: &[Recording]) -> String {
    let mut text =
        String::from("# What happened, for `viseme mock --scenario`; see docs/drift.md.\n");
    for recording in recordings {
        let jobs = match recording.jobs.len() {
            1 => "1 job".to_owned(),
            count => format!("{count} jobs"),
        };
        let one_line = recording.upstream.replace(['\n', '\r'], " ");
        text += &format!("# Recorded at {}: {jobs} of {one_line}\n", recording.started_at);
    }
    text + &scenario(recordings).to_yaml()
}

/// A job that ended.
struct Run<'r> {
    job: &'r RecordedJob,
    /// Its number among the accepted submits of its recording, counted from 1.
    nth: u64,
    played: JobRun,
}

impl Run<'_> {
    /// Returns the rule that plays it.
    fn rule(&self) -> JobRule {
        let JobRun { timeline, price_usd, code, error, .. } = self.played.clone();
        let rule = JobRule { timeline, price_usd, code, error, ..JobRule::default() };
        rule.model(&literal_glob(&self.job.model))
    }
}

fn runs(recording: &Recording) -> impl Iterator<Item = Run<'_>> {
    let numbered = (1..).zip(&recording.jobs);
    numbered.filter_map(|(nth, job)| Some(Run { job, nth, played: played(recording, job)? }))
}

/// Returns how a job went, if it ended.
fn played(recording: &Recording, job: &RecordedJob) -> Option<JobRun> {
    let outcome = job.outcome.as_ref()?;
    let mut run = JobRun::new(Timeline::Times(timeline::entries(job)));
    run.price_usd = price(recording, job);
    if viseme::Status::from_word(&outcome.status) != viseme::Status::Completed {
        run.code = outcome.code.filter(|code| *code != 0);
        // The text of a failed job is always set: without it, the mock has one of its own.
        run.error = Some(outcome.error.replace('\0', ""));
    }
    Some(run)
}

/// Returns the last price that was asked for the job's model before its submit, or else after it.
fn price(recording: &Recording, job: &RecordedJob) -> Option<f64> {
    let asked = recording.exchanges.iter().filter_map(|exchange| {
        let RecordedBody::Json { value: request } = &exchange.request.body else { return None };
        let RecordedBody::Json { value } = &exchange.response.as_ref()?.body else { return None };
        let is_price = exchange.endpoint == Endpoint::Price
            && request.get("model_id").and_then(Value::as_str) == Some(&job.model);
        let data = value.get("data").filter(|_| is_price)?;
        let names = ["discounted_price", "price", "unit_price"];
        let price = names.iter().find_map(|name| data.get(name)?.as_f64())?;
        (0.0..=1e6).contains(&price).then_some((exchange.at_ms, price))
    });
    let asked: Vec<(u64, f64)> = asked.collect();
    let before = asked.iter().rev().find(|(at, _)| *at <= job.sent_at_ms);
    before.or(asked.first()).map(|(_, price)| *price)
}

/// Returns the rule for any job of a model: it takes one of the model's runs.
fn any_run(model: &str, runs: &[Run<'_>]) -> JobRule {
    let mut of_model = runs.iter().filter(|run| run.job.model == model);
    match (of_model.next(), of_model.next()) {
        (Some(only), None) => only.rule(),
        _ => {
            let of_model = runs.iter().filter(|run| run.job.model == model);
            let played = of_model.map(|run| run.played.clone());
            let rule = JobRule::default().model(&literal_glob(model));
            played.fold(rule, JobRule::run)
        }
    }
}

/// Returns the status words that the project does not know.
fn other_statuses(runs: &[Run<'_>]) -> Vec<String> {
    let words = runs.iter().flat_map(|run| &run.job.states).map(|state| &state.status);
    let unknown: BTreeSet<String> = words
        .filter(|word| matches!(viseme::Status::from_word(word), viseme::Status::Other(_)))
        .map(|word| word.replace('\0', ""))
        .collect();
    unknown.into_iter().collect()
}

/// Returns a glob that matches this text alone.
fn literal_glob(text: &str) -> String {
    let escaped = |c: char| {
        if "?*[]{}!\\".contains(c) { format!("[{c}]") } else { c.to_string() }
    };
    text.chars().map(escaped).collect()
}
