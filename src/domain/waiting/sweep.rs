//! The sweep: everybody who waits takes, in order, the next slot that is to be expected.
//!
//! One pass over all lines serves everybody in O(those who wait · groups of agents). Called by the roof above only.

use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

use super::hazard::Hazard;
use super::outlook::{Axis, Cursor, Pool, Server, Slot, Spread};
use super::presence::Presence;
use super::work::Pace;
use super::{Agent, Estimate, Estimator, seconds, tuning};

/// The deviate of a standard normal that nine in ten stay below.
const Z90: f64 = 1.281_551_6;
/// Nothing is foretold beyond a year.
const WAIT_MS_MAX: f64 = 366.0 * 86_400_000.0;

/// Whole milliseconds of a span in seconds.
fn millis(span_s: f64) -> Millis {
    // Spans are not negative, so half a millisecond more and the conversion's rounding down make the nearest.
    Millis((span_s * 1_000.0 + 0.5).min(WAIT_MS_MAX) as i64)
}

impl Estimator {
    /// What agents will free, by groups of agents who serve the same departments.
    fn outlook(&self, now: At) -> (Axis, Vec<Pool>) {
        let axis = Axis::new(self.work.hazard(), self.work.rate());
        let habits = self.habits.outlook();
        let drift = self.work.drift();
        let of_agents = Pace::of_all(self.agents.iter().map(|agent| &agent.pace));
        let of_departments = Pace::of_all(self.departments.iter().map(|one| &one.pace));
        let paces: Vec<f64> = self
            .departments
            .iter()
            .map(|department| department.pace.factor_beside(of_departments))
            .collect();
        let pace = |number: u16| paces[usize::from(number)];
        let mut pools: Vec<Pool> = Vec::new();
        let mut chances = Vec::new();
        for agent in &self.agents {
            if agent.capacity == 0 || agent.departments.is_empty() {
                continue;
            }
            let presence = Presence {
                is_on: agent.is_on,
                since: agent.since,
                absences: agent.absences,
                plan: agent.plan.map(|index| &self.plans[index]),
            };
            habits.chances(&presence, &self.punctuality, now, &axis.times, &mut chances);
            let factor = drift * agent.pace.factor_beside(of_agents);
            let chats: Vec<(f64, f64)> = agent
                .chats
                .iter()
                .map(|chat| (seconds(now - chat.since), factor * pace(chat.department)))
                .collect();
            let own: f64 = agent.departments.iter().map(|number| pace(*number)).sum();
            let server = Server {
                chances: &chances,
                is_on: agent.is_on,
                capacity: f64::from(agent.capacity),
                chats: &chats,
                factor: factor * own / agent.departments.len() as f64,
            };
            let known = pools
                .iter()
                .position(|pool| pool.serves_just(&agent.departments));
            let index = known.unwrap_or_else(|| {
                pools.push(Pool::new(agent.departments.clone(), &axis));
                pools.len() - 1
            });
            pools[index].add(&axis, &server);
        }
        (axis, pools)
    }

    /// The hazard of those who wait to leave, by the time they have waited.
    fn leaving(&self) -> Hazard {
        let supposed = 1.0 / tuning::PATIENCE_SUPPOSED_S;
        let rate = self.patience.rate(supposed, tuning::PATIENCE_WEIGHT);
        self.patience.hazard(rate, tuning::PATIENCE_CLASS_WEIGHT)
    }

    /// The sweep; `tell` says whether to go on.
    pub(super) fn sweep_while(
        &self,
        now: At,
        mut tell: impl FnMut(&DepartmentKey, ConversationId, Estimate) -> bool,
    ) {
        let now = now.max(self.now);
        let (axis, mut pools) = self.outlook(now);
        let leaving = self.leaving();
        let scale = self.steering.scale_log.exp();
        let is_known = self.work.grounds() >= tuning::GROUNDS_MIN;
        let mut lines: Vec<Course<'_, _>> = self
            .departments
            .iter()
            .enumerate()
            .map(|(number, department)| {
                let is_served = |agent: &Agent| {
                    agent.is_on
                        && agent
                            .departments
                            .iter()
                            .any(|of| usize::from(*of) == number)
                };
                Course {
                    department: &department.key,
                    entries: department.line.iter().peekable(),
                    cursor: Cursor::new(number, &pools),
                    scatter: 0.0,
                    is_grounded: is_known && self.agents.iter().any(is_served),
                }
            })
            .collect();
        while let Some(line) = next_in_order(&mut lines) {
            let Some((_, entry)) = line.entries.next() else {
                return;
            };
            let slot = line.cursor.next(&axis, &pools);
            let estimate = estimate(slot, line.scatter, scale, line.is_grounded);
            if !tell(line.department, entry.conversation(), estimate) {
                return;
            }
            let waited_s = seconds(now - entry.since());
            let gone = leaving.sum(waited_s + slot.at_s) - leaving.sum(waited_s);
            let stays = (-gone).exp();
            line.cursor.take(&mut pools, slot, stays);
            line.scatter += stays * (1.0 - stays);
        }
    }
}

/// A line while it is swept.
struct Course<'a, Entries: Iterator> {
    department: &'a DepartmentKey,
    entries: std::iter::Peekable<Entries>,
    cursor: Cursor,
    /// The chances of those ahead to leave, as a sum of p(1 − p).
    scatter: f64,
    is_grounded: bool,
}

/// The line whose first has the smallest key: the oldest of all lines that share an agent goes first.
fn next_in_order<'a, 'b, Entry, Entries>(
    lines: &'b mut [Course<'a, Entries>],
) -> Option<&'b mut Course<'a, Entries>>
where
    Entries: Iterator<Item = ((i64, ConversationId), Entry)>,
{
    let mut first: Option<(usize, (i64, ConversationId))> = None;
    for (number, line) in lines.iter_mut().enumerate() {
        if let Some((order, _)) = line.entries.peek()
            && first.is_none_or(|(_, best)| *order < best)
        {
            first = Some((number, *order));
        }
    }
    first.map(|(number, _)| &mut lines[number])
}

fn estimate(slot: Slot, scatter: f64, scale: f64, is_grounded: bool) -> Estimate {
    let spread = Spread::new(slot, scatter);
    let p50 = spread.quantile(0.0, 1.0);
    Estimate {
        p50: millis(p50),
        p90: millis(spread.quantile(Z90, scale).max(p50)),
        mean: millis(slot.at_s),
        is_grounded,
    }
}
