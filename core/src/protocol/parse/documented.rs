//! Parses the documented form of a response. It is what a poll usually receives, and this takes a third of
//! the time that the tolerant parser takes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{duration_of_millis, output_of_text, time_of_text};
use crate::prediction::{Prediction, Status};

/// A success with a prediction. Anything else is left to the tolerant parser.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    code: u16,
    #[serde(default, rename = "message")]
    _message: IgnoredAny,
    data: Data,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    id: String,
    status: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    outputs: Vec<String>,
    urls: Option<Urls>,
    has_nsfw_contents: Option<Vec<bool>>,
    created_at: Option<String>,
    error: Option<String>,
    #[serde(rename = "executionTime")]
    execution_time: Option<f64>,
    #[serde(default)]
    timings: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Urls {
    get: String,
}

/// Returns the prediction in a body of exactly the documented form, the same as the tolerant parser; `None`
/// for every other body.
pub(crate) fn parse_documented(body: &[u8]) -> Option<Prediction> {
    let Envelope { code: 200, data, .. } = serde_json::from_slice(body).ok()? else {
        return None;
    };
    if data.id.trim().is_empty() || data.status.is_empty() {
        return None;
    }
    let mut prediction = Prediction::new(data.id, Status::from_word(&data.status));
    prediction.model = data.model;
    let outputs = data.outputs.into_iter().filter(|text| !text.trim().is_empty());
    prediction.outputs = outputs.map(output_of_text).collect();
    prediction.result_url = data.urls.map(|urls| urls.get);
    prediction.has_nsfw_contents = data.has_nsfw_contents;
    if let Some(text) = data.created_at {
        prediction.created_at = Some(time_of_text(&text)?);
    }
    prediction.error = data.error.filter(|text| !text.is_empty());
    if let Some(millis) = data.execution_time {
        prediction.execution_time = Some(duration_of_millis(millis)?);
    }
    for (name, millis) in data.timings {
        prediction.timings.insert(name, duration_of_millis(millis)?);
    }
    Some(prediction)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::parse::parse;

    fn body(status: &str, outputs: &Value) -> Value {
        json!({
            "code": 200,
            "message": "success",
            "data": {
                "id": "e6832d4abffb4d79bfbca19783fca133",
                "model": "kwaivgi/kling-lipsync/audio-to-video",
                "outputs": outputs,
                "urls": {"get": "https://api.wavespeed.ai/api/v3/predictions/e683/result"},
                "has_nsfw_contents": [false],
                "status": status,
                "created_at": "2025-09-25T09:12:48.239112031Z",
                "error": "",
                "executionTime": 6710,
                "timings": {"inference": 6710},
            },
        })
    }

    fn parsed(body: &Value) -> Option<Prediction> {
        parse_documented(body.to_string().as_bytes())
    }

    fn tolerant(body: &Value) -> Option<Prediction> {
        // As text: it may not have all digits of a number.
        let body: Value = serde_json::from_str(&body.to_string()).unwrap();
        parse(body.get("data")?.clone(), None)
    }

    #[test]
    fn the_documented_form_is_parsed_as_the_tolerant_parser_parses_it() {
        for status in ["created", "processing", "completed", "failed", "Succeeded", "paused"] {
            for outputs in [json!([]), json!(["https://a.example/x.mp4", "", "text"])] {
                let body = body(status, &outputs);
                assert!(parsed(&body).is_some(), "{body}");
                assert_eq!(parsed(&body), tolerant(&body), "{body}");
            }
        }
    }

    #[test]
    fn an_error_in_a_success_is_left_to_the_tolerant_parser() {
        for code in [json!(500), json!("200"), json!(200.0), json!(null), json!(0)] {
            let mut body = body("completed", &json!([]));
            body["code"] = code;
            assert_eq!(parsed(&body), None, "{body}");
        }
        for other in ["", "[]", "{\"code\":200}", "{\"code\":200,\"data\":null}", "\u{feff}{}"] {
            assert_eq!(parse_documented(other.as_bytes()), None, "{other}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            prop_oneof!["", " ", "https://a/b", "2025-09-25T09:12:48Z", ".*"].prop_map(Value::from),
            prop_oneof![
                Just(json!([])),
                Just(json!({})),
                Just(json!([null])),
                Just(json!([true])),
                Just(json!(["text", 1])),
                Just(json!({"get": 7})),
                Just(json!({"get": "https://a/b", "web": "https://a/c"})),
                Just(json!({"inference": "12"})),
                Just(json!({"inference": -1, "queue": 1.5})),
            ],
        ]
    }

    proptest! {
        #[test]
        fn any_body_that_is_parsed_is_parsed_as_the_tolerant_parser_parses_it(
            changes in proptest::collection::vec(
                (
                    prop_oneof![
                        "id", "model", "outputs", "urls", "has_nsfw_contents", "status", "created_at",
                        "error", "executionTime", "timings", "code", "input", "inputs", "other",
                    ],
                    proptest::option::of(value()),
                ),
                0..4,
            ),
        ) {
            let mut body = body("processing", &json!([]));
            let data = body["data"].as_object_mut().unwrap();
            for (name, value) in changes {
                match value {
                    Some(value) => data.insert(name, value),
                    None => data.remove(&name),
                };
            }
            if let Some(prediction) = parsed(&body) {
                prop_assert_eq!(Some(prediction), tolerant(&body));
            }
        }
    }
}
