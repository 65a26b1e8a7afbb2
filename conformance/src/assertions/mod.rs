//! Compares the trace of a case with its expectations. The only I/O is reading the files of the case.

mod error;
mod invariants;

use serde_json::Value;
use viseme_mock::RequestKind;

use crate::case::{Case, Forbidden, OutcomeExpectation, matcher, resolve};
use crate::contract::{ErrorTable, Profile};
use crate::protocol::Outcome;
use crate::runner::CaseTrace;

/// Returns one sentence per difference. Empty if the case passes.
#[must_use]
pub fn check_case(
    case: &Case,
    profile: &Profile,
    errors: &ErrorTable,
    trace: &CaseTrace,
) -> Vec<String> {
    let mut check = Check { profile, errors, trace, differences: Vec::new() };
    check.outcomes(case);
    check.differences.extend(trace.verified.differences.iter().cloned());
    for near in trace.verified.near_misses.iter().take(3) {
        let line = format!("  near miss: #{} {} {}", near.sequence, near.method, near.path);
        check.differences.push(line);
    }
    check.submits(case);
    check.headers(case);
    check.differences.extend(file_differences(case, trace));
    for forbidden in &case.then.forbid {
        check.forbid(forbidden);
    }
    check.differences.extend(invariants::differences(trace));
    check.differences
}

struct Check<'a> {
    profile: &'a Profile,
    errors: &'a ErrorTable,
    trace: &'a CaseTrace,
    differences: Vec<String>,
}

impl Check<'_> {
    fn outcomes(&mut self, case: &Case) {
        let last = case.operations().count();
        for (number, operation) in case.operations().enumerate() {
            if operation.crash.is_some() {
                continue;
            }
            let name = step_name(case, number);
            let step = self.trace.steps.iter().find(|step| step.name == name);
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
                    found.push(format!("expected success, got {}", describe_error(error)));
                }
            }
            if let Some(error) = &outcome.error {
                found.extend(error::consistency(error, self.profile, self.errors));
            }
            self.differences.extend(found.into_iter().map(|text| format!("{label}{text}")));
        }
    }

    fn outcome(&self, check: &OutcomeExpectation, outcome: &Outcome) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(expected) = &check.value {
            match &outcome.value {
                Some(value) => {
                    found.extend(self.matched("value", &self.for_this_client(expected), value));
                }
                None => found.push(format!("expected a value, got {}", describe(outcome))),
            }
        }
        if let Some(expected) = &check.error {
            match &outcome.error {
                Some(error) => {
                    found.extend(error::differences(expected, error, self.profile, self.trace));
                }
                None => found.push(format!("expected an error, got {}", describe(outcome))),
            }
        }
        if check.cancelled == Some(true) && outcome.cancelled.is_none() {
            found.push(format!("expected a cancellation, got {}", describe(outcome)));
        }
        if let Some(expected) = &check.events {
            let events = Value::Array(outcome.events.clone());
            found.extend(self.matched("events", expected, &events));
        }
        found
    }

    /// Reduces the expected value to what every client offers, if this is a client of another project.
    fn for_this_client(&self, expected: &Value) -> Value {
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
        match resolve(expected, &self.trace.variables) {
            Ok(expected) => matcher::differences(&expected, value)
                .into_iter()
                .map(|difference| format!("{what}: {difference}"))
                .collect(),
            Err(error) => vec![format!("{what}: {error}")],
        }
    }

    /// Checks the bodies and queries of the submits.
    fn submits(&mut self, case: &Case) {
        let submits = || self.trace.journal.iter().filter(|it| it.kind == RequestKind::Submit);
        let bodies: Vec<_> = submits().map(|it| it.body.clone().unwrap_or_default()).collect();
        let queries: Vec<_> = submits().map(|it| Value::from(it.query.as_str())).collect();
        let mut found = Vec::new();
        for (name, values) in [("bodies", bodies), ("queries", queries)] {
            if let Some(expected) = case.then.submits.get(name) {
                let what = format!("submits.{name}");
                found.extend(self.matched(&what, expected, &Value::Array(values)));
            }
        }
        self.differences.extend(found);
    }

    fn headers(&mut self, case: &Case) {
        for (point, headers) in &case.then.headers {
            let exchanges = self.trace.journal.iter().filter(|exchange| exchange.kind == *point);
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
                let Some(count) = self.trace.exchanges_at_cancel else {
                    self.differences.push("requests_after: no operation was cancelled".to_owned());
                    return;
                };
                for exchange in self.trace.journal.iter().skip(count) {
                    self.differences.push(format!(
                        "request after the cancellation: #{} {} {}",
                        exchange.sequence, exchange.method, exchange.path
                    ));
                }
            }
            Forbidden::TextIn(text_in) => {
                let text = match resolve(&Value::from(text_in.text.as_str()), &self.trace.variables)
                {
                    Ok(Value::String(text)) => text,
                    _ => text_in.text.clone(),
                };
                let places = invariants::places_with(self.trace, &text);
                for place in places.iter().filter(|place| text_in.places.contains(&place.kind)) {
                    self.differences.push(format!("`{}` appears in {}", text_in.text, place.text));
                }
            }
        }
    }
}

