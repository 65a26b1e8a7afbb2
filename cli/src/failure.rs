//! Why a command did not end as it should.

use std::fmt;
use std::io;

use crate::interrupt::Stage;

/// An error of the client, or of this program around it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Of the work itself, a wait included.
    Client(Box<viseme::Error>),
    /// Of a single question about a job: nothing was waited for.
    Question(Box<viseme::Error>),
    /// An output was asked for, but the job with this id still runs.
    Running { job_id: String, status: viseme::Status },
    /// Wrong use: what is wrong, and what to do.
    Usage(String),
    /// What was tried, and what this machine said to it.
    Local(String),
    /// The user asked to stop.
    Interrupted(Stage),
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The failure of an attempt to do something on this machine: `doing` completes "cannot …".
    pub(crate) fn local(doing: impl fmt::Display, error: &io::Error) -> Self {
        Self::Local(format!("Cannot {doing}: {}.", reason(error)))
    }

    pub(crate) fn question(error: viseme::Error) -> Self {
        Self::Question(Box::new(error))
    }
}

impl From<viseme::Error> for Failure {
    fn from(error: viseme::Error) -> Self {
        Self::Client(Box::new(error))
    }
}

/// What the machine says, in words for people where the error is a common one.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::AddrInUse => "the port is in use".to_owned(),
        io::ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
