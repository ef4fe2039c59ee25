//! Reading lines into a fresh store: everything is checked on the way, and nothing is there before all of it was.

use std::io::{self, BufRead, Read};

use sha2::{Digest, Sha256};

use super::export::Exported;
use super::line::{Counts, End, FORMAT, Head, Line, Wrong, hexadecimal, read};
use super::shape::{Cell, Row, TABLES, Table};
use super::{PutError, ROWS_AT_ONCE, Target};
use crate::model::event::Body;
use crate::store::StoreError;

/// Longer lines are none: the longest row, an article, has some hundred kilobytes.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Rows wait to be written together until their lines have so many bytes, however few they are.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A line.
    #[error("line {line}{}: {why}", field.as_ref().map(|field| format!(", field `{field}`")).unwrap_or_default())]
    Line {
        /// Which, from 1.
        line: u64,
        /// Which of its members, where it is one of them.
        field: Option<String>,
        /// What is wrong, in words.
        why: String,
    },
    /// Of another version.
    #[error("{0}")]
    Version(String),
    /// Whole lines, and yet not what was exported.
    #[error("{0}. Copy the file again, or export anew")]
    Damaged(String),
    /// The file.
    #[error("it cannot be read: {0}")]
    File(#[from] io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads an export into a fresh store. `schema` is that of the store: an export of another one is refused.
pub async fn import(
    mut target: Box<dyn Target>,
    schema: u32,
    input: impl BufRead + Send,
) -> Result<Exported, ImportError> {
    let mut lines = Lines {
        input,
        number: 0,
        digest: Sha256::new(),
        text: Vec::new(),
    };
    let head = head(&mut lines, schema)?;
    let mut filling = Filling::default();
    loop {
        let before = lines.digest.clone();
        let Some(text) = lines.next()? else {
            return Err(ImportError::Damaged(format!(
                "it breaks off after line {}, without an end",
                lines.number
            )));
        };
        let bytes = text.len();
        let found = read(text);
        let number = lines.number;
        match found.map_err(|wrong| at_line(number, wrong))? {
            Line::Head(_) => return Err(at_line(number, Wrong::line("a second head"))),
            Line::Row(table, row) => {
                filling
                    .take(target.as_mut(), table, number, row, bytes)
                    .await?;
            }
            Line::End(end) => {
                filling.flush(target.as_mut()).await?;
                check_whole(
                    &head,
                    &filling.counts,
                    &end,
                    &hexadecimal(&before.finalize()),
                )?;
                break;
            }
        }
    }
    if lines.next()?.is_some() {
        let why = Wrong::line("it stands behind the end");
        return Err(at_line(lines.number, why));
    }
    if let Some(words) = target.disagreement().await? {
        return Err(ImportError::Damaged(words));
    }
    target.finish().await?;
    Ok(Exported::of(&head.rows))
}

fn head<R: BufRead>(lines: &mut Lines<R>, schema: u32) -> Result<Head, ImportError> {
    let first = lines.next()?.unwrap_or_default();
    let Ok(Line::Head(head)) = read(first) else {
        // A head of another format may have other members.
        let why = Wrong::line(format!(
            "it is not the head of an export of format {FORMAT}. Make the file by `balie admin export`, with the same version of Balie"
        ));
        return Err(at_line(1, why));
    };
    if (head.format, head.schema) != (FORMAT, schema) {
        return Err(ImportError::Version(format!(
            "it was made by Balie {} (format {}, schema {}), and this one is {} (format {FORMAT}, schema {schema}). Export and \
             import with the same version: upgrade the store that it came from, and export anew",
            head.version,
            head.format,
            head.schema,
            env!("CARGO_PKG_VERSION"),
        )));
    }
    Ok(head)
}

fn check_whole(head: &Head, counts: &Counts, end: &End, sha256: &str) -> Result<(), ImportError> {
    for ((table, expected), found) in TABLES.iter().zip(&head.rows.0).zip(&counts.0) {
        if expected != found {
            return Err(ImportError::Damaged(format!(
                "its head names {expected} rows of `{}`, and it has {found}",
                table.name
            )));
        }
    }
    if end.rows != counts.total() || end.sha256 != sha256 {
        return Err(ImportError::Damaged(
            "its digest does not agree with its lines: they were changed after the export"
                .to_owned(),
        ));
    }
    Ok(())
}

fn at_line(line: u64, wrong: Wrong) -> ImportError {
    ImportError::Line {
        line,
        field: wrong.field,
        why: wrong.why,
    }
}

/// The lines of a file, counted, with the digest of all that were read.
struct Lines<R> {
    input: R,
    number: u64,
    digest: Sha256,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its break, or `None` behind the last.
    fn next(&mut self) -> Result<Option<&str>, ImportError> {
        self.text.clear();
        let mut bounded = (&mut self.input).take(LINE_BYTES_MAX);
        if bounded.read_until(b'\n', &mut self.text)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.digest.update(&self.text);
        if self.text.pop() != Some(b'\n') {
            let why = Wrong::line("it has no end: the file was cut off, or is no export");
            return Err(at_line(self.number, why));
        }
        match std::str::from_utf8(&self.text) {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(at_line(
                self.number,
                Wrong::line(format!("it is not UTF-8: {error}")),
            )),
        }
    }
}

/// Rows on their way into the store.
struct Filling {
    counts: Counts,
    /// The table whose rows come now, by its place.
    table: usize,
    /// Rows that wait, with their lines.
    waiting: Vec<Row>,
    lines: Vec<u64>,
    bytes: usize,
    log: Option<LogPlace>,
}

impl Default for Filling {
    fn default() -> Self {
        Self {
            counts: Counts(vec![0; TABLES.len()]),
            table: 0,
            waiting: Vec::new(),
            lines: Vec::new(),
            bytes: 0,
            log: None,
        }
    }
}

impl Filling {
    async fn take(
        &mut self,
        target: &mut dyn Target,
        table: usize,
        line: u64,
        row: Row,
        bytes: usize,
    ) -> Result<(), ImportError> {
        if table < self.table {
            let (late, now) = (TABLES[table].name, TABLES[self.table].name);
            let why = Wrong::line(format!("`{late}` cannot follow on `{now}`"));
            return Err(at_line(line, why));
        }
        if table > self.table {
            self.flush(target).await?;
            self.table = table;
        }
        if TABLES[table].name == "event" {
            let place = LogPlace::of(&TABLES[table], &row, self.log.as_ref());
            self.log = Some(place.map_err(|wrong| at_line(line, wrong))?);
        }
        self.waiting.push(row);
        self.lines.push(line);
        self.bytes += bytes;
        if self.waiting.len() >= ROWS_AT_ONCE as usize || self.bytes >= WAITING_BYTES_MAX {
            self.flush(target).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, target: &mut dyn Target) -> Result<(), ImportError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        match target.put(&TABLES[self.table], &self.waiting).await {
            Ok(()) => {}
            Err(PutError::Store(error)) => return Err(error.into()),
            Err(PutError::Row { index, column, why }) => {
                let line = self.lines.get(index).copied().unwrap_or_default();
                let wrong = Wrong { field: column, why };
                return Err(at_line(line, wrong));
            }
        }
        self.counts.0[self.table] += self.waiting.len() as u64;
        self.waiting.clear();
        self.lines.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// Where a log has come to: what the next event of it must follow on.
struct LogPlace {
    conversation: Cell,
    seq: i64,
    at: i64,
    /// The last event that visitors may see.
    visitor_seq: i64,
}

impl LogPlace {
    /// The place after this event, if it follows on the one before.
    fn of(table: &Table, row: &Row, before: Option<&Self>) -> Result<Self, Wrong> {
        let cell = |name: &str| &row[table.place_of(name)];
        let whole = |name: &str| match cell(name) {
            Cell::Whole(number) => Some(*number),
            _ => None,
        };
        let conversation = cell("conversation").clone();
        let before = before.filter(|before| before.conversation == conversation);
        let (seq, at) = (
            whole("seq").unwrap_or_default(),
            whole("at").unwrap_or_default(),
        );
        let due = before.map_or(1, |before| before.seq + 1);
        if seq != due {
            return Err(Wrong::field(
                "seq",
                format!("{seq} where the log goes on with {due}"),
            ));
        }
        if before.is_some_and(|before| at < before.at) {
            return Err(Wrong::field("at", "it is earlier than the event before it"));
        }
        let body: Body = match cell("body") {
            Cell::Json(text) => serde_json::from_str(text)
                .map_err(|error| Wrong::field("body", error.to_string()))?,
            _ => return Err(Wrong::field("body", "it is no JSON")),
        };
        let last_seen = before.map_or(0, |before| before.visitor_seq);
        let is_seen = body.is_for_visitors();
        if whole("visitor_prev") != is_seen.then_some(last_seen) {
            return Err(Wrong::field(
                "visitor_prev",
                "it is not the event before that visitors may see",
            ));
        }
        Ok(Self {
            conversation,
            seq,
            at,
            visitor_seq: if is_seen { seq } else { last_seen },
        })
    }
}
