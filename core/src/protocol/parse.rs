//! Parses predictions in responses and webhooks.

mod documented;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

pub(crate) use self::documented::parse_documented;
use super::{Output, Prediction, Status};
use crate::prediction::is_url;

/// Returns the prediction in `data`. `None` if it has no id and none is expected, or no status: then
/// it is no prediction.
pub(crate) fn parse(data: Value, expected_id: Option<&str>) -> Option<Prediction> {
    read(data, expected_id, None)
}

/// Returns the prediction in `data` if it has an id, whatever else is missing.
pub(crate) fn parse_by_id(data: Value) -> Option<Prediction> {
    read(data, None, Some(Status::Created))
}

fn read(
    data: Value,
    expected_id: Option<&str>,
    default_status: Option<Status>,
) -> Option<Prediction> {
    let Value::Object(mut fields) = data else { return None };
    let id = match take(&mut fields, "id", text) {
        Some(id) if !id.trim().is_empty() => id,
        _ => expected_id?.to_owned(),
    };
    let status = take(&mut fields, "status", text).filter(|word| !word.is_empty());
    let status = status.map(|word| Status::from_word(&word)).or(default_status)?;
    let mut prediction = Prediction::new(id, status);
    prediction.model = take(&mut fields, "model", text).unwrap_or_default();
    prediction.outputs = take(&mut fields, "outputs", outputs).unwrap_or_default();
    if prediction.outputs.is_empty() {
        prediction.outputs = take(&mut fields, "output", outputs).unwrap_or_default();
    }
    prediction.result_url = take(&mut fields, "urls", result_url);
    prediction.has_nsfw_contents = take(&mut fields, "has_nsfw_contents", flags);
    prediction.created_at = take(&mut fields, "created_at", time);
    prediction.error = take(&mut fields, "error", error).filter(|text| !text.is_empty());
    prediction.code = take(&mut fields, "code", integer).filter(|code| *code != 0);
    prediction.execution_time = take(&mut fields, "executionTime", millis);
    prediction.timings = take(&mut fields, "timings", timings).unwrap_or_default();
    prediction.input =
        fields.remove("input").or_else(|| fields.remove("inputs")).filter(|input| !input.is_null());
    prediction.extra = fields;
    Some(prediction)
}

/// Removes and returns a field if it can be parsed. Otherwise it stays, and ends up in `extra`.
fn take<T>(
    fields: &mut Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    let value = fields.get(name)?;
    let read = if value.is_null() { None } else { Some(read(value)?) };
    fields.remove(name);
    read
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn outputs(value: &Value) -> Option<Vec<Output>> {
    match value {
        Value::Array(items) => {
            Some(items.iter().filter(|item| !is_blank(item)).map(output).collect())
        }
        Value::String(_) | Value::Object(_) => Some(vec![output(value)]),
        _ => None,
    }
}

/// Returns true for `null` and for text without a letter: a place in the list without an output.
fn is_blank(item: &Value) -> bool {
    item.is_null() || item.as_str().is_some_and(|text| text.trim().is_empty())
}

fn output(item: &Value) -> Output {
    match item {
        Value::String(text) => output_of_text(text.clone()),
        other => Output::Json(other.clone()),
    }
}

fn output_of_text(text: String) -> Output {
    if is_url(&text) { Output::Url(text) } else { Output::Text(text) }
}

fn result_url(value: &Value) -> Option<String> {
    let Value::Object(urls) = value else { return None };
    urls.get("get").and_then(Value::as_str).map(str::to_owned)
}

fn flags(value: &Value) -> Option<Vec<bool>> {
    value.as_array()?.iter().map(Value::as_bool).collect()
}

fn time(value: &Value) -> Option<SystemTime> {
    time_of_text(value.as_str()?)
}

fn time_of_text(text: &str) -> Option<SystemTime> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(timestamp.into())
}

/// Returns the error text, in any of the service's formats.
fn error(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) if map.is_empty() => Some(String::new()),
        Value::Object(map) => ["message", "error", "detail"]
            .iter()
            .find_map(|name| map.get(*name)?.as_str())
            .map_or_else(|| Some(value.to_string()), |text| Some(text.to_owned())),
        Value::Bool(false) => Some(String::new()),
        other => Some(other.to_string()),
    }
}

fn millis(value: &Value) -> Option<Duration> {
    let millis = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    duration_of_millis(millis)
}

fn duration_of_millis(millis: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(millis / 1000.0).ok()
}

fn timings(value: &Value) -> Option<BTreeMap<String, Duration>> {
    let Value::Object(timings) = value else { return None };
    timings.iter().map(|(name, value)| Some((name.clone(), millis(value)?))).collect()
}

/// Returns a number, also if it is a string.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            // Only whole numbers that fit exactly.
            (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
