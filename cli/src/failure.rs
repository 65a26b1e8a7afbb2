//! Why a command fails, and the exit code of each reason.

use std::fmt;
use std::io;

use viseme::ErrorKind;
use viseme_batch::BatchError;

/// The exit code of wrong usage and of invalid input.
pub(crate) const USAGE: u8 = 2;

/// A successful end, or the result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The command did what it should.
    Done,
    /// A check found that the input is invalid.
    Invalid,
    /// Another program ended with this exit code.
    Exit(u8),
}

impl Outcome {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Invalid => USAGE,
            Self::Exit(code) => code,
        }
    }
}

/// How far a run is, as far as an interrupt must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The command neither submits nor waits.
    NoJob,
    /// Nothing is submitted yet.
    BeforeSubmit,
    /// The POST is in flight: the service may create a job at any moment.
    Submitting,
    /// The job with this id exists.
    Job(String),
    /// The job with this id is completed; its output is being saved.
    Download(String),
}

impl Phase {
    pub(crate) fn job_id(&self) -> Option<&str> {
        match self {
            Self::Job(id) | Self::Download(id) => Some(id),
            Self::NoJob | Self::BeforeSubmit | Self::Submitting => None,
        }
    }
}

/// An error of the client, or of this program.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The operation failed, a wait included.
    Client(Box<viseme::Error>),
    /// A single request about a job or an account failed; no job was waited for.
    QueryFailed(Box<viseme::Error>),
    /// The output of a job was requested that is still running.
    Running { job_id: String, status: viseme::Status },
    /// Wrong usage: what is wrong, and what to do.
    Usage(String),
    /// A batch cannot be used.
    Batch(Box<BatchError>),
    /// An operation on this machine failed: which one, and why.
    Local(String),
    /// The user interrupted the command.
    Interrupted(Phase),
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The failure of an operation on this machine; `doing` completes "Cannot …".
    pub(crate) fn local(doing: impl fmt::Display, error: &io::Error) -> Self {
        Self::Local(format!("Cannot {doing}: {}.", reason(error)))
    }

    /// The failure of a single request.
    pub(crate) fn query(error: viseme::Error) -> Self {
        Self::QueryFailed(Box::new(error))
    }

    /// The failure of a batch.
    pub(crate) fn batch(error: BatchError) -> Self {
        Self::Batch(Box::new(error))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Client(error) => exit_code(error.kind(), error.job_id().is_some()),
            Self::QueryFailed(error) => exit_code(error.kind(), false),
            Self::Running { .. } => 5,
            Self::Batch(error) => match &**error {
                BatchError::Price(error) => exit_code(error.kind(), false),
                BatchError::Locked(_) | BatchError::Folder { .. } | BatchError::Ledger(_) => 1,
                _ => USAGE,
            },
            Self::Usage(_) => USAGE,
            Self::Local(_) => 1,
            Self::Interrupted(_) => 130,
        }
    }
}

impl From<viseme::Error> for Failure {
    fn from(error: viseme::Error) -> Self {
        Self::Client(Box::new(error))
    }
}

/// The exit code of a client error; `waited` is true if it ended the wait for a running job.
fn exit_code(kind: ErrorKind, waited: bool) -> u8 {
    match kind {
        ErrorKind::Config | ErrorKind::InvalidInput | ErrorKind::Ledger => USAGE,
        ErrorKind::BadRequest
        | ErrorKind::Authentication
        | ErrorKind::InsufficientCredits
        | ErrorKind::PermissionDenied
        | ErrorKind::NotFound
        | ErrorKind::Webhook
        | ErrorKind::ApiStatus => 3,
        ErrorKind::JobFailed | ErrorKind::JobCancelled => 4,
        ErrorKind::WaitTimeout => 5,
        ErrorKind::SubmissionUnknown => 6,
        // The network or the service failed for too long during the wait.
        ErrorKind::Connection
        | ErrorKind::RequestTimeout
        | ErrorKind::UnexpectedResponse
        | ErrorKind::RateLimit
        | ErrorKind::Server
            if waited =>
        {
            5
        }
        ErrorKind::RateLimit | ErrorKind::Server | ErrorKind::UnexpectedResponse => 3,
        _ => 1,
    }
}

/// The reason of an I/O error in plain words, if it is a common one.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::AddrInUse => "the port is in use".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => {
            let text = error.to_string();
            // The number of the operating system helps nobody.
            text.split(" (os error ").next().unwrap_or_default().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_its_exit_code() {
        for (kind, waited, expected) in [
            (ErrorKind::Config, false, 2),
            (ErrorKind::InvalidInput, false, 2),
            (ErrorKind::Authentication, false, 3),
            (ErrorKind::NotFound, true, 3),
            (ErrorKind::Server, false, 3),
            (ErrorKind::Server, true, 5),
            (ErrorKind::Connection, false, 1),
            (ErrorKind::Connection, true, 5),
            (ErrorKind::JobFailed, true, 4),
            (ErrorKind::JobCancelled, true, 4),
            (ErrorKind::WaitTimeout, true, 5),
            (ErrorKind::SubmissionUnknown, false, 6),
            (ErrorKind::Webhook, false, 3),
            (ErrorKind::Upload, false, 1),
            (ErrorKind::Download, true, 1),
        ] {
            assert_eq!(exit_code(kind, waited), expected, "{kind:?} {waited}");
        }
    }
}
