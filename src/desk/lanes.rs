//! The figures in the departments' lanes: how those who came of late waited, and what is to come.
//!
//! Counted from the day book by `domain::figures`, as reports are from the log. Called by the relay (`line.rs`) while
//! somebody looks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::desk::book::{Book, Known};
use crate::domain::figures::{Cell, Staff, Talks};
use crate::domain::happening::PlannedShifts;
use crate::domain::staffing::outlook::{CHATS_MIN, Course, Moment, Outlook, Reason, Step, outlook};
use crate::model::id::{AgentId, DepartmentKey};
use crate::model::record::Department;
use crate::model::standard::Standard;
use crate::model::time::{At, Millis};
use crate::protocol::lane::{
    LaneCourse, LaneFigures, LanePromises, LaneStaffing, LaneTalks, LaneWarning, Silence,
    StaffingStep, WarningReason,
};

const QUARTER: Millis = Millis::seconds(15 * 60);
/// The hour before that, and itself.
const BEFORE: Millis = Millis::seconds(75 * 60);
const DAY: Millis = Millis::seconds(24 * 60 * 60);
/// What is to come is reckoned at most this often: it costs more than counting, and changes slowly.
const OUTLOOK: Millis = Millis::seconds(5);

/// One department's figures.
#[derive(Clone, Debug)]
pub(super) struct LaneNews {
    pub standard: Standard,
    pub quarter: LaneFigures,
    pub day: LaneFigures,
    pub promises: LanePromises,
    pub staffing: Option<LaneStaffing>,
}

/// What was reckoned last, and when.
#[derive(Default)]
pub(super) struct Outlooks(HashMap<DepartmentKey, (At, Option<LaneStaffing>)>);

impl Outlooks {
    /// The figures of these departments now.
    pub(super) fn news<'a>(
        &mut self,
        book: &Book,
        departments: impl Iterator<Item = &'a Department>,
        now: At,
    ) -> HashMap<DepartmentKey, LaneNews> {
        book.known(|known| {
            departments
                .map(|one| (one.key.clone(), self.news_of(known, one, now)))
                .collect()
        })
    }

    fn news_of(&mut self, known: &Known<'_>, department: &Department, now: At) -> LaneNews {
        let figures = known.figures;
        let (key, standard) = (&department.key, department.standard);
        let lane = |span| {
            let cell = figures.window(key, now, span);
            lane_figures(&cell, standard, &figures.staff(key, now, span))
        };
        let (quarter, day) = (lane(QUARTER), lane(DAY));
        let is_fresh = |at: At| now - at < OUTLOOK;
        let staffing = match self.0.get(key) {
            Some((at, staffing)) if is_fresh(*at) => staffing.clone(),
            Some(_) | None => {
                let fresh = staffing(known, key, standard, now);
                self.0.insert(key.clone(), (now, fresh.clone()));
                fresh
            }
        };
        LaneNews {
            standard,
            quarter,
            day,
            promises: known.kept.of(key, now),
            staffing,
        }
    }
}

fn lane_figures(cell: &Cell, standard: Standard, staff: &Staff) -> LaneFigures {
    let waits = cell.waits.settled();
    let level = waits.service_level(standard.threshold_ms, standard.definition);
    LaneFigures {
        offered: waits.offered(),
        answered: waits.answered(),
        abandoned: waits.abandoned(),
        short_abandoned: waits.short_abandoned(),
        open: waits.open(),
        in_time: level.part,
        judged: level.whole,
        p50_ms: waits.percentile_with_open(50),
        p90_ms: waits.percentile_with_open(90),
        p95_ms: waits.percentile_with_open(95),
        max_ms: waits.longest(),
        occupancy: staff.work.occupancy(),
        slot_occupancy: staff.work.slot_occupancy(),
        talks: lane_talks(&cell.talks),
    }
}

fn lane_talks(talks: &Talks) -> LaneTalks {
    let (responses, handled) = (talks.responses(), talks.handled());
    LaneTalks {
        served: talks.served,
        response_p50_ms: responses.percentile(50),
        response_p90_ms: responses.percentile(90),
        handled: handled.count(),
        handled_p50_ms: handled.percentile(50),
        handled_p90_ms: handled.percentile(90),
        greeted: talks.greeted,
        ungreeted: talks.ungreeted,
        silent: talks.silent,
        transfers: talks.transfers,
        rated: talks.rated(),
        score: talks.score(),
    }
}

/// Of each agent of these departments the visitor who has waited longest for a word, by agent.
pub(super) fn silences(book: &Book, may_see: impl Fn(&DepartmentKey) -> bool) -> Vec<Silence> {
    book.known(|known| {
        let mut longest: BTreeMap<AgentId, At> = BTreeMap::new();
        for (department, agent, since) in known.figures.unanswered() {
            if may_see(department) {
                let known = longest.entry(agent).or_insert(since);
                *known = since.min(*known);
            }
        }
        let longest = longest.into_iter();
        longest
            .map(|(agent, since)| Silence { agent, since })
            .collect()
    })
}

