//! What became of those who were answered: first response, work, greeting, silences, ratings.
//!
//! [`Talks`] are the counts of one cell of a report. A [`Case`] is one conversation under way; it says what is to be
//! counted where ([`Noted`]). Used by [`super::Figures`] only.

use crate::model::id::{AgentId, DepartmentKey};
use crate::model::time::{At, Millis};

use super::spans::Spans;
use super::waits::Ratio;

/// Who is taken is greeted within this time.
pub const GREETING: Millis = Millis::seconds(60);
/// A visitor's word is answered within this time, or there was a silence.
pub const SILENCE: Millis = Millis::seconds(30);
/// The best score of a rating; the worst is 1.
pub const SCORE_MAX: usize = 5;

/// The talks of one cell. Cells add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talks {
    responses: Vec<Millis>,
    handled: Vec<Millis>,
    /// Conversations that an agent had.
    pub served: u64,
    /// Of these, with a silence of more than [`SILENCE`].
    pub silent: u64,
    /// Greeted within [`GREETING`].
    pub greeted: u64,
    /// Greeted later, or not at all.
    pub ungreeted: u64,
    /// Handed on, to an agent or a department.
    pub transfers: u64,
    /// How many gave each score; that of 1 first.
    pub ratings: [u64; SCORE_MAX],
}

/// One thing to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// The first word of the desk, so long after the arrival.
    Responded(Millis),
    /// An agent is done, after so long.
    Handled(Millis),
    Served,
    Silent,
    Greeted,
    Ungreeted,
    Transferred,
    Rated(u8),
}

impl Talks {
    pub(super) fn note(&mut self, note: Note) {
        match note {
            Note::Responded(span) => self.responses.push(span),
            Note::Handled(span) => self.handled.push(span),
            Note::Served => self.served += 1,
            Note::Silent => self.silent += 1,
            Note::Greeted => self.greeted += 1,
            Note::Ungreeted => self.ungreeted += 1,
            Note::Transferred => self.transfers += 1,
            Note::Rated(score) => {
                let index = usize::from(score).wrapping_sub(1);
                if let Some(count) = self.ratings.get_mut(index) {
                    *count += 1;
                }
            }
        }
    }

    /// Adds the talks of another cell.
    pub fn add(&mut self, other: &Self) {
        self.responses.extend_from_slice(&other.responses);
        self.handled.extend_from_slice(&other.handled);
        self.served += other.served;
        self.silent += other.silent;
        self.greeted += other.greeted;
        self.ungreeted += other.ungreeted;
        self.transfers += other.transfers;
        for (count, more) in self.ratings.iter_mut().zip(other.ratings) {
            *count += more;
        }
    }

    /// From each arrival to the first word of the desk, where there was one.
    #[must_use]
    pub fn responses(&self) -> Spans {
        Spans::new(self.responses.clone())
    }

    /// From each time that an agent got a conversation until they were done with it.
    #[must_use]
    pub fn handled(&self) -> Spans {
        Spans::new(self.handled.clone())
    }

    /// Greeted in time, of all whose greeting is decided: who went before a minute was over, ungreeted, says nothing.
    #[must_use]
    pub fn greeting(&self) -> Ratio {
        Ratio {
            part: self.greeted,
            whole: self.greeted + self.ungreeted,
        }
    }

    /// Conversations without a silence, of all that an agent had.
    #[must_use]
    pub fn attention(&self) -> Ratio {
        Ratio {
            part: self.served - self.silent,
            whole: self.served,
        }
    }

    /// How many rated.
    #[must_use]
    pub fn rated(&self) -> u64 {
        self.ratings.iter().sum()
    }

    /// The mean score; none where nobody rated.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        let sum: u64 = self.ratings.iter().zip(1_u64..).map(|(n, s)| n * s).sum();
        let rated = self.rated();
        (rated > 0).then(|| sum as f64 / rated as f64)
    }
}

/// Where something counts: with the department and moment at which the visitor arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub department: DepartmentKey,
    pub arrived: At,
}

/// What is to be counted, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noted {
    /// With this department, if with one.
    pub origin: Origin,
    /// Whether the department counts it; an agent who has a conversation second does not make it served twice.
    pub is_for_department: bool,
    /// With this agent, if with one.
    pub agent: Option<AgentId>,
    pub note: Note,
}

/// The time an agent has a conversation.
struct Stretch {
    agent: AgentId,
    since: At,
    is_silent: bool,
}

/// One conversation, as far as talking goes.
pub(super) struct Case {
    /// Where it waited last.
    origin: Origin,
    /// Where it first came; none of one that never waited live, whose words nobody sits and waits for.
    first: Option<Origin>,
    has_response: bool,
    has_greeting: bool,
    is_served: bool,
    is_silent: bool,
    stretch: Option<Stretch>,
    /// Who has it, or had it last.
    agent: Option<AgentId>,
    /// Since when the visitor waits for a word, once greeted.
    unanswered_since: Option<At>,
    /// When something last happened.
    pub touched: At,
}

impl Case {
    /// Somebody who comes into a line.
    pub(super) fn arrived(origin: Origin) -> Self {
        Self {
            first: Some(origin.clone()),
            ..Self::unseen(origin)
        }
    }

