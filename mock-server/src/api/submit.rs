//! The submit: the POST that creates a job and charges for it.

use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use serde_json::{Map, Value, json};
use viseme_dubbing::Length;
use viseme_spec::{FieldKind, ModelDescription};

use super::models::{self, Model, PRICE_USD};
use super::request::{Fields, ReceivedRequest};
use super::{HandlerOutput, predictions};
use crate::dubbed_output::DubbedOutput;
use crate::response::Response;
use crate::sample_output::{self, OutputType};
use crate::scenario::{JobMatch, JobRule, MissingInput, OutputMode, Timeline};
use crate::stored_file::StoredFile;
use crate::world::exchange::NearestRule;
use crate::world::job::{Job, JobOutput};
use crate::world::state::WorldState;

/// The timeline of a job without a rule: slow enough to be observed, fast enough to wait for.
const PROCESSING_AFTER: Duration = Duration::from_millis(800);
const COMPLETED_AFTER: Duration = Duration::from_millis(3500);
const MINUTE: Duration = Duration::from_secs(60);

/// The parameters that any model accepts, besides its inputs.
const SYNC_MODE: &str = "enable_sync_mode";
const BASE64_OUTPUT: &str = "enable_base64_output";

/// Creates a job and charges for it.
pub(super) fn submit(
    state: &mut WorldState,
    world: &str,
    model: &str,
    request: &ReceivedRequest,
) -> Result<HandlerOutput, Response> {
    let fields = request.fields()?;
    fields.check_nul()?;
    let (description, preset, note) = match models::find(model, state.scenario.unknown_models)? {
        Model::Described(description) => (Some(description), None, None),
        Model::Preset(rule) => (None, Some(rule), None),
        Model::Unknown => {
            let note =
                format!("model {model} is unknown to the mock server; any input is accepted");
            (None, None, Some(note))
        }
    };
    if let Some(description) = description {
        check_types(&fields, description)?;
    }
    let webhook = request.query_parameter("webhook");
    let (base64, sync_mode) = (fields.flag(BASE64_OUTPUT)?, fields.flag(SYNC_MODE)?);
    if webhook.is_some() && base64 {
        let message = "webhook callback does not support base64 output, please use the normal API \
                       to use base64 output";
        return Err(Response::json(400, &json!({"error": message})));
    }
    let input = known_inputs(fields, description);
    let missing = description.and_then(|description| missing_input(&input, description));
    if let (Some(name), MissingInput::Refused) = (missing, state.scenario.missing_input) {
        return Err(Response::error(400, &format!("missing required input: {name}")));
    }
    let nth = state.jobs().len() as u64 + 1;
    let missing_file = missing_file(state, world, &input, &request.base_url);
    let (rule_name, rule) = match (missing, missing_file) {
        (Some(name), _) => {
            let error = format!("Missing required parameter: {name}");
            ("missing input".to_owned(), fails_at_once(1400, &error))
        }
        (None, Some(name)) => {
            let error = format!("Failed to download {name} from the provided URL.");
            ("missing file".to_owned(), fails_at_once(1402, &error))
        }
        (None, None) => rule_for(state, model, nth, preset),
    };
    let has_rule = rule_name.starts_with("scenario");
    let nearest_rule = if has_rule { None } else { nearest_rule(&state.scenario.jobs, model, nth) };
    if let Some(error) = limit_error(state) {
        return Err(error);
    }
    let price_usd = rule.price_usd.unwrap_or(PRICE_USD);
    if state.balance_usd < price_usd {
        return Err(Response::error(402, "Insufficient credits."));
    }
    state.balance_usd -= price_usd;
    let submitted = state.clock.elapsed();
    let default_timeline = || Timeline::standard(PROCESSING_AFTER, COMPLETED_AFTER, "completed");
    let (output, output_note) = output_for(state, world, model, description, &input);
    let notes: Vec<String> = note.into_iter().chain(output_note).collect();
    let mut job = Job {
        id: state.new_id().into(),
        model: model.to_owned(),
        output,
        input: Value::Object(input),
        timeline: rule.timeline.unwrap_or_else(default_timeline),
        code: rule.code,
        error: rule.error,
        price_usd,
        webhook,
        base_url: request.base_url.to_string(),
        base64,
        submitted,
        shown: None,
        polls: 0,
        end_seen: None,
        last_reported: None,
        forced: None,
        forced_at: None,
        deleted: false,
        id_delivered: false,
        delivered: false,
        duplicate: false,
        last_event: 0,
        written_status: None,
        is_running: None,
    };
    job.mark_reported(submitted);
    let (index, created_at) = (state.jobs().len(), state.moment(submitted));
    let presented =
        predictions::present(&mut job, index, submitted, created_at, &request.base_url, world);
    state.add_job(job);
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    Ok(HandlerOutput { rule: Some(rule_name), nearest_rule, note, sync_mode, ..presented })
}

