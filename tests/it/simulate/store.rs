//! A store whose appends sometimes fail, before they were written or after, and of which a part cannot be read if a test
//! says so.
//!
//! Everything else is the engine's own. Whether an append that failed was written is unknown to whoever asked for it,
//! as with a disk that is full at the wrong moment.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use balie::domain::conversation::Conversation;
use balie::domain::search::Query;
use balie::model::article::{Article, SelfServiceNote};
use balie::model::event::{Attachment, Event, Seq, View};
use balie::model::hours::Hours;
use balie::model::id::{
    AgentId, ArticleId, AttachmentId, CannedReplyId, CommandId, ConversationId, DepartmentKey,
    SessionId, SiteKey, VisitorId,
};
use balie::model::record::{
    CannedReply, Department, JournalEntry, Page, Person, ReadMarks, Session, Site, Visitor,
};
use balie::model::time::At;
use balie::store::articles::{ArticleFilter, Articles, SelfServiceFigures};
use balie::store::attachments::{Admission, NewAttachment, StoredAttachment};
use balie::store::entries::{Entries, Entry, Mark, Scope};
use balie::store::promises::{NewPromise, PromiseFigures, Promises, SettledWait};
use balie::store::rotas::Rotas;
use balie::store::sqlite::SqliteStore;
use balie::store::stories::{Stories, Story};
use balie::store::{
    Append, AppendError, Card, ConversationFilter, Events, Installation, NewPerson, Outcome,
    PersonChange, Receipt, Standing, Store, StoreError,
};
use uuid::Uuid;

use super::dice::Dice;

/// What a test may make unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Which conversation a visitor has.
    Visitors,
    /// What was said in a conversation.
    Logs,
    /// What an agent is shown of a conversation that rings.
    Cards,
}

pub struct ShakyStore {
    inner: SqliteStore,
    /// Chance, and how many of a hundred appends fail.
    fate: Mutex<(Dice, usize)>,
    /// What cannot be read.
    unreadable: Mutex<Option<Unreadable>>,
}

impl ShakyStore {
    pub fn new(inner: SqliteStore, dice: Dice) -> Self {
        Self {
            inner,
            fate: Mutex::new((dice, 0)),
            unreadable: Mutex::new(None),
        }
    }

    /// So many of a hundred appends fail from here on.
    pub fn set_failing(&self, percent: usize) {
        self.fate.lock().unwrap().1 = percent;
    }

    /// From here on this cannot be read, or everything can again.
    pub fn set_unreadable(&self, unreadable: Option<Unreadable>) {
        *self.unreadable.lock().unwrap() = unreadable;
    }

    fn must_read(&self, what: Unreadable) -> Result<(), StoreError> {
        if *self.unreadable.lock().unwrap() == Some(what) {
            return Err(StoreError::Away("a test says so".to_owned()));
        }
        Ok(())
    }

    /// Whether an append fails now: `Some(true)` when it is written all the same.
    fn fails(&self) -> Option<bool> {
        let (dice, percent) = &mut *self.fate.lock().unwrap();
        dice.chance(*percent).then(|| dice.chance(50))
    }
}

