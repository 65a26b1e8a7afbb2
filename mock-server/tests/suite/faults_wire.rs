//! Connections that break, byte by byte as a client's socket sees it.

use std::time::{Duration, Instant};

use viseme_mock::scenario::{ResponseMutation, Span};
use viseme_mock::{Fault, MockServer, RequestKind, Termination, WireFault as Word, World};

use crate::support::{Api, End, PATIENCE, Wire, eventually, raw, request, split, submit_request};

const QUIET: Duration = Duration::from_millis(400);

fn balance(world: &World) -> Vec<u8> {
    request(world, "GET", "/api/v3/balance", "")
}

/// A world whose next answer of any kind breaks so.
async fn broken(server: &MockServer, word: Word) -> World {
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Any).nth(1).wire(word));
    world
}

#[tokio::test]
async fn a_reset_is_a_reset_and_not_a_byte_comes_before_it() {
    let server = MockServer::start().await.unwrap();
    for (fault, jobs) in [
        (Fault::at(RequestKind::Submit).reset(), 0),
        (Fault::at(RequestKind::Submit).after_accept().reset(), 1),
    ] {
        let world = server.world();
        world.add_fault(fault);
        let (bytes, end) = raw(&world, &submit_request(&world)).await;
        assert_eq!((bytes.len(), end), (0, End::Reset));
        assert_eq!(world.jobs().len(), jobs);
        let entry = &world.journal()[0];
        assert_eq!(
            (entry.termination, entry.status, entry.bytes_written),
            (Termination::Reset, None, 0)
        );
    }
}

#[tokio::test]
async fn a_close_is_an_end_of_file_without_a_byte() {
    let server = MockServer::start().await.unwrap();
    let world = broken(&server, Word::Close).await;
    let (bytes, end) = raw(&world, &balance(&world)).await;
    assert_eq!((bytes.len(), end), (0, End::Fin));
    assert_eq!(world.journal()[0].termination, Termination::Closed);
}

#[tokio::test]
async fn answers_break_at_the_byte_they_shall() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let whole = {
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&balance(&world)).await;
        let (bytes, end) = wire.read(QUIET).await;
        assert_eq!(end, End::Open, "kept for the next request");
        split(&bytes).1
    };
    for at in [0, 1, 10, whole.len() - 1, whole.len(), whole.len() + 100] {
        let bytes = at as u64;
        for (word, expected, ended) in [
            (Word::ResetAt(bytes), End::Reset, Termination::Reset),
            (Word::FinAt(bytes), End::Fin, Termination::Closed),
        ] {
            let world = broken(&server, word.clone()).await;
            let (bytes, end) = raw(&world, &balance(&world)).await;
            let (head, body) = split(&bytes);
            assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
            let length = format!("content-length: {}", whole.len());
            assert!(head.contains(&length), "the head promises all: {head}");
            assert_eq!((body.len(), end), (at.min(whole.len()), expected), "{word:?}");
            let entry = &world.journal()[0];
            let ended = if at < whole.len() { ended } else { Termination::Complete };
            assert_eq!(
                (entry.termination, entry.bytes_written),
                (ended, bytes.len() as u64),
                "{word:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_stall_leaves_the_connection_open() {
    let server = MockServer::start().await.unwrap();
    for at in [0, 7] {
        let world = broken(&server, Word::StallAt(at)).await;
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&balance(&world)).await;
        let (bytes, end) = wire.read(QUIET).await;
        assert_eq!((split(&bytes).1.len() as u64, end), (at, End::Open));
        assert_eq!(world.journal()[0].termination, Termination::Open);
        drop(wire);
        eventually("the server notes that the client left", || {
            world.journal()[0].termination == Termination::ClientGone
        })
        .await;
    }
}

#[tokio::test]
async fn silence_is_no_byte_and_no_end() {
    let server = MockServer::start().await.unwrap();
    for (fault, jobs) in [
        (Fault::at(RequestKind::Submit).wire(Word::Silence), 0),
        (Fault::at(RequestKind::Submit).after_accept().wire(Word::Silence), 1),
    ] {
        let world = server.world();
        world.add_fault(fault);
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&submit_request(&world)).await;
        assert_eq!(wire.read(QUIET).await, (Vec::new(), End::Open));
        assert_eq!(world.jobs().len(), jobs);
        drop(wire);
        eventually("the server notes that the client left", || {
            world.journal()[0].termination == Termination::ClientGone
        })
        .await;
        assert_eq!(world.ledger().orphaned, jobs);
    }
}

