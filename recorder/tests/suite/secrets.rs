//! A key in every place of a message.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use viseme_recorder::RecorderError;

use crate::support::{MODEL, Stage, finish, input};

/// Returns the forms in which a key can be in a text.
fn forms(key: &str) -> Vec<(&'static str, String)> {
    let percent: String = key.bytes().map(|byte| format!("%{byte:02x}")).collect();
    vec![
        ("plain", key.to_owned()),
        ("percent-encoded", percent.clone()),
        ("percent-encoded in upper case", percent.to_uppercase()),
        ("Base64", STANDARD.encode(key)),
        ("Base64 within a text", STANDARD.encode(format!("u:{key}!"))),
        ("Base64 at the third place", URL_SAFE_NO_PAD.encode(format!("a:{key}:b"))),
        ("Unicode escapes", key.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect()),
    ]
}

/// Returns the text of all files in a folder.
fn all_files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            text += &all_files(&entry.path());
        } else {
            text += &String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap());
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_any_place_of_a_message_is_never_written() {
    let server = Stage::new("").await;
    let key = "mock-K3y+with/odd=chars";
    for (form, text) in forms(key) {
        // Each place of a response, with the fault that puts the text there.
        let error = json!({"status": 400, "body": {"value": {"code": 400, "message": text, "x": {text.clone(): [text]}}}});
        let page = json!({"status": 502, "body": {"text": format!("<html>{text}</html>")}});
        let location =
            json!({"status": 302, "location": format!("/next/{}", text.replace('\\', ""))});
        let scenario = json!({"faults": [
            {"at": "submit", "nth": 2, "do": error},
            {"at": "submit", "nth": 3, "do": page},
            {"at": "submit", "nth": 4, "do": location},
            {"at": "poll", "do": {"merge": {"data": {"error": text, "outputs": [format!("https://a.example/{}?sig={text}", text.replace('\\', ""))]}}}},
        ]});
        let folder = tempfile::tempdir().unwrap();
        let mut stage = Stage::new("").await;
        stage.folder = folder;
        let world = stage
            .server
            .world_with_id("planted", viseme_mock::Scenario::parse(&scenario.to_string()).unwrap())
            .unwrap();
        let recorder = stage.recorder().await;
        let mut api = stage.api(&recorder.url());
        api.key = world.key().to_owned();
        // The key that is planted was seen in one request.
        let (status, _) =
            crate::support::response_of(api.http.get(api.url("balance")).bearer_auth(key)).await;
        assert!(status == 200 || status == 401, "{status}");
        let mut planted = input();
        planted["prompt"] = json!(text);
        planted["nested"] = json!({text.clone(): text});
        let plain = text.replace('\\', "");
        for _ in 0..4 {
            let path = format!("{MODEL}?api_key={plain}&{plain}=1");
            let request = api.http.post(api.url(&path)).bearer_auth(&api.key).json(&planted);
            let _ = crate::support::response_of(
                request.header("user-agent", plain.clone()).header("x-request-id", plain.clone()),
            )
            .await;
        }
        let (_, state) = api.get(&format!("predictions/{}/result", world.jobs()[0].id)).await;
        assert_ne!(state["data"], Value::Null, "{state}");
        let _ = api.get(&format!("predictions/{plain}/result")).await;
        finish(recorder);
        let written = all_files(stage.folder.path());
        assert!(written.len() > 1000);
        for (name, text) in forms(key) {
            assert!(!written.contains(&text), "{form}: {name} is in the recording:\n{written}");
        }
    }
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_kept_media_deletes_the_file_and_fails() {
    let stage = Stage::new("").await;
    let recorder = stage.builder().keep_media(true).start().await.unwrap();
    let api = stage.api(&recorder.url());
    for (name, bytes) in
        [("good.mp4", b"harmless".to_vec()), ("bad.mp4", format!("a{}b", api.key).into_bytes())]
    {
        let ticket = json!({"filename": name, "size": bytes.len(), "content_type": "video/mp4"});
        let (_, ticket) = api.post("media/uploads", &ticket).await;
        let upload = &ticket["data"]["upload"];
        let put = api.http.put(upload["url"].as_str().unwrap()).body(bytes);
        let put = put.header("content-type", "video/mp4").header("if-none-match", "*");
        assert_eq!(crate::support::response_of(put).await.0, 200);
    }
    let failure = recorder.finish().err().unwrap();
    let RecorderError::Secret { files, is_saved: true, .. } = &failure else { panic!("{failure}") };
    assert_eq!(files.len(), 1);
    assert!(failure.to_string().contains("an API key"), "{failure}");
    let written = all_files(&stage.out());
    assert!(written.contains("harmless") && !written.contains(&api.key), "{written}");
}
