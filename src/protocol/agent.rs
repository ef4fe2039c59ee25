//! Frames of the agent socket, `GET /ws/agent`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::event::{AgentName, Mode, Sender, Seq};
use crate::model::id::{
    AgentId, ArticleId, AttachmentId, CommandId, ConversationId, DepartmentKey,
};
use crate::model::record::{PersonRole, ReadMarks, Status};
use crate::model::standard::Standard;
use crate::model::time::{At, Millis};
use crate::protocol::error::ErrorFrame;
use crate::protocol::lane::{LaneFigures, LanePromises, LaneStaffing, Silence};
use crate::protocol::parts::{Ack, ByeReason, Eta, EventFrame, State, VisitorCard};

/// What an agent's client says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum FromAgent {
    /// The first frame, and any later one to start following anew.
    Hello(AgentHello),
    /// Takes conversations, or not, and how many.
    Status {
        /// The wish.
        status: Status,
        /// 0–100 conversations at once; unchanged if absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        capacity: Option<u8>,
    },
    /// Takes an offered conversation.
    Accept {
        /// Which.
        conversation: ConversationId,
    },
    /// Lets an offered conversation go to somebody else.
    Decline {
        /// Which.
        conversation: ConversationId,
    },
    /// Follows a conversation's log without owning it.
    Open {
        /// Which.
        conversation: ConversationId,
        /// The last event seen.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional, type = "number")]
        after: Option<Seq>,
    },
    /// Stops following.
    Shut {
        /// Which.
        conversation: ConversationId,
    },
    /// Says something to the visitor.
    Send {
        /// Happens once.
        cmd: CommandId,
        /// To whom.
        conversation: ConversationId,
        /// What.
        #[serde(skip_serializing_if = "String::is_empty", default)]
        #[ts(as = "Option<String>", optional)]
        text: String,
        /// A file instead, uploaded by the sender for this conversation.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        attachment: Option<AttachmentId>,
        /// An article that is published on the conversation's site, to be sent with it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        article: Option<ArticleId>,
    },
    /// Says something to the others at the desk.
    Note {
        /// Happens once.
        cmd: CommandId,
        /// About which conversation.
        conversation: ConversationId,
        /// What.
        #[serde(skip_serializing_if = "String::is_empty", default)]
        #[ts(as = "Option<String>", optional)]
        text: String,
        /// A file instead, uploaded by the sender for this conversation.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        attachment: Option<AttachmentId>,
    },
    /// Is typing, or stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Typing now.
        on: bool,
    },
    /// Has read up to here.
    Read {
        /// Where.
        conversation: ConversationId,
        /// The last event seen.
        #[ts(type = "number")]
        seq: Seq,
    },
    /// Hands a conversation on.
    Transfer {
        /// Happens once.
        cmd: CommandId,
        /// Which.
        conversation: ConversationId,
        /// To whom.
        to: TransferTo,
        /// A word for whoever takes it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        note: Option<String>,
    },
    /// Takes a waiting conversation out of turn, or (supervisor) somebody else's.
    Take {
        /// Happens once.
        cmd: CommandId,
        /// Which.
        conversation: ConversationId,
    },
    /// Ends a conversation.
    Close {
        /// Happens once.
        cmd: CommandId,
        /// Which.
        conversation: ConversationId,
        /// What it is filed under.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<String>>")]
        tags: Vec<String>,
    },
    /// Wants live figures of the departments, or no longer.
    Lanes {
        /// Wants them.
        on: bool,
    },
    /// Asks whether the server is there.
    Ping {
        /// Comes back in `pong`.
        #[ts(type = "number")]
        n: i64,
    },
}

/// `hello` of an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct AgentHello {
    /// From an earlier `welcome`; with another one `after` is ignored.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub epoch: Option<String>,
    /// The last event seen of each conversation the client shows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, type = "Record<string, number>")]
    pub after: BTreeMap<ConversationId, Seq>,
}

/// Where a transfer is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferTo {
    /// To a certain agent.
    Agent(AgentId),
    /// Into a department's line.
    Department(DepartmentKey),
}

