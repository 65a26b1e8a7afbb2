//! The steps as data. What a step needs installed goes to `setup`.

use anyhow::Result;

use super::count::{
    CountLine, cargo_test, conformance, node_test, pytest, surefire, swift_testing,
};
use crate::setup::Language;
use crate::{checks, deny, openapi};

pub(crate) struct Step {
    /// Its name in `cargo xtask test NAME` and in the summary.
    pub(crate) name: &'static str,
    /// What it ensures, in one line.
    pub(crate) purpose: &'static str,
    /// Steps of one language run one after the other.
    pub(crate) language: Language,
    pub(crate) scope: Scope,
    pub(crate) action: Action,
}

/// Which runs a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every run.
    Quick,
    /// A run with `--quick` alone: a part of what a later step does.
    OnlyQuick,
    /// Runs without `--quick`.
    Usual,
    /// Runs with `--all`.
    All,
}

pub(crate) enum Action {
    /// A check that is part of this program; it returns a note for the summary, or an empty text.
    Check(fn() -> Result<String>),
    /// A program that succeeds or fails.
    Run { program: &'static [&'static str], env: &'static [(&'static str, &'static str)] },
    /// A program that runs tests; running none is a failure too.
    Tests {
        program: &'static [&'static str],
        env: &'static [(&'static str, &'static str)],
        /// Reads the counts from a line of its output.
        count: CountLine,
    },
}

