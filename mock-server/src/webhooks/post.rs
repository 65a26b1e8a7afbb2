//! One delivery over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, Uri};
use http_body_util::Full;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};

/// How long the receiver may take, in real time. How long the service waits is not known.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts the body, and gives the answer's status, or why there is none. Only this machine is
/// called, unless `remote`.
pub(super) async fn post(
    url: &str,
    headers: &[(&'static str, String)],
    body: Bytes,
    remote: bool,
) -> Result<u16, String> {
    let posting = tokio::time::timeout(PATIENCE, attempt(url, headers, body, remote));
    posting.await.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}

async fn attempt(
    url: &str,
    headers: &[(&'static str, String)],
    body: Bytes,
    remote: bool,
) -> Result<u16, String> {
    let uri: Uri = url.parse().map_err(|_| "what was given is not a URL".to_owned())?;
    if uri.scheme_str() != Some("http") {
        return Err("the mock server delivers over plain http alone".to_owned());
    }
    let authority = uri.authority().ok_or("the URL has no host")?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = authority.port_u16().unwrap_or(80);
    let text = |error: std::io::Error| error.to_string();
    // The very address that was judged is called: a name may lead elsewhere the next time.
    let address = lookup_host((host, port))
        .await
        .map_err(text)?
        .find(|address| remote || address.ip().is_loopback())
        .ok_or("the mock server delivers to this machine alone, unless it is told otherwise")?;
    let stream = TcpStream::connect(address).await.map_err(text)?;

    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(HOST, authority.as_str())
        .header(USER_AGENT, concat!("viseme-mock/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;

    let text = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(text)?;
    let mut answer = std::pin::pin!(sender.send_request(request));
    let status = tokio::select! {
        answer = &mut answer => answer,
        // The connection may end in the same breath as the answer comes.
        _ = connection => answer.await,
    };
    status.map(|answer| answer.status().as_u16()).map_err(text)
}
