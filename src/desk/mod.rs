//! What a front desk does: one public function a command, in the order check → append → ack → publish.
//!
//! Called by `web` (frames of the sockets, REST) and by the server's start. Decides nothing that `domain` can decide and
//! keeps nothing that the log or coordination keeps. An `Ok` with a [`Receipt`] means: on durable storage, and every
//! follower is being told.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use uuid::Uuid;

use crate::coordination::{AppendedNotice, Away, Coordination, Notice, OfferEnd};
use crate::desk::book::Book;
use crate::domain::conversation::{Command, Conversation, Place, Refusal};
use crate::domain::routing::Seat;
use crate::hub::Hub;
use crate::model::event::{AgentName, Event, Seq};
use crate::model::id::{CommandId, ConversationId};
use crate::model::record::{Person, PersonRole, Site, Status, Visitor};
use crate::model::time::{Clock, Millis};
use crate::protocol::REPLAY_EVENTS_MAX;
use crate::protocol::error::{ErrorCode, ErrorFrame};
use crate::protocol::parts::{State, VisitorCard};
use crate::store::settings::Settings;
use crate::store::{Append, AppendError, Appended, Outcome, Receipt, Store, StoreError};

mod admit;
pub mod book;
mod closing;
pub mod files;
pub mod follow;
pub mod kept;
mod lanes;
pub mod line;
pub mod overflow;
pub mod pair;
mod places;
pub mod relay;
pub mod serve;
pub mod start;
pub mod sweep;
pub mod tally;
mod terms;
pub mod visit;

/// After an answer that the store is away, the client repeats the command after this time.
pub const RETRY: Millis = Millis(1_000);

/// The front desk of this node.
pub struct Desk {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// Who is here, who waits.
    pub coordination: Arc<dyn Coordination>,
    /// This node's sockets.
    pub hub: Arc<Hub>,
    /// Sites and departments.
    pub settings: Arc<Settings>,
    /// The one clock.
    pub clock: Clock,
    /// What happened of late, and what is foretold of it.
    pub book: Book,
    /// As last read from the store; a std lock, held for a clone.
    epoch: RwLock<Arc<str>>,
    /// Logs that an append without an answer may have changed, and how often the sweep still looks at each; a std lock,
    /// held for one look-up.
    doubted: Mutex<HashMap<ConversationId, u32>>,
    /// Notices were lost: the sweep compares everything at its next look.
    has_lost_notices: AtomicBool,
    /// Coordination was away when it was told of a seat: the sweep tells it all of them at its next look.
    has_untold_seats: AtomicBool,
}

/// Why a command was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It does not apply to the conversation.
    #[error(transparent)]
    Rule(#[from] Refusal),
    /// There is no such thing, or it is not theirs.
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    /// They know of it, but may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It contradicts what is.
    #[error("{0}")]
    Conflict(&'static str),
    /// The department is closed, or as good as; says when it opens.
    #[error("{0}")]
    ClosedHours(String),
    /// As many wait there as may.
    #[error("{0}")]
    QueueFull(String),
    /// A field is wrong.
    #[error("{message}")]
    BadField {
        /// Which.
        field: String,
        /// What to do.
        message: String,
    },
    /// The store or coordination does not answer.
    #[error("The server cannot write just now. Your message is safe with you; it is tried again.")]
    Away,
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotThere(what) => Refused::NotFound(what),
            StoreError::Away(_)
            | StoreError::Taken(_)
            | StoreError::InUse(_)
            | StoreError::Elsewhere(_)
            | StoreError::Corrupt(_) => {
                tracing::warn!(error = %error, "the store did not serve the desk");
                Refused::Away
            }
        }
    }
}

impl From<AppendError> for Refused {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Refused(refusal) => Refused::Rule(refusal),
            AppendError::Store(error) => error.into(),
        }
    }
}

impl From<Away> for Refused {
    fn from(error: Away) -> Self {
        tracing::warn!(error = %error, "coordination did not serve the desk");
        Refused::Away
    }
}

