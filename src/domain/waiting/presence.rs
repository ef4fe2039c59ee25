//! Whether an agent will be there: learned from how agents come and go, and read from the plan where there is one.
//!
//! Used by the estimator above only. Spans in seconds.

use crate::domain::happening::PlannedShifts;
use crate::model::time::{At, Millis};

use super::hazard::{Experience, Hazard};
use super::{seconds, tuning};

/// How agents come and go, as far as no plan says.
pub(super) struct Habits {
    /// How often somebody who is on goes.
    leaving: Experience,
    /// When somebody comes back from the first absence of the day.
    returning: Experience,
    /// And from a later one: many take one break and then go home.
    returning_again: Experience,
}

impl Habits {
    pub(super) fn new() -> Self {
        let fresh = || Experience::new(tuning::HABIT_MEMORY);
        Self {
            leaving: fresh(),
            returning: fresh(),
            returning_again: fresh(),
        }
    }

    /// Somebody was on, from one age of the stretch to a later one.
    pub(super) fn was_on(&mut self, from_s: f64, to_s: f64) {
        self.leaving.lived(from_s, to_s);
    }

    /// Somebody went after so long.
    pub(super) fn left(&mut self, span_s: f64) {
        self.leaving.ended(span_s);
    }

    fn absence(&mut self, ordinal: u32) -> &mut Experience {
        if ordinal <= 1 {
            &mut self.returning
        } else {
            &mut self.returning_again
        }
    }

    /// Somebody was away, from one age of the absence to a later one.
    pub(super) fn was_away(&mut self, ordinal: u32, from_s: f64, to_s: f64) {
        self.absence(ordinal).lived(from_s, to_s);
    }

    /// Somebody came back after so long.
    pub(super) fn came_back(&mut self, ordinal: u32, span_s: f64) {
        self.absence(ordinal).ended(span_s);
    }

    /// The habits, ready for use.
    pub(super) fn outlook(&self) -> Outlook {
        let rate =
            |of: &Experience, supposed_s: f64| of.rate(1.0 / supposed_s, tuning::HABIT_WEIGHT);
        let first = rate(&self.returning, tuning::AWAY_SUPPOSED_S);
        let again = rate(&self.returning_again, tuning::AWAY_SUPPOSED_S);
        let weight = tuning::HABIT_CLASS_WEIGHT;
        Outlook {
            leaves: rate(&self.leaving, tuning::STAY_SUPPOSED_S),
            returns: first,
            returning: self.returning.hazard(first, weight),
            returning_again: self.returning_again.hazard(again, weight),
        }
    }
}

/// Habits as rates.
pub(super) struct Outlook {
    leaves: f64,
    returns: f64,
    returning: Hazard,
    returning_again: Hazard,
}

/// What is known of one agent's presence.
pub(super) struct Presence<'a> {
    /// Takes conversations at this moment.
    pub(super) is_on: bool,
    /// Since when it has been so; unknown for who was never on.
    pub(super) since: Option<At>,
    /// How many absences there have been, this one included.
    pub(super) absences: u32,
    /// What the plan says, if it knows the agent.
    pub(super) plan: Option<&'a PlannedShifts>,
}

impl Outlook {
    /// The chance that the agent is on, at each of `times` (seconds from now, ascending, the first is 0).
    pub(super) fn chances(
        &self,
        who: &Presence<'_>,
        punctuality: &Punctuality,
        now: At,
        times: &[f64],
        out: &mut Vec<f64>,
    ) {
        out.clear();
        out.extend(times.iter().map(|time| match (who.plan, who.since) {
            (Some(plan), _) => self.by_plan(who, plan, punctuality, now, *time),
            (None, Some(since)) => self.by_habit(who, span(since, now), *time),
            // Who was never seen and is in no plan does not exist.
            (None, None) => 0.0,
        }));
    }

    /// The chance by habit, for who is on or away since `since_s`.
    fn by_habit(&self, who: &Presence<'_>, since_s: f64, time: f64) -> f64 {
        if who.is_on {
            // Two states with these rates: where they settle, and how fast.
            let settle = self.leaves + self.returns;
            let settled = self.returns / settle;
            return settled + (1.0 - settled) * (-settle * time).exp();
        }
        let returning = if who.absences <= 1 {
            &self.returning
        } else {
            &self.returning_again
        };
        1.0 - (returning.sum(since_s) - returning.sum(since_s + time)).exp()
    }

