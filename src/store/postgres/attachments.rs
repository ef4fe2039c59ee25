//! Rows of files: begun, whole, sent, forgotten.

use sqlx::PgConnection;

use super::error::{Failure, unless_missing};
use super::values::{all, maybe, one, whole, word};
use crate::model::event::Attachment;
use crate::model::id::AttachmentId;
use crate::model::time::At;
use crate::store::attachments::{Admission, NewAttachment, StoredAttachment, WINDOW, too_much};
use crate::store::rows::{self, attachment_columns};
use crate::store::values::Columns;

/// See [`crate::store::Store::begin_attachment`].
pub(super) async fn begin(
    connection: &mut PgConnection,
    new: &NewAttachment,
    now: At,
) -> Result<Admission, Failure> {
    // The conversation's row is the lock: two uploads that begin together are both counted.
    sqlx::query("select from conversation where id = $1 for no key update")
        .bind(new.conversation.0)
        .execute(&mut *connection)
        .await?;
    let role = word(&new.role)?;
    let row = sqlx::query(
        "select count(*), coalesce(sum(bytes), 0)::bigint, min(at) from attachment
         where conversation = $1 and role = $2 and at > $3",
    )
    .bind(new.conversation.0)
    .bind(&role)
    .bind((now - WINDOW).0)
    .fetch_one(&mut *connection)
    .await?;
    let (files, bytes, oldest) = one(&row, |cells| {
        Ok((cells.take()?, cells.take()?, cells.take()?))
    })?;
    if let Some(refused) = too_much(files, bytes, oldest, new, now) {
        return Ok(refused);
    }
    sqlx::query(
        "insert into attachment (id, conversation, role, uploader, name, type, bytes, state, is_note, at)
         values ($1, $2, $3, $4, $5, '', $6, 'uploading', false, $7)",
    )
    .bind(new.id.0)
    .bind(new.conversation.0)
    .bind(&role)
    .bind(new.uploader)
    .bind(&new.name)
    .bind(whole(new.bytes))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(Admission::Granted)
}

/// See [`crate::store::Store::finish_attachment`].
pub(super) async fn finish(
    connection: &mut PgConnection,
    file: &Attachment,
    sha256: [u8; 32],
) -> Result<(), Failure> {
    let done = sqlx::query(
        "update attachment
         set name = $2, type = $3, width = $4, height = $5, sha256 = $6, state = 'uploaded'
         where id = $1 and state = 'uploading'",
    )
    .bind(file.id.0)
    .bind(&file.name)
    .bind(&file.media_type)
    .bind(file.width.map(whole))
    .bind(file.height.map(whole))
    .bind(&sha256[..])
    .execute(connection)
    .await?;
    Ok(unless_missing(done.rows_affected(), "file")?)
}

/// See [`crate::store::Store::give_up_attachment`].
pub(super) async fn give_up(
    connection: &mut PgConnection,
    id: AttachmentId,
) -> Result<(), Failure> {
    sqlx::query("update attachment set state = 'removed' where id = $1 and state <> 'sent'")
        .bind(id.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// See [`crate::store::Store::attachment`].
pub(super) async fn find(
    connection: &mut PgConnection,
    id: AttachmentId,
) -> Result<Option<StoredAttachment>, Failure> {
    let row = sqlx::query(concat!(
        "select ",
        attachment_columns!(),
        " from attachment where id = $1"
    ))
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    Ok(maybe(row.as_ref(), |cells| rows::attachment(cells, id))?)
}

/// See [`crate::store::Store::unsent_attachments`].
pub(super) async fn unsent(
    connection: &mut PgConnection,
    before: At,
    limit: u32,
) -> Result<Vec<AttachmentId>, Failure> {
    // Marked in this transaction: from here no `send` can make them part of a log while their bytes go. One that is being sent
    // right now is locked and passed over.
    let ids = sqlx::query(
        "with old as (
             select id, at from attachment where state <> 'sent' and at < $1
             order by at limit $2 for update skip locked
         ), marked as (
             update attachment as a set state = 'removed' from old where a.id = old.id returning a.id
         )
         select old.id from old join marked on marked.id = old.id order by old.at, old.id",
    )
    .bind(before.0)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    Ok(all(&ids, |cells| cells.take())?)
}

/// See [`crate::store::Store::forget_attachment`].
pub(super) async fn forget(connection: &mut PgConnection, id: AttachmentId) -> Result<(), Failure> {
    sqlx::query("delete from attachment where id = $1 and state = 'removed'")
        .bind(id.0)
        .execute(connection)
        .await?;
    Ok(())
}
