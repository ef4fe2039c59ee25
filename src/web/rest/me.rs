//! Oneself: `/api/me` and one's own password.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::people;
use crate::model::id::{AgentId, DepartmentKey};
use crate::model::record::{Person, PersonRole, SessionKind};
use crate::store::PersonChange;
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::body::Body;
use crate::web::rest::caller::{self, Caller, ClientAddress};
use crate::web::rest::problems::{BadRequest, Unauthorized};
use crate::web::rest::{Rest, SignedOut};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(read_me, change_me))
        .routes(routes!(change_my_password))
}

/// Oneself.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MyAnswer {
    agent: Myself,
}

/// What one may know and need of oneself.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Myself {
    id: AgentId,
    name: String,
    email: String,
    role: PersonRole,
    departments: Vec<DepartmentKey>,
    /// Conversations at once.
    capacity: u8,
}

impl MyAnswer {
    fn of(person: Person) -> Json<Self> {
        Json(Self {
            agent: Myself {
                id: person.id,
                name: person.name,
                email: person.email,
                role: person.role,
                departments: person.departments,
                capacity: person.capacity,
            },
        })
    }
}

/// What one may change of oneself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MyChange {
    #[serde(default)]
    name: Option<String>,
}

/// The present password and the next.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    #[schema(format = Password)]
    current: String,
    #[schema(format = Password)]
    new: String,
}

/// Who am I
///
/// With a cookie the answer sets it again, so that it lives as long as the session: 30 days from its last use.
#[utoipa::path(get, path = "/api/me", tag = "me",
    responses(
        (status = 200, body = MyAnswer),
        Unauthorized,
    ))]
async fn read_me(State(rest): State<Arc<Rest>>, caller: Caller, headers: HeaderMap) -> Response {
    let Caller(who) = caller;
    let renewed = match who.session.kind {
        SessionKind::Cookie => caller::renew_cookie(&headers, rest.secure_cookies),
        SessionKind::Token => None,
    };
    let mut answer = MyAnswer::of(who.person).into_response();
    if let Some(cookie) = renewed {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

/// Change my name
#[utoipa::path(patch, path = "/api/me", tag = "me",
    request_body = MyChange,
    responses(
        (status = 200, body = MyAnswer),
        BadRequest, Unauthorized,
    ))]
async fn change_me(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    Body(wanted): Body<MyChange>,
) -> Result<Json<MyAnswer>, Problem> {
    let name = wanted
        .name
        .map(|name| people::checked_name(&name))
        .transpose()?;
    let change = PersonChange {
        name,
        ..PersonChange::default()
    };
    let id = caller.person().id;
    let person = rest
        .store
        .change_person(id, change, rest.clock.now())
        .await?;
    rest.desk.person_changed(&person).await;
    Ok(MyAnswer::of(person))
}

/// Change my password
///
/// Every other session of mine ends; API tokens stay.
#[utoipa::path(put, path = "/api/me/password", tag = "me",
    request_body = NewPassword,
    responses(
        (status = 204, description = "Changed"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "The present password is wrong, or the new one is no good"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "Too many failures; see Retry-After"),
        Unauthorized,
    ))]
async fn change_my_password(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    ClientAddress(from): ClientAddress,
    Body(words): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let who = &caller.0;
    rest.accounts
        .change_password(from, who, &words.current, &words.new)
        .await?;
    rest.desk
        .signed_out(SignedOut::Logins {
            person: who.person.id,
            except: Some(who.session.id),
        })
        .await;
    Ok(StatusCode::NO_CONTENT)
}
