//! The result of one check.

use std::fmt::Display;

use serde_json::{Value, json};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Warning,
    Failed,
    /// It was not made.
    Skipped,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    name: &'static str,
    pub(super) state: State,
    message: String,
    /// What to do.
    advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, state: State::Ok, message: message.into(), advice: None }
    }

    pub(super) fn skipped(name: &'static str, message: impl Into<String>) -> Self {
        Self { state: State::Skipped, ..Self::ok(name, message) }
    }

    pub(super) fn warning(
        name: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { state: State::Warning, advice: Some(advice.into()), ..Self::ok(name, message) }
    }

    /// A check that failed. The message of an error says what to do itself.
    pub(super) fn failed(name: &'static str, message: impl Display) -> Self {
        Self { state: State::Failed, ..Self::ok(name, message.to_string()) }
    }

    pub(super) fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Returns the lines that a person reads.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> + use<> {
        let first = format!("{:7}  {:12}  {}", self.state.word(), self.name, self.message);
        let advice = self.advice.as_ref().map(|advice| format!("{:23}{advice}", ""));
        std::iter::once(first).chain(advice)
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "state": self.state.word(),
            "message": self.message,
            "advice": self.advice,
        })
    }
}
