//! What a delivery tells.

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{Prediction, parse as prediction};

/// The prediction in a delivery's body. It says nothing about who wrote it: see
/// [`Verifier`](super::Verifier).
///
/// The service sends the prediction by itself. One within the envelope of the other answers,
/// `{"code": …, "data": {…}}`, is understood as well, for proxies that make their own.
///
/// # Errors
/// [`ErrorKind::Webhook`] where there is no prediction with an id and a status in it.
pub fn parse(body: &[u8]) -> Result<Prediction> {
    // Some proxies put a byte order mark before JSON.
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut json: Value = serde_json::from_slice(text).map_err(|error| {
        let message = format!("The webhook's body is not JSON ({} bytes): {error}.", body.len());
        Error::new(ErrorKind::Webhook, message)
    })?;
    let bare = json.get("status").is_some();
    let data = match json.get_mut("data") {
        Some(data @ Value::Object(_)) if !bare => data.take(),
        _ => json,
    };
    prediction::parse(data, None).ok_or_else(|| {
        let message = "The webhook's body is JSON, but not a prediction with an id and a status.";
        Error::new(ErrorKind::Webhook, message)
    })
}

/// Whether the body has space where the service writes none: after the first brace or the first
/// name. That it writes none is what its documentation shows, no promise.
pub(super) fn looks_rewritten(body: &[u8]) -> bool {
    let space = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    let after_name = body.windows(2).position(|pair| pair == b"\":").map(|at| at + 2);
    body.starts_with(b"{") && (space(body.get(1)) || space(after_name.and_then(|at| body.get(at))))
}
