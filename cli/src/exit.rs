//! How the program ends.

use std::process::ExitCode;

use viseme::ErrorKind;

use crate::failure::Failure;

/// An end that is no error of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All done.
    Done,
    /// The input breaks the model's rules.
    Invalid,
    /// The user asked to stop.
    Interrupted,
}

impl Ending {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Invalid => 2,
            Self::Interrupted => 130,
        })
    }
}

pub(crate) fn of_failure(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Client(error) => ExitCode::from(code(error.kind(), error.job_id().is_some())),
        Failure::Local(_) => ExitCode::FAILURE,
    }
}

/// The code of an error; `has_job` tells whether a job is known, which then goes on.
fn code(kind: ErrorKind, has_job: bool) -> u8 {
    match kind {
        ErrorKind::Config | ErrorKind::InvalidInput => 2,
        ErrorKind::BadRequest
        | ErrorKind::Authentication
        | ErrorKind::InsufficientCredits
        | ErrorKind::PermissionDenied
        | ErrorKind::NotFound
        | ErrorKind::ApiStatus => 3,
        ErrorKind::JobFailed | ErrorKind::JobCancelled => 4,
        ErrorKind::WaitTimeout => 5,
        ErrorKind::SubmissionUnknown => 6,
        // The wait gave up for troubles of the network or the service.
        ErrorKind::Connection
        | ErrorKind::RequestTimeout
        | ErrorKind::UnexpectedResponse
        | ErrorKind::RateLimit
        | ErrorKind::Server
            if has_job =>
        {
            5
        }
        ErrorKind::RateLimit | ErrorKind::Server | ErrorKind::UnexpectedResponse => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (kind, has_job, expected) in [
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
            (ErrorKind::Download, false, 1),
        ] {
            assert_eq!(code(kind, has_job), expected, "{kind:?} {has_job}");
        }
    }
}
