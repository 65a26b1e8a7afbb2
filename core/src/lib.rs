//! Lip-syncs a video to an audio track or a text, with Kling LipSync on WaveSpeedAI.
//!
//! # Quick start
//!
//! ```no_run
//! use viseme::{AudioToVideo, Client};
//!
//! #[tokio::main]
//! async fn main() -> viseme::Result<()> {
//!     let client = Client::from_env()?; // the key is in WAVESPEED_API_KEY
//!     let prediction = client.run(AudioToVideo::new().audio("voice.mp3").video("face.mp4")).await?;
//!     let saved = client.download_output(&prediction, "result.mp4").await?;
//!     println!("{}", saved.path.display());
//!     Ok(())
//! }
//! ```
//!
//! [`Client::run`] checks the media, uploads them, submits the job and waits for its end. Each step
//! has a function of its own: [`check()`], [`Client::upload`], [`Client::submit`], [`Job::wait`],
//! [`Client::download`].
//!
//! # Guarantees
//!
//! - **Media are validated before you pay.** Container, duration, resolution and size are read from
//!   the files and validated by the rules of the model ([`Report`]).
//! - **You pay for a job at most once.** A submit is sent again only if the service certainly did not
//!   accept it. If the response was lost, the client searches the history of the account for the job.
//! - **A job is never lost.** Every error after the submit has the job's id ([`Error::job_id`]), and
//!   [`Client::job`] waits for it again, also in another process. You can drop every future at any
//!   time: that ends the wait, not the job.
//! - **Polls respect the service.** The model sets their pace. They back off after failures and obey
//!   `Retry-After`. An unknown status counts as running.
//! - **Webhooks are verified** ([`webhook`]). A genuine delivery ends the wait for its job at once
//!   ([`Client::receive_webhook`]).
//!
//! # Without an account
//!
//! The crate `viseme-mock` runs a mock of the service on this machine:
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use viseme::{AudioToVideo, Client, Config, Pacing, Status};
//!
//! # let folder = tempfile::tempdir()?;
//! # let result = folder.path().join("result.mp4");
//! let server = viseme_mock::MockServer::start().await?;
//! let world = server.world();
//! let config = Config::builder()
//!     .base_url(world.base_url())
//!     .api_key(world.key())
//!     .pacing(Pacing::every(Duration::from_millis(200))) // its jobs take seconds
//!     .build()?;
//! let client = Client::new(config)?;
//!
//! let input = AudioToVideo::new().audio("../samples/voice.mp3").video("../samples/face.mp4");
//! let prediction = client.run(input).await?;
//! assert_eq!(prediction.status, Status::Completed);
//! let saved = client.download_output(&prediction, result).await?;
//! assert!(saved.bytes > 0);
//! assert_eq!(world.ledger().charges.len(), 1); // what it would have cost
//! # Ok(())
//! # }
//! ```

pub mod account;
mod base64;
mod client;
mod clock;
mod config;
mod error;
#[cfg(feature = "testing")]
mod fuzz_input;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod fuzzing;
mod http;
pub mod ledger;
pub mod media;
pub mod model;
mod prediction;
mod protocol;
pub mod webhook;

pub use account::{Billing, BillingFilter, HistoryFilter, Model, Price, Usage};
pub use client::{
    Client, Download, Job, Paginator, PriceQuery, Progress, Recover, Report, Run, RunMany,
    RunResult, Submit, Updates, Upload, Wait, check,
};
#[cfg(feature = "testing")]
pub use clock::{Clock, VirtualClock};
pub use config::{Config, ConfigBuilder, DEFAULT_BASE_URL, DEFAULT_DEADLINE};
pub use error::{Error, ErrorKind, ResponseInfo, Result};
pub use http::DownloadedFile;
#[doc(hidden)]
pub use http::{Forwarding, forwarding_failure};
pub use media::Media;
pub use model::{AudioToVideo, Input, KlingEffects, TextToVideo};
pub use prediction::{Output, Prediction, RecoveredBy, Status, SubmitRecord};
pub use protocol::{Backoff, Pacing, SubmitLimits};

/// The examples of the project's README are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/start/rust.md")]
struct QuickStart;

#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
struct TestingGuide;
