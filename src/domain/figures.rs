//! Exact figures of waits and work, counted from what happens: the only place where a figure is defined.
//!
//! Fed with [`Happening`]s in order, live or out of the log; asked at any time. Whoever feeds the same happenings gets
//! the same integers, so every figure can be recomputed from the log. Nothing here reads a clock or does I/O. Times are
//! milliseconds; shares are kept as two counts and divided by whoever shows them.
//!
//! A conversation counts where it *arrived*: in its department and in the quarter hour (of UTC) of its arrival, however
//! late it is answered; so do its first response, its handling and its rating. One that comes back into a line, or into
//! another, arrives there anew. Local hours and days are unions of quarter hours, which holds for every offset in use
//! today. What each conversation brings does not depend on the others, so whole logs may be told one after the other, as
//! long as the agents' times are not asked for.

mod agents;
mod pace;
mod recent;
pub mod report;
mod spans;
mod talks;
mod waits;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::happening::{Happening, News, Place, Speaker, Word};
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

use agents::Agents;
pub use agents::{AgentState, AgentWork, DeskState, Staff};
pub use pace::Pace;
pub use recent::{LineState, LiveWindow, RECENT};
use recent::{Outcome, Recent};
pub use spans::Spans;
use talks::{Case, Noted, Origin};
pub use talks::{GREETING, SCORE_MAX, SILENCE, Talks};
pub use waits::{Ratio, SHORT, Settled, Waits};

/// The intervals in which figures are kept.
pub const QUARTER: Millis = Millis::seconds(900);

/// How the local day of a span is written.
const DAY: &str = "%Y-%m-%d";
/// How a local hour is written.
const HOUR: &str = "%Y-%m-%dT%H:00:00%:z";

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

    /// Its beginning on the wall clock of a zone; a moment beyond what a calendar can hold has no place in it.
    fn label(self, zone: &TimeZone, format: &str) -> Option<String> {
        let moment = Timestamp::from_millisecond(self.start().0).ok()?;
        Some(moment.to_zoned(zone.clone()).strftime(format).to_string())
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

struct Waiting {
    department: DepartmentKey,
    arrived: At,
    /// The number of the visit in its department.
    number: u64,
}

/// The figures of visitors who belong together. They add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// How they waited.
    pub waits: Waits,
    /// What became of those who were answered.
    pub talks: Talks,
}

impl Cell {
    /// Adds the figures of others.
    pub fn add(&mut self, other: &Self) {
        self.waits.add(&other.waits);
        self.talks.add(&other.talks);
    }
}

/// All figures of a desk.
#[derive(Default)]
pub struct Figures {
    cells: BTreeMap<(DepartmentKey, Quarter), Cell>,
    waiting: HashMap<ConversationId, Waiting>,
    recent: BTreeMap<DepartmentKey, Recent>,
    /// Conversations under way, and those that may be rated yet.
    cases: HashMap<ConversationId, Case>,
    agents: Agents,
    /// What agents' talks came to, by when the visitors arrived.
    talks: BTreeMap<(AgentId, Quarter), Talks>,
}

impl Figures {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts what happened, or was said.
    pub fn note(&mut self, at: At, news: &News) {
        match news {
            News::Happening(happening) => self.observe(at, happening),
            News::Word(conversation, word) => self.hear(at, *conversation, *word),
        }
    }

    /// Counts what happened. Told in order; what makes no sense (somebody is answered who does not wait) is not counted
    /// as a wait.
    pub fn observe(&mut self, at: At, happening: &Happening) {
        let mut noted = Vec::new();
        match happening {
            Happening::Arrived(place) => self.arrive(at, place, &mut noted),
            Happening::Assigned { place, agent } => {
                self.leave(place.conversation, at, Outcome::Answered);
                let origin = || Origin {
                    department: place.department.clone(),
                    arrived: at,
                };
                let case = self.cases.entry(place.conversation);
                let case = case.or_insert_with(|| Case::unseen(origin()));
                case.assigned(at, *agent, &mut noted);
                let (id, department) = (place.conversation, &place.department);
                self.agents.start(at, *agent, id, department);
            }
            Happening::Left { place, gone_for } => {
                self.leave(place.conversation, at - *gone_for, Outcome::Abandoned);
                // They may rate it yet.
                if let Some(case) = self.cases.get_mut(&place.conversation) {
                    case.touched = at;
                }
            }
            Happening::TakenOut(place) => {
                self.leave(place.conversation, at, |_| Outcome::TakenOut);
            }
            Happening::Ended { conversation } => {
                if let Some(case) = self.cases.get_mut(conversation) {
                    case.ended(at, &mut noted);
                }
                self.agents.end(at, *conversation);
            }
            Happening::AgentOn {
                agent,
                capacity,
                departments,
            } => self.agents.on(at, *agent, *capacity, departments),
            Happening::AgentOff { agent } => self.agents.off(at, *agent),
        }
        self.count(at, noted);
    }

