//! Who gets whom, and when: the lines, the agents' places, and the graces of those who are gone.

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::{ConversationId, Event};
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::{eventually, number};

/// Graces short enough for a test, long enough for a busy machine.
const SHORT: [(&str, &str); 3] = [
    ("BALIE_VISITOR_GRACE_MS", "700"),
    ("BALIE_AGENT_AWAY_MS", "300"),
    ("BALIE_AGENT_GRACE_MS", "2500"),
];

async fn waiting_in(node: &Node, department: &str) -> Visitor {
    let mut visitor = node.visitor().await;
    visitor
        .start_with(json!({"department": department, "text": "help"}))
        .await
        .unwrap();
    visitor
}

/// The next `queue` frame with this position.
async fn place(visitor: &mut Visitor, position: i64) -> Value {
    let is_it = |frame: &Frame| frame.is("queue") && frame.json["position"] == position;
    let what = format!("place {position}");
    visitor.expect_frame(&what, is_it).await.unwrap().json
}

async fn closed(visitor: &mut Visitor) -> Event {
    visitor.expect_kind("closed").await.unwrap()
}

// --- the line ----------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_waits_is_told_the_place_within_a_second_and_moves_up() {
    let node = Node::start().await;
    let mut first = waiting_in(&node, "support").await;
    let ack_at = first.expect_kind("message").await.unwrap().at;
    let queue = place(&mut first, 1).await;
    assert!(
        number(&queue, "at") - i64::try_from(ack_at).unwrap() <= 1_000,
        "{queue}"
    );
    assert_eq!(queue["eta"], Value::Null, "unknown, and said so");
    assert!(queue.get("paused").is_none_or(|paused| paused == false));
    let waited_ms = number(&queue, "waited_ms");
    assert!((0..=1_000).contains(&waited_ms), "{queue}");
    let mut second = waiting_in(&node, "support").await;
    let mut third = waiting_in(&node, "support").await;
    let queue = place(&mut third, 3).await;
    assert_eq!(queue["waiting"], 3);
    first.leave().await.unwrap();
    place(&mut second, 1).await;
    let queue = place(&mut third, 2).await;
    assert_eq!(queue["waiting"], 2);
    // Whoever comes back is told again.
    let mut tab = third.another_tab("demo").await.unwrap();
    place(&mut tab, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn places_change_hands_at_most_once_a_second() {
    let node = Node::start().await;
    let mut leaving = Vec::new();
    for _ in 0..6 {
        leaving.push(waiting_in(&node, "support").await);
    }
    let mut last = waiting_in(&node, "support").await;
    place(&mut last, 7).await;
    for visitor in &mut leaving {
        visitor.leave().await.unwrap();
    }
    place(&mut last, 1).await;
    let frames = last.take_unread();
    let told: Vec<i64> = frames
        .iter()
        .filter(|frame| frame.is("queue"))
        .map(|frame| number(&frame.json, "at"))
        .collect();
    for pair in told.windows(2) {
        assert!(pair[1] - pair[0] >= 1_000, "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn departments_have_lines_and_agents_of_their_own() {
    let node = Node::start().await;
    let mut buyer = waiting_in(&node, "sales").await;
    let mut ben = node.online("ben", 3).await;
    let mut helped = waiting_in(&node, "support").await;
    assert_eq!(
        Some(ben.next_assigned().await.unwrap()),
        helped.conversation()
    );
    helped.agent().await.unwrap();
    assert_eq!(place(&mut buyer, 1).await["waiting"], 1);
    ben.expect_none(300, |frame| frame.is("assigned"))
        .await
        .unwrap();
    let mut fay = node.online("fay", 3).await;
    assert_eq!(
        Some(fay.next_assigned().await.unwrap()),
        buyer.conversation()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_of_two_departments_takes_whoever_waited_longest_in_either() {
    let node = Node::start().await;
    let mut expected = Vec::new();
    let mut visitors = Vec::new();
    for department in ["sales", "support", "support", "sales"] {
        let visitor = waiting_in(&node, department).await;
        expected.push(visitor.conversation().unwrap());
        visitors.push(visitor);
    }
    let mut gus = node.online("gus", 1).await;
    for conversation in expected {
        assert_eq!(gus.next_assigned().await.unwrap(), conversation);
        gus.end(conversation).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_department_of_higher_priority_is_served_first_by_who_serves_both() {
    let node = Node::start().await;
    node.administer("PATCH", "/api/departments/sales", json!({"priority": 1}))
        .await;
    let patient = waiting_in(&node, "support").await;
    let buyer = waiting_in(&node, "sales").await;
    let mut gus = node.online("gus", 1).await;
    let first = gus.next_assigned().await.unwrap();
    assert_eq!(Some(first), buyer.conversation());
    gus.end(first).await.unwrap();
    assert_eq!(
        Some(gus.next_assigned().await.unwrap()),
        patient.conversation()
    );
    let log = gus.read_log(first).await.unwrap();
    assert_eq!(log[0].fields["priority"], 1);
}

// --- the agents --------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_least_loaded_gets_the_next_and_of_equals_the_longest_idle() {
    let node = Node::start().await;
    let mut agents = Vec::new();
    for person in ["cas", "ana", "ben"] {
        agents.push(node.online(person, 2).await);
    }
    let order: Vec<String> = agents.iter().map(Agent::id).collect();
    let mut visitors = Vec::new();
    let mut got = Vec::new();
    for _ in 0..4 {
        let mut visitor = waiting_in(&node, "support").await;
        got.push(visitor.agent().await.unwrap());
        visitors.push(visitor);
    }
    // Everybody once in the order in which they came, then again from the first.
    assert_eq!(
        got,
        [&order[0], &order[1], &order[2], &order[0]].map(Clone::clone)
    );
    // The last who got one is the first with nothing to do.
    let idle = agents[2].next_assigned().await.unwrap();
    agents[2].end(idle).await.unwrap();
    let mut visitor = waiting_in(&node, "support").await;
    assert_eq!(visitor.agent().await.unwrap(), order[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn load_is_counted_as_a_share_of_the_capacity() {
    let node = Node::start().await;
    let roomy = node.online("ana", 10).await;
    let mut one = waiting_in(&node, "support").await;
    assert_eq!(one.agent().await.unwrap(), roomy.id());
    let narrow = node.online("ben", 2).await;
    let mut two = waiting_in(&node, "support").await;
    assert_eq!(
        two.agent().await.unwrap(),
        narrow.id(),
        "0 of 2 is less than 1 of 10"
    );
    let mut three = waiting_in(&node, "support").await;
    assert_eq!(
        three.agent().await.unwrap(),
        roomy.id(),
        "1 of 10 is less than 1 of 2"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lowering_the_capacity_takes_nothing_away_and_gives_nothing_new() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 2).await;
    let one = waiting_in(&node, "support").await;
    let two = waiting_in(&node, "support").await;
    let first = ben.next_assigned().await.unwrap();
    let second = ben.next_assigned().await.unwrap();
    ben.online(1).await.unwrap();
    let mut three = waiting_in(&node, "support").await;
    ben.end(first).await.unwrap();
    ben.send(second, "still yours").await.unwrap();
    place(&mut three, 1).await;
    ben.expect_none(300, |frame| frame.is("assigned"))
        .await
        .unwrap();
    ben.end(second).await.unwrap();
    three.agent().await.unwrap();
    drop((one, two));
}

/// Goal: under any concurrency no agent ever owns more than the capacity, and no visitor is served before one who
/// waited longer. Method: thirty visitors storm five agents who end each chat at once; then the logs are folded.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_agent_ever_has_more_than_the_capacity_and_nobody_is_overtaken() {
    const CAPACITY: usize = 2;
    const VISITORS: usize = 30;
    let node = Node::with(&[("BALIE_ADDRESS_STARTS_PER_MIN", "0")]).await;
    let mut agents = Vec::new();
    for person in ["ana", "ben", "cas", "dia", "eva"] {
        agents.push(node.online(person, CAPACITY as u64).await);
    }
    let busy = agents.into_iter().map(|mut agent| {
        tokio::spawn(async move {
            while let Ok(conversation) = agent.next_assigned().await {
                agent.send(conversation, "done").await.unwrap();
                agent.end(conversation).await.unwrap();
            }
            agent.faults()
        })
    });
    let busy: Vec<_> = busy.collect();
    let visits = (0..VISITORS).map(|_| async {
        let mut visitor = waiting_in(&node, "support").await;
        closed(&mut visitor).await;
        let conversation = visitor.conversation().unwrap();
        visitor.finish().await.unwrap();
        conversation
    });
    let conversations = futures_util::future::join_all(visits).await;
    let mut logs = Vec::new();
    let sue = node.agent("sue").await;
    for conversation in conversations {
        logs.push(sue.read_log(conversation).await.unwrap());
    }
    busy.iter().for_each(|agent| agent.abort());
    drop(busy);
    never_more_than(CAPACITY, &logs);
    nobody_overtaken(&logs);
}

fn at_of(log: &[Event], kind: &str) -> u64 {
    log.iter().find(|event| event.kind == kind).unwrap().at
}

fn never_more_than(capacity: usize, logs: &[Vec<Event>]) {
    let mut steps: Vec<(u64, bool, &str)> = Vec::new();
    for log in logs {
        let assigned = log.iter().find(|event| event.kind == "assigned").unwrap();
        let agent = assigned.agent_id().unwrap();
        steps.push((assigned.at, true, agent));
        // Of the same millisecond the end counts first: which came first cannot be told.
        steps.push((at_of(log, "closed"), false, agent));
    }
    steps.sort();
    let mut load = std::collections::HashMap::<&str, usize>::new();
    for (_, is_more, agent) in steps {
        let load = load.entry(agent).or_default();
        if is_more {
            *load += 1;
            assert!(*load <= capacity, "{agent} has {load}");
        } else {
            *load -= 1;
        }
    }
}

fn nobody_overtaken(logs: &[Vec<Event>]) {
    let mut waits: Vec<(u64, u64)> = logs
        .iter()
        .map(|log| (at_of(log, "queued"), at_of(log, "assigned")))
        .collect();
    waits.sort_unstable();
    let mut latest = 0;
    for (queued_at, assigned_at) in waits {
        // Claims within the same 100 ms may be stamped in either order.
        assert!(
            assigned_at + 100 >= latest,
            "who came at {queued_at} was served at {assigned_at}, and somebody earlier at {latest}"
        );
        latest = latest.max(assigned_at);
    }
}

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
    let event = closed(&mut back).await;
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
    let mut node = Node::with(&SHORT).await;
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
    tokio::time::sleep(std::time::Duration::from_millis(2_600)).await;
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

// --- silence -----------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_chat_in_which_nobody_speaks_is_warned_and_then_closed_by_the_system() {
    let node = Node::start().await;
    let idle = json!({"idle_limit_ms": 1_500, "idle_close_ms": 1_000, "idle_text": "Still there?"});
    node.administer("PATCH", "/api/departments/support", idle)
        .await;
    let mut ben = node.online("ben", 2).await;
    let mut vera = waiting_in(&node, "support").await;
    let conversation = ben.next_assigned().await.unwrap();
    let warning = vera.expect_text("Still there?").await.unwrap();
    assert_eq!(
        warning.from.role,
        balie_loadtest::participant::wire::Role::System
    );
    vera.send("yes!").await.unwrap();
    // The answer saved it: the next thing is another warning.
    let next = vera
        .expect_event(|event| event.seq > warning.seq + 1)
        .await
        .unwrap();
    assert_eq!(next.text(), Some("Still there?"));
    let event = closed(&mut vera).await;
    assert_eq!(
        (&event.fields["reason"], event.prev),
        (&json!("system"), next.seq)
    );
    assert!(event.at - next.at >= 1_000);
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_waits_is_never_closed_for_silence() {
    let node = Node::start().await;
    let idle = json!({"idle_limit_ms": 1_000, "idle_close_ms": 1_000});
    node.administer("PATCH", "/api/departments/support", idle)
        .await;
    let mut vera = waiting_in(&node, "support").await;
    vera.expect_none(3_500, |frame| {
        frame
            .event
            .as_ref()
            .is_some_and(|event| event.kind == "closed" || event.seq > 2)
    })
    .await
    .unwrap();
}
