//! Presigned uploads: the request, and the response with the URL for one file.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use url::Url;

use super::body::{Exchange, FullResponse};
use super::envelope::Envelope;
use super::error_mapping::{connection_error, status_error, unexpected};
use super::retry::RequestFailure;
use crate::config::is_loopback;

/// Where and how to send a file, and where it can be fetched afterwards.
#[derive(Debug)]
pub(crate) struct PresignedUpload {
    pub(crate) method: Method,
    pub(crate) put_url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) download_url: Url,
}

/// Returns the body of the request for a presigned upload.
pub(crate) fn request(file_name: &str, size: u64, content_type: &str) -> Value {
    json!({"filename": file_name, "size": size, "content_type": content_type})
}

/// Parses a response. Plain http is accepted to this machine, or with `allow_http`.
pub(crate) fn classify(
    file_name: &str,
    exchange: Exchange,
    allow_http: bool,
) -> Result<PresignedUpload, RequestFailure> {
    let operation = format!("requesting an upload URL for {file_name}");
    let response =
        exchange.map_err(|error| RequestFailure::Transient(connection_error(&operation, error)))?;
    let envelope = Envelope::of(&response);
    if envelope.is_success() {
        let data = envelope.json.as_ref().and_then(|json| json.get("data"));
        return data
            .and_then(|data| parse(data, allow_http))
            .ok_or_else(|| odd(&operation, &response));
    }
    let error = status_error(&operation, &response, &envelope);
    Err(RequestFailure::from_status(envelope.status, error))
}

fn odd(operation: &str, response: &FullResponse) -> RequestFailure {
    let what = "it contains no presigned upload with valid URLs";
    RequestFailure::Transient(unexpected(operation, response, what))
}

fn parse(data: &Value, allow_http: bool) -> Option<PresignedUpload> {
    let upload = data.get("upload")?;
    let method = upload.get("method").and_then(Value::as_str).unwrap_or("PUT");
    let mut headers = HeaderMap::new();
    for (name, value) in upload.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        // The client sets the length itself, once.
        if name != http::header::CONTENT_LENGTH {
            headers.insert(name, HeaderValue::from_str(value.as_str()?).ok()?);
        }
    }
    Some(PresignedUpload {
        method: Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?,
        put_url: usable(upload.get("url")?, allow_http)?,
        headers,
        download_url: usable(data.get("download_url")?, allow_http)?,
    })
}

pub(super) fn usable(value: &Value, allow_http: bool) -> Option<Url> {
    let url = Url::parse(value.as_str()?).ok()?;
    let safe = match url.scheme() {
        "https" => true,
        "http" => allow_http || is_loopback(&url),
        _ => false,
    };
    safe.then_some(url)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::error::ErrorKind;

    fn classified(status: u16, body: &Value) -> Result<PresignedUpload, RequestFailure> {
        let body = Bytes::from(body.to_string());
        classify("a.mp4", Ok(FullResponse::new(status, HeaderMap::new(), body)), false)
    }

    fn presigned(put_url: &str) -> Value {
        json!({"code": 200, "data": {
            "download_url": "https://files.example/a.mp4",
            "upload": {"method": "PUT", "url": put_url, "headers": {
                "Content-Type": "video/mp4", "If-None-Match": "*", "Content-Length": "1",
            }},
        }})
    }

    #[test]
    fn a_presigned_upload_is_parsed() {
        let presigned = classified(200, &presigned("https://s3.example/x?sig=1")).unwrap();
        assert_eq!(presigned.method, Method::PUT);
        assert_eq!(presigned.put_url.as_str(), "https://s3.example/x?sig=1");
        assert_eq!(presigned.headers.len(), 2);
        assert_eq!(presigned.headers["if-none-match"], "*");
    }

    #[test]
    fn the_method_is_understood_in_any_case() {
        let mut body = presigned("https://s3.example/x");
        body["data"]["upload"]["method"] = json!("put");
        assert_eq!(classified(200, &body).unwrap().method, Method::PUT);
    }

    #[test]
    fn a_presigned_upload_to_an_unsafe_url_is_rejected() {
        assert!(classified(200, &presigned("http://127.0.0.1:1/x")).is_ok());
        for url in ["http://s3.example/x", "file:///etc/passwd", "x"] {
            assert!(
                matches!(classified(200, &presigned(url)), Err(RequestFailure::Transient(_))),
                "{url}"
            );
        }
    }

    #[test]
    fn rejections_are_final_and_temporary_failures_are_not() {
        for (status, body, is_final, kind) in [
            (401, json!({"message": "no"}), true, ErrorKind::Authentication),
            (413, json!({"message": "too large"}), true, ErrorKind::ApiStatus),
            (400, json!({"message": "bad type"}), true, ErrorKind::BadRequest),
            (429, json!({}), false, ErrorKind::RateLimit),
            (503, json!({}), false, ErrorKind::Server),
            (200, json!({"code": 500, "message": "Upload failed"}), false, ErrorKind::Server),
            (200, json!({"code": 200, "data": null}), false, ErrorKind::UnexpectedResponse),
        ] {
            let (was_final, error) = match classified(status, &body).unwrap_err() {
                RequestFailure::Final(error) => (true, error),
                RequestFailure::Transient(error) => (false, error),
            };
            assert_eq!((was_final, error.kind()), (is_final, kind), "{status} {body}");
        }
    }
}
