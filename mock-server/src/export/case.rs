//! What happened in a world as a conformance case.

use serde_json::{Map, Value, json};
use viseme_spec::{FieldKind, ModelDescription, describe};

use super::scenario;
use crate::scenario::RequestKind;
use crate::world::exchange_record::ExchangeRecord;
use crate::world::job::Job;
use crate::world::state::WorldState;

/// The prefix of models that cases name without it.
const KLING: &str = "kwaivgi/kling-lipsync/";

/// Returns a list with one case: each accepted submit is a run of the client. Nobody pays twice in a
/// case, so a repeated submit is left out.
pub(super) fn of(id: &str, state: &WorldState) -> Result<Value, String> {
    let now = state.clock.elapsed();
    let submitted = state.jobs().iter().filter(|job| !job.duplicate);
    let steps: Vec<Value> = submitted.map(|job| step(job, job.status(now))).collect();
    if steps.is_empty() {
        return Err("a case needs at least one accepted submit in the world".to_owned());
    }
    let mut given = scenario::of(state, false);
    if let Some(fields) = given.as_object_mut() {
        // Cases have a clock of their own, and ids that depend on the case.
        for name in ["clock", "seed"] {
            fields.remove(name);
        }
    }
    let then = json!({"ledger": {"charges": steps.len(), "duplicates": 0}});
    let kind_count = |kind: RequestKind| {
        let of_kind = |entry: &&ExchangeRecord| entry.kind == kind;
        state.journal.entries().filter(of_kind).count()
    };
    let submits = kind_count(RequestKind::Submit);
    let doc = format!(
        "Recorded from the world {id}: {} and {}. Add what the client must do.",
        counted(submits, "submit"),
        counted(kind_count(RequestKind::Poll), "poll")
    );
    let mut case = json!({"id": format!("recorded/{id}"), "doc": doc});
    if let Some(fields) = case.as_object_mut() {
        if given.as_object().is_some_and(|given| !given.is_empty()) {
            fields.insert("given".to_owned(), given);
        }
        let when = match <[Value; 1]>::try_from(steps) {
            Ok([step]) => step,
            Err(steps) => Value::Array(steps),
        };
        fields.insert("when".to_owned(), when);
        fields.insert("then".to_owned(), then);
    }
    Ok(json!([case]))
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Returns the run that submits a job like this one.
fn step(job: &Job, status: &str) -> Value {
    let input = match describe(&job.model) {
        Some(model) => described_input(model, &job.input),
        None => other_input(&job.model, &job.input),
    };
    let then = match status {
        "failed" => json!({"error": {"code": "job_failed"}}),
        "cancelled" | "timeout" | "deleted" => json!({"error": {"code": "job_cancelled"}}),
        // A job that still runs completes, unless its timeline says otherwise.
        _ if job.timeline.last() == "completed" => json!({"value": {"status": "completed"}}),
        _ => json!({}),
    };
    json!({"op": "run", "input": input, "then": then})
}

/// Returns the input of a model with a description.
fn described_input(model: &ModelDescription, given: &Value) -> Value {
    let name = model.id.strip_prefix(KLING).unwrap_or(model.id);
    let mut input = Map::from_iter([("model".to_owned(), json!(name))]);
    for (field, value) in given.as_object().into_iter().flatten() {
        let value = match model.field(field).map(|field| &field.kind) {
            Some(FieldKind::Media(_)) => sample(value).unwrap_or_else(|| value.clone()),
            _ => value.clone(),
        };
        input.insert(field.clone(), value);
    }
    Value::Object(input)
}

/// Returns the input of any other model: its media are the files that were uploaded.
fn other_input(model: &str, given: &Value) -> Value {
    let mut input = Map::from_iter([("model".to_owned(), json!(model))]);
    let (mut media, mut params) = (Map::new(), Map::new());
    for (field, value) in given.as_object().into_iter().flatten() {
        match sample(value) {
            Some(sample) => media.insert(field.clone(), sample),
            None => params.insert(field.clone(), value.clone()),
        };
    }
    for (name, fields) in [("media", media), ("params", params)] {
        if !fields.is_empty() {
            input.insert(name.to_owned(), Value::Object(fields));
        }
    }
    Value::Object(input)
}

/// Returns the name of a sample of the same kind as an uploaded file; `None` for any other value.
fn sample(value: &Value) -> Option<Value> {
    let url = value.as_str().filter(|url| url.contains("/_files/"))?;
    let extension = url.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    Some(json!(match extension.as_str() {
        "mp3" | "wav" | "m4a" | "aac" | "ogg" | "flac" => "sample.mp3",
        "jpg" | "jpeg" | "png" | "webp" | "gif" | "bmp" | "tif" | "tiff" => "picture.png",
        _ => "sample.mp4",
    }))
}
