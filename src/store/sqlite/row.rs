//! The conversation's row, read and written.
//!
//! A message changes few columns, and none that is indexed: [`save_after_words`] writes only those. Whatever changes
//! the conversation's place or its digest is written by [`save`].

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::values::Cells;
use crate::domain::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::store::stored::{self, PlaceColumns, Stored, conversation_columns};
use crate::store::values::{Json, Word};

/// Reads a row that begins with `conversation_columns!()`.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    stored::read(&mut Cells::of(row))
}

/// The conversation of this id.
pub(super) fn find(
    connection: &Connection,
    id: ConversationId,
) -> rusqlite::Result<Option<Stored>> {
    connection
        .prepare_cached(concat!(
            "select ",
            conversation_columns!(),
            " from conversation as c where c.id = ?1"
        ))?
        .query_row([id], read)
        .optional()
}

/// Writes the whole row, new or known. What is fixed when a conversation starts is not written again.
pub(super) fn save(connection: &Connection, stored: &Stored) -> rusqlite::Result<()> {
    let Stored {
        conversation,
        digest,
    } = stored;
    let place = PlaceColumns::of(&conversation.place);
    let mut statement = connection.prepare_cached(
        "insert into conversation (id, site, visitor, visitor_name, department, priority, mode, enqueued_at, needs, known_agent, state,
             waiting_since_at, owner, owner_name, close_reason, closed_at, placed_seq, seq, visitor_seq, last_at,
             said_at, idle_warned_at, is_agent_away, is_rated, tags, read_visitor, read_agent, summary, rating,
             last_agent)
         values (:id, :site, :visitor, :visitor_name, :department, :priority, :mode, :enqueued_at, :needs, :known_agent, :state,
             :waiting_since_at, :owner, :owner_name, :close_reason, :closed_at, :placed_seq, :seq, :visitor_seq,
             :last_at, :said_at, :idle_warned_at, :is_agent_away, :is_rated, :tags, :read_visitor, :read_agent,
             :summary, :rating, :last_agent)
         on conflict (id) do update set department = excluded.department, state = excluded.state,
             waiting_since_at = excluded.waiting_since_at, owner = excluded.owner, owner_name = excluded.owner_name,
             close_reason = excluded.close_reason, closed_at = excluded.closed_at,
             placed_seq = excluded.placed_seq, seq = excluded.seq, visitor_seq = excluded.visitor_seq,
             last_at = excluded.last_at, said_at = excluded.said_at, idle_warned_at = excluded.idle_warned_at,
             is_agent_away = excluded.is_agent_away, is_rated = excluded.is_rated, tags = excluded.tags,
             summary = excluded.summary, rating = excluded.rating, last_agent = excluded.last_agent",
    )?;
    statement.execute(named_params! {
        ":id": conversation.id,
        ":site": conversation.site,
        ":visitor": conversation.visitor,
        ":visitor_name": conversation.visitor_name,
        ":department": conversation.department,
        ":priority": conversation.priority,
        ":mode": Word(conversation.mode),
        ":enqueued_at": conversation.enqueued_at,
        ":needs": Json(&conversation.needs),
        ":known_agent": conversation.known_agent,
        ":state": place.state,
        ":waiting_since_at": place.since,
        ":owner": place.owner.map(|owner| owner.id),
        ":owner_name": place.owner.map(|owner| &owner.name),
        ":close_reason": place.reason.map(Word),
        ":closed_at": place.closed_at,
        ":placed_seq": conversation.placed_seq,
        ":seq": conversation.seq,
        ":visitor_seq": conversation.visitor_seq,
        ":last_at": conversation.last_at,
        ":said_at": conversation.said_at,
        ":idle_warned_at": conversation.idle_warned_at,
        ":is_agent_away": conversation.is_agent_away,
        ":is_rated": conversation.is_rated,
        ":tags": Json(&conversation.tags),
        ":read_visitor": conversation.read.visitor,
        ":read_agent": conversation.read.agent,
        ":summary": digest.summary,
        ":rating": digest.rating,
        ":last_agent": digest.last_agent,
    })?;
    Ok(())
}

/// Writes what changes while a conversation stays where it is and its digest as it is.
pub(super) fn save_after_words(
    connection: &Connection,
    conversation: &Conversation,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "update conversation
         set seq = ?2, visitor_seq = ?3, last_at = ?4, said_at = ?5, idle_warned_at = ?6, is_agent_away = ?7,
             is_rated = ?8
         where id = ?1",
    )?;
    statement.execute((
        conversation.id,
        conversation.seq,
        conversation.visitor_seq,
        conversation.last_at,
        conversation.said_at,
        conversation.idle_warned_at,
        conversation.is_agent_away,
        conversation.is_rated,
    ))?;
    Ok(())
}
