//! A service over HTTP/2 and TLS that closes connections and refuses requests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use viseme::{Client, Config, ErrorKind};

use crate::support::{FastClock, remote_input};

const JOB: &str =
    r#"{"code":200,"data":{"id":"job1","status":"created","balance":1,"outputs":[]}}"#;

/// What happens to the first submit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    Accepted,
    /// `RST_STREAM` with this reason.
    Reset(h2::Reason),
    /// `GOAWAY` with stream 0 as the last one that was processed.
    Goaway,
    /// The connection is closed without a frame.
    Closed,
}

struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    submits: Arc<AtomicUsize>,
}

fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client/certificates").join(name)
}

fn acceptor() -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_file(certificate("localhost.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate("localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

impl Server {
    async fn start(first: First) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, submits) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (opened, received) = (Arc::clone(&connections), Arc::clone(&submits));
        let acceptor = acceptor();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let is_first = opened.fetch_add(1, Ordering::SeqCst) == 0;
                let (acceptor, received) = (acceptor.clone(), Arc::clone(&received));
                tokio::spawn(async move {
                    let stream = acceptor.accept(stream).await.unwrap();
                    match first {
                        First::Goaway | First::Closed if is_first => {
                            refuse(stream, first, &received).await;
                        }
                        _ => serve(stream, first, &received).await,
                    }
                });
            }
        });
        Self { address, connections, submits }
    }

    fn client(&self) -> Client {
        let config = Config::builder()
            .ignore_env()
            .base_url(format!("https://{}", self.address))
            .api_key("test-key-1234")
            .ca_bundle(certificate("localhost.pem"))
            .check_remote_media(false)
            .recovery_window(Duration::ZERO)
            .build()
            .unwrap();
        Client::with_clock(config, Arc::new(FastClock::default())).unwrap()
    }

    fn counts(&self) -> (usize, usize) {
        (self.submits.load(Ordering::SeqCst), self.connections.load(Ordering::SeqCst))
    }
}

/// Serves all requests of a connection.
async fn serve(stream: TlsStream<TcpStream>, first: First, submits: &AtomicUsize) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let is_submit = request.uri().path().starts_with("/api/v3/kwaivgi");
        if is_submit
            && submits.fetch_add(1, Ordering::SeqCst) == 0
            && let First::Reset(reason) = first
        {
            respond.send_reset(reason);
            continue;
        }
        let response = http::Response::builder().status(200).body(()).unwrap();
        let mut body = respond.send_response(response, false).unwrap();
        body.send_data(Bytes::from_static(JOB.as_bytes()), true).unwrap();
    }
}

/// Reads a submit and ends the connection.
async fn refuse(mut stream: TlsStream<TcpStream>, first: First, submits: &AtomicUsize) {
    const HEADERS: u8 = 1;
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    // Type 7; the last stream is 0, the reason NO_ERROR.
    const GOAWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    stream.write_all(SETTINGS).await.unwrap();
    let mut head = [0; 9];
    while head[3] != HEADERS {
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await.unwrap();
    }
    submits.fetch_add(1, Ordering::SeqCst);
    if first == First::Goaway {
        stream.write_all(GOAWAY).await.unwrap();
        stream.flush().await.unwrap();
        // The client closes the connection.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

#[tokio::test]
async fn a_submit_that_the_server_proves_unprocessed_is_sent_again() {
    for (first, connections) in [(First::Reset(h2::Reason::REFUSED_STREAM), 2), (First::Goaway, 2)]
    {
        let server = Server::start(first).await;
        assert_eq!(server.client().submit(remote_input()).await.unwrap().id(), "job1", "{first:?}");
        let (submits, opened) = server.counts();
        assert_eq!(submits, 2, "{first:?}");
        assert!(opened <= connections, "{first:?}");
    }
}

#[tokio::test]
async fn a_submit_that_may_have_been_processed_is_not_sent_again() {
    for first in
        [First::Reset(h2::Reason::INTERNAL_ERROR), First::Reset(h2::Reason::CANCEL), First::Closed]
    {
        let server = Server::start(first).await;
        let error = server.client().submit(remote_input()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SubmissionUnknown, "{first:?}: {error}");
        assert_eq!(server.counts().0, 1, "{first:?}");
    }
}

#[tokio::test]
async fn submits_share_the_connection_of_recent_responses() {
    let server = Server::start(First::Accepted).await;
    let client = server.client();
    client.balance().await.unwrap();
    for _ in 0..3 {
        client.submit(remote_input()).await.unwrap();
    }
    assert_eq!(server.counts(), (3, 1));
}
