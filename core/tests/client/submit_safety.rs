//! A submit is paid for at most once, however it ends.

use std::time::Duration;

use crate::support::{TestClient, remote_input};
use viseme::{Client, Config, ErrorKind, Progress};
use viseme_mock::scenario::{Body, ResponseMutation, RetryAfter, Span};
use viseme_mock::{Fault, RequestKind, Scenario, WireFault};

fn submit() -> Fault {
    Fault::at(RequestKind::Submit).nth(1)
}

#[tokio::test]
async fn a_submit_that_may_have_been_accepted_is_never_sent_again() {
    let lost = [
        ("reset before it was taken", submit().reset(), 0),
        ("reset after it was taken", submit().after_accept().reset(), 1),
        ("closed before", submit().wire(WireFault::Close), 0),
        ("closed after", submit().after_accept().wire(WireFault::Close), 1),
        ("a cut body", submit().after_accept().wire(WireFault::FinAt(40)), 1),
        ("a body that is reset", submit().after_accept().wire(WireFault::ResetAt(40)), 1),
        ("a stalled body", submit().after_accept().wire(WireFault::StallAt(40)), 1),
        ("no response", submit().after_accept().wire(WireFault::Silence), 1),
        ("500 before", submit().status(500), 0),
        ("500 after", submit().after_accept().status(500), 1),
        ("502 with a page", submit().after_accept().status(502).body(Body::Html), 1),
        ("503 with Retry-After", submit().status(503).retry_after_secs(1), 0),
        ("504 without a body", submit().after_accept().status(504).body(Body::Empty), 1),
        ("null data", submit().mutate(ResponseMutation::DataNull), 1),
        ("truncated JSON", submit().mutate(ResponseMutation::TruncateJson(60)), 1),
        ("no id", submit().mutate(ResponseMutation::MissingId), 1),
        ("200 and a page", submit().after_accept().status(200).body(Body::Html), 1),
    ];
    for (what, fault, charges) in lost {
        let scenario = Scenario::new().fault(fault);
        let test = TestClient::configured(scenario, |config| {
            config.request_timeout(Duration::from_secs(2)).recovery_window(Duration::ZERO)
        })
        .await;
        let error = test.client.run(remote_input()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SubmissionUnknown, "{what}: {error}");
        assert!(std::error::Error::source(&error).is_some(), "{what}: the cause is kept");
        assert!(error.message().contains("history"), "{what}: {error}");
        assert_eq!(test.world.requests(RequestKind::Submit).len(), 1, "{what}");
        assert_eq!(test.world.ledger().charges.len(), charges, "{what}");
    }
}

#[tokio::test]
async fn an_id_in_an_unusual_response_is_not_lost() {
    for (what, fault) in [
        ("a byte order mark", submit().mutate(ResponseMutation::ByteOrderMark)),
        ("numbers as strings", submit().mutate(ResponseMutation::NumbersAsStrings)),
        ("not UTF-8", submit().mutate(ResponseMutation::InvalidUtf8)),
        ("null outputs", submit().mutate(ResponseMutation::OutputsNull)),
        ("an unknown status", submit().mutate(ResponseMutation::UnknownStatus("brewing".into()))),
        (
            "a wrong content type",
            submit().mutate(ResponseMutation::ContentType("text/plain".into())),
        ),
        ("a slow response", submit().after_accept().wire(WireFault::Drip(Span::millis(1)))),
    ] {
        let test = TestClient::with(Scenario::new().job(support_rule()).fault(fault)).await;
        let prediction = test.client.run(remote_input()).await;
        assert!(prediction.is_ok(), "{what}: {prediction:?}");
        assert_eq!(test.world.ledger().charges.len(), 1, "{what}");
    }
}

fn support_rule() -> viseme_mock::JobRule {
    viseme_mock::JobRule::new(viseme_mock::Timeline::after_polls(1))
}

#[tokio::test]
async fn a_rejection_is_final_and_has_a_reason() {
    for (status, kind) in [
        (400, ErrorKind::BadRequest),
        (401, ErrorKind::Authentication),
        (402, ErrorKind::InsufficientCredits),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::NotFound),
        (413, ErrorKind::ApiStatus),
        (422, ErrorKind::BadRequest),
        (307, ErrorKind::ApiStatus),
    ] {
        let test = TestClient::with(Scenario::new().fault(submit().status(status))).await;
        let error = test.client.run(remote_input()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert_eq!(error.http().unwrap().status, status);
        assert_eq!(error.job_id(), None);
        assert_eq!(test.world.requests(RequestKind::Submit).len(), 1, "{status}");
        assert!(test.world.ledger().charges.is_empty());
    }
}

