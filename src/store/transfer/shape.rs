//! Which tables and columns an export has: the one list from which both engines make their statements.
//!
//! Tables stand in the order in which they can be filled, each after those that it refers to, and name the columns that put
//! their rows in order. A test holds the list against the schemas (`tests/it/transfer.rs`), so that no migration is forgotten here.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::model::article::ArticleStatus;
use crate::model::event::{Body, CloseReason, Mode, Role};
use crate::model::hours::Hours;
use crate::model::id::{
    AgentId, ArticleId, AttachmentId, CannedReplyId, CommandId, ConversationId, DepartmentKey,
    SessionId, SiteKey, Skill, VisitId, VisitorId,
};
use crate::model::record::{
    Attribute, FormField, JournalReason, Page, PairingMode, PersonRole, SessionKind, Status,
};
use crate::model::routing::Routing;
use crate::model::standard::Standard;
use crate::model::time::{At, Millis};
use crate::model::widget_settings::WidgetSettings;
use crate::store::attachments::AttachmentState;
use crate::store::promises::WaitEnd;
use crate::store::values::{Column, Json, Value, Word};

/// A table of the export.
#[derive(Debug)]
pub struct Table {
    /// Its name, in the export and in both engines.
    pub name: &'static str,
    /// In the order in which they are written.
    pub columns: &'static [Shape],
    /// The columns that put rows in order, which no two rows share; none of them is ever null.
    pub order: &'static [&'static str],
}

/// A column of it.
#[derive(Debug)]
pub struct Shape {
    /// Its name, in the export and in both engines.
    pub name: &'static str,
    /// What stands in it.
    pub kind: Kind,
    /// Whether nothing may stand in it.
    pub is_optional: bool,
    /// Whether it can be what Balie reads from it; in words why not.
    check: fn(Value<'_>) -> Result<(), String>,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A UUID.
    Id,
    /// A whole number, a moment or a span.
    Whole,
    /// A number with a fraction.
    Real,
    /// Yes or no.
    Flag,
    /// A text, a key or a word.
    Text,
    /// JSON.
    Json,
    /// Bytes.
    Bytes,
}

/// What stands in one column of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A UUID.
    Id(Uuid),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(String),
    /// JSON, as it was written.
    Json(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row: a cell for each column of its table.
pub type Row = Vec<Cell>;

impl Table {
    /// Where the column stands.
    ///
    /// # Panics
    /// When the table has none of this name.
    #[must_use]
    pub fn place_of(&self, column: &str) -> usize {
        let place = self.columns.iter().position(|one| one.name == column);
        place.expect("a column of the table")
    }

    /// The column that a rule of the schema is named after, as in `table_column`.
    #[must_use]
    pub fn column_of_rule(&self, rule: &str) -> Option<String> {
        let named = rule.strip_prefix(self.name)?.strip_prefix('_')?;
        let is_there = self.columns.iter().any(|column| column.name == named);
        is_there.then(|| named.to_owned())
    }

    /// The names of its columns, divided by commas.
    #[must_use]
    pub fn column_list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }
}

impl Shape {
    /// Whether Balie can read this from the column; in words why not.
    pub(in crate::store) fn check(&self, cell: &Cell) -> Result<(), String> {
        if let Cell::Text(text) = cell
            && text.contains('\0')
        {
            return Err("holds a NUL character, which not every store can".to_owned());
        }
        (self.check)(cell.value())
    }
}

impl Cell {
    /// As an engine would have it in the column.
    #[must_use]
    pub(in crate::store) fn value(&self) -> Value<'_> {
        match self {
            Cell::Null => Value::Null,
            Cell::Id(id) => Value::Id(*id),
            Cell::Whole(number) => Value::Integer(*number),
            Cell::Real(number) => Value::Real(*number),
            Cell::Flag(is_so) => Value::Integer(i64::from(*is_so)),
            Cell::Text(text) | Cell::Json(text) => Value::Text(text),
            Cell::Bytes(bytes) => Value::Bytes(bytes),
        }
    }

