//! Everything a store holds as lines of text, to move it into another store of whichever engine: `docs/export.md`.
//!
//! [`export()`] writes the rows of a [`Source`], [`import()`] reads them into a [`Target`]; both hold a few hundred rows at a time.
//! `shape` says which tables and columns there are, once for all engines. What an engine keeps beside them for itself (an
//! index for searches, texts in small letters) is not moved but made anew. Opened by [`super::place`], used by `balie admin`.

mod export;
mod import;
mod line;
pub mod shape;

use async_trait::async_trait;

pub use export::{ExportError, Exported, export};
pub use import::{ImportError, import};

use crate::store::StoreError;
use shape::{Row, Table};

/// Rows that are read, or written, at once. A few hundred share the way to the database well enough, and even long messages
/// stay at some megabytes.
pub const ROWS_AT_ONCE: u32 = 256;

/// A store that is read, as it was when it was opened for this, whatever is written meanwhile.
#[async_trait]
pub trait Source: Send {
    /// How many rows the table has.
    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError>;

    /// At most [`ROWS_AT_ONCE`] rows that follow this one in the table's order, or its first rows.
    async fn rows_after(
        &mut self,
        table: &'static Table,
        after: Option<&Row>,
    ) -> Result<Vec<Row>, StoreError>;
}

/// A fresh store that is filled. Nothing of it is there for others before [`Target::finish`], or if that never comes.
#[async_trait]
pub trait Target: Send {
    /// Writes rows of one table, all or none.
    async fn put(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), PutError>;

    /// A conversation whose row does not agree with its log, in words.
    async fn disagreement(&mut self) -> Result<Option<String>, StoreError>;

    /// Makes what follows from the rows, and all of it durable and visible.
    async fn finish(self: Box<Self>) -> Result<(), StoreError>;
}

/// Why rows were not written.
#[derive(Debug)]
pub enum PutError {
    /// One of them breaks a rule of the store.
    Row {
        /// Its place among those that were given.
        index: usize,
        /// Which of its columns, where that is known.
        column: Option<String>,
        /// What is wrong, in words.
        why: String,
    },
    /// The store could not do it.
    Store(StoreError),
}

impl<E: Into<StoreError>> From<E> for PutError {
    fn from(error: E) -> Self {
        PutError::Store(error.into())
    }
}
