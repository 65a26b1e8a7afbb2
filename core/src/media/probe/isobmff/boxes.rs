//! Walks the boxes of ISO base media and QuickTime files.

use bytes::Bytes;

use super::super::ReadError;
use super::super::cursor::Cursor;
use super::super::window::Window;

/// The largest content of one box that is read whole.
const LARGEST_CONTENT: u64 = 256 * 1024;

/// Where a box lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BoxAt {
    pub(super) kind: [u8; 4],
    /// Where its header begins.
    pub(super) start: u64,
    /// Where its content begins.
    pub(super) body: u64,
    /// Where it says it ends; never before `body`, at most where its parent ends.
    pub(super) end: u64,
    /// It says it ends behind its parent's end.
    pub(super) overruns: bool,
    /// What it says its whole length is; `None` for "to the end of the file".
    pub(super) declared: Option<u64>,
}

impl BoxAt {
    /// The content, or its first part where it is large.
    pub(super) fn content(&self, window: &Window<'_>) -> Result<Bytes, ReadError> {
        let length = self.end.saturating_sub(self.body).min(LARGEST_CONTENT);
        window.read(self.body, usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// The boxes inside, from `skip` bytes behind the start of the content.
    pub(super) fn children<'w, 'a>(&self, window: &'w Window<'a>, skip: u64) -> BoxWalk<'w, 'a> {
        BoxWalk { window, at: self.body.saturating_add(skip), end: self.end }
    }
}

/// The boxes of a range, one after the other.
pub(super) struct BoxWalk<'w, 'a> {
    window: &'w Window<'a>,
    at: u64,
    end: u64,
}

impl<'w, 'a> BoxWalk<'w, 'a> {
    /// The boxes of the whole file.
    pub(super) fn whole_file(window: &'w Window<'a>) -> Self {
        Self { window, at: 0, end: window.size().unwrap_or(u64::MAX) }
    }

    /// The next box; `None` at the end, or where what follows cannot be a box.
    pub(super) fn next(&mut self) -> Result<Option<BoxAt>, ReadError> {
        if self.at >= self.end || !self.window.step() {
            return Ok(None);
        }
        let header = self.window.read(self.at, 16)?;
        let Some(found) = header_at(&header, self.at, self.end) else { return Ok(None) };
        self.at = found.end;
        Ok(Some(found))
    }
}

fn header_at(header: &[u8], start: u64, parent_end: u64) -> Option<BoxAt> {
    let mut cursor = Cursor::new(header);
    let short = cursor.u32()?;
    let kind = cursor.array()?;
    let (declared, header_length) = match short {
        0 => (None, 8),
        1 => (Some(cursor.u64()?), 16),
        size => (Some(u64::from(size)), 8),
    };
    if declared.is_some_and(|size| size < header_length) {
        return None;
    }
    let body = start.checked_add(header_length)?;
    let says = declared.map_or(parent_end, |size| start.saturating_add(size));
    let end = says.min(parent_end);
    Some(BoxAt { kind, start, body: body.min(end), end, overruns: says > parent_end, declared })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_every_form() {
        let short = header_at(b"\0\0\0\x10moov\0\0\0\0", 100, 1000).unwrap();
        assert_eq!((short.body, short.end, short.overruns), (108, 116, false));

        let long = header_at(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x20", 0, 1000).unwrap();
        assert_eq!((long.body, long.end, long.declared), (16, 32, Some(32)));

        let open = header_at(b"\0\0\0\0mdat", 10, 1000).unwrap();
        assert_eq!((open.body, open.end, open.declared), (18, 1000, None));

        let cut = header_at(b"\0\0\x10\0mdat", 10, 1000).unwrap();
        assert_eq!((cut.end, cut.overruns, cut.declared), (1000, true, Some(4096)));
    }

    #[test]
    fn hostile_headers_are_no_boxes() {
        assert_eq!(header_at(b"\0\0\0\x07moov", 0, 1000), None);
        assert_eq!(header_at(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x08", 0, 1000), None);
        assert_eq!(header_at(b"\0\0\0", 0, 1000), None);
        assert_eq!(header_at(b"\0\0\0\x01mdat\0", 0, 1000), None);
        let huge = header_at(b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff", 50, 1000).unwrap();
        assert_eq!((huge.end, huge.overruns), (1000, true));
    }
}
