//! The known models, as data. Validation, the documentation and the mock server's catalogue are
//! derived from these descriptions.

mod audio_to_video;
mod kling_effects;
mod text_to_video;

use std::time::Duration;

use crate::model::ModelDescription;

/// Returns the description of every known model.
#[must_use]
pub fn descriptions() -> &'static [ModelDescription] {
    &[audio_to_video::DESCRIPTION, text_to_video::DESCRIPTION, kling_effects::DESCRIPTION]
}

/// Returns the description of the model with this id, or `None` if the model is not known.
#[must_use]
pub fn describe(model: &str) -> Option<&'static ModelDescription> {
    descriptions().iter().find(|description| description.id == model)
}

const MB: u64 = 1024 * 1024;

// The official clients poll every second; a third-party summary of the documentation recommends
// about five seconds for video.
const FIRST_POLL: Duration = Duration::from_secs(2);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
