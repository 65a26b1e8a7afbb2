//! No file is too large: no file in bytes, and no code in lines.

use std::path::Path;

use anyhow::Result;

use super::{conclude, project_files};
use crate::process::root;

/// Every clone downloads every file that was ever committed.
const MAX_BYTES: u64 = 1024 * 1024;

/// A longer file has more than one purpose.
const MAX_LINES: usize = 450;

/// Endings of files that are written by hand.
const CODE: &[&str] =
    &["rs", "py", "pyi", "ts", "mts", "js", "mjs", "cjs", "swift", "kt", "kts", "sh", "toml"];

pub(crate) fn check() -> Result<String> {
    let files = project_files()?;
    let mut faults = Vec::new();
    for file in &files {
        faults.extend(fault_of(file, &root().join(file))?);
    }
    conclude(&faults, format!("{} files", files.len()))
}

fn fault_of(name: &str, path: &Path) -> Result<Option<String>> {
    let bytes = path.metadata()?.len();
    if bytes > MAX_BYTES {
        return Ok(Some(format!("{name}: {bytes} bytes, at most {MAX_BYTES} are allowed")));
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !CODE.contains(&ending) {
        return Ok(None);
    }
    // `.ts` is also the ending of videos, which are not text.
    let Ok(text) = String::from_utf8(std::fs::read(path)?) else { return Ok(None) };
    let lines = text.lines().count();
    let fault = format!("{name}: {lines} lines, at most {MAX_LINES} are allowed; split it");
    Ok((lines > MAX_LINES).then_some(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_code_and_large_files_are_faults() {
        let folder = tempfile::tempdir().expect("a folder");
        let fault = |name: &str, content: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).expect("written");
            fault_of(name, &path).expect("readable")
        };
        let found = [
            fault("fits.rs", "x\n".repeat(MAX_LINES)),
            fault("long.rs", "x\n".repeat(MAX_LINES + 1)),
            fault("long.txt", "x\n".repeat(MAX_LINES + 1)),
            fault("heavy.txt", "x".repeat(1024 * 1024 + 1)),
        ];
        assert_eq!(found.map(|fault| fault.is_some()), [false, true, false, true]);
    }
}
