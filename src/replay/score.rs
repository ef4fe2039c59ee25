//! What predictions were worth: the offered waits of a trace, the points at which a prediction is due, and the scores.
//!
//! Written apart from the estimator, which keeps a book of its own: a mistake made there is not repeated here.
//! All waits are in milliseconds.

use std::collections::{HashMap, HashSet};

use crate::domain::happening::Happening;
use crate::domain::waiting::Estimate;
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

use super::trace::Trace;

/// A prediction is due on arrival, and again after each such span of waiting.
pub const STEP: Millis = Millis::seconds(60);

/// A moment at which a prediction of the remaining wait is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: At,
    /// Whose.
    pub conversation: ConversationId,
    /// On arrival, or a minute or more later.
    pub is_arrival: bool,
    /// What came of it: how long somebody who stayed would have waited from then on.
    pub remaining: Millis,
}

/// What was shown at a point: milliseconds of remaining wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Half of such waits are longer.
    pub p50_ms: f64,
    /// One in ten such waits is longer.
    pub p90_ms: f64,
    /// The expected wait.
    pub mean_ms: f64,
}

/// The scores of one kind of point, each relative to the mean wait at these points.
#[derive(Clone, Copy, Debug)]
pub struct Scores {
    /// How many points.
    pub count: usize,
    /// Their mean wait in seconds.
    pub mean_wait_s: f64,
    /// Root of the mean squared error of the mean.
    pub rase: f64,
    /// Mean error of the mean; above zero promises too long.
    pub bias: f64,
    /// Mean absolute error of the median.
    pub mae: f64,
    /// Share of waits within the 90th percentile.
    pub cover90: f64,
    /// Mean 90th percentile.
    pub p90_size: f64,
    /// Quantile loss of the 90th percentile.
    pub pin90: f64,
    /// Share of waits above the median.
    pub under50: f64,
}

/// The scores of one trace.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// On arrival; absent where nobody waited.
    pub arrival: Option<Scores>,
    /// Each minute after.
    pub update: Option<Scores>,
    /// Both.
    pub all: Option<Scores>,
    /// Mean change of the promised end from one point of a visitor to the next, relative to the mean wait of all points.
    pub jump: Option<f64>,
}

#[derive(Clone)]
struct Visitor {
    ordinal: usize,
    department: DepartmentKey,
    arrived: At,
    left: Option<At>,
    offered: Option<At>,
    is_paired_at_once: bool,
}

struct Agent {
    is_on: bool,
    capacity: u32,
    departments: Vec<DepartmentKey>,
    running: u32,
}

/// Follows a trace and notes for each visitor when they were served or, had they stayed, would have been.
#[derive(Default)]
struct Offers {
    visitors: HashMap<ConversationId, Visitor>,
    /// In order of arrival.
    order: Vec<ConversationId>,
    agents: HashMap<AgentId, Agent>,
    served_by: HashMap<ConversationId, AgentId>,
    /// Those who left and whose turn has not come yet.
    gone: HashMap<DepartmentKey, Vec<ConversationId>>,
    touched: HashSet<AgentId>,
}

impl Offers {
    /// An agent could take whoever left before `ordinal`.
    fn offer(&mut self, agent: AgentId, at: At, before: usize) {
        let Some(agent) = self.agents.get(&agent) else {
            return;
        };
        for department in &agent.departments {
            let Some(gone) = self.gone.get_mut(department) else {
                continue;
            };
            let visitors = &mut self.visitors;
            gone.retain(|id| {
                let Some(visitor) = visitors.get_mut(id) else {
                    return false;
                };
                if visitor.ordinal >= before {
                    return true;
                }
                visitor.offered = Some(at);
                false
            });
        }
    }

    /// Everything of this millisecond is done: a slot that is free now could have been anybody's.
    fn settle(&mut self, at: At) {
        for id in std::mem::take(&mut self.touched) {
            let has_room = self
                .agents
                .get(&id)
                .is_some_and(|agent| agent.is_on && agent.running < agent.capacity);
            if has_room {
                self.offer(id, at, usize::MAX);
            }
        }
    }

    fn add(&mut self, at: At, happening: &Happening) {
        match happening {
            Happening::Arrived(place) => {
                let visitor = Visitor {
                    ordinal: self.order.len(),
                    department: place.department.clone(),
                    arrived: at,
                    left: None,
                    offered: None,
                    is_paired_at_once: false,
                };
                self.order.push(place.conversation);
                self.visitors.insert(place.conversation, visitor);
            }
            Happening::Assigned { place, agent } => self.start(at, place.conversation, *agent),
            Happening::Left { place, .. } | Happening::TakenOut(place) => {
                if let Some(visitor) = self.visitors.get_mut(&place.conversation) {
                    visitor.left = Some(at);
                    let gone = self.gone.entry(visitor.department.clone()).or_default();
                    gone.push(place.conversation);
                }
            }
            Happening::Ended { conversation } => {
                if let Some(id) = self.served_by.remove(conversation) {
                    if let Some(agent) = self.agents.get_mut(&id) {
                        agent.running -= 1;
                    }
                    self.touched.insert(id);
                }
            }
            Happening::AgentOn {
                agent: id,
                capacity,
                departments,
            } => {
                let running = self.agents.get(id).map_or(0, |agent| agent.running);
                let agent = Agent {
                    is_on: true,
                    capacity: *capacity,
                    departments: departments.clone(),
                    running,
                };
                self.agents.insert(*id, agent);
                self.touched.insert(*id);
            }
            Happening::AgentOff { agent } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.is_on = false;
                }
            }
        }
    }

    fn start(&mut self, at: At, conversation: ConversationId, agent: AgentId) {
        if let Some(visitor) = self.visitors.get_mut(&conversation) {
            visitor.left = Some(at);
            visitor.offered = Some(at);
            let ordinal = visitor.ordinal;
            self.offer(agent, at, ordinal);
        }
        self.served_by.insert(conversation, agent);
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.running += 1;
        }
        self.touched.insert(agent);
    }
}

