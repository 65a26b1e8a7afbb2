//! The account's webhook secret.

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::http::body::Exchange;
use crate::http::envelope::Envelope;
use crate::http::error_mapping::{connection_error, status_error};
use crate::webhook::WebhookSecret;

pub(crate) const PATH: &str = "api/v3/webhook/secret";

/// Returns the secret. The error of an invalid response does not repeat the response, which may
/// contain the secret.
pub(crate) fn read(exchange: Exchange) -> Result<WebhookSecret> {
    let operation = "getting the webhook secret";
    let response = exchange.map_err(|error| connection_error(operation, error))?;
    let envelope = Envelope::of(&response);
    if !envelope.is_success() {
        return Err(status_error(operation, &response, &envelope));
    }
    let data = envelope.json.as_ref().map(|json| json.get("data").unwrap_or(json));
    let secret = data.and_then(|data| data.get("secret")).and_then(Value::as_str);
    secret.and_then(|secret| WebhookSecret::new(secret).ok()).ok_or_else(|| {
        let message = format!(
            "The service's response when {operation} holds no secret (HTTP {}, {} bytes).",
            response.status,
            response.body.len(),
        );
        Error::new(ErrorKind::UnexpectedResponse, message)
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;
    use crate::http::body::FullResponse;

    fn read_body(status: u16, body: &'static str) -> Result<WebhookSecret> {
        let body = Bytes::from_static(body.as_bytes());
        read(Ok(FullResponse::new(status, HeaderMap::new(), body)))
    }

    #[test]
    fn the_secret_is_read_and_never_shown() {
        assert!(read_body(200, r#"{"code":200,"data":{"secret":"whsec_hush"}}"#).is_ok());
        assert!(read_body(200, r#"{"secret":"whsec_hush"}"#).is_ok());
        for body in [
            r#"{"code":200,"data":{"webhook_secret":"whsec_hush"}}"#,
            r#"{"code":200,"data":{"secret":["whsec_hush"]}}"#,
            r#"{"code":200,"data":"whsec_hush"}"#,
            r#"{"data":{"secret":"whsec_"}}"#,
            "whsec_hush",
            "",
        ] {
            let error = read_body(200, body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{body}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
        let error = read_body(200, r#"{"code":403,"message":"not you"}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }
}
