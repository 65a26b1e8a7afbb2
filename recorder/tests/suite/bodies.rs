//! Bodies that are not plain JSON: compressed ones, and forms with files.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use viseme_recorder::Recorder;
use viseme_recorder::recording::{Endpoint, OmitReason, RecordedBody, RecordedField};

use crate::support::{MODEL, PATIENCE, Stage, config, finish, http, input, sample};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// A service that answers each request with the next of these bodies. Returns its URL and, at the end, the heads of the
/// requests.
async fn service(
    bodies: Vec<(&'static str, Vec<u8>)>,
) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut heads = Vec::new();
        for (encoding, body) in bodies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut request = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            stream.read_exact(&mut request).await.unwrap();
            heads.push(head);
            let response = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: {encoding}\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(response.as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
        }
        heads
    });
    (url, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_responses_are_read_and_what_cannot_be_read_passes_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let job = |status: &str, outputs: &[&str]| {
        let data = json!({"id": "job-1", "status": status, "outputs": outputs, "model": MODEL});
        json!({"code": 200, "message": "success", "data": data}).to_string().into_bytes()
    };
    let whole = gzip(&job("processing", &[]));
    let broken = whole[..whole.len() / 2].to_vec();
    // Much larger than what is read into memory.
    let bomb = gzip(&vec![b' '; 65 * 1024 * 1024]);
    let brotli = vec![0x8b, 0x02, 0x80, 0xff, 0x03];
    let output = "https://files.example/output.mp4?X-Amz-Signature=0123456789abcdef";
    let (url, served) = service(vec![
        ("gzip", gzip(&job("created", &[]))),
        ("gzip", broken.clone()),
        ("br", brotli.clone()),
        ("gzip", bomb.clone()),
        ("gzip", gzip(&job("completed", &[output]))),
    ])
    .await;
    let recorder = Recorder::builder(config(&url), folder.path().join("recording"));
    // The recorder's own polls would take the responses of the others.
    let recorder = recorder.poll_limit(std::time::Duration::ZERO).start().await.unwrap();
    let http = http();
    let read = async |request: reqwest::RequestBuilder| {
        let request = request.header("accept-encoding", "gzip, br").bearer_auth("mock-secret-key");
        let response = request.timeout(PATIENCE).send().await.unwrap();
        let encoding = response.headers().get("content-encoding");
        let encoding = encoding.map(|value| value.to_str().unwrap().to_owned());
        (encoding, response.bytes().await.unwrap())
    };
    let submit = http.post(format!("{}/api/v3/{MODEL}", recorder.url())).json(&input());
    let (encoding, submitted) = read(submit).await;
    assert_eq!(encoding, None, "the recorder decompressed it");
    assert_eq!(serde_json::from_slice::<Value>(&submitted).unwrap()["data"]["id"], "job-1");
    let poll = format!("{}/api/v3/predictions/job-1/result", recorder.url());
    for (expected, bytes) in [("gzip", &broken), ("br", &brotli), ("gzip", &bomb)] {
        let (encoding, body) = read(http.get(&poll)).await;
        assert_eq!(encoding.as_deref(), Some(expected));
        assert!(body == *bytes, "{} bytes in place of {}", body.len(), bytes.len());
    }
    let (encoding, body) = read(http.get(&poll)).await;
    assert_eq!(encoding, None);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let rewritten = body["data"]["outputs"][0].as_str().unwrap();
    assert!(rewritten.starts_with(&format!("{}/_recorder/https/", recorder.url())), "{rewritten}");

    let (text, recording) = finish(recorder);
    assert!(!text.contains("0123456789abcdef") && !text.contains("mock-secret-key"), "{text}");
    let bodies: Vec<&RecordedBody> = recording
        .exchanges
        .iter()
        .map(|exchange| &exchange.response.as_ref().unwrap().body)
        .collect();
    let omitted =
        |bytes: usize| RecordedBody::Omitted { reason: OmitReason::Binary, bytes: bytes as u64 };
    let [RecordedBody::Json { .. }, half, unread, large, RecordedBody::Json { value }] = bodies[..]
    else {
        panic!("{bodies:?}");
    };
    assert_eq!([half, unread, large], [&omitted(broken.len()), &omitted(5), &omitted(bomb.len())]);
    assert_eq!(value["data"]["status"], "completed");
    assert_eq!(recording.jobs[0].outcome.as_ref().unwrap().status, "completed");
    for head in served.await.unwrap() {
        assert!(head.contains("accept-encoding: gzip\r\n"), "it can read nothing else: {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_are_recorded_as_hashes_and_sizes() {
    let stage = Stage::new("").await;
    let recorder = stage.builder().keep_media(true).start().await.unwrap();
    let api = stage.api(&recorder.url());
    let voice = std::fs::read(sample("voice.mp3")).unwrap();
    let mut form = b"--boundary-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"Mary's voice.mp3\"\r\n\
          Content-Type: audio/mpeg\r\n\r\n"
        .to_vec();
    form.extend_from_slice(&voice);
    form.extend_from_slice(b"\r\n--boundary-1--\r\n");
    let upload = api
        .http
        .post(api.url("media/upload/binary"))
        .bearer_auth(&api.key)
        .header("content-type", "multipart/form-data; boundary=boundary-1")
        .body(form.clone())
        .timeout(PATIENCE);
    let response: Value = upload.send().await.unwrap().json().await.unwrap();
    let url = response["data"]["download_url"].as_str().unwrap();
    assert!(url.starts_with(&recorder.url()), "{response}");
    let stored = api.http.get(url).timeout(PATIENCE).send().await.unwrap();
    assert!(stored.bytes().await.unwrap() == voice, "the service got all of it");

    let (_, recording) = finish(recorder);
    let exchange =
        recording.exchanges.iter().find(|exchange| exchange.endpoint == Endpoint::MultipartUpload);
    let field = RecordedField {
        name: "file".to_owned(),
        content_type: Some("audio/mpeg".to_owned()),
        sha256: sha256(&voice),
        bytes: voice.len() as u64,
    };
    let expected =
        RecordedBody::Form { sha256: sha256(&form), bytes: form.len() as u64, fields: vec![field] };
    let request = &exchange.unwrap().request;
    assert_eq!(request.body, expected);
    let request = serde_json::to_string(request).unwrap();
    assert!(!request.contains("Mary"), "the name of a file is its user's: {request}");
    let media = &recording.media[&sha256(&voice)];
    assert_eq!(media.container.as_deref(), Some("mp3"));
    let [url] = media.urls.as_slice() else { panic!("{media:?}") };
    assert!(url.starts_with(stage.world.base_url()) && !url.contains('?'), "{url}");
    let kept = std::fs::read(stage.out().join(media.file.as_ref().unwrap())).unwrap();
    assert!(kept == voice);
}
