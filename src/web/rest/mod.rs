//! Everything under `/api/`: one file a resource, each route beside its description in the OpenAPI document.
//!
//! Mounted by `web`. A route that is not registered together with its description does not exist, so the document
//! cannot drift from what is served. Answers are never cached, but for the public settings of the widget and the articles; refusals are
//! [`Problem`]s. What the desk must do when people and sessions change goes through [`DeskHooks`].

pub mod agents;
pub mod articles;
pub mod attachments;
pub mod body;
pub mod caller;
pub mod canned_replies;
pub mod conversations;
pub mod csv;
pub mod departments;
pub mod events;
pub mod figures;
pub mod language;
pub mod login;
pub mod me;
pub mod messages;
mod problems;
pub mod reader;
pub mod reference;
pub mod reports;
pub mod rotas;
pub mod routing;
pub mod self_service;
pub mod sessions;
pub mod setup;
pub mod sites;
pub mod staffing;
pub mod tags;
pub mod tokens;
pub mod uploads;
pub mod widget;
pub mod widget_settings;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::any;

use crate::accounts::Accounts;
use crate::desk::Refused;
use crate::desk::visit::Whereabouts;
use crate::files::Files;
use crate::model::id::{AgentId, ConversationId, SessionId, VisitorId};
use crate::model::record::{Person, Site, Status};
use crate::model::time::Clock;
use crate::protocol::visitor::VisitorStart;
use crate::store::settings::Settings;
use crate::store::{Receipt, Store, StoreError};
use crate::web::address::{Addresses, PerMinute};
use crate::web::attempts::Attempts;
use crate::web::error::{Kind, Problem};
use crate::web::rest::uploads::Uploads;

/// What the resources work with.
pub struct Rest {
    /// The records and logs.
    pub store: Arc<dyn Store>,
    /// Who is asking.
    pub accounts: Accounts,
    /// Sites and departments, and the server's own origins.
    pub settings: Arc<Settings>,
    /// The one clock.
    pub clock: Clock,
    /// The bytes of files.
    pub files: Arc<Files>,
    /// Uploads that run now.
    pub uploads: Arc<Uploads>,
    /// The desk's part in changes.
    pub desk: Arc<dyn DeskHooks>,
    /// Limits per address.
    pub addresses: Arc<Addresses>,
    /// Whether browsers reach the server by https only, so that the cookie may say so.
    pub secure_cookies: bool,
    /// Held while a record is read, changed and written back: the store replaces whole records, and two changes at once
    /// must not undo each other.
    pub changes: tokio::sync::Mutex<()>,
    /// How much one address may ask of the public paths.
    pub pace: PublicPace,
    /// Failed logins over all nodes.
    pub attempts: Attempts,
}

/// How much one address may ask of the paths that are open to anybody and cost a look into the store, or room in it.
pub struct PublicPace {
    /// Articles listed, searched and read.
    pub reads: PerMinute,
    /// What visitors did with them, and their votes.
    pub notes: PerMinute,
    /// Files sent.
    pub files: PerMinute,
}

/// An office of fifty people who type into the search at once stays below it, with a search each second and a half.
const READS_PER_MIN: u32 = 2_000;
/// The same office, with a note every ten seconds each.
const NOTES_PER_MIN: u32 = 300;
/// A new conversation has an hour's allowance of files of its own; this is what keeps one address from making many.
const FILES_PER_MIN: u32 = 60;

impl PublicPace {
    /// Nobody has asked anything yet.
    #[must_use]
    pub fn new(counts_loopback: bool) -> Self {
        Self {
            reads: PerMinute::new(READS_PER_MIN, counts_loopback),
            notes: PerMinute::new(NOTES_PER_MIN, counts_loopback),
            files: PerMinute::new(FILES_PER_MIN, counts_loopback),
        }
    }
}

/// Whose sockets must close, because what let them in is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedOut {
    /// These sessions or API tokens.
    Sessions(Vec<SessionId>),
    /// Every cookie session of the person but one; their API tokens stay.
    Logins {
        /// Whose.
        person: AgentId,
        /// The session that stays.
        except: Option<SessionId>,
    },
    /// Everything of the person: they were removed.
    Person(AgentId),
}

/// How somebody stands at the desk right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtDesk {
    /// Takes conversations, or not.
    pub status: Status,
    /// Conversations owned now.
    pub load: u32,
}

/// What the desk does when people and sessions change, and what only the desk knows. Implemented over the desk; told
/// after the store has written, unless a method says otherwise.
#[async_trait]
pub trait DeskHooks: Send + Sync + 'static {
    /// Closes the sockets that were let in by these, on all nodes, with `bye` `signed_out` and 1008, within five
    /// seconds. Never fails: whatever could not be told is found by the desk's own check of its sessions.
    async fn signed_out(&self, who: SignedOut);

    /// The person is about to be removed: from here they are given nothing new, and what they own is back in the line
    /// (`agent_removed`) when this answers. Called before the store removes them; on an error they stay.
    async fn before_removal(&self, person: AgentId) -> Result<(), StoreError>;

    /// The person's name, role, departments or capacity changed, or they are new: pairing and their sockets go by it
    /// from here.
    async fn person_changed(&self, person: &Person);

    /// Whether an agent could answer a visitor of the site now. A hint: without coordination it is `false`.
    async fn is_open(&self, site: &Site) -> bool;

    /// Leaves a message for a visitor who has no socket, once for its `cmd`; acknowledged as on the socket.
    async fn leave_message(
        &self,
        visitor: VisitorId,
        site: &Site,
        whereabouts: &Whereabouts,
        start: VisitorStart,
    ) -> Result<Receipt, Refused>;

    /// How the person stands at the desk now; without coordination by what the store knows.
    async fn at_desk(&self, person: &Person) -> AtDesk;

    /// Whether the waiting conversation rings at an agent right now; without coordination it is `false`.
    async fn is_offered(&self, conversation: ConversationId) -> bool;
}

impl Rest {
    /// After a change of sites or departments: the snapshot that everybody decides by is read again. The change is
    /// written already, so a failure here only delays it by the server's own refresh.
    pub async fn settings_changed(&self) {
        if let Err(error) = self.settings.refresh().await {
            tracing::warn!(%error, "changed settings are not read again yet");
        }
    }
}

/// All routes under `/api/`, with what is neither theirs nor a path answered as a problem.
pub fn router(rest: Arc<Rest>) -> Router {
    let (routes, _) = reference::routes().split_for_parts();
    routes
        .method_not_allowed_fallback(wrong_method)
        .route("/api", any(no_such_path))
        .route("/api/", any(no_such_path))
        .route("/api/{*path}", any(no_such_path))
        .layer(middleware::from_fn(keep_nothing))
        .with_state(rest)
}

/// Nobody keeps an answer, unless it says so itself: nearly all of them are about people.
async fn keep_nothing(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    answer
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    answer
}

async fn no_such_path() -> Problem {
    Problem::new(
        Kind::NotFound,
        "There is no such path. /api/openapi.json lists all there are.",
    )
}

async fn wrong_method() -> Problem {
    Problem::new(
        Kind::MethodNotAllowed,
        "This path does not know this method. The Allow header lists those it knows.",
    )
}
