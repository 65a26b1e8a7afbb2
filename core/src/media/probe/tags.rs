//! Passes over the tags that stand before, between and behind frames of sound.

use super::ReadError;
use super::cursor::Cursor;
use super::window::Window;

/// A tag says how long it is in so many bytes.
pub(super) const HEADER: usize = 16;
/// Tags that are passed over; real files have one, badly joined ones two.
const MOST_TAGS: usize = 8;

/// Where the file's content begins behind its ID3v2 tags: 0 where there is none. May lie behind
/// the end of a cut file.
pub(super) fn skip_id3(window: &Window<'_>) -> Result<u64, ReadError> {
    let mut at = 0_u64;
    for _ in 0..MOST_TAGS {
        let Some(length) = id3v2(&window.read(at, HEADER)?) else { break };
        at = at.saturating_add(length);
    }
    Ok(at)
}

/// The whole length of the tag of any kind that begins here.
pub(super) fn length_at(header: &[u8]) -> Option<u64> {
    id3v2(header).or_else(|| ape(header)).or_else(|| id3v1(header))
}

fn id3v2(header: &[u8]) -> Option<u64> {
    let &[b'I', b'D', b'3', major, revision, flags, a, b, c, d] = header.get(..10)? else {
        return None;
    };
    if major == 0xff || revision == 0xff || [a, b, c, d].iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let content = [a, b, c, d].iter().fold(0_u64, |sum, byte| (sum << 7) | u64::from(*byte));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + content + footer)
}

fn ape(header: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(header);
    if cursor.take(8)? != b"APETAGEX" {
        return None;
    }
    cursor.skip(4)?;
    // The length does not count the header itself.
    cursor.u32_le().map(|length| 32 + u64::from(length))
}

fn id3v1(header: &[u8]) -> Option<u64> {
    header.starts_with(b"TAG").then_some(128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(length_at(b"ID3\x04\0\0\0\0\x02\x01"), Some(10 + 257));
        assert_eq!(length_at(b"ID3\x04\0\x10\0\0\0\0"), Some(20));
        assert_eq!(length_at(b"ID3\x04\0\0\x80\0\0\0"), None);
        assert_eq!(length_at(b"ID3"), None);
        assert_eq!(length_at(b"APETAGEX\xd0\x07\0\0\x00\x01\0\0"), Some(32 + 256));
        assert_eq!(length_at(b"APETAGEX"), None);
        assert_eq!(length_at(b"TAGSong"), Some(128));
        assert_eq!(length_at(b"IDX\x04\0\0\0\0\0\0"), None);
    }
}
