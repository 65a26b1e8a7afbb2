//! Reads and writes the file that keeps how long the jobs of each model take, for later clients and for other
//! processes.
//!
//! It only saves time: no content of it, and no failure to read or write it, may stop a job. It is replaced whole, so
//! a process that is killed leaves the old content or the new one. A file next to it is locked meanwhile, so that
//! processes do not undo what the others wrote; the lock ends with the process.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::http;
use crate::protocol::Found;

/// The largest file that is read.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// The name of the file if the path is a folder.
const FILE_NAME: &str = "viseme-pacing.json";

/// A file as it was read: its bytes, as far as there are any, and what they are.
pub(super) struct PacingFile {
    pub(super) bytes: Vec<u8>,
    pub(super) found: Found,
}

/// Reads a pacing file. Blocks.
pub(super) fn read(path: &Path) -> PacingFile {
    match read_bytes(path) {
        Ok(bytes) => PacingFile { found: Found::in_bytes(&bytes), bytes },
        Err(error) => {
            let found = match error.kind() {
                io::ErrorKind::NotFound => Found::Nothing,
                _ => Found::Unusable(error.to_string()),
            };
            PacingFile { bytes: Vec::new(), found }
        }
    }
}

/// Permits this process alone to replace the file, until it is dropped.
pub(super) struct FileLock {
    /// `None` if the file system has no locks.
    _file: Option<File>,
}

/// Locks and reads a pacing file; `None` if another process has locked it. Blocks while the file system works.
pub(super) fn lock_and_read(path: &Path) -> io::Result<Option<(FileLock, PacingFile)>> {
    let mut name = target(path).into_os_string();
    name.push(".lock");
    let file = File::options().create(true).append(true).open(name)?;
    let lock = match file.try_lock() {
        Ok(()) => FileLock { _file: Some(file) },
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            FileLock { _file: None }
        }
        Err(TryLockError::Error(error)) => return Err(error),
    };
    Ok(Some((lock, read(path))))
}

/// Replaces a pacing file.
pub(super) async fn write(path: &Path, content: &[u8]) -> Result<()> {
    http::save(content, &target(path), FILE_NAME).await.map(drop)
}

/// Returns the path of the file: in a folder it has a name of its own.
fn target(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() }
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let path = target(path);
    // A read of a pipe or a device might never end.
    if !std::fs::metadata(&path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}
