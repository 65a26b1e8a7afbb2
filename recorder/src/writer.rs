//! Writes a recording: first beside its folder, and into it only when no secret was found. While the recorder runs,
//! the folder has what was seen so far, without media: a recorder that is killed leaves that.

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
    /// Whether the folder has an unfinished recording.
    has_checkpoint: bool,
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
        Ok(Self { folder, staging, has_checkpoint: false })
    }

    /// Returns where kept media are.
    pub(crate) fn media(&self) -> PathBuf {
        self.staging.path().join(MEDIA)
    }

    /// Returns where media are while they pass.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.staging.path().join(TEMPORARY)
    }

    /// Writes what was seen so far into the folder, in place of what was seen before. Writes nothing that has a secret.
    pub(crate) fn checkpoint(
        &mut self,
        mut recording: Recording,
        search: &SecretSearch,
    ) -> Result<(), RecorderError> {
        recording.unfinished = true;
        // The bytes are not in the folder yet.
        recording.media.values_mut().for_each(|media| media.file = None);
        let texts = texts(&recording, search)?;
        if texts.iter().any(|(_, text)| search.find(text.as_bytes()).is_some()) {
            return Ok(());
        }
        let io_failed = |source| failed(&self.folder, source);
        for (name, text) in &texts {
            fs::write(self.staging.path().join(name), text).map_err(io_failed)?;
        }
        fs::create_dir_all(&self.folder).map_err(io_failed)?;
        self.has_checkpoint = true;
        for (name, _) in &texts {
            let file = self.staging.path().join(name);
            fs::rename(file, self.folder.join(name))
                .map_err(|source| failed(&self.folder, source))?;
        }
        Ok(())
    }

    /// Removes what [`checkpoint`](Self::checkpoint) wrote.
    fn remove_checkpoint(&mut self) {
        if std::mem::take(&mut self.has_checkpoint) {
            for name in [scenario::FILE_NAME, FILE_NAME] {
                // What cannot be removed was searched for secrets when it was written.
                let _ = fs::remove_file(self.folder.join(name));
            }
            let _ = fs::remove_dir(&self.folder);
        }
    }

    /// Searches everything for secrets, and moves it to its folder. Files with secrets are deleted.
    pub(crate) fn commit(
        mut self,
        mut recording: Recording,
        search: &SecretSearch,
    ) -> Result<(PathBuf, Recording), RecorderError> {
        let folder = self.folder.clone();
        let io_failed = |source| failed(&folder, source);
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
        let texts = texts(&recording, search)?;
        if let Some((_, text)) = texts.last() {
            recording = Recording::parse(text).map_err(|error| format_error(&error))?;
        }
        for (name, text) in texts {
            let path = self.staging.path().join(name);
            fs::write(&path, text).map_err(io_failed)?;
            let hit = fs::File::open(&path).and_then(|file| search.find_in(file));
            if let Some(kind) = hit.map_err(io_failed)? {
                found.push((name.to_owned(), kind.name()));
                // With the folders, everything in them is deleted.
                return Err(RecorderError::Secret { files: found, is_saved: false, folder });
            }
        }
        self.publish().map_err(io_failed)?;
        if found.is_empty() {
            Ok((folder, recording))
        } else {
            Err(RecorderError::Secret { files: found, is_saved: true, folder })
        }
    }

    /// Moves everything to the folder. At each moment it has a whole recording there, if it had one before.
    fn publish(&mut self) -> io::Result<()> {
        let staging = self.staging.path();
        for entry in fs::read_dir(staging)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::File::open(entry.path())?.sync_all()?;
            }
        }
        fs::create_dir_all(&self.folder)?;
        // The recording comes last: it names the others.
        for name in [MEDIA, scenario::FILE_NAME, FILE_NAME] {
            match fs::rename(staging.join(name), self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.has_checkpoint = false;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.remove_checkpoint();
    }
}

/// The folder of media while they pass.
const TEMPORARY: &str = "passing";

/// Returns the names and texts of the files of a recording, without the secrets. The recording is the last one.
fn texts(
    recording: &Recording,
    search: &SecretSearch,
) -> Result<[(&'static str, String); 2], RecorderError> {
    let text = redacted(recording, search)?;
    let recording = Recording::parse(&text).map_err(|error| format_error(&error))?;
    let played = scenario::to_yaml(std::slice::from_ref(&recording));
    Ok([(scenario::FILE_NAME, played), (FILE_NAME, text)])
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
        unfinished: false,
        jobs: jobs::recorded(&state.jobs, &state.files),
        exchanges: state.exchanges.values().cloned().collect(),
        media,
    }
}