impl Refused {
    /// The refusal as the sockets say it.
    #[must_use]
    pub fn frame(&self) -> ErrorFrame {
        let message = self.to_string();
        match self {
            Refused::Rule(Refusal::NoSuchFile) => ErrorFrame {
                field: Some("attachment".into()),
                ..ErrorFrame::new(ErrorCode::NotFound, message)
            },
            Refused::Rule(Refusal::NotThere) | Refused::NotFound(_) => {
                ErrorFrame::new(ErrorCode::NotFound, message)
            }
            Refused::Rule(Refusal::WrongState(_)) => {
                ErrorFrame::new(ErrorCode::WrongState, message)
            }
            Refused::Rule(
                Refusal::NotYours(_)
                | Refusal::AlreadyYours
                | Refusal::NoRoom(_)
                | Refusal::Moved
                | Refusal::OpenAlready
                | Refusal::FileSent,
            )
            | Refused::Conflict(_) => ErrorFrame::new(ErrorCode::Conflict, message),
            Refused::Forbidden(_) => ErrorFrame::new(ErrorCode::Forbidden, message),
            Refused::ClosedHours(_) => ErrorFrame::new(ErrorCode::ClosedHours, message),
            Refused::QueueFull(_) => ErrorFrame::new(ErrorCode::QueueFull, message),
            Refused::BadField { field, .. } => ErrorFrame::bad_field(field.clone(), message),
            Refused::Away => ErrorFrame::new(ErrorCode::Unavailable, message).retry(RETRY),
        }
    }
}

