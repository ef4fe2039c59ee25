//! Parts that frames of both sockets share.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::event::{Body, Event, Sender, Seq, View};
use crate::model::id::{CommandId, ConversationId, VisitorId};
use crate::model::record::{Attribute, Page};
use crate::model::time::{At, Millis};

/// Where a conversation is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// In line.
    Queued,
    /// In line, and ringing at an agent.
    Offered,
    /// With an agent.
    Active,
    /// Over.
    Closed,
}

/// One event of a conversation's log, as this follower may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct EventFrame {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Its place in the log.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub seq: Seq,
    /// The place of the event before it that this follower may see; 0 for the first.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub prev: Seq,
    /// When it became durable.
    pub at: At,
    /// The command that made it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub cmd: Option<CommandId>,
    /// Who made it.
    pub from: Sender,
    /// What happened.
    #[serde(flatten)]
    #[ts(flatten)]
    pub body: Body,
}

impl EventFrame {
    /// The event as `view` may see it.
    #[must_use]
    pub fn of(conversation: ConversationId, prev: Seq, event: &Event, view: View) -> Self {
        let body = match view {
            View::Visitor => event.body.for_visitors(),
            View::Agent => event.body.clone(),
        };
        Self {
            conversation,
            seq: event.seq,
            prev,
            at: event.at,
            cmd: event.cmd,
            from: event.from.clone(),
            body,
        }
    }
}

/// Says that a command is on durable storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Ack {
    /// Which command.
    pub cmd: CommandId,
    /// Where it was written.
    pub conversation: ConversationId,
    /// The last event it made.
    #[ts(type = "number")]
    pub seq: Seq,
    /// When that was written.
    pub at: At,
}

/// How long somebody may still wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Eta {
    /// Half wait at most so long.
    pub p50_ms: Millis,
    /// Nine in ten wait at most so long.
    pub p90_ms: Millis,
}

impl Eta {
    /// The range that people are shown, in whole minutes, rounded the honest way: the low end down, the high end up, coarser the
    /// longer it is. The same as `rangeOf` in `widget/eta.ts`: whoever shows equal ranges shows equal words.
    #[must_use]
    pub fn shown(self) -> (i64, i64) {
        const MINUTE_MS: i64 = 60_000;
        let step = match self.p90_ms.0 {
            ms if ms <= 10 * MINUTE_MS => 1,
            ms if ms <= 30 * MINUTE_MS => 5,
            ms if ms <= 60 * MINUTE_MS => 15,
            _ => 30,
        };
        let unit = step * MINUTE_MS;
        let high = (self.p90_ms.0.max(1) + unit - 1) / unit * step;
        let low = (self.p50_ms.0.max(0) / unit * step).max(1);
        (low.min(high), high)
    }
}

/// A visitor as agents see one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct VisitorCard {
    /// Who.
    pub id: VisitorId,
    /// As signed or filled in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub name: Option<String>,
    /// As signed or filled in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub email: Option<String>,
    /// Whether the site signed who this is.
    pub verified: bool,
    /// What else is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    #[ts(optional, as = "Option<BTreeMap<String, Attribute>>")]
    pub attributes: BTreeMap<String, Attribute>,
    /// BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub lang: Option<String>,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub tz: Option<String>,
    /// Where they are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub page: Option<Page>,
}

/// Why the server says good-bye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// The node goes away; come back after `retry_ms`.
    Restart,
    /// The session ended; sign in again.
    SignedOut,
}
