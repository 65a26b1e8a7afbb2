//! Uploads to presigned URLs.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{FACE, TestClient, local_input};
use viseme::{AudioToVideo, ErrorKind, Media};
use viseme_mock::scenario::Body;
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline, WireFault};

#[tokio::test]
async fn an_upload_uses_a_presigned_url_and_not_the_key() {
    let test = TestClient::new().await;
    let url = test.client.upload(Media::bytes("face.mp4", FACE)).await.unwrap();
    let journal = test.world.journal();
    let points: Vec<_> = journal.iter().map(|exchange| exchange.kind).collect();
    assert_eq!(points, [RequestKind::Presign, RequestKind::Put]);
    let presigned = journal[0].body.as_ref().unwrap();
    assert_eq!(presigned["filename"], "face.mp4");
    assert_eq!(presigned["size"], FACE.len());
    assert_eq!(presigned["content_type"], "video/mp4");
    let put = &journal[1];
    assert!(journal[0].authorized && !put.authorized, "the key goes to the API alone");
    let header = |name: &str| put.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(header("content-type"), Some("video/mp4"));
    assert_eq!(header("if-none-match"), Some("*"));
    assert_eq!(header("content-length"), Some(FACE.len().to_string().as_str()));
    assert_eq!(header("transfer-encoding"), None);
    assert!(
        header("x-client-name").is_none(),
        "only the headers of the presigned URL: {:?}",
        put.headers
    );

    let folder = tempfile::tempdir().unwrap();
    let saved = test.client.download(url, folder.path()).await.unwrap();
    assert_eq!(std::fs::read(saved.path).unwrap(), FACE);
}

#[tokio::test]
async fn a_file_is_streamed_from_disk_with_progress() {
    let test = TestClient::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.mp4");
    let content: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(&path, &content).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let seen = Arc::clone(&seen);
        move |sent, total| seen.lock().unwrap().push((sent, total))
    };
    let url = test.client.upload(path).on_progress(listener).await.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.len() > 10, "progress is reported often");
    assert!(seen.is_sorted() && seen.iter().all(|(_, total)| *total == 3_000_000));
    assert_eq!(seen.last(), Some(&(3_000_000, 3_000_000)));
    let saved = test.client.download(url, folder.path().join("back")).await.unwrap();
    assert!(std::fs::read(saved.path).unwrap() == content);
}

#[tokio::test]
async fn a_failed_put_requests_a_new_presigned_url() {
    let put = || Fault::at(RequestKind::Put).nth(1);
    for (what, fault) in [
        ("403", put().status(403).body(Body::Text("<Error/>".into()))),
        ("500", put().status(500)),
        ("a login page", put().status(200).body(Body::Text("<!DOCTYPE html><title>Log in".into()))),
        (
            "an error with a success",
            put().status(200).body(Body::Text(
                "<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>".into(),
            )),
        ),
        ("503 with Retry-After", put().status(503).retry_after_secs(3)),
        ("a reset before", put().reset()),
        ("a reset after", put().after_accept().reset()),
        ("a close", put().wire(WireFault::Close)),
    ] {
        let test = TestClient::with(Scenario::new().fault(fault)).await;
        let url = test.client.upload(Media::bytes("face.mp4", FACE)).await;
        assert!(url.is_ok(), "{what}: {url:?}");
        assert_eq!(test.world.requests(RequestKind::Presign).len(), 2, "{what}");
        let puts = test.world.requests(RequestKind::Put);
        let addresses: HashSet<_> = puts.iter().map(|put| &put.path).collect();
        assert_eq!((puts.len(), addresses.len()), (2, 2), "{what}: a new address each time");
    }
}

#[tokio::test]
async fn a_stalled_put_is_aborted() {
    let fault = Fault::at(RequestKind::Put).nth(1).wire(WireFault::Silence);
    let test = TestClient::configured(Scenario::new().fault(fault), |config| {
        config.stall_timeout(Duration::from_secs(2))
    })
    .await;
    assert!(test.client.upload(Media::bytes("face.mp4", FACE)).await.is_ok());
    assert_eq!(test.world.requests(RequestKind::Put).len(), 2);
}

#[tokio::test]
async fn endless_failures_end_and_cost_nothing() {
    for (fault, kind) in [
        (Fault::at(RequestKind::Put).status(500), ErrorKind::Upload),
        (Fault::at(RequestKind::Presign).status(503), ErrorKind::Server),
        (Fault::at(RequestKind::Presign).status(401), ErrorKind::Authentication),
        (
            Fault::at(RequestKind::Presign).status(200).body(Body::Html),
            ErrorKind::UnexpectedResponse,
        ),
    ] {
        let test = TestClient::with(Scenario::new().fault(fault)).await;
        let error = test.client.run(local_input()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.http().is_some());
        assert!(test.world.requests(RequestKind::Submit).is_empty());
        assert!(test.world.ledger().charges.is_empty());
    }
}

#[tokio::test]
async fn both_media_go_up_side_by_side() {
    // Each response takes a while; the second PUT must not wait for it.
    let slow =
        Fault::at(RequestKind::Put).wire(WireFault::Delay(viseme_mock::scenario::Span::secs(3)));
    let scenario = Scenario::new().job(JobRule::new(Timeline::after_polls(1))).fault(slow);
    let test = TestClient::with(scenario).await;
    test.client.run(local_input()).await.unwrap();
    let puts = test.world.requests(RequestKind::Put);
    assert_eq!(puts.len(), 2);
    assert_ne!(puts[0].connection, puts[1].connection);
    // The second arrived before the response to the first.
    assert!(puts[1].wall_ms < puts[0].wall_ms + 3000, "{} {}", puts[0].wall_ms, puts[1].wall_ms);
}

#[tokio::test]
async fn a_refused_input_sends_nothing() {
    let test = TestClient::new().await;
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &[0; 64]].concat();
    let input = AudioToVideo::new()
        .audio(Media::bytes("voice.mp3", &b""[..]))
        .video(Media::bytes("face.mp4", png));
    let error = test.client.run(input.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let fields: HashSet<_> = error.violations().iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, HashSet::from(["audio", "video"]), "all violations at once: {error}");
    assert!(error.message().contains("PNG"), "{error}");
    assert!(test.world.journal().is_empty());

    let missing =
        AudioToVideo::new().audio("no-such-voice.mp3").video(Media::bytes("face.mp4", FACE));
    let error = test.client.submit(missing.clone()).await.unwrap_err();
    assert!(error.message().contains("no-such-voice.mp3"), "{error}");
    let error = test.client.submit(missing).check_media(false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "a file that is not there cannot be sent");
    assert!(test.world.journal().is_empty());

    test.client.submit(input).check_media(false).await.unwrap();
    assert_eq!(test.world.ledger().charges.len(), 1, "the caller may turn the check off");
}

#[tokio::test]
async fn a_file_that_changes_is_not_sent_in_part() {
    let test = TestClient::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("face.mp4");
    std::fs::write(&path, FACE).unwrap();
    let shorten = {
        let path = path.clone();
        move |progress| {
            if matches!(progress, viseme::Progress::Checked(_)) {
                std::fs::write(&path, &FACE[..1000]).unwrap();
            }
        }
    };
    let input = AudioToVideo::new().audio("https://media.example/voice.mp3").video(path);
    let error = test.client.run(input).on_progress(shorten).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("changed"), "{error}");
    assert!(test.world.requests(RequestKind::Put).is_empty());
    assert!(test.world.ledger().charges.is_empty());
}
