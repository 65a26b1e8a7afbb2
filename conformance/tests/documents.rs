//! Checks that the case of README.md and the profile of protocol.md are valid.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use viseme_conformance::case::parse;
use viseme_conformance::contract::{ErrorTable, Features, Profile};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn features() -> Features {
    Features::load(&Path::new(HERE).join("features.yaml")).expect("features.yaml is valid")
}

/// The only block of YAML in a document.
fn yaml(document: &str) -> String {
    let text = std::fs::read_to_string(Path::new(HERE).join(document)).unwrap();
    let blocks: Vec<_> = text.split("```yaml\n").skip(1).collect();
    assert_eq!(blocks.len(), 1, "{document}");
    blocks.first().unwrap().split("```").next().unwrap().to_owned()
}

#[test]
fn the_shortest_case_is_valid() {
    let errors = ErrorTable::load(&Path::new(HERE).join("errors.yaml")).unwrap();
    let cases = parse(Path::new("README.md"), &yaml("README.md"), &features(), &errors);
    let ids: Vec<_> = cases.unwrap().into_iter().map(|case| case.id).collect();
    assert_eq!(ids, ["states/pending"]);
}

#[test]
fn the_profile_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("python-sync.yaml");
    // The example leaves out most features.
    std::fs::write(&path, yaml("protocol.md").replace('…', "virtual_clock")).unwrap();
    let profile = Profile::load(&path, &features()).unwrap();
    assert_eq!((profile.language.as_str(), profile.known_failures.len()), ("python", 1));
}
