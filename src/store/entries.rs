//! What the logs and the agents' journal say of waits and work, in order of time.
//!
//! [`Entries`] is the engines' part: entries page by page, each page at the cost of what it holds. [`Feed`] makes
//! [`News`] of them, from any moment of history on and then as they come. Called by the desk's day book and by reports.
//! The order is total and the same in every reading: by moment, agents before conversations, then by id, then as written.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::domain::happening::{Move, News, Trails, Word, of_seat};
use crate::model::event::{Body, Role};
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
    /// Somebody said something; who, and not what.
    Said(Role),
    /// The visitor gave a score.
    Rated(u8),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Waits and work: some entries for each conversation.
    Work,
    /// What is said besides: as many entries as there are messages.
    Words,
}

/// The part of a store that tells waits and work in order of time.
#[async_trait]
pub trait Entries: Send + Sync {
    /// The entries after this mark and not later than `until`, in order, at most `limit`: every row of the agents' journal, the
    /// events that move a conversation, and, where they are asked for, messages and ratings. Costs what it answers.
    async fn entries(
        &self,
        scope: Scope,
        after: Mark,
        until: At,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// What stood at a moment, for whoever begins there: in order, the last entry before it of each agent, and all entries before
    /// it of each conversation that was open then. Costs what was open then, and a look at an index for each that was closed since.
    async fn standing(&self, scope: Scope, at: At) -> Result<Vec<Entry>, StoreError>;
}

/// Lists in order made one, as long as `limit` at most.
pub(super) fn merged<const LISTS: usize>(lists: [Vec<Entry>; LISTS], limit: usize) -> Vec<Entry> {
    let mut all: Vec<Entry> = lists.into_iter().flatten().collect();
    // A run each: a stable sort merges them.
    all.sort_by_key(|entry| entry.mark);
    all.truncate(limit);
    all
}

/// News in order, read from a store on and on.
///
/// Holds an entry for each open conversation, and the marks of the last minute and a half.
#[derive(Debug)]
pub struct Feed {
    scope: Scope,
    trails: Trails,
    /// The last entry that was told.
    reached: Mark,
    /// Those that were told of late.
    known: BTreeSet<Mark>,
}

impl Feed {
    /// Begins at a moment; answers what stood then, as news of the times when it was.
    pub async fn begin(
        store: &dyn Entries,
        scope: Scope,
        from: At,
    ) -> Result<(Self, Vec<(At, News)>), StoreError> {
        let mut feed = Self {
            scope,
            trails: Trails::default(),
            reached: Mark::before(from),
            known: BTreeSet::new(),
        };
        let mut news = Vec::new();
        for entry in store.standing(scope, from).await? {
            feed.tell(&entry, &mut news);
        }
        Ok((feed, news))
    }

    /// Up to where it has told everything that it found.
    #[must_use]
    pub fn reached(&self) -> At {
        self.reached.at
    }

    /// Tells what happened since and not later than `until`, part by part, in order. What was written within `look_back` (a minute
    /// and a half at most) of where it stands and came late is told too, out of order: with several writers, commits are not in
    /// the order of their moments. After an error it goes on where it stood.
    pub async fn read(
        &mut self,
        store: &dyn Entries,
        until: At,
        look_back: Millis,
        mut take: impl FnMut(Vec<(At, News)>) + Send,
    ) -> Result<(), StoreError> {
        let mut mark = self.reached;
        if look_back.0 > 0 && !self.known.is_empty() {
            let back = Millis(look_back.0.min(REMEMBERED.0));
            // Not behind the first that is remembered: what came before it was told, too.
            let first = self.known.first().copied().unwrap_or(mark);
            mark = Mark::before(self.reached.at - back).max(first).min(mark);
        }
        loop {
            let entries = store.entries(self.scope, mark, until, PAGE).await?;
            let Some(last) = entries.last() else {
                return Ok(());
            };
            mark = last.mark;
            let is_last = entries.len() < PAGE as usize;
            let mut news = Vec::new();
            for entry in &entries {
                if !self.known.insert(entry.mark) {
                    continue;
                }
                self.reached = self.reached.max(entry.mark);
                self.tell(entry, &mut news);
            }
            let oldest = Mark::before(self.reached.at - REMEMBERED);
            self.known = self.known.split_off(&oldest);
            if !news.is_empty() {
                take(news);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn tell(&mut self, entry: &Entry, news: &mut Vec<(At, News)>) {
        let at = entry.mark.at;
        let Rank::Log(conversation, _) = entry.mark.rank else {
            if let Told::Seat(seat) = &entry.told {
                let seat = of_seat(seat.agent, seat.status, seat.capacity, &seat.departments);
                news.push((at, News::Happening(seat)));
            }
            return;
        };
        let word = match &entry.told {
            Told::Seat(_) => None,
            Told::Said(role) => Word::of_message(*role),
            Told::Rated(score) => Some(Word::Rated(*score)),
            Told::Move(step) => {
                matches!(step.body, Body::Transferred { .. }).then_some(Word::Transferred)
            }
        };
        news.extend(word.map(|word| (at, News::Word(conversation, word))));
        if let Told::Move(step) = &entry.told {
            let steps = self.trails.follow(at, step).into_iter();
            news.extend(steps.map(|one| (at, News::Happening(one))));
        }
    }
}
