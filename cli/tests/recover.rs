//! `--save-record`, `viseme recover` and `--webhook`.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::{self, Harness, ends, run_samples, samples};
use viseme_mock::scenario::WireFault;
use viseme_mock::{Fault, RequestKind, Scenario};

/// A scenario in which the service accepts the first submit and its response is lost.
fn lost(wire: WireFault) -> Scenario {
    ends("completed").fault(Fault::at(RequestKind::Submit).nth(1).after_accept().wire(wire))
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_killed_during_a_submit_loses_no_job() {
    let harness = Harness::new(lost(WireFault::Silence)).await;
    let running = harness.start_run(&["--save-record", "record.json"]);
    harness.until("the job is made", |world| !world.jobs().is_empty()).await;
    running.signal(rustix::process::Signal::KILL);
    assert_eq!(running.finish().await.code, None);

    let found = harness.viseme(&["recover", "record.json"]).await;
    assert_eq!(found.code, Some(0), "{found:?}");
    let id = &harness.world.jobs()[0].id;
    assert_eq!(found.out, format!("{id}\n"));
    let waited = harness.viseme(&["wait", id, "--poll-every", "0.1", "--out", "film.mp4"]).await;
    assert_eq!((waited.code, waited.out.as_str()), (Some(0), "film.mp4\n"), "{waited:?}");
    let ledger = harness.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.delivered, ledger.orphaned), (1, 1, 0));
    assert_eq!(harness.world.requests(RequestKind::Submit).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_submit_prints_how_to_recover_it() {
    // The history rejects the first request.
    let closed = || Fault::at(RequestKind::History).nth(1).status(403);
    let harness = Harness::new(lost(WireFault::Reset).fault(closed())).await;
    let result = harness.run(&["--save-record", "its record.json"]).await;
    assert_eq!(result.code, Some(6), "{result:?}");
    assert!(result.err.ends_with("  viseme recover 'its record.json'\n"), "{result:?}");
    let found = harness.viseme(&["recover", "its record.json", "--json"]).await;
    let found = found.json();
    assert_eq!((&found["recovered"], &found["status"]), (&true.into(), &"created".into()));
    assert_eq!(found["job_id"], harness.world.jobs()[0].id.as_str());

    // The same from the JSON of the error, over standard input.
    let harness = Harness::new(lost(WireFault::Reset).fault(closed())).await;
    let result = harness.run(&["--json"]).await;
    assert_eq!(result.code, Some(6), "{result:?}");
    assert!(result.json()["error"]["resume"].is_null(), "there is no file to recover from");
    std::fs::write(harness.path("error.json"), &result.out).unwrap();
    let mut command = harness.command(&["recover", "-"]);
    command.stdin(std::fs::File::open(harness.path("error.json")).unwrap());
    let found = support::finish(command).await;
    assert_eq!(found.out.trim(), harness.world.jobs()[0].id, "{found:?}");

    // The text of the error contains the record too.
    let harness = Harness::new(lost(WireFault::Reset).fault(closed())).await;
    let result = harness.run(&[]).await;
    let record = result.err.lines().last().unwrap();
    assert!(
        result.err.contains("Record of the submit, for `viseme recover FILE`:\n"),
        "{result:?}"
    );
    std::fs::write(harness.path("record.json"), record).unwrap();
    let found = harness.viseme(&["recover", "record.json"]).await;
    assert_eq!(found.out.trim(), harness.world.jobs()[0].id, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_records_are_rejected_before_anything_is_sent() {
    let harness = Harness::new(ends("completed")).await;
    std::fs::write(harness.path("no.json"), "{}").unwrap();
    for (arguments, words) in [
        (&["recover", "none.json"][..], "Cannot read none.json"),
        (&["recover", "no.json"], "no.json contains no record of a submit"),
        (&["recover"], "<FILE|->"),
    ] {
        let result = harness.viseme(arguments).await;
        assert_eq!(result.code, Some(2), "{result:?}");
        assert!(result.err.contains(words), "{result:?}");
    }
    for (target, words) in [(".", "--save-record . is a folder"), ("none/x", "no such folder")] {
        let result = harness.run(&["--save-record", target]).await;
        assert_eq!(result.code, Some(2), "{result:?}");
        assert!(result.err.contains(words), "{result:?}");
    }
    assert!(harness.world.journal().is_empty(), "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_url_is_sent_with_the_submit() {
    let harness = Harness::new(ends("completed")).await;
    let url = "http://127.0.0.1:9/hook?for=me";
    let ran = harness.viseme(&run_samples(&["--webhook", url])).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let submit = ["submit".to_owned(), "--webhook".to_owned(), url.to_owned()];
    let submitted = harness.viseme(&[&submit[..], &samples()[..]].concat()).await;
    assert_eq!(submitted.code, Some(0), "{submitted:?}");
    let webhooks: Vec<_> = harness.world.jobs().into_iter().map(|job| job.webhook).collect();
    assert_eq!(webhooks, [Some(url.to_owned()), Some(url.to_owned())]);

    let refused = harness.viseme(&run_samples(&["--webhook", "nonsense"])).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("Invalid value for `--webhook`"), "{refused:?}");
    assert_eq!(harness.world.jobs().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_saved_prevents_the_submit() {
    // The client waits a second before it repeats the upload.
    let failing = Fault::at(RequestKind::Put).nth(1).status(503);
    let harness = Harness::new(ends("completed").fault(failing)).await;
    std::fs::create_dir(harness.path("records")).unwrap();
    let running = harness.start_run(&["--save-record", "records/record.json"]);
    harness
        .until("an upload starts", |world| !world.requests(RequestKind::Presign).is_empty())
        .await;
    std::fs::remove_dir(harness.path("records")).unwrap();
    let result = running.finish().await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(result.err.contains("nothing was sent: Cannot save the record to"), "{result:?}");
    assert!(result.err.contains("Pass another file with --save-record."), "{result:?}");
    assert!(harness.world.requests(RequestKind::Submit).is_empty());
    assert!(harness.world.ledger().charges.is_empty());
}
