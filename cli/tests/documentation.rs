//! The JSON in docs/cli.md, docs/batches.md and docs/dub.md has the shape of the program's output, and
//! docs/batches.md lists the tests of crashes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{self, Finished, Harness, Running, ends, never_ends, run_samples, samples};
use serde_json::Value;

/// The examples, by the name in the comment before each.
fn examples() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(support::in_repository("docs/cli.md")).unwrap();
    let parts = text.split("<!-- json: ").skip(1);
    let example = |part: &str| {
        let (name, rest) = part.split_once(" -->\n```json\n")?;
        let (json, _) = rest.split_once("```")?;
        let json = serde_json::from_str(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        Some((name.to_owned(), json))
    };
    parts.map(|part| example(part).unwrap_or_else(|| panic!("no example after {part}"))).collect()
}

/// The first difference between the shapes of two values. `null` matches any shape.
fn difference(documented: &Value, real: &Value, at: &str) -> Option<String> {
    match (documented, real) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Object(documented), Value::Object(real)) => {
            let keys =
                |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            if keys(documented) != keys(real) {
                return Some(format!("{at}: {:?} / {:?}", keys(documented), keys(real)));
            }
            documented
                .iter()
                .find_map(|(key, value)| difference(value, real.get(key)?, &format!("{at}.{key}")))
        }
        (Value::Array(documented), Value::Array(real)) => documented
            .first()
            .zip(real.first())
            .and_then(|(documented, real)| difference(documented, real, &format!("{at}[0]"))),
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => None,
        _ => Some(format!("{at}: {documented} / {real}")),
    }
}

async fn interrupted(harness: &Harness) -> Finished {
    // With --json nothing is printed to a piped standard error; the log shows the progress.
    let mut running = Running::new(harness.command(&run_samples(&["--json", "--verbose"])));
    running.until_line_with("submitted").await;
    #[cfg(unix)]
    running.signal(rustix::process::Signal::INT);
    running.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_json_has_the_shape_of_the_output() {
    let harness = Harness::new(ends("completed")).await;
    let samples = samples();
    let [video_flag, _, audio_flag, voice] = &samples;
    let with = |command: &str, more: &[&String]| {
        let more = more.iter().map(|it| (*it).clone());
        [command.to_owned(), "--json".to_owned()].into_iter().chain(more).collect::<Vec<_>>()
    };
    let all: Vec<&String> = samples.iter().collect();
    let mut real = BTreeMap::new();
    let mut note = |name: &str, result: &Finished| real.insert(name.to_owned(), result.json());

    note("check", &harness.viseme(&with("check", &all)).await);
    let talk = format!("{} talk.mkv", support::media::picture(3, "640x360"));
    support::media::make_file(harness.folder.path(), &talk);
    note(
        "fit",
        &harness.viseme(&["fit", "--json", "--video", "talk.mkv", "--out", "fitted"]).await,
    );
    note("upload", &harness.viseme(&with("upload", &[voice])).await);
    let submitted = harness.viseme(&with("submit", &all)).await;
    note("submit", &submitted);
    let id = submitted.json()["job_id"].as_str().unwrap().to_owned();
    note("job_running", &harness.viseme(&["download", "--json", &id]).await);
    note("run", &harness.run(&["--json", "--out", "result.mp4"]).await);
    harness.viseme(&["wait", "--poll-every", "0.1", &id]).await;
    note("download", &harness.viseme(&["download", "--json", &id]).await);
    note("error", &harness.viseme(&with("run", &[video_flag, voice, audio_flag, voice])).await);
    note("usage", &harness.run(&["--json", "--out", "none/x.mp4"]).await);

    let status = harness.viseme(&["status", "--json", &id]).await.json();
    let flag = harness.viseme(&["status", "--json"]).await.json();
    if cfg!(unix) {
        let harness = Harness::new(never_ends()).await;
        note("interrupted", &interrupted(&harness).await);
        let mut mock = Running::new(harness.command(&["mock"]));
        mock.until_line_with("Ctrl-C").await;
        #[cfg(unix)]
        mock.signal(rustix::process::Signal::INT);
        note("mock", &mock.finish().await);
    }

    let mut documented = examples();
    assert_eq!(difference(&documented["submit"], &status, "status"), None);
    assert_eq!(difference(&documented["usage"], &flag, "usage"), None);
    if !cfg!(unix) {
        documented.retain(|name, _| real.contains_key(name));
    }
    assert_eq!(documented.keys().collect::<Vec<_>>(), real.keys().collect::<Vec<_>>());
    for (name, example) in &documented {
        assert_eq!(difference(example, &real[name], name), None);
    }
}

/// The block of a language in a guide.
fn block(guide: &str, language: &str) -> String {
    let text = std::fs::read_to_string(support::in_repository(guide)).unwrap();
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split("```").next().unwrap().to_owned()
}

fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_events_have_the_shape_of_the_output() {
    let harness = Harness::new(ends("completed")).await;
    let [_, video, _, audio] = samples();
    std::fs::write(harness.path("jobs.csv"), format!("id,video,audio\nintro,{video},{audio}\n"))
        .unwrap();
    let batch = ["batch", "run", "jobs.csv", "--out", "results", "--json"];
    let talk = format!("{} talk.mp4", support::media::picture(12, "1280x720"));
    support::media::make_file(harness.folder.path(), &talk);
    let voice = "-f lavfi -i sine=frequency=300:duration=12 voice.mp3";
    support::media::make_file(harness.folder.path(), voice);
    let dub =
        ["dub", "--video", "talk.mp4", "--audio", "voice.mp3", "--out", "dubbed.mp4", "--json"];
    for (guide, arguments) in [("docs/batches.md", &batch[..]), ("docs/dub.md", &dub)] {
        let finished = harness.viseme(arguments).await;
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let real = events(&finished.out);
        for event in events(&block(guide, "json")) {
            let found = real.iter().any(|it| difference(&event, it, "event").is_none());
            assert!(found, "{guide}: there is no event like {event}: {}", finished.out);
        }
    }
}

#[test]
fn the_documented_manifest_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.csv");
    std::fs::write(&path, block("docs/batches.md", "csv")).unwrap();
    let manifest = viseme_batch::Manifest::read(&path).unwrap();
    assert_eq!(manifest.rows().len(), 2);
}

