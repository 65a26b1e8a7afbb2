//! The submit.

use serde_json::{Value, json};
use viseme_mock::scenario::MissingInput;
use viseme_mock::{JobRule, MockServer, Scenario, Timeline};

use crate::support::{Api, MODEL, input};

#[tokio::test]
async fn a_submit_response_has_the_documented_shape() {
    let server = MockServer::start().await.unwrap();
    let (status, body) = Api::of(&server.world()).post(MODEL, &input()).await;
    assert_eq!((status, &body["code"], &body["message"]), (200, &json!(200), &json!("success")));
    let data = body["data"].as_object().unwrap();
    let id = data["id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b"0123456789abcdef".contains(&b)), "{id}");
    assert_eq!(data["model"], MODEL);
    assert_eq!(data["outputs"], json!([]));
    let get = format!("{}/api/v3/predictions/{id}/result", server.url());
    assert_eq!(data["urls"]["get"], json!(get));
    assert_eq!(data["status"], "created");
    assert_eq!(data["error"], "");
    assert_eq!(data["executionTime"], 0);
    let created_at = data["created_at"].as_str().unwrap();
    assert_eq!(created_at.len(), "2025-05-19T06:09:15.948268264Z".len(), "{created_at}");
}

#[tokio::test]
async fn unknown_inputs_are_dropped_and_the_job_is_charged() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let mut more = input();
    more["vidoe"] = json!("typo");
    Api::of(&world).submit_to(MODEL, &more).await;
    assert_eq!(world.jobs()[0].input, input());
    assert_eq!(world.ledger().charges.len(), 1);
}

#[tokio::test]
async fn a_missing_input_is_refused_or_fails_the_job() {
    let server = MockServer::start().await.unwrap();
    for half in [json!({"audio": "https://a/b.mp3"}), json!({"audio": "x", "video": null})] {
        let world = server.world();
        let (status, body) = Api::of(&world).post(MODEL, &half).await;
        assert_eq!(status, 400);
        assert!(body["message"].as_str().unwrap().contains("video"), "{body}");
        assert!(world.jobs().is_empty());

        let scenario = Scenario::new().missing_input(MissingInput::JobFails);
        let world = server.world_with(scenario);
        let api = Api::of(&world);
        let job = api.submit_to(MODEL, &half).await;
        let (_, body) = api.poll(&job).await;
        assert_eq!(
            (&body["data"]["status"], &body["data"]["code"]),
            (&json!("failed"), &json!(1400))
        );
        assert_eq!(world.ledger().charges.len(), 1);
    }
}

#[tokio::test]
async fn a_body_that_is_not_an_object_is_refused() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    for body in [json!([1]), json!("text"), Value::Null] {
        assert_eq!(Api::of(&world).post(MODEL, &body).await.0, 400, "{body}");
    }
    assert!(world.jobs().is_empty());
}

#[tokio::test]
async fn unknown_models_are_accepted_with_a_note_in_the_journal() {
    let server = MockServer::start().await.unwrap();
    let anything = json!({"prompt": "a cat", "deep": {"list": [1, null]}});
    let world = server.world();
    Api::of(&world).submit_to("some/other/model", &anything).await;
    Api::of(&world).submit().await;
    assert_eq!(world.jobs()[0].model, "some/other/model");
    assert_eq!(world.jobs()[0].input, anything);
    let notes: Vec<_> = world.journal().into_iter().map(|exchange| exchange.note).collect();
    assert!(notes[0].as_deref().unwrap().contains("some/other/model"), "{notes:?}");
    assert_eq!(notes[1], None);

    let strict = server.world_with(Scenario::parse("unknown_models: refused").unwrap());
    assert_eq!(Api::of(&strict).post("some/other/model", &anything).await.0, 404);
    assert!(strict.jobs().is_empty());
}

