//! What happens at a desk, as far as waits and work are concerned: the one kind of news from which waiting times are
//! foretold (`waiting.rs`) and figures are counted (`figures.rs`).
//!
//! Made from the events of the logs ([`Trails`]) and the agents' journal ([`of_seat`]), or from the lines of a trace. Plain
//! data.
//!
//! A left message (`mode: message`) waits for nobody: its visitor is gone, it stands behind everybody who waits live and
//! nobody is promised anything. So it never arrives in a line here and never leaves one; but once an agent works at it, it
//! takes a place of theirs like any chat: it is assigned, and it ends.

use std::collections::HashMap;

use crate::model::event::{Body, CloseReason, Mode, Role, TransferredTo};
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::record::Status;
use crate::model::time::{At, Millis};

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
    /// Its visitor gave up: it left the line unserved.
    Left {
        /// Where it waited.
        place: Place,
        /// How long ago the visitor had gone, when that was noticed: the wait ended then.
        gone_for: Millis,
    },
    /// The desk took it out of the line, closed it or moved it to another one, where it then arrives: neither answered nor
    /// given up.
    TakenOut(Place),
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

/// Who says something in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The visitor.
    Visitor,
    /// An agent, or an automatic answerer.
    Desk,
}

/// What is said in a conversation and of it: figures count it, waits are not foretold from it. When, and in which, is
/// told beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// A message.
    Said(Speaker),
    /// Its agent hands it on; that the agent is done with it, and who has it then, is told as a [`Happening`].
    Transferred,
    /// The visitor's score, 1 to 5.
    Rated(u8),
}

impl Word {
    /// What somebody's message is to figures; what the desk writes by itself is nobody's word.
    #[must_use]
    pub fn of_message(role: Role) -> Option<Self> {
        match role {
            Role::Visitor => Some(Self::Said(Speaker::Visitor)),
            Role::Agent | Role::Bot => Some(Self::Said(Speaker::Desk)),
            Role::System => None,
        }
    }
}

/// What happens, with what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Waits and work.
    Happening(Happening),
    /// A word in a conversation, or of it.
    Word(ConversationId, Word),
}

impl News {
    /// What it says of waits and work, if it does.
    #[must_use]
    pub fn happening(&self) -> Option<&Happening> {
        match self {
            Self::Happening(happening) => Some(happening),
            Self::Word(..) => None,
        }
    }
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

impl PlannedShifts {
    /// The shift that goes on at a moment: when it ends, if it does.
    fn at(&self, moment: At) -> Option<&(At, Option<At>)> {
        let covers =
            |(from, to): &&(At, Option<At>)| *from <= moment && to.is_none_or(|to| moment < to);
        self.shifts.iter().find(covers)
    }

