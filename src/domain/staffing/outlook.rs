//! What one agent fewer or more would do now, and whether the standard will be missed as things stand.
//!
//! Called for the team lead's wall. Pure: what is known of the moment comes in as numbers.

use super::plan::{self, agents_for};
use super::{Concurrency, Desk, Load, WrongLoad};

/// Fewer chats that ended than this say too little of how long chats take.
pub const CHATS_MIN: u64 = 5;
/// Arrivals within the last quarter of an hour from which on a rate is believed enough to warn of it.
const ARRIVALS_MIN: u64 = 5;
/// So many who wait already are a line.
const LINE_MIN: u64 = 3;
/// More arrivals than before by this factor are the reason for whatever follows.
const RISE: f64 = 1.2;
/// Agents from one fewer to two more.
const STEPS: std::ops::RangeInclusive<i64> = -1..=2;

/// A department at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Agents on.
    pub agents: u32,
    /// Chats that each of them takes at once.
    pub chats_each: u32,
    /// The mean length of a chat alone, and at a full agent, in seconds.
    pub lengths_s: (f64, f64),
    /// The mean patience; none where nobody left.
    pub patience_s: Option<f64>,
    /// Who came within the last quarter of an hour.
    pub arrivals: u64,
    /// Who came within the hour before that.
    pub arrivals_before: u64,
    /// Who waits.
    pub waiting: u64,
    /// Whether the first of them waits for longer than the standard allows.
    pub is_line_late: bool,
    /// Answered in time, of those who came within the last quarter of an hour.
    pub in_time: u64,
    /// Of how many.
    pub judged: u64,
    /// Within how many seconds visitors are to be answered.
    pub answer_s: f64,
    /// What share of them.
    pub target: f64,
    /// Agents who will be on at the end of each of the next quarter hours, as far as shifts are planned.
    pub ahead: [u32; AHEAD],
}

/// So many quarter hours are looked ahead.
pub const AHEAD: usize = 4;

/// What is to be expected at the end of one of the next quarter hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Agents who are on then.
    pub agents: u32,
    /// The share answered in time.
    pub service_level: f64,
    /// The same if more come than of late, by as much as is usual between two quarter hours.
    pub low: f64,
    /// And if fewer come.
    pub high: f64,
}

/// A number of agents, and what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// So many.
    pub agents: u32,
    /// The share answered in time.
    pub service_level: f64,
    /// The mean wait in seconds; none where the line only grows.
    pub wait_s: Option<f64>,
    /// How much of their places is taken.
    pub occupancy: f64,
}

/// Why a standard will be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// More visitors come than before.
    Arrivals,
    /// There are too few agents for those who come.
    Agents,
    /// Too many wait already.
    Line,
    /// Fewer agents will be there: shifts end.
    Shifts,
}

/// A standard that will be missed if nothing changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warning {
    /// The service level to expect.
    pub expected: f64,
    /// Why.
    pub reason: Reason,
    /// Arrivals an hour before.
    pub arrivals_before_per_hour: f64,
    /// Agents who would keep it; none where no number would, or where it is the line that is late.
    pub agents_needed: Option<u32>,
    /// In how many quarter hours; 0 is now.
    pub quarters_ahead: usize,
}

/// What is to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// Agents on now.
    pub agents: u32,
    /// At the rate of the last quarter of an hour.
    pub arrivals_per_hour: f64,
    /// From one agent fewer to two more.
    pub steps: Vec<Step>,
    /// The next quarter hours.
    pub ahead: Vec<Course>,
    /// What is in danger.
    pub warning: Option<Warning>,
}

/// What is to come if visitors go on coming as within the last quarter of an hour.
///
/// # Errors
/// A length, a patience or a standard that makes no sense.
pub fn outlook(moment: &Moment) -> Result<Outlook, WrongLoad> {
    let (alone_s, full_s) = moment.lengths_s;
    let load_of = |arrivals: f64| Load::new(arrivals / 900.0, alone_s, moment.patience_s);
    let arrivals = moment.arrivals as f64;
    // As a Poisson process scatters between two quarter hours.
    let scatter = arrivals.sqrt();
    let (load, more) = (load_of(arrivals)?, load_of(arrivals + scatter)?);
    let fewer = load_of((arrivals - scatter).max(0.0))?;
    let concurrency = Concurrency::measured(moment.chats_each.max(1), alone_s, full_s)?;
    let steady = |agents: u32, load: Load| {
        let desk = Desk {
            agents,
            concurrency,
            load,
        };
        desk.steady(moment.answer_s)
    };
    let step = |agents: u32| {
        let steady = steady(agents, load);
        Step {
            agents,
            service_level: steady.answered_in_time,
            wait_s: steady.wait_s.is_finite().then_some(steady.wait_s),
            occupancy: steady.occupancy,
        }
    };
    let with = |more: i64| {
        let agents = u32::try_from(i64::from(moment.agents) + more).ok();
        agents.map(step)
    };
    let mut ahead: Vec<Course> = Vec::new();
    for agents in moment.ahead {
        // Mostly nobody comes or goes: what was reckoned is reckoned once.
        let known = ahead.iter().find(|course| course.agents == agents);
        ahead.push(known.copied().unwrap_or_else(|| Course {
            agents,
            service_level: step(agents).service_level,
            low: steady(agents, more).answered_in_time,
            high: steady(agents, fewer).answered_in_time,
        }));
    }
    let standard = plan::Standard::new(moment.answer_s, moment.target, 1.0)?;
    let needed = || agents_for(load, concurrency, &standard).map(|one| one.agents);
    Ok(Outlook {
        agents: moment.agents,
        arrivals_per_hour: arrivals * 4.0,
        steps: STEPS.filter_map(with).collect(),
        warning: warning(moment, step(moment.agents), &ahead, needed),
        ahead,
    })
}

fn warning(
    moment: &Moment,
    now: Step,
    ahead: &[Course],
    needed: impl Fn() -> Option<u32>,
) -> Option<Warning> {
    let before = moment.arrivals_before as f64;
    let is_rate_known = moment.arrivals >= ARRIVALS_MIN;
    if is_rate_known && now.service_level < moment.target {
        let rises = before > 0.0 && moment.arrivals as f64 * 4.0 > before * RISE;
        return Some(Warning {
            expected: now.service_level,
            reason: if rises {
                Reason::Arrivals
            } else {
                Reason::Agents
            },
            arrivals_before_per_hour: before,
            agents_needed: needed(),
            quarters_ahead: 0,
        });
    }
    // Whoever waits behind somebody who is late will be late: they count as missed before they are.
    let all = moment.judged.max(moment.in_time) + moment.waiting;
    let expected = moment.in_time as f64 / all.max(1) as f64;
    let is_late = moment.is_line_late && moment.waiting >= LINE_MIN;
    if is_late && expected < moment.target {
        return Some(Warning {
            expected,
            reason: Reason::Line,
            arrivals_before_per_hour: before,
            agents_needed: None,
            quarters_ahead: 0,
        });
    }
    let is_short =
        |course: &Course| course.agents < moment.agents && course.service_level < moment.target;
    let index = ahead.iter().position(is_short).filter(|_| is_rate_known)?;
    Some(Warning {
        expected: ahead[index].service_level,
        reason: Reason::Shifts,
        arrivals_before_per_hour: before,
        agents_needed: needed(),
        quarters_ahead: index + 1,
    })
}
