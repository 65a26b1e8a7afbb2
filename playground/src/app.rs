//! The state of a playground.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use viseme::Client;

use crate::access::Access;
use crate::describe;
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
    jobs: Mutex<Jobs>,
    quotes: Mutex<Quotes>,
}

impl App {
    pub(crate) fn new(
        access: Access,
        client: Client,
        service: ServiceInfo,
        files: FileStore,
        records: Option<RecordFolder>,
    ) -> Self {
        Self {
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
