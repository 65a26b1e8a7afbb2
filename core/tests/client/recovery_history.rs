//! Searches for lost submits in a history that is late, contains duplicates, omits inputs or uses another
//! clock.

use std::collections::BTreeSet;
use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::support::{TestClient, remote_input};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use viseme::{AudioToVideo, Client, Clock, Config, Error, ErrorKind, Prediction, RecoveredBy};
use viseme_mock::scenario::{HistoryScenario, Span};
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World};

/// How much faster the clock of a test is than the real one.
const HASTE: u32 = 50;

/// A quick clock whose date is wrong.
struct WrongClock {
    origin: Instant,
    is_ahead: bool,
    by: Duration,
}

impl Clock for WrongClock {
    fn now(&self) -> Duration {
        self.origin.elapsed() * HASTE
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(time / HASTE).boxed()
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn system_time(&self) -> SystemTime {
        let now = SystemTime::now();
        if self.is_ahead { now + self.by } else { now - self.by }
    }
}

fn client(world: &World, is_ahead: bool, by: Duration) -> Client {
    let config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .check_remote_media(false)
        .build()
        .unwrap();
    Client::with_clock(config, Arc::new(WrongClock { origin: Instant::now(), is_ahead, by }))
        .unwrap()
}

fn scenario(history: HistoryScenario) -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::after_polls(1))).history(history)
}

fn lost() -> Fault {
    Fault::at(RequestKind::Submit).after_accept().reset()
}

fn other_input() -> AudioToVideo {
    AudioToVideo::new()
        .audio("https://media.example/other.mp3")
        .video("https://media.example/face.mp4")
}

async fn both(test: &TestClient, inputs: [AudioToVideo; 2]) -> [Result<Prediction, Error>; 2] {
    let [first, second] = inputs;
    let (first, second) = tokio::join!(test.client.run(first), test.client.run(second));
    [first, second]
}

#[tokio::test]
async fn a_wrong_clock_does_not_matter() {
    let server = MockServer::start().await.unwrap();
    for is_ahead in [false, true] {
        let world = server.world_with(scenario(HistoryScenario::default()).fault(lost()));
        let client = client(&world, is_ahead, Duration::from_secs(5 * 3600));
        let prediction = client.run(remote_input()).await.unwrap();
        assert_eq!(prediction.recovered, Some(RecoveredBy::Input), "ahead: {is_ahead}");
        assert_eq!(world.ledger().charges.len(), 1);
    }
}

#[tokio::test]
async fn a_record_of_yesterday_matches_no_job_of_today() {
    let server = MockServer::start().await.unwrap();
    for is_ahead in [false, true] {
        let world = server.world_with(scenario(HistoryScenario::default()));
        // A record of yesterday, by the wrong clock; its window ended long ago.
        let by = Duration::from_secs(5 * 3600);
        let client = client(&world, is_ahead, by);
        client.submit(remote_input()).await.unwrap();
        let now = SystemTime::now();
        let here = if is_ahead { now + by } else { now - by };
        let record = viseme::SubmitRecord::new(
            AudioToVideo::MODEL,
            world.jobs()[0].input.clone(),
            here - Duration::from_secs(24 * 3600),
        );
        let error = client.recover(&record).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SubmissionUnknown, "{error}");
    }
}

#[tokio::test]
async fn a_job_that_appears_late_is_found() {
    let server = MockServer::start().await.unwrap();
    let late = HistoryScenario { appears_after: Span::millis(400), ..HistoryScenario::default() };
    let world = server.world_with(scenario(late).fault(lost()));
    let client = client(&world, false, Duration::ZERO);
    let prediction = client.run(remote_input()).await.unwrap();
    assert_eq!(prediction.recovered, Some(RecoveredBy::Input));
    assert!(world.requests(RequestKind::History).len() > 1, "it was not there at the first look");
    assert_eq!(world.ledger().charges.len(), 1);
}

#[tokio::test]
async fn a_job_that_is_listed_several_times_is_one_job() {
    let twice = HistoryScenario { duplicates: 2, ..HistoryScenario::default() };
    let test = TestClient::with(scenario(twice).fault(lost())).await;
    let results = both(&test, [remote_input(), remote_input()]).await;
    let ids: BTreeSet<String> = results.map(|result| result.unwrap().id).into();
    assert_eq!(ids.len(), 2, "two lost submits with equal inputs have a job each");
    assert_eq!(test.world.ledger().charges.len(), 2);
}

#[tokio::test]
async fn without_inputs_one_job_matches_by_its_time_and_two_do_not() {
    let silent = HistoryScenario { omit_inputs: true, ..HistoryScenario::default() };
    let test = TestClient::with(scenario(silent.clone()).fault(lost())).await;
    let prediction = test.client.run(remote_input()).await.unwrap();
    assert_eq!(prediction.recovered, Some(RecoveredBy::ModelAndTime), "it says how it was found");

    let test = TestClient::with(scenario(silent).fault(lost())).await;
    for result in both(&test, [remote_input(), other_input()]).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SubmissionUnknown, "never a guess: {error}");
        assert!(error.record().is_some(), "what it takes to look again");
    }
    assert_eq!(test.world.ledger().charges.len(), 2);
}