impl Desk {
    /// A desk over these engines. `epoch` is the installation's.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        coordination: Arc<dyn Coordination>,
        hub: Arc<Hub>,
        settings: Arc<Settings>,
        clock: Clock,
        epoch: &str,
    ) -> Self {
        Self {
            store,
            coordination,
            hub,
            settings,
            clock,
            book: Book::default(),
            epoch: RwLock::new(Arc::from(epoch)),
            doubted: Mutex::new(HashMap::new()),
            has_lost_notices: AtomicBool::new(false),
            has_untold_seats: AtomicBool::new(false),
        }
    }

    /// The installation's epoch.
    #[must_use]
    pub fn epoch(&self) -> Arc<str> {
        Arc::clone(&self.epoch.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_epoch(&self, epoch: &str) {
        if *self.epoch() != *epoch {
            *self.epoch.write().unwrap_or_else(PoisonError::into_inner) = Arc::from(epoch);
        }
    }

    /// Decides, writes and tells everybody. The one way an event comes about.
    async fn append(
        &self,
        conversation: ConversationId,
        once: Option<(Uuid, CommandId)>,
        command: Command,
    ) -> Result<Receipt, Refused> {
        let append = Append {
            conversation,
            once,
            command,
            now: self.clock.now(),
        };
        let outcome = self.store.append(append).await;
        if matches!(&outcome, Err(AppendError::Store(StoreError::Away(_)))) {
            self.doubt(conversation);
        }
        match outcome? {
            Outcome::Written(appended) => {
                let last = appended
                    .events
                    .last()
                    .expect("an append makes at least one event");
                let receipt = Receipt {
                    conversation,
                    seq: last.seq,
                    at: last.at,
                };
                self.tell(*appended).await;
                Ok(receipt)
            }
            Outcome::Repeated(receipt) => {
                // The first time may have died between the commit and the telling.
                self.tell_again(receipt.conversation).await?;
                Ok(receipt)
            }
        }
    }

    async fn tell(&self, appended: Appended) {
        let Appended {
            conversation,
            events,
            visitor_prev,
            previous_owner,
        } = appended;
        let first_seq = events.first().map_or(0, |event: &Event| event.seq);
        let has_moved = conversation.placed_seq >= first_seq;
        if has_moved {
            self.observe(&conversation).await;
        }
        let owner = conversation.owner().map(|agent| agent.id);
        let notice = AppendedNotice {
            conversation: conversation.id,
            visitor: conversation.visitor,
            department: conversation.department.clone(),
            events,
            visitor_prev,
            owner,
            previous_owner,
            enqueued_at: conversation.enqueued_at,
        };
        self.coordination
            .publish(Notice::Appended(Box::new(notice)))
            .await;
        if has_moved {
            self.coordination.publish(Notice::LineMoved).await;
            for agent in [owner, previous_owner].into_iter().flatten() {
                self.coordination.publish(Notice::AgentChanged(agent)).await;
            }
        }
    }

    async fn tell_again(&self, conversation: ConversationId) -> Result<(), StoreError> {
        if let Some(conversation) = self.store.conversation(conversation).await? {
            self.observe(&conversation).await;
            let owner = conversation.owner().map(|agent| agent.id);
            let notice = Notice::Doubted {
                conversation: conversation.id,
                visitor: conversation.visitor,
                owner: owner.map(|agent| (agent, conversation.placed_seq)),
            };
            self.coordination.publish(notice).await;
        }
        Ok(())
    }

    /// Tells coordination where a conversation is, and the agent whose offer ended by it.
    async fn observe(&self, conversation: &Conversation) {
        match self.coordination.observe(self.observed(conversation)).await {
            Ok(Some(withdrawn)) => {
                let reason = if conversation.is_open() {
                    OfferEnd::Taken
                } else {
                    OfferEnd::Closed
                };
                let (conversation, agent) = (withdrawn.conversation, withdrawn.agent);
                self.coordination
                    .publish(Notice::OfferEnded {
                        conversation,
                        agent,
                        reason,
                    })
                    .await;
            }
            Ok(None) => {}
            Err(away) => {
                tracing::debug!(error = %away, "a place was not observed; it is told again");
                self.doubt(conversation.id);
            }
        }
    }

    /// Where a conversation's log begins for a client that has nothing of it.
    async fn replay_from(
        &self,
        conversation: &Conversation,
        view: crate::model::event::View,
    ) -> Result<Seq, StoreError> {
        if conversation.seq <= u64::from(REPLAY_EVENTS_MAX) {
            return Ok(0);
        }
        self.store
            .seq_before_last(conversation.id, view, REPLAY_EVENTS_MAX)
            .await
    }

    /// Whether an agent of a department that is open could answer a visitor of the site now.
    pub async fn is_open(&self, site: &Site) -> Result<bool, StoreError> {
        let departments = self.settings.snapshot().in_hours(site, self.clock.now());
        if let Ok(is_open) = self.coordination.is_open(&departments).await {
            return Ok(is_open);
        }
        // Without coordination by the journal: pairing goes on in seconds, and whoever starts waits for it.
        let serves = |person: &Person| {
            person.status == Status::Online
                && person
                    .departments
                    .iter()
                    .any(|department| departments.contains(department))
        };
        Ok(self.store.people().await?.iter().any(serves))
    }

    /// A conversation's state as the wire names it.
    async fn state_of(&self, conversation: &Conversation) -> State {
        match conversation.place {
            Place::Waiting { .. } => match self.coordination.is_offered(conversation.id).await {
                Ok(true) => State::Offered,
                Ok(false) | Err(_) => State::Queued,
            },
            Place::Served { .. } => State::Active,
            Place::Closed { .. } => State::Closed,
        }
    }
}

/// A visitor as agents see one.
#[must_use]
pub fn visitor_card(visitor: &Visitor) -> VisitorCard {
    VisitorCard {
        id: visitor.id,
        name: visitor.name.clone(),
        email: visitor.email.clone(),
        verified: visitor.subject.is_some(),
        attributes: visitor.attributes.clone(),
        lang: visitor.lang.clone(),
        tz: visitor.tz.clone(),
        page: visitor.page.clone(),
    }
}

/// A person as visitors may know one.
#[must_use]
pub fn agent_name(person: &Person) -> AgentName {
    AgentName {
        id: person.id,
        name: person.name.clone(),
    }
}

/// A person's seat at the desk.
#[must_use]
pub fn seat(person: &Person) -> Seat {
    Seat {
        status: person.status,
        capacity: person.capacity,
        departments: person.departments.clone(),
        skills: person.skills.clone(),
    }
}

/// Whether a person may watch and take over what is not theirs.
#[must_use]
pub fn is_supervisor(person: &Person) -> bool {
    person.role >= PersonRole::Supervisor
}

/// Whether a person may see a conversation: their own, one of their departments, or any for a supervisor.
#[must_use]
pub fn may_see(person: &Person, conversation: &Conversation) -> bool {
    is_supervisor(person)
        || person.departments.contains(&conversation.department)
        || conversation
            .owner()
            .is_some_and(|owner| owner.id == person.id)
}
