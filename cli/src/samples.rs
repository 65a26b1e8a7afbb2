//! The media of the demo; samples/README.md tells where they come from.

use viseme::{AudioToVideo, Media};

const FACE: &[u8] = include_bytes!("../../samples/face.mp4");
const VOICE: &[u8] = include_bytes!("../../samples/voice.mp3");

pub(crate) fn input() -> AudioToVideo {
    AudioToVideo::new(Media::bytes("voice.mp3", VOICE), Media::bytes("face.mp4", FACE))
}
