use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn recording(value: &Value) -> Recording {
    Recording {
        version: VERSION,
        recorder: "viseme 0.1.0".to_owned(),
        upstream: "https://api.example".to_owned(),
        started_at: "2026-11-29T10:00:00.123456Z".parse().unwrap(),
        ended_at: "2026-11-29T10:01:00Z".parse().unwrap(),
        unfinished: false,
        jobs: vec![RecordedJob {
            id: "0123".to_owned(),
            model: "a/b".to_owned(),
            input: value.clone(),
            webhook: true,
            sent_at_ms: 5,
            accepted_at_ms: 9,
            submitted_at: "2026-11-29T10:00:01Z".parse().unwrap(),
            created_at: Some("2026-11-29T10:00:01.123456789Z".to_owned()),
            states: vec![RecordedState {
                status: "processing".to_owned(),
                not_before_ms: 0,
                not_after_ms: 4,
                narrowed_by: Some(NarrowedBy::Timings),
            }],
            outcome: Some(JobOutcome {
                status: "failed".to_owned(),
                code: Some(1402),
                error: "no: it's \"bad\"\n".to_owned(),
                outputs: vec![RecordedOutput::Value { value: value.clone() }],
            }),
            timings: Some(json!({})),
            execution_time_ms: Some(3),
        }],
        exchanges: vec![RecordedExchange {
            at_ms: 5,
            took_ms: 4,
            endpoint: Endpoint::Submit,
            by: Origin::Client,
            job: None,
            request: RecordedRequest {
                method: "POST".to_owned(),
                route: "/api/v3/{model}".to_owned(),
                path: "/api/v3/a/b".to_owned(),
                host: None,
                query: vec!["webhook".to_owned()],
                headers: BTreeMap::from([("content-type".to_owned(), "a: b".to_owned())]),
                other_headers: vec!["authorization".to_owned()],
                body: RecordedBody::Json { value: value.clone() },
            },
            response: Some(RecordedResponse {
                status: 200,
                headers: BTreeMap::new(),
                other_headers: Vec::new(),
                head_after_ms: 3,
                body: RecordedBody::Omitted { reason: OmitReason::TooLarge, bytes: 1 },
            }),
            failure: None,
            client_left: true,
        }],
        media: BTreeMap::from([(
            "00ff".to_owned(),
            RecordedMedia {
                bytes: 7,
                content_type: Some("video/mp4".to_owned()),
                container: Some("mp4".to_owned()),
                duration_ms: Some(1),
                width: None,
                height: None,
                file: None,
                urls: vec!["https://a.example/b".to_owned()],
            },
        )]),
    }
}

#[test]
fn another_version_and_other_files_are_refused_with_a_reason() {
    for (text, expected) in [
        ("version: 2", "it has version 2 of the format; this program knows version 1"),
        ("a: b", "it is not a recording: `version` is missing"),
        ("version: 1", "it is not a recording: missing field `recorder`"),
    ] {
        assert_eq!(Recording::parse(text).unwrap_err().to_string(), expected, "{text}");
    }
    assert!(Recording::parse("[").is_err());
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[ -~\n\t]{0,12}",
        Just("true".to_owned()),
        Just("1e3".to_owned()),
        Just("- a".to_owned()),
        Just("0x1F".to_owned()),
        Just("2026-01-01".to_owned()),
        Just("~".to_owned()),
        Just("\u{85}\u{2028}\u{feff}".to_owned()),
        Just("a\r\nb \n\n".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e15f64..1e15).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(text.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recording_is_read_as_it_was_written(value in any_json()) {
        let written = recording(&value);
        let text = written.to_yaml().unwrap();
        prop_assert_eq!(Recording::parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?, written);
    }
}
