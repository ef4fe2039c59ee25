//! The store on PostgreSQL: the common suite, and what concerns several nodes, the wire between them and the server, and a server
//! that crashes.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use balie::domain::conversation::{Command, Refusal};
use balie::model::event::View;
use balie::store::postgres::{OpenError, PostgresPlace, PostgresStore, SecretUrl};
use balie::store::{AppendError, Outcome, Store, StoreError};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::store_suite::{
    Chat, START, agent, log_of, new_person, refused, started, take, texts, written,
};
use crate::support::cutter::{Cut, Cutter};
use crate::support::postgres::{PASSWORD, Server, USER, shared};
use crate::support::{PATIENCE, eventually};

pub fn place(url: String) -> PostgresPlace {
    PostgresPlace {
        url: SecretUrl::new(url),
        connections_max: 10,
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(20),
    }
}

async fn open(url: &str) -> Arc<dyn Store> {
    Arc::new(PostgresStore::open(&place(url.to_owned())).await.unwrap())
}

async fn fresh() -> (Arc<dyn Store>, ()) {
    let server = shared();
    (open(&server.url(&server.database())).await, ())
}

crate::store_suite::cases!(fresh);

/// Two nodes on one fresh database.
async fn two_nodes() -> [Arc<dyn Store>; 2] {
    let server = shared();
    let url = server.url(&server.database());
    [open(&url).await, open(&url).await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_database_opened_by_several_nodes_at_once_is_made_once() {
    let server = shared();
    let url = server.url(&server.database());
    let mut opening = JoinSet::new();
    for _ in 0..6 {
        let url = url.clone();
        opening.spawn(async move { open(&url).await });
    }
    let stores = opening.join_all().await;
    let installation = stores[0].installation().await.unwrap();
    for store in &stores {
        assert_eq!(store.installation().await.unwrap(), installation);
        assert_eq!(store.sites().await.unwrap().len(), 1);
        store.probe().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_never_exceed_the_capacity_of_an_agent() {
    const CAPACITY: u8 = 5;
    let nodes = two_nodes().await;
    let ana = agent(&nodes[0], "Ana", CAPACITY).await;
    let barrier = Arc::new(Barrier::new(32));
    let mut assigning = JoinSet::new();
    for number in 0..32 {
        let node = Arc::clone(&nodes[number % 2]);
        let chat = started(&node, "Hello").await;
        let (barrier, ana) = (Arc::clone(&barrier), ana.clone());
        assigning.spawn(async move {
            barrier.wait().await;
            let assign = Command::Assign {
                agent: ana,
                placed_seq: 1,
                why: None,
            };
            node.append(chat.does(assign)).await
        });
    }
    let mut given = 0;
    for outcome in assigning.join_all().await {
        match outcome {
            Ok(_) => given += 1,
            Err(AppendError::Refused(Refusal::NoRoom(_))) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(given, CAPACITY);
    let owned = nodes[1].conversations_of_agent(ana.id).await.unwrap();
    assert_eq!(owned.len(), usize::from(CAPACITY));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_write_one_log_without_a_gap() {
    let nodes = two_nodes().await;
    let chat = started(&nodes[0], "Hello").await;
    let mut writing = JoinSet::new();
    for number in 0..16 {
        let node = Arc::clone(&nodes[number % 2]);
        writing.spawn(async move {
            for part in 0..10 {
                let append = chat.visitor_says(&format!("{number} {part}"));
                written(&node, append.clone()).await;
                // The other node has seen it already.
                let repeat = node.append(append).await.unwrap();
                assert!(matches!(repeat, Outcome::Repeated(_)));
            }
        });
    }
    writing.join_all().await;
    for node in &nodes {
        let log = log_of(node, chat.id, View::Agent).await;
        assert_eq!(log.len(), 2 + 160);
        assert!(
            log.iter()
                .zip(1_u64..)
                .all(|((prev, event), seq)| (*prev, event.seq) == (seq - 1, seq))
        );
    }
    let version = nodes[0].settings_version().await.unwrap();
    agent(&nodes[1], "Bea", 1).await;
    assert!(nodes[0].settings_version().await.unwrap() > version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_found_by_its_command() {
    let server = shared();
    let database = server.database();
    let wire = Cutter::before(server.port()).await;
    let store = open(&server.url_for(USER, PASSWORD, wire.port(), &database)).await;
    let chat = started(&store, "Hello").await;
    for (cut, was_written) in [(Cut::AfterCommit, true), (Cut::BeforeCommit, false)] {
        let said = chat.visitor_says(&format!("{cut:?}"));
        wire.arm(cut);
        let unknown = store.append(said.clone()).await;
        assert!(
            matches!(unknown, Err(AppendError::Store(StoreError::Away(_)))),
            "{unknown:?}"
        );
        assert!(wire.has_cut());
        let repeat = store.append(said).await.unwrap();
        assert_eq!(
            matches!(repeat, Outcome::Repeated(_)),
            was_written,
            "{cut:?}"
        );
    }
    let log = log_of(&store, chat.id, View::Agent).await;
    assert_eq!(texts(&log), ["Hello", "AfterCommit", "BeforeCommit"]);

    // A setting, too, is of unknown outcome rather than done twice.
    wire.arm(Cut::AfterCommit);
    let tagged = store.create_tag("late").await;
    assert!(matches!(tagged, Err(StoreError::Away(_))), "{tagged:?}");
    assert_eq!(store.tags().await.unwrap(), ["late"]);
}

/// The server crashes twice under load, with the lazy commits that some operators set: what was acknowledged is there all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_under_load_loses_nothing_that_was_acknowledged() {
    const WRITERS: usize = 8;
    let mut server = Server::start(&["synchronous_commit = off", "wal_writer_delay = 10s"]);
    let url = server.url(&server.database());
    let nodes = [open(&url).await, open(&url).await];
    let is_over = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut writing = JoinSet::new();
    for number in 0..WRITERS {
        let node = Arc::clone(&nodes[number % 2]);
        let (is_over, acknowledged) = (Arc::clone(&is_over), Arc::clone(&acknowledged));
        let chat = started(&node, "Hello").await;
        writing.spawn(async move {
            let mut said = 0_u64;
            while !is_over.load(Ordering::SeqCst) {
                let append = chat.visitor_says(&said.to_string());
                // As a client does: again with the same `cmd` until there is an answer.
                loop {
                    match node.append(append.clone()).await {
                        Ok(_) => break,
                        Err(AppendError::Store(StoreError::Away(_))) => {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
                said += 1;
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            (chat, said)
        });
    }
    let more = async |count: u64| {
        let before = acknowledged.load(Ordering::SeqCst);
        eventually("further messages", async || {
            (acknowledged.load(Ordering::SeqCst) >= before + count).then_some(())
        })
        .await;
    };
    for _ in 0..2 {
        more(50).await;
        server.crash();
        server.resume();
    }
    more(50).await;
    is_over.store(true, Ordering::SeqCst);
    for (chat, said) in writing.join_all().await {
        let log = log_of(&nodes[0], chat.id, View::Visitor).await;
        let expected: Vec<String> = (0..said).map(|number| number.to_string()).collect();
        assert_eq!(texts(&log)[1..], expected);
    }
    // Reads and settings have found the server again, too.
    nodes[1].create_tag("after").await.unwrap();
    assert_eq!(nodes[0].tags().await.unwrap(), ["after"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_told_at_once_and_found_again() {
    let mut server = Server::start(&[]);
    let url = server.url(&server.database());
    let store = open(&url).await;
    let chat = started(&store, "Hello").await;
    server.crash();
    let said = chat.visitor_says("Anybody?");
    let away = store.append(said.clone()).await;
    assert!(
        matches!(away, Err(AppendError::Store(StoreError::Away(_)))),
        "{away:?}"
    );
    let away = store.sites().await;
    assert!(matches!(away, Err(StoreError::Away(_))), "{away:?}");
    server.resume();
    written(&store, said).await;
    assert_eq!(store.sites().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_half_way_leaves_nothing_locked() {
    let nodes = two_nodes().await;
    let ana = agent(&nodes[0], "Ana", 1).await;
    for wait_us in (0..4_000).step_by(200) {
        let change = balie::store::PersonChange {
            capacity: Some(u8::try_from(wait_us / 200).unwrap()),
            ..Default::default()
        };
        // Dropped somewhere between its first statement and its last.
        let given_up = nodes[0].change_person(ana.id, change, START);
        let _ = tokio::time::timeout(Duration::from_micros(wait_us), given_up).await;
    }
    let name = balie::store::PersonChange {
        name: Some("Anna".to_owned()),
        ..Default::default()
    };
    let changed = tokio::time::timeout(PATIENCE, nodes[1].change_person(ana.id, name, START)).await;
    assert_eq!(changed.unwrap().unwrap().name, "Anna");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_balie_works_beside_a_newer_schema_as_long_as_that_serves_it() {
    let server = shared();
    let database = server.database();
    let url = server.url(&database);
    let store = open(&url).await;
    let known: u32 = server
        .sql(&database, "select max(number) from balie_migration")
        .parse()
        .unwrap();
    let newer = known + 1;
    // A newer Balie comes, while this one runs.
    server.sql(
        &database,
        &format!(
            "begin; alter table conversation add column mood text not null default 'calm';
             alter table event add column weight bigint;
             insert into balie_migration (number, name, serves_from) values ({newer}, 'mood', {known}); commit"
        ),
    );
    let chat = started(&store, "Hello").await;
    let ana = agent(&store, "Ana", 1).await;
    written(&store, chat.does(take(&ana))).await;
    // An older one may start beside it.
    let beside = open(&url).await;
    written(&beside, chat.visitor_says("Hi")).await;
    assert_eq!(log_of(&store, chat.id, View::Agent).await.len(), 4);

    server.sql(
        &database,
        &format!(
            "insert into balie_migration (number, name, serves_from) values ({}, 'narrow', {newer})",
            newer + 1
        ),
    );
    let Err(error) = PostgresStore::open(&place(url)).await else {
        panic!("an older Balie was let in");
    };
    assert!(
        matches!(error, OpenError::Newer { found, known: own } if (found, own) == (newer + 1, known)),
        "{error:?}"
    );
    assert!(error.to_string().contains("newer Balie"), "{error}");
}

/// As the fifth version left it, with one conversation.
fn database_of_the_fifth_schema() -> String {
    let (server, folder) = (shared(), "src/store/postgres/migrations");
    let database = server.database();
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for file in &files[..5] {
        server.sql(&database, &fs::read_to_string(file).unwrap());
    }
    server.sql(
        &database,
        "create table balie_migration (number bigint not null primary key, name text not null, serves_from bigint not null,
             applied_at timestamptz not null default now());
         insert into balie_migration (number, name, serves_from) select n, 'old', 1 from generate_series(1, 5) as n;
         insert into installation values (1, 'then', decode(repeat('ab', 32), 'hex'), 1, 0);
         insert into site (key, name, origins, form, typing_preview) values ('old', 'Old', '[]', '[]', false);
         insert into department (key, name, mode, priority, idle_close_ms, idle_text)
         values ('old', 'Old', 'assign', 0, 1000, '?');
         insert into visitor (id, site, name_folded, email_folded, attributes, priority, saved_at)
         values ('00000000-0000-7000-8000-000000000001', 'old', '', '', '{}', 0, 1);
         insert into conversation (id, site, visitor, department, priority, enqueued_at, state, waiting_since_at, placed_seq,
             seq, visitor_seq, last_at, said_at, is_agent_away, is_rated, tags, read_visitor, read_agent, summary, summary_folded)
         values ('00000000-0000-7000-8000-000000000002', 'old', '00000000-0000-7000-8000-000000000001', 'old', 0, 1, 'queued', 1, 1,
             1, 1, 1, 1, false, false, '[]', 0, 0, '', '')",
    );
    database
}

/// A node of the version before has a conversation and goes on to an event of it, in that order, as every append does. It does
/// so once the migration waits for it: with tables taken one by one, each would then wait for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_brought_up_to_date_while_an_older_node_writes() {
    let database = database_of_the_fifth_schema();
    let server = shared();
    let held = |granted: bool| {
        format!(
            "exists (select 1 from pg_locks where relation = 'conversation'::regclass and granted = {granted}
                     and mode <> 'AccessShareLock')"
        )
    };
    let append = format!(
        "begin; set local deadlock_timeout = '1h';
         update conversation set seq = 2;
         do $$ begin while not {} loop perform pg_sleep(0.01); end loop; end $$;
         insert into event (conversation, seq, at, role, body)
         values ('00000000-0000-7000-8000-000000000002', 2, 1, 'visitor', '{{\"kind\": \"message\", \"text\": \"Hi\"}}');
         commit",
        held(false)
    );
    let (older, name) = (database.clone(), database.clone());
    let appending = tokio::task::spawn_blocking(move || server.sql(&older, &append));
    eventually("the older node's lock", || {
        let is_held = server.sql(&name, &format!("select {}", held(true))) == "t";
        async move { is_held.then_some(()) }
    })
    .await;
    let store = open(&server.url(&database)).await;
    appending.await.unwrap();
    let chats = store.open_conversations().await.unwrap();
    assert_eq!(chats.len(), 1);
    assert_eq!(log_of(&store, chats[0].id, View::Agent).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_left_to_the_tools_of_postgresql() {
    let (store, ()) = fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let error = store.backup(&file).await.unwrap_err();
    assert!(error.to_string().contains("pg_dump"), "{error}");
    assert!(!file.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_tells_the_time() {
    let (store, ()) = fresh().await;
    let server = shared();
    let seconds = || -> i64 {
        let now = server.sql(
            "postgres",
            "select floor(extract(epoch from clock_timestamp()))",
        );
        now.parse().unwrap()
    };
    let before = seconds();
    let moment = store.moment().await.unwrap().expect("a server's moment");
    assert!((before * 1_000..=(seconds() + 1) * 1_000).contains(&moment.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_command_that_cannot_be_written_does_not_hinder_its_neighbours() {
    let nodes = two_nodes().await;
    let mut starting = JoinSet::new();
    for number in 0..40 {
        let node = Arc::clone(&nodes[number % 2]);
        starting.spawn(async move {
            let chat = Chat::fresh();
            if number % 8 == 0 {
                let mut append = chat.start("Nowhere");
                append.command = Command::Start(chat.start_in("nowhere", None));
                let error = node.append(append).await;
                assert!(
                    matches!(
                        error,
                        Err(AppendError::Store(StoreError::NotThere("department")))
                    ),
                    "{error:?}"
                );
            } else {
                written(&node, chat.start("Hello")).await;
                let again = Chat {
                    visitor: chat.visitor,
                    ..Chat::fresh()
                };
                assert_eq!(
                    refused(&node, again.start("Again")).await,
                    Refusal::OpenAlready
                );
            }
        });
    }
    starting.join_all().await;
    let open = nodes[0].open_conversations().await.unwrap();
    assert_eq!(open.len(), 35);
    let sue = new_person("Sue", balie::model::record::PersonRole::Admin, 1);
    nodes[0].create_person(sue, START).await.unwrap();
}
