//! The events of a conversation's log, as they are stored and as agents see them.
//!
//! A log is a list of [`Event`]s with `seq` 1, 2, 3 … and `at` never falling. Everything that is true of a
//! conversation follows from its log; `domain::conversation` folds it. Some events, and some fields, only agents may
//! see: [`Body::is_for_visitors`] and [`Body::for_visitors`] are the one place that decides.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::id::{AgentId, ArticleId, AttachmentId, CommandId, DepartmentKey, VisitorId};
use crate::model::time::{At, Millis};
use crate::model::why::Why;

/// Place of an event in its log, from 1 without gaps; 0 is "before the first".
pub type Seq = u64;

/// What a visitor filled in before the chat: the site's form, by field name.
pub type Fields = BTreeMap<String, String>;

/// One event of a log, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the log.
    pub seq: Seq,
    /// When it became durable, by the store's clock.
    pub at: At,
    /// The command that made it, where one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cmd: Option<CommandId>,
    /// Who made it.
    pub from: Sender,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
}

/// Who made an event or typed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct Sender {
    /// In which capacity.
    pub role: Role,
    /// The visitor's or agent's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional, type = "string")]
    #[schemars(with = "Option<uuid::Uuid>")]
    pub id: Option<uuid::Uuid>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub name: Option<String>,
}

impl Sender {
    /// The server itself.
    #[must_use]
    pub fn system() -> Self {
        Self {
            role: Role::System,
            id: None,
            name: None,
        }
    }

    /// The visitor of the conversation.
    #[must_use]
    pub fn visitor(id: VisitorId, name: Option<String>) -> Self {
        Self {
            role: Role::Visitor,
            id: Some(id.0),
            name,
        }
    }

    /// An agent.
    #[must_use]
    pub fn agent(agent: &AgentName) -> Self {
        Self {
            role: Role::Agent,
            id: Some(agent.id.0),
            name: Some(agent.name.clone()),
        }
    }
}

/// A file that was sent, as everybody who may see the event knows it. Never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct Attachment {
    /// Names it, and its bytes.
    pub id: AttachmentId,
    /// The name it was sent under, cleaned: to be shown as text.
    pub name: String,
    /// Its media type, by content.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Its size.
    #[ts(type = "number")]
    pub bytes: u64,
    /// As shown, of a picture whose size could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub width: Option<u32>,
    /// As shown, of a picture whose size could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub height: Option<u32>,
}

/// In which capacity somebody speaks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The visitor who started the conversation.
    Visitor,
    /// A person at the desk.
    Agent,
    /// An automatic answerer.
    Bot,
    /// The server.
    System,
}

/// An agent as a visitor may know one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct AgentName {
    /// Who.
    pub id: AgentId,
    /// The name to show.
    pub name: String,
}

/// An article that was sent: what it was called then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct ArticleName {
    /// Which; it may have been changed, hidden or removed since.
    pub id: ArticleId,
    /// Its title.
    pub title: String,
}

/// How the visitor asked: to chat now, or to be answered later.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    TS,
    JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A live chat.
    #[default]
    Chat,
    /// Left to be answered later: nobody sits and waits, and those who do go first.
    Message,
}

/// Why a conversation went back into the line.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RequeueReason {
    /// The agent's last socket was gone for longer than the grace time.
    AgentGone,
    /// The agent was removed from the desk.
    AgentRemoved,
}

/// Why a conversation ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// An agent closed it.
    Agent,
    /// The visitor ended the chat.
    Visitor,
    /// The visitor gave up the place in the line.
    Left,
    /// The waiting visitor's grace time ran out.
    Abandoned,
    /// The server closed it: nobody said anything for longer than the department allows.
    System,
}

/// Where a transfer goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferredTo {
    /// To a certain agent.
    Agent(AgentName),
    /// Into another department's line.
    Department(DepartmentKey),
}

