//! Conversations, newest first, and one by one: `/api/conversations`.
//!
//! An agent sees those of the own departments and those they own or owned last; supervisors see all. What one may not
//! see is not there. Their events are in `events`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::desk;
use crate::domain::conversation::Place;
use crate::model::event::{AgentName, CloseReason, Mode};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, SiteKey, VisitorId};
use crate::model::record::{Person, ReadMarks};
use crate::model::time::At;
use crate::protocol::parse::check_tags;
use crate::protocol::parts::{State as ConversationState, VisitorCard};
use crate::store::{Card, ConversationFilter, PlaceFilter, Store};
use crate::web::error::Problem;
use crate::web::rest::Rest;
use crate::web::rest::body::{Asked, Body, Named};
use crate::web::rest::caller::Caller;
use crate::web::rest::problems::{BadRequest, NotFound, Unauthorized};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_conversations))
        .routes(routes!(read_conversation))
        .routes(routes!(tag_conversation))
}

/// Conversations in a list, unless asked otherwise.
const LIMIT_DEFAULT: u32 = 50;
/// Most conversations in a list.
const LIMIT_MAX: u32 = 200;
/// Longest text to search for, in characters.
const SEARCH_CHARS_MAX: usize = 200;

/// Which conversations to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Only those that are there. One that rings at an agent counts as `queued`.
    #[serde(default)]
    #[param(inline)]
    state: Option<WantedState>,
    /// Only this department's.
    #[serde(default)]
    department: Option<DepartmentKey>,
    /// Only those that this agent owns or owned last.
    #[serde(default)]
    agent: Option<AgentId>,
    /// Only this visitor's.
    #[serde(default)]
    visitor: Option<VisitorId>,
    /// Only those whose visitor's name, address or first words contain this.
    #[serde(default)]
    q: Option<String>,
    /// Only those that come after this one in the list: the last `id` of the part before.
    #[serde(default)]
    before: Option<ConversationId>,
    /// At most so many, 1 to 200; 50 unless said.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Where a conversation may be asked to be.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedState {
    /// In line, or ringing at an agent.
    Queued,
    /// With an agent.
    Active,
    /// Over.
    Closed,
}

/// Part of the list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Conversations {
    /// Newest first.
    conversations: Vec<OneConversation>,
    /// Whether the list goes on; ask for what comes `before` the last.
    more: bool,
}

/// A conversation, as the desk sees it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneConversation {
    id: ConversationId,
    site: SiteKey,
    state: ConversationState,
    /// Chat now, or left to be answered later.
    mode: Mode,
    /// Whose line it waits in or waited in last.
    department: DepartmentKey,
    /// The owner; of a closed one who served it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<AgentName>,
    visitor: VisitorCard,
    /// The visitor's first words.
    summary: String,
    /// −2 … 2, higher first.
    priority: i8,
    /// When the place in the line was taken.
    enqueued_at: At,
    /// When the last event was written.
    last_at: At,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<At>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_reason: Option<CloseReason>,
    tags: Vec<String>,
    /// 1 (very bad) … 5 (very good).
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
    /// The last event.
    seq: u64,
    /// How far each side has read.
    read: ReadMarks,
}

/// What a conversation is filed under.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationTags {
    tags: Vec<String>,
}

/// Conversations, newest first
#[utoipa::path(get, path = "/api/conversations", tag = "conversations",
    params(Wanted),
    responses(
        (status = 200, body = Conversations),
        BadRequest, Unauthorized,
    ))]
async fn list_conversations(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Conversations>, Problem> {
    let limit = wanted.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("The limit is 1 to {LIMIT_MAX}.");
        return Err(Problem::field("limit", detail));
    }
    let filter = filter(caller.person(), wanted, limit)?;
    let mut cards = rest.store.conversations(filter).await?;
    let limit = usize::try_from(limit).expect("a limit of 200 fits");
    let more = cards.len() > limit;
    cards.truncate(limit);
    let mut conversations = Vec::with_capacity(cards.len());
    for card in cards {
        conversations.push(shown(&rest, card).await);
    }
    Ok(Json(Conversations {
        conversations,
        more,
    }))
}

/// One conversation
#[utoipa::path(get, path = "/api/conversations/{id}", tag = "conversations",
    params(("id" = ConversationId, Path)),
    responses(
        (status = 200, body = OneConversation),
        Unauthorized, NotFound,
    ))]
async fn read_conversation(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    Named(id): Named<ConversationId>,
) -> Result<Json<OneConversation>, Problem> {
    let card = visible(&*rest.store, caller.person(), id).await?;
    Ok(Json(shown(&rest, card).await))
}

