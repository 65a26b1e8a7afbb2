//! Checks of media behind URLs, and their requests and bytes.

use crate::media_files::Folder;
use crate::media_server::check::{
    MAX_REQUESTS, MODEL, TONE, VIDEO, check, check_with, client, config, local, only,
};
use crate::media_server::{MediaServer, Response};
use viseme::media::{Container, Rule};
use viseme::{Client, Config, Input};

fn sent(server: &MediaServer) -> usize {
    server.requests().iter().map(|request| request.sent).sum()
}

#[tokio::test]
async fn ordinary_files_take_few_requests_and_bytes() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{VIDEO} -c:a aac last.mp4"));
    folder.ffmpeg("-i last.mp4 -c copy -movflags +faststart first.mp4");
    folder.ffmpeg("-i last.mp4 -c copy movie.mov");
    folder.ffmpeg("-i last.mp4 -c copy -movflags +dash+global_sidx fragments.mp4");
    folder.ffmpeg(&format!("{TONE} -c:a aac -b:a 192k voice.m4a"));
    folder.ffmpeg(&format!("{TONE} -c:a libmp3lame -b:a 192k voice.mp3"));
    folder.ffmpeg(&format!("{TONE} -c:a libmp3lame -b:a 192k -write_xing 0 bare.mp3"));
    folder.ffmpeg(&format!("{TONE} -c:a aac -b:a 192k -f adts voice.aac"));
    folder.ffmpeg(&format!("{TONE} -ac 1 -ar 16000 -c:a pcm_s16le voice.wav"));
    assert!(folder.read("last.mp4").len() > 2_000_000);

    let media = [
        ("video", "last.mp4", 2, 150_000),
        ("video", "first.mp4", 1, 70_000),
        ("video", "movie.mov", 2, 150_000),
        ("video", "fragments.mp4", 5, 400_000),
        ("audio", "voice.m4a", 2, 150_000),
        ("audio", "voice.mp3", 1, 70_000),
        ("audio", "voice.wav", 1, 70_000),
        // Their headers have no duration: every frame is counted.
        ("audio", "bare.mp3", 2, 1_500_000),
        ("audio", "voice.aac", 2, 1_500_000),
    ];
    for (field, name, most_requests, most_bytes) in media {
        let file = folder.read(name);
        let expected = local(&file);
        let server = MediaServer::of(file).await;
        let report = check(field, &server.url(name)).await;
        assert_eq!(report.media_info(field), Some(&expected), "{name}");
        assert_eq!(report.violations, [], "{name}");
        let (requests, bytes) = (server.requests().len(), sent(&server));
        println!("{name}: {requests} requests, {bytes} of {:?} bytes", expected.bytes);
        assert!(requests <= most_requests && most_requests <= MAX_REQUESTS, "{name}: {requests}");
        assert!(bytes <= most_bytes, "{name}: {bytes} bytes");
    }
}

#[tokio::test]
async fn a_server_without_ranges_is_read_as_far_as_needed() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{VIDEO} -c:a aac last.mp4"));
    folder.ffmpeg("-i last.mp4 -c copy -movflags +faststart first.mp4");
    folder.ffmpeg(&format!("{TONE} -c:a aac -b:a 64k voice.m4a"));
    let whole = |file: Vec<u8>| MediaServer::start(move |_| Response::new(200, &file));

    for (field, name) in [("video", "first.mp4"), ("audio", "voice.m4a")] {
        let file = folder.read(name);
        let expected = local(&file);
        let server = whole(file).await;
        let report = check(field, &server.url(name)).await;
        assert_eq!(report.media_info(field), Some(&expected), "{name}");
        assert_eq!(server.requests().len(), 1, "{name}");
    }

    // The index is beyond the bytes that are read; the kind and the size are still known.
    let file = folder.read("last.mp4");
    let size = file.len() as u64;
    let server = whole(file).await;
    let report = check("video", &server.url("last.mp4")).await;
    let info = report.media_info("video").unwrap();
    assert_eq!((info.container, info.bytes, info.duration), (Container::Mp4, Some(size), None));
    let warning = only(&report);
    assert_eq!((warning.rule, warning.is_error()), (Rule::Undetermined, false), "{warning}");
    assert!(warning.message.contains("duration and picture size"), "{warning}");
    assert!(warning.message.contains("read in part"), "{warning}");

    // It could be an audio file.
    let server = whole(folder.read("last.mp4")).await;
    let report = check("audio", &server.url("voice.m4a")).await;
    assert!(report.is_ok(), "{report:#?}");
    assert_eq!(only(&report).rule, Rule::Undetermined);
}

