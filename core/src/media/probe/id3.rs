//! Passes over ID3v2 tags.

use super::ReadError;
use super::window::Window;

/// Tags that are passed over; real files have one, badly joined ones two.
const MOST_TAGS: usize = 8;

/// Where the file's content begins behind its ID3v2 tags: 0 where there is none. May lie behind
/// the end of a cut file.
pub(super) fn skip(window: &Window<'_>) -> Result<u64, ReadError> {
    let mut at = 0_u64;
    for _ in 0..MOST_TAGS {
        let Some(length) = tag_length(&window.read(at, 10)?) else { break };
        at = at.saturating_add(length);
    }
    Ok(at)
}

/// The whole length of the tag that begins here.
pub(super) fn tag_length(header: &[u8]) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(tag_length(b"ID3\x04\0\0\0\0\x02\x01"), Some(10 + 257));
        assert_eq!(tag_length(b"ID3\x04\0\x10\0\0\0\0"), Some(20));
        assert_eq!(tag_length(b"ID3\x04\0\0\x80\0\0\0"), None);
        assert_eq!(tag_length(b"ID3"), None);
        assert_eq!(tag_length(b"IDX\x04\0\0\0\0\0\0"), None);
    }
}
