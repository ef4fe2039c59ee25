//! People and the agents' journal. A person's status and capacity are those of the journal's last entry.
//!
//! Whatever touches a person's room locks the row first, as an append that gives them a conversation does.

use sqlx::PgConnection;

use super::error::{Failure, unless_dangling, unless_missing, unless_taken};
use super::settings::{self, texts};
use super::values::{Cells, all, json, maybe, word};
use crate::model::id::{AgentId, DepartmentKey};
use crate::model::record::{JournalEntry, JournalReason, Person, PersonRole, Status};
use crate::model::time::At;
use crate::store::values::Columns;
use crate::store::{NewPerson, PersonChange, StoreError, rows};

/// The columns of `person as p` that [`rows::person`] takes, in its order.
macro_rules! person_columns {
    () => {
        "p.id, p.email, p.name, p.role,
         (select coalesce(json_agg(d.department order by d.position), '[]') from person_department as d
          where d.person = p.id),
         p.skills, p.created_at, p.status, p.capacity"
    };
}
pub(super) use person_columns;

/// See [`crate::store::Store::people`].
pub(super) async fn everybody(connection: &mut PgConnection) -> Result<Vec<Person>, Failure> {
    let people = sqlx::query(concat!(
        "select ",
        person_columns!(),
        " from person as p order by p.name, p.id"
    ))
    .fetch_all(connection)
    .await?;
    Ok(all(&people, rows::person)?)
}

/// See [`crate::store::Store::person`].
pub(super) async fn find(
    connection: &mut PgConnection,
    id: AgentId,
) -> Result<Option<Person>, Failure> {
    let person = sqlx::query(concat!(
        "select ",
        person_columns!(),
        " from person as p where p.id = $1"
    ))
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    Ok(maybe(person.as_ref(), rows::person)?)
}

/// See [`crate::store::Store::person_by_email`].
pub(super) async fn find_by_email(
    connection: &mut PgConnection,
    email: &str,
) -> Result<Option<(Person, String)>, Failure> {
    let person = sqlx::query(concat!(
        "select ",
        person_columns!(),
        ", p.password_hash from person as p where p.email_folded = $1"
    ))
    .bind(email.to_lowercase())
    .fetch_optional(connection)
    .await?;
    Ok(maybe(person.as_ref(), |cells| {
        Ok((rows::person(cells)?, cells.take()?))
    })?)
}

/// See [`crate::store::Store::create_person`].
pub(super) async fn create(
    connection: &mut PgConnection,
    person: &NewPerson,
    now: At,
) -> Result<(), Failure> {
    settings::changed(connection).await?;
    insert(connection, person, now).await
}

/// See [`crate::store::Store::create_first_person`]. The change of settings comes first and is the lock: of two nodes that are
/// asked at once, the second sees the first one's person.
pub(super) async fn create_first(
    connection: &mut PgConnection,
    person: &NewPerson,
    now: At,
) -> Result<(), Failure> {
    settings::changed(connection).await?;
    let row = sqlx::query("select exists (select 1 from person)")
        .fetch_one(&mut *connection)
        .await?;
    if Cells::of(&row).take::<bool>()? {
        return Err(StoreError::Taken("administrator").into());
    }
    insert(connection, person, now).await
}

async fn insert(connection: &mut PgConnection, person: &NewPerson, now: At) -> Result<(), Failure> {
    let inserted = sqlx::query(
        "insert into person (id, email, email_folded, name, role, password_hash, created_at, status, capacity,
             skills)
         values ($1, $2, $3, $4, $5, $6, $7, 'offline', $8, $9::json)",
    )
    .bind(person.id.0)
    .bind(&person.email)
    .bind(person.email.to_lowercase())
    .bind(&person.name)
    .bind(word(&person.role)?)
    .bind(&person.password_hash)
    .bind(now.0)
    .bind(i64::from(person.capacity))
    .bind(json(&person.skills)?)
    .execute(&mut *connection)
    .await;
    unless_taken(inserted, "person_email", "address")?;
    save_departments(connection, person.id, &person.departments).await?;
    let created = JournalEntry {
        agent: person.id,
        status: Status::Offline,
        capacity: person.capacity,
        departments: person.departments.clone(),
        reason: JournalReason::Created,
    };
    write_journal(connection, &created, now).await
}

async fn save_departments(
    connection: &mut PgConnection,
    id: AgentId,
    departments: &[DepartmentKey],
) -> Result<(), Failure> {
    sqlx::query("delete from person_department where person = $1")
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
    // `do nothing`: named twice is meant once. It does not hide a department that is not there.
    let inserted = sqlx::query(
        "insert into person_department (person, position, department)
         select $1, d.position - 1, d.department
         from unnest($2::text[]) with ordinality as d (department, position) order by d.position
         on conflict do nothing",
    )
    .bind(id.0)
    .bind(texts(departments))
    .execute(connection)
    .await;
    unless_dangling(inserted, "person_department_department", "department")?;
    Ok(())
}

/// The person, locked until the transaction ends.
async fn lock(connection: &mut PgConnection, id: AgentId) -> Result<Person, Failure> {
    sqlx::query("select from person where id = $1 for update")
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
    Ok(find(connection, id)
        .await?
        .ok_or(StoreError::NotThere("person"))?)
}

