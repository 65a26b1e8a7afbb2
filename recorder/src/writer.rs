//! Writes a recording: first beside its folder, and into it only when no secret was found.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;

use crate::error::RecorderError;
use crate::jobs;
use crate::journal::State;
use crate::media::MEDIA;
use crate::recording::{FILE_NAME, Recording, VERSION};
use crate::redact::{SecretSearch, redact_all};
use crate::scenario;

/// The folder of a recording that is not written yet.
pub(crate) struct Staging {
    folder: PathBuf,
    staging: TempDir,
}

impl Staging {
    /// Creates the folder beside the final one, which must not exist or be empty.
    pub(crate) fn new(folder: &Path) -> Result<Self, RecorderError> {
        let folder = std::path::absolute(folder).map_err(|source| failed(folder, source))?;
        let is_free = match fs::read_dir(&folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => false,
            Err(error) => return Err(failed(&folder, error)),
        };
        if !is_free {
            return Err(RecorderError::FolderInUse(folder));
        }
        let parent = folder.parent().unwrap_or(Path::new("/"));
        let staging = fs::create_dir_all(parent)
            .and_then(|()| tempfile::Builder::new().prefix(".viseme-record-").tempdir_in(parent))
            .and_then(|staging| {
                fs::create_dir(staging.path().join(MEDIA))?;
                fs::create_dir(staging.path().join(TEMPORARY))?;
                Ok(staging)
            })
            .map_err(|source| failed(&folder, source))?;
        Ok(Self { folder, staging })
    }

    /// Returns where kept media are.
    pub(crate) fn media(&self) -> PathBuf {
        self.staging.path().join(MEDIA)
    }

    /// Returns where media are while they pass.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.staging.path().join(TEMPORARY)
    }

    /// Searches everything for secrets, and moves it to its folder. Files with secrets are deleted.
    pub(crate) fn commit(
        self,
        mut recording: Recording,
        search: &SecretSearch,
    ) -> Result<(PathBuf, Recording), RecorderError> {
        let io_failed = |source| failed(&self.folder, source);
        fs::remove_dir_all(self.temporary()).map_err(io_failed)?;
        let mut found = Vec::new();
        for media in recording.media.values_mut() {
            let Some(name) = &media.file else { continue };
            let path = self.staging.path().join(name);
            let hit = fs::File::open(&path).and_then(|file| search.find_in(file));
            match hit.map_err(io_failed)? {
                None => {}
                Some(kind) => {
                    fs::remove_file(&path).map_err(io_failed)?;
                    found.push((name.clone(), kind.name()));
                    media.file = None;
                }
            }
        }
        // It is empty if no media are kept.
        let _ = fs::remove_dir(self.media());
        let text = redacted(&recording, search)?;
        recording = Recording::parse(&text).map_err(|error| format_error(&error))?;
        let played = scenario::to_yaml(std::slice::from_ref(&recording));
        for (name, text) in [(FILE_NAME, text), (scenario::FILE_NAME, played)] {
            let path = self.staging.path().join(name);
            fs::write(&path, text).map_err(io_failed)?;
            let hit = fs::File::open(&path).and_then(|file| search.find_in(file));
            if let Some(kind) = hit.map_err(io_failed)? {
                found.push((name.to_owned(), kind.name()));
                // With the folder, everything in it is deleted.
                return Err(RecorderError::Secret {
                    files: found,
                    is_saved: false,
                    folder: self.folder,
                });
            }
        }
        let Self { folder, staging } = self;
        publish(staging, &folder).map_err(|source| failed(&folder, source))?;
        if found.is_empty() {
            Ok((folder, recording))
        } else {
            Err(RecorderError::Secret { files: found, is_saved: true, folder })
        }
    }
}

/// The folder of media while they pass.
const TEMPORARY: &str = "passing";

/// Moves the folder to its place, which does not exist or is an empty folder.
fn publish(staging: TempDir, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(staging.path())? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::File::open(entry.path())?.sync_all()?;
        }
    }
    match fs::remove_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    make_readable(staging.path())?;
    // The temporary folder is gone only if it was moved.
    let path = staging.keep();
    fs::rename(&path, folder).inspect_err(|_| {
        let _ = fs::remove_dir_all(&path);
    })
}

/// Gives the folder the usual permissions: temporary folders are private.
#[cfg(unix)]
fn make_readable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns the recording as YAML without the secrets.
fn redacted(recording: &Recording, search: &SecretSearch) -> Result<String, RecorderError> {
    let mut value = serde_json::to_value(recording).map_err(|error| format_error(&error))?;
    redact_all(&mut value, search);
    let recording: Recording =
        serde_json::from_value(value).map_err(|error| format_error(&error))?;
    recording.to_yaml().map_err(|error| format_error(&error))
}

fn format_error(error: &dyn std::fmt::Display) -> RecorderError {
    RecorderError::Format(error.to_string())
}

fn failed(folder: &Path, source: io::Error) -> RecorderError {
    RecorderError::Write { folder: folder.to_owned(), source }
}

/// Returns what was seen as a recording.
pub(crate) fn recording(state: &State, started_at: Timestamp, recorder: &str) -> Recording {
    let mut media = state.media.clone();
    media.values_mut().for_each(|media| media.urls.sort());
    Recording {
        version: VERSION,
        recorder: recorder.to_owned(),
        upstream: state.sites.upstream().url(),
        started_at,
        ended_at: Timestamp::now(),
        jobs: jobs::recorded(&state.jobs, &state.files),
        exchanges: state.exchanges.values().cloned().collect(),
        media,
    }
}