#[tokio::test]
async fn a_429_is_sent_again_after_retry_after() {
    let date = RetryAfter::Date { date: Span::secs(9) };
    for (fault, pause) in [
        (submit().status(429), Duration::from_secs(1)),
        (submit().status(429).retry_after_secs(7), Duration::from_secs(7)),
        (submit().status(429).retry_after(date), Duration::from_secs(9)),
        (submit().status(429).retry_after_secs(86_400), Duration::from_secs(300)),
    ] {
        let test = TestClient::with(Scenario::new().job(support_rule()).fault(fault.clone())).await;
        let prediction = test.client.run(remote_input()).await;
        assert!(prediction.is_ok(), "{fault:?}: {prediction:?}");
        assert_eq!(test.world.requests(RequestKind::Submit).len(), 2);
        assert_eq!(test.world.ledger().charges.len(), 1);
        let slept = test.clock.sleeps()[0];
        // The date in the header has whole seconds.
        assert!(slept >= pause && slept <= pause + Duration::from_secs(1), "{slept:?} {pause:?}");
    }
}

#[tokio::test]
async fn an_endless_429_ends() {
    let test =
        TestClient::with(Scenario::new().fault(Fault::at(RequestKind::Submit).status(429))).await;
    let error = test.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimit);
    assert_eq!(error.attempts(), 5);
    assert_eq!(test.world.requests(RequestKind::Submit).len(), 5);
}

#[tokio::test]
async fn no_connection_is_tried_again_and_then_reported() {
    // A port that was free a moment ago: nothing listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = Config::builder()
        .ignore_env()
        .api_key("k")
        .base_url(format!("http://{address}"))
        .check_remote_media(false)
        .build()
        .unwrap();
    let clock = std::sync::Arc::new(crate::support::FastClock::default());
    let client = Client::with_clock(config, clock.clone()).unwrap();
    let attempts = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let listener = {
        let attempts = attempts.clone();
        move |progress| {
            if let Progress::Submitting { attempt, .. } = progress {
                attempts.store(attempt, std::sync::atomic::Ordering::Relaxed);
            }
        }
    };
    let error = client.run(remote_input()).on_progress(listener).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(error.attempts(), 5);
    assert_eq!(attempts.load(std::sync::atomic::Ordering::Relaxed), 5);
    assert_eq!(clock.sleeps().len(), 4);
    assert!(error.message().to_lowercase().contains("refused"), "the cause is named: {error}");
}

#[tokio::test]
async fn a_rejection_keeps_the_text_of_the_service() {
    let fault = submit().status(403).body(Body::Value(serde_json::json!({
        "code": 403, "message": "Role viewer may not run models", "error_code": "role_viewer",
    })));
    let test = TestClient::with(Scenario::new().fault(fault)).await;
    let error = test.client.run(remote_input()).await.unwrap_err();
    assert!(error.message().contains("Role viewer may not run models [role_viewer]"), "{error}");
    assert!(error.http().unwrap().body.contains("role_viewer"));
}

#[tokio::test]
async fn a_hook_that_fails_prevents_the_submit() {
    let test = TestClient::new().await;
    let hook = |record: viseme::SubmitRecord| async move {
        assert_eq!(record.input["audio"], "https://media.example/voice.mp3");
        Err::<(), _>(std::io::Error::other("the disk is full"))
    };
    let results = [
        test.client.run(remote_input()).before_submit(hook).await.map(drop),
        test.client.submit(remote_input()).before_submit(hook).await.map(drop),
    ];
    let mut many = test.client.run_many([remote_input()], 1).before_submit(move |_, it| hook(it));
    for result in results.into_iter().chain([many.next().await.unwrap().result.map(drop)]) {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains("the disk is full"), "{error}");
        let source = std::error::Error::source(&error).unwrap();
        assert!(source.is::<std::io::Error>(), "{source:?}");
    }
    assert!(test.world.requests(RequestKind::Submit).is_empty());
}

#[tokio::test]
async fn the_submit_waits_for_the_hook() {
    let test = TestClient::new().await;
    let world = test.world.clone();
    let hook = move |_| {
        let world = world.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(world.requests(RequestKind::Submit).is_empty(), "nothing was sent before");
            Ok::<(), std::convert::Infallible>(())
        }
    };
    test.client.run(remote_input()).before_submit(hook).await.unwrap();
    assert_eq!(test.world.ledger().charges.len(), 1);
}
