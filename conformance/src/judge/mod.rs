//! Judges what was seen of a case. Nothing here does I/O but reading the files of a case.

mod always;
mod error;
mod files;

use serde_json::Value;
use viseme_mock::RequestKind;

use crate::case::{Case, Forbidden, OutcomeCheck, matcher, resolve};
use crate::contract::{ErrorTable, Profile};
use crate::drive::Evidence;
use crate::protocol::Outcome;

/// A sentence for each thing that is not as it was to be; none for a case that passes.
#[must_use]
pub fn judge(
    case: &Case,
    profile: &Profile,
    errors: &ErrorTable,
    evidence: &Evidence,
) -> Vec<String> {
    let mut found = Found { profile, errors, evidence, differences: Vec::new() };
    found.outcomes(case);
    found.differences.extend(evidence.verified.differences.iter().cloned());
    for near in evidence.verified.near_misses.iter().take(3) {
        let line = format!("  near miss: #{} {} {}", near.sequence, near.method, near.path);
        found.differences.push(line);
    }
    found.submits(case);
    found.headers(case);
    found.differences.extend(files::differences(case, evidence));
    for forbidden in &case.then.forbid {
        found.forbid(forbidden);
    }
    found.differences.extend(always::differences(evidence));
    found.differences
}

struct Found<'a> {
    profile: &'a Profile,
    errors: &'a ErrorTable,
    evidence: &'a Evidence,
    differences: Vec<String>,
}

