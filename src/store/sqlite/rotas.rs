//! [`Rotas`] on SQLite.

use async_trait::async_trait;
use rusqlite::Connection;

use super::SqliteStore;
use super::error::breaks_reference;
use super::settings;
use super::values::Cells;
use crate::model::hours::Hours;
use crate::model::id::AgentId;
use crate::store::StoreError;
use crate::store::rotas::Rotas;
use crate::store::rows;
use crate::store::values::Json;

#[async_trait]
impl Rotas for SqliteStore {
    async fn rotas(&self) -> Result<Vec<(AgentId, Hours)>, StoreError> {
        self.readers.read(all).await
    }

    async fn save_rota(&self, person: AgentId, week: Option<Hours>) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| save(connection, person, week.as_ref()))
            .await
    }
}

fn all(connection: &Connection) -> Result<Vec<(AgentId, Hours)>, StoreError> {
    let mut statement =
        connection.prepare_cached("select person, week from rota order by person")?;
    let rotas = statement.query_map([], |row| rows::rota(&mut Cells::of(row)))?;
    Ok(rotas.collect::<Result<_, _>>()?)
}

fn save(connection: &Connection, person: AgentId, week: Option<&Hours>) -> Result<(), StoreError> {
    settings::changed(connection)?;
    let Some(week) = week else {
        connection
            .prepare_cached("delete from rota where person = ?1")?
            .execute([person])?;
        return Ok(());
    };
    connection
        .prepare_cached(
            "insert into rota (person, week) values (?1, ?2) on conflict (person) do update set week = excluded.week",
        )?
        .execute((person, Json(week)))
        .map_err(|error| {
            if breaks_reference(&error) {
                StoreError::NotThere("person")
            } else {
                error.into()
            }
        })?;
    Ok(())
}
