//! A whole run.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Client;
use super::options::{Options, option_methods};
use super::prepare::prepare;
use super::progress::{OnProgress, Progress};
use super::submit::submit;
use super::watcher::Watcher;
use crate::error::Result;
use crate::model::Input;
use crate::protocol::Prediction;

/// A run, begun when awaited; made by [`Client::run`].
///
/// Awaiting gives the completed prediction. Every error raised after the submit carries the job's
/// id; the job goes on, and [`Client::job`] can wait for it again.
#[must_use = "a run does nothing until it is awaited"]
pub struct Run {
    client: Client,
    input: Input,
    options: Options,
    deadline: Option<Duration>,
    webhook: Option<String>,
    on_progress: OnProgress,
}

impl Run {
    pub(super) fn new(client: Client, input: Input) -> Self {
        Self {
            client,
            input,
            options: Options::default(),
            deadline: None,
            webhook: None,
            on_progress: OnProgress::default(),
        }
    }

    option_methods!(Self::with);

    /// Sets all of them at once.
    pub(super) fn options(self, all: Options) -> Self {
        self.with(|options| *options = all)
    }

    fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// How long to wait for the result, counted from the submit; the default is the client's.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Has the service call back at this URL when the job has completed or failed: `https`, or
    /// `http` to this machine. The wait ends as soon as
    /// [`Client::receive_webhook`] has taken what it sends.
    pub fn webhook(mut self, url: impl Into<String>) -> Self {
        self.webhook = Some(url.into());
        self
    }

    /// Is told what goes on.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = OnProgress::new(listener);
        self
    }

    async fn go(self) -> Result<Prediction> {
        let Self { client, input, options, deadline, webhook, on_progress } = self;
        let base64 = options.asks_for_base64(&input);
        let webhook = webhook.map(|url| client.webhook_url(&url, base64)).transpose()?;
        // The first steps are boxed: what they need is given back before the long wait.
        let body = prepare(&client, &input, options, &on_progress).boxed().await?;
        let _place = client.place().await?;
        let turn = client.await_submit_turn().await?;
        let deadline = deadline.unwrap_or(client.shared.config.deadline);
        let deadline = client.now().saturating_add(deadline);
        let model = input.model().to_owned();
        drop(input);
        let submit = submit(&client, turn, &model, body, webhook.as_ref(), deadline, &on_progress);
        let prediction = submit.boxed().await?;
        let mut watcher = Watcher::submitted(client.clone(), prediction, deadline);
        watcher.finish(&on_progress).await.map(Arc::unwrap_or_clone)
    }
}

impl IntoFuture for Run {
    type Output = Result<Prediction>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.go().boxed()
    }
}
