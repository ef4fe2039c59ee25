//! The one writer: a thread with its own connection that turns whatever has been asked meanwhile into one transaction.
//!
//! Callers hand in jobs through a bounded channel and await their answers. The writer begins a transaction, runs each
//! job in a savepoint of its own (a refused one leaves nothing), commits once, and only then answers everybody: one
//! disk flush serves the whole batch. Where the commit fails everybody in the batch hears `Away`, the transaction is
//! rolled back, and the next batch tries anew, on a new connection where the old one may be to blame. So a full disk or
//! a file that cannot be written for a while needs no restart.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::nudge::Nudge;
use super::open;
use crate::store::StoreError;

/// How long a call waits for its answer, in the queue and at the disk together. Short enough that a client hears an
/// honest `unavailable`, long enough for a slow disk or another process's transaction.
pub(super) const CALL_WAIT: Duration = Duration::from_secs(5);
/// How long a call waits for a place in a full queue: the queue holds more than a second's work, so whoever finds it
/// full would not be served in time anyway.
const QUEUE_WAIT: Duration = Duration::from_millis(500);
/// Jobs that may wait: at 20,000 jobs a second, half a second's work; about 10 MB of messages of common size.
const QUEUE_JOBS_MAX: usize = 10_000;
/// Jobs in one transaction: beyond a few hundred the flush is shared so widely that more only adds latency.
const BATCH_JOBS_MAX: usize = 512;
/// Work in one transaction, after which it is committed even if more jobs wait.
const BATCH_WORK_MAX: Duration = Duration::from_millis(10);

/// A piece of work for the writer, its answer included.
trait Job: Send {
    /// Does the work inside a savepoint; answers whether what it wrote is to be kept.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the caller, after the commit, or why there was none.
    fn answer(self: Box<Self>, commit: Result<(), &str>);
    /// When the caller stops waiting.
    fn deadline(&self) -> Instant;
}

enum Message {
    Job(Box<dyn Job>),
    /// Begin the write-ahead log anew; answers whether that succeeded.
    RestartWal(oneshot::Sender<bool>),
}

/// The caller's end of the writer. Dropping it lets the thread finish what was handed in, and waits for that.
pub(super) struct Writer {
    sender: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

/// Asks the writer to begin the write-ahead log anew, without keeping it alive.
#[derive(Clone)]
pub(super) struct WalRestarter(mpsc::WeakSender<Message>);

impl WalRestarter {
    /// Whether the log begins anew; `false` if somebody still reads it, or the writer is gone or busy.
    pub(super) fn restart(&self) -> bool {
        let (reply, answer) = oneshot::channel();
        let Some(sender) = self.0.upgrade() else {
            return false;
        };
        sender.try_send(Message::RestartWal(reply)).is_ok()
            && answer.blocking_recv().unwrap_or(false)
    }
}

impl Writer {
    /// Starts the thread on an open connection; `path` is where it opens a new one if it must.
    pub(super) fn start(
        connection: Connection,
        path: PathBuf,
        nudge: Nudge,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE_JOBS_MAX);
        let own_thread = WriterThread {
            connection: Some(connection),
            path,
            receiver,
            nudge,
            restart_asked: None,
        };
        let thread = spawn_vital("store-writer", move || own_thread.run())?;
        Ok(Self {
            sender: Some(sender),
            thread: Some(thread),
        })
    }

    /// For the checkpoint thread.
    pub(super) fn wal_restarter(&self) -> WalRestarter {
        let sender = self
            .sender
            .as_ref()
            .expect("the sender is taken only by drop");
        WalRestarter(sender.downgrade())
    }

    /// How many jobs wait for the next transaction.
    pub(super) fn jobs_waiting(&self) -> u64 {
        let waiting = |sender: &mpsc::Sender<Message>| sender.max_capacity() - sender.capacity();
        self.sender.as_ref().map_or(0, waiting) as u64
    }

    /// Runs `work` inside the next transaction and answers after its commit.
    pub(super) async fn call<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + CALL_WAIT;
        let task = Task {
            work: Some(work),
            outcome: None,
            reply,
            deadline,
        };
        let sender = self
            .sender
            .as_ref()
            .expect("the sender is taken only by drop");
        if sender
            .send_timeout(Message::Job(Box::new(task)), QUEUE_WAIT)
            .await
            .is_err()
        {
            return Err(away("too much waits to be written"));
        }
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(Answer::Given(outcome))) => outcome,
            // The mistake is the caller's to report: the writer goes on for the others.
            Ok(Ok(Answer::Panicked(panic))) => resume_unwind(panic),
            Ok(Err(_)) => Err(away("the writer is gone")),
            Err(_) => Err(away("no answer in time")),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // A panic has ended the process before this could meet it.
            let _ = thread.join();
        }
    }
}