    /// The chance where there is a plan: on in what is left of the present shift, and in those to come.
    fn by_plan(
        &self,
        who: &Presence<'_>,
        plan: &PlannedShifts,
        punctuality: &Punctuality,
        now: At,
        time: f64,
    ) -> f64 {
        let moment = now + Millis((time * 1_000.0) as i64);
        // The shift that the present state began in: on for it, or called away from it.
        let present = plan.shifts.iter().rposition(|(from, _)| match who.since {
            None => false,
            Some(since) if who.is_on => *from <= since + EARLY,
            Some(since) => *from + EARLY < since,
        });
        let here = match (present, who.since) {
            (Some(index), Some(since)) => {
                let (_, to) = plan.shifts[index];
                let stays = to.map_or(1.0, |to| punctuality.stays(span(to, now), span(to, moment)));
                if who.is_on {
                    stays
                } else if to.is_some_and(|to| to <= since + EARLY) {
                    // Gone because the shift was over.
                    0.0
                } else {
                    self.by_habit(who, span(since, now), time) * stays
                }
            }
            // On without a shift: nobody knows for how long.
            _ if who.is_on => self.by_habit(who, 0.0, time),
            _ => 0.0,
        };
        let next = present.map_or(0, |index| index + 1);
        let later: f64 = plan.shifts[next..]
            .iter()
            .map(|(from, to)| {
                let comes = punctuality.comes(span(*from, now), span(*from, moment));
                comes * to.map_or(1.0, |to| punctuality.not_gone(span(to, moment)))
            })
            .sum();
        (here + later).clamp(0.0, 1.0)
    }
}

/// Whoever comes this long before the plan says comes for that shift.
const EARLY: Millis = Millis::seconds(1_800);

/// Seconds from one moment to another; below zero where the other is earlier.
fn span(from: At, to: At) -> f64 {
    (to - from).0 as f64 / 1_000.0
}

/// How far people keep to the plan: learned from when they really come and go.
pub(super) struct Punctuality {
    coming: Lateness,
    going: Lateness,
}

impl Punctuality {
    pub(super) fn new() -> Self {
        Self {
            coming: Lateness::new(),
            going: Lateness::new(),
        }
    }

    /// Somebody came; counts where a shift was to begin about then.
    pub(super) fn came(&mut self, plan: &PlannedShifts, now: At) {
        let begins = plan.shifts.iter().map(|(from, _)| *from);
        if let Some(late_s) = nearest(begins, now) {
            self.coming.note(late_s);
        }
    }

    /// Somebody went; counts where a shift was to end about then.
    pub(super) fn went(&mut self, plan: &PlannedShifts, now: At) {
        let ends = plan.shifts.iter().filter_map(|(_, to)| *to);
        if let Some(late_s) = nearest(ends, now) {
            self.going.note(late_s);
        }
    }

    /// The chance not to have gone so long after the end of a shift.
    fn not_gone(&self, after_s: f64) -> f64 {
        1.0 - self.going.by(after_s)
    }

    /// The chance to be there still `then_s` after the end of a shift, for who is there `now_s` after it. Who stays on is
    /// soon expected to stay on.
    fn stays(&self, now_s: f64, then_s: f64) -> f64 {
        let goes = 1.0 - tuning::NO_SHOW;
        let stays = |after_s| goes * self.not_gone(after_s) + tuning::NO_SHOW;
        stays(then_s) / stays(now_s)
    }

    /// The chance to come until `then_s` after the beginning of a shift, for who is not there `now_s` after it. Who does
    /// not come at all is soon expected no more.
    fn comes(&self, now_s: f64, then_s: f64) -> f64 {
        let shows = 1.0 - tuning::NO_SHOW;
        let (now, then) = (self.coming.by(now_s), self.coming.by(then_s));
        shows * (then - now).max(0.0) / (shows * (1.0 - now) + tuning::NO_SHOW)
    }
}

/// How many seconds ago the nearest moment of a plan was. None within a quarter of an hour.
fn nearest(moments: impl Iterator<Item = At>, now: At) -> Option<f64> {
    moments
        .map(|moment| span(moment, now))
        .min_by(|one, other| one.abs().total_cmp(&other.abs()))
        .filter(|late_s| late_s.abs() < seconds(EARLY) / 2.0)
}

/// A mean and a spread of lateness, drawn towards what is usual.
struct Lateness {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Lateness {
    fn new() -> Self {
        let (weight, late_s, spread_s) =
            (tuning::LATE_WEIGHT, tuning::LATE_S, tuning::LATE_SPREAD_S);
        Self {
            count: weight,
            sum: weight * late_s,
            squares: weight * (late_s * late_s + spread_s * spread_s),
        }
    }

    fn note(&mut self, late_s: f64) {
        self.count += 1.0;
        self.sum += late_s;
        self.squares += late_s * late_s;
    }

    /// The chance that it has happened so long after it was planned: a logistic distribution, whose tails are longer
    /// than a normal one's.
    fn by(&self, after_s: f64) -> f64 {
        let mean = self.sum / self.count;
        let deviation = (self.squares / self.count - mean * mean).max(1.0).sqrt();
        // The deviation of a logistic distribution is this much of its scale.
        let scale = deviation * 3.0_f64.sqrt() / std::f64::consts::PI;
        1.0 / (1.0 + (-(after_s - mean) / scale).exp())
    }
}
