//! Records beside the logs: sites, departments, people, visitors.
//!
//! They are what a store keeps as rows and what the desk decides by. Their wire forms for REST live with the
//! resources in `web/rest`; nothing secret in here is ever serialised.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::model::hours::Hours;
use crate::model::id::{
    AgentId, CannedReplyId, DepartmentKey, SessionId, SiteKey, Skill, VisitorId,
};
use crate::model::routing::Routing;
use crate::model::standard::Standard;
use crate::model::time::{At, Millis};
use crate::model::widget_settings::WidgetSettings;

/// A website that embeds the widget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The key the widget names in `hello`.
    pub key: SiteKey,
    /// The name visitors read.
    pub name: String,
    /// Origins whose pages may open a visitor socket, as `scheme://host[:port]`; [`OWN_ORIGIN`] stands for the
    /// server's own address.
    pub origins: Vec<String>,
    /// The departments it offers; the first is the default.
    pub departments: Vec<DepartmentKey>,
    /// The form before the chat; empty means none.
    pub form: Vec<FormField>,
    /// What the widget says before the visitor does.
    pub greeting: Option<String>,
    /// The brand colour, `#rrggbb`.
    pub color: Option<String>,
    /// Whether agents see what a visitor types before it is sent.
    pub typing_preview: bool,
    /// How its widget looks and what it may do.
    pub widget: WidgetSettings,
    /// The secret that signs visitors' identities with HS256. Never leaves the server.
    pub identity_secret: Option<String>,
    /// A public key (PEM) that checks visitors' identities signed with ES256, RS256 or EdDSA.
    pub identity_public_key: Option<String>,
}

/// In [`Site::origins`]: the address this server is reached at, whatever it is.
pub const OWN_ORIGIN: &str = "self";

/// One field of a site's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FormField {
    /// The key under which the answer arrives in `start.fields`.
    pub name: String,
    /// The label visitors read.
    pub label: String,
    /// What kind of answer.
    pub kind: FormFieldKind,
    /// Whether the chat cannot start without it.
    #[serde(default)]
    pub required: bool,
    /// The choices of a `select`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// The kinds of form field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormFieldKind {
    /// One line.
    Text,
    /// A mail address.
    Email,
    /// Several lines.
    Textarea,
    /// One of `options`.
    Select,
}

/// A department: one line of waiting conversations and the agents who serve it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    /// Its key.
    pub key: DepartmentKey,
    /// The name people read.
    pub name: String,
    /// How an agent gets the next conversation.
    pub mode: PairingMode,
    /// Added to the order: −2 … 2, higher first.
    pub priority: i8,
    /// After this long without a word in an open chat a warning is written into it; `None` is never.
    pub idle_limit_ms: Option<Millis>,
    /// So long after the warning the chat is closed.
    pub idle_close_ms: Millis,
    /// The warning's text.
    pub idle_text: String,
    /// When it is open; `None` is always.
    pub hours: Option<Hours>,
    /// What it promises itself.
    pub standard: Standard,
    /// How far it reaches beyond its own line.
    pub routing: Routing,
}

/// Silence that follows an idle warning before the chat is closed, unless the department says otherwise.
pub const IDLE_CLOSE_DEFAULT: Millis = Millis::seconds(60);
/// The idle warning, unless the department words its own.
pub const IDLE_TEXT_DEFAULT: &str = "Are you still there? This chat closes soon if nobody writes.";

/// How an agent gets the next conversation of a department.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairingMode {
    /// At once.
    #[default]
    Assign,
    /// As an offer that rings and may be declined.
    Offer,
}

/// A person who works at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: AgentId,
    /// Signs in with it; compared without regard to case.
    pub email: String,
    /// Shown to visitors and colleagues.
    pub name: String,
    /// What they may do.
    pub role: PersonRole,
    /// The departments they serve.
    pub departments: Vec<DepartmentKey>,
    /// What they can do that not all can: sorted, none of them twice.
    pub skills: Vec<Skill>,
    /// Since when they exist.
    pub created_at: At,
    /// Their place at the desk, as last written in the agents' journal.
    pub status: Status,
    /// How many conversations they take at once, 0–100.
    pub capacity: u8,
}

