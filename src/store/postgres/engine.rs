//! [`Store`] on PostgreSQL, as a table of contents: appends go to the lanes, what writes in several statements is a transaction.

use std::path::Path;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use uuid::Uuid;

use super::pool::{directly, transact};
use super::values::whole;
use super::{PostgresStore, attachments, lists, people, sessions, settings, visitors, write};
use crate::domain::conversation::Conversation;
use crate::model::event::{Attachment, Event, Seq, View};
use crate::model::id::{
    AgentId, AttachmentId, CannedReplyId, CommandId, ConversationId, DepartmentKey, SessionId,
    SiteKey, VisitorId,
};
use crate::model::record::{
    CannedReply, Department, JournalEntry, Page, Person, ReadMarks, Session, Site, Visitor,
};
use crate::model::time::{At, Millis};
use crate::store::attachments::{Admission, NewAttachment, StoredAttachment};
use crate::store::{
    Append, AppendError, Card, ConversationFilter, Events, Installation, NewPerson, Outcome,
    PersonChange, Receipt, Standing, Store, StoreError,
};

/// How often the server is asked for the time: the quickest answer tells it best. One that was held up would put this node's
/// visitors before or behind those of the others.
const MOMENTS: u32 = 5;
/// Logs of a demo history in one transaction: enough to share the flush, few enough for others to get in between.
const IMPORT_LOGS: usize = 200;

#[async_trait]
impl Store for PostgresStore {
    async fn installation(&self) -> Result<Installation, StoreError> {
        directly!(self, connection => settings::installation(connection))
    }

    async fn new_epoch(&self) -> Result<String, StoreError> {
        transact!(self, connection => settings::new_epoch(connection))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        transact!(self, connection => settings::probe(connection))
    }

    fn gauges(&self) -> Vec<(&'static str, &'static str, i64)> {
        let (open, idle) = self.pool.sizes();
        vec![
            (
                "store_connections",
                "Connections to PostgreSQL, but for those that appends go through",
                i64::from(open),
            ),
            (
                "store_connections_idle",
                "Those of them that nobody uses right now",
                whole(idle),
            ),
            (
                "store_calls_waiting",
                "Calls that wait for one of these connections",
                whole(self.pool.calls_waiting()),
            ),
            (
                "store_jobs_waiting",
                "Appends that wait for the next transaction",
                whole(self.lanes.jobs_waiting()),
            ),
        ]
    }

    async fn moment(&self) -> Result<Option<At>, StoreError> {
        let mut best: Option<(Duration, Instant, At)> = None;
        for _ in 0..MOMENTS {
            let asked = Instant::now();
            let at = directly!(self, connection => settings::moment(connection))?;
            let way = asked.elapsed();
            if best.is_none_or(|(shortest, ..)| way < shortest) {
                best = Some((way, asked, at));
            }
        }
        // It was told somewhere on the way; the middle of it is the best guess.
        let now = best.map(|(way, asked, at)| {
            let since = asked.elapsed().saturating_sub(way / 2);
            at + Millis(i64::try_from(since.as_millis()).unwrap_or(0))
        });
        Ok(now)
    }

    async fn backup(&self, _to: &Path) -> Result<(), StoreError> {
        Err(StoreError::Elsewhere(
            "PostgreSQL has tools of its own for this: pg_dump for one file, pg_basebackup for the whole server",
        ))
    }

    async fn settings_version(&self) -> Result<u64, StoreError> {
        directly!(self, connection => settings::version(connection))
    }

    async fn append(&self, append: Append) -> Result<Outcome, AppendError> {
        self.lanes.append(append).await
    }

    async fn receipt(&self, sender: Uuid, cmd: CommandId) -> Result<Option<Receipt>, StoreError> {
        directly!(self, connection => lists::receipt(connection, sender, cmd))
    }

