//! A pause that the service requires applies to every request of the client, also to those in a
//! queue already. No wait exceeds its deadline because of it.

use std::time::Duration;

use crate::support::remote_input;
use futures_util::StreamExt as _;
use viseme::{Client, Config, ConfigBuilder, ErrorKind, SubmitLimits};
use viseme_mock::{ClockMode, Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, World};

struct TestWorld {
    _server: MockServer,
    world: World,
    client: Client,
}

/// A world and a client on the virtual clock; jobs take an hour.
async fn test_world(
    fault: Fault,
    configure: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
) -> TestWorld {
    let rule = JobRule::new(Timeline::secs(&[("created", 0), ("completed", 3600)]));
    let server = MockServer::start().await.unwrap();
    let world = server.world_with(Scenario::new().clock(ClockMode::Virtual).job(rule).fault(fault));
    let builder = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .check_remote_media(false)
        .virtual_clock(true);
    let client = Client::new(configure(builder).build().unwrap()).unwrap();
    TestWorld { _server: server, world, client }
}

/// Seconds from the first request of that kind to each.
fn times(world: &World, point: RequestKind) -> Vec<u64> {
    let at: Vec<jiff::Timestamp> =
        world.requests(point).iter().map(|exchange| exchange.at.parse().unwrap()).collect();
    at.iter().map(|it| u64::try_from(it.duration_since(at[0]).as_secs()).unwrap()).collect()
}

#[tokio::test]
async fn a_wait_ends_at_its_deadline_while_all_polls_are_paused() {
    let fault = Fault::at(RequestKind::Poll).nth(1).status(429).retry_after_secs(200);
    let test_world = test_world(fault, |config| config).await;
    let one = test_world.client.submit(remote_input()).await.unwrap();
    let other = test_world.client.submit(remote_input()).await.unwrap();
    let long = async {
        let error = one.wait().deadline(Duration::from_secs(300)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WaitTimeout);
    };
    let short = async {
        let error = other.wait().deadline(Duration::from_secs(30)).await.unwrap_err();
        assert_eq!((error.kind(), error.job_id()), (ErrorKind::WaitTimeout, Some(other.id())));
        assert_eq!(
            test_world.world.requests(RequestKind::Poll).len(),
            1,
            "no poll was sent during the pause"
        );
    };
    tokio::join!(long, short);
    let polled = test_world.world.requests(RequestKind::Poll);
    assert!(polled.iter().all(|poll| poll.path.contains(one.id())), "{polled:?}");
    assert!(times(&test_world.world, RequestKind::Poll)[1] >= 200);
}

#[tokio::test]
async fn a_queued_poll_is_paused_too() {
    let fault = Fault::at(RequestKind::Poll).nth(2).status(429).retry_after_secs(60);
    let test_world = test_world(fault, |config| config.max_polls_per_second(0.1)).await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(test_world.client.submit(remote_input()).await.unwrap());
    }
    let waits = jobs.iter().map(|job| job.wait().deadline(Duration::from_secs(120)).into_future());
    for outcome in futures_util::future::join_all(waits).await {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::WaitTimeout);
    }
    let times = times(&test_world.world, RequestKind::Poll);
    assert!(times[1] < 20, "the second took its turn: {times:?}");
    assert!(times[2] >= times[1] + 60, "the third, which would have been next, waited: {times:?}");
}

#[tokio::test]
async fn a_submit_that_waits_for_a_connection_is_paused_too() {
    let fault = Fault::at(RequestKind::Submit).nth(1).status(429).retry_after_secs(100);
    let test_world = test_world(fault, |config| config.max_connections(1)).await;
    let inputs = (0..3).map(|_| remote_input());
    let runs = test_world.client.run_many(inputs, 3).deadline(Duration::from_secs(150));
    let errors: Vec<_> = runs.map(|done| done.result.unwrap_err().kind()).collect().await;
    assert_eq!(errors, [ErrorKind::WaitTimeout; 3], "each was submitted, and counts from there");
    let times = times(&test_world.world, RequestKind::Submit);
    assert_eq!(times.len(), 4);
    assert!(times[1..].iter().all(|time| *time >= 100), "{times:?}");
}

#[tokio::test]
async fn a_submit_that_the_rate_limit_delays_beyond_the_deadline_fails() {
    let fault = Fault::at(RequestKind::Submit).nth(1).status(429).retry_after_secs(5);
    let limits = SubmitLimits { per_minute: 1, concurrent: 9 };
    let test_world = test_world(fault, |config| config.submit_limits(limits)).await;
    let run = test_world.client.run(remote_input()).deadline(Duration::from_secs(30));
    let error = run.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimit, 1), "{error}");
    assert_eq!(test_world.world.requests(RequestKind::Submit).len(), 1);

    let error =
        test_world.client.run(remote_input()).deadline(Duration::from_secs(30)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimeout, "a first turn is waited for");
    assert_eq!(times(&test_world.world, RequestKind::Submit)[1], 60);
}
