//! A database read for an export, and a fresh one filled by an import. Each has a connection of its own, without the limits of
//! time that a server's calls have.

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{Arguments, AssertSqlSafe, Row as _};

use super::error::{Failure, breaks_any, breaks_reference, breaks_unique};
use super::migrate::{self, Schema};
use super::open::Target as Server;
use super::open_error::OpenError;
use super::values::{Cells, all, maybe};
use super::visitors::folded;
use super::{PostgresPlace, article_search, articles};
use crate::model::id::{ArticleId, ConversationId};
use crate::store::StoreError;
use crate::store::transfer::shape::{Cell, Found, Kind, Row, Shape, TABLES, Table};
use crate::store::transfer::{PutError, ROWS_AT_ONCE, Source, Target};
use crate::store::values::Columns;

/// Migrations that this program knows: the schema of every database that it exports or fills.
pub(in crate::store) fn schema() -> u32 {
    migrate::known()
}

/// A database as it is now, for an export.
pub(in crate::store) async fn source(place: &PostgresPlace) -> Result<Box<dyn Source>, OpenError> {
    let mut connection = open(place).await?;
    sqlx::raw_sql("begin isolation level repeatable read read only")
        .execute(&mut connection)
        .await?;
    Ok(Box::new(Database { connection }))
}

/// A fresh database, for an import. Nobody else writes to it until it is filled.
pub(in crate::store) async fn target(place: &PostgresPlace) -> Result<Box<dyn Target>, OpenError> {
    let mut connection = open(place).await?;
    // The other sessions of a user are visible to the user; a Balie that runs under another name is kept out by the locks.
    let row = sqlx::query(
        "select count(*) from pg_stat_activity
         where datname = current_database() and application_name = 'balie' and pid <> pg_backend_pid()",
    )
    .fetch_one(&mut connection)
    .await?;
    if row.try_get::<i64, _>(0)? > 0 {
        return Err(OpenError::InUse);
    }
    let tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let lock = format!(
        "begin; set local synchronous_commit = on; set local lock_timeout = '10s';
         lock table {} in share row exclusive mode",
        tables.join(", ")
    );
    sqlx::raw_sql(AssertSqlSafe(lock))
        .execute(&mut connection)
        .await?;
    if let Some(what) = contents(&mut connection).await? {
        return Err(OpenError::NotFresh(what));
    }
    for table in TABLES.iter().rev() {
        let sql = format!("delete from {}", table.name);
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await?;
    }
    Ok(Box::new(Filled { connection }))
}

async fn open(place: &PostgresPlace) -> Result<PgConnection, OpenError> {
    let mut found = Server::of(place)?.find(place.connect).await?;
    match migrate::migrate(&mut found.connection).await? {
        Schema::Newer(found) => Err(OpenError::Newer {
            found,
            known: migrate::known(),
        }),
        Schema::Missing | Schema::Known(_) => Ok(found.connection),
    }
}

/// What a store holds beyond what a fresh one does, in words.
async fn contents(connection: &mut PgConnection) -> Result<Option<String>, OpenError> {
    let seeded = ["installation", "department", "site", "site_department"];
    for table in TABLES.iter().filter(|table| !seeded.contains(&table.name)) {
        let sql = format!("select count(*) from {}", table.name);
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(&mut *connection)
            .await?;
        let count: i64 = row.try_get(0)?;
        if count > 0 {
            return Ok(Some(format!("{count} rows of `{}`", table.name)));
        }
    }
    let row = sqlx::query("select settings_version from installation")
        .fetch_one(connection)
        .await?;
    Ok((row.try_get::<i64, _>(0)? > 1).then(|| "settings that were changed".to_owned()))
}

struct Database {
    connection: PgConnection,
}

#[async_trait]
impl Source for Database {
    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError> {
        let sql = format!("select count(*) from {}", table.name);
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(&mut self.connection)
            .await?;
        Cells::of(&row).take()
    }

