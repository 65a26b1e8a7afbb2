//! A mock of WaveSpeedAI's API, for offline development and for tests.
//!
//! ```
//! # async fn example() -> std::io::Result<()> {
//! use viseme_mock::{Fault, MockServer, RequestKind};
//!
//! let server = MockServer::start().await?;
//! let world = server.world();
//! world.add_fault(Fault::at(RequestKind::Poll).nth(2).status(503).retry_after_secs(7));
//! // Give `world.base_url()` and `world.key()` to a client; then:
//! assert_eq!(world.ledger().charges.len(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! One API key is one world: its jobs, uploads, script, clock, journal and ledger. Faults say
//! where they strike, which time, before or after the money was spent, and what breaks.

mod api;
mod artefact;
mod clock;
mod connection;
mod control;
mod corrupt;
mod fault_table;
mod flow;
mod host;
mod job;
mod journal;
mod ledger;
mod open_exchange;
mod reply;
pub mod scenario;
mod server;
mod spooled;
mod state;
pub mod verify;
mod webhooks;
mod world;
mod worlds;

pub use clock::{Clock, ClockMode};
pub use fault_table::FaultCount;
pub use job::JobRecord;
pub use journal::{Exchange, MAX_RESPONSE_BODY, Termination};
pub use ledger::{Charge, Ledger};
pub use scenario::{Fault, JobRule, RequestKind, Scenario, Timeline, WebhookScenario, WireFault};
#[doc(hidden)] // Until every user has the new names.
pub use scenario::{RequestKind as Point, WireFault as Wire};
pub use server::{Builder, MockServer};
pub use verify::{Expect, VerifyResult};
pub use webhooks::{DeliveryState, WebhookAttempt, WebhookDelivery};
pub use world::World;
pub use worlds::DEFAULT_KEY;

/// The OpenAPI document of the API that is played, and of the control API.
pub const OPENAPI: &str = include_str!("../assets/openapi.json");

/// The examples of the README are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
