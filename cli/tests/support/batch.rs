//! Runs `viseme batch run`, kills it, and compares what was paid for and saved with the mock server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use tokio::process::{Child, Command};
use viseme_mock::scenario::WireFault;
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

use super::{Finished, Harness, finish, in_repository};

/// The files that a batch keeps in its folder beside the results.
const OWN_FILES: [&str; 7] = [
    "batch.db",
    "batch.db-journal",
    "batch.db-wal",
    "batch.db-shm",
    "batch.lock",
    "report.csv",
    "report.jsonl",
];

/// A scenario in which jobs are completed at their first poll.
pub fn quick() -> Scenario {
    Scenario::new().job(JobRule::new(Timeline::after_polls(1)))
}

/// A fault of the n-th submit: the service accepts it, and its response never comes.
pub fn accepted_and_lost(nth: u64) -> Fault {
    silence(RequestKind::Submit, nth).after_accept()
}

/// A fault of the n-th request of a kind: it has no effect, and its response never comes.
pub fn silence(kind: RequestKind, nth: u64) -> Fault {
    Fault::at(kind).nth(nth).wire(WireFault::Silence)
}

/// A batch in a folder: `jobs.csv`, and its results in `results`.
pub struct BatchTest {
    pub harness: Harness,
    ids: Vec<String>,
    options: Vec<String>,
    environment: BTreeMap<&'static str, String>,
}

impl BatchTest {
    /// Creates a batch whose rows have these ids. They share their video; each has an audio file of its
    /// own.
    pub async fn new(ids: &[&str], scenario: Scenario) -> Self {
        let test = Self {
            harness: Harness::new(scenario).await,
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            options: Vec::new(),
            environment: BTreeMap::new(),
        };
        std::fs::copy(in_repository("samples/face.mp4"), test.path("face.mp4")).unwrap();
        let mut table = "id,video,audio\n".to_owned();
        for id in ids {
            std::fs::copy(in_repository("samples/voice.mp3"), test.path(&format!("{id}.mp3")))
                .unwrap();
            table += &format!("{id},face.mp4,{id}.mp3\n");
        }
        test.write_manifest(&table);
        test
    }

    /// Adds options to the command line.
    pub fn with(mut self, options: &[&str]) -> Self {
        self.options.extend(options.iter().map(|it| (*it).to_owned()));
        self
    }

    /// Removes the options that a test has added to the command line.
    pub fn without_options(mut self) -> Self {
        self.options.clear();
        self
    }

