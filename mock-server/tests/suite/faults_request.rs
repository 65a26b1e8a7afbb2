//! Faults while the request is sent.

use std::time::Duration;

use viseme_mock::{Fault, MockServer, RequestKind, Termination, WireFault as Word};

use crate::support::{Api, End, Wire, submit_request};

#[tokio::test]
async fn never_read_body_stalls_the_upload() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Put).wire(Word::NeverReadBody));
    let api = Api::of(&world);
    let presigned = api.presign("a.mp4", "video/mp4", 100_000_000).await;
    let path = presigned["upload"]["url"].as_str().unwrap().strip_prefix(world.base_url()).unwrap();
    let mut wire = Wire::to(world.base_url()).await;
    let head =
        format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n");
    wire.send(head.as_bytes()).await;
    let chunk = vec![0; 1_000_000];
    // The buffers of both sides take a part of it. Then it stalls.
    let stuck = async {
        for _ in 0..100 {
            wire.send(&chunk).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(2), stuck).await.is_err(), "all was read");
    let entry = world.requests(RequestKind::Put).remove(0);
    assert_eq!((entry.termination, entry.body_bytes), (Termination::Open, 0));
}

#[tokio::test]
async fn close_mid_upload_resets_the_connection() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Put).nth(1).wire(Word::CloseMidUpload(10_000)));
    let api = Api::of(&world);
    let presigned = api.presign("a.mp4", "video/mp4", 50_000_000).await;
    let failed = api.put(&presigned, vec![1; 50_000_000]).send().await;
    assert!(failed.is_err(), "{failed:?}");
    let entry = world.requests(RequestKind::Put).remove(0);
    assert_eq!((entry.termination, entry.status), (Termination::Reset, None));
    let file = presigned["download_url"].as_str().unwrap();
    assert_eq!(api.http.get(file).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn an_incomplete_submit_creates_no_job() {
    let server = MockServer::start().await.unwrap();
    let world = server.world();
    world.add_fault(Fault::at(RequestKind::Submit).wire(Word::CloseMidUpload(1)));
    let mut wire = Wire::to(world.base_url()).await;
    let whole = submit_request(&world);
    wire.send(&whole[..whole.len() - 5]).await;
    let (bytes, end) = wire.read(crate::support::PATIENCE).await;
    assert_eq!((bytes.len(), end), (0, End::Reset));
    assert!(world.jobs().is_empty());
}
