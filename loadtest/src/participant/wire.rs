//! The frames of the contract as an outsider reads them: only the fields that a participant uses, unknown ones ignored.
//!
//! The minds parse every text frame with these types; one that does not fit is a fault. Nothing here is shared with the
//! server, on purpose.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id!(
    /// One conversation, and so one log.
    ConversationId
);
id!(
    /// One command of one sender.
    CommandId
);

impl CommandId {
    /// A fresh id. In time order, because a server's unique index over such ids is cheaper than over random ones.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }
}

/// Milliseconds since the Unix epoch, on the server's clock.
pub type At = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Visitor,
    Agent,
    Bot,
    System,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Author {
    pub role: Role,
    pub id: Option<String>,
    pub name: Option<String>,
    pub avatar: Option<String>,
}

/// One event of a log, as a follower gets it and as HTTP lists it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Event {
    pub conversation: ConversationId,
    pub seq: u64,
    pub prev: u64,
    pub at: At,
    pub cmd: Option<CommandId>,
    pub kind: String,
    pub from: Author,
    /// The fields of its kind.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Event {
    /// The text of a message or note.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.fields.get("text").and_then(Value::as_str)
    }

    /// A whole number among the fields of the kind.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<u64> {
        self.fields.get(field).and_then(Value::as_u64)
    }

    /// The agent that an `assigned` (or any event with an `agent` object) names.
    #[must_use]
    pub fn agent_id(&self) -> Option<&str> {
        self.fields.get("agent")?.get("id")?.as_str()
    }

    /// A digest of everything the event says, so that a million of them can be compared without being kept.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.conversation, self.seq, self.prev, self.at, self.cmd).hash(&mut hasher);
        (&self.kind, &self.from).hash(&mut hasher);
        hash_object(&self.fields, &mut hasher);
        hasher.finish()
    }
}

/// Hashes the members in the order of their names, because the order in which JSON writes them means nothing. `t`
/// stands in the frames of HTTP and is already taken out of those of a socket.
fn hash_object(object: &Map<String, Value>, hasher: &mut DefaultHasher) {
    let mut names: Vec<&String> = object.keys().filter(|name| *name != "t").collect();
    names.sort_unstable();
    names.len().hash(hasher);
    for name in names {
        name.hash(hasher);
        if let Some(value) = object.get(name) {
            hash_value(value, hasher);
        }
    }
}

fn hash_value(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0u8.hash(hasher),
        Value::Bool(on) => (1u8, on).hash(hasher),
        Value::Number(number) => (2u8, number.to_string()).hash(hasher),
        Value::String(text) => (3u8, text).hash(hasher),
        Value::Array(values) => {
            (4u8, values.len()).hash(hasher);
            values.iter().for_each(|value| hash_value(value, hasher));
        }
        Value::Object(object) => {
            5u8.hash(hasher);
            hash_object(object, hasher);
        }
    }
}

/// The answer to a command that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Ack {
    pub cmd: CommandId,
    pub conversation: ConversationId,
    pub seq: u64,
    pub at: At,
}

/// An `error` frame.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    pub code: String,
    pub message: String,
    pub field: Option<String>,
    pub cmd: Option<CommandId>,
    pub conversation: Option<ConversationId>,
    pub re: Option<String>,
    pub retry_ms: Option<u64>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.code, self.message)?;
        match &self.field {
            Some(field) => write!(formatter, " in field {field}"),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Person {
    pub id: String,
    pub name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Queued,
    Offered,
    Active,
    Closed,
}

/// What `welcome` says of the visitor's conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VisitorConversation {
    pub id: ConversationId,
    pub state: State,
    pub agent: Option<Person>,
    pub seq: u64,
    pub from_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VisitorWelcome {
    pub visitor: String,
    pub token: String,
    pub epoch: String,
    pub conversation: Option<VisitorConversation>,
    pub open: bool,
    pub now: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AgentConversation {
    pub id: ConversationId,
    pub state: State,
    pub seq: u64,
    pub from_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AgentWelcome {
    pub epoch: String,
    /// The person's id, alone or within an object.
    pub agent: Value,
    pub status: String,
    pub capacity: u64,
    pub conversations: Vec<AgentConversation>,
    pub now: At,
}

impl AgentWelcome {
    #[must_use]
    pub fn agent_id(&self) -> Option<&str> {
        self.agent
            .as_str()
            .or_else(|| self.agent.get("id").and_then(Value::as_str))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AboutConversation {
    pub conversation: ConversationId,
}

/// `assigned` and `opened` on an agent's socket, and `assigned` on a visitor's (which has no `from_seq`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Given {
    pub conversation: ConversationId,
    pub seq: u64,
    pub from_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unassigned {
    pub conversation: ConversationId,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Pong {
    pub n: u64,
    pub now: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bye {
    pub reason: String,
    pub retry_ms: Option<u64>,
}

/// What a server says to a visitor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ToVisitor {
    Welcome(VisitorWelcome),
    Queued(AboutConversation),
    Queue(AboutConversation),
    Assigned(AboutConversation),
    Event(Event),
    Ack(Ack),
    Typing {},
    Read {},
    Presence {},
    Error(Refusal),
    Pong(Pong),
    Bye(Bye),
    /// A frame of a newer server: ignored, not feared.
    #[serde(other)]
    Unknown,
}

/// What a server says to an agent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ToAgent {
    Welcome(AgentWelcome),
    Offer(AboutConversation),
    Assigned(Given),
    Opened(Given),
    Unassigned(Unassigned),
    Event(Event),
    Ack(Ack),
    Typing(AboutConversation),
    Read(AboutConversation),
    Agent {},
    Lanes {},
    Waiting {},
    Viewers {},
    Visitors {},
    Error(Refusal),
    Pong(Pong),
    Bye(Bye),
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONVERSATION: &str = "0190a000-0000-7000-8000-000000000001";

    fn event(extra: &str) -> Event {
        let text = format!(
            r#"{{"conversation":"{CONVERSATION}","seq":2,"prev":1,"at":5,"kind":"message","from":{{"role":"visitor"}},{extra}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_digest_ignores_the_order_of_members_and_the_frame_type() {
        let one = event(r#""text":"a","more":{"x":1,"y":[true,null]}"#);
        let other = event(r#""t":"event","more":{"y":[true,null],"x":1},"text":"a""#);
        assert_eq!(one.digest(), other.digest());
    }

    #[test]
    fn a_digest_sees_every_field() {
        let one = event(r#""text":"a""#);
        assert_ne!(one.digest(), event(r#""text":"b""#).digest());
        assert_ne!(one.digest(), event(r#""text":"a","extra":null"#).digest());
        assert_ne!(
            one.digest(),
            Event {
                prev: 0,
                ..one.clone()
            }
            .digest()
        );
        assert_ne!(
            one.digest(),
            Event {
                at: 6,
                ..one.clone()
            }
            .digest()
        );
    }

    #[test]
    fn frames_of_a_newer_server_are_unknown_and_broken_ones_are_errors() {
        let unknown: ToVisitor = serde_json::from_str(r#"{"t":"sparkle","x":1}"#).unwrap();
        assert_eq!(unknown, ToVisitor::Unknown);
        assert!(serde_json::from_str::<ToVisitor>(r#"{"t":"ack","cmd":"no"}"#).is_err());
        let typing: ToVisitor =
            serde_json::from_str(r#"{"t":"typing","on":true,"from":{"role":"agent"}}"#).unwrap();
        assert_eq!(typing, ToVisitor::Typing {});
    }
}
