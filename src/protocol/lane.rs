//! The figures in a department's lane: waits of those who came of late, and what is to come.
//!
//! Part of the `lanes` frame; filled by the desk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::time::Millis;

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
    /// The standard will be missed if nothing changes.
    pub warning: Option<LaneWarning>,
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
}
