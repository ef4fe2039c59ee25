//! [`Stories`] on PostgreSQL.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::PostgresStore;
use super::error::Failure;
use super::pool::directly;
use super::values::all;
use crate::model::id::ConversationId;
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::rows::{story_columns, story_row};
use crate::store::stories::{Stories, Story, gathered};

#[async_trait]
impl Stories for PostgresStore {
    async fn stories(
        &self,
        after: (At, ConversationId),
        until: At,
        limit: u32,
    ) -> Result<Vec<Story>, StoreError> {
        directly!(self, connection => stories(connection, after, until, limit))
    }
}

async fn stories(
    connection: &mut PgConnection,
    (at, conversation): (At, ConversationId),
    until: At,
    limit: u32,
) -> Result<Vec<Story>, Failure> {
    let rows = sqlx::query(concat!(
        "with page as materialized (
             select id, enqueued_at, priority, mode from conversation
             where (enqueued_at, id) > ($1, $2) and enqueued_at < $3
             order by enqueued_at, id limit $4
         )
         select ",
        story_columns!(),
        " from page as c join event as e on e.conversation = c.id
         where e.body ->> 'kind' in ('queued', 'message', 'assigned', 'transferred', 'requeued', 'closed', 'rated')
         order by c.enqueued_at, c.id, e.seq"
    ))
    .bind(at.0)
    .bind(conversation.0)
    .bind(until.0)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    Ok(gathered(all(&rows, story_row)?))
}
