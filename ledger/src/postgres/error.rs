//! The errors of PostgreSQL: which of them are worth another attempt, and what they mean in words.

use std::{fmt, io};

use viseme::ledger::LedgerError;

use super::url::RedactedUrl;

/// Why a transaction failed.
#[derive(Debug)]
pub enum TransactionError {
    /// The database failed, or the connection to it.
    Database(sqlx::Error),
    /// The operation is not allowed. Nothing was changed.
    Refused(LedgerError),
}

impl From<sqlx::Error> for TransactionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<LedgerError> for TransactionError {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}

/// What to do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// The database may be back soon.
    Wait,
    /// Another transaction was faster: start again at once, and see what it did.
    Repeat,
    /// Another attempt fails as well.
    Fail,
}

/// Returns what to do after an error of the database.
pub(super) fn reaction(error: &sqlx::Error) -> Reaction {
    match error {
        // A certificate that is not valid.
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => Reaction::Fail,
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => Reaction::Wait,
        sqlx::Error::Database(error) => match error.code().as_deref() {
            // A row or a lock that another transaction took first.
            Some("23505" | "40001" | "40P01") => Reaction::Repeat,
            // The server stops, starts, is full, or is a standby during a failover.
            Some("57P01" | "57P02" | "57P03" | "53300" | "25006") => Reaction::Wait,
            Some(code) if code.starts_with("08") => Reaction::Wait,
            _ => Reaction::Fail,
        },
        _ => Reaction::Fail,
    }
}

/// The advice about a certificate.
const CERTIFICATE: &str = "Its certificate must be valid for this host; `sslrootcert=FILE` in the URL names \
                           the authority that signed it.";

/// Returns the error of a database that cannot be used, which says what to do.
pub(super) fn ledger_error(url: &RedactedUrl, error: sqlx::Error) -> LedgerError {
    let advice = match &error {
        sqlx::Error::Tls(_) => CERTIFICATE,
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => CERTIFICATE,
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some(code) if code.starts_with("28") => "Check the user and the password in the URL.",
            Some("3D000") => "Create the database, or name another one in the URL.",
            Some("42501") => {
                "The user needs the right to create a schema in the database, or to use the schema \
                 `viseme` and its tables."
            }
            Some("53100") => "Free some space on the server.",
            _ => "Nothing is submitted without it.",
        },
        _ => "Check that the server runs and can be reached from here.",
    };
    let message = format!("The ledger {url} cannot be used: {}. {advice}", Plain(&error));
    LedgerError::new(message).with_source(error)
}

/// An error without the prefixes of the client library.
struct Plain<'a>(&'a sqlx::Error);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            sqlx::Error::Database(error) => f.write_str(error.message().trim_end_matches('.')),
            sqlx::Error::Io(error) => error.fmt(f),
            sqlx::Error::PoolTimedOut => f.write_str("it does not respond"),
            error => error.fmt(f),
        }
    }
}
