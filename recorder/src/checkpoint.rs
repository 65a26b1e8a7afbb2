//! Saves what was seen so far while a recorder runs, so that one that is killed leaves it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::RecorderError;
use crate::recording::Recording;
use crate::redact::SecretSearch;
use crate::shared::Shared;
use crate::writer::{self, Staging};

/// How often it is saved at most.
const SAVE_EVERY: Duration = Duration::from_secs(2);
/// How many times as long as a save takes there is none after it: a long recording is saved less often.
const REST: u32 = 5;
/// How often it is saved at least.
const MAX_REST: Duration = Duration::from_secs(30);

/// The folder of a recorder's recording, until it is finished.
pub(crate) struct Checkpoints {
    /// `None` at the end.
    staging: Mutex<Option<Staging>>,
    /// The name of the program in the recording.
    name: String,
}

impl Checkpoints {
    pub(crate) fn new(staging: Staging, name: String) -> Self {
        Self { staging: Mutex::new(Some(staging)), name }
    }

    /// Writes the whole recording. Returns the folder and the recording.
    pub(crate) fn finish(&self, shared: &Shared) -> Result<(PathBuf, Recording), RecorderError> {
        let staging = self.staging().take();
        let Some(staging) = staging else {
            return Err(RecorderError::Format("the recorder has ended".to_owned()));
        };
        let (recording, search) = self.seen(shared)?;
        staging.commit(recording, &search)
    }

    /// Removes everything that was written.
    pub(crate) fn discard(&self) {
        drop(self.staging().take());
    }

    fn save(&self, shared: &Shared) -> Result<(), RecorderError> {
        let mut staging = self.staging();
        let Some(staging) = staging.as_mut() else { return Ok(()) };
        let (recording, search) = self.seen(shared)?;
        staging.checkpoint(recording, &search)
    }

    /// Returns what was seen, and the search for the secrets in it.
    fn seen(&self, shared: &Shared) -> Result<(Recording, SecretSearch), RecorderError> {
        let state = shared.journal.state();
        let search = state.secrets.search().map_err(RecorderError::Format)?;
        Ok((writer::recording(&state, shared.journal.started_at, &self.name), search))
    }

    fn staging(&self) -> MutexGuard<'_, Option<Staging>> {
        self.staging.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Saves whenever something new was seen, until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>, checkpoints: Arc<Checkpoints>) {
    let mut saved = 0;
    let mut pause = SAVE_EVERY;
    loop {
        tokio::time::sleep(pause).await;
        let seen = shared.journal.state().seen();
        if seen == saved {
            continue;
        }
        let (shared, checkpoints) = (Arc::clone(&shared), Arc::clone(&checkpoints));
        let started = Instant::now();
        let save = tokio::task::spawn_blocking(move || checkpoints.save(&shared));
        // A failure, such as a full disk, is one of the end too, where it is told.
        if let Ok(Ok(())) = save.await {
            saved = seen;
        }
        pause = (started.elapsed() * REST).clamp(SAVE_EVERY, MAX_REST);
    }
}
