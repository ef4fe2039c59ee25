//! Tags that conversations are filed under: `/api/tags`. Everybody picks from them; supervisors keep the list.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::protocol::parse::TAG_CHARS_MAX;
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Body, Named, line};
use crate::web::rest::caller::{Caller, Supervisor};
use crate::web::rest::problems::{BadRequest, Forbidden, NotFound, Unauthorized};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_tags, add_tag))
        .routes(routes!(remove_tag))
}

/// Most tags on the list: one reads them all each time one picks.
const TAGS_MAX: usize = 1_000;

/// All tags, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tags {
    tags: Vec<Tag>,
}

/// A tag.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    tag: String,
}

/// All tags
#[utoipa::path(get, path = "/api/tags", tag = "tags",
    responses(
        (status = 200, body = Tags),
        Unauthorized,
    ))]
async fn list_tags(State(rest): State<Arc<Rest>>, _: Caller) -> Result<Json<Tags>, Problem> {
    let tags = rest.store.tags().await?;
    Ok(Json(Tags {
        tags: tags.into_iter().map(|tag| Tag { tag }).collect(),
    }))
}

/// Add a tag
#[utoipa::path(post, path = "/api/tags", tag = "tags",
    request_body = Tag,
    responses(
        (status = 201, body = Tag),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "It exists already"),
        BadRequest, Unauthorized, Forbidden,
    ))]
async fn add_tag(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Body(wanted): Body<Tag>,
) -> Result<(StatusCode, Json<Tag>), Problem> {
    let tag = line("tag", &wanted.tag, TAG_CHARS_MAX)?;
    if rest.store.tags().await?.len() >= TAGS_MAX {
        return Err(Problem::conflict(format!(
            "There are {TAGS_MAX} tags already. Remove one that is not used any more."
        )));
    }
    rest.store.create_tag(&tag).await?;
    Ok((StatusCode::CREATED, Json(Tag { tag })))
}

/// Remove a tag
///
/// From the list only: conversations keep it.
#[utoipa::path(delete, path = "/api/tags/{tag}", tag = "tags",
    params(("tag" = String, Path)),
    responses(
        (status = 204, description = "Removed"),
        Unauthorized, Forbidden, NotFound,
    ))]
async fn remove_tag(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Named(tag): Named<String>,
) -> Result<StatusCode, Problem> {
    rest.store.remove_tag(&tag).await?;
    Ok(StatusCode::NO_CONTENT)
}
