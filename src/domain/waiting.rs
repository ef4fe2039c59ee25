//! How long each waiting conversation will still wait: a median, a mean and a 90th percentile, from what happens at the
//! desk.
//!
//! Called for what visitors are promised, and by the replayer for judging it on a recorded day: the same code for both. An
//! [`Estimator`] starts empty, is told what happens ([`Happening`]) and learns from it how fast full agents complete chats,
//! how soon those who wait leave, and how agents come and go. It reads no clock and does no I/O. `docs/waiting.md` has the
//! method, its sources and its scores.
//!
//! The method in short: the slots that agents will free are curves over time; those who wait take them in order, each
//! with the chance that they are still there when their turn comes.

mod hazard;
mod line;
mod outlook;
mod presence;
mod sweep;
mod tuning;
mod work;

use std::collections::{HashMap, VecDeque};

use crate::domain::happening::{Happening, Place, PlannedShifts};
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

use hazard::{Experience, Hazard};
use line::{Line, Promise, Turn};
use presence::{Habits, Punctuality};
use work::{Lived, Pace, Work};

/// A wait foretold, in milliseconds from the moment of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// As many such waits are longer as are shorter.
    pub p50: Millis,
    /// Nine in ten such waits are no longer. Never below `p50`.
    pub p90: Millis,
    /// What is to be expected on average.
    pub mean: Millis,
    /// Whether it may be promised: somebody is on duty for the line, and enough chats have been seen to end. What is not
    /// grounded is a guess, for judging the estimator only.
    pub is_grounded: bool,
}

struct Agent {
    is_on: bool,
    /// Since when they are on or off; unknown before they were on first.
    since: Option<At>,
    /// Absences of this working day, a present one included.
    absences: u32,
    capacity: u32,
    /// By number, in order.
    departments: Vec<u32>,
    chats: Vec<Chat>,
    pace: Pace,
    /// Up to when their chats are counted.
    counted_to: At,
    plan: Option<usize>,
}

struct Chat {
    conversation: ConversationId,
    department: u32,
    since: At,
}

impl Agent {
    fn new(now: At) -> Self {
        Self {
            is_on: false,
            since: None,
            absences: 0,
            capacity: 0,
            departments: Vec::new(),
            chats: Vec::new(),
            pace: Pace::new(tuning::AGENT_WEIGHT, tuning::AGENT_MEMORY),
            counted_to: now,
            plan: None,
        }
    }

    fn has_room(&self) -> bool {
        self.chats.len() < self.capacity as usize
    }
}

struct Department {
    key: DepartmentKey,
    line: Line,
    pace: Pace,
}

/// Foretells waits from what happens at the desk.
///
/// Bounded by what the desk has: 64 bytes for each who waits, an entry for each agent and department that was ever
/// named, one for each running chat.
pub struct Estimator {
    departments: Vec<Department>,
    department_numbers: HashMap<DepartmentKey, u32>,
    agents: Vec<Agent>,
    agent_numbers: HashMap<AgentId, usize>,
    served_by: HashMap<ConversationId, usize>,
    plans: Vec<PlannedShifts>,
    work: Work,
    patience: Experience,
    habits: Habits,
    punctuality: Punctuality,
    steering: Steering,
    now: At,
    /// Up to when it is counted who was on or away.
    presence_counted_to: At,
    /// Agents whose room changed in this very millisecond.
    touched: Vec<usize>,
}

/// What somebody who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foretold {
    /// The rest of the wait.
    pub estimate: Estimate,
    /// What was promised first, of the wait as a whole: median and 90th percentile. None while nothing may be promised.
    pub promised: Option<(Millis, Millis)>,
    /// What has been waited so far.
    pub waited: Millis,
}

/// The turn of somebody who was promised something has come: a wait has ended, or would have for who left before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whose.
    pub conversation: ConversationId,
    /// In whose line.
    pub department: DepartmentKey,
    /// How long they waited, or would have.
    pub wait: Millis,
    /// What was promised first: median and 90th percentile of the wait as a whole.
    pub promised: (Millis, Millis),
    /// When.
    pub at: At,
    /// Whether an agent took them; else they had left.
    pub is_served: bool,
}

/// Widens or narrows the 90th percentile by what came of promises.
struct Steering {
    /// Logarithm of the factor on the spread.
    scale_log: f64,
    /// The turns that came and were not asked for yet, the newest at the end.
    endings: VecDeque<Ending>,
}

