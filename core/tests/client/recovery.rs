//! A lost submit is found in the history: no job is paid for twice, no paid job is lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{TestClient, remote_input};
use viseme::{AudioToVideo, ErrorKind, Progress, RecoveredBy, Status, SubmitRecord};
use viseme_mock::scenario::{Body, ResponseMutation};
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline, WireFault};

fn scenario() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::after_polls(1)))
}

fn lost() -> Fault {
    Fault::at(RequestKind::Submit).nth(1).after_accept()
}

#[tokio::test]
async fn a_job_whose_response_was_lost_is_found_and_waited_for() {
    for (what, fault) in [
        ("a reset", lost().reset()),
        ("a close", lost().wire(WireFault::Close)),
        ("a cut body", lost().wire(WireFault::FinAt(40))),
        ("a stalled body", lost().wire(WireFault::StallAt(40))),
        ("no response", lost().wire(WireFault::Silence)),
        ("500", lost().status(500)),
        ("502 with a page", lost().status(502).body(Body::Html)),
        ("504 without a body", lost().status(504).body(Body::Empty)),
        ("null data", lost().mutate(ResponseMutation::DataNull)),
        ("truncated JSON", lost().mutate(ResponseMutation::TruncateJson(60))),
        ("no id", lost().mutate(ResponseMutation::MissingId)),
    ] {
        let test = TestClient::configured(scenario().fault(fault), |config| {
            config.request_timeout(Duration::from_secs(2))
        })
        .await;
        let prediction = test.client.run(remote_input()).await;
        let prediction = prediction.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(prediction.status, Status::Completed, "{what}");
        assert_eq!(prediction.recovered, Some(RecoveredBy::Input), "{what}: it is marked");
        let ledger = test.world.ledger();
        assert_eq!((ledger.charges.len(), ledger.orphaned, ledger.delivered), (1, 0, 1), "{what}");
        assert_eq!(test.world.requests(RequestKind::Submit).len(), 1, "{what}");
    }
}

#[tokio::test]
async fn a_submit_that_was_not_accepted_is_unknown_after_the_window() {
    let fault = Fault::at(RequestKind::Submit).nth(1).reset();
    let test = TestClient::with(scenario().fault(fault)).await;
    let error = test.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert_eq!(error.candidates().count(), 0);
    let record = error.record().unwrap();
    assert_eq!(record.model, crate::support::MODEL);
    assert_eq!(record.input["audio"], "https://media.example/voice.mp3");
    let slept: Duration = test.clock.sleeps().iter().sum();
    assert_eq!(slept, Duration::from_secs(120), "the whole window was used");
    assert!(test.world.ledger().charges.is_empty());
    assert_eq!(test.world.requests(RequestKind::Submit).len(), 1);
}

#[tokio::test]
async fn temporary_failures_of_the_history_are_retried() {
    let test = TestClient::with(
        scenario()
            .fault(lost().reset())
            .fault(Fault::at(RequestKind::History).nth(1).status(503).retry_after_secs(9))
            .fault(Fault::at(RequestKind::History).nth(2).reset())
            .fault(Fault::at(RequestKind::History).nth(3).mutate(ResponseMutation::DataNull)),
    )
    .await;
    let prediction = test.client.run(remote_input()).await.unwrap();
    assert!(prediction.recovered.is_some());
    assert_eq!(test.world.requests(RequestKind::History).len(), 4);
    assert!(test.clock.sleeps().contains(&Duration::from_secs(9)));
}

#[tokio::test]
async fn a_job_of_another_submit_is_not_adopted() {
    let test = TestClient::with(scenario()).await;
    let other = AudioToVideo::new()
        .audio("https://media.example/other.mp3")
        .video("https://media.example/face.mp4");
    test.client.submit(other).await.unwrap();
    test.world.add_fault(Fault::at(RequestKind::Submit).nth(1).reset());
    let error = test.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
}

#[tokio::test]
async fn two_lost_submits_with_equal_inputs_take_a_job_each() {
    let test =
        TestClient::with(scenario().fault(Fault::at(RequestKind::Submit).after_accept().reset()))
            .await;
    let (first, second) =
        tokio::join!(test.client.submit(remote_input()), test.client.submit(remote_input()));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.id(), second.id());
    assert_eq!(test.world.ledger().orphaned, 0);
}

#[tokio::test]
async fn a_record_whose_job_is_known_returns_that_job() {
    let test = TestClient::with(scenario()).await;
    let records = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let records = Arc::clone(&records);
        move |progress| {
            if let Progress::Submitting { record, .. } = progress {
                records.lock().unwrap().push(record);
            }
        }
    };
    test.client.run(remote_input()).on_progress(listener.clone()).await.unwrap();
    test.world.add_fault(Fault::at(RequestKind::Submit).nth(2).after_accept().reset());
    test.client.run(remote_input()).on_progress(listener).await.unwrap();
    let searches = test.world.requests(RequestKind::History).len();
    let records = std::mem::take(&mut *records.lock().unwrap());
    let jobs: Vec<_> = test.world.jobs().into_iter().map(|job| job.id).collect();
    for _ in 0..2 {
        let mut found = Vec::new();
        for record in &records {
            found.push(test.client.recover(record).await.unwrap().id().to_owned());
        }
        assert_eq!(found, jobs, "the accepted one and the lost one");
    }
    assert_eq!(
        test.world.requests(RequestKind::History).len(),
        searches,
        "no search was necessary"
    );
}

#[tokio::test]
async fn an_equal_job_of_another_process_makes_the_submission_unknown() {
    let test = TestClient::with(scenario()).await;
    // Another client, whose job is unknown to the first.
    let config = viseme::Config::builder()
        .ignore_env()
        .base_url(test.world.base_url())
        .api_key(test.world.key())
        .check_remote_media(false)
        .build()
        .unwrap();
    viseme::Client::new(config).unwrap().submit(remote_input()).await.unwrap();
    test.world.add_fault(lost().reset());
    let error = test.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    let candidates: Vec<_> = error.candidates().map(|job| job.id.clone()).collect();
    assert_eq!(candidates.len(), 2);
    for id in &candidates {
        assert!(error.message().contains(id.as_str()), "{error}");
    }
    assert_eq!(test.world.requests(RequestKind::Submit).len(), 2, "none was sent again");
}

#[tokio::test]
async fn a_record_of_a_killed_process_recovers_its_job() {
    let test = TestClient::with(scenario()).await;
    let saved = Arc::new(Mutex::new(String::new()));
    let listener = {
        let saved = Arc::clone(&saved);
        move |progress| {
            if let Progress::Submitting { record, .. } = progress {
                *saved.lock().unwrap() = serde_json::to_string(&record).unwrap();
            }
        }
    };
    test.world.add_fault(lost().wire(WireFault::Silence));
    let run = test.client.run(remote_input()).on_progress(listener).into_future();
    // The run is dropped while it waits for the response.
    let accepted = async {
        while test.world.ledger().charges.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        outcome = run => panic!("there is no response, but: {outcome:?}"),
        () = accepted => {}
    }

    let record: SubmitRecord = serde_json::from_str(&saved.lock().unwrap()).unwrap();
    let job = test.client.recover(&record).await.unwrap();
    assert_eq!(job.wait().await.unwrap().status, Status::Completed);
    assert_eq!(test.world.ledger().charges.len(), 1);
    assert_eq!(test.world.requests(RequestKind::Submit).len(), 1);

    let again = test.client.recover(&record).await.unwrap();
    assert_eq!(again.id(), job.id(), "a second recovery returns the same job");
}
