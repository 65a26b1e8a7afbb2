//! What the client has learned about the durations of jobs: shared by all its waits, and by other clients if the
//! configuration names a file.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pacing_file::{self, FileLock, Found, PacingFile, SavedPacing};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::model::describe;
use crate::protocol::{LearnedPacing, Pacing, SavedDurations, Unshared};

/// The models that are remembered at most; the one that was used least recently goes first.
const MAX_MODELS: usize = 64;
/// How often the file is written at most while jobs run.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// How long the result of a job waits for the file: a network drive that hangs must not withhold it.
const MAX_SAVE: Duration = Duration::from_secs(2);
/// How long to wait before the next attempt to lock the file.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// How long the file is left alone after a save took too long.
const REST: Duration = Duration::from_secs(60);

/// The pacing of one model, shared by the waits for its jobs.
pub(super) type SharedPacing = Arc<Mutex<LearnedPacing>>;

/// The learned pacing of all models of a client.
pub(super) struct PacingStore {
    pacing: Option<Pacing>,
    polls: Option<f64>,
    file: Option<PathBuf>,
    state: Mutex<State>,
    /// The bytes of the file when this client last read or wrote it. Held while it is written.
    known: tokio::sync::Mutex<Vec<u8>>,
}

#[derive(Default)]
struct State {
    models: HashMap<String, Entry>,
    /// Counts the uses.
    uses: u64,
    /// Jobs that are waited for.
    waits: usize,
    /// When the file was last written.
    saved: Option<Duration>,
    /// Until when the file is left alone.
    rests_until: Duration,
    /// Whether the last failure was logged.
    warned: bool,
}

