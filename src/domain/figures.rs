//! Exact figures of waits and work, counted from what happens: the only place where a figure is defined.
//!
//! Fed with [`Happening`]s in order, live or out of the log; asked at any time. Whoever feeds the same happenings gets
//! the same integers, so every figure can be recomputed from the log. Nothing here reads a clock or does I/O. Times are
//! milliseconds; shares are kept as two counts and divided by whoever shows them.
//!
//! A conversation counts where it *arrived*: in its department and in the quarter hour (of UTC) of its arrival, however
//! late it is answered. Local hours and days are unions of quarter hours, which holds for every offset in use today.

mod agents;
mod waits;

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::happening::Happening;
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

use agents::Agents;
pub use agents::{AgentWork, DeskState};
pub use waits::{Definition, Ratio, SHORT, Settled, Waits};

/// The intervals in which figures are kept.
pub const QUARTER: Millis = Millis::seconds(900);
/// Single visits are remembered this long for the figures of the last minutes and hours.
pub const RECENT: Millis = Millis::seconds(24 * 3_600);

/// A quarter hour of UTC: quarter hours since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(i64);

impl Quarter {
    /// The one that a moment lies in.
    #[must_use]
    pub fn of(at: At) -> Self {
        Self(at.0.div_euclid(QUARTER.0))
    }

    /// Its first moment.
    #[must_use]
    pub fn start(self) -> At {
        At(self.0 * QUARTER.0)
    }

    fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An hour or a day on the wall clock of a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalSpan {
    /// The first quarter hour seen of it; orders spans in time.
    first: Quarter,
    /// `2026-03-29`, or `2026-03-29T03:00:00+02:00`: an hour that the clock repeats stands twice, told apart by its
    /// offset.
    pub label: String,
}

/// How somebody's wait ended, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Answered(Millis),
    Abandoned(Millis),
    /// Neither: the desk took them out of the line.
    TakenOut,
}

struct Visit {
    arrived: At,
    outcome: Outcome,
}

struct Waiting {
    department: DepartmentKey,
    arrived: At,
    /// The number of the visit in its department.
    number: u64,
}

/// The visits of a department that are recent, in order of arrival.
#[derive(Default)]
struct Recent {
    visits: VecDeque<Visit>,
    /// How many came before the first of them.
    gone: u64,
}

/// One department at a moment, and the visits that arrived shortly before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineState {
    /// Waiting now.
    pub waiting: u64,
    /// The longest of these waits so far; 0 where nobody waits.
    pub longest_wait: Millis,
    /// All of these waits so far.
    pub sum_open_wait: Millis,
    /// How many of them are longer than the threshold.
    pub open_over: u64,
    /// Those who arrived within the window.
    pub live: LiveWindow,
}

/// What became of those who arrived within a window that ends now. A wait that is open and already too long is missed
/// now, not when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveWindow {
    /// Answered by now.
    pub answered: u64,
    /// Of these, within the threshold.
    pub answered_in: u64,
    /// Left by now.
    pub abandoned: u64,
    /// Of these, after so short a wait that it says nothing.
    pub short_abandoned: u64,
    /// Waiting still.
    pub open: u64,
    /// Of these, longer than the threshold.
    pub open_over: u64,
}

impl LiveWindow {
    /// The service level of the window.
    #[must_use]
    pub fn service_level(&self) -> Ratio {
        Ratio {
            part: self.answered_in,
            whole: self.answered + self.abandoned - self.short_abandoned + self.open_over,
        }
    }
}

/// All figures of a desk.
#[derive(Default)]
pub struct Figures {
    cells: BTreeMap<(DepartmentKey, Quarter), Waits>,
    waiting: HashMap<ConversationId, Waiting>,
    recent: BTreeMap<DepartmentKey, Recent>,
    agents: Agents,
}

impl Figures {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts what happened. Told in order; what makes no sense (somebody is answered who does not wait) is not counted
    /// as a wait.
    pub fn observe(&mut self, at: At, happening: &Happening) {
        match happening {
            Happening::Arrived(place) => {
                let cell = (place.department.clone(), Quarter::of(at));
                self.cells.entry(cell).or_default().arrive();
                let recent = self.recent.entry(place.department.clone()).or_default();
                let number = recent.arrive(at);
                let waiting = Waiting {
                    department: place.department.clone(),
                    arrived: at,
                    number,
                };
                self.waiting.insert(place.conversation, waiting);
            }
            Happening::Assigned { place, agent } => {
                self.leave(place.conversation, at, Outcome::Answered);
                self.agents.start(at, *agent, place.conversation);
            }
            Happening::Left { place, gone_for } => {
                self.leave(place.conversation, at - *gone_for, Outcome::Abandoned);
            }
            Happening::TakenOut(place) => {
                self.leave(place.conversation, at, |_| Outcome::TakenOut);
            }
            Happening::Ended { conversation } => self.agents.end(at, *conversation),
            Happening::AgentOn {
                agent, capacity, ..
            } => self.agents.on(at, *agent, *capacity),
            Happening::AgentOff { agent } => self.agents.off(at, *agent),
        }
    }

    fn leave(&mut self, conversation: ConversationId, at: At, outcome: impl Fn(Millis) -> Outcome) {
        let Some(waiting) = self.waiting.remove(&conversation) else {
            return;
        };
        let outcome = outcome(at - waiting.arrived);
        let cell = (waiting.department.clone(), Quarter::of(waiting.arrived));
        let waits = self.cells.entry(cell).or_default();
        match outcome {
            Outcome::Answered(wait) => waits.answer(wait),
            Outcome::Abandoned(wait) => waits.abandon(wait),
            Outcome::Open | Outcome::TakenOut => {}
        }
        if let Some(recent) = self.recent.get_mut(&waiting.department) {
            recent.settle(waiting.number, outcome);
        }
    }

