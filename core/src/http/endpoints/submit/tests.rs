use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::*;
use crate::error::ErrorKind;

fn class_of(exchange: Exchange) -> String {
    match classify("m", exchange) {
        SubmitResponse::Accepted(prediction) => format!("accepted {}", prediction.id),
        SubmitResponse::Rejected { error, resend: Resend::Never } => {
            format!("refused {}", error.code())
        }
        SubmitResponse::Rejected { error, resend: Resend::After(pause) } => {
            format!("again {} {:?}", error.code(), pause.map(|pause| pause.as_secs()))
        }
        SubmitResponse::Lost(error) => format!("lost {}", error.code()),
    }
}

fn response(status: u16, body: &str) -> Exchange {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", "7".parse().unwrap());
    Ok(FullResponse::new(status, headers, Bytes::from(body.to_owned())))
}

#[test]
fn each_response_to_a_submit_has_its_class() {
    const JOB: &str = r#"{"code":200,"data":{"id":"j1","status":"created"}}"#;
    for (status, body, expected) in [
        (200, JOB, "accepted j1"),
        (201, JOB, "accepted j1"),
        (200, r#"{"id":"j1","status":"created"}"#, "accepted j1"),
        // A sync submit that ran out of time is a job like any other.
        (
            200,
            r#"{"code":200,"data":{"id":"j1","status":"processing","code":5004}}"#,
            "accepted j1",
        ),
        // The id proves the job, even in a 5xx.
        (504, JOB, "accepted j1"),
        (200, r#"{"code":500,"data":{"id":"j1","status":"failed"}}"#, "accepted j1"),
        (200, r#"{"code":200,"data":{"id":"j1","urls":{}}}"#, "accepted j1"),
        (200, r#"{"code":200,"data":{"id":"j1","status":null}}"#, "accepted j1"),
        (200, r#"{"id":"j1"}"#, "accepted j1"),
        (
            200,
            r#"{"data":{"id":"j1","status":"created","input":{"prompt":"cut \ud83d"}}}"#,
            "accepted j1",
        ),
        (
            200,
            r#"{"data":{"id":"j1","status":"created","timings":{"inference":NaN}}}"#,
            "accepted j1",
        ),
        (200, r#"{"code":200,"data":{"id":"j1","status":"cre"#, "accepted j1"),
        (200, r#"{"code":200,"data":{"id":"j1"#, "lost unexpected_response"),
        (408, JOB, "accepted j1"),
        (429, JOB, "accepted j1"),
        (400, r#"{"id":"request-1","message":"bad"}"#, "refused bad_request"),
        (500, r#"{"id":"request-1","message":"bad"}"#, "lost server"),
        // Refused for certain.
        (400, "{}", "refused bad_request"),
        (401, "{}", "refused authentication"),
        (402, "{}", "refused insufficient_credits"),
        (403, "{}", "refused permission_denied"),
        (404, "{}", "refused not_found"),
        (413, "{}", "refused api_status"),
        (307, "", "refused api_status"),
        (200, r#"{"code":400,"message":"bad"}"#, "refused bad_request"),
        (429, "{}", "again rate_limit Some(7)"),
        (200, r#"{"code":429,"message":"slow down"}"#, "again rate_limit Some(7)"),
        // May have been taken.
        (500, "{}", "lost server"),
        (502, "<html>", "lost server"),
        (503, "", "lost server"),
        (504, "", "lost server"),
        (303, "", "lost api_status"),
        (200, "", "lost unexpected_response"),
        (200, "<html>", "lost unexpected_response"),
        (200, r#"{"code":200,"data":{"id":"#, "lost unexpected_response"),
        (200, r#"{"code":200,"data":null}"#, "lost unexpected_response"),
        (200, r#"{"code":200,"data":{"status":"created"}}"#, "lost unexpected_response"),
        (200, r#"{"code":500,"message":"internal"}"#, "lost server"),
        (204, "", "lost unexpected_response"),
    ] {
        assert_eq!(class_of(response(status, body)), expected, "{status} {body}");
    }
}

#[test]
fn an_id_in_another_place_is_a_job() {
    for (status, body, expected) in [
        (200, r#"{"code":200,"data":[{"id":"j1","status":"created"}]}"#, "accepted j1"),
        (200, r#"{"data":{"prediction_id":"j1","status":"created"}}"#, "accepted j1"),
        (200, r#"{"data":{"task_id":17}}"#, "accepted 17"),
        (200, r#"{"prediction_id":"j1"}"#, "accepted j1"),
        (200, r#"{"data":{"id":"","job_id":"j1"}}"#, "accepted j1"),
        (500, r#"{"data":{"prediction_id":"j1","status":"created"}}"#, "accepted j1"),
        (200, r#"{"data":{"output":{"id":"j1","status":"created"}}}"#, "accepted j1"),
        (200, ")]}',\n{\"data\":{\"id\":\"j1\"}}", "accepted j1"),
        (200, "data: {\"data\":{\"id\":\"j1\"}}\n\n", "accepted j1"),
        // None of these is the id of one job.
        (200, r#"{"data":[{"id":"j1"},{"id":"j2"}]}"#, "lost unexpected_response"),
        (200, r#"{"data":{"user":{"id":"u1"}}}"#, "lost unexpected_response"),
        (400, r#"{"task_id":"t1","message":"bad"}"#, "refused bad_request"),
        (400, r#"{"data":{"task_id":"t1","message":"bad"}}"#, "refused bad_request"),
        (
            402,
            r#"{"data":{"account":{"id":"a1","status":"active"}}}"#,
            "refused insufficient_credits",
        ),
        (200, "<html>{\"data\":{\"id\":\"j1\"}}", "lost unexpected_response"),
    ] {
        assert_eq!(class_of(response(status, body)), expected, "{status} {body}");
    }
}

#[test]
fn the_location_of_a_success_names_the_job() {
    for (status, location, expected) in [
        (202, "/api/v3/predictions/j1/result", "accepted j1"),
        (201, "https://a.example/api/v3/predictions/j1?x", "accepted j1"),
        (202, "/api/v3/jobs/j1", "lost unexpected_response"),
        (202, "/api/v3/predictions//result", "lost unexpected_response"),
        (202, "/api/v3/predictions/a%2Fb", "lost unexpected_response"),
        (302, "/api/v3/predictions/j1/result", "refused api_status"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("location", location.parse().unwrap());
        let response = FullResponse::new(status, headers, Bytes::new());
        assert_eq!(class_of(Ok(response)), expected, "{status} {location}");
    }
}

#[test]
fn an_id_in_latin_1_or_in_an_incomplete_response_is_a_job() {
    let latin1 = b"{\"data\":{\"id\":\"j1\",\"status\":\"created\",\"input\":\"caf\xe9\"}}";
    let response = FullResponse::new(200, HeaderMap::new(), Bytes::from_static(latin1));
    assert_eq!(class_of(Ok(response)), "accepted j1");
    for (part, expected) in [
        ("{\"data\":{\"id\":\"j1\",\"sta", "accepted j1"),
        ("{\"data\":{\"id\":\"j", "lost connection"),
    ] {
        let part = FullResponse::new(200, HeaderMap::new(), Bytes::from(part));
        let error = TransportError::new(Sent::Maybe, false, "cut");
        assert_eq!(class_of(Err(error.with_part(Some(part)))), expected);
    }
}

#[test]
fn each_failed_exchange_of_a_submit_has_its_class() {
    for (sent, timed_out, expected) in [
        (Sent::No, false, "again connection None"),
        (Sent::No, true, "again request_timeout None"),
        (Sent::Maybe, false, "lost connection"),
        (Sent::Maybe, true, "lost request_timeout"),
    ] {
        let error = TransportError::new(sent, timed_out, "broken");
        assert_eq!(class_of(Err(error)), expected);
    }
}

#[test]
fn a_long_wait_is_passed_on_as_it_is() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", "86400".parse().unwrap());
    let response = FullResponse::new(429, headers, Bytes::new());
    let SubmitResponse::Rejected { error, resend } = classify("m", Ok(response)) else { panic!() };
    assert_eq!(resend, Resend::After(Some(Duration::from_secs(86400))));
    assert_eq!(error.kind(), ErrorKind::RateLimit);
    assert_eq!(error.http().unwrap().retry_after, Some(Duration::from_secs(86400)));
}
