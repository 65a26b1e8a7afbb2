//! The order of the rooms: nothing imports what stands above it, and what decides does no I/O.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::{project_files, verdict};
use crate::process::{output, program, root};
use crate::suite::Outcome;

/// What a crate must not depend on, directly or through others.
const CRATES: &[(&str, &[&str])] = &[
    ("viseme", &["pyo3", "napi", "uniffi", "viseme-mock", "viseme-conformance", "viseme-cli"]),
    ("viseme-mock", &["pyo3", "napi", "uniffi", "viseme-conformance", "viseme-cli"]),
];

/// The rooms of the core that get time, randomness and bytes handed in.
const DECIDING: &[&str] = &[
    "core/src/job/",
    "core/src/model/",
    "core/src/media/limits",
    "core/src/error",
    "core/src/webhook",
];

/// What such a room may not even name, and what would be at hand instead.
const WORDS: &[(&str, &str)] = &[
    ("tokio", "an async runtime"),
    ("reqwest", "HTTP"),
    ("hyper", "HTTP"),
    ("fastrand", "randomness"),
    ("Instant", "a clock"),
    ("SystemTime::now", "a clock"),
    ("Timestamp::now", "a clock"),
    ("Zoned::now", "a clock"),
    ("std::fs", "files"),
    ("std::net", "the network"),
    ("std::env", "the environment"),
    ("std::thread", "threads"),
];

pub(crate) fn check() -> Result<Outcome> {
    let mut faults = Vec::new();
    for (name, forbidden) in CRATES {
        let tree = dependencies(name)?;
        let found = forbidden.iter().filter(|other| tree.iter().any(|dep| dep == *other));
        faults.extend(found.map(|other| format!("{name} must not depend on {other}")));
    }
    let files = project_files()?;
    let deciding: Vec<&String> = files.iter().filter(|file| decides(file)).collect();
    ensure!(!deciding.is_empty(), "no file of the deciding rooms was found; were they moved?");
    for file in &deciding {
        faults.extend(read(file)?);
    }
    verdict(&faults, format!("{} crates, {} deciding files", CRATES.len(), deciding.len()))
}

/// The names of everything a crate is built from, tests aside.
fn dependencies(package: &str) -> Result<Vec<String>> {
    let arguments = [
        "tree",
        "--locked",
        "--package",
        package,
        "--all-features",
        "--target",
        "all",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = output(program("cargo", &arguments))?;
    let name = |line: &str| line.split(' ').next().map(str::to_owned);
    Ok(tree.lines().skip(1).filter_map(name).collect())
}

fn decides(file: &str) -> bool {
    file.ends_with(".rs") && DECIDING.iter().any(|room| file.starts_with(room))
}

fn read(file: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join(Path::new(file)))
        .with_context(|| format!("{file} could not be read"))?;
    Ok(faults(file, &text))
}

/// A search for words, not a parser: a room that decides has no reason to use them at all, not in
/// its tests either. Comments may.
fn faults(file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (word, what) in WORDS.iter().filter(|(word, _)| names(code, word)) {
            faults.push(format!("{file}:{}: `{word}`: {what} must be handed in", number + 1));
        }
    }
    faults
}

/// Whether code has the word as a whole, not as a part of a longer one.
fn names(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|code| code.chars().next_back());
        let after = code.get(at + word.len()..).and_then(|code| code.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_a_deciding_room_is_a_fault() {
        let code =
            "use std::time::Instant;\n// An Instant is handed in.\nlet instantly = InstantLike;\n";
        let found = faults("core/src/job/x.rs", code);
        assert_eq!(found, ["core/src/job/x.rs:1: `Instant`: a clock must be handed in"]);
    }

    #[test]
    fn only_the_deciding_rooms_are_read() {
        assert!(decides("core/src/job/machine.rs"));
        assert!(decides("core/src/media/limits.rs"));
        assert!(!decides("core/src/media/source.rs"));
        assert!(!decides("core/src/wire/http.rs"));
    }

    #[test]
    fn the_dependencies_of_the_core_are_found() {
        let tree = dependencies("viseme").expect("cargo tree runs");
        assert!(tree.iter().any(|name| name == "reqwest"), "{tree:?}");
        assert!(tree.iter().all(|name| name != "viseme"), "{tree:?}");
    }
}
