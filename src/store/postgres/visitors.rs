//! Visitors: who they are as far as known, and an anonymous one turning out to be somebody known.

use sqlx::PgConnection;

use super::error::{Failure, unless_dangling, unless_taken};
use super::lists;
use super::values::{json, maybe};
use crate::domain::conversation::Conversation;
use crate::model::id::{ConversationId, SiteKey, VisitorId};
use crate::model::record::{Page, Visitor};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::rows::{self, visitor_columns};
use crate::store::values::Columns;

/// A text in small letters, for searches.
pub(super) fn folded(text: Option<&str>) -> String {
    text.unwrap_or_default().to_lowercase()
}

/// See [`crate::store::Store::visitor`].
pub(super) async fn find(
    connection: &mut PgConnection,
    id: VisitorId,
) -> Result<Option<Visitor>, Failure> {
    let visitor = sqlx::query(concat!(
        "select ",
        visitor_columns!(),
        " from visitor as v where v.id = $1"
    ))
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    Ok(maybe(visitor.as_ref(), rows::visitor)?)
}

/// See [`crate::store::Store::visitor_of_subject`].
pub(super) async fn find_by_subject(
    connection: &mut PgConnection,
    site: &SiteKey,
    subject: &str,
) -> Result<Option<Visitor>, Failure> {
    let visitor = sqlx::query(concat!(
        "select ",
        visitor_columns!(),
        " from visitor as v where v.site = $1 and v.subject = $2"
    ))
    .bind(site.as_str())
    .bind(subject)
    .fetch_optional(connection)
    .await?;
    Ok(maybe(visitor.as_ref(), rows::visitor)?)
}

/// See [`crate::store::Store::save_visitor`].
pub(super) async fn save(
    connection: &mut PgConnection,
    visitor: &Visitor,
    now: At,
) -> Result<(), Failure> {
    let saved = sqlx::query(
        "insert into visitor (id, site, subject, name, email, attributes, priority, lang, tz, page, saved_at,
             name_folded, email_folded)
         values ($1, $2, $3, $4, $5, $6::json, $7, $8, $9, $10::json, $11, $12, $13)
         on conflict (id) do update set site = excluded.site, subject = excluded.subject, name = excluded.name,
             email = excluded.email, attributes = excluded.attributes, priority = excluded.priority,
             lang = excluded.lang, tz = excluded.tz, page = excluded.page, saved_at = excluded.saved_at,
             name_folded = excluded.name_folded, email_folded = excluded.email_folded",
    )
    .bind(visitor.id.0)
    .bind(visitor.site.as_str())
    .bind(&visitor.subject)
    .bind(&visitor.name)
    .bind(&visitor.email)
    .bind(json(&visitor.attributes)?)
    .bind(i64::from(visitor.priority))
    .bind(&visitor.lang)
    .bind(&visitor.tz)
    .bind(visitor.page.as_ref().map(json).transpose()?)
    .bind(now.0)
    .bind(folded(visitor.name.as_deref()))
    .bind(folded(visitor.email.as_deref()))
    .execute(connection)
    .await;
    match unless_dangling(saved, "visitor_site", "site") {
        Err(Failure::Database(error)) => unless_taken(Err(error), "visitor_subject", "identity"),
        saved => saved.map(|_| ()),
    }
}

/// See [`crate::store::Store::save_page`].
pub(super) async fn save_page(
    connection: &mut PgConnection,
    id: VisitorId,
    page: &Page,
) -> Result<(), Failure> {
    sqlx::query("update visitor set page = $2::json where id = $1")
        .bind(id.0)
        .bind(json(page)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// The visitor's open conversation, locked until the transaction ends.
async fn lock_open_conversation(
    connection: &mut PgConnection,
    id: VisitorId,
) -> Result<Option<ConversationId>, Failure> {
    let row = sqlx::query(
        "select id from conversation where visitor = $1 and state <> 'closed' for update",
    )
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    Ok(maybe(row.as_ref(), |cells| cells.take())?)
}

/// See [`crate::store::Store::join_identity`].
pub(super) async fn join_identity(
    connection: &mut PgConnection,
    anonymous: VisitorId,
    identified: VisitorId,
) -> Result<Option<Conversation>, Failure> {
    let known = find(connection, identified)
        .await?
        .ok_or(StoreError::NotThere("visitor"))?;
    let Some(conversation) = lock_open_conversation(connection, anonymous).await? else {
        return Ok(None);
    };
    // Covers joining oneself, too. One that is started meanwhile breaks the unique index, and this is done again.
    if lock_open_conversation(connection, identified)
        .await?
        .is_some()
    {
        return Ok(None);
    }
    let moved = sqlx::query(
        "update conversation set visitor = $2, visitor_name = coalesce($3, visitor_name)
         where id = $1 and site = $4",
    )
    .bind(conversation.0)
    .bind(identified.0)
    .bind(&known.name)
    .bind(known.site.as_str())
    .execute(&mut *connection)
    .await?;
    if moved.rows_affected() == 0 {
        return Ok(None);
    }
    // Should both have used one `cmd`, each keeps the receipt of the own command. The log names the commands; there is no
    // index by sender.
    sqlx::query(
        "update command as c set sender = $2
         where c.sender = $1 and c.conversation = $3
           and c.cmd in (select cmd from event where conversation = $3 and cmd is not null)
           and not exists (select from command as own where own.cmd = c.cmd and own.sender = $2)",
    )
    .bind(anonymous.0)
    .bind(identified.0)
    .bind(conversation.0)
    .execute(&mut *connection)
    .await?;
    // What the anonymous one uploaded and did not send yet is the identified one's, as the conversation is.
    sqlx::query("update attachment set uploader = $3 where conversation = $1 and uploader = $2")
        .bind(conversation.0)
        .bind(anonymous.0)
        .bind(identified.0)
        .execute(&mut *connection)
        .await?;
    lists::conversation(connection, conversation).await
}