    /// The waits of each department in each quarter hour in which somebody arrived, by department, then time.
    pub fn by_interval(&self) -> impl Iterator<Item = (&DepartmentKey, Quarter, &Waits)> {
        self.cells
            .iter()
            .map(|((department, quarter), waits)| (department, *quarter, waits))
    }

    /// All waits together.
    #[must_use]
    pub fn total(&self) -> Waits {
        let mut total = Waits::default();
        for waits in self.cells.values() {
            total.add(waits);
        }
        total
    }

    /// The waits of each department.
    #[must_use]
    pub fn by_department(&self) -> BTreeMap<DepartmentKey, Waits> {
        let mut all: BTreeMap<DepartmentKey, Waits> = BTreeMap::new();
        for ((department, _), waits) in &self.cells {
            all.entry(department.clone()).or_default().add(waits);
        }
        all
    }

    /// The waits of each day on the wall clock of `zone`, in order of time. Days have 23 or 25 hours where the clock
    /// is changed.
    #[must_use]
    pub fn by_local_day(&self, zone: &TimeZone) -> Vec<(LocalSpan, Waits)> {
        self.by_label(zone, "%Y-%m-%d")
    }

    /// The waits of each hour on the wall clock of `zone`, in order of time.
    #[must_use]
    pub fn by_local_hour(&self, zone: &TimeZone) -> Vec<(LocalSpan, Waits)> {
        self.by_label(zone, "%Y-%m-%dT%H:00:00%:z")
    }

    fn by_label(&self, zone: &TimeZone, format: &str) -> Vec<(LocalSpan, Waits)> {
        let mut quarters: BTreeMap<Quarter, Waits> = BTreeMap::new();
        for ((_, quarter), waits) in &self.cells {
            quarters.entry(*quarter).or_default().add(waits);
        }
        let mut spans: Vec<(LocalSpan, Waits)> = Vec::new();
        for (quarter, waits) in quarters {
            // A moment beyond what a calendar can hold has no place in it.
            let Ok(moment) = Timestamp::from_millisecond(quarter.start().0) else {
                continue;
            };
            let label = moment.to_zoned(zone.clone()).strftime(format).to_string();
            match spans.last_mut() {
                Some((span, sum)) if span.label == label => sum.add(&waits),
                _ => {
                    let span = LocalSpan {
                        first: quarter,
                        label,
                    };
                    spans.push((span, waits));
                }
            }
        }
        spans
    }

    /// The work of each agent, everything up to `now` counted.
    #[must_use]
    pub fn by_agent(&self, now: At) -> BTreeMap<AgentId, AgentWork> {
        self.agents.sums(now)
    }

    /// The work of an agent in each quarter hour in which there was any, everything up to `now` counted.
    #[must_use]
    pub fn by_agent_interval(&self, agent: AgentId, now: At) -> BTreeMap<Quarter, AgentWork> {
        self.agents.intervals(agent, now)
    }

    /// Agents and chats at this moment.
    #[must_use]
    pub fn desk(&self) -> DeskState {
        self.agents.state()
    }

    /// One department's line at this moment, and what became of those who arrived in the `window` that ends now (its
    /// beginning excluded, now included). A window is as long as [`RECENT`] at most.
    #[must_use]
    pub fn line(
        &self,
        department: &DepartmentKey,
        now: At,
        window: Millis,
        threshold: Millis,
    ) -> LineState {
        let mut state = LineState::default();
        let of_department = |waiting: &&Waiting| waiting.department == *department;
        for waiting in self.waiting.values().filter(of_department) {
            let wait = now - waiting.arrived;
            state.waiting += 1;
            state.longest_wait = state.longest_wait.max(wait);
            state.sum_open_wait.0 += wait.0;
            state.open_over += u64::from(wait > threshold);
        }
        let Some(recent) = self.recent.get(department) else {
            return state;
        };
        let live = &mut state.live;
        let within = |visit: &&Visit| visit.arrived > now - window;
        for visit in recent.visits.iter().rev().take_while(within) {
            match visit.outcome {
                Outcome::Answered(wait) => {
                    live.answered += 1;
                    live.answered_in += u64::from(wait <= threshold);
                }
                Outcome::Abandoned(wait) => {
                    live.abandoned += 1;
                    live.short_abandoned += u64::from(wait <= SHORT);
                }
                Outcome::Open => {
                    live.open += 1;
                    live.open_over += u64::from(now - visit.arrived > threshold);
                }
                Outcome::TakenOut => {}
            }
        }
        state
    }
}

impl Recent {
    /// Adds a visit and says its number; lets go of those that are recent no more.
    fn arrive(&mut self, at: At) -> u64 {
        while self
            .visits
            .front()
            .is_some_and(|first| first.arrived <= at - RECENT)
        {
            self.visits.pop_front();
            self.gone += 1;
        }
        self.visits.push_back(Visit {
            arrived: at,
            outcome: Outcome::Open,
        });
        self.gone + self.visits.len() as u64 - 1
    }

    fn settle(&mut self, number: u64, outcome: Outcome) {
        let index = number
            .checked_sub(self.gone)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(visit) = index.and_then(|index| self.visits.get_mut(index)) {
            visit.outcome = outcome;
        }
    }
}
