//! Errors as plain data; the face makes an object of the fitting class of it.

use std::error::Error as _;

use serde::Serialize;
use viseme::media::Violation;
use viseme::{Error, SubmitRecord};

use super::prediction::PredictionView;
use crate::time::millis;

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorView {
    code: &'static str,
    message: String,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<PredictionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<SubmitRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<PredictionView>,
    /// What the errors behind it say, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
}

impl ErrorView {
    pub(crate) fn of(error: &Error) -> Self {
        let http = error.http();
        Self {
            code: error.code(),
            message: error.to_string(),
            attempts: error.attempts(),
            job_id: error.job_id().map(str::to_owned),
            app_code: error.app_code(),
            prediction: error.prediction().cloned().map(PredictionView::of),
            status: http.map(|http| http.status),
            request_id: http.and_then(|http| http.request_id.clone()),
            retry_after_ms: http.and_then(|http| http.retry_after).map(millis),
            body: http.map(|http| http.body.clone()),
            violations: error.violations().to_vec(),
            record: error.record().cloned(),
            candidates: error.candidates().cloned().map(PredictionView::of).collect(),
            causes: causes(error),
        }
    }

    /// An error that the border itself raises.
    pub(crate) fn refusal(code: &'static str, message: String) -> Self {
        Self { code, message, attempts: 1, ..Self::default() }
    }
}

fn causes(error: &Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}
