//! Searches the history for the job of a lost submit.

use std::future::IntoFuture;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::ledger_key::JobStart;
use super::progress::OnProgress;
use super::submission::{SubmitContext, drive};
use super::{Client, Job};
use crate::error::{Error, ErrorKind, Result};
use crate::http::endpoints::history::{self, Page};
use crate::http::{RequestFailure, retry_after};
use crate::protocol::{
    Finding, Prediction, RecoveredBy, RecoveryCriteria, SearchResponse, Submission, SubmitKey,
    SubmitRecord, candidates, find, wrong_clock_window,
};

/// Maximum number of pages of one search. Every page is a request; 50,000 jobs of one model in a
/// quarter of an hour are more than any tier allows.
const MAX_PAGES: u32 = 500;

impl Client {
    /// Finds the job of a submit whose response was lost, for example because the process crashed.
    /// Searches the history for a while, and never submits anything. If this client already knows the
    /// job of the record, it returns that job at once.
    ///
    /// ```no_run
    /// # async fn example(client: viseme::Client, record: viseme::SubmitRecord) -> viseme::Result<()> {
    /// let job = client.recover(&record).exclude(["id-of-another-submit"]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`ErrorKind::SubmissionUnknown`] if no job matches, or if none of several is certain.
    /// [`Error::candidates`] then contains the jobs that may be it.
    pub fn recover(&self, record: &SubmitRecord) -> Recover {
        let criteria = RecoveryCriteria::default();
        Recover { client: self.clone(), record: record.clone(), criteria }
    }

    /// Searches the history once for the record's job, and claims the job that it finds.
    pub(super) async fn search_history(
        &self,
        record: &SubmitRecord,
        criteria: &RecoveryCriteria,
    ) -> SearchResponse {
        let newest = match self.history_page(record, None, 1).await {
            Ok(page) => page,
            Err(failure) => return failed(failure),
        };
        let server_sent_at = server_time(record.sent_at, self.system_time(), newest.server_now);
        let window = criteria.window(server_sent_at);
        let jobs = if reaches(&newest, window.start) {
            newest.jobs
        } else {
            match self.jobs_in(record, &window).await {
                Ok(jobs) => jobs,
                Err(failure) => return failed(failure),
            }
        };
        // Found and claimed in one step: no other search can claim the job in between.
        let key = SubmitKey::of(record);
        self.submit_registry(|registry| {
            let concurrent = registry.concurrent(&key);
            let is_claimed = |id: &str| registry.is_claimed(id);
            match find(record, server_sent_at, &jobs, &is_claimed, concurrent, criteria) {
                Finding::Nothing => SearchResponse::NotYet,
                Finding::Candidates(jobs) => SearchResponse::Candidates(jobs),
                Finding::Job(job, by) => {
                    registry.claim(&key, record.sent_at, &job.id);
                    SearchResponse::Found(recovered(job, by))
                }
            }
        })
    }

    /// Returns every job of the record's model that was created in a window.
    async fn jobs_in(
        &self,
        record: &SubmitRecord,
        window: &Range<SystemTime>,
    ) -> Result<Vec<Arc<Prediction>>, RequestFailure> {
        let mut jobs = Vec::new();
        for number in 1..=MAX_PAGES {
            let page = self.history_page(record, Some(window), number).await?;
            let is_last = reaches(&page, window.start);
            jobs.extend(page.jobs);
            if is_last {
                return Ok(jobs);
            }
        }
        let message = format!("The history has more than {} jobs of that time.", jobs.len());
        Err(RequestFailure::Final(Error::new(ErrorKind::UnexpectedResponse, message)))
    }

    async fn history_page(
        &self,
        record: &SubmitRecord,
        window: Option<&Range<SystemTime>>,
        number: u32,
    ) -> Result<Page, RequestFailure> {
        let body = history::of_model(&record.model, window, number);
        history::classify(self.api.post(history::PATH, &body).await)
    }

    /// Returns the jobs that may belong to the record if this machine's clock was wrong when the record
    /// was made.
    async fn wrong_clock_candidates(
        &self,
        record: &SubmitRecord,
        criteria: &RecoveryCriteria,
    ) -> Result<Vec<Arc<Prediction>>, RequestFailure> {
        let newest = self.history_page(record, None, 1).await?;
        let server_sent_at = server_time(record.sent_at, self.system_time(), newest.server_now);
        let window = wrong_clock_window(server_sent_at);
        let jobs = if reaches(&newest, window.start) {
            newest.jobs
        } else {
            self.jobs_in(record, &window).await?
        };
        Ok(self.submit_registry(|registry| {
            candidates(record, &jobs, &window, &|id| registry.is_claimed(id), criteria)
        }))
    }
}

/// A search for the job of a lost submit. It starts when it is awaited; [`Client::recover`] creates
/// it.
#[must_use = "a recovery does nothing until it is awaited"]
pub struct Recover {
    client: Client,
    record: SubmitRecord,
    criteria: RecoveryCriteria,
}

