//! The bundled samples; samples/README.md names their sources.

use viseme::media::MediaKind;

use crate::describe::media_kind;

const FACE: &[u8] = include_bytes!("../../samples/face.mp4");
const VOICE: &[u8] = include_bytes!("../../samples/voice.mp3");
const PICTURE: &[u8] = include_bytes!("../../samples/face.jpg");

/// Returns the name and the content of the sample for a media parameter, if there is one.
pub(crate) fn sample(model: &str, field: &str) -> Option<(&'static str, &'static [u8])> {
    match media_kind(model, field)? {
        MediaKind::Video => Some(("face.mp4", FACE)),
        MediaKind::Audio => Some(("voice.mp3", VOICE)),
        MediaKind::Image => Some(("face.jpg", PICTURE)),
        _ => None,
    }
}
