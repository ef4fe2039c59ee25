//! The schema: which migrations there are, which the database has, and running the rest.
//!
//! Migrations run in one transaction under an advisory lock, so that of several nodes that start together one runs them and the
//! others wait. Nodes at work stand still meanwhile: some seconds where there is a million events (docs/OPERATING.md). They only
//! add: nodes of two versions work side by side, each with the columns that it knows. The table `balie_migration` says what was
//! run, and for each the oldest schema whose Balie can still work beside it.

use std::time::Duration;

use sqlx::{PgConnection, Row};
use tokio::time::sleep;

use super::error::is_lost_race;
use super::open_error::OpenError;
use super::values::maybe;
use crate::model::record::{IDLE_CLOSE_DEFAULT, IDLE_TEXT_DEFAULT};
use crate::store::fresh;
use crate::store::values::Columns;

/// The migrations in order; the schema's version is how many were run. A released one is never edited. The same file in the
/// folder of SQLite does the same.
const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "log_and_desk",
        schema: include_str!("migrations/0001_log_and_desk.sql"),
        serves_from: 1,
    },
    Migration {
        name: "widget_settings",
        schema: include_str!("migrations/0002_widget_settings.sql"),
        serves_from: 1,
    },
    Migration {
        name: "articles",
        schema: include_str!("migrations/0003_articles.sql"),
        serves_from: 1,
    },
    Migration {
        name: "attachments",
        schema: include_str!("migrations/0004_attachments.sql"),
        serves_from: 1,
    },
    Migration {
        name: "messages_and_hours",
        schema: include_str!("migrations/0005_messages_and_hours.sql"),
        serves_from: 1,
    },
    Migration {
        name: "in_order_of_time",
        schema: include_str!("migrations/0006_in_order_of_time.sql"),
        serves_from: 1,
    },
    Migration {
        name: "standards_and_reports",
        schema: include_str!("migrations/0007_standards_and_reports.sql"),
        serves_from: 1,
    },
    Migration {
        name: "promises",
        schema: include_str!("migrations/0008_promises.sql"),
        serves_from: 1,
    },
    Migration {
        name: "routing",
        schema: include_str!("migrations/0009_routing.sql"),
        serves_from: 1,
    },
    Migration {
        name: "rotas",
        schema: include_str!("migrations/0010_rotas.sql"),
        serves_from: 1,
    },
    Migration {
        name: "words_in_order_of_time",
        schema: include_str!("migrations/0011_words_in_order_of_time.sql"),
        serves_from: 1,
    },
    Migration {
        name: "needs",
        schema: include_str!("migrations/0012_needs.sql"),
        serves_from: 1,
    },
];

struct Migration {
    name: &'static str,
    schema: &'static str,
    /// The oldest schema whose Balie works beside this one. Raised by a migration that takes something away, which older nodes must
    /// have stopped to use before.
    serves_from: i64,
}

/// "Balie" as a number: whoever migrates holds this advisory lock.
const LOCK: i64 = 0x0042_616c_6965;
/// Begins a migration, and says how long it waits for another node that migrates.
const BEGIN: &str = "begin; set local lock_timeout = '60s'; set local statement_timeout = 0";
/// The tables that nodes at work use and migrations change, all at once and before anything is done. One after the other is a
/// deadlock: a node that has a conversation waits to write an event, which the migration has, which waits for conversations.
/// In the order of an append. Whoever else comes waits behind this lock, so it is not waited for long while somebody reads for
/// minutes.
const TAKE_TABLES: &str = "set local lock_timeout = '2s';
    lock table person, conversation, event, agent_journal, department in access exclusive mode;
    set local lock_timeout = '60s'";
/// So often; between them everybody else has a turn.
const TAKES_MAX: u32 = 30;
const TAKE_PAUSE: Duration = Duration::from_millis(500);

/// How a database's schema stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schema {
    /// There is none yet.
    Missing,
    /// So many migrations were run, all of which this program knows.
    Known(u32),
    /// A newer Balie has run so many, and this one may work beside it.
    Newer(u32),
}

