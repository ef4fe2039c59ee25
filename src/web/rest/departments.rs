//! Departments, each a line of waiting conversations: `/api/departments`. Administrators keep them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::hours::Schedule;
use crate::model::hours::Hours;
use crate::model::id::DepartmentKey;
use crate::model::record::{Department, IDLE_CLOSE_DEFAULT, IDLE_TEXT_DEFAULT, PairingMode};
use crate::model::routing::Routing;
use crate::model::standard::Standard;
use crate::model::time::Millis;
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Body, Named, line, paragraph, present};
use crate::web::rest::caller::{Admin, Caller};
use crate::web::rest::problems::{BadRequest, Forbidden, NotFound, Unauthorized};
use crate::web::rest::routing;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_departments, add_department))
        .routes(routes!(
            read_department,
            change_department,
            remove_department
        ))
}

/// Most departments of an installation.
const DEPARTMENTS_MAX: usize = 200;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest idle warning, in characters.
const IDLE_TEXT_CHARS_MAX: usize = 500;
/// Shortest idle time: the sweep that notices comes about once a second.
const IDLE_MS_MIN: i64 = 1_000;
/// Longest idle time: a week.
const IDLE_MS_MAX: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Shortest time to answer within that can be a standard.
const THRESHOLD_MS_MIN: i64 = 1_000;
/// Longest: a day.
const THRESHOLD_MS_MAX: i64 = 24 * 60 * 60 * 1_000;
/// Shares that can be a standard. No number of agents answers everybody in time.
const TARGETS: std::ops::RangeInclusive<u8> = 1..=99;
/// Priorities, by the contract.
const PRIORITIES: std::ops::RangeInclusive<i8> = -2..=2;

/// All departments, by key.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Departments {
    departments: Vec<OneDepartment>,
}

/// A department.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneDepartment {
    key: DepartmentKey,
    /// The name people read.
    name: String,
    /// How an agent gets the next conversation.
    mode: PairingMode,
    /// −2 … 2, higher first.
    priority: i8,
    /// After this long without a word a warning is written into an open chat; null is never.
    idle_limit_ms: Option<Millis>,
    /// So long after the warning the chat is closed.
    idle_close_ms: Millis,
    /// The warning.
    idle_text: String,
    /// When it is open; null is always.
    hours: Option<Hours>,
    /// What it promises itself: figures and staffing are judged by it.
    standard: Standard,
    /// How far it reaches beyond its own line.
    routing: Routing,
}

impl From<&Department> for OneDepartment {
    fn from(department: &Department) -> Self {
        Self {
            key: department.key.clone(),
            name: department.name.clone(),
            mode: department.mode,
            priority: department.priority,
            idle_limit_ms: department.idle_limit_ms,
            idle_close_ms: department.idle_close_ms,
            idle_text: department.idle_text.clone(),
            hours: department.hours.clone(),
            standard: department.standard,
            routing: department.routing.clone(),
        }
    }
}

/// A department to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDepartment {
    /// Never changes.
    key: DepartmentKey,
    name: String,
    #[serde(default)]
    mode: PairingMode,
    #[serde(default)]
    priority: i8,
    #[serde(default)]
    idle_limit_ms: Option<Millis>,
    #[serde(default)]
    idle_close_ms: Option<Millis>,
    #[serde(default)]
    idle_text: Option<String>,
    #[serde(default)]
    hours: Option<Hours>,
    #[serde(default)]
    standard: Standard,
    #[serde(default)]
    routing: Routing,
}

/// What changes about a department. What is absent stays; `null` switches the idle limit off, or opens it always.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DepartmentChange {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    mode: Option<PairingMode>,
    #[serde(default)]
    priority: Option<i8>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Millis>)]
    idle_limit_ms: Option<Option<Millis>>,
    #[serde(default)]
    idle_close_ms: Option<Millis>,
    #[serde(default)]
    idle_text: Option<String>,
    /// Replaced whole.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Hours>)]
    hours: Option<Option<Hours>>,
    /// Replaced whole.
    #[serde(default)]
    standard: Option<Standard>,
    /// Replaced whole.
    #[serde(default)]
    routing: Option<Routing>,
}

/// All departments
#[utoipa::path(get, path = "/api/departments", tag = "departments",
    responses(
        (status = 200, body = Departments),
        Unauthorized,
    ))]
async fn list_departments(
    State(rest): State<Arc<Rest>>,
    _: Caller,
) -> Result<Json<Departments>, Problem> {
    let departments = rest.store.departments().await?;
    Ok(Json(Departments {
        departments: departments.iter().map(OneDepartment::from).collect(),
    }))
}

/// Add a department
///
/// It takes conversations once a site offers it and an agent serves it.
#[utoipa::path(post, path = "/api/departments", tag = "departments",
    request_body = NewDepartment,
    responses(
        (status = 201, body = OneDepartment),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The key is taken"),
        BadRequest, Unauthorized, Forbidden,
    ))]
