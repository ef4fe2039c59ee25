//! Signing in and out with a password: `/api/login`, `/api/logout`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::sessions::Begun;
use crate::accounts::sign_in::SignInError;
use crate::accounts::throttle::Throttled;
use crate::model::id::AgentId;
use crate::model::record::{Person, PersonRole, SessionKind};
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::body::Body;
use crate::web::rest::caller::{self, ClientAddress, FromOurPage};
use crate::web::rest::problems::BadRequest;
use crate::web::rest::{Rest, SignedOut};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(log_in))
        .routes(routes!(log_out))
}

/// Mail address and password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// Who signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LoggedIn {
    agent: WhoLoggedIn,
}

/// A person, as their browser needs to know them.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WhoLoggedIn {
    id: AgentId,
    name: String,
    email: String,
    role: PersonRole,
}

impl LoggedIn {
    /// The answer that tells this person who they are.
    #[must_use]
    pub fn of(person: &Person) -> Self {
        Self {
            agent: WhoLoggedIn {
                id: person.id,
                name: person.name.clone(),
                email: person.email.clone(),
                role: person.role,
            },
        }
    }
}

/// A `Set-Cookie` of ours.
pub type SetCookie = AppendHeaders<[(header::HeaderName, HeaderValue); 1]>;

/// Sign in
///
/// Sets the cookie `balie_session`. A session that the browser held before ends. The answer to wrong words takes the
/// same time whether or not the address is anybody's.
#[utoipa::path(post, path = "/api/login", tag = "session", security(()),
    request_body = Login,
    responses(
        (status = 200, body = LoggedIn, headers(("set-cookie" = String, description = "The session"))),
        (status = 401, body = ProblemBody, content_type = "application/problem+json", description = "Wrong address or password"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "Sent by a page of another site"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "Too many failures; see Retry-After"),
        BadRequest,
    ))]
async fn log_in(
    State(rest): State<Arc<Rest>>,
    _: FromOurPage,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Result<(SetCookie, Json<LoggedIn>), Problem> {
    let attempt = rest.attempts.attempt(from, &login.email).await;
    let attempt = attempt.map_err(|wait| SignInError::Throttled(Throttled(wait)))?;
    let signed_in = rest
        .accounts
        .sign_in(from, &login.email, &login.password)
        .await;
    if !matches!(signed_in, Err(SignInError::WrongWords)) {
        attempt.taken_back().await;
    }
    let (person, begun) = signed_in?;
    let cookie = entered(&rest, &headers, begun).await?;
    Ok((cookie, Json(LoggedIn::of(&person))))
}

/// Sign out
///
/// Ends the session of the cookie and closes its sockets. Without a session there is nothing to do, and that is done.
#[utoipa::path(post, path = "/api/logout", tag = "session", security(("session" = []), ()),
    responses((status = 204, description = "Signed out")))]
async fn log_out(
    State(rest): State<Arc<Rest>>,
    _: FromOurPage,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if caller::cookie(&headers).is_some() && !caller::is_from_our_page(&rest.settings, &headers) {
        return Err(Problem::forbidden(
            "Sign out on a page of this server, or send its Origin.",
        ));
    }
    end_held_session(&rest, &headers).await?;
    let cookie = AppendHeaders([(header::SET_COOKIE, caller::drop_cookie(rest.secure_cookies))]);
    Ok((StatusCode::NO_CONTENT, cookie))
}

/// A session began: the one the browser held before ends, and those that made room for it.
pub async fn entered(rest: &Rest, headers: &HeaderMap, begun: Begun) -> Result<SetCookie, Problem> {
    end_held_session(rest, headers).await?;
    if !begun.ended.is_empty() {
        rest.desk.signed_out(SignedOut::Sessions(begun.ended)).await;
    }
    let cookie = caller::keep_cookie(&begun.secret, rest.secure_cookies);
    Ok(AppendHeaders([(header::SET_COOKIE, cookie)]))
}

async fn end_held_session(rest: &Rest, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(secret) = caller::cookie(headers) else {
        return Ok(());
    };
    let sessions = &rest.accounts.sessions;
    if let Some(held) = sessions.authenticate(secret, SessionKind::Cookie).await? {
        let id = held.session.id;
        sessions.end(held.person.id, id).await?;
        rest.desk.signed_out(SignedOut::Sessions(vec![id])).await;
    }
    Ok(())
}
