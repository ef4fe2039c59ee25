//! The log, and the records beside it: what must survive everything.
//!
//! [`Store`] is the whole promise; each engine lives in a folder of its own and passes the one conformance suite
//! (`tests/it/store_suite.rs`). Called by the desk, accounts and the server's start. An engine never calls back, never
//! reads a clock (moments are arguments) and never decides: it asks `domain::conversation::decide` inside the
//! transaction that writes the outcome.

use std::path::Path;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::conversation::{Command, Conversation, Refusal};
use crate::model::event::{AgentName, Attachment, Event, Seq, View};
use crate::model::id::{
    AgentId, AttachmentId, CannedReplyId, CommandId, ConversationId, DepartmentKey, SessionId,
    SiteKey, Skill, VisitorId,
};
use crate::model::record::{
    CannedReply, Department, JournalEntry, Page, Person, PersonRole, ReadMarks, Session, Site,
    Visitor,
};
use crate::model::time::At;
use crate::store::articles::Articles;
use crate::store::attachments::{Admission, NewAttachment, StoredAttachment};
use crate::store::entries::Entries;
use crate::store::promises::Promises;
use crate::store::rotas::Rotas;
use crate::store::stories::Stories;

mod article_words;
pub mod articles;
pub mod attachments;
mod digest;
pub mod entries;
mod fresh;
pub mod place;
pub mod postgres;
pub mod promises;
pub mod report;
pub mod rotas;
mod rows;
pub mod settings;
pub mod sqlite;
mod stored;
pub mod stories;
pub mod transfer;
mod values;

/// What a store does not promise to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, or cannot write: the same call may succeed later. Whether an append of this call was
    /// written is then unknown; repeating it with the same `cmd` is safe.
    #[error("the store is away: {0}")]
    Away(String),
    /// A row of this name or address exists already.
    #[error("{0} exists already")]
    Taken(&'static str),
    /// Something else still refers to the row.
    #[error("{0} is still in use")]
    InUse(&'static str),
    /// There is no such row.
    #[error("there is no such {0}")]
    NotThere(&'static str),
    /// Another program does this better; the words say which.
    #[error("{0}")]
    Elsewhere(&'static str),
    /// What was read breaks a promise of the store: someone must look.
    #[error("the store holds something impossible: {0}")]
    Corrupt(String),
}

/// Why an append did not happen.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The command does not apply; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One command to be decided and written.
#[derive(Clone, Debug)]
pub struct Append {
    /// On which conversation. For [`Command::Start`] the id the new one gets.
    pub conversation: ConversationId,
    /// Who sent it, by visitor or agent id, and its `cmd`: written once however often it is appended.
    pub once: Option<(Uuid, CommandId)>,
    /// What to do.
    pub command: Command,
    /// The present moment; the log gets the later of this and its last `at`.
    pub now: At,
}

/// What an append made durable.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The conversation after it.
    pub conversation: Conversation,
    /// The events it made, at least one.
    pub events: Vec<Event>,
    /// The `seq` before the first of them that visitors may see, 0 for none.
    pub visitor_prev: Seq,
    /// The owner before it, where the command took the conversation from somebody.
    pub previous_owner: Option<AgentId>,
}

/// The `ack` of a command: that of the last event it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where it was written; not always where the repeat pointed.
    pub conversation: ConversationId,
    /// The last event the command made.
    pub seq: Seq,
    /// When that was written.
    pub at: At,
}

/// How an append went.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Written now.
    Written(Box<Appended>),
    /// Written before under the same `once`; nothing was done now.
    Repeated(Receipt),
}

/// Part of a log, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    /// Each with its `prev`: the `seq` before it that the same view shows.
    pub events: Vec<(Seq, Event)>,
    /// Whether the log goes on after the last of them.
    pub has_more: bool,
}

/// A conversation with what a list shows beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The conversation.
    pub conversation: Conversation,
    /// Its visitor, as last known.
    pub visitor: Visitor,
    /// The first words of the visitor, at most [`SUMMARY_CHARS_MAX`] characters.
    pub summary: String,
    /// What was given at the rating.
    pub rating: Option<u8>,
    /// Who owns it or owned it last, by the name that they have now; one who was removed keeps the name in the log.
    pub last_agent: Option<AgentName>,
}

