//! What WaveSpeedAI's API says, as data: models and their limits, media containers, status words,
//! error codes and the webhook scheme.
//!
//! The client (`viseme`) and the mock server (`viseme-mock`) share this crate, and nothing else. It
//! does no I/O and decides nothing.

mod account_tier;
mod container;
mod error_kind;
mod model;
mod models;
mod path;
mod status;
mod virtual_clock;
pub mod webhook;

pub use account_tier::{AccountTier, BRONZE, GOLD, SILVER, TIERS, TierLimits, ULTRA};
pub use container::{Container, MediaKind};
pub use error_kind::ErrorKind;
pub use model::{Field, FieldKind, Level, MediaLimits, ModelDescription, NumberLimits, Range};
pub use models::{describe, descriptions};
pub use path::RESERVED_WORDS;
pub use status::Status;
#[doc(hidden)]
pub use virtual_clock::VIRTUAL_SLEEP_HEADER;