    /// Whether who is on, or is not, will be at a later moment, by the plan alone: who is in a shift goes with its end, and
    /// comes with the next. Nothing is said of who is on or away beside the plan.
    #[must_use]
    pub fn will_be_on(&self, is_on: bool, now: At, then: At) -> bool {
        match (self.at(now), self.at(then)) {
            // In the same shift: as now.
            (Some(present), Some(later)) if present == later => is_on,
            (_, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => is_on,
        }
    }
}

/// What a change of an agent's seat means, as the journal tells it.
#[must_use]
pub fn of_seat(
    agent: AgentId,
    status: Status,
    capacity: u8,
    departments: &[DepartmentKey],
) -> Happening {
    match status {
        Status::Online => Happening::AgentOn {
            agent,
            capacity: u32::from(capacity),
            departments: departments.to_vec(),
        },
        Status::Away | Status::Offline => Happening::AgentOff { agent },
    }
}

/// One event of a log that moves its conversation, with what is fixed of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// Which.
    pub conversation: ConversationId,
    /// Its order key.
    pub key: i64,
    /// Whether somebody waits live.
    pub mode: Mode,
    /// The event.
    pub body: Body,
}

/// Makes happenings of the logs' events, told in order: an event says where a conversation goes, a trail knows where it
/// comes from. An entry for each open conversation, no more.
#[derive(Debug, Default)]
pub struct Trails(HashMap<ConversationId, Trail>);

#[derive(Debug)]
struct Trail {
    department: DepartmentKey,
    stand: Stand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// In a line, since then.
    Waiting(At),
    /// On its way from one agent to another, in no line.
    Handed,
    /// With an agent.
    Served,
}

impl Trails {
    /// What an event means, in order; nothing for those that move nobody.
    pub fn follow(&mut self, at: At, step: &Move) -> Vec<Happening> {
        let mut happenings = match &step.body {
            Body::Queued { department, .. } | Body::Requeued { department, .. } => {
                self.waits(at, step, department)
            }
            Body::Assigned {
                agent, department, ..
            } => {
                let place = step.place(department);
                self.stand(step, department, Stand::Served);
                let agent = agent.id;
                vec![Happening::Assigned { place, agent }]
            }
            Body::Transferred {
                to: TransferredTo::Department(department),
            } => self.waits(at, step, department),
            Body::Transferred {
                to: TransferredTo::Agent(_),
            } => self.handed(step),
            Body::Closed {
                reason, waited_ms, ..
            } => self.closed(at, step, *reason, *waited_ms),
            Body::Message { .. }
            | Body::AgentAway { .. }
            | Body::AgentBack { .. }
            | Body::Rated { .. }
            | Body::Note { .. } => Vec::new(),
        };
        if step.mode == Mode::Message {
            happenings.retain(|one| match one {
                Happening::Arrived(_) | Happening::Left { .. } | Happening::TakenOut(_) => false,
                Happening::Assigned { .. }
                | Happening::Ended { .. }
                | Happening::AgentOn { .. }
                | Happening::AgentOff { .. } => true,
            });
        }
        happenings
    }

    fn stand(&mut self, step: &Move, department: &DepartmentKey, stand: Stand) -> Option<Trail> {
        let trail = Trail {
            department: department.clone(),
            stand,
        };
        self.0.insert(step.conversation, trail)
    }

    /// It waits in this line from now on, wherever it was.
    fn waits(&mut self, at: At, step: &Move, department: &DepartmentKey) -> Vec<Happening> {
        let conversation = step.conversation;
        let arrives = Happening::Arrived(step.place(department));
        match self.stand(step, department, Stand::Waiting(at)) {
            None => vec![arrives],
            Some(before) => match before.stand {
                Stand::Waiting(_) => {
                    vec![Happening::TakenOut(step.place(&before.department)), arrives]
                }
                Stand::Handed => vec![arrives],
                Stand::Served => vec![Happening::Ended { conversation }, arrives],
            },
        }
    }

    /// Its agent is done with it and another one gets it in the same step. One who is taken from the line is answered by
    /// that.
    fn handed(&mut self, step: &Move) -> Vec<Happening> {
        let conversation = step.conversation;
        match self.0.get_mut(&conversation) {
            Some(trail) if trail.stand == Stand::Served => {
                trail.stand = Stand::Handed;
                vec![Happening::Ended { conversation }]
            }
            Some(_) | None => Vec::new(),
        }
    }

    fn closed(
        &mut self,
        at: At,
        step: &Move,
        reason: CloseReason,
        waited_ms: Option<Millis>,
    ) -> Vec<Happening> {
        let conversation = step.conversation;
        let Some(trail) = self.0.remove(&conversation) else {
            return Vec::new();
        };
        let place = step.place(&trail.department);
        match (trail.stand, reason) {
            (Stand::Waiting(since), CloseReason::Left | CloseReason::Abandoned) => {
                let waited = waited_ms.unwrap_or(at - since);
                let gone_for = Millis(((at - since).0 - waited.0).max(0));
                vec![Happening::Left { place, gone_for }]
            }
            (
                Stand::Waiting(_),
                CloseReason::Agent | CloseReason::Visitor | CloseReason::System,
            ) => vec![Happening::TakenOut(place)],
            (Stand::Handed, _) => Vec::new(),
            (Stand::Served, _) => vec![Happening::Ended { conversation }],
        }
    }
}

impl Move {
    fn place(&self, department: &DepartmentKey) -> Place {
        Place {
            department: department.clone(),
            key: self.key,
            conversation: self.conversation,
        }
    }
}
