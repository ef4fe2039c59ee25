//! How long the write-ahead log may grow, and how the writer tells the checkpoint thread.
//!
//! Between the two so that neither knows the other's insides: the writer calls [`Nudge::after_commit`], the checkpoint
//! thread receives the length, and whoever opens the file sets the size it keeps.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Pages (4 KiB each) written since the last checkpoint that make the next one due.
const PASSIVE_EVERY_PAGES: u32 = 1_000;
/// Pages in the log from which the writer is asked to begin it anew: 16 MiB.
pub(super) const RESTART_AT_PAGES: u32 = 4_000;
/// What the file may keep after it began anew.
pub(super) const WAL_BYTES_KEPT: u32 = RESTART_AT_PAGES * 4_096;

/// The writer's end: tells how long the log is.
pub(super) struct Nudge {
    sender: SyncSender<u32>,
    told_pages: u32,
}

impl Nudge {
    /// The channel between the writer and a checkpoint thread to be.
    pub(super) fn channel() -> (Nudge, Receiver<u32>) {
        let (sender, receiver) = sync_channel(1);
        let nudge = Nudge {
            sender,
            told_pages: 0,
        };
        (nudge, receiver)
    }

    /// Called after each commit.
    pub(super) fn after_commit(&mut self, wal_pages: u32) {
        if wal_pages < self.told_pages {
            self.told_pages = 0;
        }
        if wal_pages - self.told_pages < PASSIVE_EVERY_PAGES {
            return;
        }
        match self.sender.try_send(wal_pages) {
            // Full: a checkpoint is due already, and this one is asked for again after the next commit.
            Err(TrySendError::Full(_)) => {}
            Ok(()) | Err(TrySendError::Disconnected(_)) => self.told_pages = wal_pages,
        }
    }
}
