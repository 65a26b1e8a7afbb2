//! What may be asked of the service: the models and their inputs.

mod audio_to_video;
mod catalogue;
mod description;
mod input;

pub use audio_to_video::AudioToVideo;
pub use catalogue::{describe, descriptions};
pub use description::{Field, FieldKind, Level, MediaLimits, ModelDescription, Range};
pub use input::{Input, InputValue};
