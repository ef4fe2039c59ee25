//! Sites, departments, tags and canned replies, and the number that tells when any setting changed.

use sqlx::PgConnection;

use super::error::{Failure, breaks_reference, unless_dangling, unless_missing, unless_taken};
use super::values::{Cells, all, json, one, word};
use crate::model::id::{CannedReplyId, DepartmentKey, SiteKey};
use crate::model::record::{CannedReply, Department, Site};
use crate::model::time::At;
use crate::store::values::Columns;
use crate::store::{Installation, StoreError, fresh, rows};

/// Part of every change of a setting: whoever polls the number, on whichever node, sees it grow. Such changes call it first:
/// the one row is then the lock under which they happen one after another, and no two of them wait for each other in a circle.
pub(super) async fn changed(connection: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query("update installation set settings_version = settings_version + 1")
        .execute(connection)
        .await?;
    Ok(())
}

/// See [`crate::store::Store::settings_version`].
pub(super) async fn version(connection: &mut PgConnection) -> Result<u64, Failure> {
    let row = sqlx::query("select settings_version from installation")
        .fetch_one(connection)
        .await?;
    Ok(Cells::of(&row).take()?)
}

/// The server's present moment.
pub(super) async fn moment(connection: &mut PgConnection) -> Result<At, Failure> {
    let row = sqlx::query("select (extract(epoch from clock_timestamp()) * 1000)::bigint")
        .fetch_one(connection)
        .await?;
    Ok(Cells::of(&row).take()?)
}

/// See [`crate::store::Store::installation`].
pub(super) async fn installation(connection: &mut PgConnection) -> Result<Installation, Failure> {
    let row = sqlx::query("select epoch, token_secret from installation")
        .fetch_one(connection)
        .await?;
    Ok(one(&row, |cells| {
        Ok(Installation {
            epoch: cells.take()?,
            token_secret: cells.take()?,
        })
    })?)
}

/// See [`crate::store::Store::new_epoch`].
pub(super) async fn new_epoch(connection: &mut PgConnection) -> Result<String, Failure> {
    let epoch = fresh::epoch();
    sqlx::query("update installation set epoch = $1")
        .bind(&epoch)
        .execute(connection)
        .await?;
    Ok(epoch)
}

/// See [`crate::store::Store::probe`]: a real write, so that a full disk shows.
pub(super) async fn probe(connection: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query("update installation set probe_count = probe_count + 1")
        .execute(connection)
        .await?;
    Ok(())
}

/// See [`crate::store::Store::sites`].
pub(super) async fn sites(connection: &mut PgConnection) -> Result<Vec<Site>, Failure> {
    let sites = sqlx::query(
        "select s.key, s.name, s.origins,
                (select coalesce(json_agg(d.department order by d.position), '[]') from site_department as d
                 where d.site = s.key),
                s.form, s.greeting, s.color, s.typing_preview, s.widget,
                s.identity_secret, s.identity_public_key
         from site as s order by s.key",
    )
    .fetch_all(connection)
    .await?;
    Ok(all(&sites, rows::site)?)
}

/// See [`crate::store::Store::create_site`].
pub(super) async fn create_site(connection: &mut PgConnection, site: &Site) -> Result<(), Failure> {
    let sql = "insert into site (key, name, origins, form, greeting, color, typing_preview, widget,
                   identity_secret, identity_public_key)
               values ($1, $2, $3::json, $4::json, $5, $6, $7, $8::json, $9, $10)";
    write_site(connection, sql, site).await?;
    save_departments_of_site(connection, site).await
}

/// See [`crate::store::Store::save_site`].
pub(super) async fn save_site(connection: &mut PgConnection, site: &Site) -> Result<(), Failure> {
    let sql = "update site set name = $2, origins = $3::json, form = $4::json, greeting = $5, color = $6,
                   typing_preview = $7, widget = $8::json, identity_secret = $9, identity_public_key = $10
               where key = $1";
    unless_missing(write_site(connection, sql, site).await?, "site")?;
    save_departments_of_site(connection, site).await
}

