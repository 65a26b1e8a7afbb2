//! The state of a playground.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Notify;
use viseme::Client;
use viseme_dub::DubUpdate;

use crate::access::Access;
use crate::api_error::ApiError;
use crate::describe;
use crate::dub_files::{DubFolder, SavedDub};
use crate::dubs::{DubEntry, RunRequest};
use crate::events::Events;
use crate::files::FileStore;
use crate::jobs::{JobEntry, Jobs};
use crate::quotes::Quotes;
use crate::record_files::RecordFolder;

/// The service that the jobs run on.
#[derive(Clone, Debug)]
pub(crate) struct ServiceInfo {
    /// Whether jobs cost money.
    pub(crate) is_live: bool,
    /// The URL of the API.
    pub(crate) base_url: String,
    /// The page on which the mock server shows the requests.
    pub(crate) dashboard_url: Option<String>,
}

/// Everything that requests and jobs share.
pub(crate) struct App {
    pub(crate) access: Access,
    /// Holds the API key, which nothing else has.
    pub(crate) client: Client,
    pub(crate) service: ServiceInfo,
    pub(crate) files: FileStore,
    pub(crate) events: Events,
    /// `None` if jobs cost nothing.
    pub(crate) records: Option<RecordFolder>,
    /// Held while files are made: ffmpeg uses all cores.
    pub(crate) ffmpeg_turn: tokio::sync::Mutex<()>,
    /// The folder of the dubs.
    pub(crate) dubs_root: PathBuf,
    jobs: Mutex<Jobs>,
    quotes: Mutex<Quotes>,
    /// The oldest first.
    dubs: Mutex<Vec<DubEntry>>,
}

impl App {
    pub(crate) fn new(
        access: Access,
        client: Client,
        service: ServiceInfo,
        files: FileStore,
        records: Option<RecordFolder>,
    ) -> Self {
        // Offline nothing is paid for that a later process could resume.
        let dubs_root = match &records {
            Some(records) => records.path_of_folder().join("dubs"),
            None => files.dubs_root(),
        };
        Self {
            dubs_root,
            dubs: Mutex::default(),
            access,
            client,
            service,
            files,
            events: Events::default(),
            records,
            ffmpeg_turn: tokio::sync::Mutex::default(),
            jobs: Mutex::default(),
            quotes: Mutex::default(),
        }
    }

    pub(crate) fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn quotes(&self) -> MutexGuard<'_, Quotes> {
        self.quotes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job and sends its state to the page.
    pub(crate) fn add_job(&self, job: JobEntry) -> Value {
        let mut jobs = self.jobs();
        let view = job.view();
        jobs.add(job);
        self.events.send("job", &view);
        view
    }

    /// Changes a job and sends its state to the page. The lock keeps the events in order.
    pub(crate) fn change_job(&self, id: &str, change: impl FnOnce(&mut JobEntry)) {
        let mut jobs = self.jobs();
        if let Some(view) = jobs.change(id, change) {
            self.events.send("job", &view);
        }
    }

    /// Changes the quotes and sends the state of one to the page.
    pub(crate) fn change_quote(&self, id: &str, change: impl FnOnce(&mut Quotes)) {
        let mut quotes = self.quotes();
        change(&mut quotes);
        if let Some(view) = quotes.view(id) {
            self.events.send("quote", &view);
        }
    }

    pub(crate) fn dubs(&self) -> MutexGuard<'_, Vec<DubEntry>> {
        self.dubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what a task needs of a dub.
    pub(crate) fn dub(&self, id: &str) -> Option<(Arc<DubFolder>, SavedDub, Arc<Notify>)> {
        let dubs = self.dubs();
        let dub = dubs.iter().find(|dub| dub.id == id)?;
        Some((Arc::clone(&dub.folder), dub.saved.clone(), Arc::clone(&dub.stop)))
    }

