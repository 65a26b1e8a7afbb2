//! Walks the boxes of ISO base media and QuickTime files, and the entries of their tables.

use bytes::Bytes;

use super::super::ReadError;
use super::super::cursor::Cursor;
use super::super::window::Window;

/// Content of a box beyond this size is not read in one piece.
const MAX_CONTENT: u64 = 256 * 1024;
/// Entries of a table beyond this size are not read: an hour of audio has a third of it.
const MAX_TABLE: u64 = 4 * 1024 * 1024;
/// A table is read in pieces of about this size.
const TABLE_PIECE: usize = 32 * 1024;

/// The position of a box in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BoxAt {
    pub(super) kind: [u8; 4],
    /// The offset of its header.
    pub(super) start: u64,
    /// The offset of its content.
    pub(super) body: u64,
    /// The declared end; never before `body`, at most the end of the parent.
    pub(super) end: u64,
    /// The declared end lies beyond the end of the parent.
    pub(super) overruns: bool,
    /// The declared size; `None` for "to the end of the file".
    pub(super) declared: Option<u64>,
}

impl BoxAt {
    /// Returns the content, or its first part if it is large.
    pub(super) fn content(&self, window: &Window<'_>) -> Result<Bytes, ReadError> {
        let length = self.end.saturating_sub(self.body).min(MAX_CONTENT);
        window.read(self.body, usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Returns the boxes inside, from `skip` bytes after the start of the content.
    pub(super) fn children<'w, 'a>(&self, window: &'w Window<'a>, skip: u64) -> BoxWalk<'w, 'a> {
        BoxWalk { window, at: self.body.saturating_add(skip), end: self.end }
    }

    /// Calls `each` with every entry of a table that starts `skip` bytes after the start of the
    /// content. Returns false if the file or the box ends before `count` entries, or if the table
    /// is too large to be read.
    pub(super) fn entries(
        &self,
        window: &Window<'_>,
        skip: u64,
        entry_size: usize,
        count: u64,
        mut each: impl FnMut(&[u8]),
    ) -> Result<bool, ReadError> {
        let (Ok(step), Some(at)) = (u64::try_from(entry_size.max(1)), self.body.checked_add(skip))
        else {
            return Ok(false);
        };
        let present = self.end.saturating_sub(at).min(MAX_TABLE) / step;
        let wanted = count.min(present);
        let per_piece = (TABLE_PIECE / entry_size.max(1)).max(1);
        let mut done = 0_u64;
        while done < wanted {
            let now = usize::try_from(wanted - done).map_or(per_piece, |left| left.min(per_piece));
            let offset = at.saturating_add(done.saturating_mul(step));
            let piece = window.read(offset, now.saturating_mul(entry_size))?;
            let mut entries = piece.chunks_exact(entry_size.max(1));
            let read = entries.len();
            entries.by_ref().for_each(&mut each);
            done = done.saturating_add(read as u64);
            if read < now {
                return Ok(false);
            }
        }
        Ok(wanted == count)
    }
}

/// The boxes of a range, one after the other.
pub(super) struct BoxWalk<'w, 'a> {
    window: &'w Window<'a>,
    at: u64,
    end: u64,
}

impl<'w, 'a> BoxWalk<'w, 'a> {
    /// Returns the boxes of the file from `start`.
    pub(super) fn of_file(window: &'w Window<'a>, start: u64) -> Self {
        Self { window, at: start, end: window.size().unwrap_or(u64::MAX) }
    }

    /// Returns the next box; `None` at the end, or if the next bytes cannot be a box.
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
    fn short_long_and_open_headers() {
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
    fn invalid_headers_are_no_boxes() {
        assert_eq!(header_at(b"\0\0\0\x07moov", 0, 1000), None);
        assert_eq!(header_at(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x08", 0, 1000), None);
        assert_eq!(header_at(b"\0\0\0", 0, 1000), None);
        assert_eq!(header_at(b"\0\0\0\x01mdat\0", 0, 1000), None);
        let huge = header_at(b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff", 50, 1000).unwrap();
        assert_eq!((huge.end, huge.overruns), (1000, true));
    }
}