async fn add_department(
    State(rest): State<Arc<Rest>>,
    _: Admin,
    Body(new): Body<NewDepartment>,
) -> Result<(StatusCode, Json<OneDepartment>), Problem> {
    let department = checked(Department {
        key: new.key,
        name: new.name,
        mode: new.mode,
        priority: new.priority,
        idle_limit_ms: new.idle_limit_ms,
        idle_close_ms: new.idle_close_ms.unwrap_or(IDLE_CLOSE_DEFAULT),
        idle_text: new
            .idle_text
            .unwrap_or_else(|| IDLE_TEXT_DEFAULT.to_owned()),
        hours: new.hours,
        standard: new.standard,
        routing: new.routing,
    })?;
    let _change = rest.changes.lock().await;
    let others = rest.store.departments().await?;
    routing::check(&department.routing, &department.key, &others)?;
    if others.len() >= DEPARTMENTS_MAX {
        return Err(Problem::conflict(format!(
            "There are {DEPARTMENTS_MAX} departments already."
        )));
    }
    let answer = OneDepartment::from(&department);
    rest.store.create_department(department).await?;
    rest.settings_changed().await;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// One department
#[utoipa::path(get, path = "/api/departments/{key}", tag = "departments",
    params(("key" = DepartmentKey, Path)),
    responses(
        (status = 200, body = OneDepartment),
        Unauthorized, NotFound,
    ))]
async fn read_department(
    State(rest): State<Arc<Rest>>,
    _: Caller,
    Named(key): Named<DepartmentKey>,
) -> Result<Json<OneDepartment>, Problem> {
    let departments = rest.store.departments().await?;
    Ok(Json(OneDepartment::from(found(&departments, &key)?)))
}

/// Change a department
#[utoipa::path(patch, path = "/api/departments/{key}", tag = "departments",
    params(("key" = DepartmentKey, Path)),
    request_body = DepartmentChange,
    responses(
        (status = 200, body = OneDepartment),
        BadRequest, Unauthorized, Forbidden, NotFound,
    ))]
async fn change_department(
    State(rest): State<Arc<Rest>>,
    _: Admin,
    Named(key): Named<DepartmentKey>,
    Body(change): Body<DepartmentChange>,
) -> Result<Json<OneDepartment>, Problem> {
    let _change = rest.changes.lock().await;
    let departments = rest.store.departments().await?;
    let department = found(&departments, &key)?.clone();
    let department = checked(Department {
        key,
        name: change.name.unwrap_or(department.name),
        mode: change.mode.unwrap_or(department.mode),
        priority: change.priority.unwrap_or(department.priority),
        idle_limit_ms: change.idle_limit_ms.unwrap_or(department.idle_limit_ms),
        idle_close_ms: change.idle_close_ms.unwrap_or(department.idle_close_ms),
        idle_text: change.idle_text.unwrap_or(department.idle_text),
        hours: change.hours.unwrap_or(department.hours),
        standard: change.standard.unwrap_or(department.standard),
        routing: change.routing.unwrap_or(department.routing),
    })?;
    routing::check(&department.routing, &department.key, &departments)?;
    let answer = OneDepartment::from(&department);
    rest.store.save_department(department).await?;
    rest.settings_changed().await;
    Ok(Json(answer))
}

/// Remove a department
///
/// Only one that no site offers, no agent serves, no conversation names, and that stands in for no other.
#[utoipa::path(delete, path = "/api/departments/{key}", tag = "departments",
    params(("key" = DepartmentKey, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "It is still in use"),
        Unauthorized, Forbidden, NotFound,
    ))]
async fn remove_department(
    State(rest): State<Arc<Rest>>,
    _: Admin,
    Named(key): Named<DepartmentKey>,
) -> Result<StatusCode, Problem> {
    let _change = rest.changes.lock().await;
    let departments = rest.store.departments().await?;
    if let Some(other) = routing::served_by(&key, &departments) {
        let detail = format!("It stands in for {}. Name others there first.", other.name);
        return Err(Problem::conflict(detail));
    }
    rest.store.remove_department(&key).await?;
    rest.settings_changed().await;
    Ok(StatusCode::NO_CONTENT)
}

/// Among those of the store, not of the snapshot: whoever changes a department must see what was written last.
fn found<'a>(
    departments: &'a [Department],
    key: &DepartmentKey,
) -> Result<&'a Department, Problem> {
    let mut departments = departments.iter();
    let department = departments.find(|department| department.key == *key);
    department.ok_or_else(Problem::not_found)
}

fn checked(department: Department) -> Result<Department, Problem> {
    if !PRIORITIES.contains(&department.priority) {
        let detail = "A priority is a whole number from -2 to 2.";
        return Err(Problem::field("priority", detail));
    }
    let spans = [
        ("idle_limit_ms", department.idle_limit_ms),
        ("idle_close_ms", Some(department.idle_close_ms)),
    ];
    for (field, span) in spans {
        if span.is_some_and(|span| !(IDLE_MS_MIN..=IDLE_MS_MAX).contains(&span.0)) {
            let detail = format!("This is a span of {IDLE_MS_MIN} to {IDLE_MS_MAX} ms.");
            return Err(Problem::field(field, detail));
        }
    }
    check_standard(department.standard)?;
    if let Some(hours) = &department.hours {
        Schedule::of(hours)
            .map_err(|wrong| Problem::field(format!("hours.{}", wrong.field), wrong.message))?;
    }
    Ok(Department {
        name: line("name", &department.name, NAME_CHARS_MAX)?,
        idle_text: paragraph("idle_text", &department.idle_text, IDLE_TEXT_CHARS_MAX)?,
        ..department
    })
}

fn check_standard(standard: Standard) -> Result<(), Problem> {
    if !(THRESHOLD_MS_MIN..=THRESHOLD_MS_MAX).contains(&standard.threshold_ms.0) {
        let detail = "The time to answer within is from 1 second to 24 hours, in milliseconds.";
        return Err(Problem::field("standard.threshold_ms", detail));
    }
    if !TARGETS.contains(&standard.target_percent) {
        let detail = "The share to answer in time is a whole number from 1 to 99 percent: \
                      no number of agents reaches everybody.";
        return Err(Problem::field("standard.target_percent", detail));
    }
    Ok(())
}
