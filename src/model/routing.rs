//! How far a department reaches for somebody to serve those who wait in it: as its settings say it and a store keeps it.
//!
//! One nested value of a [`Department`](crate::model::record::Department), kept as one JSON text and replaced whole. Whatever is
//! absent has the default of [`Routing::default`]: wait for the department's own agents, however many wait. The limits of each
//! member are checked where it comes in, in `web/rest/routing.rs`. Pairing reads it, and the desk when a chat begins and
//! when a department closes.

use serde::{Deserialize, Serialize};

use crate::model::id::DepartmentKey;
use crate::model::time::Millis;

/// A department's rules beside its own line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Routing {
    /// After the first span of the present wait the last of the visitor's needs is dropped, after the next the one before it,
    /// and so on: needs are told most important first. At most 8, rising, each at most 24 hours. What no agent of the department
    /// has is no need from the start.
    #[serde(rename = "relax_after_ms")]
    pub relax_after: Vec<Millis>,
    /// A wait that has lasted so long, or is predicted to last so long in all, is open to the agents of the stand-ins who are
    /// there, where nobody of its own is free; null is never.
    #[serde(rename = "overflow_after_ms")]
    pub overflow_after: Option<Millis>,
    /// Who stands in, in this order; at most 8 other departments. While this department is closed new chats go to the first of
    /// them that is open (teams in other time zones: follow the sun), and who waits when it closes moves there too, with their old
    /// place in time. After `overflow_after_ms` they may take who waits here, beside this department's own agents.
    pub stand_ins: Vec<DepartmentKey>,
    /// So many may wait live; whoever comes then, while nobody is free, is refused with `queue_full` and may leave a message. 0
    /// is: nobody waits; null is no limit.
    pub queue_max: Option<u32>,
    /// Whether the visitor's language (the primary subtag of what the page or browser said: `nl` of `nl-BE`) is a need by
    /// itself, first of all, if anybody in the department has it as a skill.
    pub speaks: bool,
}
