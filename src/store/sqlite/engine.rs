//! [`Store`] on SQLite, as a table of contents: what writes goes to the writer, what reads to a reader.

use std::path::Path;

use async_trait::async_trait;
use uuid::Uuid;

use super::{SqliteStore, attachments, backup, lists, log, people, sessions, settings, visitors};
use crate::domain::conversation::Conversation;
use crate::model::event::{Attachment, Event, Seq, View};
use crate::model::id::{
    AgentId, AttachmentId, CannedReplyId, CommandId, ConversationId, DepartmentKey, SessionId,
    SiteKey, VisitorId,
};
use crate::model::record::{
    CannedReply, Department, JournalEntry, Page, Person, ReadMarks, Session, Site, Visitor,
};
use crate::model::time::At;
use crate::store::attachments::{Admission, NewAttachment, StoredAttachment};
use crate::store::{
    Append, AppendError, Card, ConversationFilter, Events, Installation, NewPerson, Outcome,
    PersonChange, Receipt, Standing, Store, StoreError,
};

/// Logs of a demo history in one transaction: enough to share the flush, few enough for others to get in between.
const IMPORT_LOGS: usize = 200;

#[async_trait]
impl Store for SqliteStore {
    async fn installation(&self) -> Result<Installation, StoreError> {
        self.readers.read(settings::installation).await
    }

    async fn new_epoch(&self) -> Result<String, StoreError> {
        self.writer.call(settings::new_epoch).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.readers.read(settings::version).await?;
        self.writer.call(settings::probe).await
    }

    fn gauges(&self) -> Vec<(&'static str, &'static str, i64)> {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        vec![
            (
                "store_wal_bytes",
                "Size of the write-ahead log; it grows while a reader stays",
                whole(self.wal_bytes()),
            ),
            (
                "store_database_bytes",
                "Size of the database without its write-ahead log",
                whole(self.database_bytes()),
            ),
            (
                "store_readers_idle",
                "Connections for reading that nobody uses right now, of four",
                i64::try_from(self.readers.idle()).unwrap_or(i64::MAX),
            ),
            (
                "store_jobs_waiting",
                "Writes that wait for the next transaction",
                whole(self.writer.jobs_waiting()),
            ),
        ]
    }

    async fn moment(&self) -> Result<Option<At>, StoreError> {
        Ok(None)
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        backup::write(self.file.clone(), to.to_path_buf()).await
    }

    async fn settings_version(&self) -> Result<u64, StoreError> {
        self.readers.read(settings::version).await
    }

    async fn append(&self, append: Append) -> Result<Outcome, AppendError> {
        self.writer
            .call(move |connection| log::append(connection, append))
            .await
    }

    async fn receipt(&self, sender: Uuid, cmd: CommandId) -> Result<Option<Receipt>, StoreError> {
        self.readers
            .read(move |connection| Ok(log::receipt(connection, sender, cmd)?))
            .await
    }

