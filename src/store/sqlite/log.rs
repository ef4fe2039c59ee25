//! The log: deciding and writing commands, and reading events back.
//!
//! [`append`] is the hot path of the whole server: one look at the receipts, one read of the row, and three writes. It
//! runs inside the writer's transaction, so nothing it read can change before the commit.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::attachments;
use super::error::{breaks_reference, breaks_unique};
use super::row;
use super::values::Cells;
use super::visitors;
use crate::domain::conversation::{self, Command, Refusal, Room, Start};
use crate::model::event::{Body, Event, Seq, View};
use crate::model::id::{AgentId, CommandId, ConversationId};
use crate::model::record::{ReadMarks, Visitor};
use crate::model::time::At;
use crate::store::stored::{self, Placed, Stored, event_columns, role_name};
use crate::store::values::Json;
use crate::store::{Append, AppendError, Appended, Events, Outcome, Receipt, StoreError, rows};

/// See [`crate::store::Store::append`].
pub(super) fn append(connection: &Connection, append: Append) -> Result<Outcome, AppendError> {
    let Append {
        conversation: id,
        once,
        command,
        now,
    } = append;
    if let Some((sender, cmd)) = once
        && let Some(receipt) = receipt(connection, sender, cmd)?
    {
        return Ok(Outcome::Repeated(receipt));
    }
    let cmd = once.map(|(_, cmd)| cmd);
    let appended = match command {
        Command::Start(start) => begin(connection, id, start, cmd, now)?,
        command => go_on(connection, id, command, cmd, now)?,
    };
    let last = appended
        .events
        .last()
        .expect("a decision makes at least one event");
    if let Some((sender, cmd)) = once {
        save_receipt(
            connection,
            sender,
            cmd,
            Receipt {
                conversation: id,
                seq: last.seq,
                at: last.at,
            },
        )?;
    }
    Ok(Outcome::Written(Box::new(appended)))
}

fn begin(
    connection: &Connection,
    id: ConversationId,
    start: Start,
    cmd: Option<CommandId>,
    now: At,
) -> Result<Appended, AppendError> {
    visitors::save_if_unknown(
        connection,
        start.visitor,
        &start.site,
        start.visitor_name.as_deref(),
        now,
    )
    .map_err(|error| {
        if breaks_reference(&error) {
            StoreError::NotThere("site")
        } else {
            error.into()
        }
    })?;
    let (conversation, decided) = conversation::start(id, start, now);
    let mut stored = Stored::new(conversation);
    let events = stored.fold(decided, cmd, now);
    row::save(connection, &stored).map_err(|error| {
        if breaks_unique(&error, "conversation.visitor") {
            AppendError::Refused(Refusal::OpenAlready)
        } else {
            department_or_other(error)
        }
    })?;
    write_events(connection, id, &events)?;
    let events = events.into_iter().map(|(event, _)| event).collect();
    Ok(Appended {
        conversation: stored.conversation,
        events,
        visitor_prev: 0,
        previous_owner: None,
    })
}

fn go_on(
    connection: &Connection,
    id: ConversationId,
    command: Command,
    cmd: Option<CommandId>,
    now: At,
) -> Result<Appended, AppendError> {
    let before = row::find(connection, id)?.ok_or(Refusal::NotThere)?;
    let at = now.max(before.conversation.last_at);
    let room = match command.needs_room_of() {
        Some(agent) => room_of(connection, agent)?,
        None => None,
    };
    let decided = conversation::decide(&before.conversation, command, room, at)?;
    let mut after = before.clone();
    let events = after.fold(decided, cmd, at);
    if after.conversation.placed_seq == before.conversation.placed_seq
        && after.digest == before.digest
    {
        row::save_after_words(connection, &after.conversation)?;
    } else {
        row::save(connection, &after).map_err(department_or_other)?;
    }
    for (event, _) in &events {
        attachments::claim(connection, id, event)?;
    }
    write_events(connection, id, &events)?;
    check_load(connection, &events, room)?;
    let owner_before = before.conversation.owner().map(|owner| owner.id);
    let owner_after = after.conversation.owner().map(|owner| owner.id);
    Ok(Appended {
        conversation: after.conversation,
        events: events.into_iter().map(|(event, _)| event).collect(),
        visitor_prev: before.conversation.visitor_seq,
        previous_owner: owner_before.filter(|owner| Some(*owner) != owner_after),
    })
}

/// A row may name a department that has just been removed; everything else it refers to never goes.
fn department_or_other(error: rusqlite::Error) -> AppendError {
    if breaks_reference(&error) {
        StoreError::NotThere("department").into()
    } else {
        error.into()
    }
}

fn write_events(
    connection: &Connection,
    id: ConversationId,
    events: &[Placed],
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "insert into event (conversation, seq, at, cmd, role, sender, sender_name, visitor_prev, body)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (event, visitor_prev) in events {
        statement.execute((
            id,
            event.seq,
            event.at,
            event.cmd,
            role_name(event.from.role),
            event.from.id.map(Uuid::into_bytes),
            &event.from.name,
            visitor_prev,
            Json(&event.body),
        ))?;
    }
    Ok(())
}

fn room_of(connection: &Connection, agent: AgentId) -> rusqlite::Result<Option<Room>> {
    let mut statement = connection.prepare_cached(
        "select status, capacity, (select count(*) from conversation where owner = ?1) from person where id = ?1",
    )?;
    let room = statement.query_row([agent], |row| rows::room(&mut Cells::of(row)));
    room.optional()
}

