//! Finding the server and seeing that it will do, before anything is touched: each thing that can be wrong is named with its
//! remedy.

use std::io::ErrorKind;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::time::timeout;

use super::PostgresPlace;
use super::error::is_connection_lost;
use super::migrate::{self, Schema};
use super::open_error::OpenError;

/// `server_version_num` of the oldest PostgreSQL that will do. Older ones are no longer mended by anybody.
const VERSION_MIN: u32 = 140_000;
/// Every statement of the engine, and a few to spare.
const STATEMENTS_KEPT: usize = 160;
/// The tables that every call needs to write to; the rest belong to the same owner.
const TABLES: [&str; 6] = [
    "installation",
    "conversation",
    "event",
    "command",
    "visitor",
    "person",
];

/// Where the server is and how to talk to it, read from the address.
pub(super) struct Target {
    pub(super) options: PgConnectOptions,
    place: String,
    user: String,
    database: String,
}

/// A server that will do, and what was found there.
pub(super) struct Found {
    pub(super) connection: PgConnection,
    pub(super) schema: Schema,
    /// As the sessions of the store are to commit.
    pub(super) synchronous_commit: String,
    /// What is not wrong and yet should be known.
    pub(super) notes: Vec<String>,
}

impl Target {
    /// Reads the address.
    pub(super) fn of(place: &PostgresPlace) -> Result<Self, OpenError> {
        // What the library says of a wrong address may quote the password.
        let options = PgConnectOptions::from_str(place.url.reveal())
            .map_err(|_| OpenError::Url("it cannot be read".to_owned()))?
            .application_name("balie")
            .statement_cache_capacity(STATEMENTS_KEPT)
            // What goes wrong is told by whoever asked; statements hold people's words.
            .disable_statement_logging();
        let shown = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        let user = options.get_username().to_owned();
        let database = options.get_database().unwrap_or(&user).to_owned();
        Ok(Self {
            options,
            place: shown,
            user,
            database,
        })
    }

    /// Connects and sees whether the server and the database will do. Touches nothing.
    pub(super) async fn find(&self, connect: Duration) -> Result<Found, OpenError> {
        let mut connection = match timeout(connect, self.options.connect()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(self.explained(error)),
            Err(_) => {
                return Err(OpenError::Unreachable {
                    place: self.place.clone(),
                    detail: format!("no answer within {} ms", connect.as_millis()),
                });
            }
        };
        self.check_version(&connection)?;
        self.check_kind(&mut connection).await?;
        let schema = migrate::look(&mut connection).await?;
        self.check_rights(&mut connection, schema).await?;
        let (synchronous_commit, notes) = durability(&mut connection).await?;
        Ok(Found {
            connection,
            schema,
            synchronous_commit,
            notes,
        })
    }

    fn explained(&self, error: sqlx::Error) -> OpenError {
        let place = self.place.clone();
        let code = error
            .as_database_error()
            .and_then(|refusal| refusal.code().map(|code| code.into_owned()));
        let detail = match error.as_database_error() {
            Some(refusal) => refusal.message().to_owned(),
            None => error.to_string(),
        };
        match code.as_deref() {
            Some("28P01" | "28000") => OpenError::Password {
                place,
                user: self.user.clone(),
                detail,
            },
            Some("3D000") => OpenError::NoDatabase {
                place,
                database: self.database.clone(),
            },
            Some("42501") => OpenError::Permission {
                user: self.user.clone(),
                what: format!("connect to the database \"{}\"", self.database),
                remedy: format!(
                    "grant connect on database \"{}\" to \"{}\"",
                    self.database, self.user
                ),
            },
            _ if self.is_about_tls(&error) => OpenError::Tls { place, detail },
            _ if is_connection_lost(&error) => OpenError::Unreachable { place, detail },
            _ => OpenError::Away(detail),
        }
    }

    /// Whether it is the server's certificate, or a file that the address names for it. What rustls refuses comes as invalid data, and
    /// only a file, or a socket that is one, can be missing.
    fn is_about_tls(&self, error: &sqlx::Error) -> bool {
        match error {
            sqlx::Error::Tls(_) => true,
            sqlx::Error::Io(error) => match error.kind() {
                ErrorKind::InvalidData => true,
                ErrorKind::NotFound => self.options.get_socket().is_none(),
                _ => false,
            },
            _ => false,
        }
    }

    fn check_version(&self, connection: &PgConnection) -> Result<(), OpenError> {
        let found = connection.server_version_num().unwrap_or(0);
        if found >= VERSION_MIN {
            return Ok(());
        }
        Err(OpenError::TooOld {
            place: self.place.clone(),
            found: format!("{}.{}", found / 10_000, found % 10_000),
        })
    }

