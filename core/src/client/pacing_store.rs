//! What the client has learned about the durations of jobs: shared by all its waits, and by other clients if the
//! configuration names a file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pacing_file::{self, FileLock, PacingFile};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::model::describe;
use crate::protocol::{
    LearnedPacing, NotAPacingFile, Pacing, PacingWarning, RecentModels, SaveError, SaveSchedule,
    SavedModels, SavedPacing, Unshared, merge,
};

/// How long the result of a job waits for the file: a network drive that hangs must not withhold it.
const MAX_SAVE: Duration = Duration::from_secs(2);
/// How long to wait before the next attempt to lock the file.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The pacing of one model, shared by the waits for its jobs.
pub(super) type SharedPacing = Arc<Mutex<LearnedPacing>>;

/// The learned pacing of all models of a client.
pub(super) struct PacingStore {
    pacing: Option<Pacing>,
    polls: Option<f64>,
    file: Option<PathBuf>,
    models: Mutex<RecentModels<SharedPacing>>,
    schedule: Mutex<SaveSchedule>,
    /// The bytes of the file when this client last read or wrote it. Held while it is written.
    known: tokio::sync::Mutex<Vec<u8>>,
}

impl PacingStore {
    /// Creates the store of a client that learns, with the content of its file; `None` if it does not learn.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the file is not a pacing file: it would be replaced.
    pub(super) fn new(config: &Config) -> Result<Option<Self>> {
        if !config.learned_pacing {
            return Ok(None);
        }
        let store = Self {
            pacing: config.pacing,
            polls: config.polls_per_job,
            file: config.pacing_file.clone(),
            models: Mutex::default(),
            schedule: Mutex::default(),
            known: tokio::sync::Mutex::default(),
        };
        let Some(path) = &store.file else { return Ok(Some(store)) };
        let PacingFile { bytes, found } = pacing_file::read(path);
        let start = found.at_start().map_err(|NotAPacingFile| foreign(path))?;
        let invalid = store.add_models(start.models).into_iter().map(PacingWarning::InvalidModel);
        for warning in start.warning.into_iter().chain(invalid) {
            warn(path, &warning);
        }
        let known = tokio::sync::Mutex::new(bytes);
        Ok(Some(Self { known, ..store }))
    }

    /// Returns the pacing of a model.
    pub(super) fn of(&self, model: &str) -> SharedPacing {
        guard(&self.models).used(model, || Arc::new(Mutex::new(self.fresh(model))))
    }

    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn begin_wait(&self) {
        guard(&self.schedule).begin_wait();
    }

    pub(super) fn end_wait(&self) {
        guard(&self.schedule).end_wait();
    }

    /// Writes the file after a job of a client that has ended, if that is due. What other clients wrote meanwhile is
    /// kept and learned. A failure is a warning.
    pub(super) async fn save(&self, now: Duration) {
        let Some(path) = &self.file else { return };
        if !guard(&self.schedule).begin_save(now) {
            return;
        }
        let saved = match tokio::time::timeout(MAX_SAVE, self.share(path)).await {
            Ok(saved) => saved.map_err(SaveError::Failed),
            Err(_) => Err(SaveError::TooSlow(MAX_SAVE)),
        };
        let warning = guard(&self.schedule).end_save(now, saved);
        if let Some(warning) = warning {
            warn(path, &warning);
        }
    }

    /// Adds to the file what it does not have yet.
    async fn share(&self, path: &Path) -> Result<(), String> {
        let mut known = self.known.lock().await;
        let (_lock, PacingFile { bytes, found }) = lock_and_read(path).await?;
        let others = found.at_save(bytes == *known)?;
        let own = self.unshared();
        let parts = own.iter().map(|(model, _, unshared)| (model.as_str(), unshared));
        let saved = SavedPacing::new(merge(parts, others.as_ref()));
        let content = serde_json::to_vec(&saved).map_err(|error| error.to_string())?;
        pacing_file::write(path, &content).await.map_err(|error| error.to_string())?;
        *known = content;
        for (model, pacing, unshared) in &own {
            let all = others.as_ref().and_then(|_| saved.models.get(model));
            lock(pacing).mark_shared(unshared, all);
        }
        if others.is_some() {
            self.add_models(saved.models);
        }
        Ok(())
    }

    fn unshared(&self) -> Vec<(String, SharedPacing, Unshared)> {
        let unshared = |(model, pacing): (&str, &SharedPacing)| {
            (model.to_owned(), Arc::clone(pacing), lock(pacing).unshared())
        };
        guard(&self.models).iter().map(unshared).collect()
    }

    /// Adds the models that are not known yet. Returns those whose durations are invalid.
    fn add_models(&self, saved: SavedModels) -> Vec<String> {
        let mut models = guard(&self.models);
        let mut invalid = Vec::new();
        for (model, durations) in saved {
            if !models.has_room_for(&model) {
                continue;
            }
            let mut pacing = self.fresh(&model);
            if pacing.restore(&durations) {
                models.add(model, Arc::new(Mutex::new(pacing)));
            } else {
                invalid.push(model);
            }
        }
        invalid
    }

    fn fresh(&self, model: &str) -> LearnedPacing {
        let start = self.pacing.unwrap_or_else(|| Pacing::for_model(describe(model)));
        let pacing = LearnedPacing::new(start, self.polls);
        if self.has_file() { pacing.shared() } else { pacing }
    }
}

/// A panic elsewhere cannot leave the pacing in an invalid state.
pub(super) fn lock(pacing: &SharedPacing) -> MutexGuard<'_, LearnedPacing> {
    guard(pacing)
}

/// A panic elsewhere cannot leave any of the states in an invalid one.
fn guard<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn warn(path: &Path, warning: &PacingWarning) {
    tracing::warn!(path = %path.display(), "{warning}");
}

/// Waits until no other process writes the file, and reads it.
async fn lock_and_read(path: &Path) -> Result<(FileLock, PacingFile), String> {
    loop {
        let path = path.to_owned();
        let read = tokio::task::spawn_blocking(move || pacing_file::lock_and_read(&path)).await;
        let read = read.map_err(|error| error.to_string())?;
        match read.map_err(|error| error.to_string())? {
            Some(locked) => return Ok(locked),
            None => tokio::time::sleep(LOCK_PAUSE).await,
        }
    }
}

fn foreign(path: &Path) -> Error {
    let message = format!(
        "Invalid value for `pacing_file`: {} is not a pacing file, and saving durations would replace it. Name \
         another file, or one that does not exist.",
        path.display()
    );
    Error::new(ErrorKind::Config, message)
}