/// Starts a thread without which the server is of no use: should it panic, which only our own mistake can cause, the
/// process ends, to be started again, rather than stay and refuse everything.
pub(super) fn spawn_vital(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                tracing::error!("a thread of the store panicked; the process ends");
                std::process::abort();
            }
        })
}

fn away<E: From<StoreError>>(reason: &str) -> E {
    StoreError::Away(reason.to_owned()).into()
}

enum Answer<T, E> {
    Given(Result<T, E>),
    Panicked(Box<dyn Any + Send>),
}

struct Task<T, E, F> {
    work: Option<F>,
    outcome: Option<Answer<T, E>>,
    reply: oneshot::Sender<Answer<T, E>>,
    deadline: Instant,
}

impl<T, E, F> Job for Task<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Connection) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        // Unwind safe: whatever a panic left half done in the database is rolled back with the savepoint.
        let outcome = match catch_unwind(AssertUnwindSafe(|| work(connection))) {
            Ok(outcome) => Answer::Given(outcome),
            Err(panic) => Answer::Panicked(panic),
        };
        let is_kept = matches!(outcome, Answer::Given(Ok(_)));
        self.outcome = Some(outcome);
        is_kept
    }

    fn answer(self: Box<Self>, commit: Result<(), &str>) {
        let answer = match (commit, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (_, Some(Answer::Panicked(panic))) => Answer::Panicked(panic),
            // A refusal may rest on what an earlier job of the failed batch wrote, so it is as unknown as the rest.
            (Err(reason), _) => Answer::Given(Err(away(reason))),
            (Ok(()), None) => Answer::Given(Err(away("no answer in time"))),
        };
        // Nobody listens any more if the caller was cancelled; what was written stays written.
        let _ = self.reply.send(answer);
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }
}

thread_local! {
    /// Pages in the write-ahead log after the last commit of this thread. The hook that tells it takes no captures.
    static WAL_PAGES: Cell<u32> = const { Cell::new(0) };
}

struct WriterThread {
    connection: Option<Connection>,
    path: PathBuf,
    receiver: mpsc::Receiver<Message>,
    nudge: Nudge,
    /// Asked for while a transaction was open: done after it.
    restart_asked: Option<oneshot::Sender<bool>>,
}

/// Why a batch was not committed, and whether the connection may be to blame.
struct BatchFailure {
    reason: String,
    is_connection_suspect: bool,
}

impl From<rusqlite::Error> for BatchFailure {
    fn from(error: rusqlite::Error) -> Self {
        // A full disk or another process's long transaction says nothing about the connection; the rest may.
        let is_connection_suspect = !matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy)
        );
        Self {
            reason: error.to_string(),
            is_connection_suspect,
        }
    }
}

impl WriterThread {
    fn run(mut self) {
        if let Some(connection) = &self.connection {
            watch_wal(connection);
        }
        while let Some(message) = self.receiver.blocking_recv() {
            match message {
                Message::Job(job) => self.run_batch(job),
                Message::RestartWal(reply) => self.restart_asked = Some(reply),
            }
            if let Some(reply) = self.restart_asked.take() {
                let is_restarted = self.connection.as_ref().is_some_and(restart_wal);
                // Nobody listens if the checkpoint thread is gone.
                let _ = reply.send(is_restarted);
            }
        }
        if let Some(connection) = &self.connection {
            // At the end the log is folded into the database, so that the data folder rests in one file.
            let _ = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
        }
    }

    fn run_batch(&mut self, first: Box<dyn Job>) {
        let mut batch = Vec::new();
        match self.write_batch(first, &mut batch) {
            Ok(()) => {
                for job in batch {
                    job.answer(Ok(()));
                }
                self.nudge.after_commit(WAL_PAGES.get());
            }
            Err(failure) => {
                tracing::warn!(
                    reason = failure.reason,
                    jobs = batch.len(),
                    "the store could not commit"
                );
                self.recover(&failure);
                for job in batch {
                    job.answer(Err(&failure.reason));
                }
                self.refuse_waiting(&failure.reason);
            }
        }
    }

