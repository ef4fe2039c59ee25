//! The conversation's row, whatever the engine: the fold of its log and its [`Digest`], and how events carry it forward.
//!
//! An engine brings the statements; what stands in which column, how a command's events get their places, and what must be
//! true of a log that is read back is said here, once.

use crate::domain::conversation::{Conversation, Place, Start, start};
use crate::model::event::{AgentName, Body, CloseReason, Event, Role, Sender, Seq, View};
use crate::model::id::{AgentId, CommandId, ConversationId};
use crate::model::record::{ReadMarks, Visitor};
use crate::model::time::At;
use crate::store::digest::Digest;
use crate::store::values::{Columns, Json, Word};
use crate::store::{Events, PlaceFilter, Receipt, StoreError};
use uuid::Uuid;

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
        "c.id, c.site, c.visitor, c.visitor_name, c.department, c.priority, c.mode, c.enqueued_at, c.needs,
         c.known_agent, c.state, c.waiting_since_at, c.owner, c.owner_name, c.close_reason, c.closed_at, c.placed_seq, c.seq, c.visitor_seq,
         c.last_at, c.said_at, c.idle_warned_at, c.is_agent_away, c.is_rated, c.tags, c.read_visitor, c.read_agent,
         c.summary, c.rating, c.last_agent"
    };
}
pub(super) use conversation_columns;

pub(super) const STATE_QUEUED: &str = "queued";
pub(super) const STATE_ACTIVE: &str = "active";
pub(super) const STATE_CLOSED: &str = "closed";

/// The name of a state that a list is asked for.
pub(super) fn state_name(state: PlaceFilter) -> &'static str {
    match state {
        PlaceFilter::Waiting => STATE_QUEUED,
        PlaceFilter::Served => STATE_ACTIVE,
        PlaceFilter::Closed => STATE_CLOSED,
    }
}

/// Reads `conversation_columns!()` and leaves the cursor behind them.
pub(super) fn read<C: Columns>(columns: &mut C) -> Result<Stored, C::Error> {
    let conversation = Conversation {
        id: columns.take()?,
        site: columns.take()?,
        visitor: columns.take()?,
        visitor_name: columns.take()?,
        department: columns.take()?,
        priority: columns.take()?,
        mode: columns.take::<Word<_>>()?.0,
        enqueued_at: columns.take()?,
        needs: columns.take::<Json<_>>()?.0,
        known_agent: columns.take()?,
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
    };
    Ok(Stored {
        conversation,
        digest,
    })
}

fn read_place<C: Columns>(columns: &mut C) -> Result<Place, C::Error> {
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
        _ => Err(columns.refuse("a conversation is nowhere")),
    }
}

/// A conversation's columns that depend on where it is, to be written.
pub(super) struct PlaceColumns<'a> {
    pub(super) state: &'static str,
    pub(super) since: Option<At>,
    pub(super) owner: Option<&'a AgentName>,
    pub(super) reason: Option<CloseReason>,
    pub(super) closed_at: Option<At>,
}

