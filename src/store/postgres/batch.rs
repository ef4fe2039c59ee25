//! Appends, decided and written many at a time: one look at everything they need, one statement with everything they make.
//!
//! [`attempt`] is the hot path of a node. In one transaction it locks the people whose room matters and then the conversations,
//! each in the order of their ids, so that no two nodes wait for each other in a circle; reads rows, loads, receipts and files
//! as they are under these locks; lets `domain::conversation::decide` decide each append on what the one before it left; and writes
//! events, rows and receipts together. A conversation's row is locked from the look to the commit: the log's last event is
//! still the one that the decision was made on, whatever other nodes do.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlx::PgConnection;
use uuid::Uuid;

use super::error::{Failure, is_lost_race};
use super::look::{Look, look};
use super::write::Written;
use crate::domain::conversation::{self, Command, Refusal, Room, Start};
use crate::model::event::{Body, Event};
use crate::model::id::{AgentId, AttachmentId, CommandId, ConversationId, VisitorId};
use crate::model::time::At;
use crate::store::attachments::{AttachmentState, StoredAttachment, file_of, may_send};
use crate::store::stored::{Placed, Stored};
use crate::store::{Append, AppendError, Appended, Outcome, Receipt, StoreError};

/// How one append of a batch went.
pub(super) enum Decided {
    /// As the caller is to hear it, once the batch is committed.
    Done(Result<Outcome, AppendError>),
    /// By a mistake of ours, which is the caller's to report.
    Panicked(Box<dyn Any + Send>),
}

/// Why a batch was not written.
pub(super) enum BatchFailure {
    /// Nothing was written.
    Undone(sqlx::Error),
    /// Something impossible was seen, and nothing was written.
    Impossible(StoreError),
    /// The commit was asked for and not answered.
    Unknown(sqlx::Error),
}

impl From<sqlx::Error> for BatchFailure {
    fn from(error: sqlx::Error) -> Self {
        BatchFailure::Undone(error)
    }
}

impl From<Failure> for BatchFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => BatchFailure::Impossible(error),
            Failure::Database(error) => BatchFailure::Undone(error),
        }
    }
}

impl From<StoreError> for BatchFailure {
    fn from(error: StoreError) -> Self {
        BatchFailure::Impossible(error)
    }
}

/// Decides and writes all of them in one transaction. After an error the connection may be in the middle of it.
pub(super) async fn attempt(
    connection: &mut PgConnection,
    appends: &[&Append],
) -> Result<Vec<Decided>, BatchFailure> {
    let look = look(connection, appends).await?;
    let mut batch = Batch::new(look);
    let decided: Vec<Decided> = appends
        .iter()
        .map(|append| {
            // Unwind safe: an append's effects are taken into the batch at its very end, all together.
            match catch_unwind(AssertUnwindSafe(|| batch.decide(append))) {
                Ok(outcome) => Decided::Done(outcome),
                Err(panic) => Decided::Panicked(panic),
            }
        })
        .collect();
    if batch.written.is_empty() {
        sqlx::raw_sql("rollback").execute(connection).await?;
        return Ok(decided);
    }
    batch.written.write(connection).await?;
    batch.check_loads(connection).await?;
    match sqlx::raw_sql("commit").execute(connection).await {
        Ok(_) => Ok(decided),
        // Refused for sure: the server itself says that it was rolled back.
        Err(error) if is_lost_race(&error) => Err(BatchFailure::Undone(error)),
        Err(error) => Err(BatchFailure::Unknown(error)),
    }
}

/// What is true under the locks, carried forward by each append of the batch.
struct Batch {
    conversations: HashMap<ConversationId, Stored>,
    rooms: HashMap<AgentId, Room>,
    receipts: HashMap<(Uuid, CommandId), Receipt>,
    /// Visitors of starts who have an open conversation.
    busy: HashSet<VisitorId>,
    files: HashMap<AttachmentId, StoredAttachment>,
    /// Agents who were given a conversation.
    assigned: HashSet<AgentId>,
    written: Written,
}

impl Batch {
    fn new(look: Look) -> Self {
        Self {
            conversations: look.conversations,
            rooms: look.rooms,
            receipts: look.receipts,
            busy: look.busy,
            files: look.files,
            assigned: HashSet::new(),
            written: Written::default(),
        }
    }

    fn decide(&mut self, append: &Append) -> Result<Outcome, AppendError> {
        if let Some(once) = append.once
            && let Some(receipt) = self.receipts.get(&once)
        {
            return Ok(Outcome::Repeated(*receipt));
        }
        let cmd = append.once.map(|(_, cmd)| cmd);
        let made = match append.command.clone() {
            Command::Start(start) => self.begin(append.conversation, start, cmd, append.now)?,
            command => self.go_on(append.conversation, command, cmd, append.now)?,
        };
        Ok(Outcome::Written(Box::new(self.take_in(append, made))))
    }