/// The most skills of a person: more than that, and nobody keeps them true.
pub const SKILLS_MAX: usize = 32;
/// Conversations at once for somebody new, by the contract.
pub const CAPACITY_DEFAULT: u8 = 3;
/// The most conversations at once that anybody may ask for, by the contract.
pub const CAPACITY_MAX: u8 = 100;

/// What a person may do; each may do all that the one before may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    TS,
    JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PersonRole {
    /// Serves conversations of the own departments.
    Agent,
    /// Watches and takes over any conversation, manages agents, tags and canned replies.
    Supervisor,
    /// Manages sites, departments and everybody.
    Admin,
}

/// Whether an agent takes conversations.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Takes the next conversation.
    Online,
    /// At the panel, takes nothing new.
    Away,
    /// Not at the panel.
    Offline,
}

/// One row of the agents' journal: the source of status after a restart and of all occupancy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Who changed.
    pub agent: AgentId,
    /// The status from here.
    pub status: Status,
    /// The capacity from here.
    pub capacity: u8,
    /// The departments from here.
    pub departments: Vec<DepartmentKey>,
    /// Why.
    pub reason: JournalReason,
}

/// Why an agent's place at the desk changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalReason {
    /// The person was added.
    Created,
    /// A session began.
    SignedIn,
    /// The agent chose so.
    Chosen,
    /// The last socket was gone for longer than the grace time.
    Gone,
    /// Several offers in a row were missed.
    MissedOffers,
    /// Somebody changed departments or capacity in the settings.
    Settings,
    /// The person was removed.
    Removed,
}

/// A visitor as the store knows one: written when a conversation starts, not at each page view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    /// Who.
    pub id: VisitorId,
    /// Of which site.
    pub site: SiteKey,
    /// The `sub` of a signed identity.
    pub subject: Option<String>,
    /// From the identity, or as filled in.
    pub name: Option<String>,
    /// From the identity, or as filled in.
    pub email: Option<String>,
    /// What else is known, by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The order of this visitor's conversations, from the signed identity only.
    pub priority: i8,
    /// BCP 47 tag of the page or browser.
    pub lang: Option<String>,
    /// IANA time zone.
    pub tz: Option<String>,
    /// The page they are on.
    pub page: Option<Page>,
}

/// Something known of a visitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct Attribute {
    /// The value, as text.
    pub value: String,
    /// Whether it came in a signed identity; anything else is only what the visitor says.
    pub signed: bool,
}

/// The page a visitor is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema, utoipa::ToSchema)]
pub struct Page {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Where the visitor came from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub referrer: Option<String>,
}

/// Highest `seq` that each side has seen.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    TS,
    JsonSchema,
    utoipa::ToSchema,
)]
pub struct ReadMarks {
    /// By the visitor.
    #[ts(type = "number")]
    pub visitor: u64,
    /// By an agent.
    #[ts(type = "number")]
    pub agent: u64,
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// With a password, in a browser.
    Cookie,
    /// With an API token.
    Token,
}

/// A login session or an API token. The secret itself is never kept, only its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Names it.
    pub id: SessionId,
    /// Whose it is.
    pub person: AgentId,
    /// Cookie or token.
    pub kind: SessionKind,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// What the owner calls it (tokens).
    pub label: String,
    /// Since when.
    pub created_at: At,
    /// Last used, to the minute.
    pub seen_at: At,
    /// Not valid from here; tokens do not expire.
    pub expires_at: Option<At>,
}

/// A reply ready to be inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedReply {
    /// Names it.
    pub id: CannedReplyId,
    /// Typed after `/`.
    pub shortcut: String,
    /// Shown in lists.
    pub title: String,
    /// What is inserted.
    pub text: String,
    /// For one department only.
    pub department: Option<DepartmentKey>,
}
