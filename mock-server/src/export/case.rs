//! What happened in a world as a conformance case.

use serde_json::{Map, Value, json};
use viseme_spec::{FieldKind, describe};

use super::scenario;
use crate::scenario::RequestKind;
use crate::world::job::Job;
use crate::world::journal::Exchange;
use crate::world::state::WorldState;

/// The prefix of the models that cases name without it.
const KLING: &str = "kwaivgi/kling-lipsync/";

/// Returns a list with one case: each accepted submit is a run of the client. Nobody pays twice in a
/// case, so a repeated submit is left out.
pub(super) fn of(id: &str, state: &WorldState) -> Result<Value, String> {
    let now = state.clock.elapsed();
    let submitted = state.jobs().iter().filter(|job| !job.duplicate);
    let steps = submitted.map(|job| step(job, job.status(now))).collect::<Result<Vec<_>, _>>()?;
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
        let of_kind = |entry: &&Exchange| entry.kind == kind;
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
fn step(job: &Job, status: &str) -> Result<Value, String> {
    let Some(name) = job.model.strip_prefix(KLING) else {
        return Err(format!("a case can run the models {KLING}* only, got {}", job.model));
    };
    let mut input = Map::from_iter([("model".to_owned(), json!(name))]);
    for (field, value) in job.input.as_object().into_iter().flatten() {
        let kind = describe(&job.model).and_then(|model| model.field(field)).map(|it| &it.kind);
        let value = match kind {
            Some(FieldKind::Media(_)) => media(field, value),
            _ => value.clone(),
        };
        input.insert(field.clone(), value);
    }
    let then = match status {
        "failed" => json!({"error": {"code": "job_failed"}}),
        "cancelled" | "timeout" | "deleted" => json!({"error": {"code": "job_cancelled"}}),
        // A job that still runs completes, unless its timeline says otherwise.
        _ if job.timeline.last() == "completed" => json!({"value": {"status": "completed"}}),
        _ => json!({}),
    };
    Ok(json!({"op": "run", "input": input, "then": then}))
}

/// Returns the sample in place of an uploaded file; other URLs stay.
fn media(field: &str, value: &Value) -> Value {
    let url = value.as_str().unwrap_or_default();
    let is_upload = url.contains("/_files/");
    match field {
        _ if !is_upload => value.clone(),
        "audio" => json!("sample.mp3"),
        "image" => json!("picture.png"),
        _ => json!("sample.mp4"),
    }
}
