//! The file that keeps how long the jobs of each model take, for later clients and for other processes.
//!
//! It only saves time: no content of it, and no failure to read or write it, may stop a job. It is replaced whole, so
//! a process that is killed leaves the old content or the new one. A file next to it is locked meanwhile, so that
//! processes do not undo what the others wrote; the lock ends with the process.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::http;
use crate::protocol::SavedDurations;

/// The largest file that is read.
const MAX_FILE: u64 = 4 * 1024 * 1024;
const VERSION: u32 = 1;
/// The name of the file if the path is a folder.
const FILE_NAME: &str = "viseme-pacing.json";
/// How each file begins, so that no other file is replaced.
const BEGINNING: &[u8] = br#"{"viseme_pacing":"#;

/// The content of the file: durations by model.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SavedPacing {
    viseme_pacing: u32,
    pub(super) models: BTreeMap<String, SavedDurations>,
}

/// The part of the content that all versions have.
#[derive(Deserialize)]
struct Header {
    viseme_pacing: u32,
}

/// What is in the place of a pacing file.
#[derive(Debug)]
pub(super) enum Found {
    /// No file, or an empty one.
    Nothing,
    /// Durations.
    Pacing(SavedPacing),
    /// A damaged pacing file, which may be replaced. The text says why it cannot be used.
    Damaged(String),
    /// What must stay as it is: it cannot be read, or a later version wrote it. The text says why.
    Unusable(String),
    /// A file that something else wrote. It must stay as it is.
    Foreign,
}

/// A file as it was read: its bytes, as far as there are any, and what they are.
pub(super) struct PacingFile {
    pub(super) bytes: Vec<u8>,
    pub(super) found: Found,
}

impl SavedPacing {
    pub(super) fn new(models: BTreeMap<String, SavedDurations>) -> Self {
        Self { viseme_pacing: VERSION, models }
    }
}

/// Reads a pacing file. Blocks.
pub(super) fn read(path: &Path) -> PacingFile {
    match read_bytes(path) {
        Ok(bytes) => PacingFile { found: recognize(&bytes), bytes },
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

fn recognize(bytes: &[u8]) -> Found {
    if bytes.is_empty() {
        return Found::Nothing;
    }
    match serde_json::from_slice(bytes) {
        Ok(Header { viseme_pacing: VERSION }) => match serde_json::from_slice(bytes) {
            Ok(saved) => Found::Pacing(saved),
            Err(error) => Found::Damaged(error.to_string()),
        },
        Ok(Header { viseme_pacing }) => Found::Unusable(format!("it has version {viseme_pacing}")),
        // A power cut can leave the beginning of a file, or zeros.
        Err(error)
            if bytes.starts_with(BEGINNING)
                || BEGINNING.starts_with(bytes)
                || bytes.iter().all(|byte| *byte == 0) =>
        {
            Found::Damaged(error.to_string())
        }
        Err(_) => Found::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(bytes: &[u8]) -> &'static str {
        match recognize(bytes) {
            Found::Nothing => "nothing",
            Found::Pacing(_) => "pacing",
            Found::Damaged(_) => "damaged",
            Found::Unusable(_) => "unusable",
            Found::Foreign => "foreign",
        }
    }

    #[test]
    #[allow(clippy::unwrap_used, reason = "a panic fails the test")]
    fn every_beginning_of_a_pacing_file_is_a_damaged_one_and_nothing_else_is() {
        let models = BTreeMap::from([("a/b".to_owned(), SavedDurations::default())]);
        let whole = serde_json::to_vec(&SavedPacing::new(models)).unwrap();
        assert!(whole.starts_with(BEGINNING));
        assert_eq!(describe(&whole), "pacing");
        for length in 1..whole.len() {
            assert_eq!(describe(&whole[..length]), "damaged", "the first {length} bytes");
        }
        for (content, expected) in [
            ("", "nothing"),
            ("{ \"models\": {},\n \"viseme_pacing\": 1 }\n", "pacing"),
            (r#"{"viseme_pacing":2,"models":[]}"#, "unusable"),
            (r#"{"viseme_pacing":1,"models":[]}"#, "damaged"),
            (r#"{"viseme_pacing":"x"}"#, "damaged"),
            ("\0\0\0", "damaged"),
            ("[]", "foreign"),
            (r#"{"version":1,"models":{}}"#, "foreign"),
            ("# notes", "foreign"),
            ("\u{7f}ELF", "foreign"),
        ] {
            assert_eq!(describe(content.as_bytes()), expected, "{content}");
        }
    }
}
