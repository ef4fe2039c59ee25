//! My own login sessions: `/api/sessions`. Seeing where one is signed in, and ending it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::id::SessionId;
use crate::model::time::At;
use crate::web::error::Problem;
use crate::web::rest::body::Named;
use crate::web::rest::caller::{self, Caller};
use crate::web::rest::problems::{NotFound, Unauthorized};
use crate::web::rest::{Rest, SignedOut};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_sessions, end_sessions))
        .routes(routes!(end_session))
}

/// Where I am signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Sessions {
    sessions: Vec<OneSession>,
}

/// One login.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneSession {
    id: SessionId,
    created_at: At,
    /// Last used, to the minute.
    seen_at: At,
    /// Whether this request came with it.
    current: bool,
}

/// Where am I signed in
#[utoipa::path(get, path = "/api/sessions", tag = "session",
    responses(
        (status = 200, body = Sessions),
        Unauthorized,
    ))]
async fn list_sessions(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
) -> Result<Json<Sessions>, Problem> {
    let current = caller.0.session.id;
    let logins = rest.accounts.sessions.logins_of(caller.person().id).await?;
    let sessions = logins
        .into_iter()
        .map(|session| OneSession {
            id: session.id,
            created_at: session.created_at,
            seen_at: session.seen_at,
            current: session.id == current,
        })
        .collect();
    Ok(Json(Sessions { sessions }))
}

/// End one of my sessions
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "session",
    params(("id" = SessionId, Path)),
    responses(
        (status = 204, description = "Ended, its sockets closed"),
        Unauthorized, NotFound,
    ))]
async fn end_session(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    Named(id): Named<SessionId>,
) -> Result<StatusCode, Problem> {
    let person = caller.person().id;
    let logins = rest.accounts.sessions.logins_of(person).await?;
    if logins.iter().all(|login| login.id != id) {
        return Err(Problem::not_found());
    }
    rest.accounts.sessions.end(person, id).await?;
    rest.desk.signed_out(SignedOut::Sessions(vec![id])).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out everywhere
///
/// Ends every session of mine, this one too. API tokens stay.
#[utoipa::path(delete, path = "/api/sessions", tag = "session",
    responses(
        (status = 204, description = "Signed out everywhere"),
        Unauthorized,
    ))]
async fn end_sessions(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let person = caller.person().id;
    rest.store.end_sessions(person).await?;
    rest.desk
        .signed_out(SignedOut::Logins {
            person,
            except: None,
        })
        .await;
    let cookie = AppendHeaders([(header::SET_COOKIE, caller::drop_cookie(rest.secure_cookies))]);
    Ok((StatusCode::NO_CONTENT, cookie))
}