/// No `assigned` was written while the agent had no room; reads the load back to be sure.
fn check_load(
    connection: &Connection,
    events: &[Placed],
    room: Option<Room>,
) -> rusqlite::Result<()> {
    for (event, _) in events {
        if let Body::Assigned { agent, .. } = &event.body {
            let room = room.expect("an agent who is assigned a conversation is at the desk");
            assert!(
                room.load < u32::from(room.capacity),
                "an agent without room was assigned a conversation"
            );
            let load: u32 = connection
                .prepare_cached("select count(*) from conversation where owner = ?1")?
                .query_row([agent.id], |row| row.get(0))?;
            assert!(
                load == room.load + 1,
                "an assignment adds one conversation to the agent's load"
            );
        }
    }
    Ok(())
}

/// See [`crate::store::Store::receipt`].
pub(super) fn receipt(
    connection: &Connection,
    sender: Uuid,
    cmd: CommandId,
) -> rusqlite::Result<Option<Receipt>> {
    connection
        .prepare_cached("select conversation, seq, at from command where sender = ?1 and cmd = ?2")?
        .query_row((sender.into_bytes(), cmd), |row| {
            rows::receipt(&mut Cells::of(row))
        })
        .optional()
}

fn save_receipt(
    connection: &Connection,
    sender: Uuid,
    cmd: CommandId,
    receipt: Receipt,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "insert into command (sender, cmd, conversation, seq, at) values (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            sender.into_bytes(),
            cmd,
            receipt.conversation,
            receipt.seq,
            receipt.at,
        ))?;
    Ok(())
}

/// See [`crate::store::Store::events`].
pub(super) fn events(
    connection: &Connection,
    id: ConversationId,
    view: View,
    after: Seq,
    limit: u32,
) -> Result<Events, StoreError> {
    let mut statement = connection.prepare_cached(match view {
        View::Agent => {
            concat!("select ", event_columns!(), " from event
             where conversation = ?1 and seq > ?2 order by seq limit ?3")
        }
        View::Visitor => {
            concat!("select ", event_columns!(), " from event
             where conversation = ?1 and seq > ?2 and visitor_prev is not null order by seq limit ?3")
        }
    })?;
    // A client may name any `after`; beyond what a log can hold is simply after its end.
    let after = after.min(i64::MAX.unsigned_abs());
    let rows = statement.query_map((id, after, u64::from(limit) + 1), |row| {
        stored::read_event(&mut Cells::of(row))
    })?;
    Ok(stored::page(rows.collect::<Result<_, _>>()?, view, limit))
}

/// See [`crate::store::Store::seq_before_last`].
pub(super) fn seq_before_last(
    connection: &Connection,
    id: ConversationId,
    view: View,
    count: u32,
) -> Result<Seq, StoreError> {
    let mut statement = connection.prepare_cached(match view {
        View::Agent => {
            "select seq from event where conversation = ?1 order by seq desc limit 1 offset ?2"
        }
        View::Visitor => {
            "select seq from event where conversation = ?1 and visitor_prev is not null
             order by seq desc limit 1 offset ?2"
        }
    })?;
    Ok(statement
        .query_row((id, count), |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// See [`crate::store::Store::mark_read`].
pub(super) fn mark_read(
    connection: &Connection,
    id: ConversationId,
    view: View,
    seq: Seq,
) -> Result<ReadMarks, StoreError> {
    let conversation = row::find(connection, id)?
        .ok_or(StoreError::NotThere("conversation"))?
        .conversation;
    let mut read = conversation.read;
    let mark = match view {
        View::Visitor => &mut read.visitor,
        View::Agent => &mut read.agent,
    };
    *mark = seq.min(conversation.seq_for(view)).max(*mark);
    if read != conversation.read {
        connection
            .prepare_cached(
                "update conversation set read_visitor = ?2, read_agent = ?3 where id = ?1",
            )?
            .execute((id, read.visitor, read.agent))?;
    }
    Ok(read)
}

/// See [`crate::store::Store::tag_conversation`].
pub(super) fn tag_conversation(
    connection: &Connection,
    id: ConversationId,
    tags: &[String],
) -> Result<(), StoreError> {
    let rows = connection
        .prepare_cached("update conversation set tags = ?2 where id = ?1")?
        .execute((id, Json(tags)))?;
    super::error::unless_missing(rows, "conversation")
}

/// See [`crate::store::Store::import_history`].
pub(super) fn import(
    connection: &Connection,
    logs: &[(Visitor, ConversationId, Vec<Event>)],
) -> Result<(), StoreError> {
    logs.iter()
        .try_for_each(|(visitor, id, events)| import_one(connection, visitor, *id, events))
}

/// Writes one whole log of the past: the conversation's row is its fold.
fn import_one(
    connection: &Connection,
    visitor: &Visitor,
    id: ConversationId,
    events: &[Event],
) -> Result<(), StoreError> {
    let (stored, placed) = Stored::of_log(visitor, id, events)?;
    visitors::save(connection, visitor, stored.conversation.enqueued_at)?;
    row::save(connection, &stored)?;
    write_events(connection, id, &placed)?;
    // What a log says was done once is remembered for it.
    for (sender, cmd, receipt) in stored::receipts_of(id, events) {
        save_receipt(connection, sender, cmd, receipt)?;
    }
    Ok(())
}
