//! Something under way: the host asks for what it tells until there is no more.

use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt as _};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use crate::error::NativeError;
use crate::event::NativeEvent;
use crate::runtime::runtime;

/// What a task tells.
pub(crate) type Told = Result<NativeEvent, NativeError>;

/// Something under way. It goes on until it is over, cancelled or dropped.
#[derive(uniffi::Object)]
pub struct NativeTask {
    told: Mutex<UnboundedReceiver<Told>>,
    work: AbortHandle,
}

#[uniffi::export]
impl NativeTask {
    /// What happened next, the outcome last; `None` after it and once the task is cancelled.
    pub async fn next(&self) -> Result<Option<NativeEvent>, NativeError> {
        self.told.lock().await.recv().await.transpose()
    }

    /// Ends it: what is under way is dropped at once. A job that was submitted goes on.
    pub fn cancel(&self) {
        self.work.abort();
    }
}

/// Nobody can ask what it tells any more.
impl Drop for NativeTask {
    fn drop(&mut self) {
        self.work.abort();
    }
}

impl NativeTask {
    /// A task that tells each of these.
    pub(crate) fn of_stream(mut news: BoxStream<'static, Told>) -> Result<Arc<Self>, NativeError> {
        Self::spawn(|say| async move {
            while let Some(event) = news.next().await {
                if say.send(event).is_err() {
                    break;
                }
            }
        })
    }

    /// A task that tells what goes on before it tells what came of it.
    pub(crate) fn telling<F>(
        work: impl FnOnce(UnboundedSender<Told>) -> F + Send + 'static,
    ) -> Result<Arc<Self>, NativeError>
    where
        F: Future<Output = Told> + Send + 'static,
    {
        Self::spawn(|say| async move {
            let outcome = work(say.clone()).await;
            // Where nobody listens any more, the work ends with them.
            let _ = say.send(outcome);
        })
    }

    fn spawn<F>(
        work: impl FnOnce(UnboundedSender<Told>) -> F + Send + 'static,
    ) -> Result<Arc<Self>, NativeError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (say, told) = unbounded_channel();
        let work = runtime()?.spawn(async move { work(say).await }).abort_handle();
        Ok(Arc::new(Self { told: Mutex::new(told), work }))
    }
}