    /// Adds a new dub, in place of one whose price nobody confirmed.
    ///
    /// # Errors
    /// 409 if another dub runs: ffmpeg uses all cores.
    pub(crate) fn add_dub(&self, dub: DubEntry) -> Result<Value, ApiError> {
        let mut dubs = self.dubs();
        if let Err(error) = require_idle(&dubs) {
            dub.folder.remove();
            return Err(error);
        }
        dubs.retain(|old| {
            let is_kept = old.saved.consent.is_some();
            if !is_kept {
                self.forget_dub(old);
            }
            is_kept
        });
        let view = dub.view();
        dubs.push(dub);
        self.events.send("dub", &view);
        Ok(view)
    }

    /// Adds a dub that an earlier process left.
    pub(crate) fn restore_dub(&self, dub: DubEntry) {
        self.dubs().push(dub);
    }

    /// Begins the run of a dub, and sends its state to the page.
    ///
    /// # Errors
    /// 404 if there is no such dub, 409 if another one runs, and those of [`DubEntry::begin`].
    pub(crate) fn begin_dub(
        &self,
        id: &str,
        request: &RunRequest,
    ) -> Result<(u32, Value), ApiError> {
        let mut dubs = self.dubs();
        let is_itself = dubs.iter().any(|dub| dub.id == id && dub.is_running());
        if !is_itself {
            require_idle(&dubs)?;
        }
        let dub = dubs.iter_mut().find(|dub| dub.id == id).ok_or_else(unknown_dub)?;
        let begun = dub.begin(request)?;
        let view = dub.view();
        self.events.send("dub", &view);
        Ok((begun, view))
    }

    /// Changes a dub, and sends its state to the page. The lock keeps the events in order.
    ///
    /// # Errors
    /// 404 if there is no such dub.
    pub(crate) fn change_dub(
        &self,
        id: &str,
        change: impl FnOnce(&mut DubEntry),
    ) -> Result<Value, ApiError> {
        let mut dubs = self.dubs();
        let dub = dubs.iter_mut().find(|dub| dub.id == id).ok_or_else(unknown_dub)?;
        change(dub);
        let view = dub.view();
        self.events.send("dub", &view);
        Ok(view)
    }

    /// Notes a step of a dub, and sends its state to the page if that shows it.
    pub(crate) fn update_dub(&self, id: &str, update: &DubUpdate) {
        let mut dubs = self.dubs();
        let Some(dub) = dubs.iter_mut().find(|dub| dub.id == id) else { return };
        if dub.set_update(update) {
            self.events.send("dub", &dub.view());
        }
    }

    /// Removes a dub that does not run, with its files and its result.
    ///
    /// # Errors
    /// 409 if it runs.
    pub(crate) fn delete_dub(&self, id: &str) -> Result<(), ApiError> {
        let mut dubs = self.dubs();
        if dubs.iter().any(|dub| dub.id == id && dub.is_running()) {
            let message = "This dub runs. Stop it first.";
            return Err(ApiError::new(StatusCode::CONFLICT, "dub_running", message));
        }
        if let Some(index) = dubs.iter().position(|dub| dub.id == id) {
            self.forget_dub(&dubs.remove(index));
        }
        Ok(())
    }

    /// Removes the dub of a plan that was stopped.
    pub(crate) fn remove_dub(&self, id: &str) {
        let mut dubs = self.dubs();
        if let Some(index) = dubs.iter().position(|dub| dub.id == id) {
            self.forget_dub(&dubs.remove(index));
        }
    }

    fn forget_dub(&self, dub: &DubEntry) {
        dub.folder.remove();
        self.events.send("dub", &json!({ "id": dub.id, "is_removed": true }));
    }

    /// Returns what the page needs at its start.
    pub(crate) fn session(&self) -> Value {
        let host = url::Url::parse(&self.service.base_url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default();
        json!({
            "mode": if self.service.is_live { "live" } else { "offline" },
            "service": host,
            "dashboard_url": self.service.dashboard_url,
            "version": env!("CARGO_PKG_VERSION"),
            "models": describe::models(),
        })
    }
}

fn require_idle(dubs: &[DubEntry]) -> Result<(), ApiError> {
    if dubs.iter().any(DubEntry::is_running) {
        let message = "Another dub runs. Wait until it ends, or stop it.";
        return Err(ApiError::new(StatusCode::CONFLICT, "dub_running", message));
    }
    Ok(())
}

pub(crate) fn unknown_dub() -> ApiError {
    ApiError::not_found("This dub is unknown.")
}
