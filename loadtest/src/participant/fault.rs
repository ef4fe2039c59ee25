//! The breaches of the contract that a participant notices, and what may go wrong for one that is scripted.
//!
//! A [`Fault`] is the server's mistake and never excusable; a [`Trouble`] is what a caller of a participant gets back,
//! and includes the honest answers (a refusal, a closed socket, a deadline that passed).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::wire::{ConversationId, Refusal};

/// Which promise was broken. One name a promise, so that reports can count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// `prev` (or, for an agent, `seq`) skips events that this follower never got.
    Gap,
    /// An event came twice within one following.
    Duplicate,
    /// An event came after a later one, or its `prev` does not fit its place.
    Reorder,
    /// A `seq` seen before came back with other content.
    Changed,
    /// An event appeared at a place of the log that was already known to be complete.
    Inserted,
    /// `at` is earlier than that of the event before it.
    TimeFell,
    /// A frame about a conversation that this participant does not follow.
    NotFollowed,
    /// A visitor was shown what only agents may see.
    Leaked,
    /// One command made the same thing happen twice.
    DoneTwice,
    /// A conversation was given to an agent while it already had an owner.
    TwoOwners,
    /// An event that cannot happen in the state that the log was in.
    Impossible,
    /// A wait is not measured, or a place not kept, as the contract says.
    WrongWait,
    /// A repeated command got another ack.
    AckChanged,
    /// An ack and the event it names disagree.
    AckContradicts,
    /// An acknowledged event never arrived.
    AckLost,
    /// An ack for a command that this participant never gave.
    AckUnasked,
    /// A command that was acknowledged was refused afterwards.
    RefusedAfterAck,
    /// A command that was refused for good happened all the same.
    HappenedThoughRefused,
    /// The event of an own command does not carry what was sent.
    WrongContent,
    /// After a reconnect the server knows less of a log than this participant was shown before.
    HistoryLost,
    /// After a reconnect the visitor is another one, or the token of the last `welcome` is refused.
    IdentityLost,
    /// A conversation was taken from an agent without the event that takes it.
    TakenSilently,
    /// A frame that is not what the contract says.
    BadFrame,
    /// A log read over HTTP is not the one that came over the socket, or two readers see different logs.
    Differs,
}

/// One breach of the contract, with what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
pub struct Fault {
    pub breach: Breach,
    pub conversation: Option<ConversationId>,
    pub detail: String,
}

impl Fault {
    /// A breach within one conversation.
    pub fn of(breach: Breach, conversation: ConversationId, detail: impl Into<String>) -> Self {
        Self {
            breach,
            conversation: Some(conversation),
            detail: detail.into(),
        }
    }

    /// A breach that belongs to no single conversation.
    pub fn general(breach: Breach, detail: impl Into<String>) -> Self {
        Self {
            breach,
            conversation: None,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.breach, self.detail)?;
        match &self.conversation {
            Some(conversation) => write!(formatter, " (conversation {conversation})"),
            None => Ok(()),
        }
    }
}

/// Why a participant could not do what it was asked.
#[derive(Debug, Error)]
pub enum Trouble {
    #[error("the server broke the contract: {0}")]
    Fault(#[from] Fault),
    #[error("refused: {0}")]
    Refused(Box<Refusal>),
    #[error("waited {waited_ms} ms for {what}; last frames: {last}")]
    Deadline {
        what: String,
        waited_ms: u64,
        last: String,
    },
    #[error("the socket was closed with {code}: {reason}")]
    Closed { code: u16, reason: String },
    #[error("the upgrade was answered with HTTP {status}: {}", detail_of(body))]
    Upgrade {
        status: u16,
        retry_after_s: Option<u64>,
        body: String,
    },
    #[error("no connection to {address}: {reason}")]
    Connect { address: String, reason: String },
    #[error("{0}")]
    Setting(String),
    #[error("HTTP {method} {path} was answered with {status}: {body}")]
    Http {
        method: String,
        path: String,
        status: u16,
        body: String,
    },
}

/// The sentence for people in a problem document (RFC 9457); any other body as it is.
fn detail_of(body: &str) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let detail = problem
        .as_ref()
        .and_then(|problem| problem.get("detail")?.as_str());
    detail.unwrap_or(body).to_owned()
}
