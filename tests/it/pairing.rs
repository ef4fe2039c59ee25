//! Who gets whom: the lines, the agents' places, and chats in which nobody speaks.

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::wire::Event;
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::number;
use crate::support::scenes::{place, waiting_in};

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
        visitor.expect_kind("closed").await.unwrap();
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
    let event = vera.expect_kind("closed").await.unwrap();
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
