//! `--key`, `--ledger` and `viseme ledger`, with a file and with PostgreSQL.
#![cfg(unix)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::{self, Harness, ends, run_samples};
use viseme_ledger::testing::PostgresServer;
use viseme_mock::scenario::WireFault;
use viseme_mock::{Fault, RequestKind};

async fn a_killed_run_is_continued_with_its_key(ledger: &str) {
    let silent = Fault::at(RequestKind::Submit).nth(1).after_accept().wire(WireFault::Silence);
    let harness = Harness::new(ends("completed").fault(silent)).await;
    let keyed = ["--ledger", ledger, "--key", "row-17"];
    let running = harness.start_run(&keyed);
    harness.until("the job is made", |world| !world.jobs().is_empty()).await;
    running.signal(rustix::process::Signal::KILL);
    running.finish().await;
    let list = |more: &'static [&'static str]| {
        let line = [&["ledger", "list", ledger], more].concat();
        let harness = &harness;
        async move { harness.viseme(&line).await }
    };
    assert!(list(&["--open"]).await.out.contains("sent       -  "));

    // On another machine: it has nothing but the ledger and the key.
    let result = harness.run(&[&keyed[..], &["--out", "film.mp4"]].concat()).await;
    assert_eq!(result.code, Some(0), "{result:?}");
    assert_eq!(harness.world.requests(RequestKind::Submit).len(), 1);
    let paid = harness.world.ledger();
    assert_eq!((paid.charges.len(), paid.delivered, paid.orphaned), (1, 1, 0));

    let listed = list(&["--json"]).await.json();
    let submit = &listed["submits"][0];
    assert_eq!((&submit["key"], &submit["state"]), (&"row-17".into(), &"completed".into()));
    assert_eq!(submit["job_id"], harness.world.jobs()[0].id.as_str());
    assert_eq!(list(&["--open"]).await.out, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_continued_with_its_key_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    a_killed_run_is_continued_with_its_key(&path.to_string_lossy()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_continued_with_its_key_in_a_database() {
    let server = PostgresServer::start();
    a_killed_run_is_continued_with_its_key(&server.create_database().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_decides_about_a_submit_with_an_unknown_outcome() {
    let lost = |nth| Fault::at(RequestKind::Submit).nth(nth).reset();
    let harness = Harness::new(ends("completed").fault(lost(1)).fault(lost(2))).await;
    let submit = |key: &'static str| {
        let mut line = run_samples(&["--ledger", "ledger.db", "--key", key]);
        line[0] = "submit".to_owned();
        // `submit` does not wait.
        line.drain(1..3);
        let mut command = harness.command(&line);
        command.env("WAVESPEED_TIMEOUT", "2");
        support::finish(command)
    };
    for key in ["a", "b"] {
        let result = submit(key).await;
        assert_eq!(result.code, Some(6), "{result:?}");
    }
    assert_eq!(harness.viseme(&["ledger", "give-up", "ledger.db", "a"]).await.code, Some(0));
    let again = submit("a").await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(harness.world.ledger().charges.len(), 1);

    let adopted = harness.viseme(&["ledger", "adopt", "ledger.db", "b", "job-of-b"]).await;
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    let list = harness.viseme(&["ledger", "list", "ledger.db"]).await.out;
    assert!(list.contains("accepted   job-of-b  "), "{list}");
    let refused = harness.viseme(&["ledger", "give-up", "ledger.db", "b"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("its job is job-of-b"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_submitted_again_only_if_the_user_says_so() {
    let harness = Harness::new(ends("failed")).await;
    let keyed = ["--key", "row-17", "--ledger", "ledger.db"];
    let submits = || harness.world.requests(RequestKind::Submit).len();
    for (more, submits_after) in [(&[][..], 1), (&[][..], 1), (&["--retry-failed"][..], 2)] {
        let result = harness.run(&[&keyed[..], more].concat()).await;
        assert_eq!(result.code, Some(4), "{result:?}");
        assert_eq!(submits(), submits_after, "{result:?}");
    }
    let mut line = run_samples(&[&keyed[..], &["--retry-failed"]].concat());
    line[0] = "submit".to_owned();
    line.drain(1..3);
    let result = harness.viseme(&line).await;
    assert_eq!((result.code, submits()), (Some(0), 3), "{result:?}");
    let result = harness.run(&["--retry-failed"]).await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(result.err.contains("--key"), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_refused_before_anything_is_sent_and_no_password_is_shown() {
    let harness = Harness::new(ends("completed")).await;
    let url = "postgres://ann:s3cret@127.0.0.1:1/films?sslmode=nonsense";
    let out = ["--out", "film.mp4"];
    for (more, code, words) in [
        (&["--key", "a"][..], 2, "--ledger"),
        (&["--ledger", "ledger.db"], 2, "--key"),
        (&["--offline", "--key", "a", "--ledger", "ledger.db"], 2, "--offline takes no --ledger"),
        (&["--key", "a", "--ledger", url], 1, "The URL of the ledger is not valid"),
        (&["--key", "a", "--ledger", "none/ledger.db"], 1, "cannot be opened"),
    ] {
        let result = harness.run(&[more, &out].concat()).await;
        assert_eq!(result.code, Some(code), "{result:?}");
        assert!(result.err.contains(words) && !result.err.contains("s3cret"), "{result:?}");
    }
    let result = harness.viseme(&["ledger", "list", "none.db"]).await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(!harness.path("none.db").exists());
    assert!(harness.world.requests(RequestKind::Submit).is_empty());
}
