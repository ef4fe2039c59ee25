//! The server dies, and nobody loses a word.
//!
//! Goal: whatever was acknowledged is there after SIGKILL at any moment, once, in order, for everybody. Method: a chorus of pairs talks
//! without a pause, others come, chat and go, and the server is killed at random moments and started again. Every participant checks
//! every frame, and at the end its timeline is laid beside the logs that both sides read over HTTP.
//!
//! Ten kills always; with `BALIE_SOAK=1` a hundred, with fifty conversations. The seed of the moments is printed; `BALIE_SEED` sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use balie_loadtest::chorus::{Cast, Chorus, Pace};
use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::fault::{Fault, Trouble};
use balie_loadtest::participant::mind::Mind;
use balie_loadtest::participant::visitor::Visitor;
use rustix::process::Signal;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::node::Node;

/// No limit on how fast a chorus speaks.
const UNLIMITED: [(&str, &str); 4] = [
    ("BALIE_VISITOR_FRAMES_PER_S", "0"),
    ("BALIE_AGENT_FRAMES_PER_S", "0"),
    ("BALIE_ADDRESS_STARTS_PER_MIN", "0"),
    // A machine that tests something else beside this may be slow to come back.
    ("BALIE_AGENT_GRACE_MS", "120000"),
];

struct Plan {
    kills: u64,
    pairs: usize,
    passers_by: u64,
}

fn plan() -> Plan {
    if std::env::var_os("BALIE_SOAK").is_some() {
        Plan {
            kills: 100,
            pairs: 50,
            passers_by: 8,
        }
    } else {
        Plan {
            kills: 10,
            pairs: 8,
            passers_by: 3,
        }
    }
}

/// The moments of the kills: splitmix64 of a seed that is printed.
struct Moments(u64);

impl Moments {
    fn seeded() -> Self {
        let seed = match std::env::var("BALIE_SEED") {
            Ok(seed) => seed.parse().expect("BALIE_SEED is a number"),
            Err(_) => getrandom::u64().unwrap(),
        };
        println!("BALIE_SEED={seed}");
        Self(seed)
    }

