//! The models this crate knows, as data. Validation, documentation and the mock server's
//! catalogue all read this one place.

mod audio_to_video;
mod kling_effects;
mod text_to_video;

use std::time::Duration;

use crate::model::ModelDescription;

/// Every model this crate knows the parameters of.
#[must_use]
pub fn descriptions() -> &'static [ModelDescription] {
    &[audio_to_video::DESCRIPTION, text_to_video::DESCRIPTION, kling_effects::DESCRIPTION]
}

/// The description of the model with that id, if this crate knows it.
#[must_use]
pub fn describe(model: &str) -> Option<&'static ModelDescription> {
    descriptions().iter().find(|description| description.id == model)
}

const MB: u64 = 1024 * 1024;

// Official clients poll every second; a third party's summary of the documentation advises about
// five seconds for video.
const FIRST_POLL: Duration = Duration::from_secs(2);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