impl Recover {
    /// Excludes jobs that are known to belong to other submits. Pass the ids of all jobs that you know
    /// if you submitted the same input more than once, in this process or another.
    pub fn exclude<I>(mut self, job_ids: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.criteria.exclude.extend(job_ids.into_iter().map(Into::into));
        self
    }

    /// Sets how long after the time of the record the POST may have been sent. Default: immediately.
    /// Set it if you save records in advance.
    pub fn sent_within(mut self, delay: Duration) -> Self {
        self.criteria.sent_within = delay;
        self
    }

    /// Allows to adopt the only job of the same model and time if the history does not contain inputs.
    /// Default `false`: such a job may belong to another program of the account, so it is only one of
    /// [`Error::candidates`].
    pub fn match_by_time(mut self, allow: bool) -> Self {
        self.criteria.match_by_time = allow;
        self
    }

    async fn search(self) -> Result<Job> {
        let Self { client, record, criteria } = self;
        let start = recover(&client, &record, &criteria, &OnProgress::default()).await?;
        Ok(Job::started(client, start, None))
    }
}

/// Searches the history for the job of a record.
pub(super) async fn recover(
    client: &Client,
    record: &SubmitRecord,
    criteria: &RecoveryCriteria,
    on_progress: &OnProgress,
) -> Result<JobStart> {
    client.api.require_key()?;
    let key = SubmitKey::of(record);
    let known =
        client.submit_registry(|registry| registry.job_of(&key, record.sent_at).map(str::to_owned));
    if let Some(id) = known.filter(|id| !criteria.exclude.contains(id)) {
        return Ok(JobStart::Known(id));
    }
    let cause = Error::new(ErrorKind::SubmissionUnknown, "its response was lost");
    let policy = client.submit_policy(client.now().saturating_add(client.shared.config.deadline));
    let age = client.system_time().duration_since(record.sent_at).unwrap_or_default();
    let submission = Submission::lost(policy, age.saturating_sub(criteria.sent_within), cause);
    client.submit_registry(|registry| {
        registry.begin(&key);
        registry.lose(&key);
    });
    let context = SubmitContext { client, webhook: None, on_progress, keyed: None };
    match drive(&context, submission, None, record.clone(), criteria).await.map_err(Error::from) {
        Ok(prediction) => Ok(JobStart::Submitted(prediction)),
        Err(error) if is_without_candidates(&error) => {
            match client.wrong_clock_candidates(record, criteria).await {
                Ok(jobs) => Err(with_wrong_clock_candidates(error, jobs)),
                Err(failure) => Err(without_wrong_clock_search(error, failure.error())),
            }
        }
        Err(error) => Err(error),
    }
}

impl IntoFuture for Recover {
    type Output = Result<Job>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.search().boxed()
    }
}

fn is_without_candidates(error: &Error) -> bool {
    error.kind() == ErrorKind::SubmissionUnknown && error.candidates().next().is_none()
}

/// Adds the jobs with the same input of another time: a clock that was wrong explains them, and so does
/// another submit of the same input.
fn with_wrong_clock_candidates(error: Error, jobs: Vec<Arc<Prediction>>) -> Error {
    if jobs.is_empty() {
        return error;
    }
    let ids: Vec<_> = jobs.iter().map(|job| job.id.as_str()).collect();
    let message = format!(
        "{} Jobs with the same input were created at another time, as if the clock of this machine had \
         been wrong: {}.",
        error.message(),
        ids.join(", "),
    );
    error.with_message(message).with_candidates(jobs)
}

/// Adds that the jobs of another time could not be searched.
fn without_wrong_clock_search(error: Error, cause: &Error) -> Error {
    let message = format!(
        "{} If the clock of this machine was wrong, the job may be of another time, but the jobs of a \
         day around it could not be searched: {}",
        error.message(),
        cause.message(),
    );
    error.with_message(message)
}

/// Returns whether a page, newest jobs first, is the last one or reaches back before a time.
fn reaches(page: &Page, time: SystemTime) -> bool {
    let oldest = page.jobs.iter().filter_map(|job| job.created_at).min();
    !page.is_full || oldest.is_some_and(|oldest| oldest < time)
}

fn failed(failure: RequestFailure) -> SearchResponse {
    match failure {
        RequestFailure::Transient(error) => {
            let retry_after = retry_after(&error);
            SearchResponse::Temporary { error, retry_after }
        }
        RequestFailure::Final(error) => SearchResponse::Failed(error),
    }
}

fn recovered(job: Arc<Prediction>, by: RecoveredBy) -> Arc<Prediction> {
    let mut job = Arc::unwrap_or_clone(job);
    job.recovered = Some(by);
    Arc::new(job)
}

/// Converts a time of this machine's clock to the service's clock, which may differ by any amount.
fn server_time(time: SystemTime, now: SystemTime, server_now: SystemTime) -> SystemTime {
    let age = now.duration_since(time).unwrap_or_default();
    server_now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH)
}
