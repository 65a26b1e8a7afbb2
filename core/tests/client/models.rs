//! Every model that is described, and models that are not.

use std::time::Duration;

use crate::support::{FACE, TestClient, remote_input};
use serde_json::{Value, json};
use viseme::media::Rule;
use viseme::model::{FieldKind, descriptions, validate_schema};
use viseme::{Clock as _, ErrorKind, Input, KlingEffects, Media, TextToVideo};
use viseme_mock::scenario::Body;
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

const DATA_URI: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAyAAAAJYCAIAAAAVFBUn";

fn speech() -> TextToVideo {
    TextToVideo::new()
        .video("https://media.example/face.mp4")
        .text("Good evening.")
        .voice_speed(1.2)
}

fn quick() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::after_polls(1)))
}

#[tokio::test]
async fn typed_inputs_arrive_as_they_were_meant() {
    let test = TestClient::new().await;
    test.client.run(speech()).await.unwrap();
    test.client.run(KlingEffects::new().effect_scene("jelly_press").image(DATA_URI)).await.unwrap();
    let jobs = test.world.jobs();
    assert_eq!(
        (jobs[0].model.as_str(), &jobs[0].input),
        (
            TextToVideo::MODEL,
            &json!({
                "video": "https://media.example/face.mp4",
                "text": "Good evening.",
                "voice_id": "genshin_klee2",
                "voice_speed": 1.2,
            })
        )
    );
    assert_eq!(jobs[1].input, json!({"effect_scene": "jelly_press", "image": DATA_URI}));
    assert!(test.world.requests(RequestKind::Put).is_empty(), "the data: URI was sent as it is");
}

