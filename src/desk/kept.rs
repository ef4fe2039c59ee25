//! What came of the first promises of the last hours, department by department: what the wall shows of how far Balie's own words
//! can be trusted just now.
//!
//! Kept by the day book from what the estimator says of each turn that came (`desk/book.rs`), read for the departments' lanes.
//! For a longer time, and to the row, the store knows (`store/promises.rs`).

use std::collections::{BTreeMap, VecDeque};

use crate::domain::figures::Spans;
use crate::domain::waiting::Ending;
use crate::model::id::DepartmentKey;
use crate::model::time::{At, Millis};
use crate::protocol::lane::LanePromises;

/// So long a turn counts.
const OF_LATE: Millis = Millis::seconds(4 * 3_600);
/// More turns of one department are not kept: at this rate a quarter of an hour says as much.
const TURNS_MAX: usize = 10_000;

/// The turns of late.
#[derive(Debug, Default)]
pub struct KeptPromises(BTreeMap<DepartmentKey, VecDeque<Turn>>);

#[derive(Clone, Copy, Debug)]
struct Turn {
    at: At,
    wait: Millis,
    /// Median and 90th percentile.
    promised: (Millis, Millis),
}

impl KeptPromises {
    /// Takes note of what came of a promise.
    pub(super) fn note(&mut self, ending: &Ending) {
        let turns = self.0.entry(ending.department.clone()).or_default();
        let is_old = |turn: &Turn| turn.at <= ending.at - OF_LATE;
        while turns.len() >= TURNS_MAX || turns.front().is_some_and(is_old) {
            turns.pop_front();
        }
        turns.push_back(Turn {
            at: ending.at,
            wait: ending.wait,
            promised: ending.promised,
        });
    }

    /// What came of the promises of a department of late.
    pub(super) fn of(&self, department: &DepartmentKey, now: At) -> LanePromises {
        let mut sums = LanePromises::default();
        let mut errors = Vec::new();
        let turns = self.0.get(department).into_iter().flatten();
        for turn in turns.filter(|turn| turn.at > now - OF_LATE) {
            let (p50, p90) = turn.promised;
            errors.push(Millis((p50.0 - turn.wait.0).abs()));
            if turn.wait < p50 {
                sums.early += 1;
            } else if turn.wait <= p90 {
                sums.within += 1;
            } else {
                sums.late += 1;
            }
        }
        sums.error_median_ms = Spans::new(errors).percentile(50);
        sums
    }
}
