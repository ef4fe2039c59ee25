//! The conversation's row: the fold of its log and its [`Digest`], read and written.
//!
//! A message changes few columns, and none that is indexed: [`save_after_words`] writes only those. Whatever changes
//! the conversation's place or its digest is written by [`save`].

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::values::{Columns, Json, Word};
use crate::domain::conversation::{Conversation, Place};
use crate::model::event::{AgentName, CloseReason};
use crate::model::id::{AgentId, ConversationId};
use crate::model::record::ReadMarks;
use crate::model::time::At;
use crate::store::digest::{Digest, FirstWait};

/// A conversation as its row holds it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) conversation: Conversation,
    pub(super) digest: Digest,
}

/// The columns of `conversation as c` that [`read`] takes, in its order. A macro, so that statements can be joined
/// from it while compiling.
macro_rules! conversation_columns {
    () => {
        "c.id, c.site, c.visitor, c.visitor_name, c.department, c.priority, c.mode, c.enqueued_at, c.state,
         c.waiting_since_at, c.owner, c.owner_name, c.close_reason, c.closed_at, c.placed_seq, c.seq, c.visitor_seq,
         c.last_at, c.said_at, c.idle_warned_at, c.is_agent_away, c.is_rated, c.tags, c.read_visitor, c.read_agent,
         c.summary, c.rating, c.last_agent, c.first_wait_end, c.first_wait_ended_at, c.first_wait_ms,
         c.first_wait_department"
    };
}
pub(super) use conversation_columns;

pub(super) const STATE_QUEUED: &str = "queued";
pub(super) const STATE_ACTIVE: &str = "active";
pub(super) const STATE_CLOSED: &str = "closed";

/// Reads a row that begins with `conversation_columns!()`.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    read_columns(&mut Columns::of(row))
}