#[test]
fn differences_are_found() {
    let shape = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for (one, other, same) in [
        (r#"{"a": 1}"#, r#"{"a": 2}"#, true),
        (r#"{"a": null}"#, r#"{"a": {"b": 1}}"#, true),
        (r#"{"a": 1}"#, r#"{"a": "x"}"#, false),
        (r#"{"a": 1}"#, r#"{"b": 1}"#, false),
        (r#"{"a": [{"b": 1}]}"#, r#"{"a": [{"c": 1}]}"#, false),
    ] {
        assert_eq!(difference(&shape(one), &shape(other), "").is_none(), same, "{one} {other}");
    }
}

#[tokio::test]
async fn the_help_names_every_documented_option_and_exit_code() {
    let harness = Harness::new(never_ends()).await;
    let text = std::fs::read_to_string(support::in_repository("docs/cli.md")).unwrap();
    let mut help = harness.viseme(&["--help"]).await.out;
    for command in [
        "run",
        "check",
        "fit",
        "dub",
        "upload",
        "submit",
        "status",
        "wait",
        "download",
        "mock",
        "webhook",
        "demo",
        "playground",
        "record",
        "replay",
        "drift",
        "doctor",
        "mcp",
        "completions",
        "man",
    ] {
        assert!(text.contains(&format!("| `{command}")), "{command} is documented");
        help += &harness.viseme(&[command, "--help"]).await.out;
    }
    help += &harness.viseme(&["webhook", "verify", "--help"]).await.out;
    let documented: Vec<&str> = text.split("| `--").skip(1).collect();
    assert!(!documented.is_empty());
    for option in documented {
        let name = option.split(['`', ' ']).next().unwrap();
        assert!(help.contains(&format!("--{name}")), "--{name}");
    }
    for code in ["0", "1", "2", "3", "4", "5", "6", "130"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{code}  "))));
        assert!(text.contains(&format!("\n| {code} |")), "{code}");
    }
}

#[test]
fn the_table_of_crashes_lists_every_test_of_batches() {
    let guide = std::fs::read_to_string(support::in_repository("docs/batches.md")).unwrap();
    let listed = guide.split("<!-- test: ").skip(1).filter_map(|it| it.split_once(" -->"));
    let listed: BTreeSet<_> = listed.map(|(name, _)| name.to_owned()).collect();
    let mut tests = BTreeSet::new();
    for entry in std::fs::read_dir(support::in_repository("cli/tests")).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("batch_")) {
            continue;
        }
        let code = std::fs::read_to_string(path).unwrap();
        for test in code.split("#[tokio::test").skip(1) {
            let (_, name) = test.split_once("async fn ").unwrap();
            tests.insert(name.split('(').next().unwrap().to_owned());
        }
    }
    assert_eq!(listed, tests);
}