impl<'a> PlaceColumns<'a> {
    pub(super) fn of(place: &'a Place) -> Self {
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

/// An event and, where visitors may see it, the one before it that they may see.
pub(super) type Placed = (Event, Option<Seq>);

impl Stored {
    /// A conversation as its start makes it, before its first event.
    pub(super) fn new(conversation: Conversation) -> Self {
        Self {
            conversation,
            digest: Digest::default(),
        }
    }

    /// Gives the decided events their places and carries the conversation forward.
    pub(super) fn fold(
        &mut self,
        decided: Vec<(Sender, Body)>,
        cmd: Option<CommandId>,
        at: At,
    ) -> Vec<Placed> {
        let number = |(from, body)| {
            let event = Event {
                seq: self.conversation.seq + 1,
                at,
                cmd,
                from,
                body,
            };
            let visitor_prev = self.apply(&event);
            (event, visitor_prev)
        };
        decided.into_iter().map(number).collect()
    }

    /// Carries the conversation and its digest forward by one event.
    pub(super) fn apply(&mut self, event: &Event) -> Option<Seq> {
        let visitor_prev = event
            .body
            .is_for_visitors()
            .then_some(self.conversation.visitor_seq);
        self.digest.apply(event);
        self.conversation.apply(event);
        visitor_prev
    }

    /// The conversation that a whole log of the past makes, and its events in their places.
    pub(super) fn of_log(
        visitor: &Visitor,
        id: ConversationId,
        events: &[Event],
    ) -> Result<(Self, Vec<Placed>), StoreError> {
        let Some(Event {
            at,
            body:
                Body::Queued {
                    department,
                    needs,
                    fields,
                    mode,
                    priority,
                    ..
                },
            ..
        }) = events.first()
        else {
            return Err(StoreError::Corrupt("a log begins with `queued`".to_owned()));
        };
        let begins = Start {
            site: visitor.site.clone(),
            visitor: visitor.id,
            visitor_name: visitor.name.clone(),
            department: department.clone(),
            priority: priority.unwrap_or(0),
            mode: *mode,
            fields: fields.clone(),
            needs: needs.clone(),
            known_agent: None,
            text: None,
        };
        let (conversation, _) = start(id, begins, *at);
        let mut stored = Self::new(conversation);
        let placed = events
            .iter()
            .map(|event| (event.clone(), stored.apply(event)))
            .collect();
        Ok((stored, placed))
    }
}

/// What a log says was done once, to be remembered for it: sender, command and receipt.
pub(super) fn receipts_of(
    id: ConversationId,
    events: &[Event],
) -> impl Iterator<Item = (Uuid, CommandId, Receipt)> + '_ {
    events.iter().enumerate().filter_map(move |(index, event)| {
        let is_last_of_command = events
            .get(index + 1)
            .is_none_or(|next| next.cmd != event.cmd);
        let (cmd, sender) = event.cmd.zip(event.from.id)?;
        let receipt = Receipt {
            conversation: id,
            seq: event.seq,
            at: event.at,
        };
        is_last_of_command.then_some((sender, cmd, receipt))
    })
}

/// Spelt out, unlike other enums' names, because it is written with every event.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Visitor => "visitor",
        Role::Agent => "agent",
        Role::Bot => "bot",
        Role::System => "system",
    }
}

/// The columns of `event` that [`read_event`] takes, in its order.
macro_rules! event_columns {
    () => {
        "seq, at, cmd, role, sender, sender_name, visitor_prev, body"
    };
}
pub(super) use event_columns;

/// Reads `event_columns!()`.
pub(super) fn read_event<C: Columns>(columns: &mut C) -> Result<Placed, C::Error> {
    let (seq, at, cmd): (Seq, At, _) = (columns.take()?, columns.take()?, columns.take()?);
    let role: Word<Role> = columns.take()?;
    let from = Sender {
        role: role.0,
        id: columns.take()?,
        name: columns.take()?,
    };
    let visitor_prev: Option<Seq> = columns.take()?;
    let body: Body = columns.take::<Json<_>>()?.0;
    let event = Event {
        seq,
        at,
        cmd,
        from,
        body,
    };
    Ok((event, visitor_prev))
}

/// Part of a log as `view` shows it, of the rows read for it: up to one more than `limit`.
///
/// # Panics
/// When the log has a gap, or time falls in it.
pub(super) fn page(rows: Vec<Placed>, view: View, limit: u32) -> Events {
    let has_more = rows.len() > limit as usize;
    let mut events: Vec<(Seq, Event)> = Vec::with_capacity(rows.len());
    for (mut event, visitor_prev) in rows {
        let prev = match view {
            View::Agent => event.seq - 1,
            View::Visitor => visitor_prev.unwrap_or(0),
        };
        if let Some((_, previous)) = events.last() {
            assert!(prev == previous.seq, "a log has no gaps");
            assert!(event.at >= previous.at, "time never falls within a log");
        }
        if view == View::Visitor {
            event.body = event.body.for_visitors();
        }
        events.push((prev, event));
    }
    events.truncate(limit as usize);
    Events { events, has_more }
}