/// Returns the inputs without unknown ones: the service ignores those.
fn known_inputs(fields: Fields, description: Option<&ModelDescription>) -> Map<String, Value> {
    fields
        .0
        .into_iter()
        .filter(|(name, _)| ![SYNC_MODE, BASE64_OUTPUT].contains(&name.as_str()))
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

/// Returns the first input that is a URL of this server without a file behind it.
fn missing_file<'i>(
    state: &WorldState,
    world: &str,
    input: &'i Map<String, Value>,
    base_url: &str,
) -> Option<&'i str> {
    let files = format!("{base_url}/_files/");
    let is_missing = |value: &Value| {
        let url = value.as_str().filter(|url| url.starts_with(&files));
        url.is_some_and(|url| uploaded(state, world, url).is_none())
    };
    input.iter().find(|(_, value)| is_missing(value)).map(|(name, _)| name.as_str())
}

/// Returns the file behind a URL of this world's uploads.
fn uploaded<'s>(state: &'s WorldState, world: &str, url: &str) -> Option<&'s Arc<StoredFile>> {
    let (_, path) = url.split_once(&format!("/_files/{world}/"))?;
    state.uploaded(path.split('/').next()?)
}

/// Returns the rule of a job and its name: the scenario's first that matches, with one of its runs, or
/// the preset model's, or the default.
fn rule_for(
    state: &WorldState,
    model: &str,
    nth: u64,
    preset: Option<JobRule>,
) -> (String, JobRule) {
    let scenario_rule = state
        .scenario
        .jobs
        .iter()
        .enumerate()
        .find(|(_, rule)| rule.matches.as_ref().is_none_or(|matches| matches.fits(model, nth)));
    let (name, rule) = match (scenario_rule, &preset) {
        (Some((index, rule)), _) => {
            (format!("scenario jobs[{index}]"), rule.clone().drawn(state.seed(), nth))
        }
        (None, Some(rule)) => (format!("preset model {model}"), rule.clone()),
        (None, None) => ("default".to_owned(), JobRule::default()),
    };
    // The model decides what the scenario's rule leaves open.
    match preset {
        Some(preset) if rule.timeline.is_none() => {
            let (code, error) = (rule.code.or(preset.code), rule.error.or(preset.error));
            (name, JobRule { timeline: preset.timeline, code, error, ..rule })
        }
        _ => (name, rule),
    }
}

/// Returns the rule with the fewest conditions that a submit does not meet.
fn nearest_rule(rules: &[JobRule], model: &str, nth: u64) -> Option<NearestRule> {
    let conditions = rules.iter().map(|rule| rule.matches.as_ref()).enumerate();
    let unmet = |matches: &JobMatch| matches.unmet(model, nth);
    let (index, matches) = conditions.min_by_key(|(_, matches)| matches.map_or(0, unmet))?;
    let differences = matches.map(|matches| matches.differences(model, nth)).unwrap_or_default();
    Some(NearestRule { rule: format!("scenario jobs[{index}]"), differences })
}

