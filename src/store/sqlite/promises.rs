//! [`Promises`] on SQLite.

use async_trait::async_trait;
use rusqlite::Connection;

use super::SqliteStore;
use super::values::Cells;
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::promises::{
    NewPromise, PROMISES_FORGOTTEN_MAX, PROMISES_KEPT, PromiseFigures, Promises, SettledWait,
};
use crate::store::rows;
use crate::store::values::Word;

#[async_trait]
impl Promises for SqliteStore {
    async fn keep_promises(&self, promises: Vec<NewPromise>) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| keep(connection, &promises))
            .await
    }

    async fn settle_promises(&self, waits: Vec<SettledWait>) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| settle(connection, &waits))
            .await
    }

    async fn first_promises(&self, since: At) -> Result<Vec<(NewPromise, bool)>, StoreError> {
        self.readers
            .read(move |connection| first(connection, since))
            .await
    }

    async fn promise_figures(&self, from: At, to: At) -> Result<Vec<PromiseFigures>, StoreError> {
        self.readers
            .read(move |connection| figures(connection, from, to))
            .await
    }

    async fn forget_promises(&self, now: At) -> Result<bool, StoreError> {
        self.writer
            .call(move |connection| forget(connection, now))
            .await
    }
}

fn keep(connection: &Connection, promises: &[NewPromise]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "insert or ignore into promise (conversation, since_at, minute, is_first, made_at, department, p50_ms, p90_ms)
         select ?1, ?2, ?3, not exists (select 1 from promise where conversation = ?1 and since_at = ?2), ?4, ?5, ?6, ?7
         where exists (select 1 from conversation where id = ?1)",
    )?;
    for promise in promises {
        statement.execute((
            promise.conversation,
            promise.since,
            promise.minute(),
            promise.made_at,
            &promise.department,
            promise.p50,
            promise.p90,
        ))?;
    }
    Ok(())
}

fn settle(connection: &Connection, waits: &[SettledWait]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "update promise set ended_at = ?2, outcome = ?3
         where conversation = ?1 and outcome is null and made_at <= ?2",
    )?;
    for wait in waits {
        statement.execute((wait.conversation, wait.at, Word(wait.end)))?;
    }
    Ok(())
}

fn first(connection: &Connection, since: At) -> Result<Vec<(NewPromise, bool)>, StoreError> {
    let mut statement = connection.prepare_cached(rows::FIRST_PROMISES)?;
    let promises = statement.query_map([since], |row| rows::promise(&mut Cells::of(row)))?;
    Ok(promises.collect::<Result<_, _>>()?)
}

fn figures(connection: &Connection, from: At, to: At) -> Result<Vec<PromiseFigures>, StoreError> {
    let mut statement = connection.prepare_cached(rows::PROMISE_FIGURES)?;
    let figures =
        statement.query_map((from, to), |row| rows::promise_figures(&mut Cells::of(row)))?;
    Ok(figures.collect::<Result<_, _>>()?)
}

fn forget(connection: &Connection, now: At) -> Result<bool, StoreError> {
    let rows = connection
        .prepare_cached(
            "delete from promise where (conversation, since_at, minute) in (
                 select conversation, since_at, minute from promise where made_at < ?1 limit ?2)",
        )?
        .execute((now - PROMISES_KEPT, PROMISES_FORGOTTEN_MAX))?;
    Ok(rows == PROMISES_FORGOTTEN_MAX as usize)
}
