//! The people at the desk: `/api/agents`. Everybody sees who is there; supervisors manage agents, administrators
//! everybody. Nobody changes their own role, and the last administrator stays.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::passwords;
use crate::accounts::people::{self, Application, BadPerson};
use crate::model::id::{AgentId, DepartmentKey, Skill};
use crate::model::record::{
    CAPACITY_DEFAULT, CAPACITY_MAX, Person, PersonRole, SKILLS_MAX, Status,
};
use crate::store::{PersonChange, StoreError};
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::body::{Body, Named, set_of};
use crate::web::rest::caller::{Caller, Supervisor};
use crate::web::rest::problems::{BadRequest, Forbidden, NotFound, Unauthorized};
use crate::web::rest::{Rest, SignedOut};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_agents, add_agent))
        .routes(routes!(read_agent, change_agent, remove_agent))
}

/// Most people of an installation.
const PEOPLE_MAX: usize = 10_000;
/// Most departments that a person serves.
const DEPARTMENTS_MAX: usize = 200;

/// How often a removal is tried. Pairing leaves them alone after the first, so a second is rare and a third is luck.
const REMOVAL_ATTEMPTS_MAX: u32 = 3;

/// Everybody, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Agents {
    agents: Vec<OneAgent>,
}

/// A person at the desk.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneAgent {
    id: AgentId,
    /// Shown to visitors and colleagues.
    name: String,
    /// For oneself and for supervisors.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    role: PersonRole,
    departments: Vec<DepartmentKey>,
    /// Languages and skills that a conversation may need, by key.
    skills: Vec<Skill>,
    /// Conversations at once.
    capacity: u8,
    status: Status,
    /// Conversations owned now.
    load: u32,
}

/// A person to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAgent {
    email: String,
    name: String,
    #[serde(default = "least")]
    role: PersonRole,
    #[serde(default)]
    departments: Vec<DepartmentKey>,
    /// At most 32.
    #[serde(default)]
    skills: Vec<Skill>,
    #[schema(format = Password)]
    password: String,
    #[serde(default)]
    #[schema(maximum = 100)]
    capacity: Option<u8>,
}

fn least() -> PersonRole {
    PersonRole::Agent
}

/// What changes about a person; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentChange {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    role: Option<PersonRole>,
    #[serde(default)]
    departments: Option<Vec<DepartmentKey>>,
    /// Replaced whole; at most 32.
    #[serde(default)]
    skills: Option<Vec<Skill>>,
    #[serde(default)]
    #[schema(maximum = 100)]
    capacity: Option<u8>,
    /// A new password for somebody who forgot theirs: it ends all their sessions. One's own is changed at
    /// /api/me/password.
    #[serde(default)]
    #[schema(format = Password)]
    password: Option<String>,
}

/// Everybody at the desk
#[utoipa::path(get, path = "/api/agents", tag = "agents",
    responses(
        (status = 200, body = Agents),
        Unauthorized,
    ))]
async fn list_agents(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
) -> Result<Json<Agents>, Problem> {
    let mut agents = Vec::new();
    for person in rest.store.people().await? {
        agents.push(shown(&rest, &caller, person).await);
    }
    Ok(Json(Agents { agents }))
}

/// Add a person
///
/// A supervisor adds agents, an administrator anybody.
#[utoipa::path(post, path = "/api/agents", tag = "agents",
    request_body = NewAgent,
    responses(
        (status = 201, body = OneAgent),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The address is taken"),
        BadRequest, Unauthorized, Forbidden,
    ))]
async fn add_agent(
    State(rest): State<Arc<Rest>>,
    Supervisor(caller): Supervisor,
    Body(new): Body<NewAgent>,
) -> Result<(StatusCode, Json<OneAgent>), Problem> {
    check_rank(&caller, new.role)?;
    check_place(Some(&new.departments), new.capacity)?;
    let skills = sorted(new.skills)?;
    if rest.store.people().await?.len() >= PEOPLE_MAX {
        return Err(Problem::conflict(format!(
            "There are {PEOPLE_MAX} people already."
        )));
    }
    let capacity = new.capacity.unwrap_or(CAPACITY_DEFAULT);
    let application = Application {
        email: new.email,
        name: new.name,
        role: new.role,
        departments: new.departments,
        password: new.password,
    };
    let mut prepared = people::prepare(&rest.accounts.passwords, application).await?;
    prepared.capacity = capacity;
    prepared.skills = skills;
    let id = prepared.id;
    let added = rest.store.create_person(prepared, rest.clock.now()).await;
    added.map_err(of_write)?;
    let person = find(&rest, id).await?;
    rest.desk.person_changed(&person).await;
    let answer = shown(&rest, &caller, person).await;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// One person
#[utoipa::path(get, path = "/api/agents/{id}", tag = "agents",
    params(("id" = AgentId, Path)),
    responses(
        (status = 200, body = OneAgent),
        Unauthorized, NotFound,
    ))]
async fn read_agent(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
    Named(id): Named<AgentId>,
) -> Result<Json<OneAgent>, Problem> {
    let person = find(&rest, id).await?;
    Ok(Json(shown(&rest, &caller, person).await))
}

/// Change a person
///
/// A supervisor changes agents, an administrator anybody; nobody changes their own role.
#[utoipa::path(patch, path = "/api/agents/{id}", tag = "agents",
    params(("id" = AgentId, Path)),
    request_body = AgentChange,
    responses(
        (status = 200, body = OneAgent),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The address is taken, or nobody would be administrator"),
        BadRequest, Unauthorized, Forbidden, NotFound,
    ))]
