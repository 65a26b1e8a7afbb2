//! What a fault does to an exchange.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Span;

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FaultAction {
    /// Answers with another status.
    Status(StatusReply),
    /// Breaks the connection or the flow of bytes.
    Wire(WireFault),
    /// Changes what the answer says.
    Mutation(ResponseMutation),
}

/// An answer with another status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusReply {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// The body; JSON of the service's usual shape by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The `Location` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// A `Retry-After` header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "`retry_after` is a time, {date: a time}, or {raw: a text}")]
pub enum RetryAfter {
    /// As seconds.
    Seconds(Span),
    /// As a date, so long after the world's now.
    Date {
        /// How long.
        date: Span,
    },
    /// Any text.
    Raw {
        /// The text.
        raw: String,
    },
}

/// A body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// `{"code": …, "message": …}`.
    Json,
    /// A gateway's page.
    Html,
    /// Nothing.
    Empty,
    /// JSON of another shape: `{"detail": [{"msg": …}]}`.
    WrongEnvelope,
    /// This text.
    Text(String),
    /// This JSON.
    Value(Value),
}

/// Breaks the connection or the flow of bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WireFault {
    /// The connection is reset; no byte of an answer.
    Reset,
    /// The connection is closed; no byte of an answer.
    Close,
    /// No answer, and the connection stays open.
    Silence,
    /// The answer waits this long, in real time; what was asked for is done before.
    Delay(Span),
    /// The request waits this long, in real time, before it is looked at: a client that leaves
    /// meanwhile has asked for nothing.
    SlowAccept(Span),
    /// The request's body is never read, and no answer comes: an upload stands still once the
    /// system's buffers are full.
    NeverReadBody,
    /// The connection is reset once this many bytes of the request's body have come.
    CloseMidUpload(u64),
    /// Reset after this many bytes of the body.
    ResetAt(u64),
    /// Closed after this many bytes of the body.
    FinAt(u64),
    /// The head tells of so many bytes of body more than come, and the connection is closed after
    /// them; or of so many fewer, below 0, and no more than that come.
    WrongLength(i64),
    /// Stands still after this many bytes of the body, with the connection open; 0 is after the
    /// headers.
    StallAt(u64),
    /// A byte of the body at a time, with this pause between them, in real time.
    Drip(Span),
}

/// Changes what the answer says; its framing stays right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseMutation {
    /// `data` is null.
    DataNull,
    /// Only the first so many bytes of the JSON, with a length that says so.
    TruncateJson(usize),
    /// Not UTF-8.
    InvalidUtf8,
    /// A byte order mark first.
    ByteOrderMark,
    /// More text after the JSON.
    TrailingGarbage,
    /// No `id`.
    MissingId,
    /// Another `id`.
    WrongId,
    /// This word as the status.
    UnknownStatus(String),
    /// `outputs` is null.
    OutputsNull,
    /// `outputs` is empty.
    OutputsEmpty,
    /// Each output as an object with a `url`.
    OutputsObjects,
    /// Numbers as strings.
    NumbersAsStrings,
    /// The status `created`, whatever it was before.
    StatusRegress,
    /// Status 200, but an envelope that says otherwise and has no `data`.
    EnvelopeError {
        /// The envelope's code.
        code: i64,
        /// The envelope's message.
        message: String,
    },
    /// Each key of the answer's outermost object twice, the first time with null.
    DuplicateKeys,
    /// A field `deep` with so many arrays within each other.
    Deep(usize),
    /// So many bytes of white space before the answer.
    Huge(usize),
    /// These values put into the answer, objects within objects; null puts null.
    Merge(Value),
    /// The values at these JSON pointers taken out of the answer: `/data/timings`.
    Remove(Vec<String>),
    /// The range asked for is ignored.
    RangeIgnored,
    /// A wrong content type.
    ContentType(String),
    /// No content type.
    NoContentType,
    /// `Content-Encoding: gzip` over bytes that are not gzip.
    GzipCorrupt,
    /// A header of so many bytes.
    HugeHeader(usize),
    /// Other bytes, as many as there were.
    Corrupt,
}

impl<'de> Deserialize<'de> for FaultAction {
    /// A word, or an object with one word; or an object with `status`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let word = match &value {
            Value::String(word) => word.as_str(),
            Value::Object(fields) if fields.contains_key("status") => {
                return StatusReply::deserialize(&value)
                    .map(Self::Status)
                    .map_err(D::Error::custom);
            }
            Value::Object(fields) if fields.len() == 1 => {
                fields.keys().next().map_or("", String::as_str)
            }
            _ => return Err(D::Error::custom("`do` is one word, or an object of one word")),
        };
        if knows::<WireFault>(word) {
            WireFault::deserialize(&value).map(Self::Wire).map_err(D::Error::custom)
        } else if knows::<ResponseMutation>(word) {
            ResponseMutation::deserialize(&value).map(Self::Mutation).map_err(D::Error::custom)
        } else {
            let words = [words::<WireFault>(), words::<ResponseMutation>()].concat().join(", ");
            Err(D::Error::custom(format!("`{word}` is no fault; known are: status, {words}")))
        }
    }
}

/// The words of an enum, as its own reader tells them.
fn words<T: serde::de::DeserializeOwned>() -> Vec<String> {
    let told = match T::deserialize(Value::from("")) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    // unknown variant ``, expected one of `a`, `b`
    told.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn knows<T: serde::de::DeserializeOwned>(word: &str) -> bool {
    words::<T>().iter().any(|known| known == word)
}

impl ResponseMutation {
    /// Whether a client still finds in the answer what it says of jobs.
    pub(crate) fn leaves_legible(&self) -> bool {
        !matches!(
            self,
            Self::DataNull
                | Self::TruncateJson(_)
                | Self::InvalidUtf8
                | Self::TrailingGarbage
                | Self::MissingId
                | Self::WrongId
                | Self::EnvelopeError { .. }
                | Self::GzipCorrupt
                | Self::Corrupt
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_told_and_known() {
        for word in ["reset", "never_read_body", "drip"] {
            assert!(knows::<WireFault>(word), "{word}: {:?}", words::<WireFault>());
        }
        for word in ["data_null", "remove", "huge_header"] {
            assert!(knows::<ResponseMutation>(word), "{word}: {:?}", words::<ResponseMutation>());
        }
        assert!(!knows::<WireFault>("data_null"));
    }
}