    fn begin(
        &self,
        id: ConversationId,
        start: Start,
        cmd: Option<CommandId>,
        now: At,
    ) -> Result<Made, AppendError> {
        if self.busy.contains(&start.visitor) {
            return Err(Refusal::OpenAlready.into());
        }
        if self.conversations.contains_key(&id) {
            return Err(StoreError::Corrupt(format!("conversation {id} exists already")).into());
        }
        let (conversation, decided) = conversation::start(id, start, now);
        let mut stored = Stored::new(conversation);
        let events = stored.fold(decided, cmd, now);
        Ok(Made {
            before: None,
            after: stored,
            events,
        })
    }

    fn go_on(
        &self,
        id: ConversationId,
        command: Command,
        cmd: Option<CommandId>,
        now: At,
    ) -> Result<Made, AppendError> {
        let before = self.conversations.get(&id).ok_or(Refusal::NotThere)?;
        let at = now.max(before.conversation.last_at);
        let room = command
            .needs_room_of()
            .and_then(|agent| self.rooms.get(&agent).copied());
        let decided = conversation::decide(&before.conversation, command, room, at)?;
        let mut after = before.clone();
        let events = after.fold(decided, cmd, at);
        for (event, _) in &events {
            if let Some((file, _)) = file_of(&event.body) {
                may_send(self.files.get(&file.id), id, event)?;
            }
            if let Body::Assigned { .. } = &event.body {
                let room = room.expect("an agent who is assigned a conversation is at the desk");
                assert!(
                    room.load < u32::from(room.capacity),
                    "an agent without room was assigned a conversation"
                );
            }
        }
        Ok(Made {
            before: Some(before.clone()),
            after,
            events,
        })
    }

    /// Takes in what an append makes: from here the next one sees it, and it will be written.
    fn take_in(&mut self, append: &Append, made: Made) -> Appended {
        let Made {
            before,
            after,
            events,
        } = made;
        let id = after.conversation.id;
        let owner_of = |stored: &Stored| stored.conversation.owner().map(|owner| owner.id);
        let owner_before = before.as_ref().and_then(owner_of);
        let owner_after = owner_of(&after);
        if owner_before != owner_after {
            if let Some(room) = owner_before.and_then(|owner| self.rooms.get_mut(&owner)) {
                room.load -= 1;
            }
            if let Some(owner) = owner_after {
                self.assigned.insert(owner);
                if let Some(room) = self.rooms.get_mut(&owner) {
                    room.load += 1;
                }
            }
        }
        for (event, _) in &events {
            if let Some((file, is_note)) = file_of(&event.body) {
                self.written.send(file.id, is_note);
                if let Some(known) = self.files.get_mut(&file.id) {
                    known.state = AttachmentState::Sent;
                }
            }
        }
        let last = events
            .last()
            .map(|(event, _)| (event.seq, event.at))
            .expect("a decision makes at least one event");
        if let Some(once) = append.once {
            let receipt = Receipt {
                conversation: id,
                seq: last.0,
                at: last.1,
            };
            self.receipts.insert(once, receipt);
            self.written.remember(once.0, once.1, receipt);
        }
        if before.is_none() {
            self.busy.insert(after.conversation.visitor);
            self.written.meet(&after.conversation, append.now);
        }
        self.written.keep(&after, &events);
        let conversation = after.conversation.clone();
        self.conversations.insert(id, after);
        Appended {
            conversation,
            events: events
                .into_iter()
                .map(|(event, _)| event)
                .collect::<Vec<Event>>(),
            visitor_prev: before.map_or(0, |before| before.conversation.visitor_seq),
            previous_owner: owner_before.filter(|owner| Some(*owner) != owner_after),
        }
    }

    /// No `assigned` is written while the agent has no room: reads the loads back to be sure, before the commit. Another node may
    /// have closed one meanwhile, which only makes room.
    async fn check_loads(&self, connection: &mut PgConnection) -> Result<(), BatchFailure> {
        if self.assigned.is_empty() {
            return Ok(());
        }
        let agents: Vec<Uuid> = self.assigned.iter().map(|agent| agent.0).collect();
        for (agent, load) in super::look::loads(connection, agents).await? {
            let expected = self.rooms.get(&agent).map_or(0, |room| room.load);
            if load > expected {
                return Err(StoreError::Corrupt(format!(
                    "agent {agent} has {load} conversations where {expected} were decided on"
                ))
                .into());
            }
        }
        Ok(())
    }
}

/// What one append makes of a conversation.
struct Made {
    before: Option<Stored>,
    after: Stored,
    events: Vec<Placed>,
}
