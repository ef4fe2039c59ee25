//! Nodes that die, are stopped and are started anew while people chat, behind a balancer as an operator would have one.
//!
//! Goal: whoever was on a node that goes chats on elsewhere, nobody loses a word, a place or a chat by it, and the other nodes do not
//! feel it. Nothing here is left to chance; `faults` does that.

use std::time::{Duration, Instant};

use balie_loadtest::chorus::{Cast, Chorus, Pace};
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::Event;
use serde_json::json;

use crate::support::eventually;
use crate::support::fleet::Fleet;
use crate::support::node::Node;
use crate::support::scenes::{kinds, place, waiting_in};

/// No limit on how fast a chorus speaks.
const UNLIMITED: [(&str, &str); 3] = [
    ("BALIE_VISITOR_FRAMES_PER_S", "0"),
    ("BALIE_AGENT_FRAMES_PER_S", "0"),
    ("BALIE_ADDRESS_STARTS_PER_MIN", "0"),
];

/// A visitor in the line for support, through the balancer.
async fn waits_in(fleet: &Fleet) -> Visitor {
    let mut visitor = fleet.visitor_builder().connect().await.unwrap();
    visitor
        .start_with(json!({"department": "support", "text": "help"}))
        .await
        .unwrap();
    visitor
}

fn count(log: &[Event], kind: &str) -> usize {
    kinds(log).iter().filter(|one| **one == kind).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_on_a_node_that_is_killed_chats_on_elsewhere() {
    let mut fleet = Fleet::behind_balancer(3, &[]).await;
    let mut ben = fleet.agent_builder("ben").connect().await.unwrap();
    ben.online(2).await.unwrap();
    let mut served = Vec::new();
    for _ in 0..2 {
        let visitor = waits_in(&fleet).await;
        ben.next_assigned().await.unwrap();
        served.push(visitor);
    }
    let mut line = Vec::new();
    for position in 1..=4 {
        let mut visitor = waits_in(&fleet).await;
        place(&mut visitor, position).await;
        line.push(visitor);
    }
    // Each node in turn, so that everybody's is among them.
    for number in 0..3 {
        let sent = ben.send_later(served[0].conversation().unwrap(), &format!("word {number}"));
        let asked = served[0].send_later(&format!("question {number}"));
        fleet.nodes[number].kill();
        let killed = Instant::now();
        ben.answer(sent).await.unwrap();
        served[0].answer(asked).await.unwrap();
        served[0]
            .expect_text(&format!("word {number}"))
            .await
            .unwrap();
        ben.expect_text(&format!("question {number}"))
            .await
            .unwrap();
        println!("both chat again {:?} after the kill", killed.elapsed());
        fleet.nodes[number].restart().await;
    }
    // The dead nodes' leases have run out by the time that nobody is behind their sockets any more: nothing came of it.
    for visitor in &served {
        let conversation = visitor.conversation().unwrap();
        ben.end(conversation).await.unwrap();
        let log = ben.read_log(conversation).await.unwrap();
        for kind in ["requeued", "agent_away"] {
            assert_eq!(count(&log, kind), 0, "{kind}: {log:?}");
        }
        assert_eq!(count(&log, "assigned"), 1);
    }
    // Nobody was passed over, for longer than the line takes.
    let mut next = Vec::new();
    for _ in 0..2 {
        next.push(ben.next_assigned().await.unwrap());
    }
    for (visitor, assigned) in line.iter().zip(next) {
        assert_eq!(visitor.conversation(), Some(assigned));
        ben.end(assigned).await.unwrap();
    }
    for visitor in served.into_iter().chain(line) {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}

/// Goal: what a dead node left behind is taken away: an agent who never comes back, and a conversation that was theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_on_a_dead_node_is_given_back_when_its_grace_is_over() {
    let graces = [
        ("BALIE_AGENT_GRACE_MS", "1500"),
        ("BALIE_AGENT_AWAY_MS", "500"),
        ("BALIE_RING_MS", "2000"),
    ];
    let mut fleet = Fleet::of(3, &graces).await;
    let mut ben = fleet.nodes[0].online("ben", 1).await;
    // Leases and graces run out in their own time.
    let patient = fleet.nodes[1].visitor_builder().patience_ms(60_000);
    let mut vera = patient.connect().await.unwrap();
    vera.start_with(json!({"department": "support"}))
        .await
        .unwrap();
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    // An offer that rings on the node that dies.
    fleet.nodes[0].offers("sales").await;
    let mut fay = fleet.nodes[0].online("fay", 1).await;
    let mut wim = loop {
        let mut visitor = waiting_in(&fleet.nodes[1], "sales").await;
        let is_it = |frame: &Frame| frame.is("assigned") || frame.is("offer");
        let next = fay.expect_frame("somebody", is_it).await.unwrap();
        if next.is("offer") {
            break visitor;
        }
        // By a node that has not heard yet that this department offers.
        fay.end(visitor.conversation().unwrap()).await.unwrap();
        visitor.expect_kind("closed").await.unwrap();
        visitor.finish().await.unwrap();
    };
    let patient = fleet.nodes[2].agent_builder("gus").patience_ms(60_000);
    let mut gus = patient.connect().await.unwrap();
    gus.online(2).await.unwrap();
    fleet.nodes[0].kill();
    assert_eq!(Some(gus.next_offer().await.unwrap()), wim.conversation());
    gus.accept(wim.conversation().unwrap());
    vera.expect_kind("requeued").await.unwrap();
    let mut taken = Vec::new();
    for _ in 0..2 {
        taken.push(gus.next_assigned().await.unwrap());
    }
    let mut expected = vec![conversation, wim.conversation().unwrap()];
    taken.sort();
    expected.sort();
    assert_eq!(taken, expected);
    gus.send(conversation, "I take over").await.unwrap();
    vera.expect_text("I take over").await.unwrap();
    wim.agent().await.unwrap();
    for visitor in [vera, wim] {
        visitor.finish().await.unwrap();
    }
    gus.finish().await.unwrap();
    for agent in [ben, fay] {
        agent.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_loses_nothing_and_strands_nobody() {
    let mut fleet = Fleet::behind_balancer(3, &UNLIMITED).await;
    let cast = Cast {
        url: fleet.url(),
        site: "demo".into(),
        department: Some("support".into()),
        visitors: 9,
        tokens: ["ana", "ben", "cas"]
            .map(|person| fleet.nodes[0].token_of(person).to_owned())
            .to_vec(),
        capacity: 3,
        pace: Pace::Open {
            per_pair_per_s: 4.0,
        },
        text_chars: 60,
        origin: None,
        sources: Vec::new(),
    };
    let mut chorus = Chorus::gather(cast).await.unwrap();
    chorus.measure(0..u64::MAX);
    chorus.talk();
    hears(&chorus, 30).await;
    for number in 0..3 {
        assert!(fleet.nodes[number].stop().await.success());
        fleet.nodes[number].restart().await;
        is_ready(&fleet.nodes[number]).await;
        hears(&chorus, 30).await;
    }
    // Whoever comes between two restarts is served like anybody else.
    let mut fay = fleet.agent_builder("fay").connect().await.unwrap();
    fay.online(1).await.unwrap();
    let mut wim = fleet.visitor_builder().connect().await.unwrap();
    wim.start_with(json!({"department": "sales", "text": "hello"}))
        .await
        .unwrap();
    assert_eq!(Some(fay.next_assigned().await.unwrap()), wim.conversation());
    let meter = chorus.finish().await;
    chorus.leave().await;
    assert_eq!(meter.faults_shown, []);
    assert_eq!(meter.fault_count(), 0);
    assert!(meter.reconnects >= 9, "{}", meter.reconnects);
    assert_eq!(
        meter.ack_us.len(),
        meter.sent,
        "every message was acknowledged in the end"
    );
    wim.finish().await.unwrap();
    fay.finish().await.unwrap();
}

/// Waits until so many messages more have arrived at the other side.
async fn hears(chorus: &Chorus, more: u64) {
    let goal = chorus.arrived() + more;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while chorus.arrived() < goal {
        let arrived = chorus.arrived();
        assert!(
            tokio::time::Instant::now() < deadline,
            "{arrived} of {goal} messages arrived"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn is_ready(node: &Node) {
    eventually("the node to be ready", async || {
        let answer = node.stranger().http("GET", "/readyz", None).await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;
}

/// Goal: a node whose wall clock is minutes off, or jumps by an hour, changes no wait and no order. Method: libfaketime, which leaves the
/// monotonic clock alone, from a file that the test writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_differ_and_jump_change_no_wait_and_no_order() {
    const FAKED: &str = "export LD_PRELOAD=$(echo /usr/lib/*/faketime/libfaketime.so.1) DONT_FAKE_MONOTONIC=1 \
         FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_TIMESTAMP_FILE=./clock FAKETIME_NO_CACHE=1; exec \"$0\"";
    let lines = ["+7m", "-7m", "+0"].map(|ahead| format!("echo {ahead} > clock; {FAKED}"));
    let fleet = Fleet::wrapped(&lines).await;
    for number in 0..2 {
        let log = fleet.nodes[number].log();
        assert!(log.contains("clock differs from the database's"), "{log}");
    }
    let mut line = Vec::new();
    for position in 1..=6 {
        let mut visitor = waiting_in(&fleet.nodes[position % 3], "support").await;
        let told = place(&mut visitor, i64::try_from(position).unwrap()).await;
        assert!(told["waited_ms"].as_u64().unwrap() < 60_000, "{told}");
        line.push(visitor);
    }
    let mut ben = fleet.nodes[0].online("ben", 1).await;
    let first = ben.next_assigned().await.unwrap();
    for (number, ahead) in ["+1h", "-1h", "+2h"].into_iter().enumerate() {
        fleet.nodes[number].write("clock", ahead);
    }
    // Long enough for every node to look at what is due by the new time, were it to go by it.
    for number in 0..3 {
        let text = format!("word {number}");
        ben.send(first, &text).await.unwrap();
        line[0].expect_text(&text).await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    let mut expected = first;
    for visitor in &line {
        let conversation = visitor.conversation().unwrap();
        assert_eq!(expected, conversation);
        let log = ben.read_log(conversation).await.unwrap();
        let assigned = log.iter().find(|event| event.kind == "assigned").unwrap();
        let waited_ms = assigned.fields["waited_ms"].as_u64().unwrap();
        assert!(waited_ms < 60_000, "{assigned:?}");
        assert!(log.is_sorted_by_key(|event| event.at));
        ben.end(conversation).await.unwrap();
        if Some(visitor.conversation()) != line.last().map(Visitor::conversation) {
            expected = ben.next_assigned().await.unwrap();
        }
    }
    for visitor in line {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}
