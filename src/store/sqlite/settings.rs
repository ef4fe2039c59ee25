//! Sites, departments, tags and canned replies, and the number that tells when any setting changed.

use rusqlite::Connection;

use super::error::{breaks_reference, unless_missing, unless_taken};
use super::values::Cells;
use crate::model::id::{CannedReplyId, DepartmentKey, SiteKey};
use crate::model::record::{CannedReply, Department, Site};
use crate::store::values::{Json, Word};
use crate::store::{Installation, StoreError, rows};

/// Part of every change of a setting: whoever polls the number, in whichever process, sees it grow.
pub(super) fn changed(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("update installation set settings_version = settings_version + 1")?
        .execute([])?;
    Ok(())
}

/// See [`crate::store::Store::settings_version`].
pub(super) fn version(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached("select settings_version from installation")?
        .query_row([], |row| row.get(0))?)
}

/// See [`crate::store::Store::installation`].
pub(super) fn installation(connection: &Connection) -> Result<Installation, StoreError> {
    Ok(connection
        .prepare_cached("select epoch, token_secret from installation")?
        .query_row([], |row| {
            Ok(Installation {
                epoch: row.get(0)?,
                token_secret: row.get(1)?,
            })
        })?)
}

/// See [`crate::store::Store::new_epoch`].
pub(super) fn new_epoch(connection: &Connection) -> Result<String, StoreError> {
    let epoch = crate::store::fresh::epoch();
    connection
        .prepare_cached("update installation set epoch = ?1")?
        .execute([&epoch])?;
    Ok(epoch)
}

/// See [`crate::store::Store::probe`]: a real write, so that a full disk shows.
pub(super) fn probe(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("update installation set probe_count = probe_count + 1")?
        .execute([])?;
    Ok(())
}

/// See [`crate::store::Store::sites`].
pub(super) fn sites(connection: &Connection) -> Result<Vec<Site>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select s.key, s.name, s.origins,
                (select json_group_array(d.department order by d.position) from site_department as d
                 where d.site = s.key),
                s.form, s.greeting, s.color, s.typing_preview, s.widget,
                s.identity_secret, s.identity_public_key
         from site as s order by s.key",
    )?;
    let sites = statement.query_map([], |row| rows::site(&mut Cells::of(row)))?;
    Ok(sites.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::create_site`].
pub(super) fn create_site(connection: &Connection, site: &Site) -> Result<(), StoreError> {
    let sql = "insert into site (key, name, origins, form, greeting, color, typing_preview, widget,
                   identity_secret, identity_public_key)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    write_site(connection, sql, site)?;
    save_departments_of_site(connection, site)?;
    changed(connection)
}

/// See [`crate::store::Store::save_site`].
pub(super) fn save_site(connection: &Connection, site: &Site) -> Result<(), StoreError> {
    let sql = "update site set name = ?2, origins = ?3, form = ?4, greeting = ?5, color = ?6, typing_preview = ?7,
                   widget = ?8, identity_secret = ?9, identity_public_key = ?10
               where key = ?1";
    unless_missing(write_site(connection, sql, site)?, "site")?;
    save_departments_of_site(connection, site)?;
    changed(connection)
}

fn write_site(connection: &Connection, sql: &str, site: &Site) -> Result<usize, StoreError> {
    let written = connection.prepare_cached(sql)?.execute((
        &site.key,
        &site.name,
        Json(&site.origins),
        Json(&site.form),
        &site.greeting,
        &site.color,
        site.typing_preview,
        Json(&site.widget),
        &site.identity_secret,
        &site.identity_public_key,
    ));
    unless_taken(written, "site.key", "site")
}

fn save_departments_of_site(connection: &Connection, site: &Site) -> Result<(), StoreError> {
    connection
        .prepare_cached("delete from site_department where site = ?1")?
        .execute([&site.key])?;
    // `or ignore`: named twice is meant once. It does not hide a department that is not there.
    let mut statement = connection.prepare_cached(
        "insert or ignore into site_department (site, position, department) values (?1, ?2, ?3)",
    )?;
    for (position, department) in site.departments.iter().enumerate() {
        statement
            .execute((&site.key, position as i64, department))
            .map_err(|error| {
                if breaks_reference(&error) {
                    StoreError::NotThere("department")
                } else {
                    error.into()
                }
            })?;
    }
    Ok(())
}

/// See [`crate::store::Store::remove_site`].
pub(super) fn remove_site(connection: &Connection, key: &SiteKey) -> Result<(), StoreError> {
    let is_in_use: bool = connection
        .prepare_cached("select exists (select 1 from conversation where site = ?1)")?
        .query_row([key], |row| row.get(0))?;
    if is_in_use {
        return Err(StoreError::InUse("site"));
    }
    let rows = connection
        .prepare_cached("delete from site where key = ?1")?
        .execute([key])?;
    unless_missing(rows, "site")?;
    changed(connection)
}

/// See [`crate::store::Store::departments`].
pub(super) fn departments(connection: &Connection) -> Result<Vec<Department>, StoreError> {
    let mut statement = connection.prepare_cached(rows::SELECT_DEPARTMENTS)?;
    let departments = statement.query_map([], |row| rows::department(&mut Cells::of(row)))?;
    Ok(departments.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::create_department`].
