//! [`Stories`] on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, Row};

use super::SqliteStore;
use super::values::Cells;
use crate::model::id::ConversationId;
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::rows::{story_columns, story_row};
use crate::store::stories::{Stories, Story, StoryRow, gathered};

#[async_trait]
impl Stories for SqliteStore {
    async fn stories(
        &self,
        after: (At, ConversationId),
        until: At,
        limit: u32,
    ) -> Result<Vec<Story>, StoreError> {
        self.readers
            .read(move |connection| stories(connection, after, until, limit))
            .await
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoryRow> {
    story_row(&mut Cells::of(row))
}

fn stories(
    connection: &Connection,
    (at, conversation): (At, ConversationId),
    until: At,
    limit: u32,
) -> Result<Vec<Story>, StoreError> {
    let rows = connection
        .prepare_cached(concat!(
            "with page as materialized (
                 select id, enqueued_at, priority, mode from conversation
                 where (enqueued_at, id) > (?1, ?2) and enqueued_at < ?3
                 order by enqueued_at, id limit ?4
             )
             select ",
            story_columns!(),
            " from page as c cross join event as e on e.conversation = c.id
             where e.body ->> 'kind' in ('queued', 'message', 'assigned', 'transferred', 'requeued', 'closed', 'rated')
             order by c.enqueued_at, c.id, e.seq"
        ))?
        .query_map((at, conversation, until, limit), read)?
        .collect::<Result<_, _>>()?;
    Ok(gathered(rows))
}