#[tokio::test]
async fn a_drip_is_a_byte_at_a_time_and_whole_in_the_end() {
    let server = MockServer::start().await.unwrap();
    let pause = Duration::from_millis(20);
    let world = broken(&server, Word::Drip(Span(pause))).await;
    let began = Instant::now();
    let (status, body) = Api::of(&world).get("balance").await;
    assert_eq!((status, &body["code"]), (200, &200.into()));
    let length = u32::try_from(body.to_string().len()).unwrap();
    assert!(length > 10);
    assert!(began.elapsed() >= pause * (length - 5), "{:?}", began.elapsed());
    assert_eq!(world.journal()[0].termination, Termination::Complete);
}

#[tokio::test]
async fn a_delay_is_before_the_first_byte_and_after_the_deed() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let pause = Duration::from_millis(300);
    world.add_fault(Fault::at(RequestKind::Submit).wire(Word::Delay(Span(pause))));
    let began = Instant::now();
    let waiting = tokio::spawn({
        let api = Api::of(&world);
        async move { api.submit().await }
    });
    eventually("the job is made", || world.jobs().len() == 1).await;
    assert_eq!(world.ledger().orphaned, 1, "nobody knows of it yet");
    waiting.await.unwrap();
    assert!(began.elapsed() >= pause);
    assert_eq!(world.ledger().orphaned, 0);
}

#[tokio::test]
async fn the_next_connection_is_whole() {
    let server = MockServer::start().await.unwrap();
    let world = broken(&server, Word::ResetAt(3)).await;
    raw(&world, &balance(&world)).await;
    let mut wire = Wire::to(world.base_url()).await;
    for _ in 0..2 {
        wire.send(&balance(&world)).await;
        let (bytes, end) = wire.read(QUIET).await;
        assert_eq!(end, End::Open);
        assert!(split(&bytes).1.ends_with(b"}"));
    }
}

#[tokio::test]
async fn requests_sent_in_one_go_are_answered_in_order() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Any).nth(3).wire(Word::FinAt(5)));
    let three = balance(&world).repeat(3);
    let (bytes, end) = raw(&world, &three).await;
    assert_eq!(end, End::Fin);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3, "{text}");
    let ended: Vec<_> = world.journal().iter().map(|entry| entry.termination).collect();
    assert_eq!(ended, [Termination::Complete, Termination::Complete, Termination::Closed]);
    let written: u64 = world.journal().iter().map(|entry| entry.bytes_written).sum();
    assert_eq!(written, bytes.len() as u64);
}

#[tokio::test]
async fn wire_faults_strike_files_too() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    let file = Api::of(&world).upload("a.mp4", "video/mp4", vec![5; 3_000_000]).await;
    let path = file.strip_prefix(world.base_url()).unwrap();
    for (word, expected) in
        [(Word::ResetAt(70_000), End::Reset), (Word::FinAt(2_000_000), End::Fin)]
    {
        let mut scenario = viseme_mock::Scenario::new();
        scenario.faults.push(Fault::at(RequestKind::Output).wire(word.clone()));
        world.set_scenario(scenario);
        let (bytes, end) = raw(&world, &request(&world, "GET", path, "")).await;
        assert_eq!(end, expected, "{word:?}");
        let body = split(&bytes).1;
        match word {
            Word::ResetAt(at) => assert!(body.len() as u64 <= at, "{}", body.len()),
            Word::FinAt(at) => assert_eq!(body.len() as u64, at),
            _ => {}
        }
    }
    // The head of a file has no body to break.
    let head = request(&world, "HEAD", path, "");
    let (bytes, end) = tokio::time::timeout(PATIENCE, raw(&world, &head)).await.unwrap();
    assert_eq!((split(&bytes).1.len(), end), (0, End::Fin));
}

