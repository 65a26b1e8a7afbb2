//! Checks the cases: the published schema, the groups, the mutants and the profiles.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Value, json};
use viseme_conformance::case::load;
use viseme_conformance::contract::{ErrorTable, Features, Profile};
use viseme_conformance::mutants;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn schema() -> jsonschema::Validator {
    let read = |name: &str| -> Value {
        let path = Path::new(HERE).join("schema").join(name);
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    // The case schema refers to the protocol schema by file name.
    let text = read("case.schema.json").to_string();
    let mut schema: Value =
        serde_json::from_str(&text.replace("protocol.schema.json#/$defs/op", "#/$defs/op"))
            .unwrap();
    let op = read("protocol.schema.json").pointer("/$defs/op").cloned().unwrap();
    schema.pointer_mut("/$defs").unwrap().as_object_mut().unwrap().insert("op".to_owned(), op);
    jsonschema::validator_for(&schema).expect("a JSON Schema")
}

fn files() -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(Path::new(HERE).join("cases")).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let cases = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        (path.display().to_string(), cases)
    };
    entries.map(read).collect()
}

#[test]
fn cases_match_the_published_schema() {
    let schema = schema();
    let files = files();
    assert!(files.len() >= 15, "{}", files.len());
    for (name, cases) in &files {
        let violations: Vec<_> = schema
            .iter_errors(cases)
            .map(|violation| format!("{}: {violation}", violation.instance_path()))
            .collect();
        assert!(violations.is_empty(), "{name}: {violations:?}");
    }
}

#[test]
fn the_schema_rejects_invalid_cases() {
    let schema = schema();
    let good = json!({
        "id": "a/b", "doc": "What happens and why it matters.", "when": {"op": "balance"},
        "then": {"value": {"balance": 1}},
    });
    assert!(schema.is_valid(&json!([good])));
    for (place, value) in [
        ("/id", json!("no group")),
        ("/doc", json!("short")),
        ("/when", json!({"op": "fly"})),
        ("/when", json!({"op": "balance", "colour": "red"})),
        ("/when", json!({"advance": "1d", "settle": "1s"})),
        ("/then", json!({"valeu": 1})),
        ("/then", json!({"faults": "some"})),
    ] {
        let mut case = good.clone();
        *case.pointer_mut(place).unwrap() = value;
        assert!(!schema.is_valid(&json!([case])), "{case}");
    }
}

#[test]
fn every_group_has_cases_every_mutant_has_a_case_and_every_error_code_occurs() {
    let here = Path::new(HERE);
    let features = Features::load(&here.join("features.yaml")).unwrap();
    let errors = ErrorTable::load(&here.join("errors.yaml")).unwrap();
    let cases = load(&here.join("cases"), &features, &errors).unwrap().cases;
    let groups: HashSet<_> = cases.iter().map(|case| case.group()).collect();
    for group in [
        "happy", "submit", "polls", "states", "errors", "timeouts", "cancel", "uploads", "media",
        "outputs", "webhooks", "limits", "hostile", "secrecy", "account", "ledger", "crashes",
    ] {
        assert!(groups.contains(group), "{group}");
    }
    let ids: HashSet<_> = cases.iter().map(|case| case.id.as_str()).collect();
    let mutants = mutants::load(&here.join("mutants.yaml")).unwrap();
    assert!(mutants.len() >= 15, "{}", mutants.len());
    let names: HashSet<_> = mutants.iter().map(|mutant| &mutant.name).collect();
    assert_eq!(names.len(), mutants.len(), "duplicate name");
    for mutant in &mutants {
        assert!(ids.contains(mutant.case.as_str()), "{}: {}", mutant.name, mutant.case);
    }
    // Every error code occurs in a case.
    let text = |case: &viseme_conformance::case::Case| case.place.text.clone();
    let all: String = cases.iter().map(text).collect();
    for row in &errors.errors {
        assert!(all.contains(&row.code), "no case expects the error `{}`", row.code);
    }
}

#[test]
fn every_case_runs_on_one_of_our_clients() {
    let here = Path::new(HERE);
    let features = Features::load(&here.join("features.yaml")).unwrap();
    let errors = ErrorTable::load(&here.join("errors.yaml")).unwrap();
    let cases = load(&here.join("cases"), &features, &errors).unwrap().cases;
    let profiles = std::fs::read_dir(here.join("profiles")).unwrap();
    let profiles: Vec<Profile> = profiles
        .map(|entry| {
            serde_saphyr::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap())
        })
        .collect::<Result<_, _>>()
        .unwrap();
    let ours: Vec<_> = profiles.iter().filter(|profile| !profile.released).collect();
    assert!(ours.len() >= 4, "{}", ours.len());
    for case in &cases {
        let required = case.features();
        assert!(
            ours.iter().any(|profile| required.iter().all(|it| profile.features.contains(it))),
            "{}: none of our clients has all of {required:?}",
            case.id
        );
    }
}
