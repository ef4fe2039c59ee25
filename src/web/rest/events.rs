//! The log of a conversation: `/api/conversations/{id}/events`, for the desk and for the visitor whose it is.
//!
//! The same frames as on the sockets, in the reader's view; who may read it, `reader` says.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::options;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::event::Seq;
use crate::model::id::ConversationId;
use crate::protocol::parts::EventFrame;
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Asked, Named};
use crate::web::rest::caller::OriginRule;
use crate::web::rest::problems::{BadRequest, NotFound, Unauthorized};
use crate::web::rest::reader;

/// The routes of this file. What a browser asks beforehand is no resource, so the document is silent about it.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_events))
        .route(PATH, options(preflight))
}

const PATH: &str = "/api/conversations/{id}/events";

/// Events in an answer, unless asked otherwise.
const LIMIT_DEFAULT: u32 = 100;
/// Most events in an answer: of the longest texts about 20 MB, of usual ones 100 KB.
const LIMIT_MAX: u32 = 500;

/// Which part of the log.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Only events after this `seq`; 0 is the beginning.
    #[serde(default)]
    #[param(value_type = u64, default = 0)]
    after: Seq,
    /// At most so many, 1 to 500; 100 unless said.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
}

/// Part of a log, in order.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Events {
    /// As on the sockets.
    events: Vec<EventFrame>,
    /// Whether the log goes on after the last of them.
    more: bool,
}

/// Events of a conversation
///
/// For whoever at the desk may see it, and for its visitor with the token of `welcome` as bearer; a visitor does not
/// see notes.
#[utoipa::path(get, path = PATH, tag = "conversations",
    security(("session" = []), ("token" = []), ("visitor" = [])),
    params(("id" = ConversationId, Path), Part),
    responses(
        (status = 200, body = Events),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "A visitor's token on a page of another site"),
        BadRequest, Unauthorized, NotFound,
    ))]
async fn list_events(State(rest): State<Arc<Rest>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let answer = part_of_log(&rest, &mut parts).await;
    reader::shared(&rest, &parts.headers, answer)
}

async fn part_of_log(rest: &Arc<Rest>, parts: &mut Parts) -> Result<Json<Events>, Problem> {
    let Named(id) = Named::<ConversationId>::from_request_parts(parts, rest).await?;
    let Asked(part) = Asked::<Part>::from_request_parts(parts, rest).await?;
    let limit = part.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("The limit is 1 to {LIMIT_MAX}.");
        return Err(Problem::field("limit", detail));
    }
    let view = reader::of(rest, id, &parts.headers, OriginRule::Reads)
        .await?
        .view;
    // Beyond the store's integers nothing is; the end of the log is an empty answer, not a fault.
    let after = part.after.min(i64::MAX.unsigned_abs());
    let log = rest.store.events(id, view, after, limit).await?;
    let events = log
        .events
        .iter()
        .map(|(prev, event)| EventFrame::of(id, *prev, event, view))
        .collect();
    Ok(Json(Events {
        events,
        more: log.has_more,
    }))
}

/// What a browser asks before it sends an `Authorization` from another origin.
async fn preflight(State(rest): State<Arc<Rest>>, headers: HeaderMap) -> Response {
    reader::allowed(&rest, &headers, "GET", "authorization")
}