/// Hands every call through.
macro_rules! part {
    ($part:ident: $(fn $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl $part for ShakyStore {
            $(
                async fn $name(&self, $($argument: $kind),*) -> $answer {
                    self.inner.$name($($argument),*).await
                }
            )+
        }
    };
}

part! {
    Entries:
    fn entries(scope: Scope, after: Mark, until: At, limit: u32) -> Result<Vec<Entry>, StoreError>;
    fn standing(scope: Scope, at: At) -> Result<Vec<Entry>, StoreError>;
}

part! {
    Stories:
    fn stories(after: (At, ConversationId), until: At, limit: u32) -> Result<Vec<Story>, StoreError>;
}

part! {
    Rotas:
    fn rotas() -> Result<Vec<(AgentId, Hours)>, StoreError>;
    fn save_rota(person: AgentId, week: Option<Hours>) -> Result<(), StoreError>;
}

part! {
    Promises:
    fn keep_promises(promises: Vec<NewPromise>) -> Result<(), StoreError>;
    fn settle_promises(waits: Vec<SettledWait>) -> Result<(), StoreError>;
    fn first_promises(since: At) -> Result<Vec<(NewPromise, bool)>, StoreError>;
    fn promise_figures(from: At, to: At) -> Result<Vec<PromiseFigures>, StoreError>;
    fn forget_promises(now: At) -> Result<bool, StoreError>;
}

part! {
    Articles:
    fn articles(filter: ArticleFilter) -> Result<Vec<Article>, StoreError>;
    fn article(id: ArticleId) -> Result<Option<Article>, StoreError>;
    fn count_articles(site: &SiteKey) -> Result<u64, StoreError>;
    fn published_languages() -> Result<Vec<(SiteKey, String, u64)>, StoreError>;
    fn create_article(article: Article) -> Result<Article, StoreError>;
    fn save_article(article: Article) -> Result<Article, StoreError>;
    fn remove_article(id: ArticleId) -> Result<(), StoreError>;
    fn move_article(id: ArticleId, position: u32) -> Result<Article, StoreError>;
    fn search_articles(site: &SiteKey, lang: &str, query: Query, limit: u32) -> Result<Vec<Article>, StoreError>;
    fn note_self_service(note: SelfServiceNote) -> Result<(), StoreError>;
    fn self_service(site: &SiteKey, from: At, to: At) -> Result<SelfServiceFigures, StoreError>;
    fn forget_self_service(now: At) -> Result<bool, StoreError>;
}

/// Hands every call through, but for appends and what may be unreadable.
macro_rules! store {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Store for ShakyStore {
            fn gauges(&self) -> Vec<(&'static str, &'static str, i64)> {
                self.inner.gauges()
            }

            async fn append(&self, append: Append) -> Result<Outcome, AppendError> {
                let fails = self.fails();
                let away = || AppendError::Store(StoreError::Away("a test says so".to_owned()));
                if fails == Some(false) {
                    return Err(away());
                }
                let outcome = self.inner.append(append).await?;
                if fails.is_some() { Err(away()) } else { Ok(outcome) }
            }

            async fn conversation_of_visitor(
                &self,
                visitor: VisitorId,
                closed_since: At,
            ) -> Result<Option<Conversation>, StoreError> {
                self.must_read(Unreadable::Visitors)?;
                self.inner.conversation_of_visitor(visitor, closed_since).await
            }

            async fn card(&self, id: ConversationId) -> Result<Option<Card>, StoreError> {
                self.must_read(Unreadable::Cards)?;
                self.inner.card(id).await
            }

            async fn events(
                &self,
                id: ConversationId,
                view: View,
                after: Seq,
                limit: u32,
            ) -> Result<Events, StoreError> {
                self.must_read(Unreadable::Logs)?;
                self.inner.events(id, view, after, limit).await
            }

            $(
                async fn $name(&self, $($argument: $kind),*) -> $answer {
                    self.inner.$name($($argument),*).await
                }
            )+
        }
    };
}

