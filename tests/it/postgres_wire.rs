//! PostgreSQL over a bad network: a wire that swallows bytes, a server that stands still, TLS; and what a start says of each.
//!
//! The node under test gives up calls earlier than it would by itself, so that nobody waits long.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use balie::store::postgres::{PostgresPlace, PostgresStore};
use balie::store::{Store, StoreError};
use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::{CommandId, ConversationId};
use futures_util::future::join_all;

use crate::store_postgres::place;
use crate::store_suite::{started, written};
use crate::support::fleet::fresh_database;
use crate::support::hole::{Hole, Swallows};
use crate::support::node::{Node, run_to_end};
use crate::support::postgres::{PASSWORD, Server, USER, shared, unprivileged};
use crate::support::scenes::chat;
use crate::support::{eventually, number};

async fn node_at(url: &str) -> Node {
    let settings = [
        ("BALIE_DATABASE_URL", url),
        ("BALIE_DATABASE_CONNECT_MS", "3000"),
        ("BALIE_DATABASE_ANSWER_MS", "2500"),
    ];
    Node::with(&settings).await
}

fn is_unavailable(frame: &Frame) -> bool {
    frame.is("error") && frame.json["code"] == "unavailable"
}

/// Both say something while the store is away, and are told to come back with it.
async fn speak_in_vain(
    vera: &mut Visitor,
    ben: &mut Agent,
    conversation: ConversationId,
    words: &str,
) -> Words {
    let said = vera.send_later(&format!("vera: {words}"));
    let answered = ben.send_later(conversation, &format!("ben: {words}"));
    for frame in [
        vera.expect_frame("unavailable", is_unavailable)
            .await
            .unwrap(),
        ben.expect_frame("unavailable", is_unavailable)
            .await
            .unwrap(),
    ] {
        assert!(number(&frame.json, "retry_ms") > 0, "{}", frame.json);
    }
    Words {
        said,
        answered,
        words: words.to_owned(),
    }
}

/// What was said and not acknowledged yet.
struct Words {
    said: CommandId,
    answered: CommandId,
    words: String,
}

impl Words {
    /// Both commands, which the clients repeat by themselves, come through, and each hears the other.
    async fn come_through(self, vera: &mut Visitor, ben: &mut Agent) {
        vera.answer(self.said).await.unwrap();
        ben.answer(self.answered).await.unwrap();
        vera.expect_text(&format!("ben: {}", self.words))
            .await
            .unwrap();
        ben.expect_text(&format!("vera: {}", self.words))
            .await
            .unwrap();
    }
}

/// The log holds each of these words of both once, and nothing else was said.
async fn each_once(ben: &Agent, conversation: ConversationId, words: &[&str]) {
    let log = ben.read_log(conversation).await.unwrap();
    let mut texts: Vec<String> = log
        .iter()
        .filter(|event| event.kind == "message")
        .map(|event| event.fields["text"].as_str().unwrap().to_owned())
        .collect();
    let mut expected = vec!["help".to_owned()];
    expected.extend(words.iter().map(|words| format!("vera: {words}")));
    expected.extend(words.iter().map(|words| format!("ben: {words}")));
    texts.sort();
    expected.sort();
    assert_eq!(texts, expected);
}

