//! Skips the tags before, between and after frames of audio.

use super::ReadError;
use super::cursor::Cursor;
use super::window::Window;

/// A tag states its length in so many bytes.
pub(super) const HEADER: usize = 16;
/// Tags that are skipped at the start of a file; badly joined files have two.
const MAX_TAGS: usize = 8;

/// The tags at the start of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeadingTags {
    /// Where the first tag's own content starts; 0 if there is no tag.
    pub(super) content: u64,
    /// Where the tags end according to their headers; may be beyond the end of the file.
    pub(super) end: u64,
}

/// Reads the tags at the start of the file.
pub(super) fn leading(window: &Window<'_>) -> Result<LeadingTags, ReadError> {
    let mut tags = LeadingTags::default();
    for _ in 0..MAX_TAGS {
        let header = window.read(tags.end, HEADER)?;
        let length = match id3v2(&header).or_else(|| ape(&header)) {
            Some(length) => length,
            // The size makes no sense: the tag ends where something else starts.
            None if header.starts_with(b"ID3") && tags.end == 0 => 10,
            None => break,
        };
        if tags.content == 0 {
            tags.content = 10;
        }
        tags.end = tags.end.saturating_add(length);
    }
    Ok(tags)
}

/// Returns the whole length of the tag of any kind that starts here.
pub(super) fn length_at(header: &[u8]) -> Option<u64> {
    id3v2(header).or_else(|| ape(header)).or_else(|| id3v1(header))
}

/// Returns where in a chunk the first tag may start, not at its first byte.
pub(super) fn find(chunk: &[u8]) -> Option<usize> {
    let rest = chunk.get(1..)?;
    let found = [&b"APETAGEX"[..], b"ID3", b"TAG"];
    let found = found.into_iter().filter_map(|magic| memchr::memmem::find(rest, magic)).min();
    found.map(|at| at + 1)
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
    use super::super::BytesSource;
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

    #[test]
    fn leading_tags_of_any_number_and_with_false_sizes() {
        let of = |bytes: &[u8]| {
            let source = BytesSource::new(bytes.to_vec());
            leading(&Window::new(&source, 1_000)).unwrap()
        };
        let tag = b"ID3\x04\0\0\0\0\0\x02ab";
        assert_eq!(of(tag), LeadingTags { content: 10, end: 12 });
        assert_eq!(of(&tag.repeat(3)), LeadingTags { content: 10, end: 36 });
        assert_eq!(of(b"ID3\x03\0\0\0\x01\xd4\xc0"), LeadingTags { content: 10, end: 10 });
        assert_eq!(of(b"RIFF"), LeadingTags::default());
    }

    #[test]
    fn a_tag_in_a_chunk_is_found() {
        assert_eq!(find(b"TAG..TAG"), Some(5));
        assert_eq!(find(b"..APETAGEX"), Some(2));
        assert_eq!(find(b""), None);
    }
}