async fn write_site(
    connection: &mut PgConnection,
    sql: &'static str,
    site: &Site,
) -> Result<u64, Failure> {
    changed(connection).await?;
    let written = sqlx::query(sql)
        .bind(site.key.as_str())
        .bind(&site.name)
        .bind(json(&site.origins)?)
        .bind(json(&site.form)?)
        .bind(&site.greeting)
        .bind(&site.color)
        .bind(site.typing_preview)
        .bind(json(&site.widget)?)
        .bind(&site.identity_secret)
        .bind(&site.identity_public_key)
        .execute(connection)
        .await;
    Ok(unless_taken(written, "site_pkey", "site")?.rows_affected())
}

async fn save_departments_of_site(
    connection: &mut PgConnection,
    site: &Site,
) -> Result<(), Failure> {
    sqlx::query("delete from site_department where site = $1")
        .bind(site.key.as_str())
        .execute(&mut *connection)
        .await?;
    // `do nothing`: named twice is meant once. It does not hide a department that is not there.
    let inserted = sqlx::query(
        "insert into site_department (site, position, department)
         select $1, d.position - 1, d.department
         from unnest($2::text[]) with ordinality as d (department, position) order by d.position
         on conflict do nothing",
    )
    .bind(site.key.as_str())
    .bind(texts(&site.departments))
    .execute(connection)
    .await;
    unless_dangling(inserted, "site_department_department", "department")?;
    Ok(())
}

/// Keys as texts.
pub(super) fn texts(keys: &[DepartmentKey]) -> Vec<&str> {
    keys.iter().map(DepartmentKey::as_str).collect()
}

/// See [`crate::store::Store::remove_site`].
pub(super) async fn remove_site(
    connection: &mut PgConnection,
    key: &SiteKey,
) -> Result<(), Failure> {
    changed(connection).await?;
    let removed = sqlx::query("delete from site where key = $1")
        .bind(key.as_str())
        .execute(connection)
        .await;
    match removed {
        // Visitors go with their site, but not one who has a conversation.
        Err(error) if breaks_reference(&error) => Err(StoreError::InUse("site").into()),
        Err(error) => Err(error.into()),
        Ok(done) => Ok(unless_missing(done.rows_affected(), "site")?),
    }
}

/// See [`crate::store::Store::departments`].
pub(super) async fn departments(connection: &mut PgConnection) -> Result<Vec<Department>, Failure> {
    let departments = sqlx::query(rows::SELECT_DEPARTMENTS)
        .fetch_all(connection)
        .await?;
    Ok(all(&departments, rows::department)?)
}

/// See [`crate::store::Store::create_department`].
pub(super) async fn create_department(
    connection: &mut PgConnection,
    department: &Department,
) -> Result<(), Failure> {
    let sql = "insert into department (key, name, mode, priority, idle_limit_ms, idle_close_ms, idle_text, hours,
                   standard, routing)
               values ($1, $2, $3, $4, $5, $6, $7, $8::json, $9::json, $10::json)";
    write_department(connection, sql, department).await?;
    Ok(())
}

/// See [`crate::store::Store::save_department`].
pub(super) async fn save_department(
    connection: &mut PgConnection,
    department: &Department,
) -> Result<(), Failure> {
    let sql = "update department set name = $2, mode = $3, priority = $4, idle_limit_ms = $5, idle_close_ms = $6,
                   idle_text = $7, hours = $8::json, standard = $9::json, routing = $10::json
               where key = $1";
    let written = write_department(connection, sql, department).await?;
    Ok(unless_missing(written, "department")?)
}

async fn write_department(
    connection: &mut PgConnection,
    sql: &'static str,
    department: &Department,
) -> Result<u64, Failure> {
    changed(connection).await?;
    let written = sqlx::query(sql)
        .bind(department.key.as_str())
        .bind(&department.name)
        .bind(word(&department.mode)?)
        .bind(i64::from(department.priority))
        .bind(department.idle_limit_ms.map(|span| span.0))
        .bind(department.idle_close_ms.0)
        .bind(&department.idle_text)
        .bind(department.hours.as_ref().map(json).transpose()?)
        .bind(json(&department.standard)?)
        .bind(json(&department.routing)?)
        .execute(connection)
        .await;
    Ok(unless_taken(written, "department_pkey", "department")?.rows_affected())
}

