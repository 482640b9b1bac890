//! What SQLite says, in the words of [`Error`]: by who acts on it.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::Error;

/// Why a call was not carried out, before it is known what that means for the caller.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the store says itself.
    Said(Error),
    /// What SQLite says.
    Sqlite {
        error: rusqlite::Error,
        /// Whether the commit had begun, so that the save may have happened.
        is_committing: bool,
    },
}

/// Codes that mean: this may not be written to.
const READ_ONLY: [ErrorCode; 4] = [
    ErrorCode::ReadOnly,
    ErrorCode::CannotOpen,
    ErrorCode::PermissionDenied,
    ErrorCode::AuthorizationForStatementDenied,
];

impl Failure {
    pub(crate) fn committing(error: rusqlite::Error) -> Self {
        Self::Sqlite { error, is_committing: true }
    }

    /// Whether writing is what is not allowed.
    pub(crate) fn is_read_only(&self) -> bool {
        match self {
            Self::Said(error) => matches!(error, Error::ReadOnly { .. }),
            Self::Sqlite { error, .. } => {
                error.sqlite_error_code().is_some_and(|code| READ_ONLY.contains(&code))
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite { error, is_committing: false }
    }
}

/// What a failure means.
#[derive(Debug)]
pub(crate) struct Meaning {
    /// What the caller is told.
    pub(crate) error: Error,
    /// What every later save is told: this connection must not write any more.
    pub(crate) refuses: Option<Error>,
}

/// What a failure means; `file` is shown to people.
pub(crate) fn meaning(failure: Failure, file: &str) -> Meaning {
    match failure {
        Failure::Said(error) => Meaning { error, refuses: None },
        Failure::Sqlite { error, is_committing } => {
            let codes = error.sqlite_error().map(|error| (error.code, error.extended_code));
            let message = format!("{error} ({file})");
            match codes {
                Some((code, extended)) => of_code(code, extended, is_committing, message, file),
                // A column of another type, or text that is not UTF-8: no row of ours.
                None => corrupt(file, message),
            }
        }
    }
}

fn of_code(
    code: ErrorCode,
    extended: i32,
    is_committing: bool,
    message: String,
    file: &str,
) -> Meaning {
    #[expect(clippy::wildcard_enum_match_arm, reason = "another crate's enum, with codes to come")]
    match code {
        ErrorCode::DiskFull => nothing_saved(Error::Full { message }),
        _ if READ_ONLY.contains(&code) => nothing_saved(Error::ReadOnly { message }),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            nothing_saved(Error::Unavailable { message })
        }
        // The statements are ours and fixed: one that makes no sense to SQLite met other tables.
        ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::Unknown
        | ErrorCode::SchemaChanged
        | ErrorCode::ConstraintViolation
        | ErrorCode::TypeMismatch => corrupt(file, message),
        // Reads that fail and writes that the system refused leave the file as it was, as far as
        // anybody can say: the same connection may go on. Anything else is not known to.
        // A page that the header counts and the file does not have.
        ErrorCode::SystemIoFailure if extended == ffi::SQLITE_IOERR_SHORT_READ => {
            corrupt(file, message)
        }
        ErrorCode::SystemIoFailure if is_harmless(extended) => {
            nothing_saved(Error::Unavailable { message })
        }
        ErrorCode::SystemIoFailure => broken(extended, is_committing, message, file),
        _ if is_committing => nothing_saved(Error::OutcomeUnknown { message }),
        _ => nothing_saved(Error::Unavailable { message }),
    }
}

fn nothing_saved(error: Error) -> Meaning {
    Meaning { error, refuses: None }
}

fn corrupt(file: &str, why: String) -> Meaning {
    let error = Error::Corrupt { name: file.to_owned(), why };
    Meaning { refuses: Some(error.clone()), error }
}

fn is_harmless(extended: i32) -> bool {
    matches!(
        extended,
        ffi::SQLITE_IOERR_READ
            | ffi::SQLITE_IOERR_LOCK
            | ffi::SQLITE_IOERR_RDLOCK
            | ffi::SQLITE_IOERR_NOMEM
    )
}

/// An I/O error amid a write. A write that was refused (a quota, a limit on file sizes) may be
/// tried again. After a failed fsync it must not: the kernel may have dropped the pages and said
/// so once, and the next fsync would succeed over data that never reached the disk.
fn broken(extended: i32, is_committing: bool, message: String, file: &str) -> Meaning {
    let again = extended == ffi::SQLITE_IOERR_WRITE;
    let refuses = (!again).then(|| Error::ReadOnly {
        message: format!(
            "nothing is written to {file} since an earlier write was lost ({message}): check the \
             disk, then restart Ferry, which checks the file"
        ),
    });
    let error = if is_committing {
        Error::OutcomeUnknown { message }
    } else {
        Error::Unavailable { message }
    };
    Meaning { error, refuses }
}
