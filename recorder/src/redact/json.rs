//! What is recorded of a JSON document.

use serde_json::{Map, Value};

use super::urls::without_queries;

/// The longest text that is recorded.
const MAX_TEXT: usize = 4096;
/// How many entries of a list are recorded.
const MAX_ENTRIES: usize = 200;

/// Returns a document without queries of URLs and without long texts, which are usually media in Base64.
pub(crate) fn redacted(value: &Value) -> Value {
    match value {
        Value::String(text) => short(text),
        Value::Array(items) => items.iter().take(MAX_ENTRIES).map(redacted).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| {
                    let is_secret = ["secret", "api_key", "apikey", "password", "access_token"]
                        .contains(&name.to_ascii_lowercase().as_str());
                    (name.clone(), if is_secret { shape(value, false) } else { redacted(value) })
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

fn short(text: &str) -> Value {
    let count = text.chars().take(MAX_TEXT + 1).count();
    if count > MAX_TEXT {
        return Value::from(format!("[{} characters]", text.chars().count()));
    }
    Value::from(without_queries(text))
}

/// Returns a document without its values, but for the `code` and `message` of the envelope and status words.
pub(crate) fn envelope_shape(value: &Value) -> Value {
    let Value::Object(fields) = value else { return shape(value, true) };
    let field = |(name, value): (&String, &Value)| {
        let is_kept = matches!(name.as_str(), "code" | "message" | "error_code");
        (name.clone(), if is_kept { redacted(value) } else { field_shape(name, value) })
    };
    Value::Object(fields.iter().map(field).collect())
}

fn shape(value: &Value, keeps_words: bool) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => Value::Bool(false),
        Value::Number(_) => Value::from(0),
        Value::String(_) => Value::from(""),
        Value::Array(items) => items.iter().take(1).map(|item| shape(item, keeps_words)).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let value =
                    if keeps_words { field_shape(name, value) } else { shape(value, false) };
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
        }
    }
}

fn field_shape(name: &str, value: &Value) -> Value {
    let is_word = |text: &str| {
        text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    match value {
        Value::String(text) if name == "status" && is_word(text) => value.clone(),
        value => shape(value, true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn account_bodies_keep_only_their_shape() {
        let body = json!({"code": 200, "message": "success", "data": {
            "balance": 12.5, "secret": "whsec_0123456789", "paid": true, "none": null,
            "items": [{"uuid": "1", "status": "completed"}, {"uuid": "2"}],
        }});
        let expected = json!({"code": 200, "message": "success", "data": {
            "balance": 0, "secret": "", "paid": false, "none": null,
            "items": [{"uuid": "", "status": "completed"}],
        }});
        assert_eq!(envelope_shape(&body), expected);
        assert_eq!(envelope_shape(&json!(["a"])), json!([""]));
        let odd = json!({"data": {"status": "KEY-0123"}});
        assert_eq!(envelope_shape(&odd), json!({"data": {"status": ""}}));
    }

    #[test]
    fn other_bodies_lose_queries_secrets_and_long_texts() {
        let body = json!({
            "outputs": ["https://a.example/b?c=d", "é".repeat(5000), "a".repeat(4096)],
            "secret": {"a": "b"}, "n": 1.5,
        });
        let expected = json!({
            "outputs": ["https://a.example/b?[query]", "[5000 characters]", "a".repeat(4096)],
            "secret": {"a": ""}, "n": 1.5,
        });
        assert_eq!(redacted(&body), expected);
    }
}
