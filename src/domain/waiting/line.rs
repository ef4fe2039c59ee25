//! One line of waiting conversations, as the estimator keeps it: 48 bytes each, in order, with those who left kept in
//! their places until their turn would have come.
//!
//! Used by [`super::Estimator`] only. Adding at the end and taking from the front cost O(1), anything else a search.

use std::collections::VecDeque;

use crate::domain::happening::Place;
use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

/// So many who left are kept beside those who wait; of more, nothing can be learned in time.
const GONE_SPARE: usize = 256;

/// What was promised first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    /// Half wait no longer, in milliseconds since the wait began.
    pub(super) p50_ms: u32,
    /// Nine in ten wait no longer.
    pub(super) p90_ms: u32,
}

impl Promise {
    /// Of a wait that goes on for so long after `waited`.
    pub(super) fn new(waited: Millis, p50: Millis, p90: Millis) -> Self {
        let whole = |rest: Millis| u32::try_from(waited.0 + rest.0).unwrap_or(u32::MAX);
        Self {
            p50_ms: whole(p50),
            p90_ms: whole(p90),
        }
    }

    /// Median and 90th percentile of the wait as a whole.
    pub(super) fn whole(self) -> (Millis, Millis) {
        let millis = |whole_ms: u32| Millis(i64::from(whole_ms));
        (millis(self.p50_ms), millis(self.p90_ms))
    }
}

/// Whether somebody still waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// Left; their turn has not come.
    Gone,
    /// Served out of turn; the place is empty.
    Served,
}

/// One place of the line.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    key: i64,
    since: At,
    conversation: ConversationId,
    promise: Option<Promise>,
    state: State,
}

// What the whole estimator may cost for each who waits is 64 bytes, an eighth of room for growth included.
const _: () = assert!(size_of::<Entry>() <= 56);

impl Entry {
    /// Who.
    pub(super) fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// Since when.
    pub(super) fn since(&self) -> At {
        self.since
    }

    /// What was promised first.
    pub(super) fn promise(&self) -> Option<Promise> {
        self.promise
    }

    /// Where it stands in the line of this department.
    pub(super) fn place(&self, department: &DepartmentKey) -> Place {
        Place {
            department: department.clone(),
            key: self.key,
            conversation: self.conversation,
        }
    }

    fn order(&self) -> (i64, ConversationId) {
        (self.key, self.conversation)
    }
}

/// Somebody whose turn has come, there or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Whose.
    pub(super) conversation: ConversationId,
    /// Whether they are served; else they had left.
    pub(super) is_served: bool,
    /// How long it took.
    pub(super) wait: Millis,
    /// What was said about it.
    pub(super) promise: Option<Promise>,
}

/// The line of one department.
#[derive(Default)]
pub(super) struct Line {
    entries: VecDeque<Entry>,
    waiting: usize,
}

impl Line {
    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Those who wait, in order, each with its key.
    pub(super) fn iter(&self) -> impl Iterator<Item = ((i64, ConversationId), &Entry)> {
        let waiting = |entry: &&Entry| entry.state == State::Waiting;
        self.entries
            .iter()
            .filter(waiting)
            .map(|entry| (entry.order(), entry))
    }

    fn find(&self, place: &Place) -> Result<usize, usize> {
        let order = (place.key, place.conversation);
        self.entries
            .binary_search_by(|entry| entry.order().cmp(&order))
    }

    /// Somebody waits from now on; told twice, the first time counts.
    pub(super) fn add(&mut self, place: &Place, since: At) {
        let entry = Entry {
            key: place.key,
            since,
            conversation: place.conversation,
            promise: None,
            state: State::Waiting,
        };
        match self.find(place) {
            Ok(index) => {
                if self.entries[index].state != State::Waiting {
                    self.entries[index] = entry;
                    self.waiting += 1;
                }
            }
            Err(index) => {
                if self.entries.len() == self.entries.capacity() {
                    // By an eighth, not by doubling: memory for each who waits is promised.
                    self.entries.reserve_exact(self.entries.len() / 8 + 16);
                }
                self.entries.insert(index, entry);
                self.waiting += 1;
            }
        }
    }

    /// Notes what was promised, unless something was promised before.
    pub(super) fn promise(&mut self, place: &Place, promise: impl FnOnce(At) -> Promise) {
        if let Ok(index) = self.find(place) {
            let entry = &mut self.entries[index];
            entry.promise.get_or_insert_with(|| promise(entry.since));
        }
    }

    /// Somebody left unserved; returns how long they waited.
    pub(super) fn leave(&mut self, place: &Place, now: At) -> Option<Millis> {
        let index = self.find(place).ok()?;
        let entry = &mut self.entries[index];
        if entry.state != State::Waiting {
            return None;
        }
        entry.state = State::Gone;
        let wait = now - entry.since;
        self.waiting -= 1;
        self.shrink();
        Some(wait)
    }

    /// Somebody was served; returns how it went.
    pub(super) fn serve(&mut self, place: &Place, now: At) -> Option<Turn> {
        let index = self.find(place).ok()?;
        let entry = &mut self.entries[index];
        if entry.state != State::Waiting {
            return None;
        }
        entry.state = State::Served;
        self.waiting -= 1;
        let turn = Turn {
            conversation: entry.conversation,
            is_served: true,
            wait: now - entry.since,
            promise: entry.promise,
        };
        self.shrink();
        Some(turn)
    }

    /// Their turn has come: all who left and stood before this place and before everybody who waits.
    pub(super) fn turns_before(
        &mut self,
        order: (i64, ConversationId),
        now: At,
        mut turn: impl FnMut(Turn),
    ) {
        while let Some(first) = self.entries.front() {
            match first.state {
                State::Waiting => return,
                State::Gone if first.order() > order => return,
                State::Gone => turn(Turn {
                    conversation: first.conversation,
                    is_served: false,
                    wait: now - first.since,
                    promise: first.promise,
                }),
                State::Served => {}
            }
            self.entries.pop_front();
        }
    }

    /// Their turn has come: all who left, if nobody waits any more.
    pub(super) fn turns_of_all(&mut self, now: At, turn: impl FnMut(Turn)) {
        if self.waiting == 0 {
            let last = ConversationId::from_bytes([0xff; 16]);
            self.turns_before((i64::MAX, last), now, turn);
        }
    }

    /// Lets go of empty places, and of the oldest who left, when there are many.
    fn shrink(&mut self) {
        let spare = self.entries.len() - self.waiting;
        if spare > self.waiting + GONE_SPARE {
            self.entries.retain(|entry| entry.state != State::Served);
            let spare = self.entries.len() - self.waiting;
            let mut surplus = spare.saturating_sub(GONE_SPARE / 2);
            self.entries.retain(|entry| {
                let goes = surplus > 0 && entry.state == State::Gone;
                surplus -= usize::from(goes);
                !goes
            });
        }
    }
}
