//! What PostgreSQL's errors mean to a caller of the store.

use sqlx::error::DatabaseError;

use crate::store::{AppendError, StoreError};

impl From<sqlx::Error> for StoreError {
    /// A server that cannot be reached, is full, shuts down or was asked too much at once is `Away`. A statement or value
    /// that it does not understand, and a constraint that only our own mistake can break, is `Corrupt`; expected conflicts
    /// are told apart before this (see `breaks`).
    fn from(error: sqlx::Error) -> Self {
        let is_mistake = match &error {
            sqlx::Error::Database(refusal) => is_mistake(refusal.as_ref()),
            sqlx::Error::Encode(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::RowNotFound => true,
            _ => false,
        };
        if is_mistake {
            StoreError::Corrupt(error.to_string())
        } else {
            StoreError::Away(error.to_string())
        }
    }
}

impl From<sqlx::Error> for AppendError {
    fn from(error: sqlx::Error) -> Self {
        AppendError::Store(error.into())
    }
}

/// Why a piece of work was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the caller is to hear; not tried again.
    Store(StoreError),
    /// What the server or the connection said.
    Database(sqlx::Error),
}

impl Failure {
    /// Whether the same work may succeed when it is done again.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Failure::Store(_) => false,
            Failure::Database(error) => is_lost_race(error) || is_connection_lost(error),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Failure::Database(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Store(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Database(error) => error.into(),
        }
    }
}

fn code_of(error: &sqlx::Error) -> Option<String> {
    let refusal = error.as_database_error()?;
    refusal.code().map(|code| code.into_owned())
}

/// Classes 21 to 23 (data and constraints), XX (internal) and 42 (statements; but a missing permission can be given back).
fn is_mistake(refusal: &dyn DatabaseError) -> bool {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    refusal.code().is_some_and(|code| {
        code != INSUFFICIENT_PRIVILEGE
            && ["21", "22", "23", "42", "XX"]
                .iter()
                .any(|class| code.starts_with(class))
    })
}

/// Whether the transaction lost against another one and was rolled back for it: a deadlock, a serialization failure, or a lock
/// that did not come in time. Doing it again is safe and likely to succeed.
pub(super) fn is_lost_race(error: &sqlx::Error) -> bool {
    code_of(error).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01" | "55P03"))
}

/// Whether the connection is of no more use: it broke, or the server ended it or cannot write any more.
pub(super) fn is_connection_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        // 08: connection exception; 57P: the server shuts down, crashed or starts; 25006: it has become read-only, as one that
        // was failed over from; 25P03: it ended a transaction that stood still.
        error => code_of(error).is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || code == "25006" || code == "25P03"
        }),
    }
}

/// Whether a constraint was broken, whichever.
pub(super) fn breaks_any(error: &sqlx::Error) -> bool {
    code_of(error).is_some_and(|code| code.starts_with("23"))
}

/// Whether a unique constraint was broken, whichever.
pub(super) fn breaks_unique(error: &sqlx::Error) -> bool {
    code_of(error).is_some_and(|code| code == "23505")
}

/// Whether this constraint was broken, by the name that the schema gives it.
pub(super) fn breaks(error: &sqlx::Error, constraint: &str) -> bool {
    error
        .as_database_error()
        .is_some_and(|refusal| refusal.constraint() == Some(constraint))
}

/// Whether a foreign key was broken, whichever.
pub(super) fn breaks_reference(error: &sqlx::Error) -> bool {
    code_of(error).is_some_and(|code| code == "23503")
}

/// The outcome of a write, with a broken unique constraint told as [`StoreError::Taken`].
pub(super) fn unless_taken<T>(
    result: sqlx::Result<T>,
    constraint: &str,
    what: &'static str,
) -> Result<T, Failure> {
    result.map_err(|error| {
        if breaks(&error, constraint) {
            StoreError::Taken(what).into()
        } else {
            error.into()
        }
    })
}

/// The outcome of a write, with a broken foreign key told as [`StoreError::NotThere`].
pub(super) fn unless_dangling<T>(
    result: sqlx::Result<T>,
    constraint: &str,
    what: &'static str,
) -> Result<T, Failure> {
    result.map_err(|error| {
        if breaks(&error, constraint) {
            StoreError::NotThere(what).into()
        } else {
            error.into()
        }
    })
}

/// [`StoreError::NotThere`] if a write touched no row.
pub(super) fn unless_missing(rows: u64, what: &'static str) -> Result<(), StoreError> {
    if rows == 0 {
        Err(StoreError::NotThere(what))
    } else {
        Ok(())
    }
}
