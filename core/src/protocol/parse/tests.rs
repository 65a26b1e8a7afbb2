use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parsed(data: Value) -> Prediction {
    parse(data, Some("requested")).expect("a prediction")
}

#[test]
fn the_documented_form() {
    let prediction = parsed(json!({
        "id": "e6832d4abffb4d79bfbca19783fca133",
        "model": "kwaivgi/kling-lipsync/audio-to-video",
        "outputs": ["https://d2p7pge43lyniu.cloudfront.net/output/x.mp4"],
        "urls": {"get": "https://api.wavespeed.ai/api/v3/predictions/e683/result"},
        "has_nsfw_contents": [false],
        "status": "completed",
        "created_at": "2025-09-25T09:12:48.239112031Z",
        "error": "",
        "executionTime": 6710,
        "timings": {"inference": 6710},
    }));
    assert_eq!(prediction.id, "e6832d4abffb4d79bfbca19783fca133");
    assert_eq!(prediction.status, Status::Completed);
    assert_eq!(prediction.output_url(), Some("https://d2p7pge43lyniu.cloudfront.net/output/x.mp4"));
    assert_eq!(prediction.has_nsfw_contents, Some(vec![false]));
    let since_epoch =
        prediction.created_at.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(since_epoch, Duration::new(1_758_791_568, 239_112_031));
    assert_eq!(prediction.error, None);
    assert_eq!(prediction.code, None);
    assert_eq!(prediction.execution_time, Some(Duration::from_millis(6710)));
    assert_eq!(prediction.timings["inference"], Duration::from_millis(6710));
    assert!(prediction.extra.is_empty());
}

#[test]
fn an_output_in_another_place_is_found() {
    const URL: &str = "https://a.example/x.mp4";
    for fields in [
        json!({"outputs": ["", URL]}),
        json!({"outputs": [null, " ", URL]}),
        json!({"output": URL}),
        json!({"outputs": [], "output": [URL]}),
        json!({"outputs": null, "output": {"video": URL}}),
        json!({"outputs": {"video_url": URL}}),
    ] {
        let mut data = fields.clone();
        data["status"] = json!("completed");
        let prediction = parsed(data);
        assert_eq!(prediction.output_url(), Some(URL), "{fields}");
        assert_eq!(prediction.outputs.len(), 1, "{fields}");
    }
    let both = parsed(json!({"status": "completed", "outputs": [URL], "output": "text"}));
    assert_eq!(both.outputs.len(), 1);
    assert_eq!(both.extra["output"], json!("text"));
}

#[test]
fn every_looseness_of_the_sheet() {
    // Absent, null, and of another type.
    for (fields, check) in [
        (json!({}), "nothing but a status"),
        (
            json!({"outputs": null, "urls": null, "has_nsfw_contents": null, "created_at": null,
               "error": null, "executionTime": null, "timings": null, "code": null, "input": null}),
            "all null",
        ),
        (json!({"outputs": [], "has_nsfw_contents": [], "timings": {}, "error": ""}), "all empty"),
    ] {
        let mut data = fields;
        data["status"] = json!("processing");
        let prediction = parsed(data);
        assert_eq!(prediction.id, "requested", "{check}");
        assert!(prediction.outputs.is_empty(), "{check}");
        assert_eq!(prediction.error, None, "{check}");
        assert!(prediction.extra.is_empty(), "{check}: {:?}", prediction.extra);
    }
}

#[test]
fn outputs_of_each_kind() {
    let prediction = parsed(json!({
        "status": "completed",
        "outputs": ["https://a/b.mp4", "plain text", "AAAAIGZ0eXA=", {"url": "https://c/d"}, null, 7],
    }));
    assert_eq!(
        prediction.outputs,
        [
            Output::Url("https://a/b.mp4".into()),
            Output::Text("plain text".into()),
            Output::Text("AAAAIGZ0eXA=".into()),
            Output::Json(json!({"url": "https://c/d"})),
            Output::Json(json!(7)),
        ]
    );
    let single = parsed(json!({"status": "completed", "outputs": {"url": "https://c/d"}}));
    assert_eq!(single.output_url(), Some("https://c/d"));
}

