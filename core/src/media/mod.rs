//! What is sent: media from a path, from memory or behind a URL, and what can be read from them.

pub(crate) mod data_uri;
#[cfg(feature = "testing")]
pub(crate) mod fuzzing;
mod info;
mod limits;
pub mod probe;
pub(crate) mod reading;
mod source;
mod violation;
mod wording;

pub use info::MediaInfo;
pub use limits::judge;
pub use source::Media;
pub use violation::{Rule, Violation};
pub use viseme_spec::{Container, MediaKind};
