//! Downloads: whole or not at all.

use std::path::Path;
use std::time::Duration;

use crate::support::{FACE, TestClient};
use viseme::{ErrorKind, Media};
use viseme_mock::scenario::{FaultAction, ResponseMutation, Span, StatusResponse};
use viseme_mock::{Fault, RequestKind, Scenario, WireFault};

fn output() -> Fault {
    Fault::at(RequestKind::Output)
}

async fn uploaded(scenario: Scenario) -> (TestClient, String) {
    let test = TestClient::configured(scenario, |config| {
        config.stall_timeout(Duration::from_secs(2)).request_timeout(Duration::from_secs(2))
    })
    .await;
    let url = test.client.upload(Media::bytes("face.mp4", FACE)).await.unwrap();
    (test, url.into())
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_broken_download_is_resumed() {
    let first = || output().nth(1);
    for (what, fault, resumes) in [
        ("a close", first().wire(WireFault::FinAt(100_000)), true),
        ("a reset", first().wire(WireFault::ResetAt(100_000)), true),
        ("a stall", first().wire(WireFault::StallAt(100_000)), true),
        ("a reset before the first byte", first().reset(), false),
        ("503", first().status(503).retry_after_secs(2), false),
        ("silence", first().wire(WireFault::Silence), false),
    ] {
        let (test, url) = uploaded(Scenario::new().fault(fault)).await;
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("out.mp4");
        let saved = test.client.download(&url, &to).await.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!((saved.path.as_path(), saved.bytes), (to.as_path(), FACE.len() as u64));
        assert!(std::fs::read(&to).unwrap() == FACE, "{what}");
        assert_eq!(names(folder.path()), ["out.mp4"], "{what}: nothing else is left");
        let requests = test.world.requests(RequestKind::Output);
        assert_eq!(requests.len(), 2, "{what}");
        let range = requests[1].headers.iter().find(|(name, _)| name == "range");
        assert_eq!(range.is_some(), resumes, "{what}: {range:?}");
        assert!(requests.iter().all(|request| !request.authorized), "{what}: the key stays home");
    }
}

#[tokio::test]
async fn a_download_that_drips_is_resumed_and_given_up_after_the_retries() {
    let drip = || WireFault::Drip(Span::millis(100));
    let (test, url) = uploaded(Scenario::new().fault(output().nth(1).wire(drip()))).await;
    let folder = tempfile::tempdir().unwrap();
    let saved = test.client.download(&url, folder.path().join("out.mp4")).await.unwrap();
    assert!(std::fs::read(saved.path).unwrap() == FACE);
    let requests = test.world.requests(RequestKind::Output);
    assert_eq!(requests.len(), 2);
    assert!(requests[1].headers.iter().any(|(name, _)| name == "range"));

    let test = TestClient::configured(Scenario::new().fault(output().wire(drip())), |config| {
        config.stall_timeout(Duration::from_secs(1)).max_retries(2)
    })
    .await;
    let url = test.client.upload(Media::bytes("face.mp4", FACE)).await.unwrap();
    let to = folder.path().join("dripping.mp4");
    let error = test.client.download(url.as_str(), &to).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Download);
    assert!(error.message().contains("less than 100 bytes a second arrived for 1 s"), "{error}");
    assert_eq!(test.world.requests(RequestKind::Output).len(), 3, "each byte is no progress");
    assert!(!to.exists());
}

#[tokio::test]
async fn a_server_without_ranges_is_read_from_the_start() {
    let scenario = Scenario::new()
        .fault(output().nth(1).wire(WireFault::FinAt(100_000)))
        .fault(output().nth(2).mutate(ResponseMutation::RangeIgnored));
    let (test, url) = uploaded(scenario).await;
    let folder = tempfile::tempdir().unwrap();
    let saved = test.client.download(&url, folder.path().join("out.mp4")).await.unwrap();
    assert!(std::fs::read(saved.path).unwrap() == FACE);
}

#[tokio::test]
async fn a_download_shorter_than_announced_starts_over() {
    let (test, url) =
        uploaded(Scenario::new().fault(output().nth(1).wire(WireFault::WrongLength(1000)))).await;
    let folder = tempfile::tempdir().unwrap();
    let saved = test.client.download(&url, folder.path().join("out.mp4")).await.unwrap();
    assert!(std::fs::read(saved.path).unwrap() == FACE);
    // The first request is for a range behind the end, the second for the whole file.
    assert_eq!(test.world.requests(RequestKind::Output).len(), 3);

    let (test, url) =
        uploaded(Scenario::new().fault(output().wire(WireFault::WrongLength(1000)))).await;
    let error = test.client.download(&url, folder.path().join("2.mp4")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Download, "it ends");
}

