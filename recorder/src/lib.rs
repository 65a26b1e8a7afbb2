//! Records what the API answers to any client, so that it can be replayed and compared offline.
//!
//! A recording holds no API key and no signature of a URL, and of media only their hashes and facts.

pub mod drift;
pub mod recording;
pub mod scenario;