    async fn rows_after(
        &mut self,
        table: &'static Table,
        after: Option<&Row>,
    ) -> Result<Vec<Row>, StoreError> {
        let (columns, order) = (table.column_list(), table.order.join(", "));
        let mut arguments = PgArguments::default();
        let mut follows = String::new();
        if let Some(row) = after {
            let places: Vec<String> = (1..=table.order.len())
                .map(|place| format!("${place}"))
                .collect();
            follows = format!("where ({order}) > ({})", places.join(", "));
            for name in table.order {
                bind(&mut arguments, &row[table.place_of(name)])?;
            }
        }
        let sql = format!(
            "select {columns} from {} {follows} order by {order} limit {ROWS_AT_ONCE}",
            table.name
        );
        let rows = sqlx::query_with(AssertSqlSafe(sql), arguments)
            .fetch_all(&mut self.connection)
            .await?;
        all(&rows, |cells| {
            let read = |column: &Shape| {
                let found: Found = cells.take()?;
                Cell::read(column.kind, found).map_err(|why| {
                    cells.refuse(&format!("`{}` of `{}`: {why}", column.name, table.name))
                })
            };
            table.columns.iter().map(read).collect()
        })
    }
}

/// Binds a cell of a column that puts rows in order.
fn bind(arguments: &mut PgArguments, cell: &Cell) -> Result<(), StoreError> {
    let bound = match cell {
        Cell::Id(id) => arguments.add(*id),
        Cell::Whole(number) => arguments.add(*number),
        Cell::Text(text) => arguments.add(text.clone()),
        Cell::Null | Cell::Real(_) | Cell::Flag(_) | Cell::Json(_) | Cell::Bytes(_) => {
            return Err(StoreError::Corrupt(
                "rows are ordered by ids, numbers and texts".to_owned(),
            ));
        }
    };
    bound.map_err(|error| StoreError::Corrupt(error.to_string()))
}

struct Filled {
    connection: PgConnection,
}

/// A column that only this engine has: a text in small letters, for searches.
struct Folded {
    name: &'static str,
    of: &'static str,
}

fn folded_columns(table: &Table) -> &'static [Folded] {
    match table.name {
        "visitor" => &[
            Folded {
                name: "name_folded",
                of: "name",
            },
            Folded {
                name: "email_folded",
                of: "email",
            },
        ],
        "conversation" => &[Folded {
            name: "summary_folded",
            of: "summary",
        }],
        _ => &[],
    }
}

/// The statement that writes rows, given as one JSON list of lists.
fn insert(table: &Table) -> String {
    let folded = folded_columns(table);
    let names = || {
        let own = table.columns.iter().map(|column| column.name);
        own.chain(folded.iter().map(|folded| folded.name))
    };
    let typed = |(name, kind): (&str, &str)| format!("{name} {kind}");
    let kinds = table
        .columns
        .iter()
        .map(|column| (column.name, sql_type(column.kind)))
        .chain(folded.iter().map(|folded| (folded.name, "text")));
    let columns: Vec<String> = kinds.map(typed).collect();
    let names: Vec<&str> = names().collect();
    let (more, values) = match table.name {
        // A node that looks for changed settings finds some.
        "installation" => (", settings_version, probe_count", ", 2, 0"),
        _ => ("", ""),
    };
    format!(
        "insert into {} ({}{more}) overriding system value select {}{values} from json_to_recordset($1::json) as r ({})",
        table.name,
        names.join(", "),
        names.join(", "),
        columns.join(", ")
    )
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Id => "uuid",
        Kind::Whole => "bigint",
        Kind::Real => "double precision",
        Kind::Flag => "boolean",
        Kind::Text => "text",
        Kind::Json => "json",
        Kind::Bytes => "bytea",
    }
}

/// Rows as the JSON that [`insert`] takes.
fn rows_json(table: &Table, rows: &[Row]) -> String {
    let object = |row: &Row| {
        let member = |name: &str, value: String| format!("\"{name}\":{value}");
        let own = table
            .columns
            .iter()
            .zip(row)
            .map(|(column, cell)| member(column.name, cell_json(cell)));
        let folded = folded_columns(table).iter().map(|column| {
            let text = match &row[table.place_of(column.of)] {
                Cell::Text(text) => folded(Some(text)),
                _ => folded(None),
            };
            member(column.name, cell_json(&Cell::Text(text)))
        });
        let members: Vec<String> = own.chain(folded).collect();
        format!("{{{}}}", members.join(","))
    };
    let objects: Vec<String> = rows.iter().map(object).collect();
    format!("[{}]", objects.join(","))
}

