//! The report of a comparison, as data.

use serde::{Deserialize, Serialize};

/// How the recorded responses differ from the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftReport {
    /// The version of this format: 1.
    pub version: u32,
    /// The version of the contract, which is that of the program.
    pub contract: String,
    /// The differences, the gravest first.
    pub differences: Vec<Difference>,
    /// The responses that were compared, by operation and status.
    pub compared: Vec<ComparedResponses>,
    /// The exchanges that were not compared.
    pub not_compared: NotCompared,
    /// Operations of the contract without a compared response, such as `GET /api/v3/balance`.
    pub not_seen: Vec<String>,
}

/// One difference, in all responses of an operation that have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// How grave it is.
    pub gravity: Gravity,
    /// How well the contract knows this place.
    pub certainty: Certainty,
    /// What kind of difference it is.
    pub kind: DifferenceKind,
    /// The method of the request.
    pub method: String,
    /// The path as the contract has it, or as it was sent if the contract does not have it.
    pub path: String,
    /// The status of the responses.
    pub status: u16,
    /// Where in the response: a JSON pointer into the body, with `*` for any index of a list, or the name of
    /// a header. Empty for the response as a whole.
    pub at: String,
    /// What the contract has.
    pub expected: String,
    /// What the service sent.
    pub found: String,
    /// A value as it was recorded, if the recording has it and it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// How many responses have it.
    pub count: u64,
    /// How many responses of this operation have this status.
    pub of: u64,
}

/// Responses of an operation with one status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedResponses {
    /// The method of the request.
    pub method: String,
    /// The path as the contract has it.
    pub path: String,
    /// The status.
    pub status: u16,
    /// How well the contract knows this response.
    pub certainty: Certainty,
    /// How many were compared.
    pub count: u64,
    /// How many of them differ.
    pub differing: u64,
}

/// How many exchanges were not compared, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCompared {
    /// Uploads and downloads of files, and requests to other hosts.
    pub files: u64,
    /// Requests without a response.
    pub without_response: u64,
    /// Responses that were cut off, or whose body was not recorded. Their status and headers were compared.
    pub without_body: u64,
}

/// How grave a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// A client that relies on the contract can fail.
    Breaking,
    /// The service has something that the contract does not. A tolerant client works on.
    New,
    /// It matters to no client, and is worth knowing.
    Notice,
}

/// How well the contract knows a place: the extension `x-certainty` of the OpenAPI document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The service documents it.
    Documented,
    /// Its official clients rely on it.
    Observed,
    /// It is a guess, or somebody else says so.
    Assumed,
}

impl Certainty {
    /// Returns the word in the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        }
    }

    /// Reads the word in the contract.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Documented, Self::Observed, Self::Assumed].into_iter().find(|it| it.word() == word)
    }
}

/// A kind of difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// A key that the contract requires is absent.
    MissingKey,
    /// A value has another JSON type.
    OtherType,
    /// The body is not JSON.
    NotJson,
    /// An error has another shape, or is in a response with a status of success.
    ErrorShape,
    /// A status that the contract does not have.
    UndocumentedStatus,
    /// A path that the contract does not have.
    UnknownPath,
    /// A word or a number that is none of the known ones, such as a new status of a job.
    UnknownWord,
    /// A key that the contract does not have.
    UnknownKey,
    /// A value of the right type that breaks another rule of the contract.
    OtherFormat,
    /// Another content type.
    ContentType,
    /// A header that the contract does not have.
    UndocumentedHeader,
    /// A header that the contract requires is absent.
    MissingHeader,
}

impl DifferenceKind {
    /// Returns how grave a difference of this kind is in responses with this status.
    #[must_use]
    pub fn gravity(self, status: u16) -> Gravity {
        match self {
            Self::MissingKey | Self::OtherType | Self::NotJson | Self::ErrorShape => {
                Gravity::Breaking
            }
            Self::UndocumentedStatus if status < 400 => Gravity::Breaking,
            Self::UndocumentedStatus
            | Self::UnknownPath
            | Self::UnknownWord
            | Self::UnknownKey
            | Self::OtherFormat => Gravity::New,
            Self::ContentType | Self::UndocumentedHeader | Self::MissingHeader => Gravity::Notice,
        }
    }
}
