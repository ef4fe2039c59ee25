//! Starts on a PostgreSQL that will not do: each thing that is wrong is named with its remedy, and nothing is touched.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use balie::store::postgres::{PostgresPlace, PostgresStore, SecretUrl};

use crate::support::node::{own_address, run_to_end};
use crate::support::postgres::{PASSWORD, USER, shared};

/// Some of these servers never answer, and it is waited for that.
const PATIENCE: Duration = Duration::from_secs(10);

/// The words with which an address is refused.
async fn refusal(url: &str) -> String {
    let place = PostgresPlace {
        url: SecretUrl::new(url.to_owned()),
        connections_max: 2,
        connect: PATIENCE,
        answer: PATIENCE,
    };
    match PostgresStore::open(&place).await {
        Ok(_) => panic!("{url} was opened"),
        Err(error) => error.to_string(),
    }
}

fn names(words: &str, expected: &[&str]) {
    for one in expected {
        assert!(words.contains(one), "\"{one}\" is not in: {words}");
    }
    assert!(!words.contains(PASSWORD), "the password is in: {words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_where_there_is_nothing_to_use_is_named() {
    let server = shared();
    let words = refusal("postgres://owner:sesame@127.0.0.1:nowhere/balie").await;
    names(&words, &["address", "postgres://user:password@"]);

    let free = own_address();
    let words = refusal(&format!("postgres://{USER}:{PASSWORD}@{free}/balie")).await;
    names(
        &words,
        &["cannot be reached", &free.to_string(), "--database-url"],
    );

    let words = refusal(&server.url_for(USER, "wrong", server.port(), "postgres")).await;
    names(&words, &[USER, "password", "pg_hba.conf"]);

    let words = refusal(&server.url("nothing_here")).await;
    names(&words, &["no database \"nothing_here\"", "createdb"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_too_old_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Says what a server of that version says, up to the point where it takes questions.
    let old = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).unwrap();
        assert_eq!(
            request[4..],
            80_877_103_u32.to_be_bytes(),
            "TLS is asked for first"
        );
        stream.write_all(b"N").unwrap();
        let mut start = [0; 4];
        stream.read_exact(&mut start).unwrap();
        let mut rest = vec![0; u32::from_be_bytes(start) as usize - 4];
        stream.read_exact(&mut rest).unwrap();
        let mut answer = Vec::new();
        for (kind, body) in [
            (b'R', &[0, 0, 0, 0][..]),
            (b'S', b"server_version\x0013.12\0"),
            (b'K', &[0; 8]),
            (b'Z', b"I"),
        ] {
            answer.push(kind);
            answer.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
            answer.extend(body);
        }
        stream.write_all(&answer).unwrap();
        let _ = stream.read(&mut [0; 64]);
    });
    let words = refusal(&format!("postgres://{USER}:{PASSWORD}@{address}/balie")).await;
    names(&words, &["version 13.12", "14 or newer"]);
    old.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_will_not_do_is_named_and_stays_as_it_is() {
    let server = shared();
    let tables = |database: &str| -> String {
        let count = "select count(*) from pg_tables where schemaname = 'public'";
        server.sql(database, count)
    };

    let database = server.database();
    let read_only = format!("alter database {database} set default_transaction_read_only = on");
    server.sql("postgres", &read_only);
    let words = refusal(&server.url(&database)).await;
    names(&words, &["read-only", "primary"]);

    let database = server.database();
    server.sql(&database, "create table person (their text)");
    let words = refusal(&server.url(&database)).await;
    names(&words, &["\"person\"", "a database of its own"]);
    assert_eq!(tables(&database), "1");

    let odd = format!("{}_ascii", server.database());
    server.sql(
        "postgres",
        &format!("create database {odd} encoding 'SQL_ASCII' template template0"),
    );
    let words = refusal(&server.url(&odd)).await;
    names(&words, &["SQL_ASCII", "--encoding=UTF8"]);
    assert_eq!(tables(&odd), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_right_is_named_with_the_statement_that_gives_it() {
    let server = shared();
    let database = server.database();
    let guest = format!("guest_{database}");
    server.sql(
        &database,
        &format!(
            "create role {guest} login password '{PASSWORD}'; revoke create on schema public from public"
        ),
    );
    let url = server.url_for(&guest, PASSWORD, server.port(), &database);
    let words = refusal(&url).await;
    names(
        &words,
        &[&guest, "make tables", "grant usage, create on schema"],
    );

    // Made by the owner; the guest may look and no more.
    run_check(&server.url(&database), "holds nothing yet", true);
    let place = PostgresPlace {
        url: SecretUrl::new(server.url(&database)),
        connections_max: 2,
        connect: PATIENCE,
        answer: PATIENCE,
    };
    drop(PostgresStore::open(&place).await.unwrap());
    server.sql(
        &database,
        &format!("grant select on all tables in schema public to {guest}"),
    );
    let words = refusal(&url).await;
    names(
        &words,
        &["read and write the table", "grant select, insert"],
    );
    run_check(&url, "grant select, insert", false);
    server.sql(
        &database,
        &format!("grant select, insert, update, delete on all tables in schema public to {guest}"),
    );
    run_check(&url, "0 conversations with 0 events, 0 people", true);
    // What is wrong in the data is found, too.
    server.sql(
        &database,
        "insert into visitor (id, site, attributes, priority, saved_at, name_folded, email_folded)
             values (gen_random_uuid(), 'demo', '{}', 0, 0, '', '');
         insert into conversation (id, site, visitor, department, priority, enqueued_at, state, waiting_since_at,
             placed_seq, seq, visitor_seq, last_at, said_at, is_agent_away, is_rated, tags, read_visitor, read_agent,
             summary, summary_folded)
         select gen_random_uuid(), 'demo', id, 'support', 0, 0, 'queued', 0, 1, 3, 3, 0, 0, false, false, '[]', 0, 0,
             '', '' from visitor",
    );
    run_check(&url, "has 0 events up to 0, its row says 3", false);
}

/// Runs `balie check`, and looks for words in what it says.
fn run_check(url: &str, words: &str, is_fine: bool) {
    let folder = tempfile::tempdir().unwrap();
    let listen = own_address().to_string();
    let environment = [("BALIE_DATABASE_URL", url), ("BALIE_LISTEN", &listen)];
    let ended = run_to_end(folder.path(), &["check"], &environment);
    assert_eq!(ended.code, Some(i32::from(!is_fine)), "{ended:?}");
    let said = format!("{}{}", ended.printed, ended.said);
    assert!(said.contains(words), "{words}: {ended:?}");
    assert!(!said.contains(PASSWORD), "{ended:?}");
}

#[test]
fn a_start_that_fails_touches_nothing_and_shows_no_password() {
    let server = shared();
    for (url, words) in [
        (server.url("nothing_here"), "no database"),
        (
            server.url_for("nobody", PASSWORD, server.port(), "postgres"),
            "\"nobody\"",
        ),
        (
            format!("mysql://{USER}:{PASSWORD}@127.0.0.1/x"),
            "postgres://",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let environment = [("BALIE_DATABASE_URL", url.as_str())];
        for arguments in [&[][..], &["check"], &["admin", "new-epoch"]] {
            let ended = run_to_end(folder.path(), arguments, &environment);
            assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
            assert!(ended.said.contains(words), "{ended:?}");
            let said = format!("{}{}", ended.printed, ended.said);
            assert!(!said.contains(PASSWORD), "{ended:?}");
            let is_empty = std::fs::read_dir(folder.path()).unwrap().next().is_none();
            assert!(is_empty, "{arguments:?}");
        }
        let help = run_to_end(folder.path(), &["--help"], &environment);
        assert!(!help.printed.contains(PASSWORD), "{help:?}");
    }
}
