//! What happened, as it is known afterwards: the logs in the order in which PostgreSQL committed them, the agents' journal, the
//! figures, and what participants were told.

use std::collections::BTreeMap;
use std::sync::Arc;

use balie::model::event::Event;
use balie::model::id::{AgentId, ConversationId, VisitorId};
use balie::model::time::{At, Millis};
use balie::store::postgres::PostgresStore;
use balie::store::{ConversationFilter, Store};

use super::people::Told;
use super::world::World;
use crate::recount::{self, Lines};
use crate::simulate::books::Books;
use crate::store_postgres::place;

/// The threshold that the figures are asked for.
pub const WITHIN: Millis = Millis(2_000);

/// An event, and when it was committed.
#[derive(Clone, Debug)]
pub struct Written {
    /// Microseconds by the database's clock: one clock for all nodes. Those of one transaction have the same.
    pub committed_us: i64,
    pub event: Event,
}

/// What an agent's capacity came to be.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    pub committed_us: i64,
    pub agent: AgentId,
    pub capacity: usize,
}

/// Everything.
#[derive(Clone, Debug)]
pub struct History {
    pub logs: BTreeMap<ConversationId, Vec<Written>>,
    pub visitors: BTreeMap<ConversationId, VisitorId>,
    pub seats: Vec<Seat>,
    /// As a report tells them.
    pub figures: Lines,
    pub told: Told,
}

/// Reads it, and holds each log and row to what `simulate` asks of them too.
pub async fn read(world: &World, told: Told) -> History {
    let url = world.postgres.url(&world.database);
    let store: Arc<dyn Store> = Arc::new(PostgresStore::open(&place(url)).await.unwrap());
    let mut books = Books::default();
    books.check(store.as_ref(), At(i64::MAX)).await;
    told.acts.iter().for_each(|act| books.check_ack(&act.ack));
    let filter = ConversationFilter {
        limit: 10_000,
        ..ConversationFilter::default()
    };
    let cards = store.conversations(filter).await.unwrap();
    let committed_us = commits(world);
    let mut logs = BTreeMap::new();
    let mut visitors = BTreeMap::new();
    for card in cards {
        let id = card.conversation.id;
        visitors.insert(id, card.conversation.visitor);
        let log = books.log(id).iter().map(|(_, event)| Written {
            committed_us: committed_us[&(id, event.seq)],
            event: event.clone(),
        });
        logs.insert(id, log.collect());
    }
    History {
        logs,
        visitors,
        seats: seats(world),
        figures: recount::reported(store.as_ref(), At(0), At(i64::MAX), WITHIN).await,
        told,
    }
}

/// Rows of whatever a statement selects, split at the bars.
fn rows(world: &World, statement: &str) -> Vec<Vec<String>> {
    let said = world.postgres.sql(&world.database, statement);
    let words = |line: &str| line.split('|').map(str::to_owned).collect();
    said.lines().map(words).collect()
}

fn commits(world: &World) -> BTreeMap<(ConversationId, u64), i64> {
    let rows = rows(
        world,
        "select conversation, seq, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint from event",
    );
    let one = |row: Vec<String>| {
        let id = row[0].parse().unwrap();
        ((id, row[1].parse().unwrap()), row[2].parse().unwrap())
    };
    rows.into_iter().map(one).collect()
}

fn seats(world: &World) -> Vec<Seat> {
    let rows = rows(
        world,
        "select agent, capacity, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
         from agent_journal order by number",
    );
    let one = |row: Vec<String>| Seat {
        agent: row[0].parse().unwrap(),
        capacity: row[1].parse().unwrap(),
        committed_us: row[2].parse().unwrap(),
    };
    rows.into_iter().map(one).collect()
}
