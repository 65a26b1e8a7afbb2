//! `viseme webhook verify` against what the mock server signed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::process::Stdio;

use support::{Ended, Stage, finish};
use tokio::io::AsyncWriteExt as _;
use viseme::{AudioToVideo, Client, Config};
use viseme_mock::{Scenario, WebhookDelivery};

const NOBODY: &str = "http://127.0.0.1:9/hook";

/// A stage, and a webhook of it that the mock server tried to send.
async fn stage(script: &str) -> (Stage, WebhookDelivery) {
    let script = format!("webhooks: {{before_answer: true, retries: [], {script}}}");
    let stage = Stage::new(Scenario::parse(&script).unwrap()).await;
    let config = Config::builder().ignore_env();
    let config = config.base_url(stage.world.base_url()).api_key(stage.world.key());
    let client = Client::new(config.build().unwrap()).unwrap();
    let input = AudioToVideo::new("https://media.example/a.mp3", "https://media.example/v.mp4");
    client.submit(input).webhook(NOBODY).await.unwrap();
    let delivery = stage.world.webhooks().remove(0);
    std::fs::write(stage.path("body.json"), &delivery.body).unwrap();
    std::fs::write(stage.path("secret.txt"), stage.world.webhook_secret() + "\n").unwrap();
    (stage, delivery)
}

fn arguments(delivery: &WebhookDelivery, more: &[&str]) -> Vec<String> {
    let attempt = &delivery.attempts[0];
    let mut all = vec!["webhook".to_owned(), "verify".to_owned()];
    all.extend(["--id".to_owned(), delivery.job_id.clone()]);
    all.extend(["--timestamp".to_owned(), attempt.timestamp.to_string()]);
    all.extend(["--signature".to_owned(), attempt.signature.clone().unwrap()]);
    all.extend(more.iter().map(|it| (*it).to_owned()));
    all
}

#[track_caller]
fn assert_refused(ended: &Ended, words: &str) {
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains(words), "{ended:?}");
    assert!(!ended.err.contains("whsec_") && !ended.out.contains("whsec_"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn genuine_wherever_the_secret_comes_from() {
    let (stage, delivery) = stage("").await;
    let arguments = |more: &[&str]| arguments(&delivery, more);
    let expected = format!("genuine\njob: {}\nstatus: completed\noutput: http", delivery.job_id);

    let fetched = stage.viseme(&arguments(&["--body", "body.json"])).await;
    assert_eq!(fetched.code, Some(0), "{fetched:?}");
    assert!(fetched.out.starts_with(&expected), "{fetched:?}");

    let file = ["--body", "body.json", "--secret-file", "secret.txt"];
    let mut command = stage.command(&arguments(&file));
    command.env_remove("WAVESPEED_API_KEY");
    assert_eq!(finish(command).await.code, Some(0), "no key is needed with the secret");

    let mut command = stage.command(&arguments(&["--body", "-", "--json"]));
    command.env_remove("WAVESPEED_API_KEY");
    command.env("WAVESPEED_WEBHOOK_SECRET", stage.world.webhook_secret());
    command.stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(delivery.body.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["webhook_id"], delivery.job_id.as_str());
    assert_eq!(told["prediction"]["input"]["audio"], "https://media.example/a.mp3");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_with_the_reason() {
    let (stage, delivery) = stage("timestamp_offset: -10m").await;
    let body = ["--body", "body.json"];
    let ended = stage.viseme(&arguments(&delivery, &body)).await;
    assert_refused(&ended, "at most 300 s are taken");
    let lenient = ["--body", "body.json", "--tolerance", "1h"];
    assert_eq!(stage.viseme(&arguments(&delivery, &lenient)).await.code, Some(0));

    let changed = delivery.body.replace("completed", "Completed");
    std::fs::write(stage.path("changed.json"), changed).unwrap();
    let changed = ["--body", "changed.json", "--json"];
    let ended = stage.viseme(&arguments(&delivery, &changed)).await;
    assert_eq!(ended.code, Some(3));
    assert_eq!(ended.json()["error"]["code"], "webhook");

    let mut wrong = arguments(&delivery, &body);
    let signature = wrong.iter().position(|it| it.starts_with("v3,")).unwrap();
    wrong[signature] = "v1,c2lnbmF0dXJl".to_owned();
    assert_refused(&stage.viseme(&wrong).await, "Standard Webhooks");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use() {
    let (stage, delivery) = stage("").await;
    std::fs::write(stage.path("empty.txt"), "\n").unwrap();
    for more in [
        &["--body", "none.json"][..],
        &["--body", "."],
        &["--body", "body.json", "--secret-file", "none.txt"],
        &["--body", "body.json", "--secret-file", "empty.txt"],
        &["--body", "body.json", "--tolerance", "long"],
        &[],
    ] {
        let ended = stage.viseme(&arguments(&delivery, more)).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}
