//! What happens at a desk, as far as waits and work are concerned: the one kind of news from which waiting times are
//! foretold (`waiting.rs`) and figures are counted (`figures.rs`).
//!
//! Made from the events of the logs and the agents' journal, or from the lines of a trace. Plain data.

use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::At;

/// Where somebody waits: a line, and the place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose line.
    pub department: DepartmentKey,
    /// The order key within it; smaller is served first.
    pub key: i64,
    /// Who; the smaller id goes first where keys are equal.
    pub conversation: ConversationId,
}

/// One piece of news. When it happened is told beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A conversation took its place in a line.
    Arrived(Place),
    /// An agent has it now. One that was never in a line (handed from agent to agent) has a place all the same.
    Assigned {
        /// Where it waited.
        place: Place,
        /// Who has it.
        agent: AgentId,
    },
    /// It left the line unserved.
    Left(Place),
    /// An agent is done with it: closed, or handed on.
    Ended {
        /// Which.
        conversation: ConversationId,
    },
    /// An agent takes conversations from now on; told again when capacity or departments change.
    AgentOn {
        /// Who.
        agent: AgentId,
        /// So many at once.
        capacity: u32,
        /// From these lines.
        departments: Vec<DepartmentKey>,
    },
    /// An agent takes no new conversations; the running ones go on.
    AgentOff {
        /// Who.
        agent: AgentId,
    },
}

/// When an agent means to work, as far as a plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedShifts {
    /// Who.
    pub agent: AgentId,
    /// Conversations at once.
    pub capacity: u32,
    /// The lines served.
    pub departments: Vec<DepartmentKey>,
    /// From when until when, in order and apart; without an end it lasts as long as anybody plans.
    pub shifts: Vec<(At, Option<At>)>,
}
