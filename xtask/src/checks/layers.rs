//! The layers: no module imports what is above it or takes part in a circle, and pure code does no
//! I/O.

use anyhow::{Context as _, Result, ensure};

use super::{circles, conclude, project_files};
use crate::process::{output, program, root};

/// The crates that a crate must not depend on, directly or through others.
const CRATES: &[(&str, &[&str])] = &[
    (
        "viseme-spec",
        &["viseme", "viseme-mock", "reqwest", "hyper", "tokio", "pyo3", "napi", "uniffi"],
    ),
    (
        "viseme-dubbing",
        &["viseme", "viseme-mock", "reqwest", "hyper", "tokio", "pyo3", "napi", "uniffi"],
    ),
    ("viseme", &["pyo3", "napi", "uniffi", "viseme-mock", "viseme-conformance", "viseme-cli"]),
    ("viseme-dub", &["pyo3", "napi", "uniffi", "viseme-mock", "viseme-cli"]),
    ("viseme-mobile", &["viseme-ledger", "viseme-batch", "viseme-dub", "rusqlite", "sqlx"]),
    ("viseme-bindings", &["pyo3", "napi", "uniffi", "viseme-mock", "viseme-cli"]),
    ("viseme-conformance", &["pyo3", "napi", "uniffi", "viseme-cli"]),
    (
        "viseme-mock",
        &["viseme", "reqwest", "pyo3", "napi", "uniffi", "viseme-conformance", "viseme-cli"],
    ),
    ("viseme-recorder", &["pyo3", "napi", "uniffi", "viseme-conformance", "viseme-cli"]),
    ("viseme-mcp", &["pyo3", "napi", "uniffi", "viseme-mock", "viseme-conformance", "viseme-cli"]),
    ("viseme-playground", &["pyo3", "napi", "uniffi", "viseme-conformance", "viseme-cli"]),
];

/// Words that a part of the core must not use.
struct Rule {
    /// The files it applies to, as beginnings of paths.
    folders: &'static [&'static str],
    /// Files it does not apply to all the same.
    except: &'static [&'static str],
    words: &'static [&'static str],
    /// What to do in place of it.
    instead: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        folders: &[
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
        instead: "pure code takes time, randomness and data as arguments",
    },
    Rule {
        folders: &["dub/src/plan/"],
        except: &[],
        words: &[
            "tokio",
            "ffmpeg",
            "fastrand",
            "Instant",
            "SystemTime",
            "std::fs",
            "std::net",
            "std::thread",
            "std::process",
        ],
        instead: "the planner takes the facts of the media as arguments",
    },
    Rule {
        folders: &["recorder/src/scenario/", "recorder/src/drift/"],
        except: &[],
        words: &[
            "tokio",
            "hyper",
            "reqwest",
            "Instant",
            "SystemTime",
            "Timestamp::now",
            "std::fs",
            "std::net",
            "std::thread",
        ],
        instead: "recordings are compared and turned into scenarios as data",
    },
    Rule {
        folders: &["core/src/"],
        except: &["core/src/http/"],
        words: &["reqwest"],
        instead: "only http/ uses HTTP",
    },
    Rule {
        folders: &["core/src/"],
        except: &["core/src/config"],
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        instead: "only config/ reads the environment",
    },
    Rule {
        folders: &["dubbing/src/"],
        except: &[],
        words: &["tokio", "std::fs", "std::net", "std::thread", "Instant", "SystemTime"],
        instead: "the crate reads and writes only through `ReadAt` and `Write`",
    },
];

pub(crate) fn check() -> Result<String> {
    let mut faults = Vec::new();
    for (name, forbidden) in CRATES {
        let tree = dependencies(name)?;
        let found = forbidden.iter().filter(|other| tree.iter().any(|dep| dep == *other));
        faults.extend(found.map(|other| format!("{name} must not depend on {other}")));
    }
    let files = project_files()?;
    let mut read = 0;
    for rule in RULES {
        let files_of_rule: Vec<&String> = files.iter().filter(|file| applies(rule, file)).collect();
        ensure!(!files_of_rule.is_empty(), "no file in {:?}; was it moved?", rule.folders);
        for file in files_of_rule {
            read += 1;
            let text = std::fs::read_to_string(root().join(file))
                .with_context(|| format!("cannot read {file}"))?;
            faults.extend(violations(rule, file, &text));
        }
    }
    let circles = circles::find()?;
    faults.extend(circles.faults);
    let (crates, rules, note) = (CRATES.len(), RULES.len(), circles.note);
    conclude(&faults, format!("{crates} crates, {rules} rules on {read} files; {note}"))
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

fn applies(rule: &Rule, file: &str) -> bool {
    let within = |folders: &[&str]| folders.iter().any(|folder| file.starts_with(folder));
    file.ends_with(".rs") && within(rule.folders) && !within(rule.except)
}

/// The places where a file uses one of the words, in its tests too. Comments are left out.
fn violations(rule: &Rule, file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for word in rule.words.iter().filter(|word| has_word(code, word)) {
            faults.push(format!("{file}:{}: `{word}`: {}", number + 1, rule.instead));
        }
    }
    faults
}

/// Whether code has the word, not as a part of a longer one.
fn has_word(code: &str, word: &str) -> bool {
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
    fn a_clock_in_pure_code_is_a_fault() {
        let code = "use std::time::Instant;\n// An Instant is an argument.\nlet instantly = InstantLike;\n";
        let file = "core/src/protocol/x.rs";
        let found: Vec<String> = RULES
            .iter()
            .filter(|rule| applies(rule, file))
            .flat_map(|rule| violations(rule, file, code))
            .collect();
        let expected = "core/src/protocol/x.rs:1: `Instant`: pure code takes time, randomness and \
                        data as arguments";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn each_rule_applies_to_its_folders() {
        let applying =
            |file: &str| RULES.iter().map(|rule| applies(rule, file)).collect::<Vec<_>>();
        for (file, expected) in [
            ("core/src/protocol/machine.rs", [true, false, false, true, true, false]),
            ("core/src/media/limits/mod.rs", [true, false, false, true, true, false]),
            ("core/src/media/source.rs", [false, false, false, true, true, false]),
            ("core/src/http/http.rs", [false, false, false, false, true, false]),
            ("core/src/config/mod.rs", [false, false, false, true, false, false]),
            ("dub/src/plan/mod.rs", [false, true, false, false, false, false]),
            ("dub/src/ffmpeg/mod.rs", [false, false, false, false, false, false]),
            ("dubbing/src/flac/mod.rs", [false, false, false, false, false, true]),
            ("cli/src/main.rs", [false, false, false, false, false, false]),
        ] {
            assert_eq!(applying(file), expected, "{file}");
        }
    }

    #[test]
    fn the_dependencies_of_the_core_are_found() {
        let tree = dependencies("viseme").expect("cargo tree runs");
        assert!(tree.iter().any(|name| name == "reqwest"), "{tree:?}");
        assert!(tree.iter().all(|name| name != "viseme"), "{tree:?}");
    }
}
