//! The README matches the server, and the scenarios in all documents are valid.

use std::path::Path;

use serde_json::Value;
use viseme_mock::{MockServer, Scenario};

use crate::support::http;

const README: &str = include_str!("../../README.md");

/// Returns the code blocks in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let parts = README.split(&format!("```{language}\n")).skip(1).collect::<Vec<_>>();
    parts.into_iter().filter_map(|part| part.split("```").next()).collect()
}

#[test]
fn the_readme_scenario_is_valid() {
    let found = blocks("yaml");
    assert_eq!(found.len(), 1);
    let scenario = Scenario::parse(found[0]).unwrap();
    assert_eq!((scenario.jobs.len(), scenario.faults.len()), (3, 3));
}

/// A comment above a block of YAML that is no scenario names the test of it.
#[test]
fn the_scenarios_of_all_documents_are_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let words = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
    let listing = std::process::Command::new("git").args(words).current_dir(&root).output();
    let listing = String::from_utf8(listing.unwrap().stdout).unwrap();
    let mut scenarios = 0;
    for name in listing.lines() {
        let Ok(text) = std::fs::read_to_string(root.join(name)) else { continue };
        let parts: Vec<&str> = text.split("```yaml\n").collect();
        for (before, rest) in parts.iter().zip(parts.iter().skip(1)) {
            let above = before.lines().next_back().unwrap_or_default();
            if above.starts_with("<!-- tested by: ") || above.starts_with("<!-- not run: ") {
                continue;
            }
            let (scenario, _) = rest.split_once("```").unwrap();
            Scenario::parse(scenario).unwrap_or_else(|error| panic!("{name}: {error}"));
            scenarios += 1;
        }
    }
    assert!(scenarios >= 3, "{scenarios}");
}

#[test]
fn the_readme_lists_every_fault() {
    let (_, table) = README.split_once("| `do` |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut words = Vec::new();
    for row in table.lines().skip(2) {
        let cell = row.split('|').nth(1).unwrap();
        for word in cell.split('`').skip(1).step_by(2) {
            // Placeholders.
            let word = word.replace("location: …", "location: /there").replace('…', "it");
            let text = format!("faults: [{{at: poll, do: {word}}}]");
            Scenario::parse(&text).unwrap_or_else(|error| panic!("{word}: {error}"));
            words.push(word.trim_matches('{').split(':').next().unwrap().to_owned());
        }
    }
    // The error lists all faults.
    let reported = Scenario::parse("faults: [{at: poll, do: explode}]").unwrap_err();
    let (_, known) = reported.split_once("allowed: ").unwrap();
    let known = known.lines().next().unwrap();
    for word in known.split(", ").map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())) {
        assert!(words.iter().any(|found| found == word), "`{word}` is not in the README");
    }
    assert!(words.len() > 30, "{words:?}");
}

#[test]
fn the_readme_lists_every_clock_mode() {
    let (_, table) = README.split_once("| `mode` |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    for row in table.lines().skip(2) {
        let mode = row.split('`').nth(1).unwrap();
        Scenario::parse(&format!("clock: {{mode: {mode}}}")).unwrap();
    }
    assert_eq!(table.lines().count(), 2 + 5);
}

#[tokio::test]
async fn the_readme_control_calls_succeed() {
    let server = MockServer::start().await.unwrap();
    let shown = blocks("sh").into_iter().find(|block| block.contains("curl")).unwrap();
    for line in shown.lines() {
        let (path, body) = match line.split_once(" --json ") {
            Some((path, body)) => (path, Some(body.trim_matches('\''))),
            None => (line, None),
        };
        let url = path.replace("curl $URL", server.url());
        let request = match body {
            Some(body) => {
                http().post(url).header("Content-Type", "application/json").body(body.to_owned())
            }
            None => http().get(url),
        };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let json: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{line}: {json}");
        if line.contains("/verify") {
            assert_eq!(json["pass"], true, "{json}");
        }
    }
}
