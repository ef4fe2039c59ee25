//! Error codes, the `error` frame and the close codes: a table that says whether to come back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::id::{CommandId, ConversationId};
use crate::model::time::Millis;

/// Why a frame was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// `t` names no frame of this socket.
    UnknownType,
    /// Not JSON, or not an object.
    BadFrame,
    /// A field is missing or wrong; `field` names it.
    BadField,
    /// The credential is forged, expired or of another site.
    Unauthorized,
    /// Known, but not allowed.
    Forbidden,
    /// There is no such thing, or it is not yours.
    NotFound,
    /// Not in this state.
    WrongState,
    /// Somebody else was faster, or it contradicts what is.
    Conflict,
    /// Longer than the limit.
    TooLarge,
    /// Too many; `retry_ms` says when to come back.
    RateLimited,
    /// As many wait in the line as may; a message may be left.
    QueueFull,
    /// The department is closed; a message may be left.
    ClosedHours,
    /// The store does not answer; `retry_ms` says when to repeat.
    Unavailable,
}

/// Says why a frame was refused. Final, unless it carries `retry_ms`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ErrorFrame {
    /// Why, for programs.
    pub code: ErrorCode,
    /// Why, for people: a sentence.
    pub message: String,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub field: Option<String>,
    /// The refused command.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub cmd: Option<CommandId>,
    /// The conversation it was about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub conversation: Option<ConversationId>,
    /// The refused frame's `t`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub re: Option<String>,
    /// Repeat the same frame after so long.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub retry_ms: Option<Millis>,
}

impl ErrorFrame {
    /// An error of this code in these words.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            cmd: None,
            conversation: None,
            re: None,
            retry_ms: None,
        }
    }

    /// A `bad_field` about this field.
    #[must_use]
    pub fn bad_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(ErrorCode::BadField, message)
        }
    }

    /// The same, to be repeated after `retry`.
    #[must_use]
    pub fn retry(self, retry: Millis) -> Self {
        Self {
            retry_ms: Some(retry),
            ..self
        }
    }
}

/// Why the server ends a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// 1003: a binary frame. Never send that frame again.
    Binary,
    /// 1007: a text frame that is not UTF-8. Never send that frame again.
    BadUtf8,
    /// 1008: a breach of policy, or signed out. Come back only with another credential.
    Policy,
    /// 1009: a frame over the limit. Never send that frame again.
    TooBig,
    /// 1012: this node goes away. Come back after `bye.retry_ms`.
    Restart,
    /// 1013: the reader fell behind. Come back and resume.
    TooSlow,
}

impl Close {
    /// The code of RFC 6455, section 7.4.1, and the registry it founded.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Close::Binary => 1003,
            Close::BadUtf8 => 1007,
            Close::Policy => 1008,
            Close::TooBig => 1009,
            Close::Restart => 1012,
            Close::TooSlow => 1013,
        }
    }

    /// Two words for whoever reads a log of closes.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Close::Binary => "binary frame",
            Close::BadUtf8 => "bad utf-8",
            Close::Policy => "policy",
            Close::TooBig => "frame too big",
            Close::Restart => "restart",
            Close::TooSlow => "too slow",
        }
    }
}
