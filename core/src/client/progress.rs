//! Progress events of a run.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use url::Url;

use super::Report;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{Prediction, SubmitRecord};

/// A progress event of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// The input is valid. The report contains warnings.
    Checked(Report),
    /// A media file is being uploaded.
    Uploading {
        /// The parameter.
        field: String,
        /// The bytes sent so far. Starts again at 0 after a failed attempt.
        sent: u64,
        /// The size in bytes.
        total: u64,
    },
    /// A media file was uploaded.
    Uploaded {
        /// The parameter.
        field: String,
        /// The URL for the service.
        url: Url,
    },
    /// The client is about to send the POST that costs money.
    Submitting {
        /// The number of the attempt: more than 1 only if the service certainly did not accept the
        /// previous one.
        attempt: u32,
        /// The submit. If you save it now, [`Client::recover`](crate::Client::recover) can find the job
        /// even if this process crashes before the response arrives.
        record: SubmitRecord,
    },
    /// The response to the submit was lost. The client searches the history for the job.
    Recovering,
    /// The service accepted the submit.
    Submitted {
        /// The job id. [`Client::job`](crate::Client::job) continues from it, in any process.
        job_id: String,
    },
    /// The job's status, outputs or error changed.
    Update(Arc<Prediction>),
    /// A step failed temporarily. The client retries it.
    Retrying {
        /// The error.
        error: Error,
        /// The delay before the retry.
        after: Duration,
    },
}

/// The listener of progress events, and the hook before a submit.
#[derive(Clone, Default)]
pub(super) struct OnProgress {
    listener: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    before_submit: Option<BeforeSubmit>,
}

/// Is called with the record of a submit and awaited before the POST. An error prevents the POST.
pub(super) type BeforeSubmit = Arc<dyn Fn(SubmitRecord) -> HookFuture + Send + Sync>;
type HookFuture = BoxFuture<'static, std::result::Result<(), Box<dyn StdError + Send + Sync>>>;

impl OnProgress {
    pub(super) fn set_listener(&mut self, listener: impl Fn(Progress) + Send + Sync + 'static) {
        self.listener = Some(Arc::new(listener));
    }

    pub(super) fn set_before_submit(&mut self, hook: BeforeSubmit) {
        self.before_submit = Some(hook);
    }

    pub(super) fn emit(&self, progress: impl FnOnce() -> Progress) {
        if let Some(listener) = &self.listener {
            listener(progress());
        }
    }

    /// Waits for the hook before a submit.
    ///
    /// # Errors
    /// Returns [`ErrorKind::InvalidInput`] with the error of the hook.
    pub(super) async fn before_submit(&self, record: &SubmitRecord) -> Result<()> {
        let Some(hook) = &self.before_submit else { return Ok(()) };
        hook(record.clone()).await.map_err(|cause| {
            let message = format!("The submit was prevented, and nothing was sent: {cause}");
            Error::new(ErrorKind::InvalidInput, message).with_boxed_source(cause)
        })
    }
}

/// Returns a hook of an async function.
pub(super) fn hook<F, E>(
    function: impl Fn(SubmitRecord) -> F + Send + Sync + 'static,
) -> BeforeSubmit
where
    F: Future<Output = std::result::Result<(), E>> + Send + 'static,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Arc::new(move |record| {
        let running = function(record);
        async move { running.await.map_err(Into::into) }.boxed()
    })
}

/// Defines the methods that set the listener and the hook of `Run` and `Submit`.
macro_rules! progress_methods {
    () => {
        /// Calls `listener` on every progress event.
        pub fn on_progress(
            mut self,
            listener: impl Fn(crate::Progress) + Send + Sync + 'static,
        ) -> Self {
            self.on_progress.set_listener(listener);
            self
        }

        /// Calls `hook` with the record of the submit, and waits for it, just before the POST that
        /// costs money. If the hook returns an error, nothing is sent, and the run ends with
        /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput). Save the record here: with
        /// it, [`Client::recover`] finds the job even if this process dies before the response.
        ///
        /// ```no_run
        /// # async fn example(client: viseme::Client, input: viseme::Input) -> viseme::Result<()> {
        /// let run = client.run(input).before_submit(|record| async move {
        ///     let json = serde_json::to_vec(&record).map_err(std::io::Error::other)?;
        ///     tokio::fs::write("record.json", json).await
        /// });
        /// let prediction = run.await?;
        /// # Ok(())
        /// # }
        /// ```
        pub fn before_submit<F, E>(
            mut self,
            hook: impl Fn(crate::SubmitRecord) -> F + Send + Sync + 'static,
        ) -> Self
        where
            F: Future<Output = std::result::Result<(), E>> + Send + 'static,
            E: Into<Box<dyn std::error::Error + Send + Sync>>,
        {
            self.on_progress.set_before_submit(super::progress::hook(hook));
            self
        }
    };
}

pub(super) use progress_methods;