pub(super) fn create_department(
    connection: &Connection,
    department: &Department,
) -> Result<(), StoreError> {
    let sql = "insert into department (key, name, mode, priority, idle_limit_ms, idle_close_ms, idle_text,
                   hours, standard, routing)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    write_department(connection, sql, department)?;
    changed(connection)
}

/// See [`crate::store::Store::save_department`].
pub(super) fn save_department(
    connection: &Connection,
    department: &Department,
) -> Result<(), StoreError> {
    let sql = "update department set name = ?2, mode = ?3, priority = ?4, idle_limit_ms = ?5, idle_close_ms = ?6,
                   idle_text = ?7, hours = ?8, standard = ?9, routing = ?10
               where key = ?1";
    unless_missing(write_department(connection, sql, department)?, "department")?;
    changed(connection)
}

fn write_department(
    connection: &Connection,
    sql: &str,
    department: &Department,
) -> Result<usize, StoreError> {
    let written = connection.prepare_cached(sql)?.execute((
        &department.key,
        &department.name,
        Word(department.mode),
        department.priority,
        department.idle_limit_ms,
        department.idle_close_ms,
        &department.idle_text,
        department.hours.as_ref().map(Json),
        Json(department.standard),
        Json(&department.routing),
    ));
    unless_taken(written, "department.key", "department")
}

/// See [`crate::store::Store::remove_department`].
pub(super) fn remove_department(
    connection: &Connection,
    key: &DepartmentKey,
) -> Result<(), StoreError> {
    let removed = connection
        .prepare_cached("delete from department where key = ?1")?
        .execute([key]);
    match removed {
        Err(error) if breaks_reference(&error) => Err(StoreError::InUse("department")),
        Err(error) => Err(error.into()),
        Ok(rows) => {
            unless_missing(rows, "department")?;
            changed(connection)
        }
    }
}

/// See [`crate::store::Store::tags`].
pub(super) fn tags(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached("select tag from tag order by tag")?;
    let tags = statement.query_map([], |row| row.get(0))?;
    Ok(tags.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::create_tag`].
pub(super) fn create_tag(connection: &Connection, tag: &str) -> Result<(), StoreError> {
    let inserted = connection
        .prepare_cached("insert into tag (tag) values (?1)")?
        .execute([tag]);
    unless_taken(inserted, "tag.tag", "tag")?;
    changed(connection)
}

/// See [`crate::store::Store::remove_tag`].
pub(super) fn remove_tag(connection: &Connection, tag: &str) -> Result<(), StoreError> {
    let rows = connection
        .prepare_cached("delete from tag where tag = ?1")?
        .execute([tag])?;
    unless_missing(rows, "tag")?;
    changed(connection)
}

/// See [`crate::store::Store::canned_replies`].
pub(super) fn canned_replies(connection: &Connection) -> Result<Vec<CannedReply>, StoreError> {
    let mut statement = connection.prepare_cached(rows::SELECT_CANNED_REPLIES)?;
    let replies = statement.query_map([], |row| rows::canned_reply(&mut Cells::of(row)))?;
    Ok(replies.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::create_canned_reply`].
pub(super) fn create_canned_reply(
    connection: &Connection,
    reply: &CannedReply,
) -> Result<(), StoreError> {
    let sql = "insert into canned_reply (id, shortcut, title, text, department) values (?1, ?2, ?3, ?4, ?5)";
    write_reply(connection, sql, reply)?;
    changed(connection)
}

/// See [`crate::store::Store::save_canned_reply`].
pub(super) fn save_canned_reply(
    connection: &Connection,
    reply: &CannedReply,
) -> Result<(), StoreError> {
    let sql = "update canned_reply set shortcut = ?2, title = ?3, text = ?4, department = ?5 where id = ?1";
    unless_missing(write_reply(connection, sql, reply)?, "canned reply")?;
    changed(connection)
}

fn write_reply(
    connection: &Connection,
    sql: &str,
    reply: &CannedReply,
) -> Result<usize, StoreError> {
    let written = connection.prepare_cached(sql)?.execute((
        reply.id,
        &reply.shortcut,
        &reply.title,
        &reply.text,
        &reply.department,
    ));
    match written {
        Err(error) if breaks_reference(&error) => Err(StoreError::NotThere("department")),
        written => unless_taken(written, "canned_reply.shortcut", "shortcut"),
    }
}

/// See [`crate::store::Store::remove_canned_reply`].
pub(super) fn remove_canned_reply(
    connection: &Connection,
    id: CannedReplyId,
) -> Result<(), StoreError> {
    let rows = connection
        .prepare_cached("delete from canned_reply where id = ?1")?
        .execute([id])?;
    unless_missing(rows, "canned reply")?;
    changed(connection)
}