async fn change_agent(
    State(rest): State<Arc<Rest>>,
    Supervisor(caller): Supervisor,
    Named(id): Named<AgentId>,
    Body(wanted): Body<AgentChange>,
) -> Result<Json<OneAgent>, Problem> {
    // One change of a person at a time: rank is judged by the role that is written over.
    let _change = rest.changes.lock().await;
    let before = find(&rest, id).await?;
    check_rank(&caller, before.role)?;
    check_rank(&caller, wanted.role.unwrap_or(before.role))?;
    check_place(wanted.departments.as_deref(), wanted.capacity)?;
    let is_own = caller.person().id == id;
    if is_own && wanted.role.is_some_and(|role| role != before.role) {
        let detail = "Nobody changes their own role. Ask another administrator.";
        return Err(Problem::forbidden(detail));
    }
    if is_own && wanted.password.is_some() {
        let detail = "Change your own password at /api/me/password, with the present one.";
        return Err(Problem::field("password", detail));
    }
    let change = PersonChange {
        name: wanted
            .name
            .map(|name| people::checked_name(&name))
            .transpose()?,
        email: wanted
            .email
            .map(|email| people::checked_email(&email))
            .transpose()?,
        role: wanted.role,
        departments: wanted.departments,
        skills: wanted.skills.map(sorted).transpose()?,
        capacity: wanted.capacity,
    };
    let password_hash = match wanted.password {
        None => None,
        Some(password) => {
            let email = change.email.as_ref().unwrap_or(&before.email);
            let name = change.name.as_ref().unwrap_or(&before.name);
            passwords::check(&password, email, name).map_err(BadPerson::from)?;
            let hash = rest.accounts.passwords.hash(&password).await;
            Some(hash.map_err(BadPerson::from)?)
        }
    };
    let changed = rest.store.change_person(id, change, rest.clock.now()).await;
    let person = changed.map_err(of_write)?;
    rest.desk.person_changed(&person).await;
    if let Some(hash) = password_hash {
        rest.store.set_password(id, hash, None).await?;
        let person = id;
        let except = None;
        rest.desk
            .signed_out(SignedOut::Logins { person, except })
            .await;
    }
    Ok(Json(shown(&rest, &caller, person).await))
}

/// Remove a person
///
/// What they serve goes back into the line at its old place; logs keep their name.
#[utoipa::path(delete, path = "/api/agents/{id}", tag = "agents",
    params(("id" = AgentId, Path)),
    responses(
        (status = 204, description = "Removed, their sockets closed"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The last administrator stays"),
        Unauthorized, Forbidden, NotFound,
    ))]
async fn remove_agent(
    State(rest): State<Arc<Rest>>,
    Supervisor(caller): Supervisor,
    Named(id): Named<AgentId>,
) -> Result<StatusCode, Problem> {
    let _change = rest.changes.lock().await;
    let person = find(&rest, id).await?;
    check_rank(&caller, person.role)?;
    // Asked before anything is taken from them; the store asks once more, in its own transaction.
    let people = rest.store.people().await?;
    let is_last = |role| people.iter().filter(|one| one.role == role).count() <= 1;
    if person.role == PersonRole::Admin && is_last(PersonRole::Admin) {
        return Err(StoreError::InUse("administrator").into());
    }
    let mut attempt = 1;
    loop {
        rest.desk.before_removal(id).await?;
        match rest.store.remove_person(id, rest.clock.now()).await {
            // Something was given to them in between, by a pairing that was under way: once more.
            Err(StoreError::InUse("agent")) if attempt < REMOVAL_ATTEMPTS_MAX => attempt += 1,
            other => break other?,
        }
    }
    rest.desk.signed_out(SignedOut::Person(id)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// One person, as the store knows them.
pub async fn find(rest: &Rest, id: AgentId) -> Result<Person, Problem> {
    let person = rest.store.person(id).await?;
    person.ok_or_else(Problem::not_found)
}

/// Whether the caller may deal with people of this role.
pub fn check_rank(caller: &Caller, role: PersonRole) -> Result<(), Problem> {
    if caller.is_admin() || role == PersonRole::Agent {
        Ok(())
    } else {
        let detail = "Only an administrator manages supervisors and administrators.";
        Err(Problem::forbidden(detail))
    }
}

fn check_place(departments: Option<&[DepartmentKey]>, capacity: Option<u8>) -> Result<(), Problem> {
    set_of(
        "departments",
        departments.unwrap_or_default(),
        DEPARTMENTS_MAX,
    )?;
    if capacity.is_some_and(|capacity| capacity > CAPACITY_MAX) {
        let detail = format!("Capacity is 0 to {CAPACITY_MAX}.");
        return Err(Problem::field("capacity", detail));
    }
    Ok(())
}

/// Skills as they are kept: a set, in one order.
fn sorted(mut skills: Vec<Skill>) -> Result<Vec<Skill>, Problem> {
    set_of("skills", &skills, SKILLS_MAX)?;
    skills.sort_unstable();
    Ok(skills)
}

/// A department that is named but not there is a wrong field, not a wrong path.
fn of_write(error: StoreError) -> Problem {
    match error {
        StoreError::NotThere("department") => {
            Problem::field("departments", "One of these departments does not exist.")
        }
        other => other.into(),
    }
}

async fn shown(rest: &Rest, caller: &Caller, person: Person) -> OneAgent {
    let at_desk = rest.desk.at_desk(&person).await;
    let sees_address = caller.is_supervisor() || caller.person().id == person.id;
    OneAgent {
        id: person.id,
        name: person.name,
        email: sees_address.then_some(person.email),
        role: person.role,
        departments: person.departments,
        skills: person.skills,
        capacity: person.capacity,
        status: at_desk.status,
        load: at_desk.load,
    }
}
