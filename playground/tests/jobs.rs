//! Quotes, jobs and their records, against a mock of the service.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Browser, MODEL, live, send};
use tokio::runtime::Runtime;
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World};
use viseme_playground::Playground;

/// A scenario whose jobs complete after this time.
fn slow(end: Duration) -> Scenario {
    let timeline = Timeline::standard(Duration::from_millis(100), end, "completed");
    Scenario::new().job(JobRule::new(timeline))
}

/// The files with records in a folder.
fn records(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|it| it == "json")).collect()
}

#[tokio::test]
async fn a_quote_pays_for_one_job_however_often_it_is_used_and_the_key_is_in_no_response() {
    let mock = MockServer::start().await.unwrap();
    let world = mock.world();
    let folder = tempfile::tempdir().unwrap();
    let playground = live(&world).records(folder.path()).start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    for path in ["/", "/app.js", "/api/session", "/api/account"] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    let quote = json!({ "quote": browser.quote().await });

    // As from a double click: all at once.
    let (port, body) = (browser.port, quote.to_string());
    let headers = [
        ("Host", browser.host.clone()),
        ("Origin", browser.origin.clone()),
        ("Cookie", browser.cookie.clone()),
        ("Content-Type", "application/json".to_owned()),
    ];
    let mut clicks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (headers, body) = (headers.clone(), body.clone());
        clicks.spawn(async move {
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            send(port, "POST", "/api/jobs", &headers, body.as_bytes()).await
        });
    }
    let responses = clicks.join_all().await;
    let started: Vec<_> = responses.iter().filter(|response| response.status == 201).collect();
    assert_eq!(started.len(), 1);
    let id = started[0].json()["id"].clone();
    for refused in responses.iter().filter(|response| response.status != 201) {
        assert_eq!((refused.status, refused.code().as_str()), (409, "quote_used"));
        assert_eq!(refused.json()["error"]["job"], id);
    }
    let job = browser.until("done").await;
    assert_eq!(job["id"], id);
    let again = browser.post_json("/api/jobs", &quote).await;
    assert_eq!((again.status, again.code().as_str()), (409, "quote_used"));
    assert_eq!(world.ledger().charges.len(), 1);
    assert_eq!(records(folder.path()), [] as [PathBuf; 0], "the record of an ended job is removed");

    let url = job["output"]["url"].as_str().unwrap();
    let whole = browser.get(url).await;
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("video/mp4")));
    assert_eq!(job["output"]["bytes"], whole.body.len());
    let headers =
        [("Host", browser.host.as_str()), ("Cookie", &browser.cookie), ("Range", "bytes=4-7")];
    let part = send(browser.port, "GET", url, &headers, b"").await;
    assert_eq!((part.status, part.body.as_slice()), (206, &b"ftyp"[..]));
    let download = browser.get(&format!("{url}?download=1")).await;
    assert!(download.header("content-disposition").unwrap().starts_with("attachment"));

    let received = String::from_utf8_lossy(&browser.received).into_owned();
    assert!(!received.contains(world.key()), "the key is in a response");
    assert!(received.contains(MODEL), "the responses were recorded");
}

#[tokio::test]
async fn invalid_input_gets_no_quote_and_an_unknown_quote_no_job() {
    let mock = MockServer::start().await.unwrap();
    let world = mock.world();
    let playground = live(&world).start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let voice = browser.add_sample("audio", "voice.mp3").await;
    let input = json!({"model": MODEL, "values": {"audio": voice, "video": voice}});
    let response = browser.post_json("/api/quotes", &input).await;
    assert_eq!((response.status, response.code().as_str()), (422, "invalid_input"));
    let message = response.json()["error"]["violations"][0]["message"].to_string();
    assert!(message.contains("voice.mp3 is an MP3 audio file"), "{message}");
    let response = browser.post_json("/api/jobs", &json!({"quote": "nothing"})).await;
    assert_eq!((response.status, response.code().as_str()), (404, "quote_unknown"));
    assert!(world.ledger().charges.is_empty());
    let uploads = browser.received.len();
    assert!(uploads > 0);
}

#[tokio::test]
async fn a_failed_job_shows_the_reason() {
    let scenario = "jobs: [{timeline: [{created: 0s}, {failed: 0.2s}], code: 1402, error: No face was found.}]";
    let scenario = Scenario::parse(scenario).unwrap();
    let playground = Playground::offline().scenario(scenario).start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let quote = json!({ "quote": browser.quote().await });
    assert_eq!(browser.post_json("/api/jobs", &quote).await.status, 201);
    let job = browser.until_failed().await;
    let error = &job["error"];
    assert_eq!((&error["code"], &job["can_resume"]), (&json!("job_failed"), &json!(false)));
    assert!(error["message"].as_str().unwrap().contains("No face was found"), "{error}");
    assert_eq!(playground.open_jobs(), []);
}

