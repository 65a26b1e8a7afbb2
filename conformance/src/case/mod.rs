//! Cases: the given scenario, the steps, and the expectations.

mod expectations;
mod input;
mod load;
pub mod matcher;
mod requirements;
mod variables;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use viseme_mock::{RequestKind, Scenario};

pub use expectations::{
    ErrorExpectation, Expectations, FileExpectation, Forbidden, OutcomeExpectation,
};
pub use input::driver_input;
pub use load::{Loaded, load, parse};
pub(crate) use load::{expect, scenario_of};
pub use variables::{Variables, resolve};

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// `group/name`.
    pub id: String,
    /// What happens and why it matters.
    pub doc: String,
    /// Where the behaviour is documented or was observed.
    #[serde(default)]
    pub source: Option<String>,
    /// Required features that do not follow from the operations.
    #[serde(default)]
    pub requires: Vec<String>,
    /// The settings of every client of the case.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The scenario of the world, as in the file.
    #[serde(default)]
    pub given: Map<String, Value>,
    /// The steps.
    #[serde(deserialize_with = "one_or_many")]
    pub when: Vec<Step>,
    /// The expectations.
    #[serde(default)]
    pub then: Expectations,
    /// The parsed scenario.
    #[serde(skip)]
    pub scenario: Scenario,
    /// The location in the file.
    #[serde(skip)]
    pub place: SourceLocation,
}

/// The location of a case in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceLocation {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The text of the case.
    #[serde(skip)]
    pub text: String,
}

/// A step: an operation of the client, or an action on its world.
#[derive(Clone, Debug)]
pub enum Step {
    /// An operation.
    Operation(Box<Operation>),
    /// An action on the world.
    Action(Action),
}

/// An operation of the client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The name of the operation.
    pub op: String,
    /// The name that variables use.
    #[serde(default, rename = "as")]
    pub name: Option<String>,
    /// The name of the client.
    #[serde(default = "default_client")]
    pub client: String,
    /// Additional settings of that client.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The input.
    #[serde(default)]
    pub input: Map<String, Value>,
    /// The options.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Whether the next step starts without waiting for the outcome.
    #[serde(default)]
    pub background: bool,
    /// When it is cancelled, if it is.
    #[serde(default)]
    pub cancel: Option<Cancel>,
    /// When the process of the driver is killed, if it is. A new one runs the next steps.
    #[serde(default)]
    pub crash: Option<Crash>,
    /// The expected outcome.
    #[serde(default)]
    pub then: OutcomeExpectation,
}

fn default_client() -> String {
    "main".to_owned()
}

/// When an operation is cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Before it starts.
    Before,
    /// As soon as the world has received a request.
    Seen(Seen),
}

/// When the process of a driver is killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Crash {
    /// In the callback that sees the record of the submit: the option `save_record` holds it there.
    Callback,
    /// As soon as the world has received a request.
    Seen(Seen),
}

/// A request that the world has received.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The kind of request.
    pub at: RequestKind,
    /// The number of that kind, counted from 1.
    pub nth: usize,
}

/// An action on the world.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Advances the clock.
    Advance(#[serde(deserialize_with = "duration")] Duration),
    /// Waits until the world has received a request.
    Await(Seen),
    /// Waits until this many webhooks have arrived.
    Delivery(usize),
    /// Waits for a background operation.
    Join(String),
    /// Replaces the scenario.
    OperationResult(Map<String, Value>),
    /// Changes the status of a job.
    Job {
        /// The number of the job, counted from 1.
        nth: usize,
        /// The new status.
        becomes: String,
    },
    /// Waits in real time.
    Settle(#[serde(deserialize_with = "duration")] Duration),
}

impl Case {
    /// Returns the part of the id before the slash.
    #[must_use]
    pub fn group(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }

    /// Returns the operations.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.when.iter().filter_map(|step| match step {
            Step::Operation(operation) => Some(operation.as_ref()),
            Step::Action(_) => None,
        })
    }

    /// Whether the process of the driver is killed in this case.
    #[must_use]
    pub fn kills_the_driver(&self) -> bool {
        self.operations().any(|operation| operation.crash.is_some())
    }

    /// Returns every feature that the case requires.
    #[must_use]
    pub fn features(&self) -> Vec<String> {
        requirements::features(self)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        let value = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let is_operation = value.contains_key("op");
        let value = Value::Object(value.into_iter().collect());
        if is_operation {
            serde_json::from_value(value).map(Self::Operation).map_err(D::Error::custom)
        } else {
            serde_json::from_value(value).map(Self::Action).map_err(D::Error::custom)
        }
    }
}

impl<'de> Deserialize<'de> for Cancel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        match Value::deserialize(deserializer)? {
            Value::String(word) if word == "before" => Ok(Self::Before),
            other => serde_json::from_value(other).map(Self::Seen).map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Crash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        match Value::deserialize(deserializer)? {
            Value::String(word) if word == "callback" => Ok(Self::Callback),
            other => serde_json::from_value(other).map(Self::Seen).map_err(D::Error::custom),
        }
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    use serde::de::Error as _;

    let steps = match Value::deserialize(deserializer)? {
        Value::Array(steps) => steps,
        one => vec![one],
    };
    let read = |step| serde_json::from_value(step).map_err(D::Error::custom);
    steps.into_iter().map(read).collect()
}

/// Parses `8d`, `1500ms` or a number of seconds.
pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    viseme_mock::scenario::Span::deserialize(deserializer).map(|span| span.0)
}
