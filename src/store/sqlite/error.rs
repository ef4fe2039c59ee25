//! What SQLite's errors mean to a caller of the store.

use rusqlite::ErrorCode;

use crate::store::{AppendError, StoreError};

impl From<rusqlite::Error> for StoreError {
    /// A file that cannot be used right now is `Away`. A broken file, and a constraint or a value that only our own
    /// mistake can have put there, is `Corrupt`; expected conflicts are told apart before this (see `breaks_unique`).
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            None
            | Some(
                ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::ApiMisuse
                | ErrorCode::ParameterOutOfRange
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase,
            ) => StoreError::Corrupt(error.to_string()),
            Some(_) => StoreError::Away(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for AppendError {
    fn from(error: rusqlite::Error) -> Self {
        AppendError::Store(error.into())
    }
}

/// Whether the error is that of the unique constraint on these columns, written as SQLite does: `table.column`, several
/// divided by a comma and a space.
pub(super) fn breaks_unique(error: &rusqlite::Error, columns: &str) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, Some(message)) => {
            failure.code == ErrorCode::ConstraintViolation
                && message.strip_prefix("UNIQUE constraint failed: ") == Some(columns)
        }
        _ => false,
    }
}

/// Whether the error is that of a foreign key; SQLite does not say which.
pub(super) fn breaks_reference(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY
        }
        _ => false,
    }
}

/// The outcome of a write, with the unique constraint on `columns` told as [`StoreError::Taken`].
pub(super) fn unless_taken<T>(
    result: rusqlite::Result<T>,
    columns: &str,
    what: &'static str,
) -> Result<T, StoreError> {
    result.map_err(|error| {
        if breaks_unique(&error, columns) {
            StoreError::Taken(what)
        } else {
            error.into()
        }
    })
}

/// [`StoreError::NotThere`] if a write touched no row.
pub(super) fn unless_missing(rows: usize, what: &'static str) -> Result<(), StoreError> {
    if rows == 0 {
        Err(StoreError::NotThere(what))
    } else {
        Ok(())
    }
}
