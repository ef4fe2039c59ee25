//! How Balie's words are bound to and read from SQLite.
//!
//! Ids are the 16 bytes of the UUID, moments and spans are integers, keys are text. [`Cells`] reads a row from left to right.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use serde::Serialize;

use crate::model::id::{
    AgentId, ArticleId, AttachmentId, CannedReplyId, CommandId, ConversationId, DepartmentKey,
    SessionId, SiteKey, VisitId, VisitorId,
};
use crate::model::time::{At, Millis};
use crate::store::values::{Column, Columns, Json, Value, Word, word};

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.bytes())))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                <[u8; 16]>::column_result(value).map($name::from_bytes)
            }
        }
    )+};
}

macro_rules! keys {
    ($($name:ident),+) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.as_str().as_bytes())))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                $name::new(value.as_str()?).map_err(FromSqlError::other)
            }
        }
    )+};
}

macro_rules! numbers {
    ($($name:ident),+) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.0))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map($name)
            }
        }
    )+};
}

ids!(
    AgentId,
    ArticleId,
    AttachmentId,
    CannedReplyId,
    CommandId,
    ConversationId,
    SessionId,
    VisitId,
    VisitorId
);
keys!(DepartmentKey, SiteKey);
numbers!(At, Millis);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match word(&self.0) {
            Ok(word) => Ok(ToSqlOutput::from(word)),
            Err(why) => Err(rusqlite::Error::ToSqlConversionFailure(why.into())),
        }
    }
}

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_string(&self.0) {
            Ok(text) => Ok(ToSqlOutput::from(text)),
            Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(error.into())),
        }
    }
}

/// The columns of a row, taken from left to right.
pub(super) struct Cells<'row, 'statement> {
    row: &'row Row<'statement>,
    next: usize,
}

impl<'row, 'statement> Cells<'row, 'statement> {
    /// The columns of the row, from the first.
    pub(super) fn of(row: &'row Row<'statement>) -> Self {
        Self { row, next: 0 }
    }
}

impl Columns for Cells<'_, '_> {
    type Error = rusqlite::Error;

    fn take<T: Column>(&mut self) -> rusqlite::Result<T> {
        let found = self.row.get_ref(self.next)?;
        self.next += 1;
        let value = match found {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(_) => Value::Text(found.as_str().map_err(rusqlite::Error::from)?),
            ValueRef::Blob(bytes) => Value::Bytes(bytes),
        };
        T::of(value).map_err(|why| self.refuse(&why))
    }

    fn refuse(&self, why: &str) -> rusqlite::Error {
        let column = self.next.saturating_sub(1);
        rusqlite::Error::FromSqlConversionFailure(column, Type::Null, why.into())
    }
}