impl Found<'_> {
    fn outcomes(&mut self, case: &Case) {
        let last = case.operations().count();
        for (number, operation) in case.operations().enumerate() {
            let name = step_name(case, number);
            let step = self.evidence.steps.iter().find(|step| step.name == name);
            let Some(outcome) = step.and_then(|step| step.outcome.as_ref()) else {
                self.differences.push(format!("step {name} has no outcome"));
                continue;
            };
            let label = if last > 1 { format!("step {name}: ") } else { String::new() };
            let mut found = self.outcome(&operation.then, outcome);
            if number + 1 == last {
                let check = case.then.outcome();
                found.extend(self.outcome(&check, outcome));
                let may_fail = [&check, &operation.then].iter().any(|check| {
                    check.may_fail || check.error.is_some() || check.cancelled.is_some()
                });
                if let Some(error) = outcome.error.as_ref().filter(|_| !may_fail) {
                    found.push(format!("it was not to fail, but: {}", told(error)));
                }
            }
            if let Some(error) = &outcome.error {
                found.extend(error::consistency(error, self.profile, self.errors));
            }
            self.differences.extend(found.into_iter().map(|text| format!("{label}{text}")));
        }
    }

    fn outcome(&self, check: &OutcomeCheck, outcome: &Outcome) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(expected) = &check.value {
            match &outcome.value {
                Some(value) => {
                    found.extend(self.matched("value", &self.offered(expected), value));
                }
                None => found.push(format!("a value was to come; it was {}", said(outcome))),
            }
        }
        if let Some(expected) = &check.error {
            match &outcome.error {
                Some(error) => {
                    found.extend(error::differences(expected, error, self.profile, self.evidence));
                }
                None => found.push(format!("an error was to come; it was {}", said(outcome))),
            }
        }
        if check.cancelled == Some(true) && outcome.cancelled.is_none() {
            found.push(format!("it was to be cancelled; it was {}", said(outcome)));
        }
        if let Some(expected) = &check.events {
            let events = Value::Array(outcome.events.clone());
            found.extend(self.matched("events", expected, &events));
        }
        found
    }

    /// What can be expected of a value: a released client of others has no more than the outputs.
    fn offered(&self, expected: &Value) -> Value {
        const OF_ALL_CLIENTS: [&str; 4] = ["status", "outputs", "output_url", "url"];
        match expected.as_object().filter(|_| self.profile.released) {
            Some(fields) => {
                let fields =
                    fields.iter().filter(|(name, _)| OF_ALL_CLIENTS.contains(&name.as_str()));
                fields.map(|(name, value)| (name.clone(), value.clone())).collect()
            }
            None => expected.clone(),
        }
    }

    fn matched(&self, what: &str, expected: &Value, value: &Value) -> Vec<String> {
        match resolve(expected, &self.evidence.facts) {
            Ok(expected) => matcher::differences(&expected, value)
                .into_iter()
                .map(|difference| format!("{what}: {difference}"))
                .collect(),
            Err(error) => vec![format!("{what}: {error}")],
        }
    }

    /// What the submits held.
    fn submits(&mut self, case: &Case) {
        let submits = || self.evidence.journal.iter().filter(|it| it.kind == RequestKind::Submit);
        let bodies: Vec<_> = submits().map(|it| it.body.clone().unwrap_or_default()).collect();
        let queries: Vec<_> = submits().map(|it| Value::from(it.query.as_str())).collect();
        let mut found = Vec::new();
        for (name, values) in [("bodies", bodies), ("queries", queries)] {
            if let Some(expected) = case.then.submits.get(name) {
                let what = format!("submits' {name}");
                found.extend(self.matched(&what, expected, &Value::Array(values)));
            }
        }
        self.differences.extend(found);
    }

    fn headers(&mut self, case: &Case) {
        for (point, headers) in &case.then.headers {
            let exchanges = self.evidence.journal.iter().filter(|exchange| exchange.kind == *point);
            for exchange in exchanges {
                for (name, expected) in headers {
                    let value = exchange.headers.iter().find(|(header, _)| header == name);
                    let value = value.map_or(Value::Null, |(_, value)| Value::from(value.as_str()));
                    let what = format!("#{} header {name}", exchange.sequence);
                    let found = self.matched(&what, expected, &value);
                    self.differences.extend(found);
                }
            }
        }
    }

    fn forbid(&mut self, forbidden: &Forbidden) {
        match forbidden {
            Forbidden::RequestsAfter(_) => {
                let Some(count) = self.evidence.exchanges_at_cancel else {
                    self.differences.push("nothing was cancelled".to_owned());
                    return;
                };
                for exchange in self.evidence.journal.iter().skip(count) {
                    self.differences.push(format!(
                        "after the cancellation came #{} {} {}",
                        exchange.sequence, exchange.method, exchange.path
                    ));
                }
            }
            Forbidden::TextIn(text_in) => {
                let text = match resolve(&Value::from(text_in.text.as_str()), &self.evidence.facts)
                {
                    Ok(Value::String(text)) => text,
                    _ => text_in.text.clone(),
                };
                let places = always::places_with(self.evidence, &text);
                for place in places.iter().filter(|place| text_in.places.contains(&place.kind)) {
                    self.differences.push(format!("`{}` stands in {}", text_in.text, place.text));
                }
            }
        }
    }
}

/// What references call the n-th operation, from 0.
fn step_name(case: &Case, operation: usize) -> String {
    let steps = case.when.iter().enumerate().filter_map(|(number, step)| match step {
        crate::case::Step::Operation(operation) => {
            Some(operation.name.clone().unwrap_or_else(|| (number + 1).to_string()))
        }
        crate::case::Step::Act(_) => None,
    });
    steps.into_iter().nth(operation).unwrap_or_default()
}

fn said(outcome: &Outcome) -> String {
    match (&outcome.value, &outcome.error, &outcome.cancelled) {
        (Some(value), _, _) => {
            let text: String = value.to_string().chars().take(200).collect();
            format!("the value {text}")
        }
        (_, Some(error), _) => format!("the error {}", told(error)),
        (_, _, Some(_)) => "cancelled".to_owned(),
        _ => "something the driver could not do".to_owned(),
    }
}

fn told(error: &crate::protocol::ClientError) -> String {
    let name = error.code.as_deref().or(error.classes.first().map(String::as_str));
    format!("{}: {}", name.unwrap_or("(no name)"), error.message)
}
