//! One request and its response.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request and its response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedExchange {
    /// When the request's head arrived.
    pub at_ms: u64,
    /// How long it took until the last byte of the response, or until it failed.
    pub took_ms: u64,
    /// Which kind of request it is.
    pub endpoint: Endpoint,
    /// Who sent it.
    pub by: Origin,
    /// The id of the job that it is about, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The request.
    pub request: RecordedRequest,
    /// The response; `None` if the service sent none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<RecordedResponse>,
    /// Why there is no response, or why it is incomplete, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Whether the client disconnected before it had the whole response.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_left: bool,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// The method, such as `POST`.
    pub method: String,
    /// The path with names in place of ids, such as `/api/v3/predictions/{id}/result`. For files it is
    /// `{file}`.
    pub route: String,
    /// The path without its query, as the service received it.
    pub path: String,
    /// The scheme and host, if they are not those of the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The names of the parameters in the query. Their values are never recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<String>,
    /// Headers whose values cannot have a secret, by their names in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The names of the other headers, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_headers: Vec<String>,
    /// The body.
    pub body: RecordedBody,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedResponse {
    /// The status code.
    pub status: u16,
    /// Headers whose values cannot have a secret, by their names in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The names of the other headers, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_headers: Vec<String>,
    /// When its head arrived, after the start of the exchange.
    pub head_after_ms: u64,
    /// The body.
    pub body: RecordedBody,
}

/// A body, as far as it is recorded.
///
/// In JSON and text, known secrets are `[key]`, the query of each URL is `[query]`, and texts of more than
/// 4,096 characters are `[N characters]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecordedBody {
    /// There is none.
    Empty,
    /// A JSON document.
    Json {
        /// The document.
        value: Value,
    },
    /// A JSON document without its values: a text is `""`, a number 0, a truth value `false`, and a list
    /// has its first element only. Bodies about money, usage, secrets and other jobs are recorded like
    /// this. Status words and the `code` and `message` of the envelope are kept.
    Shape {
        /// The document.
        value: Value,
    },
    /// A text that is not JSON, such as the error page of a gateway.
    Text {
        /// The text.
        text: String,
    },
    /// The whole of a media file.
    Media {
        /// The SHA-256 of its bytes, in lower-case hex.
        sha256: String,
        /// Its size.
        bytes: u64,
    },
    /// A part of a media file: the response to a range request, or one that was cut off.
    Part {
        /// The SHA-256 of these bytes, in lower-case hex.
        sha256: String,
        /// The number of these bytes.
        bytes: u64,
    },
    /// A form with files.
    Form {
        /// The SHA-256 of the whole form, in lower-case hex.
        sha256: String,
        /// The size of the whole form.
        bytes: u64,
        /// What is in it, as far as it could be read.
        fields: Vec<RecordedField>,
    },
    /// It is not recorded.
    Omitted {
        /// The reason.
        reason: OmitReason,
        /// Its size, as far as it was read.
        bytes: u64,
    },
}

/// A field of a form. Its value is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedField {
    /// The name.
    pub name: String,
    /// Its `Content-Type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The SHA-256 of its value, in lower-case hex.
    pub sha256: String,
    /// The size of its value.
    pub bytes: u64,
}

/// Why a body is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OmitReason {
    /// It is larger than the recorder reads into memory.
    TooLarge,
    /// It is neither text nor media.
    Binary,
    /// It was not complete.
    Incomplete,
    /// It could have a secret.
    Secret,
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A client.
    Client,
    /// The recorder, which polls the open jobs.
    Recorder,
}

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Submits a job.
    Submit,
    /// Reads the state of a job.
    Poll,
    /// Lists past jobs.
    History,
    /// Deletes jobs.
    Delete,
    /// Requests a signed URL for an upload.
    Presign,
    /// Uploads to a signed URL.
    Put,
    /// Uploads a form with a file.
    MultipartUpload,
    /// Reads a file.
    File,
    /// Reads the balance.
    Balance,
    /// Lists the models.
    Models,
    /// Asks for a price.
    Price,
    /// Reads billing records.
    Billings,
    /// Reads the usage.
    Usage,
    /// Reads the secret of the webhooks.
    WebhookSecret,
    /// Anything else.
    Other,
}