/// Returns an output of the model's type, and a note for the journal. A video is the input's own, if it
/// was uploaded here: with the voice, if the scenario says so.
fn output_for(
    state: &WorldState,
    world: &str,
    model: &str,
    description: Option<&ModelDescription>,
    input: &Map<String, Value>,
) -> (JobOutput, Option<String>) {
    let name = description.map_or(model, |description| description.category);
    let output_type = OutputType::of_name(name);
    let url = |name: &str| input.get(name).and_then(Value::as_str);
    let file = |name: &str| url(name).and_then(|url| uploaded(state, world, url));
    let is_lip_sync = url("video").is_some() && url("audio").is_some();
    if output_type == OutputType::Video && is_lip_sync && state.output_mode() == OutputMode::Dubbed
    {
        let missing = match (file("video"), file("audio")) {
            (Some(video), Some(voice)) => {
                let length = output_length(model, input);
                let dubbed = DubbedOutput::new(Arc::clone(video), Arc::clone(voice), length);
                return (JobOutput::Dubbed(Arc::new(dubbed)), None);
            }
            (Some(_), None) => "audio",
            (None, _) => "video",
        };
        let note = format!(
            "the output is not dubbed: {missing} is not a file that was uploaded to the mock \
             server, and it reads no other URLs"
        );
        return (stored_output(output_type, file("video")), Some(note));
    }
    (stored_output(output_type, file("video")), None)
}

/// Returns the video, if the output is one, or else a small file or a text.
fn stored_output(output_type: OutputType, video: Option<&Arc<StoredFile>>) -> JobOutput {
    let own = video.filter(|_| output_type == OutputType::Video).map(|file| file.as_output());
    match own.or_else(|| sample_output::file(output_type)) {
        Some(file) => JobOutput::File(Arc::new(file)),
        None => JobOutput::Text(sample_output::TEXT.to_owned()),
    }
}

/// Returns how long the output is. Kling's is as long as the video: a longer voice is cut, and a shorter
/// one leaves silence (according to a third party, not the service). The models of Sync cut to the
/// shorter of the two if no other mode is set; the mock does not know the other modes.
fn output_length(model: &str, input: &Map<String, Value>) -> Length {
    let mode = input.get("sync_mode").and_then(Value::as_str).unwrap_or("cut_off");
    if model.starts_with("sync/") && mode == "cut_off" {
        Length::OfShorter
    } else {
        Length::OfPicture
    }
}

/// Checks the JSON types of a known model's inputs.
fn check_types(fields: &Fields, description: &ModelDescription) -> Result<(), Response> {
    for field in description.fields {
        match field.kind {
            FieldKind::Number(_) => fields.number(field.name).map(|_| ())?,
            FieldKind::Boolean { .. } => fields.flag(field.name).map(|_| ())?,
            FieldKind::Media(_) | FieldKind::Text { .. } | FieldKind::Choice { .. } => {
                fields.text(field.name).map(|_| ())?;
            }
        }
    }
    Ok(())
}

/// Returns the error for a submit beyond the account's limits.
fn limit_error(state: &WorldState) -> Option<Response> {
    let limits = &state.scenario.limits;
    let rate = limits.per_minute.and_then(|most| rate_error(state, most));
    rate.or_else(|| limits.concurrent.and_then(|most| concurrency_error(state, most)))
}

fn rate_error(state: &WorldState, limit: usize) -> Option<Response> {
    let now = state.clock.elapsed();
    let ages = state.jobs().iter().rev().map(|job| now.saturating_sub(job.submitted));
    let recent: Vec<Duration> = ages.take_while(|age| *age < MINUTE).collect();
    // The oldest of the last `limit` submits is the first to leave the minute.
    let oldest = limit.checked_sub(1).map_or(Some(&Duration::ZERO), |index| recent.get(index))?;
    let message = "Too many requests: the limit of submits per minute is reached.";
    Some(too_many_requests(message, Some(MINUTE.saturating_sub(*oldest))))
}

fn concurrency_error(state: &WorldState, limit: usize) -> Option<Response> {
    let now = state.clock.elapsed();
    let running = || state.jobs().iter().filter(|job| !job.has_ended(now));
    if running().count() < limit {
        return None;
    }
    let next = running().filter_map(|job| job.time_to_end(now)).min();
    let message = "Too many requests: the limit of concurrent tasks is reached.";
    Some(too_many_requests(message, next))
}

fn too_many_requests(message: &str, wait: Option<Duration>) -> Response {
    let response = Response::error(429, message);
    match wait {
        // Rounded up to whole seconds.
        Some(wait) => {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.header(RETRY_AFTER, seconds.to_string())
        }
        None => response,
    }
}
