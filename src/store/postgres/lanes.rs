//! The writers of a node: a few tasks, each with a connection of its own, that turn whatever was asked meanwhile into one
//! transaction each.
//!
//! A conversation always goes through the same lane, so that a node's own appends to it never wait for each other's locks; but all
//! starts go through the first, in the order in which they came: nobody is overtaken because another lane was quicker. A batch
//! that breaks a constraint (another node was faster) is done again append by append, so that each hears its own answer. Where
//! PostgreSQL is away, everybody who waits hears so at once; the next append connects anew. An append whose commit was not answered
//! is told to be of unknown outcome: who repeats it with the same `cmd` gets the receipt, if it was written after all.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::batch::{BatchFailure, Decided, attempt};
use super::error::{breaks, breaks_unique, is_connection_lost, is_lost_race};
use super::pool::{ATTEMPTS_MAX, RESTED_MAX, lives};
use crate::domain::conversation::{Command, Refusal};
use crate::store::{Append, AppendError, Outcome, StoreError};

/// Writers of a node: enough that one which waits for a lock does not hold up everybody, few enough that batches are large.
const LANES: usize = 4;
/// Appends that may wait in a lane: half a second's work.
const QUEUE_JOBS_MAX: usize = 2_500;
/// Appends in one transaction: beyond a few hundred the flush is shared so widely that more only adds latency.
const BATCH_JOBS_MAX: usize = 256;
/// How long an append waits for a place in a full queue, which would not serve it in time anyway.
const QUEUE_WAIT: Duration = Duration::from_millis(500);
/// A transaction is undone within this time, or its connection is given up.
const UNDO_WAIT: Duration = Duration::from_secs(1);

/// The node's writers. They end when this is dropped, after what was handed in.
pub(super) struct Lanes {
    senders: Vec<mpsc::Sender<Job>>,
    answer: Duration,
}

struct Job {
    append: Append,
    reply: oneshot::Sender<Decided>,
    /// When the caller stops waiting.
    deadline: Instant,
}

impl Lanes {
    /// Starts the tasks; they connect when they have something to write.
    pub(super) fn start(options: &PgConnectOptions, connect: Duration, answer: Duration) -> Self {
        let start = |_| {
            let (sender, receiver) = mpsc::channel(QUEUE_JOBS_MAX);
            let lane = Lane {
                receiver,
                connection: None,
                options: options.clone(),
                connect,
                answer,
            };
            tokio::spawn(vital(lane.run()));
            sender
        };
        Self {
            senders: (0..LANES).map(start).collect(),
            answer,
        }
    }

    /// Appends that wait for the next transaction.
    pub(super) fn jobs_waiting(&self) -> usize {
        let waiting = |sender: &mpsc::Sender<Job>| sender.max_capacity() - sender.capacity();
        self.senders.iter().map(waiting).sum()
    }

    /// Decides and writes one append, together with others.
    pub(super) async fn append(&self, append: Append) -> Result<Outcome, AppendError> {
        let lane = match append.command {
            Command::Start(_) => 0,
            _ => usize::from(append.conversation.bytes()[15]) % self.senders.len(),
        };
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + self.answer;
        let job = Job {
            append,
            reply,
            deadline,
        };
        let sent = self.senders[lane].send_timeout(job, QUEUE_WAIT).await;
        if sent.is_err() {
            return Err(away("too much waits to be written"));
        }
        match timeout_at(deadline, answer).await {
            Ok(Ok(Decided::Done(outcome))) => outcome,
            // The mistake is the caller's to report: the lane goes on for the others.
            Ok(Ok(Decided::Panicked(panic))) => resume_unwind(panic),
            Ok(Err(_)) | Err(_) => Err(away("no answer in time")),
        }
    }
}

fn away(reason: &str) -> AppendError {
    StoreError::Away(reason.to_owned()).into()
}

/// A task without which the node is of no use: should it panic, which only our own mistake can cause, the process ends, to be
/// started again, rather than stay and refuse everything.
async fn vital(work: impl Future<Output = ()>) {
    let mut work = Box::pin(work);
    let guarded = std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(polled) => polled,
            Err(_) => {
                tracing::error!("a writer of the store panicked; the process ends");
                std::process::abort();
            }
        }
    });
    guarded.await;
}

/// Why nobody in a batch is served.
enum Unserved {
    /// PostgreSQL is away, or the outcome is unknown.
    Away(StoreError),
    /// One of the batch cannot be written.
    Conflict(AppendError),
}

struct Lane {
    receiver: mpsc::Receiver<Job>,
    /// The connection, and when it was used last.
    connection: Option<(PgConnection, Instant)>,
    options: PgConnectOptions,
    connect: Duration,
    answer: Duration,
}

impl Lane {
    async fn run(mut self) {
        while let Some(first) = self.receiver.recv().await {
            let mut jobs = vec![first];
            while jobs.len() < BATCH_JOBS_MAX
                && let Ok(job) = self.receiver.try_recv()
            {
                jobs.push(job);
            }
            // Whoever stopped waiting was told that the outcome is unknown: not doing it keeps an overload from growing.
            let now = Instant::now();
            jobs.retain(|job| job.deadline > now);
            if !jobs.is_empty() {
                self.serve(jobs).await;
            }
        }
    }

