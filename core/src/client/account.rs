//! The account: its balance, what was used, and the deletion of past jobs.

use std::time::SystemTime;

use super::Client;
use super::ask::ReadRequest;
use crate::account::Usage;
use crate::error::{Error, ErrorKind, Result};
use crate::http::endpoints::{balance, deletion, usage};

impl Client {
    /// What is left on the account, in dollars.
    ///
    /// # Errors
    /// Those of a request.
    pub async fn balance(&self) -> Result<f64> {
        self.ask("asking for the balance", ReadRequest::Get(balance::PATH), |data| {
            balance::parse(&data)
        })
        .await
    }

    /// What was used and spent from one moment to another, of one model or of all. The service
    /// answers for at most 31 days.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] where the end lies before the beginning; those of a request.
    pub async fn usage(
        &self,
        from: SystemTime,
        to: SystemTime,
        model: Option<&str>,
    ) -> Result<Usage> {
        if to < from {
            let message = "The time to tell the usage of ends before it begins.";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let body = usage::request(from, to, model);
        self.ask("asking for the usage", ReadRequest::Post(usage::PATH, &body), usage::parse).await
    }

    /// Deletes past jobs and their outputs, for good; gives how many there were. What is gone
    /// already is no error and not counted, and neither is what an attempt deleted whose answer was
    /// lost.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for an empty id, before anything is sent; those of a request:
    /// then some may have been deleted.
    pub async fn delete<I>(&self, ids: I) -> Result<u64>
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let ids: Vec<String> = ids.into_iter().map(|id| id.into().trim().to_owned()).collect();
        if ids.iter().any(String::is_empty) {
            let message = "One of the ids to delete is empty. Pass the ids that the submits gave.";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let mut deleted = 0;
        for some in ids.chunks(deletion::MAX_IDS) {
            let body = deletion::request(some);
            let request = ReadRequest::Post(deletion::PATH, &body);
            deleted += self.ask("deleting jobs", request, |data| deletion::parse(&data)).await?;
        }
        Ok(deleted)
    }
}
