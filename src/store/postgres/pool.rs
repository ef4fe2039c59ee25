//! Connections for everything but appends: lent for one piece of work each, bounded in number and time.
//!
//! A connection on which a piece of work did not end well (an error, a call that took too long, a caller who gave up) is never
//! lent again: whatever it left behind, an open transaction above all, ends with it. So a server that was restarted, cut off or
//! failed over is found again by the next call, without a restart of ours.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool, Postgres};
use tokio::time::timeout;

use super::error::{Failure, is_lost_race};
use crate::store::StoreError;

/// How often a piece of work is done at most: it lost a race, or met a connection that had gone. Each time somebody else got
/// ahead, so more would mean that something is wrong.
pub(super) const ATTEMPTS_MAX: u32 = 5;
/// A connection that rested for longer is asked whether it still lives, before it is used.
pub(super) const RESTED_MAX: Duration = Duration::from_secs(1);
/// The part of the time for connecting within which it must answer that. A wire that died in silence (a firewall forgot it, a host
/// is gone) tells nobody, and there must be time left for a new connection.
const PING_PART: u32 = 4;

/// The lent connections.
pub(super) struct Pool {
    connections: PgPool,
    /// How long a call may take altogether.
    answer: Duration,
    /// Calls that wait for a connection.
    waiting: AtomicUsize,
}

impl Pool {
    /// No connection is opened before the first call.
    pub(super) fn new(
        options: PgConnectOptions,
        connections_max: u32,
        connect: Duration,
        answer: Duration,
    ) -> Self {
        let doubt = Arc::new(Doubt::default());
        let connections = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(connect)
            .test_before_acquire(false)
            .before_acquire(move |connection, known| {
                let doubt = Arc::clone(&doubt);
                Box::pin(async move {
                    if doubt.is_about(known.age) {
                        return Ok(false);
                    }
                    if known.idle_for <= RESTED_MAX || lives(connection, connect).await {
                        return Ok(true);
                    }
                    doubt.begin();
                    Ok(false)
                })
            })
            .connect_lazy_with(options);
        Self {
            connections,
            answer,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Connections open, and those of them that rest.
    pub(super) fn sizes(&self) -> (u32, usize) {
        (self.connections.size(), self.connections.num_idle())
    }

    /// Calls that wait for a connection.
    pub(super) fn calls_waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Lends a connection.
    pub(super) async fn take(&self) -> Result<Lease, StoreError> {
        let _place = Place::take(&self.waiting);
        Ok(Lease(Some(self.connections.acquire().await?)))
    }

    /// The outcome, or that there was none in time.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        timeout(self.answer, work)
            .await
            .unwrap_or_else(|_| Err(StoreError::Away("no answer in time".to_owned())))
    }
}

/// One who waits, until it is dropped: also where a caller gives up.
struct Place<'pool>(&'pool AtomicUsize);

