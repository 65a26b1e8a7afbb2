//! Files under temporary names: those that a batch writes, and those that a killed process has left.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::durable_file::{folder as folder_of, sync_name};

/// How the names begin and end. Those of downloads do too.
const PREFIX: &str = ".viseme-";
const SUFFIX: &str = ".part";

/// Creates a file next to `to`. It is removed when it is dropped.
pub(crate) fn create(to: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The mode of any new file, less the umask. Temporary files default to 0600.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder_of(to))
}

/// Gives a file its name when its content is on the disk.
pub(crate) fn finish(file: NamedTempFile, to: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(to).map_err(|error| error.error)?;
    sync_name(to)
}

/// Removes what a killed process has left in the folders of these files. Only in folders within `folder`,
/// because another program may be writing elsewhere.
pub(crate) fn remove_leftovers(folder: &Path, files: impl Iterator<Item = PathBuf>) {
    let Ok(within) = folder.canonicalize() else { return };
    let folders: BTreeSet<PathBuf> = files.map(|file| folder_of(&file).to_owned()).collect();
    let folders: BTreeSet<PathBuf> =
        folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
    let own = folders.iter().filter(|folder| folder.starts_with(&within) && **folder != within);
    for folder in own.chain([&within]) {
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        for entry in entries.filter(|entry| is_temporary(&entry.file_name().to_string_lossy())) {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!(path = %entry.path().display(), %error, "a temporary file remains");
            }
        }
    }
}

fn is_temporary(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_temporary_files_within_the_folder_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let batch = root.path().join("batch");
        fs::create_dir_all(batch.join("sub")).unwrap();
        let paths = [".viseme-1.part", "batch/.viseme-2.part", "batch/sub/.viseme-3.part"];
        let others = ["batch/x.part", "batch/.viseme-x", "batch/sub/a.mp4"];
        for path in paths.iter().chain(&others) {
            fs::write(root.path().join(path), "x").unwrap();
        }
        let results = ["a.mp4", "sub/a.mp4", "../a.mp4"].map(|name| batch.join(name));
        remove_leftovers(&batch, results.into_iter());
        let is_left = |path: &&str| root.path().join(path).exists();
        assert!(others.iter().all(is_left));
        assert_eq!(paths.iter().filter(|path| is_left(path)).count(), 1);
        assert!(is_left(&paths[0]));
    }
}