    /// Somebody who was never seen to wait.
    pub(super) fn unseen(origin: Origin) -> Self {
        Self {
            touched: origin.arrived,
            origin,
            first: None,
            has_response: false,
            has_greeting: false,
            is_served: false,
            is_silent: false,
            stretch: None,
            agent: None,
            unanswered_since: None,
        }
    }

    fn here(&self, agent: Option<AgentId>, note: Note) -> Noted {
        Noted {
            origin: self.origin.clone(),
            is_for_department: true,
            agent,
            note,
        }
    }

    /// Back in a line, or in another one.
    pub(super) fn arrives_again(&mut self, origin: Origin, tell: &mut Vec<Noted>) {
        self.ended(origin.arrived, tell);
        self.origin = origin;
    }

    pub(super) fn assigned(&mut self, at: At, agent: AgentId, tell: &mut Vec<Noted>) {
        self.ended(at, tell);
        self.touched = at;
        self.agent = Some(agent);
        self.stretch = Some(Stretch {
            agent,
            since: at,
            is_silent: false,
        });
        if self.first.is_none() {
            return;
        }
        tell.push(Noted {
            is_for_department: !std::mem::replace(&mut self.is_served, true),
            ..self.here(Some(agent), Note::Served)
        });
        // The new agent has a silence of their own to break.
        if self.unanswered_since.is_some() {
            self.unanswered_since = Some(at);
        }
    }

    /// The agent is done with it.
    pub(super) fn ended(&mut self, at: At, tell: &mut Vec<Noted>) {
        self.touched = at;
        if self.stretch.is_none() {
            return;
        }
        self.judge_silence(at, tell);
        let Some(stretch) = self.stretch.take() else {
            return;
        };
        if self.first.is_some() && !self.has_greeting && at - stretch.since > GREETING {
            self.has_greeting = true;
            tell.push(self.here(Some(stretch.agent), Note::Ungreeted));
        }
        let handled = Note::Handled(at - stretch.since);
        tell.push(self.here(Some(stretch.agent), handled));
    }

    pub(super) fn transferred(&mut self, tell: &mut Vec<Noted>) {
        tell.push(self.here(self.agent, Note::Transferred));
    }

    pub(super) fn rated(&mut self, score: u8, tell: &mut Vec<Noted>) {
        tell.push(self.here(self.agent, Note::Rated(score)));
    }

    /// The desk said something.
    pub(super) fn desk_said(&mut self, at: At, tell: &mut Vec<Noted>) {
        self.touched = at;
        let Some(first) = self.first.clone() else {
            return;
        };
        if !std::mem::replace(&mut self.has_response, true) {
            tell.push(Noted {
                note: Note::Responded(at - first.arrived),
                origin: first,
                is_for_department: true,
                agent: self.agent,
            });
        }
        self.judge_silence(at, tell);
        self.unanswered_since = None;
        if let Some(stretch) = &self.stretch
            && !self.has_greeting
        {
            let is_timely = at - stretch.since <= GREETING;
            let note = if is_timely {
                Note::Greeted
            } else {
                Note::Ungreeted
            };
            tell.push(self.here(Some(stretch.agent), note));
            self.has_greeting = true;
        }
    }

    /// The visitor said something. Before the greeting that one counts, and no silence.
    pub(super) fn visitor_said(&mut self, at: At) {
        self.touched = at;
        if self.has_greeting && self.stretch.is_some() {
            self.unanswered_since.get_or_insert(at);
        }
    }

    fn judge_silence(&mut self, at: At, tell: &mut Vec<Noted>) {
        let is_silence = |since: At| at - since > SILENCE;
        let Some(stretch) = &mut self.stretch else {
            return;
        };
        if !self.unanswered_since.is_some_and(is_silence) {
            return;
        }
        let agent = (!std::mem::replace(&mut stretch.is_silent, true)).then_some(stretch.agent);
        let is_for_department = !std::mem::replace(&mut self.is_silent, true);
        if agent.is_some() || is_for_department {
            tell.push(Noted {
                is_for_department,
                ..self.here(agent, Note::Silent)
            });
        }
    }

    /// Whether an agent has it.
    pub(super) fn is_running(&self) -> bool {
        self.stretch.is_some()
    }

    /// What is so by now and is noted only when something happens: a greeting that is overdue, a silence that goes on.
    pub(super) fn overdue(&self, now: At) -> Vec<Noted> {
        let Some(stretch) = &self.stretch else {
            return Vec::new();
        };
        let mut noted = Vec::new();
        if self.first.is_some() && !self.has_greeting && now - stretch.since > GREETING {
            noted.push(self.here(Some(stretch.agent), Note::Ungreeted));
        }
        let is_silence = |since: At| now - since > SILENCE;
        if self.unanswered_since.is_some_and(is_silence) {
            let agent = (!stretch.is_silent).then_some(stretch.agent);
            let is_for_department = !self.is_silent;
            if agent.is_some() || is_for_department {
                noted.push(Noted {
                    is_for_department,
                    ..self.here(agent, Note::Silent)
                });
            }
        }
        noted
    }

    /// With whom the visitor waits for a word, and since when: for the greeting, or for an answer.
    pub(super) fn unanswered(&self) -> Option<(AgentId, At)> {
        let stretch = self.stretch.as_ref()?;
        let greeting = (self.first.is_some() && !self.has_greeting).then_some(stretch.since);
        Some((stretch.agent, self.unanswered_since.or(greeting)?))
    }

    /// Where it counts.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }
}
