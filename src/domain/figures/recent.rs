//! The last day, visit by visit: what windows that end now are counted from.
//!
//! Used by [`super::Figures`] only. Bounded by [`RECENT`]: what is older is let go as time goes on.

use std::collections::VecDeque;

use crate::model::time::{At, Millis};

use super::talks::Note;
use super::waits::Ratio;

/// Single visits are remembered this long for the figures of the last minutes and hours.
pub const RECENT: Millis = Millis::seconds(24 * 3_600);

/// How somebody's wait ended, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Open,
    Answered(Millis),
    Abandoned(Millis),
    /// Neither: the desk took them out of the line.
    TakenOut,
}

pub(super) struct Visit {
    pub arrived: At,
    pub outcome: Outcome,
}

/// The visits of a department that are recent, in order of arrival, and what was noted of its talks.
#[derive(Default)]
pub(super) struct Recent {
    visits: VecDeque<Visit>,
    /// How many came before the first of them.
    gone: u64,
    /// In order of noting: when, of somebody who arrived when, what.
    notes: VecDeque<RecentNote>,
}

#[derive(Clone, Copy)]
struct RecentNote {
    noted: At,
    arrived: At,
    note: Note,
}

/// One department at a moment, and the visits that arrived shortly before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineState {
    /// Waiting now.
    pub waiting: u64,
    /// The longest of these waits so far; 0 where nobody waits.
    pub longest_wait: Millis,
    /// All of these waits so far.
    pub sum_open_wait: Millis,
    /// How many of them are longer than the threshold.
    pub open_over: u64,
    /// Those who arrived within the window.
    pub live: LiveWindow,
}

/// What became of those who arrived within a window that ends now. A wait that is open and already too long is missed
/// now, not when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveWindow {
    /// Answered by now.
    pub answered: u64,
    /// Of these, within the threshold.
    pub answered_in: u64,
    /// Left by now.
    pub abandoned: u64,
    /// Of these, after so short a wait that it says nothing.
    pub short_abandoned: u64,
    /// Waiting still.
    pub open: u64,
    /// Of these, longer than the threshold.
    pub open_over: u64,
}

impl LiveWindow {
    /// The service level of the window.
    #[must_use]
    pub fn service_level(&self) -> Ratio {
        Ratio {
            part: self.answered_in,
            whole: self.answered + self.abandoned - self.short_abandoned + self.open_over,
        }
    }
}

impl Recent {
    /// Adds a visit and says its number; lets go of those that are recent no more.
    pub(super) fn arrive(&mut self, at: At) -> u64 {
        self.forget(at - RECENT);
        self.visits.push_back(Visit {
            arrived: at,
            outcome: Outcome::Open,
        });
        self.gone + self.visits.len() as u64 - 1
    }

    /// Lets go of what was at or before this moment.
    pub(super) fn forget(&mut self, until: At) {
        let is_gone = |visit: &Visit| visit.arrived <= until;
        while self.visits.front().is_some_and(is_gone) {
            self.visits.pop_front();
            self.gone += 1;
        }
        let is_gone = |note: &RecentNote| note.noted <= until;
        while self.notes.front().is_some_and(is_gone) {
            self.notes.pop_front();
        }
    }

    pub(super) fn settle(&mut self, number: u64, outcome: Outcome) {
        let index = number
            .checked_sub(self.gone)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(visit) = index.and_then(|index| self.visits.get_mut(index)) {
            visit.outcome = outcome;
        }
    }

    pub(super) fn note(&mut self, noted: At, arrived: At, note: Note) {
        self.notes.push_back(RecentNote {
            noted,
            arrived,
            note,
        });
    }

    /// Those who arrived after this moment, newest first.
    pub(super) fn since(&self, after: At) -> impl Iterator<Item = &Visit> {
        let within = move |visit: &&Visit| visit.arrived > after;
        self.visits.iter().rev().take_while(within)
    }

    /// What was noted of those who arrived after this moment. Nothing is noted of anybody before they arrive.
    pub(super) fn notes_since(&self, after: At) -> impl Iterator<Item = Note> {
        self.notes
            .iter()
            .rev()
            .take_while(move |note| note.noted > after)
            .filter(move |note| note.arrived > after)
            .map(|note| note.note)
    }
}
