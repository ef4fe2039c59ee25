//! How much this node holds of what there may be so much of over all nodes (sockets of one address), and what Redis has yet to
//! be told of it.
//!
//! This node's own count is the truth, and it is here. What could not be told is owed, as with sockets (`presence.rs`). Holds
//! an entry for each thing that is held, and for each that was given up and not told.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holdings told in one call.
const AT_ONCE_MAX: usize = 200;

/// How much of one thing is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// So much.
    pub count: u32,
    /// Larger with each change on this node: calls may overtake each other.
    pub version: u64,
}

/// Everything that is held.
#[derive(Default)]
pub struct Holdings(Mutex<Book>);

#[derive(Default)]
struct Book {
    held: HashMap<String, Held>,
    /// Those that Redis has not been told of.
    owed: HashSet<String>,
    versions: u64,
}

impl Holdings {
    fn book(&self) -> MutexGuard<'_, Book> {
        // Held for one look-up, never across an await.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, or one fewer.
    pub fn change(&self, what: &str, by: i8) {
        let mut book = self.book();
        book.versions += 1;
        let version = book.versions;
        let held = book.held.entry(what.to_owned()).or_default();
        held.count = held.count.saturating_add_signed(by.into());
        held.version = version;
        book.owed.insert(what.to_owned());
    }

    /// What this node holds of it.
    pub fn of(&self, what: &str) -> Held {
        self.book().held.get(what).copied().unwrap_or_default()
    }

    /// Redis has it as it was then.
    pub fn told(&self, what: &str, then: Held) {
        let mut book = self.book();
        if book.held.get(what) == Some(&then) {
            book.owed.remove(what);
            if then.count == 0 {
                book.held.remove(what);
            }
        }
    }

    /// Redis knows nothing of it, or may soon forget it.
    pub fn owe_everything(&self) {
        let mut book = self.book();
        let all: Vec<String> = book.held.keys().cloned().collect();
        book.owed.extend(all);
    }

    /// Some of what is owed.
    pub fn owed(&self) -> Vec<(String, Held)> {
        let book = self.book();
        let owed = book.owed.iter().take(AT_ONCE_MAX);
        owed.map(|what| {
            (
                what.clone(),
                book.held.get(what).copied().unwrap_or_default(),
            )
        })
        .collect()
    }
}
