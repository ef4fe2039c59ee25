//! Why a conversation came to an agent: part of `assigned`, for agents only.
//!
//! Made by `domain::routing` where a claim was, by `domain::conversation` where somebody took or was handed it. Written into
//! the log, so that the answer is the same for ever, whichever engine paired them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::time::Millis;

/// Why this agent got this conversation, as it stood when that was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct Why {
    /// What decided.
    pub rule: Rule,
    /// Conversations the agent had already.
    pub load: u32,
    /// Conversations at once that the agent takes.
    pub capacity: u8,
    /// How long nothing had changed at the agent's; of who took it or was handed it nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub idle_ms: Option<Millis>,
    /// Agents with a free place who could have had it, this one among them.
    pub eligible: u32,
}

/// What decided who gets a conversation.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    TS,
    JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Of the free agents with the smallest share of their capacity taken, the one for whom nothing had changed longest.
    LongestIdle,
    /// Of several free agents the one with the smallest share of the capacity taken.
    LeastLoad,
    /// Only this agent was free, and took who stood first.
    HeadOfLine,
    /// This agent served the visitor last, and was free.
    LastAgent,
    /// A need that this agent lacks was given up after a while.
    Relaxed,
    /// An agent of a department that stands in, after a while or in view of the wait.
    Overflow,
    /// Somebody took it themselves.
    Taken,
    /// A colleague handed it on.
    Transferred,
}
