//! Opening a data folder: the file's health, its schema, the connections, and the lock of the one server.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::nudge::WAL_BYTES_KEPT;
use crate::store::fresh;

/// The database's name in the data folder.
pub(super) const DATABASE_FILE: &str = "balie.db";
/// Locked by the one server (or restore) that uses the data folder.
const LOCK_FILE: &str = "balie.lock";
/// Marks a file as Balie's, in SQLite's header: "Bali" in ASCII.
const APPLICATION_ID: i32 = 0x4261_6c69;
/// Waiting for another process that writes. Our own connections never wait for each other.
pub(super) const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Larger databases are not read through at each start; `balie check` reads them at any size. SQLite checks some
/// hundred megabytes a second, so a start never takes more than a second or two longer for it.
const QUICK_CHECK_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Every statement of the engine, and a few to spare.
const STATEMENTS_KEPT: usize = 160;

/// The migrations in order; the schema's version is how many were run. A released one is never edited.
const MIGRATIONS: &[Migration] = &[
    Migration {
        schema: include_str!("migrations/0001_log_and_desk.sql"),
        fill: Some(seed_fresh_installation),
    },
    Migration {
        schema: include_str!("migrations/0002_widget_settings.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0003_articles.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0004_attachments.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0005_messages_and_hours.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0006_in_order_of_time.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0007_standards_and_reports.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0008_promises.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0009_routing.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0010_rotas.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0011_words_in_order_of_time.sql"),
        fill: None,
    },
    Migration {
        schema: include_str!("migrations/0012_needs.sql"),
        fill: None,
    },
];

struct Migration {
    schema: &'static str,
    /// What SQL alone cannot do, in the same transaction.
    fill: Option<fn(&Connection) -> rusqlite::Result<()>>,
}

/// Why a data folder cannot be used. Each message names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be made or written.
    #[error(
        "the data folder {folder} cannot be used: {source}. Choose another one (--data) or mend its rights."
    )]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another server runs on it.
    #[error(
        "another Balie server uses the data folder {folder}. Stop it first, or choose another folder (--data)."
    )]
    InUse {
        /// Which.
        folder: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "the database {file} is damaged: {detail}. Keep a copy of the file, then restore a backup with \
         `balie admin restore BACKUP`."
    )]
    Damaged {
        /// Which.
        file: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file is not a database of Balie's.
    #[error(
        "{file} is not a Balie database: {detail}. Choose another data folder (--data), or restore a backup with \
         `balie admin restore BACKUP`."
    )]
    Foreign {
        /// Which.
        file: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A newer Balie has written it.
    #[error(
        "the database {file} was written by a newer Balie (schema {found}; this one knows {known}). Install that \
         version, or restore an older backup with `balie admin restore BACKUP`."
    )]
    Newer {
        /// Which.
        file: PathBuf,
        /// The file's schema version.
        found: u32,
        /// The newest this program knows.
        known: u32,
    },
    /// There is nothing to export.
    #[error("there is no database {file}. Name the data folder (--data)")]
    Missing {
        /// Where it would be.
        file: PathBuf,
    },
    /// Something would be lost in an import.
    #[error(
        "the data folder {folder} is not fresh: it holds {what}. Import into a folder where nobody has done anything (--data)"
    )]
    NotFresh {
        /// Which.
        folder: PathBuf,
        /// What there is, in words.
        what: String,
    },
    /// The file is sound as far as known, but cannot be read or written now.
    #[error(
        "the database {file} cannot be used: {detail}. See that the disk has room and the file may be written."
    )]
    Away {
        /// Which.
        file: PathBuf,
        /// What SQLite says.
        detail: String,
    },
}

impl OpenError {
    /// What an error of SQLite means for this file.
    pub(super) fn of(file: &Path, error: &rusqlite::Error) -> Self {
        let file = file.to_path_buf();
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::Foreign { file, detail },
            None
            | Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch,
            ) => OpenError::Damaged { file, detail },
            Some(_) => OpenError::Away { file, detail },
        }
    }
}

/// The file of the same name with something behind it: SQLite names the files beside a database so.
#[must_use]
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the data folder if it is not there. It holds secrets, so only its owner may look.
pub(super) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| OpenError::Folder {
        folder: folder.to_path_buf(),
        source,
    })
}

/// Takes the data folder for this process alone, until the file is dropped or the process ends, however it ends.
pub(super) fn lock_folder(folder: &Path) -> Result<File, OpenError> {
    let as_folder_error = |source| OpenError::Folder {
        folder: folder.to_path_buf(),
        source,
    };
    let file = File::create(folder.join(LOCK_FILE)).map_err(as_folder_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            folder: folder.to_path_buf(),
        }),
        Err(TryLockError::Error(source)) => Err(as_folder_error(source)),
    }
}

/// Opens the database for writing, checks it, and brings its schema up to date; a new one is filled with the demo site.
pub(super) fn prepare(file: &Path) -> Result<Connection, OpenError> {
    create_private(file).map_err(|error| OpenError::Away {
        file: file.to_path_buf(),
        detail: error.to_string(),
    })?;
    check_header(file)?;
    let as_open_error = |error| OpenError::of(file, &error);
    let mut connection = open_writable(file).map_err(as_open_error)?;
    let version = version_of(&connection, file)?;
    if version.is_some() {
        check_quickly(&connection, file)?;
    }
    set_up_writer(&connection).map_err(as_open_error)?;
    migrate(&mut connection).map_err(as_open_error)?;
    // Somebody else may have migrated it further between the look and the transaction.
    version_of(&connection, file)?;
    Ok(connection)
}

