//! Faults on the wire, byte by byte as the client's socket sees them.

use std::time::{Duration, Instant};

use viseme_mock::scenario::{ResponseMutation, Span};
use viseme_mock::{Fault, MockServer, RequestKind, Termination, WireFault as Word, World};

use crate::support::{Api, End, PATIENCE, Wire, eventually, raw, request, split, submit_request};

const QUIET: Duration = Duration::from_millis(400);

fn balance(world: &World) -> Vec<u8> {
    request(world, "GET", "/api/v3/balance", "")
}

/// Returns a world with this fault at every request.
async fn broken(server: &MockServer, word: Word) -> World {
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Any).nth(1).wire(word));
    world
}

#[tokio::test]
async fn reset_sends_no_byte_before_the_reset() {
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
async fn close_sends_no_byte_before_the_end() {
    let server = MockServer::start().await.unwrap();
    let world = broken(&server, Word::Close).await;
    let (bytes, end) = raw(&world, &balance(&world)).await;
    assert_eq!((bytes.len(), end), (0, End::Fin));
    assert_eq!(world.journal()[0].termination, Termination::Closed);
}

#[tokio::test]
async fn reset_at_and_fin_at_break_at_the_exact_byte() {
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
            assert!(head.contains(&length), "the head announces the whole body: {head}");
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
async fn stall_at_leaves_the_connection_open() {
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
async fn silence_sends_nothing_and_stays_open() {
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
async fn drip_sends_the_whole_body_byte_by_byte() {
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
async fn delay_comes_after_the_effect_of_the_request() {
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
    assert_eq!(world.ledger().orphaned, 1, "no client knows it yet");
    waiting.await.unwrap();
    assert!(began.elapsed() >= pause);
    assert_eq!(world.ledger().orphaned, 0);
}

#[tokio::test]
async fn a_fault_affects_one_connection() {
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
async fn pipelined_requests_get_responses_in_order() {
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
async fn wire_faults_affect_file_downloads() {
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
    // A HEAD response has no body to break.
    let head = request(&world, "HEAD", path, "");
    let (bytes, end) = tokio::time::timeout(PATIENCE, raw(&world, &head)).await.unwrap();
    assert_eq!((split(&bytes).1.len(), end), (0, End::Fin));
}

#[tokio::test]
async fn wrong_length_changes_only_the_head() {
    let server = MockServer::start().await.unwrap();
    let (_, body) = {
        let world = server.world();
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&balance(&world)).await;
        split(&wire.read(QUIET).await.0)
    };
    for (more, reported, come, expected) in [
        (7, body.len() + 7, body.len(), End::Fin),
        (-3, body.len() - 3, body.len() - 3, End::Open),
        (-10_000, 0, 0, End::Open),
    ] {
        let world = broken(&server, Word::WrongLength(more)).await;
        let mut wire = Wire::to(world.base_url()).await;
        wire.send(&balance(&world)).await;
        let (bytes, end) = wire.read(QUIET).await;
        let (head, found) = split(&bytes);
        assert!(head.contains(&format!("content-length: {reported}\r\n")), "{head}");
        assert_eq!((&found[..], end), (&body[..come], expected), "{more}");
        assert_eq!(world.journal()[0].termination, Termination::Complete);
    }
}

#[tokio::test]
async fn slow_accept_comes_before_the_effect_of_the_request() {
    let server = MockServer::start().await.unwrap();
    let pause = Duration::from_millis(600);
    let slow = || Fault::at(RequestKind::Submit).wire(Word::SlowAccept(Span(pause)));
    let world = server.world();
    world.add_fault(slow());
    let began = Instant::now();
    Api::of(&world).submit().await;
    assert!(began.elapsed() >= pause);
    assert_eq!(world.jobs().len(), 1);

    // A client that disconnects before has submitted nothing.
    let world = server.world();
    world.add_fault(slow());
    let mut wire = Wire::to(world.base_url()).await;
    wire.send(&submit_request(&world)).await;
    drop(wire);
    tokio::time::sleep(pause + QUIET).await;
    assert!(world.jobs().is_empty());
}

#[tokio::test]
async fn mutated_responses_on_the_wire() {
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
        let length = format!("content-length: {}", found.len());
        assert!(head.lines().any(|line| line == length), "{word}: {head}");
        assert!(head.contains(head_has), "{word}: {head}");
        assert!(head_lacks.is_empty() || !head.contains(head_lacks), "{word}: {head}");
        assert_eq!(end, End::Fin, "{word}: as the client requested");
        assert_eq!(world.journal()[0].termination, Termination::Complete, "{word}");
    }
}

/// Returns the same request with `Connection: close`.
fn once(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    text.replacen("\r\n", "\r\nConnection: close\r\n", 1).into_bytes()
}