/// So many endings are kept for whoever asks; who asks every second misses none.
const ENDINGS_MAX: usize = 65_536;

impl Steering {
    /// A turn has come: was the promise kept? In balance when one in ten is not.
    fn settle(&mut self, at: At, department: &DepartmentKey, turn: Turn) {
        if let Some(promise) = turn.promise {
            if self.endings.len() >= ENDINGS_MAX {
                self.endings.pop_front();
            }
            self.endings.push_back(Ending {
                conversation: turn.conversation,
                department: department.clone(),
                wait: turn.wait,
                promised: promise.whole(),
                at,
                is_served: turn.is_served,
            });
            let is_kept = turn.wait.0 <= i64::from(promise.p90_ms);
            self.scale_log += tuning::STEERING * if is_kept { -0.1 } else { 0.9 };
            self.scale_log = self
                .scale_log
                .clamp(-tuning::STEERING_LOG_MAX, tuning::STEERING_LOG_MAX);
        }
    }
}

/// A span in seconds; one below zero is none.
#[inline]
fn seconds(span: Millis) -> f64 {
    span.0.max(0) as f64 / 1_000.0
}

impl Estimator {
    /// Knows nothing yet but who means to work when, as far as that was planned.
    #[must_use]
    pub fn new(plans: Vec<PlannedShifts>) -> Self {
        let mut estimator = Self {
            departments: Vec::new(),
            department_numbers: HashMap::new(),
            agents: Vec::new(),
            agent_numbers: HashMap::new(),
            served_by: HashMap::new(),
            plans: Vec::new(),
            work: Work::new(),
            patience: Experience::new(tuning::PATIENCE_MEMORY),
            habits: Habits::new(),
            punctuality: Punctuality::new(),
            steering: Steering {
                scale_log: 0.0,
                endings: VecDeque::new(),
            },
            now: At(i64::MIN),
            presence_counted_to: At(i64::MIN),
            touched: Vec::new(),
        };
        estimator.plan(plans);
        estimator
    }

    /// Goes by these plans from now on, and by no other. What was learned of how far people keep to plans stays.
    pub fn plan(&mut self, plans: Vec<PlannedShifts>) {
        for agent in &mut self.agents {
            agent.plan = None;
        }
        for (index, plan) in plans.iter().enumerate() {
            let number = self.agent_number(plan.agent);
            let departments = self.department_list(&plan.departments);
            let agent = &mut self.agents[number];
            agent.plan = Some(index);
            // Who was on is known by what they had then.
            if agent.since.is_none() {
                agent.capacity = plan.capacity;
                agent.departments = departments;
            }
        }
        self.plans = plans;
    }

    fn department_number(&mut self, key: &DepartmentKey) -> u32 {
        if let Some(number) = self.department_numbers.get(key) {
            return *number;
        }
        let number = u32::try_from(self.departments.len())
            .expect("memory ends before four thousand million departments");
        self.departments.push(Department {
            key: key.clone(),
            line: Line::default(),
            pace: Pace::new(tuning::DEPARTMENT_WEIGHT, tuning::DEPARTMENT_MEMORY),
        });
        self.department_numbers.insert(key.clone(), number);
        number
    }

