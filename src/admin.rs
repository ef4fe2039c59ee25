//! `balie admin …`: people, tokens, backups and moving from the command line, beside a running server or before its first start.

mod backup;
mod transfer;

use std::io::{BufRead, stdin};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};

use crate::accounts::passwords::{self, Passwords};
use crate::accounts::people::{Application, prepare};
use crate::accounts::sessions::Sessions;
use crate::config::Config;
use crate::model::id::DepartmentKey;
use crate::model::record::{Person, PersonRole};
use crate::model::time::Clock;
use crate::store::{Store, StoreError};

/// What an operator does from the command line.
#[derive(Subcommand)]
pub enum AdminCommand {
    /// Add a person
    Create(Create),
    /// Print a new API token of a person, alone on one line
    Token {
        /// Whose
        email: String,
        /// What to call it in the list of tokens
        #[arg(long, default_value = "command line")]
        label: String,
    },
    /// Give a person a new password and end their logins
    Password {
        /// Whose
        email: String,
        /// Where it comes from
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Write a consistent copy of everything to a new file, and the files that people sent to a folder beside it, while
    /// the server runs
    Backup {
        /// The file to make; the folder is called the same with .files behind it
        file: PathBuf,
    },
    /// Put a backup in the place of the data, with the server stopped; what was there is moved aside
    Restore {
        /// The backup; its files are looked for beside it
        file: PathBuf,
    },
    /// Write everything but the bytes of files as lines of text, to move it into another store, while the server runs
    Export {
        /// The file to make
        file: PathBuf,
    },
    /// Read an export into a fresh data folder or database, with the server stopped
    Import {
        /// The export
        file: PathBuf,
    },
    /// After restoring by other means: make every client read its conversations anew
    NewEpoch,
}

/// A person to add.
#[derive(Args)]
pub struct Create {
    /// Signs in with it
    email: String,
    /// Shown to visitors and colleagues
    #[arg(long)]
    name: String,
    /// What they may do
    #[arg(long, value_enum)]
    role: RoleName,
    /// A department they serve, by its key; may be given several times
    #[arg(long = "department", value_name = "KEY")]
    departments: Vec<String>,
    #[command(flatten)]
    password: PasswordSource,
}

/// Where a password comes from: never from the command line itself, which others can read.
#[derive(Args)]
pub struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long, required = true)]
    password_stdin: bool,
}

/// [`PersonRole`] on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Admin,
    Supervisor,
    Agent,
}

/// Does what was asked.
pub async fn run(command: AdminCommand, config: &Config) -> anyhow::Result<()> {
    match command {
        AdminCommand::Create(create) => create_person(create, open(config).await?.as_ref()).await,
        AdminCommand::Token { email, label } => {
            print_token(&email, &label, open(config).await?).await
        }
        AdminCommand::Password { email, password } => {
            set_password(&email, &password, open(config).await?.as_ref()).await
        }
        AdminCommand::Backup { file } => {
            backup::write(config, open(config).await?.as_ref(), &file).await
        }
        AdminCommand::Restore { file } => backup::restore(config, &file),
        AdminCommand::Export { file } => transfer::export(config, &file).await,
        AdminCommand::Import { file } => transfer::import(config, &file).await,
        AdminCommand::NewEpoch => {
            open(config).await?.new_epoch().await?;
            println!("clients will read their conversations anew");
            Ok(())
        }
    }
}

async fn open(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    Ok(config.store_place().open().await?)
}

async fn create_person(create: Create, store: &dyn Store) -> anyhow::Result<()> {
    let known = store.departments().await?;
    let mut departments = Vec::new();
    for name in &create.departments {
        let key = DepartmentKey::new(name)
            .ok()
            .filter(|key| known.iter().any(|one| one.key == *key));
        let Some(key) = key else {
            let keys: Vec<&str> = known.iter().map(|one| one.key.as_str()).collect();
            bail!(
                "there is no department {name}. There are: {}",
                keys.join(", ")
            );
        };
        if !departments.contains(&key) {
            departments.push(key);
        }
    }
    let role = match create.role {
        RoleName::Admin => PersonRole::Admin,
        RoleName::Supervisor => PersonRole::Supervisor,
        RoleName::Agent => PersonRole::Agent,
    };
    let password = read_password(&create.password)?;
    let application = Application {
        email: create.email.clone(),
        name: create.name,
        role,
        departments,
        password,
    };
    let person = prepare(&Passwords::default(), application).await?;
    match store.create_person(person, Clock::system().now()).await {
        Ok(()) => {
            println!("{} can sign in now", create.email);
            Ok(())
        }
        Err(StoreError::Taken(_)) => bail!("{} is somebody's address already", create.email),
        Err(error) => Err(error.into()),
    }
}

async fn print_token(email: &str, label: &str, store: Arc<dyn Store>) -> anyhow::Result<()> {
    let person = person_of(email, store.as_ref()).await?;
    let sessions = Sessions::new(store, Clock::system());
    let Some((_, secret)) = sessions.issue_token(person.id, label).await? else {
        bail!("{email} has as many tokens as one may. Remove one in the panel first");
    };
    println!("{}", secret.reveal());
    Ok(())
}

async fn set_password(
    email: &str,
    source: &PasswordSource,
    store: &dyn Store,
) -> anyhow::Result<()> {
    let person = person_of(email, store).await?;
    let password = read_password(source)?;
    passwords::check(&password, &person.email, &person.name)?;
    let hash = Passwords::default().hash(&password).await?;
    store.set_password(person.id, hash, None).await?;
    println!("{email} signs in with the new password from now on; earlier logins have ended");
    Ok(())
}

async fn person_of(email: &str, store: &dyn Store) -> anyhow::Result<Person> {
    match store.person_by_email(email).await? {
        Some((person, _)) => Ok(person),
        None => bail!("nobody has the address {email}. See `balie admin create`"),
    }
}

fn read_password(source: &PasswordSource) -> anyhow::Result<String> {
    // clap makes the flag required: the password can come from nowhere else.
    assert!(source.password_stdin);
    let mut line = String::new();
    stdin()
        .lock()
        .read_line(&mut line)
        .context("standard input cannot be read")?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        bail!("standard input holds no password. Try: echo 'the password' | balie admin …");
    }
    Ok(password.to_owned())
}
