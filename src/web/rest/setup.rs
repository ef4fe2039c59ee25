//! The first administrator: `/api/setup`. Open only while there is nobody, and only to the link that the server prints.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::Body;
use crate::web::rest::caller::FromOurPage;
use crate::web::rest::login::{LoggedIn, SetCookie, entered};
use crate::web::rest::problems::BadRequest;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default().routes(routes!(read_setup, set_up))
}

/// Whether there is nobody yet.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Needed {
    needed: bool,
}

/// The first administrator, and the token of the printed link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstPerson {
    token: String,
    name: String,
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// Whether the installation waits for its first administrator
#[utoipa::path(get, path = "/api/setup", tag = "session", security(()),
    responses((status = 200, body = Needed)))]
async fn read_setup(State(rest): State<Arc<Rest>>) -> Result<Json<Needed>, Problem> {
    let needed = rest.accounts.needs_set_up().await?;
    Ok(Json(Needed { needed }))
}

/// Make the first administrator
///
/// The token comes from the link that the server prints at its start while there is nobody. Signs the new
/// administrator in.
#[utoipa::path(post, path = "/api/setup", tag = "session", security(()),
    request_body = FirstPerson,
    responses(
        (status = 201, body = LoggedIn, headers(("set-cookie" = String, description = "The session"))),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "The link is not valid any more"),
        BadRequest,
    ))]
async fn set_up(
    State(rest): State<Arc<Rest>>,
    _: FromOurPage,
    headers: HeaderMap,
    Body(first): Body<FirstPerson>,
) -> Result<(StatusCode, SetCookie, Json<LoggedIn>), Problem> {
    let FirstPerson {
        token,
        name,
        email,
        password,
    } = first;
    let (person, begun) = rest.accounts.set_up(&token, name, email, password).await?;
    rest.desk.person_changed(&person).await;
    let cookie = entered(&rest, &headers, begun).await?;
    Ok((StatusCode::CREATED, cookie, Json(LoggedIn::of(&person))))
}
