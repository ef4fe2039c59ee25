//! The checker of one log, as one follower sees it: a plain struct without network or clock.
//!
//! A mind keeps one [`Timeline`] a conversation, tells it when following starts, stops or starts anew, and hands it every
//! event. The timeline promises to notice every gap, duplicate, reorder, changed or inserted event, a falling `at`, whatever a visitor
//! must not see, and every step that the log's own rules forbid ([`Story`]). It keeps a digest of each event, never its text.

use std::collections::HashMap;

use super::fault::{Breach, Fault};
use super::story::Story;
use super::wire::{At, CommandId, ConversationId, Event, Role};

/// Whose eyes a timeline has. Agents see every kind of event, so their `seq` has no holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Visitor,
    Agent,
}

/// Where the next event of the present following must connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not followed: any event is a fault.
    Nowhere,
    /// The next event's `prev` is this.
    After(u64),
    /// The log begins here: with this `seq`, or with the first after it that this follower may see. The contract's words bear both
    /// readings, of the number as the first event and as an `after`, so one event is left to the server.
    From(u64),
}

/// What the timeline keeps of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    pub prev: u64,
    pub at: At,
    pub cmd: Option<CommandId>,
    pub digest: u64,
}

/// Whether an accepted event was news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Fresh,
    /// Seen before, in an earlier following.
    Again,
}

#[derive(Debug, Clone)]
pub struct Timeline {
    conversation: ConversationId,
    view: View,
    place: Place,
    /// In the order of `seq`. Two neighbours whose `prev` does not link them have events between them that were never asked for.
    entries: Vec<Entry>,
    /// The `seq` of the last event that a command made, by sender and command: sender and command are unique together.
    made_by: HashMap<(bool, CommandId), (u64, Vec<String>)>,
    story: Story,
}

impl Timeline {
    #[must_use]
    pub fn new(conversation: ConversationId, view: View) -> Self {
        Self {
            conversation,
            view,
            place: Place::Nowhere,
            entries: Vec::new(),
            made_by: HashMap::new(),
            story: Story::default(),
        }
    }

    /// Following starts anew, after an explicit `after`.
    pub fn follow_after(&mut self, seq: u64) {
        self.place = Place::After(seq);
    }

    /// Following starts without an `after`, at the `from_seq` that the server named.
    pub fn follow_from(&mut self, from_seq: u64) {
        self.place = if from_seq == 0 {
            Place::After(0)
        } else {
            Place::From(from_seq)
        };
    }

