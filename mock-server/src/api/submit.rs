//! The POST that costs money.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use viseme::model::{ModelDescription, describe};

use super::Done;
use super::intake::Intake;
use crate::artefact::Artefact;
use crate::job::Job;
use crate::reply::Reply;
use crate::scenario::{JobRule, MissingInput, Timeline};
use crate::world::WorldState;

/// What a job costs where no rule says. The real price is not known.
const PRICE_USD: f64 = 0.07;

/// How a job goes where no rule says: long enough to be seen, short enough to wait for.
const PROCESSING_AFTER: Duration = Duration::from_millis(800);
const COMPLETED_AFTER: Duration = Duration::from_millis(3500);

pub(super) fn submit(state: &mut WorldState, world: &str, model: &str, intake: &Intake) -> Done {
    let Some(Value::Object(body)) = intake.json() else {
        return Done::plain(Reply::refusal(400, "the body must be a JSON object"));
    };
    let description = describe(model);
    let magic = magic_rule(model);
    if description.is_none() && magic.is_none() {
        return Done::plain(Reply::refusal(404, &format!("model {model} not found")));
    }
    let webhook = intake.parameter("webhook");
    if webhook.is_some() && body.get("enable_base64_output") == Some(&Value::Bool(true)) {
        let message = "webhook callback does not support base64 output, please use the normal API \
                       to use base64 output";
        return Done::plain(Reply::json(400, &json!({"error": message})));
    }
    let input = known_inputs(body, description);
    let missing = description.and_then(|description| missing_input(&input, description));
    if let (Some(name), MissingInput::Refused) = (missing, state.scenario.missing_input) {
        return Done::plain(Reply::refusal(400, &format!("missing required input: {name}")));
    }
    let nth = state.jobs.len() as u64 + 1;
    let (rule_name, rule) = match missing {
        Some(name) => ("missing input".to_owned(), missing_rule(name)),
        None => rule_for(state, model, nth, magic),
    };
    let price_usd = rule.price_usd.unwrap_or(PRICE_USD);
    if state.balance_usd < price_usd {
        return Done::plain(Reply::refusal(402, "Insufficient credits."));
    }
    state.balance_usd -= price_usd;
    let submitted = state.clock.elapsed();
    let job = Job {
        id: state.new_id(),
        model: model.to_owned(),
        output: Arc::new(output_for(state, world, &input)),
        input: Value::Object(input),
        timeline: rule
            .timeline
            .unwrap_or_else(|| Timeline::usual(PROCESSING_AFTER, COMPLETED_AFTER, "completed")),
        code: rule.code,
        error: rule.error,
        price_usd,
        webhook,
        submitted,
        polls: 0,
        forced: None,
        deleted: false,
        id_told: false,
        delivered: false,
    };
    let prediction = job.prediction(submitted, &state.date(submitted), &intake.base_url, world);
    let id = job.id.clone();
    state.jobs.push(job);
    Done {
        rule: Some(rule_name),
        told: vec![id.clone()],
        ..Done::about(Reply::success(&prediction), &id)
    }
}

/// The service drops what it does not know, silently.
fn known_inputs(
    body: Map<String, Value>,
    description: Option<&ModelDescription>,
) -> Map<String, Value> {
    body.into_iter()
        .filter(|(name, _)| description.is_none_or(|description| description.field(name).is_some()))
        .collect()
}

fn missing_input(
    input: &Map<String, Value>,
    description: &ModelDescription,
) -> Option<&'static str> {
    description
        .fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .find(|name| input.get(*name).is_none_or(|value| value.is_null() || value == ""))
}

fn missing_rule(name: &str) -> JobRule {
    JobRule::new(Timeline::ends_after_polls(1, "failed"))
        .error(1400, &format!("Missing required parameter: {name}"))
}

fn rule_for(
    state: &WorldState,
    model: &str,
    nth: u64,
    magic: Option<JobRule>,
) -> (String, JobRule) {
    let scripted = state
        .scenario
        .jobs
        .iter()
        .enumerate()
        .find(|(_, rule)| rule.matches.as_ref().is_none_or(|matches| matches.fits(model, nth)));
    match (scripted, magic) {
        (Some((index, rule)), _) => (format!("scenario jobs[{index}]"), rule.clone()),
        (None, Some(rule)) => (format!("magic model {model}"), rule),
        (None, None) => ("default".to_owned(), JobRule::default()),
    }
}

/// The models of the mock itself: `mock/fail-1200`, `mock/slow-5m`, `mock/end-cancelled`,
/// `mock/never`, `mock/instant`.
fn magic_rule(model: &str) -> Option<JobRule> {
    let name = model.strip_prefix("mock/")?;
    let after = |time: Duration, last: &str| JobRule::new(Timeline::usual(time / 2, time, last));
    match name.split_once('-') {
        None if name == "instant" => Some(after(Duration::ZERO, "completed")),
        None if name == "never" => Some(after(Duration::from_secs(u32::MAX.into()), "completed")),
        Some(("fail", code)) => {
            let code = code.parse().ok()?;
            Some(after(Duration::from_secs(1), "failed").error(code, failure_text(code)))
        }
        Some(("slow", time)) => Some(after(humantime::parse_duration(time).ok()?, "completed")),
        Some(("end", last)) => Some(after(Duration::from_secs(1), last)),
        _ => None,
    }
}

/// The service's words for its codes.
fn failure_text(code: i64) -> &'static str {
    match code {
        1200 => "The content contains sensitive information.",
        1400 => "Missing parameter.",
        1401 => "Invalid parameter.",
        1402 => "Failed to download image from the provided URL.",
        1407 => "Insufficient credits.",
        5000 => "Internal error.",
        5003 => "Service unavailable.",
        _ => "Task execution failed.",
    }
}

/// The caller's own video, where it was uploaded here; else the clip the server brings.
fn output_for(state: &WorldState, world: &str, input: &Map<String, Value>) -> Artefact {
    let uploaded = input.get("video").and_then(Value::as_str).and_then(|url| {
        let (_, path) = url.split_once(&format!("/_files/{world}/"))?;
        let id = path.split('/').next()?;
        state.uploads.get(id)?.file.as_ref()
    });
    uploaded.map_or_else(Artefact::clip, |file| file.as_output())
}
