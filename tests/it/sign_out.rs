//! Whoever is no longer let in is no longer there: sockets end with the session, the password, the token, the person.

use std::time::{Duration, Instant};

use balie_loadtest::participant::dial::{Dial, RawSocket};
use serde_json::json;

use crate::support::node::Node;
use crate::support::people::{PASSWORD, email_of};
use crate::support::raw::{self, next};

/// A socket of an agent after `hello`.
async fn socket_of(dial: &Dial) -> RawSocket {
    let mut socket = dial.socket("/ws/agent").await.unwrap();
    socket.say(json!({"t": "hello"}).to_string()).await.unwrap();
    next(&mut socket, "welcome").await;
    socket
}

/// The socket ends as promised: `bye`, 1008, within 5 s of `since`.
async fn is_signed_out(mut socket: RawSocket, since: Instant) {
    let bye = next(&mut socket, "bye").await;
    assert_eq!(bye["reason"], "signed_out", "{bye}");
    assert_eq!(raw::close_code(&mut socket).await, 1008);
    assert!(
        since.elapsed() < Duration::from_secs(5),
        "{:?}",
        since.elapsed()
    );
}

async fn is_open(socket: &mut RawSocket) {
    socket
        .say(json!({"t": "ping", "n": 1}).to_string())
        .await
        .unwrap();
    next(socket, "pong").await;
}

async fn status(dial: &Dial, method: &str, path: &str, body: Option<serde_json::Value>) -> u16 {
    dial.http(method, path, body.as_ref()).await.unwrap().status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn signing_out_ends_the_sockets_of_that_session_only() {
    let node = Node::start().await;
    let (one, other) = (node.sign_in("ben").await, node.sign_in("ben").await);
    let ended = socket_of(&node.with_cookie(&one)).await;
    let mut stays = socket_of(&node.with_cookie(&other)).await;
    let mut token = socket_of(&node.as_person("ben")).await;
    let since = Instant::now();
    assert_eq!(
        status(&node.with_cookie(&one), "POST", "/api/logout", None).await,
        204
    );
    is_signed_out(ended, since).await;
    is_open(&mut stays).await;
    is_open(&mut token).await;
    assert_eq!(
        raw::upgrade_status(&node.with_cookie(&one), "/ws/agent").await,
        401
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn signing_out_everywhere_ends_every_session() {
    let node = Node::start().await;
    let (one, other) = (node.sign_in("ben").await, node.sign_in("ben").await);
    let first = socket_of(&node.with_cookie(&one)).await;
    let second = socket_of(&node.with_cookie(&other)).await;
    let since = Instant::now();
    assert_eq!(
        status(&node.with_cookie(&one), "DELETE", "/api/sessions", None).await,
        204
    );
    is_signed_out(first, since).await;
    is_signed_out(second, since).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_changed_password_ends_every_other_session() {
    let node = Node::start().await;
    let (one, other) = (node.sign_in("ben").await, node.sign_in("ben").await);
    let mut stays = socket_of(&node.with_cookie(&one)).await;
    let ended = socket_of(&node.with_cookie(&other)).await;
    let words = json!({"current": PASSWORD, "new": "quite another set of words"});
    let since = Instant::now();
    assert_eq!(
        status(
            &node.with_cookie(&one),
            "PUT",
            "/api/me/password",
            Some(words)
        )
        .await,
        204
    );
    is_signed_out(ended, since).await;
    is_open(&mut stays).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_password_set_from_the_command_line_ends_the_sessions_of_a_running_server() {
    let node = Node::start().await;
    let cookie = node.sign_in("ben").await;
    let ended = socket_of(&node.with_cookie(&cookie)).await;
    let since = Instant::now();
    node.admin(
        &["password", &email_of("ben"), "--password-stdin"],
        "quite another set of words",
    );
    is_signed_out(ended, since).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_removed_token_ends_its_sockets_and_no_others() {
    let node = Node::start().await;
    let ben = node.as_person("ben");
    let me = ben
        .http("GET", "/api/me", None)
        .await
        .unwrap()
        .json()
        .unwrap();
    let path = format!("/api/agents/{}/tokens", me["agent"]["id"].as_str().unwrap());
    let made = ben
        .http("POST", &path, Some(&json!({"label": "a script"})))
        .await
        .unwrap()
        .json()
        .unwrap();
    let secret = made["secret"]
        .as_str()
        .or(made["token"].as_str())
        .unwrap_or_else(|| panic!("{made}"));
    let script = node
        .stranger()
        .with_header("authorization", &format!("Bearer {secret}"));
    let ended = socket_of(&script).await;
    let mut stays = socket_of(&ben).await;
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let since = Instant::now();
    assert_eq!(
        status(&ben, "DELETE", &format!("{path}/{id}"), None).await,
        204
    );
    is_signed_out(ended, since).await;
    is_open(&mut stays).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_removed_person_is_gone_and_the_chats_go_back_into_the_line() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 2).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    let queued = vera.expect_kind("queued").await.unwrap();
    let cookie = node.sign_in("ben").await;
    let ended = socket_of(&node.with_cookie(&cookie)).await;
    let since = Instant::now();
    let path = format!("/api/agents/{}", ben.id());
    node.administer("DELETE", &path, json!(null)).await;
    is_signed_out(ended, since).await;
    let requeued = vera.expect_kind("requeued").await.unwrap();
    assert_eq!(requeued.number("enqueued_at"), Some(queued.at));
    let mut ana = node.online("ana", 1).await;
    assert_eq!(ana.next_assigned().await.unwrap(), conversation);
    // What the removed one wrote is still there, by name.
    let log = ana.read_log(conversation).await.unwrap();
    assert_eq!(log[2].fields["agent"]["name"], "ben");
    let gone = ben.until("the end", |mind| {
        use balie_loadtest::participant::mind::Mind;
        mind.memory().bye.as_ref().map(|bye| format!("{bye:?}"))
    });
    assert!(gone.await.unwrap().contains("signed_out"));
    assert_eq!(
        raw::upgrade_status(&node.as_person("ben"), "/ws/agent").await,
        401
    );
    ben.faults();
}
