//! What may be asked of the service: the models and their inputs.

mod audio_to_video;
mod input;
mod kling_effects;
mod schema;
mod suggest;
mod text_to_video;
mod validate;

pub use audio_to_video::AudioToVideo;
pub use input::{Input, InputValue};
pub use kling_effects::KlingEffects;
pub use schema::validate_schema;
pub use suggest::did_you_mean;
pub use text_to_video::TextToVideo;
pub(crate) use validate::SWITCHES;
pub use validate::validate;
pub use viseme_spec::{
    Field, FieldKind, Level, MediaLimits, ModelDescription, NumberLimits, Range, describe,
    descriptions,
};
