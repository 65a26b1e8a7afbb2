//! The errors of SQLite in words.

use rusqlite::ErrorCode;
use viseme::ledger::LedgerError;

/// Returns the error of an operation on the file of a ledger, which says what to do.
#[must_use]
pub fn ledger_error(error: rusqlite::Error) -> LedgerError {
    named("The ledger", error)
}

/// Returns the error of an operation on a file, which `subject` names.
pub(crate) fn named(subject: &str, error: rusqlite::Error) -> LedgerError {
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => format!(
            "{subject} is damaged. Keep it, and restore it from a backup: a new ledger does not know \
             which submits were paid for."
        ),
        Some(ErrorCode::DiskFull) => {
            format!("{subject} cannot be written: the disk is full. Free some space.")
        }
        Some(ErrorCode::ReadOnly) => {
            format!("{subject} cannot be written: the file, its folder or the disk is read-only.")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("{subject} is locked by another program. End that program.")
        }
        _ => format!("{subject} cannot be used: {error}."),
    };
    LedgerError::new(message).with_source(error)
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn an_error_says_what_to_do() {
        for (code, words) in [
            (ffi::SQLITE_CORRUPT, "It is damaged. Keep it"),
            (ffi::SQLITE_NOTADB, "It is damaged. Keep it"),
            (ffi::SQLITE_FULL, "the disk is full. Free some space."),
            (
                ffi::SQLITE_READONLY,
                "It cannot be written: the file, its folder or the disk is read-only.",
            ),
            (ffi::SQLITE_BUSY, "It is locked by another program. End that program."),
            (ffi::SQLITE_LOCKED, "It is locked by another program. End that program."),
            (ffi::SQLITE_INTERRUPT, "It cannot be used: "),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let message = named("It", error).to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}
