//! A failed poll never loses the job.

use std::time::Duration;

use crate::support::{TestClient, remote_input};
use viseme::{ErrorKind, Progress, Status};
use viseme_mock::scenario::{Body, Nth, ResponseMutation, RetryAfter, Span};
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline, WireFault};

fn poll() -> Fault {
    Fault::at(RequestKind::Poll).nth(1)
}

fn completes() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::after_polls(1)))
}

#[tokio::test]
async fn temporary_failures_are_retried() {
    for (what, fault) in [
        ("429", poll().status(429)),
        ("500", poll().status(500)),
        ("502 with a page", poll().status(502).body(Body::Html)),
        ("503 with Retry-After", poll().status(503).retry_after_secs(7)),
        ("504 without a body", poll().status(504).body(Body::Empty)),
        ("a gateway's page with 200", poll().status(200).body(Body::Html)),
        ("another envelope with 200", poll().status(200).body(Body::WrongEnvelope)),
        ("a reset", poll().reset()),
        ("a close", poll().wire(WireFault::Close)),
        ("a cut body", poll().wire(WireFault::FinAt(30))),
        ("a reset body", poll().wire(WireFault::ResetAt(30))),
        ("silence", poll().wire(WireFault::Silence)),
        ("a stalled body", poll().wire(WireFault::StallAt(30))),
        ("null data", poll().mutate(ResponseMutation::DataNull)),
        ("truncated JSON", poll().mutate(ResponseMutation::TruncateJson(80))),
        ("not UTF-8", poll().mutate(ResponseMutation::InvalidUtf8)),
        ("garbage after the JSON", poll().mutate(ResponseMutation::TrailingGarbage)),
        ("another job's id", poll().mutate(ResponseMutation::WrongId)),
        ("404 right after the submit", poll().status(404)),
    ] {
        let test = TestClient::configured(completes().fault(fault), |config| {
            config.request_timeout(Duration::from_secs(2))
        })
        .await;
        let prediction = test.client.run(remote_input()).await;
        assert_eq!(prediction.unwrap().status, Status::Completed, "{what}");
        assert_eq!(test.world.requests(RequestKind::Poll).len(), 2, "{what}");
        assert_eq!(test.world.ledger().charges.len(), 1, "{what}");
    }
}

#[tokio::test]
async fn unusual_responses_are_understood() {
    for (what, fault) in [
        ("an unknown status", poll().mutate(ResponseMutation::UnknownStatus("brewing".into()))),
        ("numbers as strings", poll().mutate(ResponseMutation::NumbersAsStrings)),
        ("no id", poll().mutate(ResponseMutation::MissingId)),
        ("a byte order mark", poll().mutate(ResponseMutation::ByteOrderMark)),
        ("objects as outputs", poll().mutate(ResponseMutation::OutputsObjects)),
        ("one byte at a time", poll().wire(WireFault::Drip(Span::millis(1)))),
    ] {
        let test = TestClient::with(completes().fault(fault)).await;
        let prediction = test.client.run(remote_input()).await.unwrap();
        assert_eq!(prediction.status, Status::Completed, "{what}");
        assert!(prediction.output_url().is_some(), "{what}");
    }
}

#[tokio::test]
async fn retry_after_is_obeyed_in_each_form() {
    for (retry_after, expected) in [
        (RetryAfter::Seconds(Span::secs(7)), 7),
        (RetryAfter::Date { date: Span::secs(7) }, 7),
        (RetryAfter::Raw { raw: "soon".into() }, 1),
        (RetryAfter::Raw { raw: "-5".into() }, 1),
        (RetryAfter::Raw { raw: "99999999999999999999".into() }, 300),
    ] {
        let fault = poll().status(503).retry_after(retry_after.clone());
        let test = TestClient::with(completes().fault(fault)).await;
        test.client.run(remote_input()).await.unwrap();
        let sleeps = test.clock.sleeps();
        assert_eq!(sleeps.len(), 2, "before the first poll and after its failure: {sleeps:?}");
        let slept = sleeps[1].as_secs();
        // The date in the header has whole seconds.
        assert!((expected..=expected + 1).contains(&slept), "{retry_after:?}: {slept}");
    }
}

