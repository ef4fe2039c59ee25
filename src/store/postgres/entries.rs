//! [`Entries`] on PostgreSQL: events that move a conversation, words, and rows of the journal, each by an index in order of time.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::PostgresStore;
use super::error::Failure;
use super::pool::directly;
use super::values::{all, whole};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::entries::{Entries, Entry, Mark, Scope, merged};
use crate::store::rows::{
    move_columns, move_entry, moves, seat_columns, seat_entry, word_columns, word_entry, words,
};

#[async_trait]
impl Entries for PostgresStore {
    async fn entries(
        &self,
        scope: Scope,
        after: Mark,
        until: At,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        directly!(self, connection => entries(connection, scope, after, until, limit))
    }

    async fn standing(&self, scope: Scope, at: At) -> Result<Vec<Entry>, StoreError> {
        directly!(self, connection => standing(connection, scope, at))
    }
}

/// The conversations that were open at the moment `$1`.
macro_rules! stood {
    () => {
        "select id from conversation where state <> 'closed' and enqueued_at < $1
         union all
         select id from conversation where closed_at >= $1 and enqueued_at < $1"
    };
}

async fn entries(
    connection: &mut PgConnection,
    scope: Scope,
    after: Mark,
    until: At,
    limit: u32,
) -> Result<Vec<Entry>, Failure> {
    let (at, agent, number) = after.seat();
    let seats = sqlx::query(concat!(
        "select ",
        seat_columns!(),
        " from agent_journal as j
         where (j.at, j.agent, j.number) > ($1, $2, $3) and j.at <= $4
         order by j.at, j.agent, j.number limit $5"
    ))
    .bind(at.0)
    .bind(agent.0)
    .bind(whole(number))
    .bind(until.0)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let (at, conversation, seq) = after.log();
    let moves = sqlx::query(concat!(
        "select ",
        move_columns!(),
        " from event as e join conversation as c on c.id = e.conversation
         where ",
        moves!(),
        " and (e.at, e.conversation, e.seq) > ($1, $2, $3) and e.at <= $4
         order by e.at, e.conversation, e.seq limit $5"
    ))
    .bind(at.0)
    .bind(conversation.0)
    .bind(whole(seq))
    .bind(until.0)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let words = match scope {
        Scope::Work => Vec::new(),
        Scope::Words => words(connection, after, until, limit).await?,
    };
    let (seats, moves) = (all(&seats, seat_entry)?, all(&moves, move_entry)?);
    Ok(merged([seats, moves, words], limit as usize))
}

async fn words(
    connection: &mut PgConnection,
    after: Mark,
    until: At,
    limit: u32,
) -> Result<Vec<Entry>, Failure> {
    let (at, conversation, seq) = after.log();
    let words = sqlx::query(concat!(
        "select ",
        word_columns!(),
        " from event as e
         where ",
        words!(),
        " and (e.at, e.conversation, e.seq) > ($1, $2, $3) and e.at <= $4
         order by e.at, e.conversation, e.seq limit $5"
    ))
    .bind(at.0)
    .bind(conversation.0)
    .bind(whole(seq))
    .bind(until.0)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    Ok(all(&words, word_entry)?)
}

async fn standing(
    connection: &mut PgConnection,
    scope: Scope,
    at: At,
) -> Result<Vec<Entry>, Failure> {
    // Who is at the desk now, and who was at it since: whoever was removed before is off.
    let seats = sqlx::query(concat!(
        "with known as (select id as agent from person union select agent from agent_journal where at >= $1)
         select ",
        seat_columns!(),
        " from known cross join lateral (
             select * from agent_journal where agent = known.agent and at < $1
             order by at desc, number desc limit 1) as j
         order by j.at, j.agent, j.number"
    ))
    .bind(at.0)
    .fetch_all(&mut *connection)
    .await?;
    let moves = sqlx::query(concat!(
        "with stood as (",
        stood!(),
        ")
         select ",
        move_columns!(),
        " from stood join conversation as c on c.id = stood.id join event as e on e.conversation = c.id
         where ",
        moves!(),
        " and e.at < $1
         order by e.at, e.conversation, e.seq"
    ))
    .bind(at.0)
    .fetch_all(&mut *connection)
    .await?;
    let words = match scope {
        Scope::Work => Vec::new(),
        Scope::Words => standing_words(connection, at).await?,
    };
    let (seats, moves) = (all(&seats, seat_entry)?, all(&moves, move_entry)?);
    Ok(merged([seats, moves, words], usize::MAX))
}

async fn standing_words(connection: &mut PgConnection, at: At) -> Result<Vec<Entry>, Failure> {
    let words = sqlx::query(concat!(
        "with stood as (",
        stood!(),
        ")
         select ",
        word_columns!(),
        " from stood join event as e on e.conversation = stood.id
         where ",
        words!(),
        " and e.at < $1
         order by e.at, e.conversation, e.seq"
    ))
    .bind(at.0)
    .fetch_all(connection)
    .await?;
    Ok(all(&words, word_entry)?)
}
