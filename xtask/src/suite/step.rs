//! A step of the suite: what it is, when it runs and what it does.

use anyhow::Result;

use super::count::CountLine;
use crate::setup::Language;

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
        /// Reads the counts from a line of its output.
        count: CountLine,
    },
}

impl Action {
    /// A program that runs tests.
    pub(crate) const fn tests(program: &'static [&'static str], count: CountLine) -> Self {
        Self::Tests { program, count }
    }
}

/// A check of this program that is quick enough for every run.
pub(crate) const fn quick_check(
    name: &'static str,
    purpose: &'static str,
    check: fn() -> Result<String>,
) -> Step {
    Step { scope: Scope::Quick, ..usual_check(name, purpose, Language::Rust, check) }
}

/// A check of this program for every run without `--quick`.
pub(crate) const fn usual_check(
    name: &'static str,
    purpose: &'static str,
    language: Language,
    check: fn() -> Result<String>,
) -> Step {
    Step { name, purpose, language, scope: Scope::Usual, action: Action::Check(check) }
}
