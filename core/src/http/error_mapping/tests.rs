use bytes::Bytes;
use http::HeaderMap;

use super::*;

fn response(status: u16, body: &str) -> FullResponse {
    FullResponse::new(status, HeaderMap::new(), Bytes::from(body.to_owned()))
}

fn error_of(status: u16, body: &str) -> Error {
    let response = response(status, body);
    status_error("testing", &response, &Envelope::of(&response))
}

#[test]
fn every_shape_of_error_body_is_understood() {
    for (body, text) in [
        (r#"{"code":400,"message":"Bad audio."}"#, "Bad audio"),
        (
            r#"{"code":403,"message":"Not allowed","error_code":"role_viewer"}"#,
            "Not allowed [role_viewer]",
        ),
        (
            r#"{"error":"webhook callback does not support base64 output"}"#,
            "webhook callback does not",
        ),
        (r#"{"error":{"message":"nested"}}"#, "nested"),
        (r#"{"detail":"Not found"}"#, "Not found"),
        (r#"{"detail":[{"msg":"field required"},{"msg":"too long"}]}"#, "field required; too long"),
        (
            r#"{"detail":[{"loc":["body","video"],"msg":"field required"},{"loc":["body","a",0],"msg":"x"}]}"#,
            "`video`: field required; `a.0`: x",
        ),
        (r#"{"detail":[{"loc":["body"],"msg":"no JSON"}]}"#, "no JSON"),
        (
            "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Expired.</Message></Error>",
            "AccessDenied: Expired",
        ),
        (r#"{"errors":["one","two"]}"#, "one; two"),
        (r#"{"message":"","error":"second"}"#, "second"),
        (
            "<html><head><title>502 Bad Gateway</title></head></html>",
            "a page of HTML (\"502 Bad Gateway\")",
        ),
        ("upstream connect error", "\"upstream connect error\""),
    ] {
        let error = error_of(502, body);
        assert!(error.message().contains(text), "{body}: {error}");
        assert_eq!(error.http().unwrap().body, body, "the body is kept");
    }
    assert!(error_of(503, "").message().contains("HTTP 503 when testing. Try again"));
}

#[test]
fn kinds_by_status_and_text() {
    use ErrorKind::*;
    for (status, body, kind, app_code) in [
        (400, "{}", BadRequest, None),
        (422, "{}", BadRequest, None),
        (401, "{}", Authentication, None),
        (402, "{}", InsufficientCredits, None),
        (403, r#"{"message":"Insufficient credits."}"#, InsufficientCredits, None),
        (403, r#"{"message":"insufficient permissions"}"#, PermissionDenied, None),
        (400, r#"{"data":{"code":1407}}"#, InsufficientCredits, Some(1407)),
        (400, r#"{"code":1401,"message":"bad"}"#, BadRequest, Some(1401)),
        (404, "{}", NotFound, None),
        (429, "{}", RateLimit, None),
        (500, "{}", Server, None),
        (504, "{}", Server, None),
        (200, r#"{"code":500,"message":"Upload failed: invalid file type"}"#, Server, None),
        (200, r#"{"code":"404","message":"gone"}"#, NotFound, None),
        (418, "{}", ApiStatus, None),
        (302, "", ApiStatus, None),
    ] {
        let error = error_of(status, body);
        assert_eq!((error.kind(), error.app_code()), (kind, app_code), "{status} {body}");
    }
}

#[test]
fn the_error_of_a_redirect_has_its_target_and_advice() {
    let mut response = response(301, "<html>moved</html>");
    response.headers.insert("location", "https://api.example/api/v3/x?token=1".parse().unwrap());
    let error = status_error("testing", &response, &Envelope::of(&response));
    assert!(error.message().contains("redirects to https://api.example/api/v3/x,"), "{error}");
    assert!(error.message().contains("set the base URL"), "{error}");
    assert!(!error.message().contains("token"), "{error}");
}

#[test]
fn an_error_keeps_a_bounded_part_of_the_body() {
    let many = format!("[{}]", vec!["\"x y\""; 10_000].join(","));
    assert!(error_of(500, &many).message().len() < 1000);
    let long = "x".repeat(100_000);
    let error = error_of(500, &long);
    assert_eq!(error.http().unwrap().body.len(), ResponseInfo::MAX_BODY);
    assert!(error.message().len() < 400, "{}", error.message().len());
}

#[test]
fn oddities_are_named() {
    for (body, what) in [
        ("", "empty"),
        ("{", "not JSON"),
        ("<html>", "a page of HTML"),
        (r#"{"code":200,"data":null}"#, "`data` is null"),
        (r#"{"code":200,"data":{}}"#, "no prediction"),
    ] {
        let response = response(200, body);
        let odd = describe_unexpected(&response, &Envelope::of(&response));
        assert!(odd.contains(what), "{body}: {odd}");
    }
}
