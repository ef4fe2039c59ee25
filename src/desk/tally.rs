//! Waits and promises counted for Prometheus, since this node began.
//!
//! Kept by the day book and shown by `web/metrics.rs`. Every node reads what happened on all of them, so each counts all: whoever
//! has several takes the largest, never the sum. Exact figures of any time are in the reports.

use std::collections::{BTreeMap, HashMap};

use crate::domain::happening::Happening;
use crate::domain::waiting::Ending;
use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

/// The upper ends of the classes in seconds: the thresholds that teams set, and what visitors bear.
pub const BOUNDS_S: [i64; 12] = [5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200];

/// So many departments are told apart; what belongs to others counts as one. A series for each label costs the one who keeps them.
pub const DEPARTMENTS_MAX: usize = 100;

/// Spans in classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// How many in each class; the last one has no end.
    pub counts: [u64; BOUNDS_S.len() + 1],
    /// All of them.
    pub sum: Millis,
}

impl Spans {
    fn add(&mut self, span: Millis) {
        let class = BOUNDS_S.partition_point(|bound| bound * 1_000 < span.0);
        self.counts[class] += 1;
        self.sum.0 += span.0.max(0);
    }
}

/// The counts of one department.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Waits that an agent ended.
    pub answered: Spans,
    /// Waits that the visitor ended.
    pub abandoned: Spans,
    /// How far first promises were off: the median against the wait, either way.
    pub promise_error: Spans,
    /// First promises whose wait was no longer than the 90th percentile.
    pub kept: u64,
    /// And those whose wait was.
    pub broken: u64,
}

/// The counts of all departments.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    departments: BTreeMap<DepartmentKey, Tally>,
    other: Tally,
    /// Those who wait: in whose line, and since when.
    waiting: HashMap<ConversationId, (DepartmentKey, At)>,
}

impl Tallies {
    /// Each department's counts by its key; those beyond [`DEPARTMENTS_MAX`] together, without one.
    pub fn all(&self) -> impl Iterator<Item = (Option<&DepartmentKey>, &Tally)> {
        let other = (self.departments.len() >= DEPARTMENTS_MAX).then_some((None, &self.other));
        let known = self.departments.iter();
        known.map(|(key, tally)| (Some(key), tally)).chain(other)
    }

    /// These counts, with those who wait as history tells.
    pub(super) fn going_on_from(self, history: Self) -> Self {
        Self {
            waiting: history.waiting,
            ..self
        }
    }

    fn of(&mut self, department: &DepartmentKey) -> &mut Tally {
        let is_known = self.departments.contains_key(department);
        if !is_known && self.departments.len() >= DEPARTMENTS_MAX {
            return &mut self.other;
        }
        self.departments.entry(department.clone()).or_default()
    }

    /// Counts what happened.
    pub(super) fn note(&mut self, at: At, happening: &Happening) {
        match happening {
            Happening::Arrived(place) => {
                let wait = (place.department.clone(), at);
                self.waiting.insert(place.conversation, wait);
            }
            Happening::Assigned { place, .. } => {
                if let Some((department, since)) = self.waiting.remove(&place.conversation) {
                    self.of(&department).answered.add(at - since);
                }
            }
            Happening::Left { place, gone_for } => {
                if let Some((department, since)) = self.waiting.remove(&place.conversation) {
                    let wait = Millis((at - since).0 - gone_for.0);
                    self.of(&department).abandoned.add(wait);
                }
            }
            Happening::TakenOut(place) => {
                self.waiting.remove(&place.conversation);
            }
            Happening::Ended { .. } | Happening::AgentOn { .. } | Happening::AgentOff { .. } => {}
        }
    }

    /// Counts what came of a promise.
    pub(super) fn settle(&mut self, ending: &Ending) {
        let tally = self.of(&ending.department);
        let (p50, p90) = ending.promised;
        tally
            .promise_error
            .add(Millis((p50.0 - ending.wait.0).abs()));
        if ending.wait <= p90 {
            tally.kept += 1;
        } else {
            tally.broken += 1;
        }
    }
}
