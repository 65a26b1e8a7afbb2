//! The folder for unfinished files, beside the results so that they can be renamed into place.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The start of the names of such folders.
const PREFIX: &str = ".viseme-fit-";
/// The file that is locked while the folder is in use.
const LOCK: &str = "lock";
const NEW_LOCK: &str = "lock.new";

/// A folder for unfinished files. It is removed when this is dropped; what a killed program left is
/// removed by the next one that uses the same place.
#[derive(Debug)]
pub(super) struct WorkFolder {
    folder: TempDir,
    // Released when the process ends, however it ends.
    _lock: File,
}

impl WorkFolder {
    /// Creates a folder inside of `parent`, and removes those that are no longer in use.
    pub(super) fn create(parent: &Path) -> io::Result<Self> {
        remove_left_folders(parent);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        // It has its name only when it is locked: another program removes a folder with an unlocked one.
        let new = folder.path().join(NEW_LOCK);
        let lock = File::create(&new)?;
        lock.lock()?;
        fs::rename(new, folder.path().join(LOCK))?;
        Ok(Self { folder, _lock: lock })
    }

    /// Returns the path of a file in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn remove_left_folders(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_if_unused(&entry.path());
        }
    }
}

/// Removes a folder whose program has ended. One without a lock file is about to be used.
fn remove_if_unused(folder: &Path) {
    let Ok(lock) = File::open(folder.join(LOCK)) else { return };
    match lock.try_lock() {
        // Nothing is lost if this fails: the next program tries again.
        Ok(()) => drop(fs::remove_dir_all(folder)),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
    }
}

/// Writes a file to disk and gives it its final name. An existing file is replaced.
pub(super) fn publish(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    fs::rename(from, to)?;
    if let Some(folder) = to.parent().filter(|it| !it.as_os_str().is_empty()) {
        // Not every system can do this, and the file itself is on disk.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_use_are_kept_and_others_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let used = WorkFolder::create(parent.path()).unwrap();
        let left = parent.path().join(".viseme-fit-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(left.join("part.mp4"), "x").unwrap();
        let other = parent.path().join("other");
        fs::create_dir(&other).unwrap();
        let path = used.path("a.mp4");
        let second = WorkFolder::create(parent.path()).unwrap();
        assert!(!left.exists() && other.exists() && path.parent().unwrap().exists());
        drop((used, second));
        let names: Vec<_> = fs::read_dir(parent.path()).unwrap().flatten().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    #[test]
    fn a_file_is_published_under_its_name() {
        let parent = tempfile::tempdir().unwrap();
        let (from, to) = (parent.path().join("a"), parent.path().join("b"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        publish(&from, &to).unwrap();
        assert_eq!((fs::read(&to).unwrap(), from.exists()), (b"new".to_vec(), false));
    }
}
