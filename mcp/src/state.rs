//! What all calls of a server share.

use std::path::PathBuf;

use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;
use viseme::Client;
use viseme_ledger::AnyLedger;

use crate::tool_error::ToolError;
use crate::uploads::Uploads;

/// The settings of a server.
pub struct Settings {
    /// The client. Without an API key, the tools that need one return an error that says so.
    pub client: Client,
    /// The ledger of the paid runs: a file, or the URL of a PostgreSQL database. Required to run a model.
    pub ledger: Option<String>,
    /// The folders whose files the tools may read and write. `None` allows the roots of the client, or the
    /// current folder if the client has no roots.
    pub folders: Option<Vec<PathBuf>>,
}

pub(crate) struct State {
    pub(crate) client: Client,
    pub(crate) folders: Option<Vec<PathBuf>>,
    pub(crate) uploads: Uploads,
    /// The submits in flight. They continue if their call is cancelled, so that no job is lost.
    pub(crate) submits: TaskTracker,
    ledger: Option<String>,
    opened: OnceCell<AnyLedger>,
}

impl State {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            client: settings.client,
            folders: settings.folders,
            uploads: Uploads::default(),
            submits: TaskTracker::new(),
            ledger: settings.ledger,
            opened: OnceCell::new(),
        }
    }

    /// Returns the ledger, which is opened by the first run.
    pub(crate) async fn ledger(&self) -> Result<&AnyLedger, ToolError> {
        // Without a key, that is the first thing to mend.
        self.client.ledger_account()?;
        self.opened.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<AnyLedger, ToolError> {
        let place = self.ledger.as_ref().ok_or_else(|| {
            let message = "There is no place for the ledger of paid runs. Start the server with --ledger \
                           FILE.";
            ToolError::new("ledger", message)
        })?;
        Ok(AnyLedger::open(place).await?)
    }
}
