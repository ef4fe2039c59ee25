//! When people mean to work: a week each, with days off, as the team enters it.
//!
//! [`Rotas`] is the engines' part. Written over REST, read by the settings' snapshot, from which the day book foretells waits.
//! A rota says what is planned, never what is: nobody comes on or goes off by it.

use async_trait::async_trait;

use crate::domain::happening::PlannedShifts;
use crate::domain::hours::Schedule;
use crate::model::hours::Hours;
use crate::model::id::{AgentId, DepartmentKey};
use crate::model::record::Person;
use crate::model::time::At;
use crate::store::StoreError;

/// The part of a store that keeps rotas.
#[async_trait]
pub trait Rotas: Send + Sync {
    /// Of everybody who has one, by id.
    async fn rotas(&self) -> Result<Vec<(AgentId, Hours)>, StoreError>;

    /// Replaces the rota of a person, or takes it away. `NotThere("person")`.
    async fn save_rota(&self, person: AgentId, week: Option<Hours>) -> Result<(), StoreError>;
}

/// Somebody who works to a plan, and where.
#[derive(Clone, Debug)]
pub struct Planned {
    agent: AgentId,
    capacity: u32,
    departments: Vec<DepartmentKey>,
    week: Schedule,
}

impl Planned {
    /// None where the rota makes no sense: a zone that the time zone database has dropped since leaves somebody without a plan.
    pub(super) fn of(person: &Person, rota: &Hours) -> Option<Self> {
        let week = Schedule::of(rota).map_err(|wrong| {
            tracing::warn!(person = %person.id, %wrong, "a rota makes no sense; taken as none");
        });
        Some(Self {
            agent: person.id,
            capacity: u32::from(person.capacity),
            departments: person.departments.clone(),
            week: week.ok()?,
        })
    }

    /// The shifts that lie between two moments, or reach into that time.
    #[must_use]
    pub fn shifts(&self, from: At, to: At) -> PlannedShifts {
        let shifts = self.week.spans_between(from, to).into_iter();
        PlannedShifts {
            agent: self.agent,
            capacity: self.capacity,
            departments: self.departments.clone(),
            shifts: shifts.map(|(from, to)| (from, Some(to))).collect(),
        }
    }
}
