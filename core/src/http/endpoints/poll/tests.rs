use bytes::Bytes;
use http::HeaderMap;

use super::*;
use crate::http::transport::{Sent, TransportError};

fn class_of(exchange: Exchange) -> String {
    match classify("j1", exchange) {
        PollResponse::State { prediction, .. } => format!("seen {}", prediction.status),
        PollResponse::Temporary { error, .. } => format!("trouble {}", error.code()),
        PollResponse::NotFound(error) => format!("unknown {}", error.code()),
        PollResponse::Rejected(error) => format!("refused {}", error.code()),
    }
}

#[test]
fn what_each_answer_says_of_the_job() {
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
            "trouble unexpected_response",
        ),
        (200, r#"{"code":200,"data":null}"#, "trouble unexpected_response"),
        (200, r#"{"code":200,"data":{"id":"j1","sta"#, "trouble unexpected_response"),
        (200, "<html>", "trouble unexpected_response"),
        (200, "", "trouble unexpected_response"),
        (200, "[]", "trouble unexpected_response"),
        (200, r#"{"code":500,"message":"x"}"#, "trouble server"),
        (200, r#"{"code":404,"message":"x"}"#, "unknown not_found"),
        (200, r#"{"code":401,"message":"x"}"#, "refused authentication"),
        (429, "", "trouble rate_limit"),
        (500, "", "trouble server"),
        (502, "<html>", "trouble server"),
        (503, "", "trouble server"),
        (504, "", "trouble server"),
        (408, "", "trouble api_status"),
        (404, "{}", "unknown not_found"),
        // Only the service itself responses in JSON; what a gateway says may pass.
        (404, "<html>", "trouble not_found"),
        (401, "<!DOCTYPE html><title>Just a moment...</title>", "trouble authentication"),
        (403, "<html>", "trouble permission_denied"),
        (403, "Access denied", "trouble permission_denied"),
        (401, "", "trouble authentication"),
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
        (301, "", "trouble api_status"),
        (301, "{}", "refused api_status"),
    ] {
        let body = Bytes::from(body.to_owned());
        let exchange = Ok(FullResponse::new(status, HeaderMap::new(), body));
        assert_eq!(class_of(exchange), expected, "{status}");
    }
    for (timed_out, expected) in [(false, "trouble connection"), (true, "trouble request_timeout")]
    {
        assert_eq!(class_of(Err(TransportError::new(Sent::Maybe, timed_out, "cut"))), expected);
    }
}
