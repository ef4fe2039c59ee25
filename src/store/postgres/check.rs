//! Reading through a database for `balie check`, without writing anything, beside running servers too.

use sqlx::PgConnection;

use super::PostgresPlace;
use super::migrate::Schema;
use super::open::{Target, close};
use super::open_error::OpenError;
use super::values::{all, one};
use crate::store::report::{CheckReport, PROBLEMS_MAX};
use crate::store::values::Columns;

/// Sees that the server will do, and that each log is without gaps and agrees with its conversation. `None` if the database
/// holds nothing yet.
pub async fn check(place: &PostgresPlace) -> Result<(Option<CheckReport>, Vec<String>), OpenError> {
    let mut found = Target::of(place)?.find(place.connect).await?;
    let report = match found.schema {
        Schema::Missing => None,
        Schema::Known(version) | Schema::Newer(version) => {
            Some(report(&mut found.connection, version).await?)
        }
    };
    close(found.connection).await;
    Ok((report, found.notes))
}

async fn report(
    connection: &mut PgConnection,
    schema_version: u32,
) -> Result<CheckReport, OpenError> {
    let impossible = |error: crate::store::StoreError| OpenError::Away(error.to_string());
    // One look at all of it, though people write meanwhile.
    sqlx::raw_sql("begin isolation level repeatable read read only")
        .execute(&mut *connection)
        .await?;
    let lines = sqlx::query(
        "select 'the log of conversation ' || c.id || ' has ' || count(e.seq) || ' events up to '
                || coalesce(max(e.seq), 0) || ', its row says ' || c.seq
         from conversation as c left join event as e on e.conversation = c.id
         group by c.id
         having count(e.seq) <> c.seq or coalesce(max(e.seq), 0) <> c.seq
         limit $1",
    )
    .bind(i64::try_from(PROBLEMS_MAX).unwrap_or(i64::MAX))
    .fetch_all(&mut *connection)
    .await?;
    let problems = all(&lines, |cells| cells.take()).map_err(impossible)?;
    let row = sqlx::query(
        "select pg_database_size(current_database()), (select count(*) from conversation),
                (select count(*) from event), (select count(*) from person)",
    )
    .fetch_one(&mut *connection)
    .await?;
    let report = one(&row, |cells| {
        Ok(CheckReport {
            bytes: cells.take()?,
            schema_version,
            conversations: cells.take()?,
            events: cells.take()?,
            people: cells.take()?,
            problems: Vec::new(),
        })
    });
    sqlx::raw_sql("rollback").execute(connection).await?;
    Ok(CheckReport {
        problems,
        ..report.map_err(impossible)?
    })
}
