//! Decides what an error means for its item, and for the whole run.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use viseme::ledger::LedgerError;
use viseme::{Error, ErrorKind};

use crate::item::ItemState;
use crate::options::{BatchOptions, OnUnknown};

/// How long the service keeps jobs and their outputs.
pub(crate) const JOBS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why a run submits nothing more.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// A further job would exceed the limit of cost. Contains a sentence.
    CostLimit(String),
    /// The job of a submit was not found, and the run is to stop then.
    Unknown(Error),
    /// An error that every further submit would get.
    Error(Error),
    /// The ledger cannot be written.
    Ledger(LedgerError),
}

impl StopReason {
    pub(crate) fn of_ledger(error: LedgerError) -> Self {
        if error.is_cost_limit() { Self::CostLimit(error.to_string()) } else { Self::Ledger(error) }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CostLimit(message) => f.write_str(message),
            Self::Unknown(error) | Self::Error(error) => f.write_str(error.message()),
            Self::Ledger(error) => error.fmt(f),
        }
    }
}

/// What an error means.
pub(crate) struct Outcome {
    /// The state of the item; `None` if the ledger knows it.
    pub(crate) state: Option<ItemState>,
    /// Why nothing more is submitted.
    pub(crate) stop: Option<StopReason>,
    /// Whether the network or the service failed, and not the item.
    pub(crate) is_outage: bool,
}

/// Returns what an error means for an item whose submit was sent `age` ago.
pub(crate) fn outcome(error: &Error, age: Duration, options: &BatchOptions) -> Outcome {
    let of = |state| Outcome { state, stop: None, is_outage: false };
    let stop = |reason| Outcome { state: None, stop: Some(reason), is_outage: false };
    match error.kind() {
        ErrorKind::JobFailed | ErrorKind::JobCancelled => of(Some(ItemState::Failed)),
        ErrorKind::SubmissionUnknown => Outcome {
            stop: (options.on_unknown == OnUnknown::Stop)
                .then(|| StopReason::Unknown(error.clone())),
            ..of(Some(ItemState::Unknown))
        },
        ErrorKind::NotFound if error.job_id().is_some() => of(Some(ItemState::Expired)),
        ErrorKind::Download if age > JOBS_KEPT && is_gone(error) => of(Some(ItemState::Expired)),
        ErrorKind::InvalidInput | ErrorKind::BadRequest | ErrorKind::NotFound => {
            of(Some(ItemState::Refused))
        }
        ErrorKind::Ledger => match error.source().and_then(|it| it.downcast_ref::<LedgerError>()) {
            Some(cause) => stop(StopReason::of_ledger(cause.clone())),
            None => stop(StopReason::Error(error.clone())),
        },
        ErrorKind::Config
        | ErrorKind::Authentication
        | ErrorKind::PermissionDenied
        | ErrorKind::InsufficientCredits => stop(StopReason::Error(error.clone())),
        ErrorKind::Connection
        | ErrorKind::RequestTimeout
        | ErrorKind::Server
        | ErrorKind::Upload
        | ErrorKind::UnexpectedResponse => Outcome { is_outage: true, ..of(None) },
        _ => of(None),
    }
}

/// Returns whether the service no longer has an output. A full disk or a broken connection is no reason to
/// give up a job that was paid for.
fn is_gone(error: &Error) -> bool {
    error.http().is_some_and(|http| matches!(http.status, 403 | 404 | 410))
}