#[tokio::test]
async fn the_size_is_queried_if_a_range_response_has_none() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let expected = local(&file);
    for head_status in [200, 403, 405] {
        let content = file.clone();
        let server = MediaServer::start(move |request| {
            if request.method == "HEAD" && head_status != 200 {
                return Response::new(head_status, b"");
            }
            let response = Response::ranged(request, &content);
            match response.headers.iter().find(|(name, _)| name == "content-range") {
                Some((_, span)) => {
                    let open = format!("{}/*", span.split('/').next().unwrap());
                    response.header("content-range", open)
                }
                None => response,
            }
        })
        .await;
        let report = check("video", &server.url("face.mp4")).await;
        let info = report.media_info("video").unwrap();
        assert_eq!(info.duration, expected.duration, "{head_status}");
        // Without HEAD, the end of the parts shows the size.
        assert_eq!(info.bytes, expected.bytes, "{head_status}");
        assert!(server.requests().len() <= MAX_REQUESTS);
    }
    // An ordinary server, such as one whose signature covers GET alone, never gets a HEAD request.
    let server = MediaServer::of(file).await;
    check("video", &server.url("face.mp4")).await;
    assert!(
        server.requests().iter().all(|request| request.method == "GET"),
        "{:?}",
        server.requests()
    );
}