#[tokio::test]
async fn a_wrong_length_is_in_the_head_alone() {
    let server = MockServer::start().await.unwrap();
    let (_, body) = {
        let world = server.world();
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&balance(&world)).await;
        split(&wire.read(QUIET).await.0)
    };
    for (more, told, come, expected) in [
        (7, body.len() + 7, body.len(), End::Fin),
        (-3, body.len() - 3, body.len() - 3, End::Open),
        (-10_000, 0, 0, End::Open),
    ] {
        let world = broken(&server, Word::WrongLength(more)).await;
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&balance(&world)).await;
        let (bytes, end) = wire.read(QUIET).await;
        let (head, found) = split(&bytes);
        assert!(head.contains(&format!("content-length: {told}\r\n")), "{head}");
        assert_eq!((&found[..], end), (&body[..come], expected), "{more}");
        assert_eq!(world.journal()[0].termination, Termination::Complete);
    }
}

#[tokio::test]
async fn a_slow_accept_is_before_the_deed() {
    let server = MockServer::start().await.unwrap();
    let pause = Duration::from_millis(600);
    let slow = || Fault::at(RequestKind::Submit).wire(Word::SlowAccept(Span(pause)));
    let world = server.world();
    world.add_fault(slow());
    let began = Instant::now();
    Api::of(&world).submit().await;
    assert!(began.elapsed() >= pause);
    assert_eq!(world.jobs().len(), 1);

    // Who leaves before it is looked at has asked for nothing.
    let world = server.world();
    world.add_fault(slow());
    let mut wire = Wire::to(world.base_url()).await;
    wire.send(&submit_request(&world)).await;
    drop(wire);
    tokio::time::sleep(pause + QUIET).await;
    assert!(world.jobs().is_empty());
}

#[tokio::test]
async fn what_changed_answers_look_like_byte_by_byte() {
    let server = MockServer::start().await.unwrap();
    let plain = {
        let world = server.world();
        split(&raw(&world, &once(&balance(&world))).await.0)
    };
    let body = |word: &str| -> Vec<u8> {
        match word {
            "invalid_utf8" => [&plain.1[..], b"\xff\xfe"].concat(),
            "byte_order_mark" => [b"\xef\xbb\xbf", &plain.1[..]].concat(),
            "trailing_garbage" => [&plain.1[..], b"}garbage"].concat(),
            "truncate_json" => plain.1[..9].to_vec(),
            "huge" => [&[b' '; 5000], &plain.1[..]].concat(),
            _ => plain.1.clone(),
        }
    };
    for (word, content, head_has, head_lacks) in [
        ("invalid_utf8", ResponseMutation::InvalidUtf8, "content-type: application/json", ""),
        ("byte_order_mark", ResponseMutation::ByteOrderMark, "content-type: application/json", ""),
        (
            "trailing_garbage",
            ResponseMutation::TrailingGarbage,
            "content-type: application/json",
            "",
        ),
        ("truncate_json", ResponseMutation::TruncateJson(9), "content-type: application/json", ""),
        ("huge", ResponseMutation::Huge(5000), "content-type: application/json", ""),
        (
            "content_type",
            ResponseMutation::ContentType("text/x".into()),
            "content-type: text/x\r\n",
            "json",
        ),
        ("no_content_type", ResponseMutation::NoContentType, "HTTP/1.1 200 OK", "content-type"),
        ("gzip_corrupt", ResponseMutation::GzipCorrupt, "content-encoding: gzip\r\n", ""),
        ("huge_header", ResponseMutation::HugeHeader(70_000), &"x".repeat(70_000), ""),
    ] {
        let world = server.world();
        world.add_fault(Fault::at(RequestKind::Any).nth(1).mutate(content));
        let (bytes, end) = raw(&world, &once(&balance(&world))).await;
        let (head, found) = split(&bytes);
        assert_eq!(found, body(word), "{word}");
        assert!(head.contains(&format!("content-length: {}\r\n", found.len())), "{word}: {head}");
        assert!(head.contains(head_has), "{word}: {head}");
        assert!(head_lacks.is_empty() || !head.contains(head_lacks), "{word}: {head}");
        assert_eq!(end, End::Fin, "{word}: as the client asked for");
        assert_eq!(world.journal()[0].termination, Termination::Complete, "{word}");
    }
}

/// The same request, after whose answer the server closes.
fn once(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    text.replacen("\r\n", "\r\nConnection: close\r\n", 1).into_bytes()
}