    async fn serve(&mut self, mut jobs: Vec<Job>) {
        let outcome = self.write(&jobs).await;
        match outcome {
            Ok(decided) => {
                for (job, decided) in jobs.into_iter().zip(decided) {
                    // Nobody listens any more if the caller was cancelled; what was written stays written.
                    let _ = job.reply.send(decided);
                }
            }
            Err(Unserved::Away(error)) => self.refuse(jobs, &error),
            // One at a time, for among them is one that cannot be written.
            Err(Unserved::Conflict(_)) if jobs.len() > 1 => {
                while !jobs.is_empty() {
                    let rest = jobs.split_off(1);
                    Box::pin(self.serve(jobs)).await;
                    jobs = rest;
                }
            }
            Err(Unserved::Conflict(error)) => {
                if let AppendError::Store(StoreError::Corrupt(words)) = &error {
                    tracing::error!(words, "the store refused what it should take");
                }
                if let Some(job) = jobs.pop() {
                    let _ = job.reply.send(Decided::Done(Err(error)));
                }
            }
        }
    }

    /// Tells these and all who wait already: they would meet the same failure one by one, each after its own wait.
    fn refuse(&mut self, mut jobs: Vec<Job>, error: &StoreError) {
        tracing::warn!(%error, jobs = jobs.len(), "the store could not write");
        for _ in 0..self.receiver.len() {
            jobs.extend(self.receiver.try_recv().ok());
        }
        for job in jobs {
            let away = StoreError::Away(error.to_string());
            let _ = job.reply.send(Decided::Done(Err(away.into())));
        }
    }

    async fn write(&mut self, jobs: &[Job]) -> Result<Vec<Decided>, Unserved> {
        let appends: Vec<&Append> = jobs.iter().map(|job| &job.append).collect();
        let until = Instant::now() + self.answer;
        for attempts_left in (0..ATTEMPTS_MAX).rev() {
            let mut connection = self.connection().await?;
            let Ok(outcome) = timeout_at(until, attempt(&mut connection, &appends)).await else {
                return Err(unknown("no answer in time"));
            };
            let failure = match outcome {
                Ok(decided) => {
                    self.connection = Some((connection, Instant::now()));
                    return Ok(decided);
                }
                Err(failure) => failure,
            };
            match failure {
                BatchFailure::Unknown(error) => return Err(Unserved::Away(error.into())),
                BatchFailure::Impossible(error) => {
                    self.undo(connection).await;
                    return Err(Unserved::Conflict(error.into()));
                }
                BatchFailure::Undone(error) if is_connection_lost(&error) => {
                    // The connection goes; what it had begun goes with it.
                    if attempts_left == 0 {
                        return Err(Unserved::Away(error.into()));
                    }
                }
                BatchFailure::Undone(error) => {
                    self.undo(connection).await;
                    let is_alone_and_beaten = breaks_unique(&error) && jobs.len() == 1;
                    let may_pass = is_lost_race(&error) || is_alone_and_beaten;
                    if !may_pass || attempts_left == 0 {
                        return Err(explained(error));
                    }
                }
            }
        }
        Err(unknown("others were faster each time"))
    }

    /// The lane's own connection, or a new one.
    async fn connection(&mut self) -> Result<PgConnection, Unserved> {
        if let Some((mut connection, used)) = self.connection.take()
            && (used.elapsed() <= RESTED_MAX || lives(&mut connection, self.connect).await)
        {
            return Ok(connection);
        }
        match timeout(self.connect, self.options.connect()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(Unserved::Away(error.into())),
            Err(_) => Err(unknown("no connection in time")),
        }
    }

    /// Keeps the connection if it can leave the transaction.
    async fn undo(&mut self, mut connection: PgConnection) {
        let undone = timeout(
            UNDO_WAIT,
            sqlx::raw_sql("rollback").execute(&mut connection),
        )
        .await;
        if matches!(undone, Ok(Ok(_))) {
            self.connection = Some((connection, Instant::now()));
        }
    }
}

fn unknown(reason: &str) -> Unserved {
    Unserved::Away(StoreError::Away(reason.to_owned()))
}

/// What a broken constraint means to the one whose append broke it.
fn explained(error: sqlx::Error) -> Unserved {
    let breaks_one_of = |names: &[&str]| names.iter().any(|name| breaks(&error, name));
    if breaks_one_of(&["conversation_open_of_visitor"]) {
        return Unserved::Conflict(Refusal::OpenAlready.into());
    }
    if breaks_one_of(&["visitor_site", "conversation_site"]) {
        return Unserved::Conflict(StoreError::NotThere("site").into());
    }
    if breaks_one_of(&["conversation_department"]) {
        return Unserved::Conflict(StoreError::NotThere("department").into());
    }
    match StoreError::from(error) {
        StoreError::Corrupt(words) => Unserved::Conflict(StoreError::Corrupt(words).into()),
        other => Unserved::Away(other),
    }
}
