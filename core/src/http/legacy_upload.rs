//! The older upload: the whole file in one multipart request to the API itself.

use bytes::Bytes;
use serde_json::Value;
use url::Url;

use super::body::Exchange;
use super::envelope::Envelope;
use super::error_mapping::{connection_error, status_error, unexpected};
use super::presigned_upload::usable;
use super::retry::RequestFailure;

pub(super) const PATH: &str = "api/v3/media/upload/binary";

/// The bytes before and after the file in the form (RFC 7578).
#[derive(Debug)]
pub(super) struct Framing {
    pub(super) content_type: String,
    pub(super) head: Bytes,
    pub(super) tail: Bytes,
}

/// Returns the framing of one file. `random` makes it unlikely that the file contains the boundary.
pub(super) fn framing(name: &str, content_type: &str, random: u128) -> Framing {
    let boundary = format!("viseme-{random:032x}");
    // Browsers do the same.
    let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {content_type}\r\n\r\n"
    );
    Framing {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        head: head.into(),
        tail: format!("\r\n--{boundary}--\r\n").into(),
    }
}

/// Returns the URL of the file.
pub(super) fn classify(
    file_name: &str,
    exchange: Exchange,
    allow_http: bool,
) -> Result<Url, RequestFailure> {
    let operation = format!("uploading {file_name}");
    let response =
        exchange.map_err(|error| RequestFailure::Transient(connection_error(&operation, error)))?;
    let envelope = Envelope::of(&response);
    if envelope.is_success() {
        let url = envelope.json.as_ref().and_then(|json| json.get("data")?.get("download_url"));
        return url.and_then(|url: &Value| usable(url, allow_http)).ok_or_else(|| {
            let what = "it holds no address that may be used";
            RequestFailure::Transient(unexpected(&operation, &response, what))
        });
    }
    let error = status_error(&operation, &response, &envelope);
    // The HTTP status, not that of the envelope: an error in a 200 is about the file, and final.
    Err(RequestFailure::from_status(response.status, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_framing_is_a_form_with_one_file() {
        let framing = framing("a \"b\"\r\n.mp4", "video/mp4", 255);
        let boundary = "viseme-000000000000000000000000000000ff";
        assert_eq!(framing.content_type, format!("multipart/form-data; boundary={boundary}"));
        assert_eq!(
            framing.head,
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
                 filename=\"a %22b%22%0D%0A.mp4\"\r\nContent-Type: video/mp4\r\n\r\n"
            )
        );
        assert_eq!(framing.tail, format!("\r\n--{boundary}--\r\n"));
    }
}
