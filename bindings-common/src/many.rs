//! Many runs, driven by one task of Rust.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::AbortOnDropHandle;
use viseme::{Client, Input, Prediction};

use crate::input::InputForm;
use crate::media::Contents;
use crate::message::{event, item};
use crate::request::Options;
use crate::show::error::ErrorView;
use crate::show::prediction::PredictionView;
use crate::show::progress::progress;
use crate::task::Messages;

/// How many messages are read from the channel at once.
const BATCH: usize = 64;

/// How long results are gathered that come one after the other: of a thousand jobs at once, some come
/// in every millisecond, and to cross the border costs more than what is carried.
const GATHERING: Duration = Duration::from_millis(5);

/// Where inputs are put in.
pub(crate) struct Feed(Mutex<Option<UnboundedSender<Result<Input, String>>>>);

impl Feed {
    pub(crate) fn push(&self, inputs: &str, mut contents: Contents) -> bool {
        let inputs = match serde_json::from_str::<Vec<InputForm>>(inputs) {
            Ok(forms) => forms.into_iter().map(|form| form.into_input(&mut contents)).collect(),
            Err(error) => vec![Err(error.to_string())],
        };
        let feed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(feed) = feed.as_ref() else { return false };
        inputs.into_iter().all(|input| feed.send(input).is_ok())
    }

    pub(crate) fn finish(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// What came of the input with that position.
#[derive(Serialize)]
struct Done {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<PredictionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorView>,
}

#[derive(Serialize)]
struct Of<T> {
    index: usize,
    progress: T,
}

/// Starts to run what is fed, at most `limit` at once. They go on while the host is busy with a
/// result, until the messages are dropped.
pub(crate) fn run_many(
    client: Client,
    limit: usize,
    options: Options,
    tell: bool,
) -> (Feed, Messages) {
    let (feed, inputs) = unbounded_channel();
    let (say, messages) = unbounded_channel();
    let work = drive(client, inputs, limit, options, tell, say);
    // The task is begun where a runtime is sure to be there: under the first `next`.
    let state = (messages, Vec::new().into_iter(), Work::Ready(work.boxed()));
    let messages = stream::unfold(state, |(mut messages, mut ready, work)| async move {
        let work = work.begun();
        loop {
            if let Some(message) = ready.next() {
                return Some((message, (messages, ready, work)));
            }
            let mut batch = Vec::with_capacity(BATCH);
            if messages.recv_many(&mut batch, BATCH).await == 0 {
                return None;
            }
            tokio::time::sleep(GATHERING).await;
            while let Ok(message) = messages.try_recv() {
                batch.push(message);
            }
            ready = batch.into_iter();
        }
    });
    (Feed(Mutex::new(Some(feed))), messages.boxed())
}

/// The task that drives the runs; it ends when this is dropped.
enum Work {
    Ready(BoxFuture<'static, ()>),
    Begun(#[expect(dead_code, reason = "held for its drop")] AbortOnDropHandle<()>),
}

impl Work {
    fn begun(self) -> Self {
        match self {
            Self::Ready(work) => Self::Begun(AbortOnDropHandle::new(tokio::spawn(work))),
            begun @ Self::Begun(_) => begun,
        }
    }
}

async fn drive(
    client: Client,
    inputs: UnboundedReceiver<Result<Input, String>>,
    limit: usize,
    options: Options,
    tell: bool,
    say: UnboundedSender<String>,
) {
    let inputs = stream::unfold(inputs, |mut inputs| async move {
        let input = inputs.recv().await?;
        Some((input, inputs))
    });
    let runs = inputs.enumerate().map(|(index, input)| {
        let (client, options, say) = (client.clone(), options.clone(), say.clone());
        async move {
            let outcome = match input {
                Ok(input) => run(client, input, index, options, tell.then_some(say)).await,
                Err(message) => Err(ErrorView::refusal("invalid_input", message)),
            };
            match outcome {
                Ok(prediction) => {
                    Done { index, value: Some(PredictionView::of(prediction)), error: None }
                }
                Err(error) => Done { index, value: None, error: Some(error) },
            }
        }
    });
    let mut runs = std::pin::pin!(runs.buffer_unordered(limit.max(1)));
    while let Some(done) = runs.next().await {
        if say.send(item(done)).is_err() {
            return;
        }
    }
}

async fn run(
    client: Client,
    input: Input,
    index: usize,
    options: Options,
    say: Option<UnboundedSender<String>>,
) -> Result<Prediction, ErrorView> {
    let mut run = options.for_run(client.run(input));
    if let Some(say) = say {
        run = run.on_progress(move |news| {
            // Where nobody listens any more, the runs end soon.
            let _ = progress(&news).map(|news| say.send(event(Of { index, progress: news })));
        });
    }
    run.await.map_err(|error| ErrorView::of(&error))
}
