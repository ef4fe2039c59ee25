//! What the logs and the agents' journal say of waits and work, in order of time.
//!
//! [`Entries`] is the engines' part: entries page by page, each page at the cost of what it holds. [`Feed`] makes
//! [`Happening`]s of them, from any moment of history on and then as they come. Called by the desk's day book and by reports.
//! The order is total and the same in every reading: by moment, agents before conversations, then by id, then as written.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::domain::happening::{Happening, Move, Trails, of_seat};
use crate::model::id::{AgentId, ConversationId};
use crate::model::record::JournalEntry;
use crate::model::time::{At, Millis};
use crate::store::StoreError;

/// Entries read at once: some hundred kilobytes, and enough to share the way to the store.
const PAGE: u32 = 1_000;
/// Entries of the last so many milliseconds are remembered, so that reading them again tells only what is new.
const REMEMBERED: Millis = Millis::seconds(90);

/// Names an entry, and puts it in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When it was written.
    pub at: At,
    /// Which of that moment.
    pub rank: Rank,
}

/// Which entry of a moment. Agents come first: who comes on and is given a conversation in the same millisecond was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Of an agent's journal, by its number.
    Seat(AgentId, u64),
    /// Of a conversation's log, by its `seq`.
    Log(ConversationId, u64),
}

impl Mark {
    /// Before everything that was written at a moment.
    #[must_use]
    pub fn before(at: At) -> Self {
        let rank = Rank::Seat(AgentId::from_bytes([0; 16]), 0);
        Self { at, rank }
    }

    /// After which row of the journal it stands.
    pub(super) fn seat(self) -> (At, AgentId, u64) {
        match self.rank {
            Rank::Seat(agent, number) => (self.at, agent, number),
            // All agents of this moment came before.
            Rank::Log(..) => (self.at, AgentId::from_bytes([0xff; 16]), u64::MAX / 2),
        }
    }

    /// After which event it stands.
    pub(super) fn log(self) -> (At, ConversationId, u64) {
        match self.rank {
            Rank::Seat(..) => (self.at, ConversationId::from_bytes([0; 16]), 0),
            Rank::Log(conversation, seq) => (self.at, conversation, seq),
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name and place.
    pub mark: Mark,
    /// What it says.
    pub told: Told,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// An agent's seat changed.
    Seat(JournalEntry),
    /// A conversation moved.
    Move(Box<Move>),
}

/// The part of a store that tells waits and work in order of time.
#[async_trait]
pub trait Entries: Send + Sync {
    /// The entries after this mark and not later than `until`, in order, at most `limit`: every row of the agents' journal, and
    /// the events that move a conversation. Costs what it answers.
    async fn entries(&self, after: Mark, until: At, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// What stood at a moment, for whoever begins there: in order, the last entry before it of each agent, and all entries before
    /// it of each conversation that was open then. Costs what was open then, and a look at an index for each that was closed since.
    async fn standing(&self, at: At) -> Result<Vec<Entry>, StoreError>;
}

/// Two lists in order made one, as long as `limit` at most.
pub(super) fn merged(mut seats: Vec<Entry>, moves: Vec<Entry>, limit: usize) -> Vec<Entry> {
    seats.extend(moves);
    // Two runs: a stable sort merges them.
    seats.sort_by_key(|entry| entry.mark);
    seats.truncate(limit);
    seats
}

/// Happenings in order, read from a store on and on.
///
/// Holds an entry for each open conversation, and the marks of the last minute and a half.
#[derive(Debug)]
pub struct Feed {
    trails: Trails,
    /// The last entry that was told.
    reached: Mark,
    /// Those that were told of late.
    known: BTreeSet<Mark>,
}

/// A part of what a [`Feed`] tells.
#[derive(Debug, Default)]
pub struct Part {
    /// In order, but for those that came late.
    pub happenings: Vec<(At, Happening)>,
    /// Something was written behind what was told before: with several writers, commits come out of order.
    pub is_late: bool,
}

impl Feed {
    /// Begins at a moment; answers what stood then, as happenings at the times when they happened.
    pub async fn begin(
        store: &dyn Entries,
        from: At,
    ) -> Result<(Self, Vec<(At, Happening)>), StoreError> {
        let mut feed = Self {
            trails: Trails::default(),
            reached: Mark::before(from),
            known: BTreeSet::new(),
        };
        let mut happenings = Vec::new();
        for entry in store.standing(from).await? {
            feed.tell(&entry, &mut happenings);
        }
        Ok((feed, happenings))
    }

    /// Up to where it has told everything that it found.
    #[must_use]
    pub fn reached(&self) -> At {
        self.reached.at
    }

    /// Tells what happened since and not later than `until`, part by part. What was written within `look_back` (a minute and a
    /// half at most) of where it stands and came late is told too. After an error it goes on where it stood.
    pub async fn read(
        &mut self,
        store: &dyn Entries,
        until: At,
        look_back: Millis,
        mut take: impl FnMut(Part) + Send,
    ) -> Result<(), StoreError> {
        let mut mark = self.reached;
        if look_back.0 > 0 && !self.known.is_empty() {
            let back = Millis(look_back.0.min(REMEMBERED.0));
            // Not behind the first that is remembered: what came before it was told, too.
            let first = self.known.first().copied().unwrap_or(mark);
            mark = Mark::before(self.reached.at - back).max(first).min(mark);
        }
        loop {
            let entries = store.entries(mark, until, PAGE).await?;
            let Some(last) = entries.last() else {
                return Ok(());
            };
            mark = last.mark;
            let is_last = entries.len() < PAGE as usize;
            let mut part = Part::default();
            for entry in &entries {
                if !self.known.insert(entry.mark) {
                    continue;
                }
                part.is_late |= entry.mark < self.reached;
                self.reached = self.reached.max(entry.mark);
                self.tell(entry, &mut part.happenings);
            }
            let oldest = Mark::before(self.reached.at - REMEMBERED);
            self.known = self.known.split_off(&oldest);
            if !part.happenings.is_empty() {
                take(part);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn tell(&mut self, entry: &Entry, happenings: &mut Vec<(At, Happening)>) {
        let at = entry.mark.at;
        match &entry.told {
            Told::Seat(seat) => {
                let news = of_seat(seat.agent, seat.status, seat.capacity, &seat.departments);
                happenings.push((at, news));
            }
            Told::Move(step) => {
                let news = self.trails.follow(at, step);
                happenings.extend(news.into_iter().map(|one| (at, one)));
            }
        }
    }
}
