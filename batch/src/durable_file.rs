//! Files that are on the disk whole or not at all, even after a power cut.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use tempfile::{NamedTempFile, TempPath};

/// Writes a value as JSON; it is on the disk when this returns. Only this user can read the file.
///
/// # Errors
/// Any I/O error. The file is then as it was.
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder(path))?;
    serde_json::to_writer(&mut file, value)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_name(path)
}

/// Gives a file its name when its content is on the disk. Replaces another file of that name.
///
/// # Errors
/// Any I/O error.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    fs::rename(from, to)?;
    sync_name(to)
}

/// Gives a file its name as [`rename`] does, unless another file has that name.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if another file has the name, and any other I/O error. The file then
/// keeps its name.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    TempPath::try_from_path(from)?.persist_noclobber(to).map_err(|failed| {
        let _ = failed.path.keep();
        failed.error
    })?;
    sync_name(to)
}

/// Writes the name of a file to the disk, so that a power cut does not take it back.
///
/// # Errors
/// Any I/O error.
pub fn sync_name(file: &Path) -> io::Result<()> {
    // Other systems do not open folders as files.
    if cfg!(unix) { File::open(folder(file))?.sync_all() } else { Ok(()) }
}

/// Returns the folder of a file.
pub(crate) fn folder(file: &Path) -> &Path {
    file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_where_that_is_wanted() {
        let root = tempfile::tempdir().unwrap();
        let [one, two] = ["one.json", "two.json"].map(|name| root.path().join(name));
        write_json(&one, &[1]).unwrap();
        write_json(&two, &[2]).unwrap();
        let error = rename_new(&one, &two).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&two).unwrap(), "[2]\n");
        rename(&one, &two).unwrap();
        assert_eq!(fs::read_to_string(&two).unwrap(), "[1]\n");
        rename_new(&two, &one).unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
