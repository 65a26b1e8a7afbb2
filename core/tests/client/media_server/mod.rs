//! A web server that serves media with or without faults, and records its requests.

pub mod check;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request, and how much of its response was sent.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Bytes of the response's body.
    pub sent: usize,
}

impl ReceivedRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the requested range.
    pub fn range(&self, size: usize) -> Option<std::ops::Range<usize>> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        let end = last.parse::<usize>().ok()?.saturating_add(1).min(size);
        Some(first.parse().ok()?..end)
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Nothing is sent.
    pub is_silent: bool,
    /// The connection stays open after the body.
    pub stalls: bool,
}

impl Response {
    pub fn new(status: u16, body: &[u8]) -> Self {
        let headers = vec![("content-length".to_owned(), body.len().to_string())];
        Self { status, headers, body: body.to_vec(), is_silent: false, stalls: false }
    }

    /// Returns the response of a server that supports ranges.
    pub fn ranged(request: &ReceivedRequest, file: &[u8]) -> Self {
        match request.range(file.len()) {
            None => Self::new(200, file),
            Some(range) if range.is_empty() => {
                Self::new(416, b"").header("content-range", format!("bytes */{}", file.len()))
            }
            Some(range) => {
                let span = format!("bytes {}-{}/{}", range.start, range.end - 1, file.len());
                Self::new(206, &file[range]).header("content-range", span)
            }
        }
    }

    pub fn redirect(to: impl Into<String>) -> Self {
        Self::new(302, b"").header("location", to)
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Truncates the body.
    pub fn cut(mut self, length: usize) -> Self {
        self.body.truncate(length);
        self
    }

    pub fn silent(mut self) -> Self {
        self.is_silent = true;
        self
    }

    pub fn stalling(mut self) -> Self {
        self.stalls = true;
        self
    }
}

type Respond = Arc<dyn Fn(&ReceivedRequest) -> Response + Send + Sync>;

/// A server on a free port of this machine, stopped when it is dropped.
pub struct MediaServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    task: JoinHandle<()>,
}

impl MediaServer {
    pub async fn start(
        respond: impl Fn(&ReceivedRequest) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::<Mutex<Vec<ReceivedRequest>>>::default();
        let (respond, log): (Respond, _) = (Arc::new(respond), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&respond), Arc::clone(&log)));
            }
        });
        Self { address, requests, task }
    }

    /// Serves one file, with ranges.
    pub async fn of(file: Vec<u8>) -> Self {
        Self::start(move |request| Response::ranged(request, &file)).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns every request so far.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for MediaServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves one request per connection.
async fn serve(mut stream: TcpStream, respond: Respond, log: Arc<Mutex<Vec<ReceivedRequest>>>) {
    let Some(mut request) = read_request(&mut stream).await else { return };
    let response = respond(&request);
    let mut head = format!("HTTP/1.1 {} It\r\nconnection: close\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let body = if request.method == "HEAD" { &[][..] } else { &response.body[..] };
    request.sent = body.len();
    log.lock().unwrap().push(request);
    if response.is_silent {
        return std::future::pending().await;
    }
    // The client may have closed the connection.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
    if response.stalls {
        return std::future::pending().await;
    }
    let _ = stream.shutdown().await;
    // Closing with unread bytes would reset the connection.
    let _ = stream.read(&mut [0; 16]).await;
}

async fn read_request(stream: &mut TcpStream) -> Option<ReceivedRequest> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(head).ok()?;
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(ReceivedRequest { method, path, headers, sent: 0 })
}
