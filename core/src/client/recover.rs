//! Looks for a lost submit in the history.

use std::sync::Arc;
use std::time::SystemTime;

use super::progress::OnProgress;
use super::submit::drive;
use super::{Client, Job};
use crate::error::{Error, ErrorKind, Result};
use crate::http::endpoints::history;
use crate::http::{RequestFailure, retry_after};
use crate::protocol::{
    Finding, Prediction, RecoveredBy, SearchResponse, Submission, SubmitRecord, earliest, find,
};

/// How many pages of the history are read in one look.
const MAX_PAGES: u32 = 5;

impl Client {
    /// Finds out what became of a submit whose answer was never heard, such as one of a process
    /// that died: looks for its job in the history, for a while, and never submits anything. A
    /// record whose job this client knows already gives that job at once.
    ///
    /// # Errors
    /// [`ErrorKind::SubmissionUnknown`] where no job, or more than one, could be it.
    pub async fn recover(&self, record: &SubmitRecord) -> Result<Job> {
        self.api.require_key()?;
        if let Some(id) = self.claims(|claims| claims.job_of(record).map(str::to_owned)) {
            return Ok(self.job(id));
        }
        let cause = Error::new(ErrorKind::SubmissionUnknown, "Its answer was never heard.");
        let policy = self.submit_policy(self.now().saturating_add(self.shared.config.deadline));
        let submission = Submission::lost(policy, cause);
        self.claims(|claims| {
            claims.begin(&record.model, &record.input);
            claims.lose(&record.model, &record.input);
        });
        let prediction =
            drive(self, submission, None, record.clone(), None, &OnProgress::default()).await?;
        Ok(Job::submitted(self.clone(), prediction))
    }

    /// One look into the history for the record's job; the job that is found is claimed.
    pub(super) async fn look_for(&self, record: &SubmitRecord) -> SearchResponse {
        let mut jobs = Vec::new();
        for number in 1..=MAX_PAGES {
            let body = history::request(&record.model, number);
            let exchange = self.api.post("api/v3/predictions", &body).await;
            let page = match history::classify(exchange) {
                Ok(page) => page,
                Err(RequestFailure::Transient(error)) => {
                    let retry_after = retry_after(&error);
                    return SearchResponse::Trouble { error, retry_after };
                }
                Err(RequestFailure::Final(error)) => return SearchResponse::Refused(error),
            };
            let server_sent_at = server_time(record.sent_at, self.system_time(), page.server_now);
            let oldest = page.jobs.iter().filter_map(|job| job.created_at).min();
            jobs.extend(page.jobs);
            let first = earliest(server_sent_at);
            let goes_on = page.is_full && oldest.is_none_or(|oldest| oldest >= first);
            if !goes_on {
                return self.choose(record, server_sent_at, &jobs);
            }
        }
        let message = format!("More than {} jobs were made since.", jobs.len());
        SearchResponse::Refused(Error::new(ErrorKind::UnexpectedResponse, message))
    }

    fn choose(
        &self,
        record: &SubmitRecord,
        server_sent_at: SystemTime,
        jobs: &[Arc<Prediction>],
    ) -> SearchResponse {
        // Found and claimed in one step: no other search can take the job in between.
        self.claims(|claims| {
            let rivals = claims.rivals(&record.model, &record.input);
            let is_claimed = |id: &str| claims.is_claimed(id);
            match find(record, server_sent_at, jobs, &is_claimed, rivals) {
                Finding::Nothing => SearchResponse::NotYet,
                Finding::Several(jobs) => SearchResponse::Several(jobs),
                Finding::Job(job, by) => {
                    claims.claim(record, &job.id);
                    SearchResponse::Found(recovered(job, by))
                }
            }
        })
    }
}

fn recovered(job: Arc<Prediction>, by: RecoveredBy) -> Arc<Prediction> {
    let mut job = Arc::unwrap_or_clone(job);
    job.recovered = Some(by);
    Arc::new(job)
}

/// A moment of this machine's clock by the service's: they may be apart by any time.
fn server_time(moment: SystemTime, now: SystemTime, server_now: SystemTime) -> SystemTime {
    let age = now.duration_since(moment).unwrap_or_default();
    server_now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH)
}
