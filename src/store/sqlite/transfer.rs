//! A data folder read for an export, and a fresh one filled by an import.
//!
//! Runs in a command beside no server, or (the export) beside one: each call does its work at once, on the caller's thread.

use std::fs::File;
use std::path::Path;

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::open::{self, OpenError};
use super::values::Cells;
use super::{article_search, articles};
use crate::model::id::{ArticleId, ConversationId};
use crate::store::StoreError;
use crate::store::transfer::shape::{Cell, Found, Row, Shape, TABLES, Table};
use crate::store::transfer::{PutError, ROWS_AT_ONCE, Source, Target};
use crate::store::values::Columns;

/// Migrations that this program knows: the schema of every folder that it has opened.
pub(in crate::store) fn schema() -> u32 {
    open::known()
}

/// A data folder as it is now, for an export.
pub(in crate::store) fn source(data_folder: &Path) -> Result<Box<dyn Source>, OpenError> {
    let file = data_folder.join(open::DATABASE_FILE);
    if !file.exists() {
        return Err(OpenError::Missing { file });
    }
    // As every command does: the schema is brought up to date.
    drop(open::prepare(&file)?);
    let as_open_error = |error| OpenError::of(&file, &error);
    let connection = open::connect_reader(&file).map_err(as_open_error)?;
    connection.execute_batch("begin").map_err(as_open_error)?;
    Ok(Box::new(Folder { connection }))
}

/// A fresh data folder, for an import. It is this process's alone until it is filled.
pub(in crate::store) fn target(data_folder: &Path) -> Result<Box<dyn Target>, OpenError> {
    open::make_folder(data_folder)?;
    let lock = open::lock_folder(data_folder)?;
    let file = data_folder.join(open::DATABASE_FILE);
    let connection = open::prepare(&file)?;
    let as_open_error = |error| OpenError::of(&file, &error);
    connection
        .execute_batch("begin immediate")
        .map_err(as_open_error)?;
    if let Some(what) = contents(&connection).map_err(as_open_error)? {
        return Err(OpenError::NotFresh {
            folder: data_folder.to_path_buf(),
            what,
        });
    }
    // What a fresh installation has: those who refer to others first.
    for table in TABLES.iter().rev() {
        let sql = format!("delete from {}", table.name);
        connection.execute_batch(&sql).map_err(as_open_error)?;
    }
    Ok(Box::new(Filled {
        connection,
        _lock: lock,
    }))
}

/// What a store holds beyond what a fresh one does, in words.
fn contents(connection: &Connection) -> rusqlite::Result<Option<String>> {
    for table in TABLES {
        if is_seeded(table) {
            continue;
        }
        let sql = format!("select count(*) from {}", table.name);
        let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        if count > 0 {
            return Ok(Some(format!("{count} rows of `{}`", table.name)));
        }
    }
    let sql = "select settings_version from installation";
    let changes: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok((changes > 1).then(|| "settings that were changed".to_owned()))
}

/// Whether a fresh store has rows of it.
fn is_seeded(table: &Table) -> bool {
    ["installation", "department", "site", "site_department"].contains(&table.name)
}

struct Folder {
    connection: Connection,
}

#[async_trait]
impl Source for Folder {
    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError> {
        let sql = format!("select count(*) from {}", table.name);
        Ok(self.connection.query_row(&sql, [], |row| row.get(0))?)
    }

