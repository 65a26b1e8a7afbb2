//! Width and height of still pictures.
//!
//! As coded: the turn that a camera notes in Exif is not applied. The rules for pictures here are
//! the same for both sides, so it does not matter to them.

use std::cell::RefCell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::window::Window;
use super::{Container, MediaInfo, ReadError};

/// How much is read at once: headers are short, and blocks are kept by the window.
const CHUNK: usize = 512;

pub(super) fn read(window: &Window<'_>, container: Container) -> Result<MediaInfo, ReadError> {
    let mut info = MediaInfo::new(container, window.size());
    let missing = RefCell::new(None);
    let reader = WindowReader { window, position: 0, failed: &missing };
    let size = imagesize::reader_size(BufReader::with_capacity(CHUNK, reader));
    if let Some(error) = missing.into_inner() {
        return Err(error);
    }
    // A header that cannot be read leaves the size unknown, which is reported as such.
    if let Ok(size) = size {
        info.width = u32::try_from(size.width).ok();
        info.height = u32::try_from(size.height).ok();
    }
    Ok(info)
}

/// A window, as the library wants it.
struct WindowReader<'w, 'f> {
    window: &'w Window<'w>,
    position: u64,
    /// Why a read failed: it must reach the caller as it is.
    failed: &'f RefCell<Option<ReadError>>,
}

impl Read for WindowReader<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.window.step() {
            return Ok(0);
        }
        let bytes = self.window.read(self.position, buffer.len()).map_err(|error| {
            let told = io::Error::other(error.to_string());
            self.failed.replace(Some(error));
            told
        })?;
        let count = bytes.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for WindowReader<'_, '_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.window.size().and_then(|size| size.checked_add_signed(by)),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
