//! Beginnings that several files share: somebody in line, a chat; and how one looks at what came of them.

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::{ConversationId, Event, Refusal};
use serde_json::{Value, json};

use super::node::Node;

/// A visitor in the line of a department, or served at once.
pub async fn waiting_in(node: &Node, department: &str) -> Visitor {
    let mut visitor = node.visitor().await;
    visitor
        .start_with(json!({"department": department, "text": "help"}))
        .await
        .unwrap();
    visitor
}

/// A chat between ben and a visitor.
pub async fn chat(node: &Node) -> (Agent, Visitor, ConversationId) {
    let mut ben = node.online("ben", 3).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    (ben, vera, conversation)
}

/// A chat goes on as if nothing had happened.
pub async fn all_is_well(node: &Node) {
    let mut ben = node.online("ben", 5).await;
    let mut vera = node.visitor_who_says("is all well?").await;
    let conversation = ben.next_assigned().await.unwrap();
    ben.send(conversation, "all is well").await.unwrap();
    vera.expect_text("all is well").await.unwrap();
    ben.end(conversation).await.unwrap();
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

/// The next `queue` frame with this position.
pub async fn place(visitor: &mut Visitor, position: i64) -> Value {
    let is_it = |frame: &Frame| frame.is("queue") && frame.json["position"] == position;
    let what = format!("place {position}");
    visitor.expect_frame(&what, is_it).await.unwrap().json
}

/// The kinds of a log's events.
pub fn kinds(log: &[Event]) -> Vec<&str> {
    log.iter().map(|event| event.kind.as_str()).collect()
}

/// Hours with which a department is closed now and for two days.
pub fn closed_now() -> Value {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let dates = [today.yesterday(), Ok(today), today.tomorrow()];
    let dates: Vec<String> = dates.map(|date| date.unwrap().to_string()).to_vec();
    let week = json!([{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00"}]);
    json!({"tz": "Etc/UTC", "week": week, "closed": dates})
}

/// The contract leaves open whether a colleague's conversation is forbidden or a conflict; both are final.
pub fn is_not_theirs(refusal: &Refusal) {
    let code = refusal.code.as_str();
    assert!(matches!(code, "forbidden" | "conflict"), "{refusal}");
}
