//! API tokens: `/api/agents/{id}/tokens`. A token acts as its person; its secret is shown once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::sessions::TOKENS_MAX;
use crate::model::id::{AgentId, SessionId};
use crate::model::record::Session;
use crate::model::time::At;
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::body::{Body, Named, NamedTwice, line};
use crate::web::rest::caller::Caller;
use crate::web::rest::problems::{BadRequest, NotFound, Unauthorized};
use crate::web::rest::{Rest, SignedOut};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_tokens, issue_token))
        .routes(routes!(revoke_token))
}

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 100;

/// The tokens of a person.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tokens {
    tokens: Vec<OneToken>,
}

/// A token, without its secret.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneToken {
    id: SessionId,
    /// What its owner calls it.
    label: String,
    created_at: At,
    /// Last used, to the minute.
    seen_at: At,
}

impl From<Session> for OneToken {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            label: session.label,
            created_at: session.created_at,
            seen_at: session.seen_at,
        }
    }
}

/// What the new token is for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    label: String,
}

/// A new token, with its secret this once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct IssuedToken {
    #[serde(flatten)]
    about: OneToken,
    /// Send it as `Authorization: Bearer`. It is not shown again.
    token: String,
}

/// The API tokens of a person
///
/// For the person and for administrators.
#[utoipa::path(get, path = "/api/agents/{id}/tokens", tag = "agents",
    params(("id" = AgentId, Path)),
    responses(
        (status = 200, body = Tokens),
        Unauthorized, NotFound,
    ))]
async fn list_tokens(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    Named(id): Named<AgentId>,
) -> Result<Json<Tokens>, Problem> {
    let person = owner(&rest, &caller, id).await?;
    let tokens = rest.accounts.sessions.tokens_of(person).await?;
    Ok(Json(Tokens {
        tokens: tokens.into_iter().map(OneToken::from).collect(),
    }))
}

/// Make an API token
#[utoipa::path(post, path = "/api/agents/{id}/tokens", tag = "agents",
    params(("id" = AgentId, Path)),
    request_body = NewToken,
    responses(
        (status = 201, body = IssuedToken),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "Too many tokens already"),
        BadRequest, Unauthorized, NotFound,
    ))]
async fn issue_token(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    Named(id): Named<AgentId>,
    Body(wanted): Body<NewToken>,
) -> Result<(StatusCode, Json<IssuedToken>), Problem> {
    let label = line("label", &wanted.label, LABEL_CHARS_MAX)?;
    let person = owner(&rest, &caller, id).await?;
    let issued = rest.accounts.sessions.issue_token(person, &label).await?;
    let (session, secret) = issued.ok_or_else(|| {
        Problem::conflict(format!(
            "There are {TOKENS_MAX} tokens already. Remove one that is not used any more."
        ))
    })?;
    let answer = IssuedToken {
        about: session.into(),
        token: secret.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Remove an API token
#[utoipa::path(delete, path = "/api/agents/{id}/tokens/{token}", tag = "agents",
    params(("id" = AgentId, Path), ("token" = SessionId, Path)),
    responses(
        (status = 204, description = "Removed, its sockets closed"),
        Unauthorized, NotFound,
    ))]
async fn revoke_token(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    NamedTwice(id, token): NamedTwice<AgentId, SessionId>,
) -> Result<StatusCode, Problem> {
    let person = owner(&rest, &caller, id).await?;
    let tokens = rest.accounts.sessions.tokens_of(person).await?;
    if tokens.iter().all(|one| one.id != token) {
        return Err(Problem::not_found());
    }
    rest.accounts.sessions.end(person, token).await?;
    rest.desk.signed_out(SignedOut::Sessions(vec![token])).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose tokens these are, if the caller may deal with them.
async fn owner(rest: &Rest, caller: &Caller, id: AgentId) -> Result<AgentId, Problem> {
    if caller.person().id == id {
        return Ok(id);
    }
    if !caller.is_admin() || rest.store.person(id).await?.is_none() {
        return Err(Problem::not_found());
    }
    Ok(id)
}
