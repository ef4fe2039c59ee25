//! Waits counted a second time, from a log's own words, and what a report says of the same waits.
//!
//! Used by whoever holds reports to the logs: the store's suite and the histories of failing nodes. The count knows of the
//! product only what an event is: no trail, no figure, no column.

use std::collections::BTreeMap;

use balie::domain::figures::{Figures, Waits};
use balie::model::event::{Body, CloseReason, Event, Mode, TransferredTo};
use balie::model::id::DepartmentKey;
use balie::model::time::{At, Millis};
use balie::store::Store;
use balie::store::stories;

/// The waits in one line, held against a threshold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub offered: u64,
    pub answered: u64,
    /// Of these, after a wait no longer than the threshold.
    pub in_time: u64,
    pub abandoned: u64,
    /// Of these, after a wait longer than the threshold.
    pub late: u64,
    /// All waits of the answered.
    pub answered_ms: i64,
    /// All waits of those who left.
    pub abandoned_ms: i64,
}

/// By department; of those in which nobody waited there is none.
pub type Lines = BTreeMap<DepartmentKey, Line>;

/// What a report says of those whose conversations began between two moments (the first included).
pub async fn reported(store: &dyn Store, from: At, until: At, threshold: Millis) -> Lines {
    let mut figures = Figures::new();
    stories::tell(store, from, until, &mut figures)
        .await
        .unwrap();
    let lines = figures.by_department().into_iter();
    lines
        .map(|(department, cell)| (department, Line::of(&cell.waits, threshold)))
        .filter(|(_, line)| *line != Line::default())
        .collect()
}

/// What logs say, each from its first event on.
pub fn of_logs<'a, Log>(logs: impl IntoIterator<Item = Log>, threshold: Millis) -> Lines
where
    Log: IntoIterator<Item = &'a Event>,
{
    let mut lines = Lines::new();
    for log in logs {
        count(log, threshold, &mut lines);
    }
    lines
}

fn count<'a>(log: impl IntoIterator<Item = &'a Event>, threshold: Millis, lines: &mut Lines) {
    // In whose line it stands.
    let mut line: Option<&DepartmentKey> = None;
    for event in log {
        match &event.body {
            Body::Queued {
                mode: Mode::Message,
                ..
            } => return,
            Body::Queued { department, .. }
            | Body::Requeued { department, .. }
            | Body::Transferred {
                to: TransferredTo::Department(department),
            } => {
                lines.entry(department.clone()).or_default().offered += 1;
                line = Some(department);
            }
            Body::Assigned {
                department,
                waited_ms,
                ..
            } => {
                // Handed from agent to agent, it stood in no line.
                if line.take().is_none() {
                    continue;
                }
                let counted = lines.entry(department.clone()).or_default();
                counted.answered += 1;
                counted.in_time += u64::from(*waited_ms <= threshold);
                counted.answered_ms += waited_ms.0;
            }
            Body::Closed {
                reason, waited_ms, ..
            } => {
                let is_given_up = matches!(reason, CloseReason::Left | CloseReason::Abandoned);
                let (Some(department), Some(waited), true) = (line.take(), waited_ms, is_given_up)
                else {
                    continue;
                };
                let counted = lines.entry(department.clone()).or_default();
                counted.abandoned += 1;
                counted.late += u64::from(*waited > threshold);
                counted.abandoned_ms += waited.0;
            }
            _ => {}
        }
    }
}

impl Line {
    fn of(waits: &Waits, threshold: Millis) -> Self {
        let waits = waits.settled();
        Self {
            offered: waits.offered(),
            answered: waits.answered(),
            in_time: waits.answered_in(threshold),
            abandoned: waits.abandoned(),
            late: waits.abandoned() - waits.abandoned_in(threshold),
            answered_ms: waits.sum_answered().0,
            abandoned_ms: waits.sum_abandoned().0,
        }
    }
}
