//! The figures in the departments' lanes: how those who came of late waited, and what is to come.
//!
//! Counted from the day book by `domain::figures`, as reports are from the log. Called by the relay (`line.rs`) while
//! somebody looks.

use std::collections::HashMap;

use crate::desk::book::Book;
use crate::domain::figures::{Cell, Figures, Staff};
use crate::domain::staffing::outlook::{CHATS_MIN, Moment, Outlook, Reason, Step, outlook};
use crate::model::id::DepartmentKey;
use crate::model::record::Department;
use crate::model::standard::Standard;
use crate::model::time::{At, Millis};
use crate::protocol::lane::{LaneFigures, LaneStaffing, LaneWarning, StaffingStep, WarningReason};

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
        book.figures(|figures| {
            departments
                .map(|one| (one.key.clone(), self.news_of(figures, one, now)))
                .collect()
        })
    }

    fn news_of(&mut self, figures: &Figures, department: &Department, now: At) -> LaneNews {
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
                let fresh = staffing(figures, key, standard, now);
                self.0.insert(key.clone(), (now, fresh.clone()));
                fresh
            }
        };
        LaneNews {
            standard,
            quarter,
            day,
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
    }
}

/// None while fewer chats have ended within the day than say how long they take.
fn staffing(
    figures: &Figures,
    key: &DepartmentKey,
    standard: Standard,
    now: At,
) -> Option<LaneStaffing> {
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
    };
    match outlook(&moment) {
        Ok(outlook) => Some(lane_staffing(outlook)),
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

fn lane_staffing(outlook: Outlook) -> LaneStaffing {
    let step = |step: Step| StaffingStep {
        agents: step.agents,
        service_level: step.service_level,
        wait_ms: step
            .wait_s
            .map(|wait_s| Millis((wait_s * 1_000.0).round() as i64)),
        occupancy: step.occupancy,
    };
    let warning = outlook.warning.map(|warning| LaneWarning {
        expected: warning.expected,
        reason: match warning.reason {
            Reason::Arrivals => WarningReason::Arrivals,
            Reason::Agents => WarningReason::Agents,
            Reason::Line => WarningReason::Line,
        },
        arrivals_before_per_hour: warning.arrivals_before_per_hour,
        agents_needed: warning.agents_needed,
    });
    LaneStaffing {
        agents: outlook.agents,
        arrivals_per_hour: outlook.arrivals_per_hour,
        steps: outlook.steps.into_iter().map(step).collect(),
        warning,
    }
}

fn seconds(span: Millis) -> f64 {
    span.0 as f64 / 1_000.0
}