/// Longest summary of a conversation in a list, in characters.
pub const SUMMARY_CHARS_MAX: usize = 160;

/// Silent conversations told at once; the rest is told once these were dealt with.
const SILENT_MAX: u32 = 1_000;

/// How far a log has come, and who should follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub conversation: ConversationId,
    /// Whose conversation it is.
    pub visitor: VisitorId,
    /// The last event that visitors may see.
    pub visitor_seq: Seq,
    /// The last event.
    pub seq: Seq,
    /// Who owns it, and since which event.
    pub owner: Option<(AgentId, Seq)>,
}

impl Standing {
    /// Of a conversation that was read.
    #[must_use]
    pub fn of(conversation: &Conversation) -> Self {
        let owner = conversation.owner();
        Self {
            conversation: conversation.id,
            visitor: conversation.visitor,
            visitor_seq: conversation.visitor_seq,
            seq: conversation.seq,
            owner: owner.map(|agent| (agent.id, conversation.placed_seq)),
        }
    }
}

/// Which conversations a list shows, newest first.
#[derive(Clone, Debug, Default)]
pub struct ConversationFilter {
    /// `queued`, `active` or `closed` only.
    pub state: Option<PlaceFilter>,
    /// Of these departments only; `None` is all.
    pub departments: Option<Vec<DepartmentKey>>,
    /// Owned now or last by this agent.
    pub agent: Option<AgentId>,
    /// Of this visitor only.
    pub visitor: Option<VisitorId>,
    /// Whose visitor's name or address or first words contain this.
    pub text: Option<String>,
    /// Only those before this one in the list (ids sort by time).
    pub before: Option<ConversationId>,
    /// At most so many.
    pub limit: u32,
}

/// A place without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceFilter {
    /// In line.
    Waiting,
    /// With an agent.
    Served,
    /// Over.
    Closed,
}

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Their id.
    pub id: AgentId,
    /// Signs in with it; unique without regard to case.
    pub email: String,
    /// Shown to visitors and colleagues.
    pub name: String,
    /// What they may do.
    pub role: PersonRole,
    /// The departments they serve.
    pub departments: Vec<DepartmentKey>,
    /// What they can do that not all can.
    pub skills: Vec<Skill>,
    /// Conversations at once.
    pub capacity: u8,
    /// Argon2id, in PHC form.
    pub password_hash: String,
}

/// What may change about a person; `None` keeps what is.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// New name.
    pub name: Option<String>,
    /// New address.
    pub email: Option<String>,
    /// New role.
    pub role: Option<PersonRole>,
    /// New departments.
    pub departments: Option<Vec<DepartmentKey>>,
    /// New skills.
    pub skills: Option<Vec<Skill>>,
    /// New capacity.
    pub capacity: Option<u8>,
}

/// What the installation is, made once with the first migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// New only after a restore: clients start their timelines anew.
    pub epoch: String,
    /// Signs visitors' tokens.
    pub token_secret: [u8; 32],
}

