//! The errors of tools: a stable code, a sentence, and the job.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::json;
use viseme::ErrorKind;
use viseme::ledger::LedgerError;
use viseme::media::Violation;
use viseme_dub::FitError;

/// Why a tool failed.
#[derive(Debug)]
pub(crate) struct ToolError {
    /// A code of docs/errors.md, or one of docs/mcp.md.
    pub(crate) code: &'static str,
    message: String,
    job_id: Option<String>,
    idempotency_key: Option<String>,
    violations: Box<[Violation]>,
    /// Which tool to call next.
    next: Option<Box<str>>,
}

impl ToolError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            job_id: None,
            idempotency_key: None,
            violations: Box::default(),
            next: None,
        }
    }

    /// An argument that cannot be used.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new("invalid_arguments", message)
    }

    pub(crate) fn with_key(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        if self.code == ErrorKind::SubmissionUnknown.code() {
            let next = format!(
                "A job may exist and be charged. Call `run` again later with the same input and \
                 idempotency_key {key}: it searches for the job and pays for no second one."
            );
            self.next = Some(next.into());
        }
        self
    }

    pub(crate) fn with_job(mut self, job_id: &str) -> Self {
        self.job_id = Some(job_id.to_owned());
        self
    }

    pub(crate) fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into().into_boxed_str());
        self
    }

    /// The result of the call. It has no structured content, because that must match the output schema of
    /// the tool.
    pub(crate) fn into_result(self) -> CallToolResult {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(fields) = error.as_object_mut() {
            let mut add = |name: &str, value: Option<String>| {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), json!(value));
                }
            };
            add("job_id", self.job_id);
            add("idempotency_key", self.idempotency_key);
            add("next", self.next.map(String::from));
            if !self.violations.is_empty() {
                fields.insert("violations".to_owned(), json!(self.violations));
            }
        }
        CallToolResult::error(vec![ContentBlock::text(json!({"error": error}).to_string())])
    }
}

impl From<viseme::Error> for ToolError {
    fn from(error: viseme::Error) -> Self {
        let mut new = Self::new(error.code(), in_server_words(&error.to_string()));
        new.violations = error.violations().into();
        new.job_id = error.job_id().map(str::to_owned);
        let job_continues = matches!(
            error.kind(),
            ErrorKind::WaitTimeout
                | ErrorKind::Connection
                | ErrorKind::RequestTimeout
                | ErrorKind::RateLimit
                | ErrorKind::Server
                | ErrorKind::UnexpectedResponse
        );
        if let Some(id) = error.job_id().filter(|_| job_continues) {
            new.next = Some(format!("The job continues. Call `wait` with job_id {id}.").into());
        }
        new
    }
}

impl From<LedgerError> for ToolError {
    fn from(error: LedgerError) -> Self {
        Self::new(ErrorKind::Ledger.code(), error.to_string())
    }
}

impl From<FitError> for ToolError {
    fn from(error: FitError) -> Self {
        let mut new = Self::new(error.code(), error.to_string());
        new.violations = error.violations().into();
        new
    }
}

/// Replaces the names of the library's settings by those of the server.
fn in_server_words(text: &str) -> String {
    const WORDS: [(&str, &str); 4] = [
        (
            "Set WAVESPEED_API_KEY or pass `api_key`",
            "Set WAVESPEED_API_KEY in the environment of the MCP server (`env` in its configuration)",
        ),
        ("`api_key` or WAVESPEED_API_KEY", "WAVESPEED_API_KEY"),
        (
            "Pass `api_key` or set WAVESPEED_API_KEY",
            "Set WAVESPEED_API_KEY in the environment of the MCP server (`env` in its configuration)",
        ),
        ("`api_key`", "WAVESPEED_API_KEY"),
    ];
    WORDS.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic fails the test")]

    use serde_json::Value;

    use super::*;

    #[test]
    fn an_error_has_its_code_and_says_how_to_continue() {
        let error = ToolError::new(ErrorKind::SubmissionUnknown.code(), "Lost.").with_key("k");
        let result = error.into_result();
        assert_eq!((result.is_error, &result.structured_content), (Some(true), &None));
        let text = &result.content.first().unwrap().as_text().unwrap().text;
        let json: Value = serde_json::from_str(text).unwrap();
        assert_eq!(json["error"]["code"], "submission_unknown");
        assert_eq!(json["error"]["idempotency_key"], "k");
        assert!(json["error"]["next"].as_str().unwrap().contains("idempotency_key k"));
        assert!(json["error"].get("job_id").is_none());
    }
}