    /// Counts what was said. Told in order with what happened; of a conversation that is not known nothing is counted.
    pub fn hear(&mut self, at: At, conversation: ConversationId, word: Word) {
        let Some(case) = self.cases.get_mut(&conversation) else {
            return;
        };
        let mut noted = Vec::new();
        match word {
            Word::Said(Speaker::Desk) => case.desk_said(at, &mut noted),
            Word::Said(Speaker::Visitor) => case.visitor_said(at),
            Word::Transferred => case.transferred(&mut noted),
            Word::Rated(score) => case.rated(score, &mut noted),
        }
        self.count(at, noted);
    }

    fn arrive(&mut self, at: At, place: &Place, noted: &mut Vec<Noted>) {
        let cell = (place.department.clone(), Quarter::of(at));
        self.cells.entry(cell).or_default().waits.arrive();
        let recent = self.recent.entry(place.department.clone()).or_default();
        let waiting = Waiting {
            department: place.department.clone(),
            arrived: at,
            number: recent.arrive(at),
        };
        self.waiting.insert(place.conversation, waiting);
        let origin = Origin {
            department: place.department.clone(),
            arrived: at,
        };
        match self.cases.get_mut(&place.conversation) {
            Some(case) => case.arrives_again(origin, noted),
            None => {
                self.cases.insert(place.conversation, Case::arrived(origin));
            }
        }
    }

    fn count(&mut self, at: At, noted: Vec<Noted>) {
        for one in noted {
            if one.is_for_department {
                let recent = self.recent.entry(one.origin.department.clone());
                recent.or_default().note(at, one.origin.arrived, one.note);
            }
            self.book(one);
        }
    }

    fn book(&mut self, noted: Noted) {
        let Noted {
            origin,
            is_for_department,
            agent,
            note,
        } = noted;
        let quarter = Quarter::of(origin.arrived);
        if let Some(agent) = agent {
            self.talks.entry((agent, quarter)).or_default().note(note);
        }
        if is_for_department {
            let cell = self.cells.entry((origin.department, quarter));
            cell.or_default().talks.note(note);
        }
    }

    fn leave(&mut self, conversation: ConversationId, at: At, outcome: impl Fn(Millis) -> Outcome) {
        let Some(waiting) = self.waiting.remove(&conversation) else {
            return;
        };
        let outcome = outcome(at - waiting.arrived);
        let cell = (waiting.department.clone(), Quarter::of(waiting.arrived));
        let waits = &mut self.cells.entry(cell).or_default().waits;
        match outcome {
            Outcome::Answered(wait) => waits.answer(wait),
            Outcome::Abandoned(wait) => waits.abandon(wait),
            Outcome::Open | Outcome::TakenOut => {}
        }
        if let Some(recent) = self.recent.get_mut(&waiting.department) {
            recent.settle(waiting.number, outcome);
        }
    }

    /// Lets go of everything that ended before this moment, so that figures that are kept live stay bounded. Windows of
    /// [`RECENT`] are not touched as long as the moment is further back.
    pub fn forget(&mut self, before: At) {
        let quarter = Quarter::of(before);
        self.cells.retain(|(_, one), _| *one >= quarter);
        self.talks.retain(|(_, one), _| *one >= quarter);
        self.agents.forget(quarter);
        let waiting = &self.waiting;
        self.cases.retain(|id, case| {
            case.is_running() || case.touched >= before || waiting.contains_key(id)
        });
        for recent in self.recent.values_mut() {
            recent.forget(before);
        }
    }

    /// The figures of each department as they are now, with those counted who wait still, and greetings and answers that are
    /// overdue.
    #[must_use]
    pub fn with_open(mut self, now: At) -> Self {
        let overdue = self.cases.values().flat_map(|case| case.overdue(now));
        for noted in overdue.collect::<Vec<_>>() {
            self.book(noted);
        }
        for waiting in self.waiting.values() {
            let cell = (waiting.department.clone(), Quarter::of(waiting.arrived));
            let waits = &mut self.cells.entry(cell).or_default().waits;
            waits.wait_on(now - waiting.arrived);
        }
        self
    }

    /// The figures of each department in each quarter hour in which somebody arrived, by department, then time.
    pub fn by_interval(&self) -> impl Iterator<Item = (&DepartmentKey, Quarter, &Cell)> {
        self.cells
            .iter()
            .map(|((department, quarter), cell)| (department, *quarter, cell))
    }

    /// All figures together.
    #[must_use]
    pub fn total(&self) -> Cell {
        let mut total = Cell::default();
        for cell in self.cells.values() {
            total.add(cell);
        }
        total
    }