impl<'pool> Place<'pool> {
    fn take(waiting: &'pool AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a connection that rested is still one.
pub(super) async fn lives(connection: &mut PgConnection, connect: Duration) -> bool {
    matches!(
        timeout(connect / PING_PART, connection.ping()).await,
        Ok(Ok(()))
    )
}

/// Where one connection was found dead, those of its age are as well: they are dropped without being asked one by one, each of
/// which would cost its time.
#[derive(Default)]
struct Doubt {
    /// Connections that were made before this. A std mutex: held for a look or a change.
    before: Mutex<Option<Instant>>,
}

impl Doubt {
    fn begin(&self) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection of this age was made before it.
    fn is_about(&self, age: Duration) -> bool {
        let before = *self.before.lock().unwrap_or_else(PoisonError::into_inner);
        before.is_some_and(|before| before.elapsed() < age)
    }
}

/// Does a piece of work outside a transaction: one that only reads, or writes in one statement that may be done twice. It is done
/// again where its connection had gone.
///
/// A macro, as is [`transact`]: of a closure that borrows its arguments and a connection at once the compiler cannot see that its
/// future may move between threads.
macro_rules! directly {
    ($store:expr, $connection:ident => $work:expr) => {
        $store
            .pool
            .in_time(async {
                let mut attempts = $crate::store::postgres::pool::Attempts::default();
                loop {
                    let mut lease = $store.pool.take().await?;
                    let $connection = lease.connection();
                    let outcome = $work.await;
                    if let Some(end) = attempts.end(lease, outcome) {
                        return end;
                    }
                }
            })
            .await
    };
}
pub(super) use directly;

/// Does a piece of work in a transaction. It is done again where it lost a race, or its connection before the commit was asked
/// for, so it must have no effect outside the database.
macro_rules! transact {
    ($store:expr, $connection:ident => $work:expr) => {
        $store
            .pool
            .in_time(async {
                let mut attempts = $crate::store::postgres::pool::Attempts::default();
                loop {
                    let mut lease = $store.pool.take().await?;
                    let outcome = async {
                        lease.begin().await?;
                        let $connection = lease.connection();
                        let done = $work.await?;
                        lease.commit().await?;
                        Ok(done)
                    }
                    .await;
                    let lease = lease.undone_unless(&outcome).await;
                    if let Some(end) = attempts.end(lease, outcome) {
                        return end;
                    }
                }
            })
            .await
    };
}
pub(super) use transact;

/// How often a piece of work was tried.
#[derive(Default)]
pub(super) struct Attempts(u32);

impl Attempts {
    /// What the caller is to hear, or `None` to try again.
    pub(super) fn end<T>(
        &mut self,
        lease: Lease,
        outcome: Result<T, Failure>,
    ) -> Option<Result<T, StoreError>> {
        self.0 += 1;
        match outcome {
            Ok(done) => {
                lease.give_back();
                Some(Ok(done))
            }
            Err(failure) if failure.may_pass() && self.0 < ATTEMPTS_MAX => None,
            Err(Failure::Store(refusal)) => {
                if is_refusal(&refusal) {
                    lease.give_back();
                }
                Some(Err(refusal))
            }
            Err(failure) => Some(Err(failure.into())),
        }
    }
}

/// Whether this is an answer like any other, which says nothing about the connection.
fn is_refusal(error: &StoreError) -> bool {
    match error {
        StoreError::Taken(_) | StoreError::InUse(_) | StoreError::NotThere(_) => true,
        StoreError::Away(_) | StoreError::Elsewhere(_) | StoreError::Corrupt(_) => false,
    }
}

/// A lent connection. Unless it is given back it is closed, also where the call was dropped half-way.
pub(super) struct Lease(Option<PoolConnection<Postgres>>);

impl Lease {
    /// The connection.
    ///
    /// # Panics
    /// Never: it has one until it ends.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.0
            .as_mut()
            .expect("a lease has its connection until it ends")
    }

    /// Begins a transaction.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        sqlx::raw_sql("begin").execute(self.connection()).await?;
        Ok(())
    }

    /// Ends it. Where that is not answered nobody knows whether it was written, and doing it again might do it twice.
    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        match sqlx::raw_sql("commit").execute(self.connection()).await {
            Ok(_) => Ok(()),
            Err(error) if is_lost_race(&error) => Err(Failure::Database(error)),
            Err(error) => Err(Failure::Store(error.into())),
        }
    }

    /// The same connection outside its transaction, where the work was refused; closed if it cannot leave it.
    pub(super) async fn undone_unless<T>(mut self, outcome: &Result<T, Failure>) -> Self {
        if let Err(Failure::Store(refusal)) = outcome
            && is_refusal(refusal)
            && let Err(error) = sqlx::raw_sql("rollback").execute(self.connection()).await
        {
            tracing::debug!(%error, "a transaction could not be left");
            self.close();
        }
        self
    }

    fn give_back(mut self) {
        self.0 = None;
    }

    fn close(&mut self) {
        if let Some(connection) = self.0.take() {
            // Its place in the pool is free at once; dropping the rest closes the socket.
            drop(connection.detach());
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.close();
    }
}