store! {
    fn installation() -> Result<Installation, StoreError>;
    fn new_epoch() -> Result<String, StoreError>;
    fn probe() -> Result<(), StoreError>;
    fn moment() -> Result<Option<At>, StoreError>;
    fn backup(to: &Path) -> Result<(), StoreError>;
    fn settings_version() -> Result<u64, StoreError>;
    fn receipt(sender: Uuid, cmd: CommandId) -> Result<Option<Receipt>, StoreError>;
    fn conversation(id: ConversationId) -> Result<Option<Conversation>, StoreError>;
    fn last_agent_of_visitor(visitor: VisitorId) -> Result<Option<AgentId>, StoreError>;
    fn open_conversations() -> Result<Vec<Conversation>, StoreError>;
    fn standings(followed: Vec<ConversationId>, agents: Vec<AgentId>) -> Result<Vec<Standing>, StoreError>;
    fn conversations_of_agent(agent: AgentId) -> Result<Vec<Card>, StoreError>;
    fn conversations(filter: ConversationFilter) -> Result<Vec<Card>, StoreError>;
    fn seq_before_last(id: ConversationId, view: View, count: u32) -> Result<Seq, StoreError>;
    fn mark_read(id: ConversationId, view: View, seq: Seq) -> Result<ReadMarks, StoreError>;
    fn tag_conversation(id: ConversationId, tags: Vec<String>) -> Result<(), StoreError>;
    fn silent_conversations(department: &DepartmentKey, silent_since: At) -> Result<Vec<(ConversationId, At, Option<At>)>, StoreError>;
    fn begin_attachment(new: NewAttachment, now: At) -> Result<Admission, StoreError>;
    fn finish_attachment(file: Attachment, sha256: [u8; 32]) -> Result<(), StoreError>;
    fn give_up_attachment(id: AttachmentId) -> Result<(), StoreError>;
    fn attachment(id: AttachmentId) -> Result<Option<StoredAttachment>, StoreError>;
    fn unsent_attachments(before: At, limit: u32) -> Result<Vec<AttachmentId>, StoreError>;
    fn forget_attachment(id: AttachmentId) -> Result<(), StoreError>;
    fn visitor(id: VisitorId) -> Result<Option<Visitor>, StoreError>;
    fn visitor_of_subject(site: &SiteKey, subject: &str) -> Result<Option<Visitor>, StoreError>;
    fn save_visitor(visitor: &Visitor, now: At) -> Result<(), StoreError>;
    fn save_page(visitor: VisitorId, page: &Page) -> Result<(), StoreError>;
    fn join_identity(anonymous: VisitorId, identified: VisitorId) -> Result<Option<Conversation>, StoreError>;
    fn people() -> Result<Vec<Person>, StoreError>;
    fn person(id: AgentId) -> Result<Option<Person>, StoreError>;
    fn person_by_email(email: &str) -> Result<Option<(Person, String)>, StoreError>;
    fn create_person(person: NewPerson, now: At) -> Result<(), StoreError>;
    fn create_first_person(person: NewPerson, now: At) -> Result<(), StoreError>;
    fn change_person(id: AgentId, change: PersonChange, now: At) -> Result<Person, StoreError>;
    fn remove_person(id: AgentId, now: At) -> Result<(), StoreError>;
    fn set_password(id: AgentId, hash: String, keep: Option<SessionId>) -> Result<(), StoreError>;
    fn journal(entry: JournalEntry, now: At) -> Result<(), StoreError>;
    fn journal_of(agent: AgentId, since: At) -> Result<Vec<(At, JournalEntry)>, StoreError>;
    fn create_session(session: Session) -> Result<(), StoreError>;
    fn session(secret_hash: [u8; 32]) -> Result<Option<(Session, Person)>, StoreError>;
    fn session_exists(id: SessionId) -> Result<bool, StoreError>;
    fn touch_session(id: SessionId, now: At) -> Result<(), StoreError>;
    fn sessions_of(person: AgentId) -> Result<Vec<Session>, StoreError>;
    fn end_session(person: AgentId, id: SessionId) -> Result<(), StoreError>;
    fn end_sessions(person: AgentId) -> Result<(), StoreError>;
    fn forget_expired_sessions(now: At) -> Result<(), StoreError>;
    fn sites() -> Result<Vec<Site>, StoreError>;
    fn create_site(site: Site) -> Result<(), StoreError>;
    fn save_site(site: Site) -> Result<(), StoreError>;
    fn remove_site(key: &SiteKey) -> Result<(), StoreError>;
    fn departments() -> Result<Vec<Department>, StoreError>;
    fn create_department(department: Department) -> Result<(), StoreError>;
    fn save_department(department: Department) -> Result<(), StoreError>;
    fn remove_department(key: &DepartmentKey) -> Result<(), StoreError>;
    fn tags() -> Result<Vec<String>, StoreError>;
    fn create_tag(tag: &str) -> Result<(), StoreError>;
    fn remove_tag(tag: &str) -> Result<(), StoreError>;
    fn canned_replies() -> Result<Vec<CannedReply>, StoreError>;
    fn create_canned_reply(reply: CannedReply) -> Result<(), StoreError>;
    fn save_canned_reply(reply: CannedReply) -> Result<(), StoreError>;
    fn remove_canned_reply(id: CannedReplyId) -> Result<(), StoreError>;
    fn import_history(logs: Vec<(Visitor, ConversationId, Vec<Event>)>) -> Result<(), StoreError>;
}
