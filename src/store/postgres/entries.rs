//! [`Entries`] on PostgreSQL: events that move a conversation and rows of the journal, each by an index in order of time.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::PostgresStore;
use super::error::Failure;
use super::pool::directly;
use super::values::{all, whole};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::entries::{Entries, Entry, Mark, merged};
use crate::store::rows::{move_columns, move_entry, moves, seat_columns, seat_entry};

#[async_trait]
impl Entries for PostgresStore {
    async fn entries(&self, after: Mark, until: At, limit: u32) -> Result<Vec<Entry>, StoreError> {
        directly!(self, connection => entries(connection, after, until, limit))
    }

    async fn standing(&self, at: At) -> Result<Vec<Entry>, StoreError> {
        directly!(self, connection => standing(connection, at))
    }
}

async fn entries(
    connection: &mut PgConnection,
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
    .fetch_all(connection)
    .await?;
    let (seats, moves) = (all(&seats, seat_entry)?, all(&moves, move_entry)?);
    Ok(merged(seats, moves, limit as usize))
}

async fn standing(connection: &mut PgConnection, at: At) -> Result<Vec<Entry>, Failure> {
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
        "with stood as (
             select id from conversation where state <> 'closed' and enqueued_at < $1
             union all
             select id from conversation where closed_at >= $1 and enqueued_at < $1
         )
         select ",
        move_columns!(),
        " from stood join conversation as c on c.id = stood.id join event as e on e.conversation = c.id
         where ",
        moves!(),
        " and e.at < $1
         order by e.at, e.conversation, e.seq"
    ))
    .bind(at.0)
    .fetch_all(connection)
    .await?;
    let (seats, moves) = (all(&seats, seat_entry)?, all(&moves, move_entry)?);
    Ok(merged(seats, moves, usize::MAX))
}
