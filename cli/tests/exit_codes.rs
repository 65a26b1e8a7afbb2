//! Every exit code and its message.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::process::Stdio;

use crate::support::{self, Finished, Harness, Running, ends, never_ends, run_samples, samples};
use viseme_mock::scenario::{ResponseMutation, WireFault};
use viseme_mock::{Fault, JobRule, RequestKind, Scenario, Timeline};

#[track_caller]
fn assert_ends(result: &Finished, code: i32, words: &[&str]) {
    assert_eq!(result.code, Some(code), "{result:?}");
    for word in words {
        assert!(result.err.contains(word), "{word:?} is not in {result:?}");
    }
    for word in ["panicked", "os error", "Error {", "Some("] {
        assert!(!result.err.contains(word), "{word:?} is in {result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_code_0_prints_only_the_result_to_standard_output() {
    let harness = Harness::new(ends("completed")).await;
    let result = harness.run(&["--out", "result.mp4"]).await;
    assert_ends(&result, 0, &["uploading video", "submitted as job", "processing", "completed"]);
    assert_eq!(result.out, "result.mp4\n", "the result alone is on standard output");
    let sample = std::fs::read(support::in_repository("samples/face.mp4")).unwrap();
    assert_eq!(std::fs::read(harness.path("result.mp4")).unwrap(), sample);
    assert_eq!(harness.world.ledger().charges.len(), 1);

    let quiet = harness.run(&["--quiet"]).await;
    assert_ends(&quiet, 0, &[]);
    assert_eq!(quiet.err, "");
    assert!(quiet.out.starts_with("http"), "without --out the URL is printed: {quiet:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_folder_every_output_has_a_new_name() {
    let harness = Harness::new(ends("completed")).await;
    std::fs::create_dir(harness.path("films")).unwrap();
    let first = harness.run(&["--out", "films"]).await;
    let second = harness.run(&["--out", "films"]).await;
    assert_ends(&first, 0, &[]);
    assert_ends(&second, 0, &[]);
    assert_ne!(first.out, second.out);
    assert_eq!(std::fs::read_dir(harness.path("films")).unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn submit_wait_status_and_download_are_separate_commands() {
    let harness = Harness::new(ends("completed")).await;
    let submitted = harness.viseme(&[&["submit".to_owned()], &samples()[..]].concat()).await;
    assert_ends(&submitted, 0, &[]);
    let id = submitted.out.trim();
    let early = harness.viseme(&["download", id]).await;
    assert_ends(&early, 5, &["still running", "viseme wait", id]);
    let waited = harness.viseme(&["wait", id, "--poll-every", "0.1"]).await;
    assert_ends(&waited, 0, &["completed"]);
    let status = harness.viseme(&["status", id]).await;
    assert_ends(&status, 0, &[]);
    assert_eq!(status.out.lines().next(), Some("completed"));
    let by_id = harness.viseme(&["download", id, "--out", "a.mp4"]).await;
    assert_ends(&by_id, 0, &["downloading"]);
    let by_url = harness.viseme(&["download", waited.out.trim(), "--out", "b.mp4"]).await;
    assert_ends(&by_url, 0, &[]);
    let saved = |name| std::fs::read(harness.path(name)).unwrap();
    assert_eq!(saved("a.mp4"), saved("b.mp4"));
    let voice = samples()[3].clone();
    let uploaded = harness.viseme(&["upload", &voice]).await;
    assert_ends(&uploaded, 0, &["uploading file"]);
    assert!(uploaded.out.starts_with("http"));
    assert_eq!(harness.world.ledger().charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_exit_code_2() {
    let harness = Harness::new(Scenario::new()).await;
    std::fs::write(harness.path("bad.yaml"), "faults: [{at: moon, do: reset}]").unwrap();
    for (arguments, words) in [
        (&["bogus"][..], &["bogus", "viseme --help"][..]),
        (&["run", "--video", "v.mp4"], &["--audio"]),
        (&["wait", "x", "--deadline", "soon"], &["soon", "90s"]),
        (&["wait", "x", "--deadline", "-1"], &["-1"]),
        (&["wait", "x", "--poll-every", "0"], &["at least 0.1s"]),
        (&["status", ""], &["id is empty"]),
        (&["upload", "none.mp3"], &["file not found: none.mp3"]),
        (&["upload", "."], &["folder"]),
        (&["mock", "--scenario", "none.yaml"], &["none.yaml", "no such file"]),
        (&["mock", "--scenario", "bad.yaml"], &["bad.yaml", "moon"]),
        (&["mock", "--public-url", "mock:80"], &["mock:80", "http://mock:8080"]),
        (&["demo", "--base-url", "http://127.0.0.1:1"], &["`--base-url` has no effect"]),
        (&["mock", "--max-retries", "0"], &["`--max-retries` has no effect"]),
        (&["check"], &["Pass one or both of them"]),
        (&["mock", "--port", "99999"], &["`--port`", "from 1 to 65535", "99999"]),
        (&["mock", "--cors", "app.example"], &["app.example", "http://localhost:5173"]),
        (&["download", "x", "--out", "none/film.mp4"], &["no such folder"]),
        (&["wait", "x", "--out", "none/"], &["no such folder"]),
        (&["status", "x", "--base-url", "nonsense"], &["nonsense", "must be a URL"]),
        (&["status", "x", "--base-url", "http://192.0.2.1"], &["Plain http"]),
    ] {
        assert_ends(&harness.viseme(arguments).await, 2, words);
    }
    assert!(harness.world.journal().is_empty(), "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_path_that_is_not_writable_fails_before_the_job_is_paid_for() {
    let harness = Harness::new(ends("completed")).await;
    let result = harness.run(&["--out", "none/film.mp4"]).await;
    assert_ends(&result, 2, &["folder none", "Create it first"]);
    assert!(harness.world.journal().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_wrong_api_keys() {
    let harness = Harness::new(Scenario::new()).await;
    for (key, code, words) in [
        ("", 2, "add --offline to `viseme run`"),
        ("two words", 2, "contains a space"),
        ("unknown-key", 3, "HTTP 401"),
    ] {
        let mut command = harness.command(&run_samples(&[]));
        command.env("WAVESPEED_API_KEY", key);
        assert_ends(&support::finish(command).await, code, &[words]);
    }
    assert!(harness.world.journal().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_by_the_service_is_exit_code_3() {
    let refused = Scenario::new().fault(Fault::at(RequestKind::Submit).status(402));
    let harness = Harness::new(refused).await;
    assert_ends(&harness.run(&[]).await, 3, &["HTTP 402", "Top up"]);
    for command in ["status", "wait", "download"] {
        assert_ends(&harness.viseme(&[command, "no-such-job"]).await, 3, &["no-such-job"]);
    }
    assert!(harness.world.ledger().charges.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_exit_code_4() {
    let rule = JobRule::new(Timeline::ends_after_polls(2, "failed"));
    let harness = Harness::new(Scenario::new().job(rule.error(1200, "Sensitive."))).await;
    let result = harness.run(&["--out", "film.mp4"]).await;
    assert_ends(&result, 4, &["Sensitive", "1200", &harness.world.jobs()[0].id]);
    assert!(!result.err.contains("viseme wait"), "nothing is left to wait for: {result:?}");
    assert!(!harness.path("film.mp4").exists());

    let harness = Harness::new(ends("cancelled")).await;
    assert_ends(&harness.run(&[]).await, 4, &["cancelled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_at_the_deadline_is_exit_code_5() {
    let harness = Harness::new(never_ends()).await;
    for deadline in ["1s", "0"] {
        let result = harness.run(&["--deadline", deadline, "--out", "a film.mp4"]).await;
        let id = &harness.world.jobs().last().unwrap().id.clone();
        let next = format!("viseme wait {id} --out 'a film.mp4'");
        assert_ends(&result, 5, &["deadline", id, &next]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_status_does_not_end_the_wait() {
    let timeline = Timeline::secs(&[("dreaming", 0), ("completed", 1)]);
    let harness = Harness::new(Scenario::new().job(JobRule::new(timeline))).await;
    assert_ends(&harness.run(&[]).await, 0, &["`dreaming`", "completed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_submit_is_found_in_the_history() {
    let scenario = ends("completed").fault(Fault::at(RequestKind::Submit).after_accept().reset());
    let harness = Harness::new(scenario).await;
    assert_ends(&harness.run(&[]).await, 0, &["searching the history", "submitted as job"]);
    assert_eq!(harness.world.ledger().charges.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_submit_that_is_not_found_is_exit_code_6() {
    let scenario = ends("completed")
        .fault(Fault::at(RequestKind::Submit).after_accept().reset())
        .fault(Fault::at(RequestKind::History).status(403));
    let harness = Harness::new(scenario).await;
    let result = harness.run(&[]).await;
    assert_eq!(result.code, Some(6), "{result:?}");
    assert!(result.err.contains("may exist") && result.err.contains("history"), "{result:?}");
    let charges = harness.world.ledger().charges.len();
    assert_eq!(charges, 1, "it was not sent again");

    let error = harness.run(&["--json"]).await.json()["error"].clone();
    assert_eq!(error["code"], "submission_unknown");
    assert!(error["record"]["input"]["video"].is_string(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_service_ends_the_wait_with_exit_code_5() {
    let harness = Harness::new(never_ends()).await;
    let mut running = harness.start_run(&[]);
    let line = running.until_line_with("submitted as job").await;
    let id = line.split_whitespace().last().unwrap().to_owned();
    drop(harness.server);
    let result = running.finish().await;
    assert_eq!(result.code, Some(5), "{result:?}");
    assert!(result.err.contains("trying again"), "{result:?}");
    assert!(result.err.ends_with(&format!("viseme wait {id}\n")), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_failure_is_exit_code_1() {
    let harness = Harness::new(Scenario::new()).await;
    // No server listens on port 9.
    let result = harness.viseme(&["status", "x", "--base-url", "http://127.0.0.1:9"]).await;
    assert_eq!(result.code, Some(1), "{result:?}");
    assert!(!result.err.contains("viseme wait"), "{result:?}");

    let scenario = ends("completed").fault(Fault::at(RequestKind::Output).status(404));
    let harness = Harness::new(scenario).await;
    let result = harness.run(&["--out", "film.mp4"]).await;
    let next = format!("viseme download {} --out film.mp4", harness.world.jobs()[0].id);
    assert_ends(&result, 1, &["HTTP 404", &next]);
    assert_eq!(std::fs::read_dir(harness.folder.path()).unwrap().count(), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_responses_end_the_wait_with_exit_code_5() {
    for fault in [
        Fault::at(RequestKind::Poll).mutate(ResponseMutation::DataNull),
        Fault::at(RequestKind::Poll).mutate(ResponseMutation::InvalidUtf8),
        Fault::at(RequestKind::Poll).wire(WireFault::FinAt(20)),
    ] {
        let harness = Harness::new(ends("completed").fault(fault)).await;
        let result = harness.run(&[]).await;
        assert_eq!(result.code, Some(5), "{result:?}");
        assert!(result.err.contains(&harness.world.jobs()[0].id), "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_is_not_an_error() {
    let harness = Harness::new(ends("completed")).await;
    let submitted = harness.viseme(&[&["submit".to_owned()], &samples()[..]].concat()).await;
    for arguments in [&["status"][..], &["status", "--json"], &["wait", "--poll-every", "0.1"]] {
        let arguments = [arguments, &[submitted.out.trim()]].concat();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = harness.command(&arguments);
        command.stdout(writer).stderr(Stdio::inherit());
        let result = command.spawn().unwrap().wait().await.unwrap();
        assert_eq!(result.code(), Some(0), "{arguments:?}");
    }
    let mut command = harness.command(&["wait", "--poll-every", "0.1", submitted.out.trim()]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdout(Stdio::null()).stderr(writer);
    assert_eq!(command.spawn().unwrap().wait().await.unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_warns_about_a_url_that_cannot_be_probed() {
    let harness = Harness::new(Scenario::new()).await;
    let voice = samples()[3].clone();
    // A private address gets no request, as the service cannot fetch it either.
    let url = harness.viseme(&["upload", &voice]).await.out.trim().to_owned();
    let result = harness.viseme(&["check", "--video", &url, "--audio", &voice]).await;
    assert_eq!(result.code, Some(0), "{result:?}");
    assert!(result.out.contains("audio: MP3, 3.51 s"), "{result:?}");
    assert!(result.out.contains("warning: `--video`: "), "{result:?}");
    assert!(result.out.contains("private"), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_server_runs_a_scenario_for_another_process() {
    let harness = Harness::new(Scenario::new()).await;
    let text = "jobs: [{timeline: {after_polls: 1, ends: failed}, error: \"No face.\"}]";
    std::fs::write(harness.path("fails.yaml"), text).unwrap();
    let mut mock = Running::new(harness.command(&["mock", "--scenario", "fails.yaml"]));
    let first = mock.next_line().await;
    let line = mock.until_line_with("export").await;
    let variable = |name: &str| {
        let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
        found.unwrap().trim_start_matches('=').to_owned()
    };
    let mut command = harness.command(&run_samples(&[]));
    for name in ["WAVESPEED_BASE_URL", "WAVESPEED_API_KEY"] {
        command.env(name, variable(name));
    }
    assert_ends(&support::finish(command).await, 4, &["No face"]);
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(first["url"], variable("WAVESPEED_BASE_URL"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_mock_server_runs_a_command_and_ends_with_its_exit_code() {
    let harness = Harness::new(Scenario::new()).await;
    let script = "echo \"$WAVESPEED_BASE_URL $WAVESPEED_API_KEY\"; exit 7";
    let arguments = ["mock", "--host", "0.0.0.0", "exec", "--", "sh", "-c", script];
    let result = harness.viseme(&arguments).await;
    assert_eq!(result.code, Some(7), "{result:?}");
    assert!(result.out.starts_with("http://127.0.0.1:"), "{result:?}");
    assert!(result.out.ends_with(" mock-key\n"), "{result:?}");
    let missing = harness.viseme(&["mock", "exec", "--", "/no/such/program"]).await;
    assert_ends(&missing, 127, &["/no/such/program"]);
}
