//! Records what the API answers to any client, so that it can be replayed and compared offline.
//!
//! A [`Recorder`] is a reverse proxy on this machine. A client that uses its URL as the base URL talks to the
//! service as before; the recorder rewrites the URLs in the responses, so that uploads and downloads pass
//! through it too.
//!
//! A [`Recording`](recording::Recording) holds no API key and no signature of a URL, and of media only their
//! hashes and facts, unless they are to be kept.

mod body;
mod checkpoint;
pub mod drift;
mod error;
mod form;
mod intervals;
mod jobs;
mod journal;
mod loopback;
mod media;
mod poller;
mod proxy;
mod recorder;
pub mod recording;
mod redact;
mod rewrite;
mod route;
pub mod scenario;
mod shared;
mod writer;

pub use error::RecorderError;
pub use recorder::{Builder, DEFAULT_POLL_LIMIT, Recorder};
