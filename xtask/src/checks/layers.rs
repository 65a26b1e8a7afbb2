//! The order of the rooms: nothing imports what stands above it, and what decides does no I/O.

use anyhow::{Context as _, Result, ensure};

use super::{circles, project_files, verdict};
use crate::process::{output, program, root};
use crate::suite::Outcome;

/// The crates that a crate must not depend on, directly or through others.
const CRATES: &[(&str, &[&str])] = &[
    (
        "viseme-spec",
        &["viseme", "viseme-mock", "reqwest", "hyper", "tokio", "pyo3", "napi", "uniffi"],
    ),
    ("viseme", &["pyo3", "napi", "uniffi", "viseme-mock", "viseme-conformance", "viseme-cli"]),
    ("viseme-bindings", &["pyo3", "napi", "uniffi", "viseme-mock", "viseme-cli"]),
    ("viseme-conformance", &["pyo3", "napi", "uniffi", "viseme-cli"]),
    (
        "viseme-mock",
        &["viseme", "reqwest", "pyo3", "napi", "uniffi", "viseme-conformance", "viseme-cli"],
    ),
];

/// Words that a part of the core does not use.
struct Rule {
    /// Where, as beginnings of paths.
    rooms: &'static [&'static str],
    /// Where all the same.
    except: &'static [&'static str],
    words: &'static [&'static str],
    /// What to do instead.
    instead: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        rooms: &[
            "core/src/account/",
            "core/src/protocol/",
            "core/src/model/",
            "core/src/media/limits",
            "core/src/error",
            "core/src/webhook",
        ],
        except: &[],
        words: &[
            "tokio",
            "hyper",
            "fastrand",
            "Instant",
            "SystemTime::now",
            "Timestamp::now",
            "Zoned::now",
            "std::fs",
            "std::net",
            "std::thread",
        ],
        instead: "what decides gets time, randomness and data handed in",
    },
    Rule {
        rooms: &["core/src/"],
        except: &["core/src/http/"],
        words: &["reqwest"],
        instead: "HTTP belongs to http/",
    },
    Rule {
        rooms: &["core/src/"],
        except: &["core/src/config"],
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        instead: "the environment is read by config/ alone",
    },
];

pub(crate) fn check() -> Result<Outcome> {
    let mut faults = Vec::new();
    for (name, forbidden) in CRATES {
        let tree = dependencies(name)?;
        let found = forbidden.iter().filter(|other| tree.iter().any(|dep| dep == *other));
        faults.extend(found.map(|other| format!("{name} must not depend on {other}")));
    }
    let files = project_files()?;
    let mut read = 0;
    for rule in RULES {
        let governed: Vec<&String> = files.iter().filter(|file| governs(rule, file)).collect();
        ensure!(!governed.is_empty(), "no file in {:?}; was it moved?", rule.rooms);
        for file in governed {
            read += 1;
            let text = std::fs::read_to_string(root().join(file))
                .with_context(|| format!("{file} could not be read"))?;
            faults.extend(judge(rule, file, &text));
        }
    }
    let circles = circles::find()?;
    faults.extend(circles.faults);
    let (crates, rules, note) = (CRATES.len(), RULES.len(), circles.note);
    verdict(&faults, format!("{crates} crates, {rules} rules on {read} files; {note}"))
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

fn governs(rule: &Rule, file: &str) -> bool {
    let within = |rooms: &[&str]| rooms.iter().any(|room| file.starts_with(room));
    file.ends_with(".rs") && within(rule.rooms) && !within(rule.except)
}

/// A search for words, not a parser: a room has no reason to use them at all, not in its tests
/// either. Comments may.
fn judge(rule: &Rule, file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for word in rule.words.iter().filter(|word| names(code, word)) {
            faults.push(format!("{file}:{}: `{word}`: {}", number + 1, rule.instead));
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
        let found: Vec<String> =
            RULES.iter().flat_map(|rule| judge(rule, "core/src/protocol/x.rs", code)).collect();
        let expected = "core/src/protocol/x.rs:1: `Instant`: what decides gets time, randomness and \
                        data handed in";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn each_rule_governs_its_rooms() {
        let governing =
            |file: &str| RULES.iter().map(|rule| governs(rule, file)).collect::<Vec<_>>();
        assert_eq!(governing("core/src/protocol/machine.rs"), [true, true, true]);
        assert_eq!(governing("core/src/media/limits/mod.rs"), [true, true, true]);
        assert_eq!(governing("core/src/media/source.rs"), [false, true, true]);
        assert_eq!(governing("core/src/http/http.rs"), [false, false, true]);
        assert_eq!(governing("core/src/config/mod.rs"), [false, true, false]);
        assert_eq!(governing("cli/src/main.rs"), [false, false, false]);
    }

    #[test]
    fn the_dependencies_of_the_core_are_found() {
        let tree = dependencies("viseme").expect("cargo tree runs");
        assert!(tree.iter().any(|name| name == "reqwest"), "{tree:?}");
        assert!(tree.iter().all(|name| name != "viseme"), "{tree:?}");
    }
}
