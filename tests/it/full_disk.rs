//! The disk is full, or the file cannot be written for a while: an honest `unavailable`, and everything goes on without a restart.
//!
//! The disk is filled by taking from the process the right to make any file longer (RLIMIT_FSIZE), which its log on standard error
//! feels as well. The signal that comes with it is ignored, as nothing sends one where a disk is full.

use std::time::Duration;

use balie_loadtest::participant::mind::Frame;
use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::node::Node;
use crate::support::number;
use crate::support::raw::{self, next};

/// SIGXFSZ is 25 on Linux; what a shell ignores stays ignored in what it becomes.
const WITHOUT_SIGNAL: &str = "trap '' 25; exec \"$0\"";

fn fill_disk(node: &Node) {
    limit(node, Some(1));
}

fn make_room(node: &Node) {
    limit(node, None);
}

/// How often a command is repeated after there is room again.
const REPEATS_MAX: u32 = 100;
const REPEAT_AFTER: Duration = Duration::from_millis(50);

fn limit(node: &Node, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(node.pid()).unwrap()).unwrap();
    let limits = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(pid), Resource::Fsize, limits).unwrap();
}

fn is_unavailable(frame: &Frame) -> bool {
    frame.is("error") && frame.json["code"] == "unavailable"
}

async fn readiness(node: &Node) -> (u16, Value) {
    let answer = node.stranger().http("GET", "/readyz", None).await.unwrap();
    let body = serde_json::from_slice(&answer.body).unwrap();
    (answer.status, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_full_disk_puts_off_what_is_said_and_open_chats_stay_open() {
    let node = Node::wrapped(Some(WITHOUT_SIGNAL), &[]).await;
    let mut ben = node.online("ben", 2).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    fill_disk(&node);
    let said = vera.send_later("can you hear me?");
    let answered = ben.send_later(conversation, "yes, wait a moment");
    for _ in 0..2 {
        let error = vera
            .expect_frame("unavailable", is_unavailable)
            .await
            .unwrap()
            .json;
        assert_eq!(error["cmd"], json!(said));
        assert_eq!(error["re"], "send");
        assert!(number(&error, "retry_ms") > 0);
    }
    ben.expect_frame("unavailable", is_unavailable)
        .await
        .unwrap();
    // Reading goes on: for those who are there, who come, and who ask over HTTP.
    vera.ping().await.unwrap();
    assert_eq!(vera.read_log().await.unwrap().len(), 3);
    let mut wim = node.visitor().await;
    let start = wim.command(
        balie_loadtest::participant::ledger::Deed::Start,
        json!({"fields": {}, "text": "new"}),
    );
    let error = wim
        .expect_frame("unavailable", is_unavailable)
        .await
        .unwrap()
        .json;
    assert_eq!(error["cmd"], json!(start));
    assert_eq!(
        readiness(&node).await.0,
        200,
        "a store that is away makes no node unready"
    );
    make_room(&node);
    // The very same commands go through, once each.
    vera.answer(said).await.unwrap();
    ben.answer(answered).await.unwrap();
    wim.answer(start).await.unwrap();
    ben.expect_text("can you hear me?").await.unwrap();
    vera.expect_text("yes, wait a moment").await.unwrap();
    wim.agent().await.unwrap();
    assert_eq!(
        readiness(&node).await,
        (200, json!({"store": "ok", "coordination": "ok"}))
    );
    for visitor in [vera, wim] {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_acknowledged_before_the_disk_was_full_survives_a_kill_during_it() {
    let mut node = Node::wrapped(Some(WITHOUT_SIGNAL), &[]).await;
    let mut vera = node
        .visitor_builder()
        .keeps_going()
        .connect()
        .await
        .unwrap();
    vera.start("help").await.unwrap();
    for line in 0..10 {
        vera.send(&format!("line {line}")).await.unwrap();
    }
    fill_disk(&node);
    let pending = vera.send_later("one more");
    vera.expect_frame("unavailable", is_unavailable)
        .await
        .unwrap();
    node.kill();
    node.restart().await;
    vera.answer(pending).await.unwrap();
    vera.expect_text("one more").await.unwrap();
    assert_eq!(vera.read_log().await.unwrap().len(), 13);
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stop_while_the_disk_is_full_is_still_a_stop() {
    let mut node = Node::wrapped(Some(WITHOUT_SIGNAL), &[]).await;
    let mut vera = node
        .visitor_builder()
        .keeps_going()
        .connect()
        .await
        .unwrap();
    vera.start("help").await.unwrap();
    fill_disk(&node);
    let pending = vera.send_later("can you hear me?");
    vera.expect_frame("unavailable", is_unavailable)
        .await
        .unwrap();
    assert!(node.stop().await.success());
    node.restart().await;
    vera.answer(pending).await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_that_another_process_holds_is_unavailable_until_it_lets_go() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("help").await;
    let other = Connection::open(node.data().join("balie.db")).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let said = vera.send_later("can you hear me?");
    vera.expect_frame("unavailable", is_unavailable)
        .await
        .unwrap();
    vera.ping().await.unwrap();
    other.execute_batch("rollback").unwrap();
    vera.answer(said).await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn refusals_for_want_of_room_do_not_count_as_the_clients_mistakes() {
    let node = Node::wrapped(Some(WITHOUT_SIGNAL), &[("BALIE_VISITOR_FRAMES_PER_S", "0")]).await;
    let vera = node.visitor_who_says("help").await;
    let mut socket = raw::visitor_socket(&node).await;
    let mut hello = raw::hello();
    hello["token"] = json!(vera.token());
    socket.say(hello.to_string()).await.unwrap();
    next(&mut socket, "welcome").await;
    fill_disk(&node);
    for _ in 0..120 {
        let error = raw::error_after(&mut socket, raw::send("again").to_string()).await;
        assert_eq!(error["code"], "unavailable", "{error}");
    }
    socket
        .say(json!({"t": "ping", "n": 1}).to_string())
        .await
        .unwrap();
    next(&mut socket, "pong").await;
    make_room(&node);
    // The first write may still meet what the full disk left behind; whoever is asked to repeat it does.
    let now = raw::send("now").to_string();
    for _ in 0..REPEATS_MAX {
        socket.say(now.clone()).await.unwrap();
        let answer = raw::next_of(&mut socket, &["ack", "error"]).await;
        if answer["t"] == "ack" {
            return;
        }
        assert_eq!(answer["code"], "unavailable", "{answer}");
        sleep(REPEAT_AFTER).await;
    }
    panic!("there is room again, and nothing is written");
}