/// Returns the name of the n-th operation, counted from 0.
fn step_name(case: &Case, operation: usize) -> String {
    let steps = case.when.iter().enumerate().filter_map(|(number, step)| match step {
        crate::case::Step::Operation(operation) => {
            Some(operation.name.clone().unwrap_or_else(|| (number + 1).to_string()))
        }
        crate::case::Step::Action(_) => None,
    });
    steps.into_iter().nth(operation).unwrap_or_default()
}

fn describe(outcome: &Outcome) -> String {
    match (&outcome.value, &outcome.error, &outcome.cancelled) {
        (Some(value), _, _) => {
            let text: String = value.to_string().chars().take(200).collect();
            format!("the value {text}")
        }
        (_, Some(error), _) => format!("the error {}", describe_error(error)),
        (_, _, Some(_)) => "cancelled".to_owned(),
        _ => "a driver_error".to_owned(),
    }
}

fn describe_error(error: &crate::protocol::ClientError) -> String {
    let name = error.code.as_deref().or(error.classes.first().map(String::as_str));
    format!("{}: {}", name.unwrap_or("(no name)"), error.message)
}

fn file_differences(case: &Case, trace: &CaseTrace) -> Vec<String> {
    let mut found = Vec::new();
    if case.then.files.is_empty() {
        return found;
    }
    for (name, check) in &case.then.files {
        let size = trace.files.get(name);
        match (size, check.absent) {
            (None, true) => continue,
            (None, false) => {
                found.push(format!("the file {name} does not exist"));
                continue;
            }
            (Some(_), true) => {
                found.push(format!("the file {name} must not exist"));
                continue;
            }
            (Some(_), false) => {}
        }
        if check.bytes.is_some() && check.bytes.as_ref() != size {
            found.push(format!("{name}: expected {:?} bytes, found {size:?}", check.bytes));
        }
        if let Some(other) = &check.same_as
            && !same_content(trace, name, other)
        {
            found.push(format!("{name} differs from {other}"));
        }
    }
    for name in trace.files.keys() {
        if !case.then.files.contains_key(name) {
            found.push(format!("unexpected file: {name}"));
        }
    }
    found
}

fn same_content(trace: &CaseTrace, name: &str, other: &str) -> bool {
    let reference = format!("{{fixtures}}/{other}");
    let path = resolve(&reference.into(), &trace.variables);
    let Some(path) = path.ok().and_then(|path| path.as_str().map(str::to_owned)) else {
        return false;
    };
    // A file that cannot be read counts as different.
    let one = std::fs::read(trace.folder.join(name));
    let other = std::fs::read(path);
    matches!((one, other), (Ok(one), Ok(other)) if one == other)
}
