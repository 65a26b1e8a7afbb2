//! What the client has learned about the durations of jobs: shared by all its waits, and kept in a file if the
//! configuration names one.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::http;
use crate::model::describe;
use crate::protocol::{LearnedPacing, Pacing, SavedDurations};

/// The models that are remembered at most; the one that was used least recently goes first.
const MAX_MODELS: usize = 64;
/// How often the file is written at most while jobs run.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// The largest file that is read.
const MAX_FILE: u64 = 4 * 1024 * 1024;
const VERSION: u32 = 1;
/// The name of the file if the path is a folder.
const FILE_NAME: &str = "viseme-pacing.json";

/// The pacing of one model, shared by the waits for its jobs.
pub(super) type SharedPacing = Arc<Mutex<LearnedPacing>>;

/// The learned pacing of all models of a client.
pub(super) struct PacingStore {
    pacing: Option<Pacing>,
    polls: Option<f64>,
    file: Option<PathBuf>,
    state: Mutex<State>,
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
}

struct Entry {
    pacing: SharedPacing,
    used: u64,
}

/// The content of the file.
#[derive(Serialize, Deserialize)]
struct SavedPacing {
    version: u32,
    models: BTreeMap<String, SavedDurations>,
}

impl PacingStore {
    /// Creates the store of a client that learns, with the content of its file; `None` if it does not learn.
    pub(super) fn new(config: &Config) -> Option<Self> {
        if !config.learned_pacing {
            return None;
        }
        let store = Self {
            pacing: config.pacing,
            polls: config.polls_per_job,
            file: config.pacing_file.clone(),
            state: Mutex::default(),
        };
        if let Some(path) = &store.file {
            match read(path) {
                Ok(saved) => store.restore(saved, path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "the pacing file cannot be read; learning anew");
                }
            }
        }
        Some(store)
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
    /// are waited for. A failure is logged.
    pub(super) async fn save(&self, now: Duration) {
        let Some(path) = &self.file else { return };
        let Some(saved) = self.due(now) else { return };
        let written = match serde_json::to_vec(&saved) {
            Ok(content) => http::save(&content, path, FILE_NAME)
                .await
                .map(drop)
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), error, "the pacing file cannot be written");
        }
    }

    fn due(&self, now: Duration) -> Option<SavedPacing> {
        let mut state = self.state();
        let soon = state.saved.is_some_and(|saved| now < saved.saturating_add(SAVE_EVERY));
        if soon && state.waits > 1 {
            return None;
        }
        state.saved = Some(now);
        let models = state.models.iter();
        let models = models.map(|(model, entry)| (model.clone(), lock(&entry.pacing).save()));
        Some(SavedPacing { version: VERSION, models: models.collect() })
    }

    fn restore(&self, saved: SavedPacing, path: &Path) {
        if saved.version != VERSION {
            let version = saved.version;
            tracing::warn!(path = %path.display(), version, "the pacing file has another version; learning anew");
            return;
        }
        let mut state = self.state();
        for (model, durations) in saved.models.into_iter().take(MAX_MODELS) {
            let mut pacing = self.fresh(&model);
            if !pacing.restore(&durations) {
                tracing::warn!(path = %path.display(), model, "invalid durations in the pacing file; learning anew");
                continue;
            }
            state.models.insert(model, Entry { pacing: Arc::new(Mutex::new(pacing)), used: 0 });
        }
    }

    fn fresh(&self, model: &str) -> LearnedPacing {
        let start = self.pacing.unwrap_or_else(|| Pacing::for_model(describe(model)));
        LearnedPacing::new(start, self.polls)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A panic elsewhere cannot leave the pacing in an invalid state.
pub(super) fn lock(pacing: &SharedPacing) -> MutexGuard<'_, LearnedPacing> {
    pacing.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(path: &Path) -> io::Result<SavedPacing> {
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE).read_to_end(&mut content)?;
    serde_json::from_slice(&content).map_err(io::Error::from)
}
