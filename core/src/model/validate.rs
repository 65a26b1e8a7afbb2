//! Judges the values of an input by the description of its model. Media themselves are judged by
//! [`media::validate`](crate::media::validate).

use serde_json::Value;

use super::{Input, InputValue, did_you_mean};
use crate::media::{Rule, Violation};
use viseme_spec::{Field, FieldKind, Level, ModelDescription, NumberLimits};

/// Parameters that any model may have besides its own, and the options that set them.
pub(crate) const SWITCHES: [&str; 2] = ["enable_sync_mode", "enable_base64_output"];

/// Longer lists are counted in messages, not recited.
const RECITED: usize = 8;
/// How much of a value a message repeats.
const SHOWN: usize = 60;

/// Every rule of the description that the input's values break: parameters that are missing or
/// that the model does not have, and values of a wrong type or outside of what is allowed.
///
/// A parameter that the model does not have is an error: the service drops it without a word, and
/// bills.
#[must_use]
pub fn validate(input: &Input, description: &ModelDescription) -> Vec<Violation> {
    let names = || description.fields.iter().map(|field| field.name);
    let strangers = input
        .fields()
        .filter(|(name, _)| description.field(name).is_none() && !SWITCHES.contains(name))
        .map(|(name, _)| unknown(name, description.id, names(), Level::Error));
    let judged = description.fields.iter().flat_map(|field| match input.get(field.name) {
        None | Some(InputValue::Json(Value::Null)) if field.required => {
            vec![Case { field, model: description.id }.missing()]
        }
        None | Some(InputValue::Json(Value::Null)) => Vec::new(),
        Some(value) => Case { field, model: description.id }.judge(value),
    });
    judged.chain(strangers).collect()
}

/// The violation of a parameter that is not there.
pub(super) fn missing(field: &str, model: &str) -> Violation {
    let message = format!("{field}: is missing; {model} needs it.");
    Violation::new(field, Rule::Required, Level::Error, "nothing", "a value", message)
}

/// The violation of a parameter that the model does not have.
pub(super) fn unknown<'k>(
    name: &str,
    model: &str,
    known: impl Iterator<Item = &'k str> + Clone,
    level: Level,
) -> Violation {
    let all = known.clone().collect::<Vec<_>>().join(", ");
    let advice = match did_you_mean(name, known) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => format!("It has: {all}."),
    };
    let message = format!(
        "{name}: {model} has no parameter of that name; the service would drop it and bill all \
         the same. {advice}"
    );
    Violation::new(name, Rule::UnknownField, level, "unknown", all, message)
}

/// One value in one field.
struct Case<'a> {
    field: &'a Field,
    model: &'a str,
}

