//! What a batch makes, written in one statement.
//!
//! The rows of conversations go as JSON, for they are wide and few; events and receipts as arrays, for they are many.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::Failure;
use super::values::{json, whole, word};
use super::visitors::{self, folded};
use crate::domain::conversation::Conversation;
use crate::model::event::Event;
use crate::model::id::{AttachmentId, CommandId, ConversationId};
use crate::model::record::Visitor;
use crate::model::time::At;
use crate::store::stored::{PlaceColumns, Placed, Stored, receipts_of, role_name};
use crate::store::{Receipt, StoreError};

/// Rows to be written.
#[derive(Default)]
pub(super) struct Written {
    /// Only the last state of each.
    conversations: BTreeMap<ConversationId, Stored>,
    visitors: Vec<(Conversation, At)>,
    events: Vec<(ConversationId, Placed)>,
    receipts: Vec<(Uuid, CommandId, Receipt)>,
    files: Vec<(AttachmentId, bool)>,
}

/// A conversation's row. The read marks of a known one are not written: they change beside the log.
#[derive(Serialize)]
struct ConversationRow<'a> {
    id: ConversationId,
    site: &'a str,
    visitor: Uuid,
    visitor_name: Option<&'a str>,
    department: &'a str,
    priority: i8,
    mode: String,
    enqueued_at: At,
    needs: &'a [String],
    known_agent: Option<Uuid>,
    state: &'static str,
    waiting_since_at: Option<At>,
    owner: Option<Uuid>,
    owner_name: Option<&'a str>,
    close_reason: Option<String>,
    closed_at: Option<At>,
    placed_seq: u64,
    seq: u64,
    visitor_seq: u64,
    last_at: At,
    said_at: At,
    idle_warned_at: Option<At>,
    is_agent_away: bool,
    is_rated: bool,
    tags: &'a [String],
    read_visitor: u64,
    read_agent: u64,
    summary: &'a str,
    summary_folded: String,
    rating: Option<u8>,
    last_agent: Option<Uuid>,
}

impl<'a> ConversationRow<'a> {
    fn of(stored: &'a Stored) -> Result<Self, StoreError> {
        let Stored {
            conversation,
            digest,
        } = stored;
        let place = PlaceColumns::of(&conversation.place);
        Ok(Self {
            id: conversation.id,
            site: conversation.site.as_str(),
            visitor: conversation.visitor.0,
            visitor_name: conversation.visitor_name.as_deref(),
            department: conversation.department.as_str(),
            priority: conversation.priority,
            mode: word(&conversation.mode)?,
            enqueued_at: conversation.enqueued_at,
            needs: &conversation.needs,
            known_agent: conversation.known_agent.map(|agent| agent.0),
            state: place.state,
            waiting_since_at: place.since,
            owner: place.owner.map(|owner| owner.id.0),
            owner_name: place.owner.map(|owner| owner.name.as_str()),
            close_reason: place.reason.as_ref().map(word).transpose()?,
            closed_at: place.closed_at,
            placed_seq: conversation.placed_seq,
            seq: conversation.seq,
            visitor_seq: conversation.visitor_seq,
            last_at: conversation.last_at,
            said_at: conversation.said_at,
            idle_warned_at: conversation.idle_warned_at,
            is_agent_away: conversation.is_agent_away,
            is_rated: conversation.is_rated,
            tags: &conversation.tags,
            read_visitor: conversation.read.visitor,
            read_agent: conversation.read.agent,
            summary: &digest.summary,
            summary_folded: folded(Some(&digest.summary)),
            rating: digest.rating,
            last_agent: digest.last_agent.map(|agent| agent.0),
        })
    }
}

/// Everything at once. References are checked at the statement's end, so the parts may come in any order.
const WRITE: &str = "
    with met as (
        insert into visitor (id, site, name, name_folded, email_folded, attributes, priority, saved_at)
        select id, site, name, folded, '', '{}', 0, at
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[]) as m (id, site, name, folded, at)
        on conflict (id) do nothing
    ), kept as (
        insert into conversation (id, site, visitor, visitor_name, department, priority, mode, enqueued_at, needs,
            known_agent, state, waiting_since_at, owner, owner_name, close_reason, closed_at, placed_seq, seq, visitor_seq, last_at,
            said_at, idle_warned_at, is_agent_away, is_rated, tags, read_visitor, read_agent, summary, summary_folded,
            rating, last_agent)
        select * from json_to_recordset($6::json) as k (id uuid, site text, visitor uuid, visitor_name text,
            department text, priority bigint, mode text, enqueued_at bigint, needs json, known_agent uuid,
            state text, waiting_since_at bigint, owner uuid, owner_name text, close_reason text, closed_at bigint, placed_seq bigint, seq bigint,
            visitor_seq bigint, last_at bigint, said_at bigint, idle_warned_at bigint, is_agent_away boolean,
            is_rated boolean, tags json, read_visitor bigint, read_agent bigint, summary text, summary_folded text,
            rating bigint, last_agent uuid)
        on conflict (id) do update set department = excluded.department, state = excluded.state,
            waiting_since_at = excluded.waiting_since_at, owner = excluded.owner, owner_name = excluded.owner_name,
            close_reason = excluded.close_reason, closed_at = excluded.closed_at,
            placed_seq = excluded.placed_seq, seq = excluded.seq, visitor_seq = excluded.visitor_seq,
            last_at = excluded.last_at, said_at = excluded.said_at, idle_warned_at = excluded.idle_warned_at,
            is_agent_away = excluded.is_agent_away, is_rated = excluded.is_rated, tags = excluded.tags,
            summary = excluded.summary, summary_folded = excluded.summary_folded, rating = excluded.rating,
            last_agent = excluded.last_agent
    ), happened as (
        insert into event (conversation, seq, at, cmd, role, sender, sender_name, visitor_prev, body)
        select conversation, seq, at, cmd, role, sender, sender_name, visitor_prev, body::json
        from unnest($7::uuid[], $8::bigint[], $9::bigint[], $10::uuid[], $11::text[], $12::uuid[], $13::text[],
            $14::bigint[], $15::text[])
            as h (conversation, seq, at, cmd, role, sender, sender_name, visitor_prev, body)
    ), remembered as (
        insert into command (sender, cmd, conversation, seq, at)
        select * from unnest($16::uuid[], $17::uuid[], $18::uuid[], $19::bigint[], $20::bigint[])
    )
    update attachment as a set state = 'sent', is_note = s.is_note
    from unnest($21::uuid[], $22::boolean[]) as s (id, is_note) where a.id = s.id";