    async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        self.readers
            .read(move |connection| lists::conversation(connection, id))
            .await
    }

    async fn card(&self, id: ConversationId) -> Result<Option<Card>, StoreError> {
        self.readers
            .read(move |connection| lists::card(connection, id))
            .await
    }

    async fn conversation_of_visitor(
        &self,
        visitor: VisitorId,
        closed_since: At,
    ) -> Result<Option<Conversation>, StoreError> {
        self.readers
            .read(move |connection| {
                lists::conversation_of_visitor(connection, visitor, closed_since)
            })
            .await
    }

    async fn last_agent_of_visitor(
        &self,
        visitor: VisitorId,
    ) -> Result<Option<AgentId>, StoreError> {
        self.readers
            .read(move |connection| lists::last_agent_of_visitor(connection, visitor))
            .await
    }

    async fn open_conversations(&self) -> Result<Vec<Conversation>, StoreError> {
        self.readers.read(lists::open_conversations).await
    }

    async fn standings(
        &self,
        followed: Vec<ConversationId>,
        agents: Vec<AgentId>,
    ) -> Result<Vec<Standing>, StoreError> {
        self.readers
            .read(move |connection| lists::standings(connection, followed, agents))
            .await
    }

    async fn conversations_of_agent(&self, agent: AgentId) -> Result<Vec<Card>, StoreError> {
        self.readers
            .read(move |connection| lists::conversations_of_agent(connection, agent))
            .await
    }

    async fn conversations(&self, filter: ConversationFilter) -> Result<Vec<Card>, StoreError> {
        self.readers
            .read(move |connection| lists::conversations(connection, filter))
            .await
    }

    async fn events(
        &self,
        id: ConversationId,
        view: View,
        after: Seq,
        limit: u32,
    ) -> Result<Events, StoreError> {
        self.readers
            .read(move |connection| log::events(connection, id, view, after, limit))
            .await
    }

    async fn seq_before_last(
        &self,
        id: ConversationId,
        view: View,
        count: u32,
    ) -> Result<Seq, StoreError> {
        self.readers
            .read(move |connection| log::seq_before_last(connection, id, view, count))
            .await
    }

    async fn mark_read(
        &self,
        id: ConversationId,
        view: View,
        seq: Seq,
    ) -> Result<ReadMarks, StoreError> {
        self.writer
            .call(move |connection| log::mark_read(connection, id, view, seq))
            .await
    }

    async fn tag_conversation(
        &self,
        id: ConversationId,
        tags: Vec<String>,
    ) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| log::tag_conversation(connection, id, &tags))
            .await
    }

    async fn silent_conversations(
        &self,
        department: &DepartmentKey,
        silent_since: At,
    ) -> Result<Vec<(ConversationId, At, Option<At>)>, StoreError> {
        let department = department.clone();
        self.readers
            .read(move |connection| {
                lists::silent_conversations(connection, &department, silent_since)
            })
            .await
    }

    async fn begin_attachment(&self, new: NewAttachment, now: At) -> Result<Admission, StoreError> {
        self.writer
            .call(move |connection| attachments::begin(connection, &new, now))
            .await
    }

    async fn finish_attachment(
        &self,
        file: Attachment,
        sha256: [u8; 32],
    ) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| attachments::finish(connection, &file, sha256))
            .await
    }

    async fn give_up_attachment(&self, id: AttachmentId) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| attachments::give_up(connection, id))
            .await
    }

    async fn attachment(&self, id: AttachmentId) -> Result<Option<StoredAttachment>, StoreError> {
        self.readers
            .read(move |connection| attachments::find(connection, id))
            .await
    }

    async fn unsent_attachments(
        &self,
        before: At,
        limit: u32,
    ) -> Result<Vec<AttachmentId>, StoreError> {
        self.writer
            .call(move |connection| attachments::unsent(connection, before, limit))
            .await
    }

    async fn forget_attachment(&self, id: AttachmentId) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| attachments::forget(connection, id))
            .await
    }

    async fn visitor(&self, id: VisitorId) -> Result<Option<Visitor>, StoreError> {
        self.readers
            .read(move |connection| visitors::find(connection, id))
            .await
    }

    async fn visitor_of_subject(
        &self,
        site: &SiteKey,
        subject: &str,
    ) -> Result<Option<Visitor>, StoreError> {
        let (site, subject) = (site.clone(), subject.to_owned());
        self.readers
            .read(move |connection| visitors::find_by_subject(connection, &site, &subject))
            .await
    }

    async fn save_visitor(&self, visitor: &Visitor, now: At) -> Result<(), StoreError> {
        let visitor = visitor.clone();
        self.writer
            .call(move |connection| visitors::save(connection, &visitor, now))
            .await
    }

    async fn save_page(&self, visitor: VisitorId, page: &Page) -> Result<(), StoreError> {
        let page = page.clone();
        self.writer
            .call(move |connection| visitors::save_page(connection, visitor, &page))
            .await
    }

    async fn join_identity(
        &self,
        anonymous: VisitorId,
        identified: VisitorId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.writer
            .call(move |connection| visitors::join_identity(connection, anonymous, identified))
            .await
    }

    async fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.readers.read(people::all).await
    }

    async fn person(&self, id: AgentId) -> Result<Option<Person>, StoreError> {
        self.readers
            .read(move |connection| people::find(connection, id))
            .await
    }

    async fn person_by_email(&self, email: &str) -> Result<Option<(Person, String)>, StoreError> {
        let email = email.to_owned();
        self.readers
            .read(move |connection| people::find_by_email(connection, &email))
            .await
    }

    async fn create_person(&self, person: NewPerson, now: At) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| people::create(connection, &person, now))
            .await
    }

    async fn create_first_person(&self, person: NewPerson, now: At) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| people::create_first(connection, &person, now))
            .await
    }

    async fn change_person(
        &self,
        id: AgentId,
        change: PersonChange,
        now: At,
    ) -> Result<Person, StoreError> {
        self.writer
            .call(move |connection| people::change(connection, id, change, now))
            .await
    }

    async fn remove_person(&self, id: AgentId, now: At) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| people::remove(connection, id, now))
            .await
    }

    async fn set_password(
        &self,
        id: AgentId,
        hash: String,
        keep: Option<SessionId>,
    ) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| sessions::set_password(connection, id, &hash, keep))
            .await
    }

    async fn journal(&self, entry: JournalEntry, now: At) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| people::journal(connection, &entry, now))
            .await
    }

    async fn journal_of(
        &self,
        agent: AgentId,
        since: At,
    ) -> Result<Vec<(At, JournalEntry)>, StoreError> {
        self.readers
            .read(move |connection| people::journal_of(connection, agent, since))
            .await
    }

    async fn create_session(&self, session: Session) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| sessions::create(connection, &session))
            .await
    }

    async fn session(
        &self,
        secret_hash: [u8; 32],
    ) -> Result<Option<(Session, Person)>, StoreError> {
        self.readers
            .read(move |connection| sessions::find(connection, secret_hash))
            .await
    }

    async fn session_exists(&self, id: SessionId) -> Result<bool, StoreError> {
        self.readers
            .read(move |connection| sessions::exists(connection, id))
            .await
    }

    async fn touch_session(&self, id: SessionId, now: At) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| sessions::touch(connection, id, now))
            .await
    }

    async fn sessions_of(&self, person: AgentId) -> Result<Vec<Session>, StoreError> {
        self.readers
            .read(move |connection| sessions::of_person(connection, person))
            .await
    }

    async fn end_session(&self, person: AgentId, id: SessionId) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| sessions::end(connection, person, id))
            .await
    }

    async fn end_sessions(&self, person: AgentId) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| sessions::end_all(connection, person, None))
            .await
    }

    async fn forget_expired_sessions(&self, now: At) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| sessions::forget_expired(connection, now))
            .await
    }

    async fn sites(&self) -> Result<Vec<Site>, StoreError> {
        self.readers.read(settings::sites).await
    }

    async fn create_site(&self, site: Site) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| settings::create_site(connection, &site))
            .await
    }

    async fn save_site(&self, site: Site) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| settings::save_site(connection, &site))
            .await
    }

    async fn remove_site(&self, key: &SiteKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.writer
            .call(move |connection| settings::remove_site(connection, &key))
            .await
    }

    async fn departments(&self) -> Result<Vec<Department>, StoreError> {
        self.readers.read(settings::departments).await
    }

    async fn create_department(&self, department: Department) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| settings::create_department(connection, &department))
            .await
    }

    async fn save_department(&self, department: Department) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| settings::save_department(connection, &department))
            .await
    }

    async fn remove_department(&self, key: &DepartmentKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.writer
            .call(move |connection| settings::remove_department(connection, &key))
            .await
    }

    async fn tags(&self) -> Result<Vec<String>, StoreError> {
        self.readers.read(settings::tags).await
    }

    async fn create_tag(&self, tag: &str) -> Result<(), StoreError> {
        let tag = tag.to_owned();
        self.writer
            .call(move |connection| settings::create_tag(connection, &tag))
            .await
    }

    async fn remove_tag(&self, tag: &str) -> Result<(), StoreError> {
        let tag = tag.to_owned();
        self.writer
            .call(move |connection| settings::remove_tag(connection, &tag))
            .await
    }

    async fn canned_replies(&self) -> Result<Vec<CannedReply>, StoreError> {
        self.readers.read(settings::canned_replies).await
    }

    async fn create_canned_reply(&self, reply: CannedReply) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| settings::create_canned_reply(connection, &reply))
            .await
    }

    async fn save_canned_reply(&self, reply: CannedReply) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| settings::save_canned_reply(connection, &reply))
            .await
    }

    async fn remove_canned_reply(&self, id: CannedReplyId) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| settings::remove_canned_reply(connection, id))
            .await
    }

    async fn import_history(
        &self,
        logs: Vec<(Visitor, ConversationId, Vec<Event>)>,
    ) -> Result<(), StoreError> {
        let mut logs = logs.into_iter().peekable();
        while logs.peek().is_some() {
            let part: Vec<_> = logs.by_ref().take(IMPORT_LOGS).collect();
            self.writer
                .call(move |connection| log::import(connection, &part))
                .await?;
        }
        Ok(())
    }
}
