//! Reading through a data folder for `balie check`, without writing anything, beside a running server too.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::open::{self, DATABASE_FILE, OpenError};
use crate::store::report::{CheckReport, PROBLEMS_MAX};

/// Reads the whole database: its pages, its references, and that each log is without gaps and agrees with its
/// conversation. `None` if the folder holds no database yet.
pub fn check(data_folder: &Path) -> Result<Option<CheckReport>, OpenError> {
    let file = data_folder.join(DATABASE_FILE);
    if !file.exists() {
        return Ok(None);
    }
    open::check_header(&file)?;
    let as_open_error = |error| OpenError::of(&file, &error);
    let connection = open::connect_reader(&file).map_err(as_open_error)?;
    let Some(schema_version) = open::version_of(&connection, &file)? else {
        return Ok(None);
    };
    let mut problems = Vec::new();
    for (sql, is_sound) in [
        ("pragma integrity_check(20)", Some("ok")),
        (
            "select 'table ' || \"table\" || ', row ' || coalesce(rowid, '?') || ' refers to nothing in ' || parent
             from pragma_foreign_key_check limit 20",
            None,
        ),
        (
            "select 'the log of conversation ' || lower(hex(c.id)) || ' has ' || count(e.seq) || ' events up to '
                    || coalesce(max(e.seq), 0) || ', its row says ' || c.seq
             from conversation as c left join event as e on e.conversation = c.id
             group by c.id
             having count(e.seq) <> c.seq or coalesce(max(e.seq), 0) <> c.seq
             limit 20",
            None,
        ),
    ] {
        let mut statement = connection.prepare(sql).map_err(as_open_error)?;
        let found = statement.query_map([], |row| row.get::<_, String>(0)).map_err(as_open_error)?;
        for line in found {
            let line = line.map_err(as_open_error)?;
            if Some(line.as_str()) != is_sound && problems.len() < PROBLEMS_MAX {
                problems.push(line);
            }
        }
    }
    let count = |sql: &str| count(&connection, sql).map_err(as_open_error);
    Ok(Some(CheckReport {
        bytes: fs::metadata(&file).map_or(0, |metadata| metadata.len()),
        schema_version,
        conversations: count("select count(*) from conversation")?,
        events: count("select count(*) from event")?,
        people: count("select count(*) from person")?,
        problems,
    }))
}

fn count(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    connection.query_row(sql, [], |row| row.get(0))
}
