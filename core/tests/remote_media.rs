//! What is found out of media behind a URL, and what that costs.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it measured"
)]

mod media_files;
mod media_server;

use std::time::Duration;

use media_files::Folder;
use media_server::{MediaServer, Reply};
use viseme::media::probe::{BytesSource, probe};
use viseme::media::{Container, MediaInfo, Rule, Violation};
use viseme::{Client, Config, ConfigBuilder, Input, Report};

const MODEL: &str = "kwaivgi/kling-lipsync/audio-to-video";
const MAX_REQUESTS: usize = 6;

/// About 3 MB: noise does not compress.
const VIDEO: &str = "-f lavfi -i testsrc2=size=1280x720:rate=10:duration=2.5 \
                     -f lavfi -i sine=frequency=440:sample_rate=44100:duration=2.5 \
                     -vf noise=alls=12:allf=t -crf 28 -c:v libx264 -preset ultrafast -pix_fmt yuv420p";
const TONE: &str = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=50";

fn config() -> ConfigBuilder {
    Config::builder().ignore_env().anonymous().base_url("http://127.0.0.1:9")
}

/// A client that may ask this machine.
fn client() -> Client {
    Client::new(config().allow_private_addresses(true).build().unwrap()).unwrap()
}

/// What a check of one medium says of it alone.
async fn check_with(client: &Client, field: &str, url: &str) -> Report {
    let mut report = client.check(Input::new(MODEL).media(field, url)).await.expect("a report");
    report.violations.retain(|violation| violation.rule != Rule::Required);
    report
}

async fn check(field: &str, url: &str) -> Report {
    check_with(&client(), field, url).await
}

fn only(report: &Report) -> &Violation {
    match &report.violations[..] {
        [only] => only,
        other => panic!("{other:#?}"),
    }
}

fn local(file: &[u8]) -> MediaInfo {
    probe(&BytesSource::new(file.to_vec())).unwrap()
}

fn sent(server: &MediaServer) -> usize {
    server.asked().iter().map(|asked| asked.sent).sum()
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
        // They say nothing of their length: every frame is counted.
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
        let (requests, bytes) = (server.asked().len(), sent(&server));
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
    let whole = |file: Vec<u8>| MediaServer::start(move |_| Reply::new(200, &file));

    for (field, name) in [("video", "first.mp4"), ("audio", "voice.m4a")] {
        let file = folder.read(name);
        let expected = local(&file);
        let server = whole(file).await;
        let report = check(field, &server.url(name)).await;
        assert_eq!(report.media_info(field), Some(&expected), "{name}");
        assert_eq!(server.asked().len(), 1, "{name}");
    }

    // The index lies behind more than is read: the kind and the size are known all the same.
    let file = folder.read("last.mp4");
    let size = file.len() as u64;
    let server = whole(file).await;
    let report = check("video", &server.url("last.mp4")).await;
    let info = report.media_info("video").unwrap();
    assert_eq!((info.container, info.bytes, info.duration), (Container::Mp4, Some(size), None));
    let warning = only(&report);
    assert_eq!((warning.rule, warning.is_error()), (Rule::Undetermined, false), "{warning}");
    assert!(warning.message.contains("length, width and height"), "{warning}");
    assert!(warning.message.contains("read in part"), "{warning}");

    // It could be sound alone as well.
    let server = whole(folder.read("last.mp4")).await;
    let report = check("audio", &server.url("voice.m4a")).await;
    assert!(report.is_ok(), "{report:#?}");
    assert_eq!(only(&report).rule, Rule::Undetermined);
}

#[tokio::test]
async fn the_size_is_asked_for_where_a_range_does_not_tell_it() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let expected = local(&file);
    for head_status in [200, 403, 405] {
        let content = file.clone();
        let server = MediaServer::start(move |asked| {
            if asked.method == "HEAD" && head_status != 200 {
                return Reply::new(head_status, b"");
            }
            let reply = Reply::ranged(asked, &content);
            match reply.headers.iter().find(|(name, _)| name == "content-range") {
                Some((_, span)) => {
                    let open = format!("{}/*", span.split('/').next().unwrap());
                    reply.header("content-range", open)
                }
                None => reply,
            }
        })
        .await;
        let report = check("video", &server.url("face.mp4")).await;
        let info = report.media_info("video").unwrap();
        assert_eq!(info.duration, expected.duration, "{head_status}");
        // Without HEAD it is seen where the parts end.
        assert_eq!(info.bytes, expected.bytes, "{head_status}");
        assert!(server.asked().len() <= MAX_REQUESTS);
    }
    // An ordinary server, such as one whose signature covers GET alone, is never asked that.
    let server = MediaServer::of(file).await;
    check("video", &server.url("face.mp4")).await;
    assert!(server.asked().iter().all(|asked| asked.method == "GET"), "{:?}", server.asked());
}

