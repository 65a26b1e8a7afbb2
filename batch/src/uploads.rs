//! Uploads of a batch: a file that several rows use is uploaded once.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use viseme::model::InputValue;
use viseme::{Client, Input, Media};

use crate::manifest::Row;
use crate::store::{Store, StoredUpload};

/// How long an upload is used again. The service keeps uploads for seven days, and a job may wait.
const KEPT: Duration = Duration::from_secs(6 * 24 * 60 * 60);

/// The uploads of a run.
pub(crate) struct Uploads {
    store: Store,
    /// The files of the manifest that several rows use.
    shared: HashSet<PathBuf>,
    /// The uploads of what was made of them.
    uploads: std::sync::Mutex<HashMap<PathBuf, Arc<SharedUpload>>>,
}

/// The upload of one file in this run. The lock lets its users wait for the first of them.
type SharedUpload = Mutex<Option<StoredUpload>>;

impl Uploads {
    pub(crate) fn new(store: Store, rows: &[Row]) -> Self {
        let mut uses: HashMap<&Path, usize> = HashMap::new();
        for (_, path) in rows.iter().flat_map(Row::files) {
            *uses.entry(path).or_default() += 1;
        }
        let shared = uses.into_iter().filter(|(_, uses)| *uses > 1);
        let shared = shared.map(|(path, _)| path.to_owned()).collect();
        Self { store, shared, uploads: std::sync::Mutex::default() }
    }

    /// Uploads the files of a row and returns its input with URLs. At least one URL belongs to this row
    /// alone, so that the history shows without doubt which job is its own.
    /// `prepared` is its input with the files that are uploaded.
    pub(crate) async fn input(
        &self,
        client: &Client,
        row: &Row,
        prepared: &Input,
    ) -> viseme::Result<Input> {
        let files: Vec<_> = row.files().collect();
        let own = own_file(&files, &|path| self.shared.contains(path));
        let mut input = prepared.clone();
        for (name, source) in files {
            let path = match prepared.get(name) {
                Some(InputValue::Media(Media::Path(path))) => path,
                _ => source,
            };
            let is_shared = self.shared.contains(source) && own != Some(name);
            let url = if is_shared {
                let shared = self.shared_upload(path);
                self.shared_url(client, path, &shared).await?
            } else {
                client.upload(Media::path(path)).await?.to_string()
            };
            input = input.media(name, Media::from(url));
        }
        Ok(input)
    }

    fn shared_upload(&self, path: &Path) -> Arc<SharedUpload> {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(uploads.entry(path.to_owned()).or_default())
    }

    async fn shared_url(
        &self,
        client: &Client,
        path: &Path,
        shared: &SharedUpload,
    ) -> viseme::Result<String> {
        let mut shared = shared.lock().await;
        let now = seconds(SystemTime::now());
        if let Some(upload) = shared.as_ref().filter(|upload| upload.expires_at > now) {
            return Ok(upload.url.clone());
        }
        let digest = digest(path.to_owned()).await;
        let stored = match &digest {
            // Without the store, the file is only uploaded once more.
            Some(digest) => self.store.uploaded(digest, now).await.ok().flatten(),
            None => None,
        };
        if let Some(upload) = stored {
            return Ok(shared.insert(upload).url.clone());
        }
        let url = client.upload(Media::path(path)).await?.to_string();
        let expires_at = now.saturating_add(KEPT.as_secs().cast_signed());
        let upload = shared.insert(StoredUpload { url: url.clone(), expires_at });
        if let Some(digest) = digest
            && let Err(error) = self.store.add_upload(digest, upload.clone()).await
        {
            tracing::warn!(%error, "the upload cannot be recorded");
        }
        Ok(url)
    }
}

/// Returns the parameter whose file is uploaded for this row alone, if every file is shared: the
/// smallest one.
fn own_file<'a>(files: &[(&'a str, &Path)], is_shared: &dyn Fn(&Path) -> bool) -> Option<&'a str> {
    if files.iter().any(|(_, path)| !is_shared(path)) {
        return None;
    }
    let size = |path: &Path| std::fs::metadata(path).map_or(u64::MAX, |data| data.len());
    files.iter().min_by_key(|(_, path)| size(path)).map(|(name, _)| *name)
}

async fn digest(path: PathBuf) -> Option<String> {
    let digest = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok::<_, std::io::Error>(base16ct::lower::encode_string(&hasher.finalize()));
            }
            hasher.update(buffer.get(..read).unwrap_or_default());
        }
    });
    digest.await.ok()?.ok()
}

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs().cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_whose_files_are_all_shared_uploads_the_smallest_one_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (big, small) = (folder.path().join("big"), folder.path().join("small"));
        std::fs::write(&big, [0; 100]).unwrap();
        std::fs::write(&small, [0; 10]).unwrap();
        let files = [("video", big.as_path()), ("audio", small.as_path())];
        assert_eq!(own_file(&files, &|_| true), Some("audio"));
        assert_eq!(own_file(&files, &|path| path == big), None);
        assert_eq!(own_file(&[], &|_| true), None);
    }
}
