//! Backups: a consistent copy while the store is in use, and putting one back.
//!
//! A backup is one SQLite file. It is written under another name and renamed when it is whole and on the disk, so that
//! a file of the asked name is always a good one. Putting one back never deletes: what was there is moved aside.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::open::{self, OpenError, with_suffix};
use super::settings;
use crate::model::id::AttachmentId;
use crate::store::StoreError;

/// What [`Restoring::finish`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The new epoch: clients start their timelines anew.
    pub epoch: String,
    /// Where the database that was there lies now, if there was one.
    pub moved_aside: Option<PathBuf>,
}

/// Writes a copy of the database to the new file `to`. Not on a lent reader: it reads for as long as the copy takes.
pub(super) async fn write(file: PathBuf, to: PathBuf) -> Result<(), StoreError> {
    let copy = tokio::task::spawn_blocking(move || write_now(&file, &to));
    copy.await.unwrap_or_else(|error| {
        Err(StoreError::Away(format!(
            "the backup was broken off: {error}"
        )))
    })
}

fn write_now(file: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::Taken("a file of this name"));
    }
    let partial = with_suffix(to, ".partial");
    let as_away = |error: io::Error| StoreError::Away(format!("{}: {error}", to.display()));
    remove_if_there(&partial).map_err(as_away)?;
    let partial_name = partial
        .to_str()
        .ok_or_else(|| StoreError::Away(format!("{}: the name is not Unicode", to.display())))?;
    let connection = open::connect_reader(file)?;
    // SQLite copies into an empty file as well as into a new one.
    open::create_private(&partial).map_err(as_away)?;
    let written = connection
        .execute("vacuum into ?1", [partial_name])
        .map_err(StoreError::from);
    let finished = written.and_then(|_| finish_file(&partial, to).map_err(as_away));
    if finished.is_err() {
        // What is left of it would only take room on a disk that may be full.
        let _ = fs::remove_file(&partial);
    }
    finished
}

/// A data folder that nobody else uses, and a backup that is whole and of a version this program knows: what may still
/// fail, short of the disk, failed before. The folder is let go when this is dropped.
pub struct Restoring {
    data_folder: PathBuf,
    backup_file: PathBuf,
    _lock: File,
}

impl Restoring {
    /// Takes the folder and looks through the backup; changes nothing yet. Refused while a server uses the folder.
    pub fn begin(data_folder: &Path, backup_file: &Path) -> Result<Self, OpenError> {
        open::make_folder(data_folder)?;
        let lock = open::lock_folder(data_folder)?;
        check_backup(backup_file)?;
        Ok(Self {
            data_folder: data_folder.to_owned(),
            backup_file: backup_file.to_owned(),
            _lock: lock,
        })
    }

    /// Puts the backup in the place of the folder's database, with a new epoch. The old one is moved aside.
    pub fn finish(&self) -> Result<Restored, OpenError> {
        let database = self.data_folder.join(open::DATABASE_FILE);
        let prepared = with_suffix(&database, ".restoring");
        let as_away = |error: io::Error| OpenError::Away {
            file: database.clone(),
            detail: error.to_string(),
        };
        for suffix in ["", "-wal", "-shm"] {
            remove_if_there(&with_suffix(&prepared, suffix)).map_err(as_away)?;
        }
        fs::copy(&self.backup_file, &prepared).map_err(as_away)?;
        let epoch = prepare_copy(&prepared)?;
        let moved_aside = move_aside(&database).map_err(as_away)?;
        finish_file(&prepared, &database).map_err(as_away)?;
        Ok(Restored { epoch, moved_aside })
    }
}

/// The files that a backup names: those that are part of a log, and those that may still become one.
pub fn files_named(backup_file: &Path) -> Result<Vec<AttachmentId>, OpenError> {
    let as_open_error = |error| OpenError::of(backup_file, &error);
    let connection = read_only(backup_file)?;
    let has_files = "select count(*) from sqlite_schema where name = 'attachment'";
    let has_files: bool = connection
        .query_row(has_files, [], |row| row.get(0))
        .map_err(as_open_error)?;
    if !has_files {
        // Of a version that knew no files.
        return Ok(Vec::new());
    }
    let mut statement = connection
        .prepare("select id from attachment where state in ('uploaded', 'sent') order by at")
        .map_err(as_open_error)?;
    let ids = statement
        .query_map([], |row| row.get(0))
        .map_err(as_open_error)?;
    ids.collect::<Result<_, _>>().map_err(as_open_error)
}

/// Looks through the whole backup without writing anything beside it.
fn check_backup(file: &Path) -> Result<(), OpenError> {
    let as_open_error = |error| OpenError::of(file, &error);
    let connection = read_only(file)?;
    if open::version_of(&connection, file)?.is_none() {
        let detail = "it is empty".to_owned();
        return Err(OpenError::Foreign {
            file: file.to_path_buf(),
            detail,
        });
    }
    let found: String = connection
        .query_row("pragma integrity_check(1)", [], |row| row.get(0))
        .map_err(as_open_error)?;
    if found == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged {
            file: file.to_path_buf(),
            detail: found,
        })
    }
}

fn read_only(file: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).map_err(|error| OpenError::of(file, &error))
}

/// Migrates the copy and gives it a new epoch before it takes its place, so that no start ever sees it half done.
fn prepare_copy(file: &Path) -> Result<String, OpenError> {
    let as_away = |error: StoreError| OpenError::Away {
        file: file.to_path_buf(),
        detail: error.to_string(),
    };
    let connection = open::prepare(file)?;
    let epoch = settings::new_epoch(&connection).map_err(as_away)?;
    // Closing the last connection folds the write-ahead log into the file and removes it.
    connection
        .close()
        .map_err(|(_, error)| OpenError::of(file, &error))?;
    Ok(epoch)
}

/// Gives the old database another name. It keeps its own name as well until the new one replaces it: a start after a
/// power cut in between finds the old one rather than none. Its write-ahead log, which must not meet another database,
/// goes along for good.
fn move_aside(database: &Path) -> io::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    let aside = name_aside(database);
    for suffix in ["-wal", "-shm"] {
        match fs::rename(with_suffix(database, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    // Some file systems know no second name for a file; then there is a moment without a database.
    fs::hard_link(database, &aside).or_else(|_| fs::rename(database, &aside))?;
    Ok(Some(aside))
}

/// A free name for what stood where a restore puts something else, of a file or a folder.
#[must_use]
pub fn name_aside(path: &Path) -> PathBuf {
    (1_u32..)
        .map(|number| with_suffix(path, &format!(".before-restore-{number}")))
        .find(|name| !name.exists())
        .expect("some number is free")
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Puts a whole file on the disk under its last name; the folder too, which holds the name.
fn finish_file(written: &Path, name: &Path) -> io::Result<()> {
    File::open(written)?.sync_all()?;
    fs::rename(written, name)?;
    open::sync_folder_of(name)
}
