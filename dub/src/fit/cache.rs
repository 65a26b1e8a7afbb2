//! New files that are named by their source and their steps.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use viseme::Media;
use viseme::media::{MediaInfo, Violation, validate};

use super::FitError;
use super::examine::{blocking, probe_file};
use super::files::PlannedFile;

/// Held while a file for a cache is made.
pub(super) static CACHE_TURN: Mutex<()> = Mutex::const_new(());
/// Changes when the same steps result in other files.
const VERSION: u8 = 2;

/// Returns the name of the folder for what is made of a file: a digest of its content and its steps.
pub(super) async fn cache_key(file: &PlannedFile) -> Result<String, FitError> {
    let steps = format!("{VERSION} {:?} {:?} {:?}", file.limits.kind, file.made, file.plan.fixes);
    let source = file.source.clone();
    let key = blocking(move || {
        let mut hasher = Sha256::new();
        hasher.update(steps);
        match source {
            Media::Path(path) => {
                let mut content = std::fs::File::open(path)?;
                let mut buffer = vec![0; 64 * 1024];
                loop {
                    let count = content.read(&mut buffer)?;
                    if count == 0 {
                        break;
                    }
                    hasher.update(buffer.get(..count).unwrap_or_default());
                }
            }
            Media::Bytes { content, .. } => hasher.update(&content),
            _ => {}
        }
        Ok(base16ct::lower::encode_string(&hasher.finalize()))
    });
    let mut key = key.await.map_err(|error| FitError::Read {
        field: file.field.clone(),
        name: file.source.display_name(),
        error,
    })?;
    key.truncate(32);
    Ok(key)
}

/// Returns the file that was made before, if it is there and acceptable.
pub(super) async fn find_cached(
    folder: Option<&Path>,
    file: &PlannedFile,
) -> Option<(PathBuf, MediaInfo)> {
    let path = std::fs::read_dir(folder?).ok()?.flatten().next()?.path();
    let info = probe_file(&path).await.ok()?;
    let found = validate(&file.field, "", &info, &file.limits);
    (!found.iter().any(Violation::is_error)).then_some((path, info))
}
