//! Login sessions, API tokens, and the password that ends them.

use sqlx::PgConnection;

use super::error::{Failure, unless_dangling, unless_missing, unless_taken};
use super::people::person_columns;
use super::settings;
use super::values::{Cells, all, maybe, word};
use crate::model::id::{AgentId, SessionId};
use crate::model::record::{Person, Session};
use crate::model::time::At;
use crate::store::rows::{self, session_columns};
use crate::store::values::Columns;

/// See [`crate::store::Store::create_session`].
pub(super) async fn create(
    connection: &mut PgConnection,
    session: &Session,
) -> Result<(), Failure> {
    settings::changed(connection).await?;
    let inserted = sqlx::query(
        "insert into session (id, person, kind, secret_hash, label, created_at, seen_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(session.id.0)
    .bind(session.person.0)
    .bind(word(&session.kind)?)
    .bind(&session.secret_hash[..])
    .bind(&session.label)
    .bind(session.created_at.0)
    .bind(session.seen_at.0)
    .bind(session.expires_at.map(|at| at.0))
    .execute(connection)
    .await;
    let inserted = unless_taken(inserted, "session_secret", "session");
    match inserted {
        Err(Failure::Database(error)) => {
            unless_dangling(Err(error), "session_person", "person")?;
        }
        inserted => {
            inserted?;
        }
    }
    Ok(())
}

/// See [`crate::store::Store::session`].
pub(super) async fn find(
    connection: &mut PgConnection,
    secret_hash: [u8; 32],
) -> Result<Option<(Session, Person)>, Failure> {
    let found = sqlx::query(concat!(
        "select ",
        session_columns!(),
        ", ",
        person_columns!(),
        " from session as s join person as p on p.id = s.person where s.secret_hash = $1"
    ))
    .bind(&secret_hash[..])
    .fetch_optional(connection)
    .await?;
    Ok(maybe(found.as_ref(), |cells| {
        Ok((rows::session(cells)?, rows::person(cells)?))
    })?)
}

/// See [`crate::store::Store::session_exists`].
pub(super) async fn exists(connection: &mut PgConnection, id: SessionId) -> Result<bool, Failure> {
    let row = sqlx::query("select exists (select 1 from session where id = $1)")
        .bind(id.0)
        .fetch_one(connection)
        .await?;
    Ok(Cells::of(&row).take()?)
}

/// See [`crate::store::Store::touch_session`].
pub(super) async fn touch(
    connection: &mut PgConnection,
    id: SessionId,
    now: At,
) -> Result<(), Failure> {
    sqlx::query(
        "update session set expires_at = expires_at + ($2 - seen_at), seen_at = $2
         where id = $1 and seen_at < $2",
    )
    .bind(id.0)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// See [`crate::store::Store::sessions_of`].
pub(super) async fn of_person(
    connection: &mut PgConnection,
    person: AgentId,
) -> Result<Vec<Session>, Failure> {
    let sessions = sqlx::query(concat!(
        "select ",
        session_columns!(),
        " from session as s where s.person = $1 order by s.created_at desc, s.id desc"
    ))
    .bind(person.0)
    .fetch_all(connection)
    .await?;
    Ok(all(&sessions, rows::session)?)
}

/// See [`crate::store::Store::end_session`].
pub(super) async fn end(
    connection: &mut PgConnection,
    person: AgentId,
    id: SessionId,
) -> Result<(), Failure> {
    settings::changed(connection).await?;
    let ended = sqlx::query("delete from session where id = $1 and person = $2")
        .bind(id.0)
        .bind(person.0)
        .execute(connection)
        .await?;
    Ok(unless_missing(ended.rows_affected(), "session")?)
}

/// See [`crate::store::Store::end_sessions`].
pub(super) async fn end_all(
    connection: &mut PgConnection,
    person: AgentId,
    keep: Option<SessionId>,
) -> Result<(), Failure> {
    settings::changed(connection).await?;
    sqlx::query(
        "delete from session where person = $1 and kind = 'cookie' and id is distinct from $2",
    )
    .bind(person.0)
    .bind(keep.map(|id| id.0))
    .execute(connection)
    .await?;
    Ok(())
}

/// See [`crate::store::Store::forget_expired_sessions`].
pub(super) async fn forget_expired(connection: &mut PgConnection, now: At) -> Result<(), Failure> {
    let row = sqlx::query("select exists (select 1 from session where expires_at < $1)")
        .bind(now.0)
        .fetch_one(&mut *connection)
        .await?;
    if !Cells::of(&row).take::<bool>()? {
        return Ok(());
    }
    settings::changed(connection).await?;
    sqlx::query("delete from session where expires_at < $1")
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// See [`crate::store::Store::set_password`].
pub(super) async fn set_password(
    connection: &mut PgConnection,
    person: AgentId,
    hash: &str,
    keep: Option<SessionId>,
) -> Result<(), Failure> {
    // Counts the change and ends the sessions; a person who is not there has none.
    end_all(connection, person, keep).await?;
    let updated = sqlx::query("update person set password_hash = $2 where id = $1")
        .bind(person.0)
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(unless_missing(updated.rows_affected(), "person")?)
}