    fn next_below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

async fn gather(node: &Node, pairs: usize) -> Chorus {
    let people = ["ana", "ben", "cas", "dia", "eva"];
    let cast = Cast {
        url: node.url(),
        site: "demo".into(),
        department: Some("support".into()),
        visitors: pairs,
        tokens: people
            .map(|person| node.token_of(person).to_owned())
            .to_vec(),
        capacity: (pairs as u64).div_ceil(people.len() as u64),
        pace: Pace::Closed,
        text_chars: 60,
        origin: None,
        sources: Vec::new(),
    };
    let mut chorus = Chorus::gather(cast).await.unwrap();
    chorus.measure(0..u64::MAX);
    chorus.talk();
    chorus
}

/// Waits until so many messages more have arrived at the other side.
async fn hears(chorus: &Chorus, more: u64) {
    let goal = chorus.arrived() + more;
    let deadline = Instant::now() + Duration::from_secs(60);
    while chorus.arrived() < goal {
        let arrived = chorus.arrived();
        assert!(
            Instant::now() < deadline,
            "{arrived} of {goal} messages arrived"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Comes, says a few words, leaves, rates, and comes again, until told to stop. Gives what was wrong.
async fn passes_by(
    mut visitor: Visitor,
    stop: Arc<AtomicBool>,
    visits: Arc<AtomicU64>,
) -> Vec<Fault> {
    while !stop.load(Ordering::Relaxed) {
        match one_visit(&mut visitor).await {
            Ok(()) => visits.fetch_add(1, Ordering::Relaxed),
            Err(Trouble::Fault(_)) => break,
            Err(trouble) => panic!("a passer-by could not go on: {trouble}"),
        };
    }
    let outcome = visitor.settle(30_000).await;
    let faults = visitor.faults();
    assert!(outcome.is_ok() || !faults.is_empty(), "{outcome:?}");
    visitor.close().await.ok();
    faults
}

async fn one_visit(visitor: &mut Visitor) -> Result<(), Trouble> {
    visitor
        .start_with(json!({"department": "sales", "text": "just a question"}))
        .await?;
    // The agent may be quicker in ending it.
    visitor
        .until("to be served", |mind| {
            let story = mind.memory().timelines.get(&mind.conversation?)?.story();
            (story.owner().is_some() || story.is_closed()).then_some(())
        })
        .await?;
    for outcome in [visitor.send("thanks").await, visitor.leave().await] {
        match outcome {
            Ok(_) | Err(Trouble::Refused(_)) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    visitor.rate(5, Some("quick")).await.map(|_| ())
}

/// Serves whoever passes by, until told to stop. Gives what was wrong.
async fn serves(mut agent: Agent, stop: Arc<AtomicBool>) -> Vec<Fault> {
    while !stop.load(Ordering::Relaxed) {
        let conversation = match agent
            .until_within(500, "somebody", |mind| mind.owned.iter().next().copied())
            .await
        {
            Ok(conversation) => conversation,
            Err(Trouble::Deadline { .. }) => continue,
            Err(Trouble::Fault(_)) => break,
            Err(trouble) => panic!("the agent could not go on: {trouble}"),
        };
        // The visitor may have left already, which makes refusals honest.
        let _ = agent.send(conversation, "here you are").await;
        let _ = agent.note(conversation, "a passer-by").await;
        let _ = agent.end(conversation).await;
        let gone = agent.until("the end of it", |mind| {
            (!mind.owned.contains(&conversation)).then_some(())
        });
        if gone.await.is_err() {
            break;
        }
    }
    let outcome = agent.settle(30_000).await;
    let faults = agent.faults();
    assert!(outcome.is_ok() || !faults.is_empty(), "{outcome:?}");
    agent.close().await.ok();
    faults
}

/// Nothing was wrong; else the log that it was wrong with is shown.
async fn none_of(node: &Node, faults: Vec<Fault>) {
    if let Some(conversation) = faults.first().and_then(|fault| fault.conversation) {
        let sue = node.agent("sue").await;
        println!("{:#?}", sue.read_log(conversation).await);
    }
    assert_eq!(faults, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_is_killed_again_and_again_loses_nothing_it_acknowledged() {
    let plan = plan();
    let mut moments = Moments::seeded();
    let mut node = Node::with(&UNLIMITED).await;
    let mut chorus = gather(&node, plan.pairs).await;
    let (stop, is_empty) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let visits = Arc::new(AtomicU64::new(0));
    let mut others = JoinSet::new();
    let mut fay = node
        .agent_builder("fay")
        .keeps_going()
        .patience_ms(60_000)
        .connect()
        .await
        .unwrap();
    fay.online(plan.passers_by).await.unwrap();
    let fay = tokio::spawn(serves(fay, Arc::clone(&is_empty)));
    for _ in 0..plan.passers_by {
        let visitor = node
            .visitor_builder()
            .keeps_going()
            .patience_ms(60_000)
            .connect()
            .await
            .unwrap();
        others.spawn(passes_by(visitor, Arc::clone(&stop), Arc::clone(&visits)));
    }
    for _ in 0..plan.kills {
        hears(&chorus, 20).await;
        // Not a wait for anything: the kill is to come at a moment that nobody chose.
        tokio::time::sleep(Duration::from_micros(moments.next_below(150_000))).await;
        node.kill();
        node.restart().await;
    }
    hears(&chorus, 20).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(faults) = others.join_next().await {
        none_of(&node, faults.unwrap()).await;
    }
    // Not before: whoever came last is served as well.
    is_empty.store(true, Ordering::Relaxed);
    none_of(&node, fay.await.unwrap()).await;
    let meter = chorus.finish().await;
    chorus.leave().await;
    assert_eq!(meter.faults_shown, []);
    assert_eq!(meter.fault_count(), 0);
    assert!(meter.reconnects >= plan.kills, "{}", meter.reconnects);
    assert_eq!(
        meter.ack_us.len(),
        meter.sent,
        "every message was acknowledged in the end"
    );
    assert!(visits.load(Ordering::Relaxed) > 0);
    println!(
        "{} kills, {} messages, {} visits",
        plan.kills,
        meter.sent,
        visits.load(Ordering::Relaxed)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_stops_says_bye_and_loses_nothing() {
    let mut node = Node::with(&UNLIMITED).await;
    let mut chorus = gather(&node, 4).await;
    hears(&chorus, 50).await;
    assert!(node.stop().await.success());
    node.restart().await;
    hears(&chorus, 50).await;
    let meter = chorus.finish().await;
    chorus.leave().await;
    assert_eq!(meter.faults_shown, []);
    assert!(meter.arrived >= 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bye_says_when_to_come_back_and_not_everybody_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut node = Node::start().await;
        let mut visitors = Vec::new();
        for _ in 0..12 {
            visitors.push(node.visitor().await);
        }
        let mut ben = node.online("ben", 1).await;
        let began = Instant::now();
        node.signal(signal);
        let mut waits = Vec::new();
        for visitor in &mut visitors {
            waits.push(says_bye(visitor).await);
        }
        waits.push(says_bye(&mut ben).await);
        assert!(node.ended().await.success());
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{:?}",
            began.elapsed()
        );
        assert!(
            waits.iter().all(|wait| (100..=30_000).contains(wait)),
            "{waits:?}"
        );
        waits.sort_unstable();
        waits.dedup();
        assert!(
            waits.len() > 6,
            "a crowd that comes back in one instant: {waits:?}"
        );
    }
}

/// Hears `bye` and the close with 1012; gives the wait that was asked for.
async fn says_bye<M: Mind>(
    participant: &mut balie_loadtest::participant::handle::Participant<M>,
) -> u64 {
    let bye = participant.expect_type("bye").await.unwrap().json;
    assert_eq!(bye["reason"], "restart", "{bye}");
    let end = participant.until("the close", |_| None::<()>).await;
    assert!(
        matches!(end, Err(Trouble::Closed { code: 1012, .. })),
        "{end:?}"
    );
    bye["retry_ms"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stop_waits_for_no_one_who_does_not_read() {
    let mut node = Node::with(&UNLIMITED).await;
    let mut deaf = Vec::new();
    for _ in 0..5 {
        deaf.push(
            crate::support::raw::welcomed_visitor(&node)
                .await
                .0
                .into_stream(),
        );
    }
    deaf.push(node.stranger().tcp().await.unwrap());
    // `stop` itself fails after ten seconds.
    assert!(node.stop().await.success());
    drop(deaf);
}
