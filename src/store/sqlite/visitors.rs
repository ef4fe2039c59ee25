//! Visitors: who they are as far as known, and an anonymous one turning out to be somebody known.

use rusqlite::{Connection, OptionalExtension, Row};

use super::attachments;
use super::error::unless_taken;
use super::row;
use super::values::Cells;
use crate::domain::conversation::Conversation;
use crate::model::id::{ConversationId, SiteKey, VisitorId};
use crate::model::record::{Page, Visitor};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::rows::{self, visitor_columns};
use crate::store::values::Json;

fn read(row: &Row<'_>) -> rusqlite::Result<Visitor> {
    rows::visitor(&mut Cells::of(row))
}

/// See [`crate::store::Store::visitor`].
pub(super) fn find(connection: &Connection, id: VisitorId) -> Result<Option<Visitor>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        visitor_columns!(),
        " from visitor as v where v.id = ?1"
    ))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// See [`crate::store::Store::visitor_of_subject`].
pub(super) fn find_by_subject(
    connection: &Connection,
    site: &SiteKey,
    subject: &str,
) -> Result<Option<Visitor>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        visitor_columns!(),
        " from visitor as v where v.site = ?1 and v.subject = ?2"
    ))?;
    Ok(statement.query_row((site, subject), read).optional()?)
}

/// See [`crate::store::Store::save_visitor`].
pub(super) fn save(connection: &Connection, visitor: &Visitor, now: At) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "insert into visitor (id, site, subject, name, email, attributes, priority, lang, tz, page, saved_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         on conflict (id) do update set site = excluded.site, subject = excluded.subject, name = excluded.name,
             email = excluded.email, attributes = excluded.attributes, priority = excluded.priority,
             lang = excluded.lang, tz = excluded.tz, page = excluded.page, saved_at = excluded.saved_at",
    )?;
    let saved = statement.execute((
        visitor.id,
        &visitor.site,
        &visitor.subject,
        &visitor.name,
        &visitor.email,
        Json(&visitor.attributes),
        visitor.priority,
        &visitor.lang,
        &visitor.tz,
        visitor.page.as_ref().map(Json),
        now,
    ));
    match saved {
        Err(error) if super::error::breaks_reference(&error) => Err(StoreError::NotThere("site")),
        saved => unless_taken(saved, "visitor.site, visitor.subject", "identity").map(|_| ()),
    }
}

/// A row for a visitor of whom no more than a name is known; a known one stays as is.
pub(super) fn save_if_unknown(
    connection: &Connection,
    id: VisitorId,
    site: &SiteKey,
    name: Option<&str>,
    now: At,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "insert into visitor (id, site, name, attributes, priority, saved_at) values (?1, ?2, ?3, '{}', 0, ?4)
             on conflict (id) do nothing",
        )?
        .execute((id, site, name, now))?;
    Ok(())
}

/// See [`crate::store::Store::save_page`].
pub(super) fn save_page(
    connection: &Connection,
    id: VisitorId,
    page: &Page,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("update visitor set page = ?2 where id = ?1")?
        .execute((id, Json(page)))?;
    Ok(())
}

fn open_conversation_of(
    connection: &Connection,
    id: VisitorId,
) -> rusqlite::Result<Option<ConversationId>> {
    connection
        .prepare_cached("select id from conversation where visitor = ?1 and state <> 'closed'")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// See [`crate::store::Store::join_identity`].
pub(super) fn join_identity(
    connection: &Connection,
    anonymous: VisitorId,
    identified: VisitorId,
) -> Result<Option<Conversation>, StoreError> {
    let known = find(connection, identified)?.ok_or(StoreError::NotThere("visitor"))?;
    let Some(conversation) = open_conversation_of(connection, anonymous)? else {
        return Ok(None);
    };
    // Covers joining oneself, too.
    if open_conversation_of(connection, identified)?.is_some() {
        return Ok(None);
    }
    let rows = connection
        .prepare_cached(
            "update conversation set visitor = ?2, visitor_name = coalesce(?3, visitor_name)
             where id = ?1 and site = ?4",
        )?
        .execute((conversation, identified, &known.name, &known.site))?;
    if rows == 0 {
        return Ok(None);
    }
    // `or ignore`: should both have used one `cmd`, each keeps the receipt of the own command. The log names the
    // commands; there is no index by sender.
    connection
        .prepare_cached(
            "update or ignore command set sender = ?2
             where sender = ?1 and conversation = ?3
               and cmd in (select cmd from event where conversation = ?3 and cmd is not null)",
        )?
        .execute((anonymous, identified, conversation))?;
    attachments::join_identity(connection, conversation, anonymous, identified)?;
    Ok(row::find(connection, conversation)?.map(|stored| stored.conversation))
}