    /// Following has ended.
    pub fn unfollow(&mut self) {
        self.place = Place::Nowhere;
    }

    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.place != Place::Nowhere
    }

    /// The `seq` after which the present following goes on; `None` before its first event where it began at a `from_seq`.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        match self.place {
            Place::After(seq) => Some(seq),
            Place::From(_) | Place::Nowhere => None,
        }
    }

    /// The highest `seq` ever seen; 0 before the first. This is what `hello` carries as `after`.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.seq)
    }

    #[must_use]
    pub fn entry(&self, seq: u64) -> Option<&Entry> {
        let index = self
            .entries
            .binary_search_by_key(&seq, |entry| entry.seq)
            .ok()?;
        self.entries.get(index)
    }

    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    #[must_use]
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// Whether every event from the first one on was seen.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let mut expected = 0;
        self.entries.iter().all(|entry| {
            let links = entry.prev == expected;
            expected = entry.seq;
            links
        })
    }

    /// Checks one event and keeps it.
    ///
    /// # Errors
    /// The first breach that the event shows. The timeline is then as before, except that following goes on after the
    /// event, so that one lost event is one fault and not a fault for each event behind it.
    pub fn accept(&mut self, event: &Event) -> Result<News, Fault> {
        let checked = self
            .check_place(event)
            .and_then(|()| self.check_view(event));
        let was_followed = self.is_followed();
        if was_followed && self.position().is_none_or(|seq| event.seq > seq) {
            self.place = Place::After(event.seq);
        }
        checked?;
        let digest = event.digest();
        match self
            .entries
            .binary_search_by_key(&event.seq, |entry| entry.seq)
        {
            Ok(index) => self.check_same(index, digest, event),
            Err(index) => {
                self.check_neighbours(index, event)?;
                self.check_command(event)?;
                let entry = Entry {
                    seq: event.seq,
                    prev: event.prev,
                    at: event.at,
                    cmd: event.cmd,
                    digest,
                };
                let is_next = index == self.entries.len();
                let is_linked = event.prev == self.last_seq();
                self.entries.insert(index, entry);
                if !is_next {
                    return Ok(News::Fresh);
                }
                if !is_linked {
                    self.story = Story::unknown();
                }
                self.story.advance(event)?;
                Ok(News::Fresh)
            }
        }
    }

    fn fault(&self, breach: Breach, detail: String) -> Fault {
        Fault::of(breach, self.conversation, detail)
    }

    /// Does the event connect to the place where this following stands?
    fn check_place(&self, event: &Event) -> Result<(), Fault> {
        let (seq, prev) = (event.seq, event.prev);
        if seq <= prev {
            return Err(self.fault(
                Breach::Reorder,
                format!("event {seq} names {prev} as the one before it"),
            ));
        }
        match self.place {
            Place::Nowhere => Err(self.fault(
                Breach::NotFollowed,
                format!("event {seq} while not following"),
            )),
            Place::From(from_seq) if prev > from_seq => Err(self.fault(
                Breach::Gap,
                format!("following was to begin at {from_seq} and began at {seq} after {prev}"),
            )),
            Place::From(from_seq) if seq < from_seq => Err(self.fault(
                Breach::Reorder,
                format!("following was to begin at {from_seq} and began at {seq}"),
            )),
            Place::From(_) => Ok(()),
            Place::After(last) if seq == last => {
                Err(self.fault(Breach::Duplicate, format!("event {seq} came twice")))
            }
            Place::After(last) if seq < last => {
                Err(self.fault(Breach::Reorder, format!("event {seq} came after {last}")))
            }
            Place::After(last) if prev > last => Err(self.fault(
                Breach::Gap,
                format!("after {last} came {seq}, which follows {prev}"),
            )),
            Place::After(last) if prev < last => Err(self.fault(
                Breach::Reorder,
                format!("after {last} came {seq}, which claims to follow {prev}"),
            )),
            Place::After(_) => Ok(()),
        }
    }

    /// Is this something that the follower's eyes may see, and all of it?
    fn check_view(&self, event: &Event) -> Result<(), Fault> {
        match self.view {
            View::Agent if event.seq != event.prev + 1 => Err(self.fault(
                Breach::Gap,
                format!(
                    "an agent sees every event, and {} follows {}",
                    event.seq, event.prev
                ),
            )),
            View::Agent => Ok(()),
            View::Visitor => {
                if event.kind == "note" {
                    return Err(self.fault(
                        Breach::Leaked,
                        format!("the visitor was shown note {}", event.seq),
                    ));
                }
                let hidden = ["priority", "why", "tags"]
                    .into_iter()
                    .find(|field| event.fields.contains_key(*field));
                match hidden {
                    Some(field) => Err(self.fault(
                        Breach::Leaked,
                        format!("the visitor was shown `{field}` of event {}", event.seq),
                    )),
                    None => Ok(()),
                }
            }
        }
    }

    fn check_same(&self, index: usize, digest: u64, event: &Event) -> Result<News, Fault> {
        let known = &self.entries[index];
        if known.digest == digest {
            return Ok(News::Again);
        }
        let detail = format!(
            "event {} ({}) came back with other content",
            event.seq, event.kind
        );
        Err(self.fault(Breach::Changed, detail))
    }

    /// `index` is where the event would be inserted.
    fn check_neighbours(&self, index: usize, event: &Event) -> Result<(), Fault> {
        let before = index
            .checked_sub(1)
            .and_then(|index| self.entries.get(index));
        let after = self.entries.get(index);
        if let Some(after) = after
            && after.prev < event.seq
        {
            let detail = format!(
                "event {} appeared between {} and {}",
                event.seq, after.prev, after.seq
            );
            return Err(self.fault(Breach::Inserted, detail));
        }
        let fell = before.is_some_and(|before| before.at > event.at)
            || after.is_some_and(|after| after.at < event.at);
        if fell {
            return Err(self.fault(
                Breach::TimeFell,
                format!("event {} is at {}", event.seq, event.at),
            ));
        }
        Ok(())
    }

    /// The events of one command stand side by side, each of another kind; anything else was done twice.
    fn check_command(&mut self, event: &Event) -> Result<(), Fault> {
        let Some(cmd) = event.cmd else { return Ok(()) };
        let key = (event.from.role == Role::Visitor, cmd);
        match self.made_by.get_mut(&key) {
            None => {
                self.made_by
                    .insert(key, (event.seq, vec![event.kind.clone()]));
                Ok(())
            }
            Some((last, kinds)) if *last == event.prev && !kinds.contains(&event.kind) => {
                *last = event.seq;
                kinds.push(event.kind.clone());
                Ok(())
            }
            Some((last, _)) => {
                let detail = format!(
                    "command {cmd} made event {last} and again event {}",
                    event.seq
                );
                Err(self.fault(Breach::DoneTwice, detail))
            }
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