fn cell_json(cell: &Cell) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Id(id) => format!("\"{id}\""),
        Cell::Whole(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Flag(is_so) => is_so.to_string(),
        Cell::Text(words) => text(words),
        Cell::Json(json) => json.clone(),
        Cell::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            text(&format!("\\x{digits}"))
        }
    }
}

impl Filled {
    async fn write(&mut self, table: &Table, rows: &[Row]) -> sqlx::Result<()> {
        sqlx::raw_sql("savepoint rows")
            .execute(&mut self.connection)
            .await?;
        let written = sqlx::query(AssertSqlSafe(insert(table)))
            .bind(rows_json(table, rows))
            .execute(&mut self.connection)
            .await;
        let then = match &written {
            Ok(_) => "release savepoint rows",
            Err(_) => "rollback to savepoint rows",
        };
        sqlx::raw_sql(then).execute(&mut self.connection).await?;
        written.map(drop)
    }
}

/// What a refused row means, if it is the row's fault.
fn broken_rule(table: &Table, error: sqlx::Error) -> Result<(Option<String>, String), StoreError> {
    if !breaks_any(&error) {
        return Err(error.into());
    }
    let rule = error
        .as_database_error()
        .and_then(|refusal| refusal.constraint())
        .unwrap_or_default()
        .to_owned();
    if breaks_unique(&error) {
        let why = format!("another row has the same (rule `{rule}`)");
        return Ok((table.column_of_rule(&rule), why));
    }
    let why = if breaks_reference(&error) {
        "it refers to something that is not there".to_owned()
    } else {
        format!("it breaks the rule `{rule}`")
    };
    Ok((table.column_of_rule(&rule), why))
}

#[async_trait]
impl Target for Filled {
    async fn put(&mut self, table: &'static Table, rows: &[Row]) -> Result<(), PutError> {
        let Err(error) = self.write(table, rows).await else {
            return Ok(());
        };
        if !breaks_any(&error) {
            return Err(error.into());
        }
        // One by one, to find which.
        for (index, row) in rows.iter().enumerate() {
            if let Err(error) = self.write(table, std::slice::from_ref(row)).await {
                let (column, why) = broken_rule(table, error)?;
                return Err(PutError::Row { index, column, why });
            }
        }
        Ok(())
    }

    async fn disagreement(&mut self) -> Result<Option<String>, StoreError> {
        let row = sqlx::query(
            "select c.id, count(e.seq), c.seq
             from conversation as c left join event as e on e.conversation = c.id
             group by c.id having count(e.seq) <> c.seq limit 1",
        )
        .fetch_optional(&mut self.connection)
        .await?;
        maybe(row.as_ref(), |cells| {
            let id: ConversationId = cells.take()?;
            let (events, seq): (i64, i64) = (cells.take()?, cells.take()?);
            Ok(format!(
                "the log of conversation {id} has {events} events, its row says {seq}"
            ))
        })
    }

    async fn finish(mut self: Box<Self>) -> Result<(), StoreError> {
        let connection = &mut self.connection;
        index_articles(connection).await.map_err(StoreError::from)?;
        // What is written next gets the numbers behind those that came.
        for table in ["agent_journal", "article"] {
            let sql = format!(
                "select setval(pg_get_serial_sequence('{table}', 'number'), greatest(max(number), 1), max(number) is not null)
                 from {table}"
            );
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut *connection)
                .await?;
        }
        sqlx::raw_sql("commit").execute(&mut *connection).await?;
        // Otherwise the first minutes' plans would be those of empty tables.
        sqlx::raw_sql("analyze").execute(connection).await?;
        Ok(())
    }
}

async fn index_articles(connection: &mut PgConnection) -> Result<(), Failure> {
    let rows = sqlx::query("select id from article where status = 'published' order by number")
        .fetch_all(&mut *connection)
        .await?;
    let ids: Vec<ArticleId> = all(&rows, |cells| cells.take())?;
    for id in ids {
        if let Some(article) = articles::find(connection, id).await? {
            article_search::add(connection, &article).await?;
        }
    }
    Ok(())
}