/// Reads `conversation_columns!()` and leaves the cursor behind them.
pub(super) fn read_columns(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Stored> {
    let conversation = Conversation {
        id: columns.take()?,
        site: columns.take()?,
        visitor: columns.take()?,
        visitor_name: columns.take()?,
        department: columns.take()?,
        priority: columns.take()?,
        mode: columns.take::<Word<_>>()?.0,
        enqueued_at: columns.take()?,
        place: read_place(columns)?,
        placed_seq: columns.take()?,
        seq: columns.take()?,
        visitor_seq: columns.take()?,
        last_at: columns.take()?,
        said_at: columns.take()?,
        idle_warned_at: columns.take()?,
        is_agent_away: columns.take()?,
        is_rated: columns.take()?,
        tags: columns.take::<Json<_>>()?.0,
        read: ReadMarks {
            visitor: columns.take()?,
            agent: columns.take()?,
        },
    };
    let digest = Digest {
        summary: columns.take()?,
        rating: columns.take()?,
        last_agent: columns.take()?,
        first_wait: read_first_wait(columns)?,
    };
    Ok(Stored {
        conversation,
        digest,
    })
}

fn read_place(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Place> {
    let state: String = columns.take()?;
    let since: Option<At> = columns.take()?;
    let owner: Option<AgentId> = columns.take()?;
    let owner_name: Option<String> = columns.take()?;
    let reason: Option<Word<CloseReason>> = columns.take()?;
    let at: Option<At> = columns.take()?;
    match (state.as_str(), since, owner, reason, at) {
        (STATE_QUEUED, Some(since), None, None, None) => Ok(Place::Waiting { since }),
        (STATE_ACTIVE, None, Some(id), None, None) => Ok(Place::Served {
            agent: AgentName {
                id,
                name: owner_name.unwrap_or_default(),
            },
        }),
        (STATE_CLOSED, None, None, Some(reason), Some(at)) => Ok(Place::Closed {
            reason: reason.0,
            at,
        }),
        _ => Err(rusqlite::Error::FromSqlConversionFailure(
            8,
            rusqlite::types::Type::Text,
            "a conversation is nowhere".into(),
        )),
    }
}

fn read_first_wait(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<FirstWait>> {
    let end: Option<Word<_>> = columns.take()?;
    let ended_at: Option<At> = columns.take()?;
    let waited_ms = columns.take()?;
    let department = columns.take()?;
    Ok(match (end, ended_at, waited_ms, department) {
        (Some(Word(end)), Some(ended_at), Some(waited_ms), Some(department)) => Some(FirstWait {
            end,
            ended_at,
            waited_ms,
            department,
        }),
        _ => None,
    })
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

/// A conversation's columns that depend on where it is.
struct PlaceColumns<'a> {
    state: &'static str,
    since: Option<At>,
    owner: Option<&'a AgentName>,
    reason: Option<CloseReason>,
    closed_at: Option<At>,
}

impl<'a> PlaceColumns<'a> {
    fn of(place: &'a Place) -> Self {
        let nothing = Self {
            state: STATE_QUEUED,
            since: None,
            owner: None,
            reason: None,
            closed_at: None,
        };
        match place {
            Place::Waiting { since } => Self {
                since: Some(*since),
                ..nothing
            },
            Place::Served { agent } => Self {
                state: STATE_ACTIVE,
                owner: Some(agent),
                ..nothing
            },
            Place::Closed { reason, at } => Self {
                state: STATE_CLOSED,
                reason: Some(*reason),
                closed_at: Some(*at),
                ..nothing
            },
        }
    }
}

/// Writes the whole row, new or known. What is fixed when a conversation starts is not written again.
pub(super) fn save(connection: &Connection, stored: &Stored) -> rusqlite::Result<()> {
    let Stored {
        conversation,
        digest,
    } = stored;
    let place = PlaceColumns::of(&conversation.place);
    let first_wait = digest.first_wait.as_ref();
    let mut statement = connection.prepare_cached(
        "insert into conversation (id, site, visitor, visitor_name, department, priority, mode, enqueued_at, state,
             waiting_since_at, owner, owner_name, close_reason, closed_at, placed_seq, seq, visitor_seq, last_at,
             said_at, idle_warned_at, is_agent_away, is_rated, tags, read_visitor, read_agent, summary, rating,
             last_agent, first_wait_end, first_wait_ended_at, first_wait_ms, first_wait_department)
         values (:id, :site, :visitor, :visitor_name, :department, :priority, :mode, :enqueued_at, :state,
             :waiting_since_at, :owner, :owner_name, :close_reason, :closed_at, :placed_seq, :seq, :visitor_seq,
             :last_at, :said_at, :idle_warned_at, :is_agent_away, :is_rated, :tags, :read_visitor, :read_agent,
             :summary, :rating, :last_agent, :first_wait_end, :first_wait_ended_at, :first_wait_ms,
             :first_wait_department)
         on conflict (id) do update set department = excluded.department, state = excluded.state,
             waiting_since_at = excluded.waiting_since_at, owner = excluded.owner, owner_name = excluded.owner_name,
             close_reason = excluded.close_reason, closed_at = excluded.closed_at,
             placed_seq = excluded.placed_seq, seq = excluded.seq, visitor_seq = excluded.visitor_seq,
             last_at = excluded.last_at, said_at = excluded.said_at, idle_warned_at = excluded.idle_warned_at,
             is_agent_away = excluded.is_agent_away, is_rated = excluded.is_rated, tags = excluded.tags,
             summary = excluded.summary, rating = excluded.rating, last_agent = excluded.last_agent,
             first_wait_end = excluded.first_wait_end, first_wait_ended_at = excluded.first_wait_ended_at,
             first_wait_ms = excluded.first_wait_ms, first_wait_department = excluded.first_wait_department",
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
        ":first_wait_end": first_wait.map(|wait| Word(wait.end)),
        ":first_wait_ended_at": first_wait.map(|wait| wait.ended_at),
        ":first_wait_ms": first_wait.map(|wait| wait.waited_ms),
        ":first_wait_department": first_wait.map(|wait| &wait.department),
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
