//! Frames of the visitor socket, `GET /ws/visitor`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::event::{AgentName, Fields, Mode, Sender, Seq};
use crate::model::id::{
    AttachmentId, CommandId, ConversationId, DepartmentKey, SiteKey, VisitorId,
};
use crate::model::record::{Page, ReadMarks};
use crate::model::time::{At, Millis};
use crate::protocol::error::ErrorFrame;
use crate::protocol::parts::{Ack, ByeReason, Eta, EventFrame, State};

/// What a visitor's client says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum FromVisitor {
    /// Who and where; the first frame, and any later one to start following anew.
    Hello(VisitorHello),
    /// Takes a place in a line.
    Start(VisitorStart),
    /// Says something.
    Send {
        /// Happens once.
        cmd: CommandId,
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
        /// Typing now.
        on: bool,
        /// What stands in the field, where the site allows it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        preview: Option<String>,
    },
    /// Has read up to here.
    Read {
        /// The last event seen.
        #[ts(type = "number")]
        seq: Seq,
    },
    /// Went to another page.
    Page {
        /// Its address.
        url: String,
        /// Its title.
        title: String,
    },
    /// Gives up the place in the line, or ends the chat.
    Leave {
        /// Happens once.
        cmd: CommandId,
    },
    /// Rates a closed conversation.
    Rate {
        /// Happens once.
        cmd: CommandId,
        /// 1 (very bad) … 5 (very good).
        score: u8,
        /// In the visitor's words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        comment: Option<String>,
    },
    /// Asks whether the server is there.
    Ping {
        /// Comes back in `pong`.
        #[ts(type = "number")]
        n: i64,
    },
}

/// `hello` of a visitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct VisitorHello {
    /// The site's key.
    pub site: SiteKey,
    /// From an earlier `welcome`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub token: Option<String>,
    /// From an earlier `welcome`; with another one `after` is ignored.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub epoch: Option<String>,
    /// Which conversation `after` is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub conversation: Option<ConversationId>,
    /// The last event seen of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional, type = "number")]
    pub after: Option<Seq>,
    /// Where the visitor is.
    pub page: Page,
    /// BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub lang: Option<String>,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub tz: Option<String>,
    /// A JWT that the site signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub identity: Option<String>,
}

/// `start` of a visitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct VisitorStart {
    /// Happens once.
    pub cmd: CommandId,
    /// Whose line; without it the site's first department.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub department: Option<DepartmentKey>,
    /// The site's form, filled in.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    #[ts(optional, as = "Option<Fields>")]
    pub fields: Fields,
    /// Languages or skills asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub needs: Vec<String>,
    /// Chat now (default), or answer later.
    #[serde(default, skip_serializing_if = "is_default")]
    #[ts(optional, as = "Option<Mode>")]
    pub mode: Mode,
    /// The first message.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub text: Option<String>,
}

/// What the server says to a visitor's client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ToVisitor {
    /// Answers `hello`.
    Welcome(Box<VisitorWelcome>),
    /// The conversation waits in line.
    Queued {
        /// Which.
        conversation: ConversationId,
        /// Whose line.
        department: DepartmentKey,
        /// Since when.
        enqueued_at: At,
    },
    /// Where it stands in the line.
    Queue {
        /// Which.
        conversation: ConversationId,
        /// 1 is next.
        #[ts(type = "number")]
        position: u64,
        /// How many wait in this line.
        #[ts(type = "number")]
        waiting: u64,
        /// The present wait so far.
        waited_ms: Millis,
        /// How much longer; null while unknown.
        eta: Option<Eta>,
        /// Pairing pauses: the server cannot hand out conversations just now.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        paused: Option<bool>,
        /// As of when.
        at: At,
    },
    /// An agent owns the conversation.
    Assigned {
        /// Which.
        conversation: ConversationId,
        /// Who.
        agent: AgentName,
        /// The wait that ended.
        waited_ms: Millis,
    },
    /// One event of the log.
    Event(EventFrame),
    /// A command is durable.
    Ack(Ack),
    /// Somebody types, or stopped.
    Typing {
        /// Who.
        from: Sender,
        /// Typing now.
        on: bool,
    },
    /// Somebody has read up to here.
    Read {
        /// Who.
        from: Sender,
        /// The last event seen.
        #[ts(type = "number")]
        seq: Seq,
    },
    /// Whether agents could answer now.
    Presence {
        /// They could.
        open: bool,
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

/// `welcome` of a visitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct VisitorWelcome {
    /// Who the visitor is.
    pub visitor: VisitorId,
    /// Proves it next time; valid for 30 days from now.
    pub token: String,
    /// New only after a restore.
    pub epoch: String,
    /// The open conversation, or the one closed within the last day.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub conversation: Option<VisitorConversation>,
    /// Whether agents could answer now.
    pub open: bool,
    /// The server's clock.
    pub now: At,
}

/// The conversation that `welcome` names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct VisitorConversation {
    /// Names it.
    pub id: ConversationId,
    /// Where it is.
    pub state: State,
    /// Chat now (where absent), or answered later.
    #[serde(default, skip_serializing_if = "is_default")]
    #[ts(optional, as = "Option<Mode>")]
    pub mode: Mode,
    /// Whose line or whose agent's.
    pub department: DepartmentKey,
    /// The owner.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub agent: Option<AgentName>,
    /// While it waits: since when its place counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub enqueued_at: Option<At>,
    /// The last event that the visitor may see.
    #[ts(type = "number")]
    pub seq: Seq,
    /// The log is sent from this place on.
    #[ts(type = "number")]
    pub from_seq: Seq,
    /// Who has read how far.
    pub read: ReadMarks,
}

/// What a client may leave out because it is meant anyway.
fn is_default(mode: &Mode) -> bool {
    *mode == Mode::default()
}
