//! Rows of files: begun, whole, sent, forgotten.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::error::unless_missing;
use super::values::{Columns, Word};
use crate::domain::conversation::Refusal;
use crate::model::event::{Attachment, Body, Event};
use crate::model::id::{AttachmentId, ConversationId, VisitorId};
use crate::model::time::At;
use crate::store::attachments::{
    Admission, AttachmentState, BYTES_MAX, FILES_MAX, NewAttachment, StoredAttachment, WINDOW,
};
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
    if files >= FILES_MAX || bytes.saturating_add(new.bytes) > BYTES_MAX {
        let room_again = oldest.unwrap_or(now) + WINDOW;
        return Ok(Admission::TooMuch(room_again - now));
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
        .prepare_cached(
            "select name, type, bytes, width, height, conversation, role, uploader, sha256, state, is_note, at
             from attachment where id = ?1",
        )?
        .query_row([id], |row| {
            let mut columns = Columns::of(row);
            Ok(StoredAttachment {
                attachment: Attachment {
                    id,
                    name: columns.take()?,
                    media_type: columns.take()?,
                    bytes: columns.take()?,
                    width: columns.take()?,
                    height: columns.take()?,
                },
                conversation: columns.take()?,
                role: columns.take::<Word<_>>()?.0,
                uploader: Uuid::from_bytes(columns.take()?),
                sha256: columns.take()?,
                state: columns.take::<Word<_>>()?.0,
                is_note: columns.take()?,
                at: columns.take()?,
            })
        })
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
    let (file, is_note) = match &event.body {
        Body::Message {
            attachment: Some(file),
            ..
        } => (file, false),
        Body::Note {
            attachment: Some(file),
            ..
        } => (file, true),
        _ => return Ok(()),
    };
    let known = find(connection, file.id)?.filter(|known| {
        known.conversation == conversation
            && known.role == event.from.role
            && Some(known.uploader) == event.from.id
    });
    match known.map(|known| known.state) {
        Some(AttachmentState::Uploaded) => {}
        Some(AttachmentState::Sent) => return Err(Refusal::FileSent.into()),
        Some(AttachmentState::Uploading | AttachmentState::Removed) | None => {
            return Err(Refusal::NoSuchFile.into());
        }
    }
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
