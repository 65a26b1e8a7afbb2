//! A ledger that cannot record what became of a job that is paid for.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use viseme::ledger::{
    Claim, ClaimRequest, Ledger, LedgerEntry, LedgerError, LedgerFuture, LedgerKey,
};
use viseme::{AudioToVideo, Client, Config, Pacing, Status};
use viseme_ledger::AnyLedger;
use viseme_mock::{JobRule, MockServer, Scenario, Timeline};

use crate::place::Place;

/// A ledger that works until a job is accepted.
struct Broken(AnyLedger);

fn full<T: Send>() -> LedgerFuture<'static, T> {
    async { Err(LedgerError::new("the disk is full")) }.boxed()
}

impl Ledger for Broken {
    fn find<'a>(&'a self, key: &'a LedgerKey) -> LedgerFuture<'a, Option<LedgerEntry>> {
        self.0.find(key)
    }

    fn claim<'a>(&'a self, submit: &'a ClaimRequest) -> LedgerFuture<'a, Claim> {
        self.0.claim(submit)
    }

    fn accepted<'a>(&'a self, _key: &'a LedgerKey, _job_id: &'a str) -> LedgerFuture<'a, ()> {
        full()
    }

    fn refused<'a>(&'a self, _key: &'a LedgerKey, _reason: &'a str) -> LedgerFuture<'a, ()> {
        full()
    }

    fn settled<'a>(&'a self, _key: &'a LedgerKey, _status: &'a Status) -> LedgerFuture<'a, ()> {
        full()
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// On one thread, whose log this is.
#[tokio::test]
async fn the_run_goes_on_and_the_log_names_the_job_and_the_key() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = MockServer::start().await.unwrap();
    let scenario = Scenario::new().job(JobRule::new(Timeline::after_polls(1)));
    let world = server.world_with(scenario);
    let place = Place::file();
    let config = Config::builder()
        .ignore_env()
        .base_url(world.base_url())
        .api_key(world.key())
        .check_remote_media(false)
        .pacing(Pacing::every(Duration::from_millis(20)))
        .ledger(Broken(place.open().await));
    let client = Client::new(config.build().unwrap()).unwrap();
    let input = AudioToVideo::new()
        .audio("https://media.example/voice.mp3")
        .video("https://media.example/face.mp4");
    let prediction = client.run(input).key("row-1").await.unwrap();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for what in ["the job id", "the end of the job"] {
        let line =
            log.lines().find(|line| line.contains(&format!("the ledger cannot record {what}")));
        let line = line.unwrap_or_else(|| panic!("nothing about {what}: {log}"));
        assert!(line.contains("WARN"), "{line}");
        for part in [prediction.id.as_str(), "row-1", "the disk is full"] {
            assert!(line.contains(part), "no {part}: {line}");
        }
    }
    assert_eq!(world.ledger().charges.len(), 1);
}
