//! Media servers that close connections, change files or send invalid responses.

use std::time::Duration;

use crate::media_files::Folder;
use crate::media_server::check::{MAX_REQUESTS, VIDEO, check, check_with, config, local, only};
use crate::media_server::{MediaServer, Response};
use viseme::Client;

#[tokio::test]
async fn a_silent_server_does_not_hold_a_check() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let limit = Duration::from_millis(400);
    let config = config().allow_private_addresses(true).remote_check_timeout(limit);
    let client = Client::new(config.build().unwrap()).unwrap();
    for what in ["no answer", "a stall"] {
        let file = file.clone();
        let server = MediaServer::start(move |request| {
            let response = Response::ranged(request, &file);
            if what == "a stall" { response.cut(2000).stalling() } else { response.silent() }
        })
        .await;
        let begun = std::time::Instant::now();
        let report = check_with(&client, "video", &server.url("face.mp4")).await;
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {:?}", begun.elapsed());
        let warning = only(&report);
        assert!(!warning.is_error() && warning.message.contains("0.4 s"), "{what}: {warning}");
    }
}

#[tokio::test]
async fn incomplete_responses_are_no_corruption_of_the_file() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let expected = local(&file);
    // Once: the remaining bytes are requested again.
    let content = file.clone();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = MediaServer::start(move |request| {
        let is_first = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        let response = Response::ranged(request, &content);
        if is_first { response.cut(10_000) } else { response }
    })
    .await;
    let report = check("video", &server.url("face.mp4")).await;
    assert_eq!(report.media_info("video"), Some(&expected));
    assert!(server.requests().len() <= MAX_REQUESTS);
    // Every time, with and without ranges.
    for has_ranges in [true, false] {
        for length in [0, 1, 100, 20_000] {
            let content = file.clone();
            let server = MediaServer::start(move |request| {
                let response = Response::new(200, &content);
                if has_ranges { Response::ranged(request, &content) } else { response }.cut(length)
            })
            .await;
            let report = check("video", &server.url("face.mp4")).await;
            assert!(report.is_ok(), "{has_ranges} {length}: {report:#?}");
            let warning = only(&report);
            assert!(warning.message.contains("connection failed"), "{length}: {warning}");
            assert!(server.requests().len() <= 2, "{:?}", server.requests());
        }
    }
}

#[tokio::test]
async fn a_file_that_changes_meanwhile_is_not_pieced_together() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{VIDEO} -c:a aac last.mp4"));
    let file = folder.read("last.mp4");
    for what in ["its tag", "its size", "if-range"] {
        let content = file.clone();
        let server = MediaServer::start(move |request| {
            let is_later = request.range(usize::MAX).is_some_and(|range| range.start > 0);
            let shorter = &content[..content.len() - 1];
            match (what, is_later) {
                ("its tag", true) => Response::ranged(request, &content).header("etag", "\"v2\""),
                ("its size", true) => Response::ranged(request, shorter).header("etag", "\"v1\""),
                ("if-range", true) => {
                    assert_eq!(request.header("if-range"), Some("\"v1\""));
                    Response::new(200, &content).header("etag", "\"v2\"")
                }
                _ => Response::ranged(request, &content).header("etag", "\"v1\""),
            }
        })
        .await;
        let report = check("video", &server.url("last.mp4")).await;
        let warning = only(&report);
        assert!(!warning.is_error() && warning.message.contains("changed"), "{what}: {warning}");
        assert_eq!(report.media_info("video"), None, "{what}");
    }
}

#[tokio::test]
async fn wrong_responses_of_a_server_are_handled() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    type Change = fn(Response) -> Response;
    let changes: [(&str, Change); 10] = [
        ("another part", |it| it.header("content-range", "bytes 5-65540/900000")),
        ("no part", |it| it.without("content-range")),
        ("backwards", |it| it.header("content-range", "bytes 9-0/100")),
        ("beyond its size", |it| it.header("content-range", "bytes 0-99/10")),
        ("no number", |it| it.header("content-range", "bytes 0-x/y")),
        ("too large a number", |it| {
            it.header("content-range", "bytes 0-65535/99999999999999999999999999")
        }),
        ("a huge part", |it| {
            it.header("content-range", "bytes 0-18446744073709551614/18446744073709551615")
        }),
        ("compressed", |it| it.header("content-encoding", "gzip")),
        ("less than it says", |it| it.header("content-length", "18446744073709551615")),
        ("more than was requested", |mut it| {
            it.body = vec![0x5a; 3_000_000];
            it.without("content-length")
        }),
    ];
    for (what, change) in changes {
        let content = file.clone();
        let server =
            MediaServer::start(move |request| change(Response::ranged(request, &content))).await;
        let report = check("video", &server.url("face.mp4")).await;
        println!("{what}: {:?}", report.violations);
        assert!(!report.violations.is_empty(), "{what}");
        assert!(server.requests().len() <= MAX_REQUESTS, "{what}");
    }
}
