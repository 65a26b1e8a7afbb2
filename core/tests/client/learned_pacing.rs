//! The client learns how long jobs take, and polls when they end. All times are virtual.

use std::path::Path;
use std::time::Duration;

use crate::support::remote_input;
use viseme::{Client, Config, ConfigBuilder, ErrorKind, Pacing};
use viseme_mock::{ClockMode, Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World};

/// How long each job takes, in seconds.
pub const TAKES: u64 = 30;

pub struct TestWorld {
    _server: MockServer,
    world: World,
    client: Client,
}

pub async fn test_world(
    fault: Option<Fault>,
    configure: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
) -> TestWorld {
    let rule = JobRule::new(Timeline::secs(&[("created", 0), ("completed", TAKES)]));
    let mut scenario = Scenario::new().clock(ClockMode::Virtual).job(rule);
    if let Some(fault) = fault {
        scenario = scenario.fault(fault);
    }
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario);
    let builder = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .check_remote_media(false)
        .virtual_clock(true);
    let client = Client::new(configure(builder).build().unwrap()).unwrap();
    TestWorld { _server: server, world, client }
}

impl TestWorld {
    /// Runs a job; returns when it was polled, in seconds since its submit.
    pub async fn run(&self) -> Vec<f64> {
        let job = self.client.submit(remote_input()).await.unwrap();
        job.wait().await.unwrap();
        let seconds = |at: &str| at.parse::<jiff::Timestamp>().unwrap().as_duration().as_secs_f64();
        let submits = self.world.requests(RequestKind::Submit);
        let submit = seconds(&submits.last().unwrap().at);
        let polls = self.world.requests(RequestKind::Poll);
        let of_job = polls.iter().filter(|poll| poll.path.contains(job.id()));
        of_job.map(|poll| seconds(&poll.at) - submit).collect()
    }
}

/// How long after the end of its job the last of these polls was.
pub fn lateness(polls: &[f64]) -> f64 {
    polls.last().unwrap() - TAKES as f64
}

#[tokio::test]
async fn polls_move_to_the_time_at_which_jobs_end() {
    let test = test_world(None, |config| config).await;
    let first = test.run().await;
    assert!(first.len() >= 9 && first[0] < 2.5, "the pacing of the model: {first:?}");
    assert!(lateness(&first) > 1.0, "{first:?}");
    for _ in 0..11 {
        test.run().await;
    }
    let last = test.run().await;
    assert!(last[0] > 4.0 && lateness(&last) < 0.7, "{last:?}");
    assert!(last.len() <= 2 * first.len(), "{last:?}");
}

#[tokio::test]
async fn a_pacing_of_the_caller_stays_as_it_is_and_learning_can_be_turned_off() {
    let exact = Pacing { jitter: 0.0, ..Pacing::every(Duration::from_secs(7)) };
    for test in [
        test_world(None, |config| config.pacing(exact)).await,
        test_world(None, |config| config.learned_pacing(false)).await,
        test_world(None, |config| config.learned_pacing(false).pacing_file("unused")).await,
    ] {
        let first = test.run().await;
        for _ in 0..7 {
            let polls = test.run().await;
            assert_eq!(polls.len(), first.len());
            let differs = polls.iter().zip(&first).any(|(one, other)| (one - other).abs() > 0.1);
            assert!(!differs, "{polls:?}, first {first:?}");
        }
    }
}

/// A client with this file, after eight jobs.
pub async fn taught(path: &Path) -> TestWorld {
    let test = test_world(None, |config| config.pacing_file(path)).await;
    for _ in 0..8 {
        test.run().await;
    }
    test
}

#[tokio::test]
async fn retry_after_wins_over_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pacing.json");
    taught(&path).await;
    let fault = Fault::at(RequestKind::Poll).nth(1).status(503).retry_after_secs(60);
    let test = test_world(Some(fault), |config| config.pacing_file(&path)).await;
    let polls = test.run().await;
    assert_eq!(polls.len(), 2, "{polls:?}");
    assert!(polls[1] - polls[0] >= 60.0, "{polls:?}");
}

#[tokio::test]
async fn an_impossible_number_of_polls_is_refused() {
    for polls in [0.5, 1001.0, f64::NAN, f64::INFINITY] {
        let config = Config::builder().ignore_env().api_key("key").polls_per_job(polls).build();
        let error = config.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`polls_per_job`"), "{error}");
    }
}
