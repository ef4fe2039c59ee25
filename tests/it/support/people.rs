//! Who works at the desk of every test: made once with the command line, as an operator does, and copied into each data folder.
//!
//! A password's hash is slow by intent, so people are not made anew for each test.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::postgres::shared;

/// Everybody signs in with it.
pub const PASSWORD: &str = "tests never guess this";

/// Name (and address before the @), role, departments.
const PEOPLE: [(&str, &str, &[&str]); 9] = [
    ("ana", "agent", &["support"]),
    ("ben", "agent", &["support"]),
    ("cas", "agent", &["support"]),
    ("dia", "agent", &["support"]),
    ("eva", "agent", &["support"]),
    ("fay", "agent", &["sales"]),
    ("gus", "agent", &["support", "sales"]),
    ("sue", "supervisor", &["support"]),
    ("ada", "admin", &[]),
];

/// The store of a desk where nobody has chatted yet.
pub struct Beginning {
    /// The database file; empty where the desks under test are kept in PostgreSQL.
    pub database: Vec<u8>,
    /// The database that each desk's is a copy of, where they are kept in PostgreSQL: `BALIE_TEST_STORE=postgres`.
    pub template: Option<String>,
    /// An API token of each person.
    pub tokens: BTreeMap<&'static str, String>,
}

/// The mail address of a person.
pub fn email_of(person: &str) -> String {
    format!("{person}@desk.example")
}

/// What every node of its own begins with.
pub fn beginning() -> &'static Beginning {
    static BEGINNING: OnceLock<Beginning> = OnceLock::new();
    if is_on_postgres() {
        beginning_on_postgres()
    } else {
        BEGINNING.get_or_init(|| begin(None))
    }
}

/// What nodes begin with that share a database.
pub fn beginning_on_postgres() -> &'static Beginning {
    static BEGINNING: OnceLock<Beginning> = OnceLock::new();
    BEGINNING.get_or_init(|| begin(Some(shared().database())))
}

fn begin(template: Option<String>) -> Beginning {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let url = template.as_deref().map(|database| shared().url(database));
    let tokens = PEOPLE
        .iter()
        .map(|(person, role, departments)| {
            create(&data, url.as_deref(), person, role, departments);
            (*person, token(&data, url.as_deref(), person))
        })
        .collect();
    let database = match template {
        None => std::fs::read(data.join("balie.db")).unwrap(),
        Some(_) => Vec::new(),
    };
    Beginning {
        database,
        template,
        tokens,
    }
}

/// Whether the desks under test are kept in PostgreSQL instead of their data folders.
fn is_on_postgres() -> bool {
    match std::env::var("BALIE_TEST_STORE").as_deref() {
        Err(_) | Ok("sqlite") => false,
        Ok("postgres") => true,
        Ok(other) => panic!("BALIE_TEST_STORE is {other}: give it as sqlite or postgres"),
    }
}

/// Adds a person.
pub fn create(data: &Path, url: Option<&str>, person: &str, role: &str, departments: &[&str]) {
    let email = email_of(person);
    let mut arguments = vec![
        "create",
        &email,
        "--name",
        person,
        "--role",
        role,
        "--password-stdin",
    ];
    for department in departments {
        arguments.extend(["--department", department]);
    }
    admin(data, url, &arguments, PASSWORD);
}

/// A new API token of a person.
pub fn token(data: &Path, url: Option<&str>, person: &str) -> String {
    admin(data, url, &["token", &email_of(person)], "")
        .trim()
        .to_owned()
}

/// Runs `balie admin …` and gives what it printed.
pub fn admin(data: &Path, url: Option<&str>, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_balie"))
        .arg("admin")
        .args(arguments)
        .arg("--data")
        .arg(data)
        .env_clear()
        .envs(url.map(|url| ("BALIE_DATABASE_URL", url)))
        // A machine that builds and tests something else meanwhile is slow.
        .env("BALIE_DATABASE_CONNECT_MS", "20000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that does not read its input says why on its error output.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "balie admin {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
