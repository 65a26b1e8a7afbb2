//! Servers and networks that misbehave, with real sockets.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use viseme::{Client, Config, ErrorKind, Media, Prediction, Status, SubmitRecord};

use crate::support::{FACE, FastClock, remote_input};

const JOB: &str = r#"{"code":200,"data":{"id":"job1","status":"created","outputs":[]}}"#;

/// The response of a server.
enum Response {
    /// These bytes, and the connection stays open.
    Keep(Vec<u8>),
    /// These bytes, and the connection is closed.
    Close(Vec<u8>),
    /// The connection is reset.
    Reset,
}

/// A received request.
#[derive(Clone, Debug)]
struct Request {
    line: String,
    /// The number of the request on its connection, from 1.
    on_connection: usize,
}

struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    async fn start(
        response: impl Fn(&Request, SocketAddr) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, response) = (Arc::clone(&requests), Arc::new(response));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, response) = (Arc::clone(&log), Arc::clone(&response));
                tokio::spawn(async move { serve(stream, address, &log, response.as_ref()).await });
            }
        });
        Self { address, requests }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    fn count(&self, start: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|it| it.line.starts_with(start)).count()
    }

    fn client(&self) -> Client {
        let config = Config::builder().ignore_env().base_url(self.url("")).api_key("test-key-1234");
        let config = config
            .check_remote_media(false)
            .recovery_window(Duration::ZERO)
            .build()
            .expect("a configuration");
        Client::with_clock(config, Arc::new(FastClock::default())).expect("a client")
    }
}

async fn serve(
    mut stream: TcpStream,
    address: SocketAddr,
    log: &Mutex<Vec<Request>>,
    response: &(dyn Fn(&Request, SocketAddr) -> Response + Send + Sync),
) {
    for on_connection in 1.. {
        let Some(line) = read_request(&mut stream).await else { return };
        let request = Request { line, on_connection };
        log.lock().unwrap().push(request.clone());
        match response(&request, address) {
            Response::Keep(bytes) => stream.write_all(&bytes).await.unwrap_or_default(),
            Response::Close(bytes) => {
                stream.write_all(&bytes).await.unwrap_or_default();
                let _ = stream.shutdown().await;
                return;
            }
            Response::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
        }
    }
}

/// Reads a request with its body and returns its first line.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8_lossy(&bytes).lines().next().map(str::to_owned)
}

fn response_bytes(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len())
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn json(body: &str) -> Response {
    Response::Keep(response_bytes(200, "Content-Type: application/json\r\n", body.as_bytes()))
}