    async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        directly!(self, connection => lists::conversation(connection, id))
    }

    async fn card(&self, id: ConversationId) -> Result<Option<Card>, StoreError> {
        directly!(self, connection => lists::card(connection, id))
    }

    async fn conversation_of_visitor(
        &self,
        visitor: VisitorId,
        closed_since: At,
    ) -> Result<Option<Conversation>, StoreError> {
        directly!(self, connection => lists::conversation_of_visitor(connection, visitor, closed_since))
    }

    async fn last_agent_of_visitor(
        &self,
        visitor: VisitorId,
    ) -> Result<Option<AgentId>, StoreError> {
        directly!(self, connection => lists::last_agent_of_visitor(connection, visitor))
    }

    async fn open_conversations(&self) -> Result<Vec<Conversation>, StoreError> {
        directly!(self, connection => lists::open_conversations(connection))
    }

    async fn standings(
        &self,
        followed: Vec<ConversationId>,
        agents: Vec<AgentId>,
    ) -> Result<Vec<Standing>, StoreError> {
        directly!(self, connection => lists::standings(connection, &followed, &agents))
    }

    async fn conversations_of_agent(&self, agent: AgentId) -> Result<Vec<Card>, StoreError> {
        directly!(self, connection => lists::conversations_of_agent(connection, agent))
    }

    async fn conversations(&self, filter: ConversationFilter) -> Result<Vec<Card>, StoreError> {
        directly!(self, connection => lists::conversations(connection, &filter))
    }

    async fn events(
        &self,
        id: ConversationId,
        view: View,
        after: Seq,
        limit: u32,
    ) -> Result<Events, StoreError> {
        directly!(self, connection => lists::events(connection, id, view, after, limit))
    }

    async fn seq_before_last(
        &self,
        id: ConversationId,
        view: View,
        count: u32,
    ) -> Result<Seq, StoreError> {
        directly!(self, connection => lists::seq_before_last(connection, id, view, count))
    }

    async fn mark_read(
        &self,
        id: ConversationId,
        view: View,
        seq: Seq,
    ) -> Result<ReadMarks, StoreError> {
        directly!(self, connection => lists::mark_read(connection, id, view, seq))
    }

    async fn tag_conversation(
        &self,
        id: ConversationId,
        tags: Vec<String>,
    ) -> Result<(), StoreError> {
        directly!(self, connection => lists::tag_conversation(connection, id, &tags))
    }

    async fn silent_conversations(
        &self,
        department: &DepartmentKey,
        silent_since: At,
    ) -> Result<Vec<(ConversationId, At, Option<At>)>, StoreError> {
        directly!(self, connection => lists::silent_conversations(connection, department, silent_since))
    }

    async fn begin_attachment(&self, new: NewAttachment, now: At) -> Result<Admission, StoreError> {
        transact!(self, connection => attachments::begin(connection, &new, now))
    }

    async fn finish_attachment(
        &self,
        file: Attachment,
        sha256: [u8; 32],
    ) -> Result<(), StoreError> {
        transact!(self, connection => attachments::finish(connection, &file, sha256))
    }

    async fn give_up_attachment(&self, id: AttachmentId) -> Result<(), StoreError> {
        directly!(self, connection => attachments::give_up(connection, id))
    }

    async fn attachment(&self, id: AttachmentId) -> Result<Option<StoredAttachment>, StoreError> {
        directly!(self, connection => attachments::find(connection, id))
    }

    async fn unsent_attachments(
        &self,
        before: At,
        limit: u32,
    ) -> Result<Vec<AttachmentId>, StoreError> {
        transact!(self, connection => attachments::unsent(connection, before, limit))
    }

    async fn forget_attachment(&self, id: AttachmentId) -> Result<(), StoreError> {
        directly!(self, connection => attachments::forget(connection, id))
    }

    async fn visitor(&self, id: VisitorId) -> Result<Option<Visitor>, StoreError> {
        directly!(self, connection => visitors::find(connection, id))
    }

    async fn visitor_of_subject(
        &self,
        site: &SiteKey,
        subject: &str,
    ) -> Result<Option<Visitor>, StoreError> {
        directly!(self, connection => visitors::find_by_subject(connection, site, subject))
    }

    async fn save_visitor(&self, visitor: &Visitor, now: At) -> Result<(), StoreError> {
        transact!(self, connection => visitors::save(connection, visitor, now))
    }

    async fn save_page(&self, visitor: VisitorId, page: &Page) -> Result<(), StoreError> {
        directly!(self, connection => visitors::save_page(connection, visitor, page))
    }

    async fn join_identity(
        &self,
        anonymous: VisitorId,
        identified: VisitorId,
    ) -> Result<Option<Conversation>, StoreError> {
        transact!(self, connection => visitors::join_identity(connection, anonymous, identified))
    }

    async fn people(&self) -> Result<Vec<Person>, StoreError> {
        directly!(self, connection => people::everybody(connection))
    }

    async fn person(&self, id: AgentId) -> Result<Option<Person>, StoreError> {
        directly!(self, connection => people::find(connection, id))
    }

    async fn person_by_email(&self, email: &str) -> Result<Option<(Person, String)>, StoreError> {
        directly!(self, connection => people::find_by_email(connection, email))
    }

    async fn create_person(&self, person: NewPerson, now: At) -> Result<(), StoreError> {
        transact!(self, connection => people::create(connection, &person, now))
    }

    async fn create_first_person(&self, person: NewPerson, now: At) -> Result<(), StoreError> {
        transact!(self, connection => people::create_first(connection, &person, now))
    }

    async fn change_person(
        &self,
        id: AgentId,
        change: PersonChange,
        now: At,
    ) -> Result<Person, StoreError> {
        transact!(self, connection => people::change(connection, id, &change, now))
    }

    async fn remove_person(&self, id: AgentId, now: At) -> Result<(), StoreError> {
        transact!(self, connection => people::remove(connection, id, now))
    }

    async fn set_password(
        &self,
        id: AgentId,
        hash: String,
        keep: Option<SessionId>,
    ) -> Result<(), StoreError> {
        transact!(self, connection => sessions::set_password(connection, id, &hash, keep))
    }

    async fn journal(&self, entry: JournalEntry, now: At) -> Result<(), StoreError> {
        transact!(self, connection => people::journal(connection, &entry, now))
    }

    async fn journal_of(
        &self,
        agent: AgentId,
        since: At,
    ) -> Result<Vec<(At, JournalEntry)>, StoreError> {
        directly!(self, connection => people::journal_of(connection, agent, since))
    }

    async fn create_session(&self, session: Session) -> Result<(), StoreError> {
        transact!(self, connection => sessions::create(connection, &session))
    }

    async fn session(
        &self,
        secret_hash: [u8; 32],
    ) -> Result<Option<(Session, Person)>, StoreError> {
        directly!(self, connection => sessions::find(connection, secret_hash))
    }

    async fn session_exists(&self, id: SessionId) -> Result<bool, StoreError> {
        directly!(self, connection => sessions::exists(connection, id))
    }

    async fn touch_session(&self, id: SessionId, now: At) -> Result<(), StoreError> {
        directly!(self, connection => sessions::touch(connection, id, now))
    }

    async fn sessions_of(&self, person: AgentId) -> Result<Vec<Session>, StoreError> {
        directly!(self, connection => sessions::of_person(connection, person))
    }

    async fn end_session(&self, person: AgentId, id: SessionId) -> Result<(), StoreError> {
        transact!(self, connection => sessions::end(connection, person, id))
    }

    async fn end_sessions(&self, person: AgentId) -> Result<(), StoreError> {
        transact!(self, connection => sessions::end_all(connection, person, None))
    }

    async fn forget_expired_sessions(&self, now: At) -> Result<(), StoreError> {
        transact!(self, connection => sessions::forget_expired(connection, now))
    }

    async fn sites(&self) -> Result<Vec<Site>, StoreError> {
        directly!(self, connection => settings::sites(connection))
    }

    async fn create_site(&self, site: Site) -> Result<(), StoreError> {
        transact!(self, connection => settings::create_site(connection, &site))
    }

    async fn save_site(&self, site: Site) -> Result<(), StoreError> {
        transact!(self, connection => settings::save_site(connection, &site))
    }

    async fn remove_site(&self, key: &SiteKey) -> Result<(), StoreError> {
        transact!(self, connection => settings::remove_site(connection, key))
    }

    async fn departments(&self) -> Result<Vec<Department>, StoreError> {
        directly!(self, connection => settings::departments(connection))
    }

    async fn create_department(&self, department: Department) -> Result<(), StoreError> {
        transact!(self, connection => settings::create_department(connection, &department))
    }

    async fn save_department(&self, department: Department) -> Result<(), StoreError> {
        transact!(self, connection => settings::save_department(connection, &department))
    }

    async fn remove_department(&self, key: &DepartmentKey) -> Result<(), StoreError> {
        transact!(self, connection => settings::remove_department(connection, key))
    }

    async fn tags(&self) -> Result<Vec<String>, StoreError> {
        directly!(self, connection => settings::tags(connection))
    }

    async fn create_tag(&self, tag: &str) -> Result<(), StoreError> {
        transact!(self, connection => settings::create_tag(connection, tag))
    }

    async fn remove_tag(&self, tag: &str) -> Result<(), StoreError> {
        transact!(self, connection => settings::remove_tag(connection, tag))
    }

    async fn canned_replies(&self) -> Result<Vec<CannedReply>, StoreError> {
        directly!(self, connection => settings::canned_replies(connection))
    }

    async fn create_canned_reply(&self, reply: CannedReply) -> Result<(), StoreError> {
        transact!(self, connection => settings::create_canned_reply(connection, &reply))
    }

    async fn save_canned_reply(&self, reply: CannedReply) -> Result<(), StoreError> {
        transact!(self, connection => settings::save_canned_reply(connection, &reply))
    }

    async fn remove_canned_reply(&self, id: CannedReplyId) -> Result<(), StoreError> {
        transact!(self, connection => settings::remove_canned_reply(connection, id))
    }

    async fn import_history(
        &self,
        logs: Vec<(Visitor, ConversationId, Vec<Event>)>,
    ) -> Result<(), StoreError> {
        for part in logs.chunks(IMPORT_LOGS) {
            transact!(self, connection => write::import(connection, part))?;
        }
        Ok(())
    }
}