/// What the server says to an agent's client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ToAgent {
    /// Answers `hello`.
    Welcome(AgentWelcome),
    /// A conversation rings.
    Offer {
        /// Which.
        conversation: ConversationId,
        /// Whose.
        visitor: VisitorCard,
        /// From which line.
        department: DepartmentKey,
        /// It goes to the next agent then.
        expires_at: At,
        /// The visitor's first words.
        summary: String,
    },
    /// A conversation is the agent's own from here; its events follow.
    Assigned {
        /// Which.
        conversation: ConversationId,
        /// Whose.
        visitor: VisitorCard,
        /// From which line.
        department: DepartmentKey,
        /// The wait that ended.
        waited_ms: Millis,
        /// The last event.
        #[ts(type = "number")]
        seq: Seq,
        /// The log is sent from this place on.
        #[ts(type = "number")]
        from_seq: Seq,
    },
    /// Answers `open`; its events follow.
    Opened {
        /// Which.
        conversation: ConversationId,
        /// Where it is.
        state: State,
        /// Whose.
        visitor: VisitorCard,
        /// Whose line or whose agent's.
        department: DepartmentKey,
        /// The owner.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        agent: Option<AgentName>,
        /// The last event.
        #[ts(type = "number")]
        seq: Seq,
        /// The log is sent from this place on.
        #[ts(type = "number")]
        from_seq: Seq,
        /// Who has read how far.
        read: ReadMarks,
    },
    /// A conversation or an offer is no longer the agent's.
    Unassigned {
        /// Which.
        conversation: ConversationId,
        /// Why.
        reason: UnassignReason,
    },
    /// One event of a log.
    Event(EventFrame),
    /// A command is durable.
    Ack(Ack),
    /// Somebody types, or stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        from: Sender,
        /// Typing now.
        on: bool,
        /// What stands in the visitor's field, where the site allows it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        preview: Option<String>,
    },
    /// Somebody has read up to here.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Who.
        from: Sender,
        /// The last event seen.
        #[ts(type = "number")]
        seq: Seq,
    },
    /// An agent's place at the desk: one's own, or that of somebody in a shared department.
    Agent {
        /// Who.
        id: AgentId,
        /// The name to show.
        name: String,
        /// Takes conversations, or not.
        status: Status,
        /// Conversations owned now.
        load: u32,
        /// Conversations at once.
        capacity: u8,
    },
    /// Live figures of the departments (after `lanes`).
    Lanes {
        /// One row a department.
        lanes: Vec<Lane>,
        /// Agents whose visitor waits for a word, one row each.
        silences: Vec<Silence>,
    },
    /// Who waits (after `lanes`): first everybody, then changes.
    Waiting {
        /// New or changed rows.
        set: Vec<WaitingRow>,
        /// No longer waiting.
        gone: Vec<ConversationId>,
        /// Whether `set` is everybody.
        all: bool,
    },
    /// Who has a conversation open.
    Viewers {
        /// Which.
        conversation: ConversationId,
        /// Who.
        agents: Vec<AgentName>,
    },
    /// A frame was refused.
    Error(ErrorFrame),
    /// Answers `ping`.
    Pong {
        /// As asked.
        #[ts(type = "number")]
        n: i64,
        /// The server's clock.
        now: At,
    },
    /// The server ends this socket.
    Bye {
        /// Why.
        reason: ByeReason,
        /// Come back after so long.
        retry_ms: Millis,
    },
}

/// `welcome` of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct AgentWelcome {
    /// New only after a restore.
    pub epoch: String,
    /// Who the agent is.
    pub agent: Me,
    /// Takes conversations, or not.
    pub status: Status,
    /// Conversations at once.
    pub capacity: u8,
    /// The departments served.
    pub departments: Vec<DepartmentKey>,
    /// The agent's own conversations; their logs follow.
    pub conversations: Vec<AgentConversation>,
    /// The server's clock.
    pub now: At,
}

/// Oneself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Me {
    /// Names me.
    pub id: AgentId,
    /// The name to show.
    pub name: String,
    /// What I may do.
    pub role: PersonRole,
}

/// One of the agent's own conversations in `welcome`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct AgentConversation {
    /// Names it.
    pub id: ConversationId,
    /// Where it is.
    pub state: State,
    /// Whose.
    pub visitor: VisitorCard,
    /// From which line.
    pub department: DepartmentKey,
    /// The last event.
    #[ts(type = "number")]
    pub seq: Seq,
    /// The log is sent from this place on.
    #[ts(type = "number")]
    pub from_seq: Seq,
    /// Who has read how far.
    pub read: ReadMarks,
}

/// Why a conversation or an offer is no longer the agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnassignReason {
    /// It ended.
    Closed,
    /// It was handed on.
    Transferred,
    /// Somebody took it.
    Taken,
    /// It went back into the line.
    Requeued,
    /// The offer was declined.
    Declined,
    /// The offer rang out.
    Missed,
}

/// Live figures of one department.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Lane {
    /// Which.
    pub department: DepartmentKey,
    /// How many wait live.
    #[ts(type = "number")]
    pub waiting: u64,
    /// How many messages were left and wait to be answered; not among `waiting`.
    #[ts(type = "number")]
    pub messages: u64,
    /// The longest of the present live waits, as of this frame.
    pub longest_wait_ms: Millis,
    /// Agents who take its conversations.
    #[ts(type = "number")]
    pub agents_online: u64,
    /// Places free at them.
    #[ts(type = "number")]
    pub free_slots: u64,
    /// What somebody who comes now would wait; null while unknown.
    pub eta: Option<Eta>,
    /// The share that the department's standard counts as answered in time, of those who arrived within the last 24 hours, 0 … 1;
    /// null while there were none.
    pub service_level: Option<f64>,
    /// How many of those who arrived within the last 24 hours gave up.
    #[ts(type = "number")]
    pub abandoned: u64,
    /// What the department promises itself.
    pub standard: Standard,
    /// Those who arrived within the last 15 minutes.
    pub quarter: LaneFigures,
    /// Those who arrived within the last 24 hours.
    pub day: LaneFigures,
    /// What came of promises of late.
    pub promises: LanePromises,
    /// What is to come as things stand; null while too little is known of how long chats take.
    pub staffing: Option<LaneStaffing>,
}

/// One who waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct WaitingRow {
    /// Which.
    pub conversation: ConversationId,
    /// In whose line.
    pub department: DepartmentKey,
    /// Since when the place counts.
    pub enqueued_at: At,
    /// −2 … 2, higher first.
    pub priority: i8,
    /// Chat now or answer later.
    pub mode: Mode,
    /// Who.
    pub visitor: VisitorCard,
    /// Their first words.
    pub summary: String,
    /// What was promised first, of the wait as a whole; absent while nothing was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub promised: Option<Eta>,
    /// How long they will still wait; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub eta: Option<Eta>,
}
