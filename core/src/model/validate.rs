//! Validates the values of an input against the description of its model.
//! [`media::validate`](crate::media::validate) validates the media themselves.

use serde_json::Value;

use super::{AudioToVideo, Input, InputValue, did_you_mean};
use crate::media::{Rule, Violation, has_known_extension};
use viseme_spec::{Field, FieldKind, Level, ModelDescription, NumberLimits};

/// Parameters that every model accepts in addition to its own. Options of `run` and `submit` set them.
pub(crate) const RUN_FLAGS: [&str; 2] = ["enable_sync_mode", "enable_base64_output"];

/// Messages do not list more values than this.
const MAX_LISTED: usize = 8;
/// Messages show at most this many characters of a value.
const MAX_SHOWN: usize = 60;

/// Returns every violation of the model's description: missing and unknown parameters, and values of a
/// wrong type or outside the allowed range.
///
/// An unknown parameter is an error: the service ignores it but still charges.
#[must_use]
pub fn validate(input: &Input, description: &ModelDescription) -> Vec<Violation> {
    let names = || description.fields.iter().map(|field| field.name);
    let unknown = input
        .fields()
        .filter(|(name, _)| description.field(name).is_none() && !RUN_FLAGS.contains(name))
        .map(|(name, _)| unknown_parameter(name, description.id, names(), Level::Error));
    let known = description.fields.iter().flat_map(|field| match input.get(field.name) {
        None | Some(InputValue::Json(Value::Null)) if field.required => {
            vec![Parameter { field, model: description.id }.missing()]
        }
        None | Some(InputValue::Json(Value::Null)) => Vec::new(),
        Some(value) => Parameter { field, model: description.id }.validate(value),
    });
    known.chain(unknown).collect()
}

/// Returns whether a text has the form of a model's id, `owner/name`, which a path or a URL of media
/// does not have.
pub(crate) fn is_model_id(text: &str) -> bool {
    let is_part = |part: &str| !matches!(part, "" | "." | ".." | "~");
    text.contains('/')
        && text.split('/').all(is_part)
        && !text.contains(|c: char| c == '\\' || c.is_whitespace())
        && !has_known_extension(text)
}

/// Returns the violation of an input whose model has no valid id.
pub(crate) fn not_a_model_id(text: &str) -> Violation {
    let shown: String = text.chars().take(MAX_SHOWN).collect();
    let allowed = format!("an id of the form owner/name, such as `{}`", AudioToVideo::MODEL);
    let advice =
        if has_known_extension(text) { " Pass a file as a parameter of the model." } else { "" };
    let message = format!("`{shown}` is not a model's id. The model must be {allowed}.{advice}");
    Violation::new("model", Rule::Model, Level::Error, shown, allowed, message)
}

/// Returns the violation of a missing parameter.
pub(super) fn missing_parameter(field: &str, model: &str) -> Violation {
    let message = format!("`{field}` is missing. {model} requires it.");
    Violation::new(field, Rule::Required, Level::Error, "nothing", "a value", message)
}

/// Returns the violation of a parameter that the model does not have.
pub(super) fn unknown_parameter<'k>(
    name: &str,
    model: &str,
    known: impl Iterator<Item = &'k str> + Clone,
    level: Level,
) -> Violation {
    let all = known.clone().collect::<Vec<_>>().join(", ");
    let advice = match did_you_mean(name, known) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => format!("Known parameters: {all}."),
    };
    let message = format!(
        "`{name}` is not a parameter of {model}. The service ignores unknown parameters but still \
         charges. {advice}"
    );
    Violation::new(name, Rule::UnknownField, level, "unknown", all, message)
}

/// One parameter of a model.
struct Parameter<'a> {
    field: &'a Field,
    model: &'a str,
}

impl Parameter<'_> {
    fn validate(&self, value: &InputValue) -> Vec<Violation> {
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
            // `Input::set` turns every other text of a media parameter into media.
            (FieldKind::Media(_), Value::String(_)) => vec![self.missing()],
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
        let mut violation = missing_parameter(self.field.name, self.model);
        // The default of a page's form is not necessarily the service's, so it is only a suggestion.
        if let FieldKind::Choice { default: Some(default), .. } = self.field.kind {
            violation.message.push_str(&format!(" A common value is `{default}`."));
        }
        violation
    }

    fn violation(
        &self,
        rule: Rule,
        level: Level,
        actual: impl Into<String>,
        allowed: impl Into<String>,
        statement: &str,
    ) -> Violation {
        let message = format!("`{}` {statement}", self.field.name);
        Violation::new(self.field.name, rule, level, actual, allowed, message)
    }

    fn wrong_type(&self, actual: &str) -> Violation {
        let expected = match self.field.kind {
            FieldKind::Media(_) => "a file or URL",
            FieldKind::Text { .. } | FieldKind::Choice { .. } => "a string",
            FieldKind::Number(_) => "a number",
            FieldKind::Boolean { .. } => "true or false",
        };
        let statement = format!("must be {expected}, got {actual}.");
        self.violation(Rule::Type, Level::Error, actual, expected, &statement)
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
        let statement = format!("has {actual}; the model accepts {allowed}. Shorten it.");
        Some(self.violation(Rule::Length, Level::Error, actual, allowed, &statement))
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
            None if values.len() <= MAX_LISTED => format!(" Known values: {allowed}."),
            None => String::new(),
        };
        let actual = shown(&Value::from(word));
        let statement = format!(
            "{actual} is not one of the {} known values; the service may accept more.{advice}",
            values.len()
        );
        Some(self.violation(Rule::Choice, Level::Warning, actual, allowed, &statement))
    }

    fn number(&self, number: f64, limits: &NumberLimits) -> Vec<Violation> {
        let range = &limits.range;
        let allowed = format!("{} to {}", range.min, range.max);
        if !(range.min..=range.max).contains(&number) {
            let source = if range.said_by.is_empty() {
                String::new()
            } else {
                format!(", {}", range.said_by)
            };
            let statement = format!("must be {allowed}{source}, got {number}.");
            return vec![self.violation(
                Rule::Range,
                range.level,
                number.to_string(),
                allowed,
                &statement,
            )];
        }
        let off = |step: &f64| {
            let steps = (number - range.min) / step;
            (steps - steps.round()).abs() > 1e-6
        };
        match limits.step.filter(off) {
            Some(step) => {
                let allowed = format!("steps of {step}");
                let statement = format!(
                    "is {number}; the model accepts {allowed} from {}. How the service treats a \
                     value in between is not documented.",
                    range.min
                );
                let actual = number.to_string();
                vec![self.violation(Rule::Step, Level::Warning, actual, allowed, &statement)]
            }
            None => Vec::new(),
        }
    }
}

/// Formats a value for a message: on one line and shortened.
pub(super) fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        other => other.to_string(),
    };
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests;
