//! The features of the dependencies: builds of programs, of tests and of the whole workspace must choose the same
//! ones, or Cargo builds a dependency and all that uses it once for each of them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::conclude;
use crate::process::{output, program};

/// The crates of a build with their features. A crate has several sets if its build needs it for this machine too.
type Features = BTreeMap<String, BTreeSet<String>>;

/// What a build chooses, as `cargo tree` is told.
const PROGRAMS: &[&str] = &["--all-features", "--edges", "normal,build"];
const TESTS: &[&str] = &["--all-features", "--edges", "normal,build,dev"];
const WORKSPACE: &[&str] = &["--workspace", "--all-features", "--edges", "normal,build,dev"];
const NODE: &[&str] = &["-p", "viseme-node", "--features", "testing", "--edges", "normal,build"];
const PYTHON: &[&str] =
    &["-p", "viseme-python", "--features", "testing", "--edges", "normal,build"];

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Result<String> {
    let (programs, node) = (features(PROGRAMS)?, features(NODE)?);
    let mut faults = Vec::new();
    for (builds, other) in [("the tests", TESTS), ("the whole workspace", WORKSPACE)] {
        let found = differences(&programs, &features(other)?);
        faults.extend(
            found.into_iter().map(|it| format!("{it} in {builds}: see conformance/Cargo.toml")),
        );
    }
    let python = features(PYTHON)?;
    let shared: Features = node.into_iter().filter(|(name, _)| python.contains_key(name)).collect();
    let found = differences(&shared, &python);
    faults.extend(
        found.into_iter().map(|it| format!("{it} in Python: see bindings-node/Cargo.toml")),
    );
    let (programs, shared) = (programs.len(), shared.len());
    conclude(
        &faults,
        format!("{programs} crates, and {shared} of Node.js and Python, are built once"),
    )
}

fn features(chosen: &[&str]) -> Result<Features> {
    let tree = ["tree", "--locked", "--prefix", "none", "--format", "{p} {f}"];
    Ok(read(&output(program("cargo", &[&tree[..], chosen].concat()))?))
}

/// Reads lines such as `tokio v1.54.1 fs,net (*)`, in which a path or `(proc-macro)` can follow the version.
fn read(tree: &str) -> Features {
    let mut all = Features::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        let features = words.rfind(|word| !word.starts_with('(') && !word.ends_with(')'));
        let sets = all.entry(format!("{name} {version}")).or_default();
        sets.insert(features.unwrap_or_default().to_owned());
    }
    all
}

/// The crates of a build that another one does not have with the same features.
fn differences(build: &Features, other: &Features) -> Vec<String> {
    let mut found = Vec::new();
    for (name, sets) in build {
        let there = other.get(name);
        for set in sets.iter().filter(|set| there.is_none_or(|there| !there.contains(*set))) {
            let there: Vec<&str> = there.into_iter().flatten().map(String::as_str).collect();
            found.push(format!("{name} has the features `{set}`, and `{}`", there.join("` or `")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_only_the_tests_add_is_found() {
        let programs =
            read("a v1.0.0 \nb v2.0.0 std\nc v0.1.0 (/place/c) x\nd v1.0.0 (proc-macro) (*)\n");
        let tests = read("a v1.0.0 \nb v2.0.0 std,more (*)\nc v0.1.0 (/place/c) x\n\nd v1.0.0 \n");
        let found: Vec<String> = differences(&programs, &tests);
        assert_eq!(found, ["b v2.0.0 has the features `std`, and `std,more`"]);
        assert_eq!(differences(&programs, &programs).len(), 0);
    }

    #[test]
    fn a_set_that_the_other_build_has_too_is_no_difference() {
        let one = read("a v1.0.0 std\n");
        let two = read("a v1.0.0 std\na v1.0.0 \n");
        assert_eq!(differences(&one, &two).len(), 0);
        assert_eq!(differences(&two, &one).len(), 1);
    }
}
