//! The steps as data. A new suite is a new entry; what it needs to be installed goes to `setup`.

use anyhow::Result;

use super::Outcome;
use super::count::{
    CountLine, cargo_test, conformance, node_test, pytest, surefire, swift_testing,
};
use crate::{checks, deny, node};

pub(crate) struct Step {
    /// What it is called in `cargo xtask test NAME` and in the summary.
    pub(crate) name: &'static str,
    /// What it is there for, as one line.
    pub(crate) purpose: &'static str,
    pub(crate) action: Action,
}

pub(crate) enum Action {
    /// A check that is part of this program.
    Check(fn() -> Result<Outcome>),
    /// A program that succeeds or fails.
    Run { program: &'static [&'static str], env: &'static [(&'static str, &'static str)] },
    /// A program that runs tests; fails too when it ran none.
    Tests {
        program: &'static [&'static str],
        env: &'static [(&'static str, &'static str)],
        /// Reads the counts from a line of its output.
        count: CountLine,
    },
}

/// Quick ones first, tests last. All Cargo steps but those of the core alone choose the same packages and
/// features, or Cargo would build every dependency once for each of them. Without `--workspace` the
/// default members are meant; what is a member beyond them adds no features to what they share.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        purpose: "the code is laid out by rustfmt",
        action: Action::Run { program: &["cargo", "fmt", "--all", "--check"], env: &[] },
    },
    Step {
        name: "sizes",
        purpose: "no file is too large",
        action: Action::Check(checks::sizes::check),
    },
    Step {
        name: "links",
        purpose: "links between the documents lead somewhere",
        action: Action::Check(checks::links::check),
    },
    Step {
        name: "layers",
        purpose: "nothing imports what stands above it; the deciding rooms do no I/O",
        action: Action::Check(checks::layers::check),
    },
    Step {
        name: "deny",
        purpose: "dependencies have fitting licences and come from the registry",
        action: Action::Check(deny::check),
    },
    Step {
        name: "clippy",
        purpose: "no lint complains",
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
        purpose: "the core builds by itself, without features that others switch on",
        action: Action::Run { program: &["cargo", "check", "--locked", "-p", "viseme"], env: &[] },
    },
    Step {
        name: "core-small",
        purpose: "the core builds, and judges what it can, without its optional features",
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
        purpose: "the reference documentation builds and its links lead somewhere",
        action: Action::Run {
            program: &["cargo", "doc", "--locked", "--no-deps", "--all-features", "--lib"],
            env: &[("RUSTDOCFLAGS", "-D warnings")],
        },
    },
    Step {
        name: "test",
        purpose: "unit tests, integration tests and the examples in the documentation",
        action: Action::Tests {
            program: &["cargo", "test", "--locked", "--all-features"],
            env: &[],
            count: cargo_test,
        },
    },
    Step {
        name: "node-install",
        purpose: "what the npm packages are built and tested with is there",
        action: Action::Check(node::check_install),
    },
    Step {
        name: "node-format",
        purpose: "the code of the npm packages is laid out by prettier",
        action: Action::Run {
            program: &["npm", "--silent", "--prefix", "bindings-node", "run", "format:check"],
            env: &[],
        },
    },
    Step {
        name: "node",
        purpose: "the npm packages: behaviour, types, examples, and tarballs in a clean folder",
        action: Action::Tests {
            program: &["npm", "--prefix", "bindings-node", "test"],
            env: &[],
            count: node_test,
        },
    },
    Step {
        name: "conformance",
        purpose: "the clients pass the suite, and the suite notices clients that are wrong",
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
                "--driver",
                "node",
            ],
            env: &[],
            count: conformance,
        },
    },
    Step {
        name: "load",
        purpose: "large files pass through in little memory; the benchmark's programs work",
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
        name: "python-check",
        purpose: "the Python binding is clean for ruff, mypy, pyright and stubtest",
        action: Action::Run { program: &["cargo", "xtask", "python", "check"], env: &[] },
    },
    Step {
        name: "python-test",
        purpose: "the Python binding does what Python users expect; its notebook runs",
        action: Action::Tests {
            program: &["cargo", "xtask", "python", "test"],
            env: &[],
            count: pytest,
        },
    },
    Step {
        name: "python-conformance",
        purpose: "both Python clients pass the conformance suite",
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
            ],
            env: &[],
            count: conformance,
        },
    },
    Step {
        name: "kotlin",
        purpose: "the Kotlin module does what Kotlin users expect",
        action: Action::Tests {
            program: &["cargo", "xtask", "kotlin", "test"],
            env: &[],
            count: surefire,
        },
    },
    Step {
        name: "kotlin-sample",
        purpose: "the Kotlin sample program, with the JAR and the library as they are published",
        action: Action::Run { program: &["cargo", "xtask", "kotlin", "sample"], env: &[] },
    },
    Step {
        name: "kotlin-conformance",
        purpose: "the Kotlin module passes the conformance suite",
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
            ],
            env: &[],
            count: conformance,
        },
    },
    Step {
        name: "swift",
        purpose: "the Swift package does what Swift users expect",
        action: Action::Tests {
            program: &["cargo", "xtask", "swift", "test"],
            env: &[],
            count: swift_testing,
        },
    },
    Step {
        name: "swift-sample",
        purpose: "the Swift sample program",
        action: Action::Run { program: &["cargo", "xtask", "swift", "sample"], env: &[] },
    },
    Step {
        name: "swift-conformance",
        purpose: "the Swift package passes the conformance suite",
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
            ],
            env: &[],
            count: conformance,
        },
    },
];