    /// Sets an environment variable of the command.
    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.insert(name, value.into());
        self
    }

    /// Ends a search for a job that does not exist after some seconds, instead of two minutes.
    pub fn with_short_search(self) -> Self {
        self.env("WAVESPEED_TIMEOUT", "5")
    }

    pub fn write_manifest(&self, table: &str) {
        std::fs::write(self.path("jobs.csv"), table).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.harness.path(name)
    }

    pub fn results(&self) -> PathBuf {
        self.path("results")
    }

    /// The command line. Each run of a test has the same one.
    pub fn command(&self) -> Command {
        let line = ["batch", "run", "jobs.csv", "--out", "results", "--poll-every", "0.1"];
        let line = line.into_iter().chain(self.options.iter().map(String::as_str));
        let mut command = self.harness.command(&line.collect::<Vec<_>>());
        command.envs(&self.environment);
        command
    }

    /// Starts the batch. Its output goes to `log.txt`.
    pub fn start(&self) -> Process {
        Process::new(self.command(), &self.path("log.txt"))
    }

    /// Runs the batch to its end.
    pub async fn run(&self) -> Finished {
        finish(self.command()).await
    }

    /// Runs another command of `viseme batch` with the folder.
    pub async fn batch(&self, command: &str, more: &[&str]) -> Finished {
        let line = [&["batch", command, "results"], more].concat();
        self.harness.viseme(&line).await
    }

    /// Runs the batch again. All rows must end as done, each paid for once.
    pub async fn resume_and_expect_all_done(&self) {
        self.resume_and_expect_charges(self.ids.len()).await;
    }

    /// Runs the batch again. All rows must end as done, for this many charges.
    pub async fn resume_and_expect_charges(&self, charges: usize) {
        self.expect_no_partial_result();
        let result = self.run().await;
        assert_eq!(result.code, Some(0), "{result:?}\nbefore: {}", self.log());
        self.expect_states(&[("done", self.ids.len())]).await;
        self.expect_paid(charges).await;
        self.expect_results(&self.ids.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Each charge is one of a job whose result was delivered: none twice, none lost.
    pub async fn expect_paid(&self, charges: usize) {
        // The mock may still be writing the end of a response that the program has read.
        for _ in 0..200 {
            if self.harness.world.ledger().delivered >= charges {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let ledger = self.harness.world.ledger();
        let counts = (ledger.charges.len(), ledger.delivered, ledger.duplicates, ledger.orphaned);
        assert_eq!(counts, (charges, charges, 0, 0), "charges, delivered, duplicates, orphaned");
    }

    /// Returns how many submits were charged so far.
    pub fn charges(&self) -> usize {
        self.harness.world.ledger().charges.len()
    }

    /// The summary of `viseme batch status`.
    pub async fn expect_states(&self, expected: &[(&str, usize)]) {
        let status = self.batch("status", &["--json"]).await;
        let summary: Value =
            serde_json::from_str(status.out.lines().last().unwrap_or_default()).expect("JSON");
        let expected: serde_json::Map<_, _> =
            expected.iter().map(|(state, count)| ((*state).to_owned(), (*count).into())).collect();
        assert_eq!(summary.get("states"), Some(&Value::Object(expected)), "{status:?}");
    }

    /// The folder contains the results of these rows, each of them whole, and nothing but what belongs
    /// to the batch.
    pub fn expect_results(&self, ids: &[&str]) {
        self.expect_no_partial_result();
        let names: Vec<String> = self.results_files();
        let mut expected: Vec<String> = ids.iter().map(|id| format!("{id}.mp4")).collect();
        expected.sort();
        assert_eq!(names, expected);
    }

    /// Every result in the folder is whole.
    pub fn expect_no_partial_result(&self) {
        let video = std::fs::read(self.path("face.mp4")).unwrap();
        for name in self.results_files().iter().filter(|name| !name.starts_with('.')) {
            let content = std::fs::read(self.results().join(name)).unwrap();
            assert!(content == video, "{name} is not whole: {} bytes", content.len());
        }
    }

    /// The files in the folder of the results that the batch does not keep for itself, sorted.
    pub fn results_files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.results()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.filter(|name| !OWN_FILES.contains(&name.as_str())).collect();
        names.sort();
        names
    }

    /// What the program printed before it was killed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log.txt")).unwrap_or_default()
    }

    /// Opens the ledger of the batch.
    pub fn database(&self) -> Connection {
        let database = Connection::open(self.results().join("batch.db")).unwrap();
        database.busy_timeout(Duration::from_secs(20)).unwrap();
        database
    }

    /// Keeps the program from committing anything until the connection is dropped.
    pub fn lock_database(&self) -> Connection {
        let database = self.database();
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        database
    }

    /// Returns how many rows a table of the ledger has, if it exists.
    pub fn count(&self, sql: &str) -> Option<i64> {
        let path = self.results().join("batch.db");
        let database = Connection::open_with_flags(
            path,
            rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
        );
        database.ok()?.query_row(sql, [], |row| row.get(0)).ok()
    }

    /// Waits until the program has sent this many requests of a kind.
    pub async fn until_requests(&self, kind: RequestKind, count: usize) {
        let what = format!("{count} requests of the kind {kind:?}");
        self.harness.until(&what, |world| world.requests(kind).len() >= count).await;
    }
}

/// A running batch.
pub struct Process(Child);

impl Process {
    pub fn new(mut command: Command, log: &Path) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        command.stdout(Stdio::from(log.try_clone().unwrap())).stderr(Stdio::from(log));
        Self(command.spawn().expect("the program starts"))
    }

    /// Ends it as `kill -9` does. It must not have ended before.
    pub async fn kill(mut self) {
        self.0.start_kill().expect("it runs");
        let status = self.0.wait().await.expect("an end");
        assert_eq!(status.code(), None, "it ended before it was killed");
    }

    /// Ends it as `kill -9` does. Returns whether it had ended before.
    pub async fn kill_if_running(mut self) -> bool {
        let _ = self.0.start_kill();
        self.0.wait().await.expect("an end").code().is_some()
    }

    /// Waits for its end, and returns the exit code.
    pub async fn code(mut self) -> Option<i32> {
        self.0.wait().await.expect("an end").code()
    }
}