#[tokio::test]
async fn a_failed_download_leaves_nothing() {
    for (what, fault) in [
        ("404", output().status(404)),
        ("403", output().status(403)),
        ("endless 503", output().status(503)),
        ("no progress", output().reset()),
    ] {
        let (test, url) = uploaded(Scenario::new().fault(fault)).await;
        let folder = tempfile::tempdir().unwrap();
        let error = test.client.download(&url, folder.path().join("out.mp4")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Download, "{what}: {error}");
        assert!(names(folder.path()).is_empty(), "{what}");
    }
}

#[tokio::test]
async fn the_size_is_bounded() {
    let (test, url) = uploaded(Scenario::new()).await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out.mp4");
    let error = test.client.download(&url, &to).max_bytes(1000).await.unwrap_err();
    assert!(error.message().contains("1000"), "{error}");
    assert!(names(folder.path()).is_empty());
    assert!(test.client.download(&url, &to).max_bytes(FACE.len() as u64).await.is_ok());
}

#[tokio::test]
async fn names_in_a_folder_are_taken_from_the_url_and_never_overwrite() {
    let (test, url) = uploaded(Scenario::new()).await;
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        test.client.download(&url, folder.path()).await.unwrap();
    }
    assert_eq!(names(folder.path()), ["face-1.mp4", "face-2.mp4", "face.mp4"]);
    let to = folder.path().join("face.mp4");
    std::fs::write(&to, "old").unwrap();
    test.client.download(&url, &to).await.unwrap();
    assert!(std::fs::read(&to).unwrap() == FACE, "a named file is replaced");
}

#[tokio::test]
async fn redirects_are_followed_and_bounded() {
    let redirect = |nth: Option<u64>, location: &str| Fault {
        nth: nth.map(viseme_mock::scenario::Nth::One),
        action: FaultAction::Status(StatusResponse {
            status: 302,
            retry_after: None,
            body: None,
            location: Some(location.to_owned()),
        }),
        ..output()
    };
    let (test, url) = uploaded(Scenario::new()).await;
    let folder = tempfile::tempdir().unwrap();
    test.world.add_fault(redirect(Some(1), &url));
    assert!(test.client.download(&url, folder.path().join("a")).await.is_ok());

    test.world.set_scenario(Scenario::new().fault(redirect(None, &url)));
    let error = test.client.download(&url, folder.path().join("b")).await.unwrap_err();
    assert!(error.message().contains("redirected"), "{error}");

    test.world.set_scenario(Scenario::new().fault(redirect(None, "ftp://127.0.0.1/x")));
    let error = test.client.download(&url, folder.path().join("c")).await.unwrap_err();
    assert!(error.message().contains("ftp"), "{error}");
    assert_eq!(names(folder.path()), ["a"]);
}

#[tokio::test]
async fn a_failed_download_or_save_is_an_error() {
    let (test, url) = uploaded(Scenario::new()).await;
    for (url, to, word) in [
        (
            url.as_str(),
            "/no/such/folder/out.mp4",
            "saved: the folder /no/such/folder does not exist. Create it first.",
        ),
        (url.as_str(), "none/x.mp4", "saved: the folder none does not exist. Create it first."),
        ("no url", "out.mp4", "not a URL"),
        ("http://example.com/out.mp4", "out.mp4", "https"),
        ("file:///etc/passwd", "out.mp4", "https"),
    ] {
        let error = test.client.download(url, to).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Download);
        assert!(error.message().contains(word), "{error}");
    }
    let running = viseme::Prediction::new("j1", viseme::Status::Processing);
    let error = test.client.download_output(&running, "out.mp4").await.unwrap_err();
    assert_eq!((error.kind(), error.job_id()), (ErrorKind::Download, Some("j1")));
}

#[tokio::test]
async fn a_dropped_download_leaves_nothing() {
    let stalled = output().wire(WireFault::StallAt(100_000));
    let (test, url) = uploaded(Scenario::new().fault(stalled)).await;
    let folder = tempfile::tempdir().unwrap();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let begun = std::sync::Mutex::new(Some(begun));
    let download =
        test.client.download(&url, folder.path().join("out.mp4")).on_progress(move |_, _| {
            if let Some(begun) = begun.lock().unwrap().take() {
                begun.send(()).unwrap();
            }
        });
    tokio::select! {
        result = download.into_future() => panic!("it stalls: {result:?}"),
        began = begins => began.unwrap(),
    }
    assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
}
