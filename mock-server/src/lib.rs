//! A mock of WaveSpeedAI's API, for offline development and tests.
//!
//! ```
//! # async fn example() -> std::io::Result<()> {
//! use viseme_mock::{Fault, MockServer, RequestKind};
//!
//! let server = MockServer::start().await?;
//! let world = server.world();
//! world.add_fault(Fault::at(RequestKind::Poll).nth(2).status(503).retry_after_secs(7));
//! // Pass `world.base_url()` and `world.key()` to a client, then check the charges:
//! assert_eq!(world.ledger().charges.len(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! One API key is one world, with its own jobs, uploads, scenario, clock, journal and ledger. A fault
//! says which requests it affects, whether it comes before or after the charge, and what breaks.

mod access;
mod addresses;
mod api;
mod clock;
mod connection;
mod context;
mod control;
mod digest;
mod dubbed_output;
mod exec;
mod export;
mod gate;
mod known_headers;
mod options;
mod pages;
mod response;
mod response_mutation;
mod sample_output;
pub mod scenario;
mod server;
mod signals;
mod stored_file;
mod suggest;
pub mod verify;
mod wire_fault;
mod world;

pub use clock::{Clock, ClockMode};
pub use exec::{ExecError, exec, exec_with};
pub use options::{MockArgs, MockCommand, ServerOptions};
pub use scenario::{
    Fault, JobRule, OutputMode, RequestKind, Scenario, Timeline, WebhookScenario, WireFault,
};
pub use server::{Builder, MockServer};
pub use signals::{Signal, Signals};
pub use verify::{Expect, VerifyResult};
pub use world::World;
pub use world::deliveries::{DeliveryState, WebhookAttempt, WebhookDelivery};
pub use world::exchange::{Exchange, MAX_RESPONSE_BODY, NearestRule, Termination};
pub use world::fault_table::FaultCount;
pub use world::job::JobRecord;
pub use world::ledger::{Charge, Ledger};
pub use world::registry::DEFAULT_KEY;

/// The OpenAPI document of the mocked API and of the control API.
pub const OPENAPI: &str = include_str!("../assets/openapi.json");

/// Compiles the examples of the README as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