/// See [`crate::store::Store::remove_department`].
pub(super) async fn remove_department(
    connection: &mut PgConnection,
    key: &DepartmentKey,
) -> Result<(), Failure> {
    changed(connection).await?;
    let removed = sqlx::query("delete from department where key = $1")
        .bind(key.as_str())
        .execute(connection)
        .await;
    match removed {
        Err(error) if breaks_reference(&error) => Err(StoreError::InUse("department").into()),
        Err(error) => Err(error.into()),
        Ok(done) => Ok(unless_missing(done.rows_affected(), "department")?),
    }
}

/// See [`crate::store::Store::tags`].
pub(super) async fn tags(connection: &mut PgConnection) -> Result<Vec<String>, Failure> {
    let tags = sqlx::query("select tag from tag order by tag")
        .fetch_all(connection)
        .await?;
    Ok(all(&tags, |cells| cells.take())?)
}

/// See [`crate::store::Store::create_tag`].
pub(super) async fn create_tag(connection: &mut PgConnection, tag: &str) -> Result<(), Failure> {
    changed(connection).await?;
    let inserted = sqlx::query("insert into tag (tag) values ($1)")
        .bind(tag)
        .execute(connection)
        .await;
    unless_taken(inserted, "tag_pkey", "tag")?;
    Ok(())
}

/// See [`crate::store::Store::remove_tag`].
pub(super) async fn remove_tag(connection: &mut PgConnection, tag: &str) -> Result<(), Failure> {
    changed(connection).await?;
    let removed = sqlx::query("delete from tag where tag = $1")
        .bind(tag)
        .execute(connection)
        .await?;
    Ok(unless_missing(removed.rows_affected(), "tag")?)
}

/// See [`crate::store::Store::canned_replies`].
pub(super) async fn canned_replies(
    connection: &mut PgConnection,
) -> Result<Vec<CannedReply>, Failure> {
    let replies = sqlx::query(rows::SELECT_CANNED_REPLIES)
        .fetch_all(connection)
        .await?;
    Ok(all(&replies, rows::canned_reply)?)
}

/// See [`crate::store::Store::create_canned_reply`].
pub(super) async fn create_canned_reply(
    connection: &mut PgConnection,
    reply: &CannedReply,
) -> Result<(), Failure> {
    let sql = "insert into canned_reply (id, shortcut, title, text, department) values ($1, $2, $3, $4, $5)";
    write_reply(connection, sql, reply).await?;
    Ok(())
}

/// See [`crate::store::Store::save_canned_reply`].
pub(super) async fn save_canned_reply(
    connection: &mut PgConnection,
    reply: &CannedReply,
) -> Result<(), Failure> {
    let sql = "update canned_reply set shortcut = $2, title = $3, text = $4, department = $5 where id = $1";
    Ok(unless_missing(
        write_reply(connection, sql, reply).await?,
        "canned reply",
    )?)
}

async fn write_reply(
    connection: &mut PgConnection,
    sql: &'static str,
    reply: &CannedReply,
) -> Result<u64, Failure> {
    changed(connection).await?;
    let written = sqlx::query(sql)
        .bind(reply.id.0)
        .bind(&reply.shortcut)
        .bind(&reply.title)
        .bind(&reply.text)
        .bind(reply.department.as_ref().map(DepartmentKey::as_str))
        .execute(connection)
        .await;
    match written {
        Err(error) if breaks_reference(&error) => Err(StoreError::NotThere("department").into()),
        written => Ok(unless_taken(written, "canned_reply_shortcut", "shortcut")?.rows_affected()),
    }
}

/// See [`crate::store::Store::remove_canned_reply`].
pub(super) async fn remove_canned_reply(
    connection: &mut PgConnection,
    id: CannedReplyId,
) -> Result<(), Failure> {
    changed(connection).await?;
    let removed = sqlx::query("delete from canned_reply where id = $1")
        .bind(id.0)
        .execute(connection)
        .await?;
    Ok(unless_missing(removed.rows_affected(), "canned reply")?)
}
