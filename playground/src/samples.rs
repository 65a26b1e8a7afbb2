//! The bundled samples; samples/README.md names their sources. They are copies of those at the root of the
//! repository, since a published crate contains only files of its own folder.

use viseme::media::MediaKind;

use crate::describe::media_kind;

/// A video of a face, in MP4.
pub const FACE: &[u8] = include_bytes!("../samples/face.mp4");
/// A voice, in MP3.
pub const VOICE: &[u8] = include_bytes!("../samples/voice.mp3");
/// A picture of a face, in JPEG.
pub const PICTURE: &[u8] = include_bytes!("../samples/face.jpg");

/// Returns the name and the content of the sample for a media parameter, if there is one.
pub(crate) fn sample(model: &str, field: &str) -> Option<(&'static str, &'static [u8])> {
    match media_kind(model, field)? {
        MediaKind::Video => Some(("face.mp4", FACE)),
        MediaKind::Audio => Some(("voice.mp3", VOICE)),
        MediaKind::Image => Some(("face.jpg", PICTURE)),
        _ => None,
    }
}
