//! [`Rotas`] on PostgreSQL.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::PostgresStore;
use super::error::{Failure, unless_dangling};
use super::pool::{directly, transact};
use super::settings;
use super::values::{all, json};
use crate::model::hours::Hours;
use crate::model::id::AgentId;
use crate::store::StoreError;
use crate::store::rotas::Rotas;
use crate::store::rows;

#[async_trait]
impl Rotas for PostgresStore {
    async fn rotas(&self) -> Result<Vec<(AgentId, Hours)>, StoreError> {
        directly!(self, connection => every(connection))
    }

    async fn save_rota(&self, person: AgentId, week: Option<Hours>) -> Result<(), StoreError> {
        transact!(self, connection => save(connection, person, week.as_ref()))
    }
}

async fn every(connection: &mut PgConnection) -> Result<Vec<(AgentId, Hours)>, Failure> {
    let found = sqlx::query("select person, week from rota order by person")
        .fetch_all(connection)
        .await?;
    Ok(all(&found, rows::rota)?)
}

async fn save(
    connection: &mut PgConnection,
    person: AgentId,
    week: Option<&Hours>,
) -> Result<(), Failure> {
    settings::changed(connection).await?;
    let Some(week) = week else {
        sqlx::query("delete from rota where person = $1")
            .bind(person.0)
            .execute(connection)
            .await?;
        return Ok(());
    };
    let saved = sqlx::query(
        "insert into rota (person, week) values ($1, $2::json)
         on conflict (person) do update set week = excluded.week",
    )
    .bind(person.0)
    .bind(json(week)?)
    .execute(connection)
    .await;
    unless_dangling(saved, "rota_person", "person")?;
    Ok(())
}