    async fn rows_after(
        &mut self,
        table: &'static Table,
        after: Option<&Row>,
    ) -> Result<Vec<Row>, StoreError> {
        let (columns, order) = (table.column_list(), table.order.join(", "));
        let follows = match after {
            Some(_) => {
                let places: Vec<String> = (1..=table.order.len())
                    .map(|place| format!("?{place}"))
                    .collect();
                format!("where ({order}) > ({})", places.join(", "))
            }
            None => String::new(),
        };
        let sql = format!(
            "select {columns} from {} {follows} order by {order} limit {ROWS_AT_ONCE}",
            table.name
        );
        let last = |row: &Row| -> Vec<Cell> {
            let cell = |name: &&str| row[table.place_of(name)].clone();
            table.order.iter().map(cell).collect()
        };
        let last = after.map(last).unwrap_or_default();
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(last.iter().map(bound)), |row| {
            let mut cells = Cells::of(row);
            let read = |column: &Shape| {
                let found: Found = cells.take()?;
                Cell::read(column.kind, found).map_err(|why| {
                    cells.refuse(&format!("`{}` of `{}`: {why}", column.name, table.name))
                })
            };
            table.columns.iter().map(read).collect()
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A cell as it is bound to a statement.
fn bound(cell: &Cell) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match cell {
        Cell::Null => ValueRef::Null,
        Cell::Id(id) => ValueRef::Blob(id.as_bytes()),
        Cell::Whole(number) => ValueRef::Integer(*number),
        Cell::Real(number) => ValueRef::Real(*number),
        Cell::Flag(is_so) => ValueRef::Integer(i64::from(*is_so)),
        Cell::Text(text) | Cell::Json(text) => ValueRef::Text(text.as_bytes()),
        Cell::Bytes(bytes) => ValueRef::Blob(bytes),
    })
}

struct Filled {
    connection: Connection,
    _lock: File,
}

impl Filled {
    /// Which column of the row refers to nothing: SQLite does not say.
    fn dangling(&self, table: &Table, row: &Row) -> rusqlite::Result<Option<String>> {
        let sql = "select \"from\", \"table\", coalesce(\"to\", '') from pragma_foreign_key_list(?1) order by id, seq";
        let mut statement = self.connection.prepare_cached(sql)?;
        let references = statement.query_map([table.name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        for reference in references {
            let (from, to_table, to): (String, String, String) = reference?;
            let cell = &row[table.place_of(&from)];
            let sql = format!("select 1 from {to_table} where {to} = ?1 limit 1");
            let found = self
                .connection
                .prepare_cached(&sql)?
                .query_row([bound(cell)], |_| Ok(()))
                .optional()?;
            if found.is_none() && *cell != Cell::Null {
                return Ok(Some(from));
            }
        }
        Ok(None)
    }

    /// What a refused row means, if it is the row's fault.
    fn broken_rule(
        &self,
        table: &Table,
        row: &Row,
        error: rusqlite::Error,
    ) -> Result<(Option<String>, String), StoreError> {
        let message = match &error {
            rusqlite::Error::SqliteFailure(failure, Some(message))
                if failure.code == rusqlite::ErrorCode::ConstraintViolation =>
            {
                message.clone()
            }
            _ => return Err(error.into()),
        };
        let prefix = format!("{}.", table.name);
        if let Some(columns) = message.strip_prefix("UNIQUE constraint failed: ") {
            let columns = columns.replace(&prefix, "");
            return Ok((Some(columns), "another row has the same".to_owned()));
        }
        if let Some(rule) = message.strip_prefix("CHECK constraint failed: ") {
            return Ok((
                table.column_of_rule(rule),
                format!("it breaks the rule `{rule}`"),
            ));
        }
        let column = self.dangling(table, row)?;
        Ok((
            column,
            "it refers to something that is not there".to_owned(),
        ))
    }
}

#[async_trait]
impl Target for Filled {
    async fn put(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), PutError> {
        let places: Vec<String> = (1..=table.columns.len())
            .map(|place| format!("?{place}"))
            .collect();
        let (more, values) = match table.name {
            // A node that looks for changed settings finds some.
            "installation" => (", settings_version, probe_count", ", 2, 0"),
            _ => ("", ""),
        };
        let sql = format!(
            "insert into {} ({}{more}) values ({}{values})",
            table.name,
            table.column_list(),
            places.join(", ")
        );
        for (index, row) in rows.iter().enumerate() {
            let written = self
                .connection
                .prepare_cached(&sql)?
                .execute(params_from_iter(row.iter().map(bound)));
            if let Err(error) = written {
                let (column, why) = self.broken_rule(table, row, error)?;
                return Err(PutError::Row { index, column, why });
            }
        }
        Ok(())
    }

    async fn disagreement(&mut self) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare(
            "select c.id, count(e.seq), c.seq
             from conversation as c left join event as e on e.conversation = c.id
             group by c.id having count(e.seq) <> c.seq limit 1",
        )?;
        let found = statement.query_row([], |row| {
            let mut cells = Cells::of(row);
            let id: ConversationId = cells.take()?;
            let (events, seq): (i64, i64) = (cells.take()?, cells.take()?);
            Ok(format!(
                "the log of conversation {id} has {events} events, its row says {seq}"
            ))
        });
        Ok(found.optional()?)
    }

    async fn finish(self: Box<Self>) -> Result<(), StoreError> {
        let ids: Vec<ArticleId> = self
            .connection
            .prepare("select id from article where status = 'published' order by number")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in ids {
            if let Some(article) = articles::find(&self.connection, id)? {
                article_search::add(&self.connection, &article)?;
            }
        }
        self.connection.execute_batch("commit; pragma optimize")?;
        Ok(())
    }
}
