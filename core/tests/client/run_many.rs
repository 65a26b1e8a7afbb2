//! Many runs at once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{TestClient, remote_input};
use futures_util::StreamExt as _;
use viseme::{AudioToVideo, Progress, SubmitLimits};
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

fn inputs(count: usize) -> impl Iterator<Item = AudioToVideo> + Send + 'static {
    (0..count).map(|n| {
        AudioToVideo::new()
            .audio(format!("https://media.example/{n}.mp3"))
            .video("https://media.example/f.mp4")
    })
}

#[tokio::test]
async fn every_input_has_its_result() {
    let scenario = Scenario::new()
        .job(JobRule::new(Timeline::ends_after_polls(1, "failed")).nth(3).error(1402, "No."))
        .job(JobRule::new(Timeline::after_polls(2)))
        .fault(Fault::at(RequestKind::Submit).nth(7).status(400));
    let test = TestClient::with(scenario).await;
    let results: Vec<_> = test.client.run_many(inputs(50), 8).collect().await;
    let indexes: BTreeSet<_> = results.iter().map(|done| done.index).collect();
    assert_eq!(indexes, (0..50).collect());
    let mut errors: Vec<_> =
        results.iter().filter_map(|done| Some(done.result.as_ref().err()?.code())).collect();
    errors.sort_unstable();
    assert_eq!(errors, ["bad_request", "job_failed"], "one failure does not stop the others");
    for done in &results {
        let Ok(prediction) = &done.result else { continue };
        let job = test.world.jobs().into_iter().find(|job| job.id == prediction.id).unwrap();
        let expected = format!("https://media.example/{}.mp3", done.index);
        assert_eq!(job.input["audio"], expected, "each result belongs to its input");
    }
}

#[tokio::test]
async fn at_most_the_limit_runs_at_once() {
    let test = TestClient::new().await;
    let under_way = Arc::new(Mutex::new((0_i32, 0_i32)));
    let listener = {
        let under_way = Arc::clone(&under_way);
        move |_: usize, progress: Progress| {
            let mut under_way = under_way.lock().unwrap();
            match progress {
                Progress::Checked(_) => under_way.0 += 1,
                Progress::Update(prediction) if prediction.status.is_terminal() => under_way.0 -= 1,
                _ => {}
            }
            under_way.1 = under_way.1.max(under_way.0);
        }
    };
    let results: Vec<_> = test.client.run_many(inputs(40), 5).on_progress(listener).collect().await;
    assert!(results.iter().all(|done| done.result.is_ok()));
    assert_eq!(*under_way.lock().unwrap(), (0, 5));
}

#[tokio::test]
async fn inputs_are_taken_as_they_are_needed_and_a_drop_stops_all() {
    let never = JobRule::new(Timeline::secs(&[("created", 0)]));
    let test = TestClient::with(Scenario::new().job(never)).await;
    let taken = Arc::new(Mutex::new(0));
    let counted = {
        let taken = Arc::clone(&taken);
        inputs(1_000_000).inspect(move |_| *taken.lock().unwrap() += 1)
    };
    // The test's clock runs as fast as polls are sent: no wait may end.
    let decades = Duration::from_secs(u64::from(u32::MAX));
    let mut runs = test.client.run_many(counted, 4).deadline(decades);
    while test.world.requests(RequestKind::Poll).len() < 40 {
        let first = tokio::time::timeout(Duration::from_millis(20), runs.next()).await;
        assert!(first.is_err(), "no job ends");
    }
    assert_eq!(*taken.lock().unwrap(), 4);
    drop(runs);
    let polls = test.world.requests(RequestKind::Poll).len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Requests in flight may still have arrived.
    assert!(test.world.requests(RequestKind::Poll).len() <= polls + 4);
    assert_eq!(test.world.ledger().charges.len(), 4);
}

#[tokio::test]
async fn submits_keep_to_the_tier() {
    let test = TestClient::configured(
        Scenario::new().job(JobRule::new(Timeline::after_polls(1))),
        |config| config.submit_limits(SubmitLimits { per_minute: 5, concurrent: 3 }),
    )
    .await;
    let results: Vec<_> = test.client.run_many(inputs(12), 12).collect().await;
    assert!(results.iter().all(|done| done.result.is_ok()));
    let waits = test.clock.sleeps().iter().filter(|pause| pause.as_secs() > 30).count();
    assert!(waits >= 1, "some had to wait for the next minute: {:?}", test.clock.sleeps());
}

#[tokio::test]
async fn a_429_on_a_submit_holds_the_others_back() {
    let scenario = Scenario::new()
        .job(JobRule::new(Timeline::after_polls(1)))
        .fault(Fault::at(RequestKind::Submit).nth(1).status(429).retry_after_secs(100));
    let test = TestClient::with(scenario).await;
    let first = test.client.submit(remote_input()).into_future();
    let mut first = Box::pin(first);
    // Poll the first run until it received its 429.
    while test.world.requests(RequestKind::Submit).is_empty() {
        let turn = tokio::time::timeout(Duration::from_millis(50), &mut first).await;
        if turn.is_ok() {
            break;
        }
    }
    let second = test.client.submit(remote_input()).await;
    assert!(second.is_ok());
    assert!(test.clock.sleeps().iter().any(|pause| pause.as_secs() >= 100));
}

#[tokio::test]
async fn a_deadline_counts_from_the_submit_and_not_from_the_queue() {
    let test = TestClient::configured(
        Scenario::new().job(JobRule::new(Timeline::after_polls(1))),
        |config| config.submit_limits(SubmitLimits { per_minute: 1, concurrent: 10 }),
    )
    .await;
    for _ in 0..2 {
        let run = test.client.run(remote_input()).deadline(Duration::from_secs(30));
        assert!(run.await.is_ok());
    }
    let queued = test.clock.sleeps().iter().any(|pause| pause.as_secs() > 50);
    assert!(queued, "the second waited for its minute: {:?}", test.clock.sleeps());
}
