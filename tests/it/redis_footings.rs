//! Redis with Sentinels, and as a cluster: a failover and a slot that moves are a pause, nothing more.

use std::process::Command;
use std::time::Duration;

use balie::coordination::redis::RedisCoordination;
use balie::coordination::{Coordination, Notice};
use balie::model::id::AgentId;
use balie::model::time::Clock;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::coordination_redis::{claims_soon, online, waits, whole};
use crate::coordination_suite::{BEGIN, GRACES};
use crate::support::redis_server::{SOON, Server, free_port, until};
use crate::support::sentinel::minded_pair;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_is_followed_and_news_is_heard_again() {
    let (mut master, replica, sentinel) = minded_pair().await;
    let clock = Clock::manual(BEGIN);
    let url = format!("redis+sentinel://{}:{}/desk", sentinel.host, sentinel.port);
    let engine = whole(&url, &clock).await;
    let other = another(&url, &clock).await;
    let mut notices = other.notices().unwrap();
    let agent = AgentId::fresh();
    online(&engine, agent, 1).await;
    let conversation = waits(&engine, 1).await;
    let gone = AgentId::fresh();
    engine.agent_joined(gone, 3).await.unwrap();
    master.run(&["WAIT", "1", "400"]).await;
    // What the master is told now it takes with it.
    replica.stop();
    let late = AgentId::fresh();
    engine.agent_joined(late, 2).await.unwrap();
    engine.agent_left(gone, 3).await.unwrap();
    master.kill();
    replica.go_on();
    until("another is master", async || {
        sentinel
            .knows()
            .await
            .is_some_and(|(port, _)| port == replica.port)
    })
    .await;
    assert_eq!(claims_soon(&engine).await, (conversation, agent));
    is_heard(&engine, agent, &mut notices).await;
    until(
        "the socket that the replica never heard of is known",
        async || engine.is_agent_here(late).await.unwrap_or(false),
    )
    .await;
    until(
        "the socket that the replica believes in still is taken away",
        async || !engine.is_agent_here(gone).await.unwrap_or(true),
    )
    .await;
}

/// Goal: a node that starts in the moment of a failover waits for a Redis that can be written to, as one that runs does; it does not
/// end for want of a permission that it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_while_its_redis_is_a_replica_waits_for_it() {
    let (other, redis) = (Server::start(&[]).await, Server::start(&[]).await);
    let port_of_other = other.port.to_string();
    redis.run(&["REPLICAOF", &other.host, &port_of_other]).await;
    let clock = Clock::manual(BEGIN);
    let engine = another(&redis.url(), &clock).await;
    redis.run(&["REPLICAOF", "NO", "ONE"]).await;
    timeout(SOON, engine.emptied()).await.unwrap();
    engine.rebuilt().await.unwrap();
    let agent = AgentId::fresh();
    online(&engine, agent, 1).await;
    let conversation = waits(&engine, 1).await;
    assert_eq!(claims_soon(&engine).await, (conversation, agent));
}

/// A second node on the same board.
async fn another(url: &str, clock: &Clock) -> RedisCoordination {
    let opening = RedisCoordination::open(url.parse().unwrap(), "test", clock.clone(), GRACES);
    opening.await.unwrap()
}

/// What one node publishes comes to another, sooner or later.
async fn is_heard(
    engine: &RedisCoordination,
    agent: AgentId,
    notices: &mut mpsc::Receiver<Notice>,
) {
    let hearing = async {
        loop {
            engine.publish(Notice::AgentChanged(agent)).await;
            let heard = timeout(Duration::from_millis(500), notices.recv()).await;
            if matches!(heard, Ok(Some(Notice::AgentChanged(who))) if who == agent) {
                return;
            }
        }
    };
    timeout(SOON, hearing).await.expect("news is not heard");
}

fn of_cluster(words: &[&str]) -> String {
    let output = Command::new("redis-cli").args(words).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_serves_while_the_boards_slot_moves() {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        // The bus of a cluster listens ten thousand ports above.
        let host = format!("127.10.{}.{}", std::process::id() % 250, nodes.len() + 2);
        let port = loop {
            let port = free_port(&host);
            if port < 55_000 {
                break port;
            }
        };
        let arguments = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "2000",
            "--cluster-announce-ip",
            &host,
        ];
        nodes.push(Server::start_at(&host, port, &arguments).await);
    }
    let places: Vec<String> = nodes
        .iter()
        .map(|node| format!("{}:{}", node.host, node.port))
        .collect();
    let mut words = vec!["--cluster", "create"];
    words.extend(places.iter().map(String::as_str));
    words.push("--cluster-yes");
    let said = of_cluster(&words);
    assert!(said.contains("16384 slots covered"), "{said}");
    until("everybody agrees", async || {
        let mut agree = true;
        for node in &nodes {
            let info: String =
                redis::from_redis_value(node.run(&["CLUSTER", "INFO"]).await).unwrap();
            agree &= info.contains("cluster_state:ok");
        }
        agree
    })
    .await;
    let clock = Clock::manual(BEGIN);
    let url = format!("redis+cluster://{}", places.join(","));
    let engine = whole(&url, &clock).await;
    let agent = AgentId::fresh();
    let other = another(&url, &clock).await;
    let mut notices = other.notices().unwrap();
    is_heard(&engine, agent, &mut notices).await;
    online(&engine, agent, 9).await;
    let first = waits(&engine, 1).await;
    assert_eq!(claims_soon(&engine).await, (first, agent));
    let slot: i64 =
        redis::from_redis_value(nodes[0].run(&["CLUSTER", "KEYSLOT", "{b}"]).await).unwrap();
    let slot = slot.to_string();
    let mut ids: Vec<String> = Vec::new();
    for node in &nodes {
        ids.push(redis::from_redis_value(node.run(&["CLUSTER", "MYID"]).await).unwrap());
    }
    let mut from = 0;
    for (nth, node) in nodes.iter().enumerate() {
        let keys: i64 =
            redis::from_redis_value(node.run(&["CLUSTER", "COUNTKEYSINSLOT", &slot]).await)
                .unwrap();
        if keys > 0 {
            from = nth;
        }
    }
    let to = (from + 1) % 3;
    let (old, new) = (&nodes[from], &nodes[to]);
    new.run(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[from]])
        .await;
    old.run(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[to]])
        .await;
    // In the middle of it keys are here and there, and no script can run.
    let port = new.port.to_string();
    loop {
        let some = old.run(&["CLUSTER", "GETKEYSINSLOT", &slot, "3"]).await;
        let some: Vec<String> = redis::from_redis_value(some).unwrap();
        if some.is_empty() {
            break;
        }
        for key in some {
            old.run(&["MIGRATE", &new.host, &port, &key, "0", "5000"])
                .await;
        }
        sleep(Duration::from_millis(50)).await;
    }
    for node in [new, old, &nodes[(from + 2) % 3]] {
        node.run(&["CLUSTER", "SETSLOT", &slot, "NODE", &ids[to]])
            .await;
    }
    until("the board is where it went", async || {
        engine.load(agent).await.is_ok_and(|load| load == 1)
    })
    .await;
    let second = waits(&engine, 2).await;
    assert_eq!(claims_soon(&engine).await, (second, agent));
}
