//! Every command of docs/cli-models.md and its JSON output.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

use std::collections::BTreeMap;

use crate::support::{self, Finished, Harness, ends, samples};
use serde_json::Value;
use viseme_mock::{Fault, RequestKind, Scenario};

const SPEECH: &str = "kwaivgi/kling-lipsync/text-to-video";

/// The examples of the page, by the name in the comment before each.
fn examples() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(support::in_repository("docs/cli-models.md")).unwrap();
    let example = |part: &str| {
        let (name, rest) = part.split_once(" -->\n```json\n")?;
        let (json, _) = rest.split_once("```")?;
        let json = serde_json::from_str(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        Some((name.to_owned(), json))
    };
    text.split("<!-- json: ").skip(1).filter_map(example).collect()
}

/// Every path of names in a value; the first item of a list represents all.
fn shape(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                let inner = shape(value);
                let below = inner.into_iter().map(|path| format!("{name}.{path}"));
                std::iter::once(name.clone()).chain(below).collect::<Vec<_>>()
            })
            .collect(),
        Value::Array(items) => items.first().map(shape).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn assert_success(result: &Finished) {
    assert_eq!(result.code, Some(0), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_has_the_documented_shape() {
    let harness = Harness::new(ends("completed")).await;
    let url = "video=https://media.example/face.mp4";
    let run = ["run", SPEECH, "-i", url, "-i", "text=Hello.", "-i", "voice_id=AOT"];
    let result = harness.viseme(&[&run[..], &["--no-check", "--poll-every", "0.1"]].concat()).await;
    assert_success(&result);
    let id = harness.world.jobs().first().unwrap().id.clone();
    let price = [&["price", "--json"][..], &run[1..]].concat();
    for (name, arguments) in [
        ("models", vec!["models", "--json", "--search", "kling effects"]),
        ("schema", vec!["schema", "--json", "kwaivgi/kling-lipsync/audio-to-video"]),
        ("price", price),
        ("balance", vec!["balance", "--json"]),
        ("history", vec!["history", "--json"]),
        ("delete", vec!["delete", "--json", "--yes", &id]),
    ] {
        let result = harness.viseme(&arguments).await;
        assert_success(&result);
        let documented = examples().remove(name).unwrap_or_else(|| panic!("{name}: no example"));
        assert_eq!(shape(&result.json()), shape(&documented), "{name}: {result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_model_is_run_with_its_parameters() {
    let harness = Harness::new(ends("completed")).await;
    let [_, video, _, audio] = samples();
    let face = format!("face=@{video}");
    let arguments =
        ["run", "somebody/something", "-i", &face, "-i", "seed=7", "--input", "prompt=a b"];
    let more = ["--poll-every", "0.1", "-o", "out.mp4"];
    assert_success(&harness.viseme(&[&arguments[..], &more].concat()).await);
    assert!(harness.path("out.mp4").is_file());
    let job = harness.world.jobs().remove(0);
    assert_eq!(job.model, "somebody/something");
    assert_eq!(job.input.get("seed"), Some(&Value::from(7)));
    assert_eq!(job.input.get("prompt"), Some(&Value::from("a b")));
    assert!(job.input.get("face").unwrap().as_str().unwrap().starts_with("http://127."));

    let pair = format!("audio={audio}");
    let lipsync =
        ["submit", "kwaivgi/kling-lipsync/audio-to-video", "--video", &video, "-i", &pair];
    assert_success(&harness.viseme(&lipsync).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_with_a_default_may_be_left_out() {
    let harness = Harness::new(Scenario::new()).await;
    let video = format!("video={}", samples()[1]);
    let check = ["check", SPEECH, "-i", &video, "-i", "text=Hello."];
    let result = harness.viseme(&check).await;
    assert_eq!(result.code, Some(0), "{result:?}");
    assert!(result.out.ends_with("no problems found\n"), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_input_is_rejected_before_it_is_paid_for() {
    let harness = Harness::new(Scenario::new()).await;
    let url = "video=https://media.example/face.mp4";
    for (arguments, words) in [
        (vec!["run", SPEECH, "-i", url, "-i", "txet=Hello.", "--no-check"], "Did you mean `text`?"),
        (
            vec!["run", SPEECH, "-i", "video=none.mp4", "-i", "text=Hello."],
            "file not found: none.mp4",
        ),
        (
            vec![
                "submit",
                SPEECH,
                "-i",
                url,
                "-i",
                "text=Hi.",
                "-i",
                "voice_id=x",
                "--strict",
                "--no-check",
            ],
            "not one of the 25",
        ),
        (vec!["check", SPEECH, "-i", "text=Hello."], "`video` is missing"),
        (vec!["run", "face.mp4", "-i", "a=b"], "is not a model's id"),
        (vec!["run", SPEECH, "-i", "text"], "NAME=VALUE"),
        (vec!["run", SPEECH, "-i", "text=a", "-i", "text=b"], "given twice"),
        (vec!["run", "--video", "face.mp4"], "--audio"),
        (vec!["delete", "abc"], "--yes"),
    ] {
        let result = harness.viseme(&arguments).await;
        assert_eq!(result.code, Some(2), "{arguments:?}: {result:?}");
        let output = format!("{}{}", result.out, result.err);
        assert!(output.contains(words), "{arguments:?}: {result:?}");
    }
    assert!(harness.world.requests(RequestKind::Submit).is_empty());

    let validated = ["run", "no/such-model", "-i", "a=1", "--validate", "--poll-every", "0.1"];
    let result = harness.viseme(&validated).await;
    assert_eq!(result.code, Some(3), "{result:?}");
    assert!(result.err.contains("no model `no/such-model`"), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_output_of_models_schema_price_and_balance() {
    let harness = Harness::new(ends("completed")).await;
    let all = harness.viseme(&["models"]).await;
    assert_eq!(all.out.lines().count(), 3, "{all:?}");
    let some = harness.viseme(&["models", "-s", "TEXT lipsync"]).await;
    assert!(some.out.starts_with(SPEECH) && some.out.contains("from $0.07"), "{some:?}");
    assert_eq!(some.out.lines().count(), 1, "{some:?}");

    let schema = harness.viseme(&["schema", SPEECH]).await;
    assert!(schema.out.contains("  text (required, string, at most 120 characters)"), "{schema:?}");
    assert!(schema.out.contains("0.8 to 2, steps of 0.1, default 1"), "{schema:?}");
    let wrong = harness.viseme(&["schema", "kwaivgi/kling-lipsync/text-to-vidoe"]).await;
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    assert!(wrong.err.contains(&format!("`{SPEECH}`?")), "{wrong:?}");

    let price = harness.viseme(&[&["price".to_owned()][..], &samples()].concat()).await;
    assert_eq!((price.code, price.out.as_str()), (Some(0), "0.07 USD\n"), "{price:?}");
    assert!(price.err.contains("Pass --audio and --video with --upload"), "{price:?}");
    let more = [&["price".to_owned(), "--upload".to_owned()][..], &samples()].concat();
    assert_eq!(harness.viseme(&more).await.err, "");

    let base = harness.viseme(&["price", "--json"]).await;
    assert_eq!((base.code, &base.json()["due"]), (Some(0), &Value::from(0.07)), "{base:?}");

    let balance = harness.viseme(&["balance"]).await;
    assert_eq!(balance.out, "100.00 USD\n", "{balance:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_jobs_are_listed_and_deleted() {
    let harness = Harness::new(ends("completed")).await;
    let [_, video, _, audio] = samples();
    for _ in 0..3 {
        assert_success(&harness.viseme(&["submit", "--video", &video, "--audio", &audio]).await);
    }
    let ids: Vec<String> = harness.world.jobs().into_iter().map(|job| job.id).rev().collect();
    let listed = harness.viseme(&["history", "--limit", "2", "--since", "1h"]).await;
    let lines: Vec<&str> = listed.out.lines().collect();
    assert_eq!(lines.len(), 2, "{listed:?}");
    assert!(lines.iter().zip(&ids).all(|(line, id)| line.contains(id.as_str())), "{listed:?}");
    let none = harness.viseme(&["history", "--status", "failed"]).await;
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""), "{none:?}");
    let inputs = harness.viseme(&["history", "--json", "--inputs", "-n", "1"]).await.json();
    assert!(inputs.pointer("/jobs/0/input/audio").is_some(), "{inputs}");

    let deleted = harness.viseme(&["delete", "-y", &ids[0], "unknown"]).await;
    assert_eq!(deleted.out, "1 of 2 deleted\n", "{deleted:?}");
    assert_eq!(harness.viseme(&["history"]).await.out.lines().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_api_key_is_exit_code_3() {
    let harness =
        Harness::new(Scenario::new().fault(Fault::at(RequestKind::Any).status(401))).await;
    for command in ["balance", "models", "history"] {
        let result = harness.viseme(&[command, "--json"]).await;
        assert_eq!(result.code, Some(3), "{result:?}");
        assert_eq!(result.json().pointer("/error/code").unwrap(), "authentication");
    }
}
