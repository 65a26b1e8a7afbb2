//! Writes files atomically: under a temporary name, renamed once they are complete.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use super::file_name::{MAX_ENCRYPTED_NAME, MAX_NAME, with_suffix};
use crate::error::{Error, ErrorKind, Result, io_reason};

/// How many symbolic links in a row are followed, as on Linux.
const MAX_LINKS: u32 = 40;

/// A file that was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadedFile {
    /// The path of the file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A file under a temporary name, which is removed if it is dropped before it is finished.
pub(super) struct AtomicFile {
    file: File,
    path: TempPath,
    folder: PathBuf,
}

impl AtomicFile {
    pub(super) async fn create(folder: &Path) -> Result<Self> {
        let owned = folder.to_owned();
        let created = blocking(move || new_file(&owned)).await;
        let (file, path) = created.map_err(|error| cannot_create(folder, &error))?.into_parts();
        Ok(Self { file: File::from_std(file), path, folder: folder.to_owned() })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Returns the error for a failed write.
    pub(super) fn error(&self, error: &io::Error) -> Error {
        cannot_save(&self.folder, error)
    }

    /// Discards the content written so far.
    pub(super) async fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0).await?;
        self.file.rewind().await.map(drop)
    }

    /// The temporary path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Renames the file to `path` and replaces an existing file, whose permissions it keeps. If
    /// `path` is a symbolic link, its target is replaced. A name that is too long is shortened.
    pub(super) async fn finish_as(self, path: &Path) -> Result<PathBuf> {
        self.file.sync_all().await.map_err(|error| cannot_save(path, &error))?;
        let (from, to) = (self.path, path.to_owned());
        let renamed = blocking(move || {
            let target = link_target(&to);
            if let Ok(existing) = std::fs::metadata(&target) {
                std::fs::set_permissions(&from, existing.permissions())?;
            }
            match from.persist(&target) {
                Err(error) if error.error.kind() == io::ErrorKind::InvalidFilename => {
                    let shortened = shortened(&target);
                    error.path.persist(&shortened).map(|()| shortened).map_err(|error| error.error)
                }
                persisted => persisted.map(|()| to).map_err(|error| error.error),
            }
        });
        renamed.await.map_err(|error| cannot_save(path, &error))
    }

    /// Renames the file to `name` in `folder`, or to the first free name of `name-1.ext`, `name-2.ext`, …
    pub(super) async fn finish_in(self, folder: &Path, name: &str) -> Result<PathBuf> {
        self.file.sync_all().await.map_err(|error| cannot_save(folder, &error))?;
        let (mut from, to, name) = (self.path, folder.to_owned(), name.to_owned());
        let renamed = blocking(move || {
            let (mut number, mut max) = (0, MAX_NAME);
            while number < 1000 {
                let suffix = if number == 0 { String::new() } else { format!("-{number}") };
                let target = to.join(with_suffix(&name, &suffix, max));
                match from.persist_noclobber(&target) {
                    Ok(()) => return Ok(target),
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                        from = error.path;
                        number += 1;
                    }
                    Err(error)
                        if error.error.kind() == io::ErrorKind::InvalidFilename
                            && max > MAX_ENCRYPTED_NAME =>
                    {
                        from = error.path;
                        max = MAX_ENCRYPTED_NAME;
                    }
                    Err(error) => return Err(error.error),
                }
            }
            Err(io::Error::from(io::ErrorKind::AlreadyExists))
        });
        renamed.await.map_err(|error| cannot_save(folder, &error))
    }
}

/// Returns the folder of the target path `to`, and whether `to` itself is that folder.
///
/// # Errors
/// [`ErrorKind::Download`] if the target is a device or similar: renaming would replace it with a file.
pub(super) async fn folder_of(to: &Path) -> Result<(PathBuf, bool)> {
    let there = tokio::fs::metadata(to).await.ok();
    let is_folder = there.as_ref().is_some_and(std::fs::Metadata::is_dir);
    if !is_folder && there.is_some_and(|meta| !meta.is_file()) {
        let message = format!(
            "The output cannot be saved to {}: it is neither a file nor a folder.",
            to.display()
        );
        return Err(Error::new(ErrorKind::Download, message));
    }
    // The temporary file must be on the disk of the final one.
    let target = link_target(to);
    Ok(match target.parent() {
        _ if is_folder => (to.to_owned(), true),
        Some(parent) if !parent.as_os_str().is_empty() => (parent.to_owned(), false),
        _ => (PathBuf::from("."), false),
    })
}

