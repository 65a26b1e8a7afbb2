//! The input of `kwaivgi/kling-effects`.

use super::Input;
use crate::media::Media;

/// Plays an effect on a picture: the input of `kwaivgi/kling-effects`, which gives a video of
/// five seconds.
///
/// The scenes known here are in [`describe`](super::describe); another is reported, not refused.
///
/// ```
/// use viseme::KlingEffects;
///
/// let input = KlingEffects::new("jelly_press", "portrait.png");
/// # assert_eq!(input.effect_scene, "jelly_press");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct KlingEffects {
    /// The effect.
    pub effect_scene: String,
    /// The picture: at most 10 MB, sides of 300 pixels or more, between 1:2.5 and 2.5:1, as Kling
    /// says. A `data:` URI is sent as it is.
    pub image: Media,
}

impl KlingEffects {
    /// The model's id.
    pub const MODEL: &'static str = "kwaivgi/kling-effects";

    /// That effect on that picture.
    pub fn new(effect_scene: impl Into<String>, image: impl Into<Media>) -> Self {
        Self { effect_scene: effect_scene.into(), image: image.into() }
    }
}

impl From<KlingEffects> for Input {
    fn from(input: KlingEffects) -> Self {
        Self::new(KlingEffects::MODEL)
            .set("effect_scene", input.effect_scene)
            .media("image", input.image)
    }
}
