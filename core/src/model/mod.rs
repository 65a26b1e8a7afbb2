//! The models and their inputs: typed inputs, any other model as JSON, and validation of parameters.

mod input;
mod schema;
mod suggest;
mod typed_inputs;
mod validate;

pub use input::{Input, InputValue};
pub use schema::validate_schema;
pub use suggest::did_you_mean;
pub use typed_inputs::{AudioToVideo, KlingEffects, TextToVideo};
pub use validate::validate;
pub(crate) use validate::{RUN_FLAGS, is_model_id, not_a_model_id};
pub use viseme_spec::{
    Field, FieldKind, Level, MediaLimits, ModelDescription, NumberLimits, Range, describe,
    descriptions,
};
