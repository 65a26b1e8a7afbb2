//! A submit with a key against the mock server: what is paid is what its ledger says.

use std::time::Duration;

use viseme::ledger::{Account, Ledger as _, LedgerKey};
use viseme::{AudioToVideo, Client, Config, ErrorKind, Pacing, Status};
use viseme_ledger::{AnyLedger, SubmitState};
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, WireFault, World};

use crate::place::Place;

struct Test {
    _server: MockServer,
    world: World,
    place: Place,
}

impl Test {
    async fn new(place: Place, scenario: Scenario) -> Self {
        let server = MockServer::start().await.unwrap();
        let world = server.world_with(scenario.job(JobRule::new(Timeline::after_polls(1))));
        Self { _server: server, world, place }
    }

    async fn ledger(&self) -> AnyLedger {
        self.place.open().await
    }

    /// A client as another process would have it: with nothing in memory.
    async fn client(&self) -> Client {
        self.client_with(self.ledger().await, self.world.key())
    }

    fn client_with(&self, ledger: AnyLedger, api_key: &str) -> Client {
        let config = Config::builder()
            .ignore_env()
            .base_url(self.world.base_url())
            .api_key(api_key)
            .check_remote_media(false)
            .pacing(Pacing::every(Duration::from_millis(20)))
            .recovery_window(Duration::from_secs(3))
            .ledger(ledger);
        Client::new(config.build().unwrap()).unwrap()
    }

    fn charges(&self) -> usize {
        self.world.ledger().charges.len()
    }

    fn posts(&self) -> usize {
        self.world.requests(RequestKind::Submit).len()
    }
}

fn input() -> AudioToVideo {
    input_with("voice")
}

fn input_with(voice: &str) -> AudioToVideo {
    AudioToVideo::new()
        .audio(format!("https://media.example/{voice}.mp3"))
        .video("https://media.example/face.mp4")
}

fn lost() -> Fault {
    Fault::at(RequestKind::Submit).nth(1).after_accept()
}

on_each_backend!(
    a_key_is_paid_once_in_one_process_and_in_the_next,
    many_tasks_and_two_processes_with_one_key_pay_once,
    a_key_with_another_input_is_refused_before_anything_is_sent,
    a_dropped_submit_is_recovered_by_the_next_call_with_the_key,
    two_lost_submits_with_equal_inputs_never_share_a_job,
    a_rejected_submit_frees_its_key,
    a_rate_limit_is_waited_out_under_the_same_key,
    a_failed_job_is_returned_again_or_replaced_on_demand,
    an_open_key_is_named_with_what_to_do_and_submits_again_only_after_it_was_given_up,
    an_adopted_job_is_that_of_the_key,
    only_an_open_submit_can_be_given_up_or_adopted,
    a_ledger_of_another_account_prevents_the_submit,
    a_key_without_a_ledger_is_an_error_of_the_configuration,
);

async fn a_key_is_paid_once_in_one_process_and_in_the_next(place: Place) {
    let test = Test::new(place, Scenario::new()).await;
    let client = test.client().await;
    let first = client.run(input()).key("a").await.unwrap();
    let again = client.run(input()).key("a").await.unwrap();
    let job = test.client().await.submit(input()).key("a").await.unwrap();
    assert_eq!((again.id.as_str(), job.id()), (first.id.as_str(), first.id.as_str()));
    assert_eq!(job.wait().await.unwrap().status, Status::Completed);
    assert_eq!((test.charges(), test.posts()), (1, 1));
    let other = client.run(input()).key("b").await.unwrap();
    assert_ne!(other.id, first.id);
    assert_eq!(test.charges(), 2);

    let key = LedgerKey::new(account(&test, test.world.key()), "a");
    let entry = test.ledger().await.find(&key).await.unwrap().unwrap();
    let fingerprint = client.ledger_fingerprint(&input().into()).await;
    assert_eq!(fingerprint, Some(entry.fingerprint));
}

async fn many_tasks_and_two_processes_with_one_key_pay_once(place: Place) {
    let test = Test::new(place, Scenario::new()).await;
    let clients = [test.client().await, test.client().await];
    let runs = (0..20).map(|n| {
        let client = clients.get(n % 2).unwrap().clone();
        tokio::spawn(async move { client.run(input()).key("a").await })
    });
    let mut ids = std::collections::HashSet::new();
    for run in runs.collect::<Vec<_>>() {
        ids.insert(run.await.unwrap().unwrap().id);
    }
    assert_eq!((ids.len(), test.charges(), test.posts()), (1, 1, 1));
}

