//! Rows of files: begun, whole, sent, forgotten.

use rusqlite::{Connection, OptionalExtension};

use super::error::unless_missing;
use super::values::Cells;
use crate::model::event::{Attachment, Event};
use crate::model::id::{AttachmentId, ConversationId, VisitorId};
use crate::model::time::At;
use crate::store::attachments::{
    Admission, NewAttachment, StoredAttachment, WINDOW, file_of, may_send, too_much,
};
use crate::store::rows::{self, attachment_columns};
use crate::store::values::Word;
use crate::store::{AppendError, StoreError};

/// See [`crate::store::Store::begin_attachment`].
pub(super) fn begin(
    connection: &Connection,
    new: &NewAttachment,
    now: At,
) -> Result<Admission, StoreError> {
    let (files, bytes, oldest): (u64, u64, Option<At>) = connection
        .prepare_cached(
            "select count(*), coalesce(sum(bytes), 0), min(at) from attachment
             where conversation = ?1 and role = ?2 and at > ?3",
        )?
        .query_row((new.conversation, Word(new.role), now - WINDOW), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    if let Some(refused) = too_much(files, bytes, oldest, new, now) {
        return Ok(refused);
    }
    connection
        .prepare_cached(
            "insert into attachment (id, conversation, role, uploader, name, type, bytes, state, is_note, at)
             values (?1, ?2, ?3, ?4, ?5, '', ?6, 'uploading', 0, ?7)",
        )?
        .execute((
            new.id,
            new.conversation,
            Word(new.role),
            new.uploader.into_bytes(),
            &new.name,
            new.bytes,
            now,
        ))?;
    Ok(Admission::Granted)
}

/// See [`crate::store::Store::finish_attachment`].
pub(super) fn finish(
    connection: &Connection,
    file: &Attachment,
    sha256: [u8; 32],
) -> Result<(), StoreError> {
    let rows = connection
        .prepare_cached(
            "update attachment
             set name = ?2, type = ?3, width = ?4, height = ?5, sha256 = ?6, state = 'uploaded'
             where id = ?1 and state = 'uploading'",
        )?
        .execute((
            file.id,
            &file.name,
            &file.media_type,
            file.width,
            file.height,
            sha256,
        ))?;
    unless_missing(rows, "file")
}

/// See [`crate::store::Store::give_up_attachment`].
pub(super) fn give_up(connection: &Connection, id: AttachmentId) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "update attachment set state = 'removed' where id = ?1 and state <> 'sent'",
        )?
        .execute([id])?;
    Ok(())
}

/// See [`crate::store::Store::attachment`].
pub(super) fn find(
    connection: &Connection,
    id: AttachmentId,
) -> Result<Option<StoredAttachment>, StoreError> {
    let found = connection
        .prepare_cached(concat!(
            "select ",
            attachment_columns!(),
            " from attachment where id = ?1"
        ))?
        .query_row([id], |row| rows::attachment(&mut Cells::of(row), id))
        .optional()?;
    Ok(found)
}

/// Makes the files of these events part of the log, in the transaction that writes them: each must be its sender's,
/// for this conversation, whole, and sent by nobody before.
pub(super) fn claim(
    connection: &Connection,
    conversation: ConversationId,
    event: &Event,
) -> Result<(), AppendError> {
    let Some((file, is_note)) = file_of(&event.body) else {
        return Ok(());
    };
    may_send(find(connection, file.id)?.as_ref(), conversation, event)?;
    connection
        .prepare_cached("update attachment set state = 'sent', is_note = ?2 where id = ?1")?
        .execute((file.id, is_note))?;
    Ok(())
}

/// What an anonymous visitor uploaded and did not send yet is the identified one's, as the conversation is.
pub(super) fn join_identity(
    connection: &Connection,
    conversation: ConversationId,
    anonymous: VisitorId,
    identified: VisitorId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "update attachment set uploader = ?3 where conversation = ?1 and uploader = ?2",
        )?
        .execute((conversation, anonymous, identified))?;
    Ok(())
}

/// See [`crate::store::Store::unsent_attachments`].
pub(super) fn unsent(
    connection: &Connection,
    before: At,
    limit: u32,
) -> Result<Vec<AttachmentId>, StoreError> {
    // Marked in this transaction: from here no `send` can make them part of a log while their bytes go.
    let mut statement = connection.prepare_cached(
        "update attachment set state = 'removed'
         where id in (select id from attachment where state <> 'sent' and at < ?1 order by at limit ?2)
         returning id",
    )?;
    let ids = statement.query_map((before, limit), |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::forget_attachment`].
pub(super) fn forget(connection: &Connection, id: AttachmentId) -> Result<(), StoreError> {
    connection
        .prepare_cached("delete from attachment where id = ?1 and state = 'removed'")?
        .execute([id])?;
    Ok(())
}