#[tokio::test]
async fn a_failed_download_is_resumed_without_another_submit() {
    let mock = MockServer::start().await.unwrap();
    let world = mock.world();
    world.add_fault(Fault::at(RequestKind::Output).nth(1).status(404));
    let folder = tempfile::tempdir().unwrap();
    let playground = live(&world).records(folder.path()).start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let quote = json!({ "quote": browser.quote().await });
    let id = browser.post_json("/api/jobs", &quote).await.json()["id"].clone();
    let path = format!("/api/jobs/{}/resume", id.as_str().unwrap());
    let early = browser.post_json(&path, &json!({})).await;
    assert_eq!((early.status, early.code().as_str()), (409, "not_resumable"));
    let failed = browser.until_failed().await;
    assert_eq!(failed["can_resume"], true, "{failed}");
    assert_eq!(records(folder.path()).len(), 1, "the output is not saved yet");
    assert_eq!(browser.post_json(&path, &json!({})).await.status, 200);
    let job = browser.until("done").await;
    assert_eq!((&job["id"], &job["can_resume"]), (&id, &json!(false)));
    assert!(browser.get(job["output"]["url"].as_str().unwrap()).await.body.len() > 100_000);
    assert_eq!(world.ledger().charges.len(), 1);
    assert!(records(folder.path()).is_empty());
    let unknown = browser.post_json("/api/jobs/x/resume", &json!({})).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn temporary_files_go_with_the_playground() {
    let playground = Playground::offline().start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let before = folders();
    browser.add_sample("video", "face.mp4").await;
    let own: Vec<_> = folders().into_iter().filter(|folder| holds_a_file(folder)).collect();
    assert!(!own.is_empty() && !before.is_empty());
    drop(playground);
    let left: Vec<_> = own.iter().filter(|folder| folder.exists()).collect();
    assert!(left.len() < own.len(), "{left:?}");
}

/// The folders of all playgrounds of this machine.
fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let is_own = |path: &PathBuf| {
        path.file_name().unwrap().to_string_lossy().starts_with("viseme-playground-")
    };
    entries.map(|entry| entry.path()).filter(is_own).collect()
}

fn holds_a_file(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// Starts a job in a process of its own, as far as a test can: a runtime that stops in the middle.
fn start_and_die(world: &World, folder: &Path) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let playground = live(world).records(folder).start().await.unwrap();
        let mut browser = Browser::open(&playground).await;
        let quote = json!({ "quote": browser.quote().await });
        assert_eq!(browser.post_json("/api/jobs", &quote).await.status, 201);
        let job = browser.until("processing").await;
        let open = playground.open_jobs();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].job_id.as_deref(), job["job_id"].as_str());
        tokio::time::timeout(Duration::from_secs(5), playground.submits_answered()).await.unwrap();
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
}

/// Starts another playground, and waits until it has the output of the job.
fn resume(world: &World, folder: &Path) -> Value {
    Runtime::new().unwrap().block_on(async {
        let playground = live(world).records(folder).start().await.unwrap();
        let mut browser = Browser::open(&playground).await;
        browser.until("done").await
    })
}

#[test]
fn a_job_of_a_process_that_died_is_continued_and_not_submitted_again() {
    let runtime = Runtime::new().unwrap();
    let mock = runtime.block_on(MockServer::start()).unwrap();
    let folder = tempfile::tempdir().unwrap();

    // Its id is known.
    let world = mock.world_with(slow(Duration::from_secs(3)));
    start_and_die(&world, folder.path());
    let saved = records(folder.path());
    assert_eq!(saved.len(), 1);
    let text = std::fs::read_to_string(&saved[0]).unwrap();
    assert!(!text.contains(world.key()), "{text}");
    let job = resume(&world, folder.path());
    assert_eq!(job["is_resumed"], true);
    assert_eq!(world.ledger().charges.len(), 1);
    assert!(records(folder.path()).is_empty());

    // It died before the response: the history has the job.
    let world = mock.world_with(slow(Duration::from_secs(3)));
    start_and_die(&world, folder.path());
    let saved = records(folder.path());
    let mut submit: Value = serde_json::from_slice(&std::fs::read(&saved[0]).unwrap()).unwrap();
    let id = submit["job_id"].take();
    assert!(id.is_string());
    std::fs::write(&saved[0], submit.to_string()).unwrap();
    let job = resume(&world, folder.path());
    assert_eq!(job["job_id"], id);
    assert_eq!(world.ledger().charges.len(), 1);
    assert!(records(folder.path()).is_empty());
}

#[tokio::test]
async fn nothing_is_submitted_if_the_record_cannot_be_saved() {
    let mock = MockServer::start().await.unwrap();
    let world = mock.world();
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let playground = live(&world).records(&records).start().await.unwrap();
    let mut browser = Browser::open(&playground).await;
    let quote = json!({ "quote": browser.quote().await });
    std::fs::remove_dir_all(&records).unwrap();
    assert_eq!(browser.post_json("/api/jobs", &quote).await.status, 201);
    let message = browser.until_failed().await["error"]["message"].to_string();
    assert!(message.contains("nothing was sent"), "{message}");
    assert!(world.ledger().charges.is_empty());
}