async fn store_is_up(node: &Node) -> bool {
    let answer = node.stranger().http("GET", "/metrics", None).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    text.contains("balie_up{part=\"store\"} 1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wire_that_swallows_everything_is_given_up_and_nothing_said_is_lost() {
    let wire = Hole::before(shared().port()).await;
    let node = node_at(&shared().url_for(USER, PASSWORD, wire.port(), &fresh_database())).await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let rounds = [
        (Swallows::Everything, "never arrived"),
        (Swallows::Answers, "done, and nobody heard"),
        (Swallows::Everything, "once more"),
    ];
    for (what, words) in rounds {
        wire.swallow(what);
        let words = speak_in_vain(&mut vera, &mut ben, conversation, words).await;
        eventually("the figures to tell", async || {
            (!store_is_up(&node).await).then_some(())
        })
        .await;
        let ready = node.stranger().http("GET", "/readyz", None).await.unwrap();
        assert_eq!(ready.status, 200, "chats stay here while the store is away");
        wire.heal();
        words.come_through(&mut vera, &mut ben).await;
        assert!(store_is_up(&node).await);
    }
    each_once(&ben, conversation, &rounds.map(|(_, words)| words)).await;
    ben.end(conversation).await.unwrap();
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

/// As behind a firewall that forgets who is silent: nobody is told, and the next call must not pay for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_died_in_silence_are_replaced_before_anybody_meets_one() {
    let wire = Hole::before(shared().port()).await;
    let url = shared().url_for(USER, PASSWORD, wire.port(), &fresh_database());
    let place = PostgresPlace {
        connect: Duration::from_secs(2),
        answer: Duration::from_secs(4),
        ..place(url)
    };
    let store: Arc<dyn Store> = Arc::new(PostgresStore::open(&place).await.unwrap());
    // All connections of the pool and all lanes are in use once.
    join_all((0..40).map(|_| store.sites())).await;
    let mut chats = Vec::new();
    for _ in 0..16 {
        let chat = started(&store, "Hello").await;
        written(&store, chat.visitor_says("help")).await;
        chats.push(chat);
    }
    wire.swallow(Swallows::Everything);
    // Nothing is asked meanwhile but this, which finds out.
    let away = store.sites().await;
    assert!(matches!(away, Err(StoreError::Away(_))), "{away:?}");
    wire.heal();
    store.sites().await.unwrap();
    for chat in chats {
        written(&store, chat.visitor_says("still there?")).await;
        store.sites().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_not_waited_for_and_goes_on_where_it_was() {
    let server = Server::start(&[]);
    let template = shared_template();
    let url = server.url(&server.copy_from(shared(), &template));
    let node = node_at(&url).await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let stopped = server.freeze();
    let words = speak_in_vain(&mut vera, &mut ben, conversation, "is it alive?").await;
    // Who comes now is not turned away for good.
    let newcomer = node.visitor_builder().keeps_going();
    let newcomer = tokio::spawn(newcomer.patience_ms(60_000).connect());
    drop(stopped);
    words.come_through(&mut vera, &mut ben).await;
    let wim = newcomer.await.unwrap().unwrap();
    each_once(&ben, conversation, &["is it alive?"]).await;
    wim.close().await.unwrap();
    ben.end(conversation).await.unwrap();
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

fn shared_template() -> String {
    let beginning = crate::support::people::beginning_on_postgres();
    beginning.template.clone().unwrap()
}

/// The words with which `balie check` and a start refuse an address; they are the same.
fn refusal(url: &str, connect_ms: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("BALIE_DATABASE_URL", url),
        ("BALIE_DATABASE_CONNECT_MS", connect_ms),
    ];
    let mut said: Vec<String> = [&["check"][..], &[]]
        .iter()
        .map(|arguments| {
            let ended = run_to_end(folder.path(), arguments, &environment);
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(!format!("{ended:?}").contains(PASSWORD), "{ended:?}");
            let last = ended.said.lines().last().unwrap();
            last.to_owned()
        })
        .collect();
    let start = said.pop().unwrap();
    assert_eq!(said, [start.as_str()]);
    start
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_named_at_the_start() {
    let wire = Hole::before(shared().port()).await;
    let url = shared().url_for(USER, PASSWORD, wire.port(), &fresh_database());
    wire.swallow(Swallows::Answers);
    let words = tokio::task::spawn_blocking(move || refusal(&url, "700"))
        .await
        .unwrap();
    for part in [
        "cannot be reached",
        "no answer within 700 ms",
        "--database-url",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
}

/// An authority and what it signed, made for this test.
struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// A server's certificate for 127.0.0.1, signed by an authority of its own.
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Self { folder };
        let make = |name: &str, more: &[&str]| {
            let (key, certificate) = (
                made.file(&format!("{name}.key")),
                made.file(&format!("{name}.pem")),
            );
            let done = Command::new("openssl")
                .args([
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days",
                    "2",
                ])
                .args(["-subj", &format!("/CN=balie test {name}")])
                .args([Path::new("-keyout"), &key, Path::new("-out"), &certificate])
                .args(more)
                .output()
                .unwrap();
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
        };
        make("authority", &[]);
        make("stranger", &[]);
        let (authority, key) = (made.file("authority.pem"), made.file("authority.key"));
        make(
            "server",
            &[
                "-CA",
                &authority.display().to_string(),
                "-CAkey",
                &key.display().to_string(),
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ],
        );
        // PostgreSQL wants the key to be its own.
        fs::set_permissions(made.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(made.file("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((uid, gid)) = unprivileged() {
            chown(made.file("server.key"), Some(uid), Some(gid)).unwrap();
        }
        made
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self) -> Server {
        let setting = |name: &str, file: &str| format!("{name} = '{}'", self.file(file).display());
        Server::start(&[
            "ssl = on",
            // Of these the certificate names one.
            "listen_addresses = '127.0.0.1,127.0.0.2'",
            &setting("ssl_cert_file", "server.pem"),
            &setting("ssl_key_file", "server.key"),
        ])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_spoken_checked_and_insisted_on_as_the_address_says() {
    let certificates = Certificates::make();
    let server = certificates.server();
    let database = server.database();
    let url = server.url(&database);
    let with_authority = |mode: &str, authority: &str| {
        let file = certificates.file(authority);
        format!("{url}?sslmode={mode}&sslrootcert={}", file.display())
    };
    let right = with_authority("verify-full", "authority.pem");
    for url in [url.clone(), right.clone()] {
        let store = PostgresStore::open(&place(url)).await.unwrap();
        store.probe().await.unwrap();
        let unsecured = server.sql(
            &database,
            "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'balie' and not ssl",
        );
        assert_eq!(unsecured, "0");
        let secured = server.sql(
            &database,
            "select count(*) > 0 from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'balie' and ssl",
        );
        assert_eq!(secured, "t");
    }
    // A node speaks it, too, appends and all.
    let template = server.copy_from(shared(), &shared_template());
    let whole = right.replacen(&format!("/{database}?"), &format!("/{template}?"), 1);
    let node = node_at(&whole).await;
    crate::support::scenes::all_is_well(&node).await;
    drop(node);

    let plain = format!("{}?sslmode=require", shared().url(&fresh_database()));
    let wrong_name = right.replacen("127.0.0.1", "127.0.0.2", 1);
    for (url, parts) in [
        (
            with_authority("verify-full", "stranger.pem"),
            ["TLS", "sslrootcert"],
        ),
        (wrong_name, ["TLS", "name"]),
        (
            with_authority("verify-full", "nowhere.pem"),
            ["TLS", "sslrootcert"],
        ),
        (plain, ["TLS", "sslmode"]),
    ] {
        let words = refusal(&url, "20000");
        for part in parts {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
}

/// Goal: where a log cannot be read for a moment, nobody is told a place in a conversation that they have not heard of; once it can,
/// they are told both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_is_not_told_before_the_conversation_that_it_is_in() {
    let (server, database) = (shared(), fresh_database());
    let guest = format!("guest_{database}");
    // Who writes all logs, and reads none while the gate is shut. The first user would not be held up by it.
    server.sql(
        &database,
        &format!(
            "create role {guest} login password '{PASSWORD}';
             create table gate (is_shut boolean not null);
             insert into gate values (true);
             create function may_read() returns boolean language plpgsql as $$
             begin
                 if (select is_shut from gate) then
                     raise exception 'not just now' using errcode = 'cannot_connect_now';
                 end if;
                 return true;
             end $$;
             alter table event enable row level security;
             create policy writing on event for insert with check (true);
             create policy reading on event for select using (may_read());
             grant create on schema public to {guest};
             grant select, insert, update, delete on all tables in schema public to {guest}"
        ),
    );
    let node = node_at(&server.url_for(&guest, PASSWORD, server.port(), &database)).await;
    let mut first = node.visitor().await;
    let mut second = first.another_tab("demo").await.unwrap();
    let conversation = first.start("Hello").await.unwrap().conversation;
    eventually("its log to be asked for some times", async || {
        (node.log().matches("a log could not be read").count() > 4).then_some(())
    })
    .await;
    server.sql(&database, "update gate set is_shut = false");
    let started = second.expect_text("Hello").await.unwrap();
    assert_eq!(started.conversation, conversation);
    for tab in [&mut first, &mut second] {
        let place = tab.expect_frame("a place", |frame| frame.is("queue")).await;
        assert_eq!(number(&place.unwrap().json, "position"), 1);
    }
}
