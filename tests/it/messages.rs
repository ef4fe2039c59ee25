//! Messages that are left to be answered later: in line without a socket, behind whoever waits live, never given up.

use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::wire::ConversationId;
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::refused;
use crate::support::scenes::{closed_now, kinds, waiting_in};

const GRACE: [(&str, &str); 3] = [
    ("BALIE_VISITOR_GRACE_MS", "300"),
    ("BALIE_AGENT_AWAY_MS", "200"),
    ("BALIE_AGENT_GRACE_MS", "600"),
];

fn left(text: &str) -> Value {
    json!({"mode": "message", "department": "support", "fields": {"email": "vera@example.com"}, "text": text})
}

/// A visitor who leaves a message and goes.
async fn leaves(node: &Node, text: &str) -> (ConversationId, String) {
    let mut visitor = node.visitor().await;
    let conversation = visitor.start_with(left(text)).await.unwrap().conversation;
    let token = visitor.token();
    visitor.close().await.unwrap();
    (conversation, token)
}

async fn set_hours(node: &Node, department: &str, hours: Value) {
    let path = format!("/api/departments/{department}");
    node.administer("PATCH", &path, json!({ "hours": hours }))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn left_messages_wait_without_a_socket_and_go_after_whoever_waits_live() {
    let node = Node::with(&GRACE).await;
    let (first, token) = leaves(&node, "first").await;
    let (second, _) = leaves(&node, "second").await;
    let wim = waiting_in(&node, "support").await;
    let live = wim.conversation().unwrap();
    let mut ben = node.agent("ben").await;
    // Several graces later all three wait.
    ben.expect_none(1_200, |frame| frame.is("assigned"))
        .await
        .unwrap();
    ben.online(1).await.unwrap();
    for next in [live, first, second] {
        assert_eq!(ben.next_assigned().await.unwrap(), next);
        if next == first {
            ben.send(first, "We open at nine").await.unwrap();
        }
        ben.end(next).await.unwrap();
    }
    let mut back = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    assert_eq!(back.conversation(), Some(first));
    back.expect_text("We open at nine").await.unwrap();
    let log = back.read_log().await.unwrap();
    assert_eq!(
        kinds(&log),
        ["queued", "message", "assigned", "message", "closed"]
    );
    assert_eq!(log[0].fields["mode"], "message");
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_that_goes_back_into_the_line_keeps_mode_and_place() {
    let node = Node::with(&GRACE).await;
    let (first, token) = leaves(&node, "first").await;
    let mut ben = node.online("ben", 1).await;
    assert_eq!(ben.next_assigned().await.unwrap(), first);
    let (second, _) = leaves(&node, "second").await;
    ben.close().await.unwrap();
    // The agent's grace runs out, and many of a visitor's: it waits again, and nobody gives it up.
    let mut back = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    let requeued = back.expect_kind("requeued").await.unwrap();
    assert_eq!(requeued.fields["reason"], "agent_gone");
    back.close().await.unwrap();
    let mut tab = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    let welcome = tab.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["conversation"]["mode"], "message");
    assert_eq!(welcome["conversation"]["state"], "queued");
    tab.close().await.unwrap();
    let mut cas = node.agent("cas").await;
    cas.expect_none(900, |frame| frame.is("assigned"))
        .await
        .unwrap();
    let wim = waiting_in(&node, "support").await;
    cas.online(1).await.unwrap();
    for next in [wim.conversation().unwrap(), first, second] {
        assert_eq!(cas.next_assigned().await.unwrap(), next);
        cas.end(next).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_needs_words_and_a_way_to_reply() {
    let node = Node::start().await;
    let mut vera = node.visitor().await;
    for (wrong, field) in [
        (
            json!({"mode": "message", "fields": {"email": "vera@example.com"}}),
            "text",
        ),
        (
            json!({"mode": "message", "text": " ", "fields": {"email": "vera@example.com"}}),
            "text",
        ),
        (json!({"mode": "message", "text": "Hello"}), "fields.email"),
        (
            json!({"mode": "message", "text": "Hello", "fields": {"email": "vera"}}),
            "fields.email",
        ),
    ] {
        let refusal = refused(vera.start_with(wrong).await);
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            ("bad_field", Some(field))
        );
    }
    vera.start_with(left("Hello")).await.unwrap();
    for another in [left("Again"), json!({"text": "A chat then"})] {
        assert_eq!(refused(vera.start_with(another).await).code, "conflict");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_waits_too_long_leaves_the_line_and_a_message_instead() {
    let node = Node::start().await;
    let mut vera = waiting_in(&node, "support").await;
    let chat = vera.conversation();
    vera.leave().await.unwrap();
    let message = vera.start_with(left("Call me back")).await.unwrap();
    assert_ne!(Some(message.conversation), chat);
    let mut ben = node.online("ben", 3).await;
    assert_eq!(ben.next_assigned().await.unwrap(), message.conversation);
    ben.send(message.conversation, "I will").await.unwrap();
    vera.expect_text("I will").await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn agents_see_what_was_left_beside_whoever_waits_live() {
    let node = Node::start().await;
    let (message, _) = leaves(&node, "Do you repair older bikes?").await;
    let mut vera = waiting_in(&node, "support").await;
    let mut ana = node.agent("ana").await;
    ana.lanes(true);
    let lane = ana.expect_type("lanes").await.unwrap().json["lanes"][0].clone();
    assert_eq!(
        (&lane["waiting"], &lane["messages"]),
        (&json!(1), &json!(1))
    );
    let rows = ana.expect_type("waiting").await.unwrap().json["set"].clone();
    let mut modes: Vec<(String, Value)> = Vec::new();
    for row in rows.as_array().unwrap() {
        modes.push((
            row["conversation"].as_str().unwrap().to_owned(),
            row["mode"].clone(),
        ));
    }
    let live = vera.conversation().unwrap();
    assert!(
        modes.contains(&(message.to_string(), json!("message"))),
        "{modes:?}"
    );
    assert!(
        modes.contains(&(live.to_string(), json!("chat"))),
        "{modes:?}"
    );
    vera.leave().await.unwrap();
    let has_left = |frame: &Frame| frame.is("lanes") && frame.json["lanes"][0]["waiting"] == 0;
    let lanes = ana
        .expect_frame("nobody waits live", has_left)
        .await
        .unwrap();
    assert_eq!(lanes.json["lanes"][0]["messages"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nobody_begins_to_wait_in_a_closed_department_but_messages_are_taken() {
    let node = Node::start().await;
    let early = waiting_in(&node, "support").await;
    let mut ben = node.agent("ben").await;
    set_hours(&node, "support", closed_now()).await;
    let mut vera = node.visitor().await;
    let wanted = json!({"department": "support", "text": "help"});
    let refusal = refused(vera.start_with(wanted).await);
    assert_eq!(refusal.code, "closed_hours");
    for words in ["Support is closed now", "at 00:00", "leave a message"] {
        assert!(refusal.message.contains(words), "{refusal}");
    }
    let message = vera.start_with(left("Then this")).await.unwrap();
    // Another department is open, and whoever waits already is served.
    let wim = waiting_in(&node, "sales").await;
    ben.online(1).await.unwrap();
    for next in [early.conversation().unwrap(), message.conversation] {
        assert_eq!(ben.next_assigned().await.unwrap(), next);
        ben.end(next).await.unwrap();
    }
    early.finish().await.unwrap();
    wim.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_site_is_open_while_an_agent_of_an_open_department_is_there() {
    let node = Node::start().await;
    let is_open =
        |open: bool| move |frame: &Frame| frame.is("presence") && frame.json["open"] == open;
    let mut vera = node.visitor().await;
    let _ana = node.online("ana", 3).await;
    vera.expect_frame("open", is_open(true)).await.unwrap();
    set_hours(&node, "support", closed_now()).await;
    vera.expect_frame("closed", is_open(false)).await.unwrap();
    let mut eva = node.visitor().await;
    assert_eq!(
        eva.expect_type("welcome").await.unwrap().json["open"],
        false
    );
    let stranger = node.stranger();
    let widget = stranger.http("GET", "/api/sites/demo/widget", None);
    let widget = widget.await.unwrap().json().unwrap();
    assert_eq!(widget["open"], false);
    assert_eq!(
        widget["next_open_at"],
        Value::Null,
        "sales is open by its hours, and empty"
    );
    set_hours(&node, "support", Value::Null).await;
    vera.expect_frame("open again", is_open(true))
        .await
        .unwrap();
}
