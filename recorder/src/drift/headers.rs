//! Compares the headers of a response with the contract.

use crate::recording::RecordedResponse;

use super::body::Found;
use super::document::ResponseContract;
use super::report::DifferenceKind;

/// Headers of HTTP itself, of browsers, and of gateways. They say nothing about the API.
const STANDARD: &[&str] = &[
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "expect-ct",
    "expires",
    "keep-alive",
    "last-modified",
    "location",
    "nel",
    "origin-agent-cluster",
    "permissions-policy",
    "pragma",
    "priority",
    "referrer-policy",
    "report-to",
    "reporting-endpoints",
    "server",
    "server-timing",
    "set-cookie",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "www-authenticate",
    "x-cache",
    "x-content-type-options",
    "x-dns-prefetch-control",
    "x-download-options",
    "x-frame-options",
    "x-permitted-cross-domain-policies",
    "x-powered-by",
    "x-served-by",
    "x-timer",
    "x-xss-protection",
];
/// The beginnings of names of the same kinds of headers.
const STANDARD_PREFIXES: &[&str] =
    &["access-control-", "cf-", "sec-", "x-amz-", "x-amzn-", "x-envoy-"];

/// Returns the differences of the headers.
pub(super) fn differences(response: &RecordedResponse, contract: &ResponseContract) -> Vec<Found> {
    let names = || response.headers.keys().chain(&response.other_headers);
    let mut found = Vec::new();
    for name in names() {
        let is_known =
            contract.headers.iter().any(|header| header.name == *name) || is_standard(name);
        if !is_known {
            let value = response.headers.get(name).map(|value| value.chars().take(100).collect());
            found.push(Found {
                kind: DifferenceKind::UndocumentedHeader,
                at: name.clone(),
                certainty: contract.certainty,
                expected: "no such header".to_owned(),
                found: "a header".to_owned(),
                example: value,
            });
        }
    }
    for header in contract.headers.iter().filter(|header| header.is_required) {
        if !names().any(|name| *name == header.name) {
            found.push(Found {
                kind: DifferenceKind::MissingHeader,
                at: header.name.clone(),
                certainty: header.certainty,
                expected: "a header".to_owned(),
                found: "nothing".to_owned(),
                example: None,
            });
        }
    }
    found.extend(content_type(response, contract));
    found
}

fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name) || STANDARD_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn content_type(response: &RecordedResponse, contract: &ResponseContract) -> Option<Found> {
    let value = response.headers.get("content-type").map(String::as_str).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_known =
        contract.content_types.is_empty() || contract.content_types.contains(&media_type);
    (!is_known).then(|| Found {
        kind: DifferenceKind::ContentType,
        at: "content-type".to_owned(),
        certainty: contract.certainty,
        expected: contract.content_types.join(" or "),
        found: if media_type.is_empty() { "nothing".to_owned() } else { media_type.clone() },
        example: None,
    })
}
