//! The states of a job, as a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, Stream, StreamExt as _, unfold};

use super::progress::OnProgress;
use super::watcher::{Seen, Watcher};
use crate::error::{Error, Result};
use crate::protocol::Prediction;

/// The states of a job, each change once, the last state included; made by
/// [`Job::updates`](super::Job::updates).
///
/// The stream ends after the last state, whatever that is: a job that failed gives a prediction
/// with the status `failed`, not an error. An error comes last, where the wait itself ended early.
#[must_use = "streams do nothing until they are polled"]
pub struct Updates {
    stream: BoxStream<'static, Result<Prediction>>,
}

impl Updates {
    pub(super) fn new(watcher: Result<Watcher>, on_progress: OnProgress) -> Self {
        let stream = unfold((Some(watcher), on_progress), |(watcher, on_progress)| async move {
            let mut watcher = match watcher? {
                Ok(watcher) => watcher,
                Err(error) => return Some((Err(error), (None, on_progress))),
            };
            match watcher.next(&on_progress).await? {
                Seen::News(prediction) => {
                    let prediction = Arc::unwrap_or_clone(prediction);
                    Some((Ok(prediction), (Some(Ok(watcher)), on_progress)))
                }
                Seen::End(Err(error)) if ended_early(&error) => {
                    Some((Err(error), (None, on_progress)))
                }
                Seen::End(_) => None,
            }
        });
        Self { stream: stream.boxed() }
    }

    /// The next state; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Prediction>> {
        self.stream.next().await
    }
}

/// Whether the wait ended before the job did: then the error is all there is.
fn ended_early(error: &Error) -> bool {
    !error.prediction().is_some_and(|prediction| prediction.status.is_terminal())
}

impl Stream for Updates {
    type Item = Result<Prediction>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}
