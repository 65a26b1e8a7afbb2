//! The kinds of errors and their stable codes.

/// The kind of an error. Each kind has a stable [`code`](Self::code) that is the same in every
/// language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting of the client is invalid.
    Config,
    /// The input or its media violate the model's rules. Nothing was submitted or charged.
    InvalidInput,
    /// The service could not be reached, or the connection broke.
    Connection,
    /// One request took longer than the request timeout.
    RequestTimeout,
    /// HTTP 400 or 422: the service rejected the request as invalid.
    BadRequest,
    /// HTTP 401: the API key is missing or invalid.
    Authentication,
    /// HTTP 402, application code 1407, or a message that says so: the account is out of credits.
    InsufficientCredits,
    /// HTTP 403: the key may not do this, or the account is suspended.
    PermissionDenied,
    /// HTTP 404: the job, model or file does not exist or no longer exists.
    NotFound,
    /// HTTP 429: too many requests.
    RateLimit,
    /// HTTP 5xx: the service failed.
    Server,
    /// Any other HTTP status that is not a success.
    ApiStatus,
    /// The service sent a response that the client cannot parse.
    UnexpectedResponse,
    /// The service may or may not have accepted the submit. The client does not send it again, because
    /// that could charge twice.
    SubmissionUnknown,
    /// The ledger of paid submits cannot be used. Nothing was submitted.
    Ledger,
    /// A file could not be uploaded.
    Upload,
    /// An output could not be downloaded or saved.
    Download,
    /// A webhook delivery could not be verified or read.
    Webhook,
    /// The job ended as `failed`.
    JobFailed,
    /// The job ended as `cancelled`, `timeout` or `deleted`.
    JobCancelled,
    /// The caller's deadline passed while the job was still running. The job continues.
    WaitTimeout,
}

impl ErrorKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: &[Self] = &[
        Self::Config,
        Self::InvalidInput,
        Self::Connection,
        Self::RequestTimeout,
        Self::BadRequest,
        Self::Authentication,
        Self::InsufficientCredits,
        Self::PermissionDenied,
        Self::NotFound,
        Self::RateLimit,
        Self::Server,
        Self::ApiStatus,
        Self::UnexpectedResponse,
        Self::SubmissionUnknown,
        Self::Ledger,
        Self::Upload,
        Self::Download,
        Self::Webhook,
        Self::JobFailed,
        Self::JobCancelled,
        Self::WaitTimeout,
    ];

    /// Returns the stable code: lower-case words joined by underscores.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::InvalidInput => "invalid_input",
            Self::Connection => "connection",
            Self::RequestTimeout => "request_timeout",
            Self::BadRequest => "bad_request",
            Self::Authentication => "authentication",
            Self::InsufficientCredits => "insufficient_credits",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::RateLimit => "rate_limit",
            Self::Server => "server",
            Self::ApiStatus => "api_status",
            Self::UnexpectedResponse => "unexpected_response",
            Self::SubmissionUnknown => "submission_unknown",
            Self::Ledger => "ledger",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Webhook => "webhook",
            Self::JobFailed => "job_failed",
            Self::JobCancelled => "job_cancelled",
            Self::WaitTimeout => "wait_timeout",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::ErrorKind;

    #[test]
    fn codes_are_distinct_snake_case_words() {
        let codes: HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        for code in codes {
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
        }
    }
}
