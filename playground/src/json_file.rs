//! JSON files that are there whole or not at all, even after a power cut.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

/// Writes a file; it is on the disk when this returns.
///
/// # Errors
/// Any I/O error.
pub(crate) fn write(folder: &Path, name: &str, value: &impl Serialize) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut file, value)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    // Without this, a power failure can undo the rename.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
