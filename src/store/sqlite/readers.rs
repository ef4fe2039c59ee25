//! Reads: a few connections that cannot write, lent to short pieces of work on Tokio's blocking threads.
//!
//! Each piece runs in one read transaction, so that what it reads in several statements fits together, and ends it at
//! once: a reader that stays would keep the write-ahead log from beginning anew.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::open;
use super::writer::CALL_WAIT;
use crate::store::StoreError;

/// Reads at once: more would only queue for the same two or four cores, and each connection has its own cache.
const READERS: usize = 4;

/// The lent connections.
pub(super) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    /// A std mutex: held for a push or a pop, never across an await.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// No connection is opened before the first read.
    pub(super) fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            path,
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Connections that nobody reads from right now.
    pub(super) fn idle(&self) -> usize {
        self.permits.available_permits()
    }

    /// Runs `work` in a read transaction.
    pub(super) async fn read<T, F>(self: &Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let own = Arc::clone(self);
        let in_time = tokio::time::timeout(CALL_WAIT, async move {
            let permit = Arc::clone(&own.permits).acquire_owned().await;
            let permit = permit.map_err(|_| StoreError::Away("the store is closed".to_owned()))?;
            let task = tokio::task::spawn_blocking(move || {
                let outcome = own.read_now(work);
                // Given back here and not by the caller, who may have given up while the read still ran.
                drop(permit);
                outcome
            });
            match task.await {
                Ok(outcome) => outcome,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(_) => Err(StoreError::Away("the server is stopping".to_owned())),
                },
            }
        });
        in_time
            .await
            .unwrap_or_else(|_| Err(StoreError::Away("no answer in time".to_owned())))
    }

    fn read_now<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::connect_reader(&self.path)?,
        };
        connection.prepare_cached("begin")?.execute([])?;
        let outcome = work(&connection);
        connection.prepare_cached("commit")?.execute([])?;
        // A connection that met trouble (or a panic, which never comes here) is not lent again.
        if !matches!(outcome, Err(StoreError::Away(_) | StoreError::Corrupt(_))) {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
        outcome
    }
}