/// Migrations that this program knows.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// The schema version of a database of Balie's, `None` for an empty file.
pub(super) fn version_of(connection: &Connection, file: &Path) -> Result<Option<u32>, OpenError> {
    let as_open_error = |error| OpenError::of(file, &error);
    let number = |pragma: &str| {
        connection
            .query_row(pragma, [], |row| row.get::<_, i32>(0))
            .map_err(as_open_error)
    };
    let tables = connection
        .query_row("select count(*) from sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
        .map_err(as_open_error)?;
    if tables == 0 {
        return Ok(None);
    }
    if number("pragma application_id")? != APPLICATION_ID {
        let detail = "it belongs to another program".to_owned();
        return Err(OpenError::Foreign {
            file: file.to_path_buf(),
            detail,
        });
    }
    let known = known();
    let found = u32::try_from(number("pragma user_version")?).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::Newer {
            file: file.to_path_buf(),
            found,
            known,
        });
    }
    Ok(Some(found))
}

/// Makes the file, empty, if it is not there: it holds secrets, so only its owner may read it, whatever the folder
/// allows. SQLite gives the files beside it the same rights.
pub(super) fn create_private(file: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Ok(_) => sync_folder_of(file),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Puts a file's name on the disk, which lives in its folder.
pub fn sync_folder_of(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}

/// Looks at the first bytes before SQLite does: whatever is not empty must be a SQLite file.
pub(super) fn check_header(file: &Path) -> Result<(), OpenError> {
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    let mut header = Vec::new();
    match File::open(file).and_then(|open_file| open_file.take(16).read_to_end(&mut header)) {
        Ok(0) => Ok(()),
        Ok(_) if header == MAGIC => Ok(()),
        Ok(_) => {
            let detail = "its first bytes are not those of a SQLite file".to_owned();
            Err(OpenError::Foreign {
                file: file.to_path_buf(),
                detail,
            })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(OpenError::Away {
            file: file.to_path_buf(),
            detail: error.to_string(),
        }),
    }
}

fn check_quickly(connection: &Connection, file: &Path) -> Result<(), OpenError> {
    let bytes = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    if bytes > QUICK_CHECK_BYTES_MAX {
        return Ok(());
    }
    let found: String = connection
        .query_row("pragma quick_check(1)", [], |row| row.get(0))
        .map_err(|error| OpenError::of(file, &error))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged {
            file: file.to_path_buf(),
            detail: found,
        })
    }
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Read inside the transaction: of two processes that open a fresh folder together, one migrates.
    let done: usize =
        transaction.query_row("pragma user_version", [], |row| row.get::<_, u32>(0))? as usize;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration.schema)?;
        if let Some(fill) = migration.fill {
            fill(&transaction)?;
        }
    }
    if done < MIGRATIONS.len() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    }
    transaction.commit()
}

/// The demo site, its two departments, and the secrets that are made once.
fn seed_fresh_installation(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(
        "insert into installation (only_row, epoch, token_secret, settings_version, probe_count)
         values (1, ?1, ?2, 1, 0)",
        (fresh::epoch(), fresh::random_bytes::<32>()),
    )?;
    connection.execute(
        "insert into site (key, name, origins, form, greeting, color, typing_preview, identity_secret,
                           identity_public_key)
         values (?1, ?2, '[\"self\"]', '[]', null, null, 1, ?3, null)",
        (fresh::SITE, fresh::SITE_NAME, fresh::identity_secret()),
    )?;
    for (position, (key, name)) in fresh::DEPARTMENTS.into_iter().enumerate() {
        connection.execute(
            "insert into department (key, name, mode, priority, idle_limit_ms, idle_close_ms, idle_text)
             values (?1, ?2, 'assign', 0, null, ?3, ?4)",
            (
                key,
                name,
                crate::model::record::IDLE_CLOSE_DEFAULT,
                crate::model::record::IDLE_TEXT_DEFAULT,
            ),
        )?;
        connection.execute(
            "insert into site_department (site, position, department) values (?1, ?2, ?3)",
            (fresh::SITE, position as i64, key),
        )?;
    }
    Ok(())
}

/// A connection that writes, to a database that was prepared before.
pub(super) fn connect_writer(file: &Path) -> rusqlite::Result<Connection> {
    let connection = open_writable(file)?;
    set_up_writer(&connection)?;
    Ok(connection)
}

/// A connection that cannot write, to a database that was prepared before.
pub(super) fn connect_reader(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    set_up_both(&connection)?;
    // Ignores case as people do, which SQLite's `like` does for ASCII only.
    let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("contains_folded", 2, flags, |call| {
        let text = call.get_raw(0).as_str_or_null()?.unwrap_or_default();
        let folded_part = call.get_raw(1).as_str()?;
        Ok(text.to_lowercase().contains(folded_part))
    })?;
    Ok(connection)
}

fn open_writable(file: &Path) -> rusqlite::Result<Connection> {
    // No mutex: each connection is used by one thread at a time, which the types see to.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    Ok(connection)
}

fn set_up_writer(connection: &Connection) -> rusqlite::Result<()> {
    set_up_both(connection)?;
    // Answers with the mode; a file system without shared memory would keep another, and then nothing here holds.
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            Some("this file system cannot hold a write-ahead log; use a local disk".to_owned()),
        ));
    }
    // FULL: a commit is on the disk when it returns. Checkpoints are the checkpoint thread's.
    connection.execute_batch(
        "pragma synchronous = full; pragma wal_autocheckpoint = 0; pragma cache_size = -32000",
    )?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)
}

fn set_up_both(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Temporary tables in memory: a full disk must not stop a read.
    connection.execute_batch(
        "pragma foreign_keys = on; pragma temp_store = memory; pragma trusted_schema = off",
    )
}
