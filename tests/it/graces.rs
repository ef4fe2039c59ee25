//! Those who are gone for a while: visitors keep their place and agents their conversations, until the grace runs out.

use balie_loadtest::participant::wire::ConversationId;
use serde_json::json;

use crate::support::eventually;
use crate::support::node::Node;
use crate::support::scenes::{place, waiting_in};

/// Graces short enough for a test, long enough for a busy machine.
const SHORT: [(&str, &str); 3] = [
    ("BALIE_VISITOR_GRACE_MS", "700"),
    ("BALIE_AGENT_AWAY_MS", "300"),
    ("BALIE_AGENT_GRACE_MS", "2500"),
];

// --- visitors who go away ----------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitor_who_stays_away_abandons_and_the_wait_ends_when_the_socket_went() {
    let node = Node::with(&SHORT).await;
    let mut vera = waiting_in(&node, "support").await;
    let queued = vera.expect_kind("queued").await.unwrap();
    let token = vera.token();
    place(&mut vera, 1).await;
    vera.close().await.unwrap();
    let sue = node.agent("sue").await;
    eventually("the visitor to be given up", || async {
        let log = sue.read_log(queued.conversation).await.unwrap();
        (log.last().unwrap().kind == "closed").then_some(())
    })
    .await;
    let mut back = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    let event = back.expect_kind("closed").await.unwrap();
    assert_eq!(event.fields["reason"], "abandoned");
    let waited_ms = event.number("waited_ms").unwrap();
    let gone_at = queued.at + waited_ms;
    let grace = event.at - gone_at;
    assert!(
        (700..2_500).contains(&grace),
        "closed {grace} ms after the socket went"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitor_who_comes_back_in_time_keeps_the_place_and_one_tab_is_enough() {
    let node = Node::with(&SHORT).await;
    let vera = waiting_in(&node, "support").await;
    let conversation = vera.conversation();
    let tab = vera.another_tab("demo").await.unwrap();
    let mut wim = waiting_in(&node, "support").await;
    place(&mut wim, 2).await;
    vera.close().await.unwrap();
    // Longer than the grace, with one tab open.
    wim.expect_none(1_500, |frame| {
        frame.is("queue") && frame.json["position"] == 1
    })
    .await
    .unwrap();
    let token = tab.token();
    tab.close().await.unwrap();
    let mut back = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    assert_eq!(back.conversation(), conversation);
    place(&mut back, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_is_away_is_passed_over_and_first_again_when_back() {
    let node = Node::start().await;
    let first = waiting_in(&node, "support").await;
    let (token, conversation) = (first.token(), first.conversation());
    let second = waiting_in(&node, "support").await;
    let third = waiting_in(&node, "support").await;
    first.close().await.unwrap();
    // The agent comes when the server has noticed.
    eventually("the socket to be gone", || async {
        (sockets(&node).await == 2).then_some(())
    })
    .await;
    let mut ben = node.online("ben", 1).await;
    let got = ben.next_assigned().await.unwrap();
    assert_eq!(Some(got), second.conversation());
    let back = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    ben.end(got).await.unwrap();
    let got = ben.next_assigned().await.unwrap();
    assert_eq!(
        Some(got),
        conversation,
        "it has waited longer than the third"
    );
    ben.end(got).await.unwrap();
    assert_eq!(
        Some(ben.next_assigned().await.unwrap()),
        third.conversation()
    );
    drop(back);
}

/// How many visitors' sockets the server has.
async fn sockets(node: &Node) -> u64 {
    let answer = node.stranger().http("GET", "/metrics", None).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("balie_sockets{side=\"visitor\"}"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_who_is_free_gets_the_visitor_who_comes_back_at_once() {
    let node = Node::start().await;
    let vera = waiting_in(&node, "support").await;
    let token = vera.token();
    vera.close().await.unwrap();
    eventually("the socket to be gone", || async {
        (sockets(&node).await == 0).then_some(())
    })
    .await;
    let mut ben = node.online("ben", 1).await;
    ben.expect_none(300, |frame| frame.is("assigned"))
        .await
        .unwrap();
    let mut back = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    assert_eq!(back.agent().await.unwrap(), ben.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_chat_stays_open_while_the_visitor_is_away_and_abandons_once_it_waits_again() {
    let node = Node::with(&SHORT).await;
    let mut ben = node.online("ben", 1).await;
    let mut vera = waiting_in(&node, "support").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    vera.close().await.unwrap();
    ben.expect_none(1_500, |frame| frame.is("unassigned"))
        .await
        .unwrap();
    ben.send(conversation, "I found it").await.unwrap();
    ben.transfer_to_department(conversation, "sales", None)
        .await
        .unwrap();
    ben.unassigned(conversation).await.unwrap();
    let sue = node.agent("sue").await;
    let log = eventually("the grace to run out", || async {
        let log = sue.read_log(conversation).await.unwrap();
        (log.last().unwrap().kind == "closed").then_some(log)
    })
    .await;
    let [transferred, closed] = &log[log.len() - 2..] else {
        panic!("{log:?}")
    };
    assert_eq!(closed.fields["reason"], "abandoned");
    assert!(
        closed.at - transferred.at >= 700,
        "the grace runs from the transfer"
    );
    let waited_ms = closed.number("waited_ms").unwrap();
    assert!(
        waited_ms < 100,
        "no socket was there from the beginning: {waited_ms}"
    );
}

// --- agents who go away ------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_who_comes_back_in_time_keeps_status_capacity_and_conversations() {
    let node = Node::with(&SHORT).await;
    let mut ben = node.online("ben", 5).await;
    let mut vera = waiting_in(&node, "support").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    ben.close().await.unwrap();
    let away = vera.expect_kind("agent_away").await.unwrap();
    assert_eq!(away.fields["agent"]["name"], "ben");
    // While gone, nothing new comes.
    let mut wim = waiting_in(&node, "support").await;
    place(&mut wim, 1).await;
    let mut ben = node.agent("ben").await;
    let welcome = ben.expect_type("welcome").await.unwrap().json;
    assert_eq!(
        (&welcome["status"], &welcome["capacity"]),
        (&json!("online"), &json!(5))
    );
    assert_eq!(welcome["conversations"][0]["id"], json!(conversation));
    assert_eq!(welcome["conversations"][0]["state"], "active");
    let back = vera.expect_kind("agent_back").await.unwrap();
    assert_eq!((back.seq, back.prev), (away.seq + 1, away.seq));
    wim.agent().await.unwrap();
    ben.send(conversation, "sorry").await.unwrap();
    vera.expect_text("sorry").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_short_cut_of_an_agent_is_not_told() {
    let node = Node::with(&[("BALIE_AGENT_AWAY_MS", "3000")]).await;
    let mut ben = node
        .agent_builder("ben")
        .keeps_going()
        .connect()
        .await
        .unwrap();
    ben.online(2).await.unwrap();
    let mut vera = waiting_in(&node, "support").await;
    let conversation = ben.next_assigned().await.unwrap();
    ben.cut();
    ben.send(conversation, "here again").await.unwrap();
    vera.expect_text("here again").await.unwrap();
    let log = vera.read_log().await.unwrap();
    assert!(log.iter().all(|event| !event.kind.starts_with("agent_")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_lost_agent_had_is_requeued_at_its_first_place() {
    let node = Node::with(&SHORT).await;
    let ben = node.online("ben", 1).await;
    let mut vera = waiting_in(&node, "support").await;
    let queued = vera.expect_kind("queued").await.unwrap();
    vera.agent().await.unwrap();
    let mut wim = waiting_in(&node, "support").await;
    place(&mut wim, 1).await;
    ben.close().await.unwrap();
    let requeued = vera.expect_kind("requeued").await.unwrap();
    assert_eq!(requeued.number("enqueued_at"), Some(queued.at));
    assert_eq!(requeued.fields["department"], "support");
    place(&mut vera, 1).await;
    place(&mut wim, 2).await;
    let mut ana = node.online("ana", 1).await;
    assert_eq!(
        Some(ana.next_assigned().await.unwrap()),
        vera.conversation()
    );
    let again = vera
        .expect_event(|event| event.kind == "assigned" && event.seq > requeued.seq)
        .await
        .unwrap();
    assert_eq!(again.number("waited_ms"), Some(again.at - requeued.at));
    // The lost one is offline; a new session begins away.
    let mut ben = node.agent("ben").await;
    let welcome = ben.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["status"], "away");
    assert_eq!(welcome["conversations"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_who_was_gone_for_good_is_told_on_coming_back() {
    let node = Node::with(&SHORT).await;
    let mut ben = node.online("ben", 1).await;
    let mut vera = waiting_in(&node, "support").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    ben.close().await.unwrap();
    vera.expect_kind("requeued").await.unwrap();
    let mut socket = node.as_person("ben").socket("/ws/agent").await.unwrap();
    let hello = json!({"t": "hello", "after": {conversation.to_string(): 3}});
    socket.say(hello.to_string()).await.unwrap();
    let mut kinds = Vec::new();
    let reason = loop {
        let frame = socket.hear_within(10_000).await.unwrap();
        if frame["t"] == "event" {
            assert_eq!(frame["conversation"], json!(conversation));
            kinds.push(frame["kind"].as_str().unwrap().to_owned());
        }
        if frame["t"] == "unassigned" {
            break frame["reason"].clone();
        }
    };
    assert_eq!(kinds, ["agent_away", "requeued"]);
    assert_eq!(reason, "requeued");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn graces_run_from_the_restart_when_the_server_died() {
    // Long enough for who comes back on a busy machine.
    let mut node = Node::with(&[
        ("BALIE_VISITOR_GRACE_MS", "5000"),
        ("BALIE_AGENT_AWAY_MS", "300"),
        ("BALIE_AGENT_GRACE_MS", "6000"),
    ])
    .await;
    let mut ben = node.online("ben", 4).await;
    let mut vera = waiting_in(&node, "support").await;
    let served = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    ben.online(1).await.unwrap();
    let waiting = waiting_in(&node, "support").await;
    let (served_token, waiting_token) = (vera.token(), waiting.token());
    let queued: ConversationId = waiting.conversation().unwrap();
    drop((vera, waiting, ben));
    node.kill();
    // Longer than both graces: nothing runs out while nobody could have come back.
    tokio::time::sleep(std::time::Duration::from_millis(6_100)).await;
    node.restart().await;
    let mut waiting = node
        .visitor_builder()
        .token(&waiting_token)
        .connect()
        .await
        .unwrap();
    assert_eq!(waiting.conversation(), Some(queued));
    place(&mut waiting, 1).await;
    let mut ben = node.agent("ben").await;
    let welcome = ben.expect_type("welcome").await.unwrap().json;
    assert_eq!(
        (&welcome["status"], &welcome["capacity"]),
        (&json!("online"), &json!(1))
    );
    assert_eq!(ben.owned(), [served]);
    let mut vera = node
        .visitor_builder()
        .token(&served_token)
        .connect()
        .await
        .unwrap();
    ben.send(served, "that was a crash").await.unwrap();
    vera.expect_text("that was a crash").await.unwrap();
    // And they do run: ben goes, and both are in line.
    ben.close().await.unwrap();
    vera.expect_kind("requeued").await.unwrap();
    place(&mut vera, 1).await;
    place(&mut waiting, 2).await;
}
