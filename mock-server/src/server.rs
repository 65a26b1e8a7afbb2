//! The listener, and the worlds behind it.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::connection::{Connection, WireControl};
use crate::scenario::Scenario;
use crate::world::World;
use crate::{api, control};

/// The key of the world that is there from the start.
pub const DEFAULT_KEY: &str = "mock-key";

/// How many connections are open at once; further ones wait.
const MAX_CONNECTIONS: usize = 20_000;
/// How many worlds there may be.
const MAX_WORLDS: usize = 10_000;

/// A running mock server; it stops when dropped.
pub struct MockServer {
    server: Arc<Server>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// How a mock server is started.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    address: Option<SocketAddr>,
    scenario: Scenario,
}

/// What all connections share.
pub(crate) struct Server {
    pub(crate) base_url: String,
    /// Whether other machines may ask; then any `Host` is accepted.
    pub(crate) public: bool,
    worlds: Mutex<Worlds>,
    connections: AtomicU64,
}

#[derive(Default)]
struct Worlds {
    by_key: HashMap<String, World>,
    by_id: HashMap<String, World>,
    made: u64,
}

/// Which connection a request came on.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) connection: u64,
    pub(crate) requests: Arc<AtomicU64>,
    pub(crate) wire: WireControl,
}

impl Builder {
    /// Listens on this port of the loopback interface; by default on a free one.
    pub fn port(self, port: u16) -> Self {
        self.address(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Listens on this address. An address other machines can reach lets them in.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The script of the world that is there from the start.
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenario = scenario;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn start(self) -> io::Result<MockServer> {
        let address = self.address.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let reachable = match address.ip() {
            ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            ip => ip,
        };
        let server = Arc::new(Server {
            base_url: format!("http://{}", SocketAddr::new(reachable, address.port())),
            public: !address.ip().is_loopback(),
            worlds: Mutex::default(),
            connections: AtomicU64::new(0),
        });
        server.make_world(Some("default".into()), Some(DEFAULT_KEY.into()), self.scenario);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&server)));
        Ok(MockServer { server, address, accepting })
    }
}

impl MockServer {
    /// Starts a server on a free port of the loopback interface.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Sets up a server.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its base URL, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.base_url
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// A new world with a key of its own.
    #[must_use]
    pub fn world(&self) -> World {
        self.world_with(Scenario::default())
    }

    /// A new world with a key of its own and this script.
    #[must_use]
    pub fn world_with(&self, scenario: Scenario) -> World {
        self.server.make_world(None, None, scenario)
    }

    /// The world that is there from the start, opened by [`DEFAULT_KEY`].
    #[must_use]
    pub fn default_world(&self) -> World {
        match self.server.world_of_key(DEFAULT_KEY) {
            Some(world) => world,
            None => self.server.make_world(None, Some(DEFAULT_KEY.into()), Scenario::default()),
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// A world with this id and key, or with new ones.
    pub(crate) fn make_world(
        &self,
        id: Option<String>,
        key: Option<String>,
        scenario: Scenario,
    ) -> World {
        let mut worlds = self.worlds();
        worlds.made += 1;
        let id = id.unwrap_or_else(|| format!("w{}", worlds.made));
        let key = key.unwrap_or_else(|| format!("mock-{id}"));
        let world = World::new(id.clone(), key.clone(), self.base_url.clone(), scenario);
        worlds.by_key.insert(key, world.clone());
        worlds.by_id.insert(id, world.clone());
        world
    }

    /// The world of a key. A key that begins with `mock` opens a world on its first use.
    pub(crate) fn world_of_key(&self, key: &str) -> Option<World> {
        let known = self.worlds().by_key.get(key).cloned();
        if known.is_none() && key.starts_with("mock") && !self.is_full() {
            return Some(self.make_world(None, Some(key.to_owned()), Scenario::default()));
        }
        known
    }

    pub(crate) fn world_of_id(&self, id: &str) -> Option<World> {
        self.worlds().by_id.get(id).cloned()
    }

    pub(crate) fn remove_world(&self, id: &str) -> bool {
        let mut worlds = self.worlds();
        match worlds.by_id.remove(id) {
            Some(world) => {
                worlds.by_key.remove(world.key());
                true
            }
            None => false,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.worlds().by_id.len() >= MAX_WORLDS
    }

    pub(crate) fn counts(&self) -> (usize, u64) {
        (self.worlds().by_id.len(), self.connections.load(Ordering::Relaxed))
    }

    fn worlds(&self) -> MutexGuard<'_, Worlds> {
        self.worlds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes connections until it is aborted; all of them end with it.
async fn accept(listener: TcpListener, server: Arc<Server>) {
    let router = Router::new()
        .nest("/_mock/v1", control::router())
        .fallback(api::answer)
        .with_state(Arc::clone(&server));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        // Fails where the client is gone already or files run out: the next may do better.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        let number = server.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let router = router.clone();
        connections.spawn(async move {
            serve(stream, number, router).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, number: u64, router: Router) {
    // Small answers shall not wait for more to send with them.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let wire = WireControl::default();
    let peer = Peer { connection: number, requests: Arc::default(), wire: wire.clone() };
    let io = TokioIo::new(Connection::new(stream, wire));
    let service = TowerToHyperService::new(router.layer(axum::Extension(peer)));
    // A connection that breaks is the client's business, or a fault's.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
}
