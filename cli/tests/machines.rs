//! Many machines run one batch over a PostgreSQL database; here each is a process with a folder of its own.
//! Processes and the server are killed at random.
#![cfg(unix)]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic fails the test; the numbers of the full run are printed"
)]

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::batch::{BatchTest, Process, quick};
use crate::support::random::Random;
use serde_json::Value;
use viseme_ledger::testing::PostgresServer;
use viseme_mock::RequestKind;

/// How long a killed batch may take; far longer than it does.
const LIMIT: Duration = Duration::from_secs(900);

struct Machines {
    test: BatchTest,
    server: PostgresServer,
    url: String,
    rows: usize,
    running: Vec<Option<Process>>,
}

impl Machines {
    /// Starts processes for a batch of rows whose media are URLs.
    async fn start(count: usize, rows: usize) -> Self {
        let test = BatchTest::new(&[], quick().balance_usd(1_000.0)).await;
        let mut table = "id,video,audio\n".to_owned();
        for row in 0..rows {
            let url = format!("https://media.example/{row}");
            table += &format!("row-{row},{url}.mp4,{url}.mp3\n");
        }
        test.write_manifest(&table);
        let server = PostgresServer::start();
        let url = server.create_database().await;
        let mut machines = Self { test, server, url, rows, running: Vec::new() };
        for machine in 0..count {
            let process = machines.process(machine);
            machines.running.push(Some(process));
        }
        machines
    }

    fn folder(&self, machine: usize) -> PathBuf {
        self.test.path(&format!("machine-{machine}"))
    }

    fn process(&self, machine: usize) -> Process {
        let out = format!("machine-{machine}");
        let mut line = vec!["batch", "run", "jobs.csv", "--out", &out, "--ledger", &self.url];
        line.extend(["--lease", "3s", "--limit", "8", "--poll-every", "0.1", "--json"]);
        // A record that was committed and whose submit was not sent needs a decision in the end.
        line.extend(["--on-unknown", "resubmit-after=5s"]);
        let mut command = self.test.harness.command(&line);
        // Ends a search for a job that does not exist after some seconds.
        command.env("WAVESPEED_TIMEOUT", "5");
        Process::new(command, &self.test.path(&format!("log-{machine}.txt")))
    }

    fn submits(&self) -> usize {
        self.test.harness.world.requests(RequestKind::Submit).len()
    }

    /// Kills a machine and starts it again, or the server, each once so many more submits were sent.
    async fn kill_at_random(&mut self, kills: usize) -> (usize, usize) {
        let mut random = Random::new();
        let (mut processes, mut servers) = (0, 0);
        for kill in 1..=kills {
            let submits = kill * (self.rows * 4 / 5) / kills;
            let until = Instant::now() + LIMIT;
            while self.submits() < submits {
                assert!(Instant::now() < until, "no progress: {}", self.logs());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(random.between(0, 100) as u64)).await;
            if random.between(1, 4) == 1 || kill == kills {
                self.server.kill();
                self.server.resume();
                servers += 1;
                continue;
            }
            let machine = random.between(0, self.running.len() - 1);
            let old = self.running.get_mut(machine).and_then(Option::take).unwrap();
            old.kill_if_running().await;
            *self.running.get_mut(machine).unwrap() = Some(self.process(machine));
            processes += 1;
        }
        (processes, servers)
    }