/// All points of a trace at which a prediction is due, in time order.
#[must_use]
pub fn points(trace: &Trace) -> Vec<Point> {
    let mut offers = Offers::default();
    let mut last: Option<(At, &Happening)> = None;
    for (at, happening) in &trace.events {
        if let Some((before, _)) = last
            && before < *at
        {
            offers.settle(before);
        }
        offers.add(*at, happening);
        if let (Some((_, Happening::Arrived(arrived))), Happening::Assigned { place, .. }) =
            (last, happening)
            && arrived.conversation == place.conversation
            && let Some(visitor) = offers.visitors.get_mut(&place.conversation)
        {
            visitor.is_paired_at_once = true;
        }
        last = Some((*at, happening));
    }
    if let Some((at, _)) = last {
        offers.settle(at);
    }
    let mut points = Vec::new();
    for (ordinal, id) in offers.order.iter().enumerate() {
        let visitor = &offers.visitors[id];
        let (Some(left), Some(offered)) = (visitor.left, visitor.offered) else {
            continue;
        };
        if visitor.is_paired_at_once {
            continue;
        }
        let mut at = visitor.arrived;
        while at < left || at == visitor.arrived {
            if at >= trace.score_from {
                let point = Point {
                    at,
                    conversation: *id,
                    is_arrival: at == visitor.arrived,
                    remaining: offered - at,
                };
                points.push((at, ordinal, point));
            }
            at = at + STEP;
        }
    }
    points.sort_by_key(|(at, ordinal, _)| (*at, *ordinal));
    points.into_iter().map(|(_, _, point)| point).collect()
}

/// Scores predictions, each with its point, in time order.
#[must_use]
pub fn report(rows: &[(Point, Prediction)]) -> Report {
    let of = |keep: &dyn Fn(&Point) -> bool| {
        scores(rows.iter().filter(|(point, _)| keep(point)).copied())
    };
    let all = of(&|_| true);
    let mut promised: HashMap<ConversationId, f64> = HashMap::new();
    let mut jumps = Vec::new();
    for (point, prediction) in rows {
        let end = point.at.0 as f64 + prediction.p50_ms;
        if let Some(before) = promised.insert(point.conversation, end) {
            jumps.push((end - before).abs());
        }
    }
    let mean_wait_ms = all.map_or(f64::NAN, |all| all.mean_wait_s * 1_000.0);
    let jump =
        (!jumps.is_empty()).then(|| jumps.iter().sum::<f64>() / jumps.len() as f64 / mean_wait_ms);
    Report {
        arrival: of(&|point| point.is_arrival),
        update: of(&|point| !point.is_arrival),
        all,
        jump,
    }
}

fn scores(rows: impl Iterator<Item = (Point, Prediction)>) -> Option<Scores> {
    let mut sum = Sums::default();
    for (point, prediction) in rows {
        sum.add(point.remaining.0 as f64, prediction);
    }
    let count = sum.count as f64;
    let mean = sum.wait / count;
    if sum.count == 0 || mean <= 0.0 {
        return None;
    }
    Some(Scores {
        count: sum.count,
        mean_wait_s: mean / 1_000.0,
        rase: (sum.squared / count).sqrt() / mean,
        bias: sum.error / count / mean,
        mae: sum.absolute / count / mean,
        cover90: sum.covered as f64 / count,
        p90_size: sum.p90 / count / mean,
        pin90: sum.pinball / count / mean,
        under50: sum.above as f64 / count,
    })
}

#[derive(Default)]
struct Sums {
    count: usize,
    wait: f64,
    squared: f64,
    error: f64,
    absolute: f64,
    covered: usize,
    p90: f64,
    pinball: f64,
    above: usize,
}

impl Sums {
    fn add(&mut self, wait: f64, prediction: Prediction) {
        let error = prediction.mean_ms - wait;
        let over = wait - prediction.p90_ms;
        self.count += 1;
        self.wait += wait;
        self.squared += error * error;
        self.error += error;
        self.absolute += (prediction.p50_ms - wait).abs();
        self.covered += usize::from(over <= 0.0);
        self.p90 += prediction.p90_ms;
        self.pinball += if over >= 0.0 { 0.9 * over } else { -0.1 * over };
        self.above += usize::from(wait > prediction.p50_ms);
    }
}

impl From<&Estimate> for Prediction {
    fn from(estimate: &Estimate) -> Self {
        Self {
            p50_ms: estimate.p50.0 as f64,
            p90_ms: estimate.p90.0 as f64,
            mean_ms: estimate.mean.0 as f64,
        }
    }
}
