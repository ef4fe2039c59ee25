//! The figures in a department's lane: waits of those who came of late, and what is to come.
//!
//! Part of the `lanes` frame; filled by the desk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::id::AgentId;
use crate::model::time::{At, Millis};

/// How visitors of a department waited who arrived within a time that ends now. Open waits count, with their length so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LaneFigures {
    /// Who came.
    #[ts(type = "number")]
    pub offered: u64,
    /// Answered by now.
    #[ts(type = "number")]
    pub answered: u64,
    /// Gone by now.
    #[ts(type = "number")]
    pub abandoned: u64,
    /// Of these, within 5 s.
    #[ts(type = "number")]
    pub short_abandoned: u64,
    /// Waiting still.
    #[ts(type = "number")]
    pub open: u64,
    /// What the standard counts as answered in time.
    #[ts(type = "number")]
    pub in_time: u64,
    /// And of how many.
    #[ts(type = "number")]
    pub judged: u64,
    /// Half of the answered and open waits are no longer; null where there are none.
    pub p50_ms: Option<Millis>,
    /// Nine in ten are no longer.
    pub p90_ms: Option<Millis>,
    /// Nineteen in twenty are no longer.
    pub p95_ms: Option<Millis>,
    /// The longest wait of anybody.
    pub max_ms: Option<Millis>,
    /// How much of the time at the desk its agents had a chat to look after, 0 … 1; null without agents. Who serves several
    /// departments counts in each.
    pub occupancy: Option<f64>,
    /// How much of their places was taken.
    pub slot_occupancy: Option<f64>,
    /// What became of those who were answered.
    pub talks: LaneTalks,
}

/// What became of those of them who were answered, as far as it is known by now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LaneTalks {
    /// Conversations that an agent has or had.
    #[ts(type = "number")]
    pub served: u64,
    /// From arrival to the first word of the desk: half of them took no longer; null where there is none.
    pub response_p50_ms: Option<Millis>,
    /// Nine in ten took no longer.
    pub response_p90_ms: Option<Millis>,
    /// Times that an agent was done with a conversation.
    #[ts(type = "number")]
    pub handled: u64,
    /// Half of these took no longer, from getting it on; null where there is none.
    pub handled_p50_ms: Option<Millis>,
    /// Nine in ten took no longer.
    pub handled_p90_ms: Option<Millis>,
    /// Greeted within 60 s of being taken.
    #[ts(type = "number")]
    pub greeted: u64,
    /// Not greeted within 60 s.
    #[ts(type = "number")]
    pub ungreeted: u64,
    /// Of those served, with a visitor's word that had no answer for more than 30 s.
    #[ts(type = "number")]
    pub silent: u64,
    /// Handed on, to an agent or a department.
    #[ts(type = "number")]
    pub transfers: u64,
    /// How many gave a score.
    #[ts(type = "number")]
    pub rated: u64,
    /// The mean of the scores, 1 … 5; null where there is none.
    pub score: Option<f64>,
}

/// What came of the first promises of the waits of a department whose turn came within the last four hours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LanePromises {
    /// The wait was shorter than the promised median.
    #[ts(type = "number")]
    pub early: u64,
    /// It was not, and within the 90th percentile: with `early` these are the promises that were kept, nine in ten of all.
    #[ts(type = "number")]
    pub within: u64,
    /// It was longer.
    #[ts(type = "number")]
    pub late: u64,
    /// Half of the medians were off by no more, either way; null where there is none.
    pub error_median_ms: Option<Millis>,
}

/// A visitor who waits for a word of the agent who has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Silence {
    /// Who should say something.
    pub agent: AgentId,
    /// Since when the visitor waits: of the agent's visitors the one who has waited longest.
    pub since: At,
}

/// What a number of agents would do now (Erlang A for agents with several chats at once).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LaneStaffing {
    /// Agents on now.
    pub agents: u32,
    /// At the rate of the last 15 minutes.
    pub arrivals_per_hour: f64,
    /// From one agent fewer to two more.
    pub steps: Vec<StaffingStep>,
    /// What is to be expected at the end of each of the next four quarter hours if visitors go on coming so.
    pub ahead: Vec<LaneCourse>,
    /// The standard will be missed if nothing changes.
    pub warning: Option<LaneWarning>,
}

/// What is to be expected at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LaneCourse {
    /// When.
    pub at: At,
    /// Agents who will be on, as far as their shifts are planned.
    pub agents: u32,
    /// The share answered in time.
    pub service_level: f64,
    /// The same if more come than of late, by as much as is usual between two quarter hours.
    pub low: f64,
    /// And if fewer come.
    pub high: f64,
}

/// One number of agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct StaffingStep {
    /// So many.
    pub agents: u32,
    /// The share answered in time.
    pub service_level: f64,
    /// The mean wait; null where the line only grows.
    pub wait_ms: Option<Millis>,
    /// How much of their places is taken.
    pub occupancy: f64,
}

/// A standard that will be missed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LaneWarning {
    /// The service level to expect.
    pub expected: f64,
    /// Why.
    pub reason: WarningReason,
    /// Arrivals in the hour before the last 15 minutes.
    pub arrivals_before_per_hour: f64,
    /// Agents who would keep the standard; null where no number would, or where it is the line that is late.
    pub agents_needed: Option<u32>,
    /// When; null is now.
    pub at: Option<At>,
    /// Whose shifts end until then, where that is the reason.
    pub leaving: Vec<AgentId>,
}

/// Why a standard will be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningReason {
    /// More visitors come than before.
    Arrivals,
    /// There are too few agents for those who come.
    Agents,
    /// Too many wait already.
    Line,
    /// Shifts end.
    Shifts,
}