    /// Waits until all machines have ended, and runs a last one for what they left.
    async fn finish(&mut self) {
        for process in std::mem::take(&mut self.running).into_iter().flatten() {
            tokio::time::timeout(LIMIT, process.code()).await.unwrap();
        }
        for _ in 0..6 {
            let code = tokio::time::timeout(LIMIT, self.process(0).code()).await.unwrap();
            if code == Some(0) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        panic!("the batch does not end: {}", self.logs());
    }

    fn logs(&self) -> String {
        let read = |machine| std::fs::read_to_string(self.test.path(&format!("log-{machine}.txt")));
        let tail = |text: String| text.lines().rev().take(8).collect::<Vec<_>>().join("\n");
        (0..8)
            .filter_map(|machine| read(machine).ok())
            .map(tail)
            .collect::<Vec<_>>()
            .join("\n---\n")
    }

    /// Each row is done and saved on some machine, and was paid for once.
    async fn expect_each_row_paid_once(&self) {
        let line = ["batch", "status", "--ledger", &self.url, "--name", "jobs", "--json"];
        let status = self.test.harness.viseme(&line).await;
        let summary: Value = serde_json::from_str(status.out.lines().last().unwrap()).unwrap();
        assert_eq!(summary.get("states").unwrap(), &serde_json::json!({ "done": self.rows }));
        let mut saved = HashSet::new();
        for machine in 0..8 {
            let Ok(files) = std::fs::read_dir(self.folder(machine)) else { continue };
            let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
            saved.extend(names.filter(|name| name.ends_with(".mp4")));
        }
        assert_eq!(saved.len(), self.rows, "results on all machines");
        self.test.expect_paid(self.rows).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_machines_that_are_killed_with_their_database_pay_for_each_row_once() {
    let mut machines = Machines::start(3, 100).await;
    machines.kill_at_random(6).await;
    machines.finish().await;
    machines.expect_each_row_paid_once().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; prints its numbers"]
async fn eight_machines_that_are_killed_with_their_database_pay_for_each_row_once() {
    let started = Instant::now();
    let mut machines = Machines::start(8, 2_000).await;
    let (processes, servers) = machines.kill_at_random(40).await;
    machines.finish().await;
    let seconds = started.elapsed().as_secs_f64();
    machines.expect_each_row_paid_once().await;
    let ledger = machines.test.harness.world.ledger();
    println!(
        "{} rows, {processes} kills of a process, {servers} of the server: {} charges, {} duplicates, \
         {} orphaned, {} submits, {seconds:.0} s",
        machines.rows,
        ledger.charges.len(),
        ledger.duplicates,
        ledger.orphaned,
        machines.submits(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_in_a_database_is_known_by_its_name_on_each_machine() {
    let test = BatchTest::new(&["a", "b"], quick()).await;
    let server = PostgresServer::start();
    let url = server.create_database().await;
    let shared = ["--ledger", &url, "--name", "films"];
    let run = ["batch", "run", "jobs.csv", "--out", "here", "--poll-every", "0.1"];
    let ended = test.harness.viseme(&[&run[..], &shared].concat()).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let command = |words: &[&str]| {
        let line: Vec<String> =
            words.iter().chain(&shared).map(|word| (*word).to_owned()).collect();
        let harness = &test.harness;
        async move { harness.viseme(&line).await }
    };
    let status = command(&["batch", "status"]).await;
    assert!(status.code == Some(0) && status.out.starts_with("2 done"), "{status:?}");
    let unknown = command(&["batch", "unknown"]).await;
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(0), "No row is unknown.\n"));
    let retry = command(&["batch", "retry", "a"]).await;
    assert!(retry.code == Some(2) && retry.err.contains("`a` is done"), "{retry:?}");
    let report = command(&["batch", "report", "there"]).await;
    assert_eq!(report.code, Some(0), "{report:?}");
    let lines = std::fs::read_to_string(test.path("there/report.jsonl")).unwrap();
    assert!(lines.lines().count() == 2 && lines.contains("\"machine\""), "{lines}");

    // Nothing is left for another machine.
    let run = ["batch", "run", "jobs.csv", "--out", "there", "--poll-every", "0.1"];
    let ended = test.harness.viseme(&[&run[..], &shared].concat()).await;
    assert_eq!((ended.code, test.charges()), (Some(0), 2), "{ended:?}");
    for (line, words) in [
        (&["batch", "status", "--ledger", "ledger.db"][..], "needs the URL"),
        (&["batch", "status", "--ledger", &url], "needs --name"),
        (&["batch", "report", "--ledger", &url, "--name", "films"], "Name the folder"),
        (&["batch", "status"], "<DIR>"),
    ] {
        let refused = test.harness.viseme(line).await;
        assert!(refused.code == Some(2) && refused.err.contains(words), "{refused:?}");
    }
}
