//! Keeps secrets out of the recording.
//!
//! A header is recorded only if it is on a list, a URL without its query, and a body about money or secrets
//! without its values. Texts lose the secrets that were seen. Last, every file is searched for them.

mod encodings;
mod headers;
mod json;
mod secrets;
mod urls;

pub(crate) use headers::recorded as recorded_headers;
pub(crate) use json::{envelope_shape, redacted};
pub(crate) use secrets::{SecretKind, SecretSearch, Secrets, is_secret_name};
pub(crate) use urls::without_queries;

use serde_json::Value;

/// Replaces secrets in all texts of a document, in the names of its fields too.
pub(crate) fn redact_all(value: &mut Value, search: &SecretSearch) {
    match value {
        Value::String(text) => {
            if let Some(redacted) = search.redact(text) {
                *text = redacted;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact_all(item, search)),
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            for name in names {
                let Some(new) = search.redact(&name) else { continue };
                if let Some(value) = fields.remove(&name) {
                    fields.insert(new, value);
                }
            }
            fields.values_mut().for_each(|value| redact_all(value, search));
        }
        Value::Number(number) => {
            if search.find(number.to_string().as_bytes()).is_some() {
                *value = Value::from(0);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests;
