//! The durable record of paid submits, in an SQLite file.
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

mod dollars;
mod error;
mod schema;
mod sqlite;
mod statements;
mod submit_row;
mod writer;

pub use dollars::dollars;
pub use error::ledger_error;
pub use sqlite::SqliteLedger;
pub use submit_row::{SubmitRow, SubmitState};

/// The example of the guide is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../../docs/ledger.md")]
struct Guide;
