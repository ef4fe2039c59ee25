//! [`Promises`] on PostgreSQL.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::PostgresStore;
use super::error::Failure;
use super::pool::directly;
use super::values::{all, word};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::promises::{
    NewPromise, PROMISES_FORGOTTEN_MAX, PROMISES_KEPT, PromiseFigures, Promises, SettledWait,
};
use crate::store::rows;

#[async_trait]
impl Promises for PostgresStore {
    async fn keep_promises(&self, promises: Vec<NewPromise>) -> Result<(), StoreError> {
        directly!(self, connection => keep(connection, &promises))
    }

    async fn settle_promises(&self, waits: Vec<SettledWait>) -> Result<(), StoreError> {
        directly!(self, connection => settle(connection, &waits))
    }

    async fn first_promises(&self, since: At) -> Result<Vec<(NewPromise, bool)>, StoreError> {
        directly!(self, connection => first(connection, since))
    }

    async fn promise_figures(&self, from: At, to: At) -> Result<Vec<PromiseFigures>, StoreError> {
        directly!(self, connection => figures(connection, from, to))
    }

    async fn forget_promises(&self, now: At) -> Result<bool, StoreError> {
        directly!(self, connection => forget(connection, now))
    }
}

async fn keep(connection: &mut PgConnection, promises: &[NewPromise]) -> Result<(), Failure> {
    // In the order of the key, so that two nodes never wait for each other in a circle.
    let mut promises: Vec<&NewPromise> = promises.iter().collect();
    promises.sort_by_key(|one| (one.conversation, one.since, one.made_at));
    let of = |number: fn(&NewPromise) -> i64| -> Vec<i64> {
        promises.iter().map(|one| number(one)).collect()
    };
    let conversations: Vec<uuid::Uuid> = promises.iter().map(|one| one.conversation.0).collect();
    let departments: Vec<&str> = promises.iter().map(|one| one.department.as_str()).collect();
    sqlx::query(
        "insert into promise (conversation, since_at, minute, is_first, made_at, department, p50_ms, p90_ms)
         select p.conversation, p.since_at, p.minute,
             row_number() over (partition by p.conversation, p.since_at order by p.minute) = 1 and not exists (
                 select 1 from promise where conversation = p.conversation and since_at = p.since_at),
             p.made_at, p.department, p.p50_ms, p.p90_ms
         from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[])
             as p (conversation, since_at, minute, made_at, department, p50_ms, p90_ms)
         where exists (select 1 from conversation where id = p.conversation)
         on conflict do nothing",
    )
    .bind(conversations)
    .bind(of(|one| one.since.0))
    .bind(of(NewPromise::minute))
    .bind(of(|one| one.made_at.0))
    .bind(departments)
    .bind(of(|one| one.p50.0))
    .bind(of(|one| one.p90.0))
    .execute(connection)
    .await?;
    Ok(())
}

async fn settle(connection: &mut PgConnection, waits: &[SettledWait]) -> Result<(), Failure> {
    let ends: Vec<String> = waits
        .iter()
        .map(|wait| word(&wait.end))
        .collect::<Result<_, _>>()?;
    let conversations: Vec<uuid::Uuid> = waits.iter().map(|wait| wait.conversation.0).collect();
    // The first end after a promise is its own: a conversation may have waited twice. Rows are locked in the order of the key,
    // so that two nodes never wait for each other in a circle.
    sqlx::query(
        "with due as (
             select conversation, since_at, minute, made_at from promise
             where conversation = any($1) and outcome is null
             order by conversation, since_at, minute for update
         ), ends as (
             select distinct on (d.conversation, d.since_at, d.minute) d.conversation, d.since_at, d.minute, w.at, w.outcome
             from due as d join unnest($1::uuid[], $2::bigint[], $3::text[]) as w (conversation, at, outcome)
                 on w.conversation = d.conversation and d.made_at <= w.at
             order by d.conversation, d.since_at, d.minute, w.at
         )
         update promise as p set ended_at = e.at, outcome = e.outcome from ends as e
         where p.conversation = e.conversation and p.since_at = e.since_at and p.minute = e.minute",
    )
    .bind(conversations)
    .bind(waits.iter().map(|wait| wait.at.0).collect::<Vec<i64>>())
    .bind(ends)
    .execute(connection)
    .await?;
    Ok(())
}

async fn first(
    connection: &mut PgConnection,
    since: At,
) -> Result<Vec<(NewPromise, bool)>, Failure> {
    let promises = sqlx::query(rows::FIRST_PROMISES)
        .bind(since.0)
        .fetch_all(connection)
        .await?;
    Ok(all(&promises, rows::promise)?)
}

async fn figures(
    connection: &mut PgConnection,
    from: At,
    to: At,
) -> Result<Vec<PromiseFigures>, Failure> {
    let figures = sqlx::query(rows::PROMISE_FIGURES)
        .bind(from.0)
        .bind(to.0)
        .fetch_all(connection)
        .await?;
    Ok(all(&figures, rows::promise_figures)?)
}

async fn forget(connection: &mut PgConnection, now: At) -> Result<bool, Failure> {
    let forgotten = sqlx::query(
        "delete from promise where (conversation, since_at, minute) in (
             select conversation, since_at, minute from promise where made_at < $1
             order by conversation, since_at, minute limit $2)",
    )
    .bind((now - PROMISES_KEPT).0)
    .bind(i64::from(PROMISES_FORGOTTEN_MAX))
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected() == u64::from(PROMISES_FORGOTTEN_MAX))
}
