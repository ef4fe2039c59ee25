//! Conversations by what is asked of them: one, a visitor's, an agent's, lists, silent ones, and the figures.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::row;
use super::values::Cells;
use crate::domain::conversation::Conversation;
use crate::model::id::{AgentId, ConversationId, DepartmentKey, VisitorId};
use crate::model::time::At;
use crate::store::rows::{self, standing_columns, visitor_columns};
use crate::store::stored::{conversation_columns, state_name};
use crate::store::values::Json;
use crate::store::{Card, ConversationFilter, SILENT_MAX, Standing, StoreError};

/// A conversation, its visitor and the name of who served it last: `conversation as c join visitor as v`. The log is
/// asked for a name only where the person was removed.
macro_rules! cards {
    ($rest:literal) => {
        concat!(
            "select ",
            conversation_columns!(),
            ", ",
            visitor_columns!(),
            ", coalesce(
                   (select name from person where id = c.last_agent),
                   (select json_extract(body, '$.agent.name') from event
                    where c.last_agent is not null and conversation = c.id
                        and json_extract(body, '$.kind') = 'assigned'
                    order by seq desc limit 1))
               from conversation as c join visitor as v on v.id = c.visitor ",
            $rest
        )
    };
}

macro_rules! conversations {
    ($rest:literal) => {
        concat!(
            "select ",
            conversation_columns!(),
            " from conversation as c ",
            $rest
        )
    };
}

fn read_card(row: &Row<'_>) -> rusqlite::Result<Card> {
    rows::card(&mut Cells::of(row))
}

fn read_conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    row::read(row).map(|stored| stored.conversation)
}

/// See [`crate::store::Store::conversation`].
pub(super) fn conversation(
    connection: &Connection,
    id: ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    Ok(row::find(connection, id)?.map(|stored| stored.conversation))
}

/// See [`crate::store::Store::card`].
pub(super) fn card(
    connection: &Connection,
    id: ConversationId,
) -> Result<Option<Card>, StoreError> {
    Ok(connection
        .prepare_cached(cards!("where c.id = ?1"))?
        .query_row([id], read_card)
        .optional()?)
}

/// See [`crate::store::Store::conversation_of_visitor`].
pub(super) fn conversation_of_visitor(
    connection: &Connection,
    visitor: VisitorId,
    closed_since: At,
) -> Result<Option<Conversation>, StoreError> {
    let open = connection
        .prepare_cached(conversations!(
            "where c.visitor = ?1 and c.state <> 'closed'"
        ))?
        .query_row([visitor], read_conversation)
        .optional()?;
    if open.is_some() {
        return Ok(open);
    }
    let mut statement = connection.prepare_cached(conversations!(
        "where c.visitor = ?1 and c.closed_at >= ?2 order by c.closed_at desc, c.id desc limit 1"
    ))?;
    Ok(statement
        .query_row((visitor, closed_since), read_conversation)
        .optional()?)
}

/// See [`crate::store::Store::last_agent_of_visitor`].
pub(super) fn last_agent_of_visitor(
    connection: &Connection,
    visitor: VisitorId,
) -> Result<Option<AgentId>, StoreError> {
    // Ids sort by time, and so does the index.
    let mut statement = connection.prepare_cached(
        "select last_agent from conversation where visitor = ?1 and last_agent is not null order by id desc limit 1",
    )?;
    Ok(statement
        .query_row([visitor], |row| row.get(0))
        .optional()?)
}

/// See [`crate::store::Store::open_conversations`].
pub(super) fn open_conversations(connection: &Connection) -> Result<Vec<Conversation>, StoreError> {
    let mut statement = connection.prepare_cached(conversations!(
        "where c.state <> 'closed' order by c.enqueued_at, c.id"
    ))?;
    let open = statement.query_map([], read_conversation)?;
    Ok(open.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::standings`].
pub(super) fn standings(
    connection: &Connection,
    followed: Vec<ConversationId>,
    agents: Vec<AgentId>,
) -> Result<Vec<Standing>, StoreError> {
    // Ids are bytes in their columns and text in JSON.
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        standing_columns!(),
        " from conversation as c where c.id in (select unhex(value, '-') from json_each(?1)) union select ",
        standing_columns!(),
        " from conversation as c where c.owner in (select unhex(value, '-') from json_each(?2))"
    ))?;
    let standings = statement.query_map((Json(followed), Json(agents)), |row| {
        rows::standing(&mut Cells::of(row))
    })?;
    Ok(standings.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::conversations_of_agent`].
pub(super) fn conversations_of_agent(
    connection: &Connection,
    agent: AgentId,
) -> Result<Vec<Card>, StoreError> {
    let mut statement =
        connection.prepare_cached(cards!("where c.owner = ?1 order by c.enqueued_at, c.id"))?;
    let cards = statement.query_map([agent], read_card)?;
    Ok(cards.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::conversations`].
pub(super) fn conversations(
    connection: &Connection,
    filter: ConversationFilter,
) -> Result<Vec<Card>, StoreError> {
    let mut sql = cards!("where true").to_owned();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut and = |condition: &str, value: Box<dyn ToSql>| {
        values.push(value);
        // Numbered, because a condition may name its value twice.
        sql.push_str(&condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(state) = filter.state {
        and(" and c.state = ?", Box::new(state_name(state)));
    }
    if let Some(departments) = filter.departments {
        and(
            " and c.department in (select value from json_each(?))",
            Box::new(Json(departments)),
        );
    }
    if let Some(agent) = filter.agent {
        and(" and c.last_agent = ?", Box::new(agent));
    }
    if let Some(visitor) = filter.visitor {
        and(" and c.visitor = ?", Box::new(visitor));
    }
    if let Some(before) = filter.before {
        and(" and c.id < ?", Box::new(before));
    }
    if let Some(text) = filter.text {
        and(
            " and (contains_folded(v.name, ?) or contains_folded(v.email, ?) or contains_folded(c.summary, ?))",
            Box::new(text.to_lowercase()),
        );
    }
    and(" order by c.id desc limit ?", Box::new(filter.limit));
    let mut statement = connection.prepare_cached(&sql)?;
    let cards = statement.query_map(params_from_iter(values), read_card)?;
    Ok(cards.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::silent_conversations`].
pub(super) fn silent_conversations(
    connection: &Connection,
    department: &DepartmentKey,
    silent_since: At,
) -> Result<Vec<(ConversationId, At, Option<At>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, said_at, idle_warned_at from conversation
         where owner is not null and department = ?1 and said_at <= ?2 and mode = 'chat' order by said_at, id limit ?3",
    )?;
    let silent = statement.query_map((department, silent_since, SILENT_MAX), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(silent.collect::<Result<_, _>>()?)
}
