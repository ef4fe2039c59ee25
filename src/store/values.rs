//! How Balie's words stand in a row, whatever the engine: each engine gives a [`Value`] for a column, and the types read
//! themselves from it.
//!
//! Used by the engines' folders and by [`super::rows`], which reads whole records from left to right: a list of columns and the
//! code that reads it stay in one order, once for all engines.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as WordError, StrDeserializer};
use uuid::Uuid;

use crate::model::id::{
    AgentId, ArticleId, AttachmentId, CannedReplyId, CommandId, ConversationId, DepartmentKey,
    SessionId, SiteKey, VisitId, VisitorId,
};
use crate::model::time::{At, Millis};

/// What an engine has in one column of one row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'row> {
    /// Nothing.
    Null,
    /// A whole number, a moment, a span, or 0 and 1 for no and yes.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// A text, a key, a word or JSON.
    Text(&'row str),
    /// Bytes, among them the 16 of an id where the engine has no type for ids.
    Bytes(&'row [u8]),
    /// An id, where the engine has a type for it.
    Id(Uuid),
}

/// Something that can be read from a column.
pub(super) trait Column: Sized {
    /// Reads it; in words why it cannot be.
    fn of(value: Value<'_>) -> Result<Self, String>;
}

/// The columns of one row, taken from left to right.
pub(super) trait Columns {
    /// What the engine says when a column does not hold what it should.
    type Error;

    /// The next column.
    fn take<T: Column>(&mut self) -> Result<T, Self::Error>;

    /// The error of a row whose columns do not fit together.
    fn refuse(&self, why: &str) -> Self::Error;
}

/// One name of an enum without fields, as serde spells it.
pub(super) struct Word<T>(pub(super) T);

/// Anything, as JSON text.
pub(super) struct Json<T>(pub(super) T);

/// The name of an enum without fields, as serde spells it.
pub(super) fn word<T: Serialize>(value: &T) -> Result<String, String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(format!("not a word: {other}")),
        Err(error) => Err(error.to_string()),
    }
}

fn wrong<T>(expected: &str, value: Value<'_>) -> Result<T, String> {
    // Never the value itself, which may be somebody's words.
    let found = match value {
        Value::Null => "nothing",
        Value::Integer(_) => "a whole number",
        Value::Real(_) => "a number with a fraction",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
        Value::Id(_) => "an id",
    };
    Err(format!("{found} where {expected} should stand"))
}

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl Column for $name {
            fn of(value: Value<'_>) -> Result<Self, String> {
                Uuid::of(value).map($name)
            }
        }
    )+};
}

macro_rules! keys {
    ($($name:ident),+) => {$(
        impl Column for $name {
            fn of(value: Value<'_>) -> Result<Self, String> {
                match value {
                    Value::Text(text) => $name::new(text).map_err(|error| error.to_string()),
                    other => wrong("a key", other),
                }
            }
        }
    )+};
}

macro_rules! integers {
    ($($name:ty),+) => {$(
        impl Column for $name {
            fn of(value: Value<'_>) -> Result<Self, String> {
                match value {
                    Value::Integer(number) => <$name>::try_from(number)
                        .map_err(|_| format!("{number} is out of bounds")),
                    other => wrong("a whole number", other),
                }
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
integers!(i8, u8, u32, i64, u64);

impl Column for Uuid {
    fn of(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Id(id) => Ok(id),
            Value::Bytes(bytes) => Uuid::from_slice(bytes).map_err(|error| error.to_string()),
            other => wrong("an id", other),
        }
    }
}

impl Column for At {
    fn of(value: Value<'_>) -> Result<Self, String> {
        i64::of(value).map(At)
    }
}

impl Column for Millis {
    fn of(value: Value<'_>) -> Result<Self, String> {
        i64::of(value).map(Millis)
    }
}

impl Column for f64 {
    fn of(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Real(number) => Ok(number),
            other => wrong("a number with a fraction", other),
        }
    }
}

impl Column for bool {
    fn of(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Integer(number) => Ok(number != 0),
            other => wrong("yes or no", other),
        }
    }
}

impl Column for String {
    fn of(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text.to_owned()),
            other => wrong("a text", other),
        }
    }
}

impl<const LENGTH: usize> Column for [u8; LENGTH] {
    fn of(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) => Self::try_from(bytes)
                .map_err(|_| format!("{} bytes where {LENGTH} should stand", bytes.len())),
            other => wrong("bytes", other),
        }
    }
}

impl<T: Column> Column for Option<T> {
    fn of(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            value => T::of(value).map(Some),
        }
    }
}

impl<T: DeserializeOwned> Column for Word<T> {
    fn of(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Text(text) => T::deserialize(StrDeserializer::<WordError>::new(text))
                .map(Word)
                .map_err(|error| error.to_string()),
            other => wrong("a word", other),
        }
    }
}

impl<T: DeserializeOwned> Column for Json<T> {
    fn of(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Text(text) => serde_json::from_str(text)
                .map(Json)
                .map_err(|error| error.to_string()),
            other => wrong("JSON", other),
        }
    }
}