impl Case<'_> {
    fn judge(&self, value: &InputValue) -> Vec<Violation> {
        let json = match value {
            InputValue::Media(_) if matches!(self.field.kind, FieldKind::Media(_)) => {
                return Vec::new();
            }
            InputValue::Media(media) => {
                return vec![self.wrong_type(&format!("the file {}", media.display_name()))];
            }
            InputValue::Json(json) => json,
        };
        match (&self.field.kind, json) {
            (FieldKind::Media(limits), Value::String(text)) => {
                self.address(text, limits.data_uris).into_iter().collect()
            }
            (FieldKind::Text { max_chars }, Value::String(text)) => {
                self.text(text, *max_chars).into_iter().collect()
            }
            (FieldKind::Choice { values, .. }, Value::String(word)) => {
                self.choice(word, values).into_iter().collect()
            }
            (FieldKind::Number(limits), Value::Number(number)) => {
                self.number(number.as_f64().unwrap_or(f64::NAN), limits)
            }
            (FieldKind::Boolean { .. }, Value::Bool(_)) => Vec::new(),
            _ => vec![self.wrong_type(&shown(json))],
        }
    }

    fn missing(&self) -> Violation {
        let mut violation = missing(self.field.name, self.model);
        // Not filled in unasked: what a page pre-selects is not what the service assumes.
        if let FieldKind::Choice { default: Some(default), .. } = self.field.kind {
            violation.message.push_str(&format!(" The usual one is `{default}`."));
        }
        violation
    }

    fn violation(
        &self,
        rule: Rule,
        level: Level,
        actual: impl Into<String>,
        allowed: impl Into<String>,
        says: &str,
    ) -> Violation {
        let message = format!("{}: {says}", self.field.name);
        Violation::new(self.field.name, rule, level, actual, allowed, message)
    }

    fn wrong_type(&self, actual: &str) -> Violation {
        let takes = match self.field.kind {
            FieldKind::Media(_) => "a file or a URL",
            FieldKind::Text { .. } | FieldKind::Choice { .. } => "a text",
            FieldKind::Number(_) => "a number",
            FieldKind::Boolean { .. } => "true or false",
        };
        let says = format!("takes {takes}, not {actual}.");
        self.violation(Rule::Type, Level::Error, actual, takes, &says)
    }

    /// A medium that was given as text, to be sent as it is.
    fn address(&self, text: &str, takes_data: bool) -> Option<Violation> {
        let begins = |scheme: &str| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        if begins("http://") || begins("https://") || (takes_data && begins("data:")) {
            return None;
        }
        if text.trim().is_empty() {
            return Some(self.missing());
        }
        let actual = shown(&Value::from(text));
        let says = format!(
            "{actual} is no URL that the service could fetch. Give a file or a `data:` URI as \
             media: it is uploaded first."
        );
        Some(self.violation(Rule::Type, Level::Error, actual, "a URL", &says))
    }

    fn text(&self, text: &str, max_chars: Option<usize>) -> Option<Violation> {
        if text.trim().is_empty() && self.field.required {
            return Some(self.missing());
        }
        let (most, has) = (max_chars?, text.chars().count());
        if has <= most {
            return None;
        }
        let (actual, allowed) = (format!("{has} characters"), format!("at most {most} characters"));
        let says = format!("has {actual}; the model takes {allowed}. Shorten it.");
        Some(self.violation(Rule::Length, Level::Error, actual, allowed, &says))
    }

    fn choice(&self, word: &str, values: &[&'static str]) -> Option<Violation> {
        if values.contains(&word) {
            return None;
        }
        if word.trim().is_empty() && self.field.required {
            return Some(self.missing());
        }
        let allowed = values.join(", ");
        let advice = match did_you_mean(word, values.iter().copied()) {
            Some(meant) => format!(" Did you mean `{meant}`?"),
            None if values.len() <= RECITED => format!(" Known are: {allowed}."),
            None => String::new(),
        };
        let actual = shown(&Value::from(word));
        let says = format!(
            "{actual} is none of the {} values known here; the service may know more.{advice}",
            values.len()
        );
        Some(self.violation(Rule::Choice, Level::Warning, actual, allowed, &says))
    }

    fn number(&self, number: f64, limits: &NumberLimits) -> Vec<Violation> {
        let range = &limits.range;
        let allowed = format!("{} to {}", range.min, range.max);
        if !(range.min..=range.max).contains(&number) {
            let by = if range.said_by.is_empty() {
                String::new()
            } else {
                format!(", {}", range.said_by)
            };
            let says = format!("is {number}; the model takes {allowed}{by}.");
            return vec![self.violation(
                Rule::Range,
                range.level,
                number.to_string(),
                allowed,
                &says,
            )];
        }
        let off = |step: &f64| {
            let steps = (number - range.min) / step;
            (steps - steps.round()).abs() > 1e-6
        };
        match limits.step.filter(off) {
            Some(step) => {
                let allowed = format!("steps of {step}");
                let says = format!(
                    "is {number}; the model takes {allowed} from {}, and what it makes of a value \
                     between is not documented.",
                    range.min
                );
                let actual = number.to_string();
                vec![self.violation(Rule::Step, Level::Warning, actual, allowed, &says)]
            }
            None => Vec::new(),
        }
    }
}

/// A value in a message: on one line, and not all of a long one.
pub(super) fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        other => other.to_string(),
    };
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests;