#[tokio::test]
async fn an_id_that_is_nearly_a_known_one_is_refused() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    for id in [
        "kwaivgi/kling-lipsync/audio-to-vdieo",
        "kwaivgi/kling-lipsync/audio-to-videos",
        "kwaivgi/kling-lipsinc/audio-to-video",
        "kwaivgi/kling-lip-sync/audio-to-video",
    ] {
        let (status, body) = api.post(id, &input()).await;
        assert_eq!(status, 404, "{id}: {body}");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(&format!("did you mean {MODEL}?")), "{message}");
        let (status, _) = api.post("model/price", &json!({"model_id": id})).await;
        assert_eq!(status, 404, "{id}");
    }
    let (status, body) = api.post("mock/instnat", &json!({})).await;
    assert_eq!(status, 404);
    assert!(body["message"].as_str().unwrap().contains("mock/instant"), "{body}");
    assert!(world.jobs().is_empty());
}

#[tokio::test]
async fn the_output_has_the_type_of_the_model() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::parse("clock: {mode: manual}").unwrap());
    let api = Api::of(&world);
    for (model, content_type, magic) in [
        ("a/text-to-image", "image/png", &b"\x89PNG\r\n\x1a\n"[..]),
        ("wavespeed-ai/flux-dev", "image/png", b"\x89PNG"),
        ("a/video-to-audio", "audio/wav", b"RIFF"),
        ("minimax/speech-02-hd", "audio/wav", b"RIFF"),
        ("a/image-to-3d", "model/gltf-binary", b"glTF\x02\0\0\0"),
        ("a/text-to-video", "video/mp4", b"\0\0\0"),
        ("a/something-else", "video/mp4", b"\0\0\0"),
        (MODEL, "video/mp4", b"\0\0\0"),
    ] {
        let body = if model == MODEL { input() } else { json!({}) };
        let job = api.submit_to(model, &body).await;
        world.force(&job, "completed");
        let (_, response) = api.poll(&job).await;
        let url = response["data"]["outputs"][0].as_str().unwrap();
        let file = api.http.get(url).send().await.unwrap();
        assert_eq!(file.headers()["content-type"], content_type, "{model}");
        assert!(file.bytes().await.unwrap().starts_with(magic), "{model}");
    }
    let job = api.submit_to("openai/image-caption", &json!({"enable_base64_output": true})).await;
    world.force(&job, "completed");
    let (_, response) = api.poll(&job).await;
    let text = response["data"]["outputs"][0].as_str().unwrap();
    assert!(!text.starts_with("http") && text.contains(' '), "a text is its own output: {text}");
}

#[tokio::test]
async fn inputs_of_the_wrong_type_and_nul_characters_are_refused() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let api = Api::of(&world);
    let with = |name: &str, value: Value| {
        let mut body = input();
        body[name] = value;
        body
    };
    for (path, body) in [
        (MODEL, with("audio", json!(3))),
        (MODEL, with("video", json!(["https://example.com/face.mp4"]))),
        (MODEL, with("enable_sync_mode", json!("yes"))),
        (MODEL, with("video", json!("https://example.com/\0"))),
        ("some/other/model", json!({"deep": {"list": ["a\0"]}})),
        ("some/other/model", json!({"a\0": 1})),
        ("media/uploads", json!({"filename": "a\0.mp4", "size": 1})),
        ("media/uploads", json!({"filename": 5, "size": 1})),
        ("media/uploads", json!({"filename": "a.mp4", "size": "1"})),
        ("media/uploads", json!({"filename": "a.mp4", "size": 1, "content_type": {}})),
        ("predictions", json!({"page": "1", "page_size": 10})),
        ("predictions", json!({"page": 1, "page_size": 10, "model": 7})),
        ("predictions", json!({"page": 1, "page_size": 10, "include_inputs": "true"})),
        ("predictions/delete", json!({"ids": [1]})),
        ("predictions/delete", json!({"ids": "all"})),
        ("model/price", json!({"model_id": 1})),
        ("model/price", json!({"model_id": MODEL, "inputs": [1]})),
        ("model/price", json!({})),
        ("billings/search", json!({"prediction_uuids": [1]})),
        ("billings/search", json!({"start_time": "yesterday"})),
        ("user/usage_stats", json!({"start_time": "yesterday"})),
        ("scheduler/billings/query", json!({"year_month": "2026-13"})),
    ] {
        let (status, response) = api.post(path, &body).await;
        assert_eq!(status, 400, "{path} {body}: {response}");
    }
    for path in ["predictions", "billings/search"] {
        for body in [json!({"page": 0, "page_size": 1}), json!({"page": 1, "page_size": 0})] {
            assert_eq!(api.post(path, &body).await.0, 400, "{path} {body}");
        }
    }
    assert!(world.jobs().is_empty() && world.ledger().charges.is_empty());
}

