//! The submit without the wait.

use std::future::IntoFuture;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::idempotency::{known_job, submit};
use super::ledger_key::{KeyOptions, KeyedSubmit, key_methods};
use super::prepare::{Options, option_methods, prepare};
use super::progress::{OnProgress, progress_methods};
use super::submission::SubmitContext;
use super::{Client, Job};
use crate::error::Result;
use crate::model::Input;

/// A submit. It starts when it is awaited; [`Client::submit`] creates it.
///
/// If you drop it while the POST is in flight, the service may create a job whose id is unknown. Let
/// it finish if you can.
#[must_use = "a submit does nothing until it is awaited"]
pub struct Submit {
    client: Client,
    input: Input,
    options: Options,
    webhook: Option<String>,
    key: Option<KeyOptions>,
    on_progress: OnProgress,
}

impl Submit {
    pub(super) fn new(client: Client, input: Input) -> Self {
        let (options, on_progress) = (Options::default(), OnProgress::default());
        Self { client, input, options, webhook: None, key: None, on_progress }
    }

    option_methods!(Self::with);

    fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Asks the service to call this URL when the job completes or fails: `https`, or `http` to this
    /// machine. [`Client::receive_webhook`] accepts the delivery.
    pub fn webhook(mut self, url: impl Into<String>) -> Self {
        self.webhook = Some(url.into());
        self
    }

    key_methods!();
    progress_methods!();

    async fn send(self) -> Result<Job> {
        let Self { client, input, options, webhook, key, on_progress } = self;
        let base64 = options.wants_base64(&input);
        let webhook = webhook.map(|url| client.webhook_url(&url, base64)).transpose()?;
        let keyed = match key {
            Some(key) => Some(KeyedSubmit::new(&client, &input, key).await?),
            None => None,
        };
        let known = match &keyed {
            Some(keyed) => known_job(&client, keyed, &on_progress).await?,
            None => None,
        };
        if let Some(start) = known {
            return Ok(Job::started(client, start, keyed.map(KeyedSubmit::into_entry)));
        }
        let body = prepare(&client, &input, options, &on_progress).await?;
        let permit = client.acquire_submit_permit().await?;
        let deadline = client.now().saturating_add(client.shared.config.deadline);
        let context = SubmitContext {
            client: &client,
            webhook: webhook.as_ref(),
            on_progress: &on_progress,
            keyed: keyed.as_ref(),
        };
        let start = submit(&context, permit, input.model(), body, deadline).await?;
        Ok(Job::started(client, start, keyed.map(KeyedSubmit::into_entry)))
    }
}

impl IntoFuture for Submit {
    type Output = Result<Job>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send().boxed()
    }
}
