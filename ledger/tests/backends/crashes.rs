//! The process dies at each point of a submit with a key; the next process goes on with the key.

use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use viseme::ledger::{
    Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerFuture, LedgerKey,
};
use viseme::{AudioToVideo, Client, Config, ErrorKind, Pacing, Status};
use viseme_ledger::AnyLedger;
use viseme_mock::{Fault, JobRule, MockServer, RequestKind, Scenario, Timeline, WireFault, World};

use crate::place::Place;

/// Kills this process as `kill -9` does: nothing is flushed, no destructor runs.
fn die() -> ! {
    std::process::abort()
}

/// A ledger whose process dies before or after an operation.
struct Dying {
    ledger: AnyLedger,
    point: String,
}

impl Dying {
    fn around<'a, T: Send + 'a>(
        &'a self,
        name: &'a str,
        operation: LedgerFuture<'a, T>,
    ) -> LedgerFuture<'a, T> {
        async move {
            if self.point == format!("before {name}") {
                die();
            }
            let result: Result<T, LedgerError> = operation.await;
            if self.point == format!("after {name}") {
                die();
            }
            result
        }
        .boxed()
    }
}

impl Ledger for Dying {
    fn find<'a>(&'a self, key: &'a LedgerKey) -> LedgerFuture<'a, Option<LedgerEntry>> {
        self.around("find", self.ledger.find(key))
    }

    fn claim<'a>(&'a self, submit: &'a ClaimRequest) -> LedgerFuture<'a, Claim> {
        self.around("claim", self.ledger.claim(submit))
    }

    fn accepted<'a>(&'a self, key: &'a LedgerKey, job_id: &'a str) -> LedgerFuture<'a, ()> {
        self.around("accepted", self.ledger.accepted(key, job_id))
    }

    fn refused<'a>(&'a self, key: &'a LedgerKey, reason: &'a str) -> LedgerFuture<'a, ()> {
        self.around("refused", self.ledger.refused(key, reason))
    }

    fn settled<'a>(&'a self, key: &'a LedgerKey, status: &'a Status) -> LedgerFuture<'a, ()> {
        self.around("settled", self.ledger.settled(key, status))
    }
}

fn client(base_url: &str, api_key: &str, ledger: impl Ledger) -> Client {
    let config = Config::builder()
        .ignore_env()
        .base_url(base_url)
        .api_key(api_key)
        .check_remote_media(false)
        .pacing(Pacing::every(Duration::from_millis(20)))
        .recovery_window(Duration::from_secs(2))
        .ledger(ledger);
    Client::new(config.build().unwrap()).unwrap()
}

fn input() -> AudioToVideo {
    AudioToVideo::new()
        .audio("https://media.example/voice.mp3")
        .video("https://media.example/face.mp4")
}

/// The process that dies. It does nothing unless a test starts it with its environment.
#[tokio::test]
async fn child_process() {
    let Ok(point) = std::env::var("LEDGER_TEST_POINT") else { return };
    let var = |name: &str| std::env::var(name).unwrap();
    let ledger = match AnyLedger::open(&var("LEDGER_TEST_PATH")).await {
        Ok(ledger) => ledger,
        Err(_) => std::process::exit(40),
    };
    let ledger = Dying { ledger, point };
    let client = client(&var("LEDGER_TEST_URL"), &var("LEDGER_TEST_KEY"), ledger);
    let exit = match client.run(input()).key("a").await {
        Ok(_) => 0,
        Err(error) if error.kind() == ErrorKind::Ledger => 41,
        Err(_) => 42,
    };
    std::process::exit(exit);
}

fn child(world: &World, path: &str, point: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "crashes::child_process", "--test-threads=1"])
        .env("LEDGER_TEST_POINT", point)
        .env("LEDGER_TEST_PATH", path)
        .env("LEDGER_TEST_URL", world.base_url())
        .env("LEDGER_TEST_KEY", world.key())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn wait(mut command: Command) -> ExitStatus {
    let mut child = command.spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("the process did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

async fn world(fault: Option<Fault>) -> (MockServer, World) {
    let server = MockServer::start().await.unwrap();
    let scenario = Scenario::new().job(JobRule::new(Timeline::after_polls(1)));
    let scenario = match fault {
        Some(fault) => scenario.fault(fault),
        None => scenario,
    };
    let world = server.world_with(scenario);
    (server, world)
}

on_each_backend!(
    a_process_that_dies_at_any_point_pays_at_most_once_and_loses_no_job,
    a_process_killed_while_the_response_is_on_its_way_is_recovered,
);

async fn a_process_that_dies_at_any_point_pays_at_most_once_and_loses_no_job(place: Place) {
    for (point, charges_before, result_is_ok) in [
        ("before find", 0, true),
        ("after find", 0, true),
        ("before claim", 0, true),
        // Nothing was sent, but that cannot be known: the user decides.
        ("after claim", 0, false),
        ("before accepted", 1, true),
        ("after accepted", 1, true),
        ("before settled", 1, true),
        ("after settled", 1, true),
    ] {
        let (_server, world) = world(None).await;
        let place = place.another().await;
        let path = place.path_or_url.clone();
        let command = child(&world, &path, point);
        let status = tokio::task::spawn_blocking(move || wait(command)).await.unwrap();
        assert_eq!(status.code(), None, "{point}: it was killed, not ended");
        assert_eq!(world.ledger().charges.len(), charges_before, "{point}");

        let client = client(world.base_url(), world.key(), place.open().await);
        let result = client.run(input()).key("a").await;
        assert_eq!(result.is_ok(), result_is_ok, "{point}: {result:?}");
        let ledger = world.ledger();
        assert_eq!(ledger.charges.len(), usize::from(result_is_ok), "{point}");
        assert_eq!(ledger.orphaned, 0, "{point}");
    }
}

async fn a_process_killed_while_the_response_is_on_its_way_is_recovered(place: Place) {
    let silent = Fault::at(RequestKind::Submit).nth(1).after_accept().wire(WireFault::Silence);
    let (_server, world) = world(Some(silent)).await;
    let mut process = child(&world, &place.path_or_url, "never").spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while world.ledger().charges.is_empty() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(world.ledger().charges.len(), 1);
    let client = client(world.base_url(), world.key(), place.open().await);
    client.run(input()).key("a").await.unwrap();
    let ledger = world.ledger();
    assert_eq!((ledger.charges.len(), ledger.orphaned), (1, 0));
    assert_eq!(world.requests(RequestKind::Submit).len(), 1);
}

/// The disk is full: here, no file may grow beyond a size.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_prevents_the_submit() {
    let (_server, world) = world(None).await;
    let place = Place::file();
    // The tables exist, and the write-ahead log cannot grow.
    drop(place.open().await);
    let direct = child(&world, &place.path_or_url, "never");
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]);
    limited.arg(direct.get_program()).args(direct.get_args());
    for (name, value) in direct.get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    limited.stdout(Stdio::null()).stderr(Stdio::null());
    let status = tokio::task::spawn_blocking(move || wait(limited)).await.unwrap();
    assert!(matches!(status.code(), Some(40 | 41)), "{status:?}");
    assert!(world.requests(RequestKind::Submit).is_empty(), "nothing was sent");

    let client = client(world.base_url(), world.key(), place.open().await);
    client.run(input()).key("a").await.unwrap();
    assert_eq!(world.ledger().charges.len(), 1);
}
