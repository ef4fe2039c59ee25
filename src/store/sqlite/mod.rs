//! The store in one file: SQLite, for one machine.
//!
//! Opened by the server ([`SqliteStore::open_exclusive`]) and by `balie admin` beside it ([`SqliteStore::open`]).
//! `engine` is the table of contents: each method of [`crate::store::Store`] names the function that does it and
//! whether it runs on the writer's thread or on a reader's connection. What an answer says was written is on the disk.

mod article_search;
mod articles;
mod attachments;
mod backup;
mod check;
mod checkpoint;
mod engine;
mod entries;
mod error;
mod lists;
mod log;
mod nudge;
mod open;
mod people;
mod promises;
mod readers;
mod rotas;
mod row;
mod self_service;
mod sessions;
mod settings;
mod stories;
mod transfer;
mod values;
mod visitors;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use backup::{Restored, Restoring, files_named, name_aside};
pub use check::check;
pub use open::{OpenError, sync_folder_of, with_suffix};
pub(in crate::store) use transfer::{schema, source, target};

use checkpoint::Checkpointer;
use nudge::Nudge;
use readers::Readers;
use writer::Writer;

/// A data folder, open. Dropping it finishes what was handed in and folds the write-ahead log into the database.
pub struct SqliteStore {
    // Dropped in this order: the writer folds the log into the database once no reader is left, the checkpoint thread
    // ends when the writer does, and the lock is let go last.
    readers: Arc<Readers>,
    writer: Writer,
    _checkpointer: Checkpointer,
    file: PathBuf,
    _lock: Option<File>,
}

impl SqliteStore {
    /// Opens the data folder, beside a running server too. Makes, checks and migrates the database as needed.
    pub fn open(data_folder: &Path) -> Result<Self, OpenError> {
        open::make_folder(data_folder)?;
        Self::start(data_folder, None)
    }

    /// Opens the data folder for the one server that may run on it.
    pub fn open_exclusive(data_folder: &Path) -> Result<Self, OpenError> {
        open::make_folder(data_folder)?;
        let lock = open::lock_folder(data_folder)?;
        Self::start(data_folder, Some(lock))
    }

    fn start(data_folder: &Path, lock: Option<File>) -> Result<Self, OpenError> {
        let file = data_folder.join(open::DATABASE_FILE);
        let as_folder_error = |source| OpenError::Folder {
            folder: data_folder.to_path_buf(),
            source,
        };
        let connection = open::prepare(&file)?;
        let (nudge, nudges) = Nudge::channel();
        let writer = Writer::start(connection, file.clone(), nudge).map_err(as_folder_error)?;
        let checkpointer = Checkpointer::start(file.clone(), nudges, writer.wal_restarter())
            .map_err(as_folder_error)?;
        let readers = Readers::new(file.clone());
        Ok(Self {
            readers,
            writer,
            _checkpointer: checkpointer,
            file,
            _lock: lock,
        })
    }

    /// The size of the write-ahead log: a figure to watch, for it grows while a reader stays.
    #[must_use]
    pub fn wal_bytes(&self) -> u64 {
        bytes_of(&open::with_suffix(&self.file, "-wal"))
    }

    fn database_bytes(&self) -> u64 {
        bytes_of(&self.file)
    }
}

fn bytes_of(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}
