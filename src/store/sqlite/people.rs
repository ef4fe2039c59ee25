//! People and the agents' journal. A person's status and capacity are those of the journal's last entry.

use rusqlite::{Connection, OptionalExtension, Row};

use super::error::{breaks_reference, unless_missing, unless_taken};
use super::settings;
use super::values::Cells;
use crate::model::id::{AgentId, DepartmentKey};
use crate::model::record::{JournalEntry, JournalReason, Person, PersonRole, Status};
use crate::model::time::At;
use crate::store::values::{Columns, Json, Word};
use crate::store::{NewPerson, PersonChange, StoreError, rows};

/// The columns of `person as p` that [`rows::person`] takes, in its order.
macro_rules! person_columns {
    () => {
        "p.id, p.email, p.name, p.role,
         (select json_group_array(d.department order by d.position) from person_department as d
          where d.person = p.id),
         p.skills, p.created_at, p.status, p.capacity"
    };
}
pub(super) use person_columns;

fn read(row: &Row<'_>) -> rusqlite::Result<Person> {
    rows::person(&mut Cells::of(row))
}

/// See [`crate::store::Store::people`].
pub(super) fn all(connection: &Connection) -> Result<Vec<Person>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        person_columns!(),
        " from person as p order by p.name, p.id"
    ))?;
    let people = statement.query_map([], read)?;
    Ok(people.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::person`].
pub(super) fn find(connection: &Connection, id: AgentId) -> Result<Option<Person>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        person_columns!(),
        " from person as p where p.id = ?1"
    ))?;
    Ok(statement.query_row([id], read).optional()?)
}

/// See [`crate::store::Store::person_by_email`].
pub(super) fn find_by_email(
    connection: &Connection,
    email: &str,
) -> Result<Option<(Person, String)>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        person_columns!(),
        ", p.password_hash from person as p where p.email_folded = ?1"
    ))?;
    let found = statement.query_row([email.to_lowercase()], |row| {
        let mut cells = Cells::of(row);
        Ok((rows::person(&mut cells)?, cells.take()?))
    });
    Ok(found.optional()?)
}

/// See [`crate::store::Store::create_person`].
pub(super) fn create(
    connection: &Connection,
    person: &NewPerson,
    now: At,
) -> Result<(), StoreError> {
    let inserted = connection
        .prepare_cached(
            "insert into person (id, email, email_folded, name, role, password_hash, created_at, status, capacity,
                 skills)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'offline', ?8, ?9)",
        )?
        .execute((
            person.id,
            &person.email,
            person.email.to_lowercase(),
            &person.name,
            Word(person.role),
            &person.password_hash,
            now,
            person.capacity,
            Json(&person.skills),
        ));
    unless_taken(inserted, "person.email_folded", "address")?;
    save_departments(connection, person.id, &person.departments)?;
    settings::changed(connection)?;
    let created = JournalEntry {
        agent: person.id,
        status: Status::Offline,
        capacity: person.capacity,
        departments: person.departments.clone(),
        reason: JournalReason::Created,
    };
    write_journal(connection, &created, now)
}

/// See [`crate::store::Store::create_first_person`].
pub(super) fn create_first(
    connection: &Connection,
    person: &NewPerson,
    now: At,
) -> Result<(), StoreError> {
    let is_anybody_there: bool = connection
        .prepare_cached("select exists (select 1 from person)")?
        .query_row([], |row| row.get(0))?;
    if is_anybody_there {
        return Err(StoreError::Taken("administrator"));
    }
    create(connection, person, now)
}

fn save_departments(
    connection: &Connection,
    id: AgentId,
    departments: &[DepartmentKey],
) -> Result<(), StoreError> {
    connection
        .prepare_cached("delete from person_department where person = ?1")?
        .execute([id])?;
    // `or ignore`: named twice is meant once. It does not hide a department that is not there.
    let mut statement = connection
        .prepare_cached("insert or ignore into person_department (person, position, department) values (?1, ?2, ?3)")?;
    for (position, department) in departments.iter().enumerate() {
        statement
            .execute((id, position as i64, department))
            .map_err(|error| {
                if breaks_reference(&error) {
                    StoreError::NotThere("department")
                } else {
                    error.into()
                }
            })?;
    }
    Ok(())
}

/// See [`crate::store::Store::change_person`].
pub(super) fn change(
    connection: &Connection,
    id: AgentId,
    change: PersonChange,
    now: At,
) -> Result<Person, StoreError> {
    let before = find(connection, id)?.ok_or(StoreError::NotThere("person"))?;
    let mut after = before.clone();
    after.name = change.name.unwrap_or(after.name);
    after.email = change.email.unwrap_or(after.email);
    after.role = change.role.unwrap_or(after.role);
    after.departments = change.departments.unwrap_or(after.departments);
    after.skills = change.skills.unwrap_or(after.skills);
    after.capacity = change.capacity.unwrap_or(after.capacity);
    if after.role != PersonRole::Admin {
        keep_an_admin(connection, &before)?;
    }
    let updated = connection
        .prepare_cached(
            "update person set email = ?2, email_folded = ?3, name = ?4, role = ?5, skills = ?6 where id = ?1",
        )?
        .execute((
            id,
            &after.email,
            after.email.to_lowercase(),
            &after.name,
            Word(after.role),
            Json(&after.skills),
        ));
    unless_taken(updated, "person.email_folded", "address")?;
    if after.departments != before.departments {
        save_departments(connection, id, &after.departments)?;
    }
    settings::changed(connection)?;
    if after.departments != before.departments || after.capacity != before.capacity {
        let changed = JournalEntry {
            agent: id,
            status: after.status,
            capacity: after.capacity,
            departments: after.departments,
            reason: JournalReason::Settings,
        };
        write_journal(connection, &changed, now)?;
    }
    find(connection, id)?.ok_or(StoreError::NotThere("person"))
}

/// Refuses if `person` is the only administrator.
fn keep_an_admin(connection: &Connection, person: &Person) -> Result<(), StoreError> {
    if person.role != PersonRole::Admin {
        return Ok(());
    }
    let has_another: bool = connection
        .prepare_cached("select exists (select 1 from person where role = 'admin' and id <> ?1)")?
        .query_row([person.id], |row| row.get(0))?;
    if has_another {
        Ok(())
    } else {
        Err(StoreError::InUse("administrator"))
    }
}

/// See [`crate::store::Store::remove_person`].
pub(super) fn remove(connection: &Connection, id: AgentId, now: At) -> Result<(), StoreError> {
    let person = find(connection, id)?.ok_or(StoreError::NotThere("person"))?;
    keep_an_admin(connection, &person)?;
    let owns_any: bool = connection
        .prepare_cached("select exists (select 1 from conversation where owner = ?1)")?
        .query_row([id], |row| row.get(0))?;
    if owns_any {
        return Err(StoreError::InUse("agent"));
    }
    let removed = JournalEntry {
        agent: id,
        status: Status::Offline,
        capacity: person.capacity,
        departments: person.departments,
        reason: JournalReason::Removed,
    };
    write_journal(connection, &removed, now)?;
    connection
        .prepare_cached("delete from person where id = ?1")?
        .execute([id])?;
    settings::changed(connection)
}

/// See [`crate::store::Store::journal`].
pub(super) fn journal(
    connection: &Connection,
    entry: &JournalEntry,
    now: At,
) -> Result<(), StoreError> {
    let capacity_before: Option<u8> = connection
        .prepare_cached("select capacity from person where id = ?1")?
        .query_row([entry.agent], |row| row.get(0))
        .optional()?;
    match capacity_before {
        None => return Err(StoreError::NotThere("person")),
        // Capacity is a setting, which other processes must hear of; status is not.
        Some(capacity) if capacity != entry.capacity => settings::changed(connection)?,
        Some(_) => {}
    }
    write_journal(connection, entry, now)
}

/// Writes the entry and what follows from it. Time never falls within an agent's journal.
fn write_journal(connection: &Connection, entry: &JournalEntry, now: At) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "insert into agent_journal (agent, at, status, capacity, departments, reason)
             select ?1, max(?2, coalesce((select max(at) from agent_journal where agent = ?1), ?2)), ?3, ?4, ?5, ?6",
        )?
        .execute((
            entry.agent,
            now,
            Word(entry.status),
            entry.capacity,
            Json(&entry.departments),
            Word(entry.reason),
        ))?;
    let rows = connection
        .prepare_cached("update person set status = ?2, capacity = ?3 where id = ?1")?
        .execute((entry.agent, Word(entry.status), entry.capacity))?;
    unless_missing(rows, "person")
}

/// See [`crate::store::Store::journal_of`].
pub(super) fn journal_of(
    connection: &Connection,
    agent: AgentId,
    since: At,
) -> Result<Vec<(At, JournalEntry)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select at, status, capacity, departments, reason from agent_journal
         where agent = ?1 and at >= ?2 order by number",
    )?;
    let entries = statement.query_map((agent, since), |row| {
        rows::journal_entry(&mut Cells::of(row), agent)
    })?;
    Ok(entries.collect::<Result<_, _>>()?)
}
