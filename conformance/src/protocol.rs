//! The messages between the harness and a driver; `protocol.md` says the same in words.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the protocol that this harness speaks.
pub const VERSION: u32 = 1;

/// The environment variable that tells a driver where the harness listens.
pub const ADDRESS: &str = "VISEME_CONFORMANCE";

/// What the harness sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToDriver {
    /// Carry out an operation.
    Run(Box<Run>),
    /// End an operation as a user would.
    Cancel {
        /// The operation.
        id: String,
    },
    /// A client is not needed any more.
    Close {
        /// The client.
        client: String,
    },
    /// End.
    Bye,
}

/// What a driver sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromDriver {
    /// Who it is.
    Hello(Hello),
    /// What came of an operation.
    Outcome(Box<Outcome>),
}

/// Who a driver is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol's version.
    pub protocol: u32,
    /// The name of its profile.
    pub name: String,
    /// The client's version.
    pub version: String,
    /// Its language.
    pub language: String,
    /// What it can do.
    pub features: Vec<String>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id; the outcome repeats it.
    pub id: String,
    /// The case it belongs to.
    pub case: String,
    /// The client to use, where one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// What to do.
    pub op: String,
    /// With what.
    pub input: Map<String, Value>,
    /// How.
    pub options: Map<String, Value>,
    /// Whether it is cancelled before it begins.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled_before: bool,
}

/// A client and how it is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// Operations with the same id share one.
    pub id: String,
    /// Where the API is.
    pub base_url: String,
    /// The API key.
    pub key: String,
    /// Whether it keeps the world's time.
    pub lockstep: bool,
    /// Further settings.
    pub settings: Map<String, Value>,
}

/// What came of an operation: exactly one of value, error, cancelled and driver error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The operation.
    pub id: String,
    /// What it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why it gave nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ClientError>,
    /// That it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Value>,
    /// What the driver could not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver_error: Option<String>,
    /// What went on in between.
    #[serde(default)]
    pub events: Vec<Value>,
    /// What the client logged.
    #[serde(default)]
    pub logs: Vec<String>,
}

impl Outcome {
    /// Whether it says exactly one thing.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let said = [
            self.value.is_some(),
            self.error.is_some(),
            self.cancelled.is_some(),
            self.driver_error.is_some(),
        ];
        said.iter().filter(|is| **is).count() == 1
    }
}

/// An error as a driver tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientError {
    /// Our stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Class names, the error's own first.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What it says to people.
    pub message: String,
    /// Everything it can show.
    pub text: String,
    /// Its attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}
