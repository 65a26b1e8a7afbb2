use bytes::Bytes;
use http::HeaderMap;

use super::*;
use crate::http::transport::{Sent, TransportError};

fn class_of(exchange: Exchange) -> String {
    match classify("j1", exchange) {
        PollResponse::State { prediction, .. } => format!("seen {}", prediction.status),
        PollResponse::Temporary { error, .. } => format!("temporary {}", error.code()),
        PollResponse::NotFound(error) => format!("unknown {}", error.code()),
        PollResponse::Rejected(error) => format!("refused {}", error.code()),
    }
}

#[test]
fn each_response_to_a_poll_has_its_class() {
    for (status, body, expected) in [
        (200, r#"{"code":200,"data":{"id":"j1","status":"created"}}"#, "seen created"),
        (200, r#"{"code":200,"data":{"status":"completed"}}"#, "seen completed"),
        (200, r#"{"code":200,"data":{"id":"j1","status":"warming"}}"#, "seen warming"),
        (
            200,
            r#"{"code":200,"data":{"id":"j1","status":"processing","code":5004}}"#,
            "seen processing",
        ),
        (200, r#"{"code":500,"message":"x","data":{"id":"j1","status":"failed"}}"#, "seen failed"),
        (200, "\u{feff}{\"data\":{\"id\":\"j1\",\"status\":\"failed\"}}", "seen failed"),
        (
            200,
            r#"{"code":200,"data":{"id":"j2","status":"completed"}}"#,
            "temporary unexpected_response",
        ),
        (200, r#"{"code":200,"data":null}"#, "temporary unexpected_response"),
        (200, r#"{"code":200,"data":{"id":"j1","sta"#, "temporary unexpected_response"),
        (200, "<html>", "temporary unexpected_response"),
        (200, "", "temporary unexpected_response"),
        (200, "[]", "temporary unexpected_response"),
        (200, r#"{"code":500,"message":"x"}"#, "temporary server"),
        (200, r#"{"code":404,"message":"x"}"#, "unknown not_found"),
        (200, r#"{"code":401,"message":"x"}"#, "refused authentication"),
        (429, "", "temporary rate_limit"),
        (500, "", "temporary server"),
        (502, "<html>", "temporary server"),
        (503, "", "temporary server"),
        (504, "", "temporary server"),
        (408, "", "temporary api_status"),
        (404, "{}", "unknown not_found"),
        // Only the service itself responses in JSON; what a gateway says may pass.
        (404, "<html>", "temporary not_found"),
        (401, "<!DOCTYPE html><title>Just a moment...</title>", "temporary authentication"),
        (403, "<html>", "temporary permission_denied"),
        (403, "Access denied", "temporary permission_denied"),
        (401, "", "temporary authentication"),
        (200, r#"{"data":{"id":"j1","status":"COMPLETED"}}"#, "seen completed"),
        (
            200,
            r#"{"data":{"id":"j1","status":"failed","input":{"prompt":"cut \ud83d"}}}"#,
            "seen failed",
        ),
        (
            200,
            r#"{"data":{"id":"j1","status":"failed","timings":{"inference":NaN}}}"#,
            "seen failed",
        ),
        (400, "{}", "refused bad_request"),
        (401, "{}", "refused authentication"),
        (403, "{}", "refused permission_denied"),
        (301, "", "temporary api_status"),
        (301, "{}", "refused api_status"),
    ] {
        let body = Bytes::from(body.to_owned());
        let exchange = Ok(FullResponse::new(status, HeaderMap::new(), body));
        assert_eq!(class_of(exchange), expected, "{status}");
    }
    for (timed_out, expected) in
        [(false, "temporary connection"), (true, "temporary request_timeout")]
    {
        assert_eq!(class_of(Err(TransportError::new(Sent::Maybe, timed_out, "cut"))), expected);
    }
}
