//! The durable record of paid submits, in an SQLite file or, with the feature `postgres`, in a PostgreSQL
//! database.
//!
//! A submit with a key is sent at most once, in all processes that use the file, even if they crash:
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use viseme::{AudioToVideo, Client, Config};
//! use viseme_ledger::SqliteLedger;
//!
//! # let server = viseme_mock::MockServer::start().await?;
//! # let world = server.world();
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("ledger.db");
//! let config = Config::builder().ledger(SqliteLedger::open(path)?);
//! # let config = config.ignore_env().base_url(world.base_url()).api_key(world.key());
//! let client = Client::new(config.build()?)?;
//! let input = AudioToVideo::new().audio("../samples/voice.mp3").video("../samples/face.mp4");
//!
//! let first = client.submit(input.clone()).key("row-17").await?;
//! let second = client.submit(input).key("row-17").await?;
//! assert_eq!(first.id(), second.id());
//! # assert_eq!(world.ledger().charges.len(), 1);
//! # Ok(())
//! # }
//! ```

mod any;
mod dollars;
mod lazy;
#[cfg(feature = "postgres")]
pub mod postgres;
mod rules;
mod sqlite;
mod submit_row;
#[cfg(all(unix, feature = "testing"))]
pub mod testing;

pub use any::AnyLedger;
pub use dollars::dollars;
pub use lazy::LazyLedger;
#[cfg(feature = "postgres")]
pub use postgres::PostgresLedger;
pub use sqlite::{SqliteLedger, ledger_error};
pub use submit_row::{SubmitRow, SubmitState};

/// The reason to record for a submit that the user gives up.
pub const GIVEN_UP: &str = "given up by the user";

/// The example of the guide is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../../docs/ledger.md")]
struct Guide;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
