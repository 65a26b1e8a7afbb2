//! A call of a tool: the client behind it, its progress, and its job.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmcp::RoleServer;
use rmcp::model::{ClientCapabilities, InputResponses, ProtocolVersion};
use rmcp::service::{Peer, RequestContext};
use tokio::sync::mpsc;
use viseme::Progress;

use crate::folders::Folders;
use crate::state::State;
use crate::tool_error::ToolError;

/// How often the bytes of an upload are reported.
const UPLOAD_INTERVAL: Duration = Duration::from_secs(1);

/// A call of a tool.
pub(crate) struct Call {
    pub(crate) peer: Peer<RoleServer>,
    pub(crate) capabilities: ClientCapabilities,
    /// Whether the server must ask the client by a result, instead of by a request of its own.
    pub(crate) asks_by_result: bool,
    /// What the client answered to such a result.
    pub(crate) input_responses: Option<InputResponses>,
    pub(crate) request_state: Option<String>,
    pub(crate) reporter: Reporter,
}

impl Call {
    pub(crate) fn new(
        context: &RequestContext<RoleServer>,
        input_responses: Option<InputResponses>,
        request_state: Option<String>,
    ) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (sender, messages) = mpsc::unbounded_channel();
        let version = context.protocol_version();
        let call = Self {
            peer: context.peer.clone(),
            capabilities: context.client_capabilities().unwrap_or_default(),
            asks_by_result: version.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28),
            input_responses,
            request_state,
            reporter: Reporter { sender, state: Arc::default() },
        };
        (call, messages)
    }

    /// Returns the folders that the call may use.
    #[expect(deprecated, reason = "clients of older protocols still have roots")]
    pub(crate) async fn folders(&self, state: &State) -> Result<Folders, ToolError> {
        if let Some(folders) = &state.folders {
            return Folders::new(folders);
        }
        if self.capabilities.roots.is_none() || self.asks_by_result {
            return Ok(Folders::current());
        }
        let roots = self.peer.list_roots().await.map_err(|error| {
            let message = format!(
                "The client did not list its roots ({error}). Start the server with --folder FOLDER."
            );
            ToolError::new("path_not_allowed", message)
        })?;
        Ok(Folders::of_roots(roots.roots.iter().map(|root| root.uri.as_str())))
    }
}

/// Collects what is to be reported to the client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reporter {
    sender: mpsc::UnboundedSender<String>,
    state: Arc<Mutex<ReporterState>>,
}

#[derive(Default)]
struct ReporterState {
    job_id: Option<String>,
    upload: Option<Instant>,
}

impl Reporter {
    pub(crate) fn report(&self, message: impl Into<String>) {
        // Nobody listens after the end of the call.
        let _ = self.sender.send(message.into());
    }

    /// Returns the job of the call, once it is known.
    pub(crate) fn job_id(&self) -> Option<String> {
        self.state().job_id.clone()
    }

    pub(crate) fn on_event(&self, progress: &Progress) {
        match progress {
            Progress::Uploading { field, sent, total } => {
                let is_due = |last: Instant| last.elapsed() >= UPLOAD_INTERVAL;
                if self.state().upload.is_none_or(is_due) {
                    self.state().upload = Some(Instant::now());
                    self.report(format!("uploading {field}: {sent} of {total} bytes"));
                }
            }
            Progress::Uploaded { field, .. } => self.report(format!("uploaded {field}")),
            Progress::Submitting { .. } => self.report("submitting"),
            Progress::Recovering => {
                self.report("the response was lost; searching the history for the job");
            }
            Progress::Submitted { job_id } => {
                self.state().job_id = Some(job_id.clone());
                self.report(format!("submitted: job {job_id}"));
            }
            Progress::Update(job) => self.report(format!("job {}: {}", job.id, job.status)),
            Progress::Retrying { error, .. } => {
                self.report(format!("trying again after an error ({})", error.code()));
            }
            _ => {}
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, ReporterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
