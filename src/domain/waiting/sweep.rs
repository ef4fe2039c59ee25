//! The sweep: everybody who waits takes, in order, the next slot that is to be expected.
//!
//! One pass over all lines serves everybody in O(those who wait · groups of agents). Called by the roof above only.

use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

use super::hazard::Hazard;
use super::line::Entry;
use super::outlook::{Axis, Cursor, Pool, Server, Slot, Spread};
use super::presence::Presence;
use super::work::Pace;
use super::{Estimate, Estimator, seconds, tuning};

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
        let pace = |number: u32| paces[number as usize];
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
        mut tell: impl FnMut(&DepartmentKey, &Entry, Estimate) -> bool,
    ) -> Swept<'_> {
        let now = now.max(self.now);
        let (axis, mut pools) = self.outlook(now);
        let leaving = self.leaving();
        let scale = self.steering.scale_log.exp();
        let mut lines = self.courses(&pools);
        // Those without anybody in line are behind the others, where no step looks at them.
        lines.sort_by_key(|line| line.is_empty);
        let busy = lines.partition_point(|line| !line.is_empty);
        while let Some(line) = next_in_order(&mut lines[..busy]) {
            let Some((_, entry)) = line.entries.next() else {
                break;
            };
            let slot = line.cursor.next(&axis, &pools);
            let estimate = estimate(slot, line.scatter, scale, line.is_grounded);
            if !tell(line.department, entry, estimate) {
                break;
            }
            let waited_s = seconds(now - entry.since());
            let gone = leaving.sum(waited_s + slot.at_s) - leaving.sum(waited_s);
            let stays = (-gone).exp();
            line.cursor.take(&mut pools, slot, stays);
            line.scatter += stays * (1.0 - stays);
        }
        let lines = lines.into_iter().map(|line| Next {
            department: line.department,
            cursor: line.cursor,
            scatter: line.scatter,
            is_grounded: line.is_grounded,
        });
        Swept {
            lines: lines.collect(),
            axis,
            pools,
            scale,
        }
    }

    /// Each line, before anybody of it has taken a slot.
    fn courses<'a>(
        &'a self,
        pools: &[Pool],
    ) -> Vec<Course<'a, impl Iterator<Item = InOrder<'a>> + use<'a>>> {
        let is_known = self.work.grounds() >= tuning::GROUNDS_MIN;
        let mut is_served = vec![false; self.departments.len()];
        for agent in self.agents.iter().filter(|agent| agent.is_on) {
            for number in &agent.departments {
                is_served[*number as usize] = true;
            }
        }
        let course = |(number, is_served): (usize, bool)| {
            let department = &self.departments[number];
            Course {
                department: &department.key,
                is_empty: department.line.is_empty(),
                entries: department.line.iter().peekable(),
                cursor: Cursor::new(number, pools),
                scatter: 0.0,
                is_grounded: is_known && is_served,
            }
        };
        is_served.into_iter().enumerate().map(course).collect()
    }
}

/// One who waits, with the order key.
type InOrder<'a> = ((i64, ConversationId), &'a Entry);

/// What a sweep leaves for those who come next.
pub(super) struct Swept<'a> {
    lines: Vec<Next<'a>>,
    axis: Axis,
    pools: Vec<Pool>,
    scale: f64,
}

struct Next<'a> {
    department: &'a DepartmentKey,
    cursor: Cursor,
    scatter: f64,
    is_grounded: bool,
}

impl Swept<'_> {
    /// What somebody who came into each line now would wait, each as if they alone came.
    pub(super) fn newcomers(self, mut tell: impl FnMut(&DepartmentKey, Estimate)) {
        for mut line in self.lines {
            let slot = line.cursor.next(&self.axis, &self.pools);
            let estimate = estimate(slot, line.scatter, self.scale, line.is_grounded);
            tell(line.department, estimate);
        }
    }
}

/// A line while it is swept.
struct Course<'a, Entries: Iterator> {
    department: &'a DepartmentKey,
    is_empty: bool,
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