    /// Runs jobs until none waits or the batch is big enough, and commits. `batch` has every job taken, in any case.
    fn write_batch(
        &mut self,
        first: Box<dyn Job>,
        batch: &mut Vec<Box<dyn Job>>,
    ) -> Result<(), BatchFailure> {
        batch.push(first);
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connection = open::connect_writer(&self.path)?;
                watch_wal(&connection);
                connection
            }
        };
        let connection = self.connection.insert(connection);
        connection.prepare_cached("begin immediate")?.execute([])?;
        let started = Instant::now();
        loop {
            if let Some(job) = batch.last_mut() {
                run_in_savepoint(connection, job.as_mut())?;
            }
            if batch.len() >= BATCH_JOBS_MAX || started.elapsed() >= BATCH_WORK_MAX {
                break;
            }
            match self.receiver.try_recv() {
                Ok(Message::Job(job)) => batch.push(job),
                Ok(Message::RestartWal(reply)) => {
                    self.restart_asked = Some(reply);
                    break;
                }
                Err(_) => break,
            }
        }
        connection.prepare_cached("commit")?.execute([])?;
        Ok(())
    }

    fn recover(&mut self, failure: &BatchFailure) {
        let is_usable = match &self.connection {
            Some(connection) if connection.is_autocommit() => true,
            Some(connection) => connection.execute_batch("rollback").is_ok(),
            None => false,
        };
        if failure.is_connection_suspect || !is_usable {
            self.connection = None;
        }
    }

    /// Answers all who wait already: they would meet the same failure one by one, each after its own wait.
    fn refuse_waiting(&mut self, reason: &str) {
        for _ in 0..self.receiver.len() {
            match self.receiver.try_recv() {
                Ok(Message::Job(job)) => job.answer(Err(reason)),
                Ok(Message::RestartWal(reply)) => {
                    let _ = reply.send(false);
                }
                Err(_) => break,
            }
        }
    }
}

/// Runs one job so that it leaves everything or nothing in the open transaction.
fn run_in_savepoint(connection: &Connection, job: &mut dyn Job) -> Result<(), BatchFailure> {
    if job.deadline() <= Instant::now() {
        // The caller has been told that the outcome is unknown: not doing it keeps an overload from growing.
        return Ok(());
    }
    connection.prepare_cached("savepoint job")?.execute([])?;
    let is_kept = job.run(connection);
    if connection.is_autocommit() {
        // Some failures (a full disk, an I/O error) make SQLite roll back by itself, with all that was in the batch.
        return Err(BatchFailure {
            reason: "the disk refused a write".to_owned(),
            is_connection_suspect: true,
        });
    }
    if !is_kept {
        connection.prepare_cached("rollback to job")?.execute([])?;
    }
    connection.prepare_cached("release job")?.execute([])?;
    Ok(())
}

fn watch_wal(connection: &Connection) {
    connection.wal_hook(Some(|_, pages| {
        WAL_PAGES.set(u32::try_from(pages).unwrap_or(0));
        Ok(())
    }));
}

/// Copies the rest of the log into the database and lets the next commit write at its beginning. Cheap after a passive
/// checkpoint on another connection, which has copied nearly all without stopping anybody.
fn restart_wal(connection: &Connection) -> bool {
    /// Our own reads take a few milliseconds; a longer one is another program's, and the checkpoint thread tries again
    /// later. While this waits nobody is served.
    const READERS_WAIT_MAX: Duration = Duration::from_millis(250);
    /// SQLite waits for a reader's mark in the log and does not see that the mark moved when the same reader comes
    /// back at once. A new attempt looks anew: several short ones succeed where a long one starves.
    const ATTEMPT_WAIT: Duration = Duration::from_millis(10);
    let deadline = Instant::now() + READERS_WAIT_MAX;
    let is_set_up = connection.busy_timeout(ATTEMPT_WAIT).is_ok();
    let mut is_restarted = false;
    while is_set_up && !is_restarted && Instant::now() < deadline {
        match connection.query_row("pragma wal_checkpoint(restart)", [], |row| {
            row.get::<_, i64>(0)
        }) {
            Ok(busy) => is_restarted = busy == 0,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Err(_) => break,
        }
    }
    if let Err(error) = connection.busy_timeout(open::BUSY_WAIT) {
        tracing::warn!(%error, "the store could not set its waiting time");
    }
    is_restarted
}