/// A store of logs and records. All moments are arguments; all calls may be made from several processes at once.
#[async_trait]
pub trait Store: Articles + Entries + Promises + Rotas + Stories + Send + Sync + 'static {
    // --- the installation -------------------------------------------------------------------------------------

    /// Epoch and signing secret.
    async fn installation(&self) -> Result<Installation, StoreError>;

    /// Gives the installation a new epoch and answers it.
    async fn new_epoch(&self) -> Result<String, StoreError>;

    /// Whether the store can be read and written right now.
    async fn probe(&self) -> Result<(), StoreError>;

    /// Figures for operators: (name, what it is, value). Cheap, and never waits.
    fn gauges(&self) -> Vec<(&'static str, &'static str, i64)>;

    /// The present moment, where the store is the one who tells it: several nodes then go by the same clock. `None` where the
    /// process's own clock is the store's.
    async fn moment(&self) -> Result<Option<At>, StoreError>;

    /// Writes a consistent copy of everything to a new file at `to`, while the store is in use. A file is at `to` only
    /// once it is whole and on the disk; `Taken("a file of this name")` if there is one already. `Elsewhere` where the engine
    /// brings tools of its own.
    async fn backup(&self, to: &Path) -> Result<(), StoreError>;

    /// A number that grows when any site, department, person, rota, session, tag, canned reply or article changed, whichever process
    /// changed it. Cheap: polled every second.
    async fn settings_version(&self) -> Result<u64, StoreError>;

    // --- the log ----------------------------------------------------------------------------------------------

    /// Decides the command on the conversation as it is at commit, and appends the events. When it answers
    /// [`Outcome`], the events are on durable storage. `seq` goes on without gaps, `at` never falls, an agent who
    /// gets the conversation has room (their row is locked, before the conversation's), a visitor has at most one
    /// open conversation (else [`Refusal::OpenAlready`]), and whatever carries the same `once` is written once.
    /// A visitor of whom nothing is known yet gets a row with the start; `NotThere` for a site or department that is
    /// none.
    ///
    /// # Panics
    /// When the log or a load read back breaks a promise that only our own mistake can break.
    async fn append(&self, append: Append) -> Result<Outcome, AppendError>;

    /// The receipt of a command that was written before.
    async fn receipt(&self, sender: Uuid, cmd: CommandId) -> Result<Option<Receipt>, StoreError>;

    /// One conversation.
    async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// One conversation with what a list shows beside it.
    async fn card(&self, id: ConversationId) -> Result<Option<Card>, StoreError>;

    /// The visitor's open conversation, else the last one that was closed at or after `closed_since`.
    async fn conversation_of_visitor(
        &self,
        visitor: VisitorId,
        closed_since: At,
    ) -> Result<Option<Conversation>, StoreError>;

    /// Who served this visitor last, in whichever of their conversations.
    async fn last_agent_of_visitor(
        &self,
        visitor: VisitorId,
    ) -> Result<Option<AgentId>, StoreError>;

    /// Every conversation that waits or is served, in order of `enqueued_at`.
    async fn open_conversations(&self) -> Result<Vec<Conversation>, StoreError>;

    /// How these conversations stand, open or closed, and all that these agents own: each once, in no order. One statement,
    /// for a node that looks every second whether its followers have everything.
    async fn standings(
        &self,
        followed: Vec<ConversationId>,
        agents: Vec<AgentId>,
    ) -> Result<Vec<Standing>, StoreError>;

    /// The conversations this agent owns.
    async fn conversations_of_agent(&self, agent: AgentId) -> Result<Vec<Card>, StoreError>;

    /// Conversations for a list, newest first.
    async fn conversations(&self, filter: ConversationFilter) -> Result<Vec<Card>, StoreError>;

    /// The log after `after` as `view` shows it, at most `limit` events.
    async fn events(
        &self,
        id: ConversationId,
        view: View,
        after: Seq,
        limit: u32,
    ) -> Result<Events, StoreError>;

    /// The `seq` after which the last `count` events of the view stand; 0 if there are no more than that.
    async fn seq_before_last(
        &self,
        id: ConversationId,
        view: View,
        count: u32,
    ) -> Result<Seq, StoreError>;

    /// Raises how far this side has read; never lowers it, never beyond what this side sees of the log.
    async fn mark_read(
        &self,
        id: ConversationId,
        view: View,
        seq: Seq,
    ) -> Result<ReadMarks, StoreError>;

    /// Files the conversation under these tags. No event: tags may be changed after the close. They are kept in the
    /// order given.
    async fn tag_conversation(
        &self,
        id: ConversationId,
        tags: Vec<String>,
    ) -> Result<(), StoreError>;

    /// Served live conversations of the department in which nobody said anything since `silent_since`: (id, `said_at`,
    /// when warned). At most `SILENT_MAX`, longest silent first.
    async fn silent_conversations(
        &self,
        department: &DepartmentKey,
        silent_since: At,
    ) -> Result<Vec<(ConversationId, At, Option<At>)>, StoreError>;

    // --- files ------------------------------------------------------------------------------------------------

    /// Writes the row of an upload that begins, unless its side of the conversation uploaded too much within the hour.
    async fn begin_attachment(&self, new: NewAttachment, now: At) -> Result<Admission, StoreError>;

    /// The bytes are whole and durable. `NotThere("file")` if the upload was given up meanwhile.
    async fn finish_attachment(&self, file: Attachment, sha256: [u8; 32])
    -> Result<(), StoreError>;

    /// The upload failed: nobody may send it, and [`Store::unsent_attachments`] names it once it is old enough.
    async fn give_up_attachment(&self, id: AttachmentId) -> Result<(), StoreError>;

    /// One file, however far it came.
    async fn attachment(&self, id: AttachmentId) -> Result<Option<StoredAttachment>, StoreError>;

    /// Files whose upload began before a moment and that were not sent, oldest first. From here nobody can send them.
    async fn unsent_attachments(
        &self,
        before: At,
        limit: u32,
    ) -> Result<Vec<AttachmentId>, StoreError>;

    /// Removes the row of a file whose bytes are gone; nothing unless `unsent_attachments` named it.
    async fn forget_attachment(&self, id: AttachmentId) -> Result<(), StoreError>;

    // --- visitors ---------------------------------------------------------------------------------------------

    /// A visitor who has started a conversation or was identified.
    async fn visitor(&self, id: VisitorId) -> Result<Option<Visitor>, StoreError>;

    /// The visitor of this signed `sub`.
    async fn visitor_of_subject(
        &self,
        site: &SiteKey,
        subject: &str,
    ) -> Result<Option<Visitor>, StoreError>;

    /// Writes the visitor as given, new or known. [`StoreError::Taken`] if another has the same `sub`.
    async fn save_visitor(&self, visitor: &Visitor, now: At) -> Result<(), StoreError>;

    /// The page the visitor is on; nothing if the visitor is not known.
    async fn save_page(&self, visitor: VisitorId, page: &Page) -> Result<(), StoreError>;

    /// Gives the open conversation of an anonymous visitor to an identified one, with the receipts of its commands;
    /// nothing if there is none, if it is on another site or if the identified one has an open one of their own. The
    /// identified one's name is shown from then on, where there is one. Answers the moved conversation.
    /// `NotThere("visitor")` if the identified one was not saved.
    async fn join_identity(
        &self,
        anonymous: VisitorId,
        identified: VisitorId,
    ) -> Result<Option<Conversation>, StoreError>;

    // --- people -----------------------------------------------------------------------------------------------

    /// Everybody, by name.
    async fn people(&self) -> Result<Vec<Person>, StoreError>;

    /// One person.
    async fn person(&self, id: AgentId) -> Result<Option<Person>, StoreError>;

    /// One person and their password hash, by address (without regard to case).
    async fn person_by_email(&self, email: &str) -> Result<Option<(Person, String)>, StoreError>;

    /// Adds a person (journal: `offline`, `created`). `Taken("address")`, `NotThere("department")`.
    async fn create_person(&self, person: NewPerson, now: At) -> Result<(), StoreError>;

    /// Adds the first person of the installation; `Taken("administrator")` once there is one.
    async fn create_first_person(&self, person: NewPerson, now: At) -> Result<(), StoreError>;

    /// Changes a person; departments and capacity are journalled. `InUse("administrator")` rather than leave the
    /// installation without an admin.
    async fn change_person(
        &self,
        id: AgentId,
        change: PersonChange,
        now: At,
    ) -> Result<Person, StoreError>;

    /// Removes a person with their sessions and tokens; logs keep their name. `InUse("administrator")` for the last
    /// admin. The caller has requeued their conversations; `InUse("agent")` while they own one, which they may have
    /// been given since.
    async fn remove_person(&self, id: AgentId, now: At) -> Result<(), StoreError>;

    /// A new password hash; ends every session but `keep`. API tokens stay.
    async fn set_password(
        &self,
        id: AgentId,
        hash: String,
        keep: Option<SessionId>,
    ) -> Result<(), StoreError>;

    /// Writes one row of the agents' journal, durable, and the status it gives.
    async fn journal(&self, entry: JournalEntry, now: At) -> Result<(), StoreError>;

    /// The journal of one agent since a moment, oldest first: (at, entry).
    async fn journal_of(
        &self,
        agent: AgentId,
        since: At,
    ) -> Result<Vec<(At, JournalEntry)>, StoreError>;

    // --- sessions and tokens ----------------------------------------------------------------------------------

    /// Keeps a session or token.
    async fn create_session(&self, session: Session) -> Result<(), StoreError>;

    /// The session whose secret has this SHA-256, with its person.
    async fn session(&self, secret_hash: [u8; 32])
    -> Result<Option<(Session, Person)>, StoreError>;

    /// Whether the session still exists.
    async fn session_exists(&self, id: SessionId) -> Result<bool, StoreError>;

    /// Notes that a session was used: its end, where it has one, moves on by the time since it was last used.
    async fn touch_session(&self, id: SessionId, now: At) -> Result<(), StoreError>;

    /// The sessions and tokens of a person, newest first.
    async fn sessions_of(&self, person: AgentId) -> Result<Vec<Session>, StoreError>;

    /// Ends one session or token of a person. `NotThere("session")`.
    async fn end_session(&self, person: AgentId, id: SessionId) -> Result<(), StoreError>;

    /// Ends every cookie session of a person (tokens stay).
    async fn end_sessions(&self, person: AgentId) -> Result<(), StoreError>;

    /// Forgets sessions that expired before `now`.
    async fn forget_expired_sessions(&self, now: At) -> Result<(), StoreError>;

    // --- settings ---------------------------------------------------------------------------------------------

    /// All sites, by key.
    async fn sites(&self) -> Result<Vec<Site>, StoreError>;

    /// Adds a site. `Taken("site")`, `NotThere("department")`.
    async fn create_site(&self, site: Site) -> Result<(), StoreError>;

    /// Replaces a site's settings. `NotThere("site")`, `NotThere("department")`.
    async fn save_site(&self, site: Site) -> Result<(), StoreError>;

    /// Removes a site. `InUse("site")` while it has conversations.
    async fn remove_site(&self, key: &SiteKey) -> Result<(), StoreError>;

    /// All departments, by key.
    async fn departments(&self) -> Result<Vec<Department>, StoreError>;

    /// Adds a department. `Taken("department")`.
    async fn create_department(&self, department: Department) -> Result<(), StoreError>;

    /// Replaces a department's settings. `NotThere("department")`.
    async fn save_department(&self, department: Department) -> Result<(), StoreError>;

    /// Removes a department. `InUse("department")` while a site offers it, an agent serves it or a conversation
    /// names it. Canned replies of its own are then for all departments.
    async fn remove_department(&self, key: &DepartmentKey) -> Result<(), StoreError>;

    /// All tags, by name.
    async fn tags(&self) -> Result<Vec<String>, StoreError>;

    /// Adds a tag. `Taken("tag")`.
    async fn create_tag(&self, tag: &str) -> Result<(), StoreError>;

    /// Removes a tag from the list; conversations keep it. `NotThere("tag")`.
    async fn remove_tag(&self, tag: &str) -> Result<(), StoreError>;

    /// All canned replies, by shortcut.
    async fn canned_replies(&self) -> Result<Vec<CannedReply>, StoreError>;

    /// Adds a canned reply. `Taken("shortcut")`.
    async fn create_canned_reply(&self, reply: CannedReply) -> Result<(), StoreError>;

    /// Replaces a canned reply. `NotThere("canned reply")`, `Taken("shortcut")`.
    async fn save_canned_reply(&self, reply: CannedReply) -> Result<(), StoreError>;

    /// Removes a canned reply. `NotThere("canned reply")`.
    async fn remove_canned_reply(&self, id: CannedReplyId) -> Result<(), StoreError>;

    // --- history for a demo -----------------------------------------------------------------------------------

    /// Writes whole logs of the past at once, for `balie demo`. Each is a visitor, a conversation id and its events.
    /// Some hundred logs go into one transaction: after an error those of earlier transactions stay.
    async fn import_history(
        &self,
        logs: Vec<(Visitor, ConversationId, Vec<Event>)>,
    ) -> Result<(), StoreError>;
}
