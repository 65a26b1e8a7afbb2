//! The server: it listens, and serves the APIs on each connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::access::CONTROL_PATH;
use crate::addresses::Addresses;
use crate::connection::Connection;
use crate::context::{Peer, ServerContext};
use crate::gate::Gate;
use crate::scenario::{OutputMode, Scenario};
use crate::world::World;
use crate::world::registry::WorldRegistry;
use crate::{api, control, pages};

/// How long a client may pause within a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How many connections can be open at once. Further ones wait.
const MAX_CONNECTIONS: usize = 20_000;

/// A running mock server; it stops when dropped.
pub struct MockServer {
    server: Arc<ServerContext>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// Configures a mock server.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    address: Option<SocketAddr>,
    scenario: Scenario,
    output: OutputMode,
    remote_webhooks: bool,
    public_url: Option<String>,
    allowed_hosts: Vec<String>,
    cors_origins: Vec<String>,
    request_timeout: Option<Duration>,
    playground_url: Option<String>,
}

impl Builder {
    /// Listens on this port of the loopback interface; by default on a free one.
    pub fn port(self, port: u16) -> Self {
        self.address(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Listens on this address. Other machines can connect to any but a loopback address.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Sets the scenario of the default world.
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenario = scenario;
        self
    }

    /// Sets the output of lip-sync jobs in all worlds whose scenario does not say. By default it is the
    /// video as it was uploaded, byte for byte: what tests can compare.
    pub fn output(mut self, output: OutputMode) -> Self {
        self.output = output;
        self
    }

    /// Allows webhooks to other machines. By default they are sent to this machine only.
    pub fn remote_webhooks(mut self, allow: bool) -> Self {
        self.remote_webhooks = allow;
        self
    }

    /// Puts this URL into responses, such as `http://mock:8080`. By default the URLs in a response have
    /// the host that the client used.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Accepts this name in the `Host` header, besides names of this machine. A server that listens
    /// for other machines also accepts addresses and names without a public domain.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.allowed_hosts.push(name.into());
        self
    }

    /// Allows web pages of this origin to call the mocked API, besides pages on this machine; `*`
    /// allows all. The control API accepts no other origins.
    pub fn cors_origin(mut self, origin: impl Into<String>) -> Self {
        self.cors_origins.push(origin.into());
        self
    }

    /// Sets how long a client may pause within a request; 30 seconds by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// Links the page that lists the worlds to a playground that runs at this URL.
    pub fn playground_url(mut self, url: impl Into<String>) -> Self {
        self.playground_url = Some(url.into());
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// If the address cannot be bound, or if the public URL or an origin is invalid.
    pub async fn start(self) -> io::Result<MockServer> {
        let address = self.address.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let public_url = self.public_url.as_deref();
        let addresses =
            Addresses::new(address, public_url, &self.allowed_hosts, &self.cors_origins)
                .map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        let server = Arc::new(ServerContext {
            worlds: WorldRegistry::new(
                addresses.base_url(),
                self.remote_webhooks,
                self.output,
                self.scenario,
            ),
            addresses,
            request_timeout: self.request_timeout.unwrap_or(REQUEST_TIMEOUT),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            playground_url: self.playground_url,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&server)));
        Ok(MockServer { server, address, accepting })
    }
}

impl MockServer {
    /// Starts a server on a free port of the loopback interface.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns a builder for a server.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the URL on this machine, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.server.addresses.local_url()
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Creates a world with a key of its own.
    #[must_use]
    pub fn world(&self) -> World {
        self.world_with(Scenario::default())
    }

    /// Creates a world with a key of its own and this scenario.
    #[must_use]
    pub fn world_with(&self, scenario: Scenario) -> World {
        self.server.worlds.create(scenario)
    }

    /// Creates a world with this id and scenario. Returns `None` if the id is taken. The same id, seed
    /// and requests give the same journal.
    #[must_use]
    pub fn world_with_id(&self, id: &str, scenario: Scenario) -> Option<World> {
        self.server.worlds.create_with_id(id, scenario)
    }

    /// Removes a world. Returns `false` if the id is unknown.
    pub fn remove_world(&self, id: &str) -> bool {
        self.server.worlds.remove(id)
    }

    /// Returns the world of [`DEFAULT_KEY`](crate::DEFAULT_KEY), which exists from the start. It is
    /// created again if it was removed.
    #[must_use]
    pub fn default_world(&self) -> World {
        self.server.worlds.default_world()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.accepting.abort();
        for world in self.server.worlds.all() {
            world.stop();
        }
    }
}

/// Accepts connections until it is aborted. All of them end with it.
async fn accept(listener: TcpListener, server: Arc<ServerContext>) {
    let router = Router::new()
        .nest(CONTROL_PATH, control::router())
        .merge(pages::router())
        .fallback(api::fallback)
        .with_state(Arc::clone(&server));
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        // Fails if the client has disconnected already, or if file descriptors run out.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        server.connections.fetch_add(1, Ordering::Relaxed);
        let (server, router) = (Arc::clone(&server), router.clone());
        connections.spawn(async move {
            serve(stream, Gate { server, router, peer: Peer::default() }).await;
            drop(slot);
        });
    }
}

async fn serve(stream: TcpStream, gate: Gate) {
    // Small responses must not wait for more data.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Peer { outbox, activity, .. } = gate.peer.clone();
    let head_timeout = gate.server.request_timeout;
    let io = TokioIo::new(Connection::new(stream, outbox, activity, head_timeout));
    let gate = Arc::new(gate);
    let service = service_fn(move |request: hyper::Request<Incoming>| gate.respond(request));
    // A broken connection is the client's choice, or a fault.
    let _ = http1::Builder::new().serve_connection(io, service).await;
}