/// See [`crate::store::Store::change_person`].
pub(super) async fn change(
    connection: &mut PgConnection,
    id: AgentId,
    change: &PersonChange,
    now: At,
) -> Result<Person, Failure> {
    settings::changed(connection).await?;
    let before = lock(connection, id).await?;
    let mut after = before.clone();
    let change = change.clone();
    after.name = change.name.unwrap_or(after.name);
    after.email = change.email.unwrap_or(after.email);
    after.role = change.role.unwrap_or(after.role);
    after.departments = change.departments.unwrap_or(after.departments);
    after.skills = change.skills.unwrap_or(after.skills);
    after.capacity = change.capacity.unwrap_or(after.capacity);
    if after.role != PersonRole::Admin {
        keep_an_admin(connection, &before).await?;
    }
    let updated = sqlx::query(
        "update person set email = $2, email_folded = $3, name = $4, role = $5, skills = $6::json where id = $1",
    )
    .bind(id.0)
    .bind(&after.email)
    .bind(after.email.to_lowercase())
    .bind(&after.name)
    .bind(word(&after.role)?)
    .bind(json(&after.skills)?)
    .execute(&mut *connection)
    .await;
    unless_taken(updated, "person_email", "address")?;
    if after.departments != before.departments {
        save_departments(connection, id, &after.departments).await?;
    }
    if after.departments != before.departments || after.capacity != before.capacity {
        let changed = JournalEntry {
            agent: id,
            status: after.status,
            capacity: after.capacity,
            departments: after.departments,
            reason: JournalReason::Settings,
        };
        write_journal(connection, &changed, now).await?;
    }
    Ok(find(connection, id)
        .await?
        .ok_or(StoreError::NotThere("person"))?)
}

/// Refuses if `person` is the only administrator. Whoever asks holds the lock of settings, so two of them cannot both see the
/// other.
async fn keep_an_admin(connection: &mut PgConnection, person: &Person) -> Result<(), Failure> {
    if person.role != PersonRole::Admin {
        return Ok(());
    }
    let row = sqlx::query("select exists (select 1 from person where role = 'admin' and id <> $1)")
        .bind(person.id.0)
        .fetch_one(connection)
        .await?;
    if Cells::of(&row).take()? {
        Ok(())
    } else {
        Err(StoreError::InUse("administrator").into())
    }
}

/// See [`crate::store::Store::remove_person`].
pub(super) async fn remove(
    connection: &mut PgConnection,
    id: AgentId,
    now: At,
) -> Result<(), Failure> {
    settings::changed(connection).await?;
    let person = lock(connection, id).await?;
    keep_an_admin(connection, &person).await?;
    let row = sqlx::query("select exists (select 1 from conversation where owner = $1)")
        .bind(id.0)
        .fetch_one(&mut *connection)
        .await?;
    if Cells::of(&row).take()? {
        return Err(StoreError::InUse("agent").into());
    }
    let removed = JournalEntry {
        agent: id,
        status: Status::Offline,
        capacity: person.capacity,
        departments: person.departments,
        reason: JournalReason::Removed,
    };
    write_journal(connection, &removed, now).await?;
    sqlx::query("delete from person where id = $1")
        .bind(id.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// See [`crate::store::Store::journal`].
pub(super) async fn journal(
    connection: &mut PgConnection,
    entry: &JournalEntry,
    now: At,
) -> Result<(), Failure> {
    let row = sqlx::query("select capacity from person where id = $1")
        .bind(entry.agent.0)
        .fetch_optional(&mut *connection)
        .await?;
    match maybe(row.as_ref(), |cells| cells.take::<u8>())? {
        None => return Err(StoreError::NotThere("person").into()),
        // Capacity is a setting, which other nodes must hear of; status is not.
        Some(capacity) if capacity != entry.capacity => settings::changed(connection).await?,
        Some(_) => {}
    }
    write_journal(connection, entry, now).await
}

/// Writes what follows from the entry, which locks the person, and then the entry. Time never falls within an agent's journal.
async fn write_journal(
    connection: &mut PgConnection,
    entry: &JournalEntry,
    now: At,
) -> Result<(), Failure> {
    let updated = sqlx::query("update person set status = $2, capacity = $3 where id = $1")
        .bind(entry.agent.0)
        .bind(word(&entry.status)?)
        .bind(i64::from(entry.capacity))
        .execute(&mut *connection)
        .await?;
    unless_missing(updated.rows_affected(), "person")?;
    sqlx::query(
        "insert into agent_journal (agent, at, status, capacity, departments, reason)
         select $1, greatest($2, (select max(at) from agent_journal where agent = $1)), $3, $4, $5::json, $6",
    )
    .bind(entry.agent.0)
    .bind(now.0)
    .bind(word(&entry.status)?)
    .bind(i64::from(entry.capacity))
    .bind(json(&entry.departments)?)
    .bind(word(&entry.reason)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// See [`crate::store::Store::journal_of`].
pub(super) async fn journal_of(
    connection: &mut PgConnection,
    agent: AgentId,
    since: At,
) -> Result<Vec<(At, JournalEntry)>, Failure> {
    let entries = sqlx::query(
        "select at, status, capacity, departments, reason from agent_journal
         where agent = $1 and at >= $2 order by number",
    )
    .bind(agent.0)
    .bind(since.0)
    .fetch_all(connection)
    .await?;
    Ok(all(&entries, |cells| rows::journal_entry(cells, agent))?)
}
