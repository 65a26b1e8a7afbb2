//! Outputs for models of every type: small valid files, and a text.

use bytes::Bytes;

use crate::stored_file::{FileContent, StoredFile};

/// The type of a model's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputType {
    Video,
    Image,
    Audio,
    Model3d,
    Text,
}

/// Words in the ids of models, and the type of output that they stand for. The last one in an id
/// decides: `image-caption` is a text.
const WORDS: [(&str, OutputType); 32] = [
    ("video", OutputType::Video),
    ("t2v", OutputType::Video),
    ("i2v", OutputType::Video),
    ("v2v", OutputType::Video),
    ("lipsync", OutputType::Video),
    ("avatar", OutputType::Video),
    ("animate", OutputType::Video),
    ("3d", OutputType::Model3d),
    ("image", OutputType::Image),
    ("t2i", OutputType::Image),
    ("i2i", OutputType::Image),
    ("photo", OutputType::Image),
    ("flux", OutputType::Image),
    ("sdxl", OutputType::Image),
    ("diffusion", OutputType::Image),
    ("seedream", OutputType::Image),
    ("audio", OutputType::Audio),
    ("speech", OutputType::Audio),
    ("tts", OutputType::Audio),
    ("voice", OutputType::Audio),
    ("music", OutputType::Audio),
    ("song", OutputType::Audio),
    ("sound", OutputType::Audio),
    ("llm", OutputType::Text),
    ("vlm", OutputType::Text),
    ("chat", OutputType::Text),
    ("caption", OutputType::Text),
    ("captioner", OutputType::Text),
    ("transcribe", OutputType::Text),
    ("transcription", OutputType::Text),
    ("ocr", OutputType::Text),
    ("whisper", OutputType::Text),
];

/// Words that decide if an id has none of the others.
const WEAK_WORDS: [(&str, OutputType); 3] =
    [("edit", OutputType::Image), ("inpaint", OutputType::Image), ("text", OutputType::Text)];

impl OutputType {
    /// Guesses the type from a model's id or category: `text-to-image` is an image, `flux-dev` too. An
    /// id without a known word is a video.
    pub(crate) fn of_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let parts = || name.rsplit('/');
        let of_part = |part: &str| {
            // What stands after the last `-to-` is the output.
            let output = part.rsplit_once("-to-").and_then(|(_, output)| {
                last_word(output, &WORDS).or_else(|| last_word(output, &WEAK_WORDS))
            });
            output.or_else(|| last_word(part, &WORDS))
        };
        let weak = || parts().find_map(|part| last_word(part, &WEAK_WORDS));
        parts().find_map(of_part).or_else(weak).unwrap_or(Self::Video)
    }
}

/// Returns the type of the last of these words in the text.
fn last_word(text: &str, words: &[(&str, OutputType)]) -> Option<OutputType> {
    text.rsplit(|character: char| !character.is_ascii_alphanumeric())
        .find_map(|found| words.iter().find(|(word, _)| *word == found))
        .map(|(_, output)| *output)
}

/// The text that a text model writes.
pub(crate) const TEXT: &str = "This is a text of the mock server.";

/// Returns a small valid file of this type. A text has none.
pub(crate) fn file(output: OutputType) -> Option<StoredFile> {
    let (extension, content_type, bytes) = match output {
        OutputType::Video => return Some(StoredFile::clip()),
        OutputType::Image => ("png", "image/png", png()),
        OutputType::Audio => ("wav", "audio/wav", wav()),
        OutputType::Model3d => ("glb", "model/gltf-binary", glb()),
        OutputType::Text => return None,
    };
    Some(StoredFile {
        name: format!("output.{extension}"),
        content_type: content_type.to_owned(),
        content: FileContent::Memory(Bytes::from(bytes)),
        etag: format!("\"{extension}\""),
    })
}

/// Returns a gray image of 16 by 16 pixels.
fn png() -> Vec<u8> {
    const SIDE: u8 = 16;
    // Each row is a filter byte and one byte per pixel.
    let row = [&[0][..], &[0x80; SIDE as usize]].concat();
    let pixels = row.repeat(usize::from(SIDE));
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], data: &[u8]| {
        let named = [name, data].concat();
        file.extend_from_slice(&length(data.len()).to_be_bytes());
        file.extend_from_slice(&named);
        file.extend_from_slice(&crc32(&named).to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 0, 0, 0, 0]);
    chunk(b"IDAT", &zlib_stored(&pixels));
    chunk(b"IEND", &[]);
    file
}

/// Wraps bytes as a zlib stream with one uncompressed block.
fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let size = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend_from_slice(&size.to_le_bytes());
    stream.extend_from_slice(&(!size).to_le_bytes());
    stream.extend_from_slice(bytes);
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (b + a) % 65521)
    });
    stream.extend_from_slice(&(b << 16 | a).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// Returns one second of a 440 Hz tone: mono, 8 kHz, 16 bits.
fn wav() -> Vec<u8> {
    const RATE: u32 = 8000;
    let samples: Vec<u8> = (0..RATE)
        .flat_map(|index| {
            let angle = f64::from(index) * 440.0 * std::f64::consts::TAU / f64::from(RATE);
            ((angle.sin() * 8000.0) as i16).to_le_bytes()
        })
        .collect();
    let size = length(samples.len());
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + size).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&[1, 0, 1, 0]);
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(&[2, 0, 16, 0]);
    file.extend_from_slice(b"data");
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(&samples);
    file
}

/// Returns an empty scene.
fn glb() -> Vec<u8> {
    let mut json = br#"{"asset":{"version":"2.0"},"scene":0,"scenes":[{}]}"#.to_vec();
    json.resize(json.len().next_multiple_of(4), b' ');
    let size = length(json.len());
    let mut file = b"glTF".to_vec();
    file.extend_from_slice(&2_u32.to_le_bytes());
    file.extend_from_slice(&(20 + size).to_le_bytes());
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(b"JSON");
    file.extend_from_slice(&json);
    file
}

fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_model_decides_the_type() {
        for (name, expected) in [
            ("wavespeed-ai/flux-dev", OutputType::Image),
            ("google/veo3", OutputType::Video),
            ("bytedance/seedance-v1-pro-i2v-720p", OutputType::Video),
            ("minimax/speech-02-hd", OutputType::Audio),
            ("kwaivgi/kling-lipsync/audio-to-video", OutputType::Video),
            ("x/video-to-audio", OutputType::Audio),
            ("x/text-to-image", OutputType::Image),
            ("x/image-to-3d", OutputType::Model3d),
            ("openai/whisper", OutputType::Text),
            ("x/image-to-text/v2", OutputType::Text),
            ("openai/image-caption", OutputType::Text),
            ("x/image-text-removal", OutputType::Image),
            ("x/video-edit", OutputType::Video),
            ("x/qwen-edit-plus", OutputType::Image),
            ("x/wan-2.2/t2i-720p", OutputType::Image),
            ("x/text-embedding", OutputType::Text),
            ("x/speech-to-text", OutputType::Text),
            ("x/photo-animate", OutputType::Video),
        ] {
            assert_eq!(OutputType::of_name(name), expected, "{name}");
        }
    }

    #[test]
    fn checksums_match_published_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(
            zlib_stored(b"Wikipedia")[zlib_stored(b"Wikipedia").len() - 4..],
            [0x11, 0xe6, 0x03, 0x98]
        );
    }
}