/// None while fewer chats have ended within the day than say how long they take.
fn staffing(
    known: &Known<'_>,
    key: &DepartmentKey,
    standard: Standard,
    now: At,
) -> Option<LaneStaffing> {
    let figures = known.figures;
    let pace = figures.pace(key);
    if pace.chats < CHATS_MIN {
        return None;
    }
    let staff = figures.staff(key, now, DAY);
    let chats_each = chats_each(&staff);
    let quarter = figures.window(key, now, QUARTER).waits;
    let settled = quarter.settled();
    let level = settled.service_level(standard.threshold_ms, standard.definition);
    let line = figures.line(key, now, QUARTER, standard.threshold_ms);
    let since_hour = figures.window(key, now, BEFORE).waits.offered();
    let moment = Moment {
        agents: staff.on,
        chats_each,
        lengths_s: pace.lengths_s(chats_each)?,
        patience_s: figures.window(key, now, DAY).waits.patience_s(),
        arrivals: quarter.offered(),
        arrivals_before: since_hour - quarter.offered(),
        waiting: line.waiting,
        is_line_late: line.open_over > 0,
        in_time: level.part,
        judged: level.whole,
        answer_s: seconds(standard.threshold_ms),
        target: f64::from(standard.target_percent) / 100.0,
        ahead: std::array::from_fn(|quarter| {
            agents_at(known, key, now, quarters_after(now, quarter + 1))
        }),
    };
    match outlook(&moment) {
        Ok(outlook) => Some(lane_staffing(outlook, now, |then| {
            leaving(known, key, now, then)
        })),
        Err(wrong) => {
            tracing::debug!(%wrong, "what is to come could not be reckoned");
            None
        }
    }
}

/// Places of an agent: of those who are on, else as they were within the day.
fn chats_each(staff: &Staff) -> u32 {
    let (places, agents) = if staff.on > 0 {
        (f64::from(staff.capacity), f64::from(staff.on))
    } else {
        (seconds(staff.work.slot), seconds(staff.work.online))
    };
    if agents > 0.0 {
        (places / agents).round().clamp(1.0, 100.0) as u32
    } else {
        1
    }
}

fn quarters_after(now: At, quarters: usize) -> At {
    At(now.0 + quarters as i64 * QUARTER.0)
}

/// Who will serve a department at a later moment: those who are on and do not go by plan, and those who come by it.
fn agents_at(known: &Known<'_>, key: &DepartmentKey, now: At, then: At) -> u32 {
    let on: BTreeSet<AgentId> = known.figures.on_for(key).collect();
    let plan_of = |agent: &AgentId| known.planned.iter().find(|plan| plan.agent == *agent);
    let stays =
        |agent: &&AgentId| plan_of(agent).is_none_or(|plan| plan.will_be_on(true, now, then));
    let comes = |plan: &&PlannedShifts| {
        !on.contains(&plan.agent)
            && plan.departments.contains(key)
            && plan.will_be_on(false, now, then)
    };
    let agents = on.iter().filter(stays).count() + known.planned.iter().filter(comes).count();
    u32::try_from(agents).unwrap_or(u32::MAX)
}

/// Who is on for a department and goes by plan until then.
fn leaving(known: &Known<'_>, key: &DepartmentKey, now: At, then: At) -> Vec<AgentId> {
    let goes = |agent: &AgentId| {
        let plan = known.planned.iter().find(|plan| plan.agent == *agent);
        plan.is_some_and(|plan| !plan.will_be_on(true, now, then))
    };
    known.figures.on_for(key).filter(goes).collect()
}

fn lane_staffing(outlook: Outlook, now: At, leaving: impl Fn(At) -> Vec<AgentId>) -> LaneStaffing {
    let step = |step: Step| StaffingStep {
        agents: step.agents,
        service_level: step.service_level,
        wait_ms: step
            .wait_s
            .map(|wait_s| Millis((wait_s * 1_000.0).round() as i64)),
        occupancy: step.occupancy,
    };
    let course = |(quarters, course): (usize, Course)| LaneCourse {
        at: quarters_after(now, quarters),
        agents: course.agents,
        service_level: course.service_level,
        low: course.low,
        high: course.high,
    };
    let warning = outlook.warning.map(|warning| {
        let then = quarters_after(now, warning.quarters_ahead);
        LaneWarning {
            expected: warning.expected,
            reason: match warning.reason {
                Reason::Arrivals => WarningReason::Arrivals,
                Reason::Agents => WarningReason::Agents,
                Reason::Line => WarningReason::Line,
                Reason::Shifts => WarningReason::Shifts,
            },
            arrivals_before_per_hour: warning.arrivals_before_per_hour,
            agents_needed: warning.agents_needed,
            at: (warning.quarters_ahead > 0).then_some(then),
            leaving: if warning.reason == Reason::Shifts {
                leaving(then)
            } else {
                Vec::new()
            },
        }
    });
    LaneStaffing {
        agents: outlook.agents,
        arrivals_per_hour: outlook.arrivals_per_hour,
        steps: outlook.steps.into_iter().map(step).collect(),
        ahead: (1..).zip(outlook.ahead).map(course).collect(),
        warning,
    }
}

fn seconds(span: Millis) -> f64 {
    span.0 as f64 / 1_000.0
}