    async fn check_kind(&self, connection: &mut PgConnection) -> Result<(), OpenError> {
        let row = sqlx::query(
            "select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
                    current_setting('server_encoding')",
        )
        .fetch_one(connection)
        .await?;
        let read_only = |why| {
            Err(OpenError::ReadOnly {
                place: self.place.clone(),
                why,
            })
        };
        if row.try_get(0)? {
            return read_only("it is a standby");
        }
        if row.try_get(1)? {
            return read_only("default_transaction_read_only is on");
        }
        let found: String = row.try_get(2)?;
        if found != "UTF8" {
            return Err(OpenError::Encoding {
                database: self.database.clone(),
                found,
            });
        }
        Ok(())
    }

    /// Whether the user may make what is missing and write to what is there.
    async fn check_rights(
        &self,
        connection: &mut PgConnection,
        schema: Schema,
    ) -> Result<(), OpenError> {
        let row = sqlx::query(
            "select current_schema()::text, coalesce(has_schema_privilege(current_schema(), 'create'), false)",
        )
        .fetch_one(&mut *connection)
        .await?;
        let Some(folder): Option<String> = row.try_get(0)? else {
            return Err(OpenError::Permission {
                user: self.user.clone(),
                what: "use any schema of the search path".to_owned(),
                remedy: format!("grant usage, create on schema public to \"{}\"", self.user),
            });
        };
        let may_create: bool = row.try_get(1)?;
        let done = match schema {
            Schema::Missing => 0,
            Schema::Known(done) | Schema::Newer(done) => done,
        };
        if done < migrate::known() && !may_create {
            return Err(OpenError::Permission {
                user: self.user.clone(),
                what: format!("make tables in the schema \"{folder}\""),
                remedy: format!(
                    "grant usage, create on schema \"{folder}\" to \"{}\"",
                    self.user
                ),
            });
        }
        for table in TABLES {
            let row = sqlx::query(
                "select to_regclass($1) is not null,
                        coalesce(has_table_privilege(to_regclass($1), 'select')
                            and has_table_privilege(to_regclass($1), 'insert')
                            and has_table_privilege(to_regclass($1), 'update')
                            and has_table_privilege(to_regclass($1), 'delete'), false)",
            )
            .bind(table)
            .fetch_one(&mut *connection)
            .await?;
            let (is_there, is_usable): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
            if schema == Schema::Missing && is_there {
                return Err(OpenError::Foreign {
                    database: self.database.clone(),
                    table: table.to_owned(),
                });
            }
            if schema != Schema::Missing && !is_usable {
                return Err(OpenError::Permission {
                    user: self.user.clone(),
                    what: format!("read and write the table \"{table}\""),
                    remedy: format!(
                        "grant select, insert, update, delete on all tables in schema \"{folder}\" to \"{}\"",
                        self.user
                    ),
                });
            }
        }
        Ok(())
    }
}

/// How the store's sessions are to commit, so that what was acknowledged is on the disk, and what endangers that.
async fn durability(connection: &mut PgConnection) -> Result<(String, Vec<String>), OpenError> {
    let row = sqlx::query(
        "select current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')",
    )
    .fetch_one(connection)
    .await?;
    let mut notes = Vec::new();
    let mut synchronous_commit: String = row.try_get(0)?;
    if synchronous_commit == "off" {
        notes.push(
            "synchronous_commit is off for others; Balie's own sessions commit with on".into(),
        );
        synchronous_commit = "on".to_owned();
    }
    for (setting, column) in [("fsync", 1), ("full_page_writes", 2)] {
        if row.try_get::<String, _>(column)? == "off" {
            notes.push(format!(
                "{setting} is off: a power cut can lose what was acknowledged, or damage the database. Set it to on"
            ));
        }
    }
    Ok((synchronous_commit, notes))
}

/// How the store's own sessions are: durable, and never stuck for longer than anybody waits for them. A session that stands
/// still in a transaction (its node was stopped) is ended, so that its locks go.
pub(super) fn session_options(
    options: PgConnectOptions,
    synchronous_commit: &str,
    answer: Duration,
) -> PgConnectOptions {
    let answer_ms = answer.as_millis();
    options.options([
        ("synchronous_commit", synchronous_commit.to_owned()),
        ("statement_timeout", format!("{answer_ms}ms")),
        ("lock_timeout", format!("{}ms", answer_ms / 2)),
        (
            "idle_in_transaction_session_timeout",
            format!("{answer_ms}ms"),
        ),
        ("default_transaction_isolation", "read committed".to_owned()),
    ])
}

/// Ends a connection that was only looked through.
pub(super) async fn close(connection: PgConnection) {
    // A server that does not hear it ends the session by itself.
    let _ = connection.close().await;
}
