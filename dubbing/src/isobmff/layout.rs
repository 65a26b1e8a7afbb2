//! The boxes at the top of a file: only the movie box and the fragments are read.

use super::boxes::Cursor;
use crate::error::{Problem, unusable};
use crate::source::{ReadAt, Window, read};

/// The most boxes at the top of a file. A fragment has two.
const MAX_BOXES: usize = 100_000;
/// The largest movie box: that of a film of several hours.
const MAX_MOVIE: u64 = 32 * 1024 * 1024;
/// The largest box of one fragment.
const MAX_FRAGMENT: u64 = 4 * 1024 * 1024;

/// Where the index of a file is.
pub(super) struct Layout {
    /// The body of the movie box.
    pub(super) movie: Vec<u8>,
    /// Position and size of each movie fragment box.
    pub(super) fragments: Vec<(u64, u64)>,
}

/// Finds the movie box, wherever it is, and the fragments.
pub(super) fn find(source: &dyn ReadAt) -> Result<Layout, Problem> {
    let mut window = Window::new(source);
    let (mut at, mut movie, mut fragments) = (0_u64, None, Vec::new());
    for _ in 0..MAX_BOXES {
        let Some((kind, header, size)) = header(&mut window, at)? else { break };
        let left = source.size().saturating_sub(at);
        match &kind {
            b"moov" if movie.is_none() => {
                if size > left {
                    return Err(unusable("ends before its index does"));
                }
                movie = Some((at.saturating_add(header), size.saturating_sub(header)));
            }
            b"moof" if size <= left => fragments.push((at, size)),
            _ => {}
        }
        match at.checked_add(size) {
            Some(next) if next < source.size() => at = next,
            _ => break,
        }
    }
    let Some((offset, size)) = movie else {
        return Err(unusable("is not an MP4 or MOV file, or has no index"));
    };
    if size > MAX_MOVIE {
        return Err(unusable("has an index of more than 32 MiB"));
    }
    let movie = read(source, offset, usize::try_from(size).unwrap_or_default())?;
    Ok(Layout { movie, fragments })
}

/// Reads a fragment's box. Returns `None` if it is too large.
pub(super) fn fragment(
    source: &dyn ReadAt,
    (offset, size): (u64, u64),
) -> Result<Option<Vec<u8>>, Problem> {
    if size > MAX_FRAGMENT {
        return Ok(None);
    }
    Ok(Some(read(source, offset, usize::try_from(size).unwrap_or_default())?))
}

/// Returns type, size of the header and size of the box at this position.
fn header(window: &mut Window<'_>, at: u64) -> Result<Option<([u8; 4], u64, u64)>, Problem> {
    let left = window.size().saturating_sub(at);
    let Some(bytes) = window.get(at, 8)? else { return Ok(None) };
    let mut cursor = Cursor(bytes);
    let (Some(size), Some(kind)) = (cursor.u32(), cursor.take(4)) else { return Ok(None) };
    let kind: [u8; 4] = kind.try_into().unwrap_or_default();
    let (header, size) = match size {
        0 => (8, left),
        1 => {
            let Some(bytes) = window.get(at.saturating_add(8), 8)? else { return Ok(None) };
            (16, Cursor(bytes).u64().unwrap_or_default())
        }
        size => (8, u64::from(size)),
    };
    Ok((size >= header).then_some((kind, header, size)))
}
