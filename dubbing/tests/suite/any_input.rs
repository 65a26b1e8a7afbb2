//! Checks for any two files; `fuzz/fuzz_targets/dubbing.rs` uses them too.

use viseme_dubbing::{Length, Sources, dub};

/// The result is read in pieces of this size, which is no multiple of anything.
const PIECE: usize = 7919;

/// Dubs two files that are in one: two bytes say how long the video is, then come the video and the voice.
pub fn dub_any(data: &[u8]) {
    let Some((length, files)) = data.split_first_chunk() else { return };
    let length = usize::from(u16::from_le_bytes(*length)).min(files.len());
    let (picture, voice) = files.split_at(length);
    for length in [Length::OfPicture, Length::OfShorter] {
        check(&picture.to_vec(), &voice.to_vec(), length);
    }
}

/// Dubs two files. If that is possible, the result has the size that it states, and can be dubbed itself.
pub fn check(picture: &Vec<u8>, voice: &Vec<u8>, length: Length) {
    let mut encoded = Vec::new();
    let Ok(dubbed) = dub(picture, voice, &mut encoded, length) else { return };
    assert!(dubbed.seconds() > 0.0, "the result has no duration");
    let sources = Sources { picture, voice, encoded: &encoded };
    let mut bytes = vec![0; usize::try_from(dubbed.size()).expect("a size")];
    let mut at = 0;
    for piece in bytes.chunks_mut(PIECE) {
        dubbed.read_exact_at(sources, at, piece).expect("the bytes of the result");
        at += piece.len() as u64;
    }
    assert!(dubbed.read_exact_at(sources, at, &mut [0]).is_err(), "the result is longer");
    let again = dub(&bytes, voice, &mut Vec::new(), Length::OfPicture).expect("a usable result");
    let ratio = again.seconds() / dubbed.seconds();
    assert!(length == Length::OfShorter || ratio < 1.01, "{ratio} times as long");
}
