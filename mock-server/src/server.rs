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

use crate::connection::{Connection, Outbox};
use crate::scenario::Scenario;
use crate::state::WorldState;
use crate::world::World;
use crate::{api, control, host};

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
    remote_webhooks: bool,
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
    /// How many ids were given out.
    named: u64,
    /// How many worlds there have been.
    made: u64,
    /// Whether their webhooks may go to other machines.
    remote_webhooks: bool,
}

/// Which connection a request came on.
#[derive(Clone, Default)]
pub(crate) struct Peer {
    pub(crate) outbox: Outbox,
    /// By a world's epoch: the number the connection has there, and how many requests of that
    /// world it has carried.
    numbers: Arc<Mutex<HashMap<u64, (u64, u64)>>>,
}

impl Peer {
    /// The connection's number in the world, and whether it carried a request of it before.
    pub(crate) fn number_in(&self, state: &mut WorldState) -> (u64, bool) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = numbers.entry(state.epoch).or_insert_with(|| (state.new_connection(), 0));
        entry.1 += 1;
        (entry.0, entry.1 > 1)
    }
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

    /// Lets webhooks go to other machines; by default they go to this one alone.
    pub fn remote_webhooks(mut self, allow: bool) -> Self {
        self.remote_webhooks = allow;
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
            worlds: Mutex::new(Worlds {
                remote_webhooks: self.remote_webhooks,
                ..Worlds::default()
            }),
            connections: AtomicU64::new(0),
        });
        server.worlds().make(&server.base_url, Some("default"), Some(DEFAULT_KEY), self.scenario);
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
        self.server.make_world(scenario)
    }

    /// The world that is there from the start, opened by [`DEFAULT_KEY`].
    #[must_use]
    pub fn default_world(&self) -> World {
        // It can be removed over the control API; then it begins anew.
        let mut worlds = self.server.worlds();
        match worlds.by_key.get(DEFAULT_KEY) {
            Some(world) => world.clone(),
            None => {
                worlds.make(self.url(), Some("default"), Some(DEFAULT_KEY), Scenario::default())
            }
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.accepting.abort();
        for world in self.server.all_worlds() {
            world.shared.courier.stop();
        }
    }
}

impl Worlds {
    /// Makes a world with this id and key, or with new ones that nobody has.
    fn make(
        &mut self,
        base_url: &str,
        id: Option<&str>,
        key: Option<&str>,
        scenario: Scenario,
    ) -> World {
        let id = id.map_or_else(|| self.free_id(), str::to_owned);
        let key = key.map_or_else(|| self.free_key(&id), str::to_owned);
        self.made += 1;
        // Room for each world's resets, so that no two lives of any worlds have one number.
        let epoch = self.made << 32;
        let world = World::new(
            id.clone(),
            key.clone(),
            base_url.to_owned(),
            scenario,
            epoch,
            self.remote_webhooks,
        );
        self.by_key.insert(key, world.clone());
        self.by_id.insert(id, world.clone());
        world
    }

    fn free_id(&mut self) -> String {
        loop {
            self.named += 1;
            let id = format!("w{}", self.named);
            if !self.by_id.contains_key(&id) {
                return id;
            }
        }
    }

    /// `mock-` and the id, unless somebody opened a world with that key before.
    fn free_key(&self, id: &str) -> String {
        let mut key = format!("mock-{id}");
        while self.by_key.contains_key(&key) {
            key.push('-');
        }
        key
    }
}

impl Server {
    /// A new world with a key of its own.
    pub(crate) fn make_world(&self, scenario: Scenario) -> World {
        self.worlds().make(&self.base_url, None, None, scenario)
    }

    /// A new world with this id; `None` where there is one already.
    pub(crate) fn make_world_called(&self, id: &str, scenario: Scenario) -> Option<World> {
        let mut worlds = self.worlds();
        let is_free = !worlds.by_id.contains_key(id);
        is_free.then(|| worlds.make(&self.base_url, Some(id), None, scenario))
    }

    /// The world of a key. A key that begins with `mock` opens a world on its first use.
    pub(crate) fn world_of_key(&self, key: &str) -> Option<World> {
        let mut worlds = self.worlds();
        let known = worlds.by_key.get(key).cloned();
        if known.is_some() || !key.starts_with("mock") || worlds.by_id.len() >= MAX_WORLDS {
            return known;
        }
        Some(worlds.make(&self.base_url, None, Some(key), Scenario::default()))
    }

    pub(crate) fn world_of_id(&self, id: &str) -> Option<World> {
        self.worlds().by_id.get(id).cloned()
    }

    pub(crate) fn remove_world(&self, id: &str) -> bool {
        let mut worlds = self.worlds();
        match worlds.by_id.remove(id) {
            Some(world) => {
                worlds.by_key.remove(world.key());
                world.shared.courier.stop();
                true
            }
            None => false,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.worlds().by_id.len() >= MAX_WORLDS
    }

    /// All worlds, by id.
    pub(crate) fn all_worlds(&self) -> Vec<World> {
        let mut worlds: Vec<_> = self.worlds().by_id.values().cloned().collect();
        worlds.sort_by(|one, other| one.id().cmp(other.id()));
        worlds
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
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
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&server), host::check))
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
        server.connections.fetch_add(1, Ordering::Relaxed);
        let router = router.clone();
        connections.spawn(async move {
            serve(stream, router).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, router: Router) {
    // Small answers shall not wait for more to send with them.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let peer = Peer::default();
    let io = TokioIo::new(Connection::new(stream, peer.outbox.clone()));
    let service = TowerToHyperService::new(router.layer(axum::Extension(peer)));
    // A connection that breaks is the client's business, or a fault's.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
}
