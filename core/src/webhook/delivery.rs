//! A delivery: its id, its time and the prediction in its body.

use std::time::SystemTime;

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{Prediction, parse as prediction};

/// The id and the time of a verified delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The delivery's id. A repeated delivery has the same id.
    pub id: String,
    /// The time it was sent, in whole seconds.
    pub sent_at: SystemTime,
}

/// A verified delivery with its prediction.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// The delivery's id. The service repeats a delivery if it got no 2xx response, and sometimes
    /// even if it got one: process each id only once.
    pub id: String,
    /// The time it was sent, in whole seconds.
    pub sent_at: SystemTime,
    /// The state of the job, with its input.
    pub prediction: Prediction,
}

/// Parses the prediction in a delivery's body. This does not verify the sender: see
/// [`Verifier`](super::Verifier).
///
/// The service sends a bare prediction. A prediction inside the envelope of the API's responses,
/// `{"code": …, "data": {…}}`, is accepted as well, because some proxies build one.
///
/// # Errors
/// Returns [`ErrorKind::Webhook`] if the body has no prediction with an id and a status.
pub fn parse(body: &[u8]) -> Result<Prediction> {
    // Some proxies put a byte order mark before JSON.
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut json: Value = serde_json::from_slice(text).map_err(|error| {
        let message =
            format!("The webhook body is not valid JSON ({} bytes): {error}.", body.len());
        Error::new(ErrorKind::Webhook, message)
    })?;
    let bare = json.get("status").is_some();
    let data = match json.get_mut("data") {
        Some(data @ Value::Object(_)) if !bare => data.take(),
        _ => json,
    };
    prediction::parse(data, None).ok_or_else(|| {
        let message = "The webhook body is JSON, but not a prediction: it must have an `id` and a \
                       `status`.";
        Error::new(ErrorKind::Webhook, message)
    })
}

/// Returns whether the body has whitespace after its first brace or its first key. The service's
/// documentation shows none there, but does not guarantee it.
pub(super) fn looks_reformatted(body: &[u8]) -> bool {
    let space = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    let after_key = body.windows(2).position(|pair| pair == b"\":").map(|at| at + 2);
    body.starts_with(b"{") && (space(body.get(1)) || space(after_key.and_then(|at| body.get(at))))
}