async fn a_key_with_another_input_is_refused_before_anything_is_sent(place: Place) {
    let test = Test::new(place, Scenario::new()).await;
    let client = test.client().await;
    client.run(input()).key("a").await.unwrap();
    let error = client.run(input_with("other")).key("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("`a`"), "{error}");
    assert_eq!(test.posts(), 1);
}

async fn a_dropped_submit_is_recovered_by_the_next_call_with_the_key(place: Place) {
    let test = Test::new(place, Scenario::new().fault(lost().wire(WireFault::Silence))).await;
    let client = test.client().await;
    let run = client.run(input()).key("a");
    let run = tokio::spawn(run.into_future());
    while test.charges() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    run.abort();
    let _ = run.await;
    drop(client);
    let rows = test.ledger().await.submits().await.unwrap();
    assert_eq!(rows.first().unwrap().state, SubmitState::Sent);

    let done = test.client().await.run(input()).key("a").await.unwrap();
    assert!(done.id == *test.world.jobs().first().unwrap().id);
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.orphaned), (1, 0));
    let rows = test.ledger().await.submits().await.unwrap();
    assert_eq!(rows.first().unwrap().state, SubmitState::Completed);
}

async fn two_lost_submits_with_equal_inputs_never_share_a_job(place: Place) {
    let test = Test::new(place, Scenario::new().fault(lost().reset())).await;
    let client = test.client().await;
    let a = client.run(input()).key("a").await.unwrap();
    // Recorded, and never sent.
    let ledger = test.ledger().await;
    let account = account(&test, test.world.key());
    let (record, fingerprint) = {
        let rows = ledger.submits().await.unwrap();
        let key = LedgerKey::new(account.clone(), "a");
        let entry = ledger.find(&key).await.unwrap().unwrap();
        (rows.first().unwrap().record.clone(), entry.fingerprint)
    };
    let claim =
        viseme::ledger::ClaimRequest::new(LedgerKey::new(account, "b"), fingerprint, record);
    ledger.claim(&claim).await.unwrap();

    let error = test.client().await.run(input()).key("b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert!(error.record().is_some());
    assert!(
        !error.candidates().any(|job| job.id == a.id),
        "the job of another key is no candidate"
    );
    assert_eq!(test.charges(), 1);
}

async fn a_rejected_submit_frees_its_key(place: Place) {
    let rejected = Fault::at(RequestKind::Submit).nth(1).status(402);
    let test = Test::new(place, Scenario::new().fault(rejected)).await;
    let client = test.client().await;
    let error = client.run(input()).key("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientCredits);
    let rows = test.ledger().await.submits().await.unwrap();
    assert_eq!(rows.first().unwrap().state, SubmitState::Refused);
    client.run(input_with("mended")).key("a").await.unwrap();
    assert_eq!(test.charges(), 1);
}

async fn a_rate_limit_is_waited_out_under_the_same_key(place: Place) {
    let busy = Fault::at(RequestKind::Submit).nth(1).status(429).retry_after_secs(0);
    let test = Test::new(place, Scenario::new().fault(busy)).await;
    test.client().await.run(input()).key("a").await.unwrap();
    assert_eq!((test.charges(), test.posts()), (1, 2));
}

async fn a_failed_job_is_returned_again_or_replaced_on_demand(place: Place) {
    let server = MockServer::start().await.unwrap();
    let failed = JobRule::new(Timeline::ends_after_polls(1, "failed")).nth(1);
    let world =
        server.world_with(Scenario::new().job(failed).job(JobRule::new(Timeline::after_polls(1))));
    let test = Test { _server: server, world, place };
    let client = test.client().await;
    let first = client.run(input()).key("a").await.unwrap_err();
    let again = client.run(input()).key("a").await.unwrap_err();
    assert_eq!((first.kind(), again.kind()), (ErrorKind::JobFailed, ErrorKind::JobFailed));
    assert_eq!((first.job_id(), test.posts()), (again.job_id(), 1));
    let retried = client.run(input()).key("a").retry_failed(true).await.unwrap();
    assert_ne!(Some(retried.id.as_str()), first.job_id());
    let kept = client.run(input()).key("a").retry_failed(true).await.unwrap();
    assert_eq!((kept.id, test.posts()), (retried.id, 2));
}

/// A submit with the key `a` of which the response is lost, and of which the history has no job.
async fn unknown_submit(place: Place) -> (Test, viseme::Error) {
    let test =
        Test::new(place, Scenario::new().fault(Fault::at(RequestKind::Submit).nth(1).reset()))
            .await;
    let error = test.client().await.run(input()).key("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    (test, error)
}

async fn an_open_key_is_named_with_what_to_do_and_submits_again_only_after_it_was_given_up(
    place: Place,
) {
    let (test, error) = unknown_submit(place).await;
    let again = test.client().await.run(input()).key("a").await.unwrap_err();
    for error in [error, again] {
        assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
        for part in ["`a`", "adopt it in the ledger", "give up the key"] {
            assert!(error.message().contains(part), "{error}");
        }
    }
    assert_eq!((test.charges(), test.posts()), (0, 1));

    test.ledger().await.give_up("a", "no job").await.unwrap();
    let rows = test.ledger().await.submits().await.unwrap();
    assert_eq!(rows.first().unwrap().state, SubmitState::Refused);
    assert!(rows.first().unwrap().reason.as_ref().unwrap().contains("no job"));
    test.client().await.run(input()).key("a").await.unwrap();
    assert_eq!((test.charges(), test.posts()), (1, 2));
}

async fn an_adopted_job_is_that_of_the_key(place: Place) {
    let (test, _) = unknown_submit(place).await;
    let job = test.client().await.submit(input_with("other")).await.unwrap();
    test.ledger().await.adopt("a", job.id()).await.unwrap();
    assert_eq!(test.client().await.run(input()).key("a").await.unwrap().id, job.id());
    assert_eq!((test.charges(), test.posts()), (1, 2));
}

async fn only_an_open_submit_can_be_given_up_or_adopted(place: Place) {
    let (test, _) = unknown_submit(place).await;
    let ledger = test.ledger().await;
    let job = test.client().await.run(input_with("other")).key("b").await.unwrap();
    for (key, part) in [("b", job.id.as_str()), ("c", "no submit with the key `c`")] {
        for refused in [ledger.give_up(key, "no job").await, ledger.adopt(key, "job").await] {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
    let error = ledger.adopt("a", &job.id).await.unwrap_err().to_string();
    assert!(error.contains("belongs to the key `b`"), "{error}");
    let states: Vec<_> = ledger.submits().await.unwrap().iter().map(|row| row.state).collect();
    assert_eq!(states, [SubmitState::Sent, SubmitState::Completed]);
    ledger.give_up("a", "no job").await.unwrap();
    let error = ledger.give_up("a", "no job").await.unwrap_err().to_string();
    assert!(error.contains("`a`") && error.contains("free"), "{error}");
}

fn account(test: &Test, api_key: &str) -> Account {
    let config = Config::builder().ignore_env().base_url(test.world.base_url()).api_key("k");
    Account::of_api_key(config.build().unwrap().base_url(), api_key)
}

async fn a_ledger_of_another_account_prevents_the_submit(place: Place) {
    let test = Test::new(place, Scenario::new()).await;
    test.client().await.run(input()).key("a").await.unwrap();
    let other = test.client_with(test.ledger().await, "another-key-0123456789");
    let error = other.run(input()).key("b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ledger);
    assert!(error.message().contains("another API key"), "{error}");
    assert_eq!(test.posts(), 1);
    test.ledger().await.replace_api_key(account(&test, "another-key-0123456789")).await.unwrap();
    let claim = LedgerKey::new(account(&test, "another-key-0123456789"), "a");
    assert!(test.ledger().await.find(&claim).await.unwrap().is_some());
}

async fn a_key_without_a_ledger_is_an_error_of_the_configuration(place: Place) {
    let test = Test::new(place, Scenario::new()).await;
    let config = Config::builder().ignore_env().base_url(test.world.base_url());
    let client = Client::new(config.api_key(test.world.key()).build().unwrap()).unwrap();
    let error = client.submit(input()).key("a").await.unwrap_err();
    assert_eq!((error.kind(), test.posts()), (ErrorKind::Config, 0));
    assert!(error.message().contains("Set `ledger`"), "{error}");
}