#[tokio::test]
async fn a_429_slows_the_whole_client() {
    let fault = poll().status(429).retry_after_secs(60);
    let test = TestClient::with(completes().fault(fault)).await;
    let first = test.client.submit(remote_input()).await.unwrap();
    let second = test.client.submit(remote_input()).await.unwrap();
    let (first, second) = tokio::join!(first.wait(), second.wait());
    assert!(first.is_ok() && second.is_ok());
    let slow = test.clock.sleeps().iter().filter(|slept| slept.as_secs() >= 55).count();
    assert!(slow >= 1, "{:?}", test.clock.sleeps());
}

#[tokio::test]
async fn rejected_polls_end_the_wait_with_the_job_id() {
    for (status, kind) in [
        (400, ErrorKind::BadRequest),
        (401, ErrorKind::Authentication),
        (403, ErrorKind::PermissionDenied),
        (302, ErrorKind::ApiStatus),
    ] {
        let test = TestClient::with(completes().fault(poll().status(status))).await;
        let error = test.client.run(remote_input()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.job_id(), Some(test.world.jobs()[0].id.as_str()));
        assert_eq!(error.prediction().unwrap().status, Status::Created);
        assert_eq!(test.world.requests(RequestKind::Poll).len(), 1);
    }
}

#[tokio::test]
async fn an_unknown_job_is_an_error_after_the_grace_period() {
    let test = TestClient::new().await;
    let error = test.client.job("0123").wait().await.unwrap_err();
    assert_eq!((error.kind(), error.job_id()), (ErrorKind::NotFound, Some("0123")));
    assert_eq!(test.world.requests(RequestKind::Poll).len(), 6);
    let waited: Duration = test.clock.sleeps().iter().sum();
    assert!((30..60).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test]
async fn a_wait_in_another_process_tolerates_a_404_of_a_new_job() {
    let late = Fault::at(RequestKind::Poll).each(&[1, 2, 3]).status(404).body(not_found());
    let test = TestClient::with(completes().fault(late)).await;
    let job = test.client.submit(remote_input()).await.unwrap();
    let prediction = test.client.job(job.id()).wait().await.unwrap();
    assert_eq!(prediction.status, Status::Completed);
}

fn not_found() -> Body {
    Body::Text(r#"{"code":404,"message":"not found"}"#.to_owned())
}

#[tokio::test]
async fn a_page_of_a_gateway_does_not_end_the_wait_for_a_paid_job() {
    for status in [401, 403, 404] {
        let page = Fault::at(RequestKind::Poll).each(&[1, 2]).status(status).body(Body::Html);
        let test = TestClient::with(completes().fault(page)).await;
        let prediction = test.client.run(remote_input()).await.unwrap();
        assert_eq!(prediction.status, Status::Completed, "{status}");
    }
}

#[tokio::test]
async fn endless_failures_end_with_the_job_id() {
    let fault = Fault::at(RequestKind::Poll).status(503);
    let test = TestClient::with(completes().fault(fault)).await;
    let error = test.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);
    assert_eq!(error.attempts(), 12);
    assert_eq!(error.job_id(), Some(test.world.jobs()[0].id.as_str()));
    assert_eq!(test.world.requests(RequestKind::Poll).len(), 12);
}

#[tokio::test]
async fn a_server_that_stops_during_a_wait_is_an_error_with_the_job_id() {
    let never = JobRule::new(Timeline::secs(&[("created", 0)]));
    let test = TestClient::with(Scenario::new().job(never)).await;
    let job = test.client.submit(remote_input()).await.unwrap();
    let id = job.id().to_owned();
    let mut updates = job.updates();
    assert!(updates.next().await.unwrap().is_ok());
    drop(test.server);
    let error = loop {
        match updates.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the stream ended without an error"),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert_eq!(error.job_id(), Some(id.as_str()));
    assert!(error.to_string().contains(&id), "{error}");
}

#[tokio::test]
async fn a_listener_receives_failed_polls() {
    let mut fault = Fault::at(RequestKind::Poll).status(503);
    fault.nth = Some(Nth::Many(vec![1, 2]));
    let test = TestClient::with(completes().fault(fault)).await;
    let (sender, events) = std::sync::mpsc::channel();
    let listener = move |progress| {
        if let Progress::Retrying { error, after } = progress {
            sender.send((error.kind(), error.job_id().is_some(), after.as_secs())).unwrap();
        }
    };
    test.client.run(remote_input()).on_progress(listener).await.unwrap();
    let received: Vec<_> = events.try_iter().collect();
    assert_eq!(received, [(ErrorKind::Server, true, 1), (ErrorKind::Server, true, 2)]);
}
