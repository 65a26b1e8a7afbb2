//! The JSON in docs/cli.md has the shape of what the program prints.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use support::{Ended, Running, Stage, ends, never_ends, run_samples, samples};

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

/// What of the second value has another shape than the first. `null` fits anything.
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

async fn interrupted(stage: &Stage) -> Ended {
    // With --json a piped standard error is silent: the log tells how far it is.
    let mut running = Running::new(stage.command(&run_samples(&["--json", "--verbose"])));
    running.until_says("submitted").await;
    #[cfg(unix)]
    running.signal(rustix::process::Signal::INT);
    running.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_json_is_the_programs() {
    let stage = Stage::new(ends("completed")).await;
    let samples = samples();
    let [video_flag, _, audio_flag, voice] = &samples;
    let with = |command: &str, more: &[&String]| {
        let more = more.iter().map(|it| (*it).clone());
        [command.to_owned(), "--json".to_owned()].into_iter().chain(more).collect::<Vec<_>>()
    };
    let all: Vec<&String> = samples.iter().collect();
    let mut real = BTreeMap::new();
    let mut note = |name: &str, ended: &Ended| real.insert(name.to_owned(), ended.json());

    note("check", &stage.viseme(&with("check", &all)).await);
    note("upload", &stage.viseme(&with("upload", &[voice])).await);
    let submitted = stage.viseme(&with("submit", &all)).await;
    note("submit", &submitted);
    let id = submitted.json()["job_id"].as_str().unwrap().to_owned();
    note("job_running", &stage.viseme(&["download", "--json", &id]).await);
    note("run", &stage.run(&["--json", "--out", "result.mp4"]).await);
    stage.viseme(&["wait", "--poll-every", "0.1", &id]).await;
    note("download", &stage.viseme(&["download", "--json", &id]).await);
    note("error", &stage.viseme(&with("run", &[video_flag, voice, audio_flag, voice])).await);
    note("usage", &stage.run(&["--json", "--out", "none/x.mp4"]).await);

    let status = stage.viseme(&["status", "--json", &id]).await.json();
    let flag = stage.viseme(&["status", "--json"]).await.json();
    if cfg!(unix) {
        let stage = Stage::new(never_ends()).await;
        note("interrupted", &interrupted(&stage).await);
        let mut mock = Running::new(stage.command(&["mock"]));
        mock.until_says("Ctrl-C").await;
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
    let stage = Stage::new(never_ends()).await;
    let text = std::fs::read_to_string(support::in_repository("docs/cli.md")).unwrap();
    let mut help = stage.viseme(&["--help"]).await.out;
    for command in
        ["run", "check", "upload", "submit", "status", "wait", "download", "mock", "demo"]
    {
        assert!(text.contains(&format!("| `{command}")), "{command} is documented");
        help += &stage.viseme(&[command, "--help"]).await.out;
    }
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
