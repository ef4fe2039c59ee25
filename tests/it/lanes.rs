//! Needs, the last agent, and why somebody got a chat, as the sockets tell it. The rules themselves are tried in
//! `domain::routing`, and that both engines follow them in `coordination_histories.rs`.

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::ConversationId;
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::scenes::waiting_in;

/// Gives somebody these skills.
async fn teaches(node: &Node, agent: &Agent, skills: Value) {
    let path = format!("/api/agents/{}", agent.id());
    node.administer("PATCH", &path, json!({ "skills": skills }))
        .await;
}

async fn asks(node: &Node, needs: Value) -> Visitor {
    let mut visitor = node.visitor().await;
    let start = json!({"department": "support", "text": "Bonjour", "needs": needs});
    visitor.start_with(start).await.unwrap();
    visitor
}

/// Why the conversation came to this agent, by its log.
async fn why(agent: &mut Agent, conversation: ConversationId) -> Value {
    let (id, me) = (json!(conversation), json!(agent.id()));
    let told = agent.expect_frame("the reason", |frame| {
        let event = &frame.json;
        frame.is("event")
            && event["kind"] == "assigned"
            && event["conversation"] == id
            && event["agent"]["id"] == me
    });
    told.await.unwrap().json["why"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_has_what_is_needed_gets_it_and_who_has_not_does_not() {
    let node = Node::start().await;
    let mut plain = node.online("ana", 3).await;
    let mut fluent = node.online("ben", 1).await;
    teaches(&node, &fluent, json!(["fr"])).await;
    let mut first = asks(&node, json!(["FR"])).await;
    assert_eq!(
        Some(fluent.next_assigned().await.unwrap()),
        first.conversation()
    );
    // The only one who could is taken: this one waits, and others are not held up by it.
    let second = asks(&node, json!(["fr"])).await;
    let third = waiting_in(&node, "support").await;
    assert_eq!(
        Some(plain.next_assigned().await.unwrap()),
        third.conversation()
    );
    let told = why(&mut plain, third.conversation().unwrap()).await;
    assert_eq!(told["rule"], "head_of_line");
    assert_eq!((&told["load"], &told["capacity"]), (&json!(0), &json!(3)));
    assert_eq!(told["eligible"], 1);
    first.leave().await.unwrap();
    assert_eq!(
        Some(fluent.next_assigned().await.unwrap()),
        second.conversation()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn needs_that_nobody_has_hold_nobody_up_and_others_relax() {
    let node = Node::start().await;
    let routing = json!({"routing": {"relax_after_ms": [1_000]}});
    node.administer("PATCH", "/api/departments/support", routing)
        .await;
    let mut plain = node.online("ana", 3).await;
    let odd = asks(&node, json!(["tlh", "Not a skill!"])).await;
    assert_eq!(
        Some(plain.next_assigned().await.unwrap()),
        odd.conversation()
    );
    // Somebody speaks French, and is not there.
    let fluent = node.agent("ben").await;
    teaches(&node, &fluent, json!(["fr"])).await;
    let patient = asks(&node, json!(["fr"])).await;
    let id = plain.next_assigned().await.unwrap();
    assert_eq!(Some(id), patient.conversation());
    assert_eq!(why(&mut plain, id).await["rule"], "relaxed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_returns_comes_to_the_last_agent_and_no_visitor_is_told_why() {
    let node = Node::start().await;
    let mut last = node.online("ben", 2).await;
    let mut visitor = waiting_in(&node, "support").await;
    let first = last.next_assigned().await.unwrap();
    let mut other = node.online("ana", 2).await;
    last.end(first).await.unwrap();
    visitor.expect_kind("closed").await.unwrap();
    // Ana is idle longer than Ben, who just ended a chat.
    visitor.start("Me again").await.unwrap();
    let second = last.next_assigned().await.unwrap();
    assert_eq!(Some(second), visitor.conversation());
    assert_eq!(why(&mut last, second).await["rule"], "last_agent");
    let told = visitor.expect_kind("assigned").await.unwrap();
    assert!(!told.fields.contains_key("why"), "{told:?}");
    // Somebody new goes to who is idle longest, and whoever takes or is handed one is told as such.
    let stranger = waiting_in(&node, "support").await;
    let third = other.next_assigned().await.unwrap();
    assert_eq!(Some(third), stranger.conversation());
    other
        .transfer_to_agent(third, &last.id(), None)
        .await
        .unwrap();
    assert_eq!(last.next_assigned().await.unwrap(), third);
    let told = why(&mut last, third).await;
    assert_eq!(
        (&told["rule"], &told["load"]),
        (&json!("transferred"), &json!(1))
    );
}
