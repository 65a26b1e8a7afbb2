//! Mutants that answer something else than what they saw.
#![allow(clippy::print_stdout, reason = "one of them prints what it must not")]

use serde_json::{Value, json};
use viseme_conformance::protocol::{ClientError, Outcome, Run};

use super::Mutant;

pub(super) fn spoil(mutant: Mutant, run: &Run, outcome: &mut Outcome) {
    let key = run.client.as_ref().map(|client| client.key.clone()).unwrap_or_default();
    match mutant {
        Mutant::FailedIsFine => {
            let prediction = outcome.error.as_ref().map(|error| &error.attributes);
            let prediction =
                prediction.and_then(|attributes| attributes.get("prediction")).cloned();
            if let Some(prediction) = prediction {
                *outcome = Outcome { value: Some(prediction), ..Outcome::default() };
            }
        }
        Mutant::LoseTheId => edit(outcome, |error| {
            let Some(Value::String(id)) = error.attributes.remove("job_id") else { return };
            error.attributes.remove("prediction");
            error.message = error.message.replace(&id, "(gone)");
            error.text = error.text.replace(&id, "(gone)");
        }),
        Mutant::WrongCode => edit(outcome, |error| {
            if error.code.as_deref() == Some("rate_limit") {
                error.code = Some("server".to_owned());
            }
        }),
        Mutant::KeyInError => edit(outcome, |error| error.text.push_str(&key)),
        Mutant::KeyInLog => outcome.logs.push(format!("Authorization: Bearer {key}")),
        Mutant::KeyInOutput => println!("debug: key={key}"),
        Mutant::RepeatUpdates => {
            if let Some(Value::Array(updates)) = list(outcome, "updates")
                && let Some(first) = updates.first().cloned()
            {
                updates.insert(0, first);
            }
        }
        Mutant::MixUpResults => {
            if let Some(Value::Array(results)) = list(outcome, "results") {
                let count = results.len().max(1) as u64;
                for result in results {
                    if let Some(index) = result.get_mut("index") {
                        *index = json!(index.as_u64().map(|index| (index + 1) % count));
                    }
                }
            }
        }
        Mutant::CutDownloads => {
            let path = outcome.value.as_ref().and_then(|value| value.get("path")?.as_str());
            if let Some(path) = path
                && let Ok(content) = std::fs::read(path)
            {
                // Where it cannot be written, the case passes, and the mutant survives: red.
                let _ = std::fs::write(path, content.get(..content.len() / 2).unwrap_or_default());
            }
        }
        Mutant::BelieveAnyWebhook if has_code(outcome, "webhook") => {
            let value = json!({"id": "believed", "prediction": {"status": "completed"}});
            *outcome = Outcome { value: Some(value), ..Outcome::default() };
        }
        _ => {}
    }
}

fn has_code(outcome: &Outcome, code: &str) -> bool {
    outcome.error.as_ref().is_some_and(|error| error.code.as_deref() == Some(code))
}

fn edit(outcome: &mut Outcome, change: impl FnOnce(&mut ClientError)) {
    if let Some(error) = &mut outcome.error {
        change(error);
    }
}

fn list<'o>(outcome: &'o mut Outcome, name: &str) -> Option<&'o mut Value> {
    outcome.value.as_mut()?.get_mut(name)
}
