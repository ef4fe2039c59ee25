//! [`Entries`] on SQLite: events that move a conversation, words, and rows of the journal, each by an index in order of time.

use async_trait::async_trait;
use rusqlite::{Connection, Row};

use super::SqliteStore;
use super::values::Cells;
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::entries::{Entries, Entry, Mark, Scope, merged};
use crate::store::rows::{
    move_columns, move_entry, moves, seat_columns, seat_entry, word_columns, word_entry, words,
};

#[async_trait]
impl Entries for SqliteStore {
    async fn entries(
        &self,
        scope: Scope,
        after: Mark,
        until: At,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        self.readers
            .read(move |connection| {
                let words = match scope {
                    Scope::Work => Vec::new(),
                    Scope::Words => words(connection, after, until, limit)?,
                };
                let [seats, moves] = work(connection, after, until, limit)?;
                Ok(merged([seats, moves, words], limit as usize))
            })
            .await
    }

    async fn standing(&self, scope: Scope, at: At) -> Result<Vec<Entry>, StoreError> {
        self.readers
            .read(move |connection| {
                let words = match scope {
                    Scope::Work => Vec::new(),
                    Scope::Words => standing_words(connection, at)?,
                };
                let [seats, moves] = standing_work(connection, at)?;
                Ok(merged([seats, moves, words], usize::MAX))
            })
            .await
    }
}

/// The conversations that were open at the moment `?1`.
macro_rules! stood {
    () => {
        "select id from conversation where state <> 'closed' and enqueued_at < ?1
         union all
         select id from conversation where closed_at >= ?1 and enqueued_at < ?1"
    };
}

fn read_seat(row: &Row<'_>) -> rusqlite::Result<Entry> {
    seat_entry(&mut Cells::of(row))
}

fn read_move(row: &Row<'_>) -> rusqlite::Result<Entry> {
    move_entry(&mut Cells::of(row))
}

fn read_word(row: &Row<'_>) -> rusqlite::Result<Entry> {
    word_entry(&mut Cells::of(row))
}

fn work(
    connection: &Connection,
    after: Mark,
    until: At,
    limit: u32,
) -> Result<[Vec<Entry>; 2], StoreError> {
    let (at, agent, number) = after.seat();
    let seats = connection
        .prepare_cached(concat!(
            "select ",
            seat_columns!(),
            " from agent_journal as j
             where (j.at, j.agent, j.number) > (?1, ?2, ?3) and j.at <= ?4
             order by j.at, j.agent, j.number limit ?5"
        ))?
        .query_map((at, agent, number, until, limit), read_seat)?
        .collect::<Result<_, _>>()?;
    let (at, conversation, seq) = after.log();
    // The index is named and the join ordered: a plan that reads messages would cost what was said.
    let moves = connection
        .prepare_cached(concat!(
            "select ",
            move_columns!(),
            " from event as e indexed by event_moving cross join conversation as c on c.id = e.conversation
             where ",
            moves!(),
            " and (e.at, e.conversation, e.seq) > (?1, ?2, ?3) and e.at <= ?4
             order by e.at, e.conversation, e.seq limit ?5"
        ))?
        .query_map((at, conversation, seq, until, limit), read_move)?
        .collect::<Result<_, _>>()?;
    Ok([seats, moves])
}

fn words(
    connection: &Connection,
    after: Mark,
    until: At,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let (at, conversation, seq) = after.log();
    let words = connection
        .prepare_cached(concat!(
            "select ",
            word_columns!(),
            " from event as e indexed by event_speaking
             where ",
            words!(),
            " and (e.at, e.conversation, e.seq) > (?1, ?2, ?3) and e.at <= ?4
             order by e.at, e.conversation, e.seq limit ?5"
        ))?
        .query_map((at, conversation, seq, until, limit), read_word)?
        .collect::<Result<_, _>>()?;
    Ok(words)
}

fn standing_work(connection: &Connection, at: At) -> Result<[Vec<Entry>; 2], StoreError> {
    // Who is at the desk now, and who was at it since: whoever was removed before is off.
    let seats = connection
        .prepare_cached(concat!(
            "with known as (select id as agent from person union select agent from agent_journal where at >= ?1)
             select ",
            seat_columns!(),
            " from known join agent_journal as j on j.number = (
                 select number from agent_journal where agent = known.agent and at < ?1
                 order by at desc, number desc limit 1)
             order by j.at, j.agent, j.number"
        ))?
        .query_map([at], read_seat)?
        .collect::<Result<_, _>>()?;
    let moves = connection
        .prepare_cached(concat!(
            "with stood as (",
            stood!(),
            ")
             select ",
            move_columns!(),
            " from stood join conversation as c on c.id = stood.id join event as e on e.conversation = c.id
             where ",
            moves!(),
            " and e.at < ?1
             order by e.at, e.conversation, e.seq"
        ))?
        .query_map([at], read_move)?
        .collect::<Result<_, _>>()?;
    Ok([seats, moves])
}

fn standing_words(connection: &Connection, at: At) -> Result<Vec<Entry>, StoreError> {
    let words = connection
        .prepare_cached(concat!(
            "with stood as (",
            stood!(),
            ")
             select ",
            word_columns!(),
            " from stood join event as e on e.conversation = stood.id
             where ",
            words!(),
            " and e.at < ?1
             order by e.at, e.conversation, e.seq"
        ))?
        .query_map([at], read_word)?
        .collect::<Result<_, _>>()?;
    Ok(words)
}
