//! Cases: what is given, what is done, what is to be seen.

mod input;
mod load;
pub mod matcher;
mod needs;
mod references;
mod then;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use viseme_mock::{RequestKind, Scenario};

pub use input::wire_input;
pub use load::{Loaded, load, parse};
pub(crate) use load::{expect, scenario_of};
pub use references::{Facts, resolve};
pub use then::{ExpectedError, FileCheck, Forbidden, OutcomeCheck, Then};

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// `group/name`.
    pub id: String,
    /// What happens and why it matters.
    pub doc: String,
    /// Where it is documented or was seen.
    #[serde(default)]
    pub source: Option<String>,
    /// Features besides those that the operations need anyway.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Settings of every client of the case.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The world's script, as it stands in the file.
    #[serde(default)]
    pub given: Map<String, Value>,
    /// What is done.
    #[serde(deserialize_with = "one_or_many")]
    pub when: Vec<Step>,
    /// What is to be seen.
    #[serde(default)]
    pub then: Then,
    /// The script, read.
    #[serde(skip)]
    pub scenario: Scenario,
    /// Where it stands.
    #[serde(skip)]
    pub place: Place,
}

/// Where a case stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// Its text in the file.
    #[serde(skip)]
    pub text: String,
}

/// A step: an operation of the client, or something that happens in its world.
#[derive(Clone, Debug)]
pub enum Step {
    /// An operation.
    Operation(Box<Operation>),
    /// Something in the world.
    Act(Act),
}

/// An operation of the client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Its name.
    pub op: String,
    /// What later steps call it.
    #[serde(default, rename = "as")]
    pub name: Option<String>,
    /// Which client.
    #[serde(default = "default_client")]
    pub client: String,
    /// More settings of that client.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// With what.
    #[serde(default)]
    pub input: Map<String, Value>,
    /// How.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Whether the next step begins at once.
    #[serde(default)]
    pub background: bool,
    /// Whether and when it is cancelled.
    #[serde(default)]
    pub cancel: Option<Cancel>,
    /// What is to come of it.
    #[serde(default)]
    pub then: OutcomeCheck,
}

fn default_client() -> String {
    "main".to_owned()
}

/// When an operation is cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Before it begins.
    Before,
    /// As soon as the world has seen a request.
    Seen(Seen),
}

/// A request that the world has seen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Its kind.
    pub at: RequestKind,
    /// Which of them, from 1.
    pub nth: usize,
}

/// Something that happens in the world.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// The clock moves on.
    Advance(#[serde(deserialize_with = "duration")] Duration),
    /// Waits until the world has seen a request.
    Await(Seen),
    /// Waits until so many webhooks have come.
    Delivery(usize),
    /// Waits for a background step.
    Join(String),
    /// A new script.
    Given(Map<String, Value>),
    /// A job is put into a state.
    Job {
        /// Which, from 1.
        nth: usize,
        /// The state.
        becomes: String,
    },
    /// Waits in real time.
    Settle(#[serde(deserialize_with = "duration")] Duration),
}

impl Case {
    /// The part of its id before the slash.
    #[must_use]
    pub fn group(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }

    /// The operations.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.when.iter().filter_map(|step| match step {
            Step::Operation(operation) => Some(operation.as_ref()),
            Step::Act(_) => None,
        })
    }

    /// Every feature that it needs.
    #[must_use]
    pub fn features(&self) -> Vec<String> {
        needs::features(self)
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
            serde_json::from_value(value).map(Self::Act).map_err(D::Error::custom)
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

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    use serde::de::Error as _;

    let steps = match Value::deserialize(deserializer)? {
        Value::Array(steps) => steps,
        one => vec![one],
    };
    let read = |step| serde_json::from_value(step).map_err(D::Error::custom);
    steps.into_iter().map(read).collect()
}

/// Reads `8d`, `1500ms` or a number of seconds.
pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    viseme_mock::scenario::Span::deserialize(deserializer).map(|span| span.0)
}
