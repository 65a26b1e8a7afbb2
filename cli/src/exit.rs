//! How the program ends.

use viseme::ErrorKind;

use crate::failure::Failure;

/// An end that is no failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All done.
    Done,
    /// A check found that the input breaks the model's rules.
    Invalid,
}

impl Ending {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Invalid => USAGE,
        }
    }
}

/// Wrong use or invalid input.
pub(crate) const USAGE: u8 = 2;

pub(crate) fn of_failure(failure: &Failure) -> u8 {
    match failure {
        Failure::Client(error) => code(error.kind(), error.job_id().is_some()),
        Failure::Question(error) => code(error.kind(), false),
        Failure::Running { .. } => 5,
        Failure::Usage(_) => USAGE,
        Failure::Local(_) => 1,
        Failure::Interrupted(_) => 130,
    }
}

/// The code of an error; `waited` tells whether it ended the wait for a job, which goes on.
fn code(kind: ErrorKind, waited: bool) -> u8 {
    match kind {
        ErrorKind::Config | ErrorKind::InvalidInput => USAGE,
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
            if waited =>
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
            (ErrorKind::Upload, false, 1),
            (ErrorKind::Download, true, 1),
        ] {
            assert_eq!(code(kind, waited), expected, "{kind:?} {waited}");
        }
    }
}
