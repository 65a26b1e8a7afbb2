//! What a fault does.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Span;
use super::parse::from_value;
use super::strict::Node;
use crate::suggest::closest;

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FaultAction {
    /// Responds with another status.
    Status(StatusResponse),
    /// Breaks the connection or the stream of bytes.
    Wire(WireFault),
    /// Changes what the response says.
    Mutation(ResponseMutation),
}

/// A response with another status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusResponse {
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
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RetryAfter {
    /// In seconds.
    Seconds(Span),
    /// As a date, this long after the world's current time.
    Date {
        /// The time until the date.
        date: Span,
    },
    /// Any text.
    Raw {
        /// The text.
        raw: String,
    },
}

impl<'de> Deserialize<'de> for RetryAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Node::deserialize(deserializer)?;
        let fields = match &value {
            Node::Object(fields) => fields.as_slice(),
            Node::Text(_) | Node::Number(_) | Node::NotFinite(_) => {
                return from_value(&value).map(Self::Seconds).map_err(D::Error::custom);
            }
            Node::Null | Node::Bool(_) | Node::List(_) => &[],
        };
        match fields {
            [(name, date)] if name == "date" => match from_value(date) {
                Ok(date) => Ok(Self::Date { date }),
                Err(error) => Err(D::Error::custom(format!("`date` {error}"))),
            },
            [(name, Node::Text(raw))] if name == "raw" => Ok(Self::Raw { raw: raw.clone() }),
            _ => {
                let expected = "must be a duration such as 7s, {date: 7s}, or {raw: text}";
                Err(D::Error::custom(format!("{expected}, got {value}")))
            }
        }
    }
}

/// A body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// `{"code": …, "message": …}`.
    Json,
    /// The error page of a gateway.
    Html,
    /// An empty body.
    Empty,
    /// JSON of another shape: `{"detail": [{"msg": …}]}`.
    WrongEnvelope,
    /// This text.
    Text(String),
    /// This JSON.
    Value(Value),
}

/// Breaks the connection or the stream of bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WireFault {
    /// The connection is reset before the response.
    Reset,
    /// The connection is closed before the response.
    Close,
    /// There is no response; the connection stays open.
    Silence,
    /// The response is delayed, in real time; the request has its effect before.
    Delay(Span),
    /// The request is delayed, in real time. If the client disconnects meanwhile, it has no effect.
    SlowAccept(Span),
    /// The request's body is never read: an upload stalls once the system's buffers are full.
    NeverReadBody,
    /// The connection is reset after this many bytes of the request's body.
    CloseMidUpload(u64),
    /// The connection is reset after this many bytes of the response's body.
    ResetAt(u64),
    /// The connection is closed after this many bytes of the response's body.
    FinAt(u64),
    /// `Content-Length` is this much larger than the body, and the connection is closed after the
    /// body. If negative, it is smaller, and the body is cut to it.
    WrongLength(i64),
    /// The response stalls after this many bytes of its body; 0 is after the headers.
    StallAt(u64),
    /// The body is sent one byte at a time with this pause between them, in real time.
    Drip(Span),
}

/// Changes what the response says. Its framing stays correct.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ResponseMutation {
    /// `data` is null.
    DataNull,
    /// Only the first bytes of the JSON, with a matching length.
    TruncateJson(usize),
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// A byte order mark at the start.
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
    /// The status `created`, whatever the job's state.
    StatusRegress,
    /// HTTP status 200 with an error in the envelope and no `data`.
    EnvelopeError {
        /// The envelope's code.
        code: i64,
        /// The envelope's message.
        message: String,
    },
    /// Each key of the outermost object twice, the first time with null.
    DuplicateKeys,
    /// A field `deep` with this many nested arrays.
    Deep(usize),
    /// This many bytes of whitespace at the start.
    Huge(usize),
    /// These values merged into the response; null sets null.
    Merge(Value),
    /// The values at these JSON pointers removed: `/data/timings`.
    Remove(Vec<String>),
    /// The requested range is ignored.
    RangeIgnored,
    /// A wrong content type.
    ContentType(String),
    /// No content type.
    NoContentType,
    /// `Content-Encoding: gzip` over bytes that are not gzip.
    GzipCorrupt,
    /// A header of this many bytes.
    HugeHeader(usize),
    /// Other bytes of the same length.
    Corrupt,
}

impl<'de> Deserialize<'de> for FaultAction {
    /// Reads a name, an object with one name and its value, or an object with `status`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Node::deserialize(deserializer)?;
        let action = read_action(&value).map_err(D::Error::custom)?;
        if value.is_json() {
            return Ok(action);
        }
        // In the JSON of a response it would be null.
        Err(D::Error::custom("must have finite numbers only"))
    }
}

fn read_action(value: &Node) -> Result<FaultAction, String> {
    if value.field("status").is_some() {
        return from_value(value).map(FaultAction::Status);
    }
    let only_name = match value {
        Node::Text(name) => Some(name),
        Node::Object(fields) if fields.len() == 1 => fields.first().map(|(name, _)| name),
        _ => None,
    };
    let Some(name) = only_name else {
        let message = "must be one fault, such as reset, {reset_at: 100} or {status: 503}";
        return Err(message.to_owned());
    };
    let needs_value = |error: String| {
        // A name without a value that the deserializer does not accept alone.
        if matches!(value, Node::Text(_)) {
            format!("`{name}` needs a value: {{{name}: ...}}")
        } else {
            error
        }
    };
    if is_name_of::<WireFault>(name) {
        from_value(value).map(FaultAction::Wire).map_err(needs_value)
    } else if is_name_of::<ResponseMutation>(name) {
        from_value(value).map(FaultAction::Mutation).map_err(needs_value)
    } else {
        let names =
            [vec!["status".to_owned()], names_of::<WireFault>(), names_of::<ResponseMutation>()]
                .concat();
        let suggestion = closest(name, names.iter().map(String::as_str), 2)
            .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        Err(format!("`{name}` is unknown; allowed: {}{suggestion}", names.join(", ")))
    }
}

/// Returns the names of an enum's values, from the error that its deserializer returns.
fn names_of<T: serde::de::DeserializeOwned>() -> Vec<String> {
    let message = match T::deserialize(Value::from("")) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    // unknown variant ``, expected one of `a`, `b`
    message.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn is_name_of<T: serde::de::DeserializeOwned>(name: &str) -> bool {
    names_of::<T>().iter().any(|known| known == name)
}

impl ResponseMutation {
    /// Returns whether a client can still read the job in the response.
    pub(crate) fn leaves_job_readable(&self) -> bool {
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
    fn the_names_of_faults_are_known() {
        for name in ["reset", "never_read_body", "drip"] {
            assert!(is_name_of::<WireFault>(name), "{name}: {:?}", names_of::<WireFault>());
        }
        for name in ["data_null", "remove", "huge_header"] {
            assert!(
                is_name_of::<ResponseMutation>(name),
                "{name}: {:?}",
                names_of::<ResponseMutation>()
            );
        }
        assert!(!is_name_of::<WireFault>("data_null"));
    }
}
