//! A backup of PostgreSQL as `docs/OPERATING.md` says: dumped beside a server under load, put back into an empty database.

use std::fs;

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::ledger::Deed;
use serde_json::json;

use crate::support::files::{as_visitor, get, id_of, upload};
use crate::support::fleet::fresh_database;
use crate::support::node::{Node, run_to_end};
use crate::support::postgres::{Server, shared};
use crate::support::scenes::chat;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_brings_back_every_chat_up_to_it_and_clients_begin_anew() {
    let database = fresh_database();
    let url = shared().url(&database);
    let mut node = Node::with(&[("BALIE_DATABASE_URL", &url)]).await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let file = id_of(&upload(&as_visitor(&node, &vera), conversation, "a.txt", b"look").await);
    let cmd = vera.command(Deed::Send, json!({"attachment": file}));
    vera.answer(cmd).await.unwrap();
    let epoch = shared().sql(&database, "select epoch from installation");
    // People write all the while; what was acknowledged before the dump must be in it.
    let acknowledged = ben.send(conversation, "before").await.unwrap();
    let dumping = tokio::task::spawn_blocking(move || shared().dump(&database));
    let mut number = 0;
    while !dumping.is_finished() {
        vera.send(&format!("meanwhile {number}")).await.unwrap();
        number += 1;
    }
    let dump = dumping.await.unwrap();
    ben.send(conversation, "after").await.unwrap();
    vera.expect_text("after").await.unwrap();
    let seen = ben.read_log(conversation).await.unwrap();
    let (token, ben_token) = (vera.token(), node.token_of("ben"));
    vera.close().await.unwrap();
    ben.close().await.unwrap();
    assert!(node.stop().await.success());

    // Another server, as after a fire.
    let server = Server::start(&[]);
    let restored = server.url(&server.restore(&dump));
    fs::remove_file(dump).unwrap();
    let data = node.data().display().to_string();
    let settings = [
        ("BALIE_DATABASE_URL", restored.as_str()),
        ("BALIE_DATA", &data),
    ];
    for arguments in [&["admin", "new-epoch"][..], &["check"]] {
        let ended = run_to_end(node.data().parent().unwrap(), arguments, &settings);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let back = Node::with(&settings).await;
    let mut ben = Agent::of(&back.url(), ben_token)
        .unwrap()
        .connect()
        .await
        .unwrap();
    let log = ben.read_log(conversation).await.unwrap();
    assert!(log.len() < seen.len());
    assert!(log.last().unwrap().seq >= acknowledged.seq);
    assert_eq!(log, seen[..log.len()]);
    let mut vera = back
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    let welcome = vera.expect_type("welcome").await.unwrap().json;
    assert_ne!(welcome["epoch"], epoch);
    assert_eq!(welcome["conversation"]["id"], json!(conversation));
    let bearer = as_visitor(&back, &vera);
    assert_eq!(get(&bearer, conversation, &file).await.body, b"look");
    vera.send("and on it goes").await.unwrap();
    ben.online(2).await.unwrap();
    ben.expect_text("and on it goes").await.unwrap();
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}
