//! Which headers are passed on.

use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, LOCATION,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers of one connection (RFC 9110, 7.6.1), and those that the libraries set themselves.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Returns the headers of a request for the service (`is_api_host`) or for a host of files.
pub(super) fn for_upstream(headers: &HeaderMap, is_api_host: bool) -> HeaderMap {
    let mut headers = end_to_end(headers);
    headers.remove(HOST);
    headers.remove(EXPECT);
    if !is_api_host {
        // For a client, all hosts look like one here. It would not send its key to another host.
        headers.remove(AUTHORIZATION);
        headers.remove(COOKIE);
    }
    headers
}

/// Lets a response be compressed in no other way than the recorder can read.
pub(super) fn limit_encodings(headers: &mut HeaderMap, is_api: bool) {
    let encodings = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepts_gzip = encodings.is_some_and(|encodings| encodings.contains("gzip"));
    let value = if is_api && accepts_gzip { "gzip" } else { "identity" };
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
}

/// Returns the headers of a response for the client. `location` is the rewritten target of a redirect.
pub(super) fn for_client(headers: &HeaderMap, location: Option<String>) -> HeaderMap {
    let mut headers = end_to_end(headers);
    // Of the service's site, which is not this one.
    headers.remove(SET_COOKIE);
    headers.remove("strict-transport-security");
    headers.remove("alt-svc");
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
        headers.insert(LOCATION, location);
    }
    headers
}

/// Sets the length of a body that was changed.
pub(super) fn set_length(headers: &mut HeaderMap, length: usize) {
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut kept = HeaderMap::new();
    for (name, value) in headers {
        let is_dropped =
            HOP_BY_HOP.contains(name) || named.iter().any(|named| named == name.as_str());
        if !is_dropped {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_key_goes_to_the_service_only_and_headers_of_a_connection_nowhere() {
        let sent = headers(&[
            ("host", "127.0.0.1:4000"),
            ("authorization", "Bearer key"),
            ("cookie", "a=b"),
            ("connection", "keep-alive, X-Hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("if-none-match", "*"),
        ]);
        let to_service = for_upstream(&sent, true);
        assert_eq!(names(&to_service), ["authorization", "cookie", "if-none-match"]);
        assert_eq!(names(&for_upstream(&sent, false)), ["if-none-match"]);
    }

    #[test]
    fn only_encodings_that_can_be_read_are_accepted() {
        for (accepted, is_api, expected) in [
            ("gzip, br", true, "gzip"),
            ("br, zstd", true, "identity"),
            ("gzip", false, "identity"),
        ] {
            let mut headers = headers(&[("accept-encoding", accepted)]);
            limit_encodings(&mut headers, is_api);
            assert_eq!(headers[ACCEPT_ENCODING], expected);
        }
    }

    #[test]
    fn responses_lose_what_belongs_to_the_site_of_the_service() {
        let received = headers(&[
            ("set-cookie", "a=b"),
            ("strict-transport-security", "max-age=1"),
            ("retry-after", "7"),
            ("location", "https://a.example/b"),
        ]);
        let sent = for_client(&received, Some("http://127.0.0.1:4000/b".to_owned()));
        assert_eq!(names(&sent), ["location", "retry-after"]);
        assert_eq!(sent[LOCATION], "http://127.0.0.1:4000/b");
    }
}