struct Entry {
    pacing: SharedPacing,
    used: u64,
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
            state: Mutex::default(),
            known: tokio::sync::Mutex::default(),
        };
        let Some(path) = &store.file else { return Ok(Some(store)) };
        let PacingFile { bytes, found } = pacing_file::read(path);
        match found {
            Found::Nothing => {}
            Found::Pacing(saved) => store.add_models(saved.models, Some(path)),
            Found::Damaged(error) => {
                tracing::warn!(path = %path.display(), error, "the pacing file is damaged; learning anew");
            }
            Found::Unusable(error) => {
                tracing::warn!(path = %path.display(), error, "the pacing file cannot be used; learning anew");
            }
            Found::Foreign => return Err(foreign(path)),
        }
        let known = tokio::sync::Mutex::new(bytes);
        Ok(Some(Self { known, ..store }))
    }

    /// Returns the pacing of a model.
    pub(super) fn of(&self, model: &str) -> SharedPacing {
        let mut state = self.state();
        state.uses += 1;
        let used = state.uses;
        if let Some(entry) = state.models.get_mut(model) {
            entry.used = used;
            return Arc::clone(&entry.pacing);
        }
        if state.models.len() >= MAX_MODELS {
            let oldest = state.models.iter().min_by_key(|(_, entry)| entry.used);
            if let Some(oldest) = oldest.map(|(model, _)| model.clone()) {
                state.models.remove(&oldest);
            }
        }
        let pacing = Arc::new(Mutex::new(self.fresh(model)));
        state.models.insert(model.to_owned(), Entry { pacing: Arc::clone(&pacing), used });
        pacing
    }

    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn begin_wait(&self) {
        self.state().waits += 1;
    }

    pub(super) fn end_wait(&self) {
        let mut state = self.state();
        state.waits = state.waits.saturating_sub(1);
    }

    /// Writes the file after a job of a client that has ended, unless it was written a moment ago and other jobs
    /// are waited for. What other clients wrote meanwhile is kept and learned. A failure is logged.
    pub(super) async fn save(&self, now: Duration) {
        let Some(path) = &self.file else { return };
        if !self.is_due(now) {
            return;
        }
        let saved = tokio::time::timeout(MAX_SAVE, self.share(path)).await.unwrap_or_else(|_| {
            self.state().rests_until = now.saturating_add(REST);
            Err(format!("it took longer than {} s", MAX_SAVE.as_secs()))
        });
        let repeated = std::mem::replace(&mut self.state().warned, saved.is_err());
        if let Err(error) = saved
            && !repeated
        {
            tracing::warn!(path = %path.display(), error, "the pacing file cannot be written");
        }
    }

    fn is_due(&self, now: Duration) -> bool {
        let mut state = self.state();
        let soon = state.saved.is_some_and(|saved| now < saved.saturating_add(SAVE_EVERY));
        if now < state.rests_until || (soon && state.waits > 0) {
            return false;
        }
        state.saved = Some(now);
        true
    }

    /// Adds to the file what it does not have yet.
    async fn share(&self, path: &Path) -> Result<(), String> {
        let mut known = self.known.lock().await;
        let (_lock, PacingFile { bytes, found }) = lock_and_read(path).await?;
        let others = match found {
            // All of it is known.
            Found::Pacing(_) if bytes == *known => None,
            Found::Pacing(saved) => Some(saved.models),
            Found::Nothing | Found::Damaged(_) => None,
            Found::Unusable(error) => return Err(error),
            Found::Foreign => return Err("it is not a pacing file".to_owned()),
        };
        let own = self.unshared();
        let saved = SavedPacing::new(merge(&own, others.as_ref()));
        let content = serde_json::to_vec(&saved).map_err(|error| error.to_string())?;
        pacing_file::write(path, &content).await.map_err(|error| error.to_string())?;
        *known = content;
        for (model, pacing, unshared) in &own {
            let all = others.as_ref().and_then(|_| saved.models.get(model));
            lock(pacing).mark_shared(unshared, all);
        }
        if others.is_some() {
            self.add_models(saved.models, None);
        }
        Ok(())
    }

    fn unshared(&self) -> Vec<(String, SharedPacing, Unshared)> {
        let state = self.state();
        let unshared = |(model, entry): (&String, &Entry)| {
            let unshared = lock(&entry.pacing).unshared();
            (model.clone(), Arc::clone(&entry.pacing), unshared)
        };
        state.models.iter().map(unshared).collect()
    }

    /// Adds the models that are not known yet. Warns about invalid ones in a file.
    fn add_models(&self, models: BTreeMap<String, SavedDurations>, file: Option<&Path>) {
        let mut state = self.state();
        for (model, durations) in models {
            if state.models.len() >= MAX_MODELS {
                break;
            }
            if state.models.contains_key(&model) {
                continue;
            }
            let mut pacing = self.fresh(&model);
            if pacing.restore(&durations) {
                state.models.insert(model, Entry { pacing: Arc::new(Mutex::new(pacing)), used: 0 });
            } else if let Some(path) = file {
                tracing::warn!(path = %path.display(), model, "invalid durations in the pacing file; learning anew");
            }
        }
    }

    fn fresh(&self, model: &str) -> LearnedPacing {
        let start = self.pacing.unwrap_or_else(|| Pacing::for_model(describe(model)));
        let pacing = LearnedPacing::new(start, self.polls);
        if self.has_file() { pacing.shared() } else { pacing }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A panic elsewhere cannot leave the pacing in an invalid state.
pub(super) fn lock(pacing: &SharedPacing) -> MutexGuard<'_, LearnedPacing> {
    pacing.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Returns the durations of this client's models together with those of others, at most [`MAX_MODELS`].
fn merge(
    own: &[(String, SharedPacing, Unshared)],
    others: Option<&BTreeMap<String, SavedDurations>>,
) -> BTreeMap<String, SavedDurations> {
    let mut models: BTreeMap<_, _> = own
        .iter()
        .map(|(model, _, unshared)| {
            let of_others = others.and_then(|others| others.get(model));
            (model.clone(), unshared.added_to(of_others))
        })
        .collect();
    for (model, durations) in others.into_iter().flatten() {
        if models.len() >= MAX_MODELS {
            break;
        }
        models.entry(model.clone()).or_insert_with(|| durations.clone());
    }
    models
}

fn foreign(path: &Path) -> Error {
    let message = format!(
        "Invalid value for `pacing_file`: {} is not a pacing file, and saving durations would replace it. Name \
         another file, or one that does not exist.",
        path.display()
    );
    Error::new(ErrorKind::Config, message)
}
