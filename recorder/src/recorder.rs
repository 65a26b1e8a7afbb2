//! The recorder: a reverse proxy that runs until it is finished.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use viseme::{Config, Forwarding};

use crate::checkpoint::{self, Checkpoints};
use crate::error::RecorderError;
use crate::journal::Journal;
use crate::proxy::serve;
use crate::recording::Recording;
use crate::rewrite::{Site, Sites};
use crate::shared::Shared;
use crate::writer::Staging;

/// How long a job is polled by default.
pub const DEFAULT_POLL_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

/// A running recorder. If it is dropped without [`finish`](Self::finish), nothing is written.
pub struct Recorder {
    shared: Arc<Shared>,
    checkpoints: Arc<Checkpoints>,
    accepting: JoinHandle<()>,
    saving: JoinHandle<()>,
}

/// Configures a recorder.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    config: Config,
    folder: PathBuf,
    port: u16,
    keep_media: bool,
    poll_limit: Duration,
    name: String,
}

impl Builder {
    /// Listens on this port of the loopback interface; by default on a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps the bytes of media. By default, only their hashes and facts are recorded.
    pub fn keep_media(mut self, keep: bool) -> Self {
        self.keep_media = keep;
        self
    }

    /// Sets how long the recorder polls a job; by default [`DEFAULT_POLL_LIMIT`].
    pub fn poll_limit(mut self, limit: Duration) -> Self {
        self.poll_limit = limit;
        self
    }

    /// Sets the name of the program in the recording, such as `viseme 0.1.0`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Starts the recorder.
    ///
    /// # Errors
    /// If the folder is in use, if the upstream has a path, or if the port cannot be bound.
    pub async fn start(self) -> Result<Recorder, RecorderError> {
        let base = self.config.base_url();
        let upstream = Site::split(base.as_str()).filter(|(_, rest)| ["", "/"].contains(rest));
        let Some((upstream, _)) = upstream else {
            return Err(RecorderError::Upstream(base.to_string()));
        };
        let clients = Forwarding::new(&self.config)?;
        let staging = Staging::new(&self.folder)?;
        let listen = |source| RecorderError::Listen { port: self.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let shared = Arc::new(Shared {
            journal: Journal::new(Sites::new(upstream, port)),
            clients,
            port,
            temporary: staging.temporary(),
            kept: self.keep_media.then(|| staging.media()),
            poll_limit: self.poll_limit,
            submits: watch::Sender::new(0),
            stopped: watch::Sender::new(false),
        });
        let accepting = tokio::spawn(serve(listener, Arc::clone(&shared)));
        let checkpoints = Arc::new(Checkpoints::new(staging, self.name));
        let saving = tokio::spawn(checkpoint::run(Arc::clone(&shared), Arc::clone(&checkpoints)));
        Ok(Recorder { shared, checkpoints, accepting, saving })
    }
}

impl Recorder {
    /// Returns a builder for a recorder of the service at the base URL of `config`. The recording will be
    /// in `folder`, which must not exist or be empty.
    pub fn builder(config: Config, folder: impl AsRef<Path>) -> Builder {
        Builder {
            config,
            folder: folder.as_ref().to_owned(),
            port: 0,
            keep_media: false,
            poll_limit: DEFAULT_POLL_LIMIT,
            name: concat!("viseme-recorder ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Returns the URL that clients use as their base URL, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.shared.port)
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// Returns whether a submit has no response yet.
    #[must_use]
    pub fn is_submitting(&self) -> bool {
        *self.shared.submits.borrow() > 0
    }

    /// Waits for the responses to the submits that were sent: a job that is paid for must not
    /// be lost.
    pub async fn submits_answered(&self) {
        self.shared.submits_answered().await;
    }

    /// Returns the number of jobs that have ended, and the number of all.
    #[must_use]
    pub fn jobs(&self) -> (usize, usize) {
        let state = self.shared.journal.state();
        (state.jobs.iter().filter(|job| job.has_ended()).count(), state.jobs.len())
    }

    /// Ends the recorder and writes the recording. Returns the folder and the recording.
    ///
    /// # Errors
    /// If it cannot be written, or if a file has a secret: then that is deleted.
    pub fn finish(self) -> Result<(PathBuf, Recording), RecorderError> {
        self.accepting.abort();
        self.saving.abort();
        self.shared.stopped.send_replace(true);
        self.checkpoints.finish(&self.shared)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.saving.abort();
        // Nothing is left of a recording that is not finished.
        self.checkpoints.discard();
    }
}
