//! The README says what is true.

use serde_json::Value;
use viseme_mock::{MockServer, Scenario};

use crate::support::http;

const README: &str = include_str!("../../README.md");

/// The blocks of code in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let parts = README.split(&format!("```{language}\n")).skip(1).collect::<Vec<_>>();
    parts.into_iter().filter_map(|part| part.split("```").next()).collect()
}

#[test]
fn the_scenario_is_one() {
    let found = blocks("yaml");
    assert_eq!(found.len(), 1);
    let scenario = Scenario::parse(found[0]).unwrap();
    assert_eq!((scenario.jobs.len(), scenario.faults.len()), (2, 3));
}

#[test]
fn every_word_of_a_fault_is_one() {
    let (_, table) = README.split_once("| `do` |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut words = Vec::new();
    for row in table.lines().skip(2) {
        let cell = row.split('|').nth(1).unwrap();
        for word in cell.split('`').skip(1).step_by(2) {
            // Places that the reader fills.
            let word = word.replace("location: …", "location: /there").replace('…', "it");
            let text = format!("faults: [{{at: poll, do: {word}}}]");
            Scenario::parse(&text).unwrap_or_else(|error| panic!("{word}: {error}"));
            words.push(word.trim_matches('{').split(':').next().unwrap().to_owned());
        }
    }
    // The reader of scenarios tells which words there are.
    let told = Scenario::parse("faults: [{at: poll, do: explode}]").unwrap_err();
    let (_, known) = told.split_once("known are: ").unwrap();
    let known = known.lines().next().unwrap();
    for word in known.split(", ").map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())) {
        assert!(words.iter().any(|found| found == word), "`{word}` is not in the README");
    }
    assert!(words.len() > 30, "{words:?}");
}

#[test]
fn every_clock_is_there() {
    let (_, table) = README.split_once("| `mode` |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    for row in table.lines().skip(2) {
        let mode = row.split('`').nth(1).unwrap();
        Scenario::parse(&format!("clock: {{mode: {mode}}}")).unwrap();
    }
    assert_eq!(table.lines().count(), 2 + 5);
}

#[tokio::test]
async fn the_control_api_answers_as_shown() {
    let server = MockServer::start().await.unwrap();
    let shown = blocks("sh").into_iter().find(|block| block.contains("curl")).unwrap();
    for line in shown.lines() {
        let (path, body) = match line.split_once(" -d ") {
            Some((path, body)) => (path, Some(body.trim_matches('\''))),
            None => (line, None),
        };
        let url = path.replace("curl $URL", server.url());
        let request = match body {
            Some(body) => http().post(url).body(body.to_owned()),
            None => http().get(url),
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let json: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{line}: {json}");
        if line.contains("/verify") {
            assert_eq!(json["pass"], true, "{json}");
        }
    }
}
