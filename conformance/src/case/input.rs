//! Converts the inputs of cases to the inputs of the driver protocol.

use serde_json::{Map, Value, json};

/// The short names of the models with typed inputs, their ids, and their media parameters.
const TYPED: [(&str, &str, &[&str]); 3] = [
    ("audio-to-video", "kwaivgi/kling-lipsync/audio-to-video", &["audio", "video"]),
    ("text-to-video", "kwaivgi/kling-lipsync/text-to-video", &["video"]),
    ("kling-effects", "kwaivgi/kling-effects", &["image"]),
];

/// The keys of an input that are not parameters of the model.
const OWN: [&str; 4] = ["model", "untyped", "media", "params"];

fn typed(model: &str) -> Option<&'static (&'static str, &'static str, &'static [&'static str])> {
    TYPED.iter().find(|(short, id, _)| model == *short || model == *id)
}

pub(super) fn is_typed(model: &str) -> bool {
    typed(model).is_some()
}

/// Returns the media of an input, each as an object of the driver protocol.
pub(super) fn media_of(input: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut media = Vec::new();
    if let Some(medium) = input.get("medium") {
        media.push(("medium".to_owned(), medium_of(medium)));
    }
    if let Some(Value::Object(named)) = input.get("media") {
        media.extend(named.iter().map(|(name, medium)| (name.clone(), medium_of(medium))));
    }
    let model = input.get("model").and_then(Value::as_str).and_then(typed);
    for name in model.map(|(_, _, names)| *names).into_iter().flatten() {
        if let Some(medium) = input.get(*name) {
            media.push(((*name).to_owned(), medium_of(medium)));
        }
    }
    media
}

/// Converts a medium: a URL, the name of a fixture, or an object of the driver protocol.
fn medium_of(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("http") || text.starts_with("data:") => {
            json!({"url": text})
        }
        Value::String(text) => json!({"path": text}),
        other => other.clone(),
    }
}

/// Converts the input of an operation: full model ids, media apart from parameters, and the path of
/// each fixture, from `fixture`.
///
/// # Errors
/// As `fixture`.
pub fn driver_input(
    op: &str,
    input: &Map<String, Value>,
    fixture: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Map<String, Value>, String> {
    if let Some(Value::Array(inputs)) = input.get("inputs") {
        let inputs = inputs.iter().filter_map(Value::as_object);
        let inputs: Result<Vec<_>, _> =
            inputs.map(|one| driver_input("run", one, fixture)).collect();
        return Ok(Map::from_iter([("inputs".to_owned(), json!(inputs?))]));
    }
    let model = input.get("model").and_then(Value::as_str);
    let takes_parameters = ["run", "submit", "check", "validate", "price"].contains(&op);
    if op == "upload" {
        let mut wire = Map::new();
        for (_, medium) in media_of(input) {
            wire.insert("medium".to_owned(), with_paths(&medium, fixture)?);
        }
        return Ok(wire);
    }
    let Some(model) = model.filter(|_| takes_parameters) else { return Ok(input.clone()) };
    let media = media_of(input);
    let is_medium = |name: &String| media.iter().any(|(medium, _)| medium == name);
    let mut params: Map<String, Value> = input
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()) && !is_medium(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(Value::Object(more)) = input.get("params") {
        params.extend(more.clone());
    }
    let media: Result<Map<_, _>, String> = media
        .iter()
        .map(|(name, medium)| Ok((name.clone(), with_paths(medium, fixture)?)))
        .collect();
    let mut wire = Map::new();
    let id = typed(model).map_or(model, |(_, id, _)| id);
    wire.insert("model".to_owned(), json!(id));
    wire.insert("media".to_owned(), Value::Object(media?));
    wire.insert("params".to_owned(), Value::Object(params));
    if let Some(untyped) = input.get("untyped") {
        wire.insert("untyped".to_owned(), untyped.clone());
    }
    Ok(wire)
}

fn with_paths(
    medium: &Value,
    fixture: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Value, String> {
    let Some(fields) = medium.as_object() else { return Ok(medium.clone()) };
    let mut wire = Map::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("path" | "bytes" | "stream", Value::String(file)) => {
                wire.insert(name.clone(), json!(fixture(file)?));
                if name != "path" && !fields.contains_key("name") {
                    wire.insert("name".to_owned(), json!(file));
                }
            }
            _ => drop(wire.insert(name.clone(), value.clone())),
        }
    }
    Ok(Value::Object(wire))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_as_drivers_get_them() {
        let fixture = |name: &str| Ok(format!("/f/{name}"));
        let input = |value: Value| value.as_object().cloned().unwrap();
        let given = input(json!({
            "model": "audio-to-video", "video": "sample.mp4", "audio": {"bytes": "sample.mp3"},
            "extra": 1,
        }));
        assert_eq!(
            Value::Object(driver_input("run", &given, &fixture).unwrap()),
            json!({
                "model": "kwaivgi/kling-lipsync/audio-to-video",
                "media": {
                    "video": {"path": "/f/sample.mp4"},
                    "audio": {"bytes": "/f/sample.mp3", "name": "sample.mp3"},
                },
                "params": {"extra": 1},
            })
        );
        let any =
            input(json!({"model": "a/b", "media": {"image": "https://x/y.png"}, "prompt": "p"}));
        assert_eq!(
            Value::Object(driver_input("run", &any, &fixture).unwrap()),
            json!({"model": "a/b", "media": {"image": {"url": "https://x/y.png"}}, "params": {"prompt": "p"}})
        );
        let upload = input(json!({"medium": "sample.mp3"}));
        assert_eq!(
            Value::Object(driver_input("upload", &upload, &fixture).unwrap()),
            json!({"medium": {"path": "/f/sample.mp3"}})
        );
        let history = input(json!({"model": "audio-to-video"}));
        assert_eq!(driver_input("history", &history, &fixture).unwrap(), history);
    }
}
