//! Files of a release.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// An empty folder.
pub(super) fn empty_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    create_folder(folder)
}

pub(super) fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Copies a file into a folder, under its own name.
pub(super) fn copy_into(file: &Path, folder: &Path) -> Result<()> {
    create_folder(folder)?;
    let name = file.file_name().context("a file without a name")?;
    let copied = fs::copy(file, folder.join(name));
    copied.map(drop).with_context(|| format!("cannot copy {}", file.display()))
}

/// The files of a folder with this ending, in order; none if there is no folder.
pub(super) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.is_file() && path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(super) fn checksum(file: &Path) -> Result<String> {
    let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Writes the checksum of a file next to it, in the format of `sha256sum`.
pub(super) fn write_checksum(file: &Path) -> Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let line = format!("{}  {name}\n", checksum(file)?);
    fs::write(file.with_file_name(format!("{name}.sha256")), line)
        .context("cannot write a checksum")
}

/// Fails if the file is not the one whose checksum stands next to it.
pub(super) fn verify_checksum(file: &Path) -> Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stated = fs::read_to_string(file.with_file_name(format!("{name}.sha256")))?;
    let is_right = stated.split_whitespace().next() == Some(&checksum(file)?);
    anyhow::ensure!(is_right, "{name} does not have the checksum of its .sha256 file");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_does_not_have_its_checksum() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.txt");
        fs::write(&file, "abc").expect("written");
        write_checksum(&file).expect("written");
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(checksum(&file).expect("read"), known);
        verify_checksum(&file).expect("the same");
        fs::write(&file, "abd").expect("written");
        verify_checksum(&file).expect_err("another");
        assert_eq!(files(folder.path(), ".txt"), [file]);
    }
}
