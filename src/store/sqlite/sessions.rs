//! Login sessions, API tokens, and the password that ends them.

use rusqlite::{Connection, OptionalExtension};

use super::error::{breaks_reference, unless_missing, unless_taken};
use super::people::person_columns;
use super::settings;
use super::values::Cells;
use crate::model::id::{AgentId, SessionId};
use crate::model::record::{Person, Session};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::rows::{self, session_columns};
use crate::store::values::Word;

/// See [`crate::store::Store::create_session`].
pub(super) fn create(connection: &Connection, session: &Session) -> Result<(), StoreError> {
    let inserted = connection
        .prepare_cached(
            "insert into session (id, person, kind, secret_hash, label, created_at, seen_at, expires_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            session.id,
            session.person,
            Word(session.kind),
            session.secret_hash,
            &session.label,
            session.created_at,
            session.seen_at,
            session.expires_at,
        ));
    match inserted {
        Err(error) if breaks_reference(&error) => return Err(StoreError::NotThere("person")),
        inserted => unless_taken(inserted, "session.secret_hash", "session")?,
    };
    settings::changed(connection)
}

/// See [`crate::store::Store::session`].
pub(super) fn find(
    connection: &Connection,
    secret_hash: [u8; 32],
) -> Result<Option<(Session, Person)>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        session_columns!(),
        ", ",
        person_columns!(),
        " from session as s join person as p on p.id = s.person where s.secret_hash = ?1"
    ))?;
    let found = statement.query_row([secret_hash], |row| {
        let mut cells = Cells::of(row);
        Ok((rows::session(&mut cells)?, rows::person(&mut cells)?))
    });
    Ok(found.optional()?)
}

/// See [`crate::store::Store::session_exists`].
pub(super) fn exists(connection: &Connection, id: SessionId) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("select exists (select 1 from session where id = ?1)")?
        .query_row([id], |row| row.get(0))?)
}

/// See [`crate::store::Store::touch_session`].
pub(super) fn touch(connection: &Connection, id: SessionId, now: At) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "update session set expires_at = expires_at + (?2 - seen_at), seen_at = ?2
             where id = ?1 and seen_at < ?2",
        )?
        .execute((id, now))?;
    Ok(())
}

/// See [`crate::store::Store::sessions_of`].
pub(super) fn of_person(
    connection: &Connection,
    person: AgentId,
) -> Result<Vec<Session>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        session_columns!(),
        " from session as s where s.person = ?1 order by s.created_at desc, s.id desc"
    ))?;
    let sessions = statement.query_map([person], |row| rows::session(&mut Cells::of(row)))?;
    Ok(sessions.collect::<Result<_, _>>()?)
}

/// See [`crate::store::Store::end_session`].
pub(super) fn end(
    connection: &Connection,
    person: AgentId,
    id: SessionId,
) -> Result<(), StoreError> {
    let rows = connection
        .prepare_cached("delete from session where id = ?1 and person = ?2")?
        .execute((id, person))?;
    unless_missing(rows, "session")?;
    settings::changed(connection)
}

/// See [`crate::store::Store::end_sessions`].
pub(super) fn end_all(
    connection: &Connection,
    person: AgentId,
    keep: Option<SessionId>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "delete from session where person = ?1 and kind = 'cookie' and id is not ?2",
        )?
        .execute((person, keep))?;
    settings::changed(connection)
}

/// See [`crate::store::Store::forget_expired_sessions`].
pub(super) fn forget_expired(connection: &Connection, now: At) -> Result<(), StoreError> {
    let rows = connection
        .prepare_cached("delete from session where expires_at < ?1")?
        .execute([now])?;
    if rows > 0 {
        settings::changed(connection)
    } else {
        Ok(())
    }
}

/// See [`crate::store::Store::set_password`].
pub(super) fn set_password(
    connection: &Connection,
    person: AgentId,
    hash: &str,
    keep: Option<SessionId>,
) -> Result<(), StoreError> {
    let rows = connection
        .prepare_cached("update person set password_hash = ?2 where id = ?1")?
        .execute((person, hash))?;
    unless_missing(rows, "person")?;
    end_all(connection, person, keep)
}
