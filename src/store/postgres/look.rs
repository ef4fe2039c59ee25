//! What a batch of appends needs to know, asked for in one round trip and locked on the way.
//!
//! The statements go as one text: a transaction begins, and each statement sees what was committed when its turn came, the locks
//! before it included. Only ids stand in the text, in the form that their type gives them, so there is nothing to escape.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Either, Executor, PgConnection};
use uuid::Uuid;

use super::error::Failure;
use super::values::{Cells, all};
use crate::domain::conversation::{Command, Room};
use crate::model::id::{AgentId, AttachmentId, CommandId, ConversationId, VisitorId};
use crate::store::attachments::StoredAttachment;
use crate::store::stored::{self, Stored, conversation_columns};
use crate::store::values::Columns;
use crate::store::{Append, Receipt, StoreError, rows};

/// Everything that the decisions of a batch rest on.
#[derive(Default)]
pub(super) struct Look {
    pub(super) conversations: HashMap<ConversationId, Stored>,
    pub(super) rooms: HashMap<AgentId, Room>,
    pub(super) receipts: HashMap<(Uuid, CommandId), Receipt>,
    pub(super) busy: HashSet<VisitorId>,
    pub(super) files: HashMap<AttachmentId, StoredAttachment>,
}

/// One statement of the look, by what its rows are.
#[derive(Clone, Copy)]
enum Part {
    Begin,
    Rooms,
    Conversations,
    Loads,
    Receipts,
    Busy,
    Files,
}

/// Begins a transaction, locks what the appends are about, and reads it.
pub(super) async fn look(
    connection: &mut PgConnection,
    appends: &[&Append],
) -> Result<Look, Failure> {
    let (sql, parts) = statements(appends);
    let mut look = Look::default();
    let mut parts = parts.into_iter();
    let mut part = parts.next();
    let mut results = connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(sql)));
    while let Some(result) = results.try_next().await? {
        match (result, part) {
            (Either::Left(_), _) => part = parts.next(),
            (Either::Right(row), Some(part)) => look.take_in(part, &row)?,
            (Either::Right(_), None) => {}
        }
    }
    Ok(look)
}

fn statements(appends: &[&Append]) -> (String, Vec<Part>) {
    let agents = ids(appends.iter().filter_map(|append| {
        let agent = append.command.needs_room_of()?;
        Some(agent.0)
    }));
    let conversations = ids(appends.iter().map(|append| append.conversation.0));
    let visitors = ids(appends.iter().filter_map(|append| match &append.command {
        Command::Start(start) => Some(start.visitor.0),
        _ => None,
    }));
    let files = ids(appends.iter().filter_map(|append| match &append.command {
        Command::SendFile { attachment, .. } => Some(attachment.id.0),
        _ => None,
    }));
    let once: Vec<(Uuid, Uuid)> = appends
        .iter()
        .filter_map(|append| append.once.map(|(sender, cmd)| (sender, cmd.0)))
        .collect();
    let mut sql = "begin".to_owned();
    let mut parts = vec![Part::Begin];
    let mut ask = |part: Part, list: &[Uuid], before: &str, after: &str| {
        if !list.is_empty() {
            parts.push(part);
            // Writing into a text never fails.
            let _ = write!(sql, "; {before}{}{after}", array(list));
        }
    };
    ask(
        Part::Rooms,
        &agents,
        "select id, status, capacity, 0::bigint from person where id = any(",
        ") order by id for no key update",
    );
    ask(
        Part::Conversations,
        &conversations,
        concat!(
            "select ",
            conversation_columns!(),
            " from conversation as c where c.id = any("
        ),
        ") order by c.id for no key update",
    );
    ask(
        Part::Loads,
        &agents,
        "select owner, count(*) from conversation where owner = any(",
        ") group by owner",
    );
    ask(
        Part::Busy,
        &visitors,
        "select visitor from conversation where visitor = any(",
        ") and state <> 'closed'",
    );
    ask(
        Part::Files,
        &files,
        // Bytes have another form in such answers, and nobody asks for the digest here.
        "select id, name, type, bytes, width, height, conversation, role, uploader, null, state, is_note, at
         from attachment where id = any(",
        ") order by id for no key update",
    );
    if !once.is_empty() {
        parts.push(Part::Receipts);
        let (senders, commands): (Vec<Uuid>, Vec<Uuid>) = once.into_iter().unzip();
        let _ = write!(
            sql,
            "; select c.sender, c.cmd, c.conversation, c.seq, c.at
               from unnest({}, {}) as o (sender, cmd) join command as c on c.cmd = o.cmd and c.sender = o.sender",
            array(&senders),
            array(&commands)
        );
    }
    (sql, parts)
}

/// Each id once.
fn ids(all: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = all.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn array(ids: &[Uuid]) -> String {
    let mut text = String::with_capacity(16 + ids.len() * 37);
    text.push_str("'{");
    for (index, id) in ids.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let _ = write!(text, "{id}");
    }
    text.push_str("}'::uuid[]");
    text
}

impl Look {
    fn take_in(&mut self, part: Part, row: &PgRow) -> Result<(), StoreError> {
        let mut cells = Cells::of(row);
        match part {
            Part::Begin => {}
            Part::Rooms => {
                self.rooms.insert(cells.take()?, rows::room(&mut cells)?);
            }
            Part::Conversations => {
                let stored = stored::read(&mut cells)?;
                self.conversations.insert(stored.conversation.id, stored);
            }
            Part::Loads => {
                let agent: AgentId = cells.take()?;
                let load = cells.take()?;
                if let Some(room) = self.rooms.get_mut(&agent) {
                    room.load = load;
                }
            }
            Part::Receipts => {
                let once = (cells.take()?, cells.take()?);
                self.receipts.insert(once, rows::receipt(&mut cells)?);
            }
            Part::Busy => {
                self.busy.insert(cells.take()?);
            }
            Part::Files => {
                let id = cells.take()?;
                self.files.insert(id, rows::attachment(&mut cells, id)?);
            }
        }
        Ok(())
    }
}

/// How many conversations each of these agents owns.
pub(super) async fn loads(
    connection: &mut PgConnection,
    agents: Vec<Uuid>,
) -> Result<Vec<(AgentId, u32)>, Failure> {
    let loads = sqlx::query(
        "select owner, count(*) from conversation where owner = any($1) group by owner",
    )
    .bind(agents)
    .fetch_all(connection)
    .await?;
    Ok(all(&loads, |cells| Ok((cells.take()?, cells.take()?)))?)
}
