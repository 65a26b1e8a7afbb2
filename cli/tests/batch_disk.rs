//! The disk of a batch is full, or its ledger is torn, damaged, gone or of another version.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::path::Path;

use crate::support::batch::{BatchTest, Process, quick, silence};
use crate::support::random::Random;
use tokio::process::Command;
use viseme_mock::scenario::{Span, WireFault};
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

/// The command with a limit of the size of each file that it writes, in blocks of 512 bytes: a write
/// beyond it fails, as on a full disk.
fn with_full_disk(test: &BatchTest, blocks: u32) -> Command {
    let direct = test.command();
    let direct = direct.as_std();
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
    limited.arg(direct.get_program()).args(direct.get_args());
    for (name, value) in direct.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.current_dir(test.harness.folder.path()).kill_on_drop(true);
    limited
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_at_any_write_loses_no_job_and_pays_for_none_twice() {
    let test = BatchTest::new(&["a"], quick()).await;
    let world = &test.harness.world;
    let (mut unsent, mut sent) = (0, 0);
    for blocks in [4, 16, 64, 128, 160, 176, 192, 208, 224, 240, 256, 320, 500] {
        world.reset();
        let _ = std::fs::remove_dir_all(test.results());
        let process = Process::new(with_full_disk(&test, blocks), &test.path("log.txt"));
        assert_ne!(process.code().await, Some(0), "the result does not fit: {}", test.log());
        let submits = world.requests(RequestKind::Submit).len();
        // A submit without a record is never sent.
        let recorded = test.count("SELECT count(*) FROM submits").unwrap_or_default();
        assert_eq!(i64::try_from(submits).unwrap(), recorded, "{blocks} blocks");
        *(if submits == 0 { &mut unsent } else { &mut sent }) += 1;
        test.resume_and_expect_all_done().await;
    }
    assert!(unsent > 2 && sent > 2, "unsent {unsent}, sent {sent}");
}

/// The files of the ledger, as a process left them that was killed.
struct Ledger {
    database: Vec<u8>,
    log: Vec<u8>,
    /// How long the log was when the submit was sent: all of that was synced.
    synced: usize,
}

const LOG: &str = "batch.db-wal";

/// A batch of one row, killed after its job was accepted and that was committed.
async fn killed_with_a_log() -> (BatchTest, Ledger) {
    let pause = WireFault::Delay(Span::secs(1));
    let scenario = Scenario::new()
        .job(JobRule::new(Timeline::after_polls(2)))
        .fault(Fault::at(RequestKind::Submit).nth(1).wire(pause))
        .fault(silence(RequestKind::Poll, 1));
    let test = BatchTest::new(&["a"], scenario).await;
    let process = test.start();
    test.until_requests(RequestKind::Submit, 1).await;
    let synced = std::fs::metadata(test.results().join(LOG)).unwrap().len();
    test.until_requests(RequestKind::Poll, 1).await;
    process.kill().await;
    let read = |name: &str| std::fs::read(test.results().join(name)).unwrap();
    let ledger = Ledger {
        database: read("batch.db"),
        log: read(LOG),
        synced: usize::try_from(synced).unwrap(),
    };
    assert!(ledger.log.len() > ledger.synced, "the job id was committed after the submit");
    (test, ledger)
}

impl Ledger {
    /// Makes the folder one of a process that was killed, with another log.
    fn restore(&self, test: &BatchTest, log: &[u8]) {
        std::fs::remove_dir_all(test.results()).unwrap();
        std::fs::create_dir(test.results()).unwrap();
        std::fs::write(test.results().join("batch.db"), &self.database).unwrap();
        std::fs::write(test.results().join(LOG), log).unwrap();
        std::fs::write(test.results().join("batch.lock"), "").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_torn_after_the_record_of_a_submit_pays_nothing_again() {
    let (test, ledger) = killed_with_a_log().await;
    let mut random = Random::new();
    let mut ends = vec![ledger.synced, ledger.synced + 1, ledger.log.len() - 1];
    ends.extend((0..4).map(|_| random.between(ledger.synced, ledger.log.len())));
    for end in ends {
        let (kept, lost) = ledger.log.split_at(end);
        ledger.restore(&test, kept);
        test.resume_and_expect_all_done().await;
        // The lost bytes are there, but not what was written.
        let garbage: Vec<u8> = lost.iter().map(|byte| byte ^ 0x5a).collect();
        ledger.restore(&test, &[kept, &garbage].concat());
        test.resume_and_expect_all_done().await;
    }
    assert_eq!(test.harness.world.requests(RequestKind::Submit).len(), 1);
}

/// A disk that loses what it has confirmed loses the record of a submit. Then nobody can know of it: the row
/// is paid for again, once. A ledger that lost all is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_the_record_of_a_submit_is_usable() {
    let (test, ledger) = killed_with_a_log().await;
    let mut random = Random::new();
    let mut ends = vec![0, ledger.synced - 1];
    ends.extend((0..5).map(|_| random.between(0, ledger.synced)));
    for end in ends {
        ledger.restore(&test, ledger.log.get(..end).unwrap());
        let before = test.charges();
        let result = test.run().await;
        if result.code == Some(1) {
            assert!(result.err.contains("is empty, although it was used before"), "{result:?}");
            assert_eq!(test.charges(), before);
            continue;
        }
        assert_eq!(result.code, Some(0), "{end} of {}: {result:?}", ledger.synced);
        let paid = test.charges() - before;
        assert!(paid <= 1, "{end} of {}: paid {paid} times", ledger.synced);
        test.expect_results(&["a"]);
    }
}

/// Runs the batch. It must be refused with these words, and pay nothing.
async fn expect_refused(test: &BatchTest, words: &str) {
    let before = test.charges();
    let result = test.run().await;
    assert_eq!(result.code, Some(1), "{result:?}");
    assert!(result.err.contains(words), "{words:?} is not in {result:?}");
    assert_eq!(test.charges(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_another_version_is_refused_and_left_as_it_is() {
    let test = BatchTest::new(&["a"], quick()).await;
    test.resume_and_expect_all_done().await;
    test.write_manifest("id,video,audio\na,face.mp4,a.mp3\nb,face.mp4,a.mp3\n");
    for (version, words) in [
        (99, "was made by a newer version of Viseme"),
        (0, "was made by an older version of Viseme"),
    ] {
        test.database().pragma_update(None, "user_version", version).unwrap();
        expect_refused(&test, words).await;
        assert_eq!(test.count("PRAGMA user_version"), Some(version));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_ledger_is_refused() {
    let test = BatchTest::new(&["a"], quick()).await;
    test.resume_and_expect_all_done().await;
    let path = test.results().join("batch.db");
    test.database().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let whole = std::fs::read(&path).unwrap();
    let damaged = |from: usize, to: usize| {
        let mut content = whole.clone();
        content.iter_mut().take(to).skip(from).for_each(|byte| *byte = 0x5a);
        content
    };
    for (content, words) in [
        (damaged(0, 100), "is not a ledger"),
        (damaged(100, 4_096), "is damaged. Keep it, and restore it from a backup"),
        (damaged(4_096, whole.len()), "is damaged. Keep it, and restore it from a backup"),
        (whole.get(..whole.len() / 2).unwrap().to_vec(), "is damaged. Keep it"),
        (Vec::new(), "is empty, although it was used before"),
    ] {
        write_ledger(&path, Some(&content));
        expect_refused(&test, words).await;
    }
    write_ledger(&path, None);
    expect_refused(&test, "is gone, although it was used before").await;
    write_ledger(&path, Some(&whole));
    test.resume_and_expect_all_done().await;
}

/// Replaces or removes the file of a ledger, and removes what belongs to the old one.
fn write_ledger(path: &Path, content: Option<&[u8]>) {
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    match content {
        Some(content) => std::fs::write(path, content).unwrap(),
        None => std::fs::remove_file(path).unwrap(),
    }
}