fn presigned(address: SocketAddr) -> Response {
    json(&format!(
        r#"{{"code":200,"data":{{"download_url":"http://{address}/f.mp4",
        "upload":{{"method":"PUT","url":"http://{address}/put","headers":{{}}}}}}}}"#
    ))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_submit_uses_no_connection_that_was_idle_for_a_second_or_that_polls_use() {
    let server = Server::start(|request, _| match request.line.as_str() {
        line if line.starts_with("POST /api/v3/kwaivgi") && request.on_connection > 1 => {
            Response::Reset
        }
        line if line.starts_with("POST /api/v3/kwaivgi") => json(JOB),
        _ => json(r#"{"code":200,"data":{"balance":1}}"#),
    })
    .await;
    let client = server.client();
    client.balance().await.unwrap();
    assert_eq!(client.submit(remote_input()).await.unwrap().id(), "job1");
    client.balance().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(client.submit(remote_input()).await.unwrap().id(), "job1");
    assert_eq!(server.count("POST /api/v3/kwaivgi"), 2);
}

#[tokio::test]
async fn submits_one_after_the_other_share_a_connection() {
    let server = Server::start(|_, _| json(JOB)).await;
    let client = server.client();
    for _ in 0..5 {
        client.submit(remote_input()).await.unwrap();
    }
    let numbers: Vec<_> =
        server.requests.lock().unwrap().iter().map(|request| request.on_connection).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_submit_after_a_failed_request_opens_a_connection() {
    let server = Server::start(|request, _| match request.line.as_str() {
        line if line.starts_with("POST /api/v3/kwaivgi") => json(JOB),
        _ => Response::Reset,
    })
    .await;
    let client = server.client();
    client.submit(remote_input()).await.unwrap();
    client.balance().await.unwrap_err();
    client.submit(remote_input()).await.unwrap();
    let requests = server.requests.lock().unwrap();
    assert!(requests.iter().all(|request| request.on_connection == 1), "{requests:?}");
}

#[tokio::test]
async fn a_submit_notices_that_the_server_closed_the_connection() {
    let server = Server::start(|_, _| {
        Response::Close(response_bytes(200, "Content-Type: application/json\r\n", JOB.as_bytes()))
    })
    .await;
    let client = server.client();
    for _ in 0..3 {
        client.submit(remote_input()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 3, "each was sent once");
}

#[tokio::test]
async fn an_id_that_arrived_before_the_connection_broke_is_a_job() {
    let server = Server::start(|_, _| {
        let head = b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n";
        Response::Close([&head[..], br#"{"code":200,"data":{"id":"job1","status":"cre"#].concat())
    })
    .await;
    assert_eq!(server.client().submit(remote_input()).await.unwrap().id(), "job1");
}

#[tokio::test]
async fn compressed_responses_are_decompressed() {
    let server = Server::start(|_, _| {
        Response::Keep(response_bytes(200, "Content-Encoding: gzip\r\n", &gzip(JOB.as_bytes())))
    })
    .await;
    assert_eq!(server.client().submit(remote_input()).await.unwrap().id(), "job1");
}

#[tokio::test]
async fn an_upload_follows_a_redirect_of_the_storage_and_reports_its_error() {
    const SKEW: &[u8] = b"<Error><Code>RequestTimeTooSkewed</Code></Error>";
    const TOO_LARGE: &[u8] = b"<html><title>413 Request Entity Too Large</title></html>";
    let media = || Media::bytes("face.mp4", FACE);
    let server = Server::start(|request, address| match request.line.as_str() {
        line if line.starts_with("POST") => presigned(address),
        line if line.starts_with("PUT /put2") => Response::Keep(response_bytes(200, "", b"")),
        _ => Response::Keep(response_bytes(307, "Location: /put2\r\n", b"")),
    })
    .await;
    server.client().upload(media()).await.unwrap();
    assert_eq!((server.count("PUT /put "), server.count("PUT /put2")), (1, 1));

    for (status, body, word, puts) in
        [(403, SKEW, "RequestTimeTooSkewed", 2..10), (413, TOO_LARGE, "413", 1..2)]
    {
        let server = Server::start(move |request, address| {
            if request.line.starts_with("POST") {
                presigned(address)
            } else {
                Response::Keep(response_bytes(status, "", body))
            }
        })
        .await;
        let error = server.client().upload(media()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upload);
        assert!(error.message().contains(word), "{error}");
        assert!(puts.contains(&server.count("PUT")), "{status}: {}", server.count("PUT"));
    }

    // From this machine to another.
    let server = Server::start(|request, address| {
        if request.line.starts_with("POST") {
            presigned(address)
        } else {
            Response::Keep(response_bytes(307, "Location: http://storage.example/x\r\n", b""))
        }
    })
    .await;
    let error = server.client().upload(media()).await.unwrap_err();
    assert!(error.message().contains("a host of another kind"), "{error}");
}

#[tokio::test]
async fn a_download_that_is_no_video_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x.mp4");
    let half = FACE[..65536].to_vec();
    let close = |body: Vec<u8>| {
        Response::Close(
            [&b"HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\n\r\n"[..], &body].concat(),
        )
    };
    type Case = (&'static str, Box<dyn Fn() -> Response + Send + Sync>);
    let cases: Vec<Case> = vec![
        (
            "a web page",
            Box::new(|| {
                Response::Keep(response_bytes(
                    200,
                    "Content-Type: text/html\r\n",
                    b"<html><title>Login</title>",
                ))
            }),
        ),
        (
            "AccessDenied",
            Box::new(|| {
                Response::Keep(response_bytes(
                    200,
                    "",
                    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
                ))
            }),
        ),
        (
            "an empty file",
            Box::new(|| Response::Keep(response_bytes(200, "Content-Type: video/mp4\r\n", b""))),
        ),
        (
            "gzip",
            Box::new(|| {
                Response::Keep(response_bytes(200, "Content-Encoding: gzip\r\n", &gzip(FACE)))
            }),
        ),
        ("truncated", Box::new(move || close(half.clone()))),
        (
            "another range",
            Box::new(|| {
                let headers = format!("Content-Range: bytes 0-9999/{}\r\n", FACE.len());
                Response::Keep(response_bytes(206, &headers, &FACE[..10_000]))
            }),
        ),
    ];
    for (word, response) in cases {
        let server = Server::start(move |_, _| response()).await;
        let error = server.client().download(server.url("x.mp4"), &to).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Download);
        assert!(error.message().contains(word), "{word}: {error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{word}");
    }
}

#[tokio::test]
async fn a_part_that_was_not_requested_is_completed() {
    let requests = AtomicUsize::new(0);
    let server = Server::start(move |_, _| {
        let total = FACE.len();
        let (start, end) = if requests.fetch_add(1, Ordering::Relaxed) == 0 {
            (0, 10_000)
        } else {
            (10_000, total)
        };
        let last = end - 1;
        let headers = format!("ETag: \"a\"\r\nContent-Range: bytes {start}-{last}/{total}\r\n");
        Response::Keep(response_bytes(206, &headers, &FACE[start..end]))
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let saved = server.client().download(server.url("x.mp4"), folder.path()).await.unwrap();
    assert_eq!(std::fs::read(saved.path).unwrap(), FACE);
}

#[tokio::test]
async fn all_outputs_of_a_job_are_downloaded() {
    let server = Server::start(|_, _| Response::Keep(response_bytes(200, "", FACE))).await;
    let mut prediction = Prediction::new("job1", Status::Completed);
    let output = |name: &str| viseme::Output::Url(server.url(name));
    prediction.outputs =
        vec![output("a.mp4"), output("b.mov"), viseme::Output::Text("a transcript".to_owned())];
    let client = server.client();
    let folder = tempfile::tempdir().unwrap();
    for (to, expected) in [
        (folder.path().to_owned(), ["a.mp4", "b.mov", "output.txt"]),
        (folder.path().join("x.mp4"), ["x.mp4", "x-2.mov", "x-3.txt"]),
    ] {
        let mut names = Vec::new();
        for download in client.download_outputs(&prediction, &to) {
            names.push(download.await.unwrap().path);
        }
        let names: Vec<&Path> =
            names.iter().map(|it| it.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, expected.map(Path::new));
    }
}

#[tokio::test]
async fn a_redirect_of_the_api_is_an_error_with_its_target() {
    let server = Server::start(|_, _| {
        Response::Keep(response_bytes(301, "Location: https://api.example/api/v3/x\r\n", b"<html>"))
    })
    .await;
    let error = server.client().submit(remote_input()).await.unwrap_err();
    assert!(error.message().contains("https://api.example/api/v3/x"), "{error}");
}

#[tokio::test]
async fn a_search_for_jobs_of_another_time_that_is_too_large_is_reported() {
    // Every page is full of jobs of two hours ago: too old for the record, too new to end a search of
    // the whole day.
    let created = jiff::Timestamp::now() - jiff::Span::new().hours(2);
    let items: Vec<_> = (0..100)
        .map(|number| {
            format!(r#"{{"id":"{number}","status":"completed","created_at":"{created}"}}"#)
        })
        .collect();
    let page = format!(r#"{{"code":200,"data":{{"items":[{}]}}}}"#, items.join(","));
    let server = Server::start(move |_, _| json(&page)).await;
    let input = serde_json::json!({"video": "https://media.example/face.mp4"});
    let record = SubmitRecord::new("kwaivgi/x", input, std::time::SystemTime::now());
    let error = server.client().recover(&record).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubmissionUnknown);
    let message = error.message();
    assert!(
        message.contains("could not be searched: The history has more than 50000 jobs"),
        "{message}"
    );
}
