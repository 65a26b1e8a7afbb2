//! Reads a small input file, or standard input.

use std::io::Read as _;
use std::path::Path;

use crate::failure::{Failure, Result, reason};

/// The largest file that is read: records, secrets and the bodies of webhooks are small.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Returns the content of a file, or of standard input if the path is `-`.
///
/// # Errors
/// [`Failure::Usage`] if it cannot be read or is too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) if bytes.len() as u64 > MAX_BYTES => Err(Failure::Usage(format!(
            "{} is too large: at most {MAX_BYTES} bytes are allowed.",
            path.display()
        ))),
        Ok(_) => Ok(bytes),
        Err(error) => {
            let (path, why) = (path.display(), reason(&error));
            Err(Failure::Usage(format!("Cannot read {path}: {why}.")))
        }
    }
}
