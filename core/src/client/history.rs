//! Past jobs.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::Client;
use super::ask::ReadRequest;
use super::paginator::{Page, Paginator};
use crate::account::HistoryFilter;
use crate::http::endpoints::history;
use crate::protocol::Prediction;

impl Client {
    /// The account's jobs of the last seven days, newest first, fetched as they are needed.
    ///
    /// This is no way to wait for a job: the service asks not to poll its history. Use
    /// [`job`](Self::job).
    ///
    /// ```no_run
    /// # async fn example() -> viseme::Result<()> {
    /// use viseme::{Client, HistoryFilter, Status};
    ///
    /// let client = Client::from_env()?;
    /// let mut failed = client.history(HistoryFilter::new().status(Status::Failed));
    /// while let Some(job) = failed.next().await {
    ///     let job = job?;
    ///     println!("{} {:?}", job.id, job.error);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The stream's last item is an error where a page could not be had.
    pub fn history(&self, filter: HistoryFilter) -> Paginator<Prediction> {
        let (client, filter) = (self.clone(), Arc::new(filter));
        let fetch = move |number| {
            let (client, filter) = (client.clone(), Arc::clone(&filter));
            async move {
                let body = history::search(&filter, number);
                let request = ReadRequest::Post(history::PATH, &body);
                let (items, count) =
                    client.ask("reading the history", request, history::parse).await?;
                Ok(Page { items, is_full: count >= filter.page_size as usize })
            }
            .boxed()
        };
        Paginator::new(fetch, |job| job.id.clone())
    }
}