#[test]
fn numbers_as_strings_and_other_forms() {
    let prediction = parsed(json!({
        "id": 12345, "status": "failed", "code": "1402", "executionTime": "250",
        "created_at": "2025-09-25T09:12:48.239Z", "error": {"message": "no face"},
    }));
    assert_eq!(prediction.id, "12345");
    assert_eq!(prediction.code, Some(1402));
    assert_eq!(prediction.execution_time, Some(Duration::from_millis(250)));
    assert!(prediction.created_at.is_some());
    assert_eq!(prediction.error.as_deref(), Some("no face"));
}

#[test]
fn no_field_of_the_service_is_lost() {
    let prediction = parsed(json!({
        "status": "queued", "queue_position": 3, "executionTime": [1], "created_at": "yesterday",
        "inputs": {"audio": "https://a"},
    }));
    assert_eq!(prediction.status, Status::Other("queued".into()));
    assert_eq!(prediction.input, Some(json!({"audio": "https://a"})));
    assert_eq!(
        Value::Object(prediction.extra),
        json!({"queue_position": 3, "executionTime": [1], "created_at": "yesterday"})
    );
}

#[test]
fn values_that_are_no_prediction() {
    for data in [
        json!(null),
        json!([]),
        json!("text"),
        json!({}),
        json!({"id": "x"}),
        json!({"id": "x", "status": ""}),
        json!({"id": "x", "status": null}),
        json!({"id": "x", "status": {"a": 1}}),
    ] {
        assert_eq!(parse(data.clone(), Some("requested")), None, "{data}");
    }
    assert_eq!(parse(json!({"status": "created"}), None), None, "no id anywhere");
    assert_eq!(parse(json!({"id": "", "status": "created"}), None), None, "an empty id");
}

#[test]
fn serializes_to_the_services_own_form() {
    let data = json!({
        "id": "e683", "model": "m", "outputs": ["https://a/b.mp4", {"url": "https://c"}],
        "urls": {"get": "https://r"}, "has_nsfw_contents": [true], "status": "completed",
        "created_at": "2025-09-25T09:12:48.239112031Z", "error": "", "executionTime": 6710,
        "timings": {"inference": 6710}, "input": {"a": 1}, "news": [1, 2],
    });
    assert_eq!(serde_json::to_value(parsed(data.clone())).unwrap(), data);
}

#[test]
fn a_name_occurs_once_whatever_its_value_was() {
    let odd = json!({"id": "a", "status": "completed", "model": {}, "outputs": 7,
        "timings": {"a": "x"}, "created_at": 3, "recovered": "yes"});
    let mut prediction = parsed(odd);
    prediction.recovered = Some(crate::protocol::RecoveredBy::Input);
    let text = serde_json::to_string(&prediction).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json.to_string().len(), text.len(), "{text}");
    assert_eq!((&json["outputs"], &json["recovered"]), (&json!([]), &json!(true)));
    assert_eq!(json["created_at"], 3, "what has no other value is kept");
}

/// Any JSON of moderate size.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(".{0,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_in_any_field_is_read_or_kept(
        name in prop::sample::select(vec![
            "id", "model", "outputs", "urls", "has_nsfw_contents", "created_at", "error",
            "executionTime", "timings", "code", "input",
        ]),
        value in any_json(),
    ) {
        let mut data = json!({"status": "processing"});
        data[name] = value;
        let prediction = parse(data, Some("requested"));
        prop_assert!(prediction.is_some());
        prop_assert!(serde_json::to_value(prediction.unwrap()).is_ok());
    }
}

#[test]
fn a_whole_number_is_one_however_it_is_written() {
    for (value, expected) in [
        (json!(1402), Some(1402)),
        (json!(-7), Some(-7)),
        (json!(1402.0), Some(1402)),
        (json!(-1402.0), Some(-1402)),
        (json!(" 1402 "), Some(1402)),
        (json!(1402.5), None),
        (json!(8.999e15), Some(8_999_000_000_000_000)),
        (json!(9e15), None),
        (json!(1e300), None),
        (json!("12x"), None),
        (json!(true), None),
    ] {
        assert_eq!(integer(&value), expected, "{value}");
    }
}

#[test]
fn an_empty_error_text_is_none() {
    for nothing in [json!(""), json!({}), json!(false), json!(null)] {
        let prediction = parsed(json!({"status": "failed", "error": nothing}));
        assert_eq!(prediction.error, None, "{nothing}");
    }
}
