//! `viseme webhook verify` with webhooks that the mock server signed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use std::process::Stdio;

use crate::support::{Finished, Harness, finish};
use tokio::io::AsyncWriteExt as _;
use viseme::{AudioToVideo, Client, Config};
use viseme_mock::{Scenario, WebhookDelivery};

const UNREACHABLE: &str = "http://127.0.0.1:9/hook";

/// A harness, and a webhook that its mock server tried to send.
async fn harness_with_webhook(script: &str) -> (Harness, WebhookDelivery) {
    let script = format!("webhooks: {{before_answer: true, retries: [], {script}}}");
    let harness = Harness::new(Scenario::parse(&script).unwrap()).await;
    let config = Config::builder().ignore_env();
    let config = config.base_url(harness.world.base_url()).api_key(harness.world.key());
    let client = Client::new(config.build().unwrap()).unwrap();
    let input = AudioToVideo::new()
        .audio("https://media.example/a.mp3")
        .video("https://media.example/v.mp4");
    client.submit(input).webhook(UNREACHABLE).await.unwrap();
    let delivery = harness.world.webhooks().remove(0);
    std::fs::write(harness.path("body.json"), &delivery.body).unwrap();
    std::fs::write(harness.path("secret.txt"), harness.world.webhook_secret() + "\n").unwrap();
    (harness, delivery)
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
fn assert_rejected(result: &Finished, words: &str) {
    assert_eq!(result.code, Some(3), "{result:?}");
    assert!(result.err.contains(words), "{result:?}");
    assert!(!result.err.contains("whsec_") && !result.out.contains("whsec_"), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_fetched_or_read_from_a_file_or_the_environment() {
    let (harness, delivery) = harness_with_webhook("").await;
    let arguments = |more: &[&str]| arguments(&delivery, more);
    let expected = format!("genuine\njob: {}\nstatus: completed\noutput: http", delivery.job_id);

    let fetched = harness.viseme(&arguments(&["--body", "body.json"])).await;
    assert_eq!(fetched.code, Some(0), "{fetched:?}");
    assert!(fetched.out.starts_with(&expected), "{fetched:?}");

    let file = ["--body", "body.json", "--secret-file", "secret.txt"];
    let mut command = harness.command(&arguments(&file));
    command.env_remove("WAVESPEED_API_KEY");
    assert_eq!(finish(command).await.code, Some(0), "no key is needed with the secret");

    let mut command = harness.command(&arguments(&["--body", "-", "--json"]));
    command.env_remove("WAVESPEED_API_KEY");
    command.env("WAVESPEED_WEBHOOK_SECRET", harness.world.webhook_secret());
    command.stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(delivery.body.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["webhook_id"], delivery.job_id.as_str());
    assert_eq!(printed["prediction"]["input"]["audio"], "https://media.example/a.mp3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_genuine_is_rejected_with_the_reason() {
    let (harness, delivery) = harness_with_webhook("timestamp_offset: -10m").await;
    let body = ["--body", "body.json"];
    let result = harness.viseme(&arguments(&delivery, &body)).await;
    assert_rejected(&result, "at most 300 s are allowed");
    let lenient = ["--body", "body.json", "--tolerance", "1h"];
    assert_eq!(harness.viseme(&arguments(&delivery, &lenient)).await.code, Some(0));

    let changed = delivery.body.replace("completed", "Completed");
    std::fs::write(harness.path("changed.json"), changed).unwrap();
    let changed = ["--body", "changed.json", "--json"];
    let result = harness.viseme(&arguments(&delivery, &changed)).await;
    assert_eq!(result.code, Some(3));
    assert_eq!(result.json()["error"]["code"], "webhook");

    let mut wrong = arguments(&delivery, &body);
    let signature = wrong.iter().position(|it| it.starts_with("v3,")).unwrap();
    wrong[signature] = "v1,c2lnbmF0dXJl".to_owned();
    assert_rejected(&harness.viseme(&wrong).await, "Standard Webhooks");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_exit_code_2() {
    let (harness, delivery) = harness_with_webhook("").await;
    std::fs::write(harness.path("empty.txt"), "\n").unwrap();
    for more in [
        &["--body", "none.json"][..],
        &["--body", "."],
        &["--body", "body.json", "--secret-file", "none.txt"],
        &["--body", "body.json", "--secret-file", "empty.txt"],
        &["--body", "body.json", "--tolerance", "long"],
        &[],
    ] {
        let result = harness.viseme(&arguments(&delivery, more)).await;
        assert_eq!(result.code, Some(2), "{result:?}");
    }
}
