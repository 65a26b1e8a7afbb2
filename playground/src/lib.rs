//! A web page on this machine to try the models: choose a video and a voice, see what the check says
//! of them, run the job, and play the result beside the source.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let playground = viseme_playground::Playground::offline().start().await?;
//! println!("{}", playground.new_link()?);
//! # Ok(())
//! # }
//! ```
//!
//! The page talks to this process only, and this process holds the API key: no response contains it.
//! A job is paid for with a quote that can be used once.

mod access;

mod api_error;
mod app;
mod assets;
mod checks;
mod describe;
mod dub_files;
mod dub_plan;
mod dub_routes;
mod dub_runner;
mod dubs;
mod events;
mod file_response;
mod files;
mod fitting;
mod jobs;
mod quotes;
mod random;
mod record_files;
mod request;
mod routes;
mod runner;
pub mod samples;
mod server;
mod snippets;

pub use jobs::OpenJob;
pub use server::{Builder, Playground};
