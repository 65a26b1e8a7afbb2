//! A submit with a key against the mock server: what is paid is what its ledger says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use viseme::ledger::{Account, Ledger as _, LedgerKey};
use viseme::{AudioToVideo, Client, Config, ErrorKind, Pacing, Status};
use viseme_ledger::{SqliteLedger, SubmitState};
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, WireFault, World};

struct Test {
    _server: MockServer,
    world: World,
    folder: tempfile::TempDir,
}

impl Test {
    async fn new(scenario: Scenario) -> Self {
        let server = MockServer::start().await.unwrap();
        let world = server.world_with(scenario.job(JobRule::new(Timeline::after_polls(1))));
        Self { _server: server, world, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(self.path()).unwrap()
    }

    /// A client as another process would have it: with nothing in memory.
    fn client(&self) -> Client {
        self.client_with(self.ledger(), self.world.key())
    }

    fn client_with(&self, ledger: SqliteLedger, api_key: &str) -> Client {
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

#[tokio::test]
async fn a_key_is_paid_once_in_one_process_and_in_the_next() {
    let test = Test::new(Scenario::new()).await;
    let client = test.client();
    let first = client.run(input()).key("a").await.unwrap();
    let again = client.run(input()).key("a").await.unwrap();
    let job = test.client().submit(input()).key("a").await.unwrap();
    assert_eq!((again.id.as_str(), job.id()), (first.id.as_str(), first.id.as_str()));
    assert_eq!(job.wait().await.unwrap().status, Status::Completed);
    assert_eq!((test.charges(), test.posts()), (1, 1));
    let other = client.run(input()).key("b").await.unwrap();
    assert_ne!(other.id, first.id);
    assert_eq!(test.charges(), 2);
}

#[tokio::test]
async fn many_tasks_and_two_processes_with_one_key_pay_once() {
    let test = Test::new(Scenario::new()).await;
    let clients = [test.client(), test.client()];
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

#[tokio::test]
async fn a_key_with_another_input_is_refused_before_anything_is_sent() {
    let test = Test::new(Scenario::new()).await;
    let client = test.client();
    client.run(input()).key("a").await.unwrap();
    let error = client.run(input_with("other")).key("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("`a`"), "{error}");
    assert_eq!(test.posts(), 1);
}

#[tokio::test]
async fn a_dropped_submit_is_recovered_by_the_next_call_with_the_key() {
    let test = Test::new(Scenario::new().fault(lost().wire(WireFault::Silence))).await;
    let client = test.client();
    let run = client.run(input()).key("a");
    let run = tokio::spawn(run.into_future());
    while test.charges() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    run.abort();
    let _ = run.await;
    drop(client);
    let rows = test.ledger().submits().await.unwrap();
    assert_eq!(rows.first().unwrap().state, SubmitState::Sent);

    let done = test.client().run(input()).key("a").await.unwrap();
    assert!(done.id == *test.world.jobs().first().unwrap().id);
    let ledger = test.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.orphaned), (1, 0));
    let rows = test.ledger().submits().await.unwrap();
    assert_eq!(rows.first().unwrap().state, SubmitState::Completed);
}

#[tokio::test]
async fn two_lost_submits_with_equal_inputs_never_share_a_job() {
    let test = Test::new(Scenario::new().fault(lost().reset())).await;
    let client = test.client();
    let a = client.run(input()).key("a").await.unwrap();
    // Recorded, and never sent.
    let ledger = test.ledger();
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

    let error = test.client().run(input()).key("b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    assert!(error.record().is_some());
    assert!(
        !error.candidates().any(|job| job.id == a.id),
        "the job of another key is no candidate"
    );
    assert_eq!(test.charges(), 1);
}

#[tokio::test]
async fn a_rejected_submit_frees_its_key() {
    let rejected = Fault::at(RequestKind::Submit).nth(1).status(402);
    let test = Test::new(Scenario::new().fault(rejected)).await;
    let client = test.client();
    let error = client.run(input()).key("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientCredits);
    let rows = test.ledger().submits().await.unwrap();
    assert_eq!(rows.first().unwrap().state, SubmitState::Refused);
    client.run(input_with("mended")).key("a").await.unwrap();
    assert_eq!(test.charges(), 1);
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_under_the_same_key() {
    let busy = Fault::at(RequestKind::Submit).nth(1).status(429).retry_after_secs(0);
    let test = Test::new(Scenario::new().fault(busy)).await;
    test.client().run(input()).key("a").await.unwrap();
    assert_eq!((test.charges(), test.posts()), (1, 2));
}

#[tokio::test]
async fn a_failed_job_is_returned_again_or_replaced_on_demand() {
    let server = MockServer::start().await.unwrap();
    let failed = JobRule::new(Timeline::ends_after_polls(1, "failed")).nth(1);
    let world =
        server.world_with(Scenario::new().job(failed).job(JobRule::new(Timeline::after_polls(1))));
    let test = Test { _server: server, world, folder: tempfile::tempdir().unwrap() };
    let client = test.client();
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
async fn unknown_submit() -> (Test, viseme::Error) {
    let test =
        Test::new(Scenario::new().fault(Fault::at(RequestKind::Submit).nth(1).reset())).await;
    let error = test.client().run(input()).key("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    (test, error)
}

#[tokio::test]
async fn an_open_key_is_named_with_what_to_do_and_submits_again_only_after_it_was_given_up() {
    let (test, error) = unknown_submit().await;
    let again = test.client().run(input()).key("a").await.unwrap_err();
    for error in [error, again] {
        assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
        for part in ["`a`", "adopt it in the ledger", "give up the key"] {
            assert!(error.message().contains(part), "{error}");
        }
    }
    assert_eq!((test.charges(), test.posts()), (0, 1));

    test.ledger().give_up("a", "no job").await.unwrap();
    let rows = test.ledger().submits().await.unwrap();
    assert_eq!(rows.first().unwrap().state, SubmitState::Refused);
    assert!(rows.first().unwrap().reason.as_ref().unwrap().contains("no job"));
    test.client().run(input()).key("a").await.unwrap();
    assert_eq!((test.charges(), test.posts()), (1, 2));
}

#[tokio::test]
async fn an_adopted_job_is_that_of_the_key() {
    let (test, _) = unknown_submit().await;
    let job = test.client().submit(input_with("other")).await.unwrap();
    test.ledger().adopt("a", job.id()).await.unwrap();
    assert_eq!(test.client().run(input()).key("a").await.unwrap().id, job.id());
    assert_eq!((test.charges(), test.posts()), (1, 2));
}

#[tokio::test]
async fn only_an_open_submit_can_be_given_up_or_adopted() {
    let (test, _) = unknown_submit().await;
    let ledger = test.ledger();
    let job = test.client().run(input_with("other")).key("b").await.unwrap();
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

#[tokio::test]
async fn a_ledger_of_another_account_prevents_the_submit() {
    let test = Test::new(Scenario::new()).await;
    test.client().run(input()).key("a").await.unwrap();
    let other = test.client_with(test.ledger(), "another-key-0123456789");
    let error = other.run(input()).key("b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ledger);
    assert!(error.message().contains("another API key"), "{error}");
    assert_eq!(test.posts(), 1);
    let text = std::fs::read(test.path()).unwrap();
    let key = test.world.key().as_bytes();
    assert!(!text.windows(key.len()).any(|bytes| bytes == key), "the key is not stored");
    test.ledger().replace_api_key(account(&test, "another-key-0123456789")).await.unwrap();
    let claim = LedgerKey::new(account(&test, "another-key-0123456789"), "a");
    assert!(test.ledger().find(&claim).await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_without_a_ledger_is_an_error_of_the_configuration() {
    let test = Test::new(Scenario::new()).await;
    let config = Config::builder().ignore_env().base_url(test.world.base_url());
    let client = Client::new(config.api_key(test.world.key()).build().unwrap()).unwrap();
    let error = client.submit(input()).key("a").await.unwrap_err();
    assert_eq!((error.kind(), test.posts()), (ErrorKind::Config, 0));
    assert!(error.message().contains("Set `ledger`"), "{error}");
}

fn refusal(path: &Path) -> String {
    match SqliteLedger::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn files_that_are_no_ledger_of_this_version_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(
        path("text"),
        "not a database, but long enough to have a header of 100 bytes. ".repeat(40),
    )
    .unwrap();
    assert!(refusal(&path("text")).contains("is not a ledger"));

    rusqlite::Connection::open(path("other")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(refusal(&path("other")).contains("another program"));

    drop(SqliteLedger::open(path("newer")).unwrap());
    rusqlite::Connection::open(path("newer"))
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    assert!(refusal(&path("newer")).contains("Update Viseme"));

    assert!(refusal(&path("missing/ledger.db")).contains("can be written to"));
    assert!(refusal(folder.path()).contains("cannot be opened"));
}

#[test]
fn a_ledger_that_was_lost_is_not_replaced_by_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let refusal = || SqliteLedger::open_existing(&path).err().map(|error| error.to_string());
    assert!(refusal().unwrap().contains("is gone, although it was used before"));
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    assert!(refusal().unwrap().contains("is empty, although it was used before"));
    drop(SqliteLedger::open(&path).unwrap());
    assert_eq!(refusal(), None);
}
