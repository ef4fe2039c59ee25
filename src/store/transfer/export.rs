//! Writing everything as lines: the head with what will come, each table's rows in their order, and the end with a digest.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::Source;
use super::line::{Counts, End, FORMAT, Head, hexadecimal, write_end, write_head, write_row};
use super::shape::TABLES;
use crate::store::StoreError;

/// What an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Rows of all tables.
    pub rows: u64,
    /// Conversations among them.
    pub conversations: u64,
    /// Events among them.
    pub events: u64,
}

impl Exported {
    pub(super) fn of(counts: &Counts) -> Self {
        let count = |name: &str| {
            let named = TABLES
                .iter()
                .zip(&counts.0)
                .find(|(table, _)| table.name == name);
            named.map_or(0, |(_, count)| *count)
        };
        Self {
            rows: counts.total(),
            conversations: count("conversation"),
            events: count("event"),
        }
    }
}

/// Why an export was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file.
    #[error("it cannot be written: {0}")]
    File(#[from] io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes everything that the source holds. The same rows always make the same bytes.
pub async fn export(
    source: &mut dyn Source,
    schema: u32,
    out: impl Write + Send,
) -> Result<Exported, ExportError> {
    let mut out = Hashed {
        out,
        digest: Sha256::new(),
    };
    let mut counts = Counts(Vec::with_capacity(TABLES.len()));
    for table in TABLES {
        counts.0.push(source.count(table).await?);
    }
    let head = Head {
        format: FORMAT,
        schema,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        rows: counts,
    };
    out.line(&write_head(&head))?;
    for (table, expected) in TABLES.iter().zip(&head.rows.0) {
        let mut written = 0;
        let mut last = None;
        loop {
            let rows = source.rows_after(table, last.as_ref()).await?;
            for row in &rows {
                out.line(&write_row(table, row))?;
                written += 1;
            }
            match rows.into_iter().next_back() {
                Some(row) => last = Some(row),
                None => break,
            }
        }
        if written != *expected {
            return Err(StoreError::Corrupt(format!(
                "`{}` has {expected} rows, of which {written} were found in order",
                table.name
            ))
            .into());
        }
    }
    let end = End {
        rows: head.rows.total(),
        sha256: hexadecimal(&out.digest.clone().finalize()),
    };
    out.line(&write_end(&end))?;
    out.out.flush()?;
    Ok(Exported::of(&head.rows))
}

/// Writes lines, and keeps the digest of them.
struct Hashed<W> {
    out: W,
    digest: Sha256,
}

impl<W: Write> Hashed<W> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        for piece in [text.as_bytes(), b"\n"] {
            self.digest.update(piece);
            self.out.write_all(piece)?;
        }
        Ok(())
    }
}