    /// The figures of each department.
    #[must_use]
    pub fn by_department(&self) -> BTreeMap<DepartmentKey, Cell> {
        let mut all: BTreeMap<DepartmentKey, Cell> = BTreeMap::new();
        for ((department, _), cell) in &self.cells {
            all.entry(department.clone()).or_default().add(cell);
        }
        all
    }

    /// The figures of each day on the wall clock of `zone`, in order of time. Days have 23 or 25 hours where the clock
    /// is changed.
    #[must_use]
    pub fn by_local_day(&self, zone: &TimeZone) -> Vec<(LocalSpan, Cell)> {
        self.by_label(zone, DAY)
    }

    /// The figures of each hour on the wall clock of `zone`, in order of time.
    #[must_use]
    pub fn by_local_hour(&self, zone: &TimeZone) -> Vec<(LocalSpan, Cell)> {
        self.by_label(zone, HOUR)
    }

    fn by_label(&self, zone: &TimeZone, format: &str) -> Vec<(LocalSpan, Cell)> {
        let mut quarters: BTreeMap<Quarter, Cell> = BTreeMap::new();
        for ((_, quarter), cell) in &self.cells {
            quarters.entry(*quarter).or_default().add(cell);
        }
        let mut spans: Vec<(LocalSpan, Cell)> = Vec::new();
        for (quarter, cell) in quarters {
            let Some(label) = quarter.label(zone, format) else {
                continue;
            };
            match spans.last_mut() {
                Some((span, sum)) if span.label == label => sum.add(&cell),
                _ => {
                    let span = LocalSpan {
                        first: quarter,
                        label,
                    };
                    spans.push((span, cell));
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

    /// What the talks of each agent came to, with visitors who arrived in a quarter hour that was told.
    #[must_use]
    pub fn talks_by_agent(&self) -> BTreeMap<AgentId, Talks> {
        let mut all: BTreeMap<AgentId, Talks> = BTreeMap::new();
        for ((agent, _), talks) in &self.talks {
            all.entry(*agent).or_default().add(talks);
        }
        all
    }

    /// How each agent is who is on, or has chats running.
    #[must_use]
    pub fn agents(&self) -> BTreeMap<AgentId, AgentState> {
        self.agents.states()
    }

    /// Who serves a department now, and what they did within the last `span`.
    #[must_use]
    pub fn staff(&self, department: &DepartmentKey, now: At, span: Millis) -> Staff {
        self.agents.staff(department, now, span)
    }

    /// The work of each agent between two moments, of whom there is any. Exact within the last [`RECENT`].
    #[must_use]
    pub fn work(&self, from: At, to: At) -> BTreeMap<AgentId, AgentWork> {
        self.agents.between(from, to)
    }

    /// How long chats last that were taken from this department's line.
    #[must_use]
    pub fn pace(&self, department: &DepartmentKey) -> Pace {
        self.agents.pace(department)
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
        for visit in recent.since(now - window) {
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

    /// The figures of a department's visitors who arrived in the `window` that ends now (its beginning excluded, now
    /// included), with those counted who wait still, and greetings and answers that are overdue. A window is as long as [`RECENT`] at most.
    #[must_use]
    pub fn window(&self, department: &DepartmentKey, now: At, window: Millis) -> Cell {
        let mut cell = Cell::default();
        let Some(recent) = self.recent.get(department) else {
            return cell;
        };
        for visit in recent.since(now - window) {
            cell.waits.arrive();
            match visit.outcome {
                Outcome::Answered(wait) => cell.waits.answer(wait),
                Outcome::Abandoned(wait) => cell.waits.abandon(wait),
                Outcome::Open => cell.waits.wait_on(now - visit.arrived),
                Outcome::TakenOut => {}
            }
        }
        for note in recent.notes_since(now - window) {
            cell.talks.note(note);
        }
        let here = |case: &&Case| {
            let origin = case.origin();
            origin.department == *department && origin.arrived > now - window
        };
        for noted in self
            .running()
            .filter(here)
            .flat_map(|case| case.overdue(now))
        {
            if noted.is_for_department {
                cell.talks.note(noted.note);
            }
        }
        cell
    }

    fn running(&self) -> impl Iterator<Item = &Case> {
        self.agents.running().filter_map(|id| self.cases.get(id))
    }

    /// Everybody who waits for a word of the agent who has them: whose department, which agent, since when.
    pub fn unanswered(&self) -> impl Iterator<Item = (&DepartmentKey, AgentId, At)> {
        self.running().filter_map(|case| {
            let (agent, since) = case.unanswered()?;
            Some((&case.origin().department, agent, since))
        })
    }

    /// Who is on for a department.
    pub fn on_for(&self, department: &DepartmentKey) -> impl Iterator<Item = AgentId> {
        self.agents.on_for(department)
    }
}