impl Written {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// A conversation after these events of it.
    pub(super) fn keep(&mut self, after: &Stored, events: &[Placed]) {
        let id = after.conversation.id;
        self.conversations.insert(id, after.clone());
        self.events
            .extend(events.iter().map(|placed| (id, placed.clone())));
    }

    /// The visitor of a start, in case that nothing is known of them yet.
    pub(super) fn meet(&mut self, started: &Conversation, now: At) {
        self.visitors.push((started.clone(), now));
    }

    /// What was done once.
    pub(super) fn remember(&mut self, sender: Uuid, cmd: CommandId, receipt: Receipt) {
        self.receipts.push((sender, cmd, receipt));
    }

    /// A file that became part of a log.
    pub(super) fn send(&mut self, file: AttachmentId, is_note: bool) {
        self.files.push((file, is_note));
    }

    /// Writes it all.
    pub(super) async fn write(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        let rows = self.conversations.values().map(ConversationRow::of);
        let rows: Vec<ConversationRow<'_>> = rows.collect::<Result<_, _>>()?;
        let bodies = self.events.iter().map(|(_, (event, _))| json(&event.body));
        let bodies: Vec<String> = bodies.collect::<Result<_, _>>()?;
        let visitors = || self.visitors.iter();
        let events = || self.events.iter();
        let receipts = || self.receipts.iter();
        sqlx::query(WRITE)
            .bind(list(visitors().map(|(met, _)| met.visitor.0)))
            .bind(list(visitors().map(|(met, _)| met.site.as_str())))
            .bind(list(visitors().map(|(met, _)| met.visitor_name.as_deref())))
            .bind(list(
                visitors().map(|(met, _)| folded(met.visitor_name.as_deref())),
            ))
            .bind(list(visitors().map(|(_, at)| at.0)))
            .bind(json(&rows)?)
            .bind(list(events().map(|(id, _)| id.0)))
            .bind(list(events().map(|(_, (event, _))| whole(event.seq))))
            .bind(list(events().map(|(_, (event, _))| event.at.0)))
            .bind(list(
                events().map(|(_, (event, _))| event.cmd.map(|cmd| cmd.0)),
            ))
            .bind(list(
                events().map(|(_, (event, _))| role_name(event.from.role)),
            ))
            .bind(list(events().map(|(_, (event, _))| event.from.id)))
            .bind(list(
                events().map(|(_, (event, _))| event.from.name.as_deref()),
            ))
            .bind(list(events().map(|(_, (_, prev))| prev.map(whole))))
            .bind(bodies)
            .bind(list(receipts().map(|(sender, _, _)| *sender)))
            .bind(list(receipts().map(|(_, cmd, _)| cmd.0)))
            .bind(list(
                receipts().map(|(_, _, receipt)| receipt.conversation.0),
            ))
            .bind(list(receipts().map(|(_, _, receipt)| whole(receipt.seq))))
            .bind(list(receipts().map(|(_, _, receipt)| receipt.at.0)))
            .bind(list(self.files.iter().map(|(id, _)| id.0)))
            .bind(list(self.files.iter().map(|(_, is_note)| *is_note)))
            .execute(connection)
            .await?;
        Ok(())
    }
}

fn list<T>(each: impl Iterator<Item = T>) -> Vec<T> {
    each.collect()
}

/// See [`crate::store::Store::import_history`].
pub(super) async fn import(
    connection: &mut PgConnection,
    logs: &[(Visitor, ConversationId, Vec<Event>)],
) -> Result<(), Failure> {
    let mut written = Written::default();
    for (visitor, id, events) in logs {
        let (stored, placed) = Stored::of_log(visitor, *id, events)?;
        visitors::save(connection, visitor, stored.conversation.enqueued_at).await?;
        written.keep(&stored, &placed);
        // What a log says was done once is remembered for it.
        written.receipts.extend(receipts_of(*id, events));
    }
    written.write(connection).await
}
