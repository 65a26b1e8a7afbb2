//! The listener.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
use crate::worlds::Worlds;
use crate::{api, control, host};

/// How many connections are open at once; further ones wait.
const MAX_CONNECTIONS: usize = 20_000;

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
    pub(crate) worlds: Worlds,
    /// How many connections there have been.
    pub(crate) connections: AtomicU64,
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
        let base_url = format!("http://{}", SocketAddr::new(reachable, address.port()));
        let server = Arc::new(Server {
            worlds: Worlds::new(&base_url, self.remote_webhooks, self.scenario),
            base_url,
            public: !address.ip().is_loopback(),
            connections: AtomicU64::new(0),
        });
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
        self.server.worlds.make(scenario)
    }

    /// A new world with this id and this script; `None` where there is one of that id already. The
    /// same id, seed and requests give the same journal.
    #[must_use]
    pub fn world_called(&self, id: &str, scenario: Scenario) -> Option<World> {
        self.server.worlds.make_called(id, scenario)
    }

    /// Removes a world and all that happened in it; `false` where there is none of that id.
    pub fn remove_world(&self, id: &str) -> bool {
        self.server.worlds.remove(id)
    }

    /// The world that is there from the start, opened by [`DEFAULT_KEY`](crate::DEFAULT_KEY). Where it was
    /// removed over the control API, it begins anew.
    #[must_use]
    pub fn default_world(&self) -> World {
        self.server.worlds.default_world()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.accepting.abort();
        for world in self.server.worlds.all() {
            world.shared.courier.stop();
        }
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
