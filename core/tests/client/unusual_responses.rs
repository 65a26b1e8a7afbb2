//! A service with a slow or incomplete history, and an account with limits, on a virtual clock.

use crate::support::remote_input;
use viseme::{Client, Config, ConfigBuilder, ErrorKind, RecoveredBy, Status, SubmitLimits};
use viseme_mock::scenario::{HistoryScenario, Limits, Span};
use viseme_mock::{ClockMode, Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World};

struct TestWorld {
    _server: MockServer,
    world: World,
    client: Client,
}

/// A world and a client on the virtual clock; jobs take 20 seconds.
async fn test_world(
    scenario: Scenario,
    configure: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
) -> TestWorld {
    let rule =
        JobRule::new(Timeline::secs(&[("created", 0), ("processing", 2), ("completed", 20)]));
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(scenario.clock(ClockMode::Virtual).job(rule));
    let builder = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .check_remote_media(false)
        .virtual_clock(true);
    let client = Client::new(configure(builder).build().unwrap()).unwrap();
    TestWorld { _server: server, world, client }
}

fn lost() -> Fault {
    Fault::at(RequestKind::Submit).nth(1).after_accept().reset()
}

fn late(appears_after: u64) -> HistoryScenario {
    HistoryScenario { appears_after: Span::secs(appears_after), ..HistoryScenario::default() }
}

#[tokio::test]
async fn a_job_that_appears_late_in_the_history_is_found() {
    for appears_after in [1, 20, 100] {
        let scenario = Scenario::new().fault(lost()).history(late(appears_after));
        let test_world = test_world(scenario, |config| config).await;
        let prediction = test_world.client.run(remote_input()).await.unwrap();
        assert_eq!(prediction.status, Status::Completed, "{appears_after}");
        assert_eq!(prediction.recovered, Some(RecoveredBy::Input));
        let searches = test_world.world.requests(RequestKind::History).len();
        assert!((1..40).contains(&searches), "{searches} searches for {appears_after} s");
        let ledger = test_world.world.ledger();
        assert_eq!((ledger.charges.len(), ledger.orphaned), (1, 0));
    }
}

#[tokio::test]
async fn a_job_that_appears_too_late_can_be_recovered_with_the_record() {
    let test_world =
        test_world(Scenario::new().fault(lost()).history(late(200)), |config| config).await;
    let error = test_world.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert_eq!(test_world.world.requests(RequestKind::Submit).len(), 1, "it is not sent again");

    // Two minutes have passed; the second search finds it when it appears.
    let job = test_world.client.recover(error.record().unwrap()).await.unwrap();
    assert_eq!(job.wait().await.unwrap().status, Status::Completed);
    assert_eq!(test_world.world.ledger().charges.len(), 1);
}

#[tokio::test]
async fn a_job_listed_twice_in_the_history_is_one_job() {
    let history = HistoryScenario { duplicates: 2, ..late(3) };
    let test_world =
        test_world(Scenario::new().fault(lost()).history(history), |config| config).await;
    let prediction = test_world.client.run(remote_input()).await.unwrap();
    assert_eq!(prediction.recovered, Some(RecoveredBy::Input));
}

#[tokio::test]
async fn without_inputs_a_single_job_of_the_model_and_time_is_adopted_and_two_are_candidates() {
    let history = HistoryScenario { omit_inputs: true, ..HistoryScenario::default() };
    let scenario = || Scenario::new().history(history.clone());
    let alone = test_world(scenario().fault(lost()), |config| config).await;
    let prediction = alone.client.run(remote_input()).await.unwrap();
    assert_eq!(prediction.recovered, Some(RecoveredBy::ModelAndTime), "the prediction shows how");

    // Another program of the same account submits at the same time.
    let both = test_world(scenario(), |config| config).await;
    let other = Config::builder().ignore_env().base_url(both.world.base_url());
    let other = other.api_key(both.world.key()).check_remote_media(false).virtual_clock(true);
    let other = Client::new(other.build().unwrap()).unwrap();
    other.submit(remote_input()).await.unwrap();
    both.world.add_fault(lost());
    let error = both.client.run(remote_input()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert_eq!(error.candidates().count(), 2);
}

#[tokio::test]
async fn account_limits_slow_a_batch_down_but_fail_no_job() {
    let limits = Limits { per_minute: Some(5), concurrent: Some(3) };
    let inputs = || (0..12).map(|_| remote_input());
    // A client that knows the limits never exceeds them.
    let limited = test_world(Scenario::new().limits(limits.clone()), |config| {
        config.submit_limits(SubmitLimits { per_minute: 5, concurrent: 3 })
    })
    .await;
    let mut runs = limited.client.run_many(inputs(), 12);
    while let Some(done) = runs.next().await {
        assert_eq!(done.result.unwrap().status, Status::Completed);
    }
    let refused = limited
        .world
        .requests(RequestKind::Submit)
        .iter()
        .filter(|it| it.status == Some(429))
        .count();
    assert_eq!((limited.world.ledger().charges.len(), refused), (12, 0));

    // A client that does not know them sends again after a 429.
    let unlimited =
        test_world(Scenario::new().limits(limits), |config| config.max_retries(20)).await;
    let mut runs = unlimited.client.run_many(inputs(), 12);
    while let Some(done) = runs.next().await {
        assert_eq!(done.result.unwrap().status, Status::Completed);
    }
    let submits = unlimited.world.requests(RequestKind::Submit).len();
    assert_eq!(unlimited.world.ledger().charges.len(), 12);
    assert!(submits < 80, "429 holds the whole client back: {submits} submits for 12 jobs");
}
