//! Who is here, who waits, who serves whom next, and how news travels between nodes.
//!
//! [`Coordination`] proposes quickly; the log disposes. All that it holds can be rebuilt from the log and the live
//! sockets (`desk::rebuild`), so it may be emptied at any moment. Engines: [`memory`] for one machine, [`redis`] for many;
//! each passes the one conformance suite (`tests/it/coordination_suite.rs`). Called by the desk only.

use std::collections::HashMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::domain::routing::{
    Claim, Due, LineState, Observed, PlaceInLine, Ringing, Seat, SocketId, Withdrawn,
};
use crate::model::event::{AgentName, Event, Sender, Seq, View};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, SessionId, VisitorId};
use crate::model::time::{At, Millis};

pub mod memory;
pub mod redis;

/// Coordination does not answer just now. The call may still have been carried out: every call may be repeated.
#[derive(Debug, thiserror::Error)]
#[error("coordination is away: {0}")]
pub struct Away(pub String);

/// News for every node, this one included. Losing one costs nothing but time: whoever follows a log reads it again
/// on any doubt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Notice {
    /// A conversation's log grew.
    Appended(Box<AppendedNotice>),
    /// Somebody types, or stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        from: Sender,
        /// Typing now.
        on: bool,
        /// What stands in a visitor's field, for agents only.
        preview: Option<String>,
        /// On which socket; it is not told.
        socket: SocketId,
    },
    /// Somebody has read up to here.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Who.
        from: Sender,
        /// The last event seen.
        seq: Seq,
        /// On which socket; it is not told.
        socket: SocketId,
    },
    /// An offer rings at an agent.
    Offered(Ringing),
    /// An offer no longer rings at an agent.
    OfferEnded {
        /// Which.
        conversation: ConversationId,
        /// At whom.
        agent: AgentId,
        /// Why.
        reason: OfferEnd,
    },
    /// A line moved: positions and lanes are to be looked at.
    LineMoved,
    /// What colleagues see of an agent changed: status, capacity, load, name.
    AgentChanged(AgentId),
    /// What an agent may do changed: name, role or departments are to be read again.
    PersonChanged(AgentId),
    /// An append may have been made durable without its notice: followers compare their place with the log, and whoever
    /// should follow is reminded to.
    Doubted {
        /// Which log.
        conversation: ConversationId,
        /// Whose conversation it is.
        visitor: VisitorId,
        /// Who owns it now, and since which event.
        owner: Option<(AgentId, Seq)>,
    },
    /// A visitor's conversation now belongs to another visitor id.
    VisitorMoved {
        /// Which conversation.
        conversation: ConversationId,
        /// Whose it was.
        from: VisitorId,
    },
    /// These sessions ended: their sockets are closed.
    SignedOut(Vec<SessionId>),
    /// This person's logins ended, but one; API tokens stay.
    LoggedOut {
        /// Who.
        person: AgentId,
        /// The session that stays.
        except: Option<SessionId>,
    },
    /// This person was removed: all their sockets are closed.
    PersonRemoved(AgentId),
    /// Who has a conversation open changed.
    Viewers {
        /// Which.
        conversation: ConversationId,
        /// Everybody who has it open.
        agents: Vec<AgentName>,
    },
    /// News may have been lost before this one: read everything again.
    Lost,
}

/// What was appended, with all that a node needs to tell its followers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppendedNotice {
    /// To which log.
    pub conversation: ConversationId,
    /// Whose conversation it is.
    pub visitor: VisitorId,
    /// In which department.
    pub department: DepartmentKey,
    /// The events, in order.
    pub events: Vec<Event>,
    /// The `seq` before the first of them that visitors may see.
    pub visitor_prev: Seq,
    /// Whose it is now.
    pub owner: Option<AgentId>,
    /// Whose it was before, where it was taken from somebody.
    pub previous_owner: Option<AgentId>,
    /// Where the conversation's place in the line began, where it waits now.
    pub enqueued_at: At,
}

