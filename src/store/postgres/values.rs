//! How Balie's words are bound to and read from PostgreSQL.
//!
//! Ids are `uuid`, moments, spans and all other whole numbers `bigint`, yes and no `boolean`, lists and maps `json` (bound as
//! text, with a cast). [`Cells`] reads a row from left to right, in the binary form of prepared statements and in the text form
//! of others.

use serde::Serialize;
use sqlx::postgres::{PgRow, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Row, TypeInfo, ValueRef};
use uuid::Uuid;

use crate::store::StoreError;
use crate::store::values::{self, Column, Columns, Value};

/// The name of an enum without fields, as serde spells it.
pub(super) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    values::word(value).map_err(StoreError::Corrupt)
}

/// Anything, as JSON text.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// A whole number as PostgreSQL has them; what is beyond is as good as endless.
pub(super) fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// The columns of a row, taken from left to right.
pub(super) struct Cells<'row> {
    row: &'row PgRow,
    next: usize,
}

impl<'row> Cells<'row> {
    /// The columns of the row, from the first.
    pub(super) fn of(row: &'row PgRow) -> Self {
        Self { row, next: 0 }
    }
}

impl Columns for Cells<'_> {
    type Error = StoreError;

    fn take<T: Column>(&mut self) -> Result<T, StoreError> {
        let found = self.row.try_get_raw(self.next)?;
        self.next += 1;
        let value = read(found).map_err(|why| self.refuse(&why))?;
        T::of(value).map_err(|why| self.refuse(&why))
    }

    fn refuse(&self, why: &str) -> StoreError {
        StoreError::Corrupt(format!("column {}: {why}", self.next))
    }
}

fn read(found: PgValueRef<'_>) -> Result<Value<'_>, String> {
    if found.is_null() {
        return Ok(Value::Null);
    }
    let kind = found.type_info().name().to_owned();
    let format = found.format();
    let read = match (kind.as_str(), format) {
        ("TEXT" | "VARCHAR" | "NAME" | "JSON", _) => found.as_str().map(Value::Text),
        ("INT8", _) => <i64 as Decode<Postgres>>::decode(found).map(Value::Integer),
        ("INT4", _) => {
            <i32 as Decode<Postgres>>::decode(found).map(|number| Value::Integer(number.into()))
        }
        ("BOOL", _) => {
            <bool as Decode<Postgres>>::decode(found).map(|is_so| Value::Integer(is_so.into()))
        }
        ("FLOAT8", _) => <f64 as Decode<Postgres>>::decode(found).map(Value::Real),
        ("UUID", _) => <Uuid as Decode<Postgres>>::decode(found).map(Value::Id),
        ("BYTEA", PgValueFormat::Binary) => found.as_bytes().map(Value::Bytes),
        (kind, _) => return Err(format!("a value of type {kind}")),
    };
    read.map_err(|error| error.to_string())
}

/// Reads a row.
pub(super) fn one<'row, T>(
    row: &'row PgRow,
    read: impl Fn(&mut Cells<'row>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    read(&mut Cells::of(row))
}

/// Reads a row if there is one.
pub(super) fn maybe<'row, T>(
    row: Option<&'row PgRow>,
    read: impl Fn(&mut Cells<'row>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    row.map(|row| one(row, read)).transpose()
}

/// Reads all rows.
pub(super) fn all<'row, T>(
    rows: &'row [PgRow],
    read: impl Fn(&mut Cells<'row>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| one(row, &read)).collect()
}
