//! Media from a path, from memory or behind a URL: probing them and validating the facts.

pub(crate) mod data_uri;
mod fit;
mod fix;
mod format;
#[cfg(feature = "testing")]
pub(crate) mod fuzzing;
mod info;
pub mod probe;
pub(crate) mod range_probe;
mod source;
mod validate;
mod violation;

pub use fit::{FitPlan, plan_fit};
pub use fix::{FitOptions, Fix, Framing};
pub use info::MediaInfo;
pub use source::Media;
pub(crate) use validate::has_known_extension;
pub use validate::validate;
pub use violation::{Rule, Violation};
pub use viseme_spec::{Container, MediaKind};