/// Quick ones first, tests last. All Cargo steps but those of the core alone choose the same packages and
/// features, or Cargo would build every dependency once for each of them. Without `--workspace` the
/// default members are meant; the other members add no features to what they share.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        purpose: "the Rust code is formatted by rustfmt",
        language: Language::Rust,
        scope: Scope::Quick,
        action: Action::Run { program: &["cargo", "fmt", "--all", "--check"], env: &[] },
    },
    Step {
        name: "sizes",
        purpose: "no file is too large",
        language: Language::Rust,
        scope: Scope::Quick,
        action: Action::Check(checks::sizes::check),
    },
    Step {
        name: "links",
        purpose: "links between the documents have a target",
        language: Language::Rust,
        scope: Scope::Quick,
        action: Action::Check(checks::links::check),
    },
    Step {
        name: "layers",
        purpose: "imports follow the layers, without circles, and pure code does no I/O",
        language: Language::Rust,
        scope: Scope::Quick,
        action: Action::Check(checks::layers::check),
    },
    Step {
        name: "unit",
        purpose: "the unit tests of the Rust crates",
        language: Language::Rust,
        scope: Scope::OnlyQuick,
        action: Action::Tests {
            program: &["cargo", "test", "--locked", "--all-features", "--lib", "--bins"],
            env: &[],
            count: cargo_test,
        },
    },
    Step {
        name: "deny",
        purpose: "dependencies have permitted licences and come from the registry",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Check(deny::check),
    },
    Step {
        name: "clippy",
        purpose: "clippy finds nothing",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Run {
            program: &[
                "cargo",
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--",
                "-D",
                "warnings",
            ],
            env: &[],
        },
    },
    Step {
        name: "core-alone",
        purpose: "the core builds alone, without features that other crates enable",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Run { program: &["cargo", "check", "--locked", "-p", "viseme"], env: &[] },
    },
    Step {
        name: "core-small",
        purpose: "the core builds and validates models without its optional features",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &[
                "cargo",
                "test",
                "--locked",
                "-p",
                "viseme",
                "--no-default-features",
                "--lib",
                "--",
                "model::",
            ],
            env: &[],
            count: cargo_test,
        },
    },
    Step {
        name: "doc",
        purpose: "the reference documentation builds and its links have targets",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Run {
            program: &["cargo", "doc", "--locked", "--no-deps", "--all-features", "--lib"],
            env: &[("RUSTDOCFLAGS", "-D warnings")],
        },
    },
    Step {
        name: "test",
        purpose: "unit tests, integration tests and the examples in the documentation of the Rust crates",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &["cargo", "test", "--locked", "--all-features"],
            env: &[],
            count: cargo_test,
        },
    },
    Step {
        name: "conformance",
        purpose: "the Rust client passes the conformance suite, and the suite fails wrong clients",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &[
                "cargo",
                "run",
                "--locked",
                "--quiet",
                "--all-features",
                "--bin",
                "viseme-conformance",
                "--",
                "--driver",
                "rust",
                "--out",
                "target/conformance/report-rust",
            ],
            env: &[],
            count: conformance,
        },
    },
    Step {
        name: "load",
        purpose: "large files need little memory; the benchmarks' programs work",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &[
                "cargo",
                "test",
                "--locked",
                "--workspace",
                "--all-features",
                "--test",
                "load",
            ],
            env: &[],
            count: cargo_test,
        },
    },
    Step {
        name: "soak",
        purpose: "a batch that is killed again and again pays for each row once",
        language: Language::Rust,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &[
                "cargo",
                "test",
                "--locked",
                "--all-features",
                "--test",
                "batch_soak",
                "--",
                "--ignored",
                "--nocapture",
            ],
            env: &[],
            count: cargo_test,
        },
    },
    Step {
        name: "openapi",
        purpose: "the mock server's OpenAPI document passes redocly, and the server schemathesis",
        language: Language::Node,
        scope: Scope::Usual,
        action: Action::Check(openapi::check),
    },
    Step {
        name: "node-format",
        purpose: "the code of the npm packages is formatted by prettier",
        language: Language::Node,
        scope: Scope::Usual,
        action: Action::Run {
            program: &["npm", "--silent", "--prefix", "bindings-node", "run", "format:check"],
            env: &[],
        },
    },
    Step {
        name: "node",
        purpose: "the npm packages pass their tests, also as tarballs in an empty folder",
        language: Language::Node,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &["npm", "--prefix", "bindings-node", "test"],
            env: &[],
            count: node_test,
        },
    },
    Step {
        name: "node-conformance",
        purpose: "the Node client passes the conformance suite",
        language: Language::Node,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &[
                "cargo",
                "xtask",
                "conformance",
                "--driver",
                "node",
                "--out",
                "target/conformance/report-node",
            ],
            env: &[],
            count: conformance,
        },
    },
    Step {
        name: "browser-format",
        purpose: "the modules, styles and tests of the web pages are formatted by prettier",
        language: Language::Browser,
        scope: Scope::Usual,
        action: Action::Run {
            program: &["npm", "--silent", "--prefix", "browser-tests", "run", "format:check"],
            env: &[],
        },
    },
    Step {
        name: "browser",
        purpose: "the types of the web pages' modules are right, and the pages work in Chromium",
        language: Language::Browser,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &["cargo", "xtask", "browser", "test"],
            env: &[],
            count: node_test,
        },
    },
    Step {
        name: "python-check",
        purpose: "ruff, mypy, pyright and stubtest find nothing in the Python binding",
        language: Language::Python,
        scope: Scope::Usual,
        action: Action::Run { program: &["cargo", "xtask", "python", "check"], env: &[] },
    },
    Step {
        name: "python-test",
        purpose: "the tests of the Python binding pass and its notebook runs",
        language: Language::Python,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &["cargo", "xtask", "python", "test"],
            env: &[],
            count: pytest,
        },
    },
    Step {
        name: "python-conformance",
        purpose: "both Python clients pass the conformance suite",
        language: Language::Python,
        scope: Scope::Usual,
        action: Action::Tests {
            program: &[
                "cargo",
                "run",
                "--locked",
                "--quiet",
                "--all-features",
                "--bin",
                "viseme-conformance",
                "--",
                "--driver",
                "python-sync",
                "--driver",
                "python-async",
                "--out",
                "target/conformance/report-python",
            ],
            env: &[],
            count: conformance,
        },
    },
    Step {
        name: "integrations-python",
        purpose: "the recipes for other engines in Python pay for each clip once, on real servers",
        language: Language::Python,
        scope: Scope::All,
        action: Action::Tests {
            program: &["cargo", "xtask", "integrations", "python"],
            env: &[],
            count: pytest,
        },
    },
    Step {
        name: "kotlin",
        purpose: "the tests of the Kotlin module pass",
        language: Language::Kotlin,
        scope: Scope::All,
        action: Action::Tests {
            program: &["cargo", "xtask", "kotlin", "test"],
            env: &[],
            count: surefire,
        },
    },
    Step {
        name: "kotlin-sample",
        purpose: "the Kotlin sample program runs with the JAR and the library as published",
        language: Language::Kotlin,
        scope: Scope::All,
        action: Action::Run { program: &["cargo", "xtask", "kotlin", "sample"], env: &[] },
    },
    Step {
        name: "kotlin-conformance",
        purpose: "the Kotlin module passes the conformance suite",
        language: Language::Kotlin,
        scope: Scope::All,
        action: Action::Tests {
            program: &[
                "cargo",
                "run",
                "--locked",
                "--quiet",
                "--all-features",
                "--bin",
                "viseme-conformance",
                "--",
                "--driver",
                "kotlin",
                "--out",
                "target/conformance/report-kotlin",
            ],
            env: &[],
            count: conformance,
        },
    },
    Step {
        name: "swift",
        purpose: "the tests of the Swift package pass",
        language: Language::Swift,
        scope: Scope::All,
        action: Action::Tests {
            program: &["cargo", "xtask", "swift", "test"],
            env: &[],
            count: swift_testing,
        },
    },
    Step {
        name: "swift-sample",
        purpose: "the Swift sample program runs",
        language: Language::Swift,
        scope: Scope::All,
        action: Action::Run { program: &["cargo", "xtask", "swift", "sample"], env: &[] },
    },
    Step {
        name: "swift-conformance",
        purpose: "the Swift package passes the conformance suite",
        language: Language::Swift,
        scope: Scope::All,
        action: Action::Tests {
            program: &[
                "cargo",
                "run",
                "--locked",
                "--quiet",
                "--all-features",
                "--bin",
                "viseme-conformance",
                "--",
                "--driver",
                "swift",
                "--out",
                "target/conformance/report-swift",
            ],
            env: &[],
            count: conformance,
        },
    },
];