#[tokio::test]
async fn a_whole_of_unknown_size_leaves_the_size_to_a_head_request() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{VIDEO} -c:a aac -movflags +faststart first.mp4"));
    let file = folder.read("first.mp4");
    let expected = local(&file);
    for head_works in [true, false] {
        let content = file.clone();
        let server = MediaServer::start(move |asked| match (asked.method.as_str(), head_works) {
            ("HEAD", true) => Reply::new(200, &content),
            ("HEAD", false) => Reply::new(403, b""),
            _ => Reply::new(200, &content).without("content-length"),
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
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test]
async fn what_is_no_medium_is_refused_by_its_content() {
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
            let server = MediaServer::start(move |asked| {
                let reply = Reply::new(200, &file);
                if has_ranges { Reply::ranged(asked, &file) } else { reply }
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
        let server = MediaServer::start(move |_| Reply::new(status, page)).await;
        let report = check("video", &server.url("face.mp4?signature=s3cret")).await;
        let warning = only(&report);
        assert_eq!((warning.rule, warning.is_error()), (rule, false), "{warning}");
        assert!(warning.message.contains(&format!("HTTP {status}")), "{warning}");
        assert!(!format!("{report:?}").contains("s3cret"), "a signature is a secret: {warning}");
        assert_eq!(server.asked().len(), 1, "{status}");
    }
    // Nobody listens any more.
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
    let server = MediaServer::start(move |asked| match asked.path.as_str() {
        "/chain3" => Reply::redirect("/chain2").header("set-cookie", "session=1"),
        "/chain2" => Reply::redirect("/chain1"),
        "/chain1" => Reply::redirect("/face.mp4"),
        "/loop" => Reply::redirect("/loop"),
        "/nowhere" => Reply::new(302, b""),
        "/file" => Reply::redirect("file:///etc/passwd"),
        _ => Reply::ranged(asked, &file),
    })
    .await;
    let report = check("video", &server.url("chain3")).await;
    assert_eq!(report.media_info("video"), Some(&expected));
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|it| it.path.starts_with("/chain")).count(), 3);
    assert!(asked.iter().all(|it| it.header("cookie").is_none()), "{asked:?}");
    for (path, word) in
        [("loop", "too many times"), ("nowhere", "to nowhere"), ("file", "its scheme is `file`")]
    {
        let before = server.asked().len();
        let report = check("video", &server.url(path)).await;
        let warning = only(&report);
        assert!(!warning.is_error() && warning.message.contains(word), "{path}: {warning}");
        assert!(server.asked().len() - before <= 6, "{path}");
    }
}

#[tokio::test]
async fn nothing_secret_is_sent() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let server = MediaServer::start(move |asked| match asked.path.as_str() {
        "/moved" => {
            Reply::redirect(format!("http://other:pass@{}/face.mp4", asked.header("host").unwrap()))
                .header("set-cookie", "session=1")
        }
        _ => Reply::ranged(asked, &file).header("etag", "\"v1\""),
    })
    .await;
    let config = Config::builder().ignore_env().api_key("wsk_of_the_test");
    let config = config.base_url("http://127.0.0.1:9").allow_private_addresses(true);
    let client = Client::new(config.build().unwrap()).unwrap();
    let url = format!("http://user:pass@{}/moved", server.address());
    let report = check_with(&client, "video", &url).await;
    assert!(report.media_info("video").is_some(), "{report:#?}");
    let known = ["host", "accept", "accept-encoding", "user-agent", "range", "if-range"];
    for asked in server.asked() {
        for (name, value) in &asked.headers {
            assert!(known.contains(&name.as_str()), "{name}: {value}");
            assert!(!value.contains("wsk_") && !value.contains("pass"), "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn private_addresses_are_not_asked_unless_allowed() {
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
    assert!(server.asked().is_empty(), "{:?}", server.asked());
}

#[tokio::test]
async fn a_silent_server_does_not_hold_a_check() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let limit = Duration::from_millis(400);
    let config = config().allow_private_addresses(true).remote_check_timeout(limit);
    let client = Client::new(config.build().unwrap()).unwrap();
    for what in ["no answer", "a stall"] {
        let file = file.clone();
        let server = MediaServer::start(move |asked| {
            let reply = Reply::ranged(asked, &file);
            if what == "a stall" { reply.cut(2000).stalling() } else { reply.silent() }
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
async fn answers_that_break_off_are_no_damage_of_the_file() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    let expected = local(&file);
    // Once: the rest is asked for again.
    let content = file.clone();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = MediaServer::start(move |asked| {
        let is_first = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        let reply = Reply::ranged(asked, &content);
        if is_first { reply.cut(10_000) } else { reply }
    })
    .await;
    let report = check("video", &server.url("face.mp4")).await;
    assert_eq!(report.media_info("video"), Some(&expected));
    assert!(server.asked().len() <= MAX_REQUESTS);
    // Every time, with and without ranges.
    for has_ranges in [true, false] {
        for length in [0, 1, 100, 20_000] {
            let content = file.clone();
            let server = MediaServer::start(move |asked| {
                let reply = Reply::new(200, &content);
                if has_ranges { Reply::ranged(asked, &content) } else { reply }.cut(length)
            })
            .await;
            let report = check("video", &server.url("face.mp4")).await;
            assert!(report.is_ok(), "{has_ranges} {length}: {report:#?}");
            let warning = only(&report);
            assert!(warning.message.contains("connection failed"), "{length}: {warning}");
            assert!(server.asked().len() <= 2, "{:?}", server.asked());
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
        let server = MediaServer::start(move |asked| {
            let is_later = asked.range(usize::MAX).is_some_and(|range| range.start > 0);
            let shorter = &content[..content.len() - 1];
            match (what, is_later) {
                ("its tag", true) => Reply::ranged(asked, &content).header("etag", "\"v2\""),
                ("its size", true) => Reply::ranged(asked, shorter).header("etag", "\"v1\""),
                ("if-range", true) => {
                    assert_eq!(asked.header("if-range"), Some("\"v1\""));
                    Reply::new(200, &content).header("etag", "\"v2\"")
                }
                _ => Reply::ranged(asked, &content).header("etag", "\"v1\""),
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
async fn what_a_server_says_wrongly_is_survived() {
    let folder = Folder::new();
    let file = folder.plain_video("face.mp4");
    type Twist = fn(Reply) -> Reply;
    let twists: [(&str, Twist); 10] = [
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
        ("more than it was asked for", |mut it| {
            it.body = vec![0x5a; 3_000_000];
            it.without("content-length")
        }),
    ];
    for (what, twist) in twists {
        let content = file.clone();
        let server = MediaServer::start(move |asked| twist(Reply::ranged(asked, &content))).await;
        let report = check("video", &server.url("face.mp4")).await;
        println!("{what}: {:?}", report.violations);
        assert!(!report.violations.is_empty(), "{what}");
        assert!(server.asked().len() <= MAX_REQUESTS, "{what}");
    }
}

#[tokio::test]
async fn checks_of_one_url_share_a_reading_while_it_is_fine() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{VIDEO} -c:a aac face.mp4"));
    let file = folder.read("face.mp4");
    let server = MediaServer::start(move |asked| match asked.path.as_str() {
        "/missing.mp4" => Reply::new(404, b""),
        "/page.mp4" => Reply::new(200, b"<!DOCTYPE html><html></html>"),
        _ => Reply::ranged(asked, &file),
    })
    .await;
    let client = client();
    let count = |path: &str| server.asked().iter().filter(|it| it.path == path).count();
    let url = server.url("face.mp4");
    let checks = (0..50).map(|_| check_with(&client, "video", &url));
    let reports = futures_util::future::join_all(checks).await;
    assert!(reports.iter().all(|report| report.media_info("video").is_some()));
    check_with(&client, "video", &url).await;
    assert!(count("/face.mp4") <= 2, "{}", count("/face.mp4"));
    // What may have been mended is looked at anew.
    for name in ["missing.mp4", "page.mp4"] {
        for _ in 0..3 {
            assert_eq!(check_with(&client, "video", &server.url(name)).await.violations.len(), 1);
        }
        assert_eq!(count(&format!("/{name}")), 3, "{name}");
    }
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let server = MediaServer::of(b"no medium".to_vec()).await;
    let input = Input::new(MODEL).media("video", server.url("face.mp4").as_str());
    let config = config().allow_private_addresses(true).check_remote_media(false);
    let client = Client::new(config.build().unwrap()).unwrap();
    assert!(client.check(input.clone()).await.unwrap().media.is_empty());
    assert!(viseme::check(input).await.unwrap().media.is_empty());
    // Nothing is known of what other models take.
    let other = Input::new("wavespeed-ai/infinitetalk").media("video", server.url("a").as_str());
    assert!(self::client().check(other).await.unwrap().media.is_empty());
    assert!(server.asked().is_empty());
}
