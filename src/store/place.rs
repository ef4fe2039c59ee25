//! Which engine keeps the store, by the settings, and opening it.
//!
//! Read by `config`, opened by the roof: the server and the commands beside it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::store::Store;
use crate::store::postgres::{self, PostgresPlace, PostgresStore};
use crate::store::sqlite::{self, SqliteStore};
use crate::store::transfer::{Source, Target};

/// Where the store is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a file of this folder, for one server.
    Folder(PathBuf),
    /// In PostgreSQL, for any number of servers.
    Postgres(PostgresPlace),
}

/// Why a store cannot be opened, in words with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] sqlite::OpenError),
    /// The database.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
}

impl Place {
    /// Opens it for a server: a data folder is then that server's alone.
    pub async fn open_for_server(&self) -> Result<Arc<dyn Store>, OpenError> {
        match self {
            Place::Folder(folder) => Ok(Arc::new(SqliteStore::open_exclusive(folder)?)),
            Place::Postgres(place) => Ok(Arc::new(PostgresStore::open(place).await?)),
        }
    }

    /// Opens it for a command, beside running servers too.
    pub async fn open(&self) -> Result<Arc<dyn Store>, OpenError> {
        match self {
            Place::Folder(folder) => Ok(Arc::new(SqliteStore::open(folder)?)),
            Place::Postgres(place) => Ok(Arc::new(PostgresStore::open(place).await?)),
        }
    }

    /// Opens it to be read for an export, beside running servers too.
    pub async fn source(&self) -> Result<Box<dyn Source>, OpenError> {
        match self {
            Place::Folder(folder) => Ok(sqlite::source(folder)?),
            Place::Postgres(place) => Ok(postgres::source(place).await?),
        }
    }

    /// Opens it to be filled by an import: it must be fresh, and no server may run on it.
    pub async fn target(&self) -> Result<Box<dyn Target>, OpenError> {
        match self {
            Place::Folder(folder) => Ok(sqlite::target(folder)?),
            Place::Postgres(place) => Ok(postgres::target(place).await?),
        }
    }

    /// The schema of a store that was opened here: an export says it, and an import wants the same.
    #[must_use]
    pub fn schema(&self) -> u32 {
        match self {
            Place::Folder(_) => sqlite::schema(),
            Place::Postgres(_) => postgres::schema(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => folder.display().fmt(out),
            Place::Postgres(_) => out.write_str("the database in PostgreSQL"),
        }
    }
}
