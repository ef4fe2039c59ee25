//! When people mean to work: `/api/rotas` and `/api/agents/{id}/rota`. Everybody sees who comes when; supervisors plan agents,
//! administrators everybody.
//!
//! A rota changes what visitors are promised and what the wall warns of. It puts nobody online.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::hours::{SPANS_MAX, Schedule};
use crate::model::hours::Hours;
use crate::model::id::AgentId;
use crate::web::error::Problem;
use crate::web::rest::Rest;
use crate::web::rest::agents::{check_rank, find};
use crate::web::rest::body::{Body, Named};
use crate::web::rest::caller::{Caller, Supervisor};
use crate::web::rest::problems::{BadRequest, Forbidden, NotFound, Unauthorized};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_rotas))
        .routes(routes!(plan_agent, unplan_agent))
}

/// Everybody who has a rota.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Rotas {
    rotas: Vec<OneRota>,
}

/// One person's week.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneRota {
    agent: AgentId,
    /// Their shifts (`week`) by the clock of a zone, and their days off (`closed`).
    rota: Hours,
}

/// All rotas
///
/// Of everybody who has one. Who has none is expected by habit: as they came and went of late.
#[utoipa::path(get, path = "/api/rotas", tag = "agents",
    responses(
        (status = 200, body = Rotas),
        Unauthorized,
    ))]
async fn list_rotas(State(rest): State<Arc<Rest>>, _: Caller) -> Result<Json<Rotas>, Problem> {
    let rotas = rest.store.rotas().await?.into_iter();
    let rotas = rotas.map(|(agent, rota)| OneRota { agent, rota }).collect();
    Ok(Json(Rotas { rotas }))
}

/// Plan a person's week
///
/// Shifts (`week`) and days off (`closed`), replaced whole. Waits are foretold by it from now on.
#[utoipa::path(put, path = "/api/agents/{id}/rota", tag = "agents",
    params(("id" = AgentId, Path)),
    request_body = Hours,
    responses(
        (status = 200, body = OneRota),
        BadRequest, Unauthorized, Forbidden, NotFound,
    ))]
async fn plan_agent(
    State(rest): State<Arc<Rest>>,
    Supervisor(caller): Supervisor,
    Named(id): Named<AgentId>,
    Body(rota): Body<Hours>,
) -> Result<Json<OneRota>, Problem> {
    check_rank(&caller, find(&rest, id).await?.role)?;
    check(&rota)?;
    rest.store.save_rota(id, Some(rota.clone())).await?;
    rest.settings_changed().await;
    Ok(Json(OneRota { agent: id, rota }))
}

/// Take a person out of the plan
///
/// They are expected by habit again.
#[utoipa::path(delete, path = "/api/agents/{id}/rota", tag = "agents",
    params(("id" = AgentId, Path)),
    responses(
        (status = 204, description = "Removed, or there was none"),
        Unauthorized, Forbidden, NotFound,
    ))]
async fn unplan_agent(
    State(rest): State<Arc<Rest>>,
    Supervisor(caller): Supervisor,
    Named(id): Named<AgentId>,
) -> Result<StatusCode, Problem> {
    check_rank(&caller, find(&rest, id).await?.role)?;
    rest.store.save_rota(id, None).await?;
    rest.settings_changed().await;
    Ok(StatusCode::NO_CONTENT)
}

fn check(rota: &Hours) -> Result<(), Problem> {
    if !(1..=SPANS_MAX).contains(&rota.week.len()) {
        let detail = format!(
            "Name 1 to {SPANS_MAX} shifts of the week. To take somebody out of the plan, delete the rota."
        );
        return Err(Problem::field("week", detail));
    }
    let checked = Schedule::of(rota);
    checked.map_err(|wrong| Problem::field(wrong.field, wrong.message))?;
    Ok(())
}
