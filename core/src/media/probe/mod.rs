//! Reads the facts of a media file from a few of its bytes.
//!
//! The readers are pure: they ask a [`ReadAt`] for bytes and never know where those come from.

mod read_at;

pub use read_at::{ReadAt, ReadError};