#[tokio::test]
async fn a_whole_of_unknown_size_leaves_the_size_to_a_head_request() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{VIDEO} -c:a aac -movflags +faststart first.mp4"));
    let file = folder.read("first.mp4");
    let expected = local(&file);
    for head_works in [true, false] {
        let content = file.clone();
        let server =
            MediaServer::start(move |request| match (request.method.as_str(), head_works) {
                ("HEAD", true) => Response::new(200, &content),
                ("HEAD", false) => Response::new(403, b""),
                _ => Response::new(200, &content).without("content-length"),
            })
            .await;
        let report = check("video", &server.url("first.mp4")).await;
        let info = report.media_info("video").unwrap();
        assert_eq!(info.container, Container::Mp4);
        assert_eq!(info.bytes, expected.bytes.filter(|_| head_works));
        assert_eq!(info.width, Some(1280));
        assert_eq!(info.duration, expected.duration.filter(|_| head_works));
        let unknown: Vec<_> = report.violations.iter().map(|it| it.rule).collect();
        let expected_rules = if head_works { &[][..] } else { &[Rule::Undetermined][..] };
        assert_eq!(unknown, expected_rules, "{:#?}", report.violations);
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn files_that_are_no_media_are_rejected_by_their_content() {
    let page = b"<!DOCTYPE html><html><body>Log in to see this file</body></html>";
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &[1; 60]].concat();
    for (file, label) in [
        (page.to_vec(), "HTML"),
        (png, "PNG"),
        (br#"{"error":"no such file"}"#.to_vec(), "JSON"),
        (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".to_vec(), "XML"),
    ] {
        for has_ranges in [true, false] {
            let file = file.clone();
            let server = MediaServer::start(move |request| {
                let response = Response::new(200, &file);
                if has_ranges { Response::ranged(request, &file) } else { response }
            })
            .await;
            let report = check("video", &server.url("face.mp4")).await;
            let error = only(&report);
            assert_eq!((error.rule, error.is_error()), (Rule::Container, true), "{error}");
            assert_eq!(error.actual, label, "{error}");
        }
    }
    let server = MediaServer::of(Vec::new()).await;
    let report = check("audio", &server.url("voice.mp3")).await;
    assert_eq!(only(&report).rule, Rule::Empty);
}

#[tokio::test]
async fn refusals_of_the_server_are_warnings() {
    for (status, rule) in [
        (401, Rule::Readable),
        (403, Rule::Readable),
        (404, Rule::Readable),
        (410, Rule::Readable),
        (429, Rule::Undetermined),
        (500, Rule::Undetermined),
        (503, Rule::Undetermined),
    ] {
        let page = b"<!DOCTYPE html><html><body>An error page, not the file</body></html>";
        let server = MediaServer::start(move |_| Response::new(status, page)).await;
        let report = check("video", &server.url("face.mp4?signature=s3cret")).await;
        let warning = only(&report);
        assert_eq!((warning.rule, warning.is_error()), (rule, false), "{warning}");
        assert!(warning.message.contains(&format!("HTTP {status}")), "{warning}");
        assert!(!format!("{report:?}").contains("s3cret"), "a signature is a secret: {warning}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
    // The server has stopped.
    let server = MediaServer::of(Vec::new()).await;
    let url = server.url("face.mp4");
    drop(server);
    let report = check("video", &url).await;
    assert_eq!((only(&report).rule, report.is_ok()), (Rule::Readable, true));
    let report = check("video", "https://media.invalid/face.mp4").await;
    assert_eq!((only(&report).rule, report.is_ok()), (Rule::Readable, true));
}

#[tokio::test]
async fn redirects_are_followed_and_bounded() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let expected = local(&file);
    let server = MediaServer::start(move |request| match request.path.as_str() {
        "/chain3" => Response::redirect("/chain2").header("set-cookie", "session=1"),
        "/chain2" => Response::redirect("/chain1"),
        "/chain1" => Response::redirect("/face.mp4"),
        "/loop" => Response::redirect("/loop"),
        "/nowhere" => Response::new(302, b""),
        "/file" => Response::redirect("file:///etc/passwd"),
        _ => Response::ranged(request, &file),
    })
    .await;
    let report = check("video", &server.url("chain3")).await;
    assert_eq!(report.media_info("video"), Some(&expected));
    let requests = server.requests();
    assert_eq!(requests.iter().filter(|it| it.path.starts_with("/chain")).count(), 3);
    assert!(requests.iter().all(|it| it.header("cookie").is_none()), "{requests:?}");
    for (path, word) in [
        ("loop", "too many times"),
        ("nowhere", "without an address"),
        ("file", "its scheme is `file`"),
    ] {
        let before = server.requests().len();
        let report = check("video", &server.url(path)).await;
        let warning = only(&report);
        assert!(!warning.is_error() && warning.message.contains(word), "{path}: {warning}");
        assert!(server.requests().len() - before <= 6, "{path}");
    }
}

#[tokio::test]
async fn nothing_secret_is_sent() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let server = MediaServer::start(move |request| match request.path.as_str() {
        "/moved" => Response::redirect(format!(
            "http://other:pass@{}/face.mp4",
            request.header("host").unwrap()
        ))
        .header("set-cookie", "session=1"),
        _ => Response::ranged(request, &file).header("etag", "\"v1\""),
    })
    .await;
    let config = Config::builder().ignore_env().api_key("wsk_of_the_test");
    let config = config.base_url("http://127.0.0.1:9").allow_private_addresses(true);
    let client = Client::new(config.build().unwrap()).unwrap();
    let url = format!("http://user:pass@{}/moved", server.address());
    let report = check_with(&client, "video", &url).await;
    assert!(report.media_info("video").is_some(), "{report:#?}");
    let known = ["host", "accept", "accept-encoding", "user-agent", "range", "if-range"];
    for request in server.requests() {
        for (name, value) in &request.headers {
            assert!(known.contains(&name.as_str()), "{name}: {value}");
            assert!(!value.contains("wsk_") && !value.contains("pass"), "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn private_addresses_get_no_request_unless_allowed() {
    let server = MediaServer::of(b"RIFF".to_vec()).await;
    let port = server.address().port();
    let client = Client::new(config().build().unwrap()).unwrap();
    for host in ["127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]"] {
        let report = check_with(&client, "audio", &format!("http://{host}:{port}/voice.mp3")).await;
        let warning = only(&report);
        assert_eq!((warning.rule, warning.is_error()), (Rule::Undetermined, false), "{host}");
        assert!(warning.message.contains("private address"), "{host}: {warning}");
        assert!(warning.message.contains("allow_private_addresses"), "{host}: {warning}");
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[tokio::test]
async fn checks_of_one_url_share_a_reading_while_it_is_fine() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{VIDEO} -c:a aac face.mp4"));
    let file = folder.read("face.mp4");
    let server = MediaServer::start(move |request| match request.path.as_str() {
        "/missing.mp4" => Response::new(404, b""),
        "/page.mp4" => Response::new(200, b"<!DOCTYPE html><html></html>"),
        _ => Response::ranged(request, &file),
    })
    .await;
    let client = client();
    let count = |path: &str| server.requests().iter().filter(|it| it.path == path).count();
    let url = server.url("face.mp4");
    let checks = (0..50).map(|_| check_with(&client, "video", &url));
    let reports = futures_util::future::join_all(checks).await;
    assert!(reports.iter().all(|report| report.media_info("video").is_some()));
    check_with(&client, "video", &url).await;
    assert!(count("/face.mp4") <= 2, "{}", count("/face.mp4"));
    // A file that failed may have changed, so it is checked again.
    for name in ["missing.mp4", "page.mp4"] {
        for _ in 0..3 {
            assert_eq!(check_with(&client, "video", &server.url(name)).await.violations.len(), 1);
        }
        assert_eq!(count(&format!("/{name}")), 3, "{name}");
    }
}

#[tokio::test]
async fn the_check_of_remote_media_can_be_turned_off() {
    let server = MediaServer::of(b"no medium".to_vec()).await;
    let input = Input::new(MODEL).media("video", server.url("face.mp4").as_str());
    let config = config().allow_private_addresses(true).check_remote_media(false);
    let client = Client::new(config.build().unwrap()).unwrap();
    assert!(client.check(input.clone()).await.unwrap().media.is_empty());
    assert!(viseme::check(input).await.unwrap().media.is_empty());
    // The media of unknown models are not checked.
    let other = Input::new("wavespeed-ai/infinitetalk").media("video", server.url("a").as_str());
    assert!(crate::media_server::check::client().check(other).await.unwrap().media.is_empty());
    assert!(server.requests().is_empty());
}
