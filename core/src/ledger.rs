//! The durable record of paid submits, which makes a submit with a key idempotent.
//!
//! The service has no idempotency key. A [`Ledger`] takes its place: the client records a submit under
//! the caller's key before the POST, and its job id after the response. A submit with a known key is
//! not sent again: the client returns its job, or searches for it if the response was lost.
//!
//! The crate `viseme-ledger` has a ledger in an SQLite file and one in PostgreSQL.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::prediction::{Status, SubmitRecord};

/// A durable record of paid submits. Every method returns after its effect is on disk.
///
/// An error of [`find`](Self::find) or [`claim`](Self::claim) prevents the submit. After the submit, an
/// error is only logged: the job is paid for, and the next call with the same key finds it.
pub trait Ledger: Send + Sync + 'static {
    /// Returns what is known of a key, or `None` if nothing was submitted with it, or only submits that
    /// the service rejected.
    fn find<'a>(&'a self, key: &'a LedgerKey) -> LedgerFuture<'a, Option<LedgerEntry>>;

    /// Records that the submit is about to be sent, unless the key is already in use. Atomic: of two
    /// processes with the same key, one gets [`Claim::Go`].
    fn claim<'a>(&'a self, submit: &'a ClaimRequest) -> LedgerFuture<'a, Claim>;

    /// Records that the service accepted the open submit of the key.
    fn accepted<'a>(&'a self, key: &'a LedgerKey, job_id: &'a str) -> LedgerFuture<'a, ()>;

    /// Records that the service certainly did not accept the open submit of the key. The key is free
    /// again.
    fn refused<'a>(&'a self, key: &'a LedgerKey, reason: &'a str) -> LedgerFuture<'a, ()>;

    /// Records how the job of the key ended.
    fn settled<'a>(&'a self, key: &'a LedgerKey, status: &'a Status) -> LedgerFuture<'a, ()>;
}

/// The future of a method of a [`Ledger`].
pub type LedgerFuture<'a, T> = BoxFuture<'a, Result<T, LedgerError>>;

/// A key of the caller, and the account in which it is unique.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LedgerKey {
    /// The base URL of the API and a digest of the API key, which cannot be turned back into the key.
    pub account: Account,
    /// The caller's key, such as `row-17`.
    pub key: Arc<str>,
}

impl LedgerKey {
    /// Creates a key of an account.
    pub fn new(account: Account, key: impl Into<Arc<str>>) -> Self {
        Self { account, key: key.into() }
    }
}

/// The account that pays for a submit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The base URL of the API.
    pub base_url: String,
    /// The SHA-256 digest of the API key in hexadecimal digits.
    pub key_digest: String,
}

impl Account {
    /// Creates the account of a base URL and a digest of an API key.
    pub fn new(base_url: impl Into<String>, key_digest: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), key_digest: key_digest.into() }
    }

    /// Creates the account of a base URL and an API key, which is not kept.
    #[must_use]
    pub fn of_api_key(base_url: &Url, api_key: &str) -> Self {
        Self::new(base_url.as_str(), base16ct::lower::encode_string(&Sha256::digest(api_key)))
    }
}

/// A submit that is about to be sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClaimRequest {
    /// The key.
    pub key: LedgerKey,
    /// A digest of the input. A key belongs to one input.
    pub fingerprint: String,
    /// The submit. With it, [`Client::recover`](crate::Client::recover) finds the job.
    pub record: SubmitRecord,
    /// What the job costs in millionths of a US dollar, if the caller knows it.
    pub price: Option<u64>,
    /// Whether the submit is allowed if the last job of the key ended without a result.
    pub retry_failed: bool,
}

impl ClaimRequest {
    /// Creates the claim of a submit of which the price is unknown.
    pub fn new(key: LedgerKey, fingerprint: impl Into<String>, record: SubmitRecord) -> Self {
        Self { key, fingerprint: fingerprint.into(), record, price: None, retry_failed: false }
    }
}

/// The answer to a [`ClaimRequest`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// The submit is recorded: send it.
    Go,
    /// The key is in use: do not send it.
    Taken(LedgerEntry),
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LedgerEntry {
    /// The digest of the input of the key.
    pub fingerprint: String,
    /// The state of its submit.
    pub state: EntryState,
}

impl LedgerEntry {
    /// Creates an entry.
    pub fn new(fingerprint: impl Into<String>, state: EntryState) -> Self {
        Self { fingerprint: fingerprint.into(), state }
    }
}

/// The state of the submit of a key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EntryState {
    /// It may have been sent, and its response is unknown.
    Sent {
        /// The submit.
        record: SubmitRecord,
        /// The job ids of other submits in the ledger, which cannot be the job of this one.
        other_jobs: Vec<String>,
    },
    /// The service accepted it.
    Done {
        /// The job id.
        job_id: String,
        /// How the job ended, or `None` if that is not recorded.
        status: Option<Status>,
    },
}

/// Why a ledger prevents a submit.
#[derive(Clone)]
pub struct LedgerError {
    message: String,
    is_cost_limit: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl LedgerError {
    /// Creates an error: a sentence that says what is wrong and what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_cost_limit: false, source: None }
    }

    /// Creates the error of a submit that would exceed a limit of cost.
    pub fn cost_limit(message: impl Into<String>) -> Self {
        Self { is_cost_limit: true, ..Self::new(message) }
    }

    /// Returns whether the submit would exceed a limit of cost. Otherwise the ledger cannot be used.
    #[must_use]
    pub fn is_cost_limit(&self) -> bool {
        self.is_cost_limit
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerError")
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for LedgerError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
