//! From the input to the result, and every way a job can end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{FACE, MODEL, TestClient, local_input, remote_input};
use futures_util::StreamExt as _;
use viseme::{ErrorKind, Progress, Status};
use viseme_mock::{JobRule, RequestKind, Scenario, Timeline};

#[tokio::test]
async fn two_local_files_become_a_video_on_disk() {
    let test = TestClient::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let seen = Arc::clone(&seen);
        move |progress: Progress| seen.lock().unwrap().push(progress)
    };

    let prediction = test.client.run(local_input()).on_progress(listener).await.unwrap();
    assert_eq!(prediction.status, Status::Completed);
    assert_eq!(prediction.model, MODEL);

    let folder = tempfile::tempdir().unwrap();
    let saved =
        test.client.download_output(&prediction, folder.path().join("out.mp4")).await.unwrap();
    assert_eq!(std::fs::read(saved.path).unwrap(), FACE, "the mock gives back what was sent");

    let steps: Vec<_> = seen.lock().unwrap().iter().map(name).collect();
    let without_repeats = |word: &str| steps.iter().filter(|step| *step == word).count();
    assert_eq!(steps.first().unwrap(), "checked");
    assert_eq!(without_repeats("uploaded audio"), 1);
    assert_eq!(without_repeats("uploaded video"), 1);
    let end: Vec<_> = steps.iter().rev().take(5).rev().map(String::as_str).collect();
    assert_eq!(end, ["submitting", "submitted", "created", "processing", "completed"]);

    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.delivered, ledger.orphaned), (1, 1, 0));
}

fn name(progress: &Progress) -> String {
    match progress {
        Progress::Checked(_) => "checked".into(),
        Progress::Uploading { field, .. } => format!("uploading {field}"),
        Progress::Uploaded { field, .. } => format!("uploaded {field}"),
        Progress::Submitting { .. } => "submitting".into(),
        Progress::Submitted { .. } => "submitted".into(),
        Progress::Update(prediction) => prediction.status.to_string(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_job_is_gone_on_with_by_its_id_alone() {
    let test = TestClient::new().await;
    let job = test.client.submit(remote_input()).await.unwrap();
    let id = job.id().to_owned();
    assert_eq!(job.prediction().unwrap().status, Status::Created);
    drop(job);

    let prediction = test.client.job(format!(" {id}\n")).wait().await.unwrap();
    assert_eq!(prediction.id, id);
    assert_eq!(test.world.requests(RequestKind::Submit).len(), 1);
}

#[tokio::test]
async fn each_change_is_reported_once_and_the_last_state_last() {
    let times = Timeline::after_polls(5);
    let test = TestClient::with(Scenario::new().job(JobRule::new(times))).await;
    let job = test.client.submit(remote_input()).await.unwrap();
    let states: Vec<_> = job.updates().map(|update| update.unwrap().status).collect().await;
    assert_eq!(states, [Status::Created, Status::Processing, Status::Completed]);
    assert_eq!(test.world.requests(RequestKind::Poll).len(), 5);
}

#[tokio::test]
async fn every_end_of_a_job() {
    for (word, kind) in [
        ("failed", ErrorKind::JobFailed),
        ("cancelled", ErrorKind::JobCancelled),
        ("timeout", ErrorKind::JobCancelled),
        ("deleted", ErrorKind::JobCancelled),
    ] {
        let rule = JobRule::new(Timeline::ends_after_polls(2, word)).error(1402, "No access.");
        let test = TestClient::with(Scenario::new().job(rule)).await;
        let error = test.client.run(remote_input()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{word}");
        let job = &test.world.jobs()[0];
        assert_eq!(error.job_id(), Some(job.id.as_str()), "{word}");
        assert_eq!(error.app_code(), Some(1402), "{word}");
        assert_eq!(error.prediction().unwrap().status.as_str(), word);
        assert!(error.to_string().contains("No access"), "{error}");

        let states: Vec<_> =
            test.client.job(&job.id).updates().map(|update| update.unwrap().status).collect().await;
        assert_eq!(states, [Status::from_word(word)], "no error in the stream of states");
    }
}

#[tokio::test]
async fn a_failure_for_lack_of_credits_has_its_own_kind() {
    let rule = JobRule::new(Timeline::ends_after_polls(1, "failed")).error(1407, "Top up.");
    let test = TestClient::with(Scenario::new().job(rule)).await;
    let error = test.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientCredits);
    assert!(error.job_id().is_some());
}

#[tokio::test]
async fn the_deadline_ends_the_wait_and_not_the_job() {
    let never = JobRule::new(Timeline::secs(&[("created", 0)]));
    let test = TestClient::with(Scenario::new().job(never)).await;
    let error =
        test.client.run(remote_input()).deadline(Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimeout);
    assert_eq!(error.prediction().unwrap().status, Status::Created);
    let id = error.job_id().unwrap();
    assert!(error.message().contains(id), "{error}");
    let slept: Duration = test.clock.sleeps().iter().sum();
    assert_eq!(slept, Duration::from_secs(60), "not shorter, not longer");

    test.world.force(id, "completed");
    let wait = test.client.job(id).wait().deadline(Duration::ZERO).await;
    assert_eq!(wait.unwrap().status, Status::Completed, "one look is enough");
}

#[tokio::test]
async fn one_status_request_returns_any_state() {
    let rule = JobRule::new(Timeline::ends_after_polls(1, "failed"));
    let test = TestClient::with(Scenario::new().job(rule)).await;
    let job = test.client.submit(remote_input()).await.unwrap();
    assert_eq!(job.refresh().await.unwrap().status, Status::Failed);

    let error = test.client.job("no-such-job").refresh().await.unwrap_err();
    assert_eq!((error.kind(), error.job_id()), (ErrorKind::NotFound, Some("no-such-job")));
    let error = test.client.job(" ").wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_dropped_wait_stops_polling_and_loses_nothing() {
    let never = JobRule::new(Timeline::secs(&[("created", 0)]));
    let test = TestClient::with(Scenario::new().job(never)).await;
    let job = test.client.submit(remote_input()).await.unwrap();
    // The test's clock runs as fast as polls are sent: the wait must not end.
    let decades = Duration::from_secs(u64::from(u32::MAX));
    let mut updates = job.wait().deadline(decades).updates();
    assert_eq!(updates.next().await.unwrap().unwrap().status, Status::Created);
    while test.world.requests(RequestKind::Poll).len() < 2 {
        let waiting = tokio::time::timeout(Duration::from_millis(5), updates.next()).await;
        assert!(waiting.is_err(), "there is no news");
    }
    drop(updates);
    let polls = test.world.requests(RequestKind::Poll).len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    // One poll may have been in flight when the wait was dropped.
    assert!(test.world.requests(RequestKind::Poll).len() <= polls + 1);

    test.world.force(job.id(), "completed");
    assert_eq!(job.wait().await.unwrap().status, Status::Completed);
}

#[tokio::test]
async fn many_jobs_at_once_share_a_client() {
    let test = TestClient::new().await;
    let runs = (0..200).map(|_| test.client.run(remote_input()).into_future());
    let results = futures_util::future::join_all(runs).await;
    assert!(results.iter().all(Result::is_ok));
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.delivered), (200, 200));
}
