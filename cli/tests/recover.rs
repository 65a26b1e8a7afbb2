//! `--save-record`, `viseme recover` and `--webhook`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{Stage, ends, run_samples, samples};
use viseme_mock::scenario::WireFault;
use viseme_mock::{Fault, RequestKind, Scenario};

/// A script in which the first submit is taken and its answer lost.
fn lost(wire: WireFault) -> Scenario {
    ends("completed").fault(Fault::at(RequestKind::Submit).nth(1).after_accept().wire(wire))
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_killed_before_it_heard_loses_no_job() {
    let stage = Stage::new(lost(WireFault::Silence)).await;
    let running = stage.begin_run(&["--save-record", "record.json"]);
    stage.until("the job is made", |world| !world.jobs().is_empty()).await;
    running.signal(rustix::process::Signal::KILL);
    assert_eq!(running.finish().await.code, None);

    let found = stage.viseme(&["recover", "record.json"]).await;
    assert_eq!(found.code, Some(0), "{found:?}");
    let id = &stage.world.jobs()[0].id;
    assert_eq!(found.out, format!("{id}\n"));
    let waited = stage.viseme(&["wait", id, "--poll-every", "0.1", "--out", "film.mp4"]).await;
    assert_eq!((waited.code, waited.out.as_str()), (Some(0), "film.mp4\n"), "{waited:?}");
    let ledger = stage.world.ledger();
    assert_eq!((ledger.charges.len(), ledger.delivered, ledger.orphaned), (1, 1, 0));
    assert_eq!(stage.world.requests(RequestKind::Submit).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_submit_says_how_to_look_for_it_again() {
    // The history is closed for the run, and opens later.
    let closed = || Fault::at(RequestKind::History).nth(1).status(403);
    let stage = Stage::new(lost(WireFault::Reset).fault(closed())).await;
    let ended = stage.run(&["--save-record", "its record.json"]).await;
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(ended.err.ends_with("  viseme recover 'its record.json'\n"), "{ended:?}");
    let found = stage.viseme(&["recover", "its record.json", "--json"]).await;
    let found = found.json();
    assert_eq!((&found["recovered"], &found["status"]), (&true.into(), &"created".into()));
    assert_eq!(found["job_id"], stage.world.jobs()[0].id.as_str());

    // The same from the JSON of the error, over standard input.
    let stage = Stage::new(lost(WireFault::Reset).fault(closed())).await;
    let ended = stage.run(&["--json"]).await;
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(ended.json()["error"]["resume"].is_null(), "there is no file to go on with");
    std::fs::write(stage.path("error.json"), &ended.out).unwrap();
    let mut command = stage.command(&["recover", "-"]);
    command.stdin(std::fs::File::open(stage.path("error.json")).unwrap());
    let found = support::finish(command).await;
    assert_eq!(found.out.trim(), stage.world.jobs()[0].id, "{found:?}");

    // And for people, in the text of the error.
    let stage = Stage::new(lost(WireFault::Reset).fault(closed())).await;
    let ended = stage.run(&[]).await;
    let record = ended.err.lines().last().unwrap();
    assert!(ended.err.contains("`viseme recover FILE` looks for it again:\n"), "{ended:?}");
    std::fs::write(stage.path("record.json"), record).unwrap();
    let found = stage.viseme(&["recover", "record.json"]).await;
    assert_eq!(found.out.trim(), stage.world.jobs()[0].id, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_records_are_refused_before_anything_is_sent() {
    let stage = Stage::new(ends("completed")).await;
    std::fs::write(stage.path("no.json"), "{}").unwrap();
    for (arguments, words) in [
        (&["recover", "none.json"][..], "none.json cannot be read"),
        (&["recover", "no.json"], "no.json holds no record of a submit"),
        (&["recover"], "<FILE|->"),
    ] {
        let ended = stage.viseme(arguments).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(words), "{ended:?}");
    }
    for (target, words) in [(".", "--save-record . is a folder"), ("none/x", "no such folder")] {
        let ended = stage.run(&["--save-record", target]).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(words), "{ended:?}");
    }
    assert!(stage.world.journal().is_empty(), "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_asked_for() {
    let stage = Stage::new(ends("completed")).await;
    let url = "http://127.0.0.1:9/hook?for=me";
    let ran = stage.viseme(&run_samples(&["--webhook", url])).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let submit = ["submit".to_owned(), "--webhook".to_owned(), url.to_owned()];
    let submitted = stage.viseme(&[&submit[..], &samples()[..]].concat()).await;
    assert_eq!(submitted.code, Some(0), "{submitted:?}");
    let asked: Vec<_> = stage.world.jobs().into_iter().map(|job| job.webhook).collect();
    assert_eq!(asked, [Some(url.to_owned()), Some(url.to_owned())]);

    let refused = stage.viseme(&run_samples(&["--webhook", "nonsense"])).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert_eq!(stage.world.jobs().len(), 2);
}
