//! Clients that leave, a service that fails, and requests that are refused.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use viseme_mock::RequestKind;
use viseme_recorder::recording::Endpoint;
use viseme_recorder::{Recorder, RecorderError};

use crate::support::{
    MODEL, PATIENCE, Stage, config, eventually, finish, http, input, response_of,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_submit_is_finished_when_its_client_is_gone() {
    let stage = Stage::new("faults: [{at: submit, do: {delay: 4s}}]").await;
    let recorder = stage.recorder().await;
    let body = input().to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", recorder.port())).await.unwrap();
    let request = format!(
        "POST /api/v3/{MODEL} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        recorder.port(),
        stage.world.key(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    eventually("the submit is in flight", || recorder.is_submitting()).await;
    drop(stream);
    tokio::time::timeout(PATIENCE, recorder.submits_answered()).await.unwrap();
    let (_, recording) = finish(recorder);
    assert_eq!(stage.world.ledger().charges.len(), 1);
    assert_eq!(recording.jobs.len(), 1);
    assert_eq!(recording.jobs[0].id, stage.world.jobs()[0].id);
    assert!(recording.exchanges[0].client_left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_be_reached_is_an_error_with_a_code() {
    // A port that nothing listens on.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let upstream = format!("http://127.0.0.1:{port}");
    let recorder =
        Recorder::builder(config(&upstream), folder.path().join("a")).start().await.unwrap();
    let request = http().post(format!("{}/api/v3/{MODEL}", recorder.url())).json(&input());
    let (status, body) = response_of(request).await;
    assert_eq!((status, &body["error_code"]), (502, &json!("recorder_upstream_unreachable")));
    let message = body["message"].as_str().unwrap();
    assert!(message.contains(&upstream) && message.ends_with("Nothing was sent."), "{message}");
    let (_, recording) = finish(recorder);
    assert!(recording.exchanges[0].failure.is_some() && recording.exchanges[0].response.is_none());
    assert_eq!(recording.jobs, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submit_without_a_response_is_sent_once() {
    let stage = Stage::new("faults: [{at: submit, when: after_accept, do: reset}]").await;
    let recorder = stage.recorder().await;
    let (status, body) = stage.api(&recorder.url()).post(MODEL, &input()).await;
    assert_eq!((status, &body["error_code"]), (502, &json!("recorder_upstream_failed")));
    assert!(body["message"].as_str().unwrap().contains("A job may exist"), "{body}");
    assert_eq!(stage.world.requests(RequestKind::Submit).len(), 1);
    finish(recorder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_breaks_off_breaks_off_for_the_client_too() {
    let stage = Stage::new("faults: [{at: history, do: {fin_at: 20}}]").await;
    let recorder = stage.recorder().await;
    let api = stage.api(&recorder.url());
    let page = json!({"page": 1, "page_size": 10});
    let request = api.http.post(api.url("predictions")).bearer_auth(&api.key).json(&page);
    let read = async { request.timeout(PATIENCE).send().await?.bytes().await };
    assert!(read.await.is_err());
    let (_, recording) = finish(recorder);
    let [exchange] = recording.exchanges.as_slice() else { panic!("{recording:?}") };
    assert_eq!(exchange.endpoint, Endpoint::History);
    assert!(exchange.failure.is_some(), "{exchange:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_hosts_and_pages_are_refused() {
    let stage = Stage::new("").await;
    let recorder = stage.recorder().await;
    let api = stage.api(&recorder.url());
    for (header, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
        let request = api.http.get(api.url("balance")).bearer_auth(&api.key).header(header, value);
        let (status, body) = response_of(request).await;
        assert_eq!((status, &body["error_code"]), (403, &json!("recorder_refused")), "{header}");
    }
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap();
    for path in
        [format!("/_recorder/http/{address}/secret"), "/_recorder/http/169.254.169.254/".to_owned()]
    {
        let (status, body) = response_of(api.http.get(format!("{}{path}", api.base))).await;
        assert_eq!((status, &body["error_code"]), (403, &json!("recorder_unknown_host")));
    }
    let accepted = tokio::time::timeout(Duration::from_millis(200), other.accept()).await;
    assert!(accepted.is_err(), "the recorder connected to a host that nobody named");
    assert_eq!(stage.world.requests(RequestKind::Other).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_other_hosts_pass_without_the_key() {
    let storage = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = storage.local_addr().unwrap();
    let url = format!("http://{address}/out%2Fput.mp4?X-Amz-Signature=0123456789abcdef%2B");
    let scenario = json!({
        "jobs": [{"timeline": [{"completed": "0s"}]}],
        "faults": [{"at": "poll", "do": {"merge": {"data": {"outputs": [url]}}}}],
    });
    let stage = Stage::new(&scenario.to_string()).await;
    let recorder = stage.recorder().await;
    let api = stage.api(&recorder.url());
    let id = api.submit().await;
    let (_, state) = api.get(&format!("predictions/{id}/result")).await;
    let output = state["data"]["outputs"][0].as_str().unwrap().to_owned();
    assert!(output.starts_with(&format!("{}/_recorder/http/{address}/", api.base)), "{output}");
    let served = tokio::spawn(async move {
        let (mut stream, _) = storage.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let response = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: 4\r\nconnection: close\r\n\r\nabcd";
        stream.write_all(response).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    let get = api.http.get(&output).bearer_auth(&api.key).timeout(PATIENCE).send().await.unwrap();
    assert_eq!(get.bytes().await.unwrap(), "abcd");
    let head = served.await.unwrap();
    assert!(
        head.starts_with("GET /out%2Fput.mp4?X-Amz-Signature=0123456789abcdef%2B HTTP/1.1"),
        "{head}"
    );
    assert!(!head.to_ascii_lowercase().contains("authorization"), "{head}");
    let (text, recording) = finish(recorder);
    assert!(!text.contains("0123456789abcdef"), "{text}");
    assert_eq!(recording.media.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_files_is_not_overwritten() {
    let stage = Stage::new("").await;
    std::fs::create_dir(stage.out()).unwrap();
    finish(stage.recorder().await);
    let again = stage.builder().start().await.err().unwrap();
    assert!(matches!(again, RecorderError::FolderInUse(_)), "{again}");
    // Nothing else is left beside it.
    let names: Vec<_> = std::fs::read_dir(stage.folder.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(names, ["recording"]);
    let path = Recorder::builder(
        config(&format!("{}/v1", stage.server.url())),
        stage.folder.path().join("b"),
    );
    assert!(matches!(path.start().await.err().unwrap(), RecorderError::Upstream(_)));
}
