//! The POST that costs money.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use viseme_spec::{ModelDescription, describe};

use super::intake::Intake;
use super::{Done, limits, magic, result};
use crate::artefact::Artefact;
use crate::job::Job;
use crate::reply::Reply;
use crate::scenario::{JobRule, MissingInput, Timeline, UnknownModels};
use crate::state::WorldState;

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
    let magic = magic::rule(model);
    let accepted = state.scenario.unknown_models == UnknownModels::Accepted;
    if description.is_none() && magic.is_none() && !accepted {
        return Done::plain(Reply::refusal(404, &format!("model {model} not found")));
    }
    let webhook = intake.parameter("webhook");
    let is_on = |name: &str| body.get(name) == Some(&Value::Bool(true));
    let (base64, waits) = (is_on("enable_base64_output"), is_on("enable_sync_mode"));
    if webhook.is_some() && base64 {
        let message = "webhook callback does not support base64 output, please use the normal API \
                       to use base64 output";
        return Done::plain(Reply::json(400, &json!({"error": message})));
    }
    let input = known_inputs(body, description);
    let missing = description.and_then(|description| missing_input(&input, description));
    if let (Some(name), MissingInput::Refused) = (missing, state.scenario.missing_input) {
        return Done::plain(Reply::refusal(400, &format!("missing required input: {name}")));
    }
    let nth = state.jobs().len() as u64 + 1;
    let (rule_name, rule) = match (missing, lost_media(state, world, &input, &intake.base_url)) {
        (Some(name), _) => {
            let error = format!("Missing required parameter: {name}");
            ("missing input".to_owned(), fails_at_once(1400, &error))
        }
        (None, Some(name)) => {
            let error = format!("Failed to download {name} from the provided URL.");
            ("media that is not there".to_owned(), fails_at_once(1402, &error))
        }
        (None, None) => rule_for(state, model, nth, magic),
    };
    if let Some(refusal) = limits::refusal(state) {
        return Done::plain(refusal);
    }
    let price_usd = rule.price_usd.unwrap_or(PRICE_USD);
    if state.balance_usd < price_usd {
        return Done::plain(Reply::refusal(402, "Insufficient credits."));
    }
    state.balance_usd -= price_usd;
    let submitted = state.clock.elapsed();
    let mut job = Job {
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
        base64,
        submitted,
        polls: 0,
        end_seen: None,
        told: None,
        forced: None,
        deleted: false,
        id_told: false,
        delivered: false,
    };
    job.note_told(submitted);
    let done = Done { rule: Some(rule_name), waits, ..result::present(state, world, &job) };
    state.add_job(job);
    done
}

/// The switches that any model may have, besides its inputs.
const SWITCHES: [&str; 2] = ["enable_sync_mode", "enable_base64_output"];

/// The service drops what it does not know, silently.
fn known_inputs(
    body: Map<String, Value>,
    description: Option<&ModelDescription>,
) -> Map<String, Value> {
    body.into_iter()
        .filter(|(name, _)| !SWITCHES.contains(&name.as_str()))
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

fn fails_at_once(code: i64, error: &str) -> JobRule {
    JobRule::new(Timeline::ends_after_polls(1, "failed")).error(code, error)
}

/// The first input that is a URL of this server where no file is.
fn lost_media<'i>(
    state: &WorldState,
    world: &str,
    input: &'i Map<String, Value>,
    base: &str,
) -> Option<&'i str> {
    let files = format!("{base}/_files/");
    let lost = |value: &Value| {
        let url = value.as_str().filter(|url| url.starts_with(&files));
        url.is_some_and(|url| uploaded(state, world, url).is_none())
    };
    input.iter().find(|(_, value)| lost(value)).map(|(name, _)| name.as_str())
}

/// The file behind a URL of this world's uploads.
fn uploaded<'s>(state: &'s WorldState, world: &str, url: &str) -> Option<&'s Arc<Artefact>> {
    let (_, path) = url.split_once(&format!("/_files/{world}/"))?;
    state.uploaded(path.split('/').next()?)
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
    let (name, rule) = match (scripted, &magic) {
        (Some((index, rule)), _) => (format!("scenario jobs[{index}]"), rule.clone()),
        (None, Some(rule)) => (format!("magic model {model}"), rule.clone()),
        (None, None) => ("default".to_owned(), JobRule::default()),
    };
    // A rule that leaves the timeline open leaves it to the model.
    match magic {
        Some(magic) if rule.timeline.is_none() => {
            let (code, error) = (rule.code.or(magic.code), rule.error.or(magic.error));
            (name, JobRule { timeline: magic.timeline, code, error, ..rule })
        }
        _ => (name, rule),
    }
}

/// The caller's own video, where it was uploaded here; else the clip the server brings.
fn output_for(state: &WorldState, world: &str, input: &Map<String, Value>) -> Artefact {
    let video = input.get("video").and_then(Value::as_str);
    let uploaded = video.and_then(|url| uploaded(state, world, url));
    uploaded.map_or_else(Artefact::clip, |file| file.as_output())
}