#[tokio::test]
async fn a_data_uri_is_uploaded_where_the_model_takes_urls_alone() {
    let test = TestClient::with(quick()).await;
    let mut uri = "data:video/mp4;base64,".to_owned();
    uri.push_str(&base64_of(FACE));
    let input = speech().video(Media::from(uri));
    let report = test.client.check(input.clone()).await.unwrap();
    assert_eq!(report.media[0].1.width, Some(1280), "{report:?}");
    let prediction = test.client.run(input).await.unwrap();
    assert_eq!(test.world.requests(RequestKind::Put).len(), 1);
    let folder = tempfile::tempdir().unwrap();
    let saved = test.client.download_output(&prediction, folder.path()).await.unwrap();
    assert_eq!(std::fs::read(saved.path).unwrap(), FACE);

    let broken = speech().video(Media::from("data:video/mp4;base64,***"));
    let error = test.client.run(broken).await.unwrap_err();
    assert_eq!(error.violations()[0].rule, Rule::Readable, "{error}");
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn an_unknown_value_is_a_warning_and_an_error_if_strict() {
    let test = TestClient::with(quick()).await;
    let input = speech().voice_id("genshin_klee");
    let report = test.client.check(input.clone()).await.unwrap();
    assert!(report.is_ok() && report.warnings().count() == 1, "{report:?}");
    assert!(!report.strict().is_ok());

    let error = test.client.run(input.clone()).strict(true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("`genshin_klee2`"), "{error}");
    assert!(test.world.journal().is_empty(), "nothing was sent");
    test.client.run(input).await.unwrap();
}

#[tokio::test]
async fn an_input_that_would_be_charged_in_vain_is_not_sent() {
    let test = TestClient::new().await;
    for input in [
        Input::from(remote_input()).set("audoi", "https://media.example/voice.mp3"),
        Input::from(speech()).set("text", "x".repeat(121)),
        Input::from(speech()).set("voice_speed", 3),
        Input::from(speech()).set("video", "face.mp4"),
        Input::new(TextToVideo::MODEL),
    ] {
        for error in [
            test.client.run(input.clone()).await.unwrap_err(),
            test.client.submit(input.clone()).check_media(false).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{input:?}: {error}");
        }
    }
    assert!(test.world.journal().is_empty());
}

#[tokio::test]
async fn the_schema_of_the_mock_matches_the_description() {
    let test = TestClient::new().await;
    let catalogue = test.client.models().await.unwrap();
    assert_eq!(catalogue.len(), descriptions().len());
    for (model, description) in catalogue.iter().zip(descriptions()) {
        assert_eq!(model.id, description.id);
        let schema = model.schema.as_ref().unwrap();
        let mut input = Input::new(description.id);
        for field in description.fields {
            input = match field.kind {
                FieldKind::Media(_) => input.media(field.name, "file"),
                FieldKind::Choice { values, .. } => input.set(field.name, *values.last().unwrap()),
                FieldKind::Number(limits) => input.set(field.name, limits.range.max),
                _ => input.set(field.name, "text"),
            };
        }
        assert_eq!(validate_schema(&input, schema), [], "{}", model.id);
        let found = validate_schema(&input.set("colour", "red"), schema);
        assert_eq!(found.len(), 1, "{}: {found:?}", model.id);
        let missing = validate_schema(&Input::new(description.id), schema);
        let required = description.fields.iter().filter(|field| field.required).count();
        assert_eq!(missing.len(), required, "{}: {missing:?}", model.id);
    }
}

fn other_models() -> Scenario {
    let catalogue = json!({"code": 200, "message": "success", "data": [{
        "model_id": "wavespeed-ai/infinitetalk",
        "name": "InfiniteTalk",
        "base_price": 0.15,
        "type": "digital-human",
        "api_schema": {"api_schemas": [{"type": "model_run", "request_schema": {
            "type": "object",
            "additionalProperties": false,
            "required": ["image", "audio"],
            "properties": {
                "image": {"type": "string", "x-ui-component": "uploader"},
                "audio": {"type": "string", "x-ui-component": "uploader"},
                "resolution": {"type": "string", "enum": ["480p", "720p"]},
                "seed": {"type": "integer", "minimum": -1},
            },
        }}]},
    }]});
    quick().fault(Fault::at(RequestKind::Other).status(200).body(Body::Value(catalogue)))
}

fn talk() -> Input {
    Input::new("wavespeed-ai/infinitetalk")
        .set("image", "https://media.example/face.png")
        .set("audio", "https://media.example/voice.mp3")
        .set("resolution", "720p")
}

#[tokio::test]
async fn other_models_are_validated_by_their_live_schema_if_requested() {
    let test = TestClient::with(other_models()).await;
    for (input, rule) in [
        (talk().set("resolutoin", "720p"), Rule::UnknownField),
        (talk().set("resolution", "4k"), Rule::Choice),
        (talk().set("seed", Value::Null), Rule::Type),
        (talk().set("seed", -7), Rule::Range),
        (Input::new("wavespeed-ai/infinitetalk").set("image", "x"), Rule::Required),
    ] {
        let error = test.client.run(input.clone()).validate(true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_eq!(error.violations()[0].rule, rule, "{error}");
        assert!(!test.client.validate(input).await.unwrap().is_ok());
    }
    assert!(test.world.requests(RequestKind::Submit).is_empty());

    assert!(test.client.validate(talk()).await.unwrap().is_ok());
    test.client.run(talk()).validate(true).await.unwrap();
    assert_eq!(test.count("GET", "/models"), 1, "the catalogue is kept");

    let error = test.client.submit(Input::new("wavespeed-ai/infinitetalks")).validate(true).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("`wavespeed-ai/infinitetalk`?"), "{error}");
}

#[tokio::test]
async fn the_schema_is_fetched_only_if_requested() {
    let test = TestClient::with(quick()).await;
    let input = Input::new("somebody/something").set("anything", json!({"goes": true}));
    test.client.run(input).await.unwrap();
    assert_eq!(test.count("GET", "/models"), 0);
}

#[tokio::test]
async fn the_catalogue_is_kept_for_an_hour() {
    let test = TestClient::new().await;
    let all = futures_util::future::join_all((0..20).map(|_| test.client.models())).await;
    assert!(all.iter().all(|models| models.as_ref().unwrap().len() == 3));
    assert_eq!(test.count("GET", "/models"), 1, "one fetch serves all");
    test.clock.sleep(Duration::from_secs(59 * 60)).await;
    assert_eq!(test.client.model(TextToVideo::MODEL).await.unwrap().category, "digital-human");
    assert_eq!(test.count("GET", "/models"), 1);
    test.clock.sleep(Duration::from_secs(60)).await;
    test.client.models().await.unwrap();
    assert_eq!(test.count("GET", "/models"), 2);
}

#[tokio::test]
async fn many_runs_take_the_same_options() {
    let test = TestClient::with(quick()).await;
    let inputs = [speech(), speech().voice_id("nobody")];
    let mut results = test.client.run_many(inputs, 2).strict(true);
    let mut ended = Vec::new();
    while let Some(done) = results.next().await {
        ended.push((done.index, done.result.is_ok()));
    }
    ended.sort_unstable();
    assert_eq!(ended, [(0, true), (1, false)]);
}

#[tokio::test]
async fn a_live_list_of_values_has_precedence() {
    let live = |words: &[&str]| {
        let field = json!({"type": "string"});
        let schema = json!({"type": "object", "properties": {
            "video": field, "text": field, "voice_speed": {"type": "number"},
            "voice_id": {"type": "string", "enum": words},
        }});
        let catalogue = json!({"code": 200, "data": [{"model_id": TextToVideo::MODEL,
            "api_schema": {"api_schemas": [{"type": "model_run", "request_schema": schema}]}}]});
        quick().fault(Fault::at(RequestKind::Other).status(200).body(Body::Value(catalogue)))
    };
    let test = TestClient::with(live(&["a_new_voice"])).await;
    let report = test.client.validate(speech().voice_id("a_new_voice")).await.unwrap();
    assert_eq!(report.violations, [], "known to the service, if not to us");
    let report = test.client.validate(speech()).await.unwrap();
    let found: Vec<_> = report.errors().map(|it| (it.field.as_str(), it.rule)).collect();
    assert_eq!(found, [("voice_id", Rule::Choice)], "no more known to the service");
}

#[tokio::test]
async fn what_is_not_a_model_id_is_an_invalid_input_and_sends_nothing() {
    let test = TestClient::new().await;
    let input = || Input::new("voice.mp3").set("prompt", "x");
    let price = test.client.price(input()).await.map(drop);
    for outcome in [
        test.client.run(input()).await.map(drop),
        test.client.run(input()).validate(true).await.map(drop),
        test.client.submit(input()).check_media(false).await.map(drop),
        price,
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains("`voice.mp3` is not a model's id."), "{error}");
    }
    let violations = test.client.validate(input()).await.unwrap().violations;
    assert_eq!(violations.iter().map(|it| it.rule).collect::<Vec<_>>(), [Rule::Model]);
    assert_eq!(test.client.check(input()).await.unwrap().violations, violations);
    assert!(test.world.journal().is_empty());
}
