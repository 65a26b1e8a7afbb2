//! The messages between the harness and a driver. `protocol.md` describes them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// The environment variable with the address of the harness.
pub const ADDRESS: &str = "VISEME_CONFORMANCE";

/// A message from the harness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToDriver {
    /// Runs an operation.
    Run(Box<Run>),
    /// Cancels an operation as a user would.
    Cancel {
        /// The id of the operation.
        id: String,
    },
    /// Drops a client that is no longer needed.
    Close {
        /// The id of the client.
        client: String,
    },
    /// Ends the driver.
    Bye,
}

/// A message from a driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromDriver {
    /// Introduces the driver.
    Hello(Hello),
    /// Reports the outcome of an operation.
    Outcome(Box<Outcome>),
}

/// The introduction of a driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol.
    pub protocol: u32,
    /// The name of its profile.
    pub name: String,
    /// The version of the client.
    pub version: String,
    /// The language of the client.
    pub language: String,
    /// The features that it supports.
    pub features: Vec<String>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The id, which the outcome repeats.
    pub id: String,
    /// The id of the case.
    pub case: String,
    /// The client to use, if the operation needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// The name of the operation.
    pub op: String,
    /// The input.
    pub input: Map<String, Value>,
    /// The options.
    pub options: Map<String, Value>,
    /// Whether it is cancelled before it starts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled_before: bool,
}

/// A client and its configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// The id; operations with the same id share the client.
    pub id: String,
    /// The base URL of the API.
    pub base_url: String,
    /// The API key.
    pub key: String,
    /// Whether it uses the virtual clock of its world.
    pub virtual_clock: bool,
    /// Further settings.
    pub settings: Map<String, Value>,
}

/// The outcome of an operation: exactly one of value, error, cancelled and driver error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The id of the operation.
    pub id: String,
    /// The returned value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The raised error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ClientError>,
    /// How the cancellation was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Value>,
    /// Why the driver could not run the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver_error: Option<String>,
    /// The progress events.
    #[serde(default)]
    pub events: Vec<Value>,
    /// The log lines of the client.
    #[serde(default)]
    pub logs: Vec<String>,
}

impl Outcome {
    /// Whether it has exactly one of the four.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let present = [
            self.value.is_some(),
            self.error.is_some(),
            self.cancelled.is_some(),
            self.driver_error.is_some(),
        ];
        present.iter().filter(|is| **is).count() == 1
    }
}

/// An error as the driver reports it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientError {
    /// The stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The class names, from the class itself to the root.
    #[serde(default)]
    pub classes: Vec<String>,
    /// The category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The message.
    pub message: String,
    /// Everything that the error can print.
    pub text: String,
    /// The attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}
