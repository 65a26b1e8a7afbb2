//! A TCP proxy in front of the mock server.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A proxy. While it is closed, what the client sends does not reach the server.
pub struct Gate {
    pub address: SocketAddr,
    is_open: Arc<watch::Sender<bool>>,
}

impl Gate {
    pub async fn new(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let is_open = Arc::new(watch::Sender::new(true));
        let state = Arc::clone(&is_open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, server, state.subscribe()));
            }
        });
        Self { address, is_open }
    }

    pub fn close(&self) {
        self.is_open.send_replace(false);
    }

    pub fn open(&self) {
        self.is_open.send_replace(true);
    }
}

async fn forward(client: TcpStream, server: SocketAddr, mut is_open: watch::Receiver<bool>) {
    let Ok(upstream) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = from_client.read(&mut buffer).await {
        let sent = buffer.get(..read).unwrap_or_default();
        if read == 0 {
            break;
        }
        // What was sent while it was closed is never delivered.
        if !*is_open.borrow() {
            let _ = is_open.wait_for(|open| *open).await;
            break;
        }
        if to_server.write_all(sent).await.is_err() {
            break;
        }
    }
    back.abort();
}
