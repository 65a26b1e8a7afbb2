//! Reads the width and height of still images.
//!
//! The rotation in Exif is not applied: the limits of images are the same for both sides.

use std::cell::RefCell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::window::Window;
use super::{Container, MediaInfo, ReadError};

/// How much is read at once: headers are short, and the window caches blocks.
const CHUNK: usize = 512;

pub(super) fn read(window: &Window<'_>, container: Container) -> Result<MediaInfo, ReadError> {
    let mut info = MediaInfo::new(container, window.size());
    let missing = RefCell::new(None);
    let reader = WindowReader { window, position: 0, failed: &missing };
    let size = imagesize::reader_size(BufReader::with_capacity(CHUNK, reader));
    if let Some(error) = missing.into_inner() {
        return Err(error);
    }
    // If the header cannot be read, the size is unknown, and a violation reports that.
    if let Ok(size) = size {
        info.width = u32::try_from(size.width).ok();
        info.height = u32::try_from(size.height).ok();
    }
    Ok(info)
}

/// A window as a standard reader.
struct WindowReader<'w, 'f> {
    window: &'w Window<'w>,
    position: u64,
    /// The error of a failed read, for the caller of the probe.
    failed: &'f RefCell<Option<ReadError>>,
}

impl Read for WindowReader<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.window.step() {
            return Ok(0);
        }
        let bytes = self.window.read(self.position, buffer.len()).map_err(|error| {
            let message = io::Error::other(error.to_string());
            self.failed.replace(Some(error));
            message
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
