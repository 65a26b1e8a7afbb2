//! A web server that serves media well or badly, and counts what it is asked for.

pub mod check;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request, and how much of an answer it got.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Bytes of the answer's body.
    pub sent: usize,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first byte that is wanted, and the one behind the last.
    pub fn range(&self, size: usize) -> Option<std::ops::Range<usize>> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        let end = last.parse::<usize>().ok()?.saturating_add(1).min(size);
        Some(first.parse().ok()?..end)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// An answer that never begins.
    pub is_silent: bool,
    /// The body stands still at its end.
    pub stalls: bool,
}

impl Reply {
    pub fn new(status: u16, body: &[u8]) -> Self {
        let headers = vec![("content-length".to_owned(), body.len().to_string())];
        Self { status, headers, body: body.to_vec(), is_silent: false, stalls: false }
    }

    /// As a server that knows ranges.
    pub fn ranged(asked: &Asked, file: &[u8]) -> Self {
        match asked.range(file.len()) {
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

    /// Ends the body before its time.
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

type Answer = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// A server on a free port of this machine, gone with the test.
pub struct MediaServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl MediaServer {
    pub async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (answer, log): (Answer, _) = (Arc::new(answer), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        Self { address, asked, task }
    }

    /// Serves one file to whoever asks, with ranges.
    pub async fn of(file: Vec<u8>) -> Self {
        Self::start(move |asked| Reply::ranged(asked, &file)).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for MediaServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request a connection.
async fn serve(mut stream: TcpStream, answer: Answer, log: Arc<Mutex<Vec<Asked>>>) {
    let Some(mut asked) = request(&mut stream).await else { return };
    let reply = answer(&asked);
    let mut head = format!("HTTP/1.1 {} It\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let body = if asked.method == "HEAD" { &[][..] } else { &reply.body[..] };
    asked.sent = body.len();
    log.lock().unwrap().push(asked);
    if reply.is_silent {
        return std::future::pending().await;
    }
    // The client may have heard enough.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
    if reply.stalls {
        return std::future::pending().await;
    }
    let _ = stream.shutdown().await;
    // Closing with unread bytes would reset the connection.
    let _ = stream.read(&mut [0; 16]).await;
}

async fn request(stream: &mut TcpStream) -> Option<Asked> {
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
    Some(Asked { method, path, headers, sent: 0 })
}
