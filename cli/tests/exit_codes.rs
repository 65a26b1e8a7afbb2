//! Each exit code, and the sentence that comes with it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::process::Stdio;

use support::{Ended, Running, Stage, ends, never_ends, run_samples, samples};
use viseme_mock::scenario::{ResponseMutation, WireFault};
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

#[track_caller]
fn assert_ends(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for word in words {
        assert!(ended.err.contains(word), "{word:?} is not in {ended:?}");
    }
    for word in ["panicked", "os error", "Error {", "Some("] {
        assert!(!ended.err.contains(word), "{word:?} is in {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn done() {
    let stage = Stage::new(ends("completed")).await;
    let ended = stage.run(&["--out", "result.mp4"]).await;
    assert_ends(&ended, 0, &["uploading video", "submitted as job", "processing", "completed"]);
    assert_eq!(ended.out, "result.mp4\n", "the result alone is on standard output");
    let sample = std::fs::read(support::in_repository("samples/face.mp4")).unwrap();
    assert_eq!(std::fs::read(stage.path("result.mp4")).unwrap(), sample);
    assert_eq!(stage.world.ledger().charges.len(), 1);

    let quiet = stage.run(&["--quiet"]).await;
    assert_ends(&quiet, 0, &[]);
    assert_eq!(quiet.err, "");
    assert!(quiet.out.starts_with("http"), "without --out the URL is printed: {quiet:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_gets_a_free_name() {
    let stage = Stage::new(ends("completed")).await;
    std::fs::create_dir(stage.path("films")).unwrap();
    let first = stage.run(&["--out", "films"]).await;
    let second = stage.run(&["--out", "films"]).await;
    assert_ends(&first, 0, &[]);
    assert_ends(&second, 0, &[]);
    assert_ne!(first.out, second.out);
    assert_eq!(std::fs::read_dir(stage.path("films")).unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_one_by_one() {
    let stage = Stage::new(ends("completed")).await;
    let submitted = stage.viseme(&[&["submit".to_owned()], &samples()[..]].concat()).await;
    assert_ends(&submitted, 0, &[]);
    let id = submitted.out.trim();
    let early = stage.viseme(&["download", id]).await;
    assert_ends(&early, 5, &["not done yet", "viseme wait", id]);
    let waited = stage.viseme(&["wait", id, "--poll-every", "0.1"]).await;
    assert_ends(&waited, 0, &["completed"]);
    let status = stage.viseme(&["status", id]).await;
    assert_ends(&status, 0, &[]);
    assert_eq!(status.out.lines().next(), Some("completed"));
    let by_id = stage.viseme(&["download", id, "--out", "a.mp4"]).await;
    assert_ends(&by_id, 0, &["downloading"]);
    let by_url = stage.viseme(&["download", waited.out.trim(), "--out", "b.mp4"]).await;
    assert_ends(&by_url, 0, &[]);
    let saved = |name| std::fs::read(stage.path(name)).unwrap();
    assert_eq!(saved("a.mp4"), saved("b.mp4"));
    let voice = samples()[3].clone();
    let uploaded = stage.viseme(&["upload", &voice]).await;
    assert_ends(&uploaded, 0, &["uploading file"]);
    assert!(uploaded.out.starts_with("http"));
    assert_eq!(stage.world.ledger().charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use() {
    let stage = Stage::new(Scenario::new()).await;
    std::fs::write(stage.path("bad.yaml"), "faults: [{at: moon, do: reset}]").unwrap();
    for (arguments, words) in [
        (&["bogus"][..], &["bogus", "Usage"][..]),
        (&["run", "--video", "v.mp4"], &["--audio"]),
        (&["wait", "x", "--deadline", "soon"], &["soon", "90s"]),
        (&["wait", "x", "--deadline", "-1"], &["-1"]),
        (&["wait", "x", "--poll-every", "0"], &["0.1s"]),
        (&["status", ""], &["id is empty"]),
        (&["upload", "none.mp3"], &["no file none.mp3"]),
        (&["upload", "."], &["folder"]),
        (&["mock", "--scenario", "none.yaml"], &["none.yaml", "no such file"]),
        (&["mock", "--scenario", "bad.yaml"], &["bad.yaml", "moon"]),
        (&["download", "x", "--out", "none/film.mp4"], &["no such folder"]),
        (&["wait", "x", "--out", "none/"], &["no such folder"]),
        (&["status", "x", "--base-url", "nonsense"], &["nonsense", "not a URL"]),
        (&["status", "x", "--base-url", "http://192.0.2.1"], &["plain http"]),
    ] {
        assert_ends(&stage.viseme(arguments).await, 2, words);
    }
    assert!(stage.world.journal().is_empty(), "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_cannot_be_saved_to_is_found_out_before_the_job_is_paid_for() {
    let stage = Stage::new(ends("completed")).await;
    let ended = stage.run(&["--out", "none/film.mp4"]).await;
    assert_ends(&ended, 2, &["folder none", "Make it first"]);
    assert!(stage.world.journal().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys() {
    let stage = Stage::new(Scenario::new()).await;
    for (key, code, words) in [
        ("", 2, "There is no API key"),
        ("two words", 2, "has a space"),
        ("unknown-key", 3, "HTTP 401"),
    ] {
        let mut command = stage.command(&run_samples(&[]));
        command.env("WAVESPEED_API_KEY", key);
        assert_ends(&support::finish(command).await, code, &[words]);
    }
    assert!(stage.world.journal().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_by_the_service() {
    let refused = Scenario::new().fault(Fault::at(RequestKind::Submit).status(402));
    let stage = Stage::new(refused).await;
    assert_ends(&stage.run(&[]).await, 3, &["HTTP 402", "Top up"]);
    for command in ["status", "wait", "download"] {
        assert_ends(&stage.viseme(&[command, "no-such-job"]).await, 3, &["no-such-job"]);
    }
    assert!(stage.world.ledger().charges.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_fails() {
    let rule = JobRule::new(Timeline::ends_after_polls(2, "failed"));
    let stage = Stage::new(Scenario::new().job(rule.error(1200, "Sensitive."))).await;
    let ended = stage.run(&["--out", "film.mp4"]).await;
    assert_ends(&ended, 4, &["Sensitive", "1200", &stage.world.jobs()[0].id]);
    assert!(!ended.err.contains("viseme wait"), "nothing is left to wait for: {ended:?}");
    assert!(!stage.path("film.mp4").exists());

    let stage = Stage::new(ends("cancelled")).await;
    assert_ends(&stage.run(&[]).await, 4, &["cancelled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn still_running_at_the_deadline() {
    let stage = Stage::new(never_ends()).await;
    for deadline in ["1s", "0"] {
        let ended = stage.run(&["--deadline", deadline, "--out", "a film.mp4"]).await;
        let id = &stage.world.jobs().last().unwrap().id.clone();
        let next = format!("viseme wait {id} --out 'a film.mp4'");
        assert_ends(&ended, 5, &["deadline", id, &next]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_nobody_knows_is_waited_through() {
    let timeline = Timeline::secs(&[("dreaming", 0), ("completed", 1)]);
    let stage = Stage::new(Scenario::new().job(JobRule::new(timeline))).await;
    assert_ends(&stage.run(&[]).await, 0, &["`dreaming`", "completed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_submit_is_found_in_the_history() {
    let scenario = ends("completed").fault(Fault::at(RequestKind::Submit).after_accept().reset());
    let stage = Stage::new(scenario).await;
    assert_ends(&stage.run(&[]).await, 0, &["looking for the job", "submitted as job"]);
    assert_eq!(stage.world.ledger().charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submit_whose_fate_stays_unknown() {
    let scenario = ends("completed")
        .fault(Fault::at(RequestKind::Submit).after_accept().reset())
        .fault(Fault::at(RequestKind::History).status(403));
    let stage = Stage::new(scenario).await;
    let ended = stage.run(&[]).await;
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(ended.err.contains("may exist") && ended.err.contains("history"), "{ended:?}");
    let charges = stage.world.ledger().charges.len();
    assert_eq!(charges, 1, "it was not sent again");

    let error = stage.run(&["--json"]).await.json()["error"].clone();
    assert_eq!(error["code"], "submission_unknown");
    assert!(error["record"]["input"]["video"].is_string(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_dies_in_mid_wait() {
    let stage = Stage::new(never_ends()).await;
    let mut running = stage.begin_run(&[]);
    let line = running.until_says("submitted as job").await;
    let id = line.split_whitespace().last().unwrap().to_owned();
    drop(stage.server);
    let ended = running.finish().await;
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.err.contains("trying again"), "{ended:?}");
    assert!(ended.err.ends_with(&format!("viseme wait {id}\n")), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_fails() {
    let stage = Stage::new(Scenario::new()).await;
    // Nobody listens at port 9 of the loopback interface.
    let ended = stage.viseme(&["status", "x", "--base-url", "http://127.0.0.1:9"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(!ended.err.contains("viseme wait"), "{ended:?}");

    let scenario = ends("completed").fault(Fault::at(RequestKind::Output).status(404));
    let stage = Stage::new(scenario).await;
    let ended = stage.run(&["--out", "film.mp4"]).await;
    let next = format!("viseme download {} --out film.mp4", stage.world.jobs()[0].id);
    assert_ends(&ended, 1, &["HTTP 404", &next]);
    assert_eq!(std::fs::read_dir(stage.folder.path()).unwrap().count(), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_end_in_sentences() {
    for fault in [
        Fault::at(RequestKind::Poll).mutate(ResponseMutation::DataNull),
        Fault::at(RequestKind::Poll).mutate(ResponseMutation::InvalidUtf8),
        Fault::at(RequestKind::Poll).wire(WireFault::FinAt(20)),
    ] {
        let stage = Stage::new(ends("completed").fault(fault)).await;
        let ended = stage.run(&[]).await;
        assert_eq!(ended.code, Some(5), "{ended:?}");
        assert!(ended.err.contains(&stage.world.jobs()[0].id), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_hangs_up_is_no_error() {
    let stage = Stage::new(ends("completed")).await;
    let submitted = stage.viseme(&[&["submit".to_owned()], &samples()[..]].concat()).await;
    for arguments in [&["status"][..], &["status", "--json"], &["wait", "--poll-every", "0.1"]] {
        let arguments = [arguments, &[submitted.out.trim()]].concat();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = stage.command(&arguments);
        command.stdout(writer).stderr(Stdio::inherit());
        let ended = command.spawn().unwrap().wait().await.unwrap();
        assert_eq!(ended.code(), Some(0), "{arguments:?}");
    }
    let mut command = stage.command(&["wait", "--poll-every", "0.1", submitted.out.trim()]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdout(Stdio::null()).stderr(writer);
    assert_eq!(command.spawn().unwrap().wait().await.unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_it_could_not_find_out_of_a_url() {
    let stage = Stage::new(Scenario::new()).await;
    let voice = samples()[3].clone();
    // A private address: it is not asked, as the service could not fetch it either.
    let url = stage.viseme(&["upload", &voice]).await.out.trim().to_owned();
    let ended = stage.viseme(&["check", "--video", &url, "--audio", &voice]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("audio: MP3, 3.51 s"), "{ended:?}");
    assert!(ended.out.contains("warning: video: "), "{ended:?}");
    assert!(ended.out.contains("private"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_for_another_shell() {
    let stage = Stage::new(Scenario::new()).await;
    let text = "jobs: [{timeline: {after_polls: 1, ends: failed}, error: \"No face.\"}]";
    std::fs::write(stage.path("fails.yaml"), text).unwrap();
    let mut command = stage.command(&["mock", "--scenario", "fails.yaml"]);
    let file = std::fs::File::create(stage.path("first-line")).unwrap();
    command.stdout(Stdio::from(file));
    let mut mock = Running::new(command);
    let line = mock.until_says("export").await;
    let variable = |name: &str| {
        let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
        found.unwrap().trim_start_matches('=').to_owned()
    };
    let mut command = stage.command(&run_samples(&[]));
    for name in ["WAVESPEED_BASE_URL", "WAVESPEED_API_KEY"] {
        command.env(name, variable(name));
    }
    assert_ends(&support::finish(command).await, 4, &["No face"]);
    let first = std::fs::read_to_string(stage.path("first-line")).unwrap();
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(first["url"], variable("WAVESPEED_BASE_URL"));
}