/// Migrations that this program knows.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Looks at the schema without touching it.
pub(super) async fn look(connection: &mut PgConnection) -> Result<Schema, OpenError> {
    let row = sqlx::query("select to_regclass('balie_migration') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !row.try_get::<bool, _>(0)? {
        return Ok(Schema::Missing);
    }
    let row = sqlx::query("select max(number), max(serves_from) from balie_migration")
        .fetch_optional(connection)
        .await?;
    let read = maybe(row.as_ref(), |cells| {
        Ok((cells.take::<Option<u32>>()?, cells.take::<Option<u32>>()?))
    });
    let found = read.map_err(|error| OpenError::Away(error.to_string()))?;
    match found {
        Some((Some(found), Some(serves_from))) => {
            if found <= known() {
                Ok(Schema::Known(found))
            } else if serves_from <= known() {
                Ok(Schema::Newer(found))
            } else {
                Err(OpenError::Newer {
                    found,
                    known: known(),
                })
            }
        }
        _ => Ok(Schema::Missing),
    }
}

/// Brings the schema up to date; a new one is filled with the demo site. Answers what it is then.
pub(super) async fn migrate(connection: &mut PgConnection) -> Result<Schema, OpenError> {
    let mut takes = 1;
    let done = loop {
        sqlx::raw_sql(BEGIN).execute(&mut *connection).await?;
        sqlx::query("select pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *connection)
            .await?;
        // Under the lock: somebody else may have migrated since the last look.
        let schema = look(connection).await?;
        let done = match schema {
            Schema::Missing => break 0,
            Schema::Known(done) if done < known() => done,
            Schema::Known(_) | Schema::Newer(_) => {
                sqlx::raw_sql("rollback").execute(&mut *connection).await?;
                return Ok(schema);
            }
        };
        match sqlx::raw_sql(TAKE_TABLES).execute(&mut *connection).await {
            Ok(_) => break done,
            Err(error) if is_lost_race(&error) && takes < TAKES_MAX => {
                sqlx::raw_sql("rollback").execute(&mut *connection).await?;
                takes += 1;
                sleep(TAKE_PAUSE).await;
            }
            Err(error) if is_lost_race(&error) => return Err(OpenError::TablesTaken),
            Err(error) => return Err(error.into()),
        }
    };
    if done == 0 {
        sqlx::raw_sql(
            "create table if not exists balie_migration (
                 number      bigint not null primary key,
                 name        text   not null,
                 serves_from bigint not null,
                 applied_at  timestamptz not null default now()
             )",
        )
        .execute(&mut *connection)
        .await?;
    }
    for (migration, number) in MIGRATIONS.iter().zip(1_u32..).skip(done as usize) {
        sqlx::raw_sql(migration.schema)
            .execute(&mut *connection)
            .await?;
        if number == 1 {
            seed_fresh_installation(connection).await?;
        }
        sqlx::query("insert into balie_migration (number, name, serves_from) values ($1, $2, $3)")
            .bind(i64::from(number))
            .bind(migration.name)
            .bind(migration.serves_from)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::raw_sql("commit").execute(&mut *connection).await?;
    Ok(Schema::Known(known()))
}

/// The demo site, its departments, and the secrets that are made once.
async fn seed_fresh_installation(connection: &mut PgConnection) -> Result<(), OpenError> {
    sqlx::query(
        "insert into installation (only_row, epoch, token_secret, settings_version, probe_count)
         values (1, $1, $2, 1, 0)",
    )
    .bind(fresh::epoch())
    .bind(&fresh::random_bytes::<32>()[..])
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into site (key, name, origins, form, greeting, color, typing_preview, identity_secret,
                           identity_public_key)
         values ($1, $2, '[\"self\"]', '[]', null, null, true, $3, null)",
    )
    .bind(fresh::SITE)
    .bind(fresh::SITE_NAME)
    .bind(fresh::identity_secret())
    .execute(&mut *connection)
    .await?;
    for (position, (key, name)) in (0_i64..).zip(fresh::DEPARTMENTS) {
        sqlx::query(
            "insert into department (key, name, mode, priority, idle_limit_ms, idle_close_ms, idle_text)
             values ($1, $2, 'assign', 0, null, $3, $4)",
        )
        .bind(key)
        .bind(name)
        .bind(IDLE_CLOSE_DEFAULT.0)
        .bind(IDLE_TEXT_DEFAULT)
        .execute(&mut *connection)
        .await?;
        sqlx::query("insert into site_department (site, position, department) values ($1, $2, $3)")
            .bind(fresh::SITE)
            .bind(position)
            .bind(key)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