    /// What an engine has in a column of this kind.
    pub(in crate::store) fn read(kind: Kind, found: Found) -> Result<Self, String> {
        Ok(match (kind, found) {
            (_, Found::Null) => Cell::Null,
            (Kind::Id, Found::Id(id)) => Cell::Id(id),
            (Kind::Id, Found::Bytes(bytes)) => {
                Cell::Id(Uuid::from_slice(&bytes).map_err(|error| error.to_string())?)
            }
            (Kind::Whole, Found::Integer(number)) => Cell::Whole(number),
            (Kind::Real, Found::Real(number)) if number.is_finite() => Cell::Real(number),
            (Kind::Flag, Found::Integer(number)) => Cell::Flag(number != 0),
            (Kind::Text, Found::Text(text)) => Cell::Text(text),
            (Kind::Json, Found::Text(text)) => Cell::Json(text),
            (Kind::Bytes, Found::Bytes(bytes)) => Cell::Bytes(bytes),
            (kind, _) => return Err(format!("it does not hold {}", kind.words())),
        })
    }
}

impl Kind {
    /// What is expected, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Kind::Id => "an id",
            Kind::Whole => "a whole number",
            Kind::Real => "a number",
            Kind::Flag => "true or false",
            Kind::Text => "a text",
            Kind::Json => "JSON",
            Kind::Bytes => "bytes in hexadecimal digits",
        }
    }
}

/// What an engine has in a column, whatever it is, kept beyond the row.
#[derive(Clone, Debug)]
pub(in crate::store) enum Found {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
}

impl Column for Found {
    fn of(value: Value<'_>) -> Result<Self, String> {
        Ok(match value {
            Value::Null => Found::Null,
            Value::Integer(number) => Found::Integer(number),
            Value::Real(number) => Found::Real(number),
            Value::Text(text) => Found::Text(text.to_owned()),
            Value::Bytes(bytes) => Found::Bytes(bytes.to_vec()),
            Value::Id(id) => Found::Id(id),
        })
    }
}

/// The kind of column that a type is read from.
trait Kept: Column {
    const KIND: Kind;
    const IS_OPTIONAL: bool = false;
}

macro_rules! kept {
    ($($kind:ident: $($name:ty),+;)+) => {$($(
        impl Kept for $name {
            const KIND: Kind = Kind::$kind;
        }
    )+)+};
}

kept! {
    Id: Uuid, AgentId, ArticleId, AttachmentId, CannedReplyId, CommandId, ConversationId, SessionId, VisitId, VisitorId;
    Whole: i8, u8, u32, u64, i64, At, Millis;
    Real: f64;
    Flag: bool;
    Text: String, DepartmentKey, SiteKey;
}

impl<T: DeserializeOwned> Kept for Word<T> {
    const KIND: Kind = Kind::Text;
}

impl<T: DeserializeOwned> Kept for Json<T> {
    const KIND: Kind = Kind::Json;
}

impl<const LENGTH: usize> Kept for [u8; LENGTH] {
    const KIND: Kind = Kind::Bytes;
}

impl<T: Kept> Kept for Option<T> {
    const KIND: Kind = T::KIND;
    const IS_OPTIONAL: bool = true;
}

/// A column that Balie reads this type from.
const fn of<T: Kept>(name: &'static str) -> Shape {
    Shape {
        name,
        kind: T::KIND,
        is_optional: T::IS_OPTIONAL,
        check: can_be::<T>,
    }
}

fn can_be<T: Column>(value: Value<'_>) -> Result<(), String> {
    T::of(value).map(drop)
}