impl AppendedNotice {
    /// The `seq` before the first event, as `view` counts.
    #[must_use]
    pub fn prev(&self, view: View) -> Seq {
        match view {
            View::Visitor => self.visitor_prev,
            View::Agent => self.events.first().map_or(0, |event| event.seq - 1),
        }
    }
}

/// Why an offer no longer rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfferEnd {
    /// The agent declined it.
    Declined,
    /// It rang out.
    Missed,
    /// Somebody else has the conversation.
    Taken,
    /// The visitor left.
    Closed,
}

/// How the figure of a queue for this node's relay is called in every engine.
const NOTICES_WAITING: (&str, &str) = (
    "notices_waiting",
    "Notices that this node has not passed on to its sockets yet",
);

/// What waits in a bounded queue.
fn waiting_in<T>(queue: &tokio::sync::mpsc::Sender<T>) -> i64 {
    i64::try_from(queue.max_capacity() - queue.capacity()).unwrap_or(i64::MAX)
}

/// Presence, lines, pairing and fan-out. Every call may be repeated without harm.
#[async_trait]
pub trait Coordination: Send + Sync + 'static {
    /// Whether it answers right now.
    async fn probe(&self) -> Result<(), Away>;

    // --- whether it is whole ----------------------------------------------------------------------------------

    /// Resolves while coordination has been emptied and this node is who tells it everything again; pairing waits for
    /// [`Coordination::rebuilt`]. Cancel-safe. An engine that is never emptied by others never resolves.
    async fn emptied(&self) {
        std::future::pending().await
    }

    /// Everything has been told: pairing goes on.
    async fn rebuilt(&self) -> Result<(), Away> {
        Ok(())
    }

    /// Whether pairing goes on, as far as is known without asking; else those who wait are told that it pauses.
    fn is_whole(&self) -> bool {
        true
    }

    /// Figures of its queues for operators: (name, what it is, value). Cheap, and never waits.
    fn gauges(&self) -> Vec<(&'static str, &'static str, i64)>;

    /// Every conversation that is believed to wait or to be with an agent, with the event that put it there: to be
    /// compared with the log. What changes meanwhile may be among them or not.
    async fn placed(&self) -> Result<HashMap<ConversationId, Seq>, Away>;

    /// The seats as they are believed to be, of everybody who has one: to be compared with the store.
    async fn seats(&self) -> Result<HashMap<AgentId, Seat>, Away>;

    // --- news from the log ------------------------------------------------------------------------------------

    /// Takes in where a conversation is; late, doubled and reordered news does no harm. Answers the offer that no
    /// longer stands.
    async fn observe(&self, news: Observed) -> Result<Option<Withdrawn>, Away>;

    /// Takes in an agent's seat.
    async fn seat(&self, agent: AgentId, seat: Seat) -> Result<(), Away>;

    /// Forgets an agent who was removed.
    async fn remove_agent(&self, agent: AgentId) -> Result<(), Away>;

    // --- presence ---------------------------------------------------------------------------------------------
    //
    // An engine that is away notes what its node's sockets do all the same, and catches up by itself.

    /// A socket of an open conversation's visitor is there.
    async fn visitor_joined(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Result<(), Away>;

    /// A socket of an open conversation's visitor is gone.
    async fn visitor_left(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Result<(), Away>;

    /// A socket of an agent is there.
    async fn agent_joined(&self, agent: AgentId, socket: SocketId) -> Result<(), Away>;

    /// A socket of an agent is gone.
    async fn agent_left(&self, agent: AgentId, socket: SocketId) -> Result<(), Away>;

    /// Whether the agent has a socket on any node.
    async fn is_agent_here(&self, agent: AgentId) -> Result<bool, Away>;

    /// Notes that the agent has the conversation open (or no longer) on a socket; answers everybody who has.
    async fn view(
        &self,
        conversation: ConversationId,
        agent: AgentName,
        socket: SocketId,
        is_open: bool,
    ) -> Result<Vec<AgentName>, Away>;

    // --- pairing ----------------------------------------------------------------------------------------------

    /// Resolves when there may be something to claim or something is due. Cancel-safe; a spurious return is harmless.
    async fn work(&self);

    /// The next pair, if there is one.
    async fn claim(&self) -> Result<Option<Claim>, Away>;

    /// Turns a claim into an offer that rings; `None` if the claim no longer stands.
    async fn offer(&self, claim: &Claim) -> Result<Option<Ringing>, Away>;

    /// Gives a claim back: the conversation is in line at its place, the agent's place is free.
    async fn give_back(&self, conversation: ConversationId, agent: AgentId) -> Result<(), Away>;

    /// The agent does not want an offered conversation; answers whether it rang at them.
    async fn decline(&self, conversation: ConversationId, agent: AgentId) -> Result<bool, Away>;

    /// Opens a conversation that waits to the departments that stand in, ahead of its time.
    async fn widen(&self, conversation: ConversationId) -> Result<(), Away>;

    /// The offers that ring at an agent.
    async fn ringing_at(&self, agent: AgentId) -> Result<Vec<Ringing>, Away>;

    /// Whether the conversation rings at an agent.
    async fn is_offered(&self, conversation: ConversationId) -> Result<bool, Away>;

    /// What is due now, each to be dealt with by the caller.
    async fn due(&self) -> Result<Vec<Due>, Away>;

    // --- what is shown ----------------------------------------------------------------------------------------

    /// Every line that anybody waits in or serves, with at most `first_max` of those who stand first in it. Costs the
    /// same whatever waits.
    async fn lines(&self, first_max: usize) -> Result<Vec<LineState>, Away>;

    /// Where these stand, in their order; `None` for each that waits in no line.
    async fn places(
        &self,
        conversations: &[ConversationId],
    ) -> Result<Vec<Option<PlaceInLine>>, Away>;

    /// Whether an agent who serves one of these departments is online.
    async fn is_open(&self, departments: &[DepartmentKey]) -> Result<bool, Away>;

    /// How many conversations the agent owns or is about to.
    async fn load(&self, agent: AgentId) -> Result<u32, Away>;

    // --- rates ------------------------------------------------------------------------------------------------

    /// Counts one more of something of which there may be so many within a span, over all nodes; answers after how long
    /// one may come, if there are too many. An engine of one process leaves that to its caller, who counts too.
    async fn count(
        &self,
        _what: &str,
        _count_max: u32,
        _span: Millis,
    ) -> Result<Option<Millis>, Away> {
        Ok(None)
    }

    /// Takes one back that was counted: it was none of those that are to be few.
    async fn uncount(&self, _what: &str) -> Result<(), Away> {
        Ok(())
    }

    // --- what there may be so much of at once -----------------------------------------------------------------
    //
    // Like rates: an engine of one process leaves it to its caller, who counts too.

    /// Notes that this node holds one more.
    fn hold(&self, _what: &str) {}

    /// And one fewer. The other nodes hear of it within a second or so.
    fn release(&self, _what: &str) {}

    /// Whether what this node holds, with what all others do, is no more than `held_max`.
    async fn has_room(&self, _what: &str, _held_max: u32) -> Result<bool, Away> {
        Ok(true)
    }

    // --- fan-out ----------------------------------------------------------------------------------------------

    /// Tells every node. At most once: a notice may be lost, and then [`Notice::Lost`] follows as soon as it can.
    async fn publish(&self, notice: Notice);

    /// This node's notices, in the order published here. Taken once.
    fn notices(&self) -> Option<mpsc::Receiver<Notice>>;

    /// Whether other nodes write logs too, whose notices may be lost on the way. Then followers do not rely on notices alone.
    fn is_shared(&self) -> bool {
        false
    }

    /// Whether this node came to the board anew within this time, by another connection than before: it may be an older board, or
    /// one that other nodes have not come to yet, and not know of their sockets.
    fn has_moved_within(&self, _span: Millis) -> bool {
        false
    }
}