/// Saves bytes to a file, which is replaced, or to an existing folder under `name` or the first
/// free variation of it.
pub(crate) async fn save(content: &[u8], to: &Path, name: &str) -> Result<DownloadedFile> {
    let (folder, is_folder) = folder_of(to).await?;
    let mut part = AtomicFile::create(&folder).await?;
    let file = part.file();
    let written = match file.write_all(content).await {
        Ok(()) => file.flush().await,
        Err(error) => Err(error),
    };
    written.map_err(|error| part.error(&error))?;
    let path =
        if is_folder { part.finish_in(&folder, name).await? } else { part.finish_as(to).await? };
    Ok(DownloadedFile { path, bytes: content.len() as u64 })
}

fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".viseme-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The mode of any new file, less the umask. Temporary files default to 0600.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Returns the path with its name shortened, before the extension, to what every system allows.
fn shortened(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let max = if name.len() > MAX_NAME { MAX_NAME } else { MAX_ENCRYPTED_NAME };
    path.with_file_name(with_suffix(&name, "", max))
}

/// Returns the path that a symbolic link leads to, over several links if need be; the path itself
/// if it is no link.
fn link_target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = std::fs::read_link(&target) else { break };
        target = match target.parent() {
            Some(folder) => folder.join(next),
            None => next,
        };
    }
    target
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Returns the error of a file that cannot be created in a folder.
fn cannot_create(folder: &Path, error: &io::Error) -> Error {
    if error.kind() != io::ErrorKind::NotFound {
        return cannot_save(folder, error);
    }
    let message = format!(
        "The output cannot be saved: the folder {} does not exist. Create it first.",
        folder.display()
    );
    Error::new(ErrorKind::Download, message)
}

fn cannot_save(path: &Path, error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Download,
        format!("The output cannot be saved to {}: {}.", path.display(), io_reason(error)),
    )
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[allow(clippy::unwrap_used, reason = "a panic fails the test")]
    async fn write(to: &Path) -> PathBuf {
        save(b"new", to, "x.mp4").await.unwrap().path
    }

    #[tokio::test]
    async fn the_target_of_a_link_is_written_and_permissions_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        std::fs::write(at("sub/real.mp4"), "old").unwrap();
        std::fs::set_permissions(at("sub/real.mp4"), std::fs::Permissions::from_mode(0o600))
            .unwrap();
        symlink("sub/real.mp4", at("link.mp4")).unwrap();
        symlink("link.mp4", at("link2.mp4")).unwrap();
        symlink("sub/none.mp4", at("dangling.mp4")).unwrap();
        for (link, target) in [
            ("link.mp4", "sub/real.mp4"),
            ("link2.mp4", "sub/real.mp4"),
            ("dangling.mp4", "sub/none.mp4"),
        ] {
            std::fs::write(at("sub/real.mp4"), "old").unwrap();
            assert_eq!(write(&at(link)).await, at(link));
            assert!(std::fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
            assert_eq!(std::fs::read(at(target)).unwrap(), b"new", "{link}");
        }
        let mode = std::fs::metadata(at("sub/real.mp4")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(at("sub")).unwrap().count(), 2, "nothing else is left");
    }

    #[tokio::test]
    async fn a_name_that_is_too_long_is_shortened() {
        let folder = tempfile::tempdir().unwrap();
        let saved = write(&folder.path().join(format!("{}.mp4", "b".repeat(300)))).await;
        assert_eq!(saved, folder.path().join(format!("{}.mp4", "b".repeat(251))));
        assert_eq!(std::fs::read(saved).unwrap(), b"new");
    }

    #[tokio::test]
    async fn a_long_name_gets_its_number_before_the_extension() {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("{}.mp4", "c".repeat(251));
        for end in ["cc.mp4", "c-1.mp4", "c-2.mp4"] {
            let saved = save(b"x", folder.path(), &name).await.unwrap().path;
            let saved = saved.file_name().unwrap().to_str().unwrap();
            assert!(saved.len() == 255 && saved.ends_with(end), "{saved}");
        }
    }
}
