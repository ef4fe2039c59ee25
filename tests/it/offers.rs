//! Departments that offer: it rings at one agent after the other, and nobody is given what they do not accept.

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::wire::ConversationId;
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::number;
use crate::support::raw::next;

const QUICK: [(&str, &str); 1] = [("BALIE_RING_MS", "600")];

async fn offering(settings: &[(&'static str, &str)]) -> Node {
    let node = Node::with(settings).await;
    node.offers("support").await;
    node
}

/// The next frame that answers `accept` or `decline` with a refusal.
async fn refusal(agent: &mut Agent, t: &str) -> Value {
    let is_it = |frame: &Frame| frame.is("error") && frame.json["re"] == t;
    agent.expect_frame("a refusal", is_it).await.unwrap().json
}

/// Waits until it rings at one of the two, and gives who it is (and the other), and what rings.
async fn rings(mut one: Agent, mut other: Agent) -> (Agent, Agent, ConversationId) {
    let (conversation, is_first) = tokio::select! {
        offered = one.next_offer() => (offered.unwrap(), true),
        offered = other.next_offer() => (offered.unwrap(), false),
    };
    if is_first {
        (one, other, conversation)
    } else {
        (other, one, conversation)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_offer_tells_what_rings_and_accept_assigns_it() {
    let node = offering(&[]).await;
    let mut ben = node.online("ben", 2).await;
    let mut vera = node.visitor().await;
    let fields = json!({"text": "Where is my parcel?", "fields": {"name": "Vera"}});
    let ack = vera.start_with(fields).await.unwrap();
    let offer = ben.expect_type("offer").await.unwrap().json;
    assert_eq!(offer["conversation"], json!(ack.conversation));
    assert_eq!(offer["department"], "support");
    assert_eq!(offer["summary"], "Where is my parcel?");
    assert_eq!(offer["visitor"]["name"], "Vera");
    let left_ms = number(&offer, "expires_at") - i64::try_from(ack.at).unwrap();
    assert!((20_000..25_000).contains(&left_ms), "{left_ms}");
    // It shows as offered, is not in the log, and the visitor waits on.
    let mut tab = vera.another_tab("demo").await.unwrap();
    let welcome = tab.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["conversation"]["state"], "offered");
    tab.expect_type("queue").await.unwrap();
    let mut sue = node.agent("sue").await;
    let opened = sue.open(ack.conversation, None).await.unwrap();
    assert_eq!(opened["state"], "offered");
    assert_eq!(vera.read_log().await.unwrap().len(), 2);
    ben.accept(ack.conversation);
    assert_eq!(ben.next_assigned().await.unwrap(), ack.conversation);
    let assigned = vera.expect_kind("assigned").await.unwrap();
    assert_eq!(assigned.agent_id(), Some(ben.id().as_str()));
    ben.send(ack.conversation, "hello").await.unwrap();
    vera.expect_text("hello").await.unwrap();
    // Accepted again, it is assigned again.
    ben.accept(ack.conversation);
    assert_eq!(ben.next_assigned().await.unwrap(), ack.conversation);
    ben.send(ack.conversation, "once").await.unwrap();
    vera.expect_text("once").await.unwrap();
    let log = ben.read_log(ack.conversation).await.unwrap();
    assert_eq!(
        log.iter().filter(|event| event.kind == "assigned").count(),
        1
    );
    ben.finish().await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_one_declines_rings_at_another_and_not_again_at_the_first() {
    let node = offering(&[]).await;
    let ben = node.online("ben", 2).await;
    let ana = node.online("ana", 2).await;
    let mut vera = node.visitor_who_says("help").await;
    let (mut first, mut second, conversation) = rings(ben, ana).await;
    first.decline(conversation);
    assert_eq!(first.unassigned(conversation).await.unwrap(), "declined");
    assert_eq!(second.next_offer().await.unwrap(), conversation);
    second.decline(conversation);
    assert_eq!(second.unassigned(conversation).await.unwrap(), "declined");
    for one in [&mut first, &mut second] {
        one.expect_none(300, |frame| frame.is("offer"))
            .await
            .unwrap();
    }
    // Everybody declined, and it waits for somebody else.
    let mut cas = node.online("cas", 1).await;
    assert_eq!(cas.next_offer().await.unwrap(), conversation);
    cas.accept(conversation);
    vera.expect_kind("assigned").await.unwrap();
    assert_eq!(vera.agent().await.unwrap(), cas.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_rings_out_is_missed_and_rings_at_the_next() {
    let node = offering(&QUICK).await;
    let ben = node.online("ben", 2).await;
    let ana = node.online("ana", 2).await;
    let vera = node.visitor_who_says("help").await;
    let (mut first, mut second, conversation) = rings(ben, ana).await;
    assert_eq!(first.unassigned(conversation).await.unwrap(), "missed");
    assert_eq!(second.next_offer().await.unwrap(), conversation);
    second.accept(conversation);
    assert_eq!(second.next_assigned().await.unwrap(), conversation);
    first
        .expect_none(1_000, |frame| frame.is("offer"))
        .await
        .unwrap();
    drop(vera);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_who_misses_several_in_a_row_is_set_away() {
    let node = offering(&QUICK).await;
    let mut ben = node.online("ben", 1).await;
    let mut ana = node.agent("ana").await;
    let mut vera = node.visitor_who_says("help").await;
    let is_away = |frame: &Frame| {
        frame.is("agent") && frame.json["status"] == "away" && frame.json["name"] == "ben"
    };
    ben.expect_frame("to be set away", is_away).await.unwrap();
    ana.expect_frame("ben to be set away", is_away)
        .await
        .unwrap();
    let missed = ben
        .take_unread()
        .iter()
        .filter(|frame| frame.is("unassigned") && frame.json["reason"] == "missed")
        .count();
    assert!(missed >= 2, "{missed}");
    ben.expect_none(1_000, |frame| frame.is("offer"))
        .await
        .unwrap();
    let presence = |frame: &Frame| frame.is("presence") && frame.json["open"] == false;
    vera.expect_frame("nobody is there", presence)
        .await
        .unwrap();
    ben.online(1).await.unwrap();
    ben.next_offer().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_late_accept_succeeds_while_it_still_waits_and_withdraws_the_running_offer() {
    let node = offering(&[("BALIE_RING_MS", "1500")]).await;
    let ben = node.online("ben", 1).await;
    let ana = node.online("ana", 1).await;
    let mut vera = node.visitor_who_says("help").await;
    let (mut first, mut second, conversation) = rings(ben, ana).await;
    first.unassigned(conversation).await.unwrap();
    assert_eq!(second.next_offer().await.unwrap(), conversation);
    first.accept(conversation);
    assert_eq!(first.next_assigned().await.unwrap(), conversation);
    assert_eq!(second.unassigned(conversation).await.unwrap(), "taken");
    assert_eq!(vera.agent().await.unwrap(), first.id());
    // Too late for the other.
    second.accept(conversation);
    let error = refusal(&mut second, "accept").await;
    assert_eq!(
        (&error["code"], &error["conversation"]),
        (&json!("conflict"), &json!(conversation))
    );
    vera.send("hello").await.unwrap();
    first.expect_text("hello").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn accept_without_room_is_a_conflict() {
    let node = offering(&QUICK).await;
    let mut ben = node.online("ben", 1).await;
    let vera = node.visitor_who_says("help").await;
    let conversation = ben.next_offer().await.unwrap();
    ben.status("online", Some(0)).await.unwrap();
    ben.accept(conversation);
    assert_eq!(refusal(&mut ben, "accept").await["code"], "conflict");
    drop(vera);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_running_offer_takes_a_place() {
    let node = offering(&[]).await;
    let mut ben = node.online("ben", 1).await;
    let first = node.visitor_who_says("one").await;
    let second = node.visitor_who_says("two").await;
    assert_eq!(Some(ben.next_offer().await.unwrap()), first.conversation());
    ben.expect_none(300, |frame| frame.is("offer"))
        .await
        .unwrap();
    ben.decline(first.conversation().unwrap());
    assert_eq!(Some(ben.next_offer().await.unwrap()), second.conversation());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_offer_ends_when_the_visitor_gives_up() {
    let node = offering(&[]).await;
    let mut ben = node.online("ben", 1).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_offer().await.unwrap();
    vera.leave().await.unwrap();
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "closed");
    ben.accept(conversation);
    let code = refusal(&mut ben, "accept").await["code"].clone();
    assert!(code == "conflict" || code == "wrong_state", "{code}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn decline_of_what_does_not_ring_at_oneself_is_a_conflict() {
    let node = offering(&[]).await;
    let vera = node.visitor_who_says("help").await;
    let mut ben = node.agent("ben").await;
    ben.decline(vera.conversation().unwrap());
    assert_eq!(refusal(&mut ben, "decline").await["code"], "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_rings_is_told_again_to_an_agent_who_reconnects() {
    let node = offering(&[]).await;
    let mut ben = node.online("ben", 1).await;
    let vera = node.visitor_who_says("help").await;
    let conversation = ben.next_offer().await.unwrap();
    let mut again = node.as_person("ben").socket("/ws/agent").await.unwrap();
    again.say(json!({"t": "hello"}).to_string()).await.unwrap();
    assert_eq!(
        next(&mut again, "offer").await["conversation"],
        json!(conversation)
    );
    // Accepted on one socket, it is the agent's on both.
    let accept = json!({"t": "accept", "conversation": conversation});
    again.say(accept.to_string()).await.unwrap();
    assert_eq!(
        next(&mut again, "assigned").await["conversation"],
        json!(conversation)
    );
    assert_eq!(ben.next_assigned().await.unwrap(), conversation);
    drop(vera);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_offer_does_not_outlive_the_server_and_the_place_does() {
    let mut node = offering(&[]).await;
    let mut ben = node
        .agent_builder("ben")
        .keeps_going()
        .connect()
        .await
        .unwrap();
    ben.online(1).await.unwrap();
    let mut first = node
        .visitor_builder()
        .keeps_going()
        .connect()
        .await
        .unwrap();
    first.start("one").await.unwrap();
    let mut second = node
        .visitor_builder()
        .keeps_going()
        .connect()
        .await
        .unwrap();
    second.start("two").await.unwrap();
    let conversation = ben.next_offer().await.unwrap();
    node.kill();
    node.restart().await;
    let is_offer = |frame: &Frame| frame.is("offer");
    let offer = ben
        .expect_frame("an offer after the restart", is_offer)
        .await
        .unwrap();
    ben.accept(conversation);
    assert_eq!(ben.next_assigned().await.unwrap(), conversation);
    assert!(offer.json["conversation"].is_string());
    first.agent().await.unwrap();
    second.settle(10_000).await.unwrap();
    first.finish().await.unwrap();
    second.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn take_gets_what_rings_at_somebody_else() {
    let node = offering(&[]).await;
    let mut ben = node.online("ben", 1).await;
    let vera = node.visitor_who_says("help").await;
    let conversation = ben.next_offer().await.unwrap();
    let mut ana = node.agent("ana").await;
    ana.take(conversation).await.unwrap();
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "taken");
    assert_eq!(ana.next_assigned().await.unwrap(), conversation);
    drop(vera);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_declines_everything_holds_nobody_up_and_a_supervisor_sees_who_waits() {
    let node = offering(&[]).await;
    let mut refuses = node.online("ben", 1).await;
    let mut line = Vec::new();
    for text in ["first", "second", "third"] {
        let visitor = node.visitor_who_says(text).await;
        let conversation = visitor.conversation().unwrap();
        // The one before was declined, and is not in the way of the next.
        assert_eq!(refuses.next_offer().await.unwrap(), conversation);
        refuses.decline(conversation);
        let reason = refuses.unassigned(conversation).await.unwrap();
        assert_eq!(reason, "declined");
        line.push(visitor);
    }
    let mut sue = node.agent("sue").await;
    sue.lanes(true);
    let sees_all = |frame: &Frame| {
        let rows = frame.json["set"].as_array().map_or(0, Vec::len);
        frame.is("waiting") && frame.json["all"] == true && rows == line.len()
    };
    sue.expect_frame("all who wait", sees_all).await.unwrap();
    // Those who take what is offered get it in its order, whoever refused it before.
    let mut ana = node.online("ana", 1).await;
    for visitor in &mut line[..2] {
        let conversation = ana.next_offer().await.unwrap();
        assert_eq!(Some(conversation), visitor.conversation());
        ana.accept(conversation);
        visitor.agent().await.unwrap();
        ana.end(conversation).await.unwrap();
    }
    // And whoever sees them wait may take them, out of turn.
    let last = line[2].conversation().unwrap();
    assert_eq!(ana.next_offer().await.unwrap(), last);
    sue.take(last).await.unwrap();
    line[2].agent().await.unwrap();
    assert_eq!(ana.unassigned(last).await.unwrap(), "taken");
}