/// File a conversation under tags
///
/// Replaces the tags it had; also after it was closed.
#[utoipa::path(put, path = "/api/conversations/{id}/tags", tag = "conversations",
    params(("id" = ConversationId, Path)),
    request_body = ConversationTags,
    responses(
        (status = 200, body = OneConversation),
        BadRequest, Unauthorized, NotFound,
    ))]
async fn tag_conversation(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    Named(id): Named<ConversationId>,
    Body(wanted): Body<ConversationTags>,
) -> Result<Json<OneConversation>, Problem> {
    check_tags(&wanted.tags).map_err(|wrong| Problem::field("tags", wrong.message))?;
    let mut tags = Vec::new();
    for tag in wanted.tags {
        let tag = tag.trim().to_owned();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let mut card = visible(&*rest.store, caller.person(), id).await?;
    rest.store.tag_conversation(id, tags.clone()).await?;
    card.conversation.tags = tags;
    Ok(Json(shown(&rest, card).await))
}

/// The conversation, if the person may see it.
pub async fn visible(
    store: &dyn Store,
    person: &Person,
    id: ConversationId,
) -> Result<Card, Problem> {
    let card = store.card(id).await?.ok_or_else(Problem::not_found)?;
    if desk::may_see(person, &card.conversation) || owned_last(store, person, id).await? {
        Ok(card)
    } else {
        Err(Problem::not_found())
    }
}

/// Whether the person was its last owner: what one served stays in one's list when it is closed, in whatever
/// department. The list is asked for the one place where the conversation would stand.
async fn owned_last(
    store: &dyn Store,
    person: &Person,
    id: ConversationId,
) -> Result<bool, Problem> {
    let next = ConversationId(Uuid::from_u128(id.0.as_u128().saturating_add(1)));
    let filter = ConversationFilter {
        agent: Some(person.id),
        before: Some(next),
        limit: 1,
        ..ConversationFilter::default()
    };
    let found = store.conversations(filter).await?;
    Ok(found.first().is_some_and(|card| card.conversation.id == id))
}

fn filter(person: &Person, wanted: Wanted, limit: u32) -> Result<ConversationFilter, Problem> {
    if let Some(q) = &wanted.q
        && (q.chars().count() > SEARCH_CHARS_MAX || q.contains('\0'))
    {
        let detail = format!("Search for at most {SEARCH_CHARS_MAX} characters.");
        return Err(Problem::field("q", detail));
    }
    let is_own_list = wanted.agent == Some(person.id);
    let sees_all = desk::is_supervisor(person) || is_own_list;
    let departments = match (wanted.department, sees_all) {
        (Some(key), true) => Some(vec![key]),
        (Some(key), false) => {
            let is_own = person.departments.contains(&key);
            Some(is_own.then_some(key).into_iter().collect())
        }
        (None, true) => None,
        (None, false) => Some(person.departments.clone()),
    };
    Ok(ConversationFilter {
        state: wanted.state.map(|state| match state {
            WantedState::Queued => PlaceFilter::Waiting,
            WantedState::Active => PlaceFilter::Served,
            WantedState::Closed => PlaceFilter::Closed,
        }),
        departments,
        agent: wanted.agent,
        visitor: wanted.visitor,
        text: wanted.q.filter(|q| !q.trim().is_empty()),
        before: wanted.before,
        // One more than shown says whether the list goes on.
        limit: limit + 1,
    })
}

async fn shown(rest: &Rest, card: Card) -> OneConversation {
    let conversation = card.conversation;
    let state = match &conversation.place {
        Place::Waiting { .. } if rest.desk.is_offered(conversation.id).await => {
            ConversationState::Offered
        }
        Place::Waiting { .. } => ConversationState::Queued,
        Place::Served { .. } => ConversationState::Active,
        Place::Closed { .. } => ConversationState::Closed,
    };
    let (closed_reason, closed_at) = match conversation.place {
        Place::Closed { reason, at } => (Some(reason), Some(at)),
        Place::Waiting { .. } | Place::Served { .. } => (None, None),
    };
    let agent = match &conversation.place {
        Place::Served { agent } => Some(agent.clone()),
        Place::Closed { .. } => card.last_agent,
        Place::Waiting { .. } => None,
    };
    OneConversation {
        id: conversation.id,
        state,
        mode: conversation.mode,
        agent,
        visitor: desk::visitor_card(&card.visitor),
        summary: card.summary,
        priority: conversation.priority,
        enqueued_at: conversation.enqueued_at,
        last_at: conversation.last_at,
        closed_at,
        closed_reason,
        rating: card.rating,
        seq: conversation.seq,
        read: conversation.read,
        site: conversation.site,
        department: conversation.department,
        tags: conversation.tags,
    }
}
