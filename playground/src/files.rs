//! The files that the page sent: each in a temporary folder that is removed with the playground.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures_util::{Stream, StreamExt as _};
use http::StatusCode;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use crate::api_error::ApiError;
use crate::random;

const MIB: u64 = 1024 * 1024;
/// The largest file. The models take less: what is larger can be fitted, or dubbed in segments.
const MAX_FILE_BYTES: u64 = 1024 * MIB;
/// The most that all files together may take on the disk.
const MAX_TOTAL_BYTES: u64 = 4 * 1024 * MIB;
/// The longest name of a file, in bytes.
const MAX_NAME: usize = 120;

/// A file that the page sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredFile {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// Where the service has it, unless a job used that URL.
    pub(crate) uploaded: Option<String>,
    /// Whether a job uses it, so that the page shows it in the history.
    is_kept: bool,
}

/// All files of a playground.
pub(crate) struct FileStore {
    folder: TempDir,
    files: Mutex<Vec<StoredFile>>,
    max_bytes: u64,
}

impl FileStore {
    /// # Errors
    /// The temporary folder cannot be created.
    pub(crate) fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("viseme-playground-").tempdir()?;
        Ok(Self { folder, files: Mutex::default(), max_bytes: MAX_FILE_BYTES })
    }

    /// Removes all files, also those that a running task still uses.
    pub(crate) fn remove_all(&self) {
        // What cannot be removed stays in the system's folder for temporary files.
        let _ = std::fs::remove_dir_all(self.folder.path());
    }

    /// Returns the folder for dubs that go with the playground.
    pub(crate) fn dubs_root(&self) -> PathBuf {
        self.folder.path().join("dubs")
    }

    /// Returns a new folder for files that are made here; it is removed when dropped.
    ///
    /// # Errors
    /// It cannot be created.
    pub(crate) fn new_folder(&self) -> io::Result<TempDir> {
        tempfile::Builder::new().prefix("making-").tempdir_in(self.folder.path())
    }

    /// Takes over a file that was made in [`new_folder`](Self::new_folder).
    ///
    /// # Errors
    /// 500 if it cannot be moved.
    pub(crate) async fn adopt(&self, path: &Path) -> Result<StoredFile, ApiError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let failed = |error: io::Error| ApiError::local(&format!("store {name}"), &error);
        let id = random::token().map_err(failed)?;
        let folder = self.folder.path().join(&id);
        tokio::fs::create_dir(&folder).await.map_err(failed)?;
        let own = folder.join(&name);
        tokio::fs::rename(path, &own).await.map_err(failed)?;
        let bytes = tokio::fs::metadata(&own).await.map_err(failed)?.len();
        Ok(self
            .add(StoredFile { id, name, path: own, bytes, uploaded: None, is_kept: false })
            .await)
    }

    /// Returns the folder for the outputs of a job.
    pub(crate) fn output_folder(&self, job: &str) -> PathBuf {
        self.folder.path().join(format!("output-{job}"))
    }

    pub(crate) fn get(&self, id: &str) -> Option<StoredFile> {
        self.lock().iter().find(|file| file.id == id).cloned()
    }

    /// Remembers where the service has a file.
    pub(crate) fn set_uploaded(&self, id: &str, url: Option<String>) {
        if let Some(file) = self.lock().iter_mut().find(|file| file.id == id) {
            file.uploaded = url;
        }
    }

    /// Keeps files that a job uses. A later job uploads them again: unique URLs make it certain which
    /// job belongs to which submit.
    pub(crate) fn keep(&self, ids: &[String]) {
        for file in self.lock().iter_mut().filter(|file| ids.contains(&file.id)) {
            file.is_kept = true;
            file.uploaded = None;
        }
    }

    /// Stores a stream of bytes. A file of which not all bytes come is removed.
    ///
    /// # Errors
    /// 413 if it is too large, 400 if the stream breaks, and 500 if it cannot be written.
    pub(crate) async fn store<B, E>(
        &self,
        name: &str,
        expected: Option<u64>,
        content: impl Stream<Item = Result<B, E>> + Unpin,
    ) -> Result<StoredFile, ApiError>
    where
        B: AsRef<[u8]>,
    {
        let name = clean_name(name);
        if expected.is_some_and(|bytes| bytes > self.max_bytes) {
            return Err(too_large(&name, self.max_bytes));
        }
        let id = random::token().map_err(|error| ApiError::local("make an id", &error))?;
        let folder = self.folder.path().join(&id);
        let path = folder.join(&name);
        let result = write(&folder, &path, &name, self.max_bytes, content).await;
        let bytes = match result {
            Ok(bytes) => bytes,
            Err(error) => {
                remove(&folder).await;
                return Err(error);
            }
        };
        Ok(self.add(StoredFile { id, name, path, bytes, uploaded: None, is_kept: false }).await)
    }

    /// Adds a file, and removes the oldest if all together are too large.
    async fn add(&self, file: StoredFile) -> StoredFile {
        let removed = {
            let mut files = self.lock();
            files.push(file.clone());
            over_limit(&mut files)
        };
        for old in removed {
            remove(old.path.parent().unwrap_or(&old.path)).await;
        }
        file
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<StoredFile>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the oldest files that no job uses out of the list until the others are within the limit.
/// The newest stays.
fn over_limit(files: &mut Vec<StoredFile>) -> Vec<StoredFile> {
    let mut total: u64 = files.iter().map(|file| file.bytes).sum();
    let mut removed = Vec::new();
    while total > MAX_TOTAL_BYTES {
        let oldest = files.iter().position(|file| !file.is_kept);
        let Some(index) = oldest.filter(|index| index + 1 < files.len()) else { break };
        let file = files.remove(index);
        total = total.saturating_sub(file.bytes);
        removed.push(file);
    }
    removed
}

async fn write<B, E>(
    folder: &Path,
    path: &Path,
    name: &str,
    max_bytes: u64,
    mut content: impl Stream<Item = Result<B, E>> + Unpin,
) -> Result<u64, ApiError>
where
    B: AsRef<[u8]>,
{
    let failed = |error: io::Error| ApiError::local(&format!("store {name}"), &error);
    tokio::fs::create_dir(folder).await.map_err(failed)?;
    let mut file = tokio::fs::File::create_new(path).await.map_err(failed)?;
    let mut total = 0_u64;
    while let Some(bytes) = content.next().await {
        let Ok(bytes) = bytes else {
            let message = format!("{name} did not arrive completely. Choose it again.");
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "incomplete", message));
        };
        let bytes = bytes.as_ref();
        total = total.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if total > max_bytes {
            return Err(too_large(name, max_bytes));
        }
        file.write_all(bytes).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(total)
}

