//! Waits foretold in a running server: what visitors, lanes and lists are told, when nothing may be promised, and that a restart
//! forgets nothing. How right it is stands in `replay.rs`, the order and the bounds of the estimator in `waiting.rs`.

use balie::model::time::Millis;
use balie::protocol::parts::Eta;
use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use serde_json::Value;

use crate::support::node::Node;
use crate::support::number;
use crate::support::scenes::waiting_in;

/// So many chats of ben's, one after the other, so that something is known.
async fn chats(node: &Node, ben: &mut Agent, count: usize) {
    for _ in 0..count {
        let vera = node.visitor_who_says("help").await;
        let conversation = ben.next_assigned().await.unwrap();
        ben.end(conversation).await.unwrap();
        vera.close().await.unwrap();
    }
}

/// A visitor in line who comes back when the server does.
async fn stubborn(node: &Node) -> Visitor {
    let visitor = node.visitor_builder().keeps_going().connect().await;
    let mut visitor = visitor.unwrap();
    visitor.start("help").await.unwrap();
    visitor
}

/// The next `queue` frame with a promise.
async fn promised(visitor: &mut Visitor) -> Value {
    let is_it = |frame: &Frame| frame.is("queue") && frame.json["eta"].is_object();
    let told = visitor.expect_frame("a promise", is_it).await.unwrap().json;
    let (p50, p90) = (
        number(&told["eta"], "p50_ms"),
        number(&told["eta"], "p90_ms"),
    );
    assert!(0 <= p50 && p50 <= p90 && p90 < 3_600_000, "{told}");
    told
}

/// The next `queue` frame without one.
async fn unknown(visitor: &mut Visitor) {
    let is_it = |frame: &Frame| frame.is("queue") && frame.json["eta"].is_null();
    visitor.expect_frame("not known", is_it).await.unwrap();
}

/// A `lanes` frame whose promise for who comes next to support is there, or is not.
async fn newcomer(agent: &mut Agent, is_known: bool) {
    let is_it = |frame: &Frame| {
        let lanes = frame.json["lanes"].as_array();
        frame.is("lanes")
            && lanes.is_some_and(|lanes| {
                let support = lanes.iter().find(|lane| lane["department"] == "support");
                support.is_some_and(|lane| lane["eta"].is_object() == is_known)
            })
    };
    agent.expect_frame("the lanes", is_it).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_waits_is_promised_a_range_once_it_is_known() {
    let mut node = Node::start().await;
    let mut ben = node
        .agent_builder("ben")
        .keeps_going()
        .connect()
        .await
        .unwrap();
    ben.online(1).await.unwrap();
    ben.lanes(true);
    newcomer(&mut ben, false).await;
    chats(&node, &mut ben, 6).await;
    newcomer(&mut ben, true).await;

    let mut served = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    served.agent().await.unwrap();
    let mut first = stubborn(&node).await;
    let mut second = stubborn(&node).await;
    let (near, far) = (promised(&mut first).await, promised(&mut second).await);
    assert_eq!(
        (number(&near, "position"), number(&far, "position")),
        (1, 2)
    );
    // Who serves the line sees the same in the list of those who wait.
    let is_row = |frame: &Frame| {
        let rows = frame.json["set"].as_array();
        frame.is("waiting")
            && rows.is_some_and(|rows| rows.iter().any(|row| row["eta"].is_object()))
    };
    ben.expect_frame("a row with a promise", is_row)
        .await
        .unwrap();

    // Nobody on duty: nothing is promised any more.
    first.take_unread();
    ben.status("away", None).await.unwrap();
    unknown(&mut first).await;
    newcomer(&mut ben, false).await;
    ben.status("online", None).await.unwrap();
    promised(&mut first).await;

    // What is known was read from the logs, and is again.
    node.kill();
    first.take_unread();
    second.take_unread();
    node.restart().await;
    promised(&mut first).await;
    promised(&mut second).await;
    ben.end(conversation).await.unwrap();
    first.agent().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_left_message_is_promised_nothing_and_holds_nobody_up() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 1).await;
    chats(&node, &mut ben, 6).await;
    let mut served = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    served.agent().await.unwrap();
    let mut later = node.visitor().await;
    let message = serde_json::json!({"department": "support", "mode": "message", "text": "later",
        "fields": {"email": "vera@example.com"}});
    later.start_with(message).await.unwrap();
    let mut waits = waiting_in(&node, "support").await;
    let told = promised(&mut waits).await;
    assert_eq!(number(&told, "position"), 1);
    let promise = |frame: &Frame| frame.is("queue") && frame.json["eta"].is_object();
    later.expect_none(1_500, promise).await.unwrap();
    ben.end(conversation).await.unwrap();
    waits.agent().await.unwrap();
}

#[test]
fn a_range_is_rounded_as_the_widget_rounds_it() {
    let text = std::fs::read_to_string("tests/wait_ranges.json").unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() > 10);
    for case in &cases {
        let eta = Eta {
            p50_ms: Millis(number(case, "p50_ms")),
            p90_ms: Millis(number(case, "p90_ms")),
        };
        assert_eq!(
            eta.shown(),
            (number(case, "low"), number(case, "high")),
            "{case}"
        );
    }
}