#[tokio::test]
async fn many_runs_find_a_job_each() {
    let test = TestClient::with(scenario(HistoryScenario::default()).fault(lost())).await;
    let inputs = (0..20).map(|n| {
        // Every second one has the input of the one before it.
        AudioToVideo::new()
            .audio(format!("https://media.example/{}.mp3", n / 2))
            .video("https://media.example/f.mp4")
    });
    let results: Vec<_> = test.client.run_many(inputs, 5).collect().await;
    let ids: BTreeSet<String> = results.into_iter().map(|done| done.result.unwrap().id).collect();
    assert_eq!(ids.len(), 20);
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.orphaned), (20, 0));
    assert_eq!(test.world.requests(RequestKind::Submit).len(), 20, "none was sent again");
}

#[tokio::test]
async fn with_the_search_turned_off_a_lost_submit_is_an_error_at_once() {
    let test =
        TestClient::configured(scenario(HistoryScenario::default()).fault(lost()), |config| {
            config.recovery_window(Duration::ZERO)
        })
        .await;
    let error = test.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert!(test.world.requests(RequestKind::History).is_empty());
    assert_eq!(test.world.requests(RequestKind::Submit).len(), 1);
}

/// Submits a job and returns its record, as if the process had been killed before the response.
async fn record_of_a_dead_process(client: &Client, world: &World) -> viseme::SubmitRecord {
    client.submit(remote_input()).await.unwrap();
    let input = world.jobs()[0].input.clone();
    viseme::SubmitRecord::new(AudioToVideo::MODEL, input, SystemTime::now())
}

#[tokio::test]
async fn two_thousand_later_jobs_and_a_late_history_hide_no_job() {
    let server = MockServer::start().await.unwrap();
    let late = HistoryScenario { appears_after: Span::millis(300), ..HistoryScenario::default() };
    let world = server.world_with(scenario(late).balance_usd(1000.0));
    let dead = client(&world, false, Duration::ZERO);
    let record = record_of_a_dead_process(&dead, &world).await;
    let id = world.jobs().first().unwrap().id.clone();
    let later = (0..2000).map(|_| dead.submit(other_input()).into_future());
    let mut later = futures_util::stream::iter(later).buffer_unordered(50);
    while let Some(job) = later.next().await {
        job.unwrap();
    }

    let fresh = client(&world, false, Duration::ZERO);
    let job = fresh.recover(&record).await.unwrap();
    assert_eq!(job.id(), id);
    assert!(world.requests(RequestKind::History).len() > 20, "the search read all pages");
}

#[tokio::test]
async fn a_fresh_process_adopts_no_job_by_its_time_unless_match_by_time_is_set() {
    let server = MockServer::start().await.unwrap();
    let hidden = HistoryScenario { omit_inputs: true, ..HistoryScenario::default() };
    let world = server.world_with(scenario(hidden));
    let dead = client(&world, false, Duration::ZERO);
    let record = record_of_a_dead_process(&dead, &world).await;
    let id = world.jobs().first().unwrap().id.clone();

    let error = client(&world, false, Duration::ZERO).recover(&record).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    let candidates: Vec<_> = error.candidates().map(|job| job.id.clone()).collect();
    assert_eq!(candidates, std::slice::from_ref(&id));
    assert!(error.message().contains(&id), "{error}");

    let job = client(&world, false, Duration::ZERO).recover(&record).match_by_time(true).await;
    assert_eq!(job.unwrap().id(), id);
}

#[tokio::test]
async fn excluded_jobs_are_not_adopted() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario(HistoryScenario::default()));
    let dead = client(&world, false, Duration::ZERO);
    // Two rows with equal inputs, the second of which was never sent.
    let record = record_of_a_dead_process(&dead, &world).await;
    let id = world.jobs().first().unwrap().id.clone();
    let fresh = client(&world, false, Duration::ZERO);
    let error = fresh.recover(&record).exclude([id]).await.unwrap_err();
    assert_eq!((error.kind(), error.candidates().count()), (ErrorKind::SubmissionUnknown, 0));
}

#[tokio::test]
async fn a_clock_that_was_put_right_by_an_hour_names_the_candidate() {
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario(HistoryScenario::default()));
    let dead = client(&world, false, Duration::ZERO);
    let mut record = record_of_a_dead_process(&dead, &world).await;
    let id = world.jobs().first().unwrap().id.clone();
    record.sent_at = SystemTime::now() - Duration::from_secs(3600);
    let error = client(&world, false, Duration::ZERO).recover(&record).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert!(error.message().contains(&id), "{error}");
    assert_eq!(error.candidates().count(), 1);

    record.sent_at = SystemTime::now() + Duration::from_secs(3600);
    let job = client(&world, false, Duration::ZERO).recover(&record).await.unwrap();
    assert_eq!(job.id(), id, "a record from the future counts as one of now");
}
