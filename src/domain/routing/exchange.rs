//! What is told to a board and what it answers: news, seats, claims, what is due, and what it shows.
//!
//! Plain facts that travel between nodes and engines; made by the desk and by [`super::Board`], read by both.

use serde::{Deserialize, Serialize};

use crate::domain::conversation::{Conversation, Place};
use crate::model::event::{Mode, Seq};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use crate::model::record::Status;
use crate::model::time::{At, Millis};
use crate::model::why::Why;

/// How long somebody without a socket keeps what they have, and how long an offer rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graces {
    /// A waiting visitor's place.
    pub visitor: Millis,
    /// An agent's conversations.
    pub agent: Millis,
    /// Before the visitors of a gone agent are told.
    pub away: Millis,
    /// An offer.
    pub ring: Millis,
}

/// News of one conversation's place, from its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Which.
    pub conversation: ConversationId,
    /// The event that put it there; older news than what is known is ignored.
    pub placed_seq: Seq,
    /// Where it is.
    pub place: ObservedPlace,
}

/// Where a conversation is, as far as pairing cares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObservedPlace {
    /// In line.
    Waiting {
        /// Whose.
        department: DepartmentKey,
        /// Its order within the line, smaller first.
        key: i64,
        /// Start of the present wait.
        since: At,
        /// A live wait needs the visitor's socket, a left message does not.
        mode: Mode,
        /// Who may serve it, and how that widens.
        terms: Terms,
    },
    /// With an agent.
    Served {
        /// Whose.
        agent: AgentId,
    },
    /// Over.
    Closed,
}

/// Who may serve somebody who waits, and how that widens with time. The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What the agent must be able to do, most important first. What nobody of a department has is no need there.
    pub needs: Vec<Skill>,
    /// When the last of the needs that are left is given up, and when the next, rising.
    pub relaxes_at: Vec<At>,
    /// The departments whose agents may serve it too once it is wide, in this order, when nobody of its own is free.
    pub stand_ins: Vec<DepartmentKey>,
    /// When it becomes wide by itself; [`super::Board::widen`] may be earlier.
    pub widens_at: Option<At>,
    /// Who served the visitor last: goes before others of the department, while free.
    pub last_agent: Option<AgentId>,
}

impl Observed {
    /// Where a conversation is, by its log; `terms` count while it waits.
    #[must_use]
    pub fn of(conversation: &Conversation, terms: Terms) -> Self {
        let place = match &conversation.place {
            Place::Waiting { since } => ObservedPlace::Waiting {
                department: conversation.department.clone(),
                key: conversation.order_key(),
                since: *since,
                mode: conversation.mode,
                terms,
            },
            Place::Served { agent } => ObservedPlace::Served { agent: agent.id },
            Place::Closed { .. } => ObservedPlace::Closed,
        };
        Self {
            conversation: conversation.id,
            placed_seq: conversation.placed_seq,
            place,
        }
    }
}

/// An agent's place at the desk, from the agents' journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Takes conversations, or not.
    pub status: Status,
    /// Conversations at once.
    pub capacity: u8,
    /// The lines served.
    pub departments: Vec<DepartmentKey>,
    /// What the agent can do that not all can.
    pub skills: Vec<Skill>,
}

/// A proposal: this agent could serve this conversation. It takes one of the agent's places until it is settled by
/// news from the log, given back, or [`super::CLAIM`] has passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which.
    pub conversation: ConversationId,
    /// The place the decision was made on.
    pub placed_seq: Seq,
    /// From which line.
    pub department: DepartmentKey,
    /// For whom.
    pub agent: AgentId,
    /// And why.
    pub why: Why,
}

/// An offer that no longer stands because the conversation moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// Which.
    pub conversation: ConversationId,
    /// At whom it rang.
    pub agent: AgentId,
}

/// Something whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Due {
    /// A waiting visitor's grace ran out.
    VisitorGone {
        /// Whose conversation.
        conversation: ConversationId,
        /// When the last socket went, or the wait began without one.
        gone_at: At,
    },
    /// An agent has been without a socket long enough to tell the visitors.
    AgentAway {
        /// Who.
        agent: AgentId,
    },
    /// An agent's grace ran out.
    AgentGone {
        /// Who.
        agent: AgentId,
    },
    /// An offer rang out; the conversation is in line again.
    OfferMissed {
        /// Which.
        conversation: ConversationId,
        /// At whom it rang.
        agent: AgentId,
        /// Whether the agent has missed so many in a row that they should be set away.
        is_once_too_often: bool,
    },
}

/// A running offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ringing {
    /// Which.
    pub conversation: ConversationId,
    /// At whom.
    pub agent: AgentId,
    /// From which line.
    pub department: DepartmentKey,
    /// Until when.
    pub expires_at: At,
    /// Why it rings there.
    pub why: Why,
}

/// One line, as it stands. As large with a million waiting as with ten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineState {
    /// Whose.
    pub department: DepartmentKey,
    /// Those who stand first in it, in order: as many as were asked for.
    pub first: Vec<InLine>,
    /// How many wait in it live.
    pub live: u64,
    /// How many left messages are in it.
    pub messages: u64,
    /// Since when whoever has waited longest waits live.
    pub longest_since: Option<At>,
    /// Agents online with a socket.
    pub agents_online: u64,
    /// Free places at them.
    pub free_slots: u64,
}

/// One who waits in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InLine {
    /// Which.
    pub conversation: ConversationId,
    /// Start of the present wait.
    pub since: At,
    /// Waits live, or was left to be answered later.
    pub mode: Mode,
    /// Whether it rings at an agent.
    pub is_offered: bool,
}

/// Where somebody stands in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceInLine {
    /// In which line.
    pub department: DepartmentKey,
    /// 1 is next.
    pub position: u64,
    /// Start of the present wait.
    pub since: At,
    /// Waits live, or was left to be answered later.
    pub mode: Mode,
}
