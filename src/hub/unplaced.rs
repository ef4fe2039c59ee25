//! Conversations whose visitors here are to be told where they stand: those that began to wait, or to be followed, since
//! somebody last asked.
//!
//! Noted by the hub as it happens, taken by whoever shows the lines, so that a look at them costs what has changed and not
//! what there is. Holds at most what is followed here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::event::Body;
use crate::model::id::ConversationId;

/// What came about since the last look.
#[derive(Default)]
pub struct Unplaced(
    /// Whether a socket began to follow, which is told its place even if it did not change. A std mutex: held for a look-up.
    Mutex<HashMap<ConversationId, bool>>,
);

impl Unplaced {
    fn noted(&self) -> MutexGuard<'_, HashMap<ConversationId, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A visitor's socket began to follow.
    pub fn note_newcomer(&self, conversation: ConversationId) {
        self.noted().insert(conversation, true);
    }

    /// The conversation came into a line.
    pub fn note_wait(&self, conversation: ConversationId) {
        self.noted().entry(conversation).or_default();
    }

    /// Everything noted, and whether it is a newcomer.
    pub fn take(&self) -> HashMap<ConversationId, bool> {
        std::mem::take(&mut *self.noted())
    }
}

/// Whether an event puts its conversation into a line.
pub fn begins_a_wait(body: &Body) -> bool {
    matches!(
        body,
        Body::Queued { .. } | Body::Requeued { .. } | Body::Transferred { .. }
    )
}
