//! The store in PostgreSQL: for many nodes, each a process like this one.
//!
//! Opened by [`super::place`]. `engine` is the table of contents: each method of [`crate::store::Store`] names the function that does it
//! and whether it runs in a transaction. Appends go through `lanes` in batches, everything else through `pool`. What an answer says
//! was written is on the server's disk. A server that is away is `Away` and found again by the next call.

mod article_search;
mod articles;
mod attachments;
mod batch;
mod check;
mod engine;
mod entries;
mod error;
mod lanes;
mod lists;
mod look;
mod migrate;
mod open;
mod open_error;
mod people;
mod pool;
mod promises;
mod rotas;
mod self_service;
mod sessions;
mod settings;
mod stories;
mod transfer;
mod values;
mod visitors;
mod write;

use std::fmt;
use std::time::Duration;

pub use check::check;
pub use open_error::OpenError;
pub(in crate::store) use transfer::{schema, source, target};

use lanes::Lanes;
use migrate::Schema;
use open::Target;
use pool::Pool;

/// Where the database is, and what may be asked of it.
#[derive(Clone, Debug)]
pub struct PostgresPlace {
    /// `postgres://user:password@host:port/database`.
    pub url: SecretUrl,
    /// Connections for everything but appends, which have four of their own.
    pub connections_max: u32,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long a call may take.
    pub answer: Duration,
}

/// An address with a password in it, which no log may show.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Wraps it.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self(url)
    }

    /// Whether it is an address of PostgreSQL at all.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| self.0.starts_with(scheme))
    }

    fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("postgres://…")
    }
}

/// A database, open.
pub struct PostgresStore {
    pool: Pool,
    lanes: Lanes,
}

impl PostgresStore {
    /// Finds the server, sees that it will do, and brings the schema up to date.
    pub async fn open(place: &PostgresPlace) -> Result<Self, OpenError> {
        let target = Target::of(place)?;
        let mut found = target.find(place.connect).await?;
        for note in &found.notes {
            tracing::warn!(note, "PostgreSQL is set in a way to know about");
        }
        if let Schema::Newer(version) = migrate::migrate(&mut found.connection).await? {
            tracing::warn!(
                schema = version,
                known = migrate::known(),
                "a newer Balie has changed the schema; this one works beside it until it is upgraded"
            );
        }
        open::close(found.connection).await;
        let options =
            open::session_options(target.options, &found.synchronous_commit, place.answer);
        Ok(Self {
            lanes: Lanes::start(&options, place.connect, place.answer),
            pool: Pool::new(options, place.connections_max, place.connect, place.answer),
        })
    }
}
