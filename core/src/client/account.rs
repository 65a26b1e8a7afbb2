//! The account: its balance, its usage, its charges and its past jobs.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt as _;
use serde_json::Value;

use super::Client;
use super::paginator::{Page, Paginator};
use crate::account::{Billing, BillingFilter, HistoryFilter, Usage};
use crate::error::{Error, ErrorKind, Result};
use crate::http::endpoints::{balance, billings, deletion, history, usage};
use crate::http::json_response::{classify, server_time};
use crate::protocol::Prediction;

/// A request that changes nothing, so that it can be retried.
#[derive(Clone, Copy)]
pub(super) enum ReadRequest<'a> {
    Get(&'static str),
    Post(&'static str, &'a Value),
}

impl Client {
    /// Returns the balance of the account in USD.
    ///
    /// # Errors
    /// The errors of a request.
    pub async fn balance(&self) -> Result<f64> {
        let request = ReadRequest::Get(balance::PATH);
        self.read("getting the balance", request, |data| balance::parse(&data)).await
    }

    /// Returns the date and time by the service's clock, or `None` if its response states none. Sends one
    /// request without retries, also without an API key.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Connection`] or [`ErrorKind::RequestTimeout`] if there is no response. An error
    /// response states the time too.
    pub async fn service_time(&self) -> Result<Option<SystemTime>> {
        server_time("getting the time", self.api.get(balance::PATH).await)
    }

    /// Returns what was used and spent in a period, by one model or by all. The service supports
    /// periods of at most 31 days.
    ///
    /// # Errors
    /// Returns [`ErrorKind::InvalidInput`] if `end` is before `start`, and the errors of a request.
    pub async fn usage(
        &self,
        start: SystemTime,
        end: SystemTime,
        model: Option<&str>,
    ) -> Result<Usage> {
        if end < start {
            let message = "Invalid period: `end` must not be before `start`.";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let body = usage::request(start, end, model);
        self.read("getting the usage", ReadRequest::Post(usage::PATH, &body), usage::parse).await
    }

    /// Deletes past jobs and their outputs permanently, and returns how many. Jobs that are already
    /// deleted are not counted, nor are those of an attempt whose response was lost.
    ///
    /// # Errors
    /// Returns [`ErrorKind::InvalidInput`] for an empty id, before anything is sent. After an error of
    /// a request, some of the jobs may have been deleted.
    pub async fn delete<I>(&self, ids: I) -> Result<u64>
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let ids: Vec<String> = ids.into_iter().map(|id| id.into().trim().to_owned()).collect();
        if let Some(at) = ids.iter().position(String::is_empty) {
            let message = format!("Cannot delete jobs: the id at position {at} is empty.");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let mut deleted = 0;
        for chunk in ids.chunks(deletion::MAX_IDS) {
            let body = deletion::request(chunk);
            let request = ReadRequest::Post(deletion::PATH, &body);
            deleted += self.read("deleting jobs", request, |data| deletion::parse(&data)).await?;
        }
        Ok(deleted)
    }

    /// Returns the account's jobs of the last seven days, newest first. Pages load as needed.
    ///
    /// To wait for a job, use [`job`](Self::job): the service asks clients not to poll the history.
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
    /// If a page cannot be loaded, the last item is an error.
    pub fn history(&self, filter: HistoryFilter) -> Paginator<Prediction> {
        let page_size = filter.page_size as usize;
        let request = move |page| history::search(&filter, page);
        self.paginate(
            ("reading the history", history::PATH),
            page_size,
            request,
            history::parse,
            |job| job.id.clone(),
        )
    }

    /// Returns the account's charges, newest first. Pages load as needed.
    ///
    /// # Errors
    /// If a page cannot be loaded, the last item is an error.
    pub fn billings(&self, filter: BillingFilter) -> Paginator<Billing> {
        let request = move |page| billings::search(&filter, page);
        self.charges(billings::SEARCH_PATH, billings::SEARCH_PAGE, request)
    }

    /// Returns every charge of a month, such as `2026-03`, from the service's export for accounting.
    ///
    /// # Errors
    /// If a page cannot be loaded, the last item is an error.
    pub fn billings_of_month(&self, year_month: impl Into<String>) -> Paginator<Billing> {
        let year_month = year_month.into();
        let request = move |page| billings::month(&year_month, page);
        self.charges(billings::MONTH_PATH, billings::MONTH_PAGE, request)
    }

    fn charges(
        &self,
        path: &'static str,
        page_size: usize,
        request: impl Fn(u32) -> Value + Send + Sync + 'static,
    ) -> Paginator<Billing> {
        let operation = ("reading the charges", path);
        self.paginate(operation, page_size, request, billings::parse, |charge| charge.id.clone())
    }

    /// Returns a list whose pages are read with a POST. `parse` returns the items of a page and how
    /// many there were, including those that it left out.
    fn paginate<T: Send + 'static>(
        &self,
        (operation, path): (&'static str, &'static str),
        page_size: usize,
        request: impl Fn(u32) -> Value + Send + Sync + 'static,
        parse: fn(Value) -> Option<(Vec<T>, usize)>,
        id: fn(&T) -> String,
    ) -> Paginator<T> {
        let (client, request) = (self.clone(), Arc::new(request));
        let fetch = move |number| {
            let (client, body) = (client.clone(), request(number));
            async move {
                let request = ReadRequest::Post(path, &body);
                let (items, count) = client.read(operation, request, parse).await?;
                Ok(Page { items, is_full: count >= page_size })
            }
            .boxed()
        };
        Paginator::new(fetch, id)
    }

    /// Sends a request with retries, and returns what `parse` makes of the response. `operation`
    /// completes "… when …" in errors.
    pub(super) async fn read<T>(
        &self,
        operation: &str,
        request: ReadRequest<'_>,
        parse: impl Fn(Value) -> Option<T>,
    ) -> Result<T> {
        let api = &self.api;
        api.require_key()?;
        self.retry()
            .run(|| async {
                let exchange = match request {
                    ReadRequest::Get(path) => api.get(path).await,
                    ReadRequest::Post(path, body) => api.post(path, body).await,
                };
                classify(operation, exchange, &parse)
            })
            .await
    }
}
