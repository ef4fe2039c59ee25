//! Conversations by what is asked of them: one, a visitor's, an agent's, lists, silent ones, the figures; and the log read back.

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::error::Failure;
use super::settings::texts;
use super::values::{Cells, all, json, maybe, whole};
use crate::domain::conversation::Conversation;
use crate::model::event::{Seq, View};
use crate::model::id::{AgentId, CommandId, ConversationId, DepartmentKey, VisitorId};
use crate::model::record::ReadMarks;
use crate::model::time::At;
use crate::store::rows::{self, standing_columns, visitor_columns};
use crate::store::stored::{self, conversation_columns, event_columns, state_name};
use crate::store::values::Columns;
use crate::store::{Card, ConversationFilter, Events, Receipt, SILENT_MAX, Standing, StoreError};

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
                   (select body -> 'agent' ->> 'name' from event
                    where c.last_agent is not null and conversation = c.id and body ->> 'kind' = 'assigned'
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

fn read_conversation(cells: &mut Cells<'_>) -> Result<Conversation, StoreError> {
    Ok(stored::read(cells)?.conversation)
}

/// See [`crate::store::Store::conversation`].
pub(super) async fn conversation(
    connection: &mut PgConnection,
    id: ConversationId,
) -> Result<Option<Conversation>, Failure> {
    let row = sqlx::query(conversations!("where c.id = $1"))
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    Ok(maybe(row.as_ref(), read_conversation)?)
}

/// See [`crate::store::Store::card`].
pub(super) async fn card(
    connection: &mut PgConnection,
    id: ConversationId,
) -> Result<Option<Card>, Failure> {
    let row = sqlx::query(cards!("where c.id = $1"))
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    Ok(maybe(row.as_ref(), rows::card)?)
}

/// See [`crate::store::Store::conversation_of_visitor`].
pub(super) async fn conversation_of_visitor(
    connection: &mut PgConnection,
    visitor: VisitorId,
    closed_since: At,
) -> Result<Option<Conversation>, Failure> {
    // One statement, so that one that closes meanwhile is found in either state. The open one comes first: nulls do.
    let row = sqlx::query(conversations!(
        "where c.visitor = $1 and (c.closed_at is null or c.closed_at >= $2)
         order by c.closed_at desc nulls first, c.id desc limit 1"
    ))
    .bind(visitor.0)
    .bind(closed_since.0)
    .fetch_optional(connection)
    .await?;
    Ok(maybe(row.as_ref(), read_conversation)?)
}

/// See [`crate::store::Store::last_agent_of_visitor`].
pub(super) async fn last_agent_of_visitor(
    connection: &mut PgConnection,
    visitor: VisitorId,
) -> Result<Option<AgentId>, Failure> {
    // Ids sort by time, and so does the index.
    let last: Option<Uuid> = sqlx::query_scalar(
        "select last_agent from conversation where visitor = $1 and last_agent is not null order by id desc limit 1",
    )
    .bind(visitor.0)
    .fetch_optional(connection)
    .await?;
    Ok(last.map(AgentId))
}

/// See [`crate::store::Store::open_conversations`].
pub(super) async fn open_conversations(
    connection: &mut PgConnection,
) -> Result<Vec<Conversation>, Failure> {
    let open = sqlx::query(conversations!(
        "where c.state <> 'closed' order by c.enqueued_at, c.id"
    ))
    .fetch_all(connection)
    .await?;
    Ok(all(&open, read_conversation)?)
}

/// See [`crate::store::Store::standings`].
pub(super) async fn standings(
    connection: &mut PgConnection,
    followed: &[ConversationId],
    agents: &[AgentId],
) -> Result<Vec<Standing>, Failure> {
    let followed: Vec<Uuid> = followed.iter().map(|one| one.0).collect();
    let agents: Vec<Uuid> = agents.iter().map(|one| one.0).collect();
    let rows = sqlx::query(concat!(
        "select ",
        standing_columns!(),
        " from conversation as c where c.id = any($1) union select ",
        standing_columns!(),
        " from conversation as c where c.owner = any($2)"
    ))
    .bind(followed)
    .bind(agents)
    .fetch_all(connection)
    .await?;
    Ok(all(&rows, rows::standing)?)
}

/// See [`crate::store::Store::conversations_of_agent`].
pub(super) async fn conversations_of_agent(
    connection: &mut PgConnection,
    agent: AgentId,
) -> Result<Vec<Card>, Failure> {
    let owned = sqlx::query(cards!("where c.owner = $1 order by c.enqueued_at, c.id"))
        .bind(agent.0)
        .fetch_all(connection)
        .await?;
    Ok(all(&owned, rows::card)?)
}

/// See [`crate::store::Store::conversations`].
pub(super) async fn conversations(
    connection: &mut PgConnection,
    filter: &ConversationFilter,
) -> Result<Vec<Card>, Failure> {
    let mut sql = cards!("where true").to_owned();
    let mut values = PgArguments::default();
    // Each condition is one of this function's own words, and every value is bound.
    macro_rules! and {
        ($condition:literal, $value:expr) => {
            values.add($value).map_err(sqlx::Error::Encode)?;
            sql.push_str(&$condition.replace('?', &format!("${}", values.len())));
        };
    }
    if let Some(state) = filter.state {
        and!(" and c.state = ?", state_name(state));
    }
    if let Some(departments) = &filter.departments {
        and!(" and c.department = any(?)", texts(departments));
    }
    if let Some(agent) = filter.agent {
        and!(" and c.last_agent = ?", agent.0);
    }
    if let Some(visitor) = filter.visitor {
        and!(" and c.visitor = ?", visitor.0);
    }
    if let Some(before) = filter.before {
        and!(" and c.id < ?", before.0);
    }
    if let Some(text) = &filter.text {
        and!(
            " and (strpos(v.name_folded, ?) > 0 or strpos(v.email_folded, ?) > 0 or strpos(c.summary_folded, ?) > 0)",
            text.to_lowercase()
        );
    }
    and!(" order by c.id desc limit ?", i64::from(filter.limit));
    let cards = sqlx::query_with(AssertSqlSafe(sql), values)
        .fetch_all(connection)
        .await?;
    Ok(all(&cards, rows::card)?)
}

/// See [`crate::store::Store::silent_conversations`].
pub(super) async fn silent_conversations(
    connection: &mut PgConnection,
    department: &DepartmentKey,
    silent_since: At,
) -> Result<Vec<(ConversationId, At, Option<At>)>, Failure> {
    let silent = sqlx::query(
        "select id, said_at, idle_warned_at from conversation
         where owner is not null and department = $1 and said_at <= $2 and mode = 'chat' order by said_at, id limit $3",
    )
    .bind(department.as_str())
    .bind(silent_since.0)
    .bind(i64::from(SILENT_MAX))
    .fetch_all(connection)
    .await?;
    Ok(all(&silent, |cells| {
        Ok((cells.take()?, cells.take()?, cells.take()?))
    })?)
}

/// See [`crate::store::Store::receipt`].
pub(super) async fn receipt(
    connection: &mut PgConnection,
    sender: Uuid,
    cmd: CommandId,
) -> Result<Option<Receipt>, Failure> {
    let row =
        sqlx::query("select conversation, seq, at from command where sender = $1 and cmd = $2")
            .bind(sender)
            .bind(cmd.0)
            .fetch_optional(connection)
            .await?;
    Ok(maybe(row.as_ref(), rows::receipt)?)
}

/// See [`crate::store::Store::events`].
pub(super) async fn events(
    connection: &mut PgConnection,
    id: ConversationId,
    view: View,
    after: Seq,
    limit: u32,
) -> Result<Events, Failure> {
    let sql = match view {
        View::Agent => concat!(
            "select ",
            event_columns!(),
            " from event where conversation = $1 and seq > $2 order by seq limit $3"
        ),
        View::Visitor => concat!(
            "select ",
            event_columns!(),
            " from event where conversation = $1 and seq > $2 and visitor_prev is not null order by seq limit $3"
        ),
    };
    let rows = sqlx::query(sql)
        .bind(id.0)
        .bind(whole(after))
        .bind(i64::from(limit) + 1)
        .fetch_all(connection)
        .await?;
    Ok(stored::page(all(&rows, stored::read_event)?, view, limit))
}

/// See [`crate::store::Store::seq_before_last`].
pub(super) async fn seq_before_last(
    connection: &mut PgConnection,
    id: ConversationId,
    view: View,
    count: u32,
) -> Result<Seq, Failure> {
    let row = sqlx::query(match view {
        View::Agent => {
            "select seq from event where conversation = $1 order by seq desc limit 1 offset $2"
        }
        View::Visitor => {
            "select seq from event where conversation = $1 and visitor_prev is not null
             order by seq desc limit 1 offset $2"
        }
    })
    .bind(id.0)
    .bind(i64::from(count))
    .fetch_optional(connection)
    .await?;
    Ok(maybe(row.as_ref(), |cells| cells.take())?.unwrap_or(0))
}

/// See [`crate::store::Store::mark_read`].
pub(super) async fn mark_read(
    connection: &mut PgConnection,
    id: ConversationId,
    view: View,
    seq: Seq,
) -> Result<ReadMarks, Failure> {
    let read = |cells: &mut Cells<'_>| {
        Ok(ReadMarks {
            visitor: cells.take()?,
            agent: cells.take()?,
        })
    };
    // A mark that stays is not written: this comes with every message that somebody looks at.
    let raised = sqlx::query(match view {
        View::Visitor => {
            "update conversation set read_visitor = least($2, visitor_seq)
             where id = $1 and read_visitor < least($2, visitor_seq) returning read_visitor, read_agent"
        }
        View::Agent => {
            "update conversation set read_agent = least($2, seq)
             where id = $1 and read_agent < least($2, seq) returning read_visitor, read_agent"
        }
    })
    .bind(id.0)
    .bind(whole(seq))
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(marks) = maybe(raised.as_ref(), read)? {
        return Ok(marks);
    }
    let row = sqlx::query("select read_visitor, read_agent from conversation where id = $1")
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    Ok(maybe(row.as_ref(), read)?.ok_or(StoreError::NotThere("conversation"))?)
}

/// See [`crate::store::Store::tag_conversation`].
pub(super) async fn tag_conversation(
    connection: &mut PgConnection,
    id: ConversationId,
    tags: &[String],
) -> Result<(), Failure> {
    let tagged = sqlx::query("update conversation set tags = $2::json where id = $1")
        .bind(id.0)
        .bind(json(tags)?)
        .execute(connection)
        .await?;
    Ok(super::error::unless_missing(
        tagged.rows_affected(),
        "conversation",
    )?)
}