    fn department_list(&mut self, keys: &[DepartmentKey]) -> Vec<u32> {
        let mut numbers: Vec<u32> = keys.iter().map(|key| self.department_number(key)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn agent_number(&mut self, id: AgentId) -> usize {
        if let Some(number) = self.agent_numbers.get(&id) {
            return *number;
        }
        self.agents.push(Agent::new(self.now));
        self.agent_numbers.insert(id, self.agents.len() - 1);
        self.agents.len() - 1
    }

    /// Takes note of what happened. What is told late counts as of now; what makes no sense (the end of a chat that
    /// nobody has) is passed over.
    pub fn observe(&mut self, at: At, happening: &Happening) {
        if at > self.now {
            self.settle();
            self.now = at;
        }
        match happening {
            Happening::Arrived(place) => {
                let now = self.now;
                self.line(place).add(place, now);
            }
            Happening::Assigned { place, agent } => self.assigned(place, *agent),
            Happening::Left { place, gone_for } => self.left(place, *gone_for),
            Happening::TakenOut(place) => self.taken_out(place),
            Happening::Ended { conversation } => self.ended(*conversation),
            Happening::AgentOn {
                agent,
                capacity,
                departments,
            } => self.agent_on(*agent, *capacity, departments),
            Happening::AgentOff { agent } => self.agent_off(*agent),
        }
    }

    fn line(&mut self, place: &Place) -> &mut Line {
        let number = self.department_number(&place.department);
        &mut self.departments[number as usize].line
    }

    /// Everything of the last moment is told: a slot that is free still could have been anybody's.
    fn settle(&mut self) {
        for number in std::mem::take(&mut self.touched) {
            let agent = &self.agents[number];
            if !agent.is_on || !agent.has_room() {
                continue;
            }
            for department in &agent.departments {
                let Department { key, line, .. } = &mut self.departments[*department as usize];
                line.turns_of_all(self.now, |turn| self.steering.settle(self.now, key, turn));
            }
        }
    }

    fn left(&mut self, place: &Place, gone_for: Millis) {
        let now = self.now;
        if let Some(wait) = self.line(place).leave(place, now) {
            let wait_s = seconds(Millis(wait.0 - gone_for.0));
            self.patience.lived(0.0, wait_s);
            self.patience.ended(wait_s);
        }
    }

    /// They would have waited on: nothing is learned from what was promised.
    fn taken_out(&mut self, place: &Place) {
        let now = self.now;
        if let Some(turn) = self.line(place).serve(place, now) {
            self.patience.lived(0.0, seconds(turn.wait));
        }
    }

    fn assigned(&mut self, place: &Place, agent: AgentId) {
        let now = self.now;
        if let Some(turn) = self.line(place).serve(place, now) {
            self.patience.lived(0.0, seconds(turn.wait));
            self.steering.settle(now, &place.department, turn);
        }
        // Handed on without an end in between: the one before is done with it.
        self.ended(place.conversation);
        let number = self.agent_number(agent);
        self.count_chats(number);
        let department = self.department_number(&place.department);
        let order = (place.key, place.conversation);
        let agent = &mut self.agents[number];
        for served in &agent.departments {
            let Department { key, line, .. } = &mut self.departments[*served as usize];
            line.turns_before(order, now, |turn| self.steering.settle(now, key, turn));
        }
        agent.chats.push(Chat {
            conversation: place.conversation,
            department,
            since: now,
        });
        self.served_by.insert(place.conversation, number);
        self.touched.push(number);
    }

    fn ended(&mut self, conversation: ConversationId) {
        let Some(number) = self.served_by.remove(&conversation) else {
            return;
        };
        self.count_chats(number);
        let agent = &mut self.agents[number];
        let is_full = !agent.has_room();
        let is_it = |chat: &Chat| chat.conversation == conversation;
        let Some(index) = agent.chats.iter().position(is_it) else {
            return;
        };
        let chat = agent.chats.swap_remove(index);
        let department = &mut self.departments[chat.department as usize];
        let age_s = seconds(self.now - chat.since);
        self.work
            .ended(age_s, is_full, &mut agent.pace, &mut department.pace);
        self.touched.push(number);
    }

    /// Counts an agent's chats up to now: what changes the pace of an agent comes after.
    fn count_chats(&mut self, number: usize) {
        let hazard: Hazard = self.work.hazard();
        let agent = &mut self.agents[number];
        let is_full = !agent.has_room();
        for chat in &agent.chats {
            let department = &mut self.departments[chat.department as usize];
            let lived = Lived {
                from_s: seconds(agent.counted_to - chat.since),
                to_s: seconds(self.now - chat.since),
                is_full,
                agent: &mut agent.pace,
                department: &mut department.pace,
            };
            self.work.lived(lived, &hazard);
        }
        agent.counted_to = self.now;
    }

    fn agent_on(&mut self, id: AgentId, capacity: u32, departments: &[DepartmentKey]) {
        let number = self.agent_number(id);
        let departments = self.department_list(departments);
        self.count_chats(number);
        self.count_presence();
        let agent = &mut self.agents[number];
        agent.capacity = capacity;
        agent.departments = departments;
        if !agent.is_on {
            if let Some(plan) = agent.plan {
                self.punctuality.came(&self.plans[plan], self.now);
            }
            // Who was never on before did not come back from anywhere.
            if let Some(since) = agent.since {
                let away_s = seconds(self.now - since);
                self.habits.came_back(agent.absences, away_s);
                if away_s > tuning::NIGHT_S {
                    agent.absences = 0;
                }
            }
            agent.is_on = true;
            agent.since = Some(self.now);
        }
        self.touched.push(number);
    }

    fn agent_off(&mut self, id: AgentId) {
        let number = self.agent_number(id);
        self.count_chats(number);
        self.count_presence();
        let agent = &mut self.agents[number];
        if !agent.is_on {
            return;
        }
        if let Some(plan) = agent.plan {
            self.punctuality.went(&self.plans[plan], self.now);
        }
        let on_s = agent.since.map_or(0.0, |since| seconds(self.now - since));
        self.habits.left(on_s);
        agent.is_on = false;
        agent.absences += 1;
        agent.since = Some(self.now);
    }

    /// Counts for how long everybody has been on or away. Seldom: only when somebody comes or goes.
    fn count_presence(&mut self) {
        for agent in &self.agents {
            let Some(since) = agent.since else { continue };
            let from_s = seconds(self.presence_counted_to.max(since) - since);
            let to_s = seconds(self.now - since);
            if agent.is_on {
                self.habits.was_on(from_s, to_s);
            } else {
                self.habits.was_away(agent.absences, from_s, to_s);
            }
        }
        self.presence_counted_to = self.now;
    }

    /// Foretells the wait of one who waits, and remembers the first such promise, to learn from what comes of it.
    /// `None` where nobody waits at this place. Costs time in proportion to those further ahead.
    pub fn promise(&mut self, place: &Place, now: At) -> Option<Estimate> {
        let mut found = None;
        self.sweep_while(now, |_, entry, estimate| {
            if entry.conversation() == place.conversation {
                found = Some(estimate);
            }
            found.is_none()
        });
        let estimate = found?;
        self.remember(place, now, &estimate);
        Some(estimate)
    }

    /// Foretells the wait of everybody who waits, in one sweep, ordered by their keys over all departments.
    pub fn sweep(&self, now: At, mut tell: impl FnMut(&DepartmentKey, ConversationId, Estimate)) {
        self.sweep_while(now, |department, entry, estimate| {
            tell(department, entry.conversation(), estimate);
            true
        });
    }

    /// The same, with what was promised first, and for each department that is known what somebody who came now would wait.
    /// Remembers the first estimate of each that may be promised, to learn from what comes of it.
    pub fn foretell(
        &mut self,
        now: At,
        mut tell: impl FnMut(&Place, Foretold),
        newcomer: impl FnMut(&DepartmentKey, Estimate),
    ) {
        let mut first = Vec::new();
        let swept = self.sweep_while(now, |department, entry, estimate| {
            let place = entry.place(department);
            let waited = now - entry.since();
            let promise = entry.promise().or_else(|| {
                let promise = Promise::new(waited, estimate.p50, estimate.p90);
                estimate.is_grounded.then_some(promise)
            });
            let promised = promise.map(Promise::whole);
            let foretold = Foretold {
                estimate,
                promised,
                waited,
            };
            tell(&place, foretold);
            if promise.is_some() && entry.promise().is_none() {
                first.push((place, estimate));
            }
            true
        });
        swept.newcomers(newcomer);
        for (place, estimate) in first {
            self.remember(&place, now, &estimate);
        }
    }

    fn remember(&mut self, place: &Place, now: At, estimate: &Estimate) {
        let promise = |since| Promise::new(now - since, estimate.p50, estimate.p90);
        self.line(place).promise(place, promise);
    }

    /// Takes note of a first promise that somebody else remembered: median and 90th percentile of the wait as a whole. Without
    /// effect where nobody waits, or something was promised before.
    pub fn recall(&mut self, place: &Place, p50: Millis, p90: Millis) {
        let promise = |_since| Promise::new(Millis(0), p50, p90);
        self.line(place).promise(place, promise);
    }

    /// The turns that came since this was last asked, in order: the newest sixty-five thousand.
    pub fn take_endings(&mut self) -> impl Iterator<Item = Ending> + '_ {
        self.steering.endings.drain(..)
    }

    /// Whether anybody waits.
    #[must_use]
    pub fn is_anybody_waiting(&self) -> bool {
        self.departments.iter().any(|one| !one.line.is_empty())
    }
}