/// Every table, in the order of the export.
pub static TABLES: &[Table] = &[
    Table {
        name: "installation",
        columns: &[
            of::<i64>("only_row"),
            of::<String>("epoch"),
            of::<[u8; 32]>("token_secret"),
        ],
        order: &["only_row"],
    },
    Table {
        name: "department",
        columns: &[
            of::<DepartmentKey>("key"),
            of::<String>("name"),
            of::<Word<PairingMode>>("mode"),
            of::<i8>("priority"),
            of::<Option<Millis>>("idle_limit_ms"),
            of::<Millis>("idle_close_ms"),
            of::<String>("idle_text"),
            of::<Option<Json<Hours>>>("hours"),
            of::<Option<Json<Standard>>>("standard"),
            of::<Option<Json<Routing>>>("routing"),
        ],
        order: &["key"],
    },
    Table {
        name: "site",
        columns: &[
            of::<SiteKey>("key"),
            of::<String>("name"),
            of::<Json<Vec<String>>>("origins"),
            of::<Json<Vec<FormField>>>("form"),
            of::<Option<String>>("greeting"),
            of::<Option<String>>("color"),
            of::<bool>("typing_preview"),
            of::<Json<WidgetSettings>>("widget"),
            of::<Option<String>>("identity_secret"),
            of::<Option<String>>("identity_public_key"),
        ],
        order: &["key"],
    },
    Table {
        name: "site_department",
        columns: &[
            of::<SiteKey>("site"),
            of::<i64>("position"),
            of::<DepartmentKey>("department"),
        ],
        order: &["site", "position"],
    },
    Table {
        name: "person",
        columns: &[
            of::<AgentId>("id"),
            of::<String>("email"),
            of::<String>("email_folded"),
            of::<String>("name"),
            of::<Word<PersonRole>>("role"),
            of::<String>("password_hash"),
            of::<At>("created_at"),
            of::<Word<Status>>("status"),
            of::<u8>("capacity"),
            of::<Json<Vec<Skill>>>("skills"),
        ],
        order: &["id"],
    },
    Table {
        name: "person_department",
        columns: &[
            of::<AgentId>("person"),
            of::<i64>("position"),
            of::<DepartmentKey>("department"),
        ],
        order: &["person", "position"],
    },
    Table {
        name: "rota",
        columns: &[of::<AgentId>("person"), of::<Json<Hours>>("week")],
        order: &["person"],
    },
    Table {
        name: "agent_journal",
        columns: &[
            of::<i64>("number"),
            of::<AgentId>("agent"),
            of::<At>("at"),
            of::<Word<Status>>("status"),
            of::<u8>("capacity"),
            of::<Json<Vec<DepartmentKey>>>("departments"),
            of::<Word<JournalReason>>("reason"),
        ],
        order: &["number"],
    },
    Table {
        name: "session",
        columns: &[
            of::<SessionId>("id"),
            of::<AgentId>("person"),
            of::<Word<SessionKind>>("kind"),
            of::<[u8; 32]>("secret_hash"),
            of::<String>("label"),
            of::<At>("created_at"),
            of::<At>("seen_at"),
            of::<Option<At>>("expires_at"),
        ],
        order: &["id"],
    },
    Table {
        name: "tag",
        columns: &[of::<String>("tag")],
        order: &["tag"],
    },
    Table {
        name: "canned_reply",
        columns: &[
            of::<CannedReplyId>("id"),
            of::<String>("shortcut"),
            of::<String>("title"),
            of::<String>("text"),
            of::<Option<DepartmentKey>>("department"),
        ],
        order: &["id"],
    },
    Table {
        name: "visitor",
        columns: &[
            of::<VisitorId>("id"),
            of::<SiteKey>("site"),
            of::<Option<String>>("subject"),
            of::<Option<String>>("name"),
            of::<Option<String>>("email"),
            of::<Json<BTreeMap<String, Attribute>>>("attributes"),
            of::<i8>("priority"),
            of::<Option<String>>("lang"),
            of::<Option<String>>("tz"),
            of::<Option<Json<Page>>>("page"),
            of::<At>("saved_at"),
        ],
        order: &["id"],
    },
    Table {
        name: "conversation",
        columns: &[
            of::<ConversationId>("id"),
            of::<SiteKey>("site"),
            of::<VisitorId>("visitor"),
            of::<Option<String>>("visitor_name"),
            of::<DepartmentKey>("department"),
            of::<i8>("priority"),
            of::<Word<Mode>>("mode"),
            of::<At>("enqueued_at"),
            of::<Json<Vec<String>>>("needs"),
            of::<Option<AgentId>>("known_agent"),
            of::<String>("state"),
            of::<Option<At>>("waiting_since_at"),
            of::<Option<AgentId>>("owner"),
            of::<Option<String>>("owner_name"),
            of::<Option<Word<CloseReason>>>("close_reason"),
            of::<Option<At>>("closed_at"),
            of::<u64>("placed_seq"),
            of::<u64>("seq"),
            of::<u64>("visitor_seq"),
            of::<At>("last_at"),
            of::<At>("said_at"),
            of::<Option<At>>("idle_warned_at"),
            of::<bool>("is_agent_away"),
            of::<bool>("is_rated"),
            of::<Json<Vec<String>>>("tags"),
            of::<u64>("read_visitor"),
            of::<u64>("read_agent"),
            of::<String>("summary"),
            of::<Option<u8>>("rating"),
            of::<Option<AgentId>>("last_agent"),
            // How the first wait ended stood here once; the log says it, and what older rows hold goes along unread.
            of::<Option<String>>("first_wait_end"),
            of::<Option<At>>("first_wait_ended_at"),
            of::<Option<Millis>>("first_wait_ms"),
            of::<Option<DepartmentKey>>("first_wait_department"),
        ],
        order: &["id"],
    },
    Table {
        name: "event",
        columns: &[
            of::<ConversationId>("conversation"),
            of::<u64>("seq"),
            of::<At>("at"),
            of::<Option<CommandId>>("cmd"),
            of::<Word<Role>>("role"),
            of::<Option<Uuid>>("sender"),
            of::<Option<String>>("sender_name"),
            of::<Option<u64>>("visitor_prev"),
            of::<Json<Body>>("body"),
        ],
        order: &["conversation", "seq"],
    },
    Table {
        name: "command",
        columns: &[
            of::<CommandId>("cmd"),
            of::<Uuid>("sender"),
            of::<ConversationId>("conversation"),
            of::<u64>("seq"),
            of::<At>("at"),
        ],
        order: &["cmd", "sender"],
    },
    Table {
        name: "promise",
        columns: &[
            of::<ConversationId>("conversation"),
            of::<At>("since_at"),
            of::<i64>("minute"),
            of::<bool>("is_first"),
            of::<At>("made_at"),
            of::<DepartmentKey>("department"),
            of::<Millis>("p50_ms"),
            of::<Millis>("p90_ms"),
            of::<Option<At>>("ended_at"),
            of::<Option<Word<WaitEnd>>>("outcome"),
        ],
        order: &["conversation", "since_at", "minute"],
    },
    Table {
        name: "attachment",
        columns: &[
            of::<AttachmentId>("id"),
            of::<ConversationId>("conversation"),
            of::<Word<Role>>("role"),
            of::<Uuid>("uploader"),
            of::<String>("name"),
            of::<String>("type"),
            of::<u64>("bytes"),
            of::<Option<u32>>("width"),
            of::<Option<u32>>("height"),
            of::<Option<[u8; 32]>>("sha256"),
            of::<Word<AttachmentState>>("state"),
            of::<bool>("is_note"),
            of::<At>("at"),
        ],
        order: &["id"],
    },
    Table {
        name: "article",
        columns: &[
            of::<i64>("number"),
            of::<ArticleId>("id"),
            of::<SiteKey>("site"),
            of::<String>("lang"),
            of::<u32>("position"),
            of::<Word<ArticleStatus>>("status"),
            of::<String>("title"),
            of::<String>("body"),
            of::<At>("updated_at"),
            of::<Option<AgentId>>("updated_by"),
            of::<Option<String>>("updated_by_name"),
        ],
        order: &["number"],
    },
    Table {
        name: "self_service_visit",
        columns: &[
            of::<SiteKey>("site"),
            of::<VisitId>("visit"),
            of::<At>("first_at"),
            of::<u64>("searched"),
            of::<u64>("read"),
            of::<u64>("helpful"),
            of::<u64>("not_helpful"),
            of::<u64>("chats"),
            of::<u64>("messages"),
        ],
        order: &["site", "visit"],
    },
    Table {
        name: "self_service_article",
        columns: &[
            of::<SiteKey>("site"),
            of::<VisitId>("visit"),
            of::<ArticleId>("article"),
            of::<At>("read_at"),
            of::<Option<bool>>("helpful"),
        ],
        order: &["site", "visit", "article"],
    },
    Table {
        name: "self_service_phrase",
        columns: &[
            of::<SiteKey>("site"),
            of::<String>("phrase"),
            of::<f64>("weight"),
            of::<u64>("visits"),
            of::<At>("last_at"),
            of::<VisitId>("last_visit"),
        ],
        order: &["site", "phrase"],
    },
];
