//! What can be wrong with a database that Balie is to use, in words with the remedy.

/// Why a database cannot be used. Each message says what to do. None holds the password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none.
    #[error(
        "the address of the database is wrong: {0}. Give it as postgres://user:password@host:5432/database (--database-url)."
    )]
    Url(String),
    /// Nobody answers there.
    #[error(
        "PostgreSQL cannot be reached at {place}: {detail}. See that it runs and listens there, and that the address is right \
         (--database-url)."
    )]
    Unreachable {
        /// Host and port, or the socket.
        place: String,
        /// What the system says.
        detail: String,
    },
    /// There is no safe way to talk to it.
    #[error(
        "no TLS with PostgreSQL at {place}: {detail}. See sslmode in the address (--database-url), that sslrootcert names the \
         file of the authority that signed the server's certificate, and that the certificate is for this host's name."
    )]
    Tls {
        /// Host and port, or the socket.
        place: String,
        /// What is wrong with it.
        detail: String,
    },
    /// It does not let this user in.
    #[error(
        "PostgreSQL at {place} does not let the user \"{user}\" in: {detail}. Check user and password in the address \
         (--database-url), and pg_hba.conf."
    )]
    Password {
        /// Host and port, or the socket.
        place: String,
        /// Who.
        user: String,
        /// What PostgreSQL says.
        detail: String,
    },
    /// There is no such database.
    #[error(
        "PostgreSQL at {place} has no database \"{database}\". Make it (createdb --encoding=UTF8 \"{database}\"), or name another \
         one in the address (--database-url)."
    )]
    NoDatabase {
        /// Host and port, or the socket.
        place: String,
        /// Which.
        database: String,
    },
    /// It is too old.
    #[error(
        "PostgreSQL at {place} has version {found}, and Balie needs 14 or newer. Upgrade it, or take another server."
    )]
    TooOld {
        /// Host and port, or the socket.
        place: String,
        /// Its version.
        found: String,
    },
    /// It cannot hold every text.
    #[error(
        "the database \"{database}\" has the encoding {found}, which cannot hold every text. Make it anew with \
         createdb --encoding=UTF8 --template=template0."
    )]
    Encoding {
        /// Which.
        database: String,
        /// Its encoding.
        found: String,
    },
    /// It is a standby, or set to be read only.
    #[error(
        "PostgreSQL at {place} is read-only ({why}). Name the primary in the address (--database-url)."
    )]
    ReadOnly {
        /// Host and port, or the socket.
        place: String,
        /// Why.
        why: &'static str,
    },
    /// The user may not do what Balie does.
    #[error("the user \"{user}\" may not {what}. As the owner of the database: {remedy}.")]
    Permission {
        /// Who.
        user: String,
        /// What is missing.
        what: String,
        /// The statement that gives it.
        remedy: String,
    },
    /// Something else lives there.
    #[error(
        "the database \"{database}\" holds tables of another program (\"{table}\", for one). Give Balie a database of its own."
    )]
    Foreign {
        /// Which.
        database: String,
        /// A table of theirs.
        table: String,
    },
    /// A newer Balie has taken away what this one needs.
    #[error(
        "the database was made for a newer Balie (schema {found}; this one knows {known}). Install that version."
    )]
    Newer {
        /// The database's schema version.
        found: u32,
        /// The newest this program knows.
        known: u32,
    },
    /// Something holds its tables while the schema is to be brought up to date.
    #[error(
        "the schema cannot be brought up to date: for a minute something has held tables of the database, a backup perhaps. \
         Start again when it is done; pg_stat_activity tells what it is"
    )]
    TablesTaken,
    /// Servers use it that would not notice an import.
    #[error(
        "a Balie server uses the database. Stop all of them first, and start them after the import"
    )]
    InUse,
    /// Something would be lost in an import.
    #[error(
        "the database is not fresh: it holds {0}. Import into one where nobody has done anything: make it anew with dropdb and \
         createdb --encoding=UTF8"
    )]
    NotFresh(String),
    /// It answered, and then something went wrong.
    #[error("PostgreSQL cannot be used now: {0}. See its own log, and try again.")]
    Away(String),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        OpenError::Away(error.to_string())
    }
}