/// What happened, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// The visitor took a place in a line.
    Queued {
        /// Whose line.
        department: DepartmentKey,
        /// When the place was taken: equal to the event's `at`, kept for ever.
        enqueued_at: At,
        /// Chat now, or answer later.
        mode: Mode,
        /// What the visitor filled in.
        #[schema(value_type = BTreeMap<String, String>)]
        fields: Fields,
        /// Languages or skills asked for.
        needs: Vec<String>,
        /// −2 … 2, higher first. Agents only.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        priority: Option<i8>,
    },
    /// Somebody said something, or sent a file.
    Message {
        /// What was said: plain text, never markup. Empty, and absent on the wire, where a file was sent.
        #[serde(skip_serializing_if = "String::is_empty", default)]
        #[ts(as = "Option<String>", optional)]
        text: String,
        /// The file that was sent instead of words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        attachment: Option<Attachment>,
        /// The article that an agent sent with it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        article: Option<ArticleName>,
    },
    /// An agent owns the conversation from here.
    Assigned {
        /// The new owner.
        agent: AgentName,
        /// The department it was waiting in.
        department: DepartmentKey,
        /// The wait that ended here.
        waited_ms: Millis,
        /// Why this agent got it. Agents only; logs of old versions have none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        why: Option<Why>,
    },
    /// Its owner gave it to somebody else.
    Transferred {
        /// To whom.
        to: TransferredTo,
    },
    /// It went back into the line at its old place.
    Requeued {
        /// Whose line.
        department: DepartmentKey,
        /// The first `enqueued_at`, which is the place.
        enqueued_at: At,
        /// Why.
        reason: RequeueReason,
    },
    /// The owner's sockets are gone and the grace time runs.
    AgentAway {
        /// Who.
        agent: AgentName,
    },
    /// The owner is back.
    AgentBack {
        /// Who.
        agent: AgentName,
    },
    /// The conversation ended.
    Closed {
        /// Why.
        reason: CloseReason,
        /// The wait that was given up, for `left` and `abandoned`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        waited_ms: Option<Millis>,
        /// What the agent filed it under. Agents only.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        tags: Option<Vec<String>>,
    },
    /// The visitor rated it.
    Rated {
        /// 1 (very bad) … 5 (very good).
        score: u8,
        /// In the visitor's words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        comment: Option<String>,
    },
    /// A word among agents, or a file.
    Note {
        /// The note: plain text. Empty, and absent on the wire, where a file was left.
        #[serde(skip_serializing_if = "String::is_empty", default)]
        #[ts(as = "Option<String>", optional)]
        text: String,
        /// The file that was left instead of words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[ts(optional)]
        attachment: Option<Attachment>,
    },
}

impl Body {
    /// A message in words.
    #[must_use]
    pub fn said(text: String) -> Self {
        Body::Message {
            text,
            attachment: None,
            article: None,
        }
    }

    /// A note in words.
    #[must_use]
    pub fn noted(text: String) -> Self {
        let attachment = None;
        Body::Note { text, attachment }
    }

    /// Whether a visitor may see the event at all.
    #[must_use]
    pub fn is_for_visitors(&self) -> bool {
        !matches!(self, Body::Note { .. })
    }

    /// The event's fields as a visitor may see them.
    #[must_use]
    pub fn for_visitors(&self) -> Body {
        match self {
            Body::Queued {
                department,
                enqueued_at,
                mode,
                fields,
                needs,
                priority: _,
            } => Body::Queued {
                department: department.clone(),
                enqueued_at: *enqueued_at,
                mode: *mode,
                fields: fields.clone(),
                needs: needs.clone(),
                priority: None,
            },
            Body::Assigned {
                agent,
                department,
                waited_ms,
                why: _,
            } => Body::Assigned {
                agent: agent.clone(),
                department: department.clone(),
                waited_ms: *waited_ms,
                why: None,
            },
            Body::Closed {
                reason,
                waited_ms,
                tags: _,
            } => Body::Closed {
                reason: *reason,
                waited_ms: *waited_ms,
                tags: None,
            },
            Body::Message { .. }
            | Body::Transferred { .. }
            | Body::Requeued { .. }
            | Body::AgentAway { .. }
            | Body::AgentBack { .. }
            | Body::Rated { .. }
            | Body::Note { .. } => self.clone(),
        }
    }

    /// The kind's name, as on the wire and in the store.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Body::Queued { .. } => "queued",
            Body::Message { .. } => "message",
            Body::Assigned { .. } => "assigned",
            Body::Transferred { .. } => "transferred",
            Body::Requeued { .. } => "requeued",
            Body::AgentAway { .. } => "agent_away",
            Body::AgentBack { .. } => "agent_back",
            Body::Closed { .. } => "closed",
            Body::Rated { .. } => "rated",
            Body::Note { .. } => "note",
        }
    }
}

/// Who looks at a log: a visitor sees less than an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The visitor whose conversation it is.
    Visitor,
    /// Somebody at the desk.
    Agent,
}

impl View {
    /// Whether the event shows in this view.
    #[must_use]
    pub fn shows(self, body: &Body) -> bool {
        match self {
            View::Visitor => body.is_for_visitors(),
            View::Agent => true,
        }
    }
}