async fn remove(folder: &Path) {
    // What cannot be removed now goes with the temporary folder.
    let _ = tokio::fs::remove_dir_all(folder).await;
}

fn too_large(name: &str, max_bytes: u64) -> ApiError {
    let most = max_bytes / MIB;
    let message = format!(
        "{name} is larger than {most} MB, the most that the playground takes. Choose a smaller file."
    );
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
}

/// Returns a name without folders that every file system takes, with its extension.
fn clean_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if (1..10).contains(&extension.len()) => {
            (stem, format!(".{extension}"))
        }
        _ => (name, String::new()),
    };
    let mut end = stem.len().min(MAX_NAME);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let stem = sanitize_filename::sanitize(stem.get(..end).unwrap_or_default());
    let stem = if stem.trim().is_empty() { "file" } else { stem.trim() };
    sanitize_filename::sanitize(format!("{stem}{extension}"))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    type Chunk = Result<Vec<u8>, ()>;

    fn names(store: &FileStore) -> usize {
        std::fs::read_dir(store.folder.path()).unwrap().count()
    }

    #[test]
    fn names_are_safe_and_keep_their_extension() {
        for (name, expected) in [
            ("voice.mp3", "voice.mp3"),
            ("../../etc/passwd", "passwd"),
            (r"C:\Users\me\face.mp4", "face.mp4"),
            ("..", "file"),
            ("", "file"),
            (".mp4", "file.mp4"),
            ("a\u{0}b?.wav", "ab.wav"),
        ] {
            assert_eq!(clean_name(name), expected, "{name}");
        }
        let long = clean_name(&format!("{}.mp4", "ü".repeat(500)));
        assert!(long.len() <= MAX_NAME + 4 && long.ends_with(".mp4"), "{long}");
    }

    #[tokio::test]
    async fn a_file_is_stored_under_its_name_and_removed_with_the_store() {
        let store = FileStore::new().unwrap();
        let chunks: [Chunk; 2] = [Ok(b"ab".to_vec()), Ok(b"c".to_vec())];
        let file = store.store("a.txt", Some(3), stream::iter(chunks)).await.unwrap();
        assert_eq!((file.name.as_str(), file.bytes), ("a.txt", 3));
        assert_eq!(std::fs::read(&file.path).unwrap(), b"abc");
        assert_eq!(store.get(&file.id), Some(file.clone()));
        drop(store);
        assert!(!file.path.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_or_incomplete_leaves_nothing() {
        let store = FileStore { max_bytes: 2 * MIB, ..FileStore::new().unwrap() };
        let none: [Chunk; 0] = [];
        let error = store.store("a.mp4", Some(2 * MIB + 1), stream::iter(none)).await;
        assert_eq!(error.unwrap_err().code, "too_large");

        // No length is announced: it counts.
        let megabyte = vec![0; 1024 * 1024];
        let chunks = std::iter::repeat_with(|| Chunk::Ok(megabyte.clone())).take(3);
        let error = store.store("a.mp4", None, stream::iter(chunks)).await.unwrap_err();
        assert_eq!(error.code, "too_large");
        assert!(error.message.contains("a.mp4 is larger than 2 MB"), "{}", error.message);

        let broken: [Chunk; 2] = [Ok(b"ab".to_vec()), Err(())];
        let error = store.store("a.mp4", None, stream::iter(broken)).await.unwrap_err();
        assert_eq!(error.code, "incomplete");
        assert_eq!(names(&store), 0);
    }

    #[test]
    fn the_oldest_files_that_no_job_uses_make_place() {
        let file = |id: &str, is_kept| StoredFile {
            id: id.to_owned(),
            name: String::new(),
            path: PathBuf::new(),
            bytes: MAX_TOTAL_BYTES / 2,
            uploaded: None,
            is_kept,
        };
        let mut files = vec![file("kept", true), file("old", false), file("new", false)];
        let removed = over_limit(&mut files);
        assert_eq!(removed.iter().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["old"]);
        assert_eq!(files.len(), 2);
        let mut kept = vec![file("a", true), file("b", true), file("c", false)];
        assert!(over_limit(&mut kept).is_empty());
    }
}
