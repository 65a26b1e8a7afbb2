//! Boxes of ISO base media files, and the numbers in them. Nothing here trusts a length.

/// Reads big-endian numbers from the front of some bytes. Every method returns `None` at the end.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'b>(pub(crate) &'b [u8]);

impl<'b> Cursor<'b> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// Reads 64 bits if the box has version 1, otherwise 32.
    pub(crate) fn wide(&mut self, version: u8) -> Option<u64> {
        if version == 1 { self.u64() } else { self.u32().map(u64::from) }
    }

    /// Reads the version and the flags of a full box.
    pub(crate) fn version_and_flags(&mut self) -> Option<(u8, u32)> {
        let word = self.u32()?;
        Some(((word >> 24) as u8, word & 0x00ff_ffff))
    }
}

/// A box within bytes in memory.
#[derive(Clone, Copy)]
pub(crate) struct Atom<'b> {
    pub(crate) kind: [u8; 4],
    /// The box without its size and type.
    pub(crate) body: &'b [u8],
    /// The whole box.
    pub(crate) whole: &'b [u8],
}

/// Iterates over the boxes in these bytes. Stops at the first that does not fit.
pub(crate) fn children(mut bytes: &[u8]) -> impl Iterator<Item = Atom<'_>> {
    std::iter::from_fn(move || {
        let mut cursor = Cursor(bytes);
        let size = cursor.u32()?;
        let kind: [u8; 4] = cursor.take(4)?.try_into().ok()?;
        let size = match size {
            0 => bytes.len(),
            1 => usize::try_from(cursor.u64()?).ok()?,
            size => usize::try_from(size).ok()?,
        };
        let header = bytes.len() - cursor.0.len();
        let (whole, rest) = bytes.split_at_checked(size)?;
        let body = whole.get(header..)?;
        bytes = rest;
        Some(Atom { kind, body, whole })
    })
}

/// Returns the body of the first box of this type.
pub(crate) fn child<'b>(bytes: &'b [u8], kind: &[u8; 4]) -> Option<&'b [u8]> {
    children(bytes).find(|atom| atom.kind == *kind).map(|atom| atom.body)
}

/// Returns the body of the box at the end of this path.
pub(crate) fn descendant<'b>(bytes: &'b [u8], path: &[&[u8; 4]]) -> Option<&'b [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| child(bytes, kind))
}

/// Returns a box with this content.
pub(crate) fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len().saturating_add(8)).unwrap_or(u32::MAX);
    [&size.to_be_bytes(), &kind[..], content].concat()
}

/// Returns a full box with this version, these flags and this content.
pub(crate) fn full_box(kind: &[u8; 4], version: u8, flags: u32, content: &[u8]) -> Vec<u8> {
    let word = u32::from(version) << 24 | (flags & 0x00ff_ffff);
    boxed(kind, &[&word.to_be_bytes()[..], content].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_does_not_fit_ends_the_list() {
        let mut bytes = boxed(b"free", b"abc");
        bytes.extend_from_slice(&[0, 0, 0, 99, b'm', b'o', b'o', b'v', 1]);
        let kinds: Vec<_> = children(&bytes).map(|atom| atom.kind).collect();
        assert_eq!(kinds, [*b"free"]);
        // Sizes that are smaller than the header would never end.
        for size in [2_u8, 7] {
            assert_eq!(children(&[0, 0, 0, size, b'f', b'r', b'e', b'e']).count(), 0);
        }
    }

    #[test]
    fn a_box_of_size_0_reaches_to_the_end() {
        let bytes = [0, 0, 0, 0, b'm', b'd', b'a', b't', 7, 8];
        assert_eq!(child(&bytes, b"mdat"), Some(&[7, 8][..]));
    }
}
