//! What is sent: media from a path, from memory or behind a URL, and what can be read from them.

mod info;
pub mod probe;
mod source;
mod violation;

pub use info::{Container, MediaInfo, MediaKind};
pub use source::Media;
pub use violation::Violation;