#[tokio::test]
async fn base64_with_a_webhook_is_refused() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let mut body = input();
    body["enable_base64_output"] = json!(true);
    let path = format!("{MODEL}?webhook=https%3A%2F%2Fexample.com%2Fhook");
    let (status, body) = Api::of(&world).post(&path, &body).await;
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().contains("base64"), "{body}");
    assert!(world.jobs().is_empty());
    Api::of(&world).submit_to(&path, &input()).await;
    assert_eq!(world.jobs()[0].webhook.as_deref(), Some("https://example.com/hook"));
}

#[tokio::test]
async fn preset_models_end_as_their_names_say() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(viseme_mock::ClockMode::Manual));
    let api = Api::of(&world);
    let mut jobs = Vec::new();
    for (model, ending, code) in [
        ("mock/instant", "completed", None),
        ("mock/fail-1200", "failed", Some(1200)),
        ("mock/slow-5m", "completed", None),
        ("mock/end-cancelled", "cancelled", None),
        ("mock/end-warming", "warming", None),
        ("mock/never", "processing", None),
    ] {
        jobs.push((api.submit_to(model, &json!({})).await, model, ending, code));
    }
    world.advance(std::time::Duration::from_secs(299));
    assert_eq!(api.state(&jobs[2].0).await, "processing");
    world.advance(std::time::Duration::from_secs(1));
    for (job, model, ending, code) in jobs {
        let (_, body) = api.poll(&job).await;
        assert_eq!(body["data"]["status"], ending, "{model}");
        assert_eq!(body["data"]["code"].as_i64(), code, "{model}");
    }
    let rules: Vec<_> = world.journal().into_iter().filter_map(|entry| entry.rule).collect();
    assert_eq!(rules[1], "preset model mock/fail-1200");
}

#[tokio::test]
async fn the_first_matching_rule_applies() {
    let server = MockServer::start().await.unwrap();
    let scenario = Scenario::new()
        .job(JobRule::new(Timeline::ends_after_polls(1, "cancelled")).nth(2))
        .job(JobRule::new(Timeline::ends_after_polls(1, "timeout")).model("kwaivgi/**"))
        .job(JobRule::new(Timeline::after_polls(1)));
    let world = server.world_with(scenario);
    let api = Api::of(&world);
    let mut states = Vec::new();
    for model in [MODEL, MODEL, "mock/never"] {
        let job = api.submit_to(model, &input()).await;
        states.push(api.state(&job).await);
    }
    assert_eq!(states, ["timeout", "cancelled", "completed"]);
    let rules: Vec<_> = world.journal().into_iter().filter_map(|entry| entry.rule).collect();
    assert_eq!(rules, ["scenario jobs[1]", "scenario jobs[0]", "scenario jobs[2]"]);
}

#[tokio::test]
async fn a_missing_upload_fails_the_job() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let other = Api::of(&server.world()).upload("a.mp4", "video/mp4", b"x".to_vec()).await;
    let api = Api::of(&world);
    let own = api.upload("a.mp4", "video/mp4", b"x".to_vec()).await;
    let mut body = input();
    body["video"] = json!(other);
    let job = api.submit_to(MODEL, &body).await;
    let (_, response) = api.poll(&job).await;
    assert_eq!(response["data"]["code"], 1402, "{response}");
    body["video"] = json!(own);
    let job = api.submit_to(MODEL, &body).await;
    assert_ne!(api.state(&job).await, "failed");
}
