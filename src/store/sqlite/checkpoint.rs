//! Keeps the write-ahead log short, off the path of those who wait for a commit.
//!
//! A thread with its own connection copies committed pages into the database with passive checkpoints, which stop
//! nobody. A passive checkpoint never catches up with a busy writer, so once the log is long the writer is asked to
//! begin it anew between two transactions, when little is left to copy. The file itself never shrinks below
//! [`super::nudge::WAL_BYTES_KEPT`] while the server runs: writing over old pages is cheaper than growing the file again.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::nudge::RESTART_AT_PAGES;
use super::open;
use super::writer::{WalRestarter, spawn_vital};

/// A checkpoint at least so often while something was written: little is left to copy at a crash or at the end.
const PASSIVE_EVERY: Duration = Duration::from_secs(30);
/// After a reader was in the way. Each attempt may hold up the writer a little, so the pauses grow, each twice as long,
/// as long as none succeeds.
const RESTART_PAUSE_MIN: Duration = Duration::from_millis(250);
/// See [`RESTART_PAUSE_MIN`].
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(8);

/// The checkpoint thread. It ends when the writer does; dropping this waits for that, so drop the writer first.
pub(super) struct Checkpointer {
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread.
    pub(super) fn start(
        path: PathBuf,
        nudges: Receiver<u32>,
        restarter: WalRestarter,
    ) -> std::io::Result<Self> {
        let thread = spawn_vital("store-checkpoint", move || run(&path, &nudges, &restarter))?;
        Ok(Self {
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic has ended the process before this could meet it.
            let _ = thread.join();
        }
    }
}

fn run(path: &Path, nudges: &Receiver<u32>, restarter: &WalRestarter) {
    let mut wal_pages = 0;
    let mut restart_pause = RESTART_PAUSE_MIN;
    let mut restart_not_before = Instant::now();
    loop {
        match nudges.recv_timeout(PASSIVE_EVERY) {
            Ok(pages) => wal_pages = pages,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // A connection a time: a checkpoint is rare, and a connection that failed once is never met again.
        let outcome = open::connect_writer(path).and_then(|connection| {
            connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()))
        });
        if let Err(error) = outcome {
            tracing::warn!(%error, "the store could not checkpoint");
        }
        if wal_pages >= RESTART_AT_PAGES && Instant::now() >= restart_not_before {
            if restarter.restart() {
                wal_pages = 0;
                restart_pause = RESTART_PAUSE_MIN;
            } else {
                restart_not_before = Instant::now() + restart_pause;
                restart_pause = (restart_pause * 2).min(RESTART_PAUSE_MAX);
            }
        }
    }
}
