//! No file is too large: not in bytes, and code not in lines.

use std::path::Path;

use anyhow::Result;

use super::{project_files, verdict};
use crate::process::root;
use crate::suite::Outcome;

/// A file is downloaded with every clone, for ever.
const MAX_BYTES: u64 = 1024 * 1024;

/// 400 is already long; above this a file has more than one purpose.
const MAX_LINES: usize = 500;

/// Endings of files that people write by hand.
const CODE: &[&str] =
    &["rs", "py", "pyi", "ts", "mts", "js", "mjs", "cjs", "swift", "kt", "kts", "sh", "toml"];

pub(crate) fn check() -> Result<Outcome> {
    let files = project_files()?;
    let mut faults = Vec::new();
    for file in &files {
        faults.extend(judge(file, &root().join(file))?);
    }
    verdict(&faults, format!("{} files", files.len()))
}

fn judge(name: &str, path: &Path) -> Result<Option<String>> {
    let bytes = path.metadata()?.len();
    if bytes > MAX_BYTES {
        return Ok(Some(format!("{name}: {bytes} bytes, at most {MAX_BYTES} are allowed")));
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !CODE.contains(&ending) {
        return Ok(None);
    }
    // `.ts` is also the ending of videos: what is no text is no code.
    let Ok(text) = String::from_utf8(std::fs::read(path)?) else { return Ok(None) };
    let lines = text.lines().count();
    let fault = format!("{name}: {lines} lines, at most {MAX_LINES} are allowed; split it");
    Ok((lines > MAX_LINES).then_some(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_code_and_heavy_files_are_faults() {
        let folder = tempfile::tempdir().expect("a folder");
        let judged = |name: &str, content: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).expect("written");
            judge(name, &path).expect("readable")
        };
        let found = [
            judged("fits.rs", "x\n".repeat(MAX_LINES)),
            judged("long.rs", "x\n".repeat(MAX_LINES + 1)),
            judged("long.txt", "x\n".repeat(MAX_LINES + 1)),
            judged("heavy.txt", "x".repeat(1024 * 1024 + 1)),
        ];
        assert_eq!(found.map(|fault| fault.is_some()), [false, true, false, true]);
    }
}
