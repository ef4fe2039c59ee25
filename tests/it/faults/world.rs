//! Three nodes, what they stand on, and what befalls them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use rustix::process::Signal;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::dice::Dice;
use super::people::People;
use crate::support::balancer::Balancer;
use crate::support::node::Node;
use crate::support::people::beginning_on_postgres;
use crate::support::postgres::{self, shared};
use crate::support::redis_server::{self, until};
use crate::support::sentinel::{SERVICE, Sentinel, minded_pair};
use crate::support::wire::{Instead, Weather, Wire};

const NODES: usize = 3;
/// How long faults come.
const STORM: Duration = Duration::from_secs(14);
/// At once.
const FAULTS_MAX: usize = 3;
/// The servers' addresses begin with the first; what a node sees of them, with its own.
const HOSTS: &str = "127.9.";
const HOSTS_OF_NODES: [&str; NODES] = ["127.1.", "127.2.", "127.3."];

/// What can go wrong. Each begins, lasts a while, and ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// SIGKILL, and started again at the end.
    Killed(usize),
    /// SIGTERM, and started again at the end.
    Drained(usize),
    /// SIGSTOP until the end: alive by its own account, dead to all others.
    Frozen(usize),
    /// One node's way to Redis and the Sentinel.
    Redis(usize, Weather),
    /// One node's way to PostgreSQL.
    Store(usize, Weather),
    /// The master forgets everything.
    Flushed,
    /// The replica becomes the master.
    FailedOver,
    /// The master dies and starts empty at the end; what the Sentinel makes of that depends on how long it takes.
    RedisKilled(usize),
    /// The master is stopped; it may come back to find another in its place.
    RedisFrozen(usize),
    /// PostgreSQL crashes, and starts again at the end.
    StoreCrashed,
    /// PostgreSQL is restarted at once: all connections end, and recovery is short.
    StoreRestarted,
    /// Some participants lose their connections.
    ClientsCut,
}

impl Fault {
    fn kind(&self) -> &'static str {
        match self {
            Fault::Killed(_) => "kill -9",
            Fault::Drained(_) => "SIGTERM",
            Fault::Frozen(_) => "SIGSTOP",
            Fault::Redis(_, Weather::Slow(_)) => "slow Redis",
            Fault::Redis(_, Weather::Silent) => "silent Redis",
            Fault::Redis(..) => "Redis cut off",
            Fault::Store(_, Weather::Slow(_)) => "slow PostgreSQL",
            Fault::Store(_, Weather::Silent) => "silent PostgreSQL",
            Fault::Store(..) => "PostgreSQL cut off",
            Fault::Flushed => "FLUSHALL",
            Fault::FailedOver => "failover",
            Fault::RedisKilled(_) => "Redis killed",
            Fault::RedisFrozen(_) => "Redis stopped",
            Fault::StoreCrashed => "PostgreSQL killed",
            Fault::StoreRestarted => "PostgreSQL restarted",
            Fault::ClientsCut => "clients cut off",
        }
    }

    fn node(&self) -> Option<usize> {
        match self {
            Fault::Killed(node) | Fault::Drained(node) | Fault::Frozen(node) => Some(*node),
            _ => None,
        }
    }
}

/// How long a call to the store may take before it is given up (`database_answer_ms`), and a little more.
const STORE_CALL_MAX: Duration = Duration::from_secs(6);

/// One node's ways to what it uses.
struct Wires {
    redis: Vec<Wire>,
    store: Wire,
}

/// Everything. Dropped in this order: who uses something goes before it.
pub struct World {
    pub nodes: Vec<Node>,
    balancer: Balancer,
    wires: Vec<Wires>,
    sentinel: Sentinel,
    pub redis: [redis_server::Server; 2],
    pub postgres: postgres::Server,
    pub database: String,
    /// What befell it.
    faults: Vec<Fault>,
    under_way: Vec<(Instant, Fault)>,
}

impl World {
    pub async fn begin() -> Self {
        // Tells in which order transactions were committed, whatever clock their events go by.
        let starting = tokio::task::spawn_blocking(|| {
            let postgres = postgres::Server::start(&["track_commit_timestamp=on"]);
            let template = beginning_on_postgres().template.as_deref().unwrap();
            let database = postgres.copy_from(shared(), template);
            (postgres, database)
        });
        let (master, replica, sentinel) = minded_pair().await;
        let (postgres, database) = starting.await.unwrap();
        let redis = [master, replica];
        let wires =
            join_all(HOSTS_OF_NODES.map(|hosts| wires(hosts, &redis, &sentinel, &postgres)));
        let wires = wires.await;
        let place = Balancer::place();
        let public = format!("http://{place}");
        let starting = wires
            .iter()
            .zip(HOSTS_OF_NODES)
            .map(async |(wires, hosts)| {
                let host = sentinel.host.replacen(HOSTS, hosts, 1);
                let redis = format!("redis+sentinel://{host}:{}/{SERVICE}", sentinel.port);
                let port = wires.store.address.port();
                let store = postgres.url_for(postgres::USER, postgres::PASSWORD, port, &database);
                let settings = [
                    ("BALIE_REDIS_URL", redis.as_str()),
                    ("BALIE_DATABASE_URL", &store),
                    ("BALIE_PUBLIC_URL", &public),
                    ("BALIE_VISITOR_FRAMES_PER_S", "0"),
                    ("BALIE_AGENT_FRAMES_PER_S", "0"),
                    ("BALIE_ADDRESS_STARTS_PER_MIN", "0"),
                    // Short, so that conversations go back into the line; who waits is to stay.
                    ("BALIE_AGENT_GRACE_MS", "5000"),
                    ("BALIE_AGENT_AWAY_MS", "1500"),
                    ("BALIE_RING_MS", "2000"),
                    ("BALIE_VISITOR_GRACE_MS", "120000"),
                    ("BALIE_DRAIN_MS", "2000"),
                    // A machine that builds and tests something else meanwhile is slow.
                    ("BALIE_DATABASE_CONNECT_MS", "5000"),
                    // Shown when the test fails.
                    (
                        "BALIE_LOG_FILTER",
                        "info,balie::desk=debug,balie::coordination=debug",
                    ),
                ];
                Node::with(&settings).await
            });
        let nodes: Vec<Node> = join_all(starting).await;
        let addresses: Vec<SocketAddr> = nodes.iter().map(Node::address).collect();
        Self {
            nodes,
            balancer: Balancer::start(place, &addresses).await,
            wires,
            sentinel,
            redis,
            postgres,
            database,
            faults: Vec::new(),
            under_way: Vec::new(),
        }
    }

    /// Where everybody comes.
    pub fn url(&self) -> String {
        self.balancer.url()
    }

    /// How often each kind of fault befell it.
    pub fn summary(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for fault in &self.faults {
            *counts.entry(fault.kind()).or_default() += 1;
        }
        let words: Vec<String> = counts
            .iter()
            .map(|(kind, count)| format!("{count} × {kind}"))
            .collect();
        words.join(", ")
    }

    // --- faults -----------------------------------------------------------------------------------------------

    /// Lets faults come and go for a while.
    pub async fn storm(&mut self, dice: &mut Dice, people: &People) {
        let begun = Instant::now();
        while begun.elapsed() < STORM {
            self.end_what_is_over().await;
            if self.under_way.len() < FAULTS_MAX && dice.chance(60) {
                let fault = self.choose(dice).await;
                if self.may_begin(&fault) {
                    self.faults.push(fault);
                    println!("{} {fault:?} begins", Timestamp::now());
                    let span = Duration::from_millis(200 + dice.below(3_800) as u64);
                    self.set_in(fault, dice, people).await;
                    self.under_way.push((Instant::now() + span, fault));
                }
            }
            sleep(Duration::from_millis(100 + dice.below(300) as u64)).await;
        }
    }

    async fn choose(&self, dice: &mut Dice) -> Fault {
        let node = dice.below(NODES);
        let weather = match dice.below(3) {
            0 => Weather::Cut,
            1 => Weather::Silent,
            _ => Weather::Slow(Duration::from_millis(20 + dice.below(150) as u64)),
        };
        match dice.below(17) {
            0..3 => Fault::Killed(node),
            3 => Fault::Drained(node),
            4 | 5 => Fault::Frozen(node),
            6 | 7 => Fault::Redis(node, weather),
            8 | 9 => Fault::Store(node, weather),
            10 => Fault::Flushed,
            11 => Fault::FailedOver,
            12 => Fault::RedisKilled(self.master().await),
            13 => Fault::RedisFrozen(self.master().await),
            14 => Fault::StoreCrashed,
            15 => Fault::StoreRestarted,
            _ => Fault::ClientsCut,
        }
    }

    /// One fault of a thing at a time.
    fn may_begin(&self, fault: &Fault) -> bool {
        self.under_way.iter().all(|(_, other)| {
            let is_same = std::mem::discriminant(fault) == std::mem::discriminant(other);
            let is_same_node = fault.node().is_some() && fault.node() == other.node();
            let is_redis = |one: &Fault| {
                matches!(
                    one,
                    Fault::RedisKilled(_) | Fault::RedisFrozen(_) | Fault::FailedOver
                )
            };
            let is_store = |one: &Fault| matches!(one, Fault::StoreCrashed | Fault::StoreRestarted);
            let is_both_redis = is_redis(fault) && is_redis(other);
            let is_both_store = is_store(fault) && is_store(other);
            !(is_same || is_same_node || is_both_redis || is_both_store)
        })
    }

    /// Which of the two servers is the master, as far as the Sentinel knows.
    async fn master(&self) -> usize {
        let port = self.sentinel.knows().await.map(|(port, _)| port);
        usize::from(port != Some(self.redis[0].port))
    }

    async fn set_in(&mut self, fault: Fault, dice: &mut Dice, people: &People) {
        match fault {
            Fault::Killed(node) => self.nodes[node].kill(),
            Fault::Drained(node) => {
                self.nodes[node].stop().await;
            }
            Fault::Frozen(node) => self.nodes[node].signal(Signal::STOP),
            Fault::Redis(node, weather) => {
                self.wires[node]
                    .redis
                    .iter()
                    .for_each(|wire| wire.set(weather));
            }
            Fault::Store(node, weather) => self.wires[node].store.set(weather),
            Fault::Flushed => {
                let master = self.master().await;
                self.redis[master].try_run(&["FLUSHALL"]).await;
            }
            Fault::FailedOver => {
                self.sentinel.fails_over().await;
            }
            Fault::RedisKilled(server) => self.redis[server].kill(),
            Fault::RedisFrozen(server) => self.redis[server].stop(),
            Fault::StoreCrashed => tokio::task::block_in_place(|| self.postgres.crash()),
            Fault::StoreRestarted => tokio::task::block_in_place(|| {
                self.postgres.crash();
                self.postgres.resume();
            }),
            Fault::ClientsCut => people.cut_some(dice),
        }
    }

    async fn end_what_is_over(&mut self) {
        let now = Instant::now();
        let (over, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.under_way)
            .into_iter()
            .partition(|(ends_at, _)| *ends_at <= now);
        self.under_way = rest;
        let mut over: Vec<Fault> = over.into_iter().map(|(_, fault)| fault).collect();
        nodes_last(&mut over);
        for fault in over {
            self.undo(fault).await;
        }
    }

    async fn undo(&mut self, fault: Fault) {
        match fault {
            // Who starts looks for its database and says that it is not there; an operator would wait for it too.
            Fault::Killed(node) | Fault::Drained(node) if !self.finds_its_store(node) => {
                let later = Instant::now() + Duration::from_millis(100);
                self.under_way.push((later, fault));
                return;
            }
            Fault::Killed(node) | Fault::Drained(node) => self.nodes[node].restart().await,
            Fault::Frozen(node) => self.nodes[node].signal(Signal::CONT),
            Fault::Redis(node, _) => self.wires[node].redis.iter().for_each(Wire::mend),
            Fault::Store(node, _) => self.wires[node].store.mend(),
            Fault::RedisKilled(server) => self.redis[server].start_again().await,
            Fault::RedisFrozen(server) => self.redis[server].go_on(),
            Fault::StoreCrashed => tokio::task::block_in_place(|| self.postgres.resume()),
            Fault::Flushed | Fault::FailedOver | Fault::StoreRestarted | Fault::ClientsCut => {}
        }
        println!("{} {fault:?} ended", Timestamp::now());
    }

    fn finds_its_store(&self, node: usize) -> bool {
        self.under_way.iter().all(|(_, fault)| match fault {
            Fault::StoreCrashed => false,
            Fault::Store(other, _) => *other != node,
            _ => true,
        })
    }

    // --- and after --------------------------------------------------------------------------------------------

    /// Ends all faults, and waits until every node finds everything.
    pub async fn heal(&mut self) {
        let mut left: Vec<Fault> = std::mem::take(&mut self.under_way)
            .into_iter()
            .map(|(_, fault)| fault)
            .collect();
        nodes_last(&mut left);
        for fault in left {
            self.undo(fault).await;
        }
        until("each node finds everything", async || {
            let answers = join_all(self.nodes.iter().map(is_whole)).await;
            answers.into_iter().all(|is_whole| is_whole)
        })
        .await;
    }

    /// Waits until the board knows so many in the line for sales who are there and not claimed: each of them can be served. And
    /// until that has been so for as long as a call to the store may take: a socket that was lost in a fault is noticed once the
    /// call is over that it waits for, and whoever is on the way back then would be passed over.
    pub async fn all_can_be_served(&self, count: usize) {
        let counted = async || {
            let master = &self.redis[self.master().await];
            let keys = master.run(&["KEYS", "*ready*"]).await;
            let keys: Vec<String> = redis::from_redis_value(keys).unwrap();
            let [key] = &keys[..] else { return 0 };
            let ready = master.run(&["ZLEXCOUNT", key, "[sales|", "(sales}"]).await;
            redis::from_redis_value(ready).unwrap()
        };
        let since = Cell::new(Instant::now());
        until("everybody in line can be served", async || {
            if counted().await != count {
                since.set(Instant::now());
            }
            since.get().elapsed() > STORE_CALL_MAX
        })
        .await;
    }

    /// The end of it: whatever is left behind fails the test.
    pub async fn end(self) {
        // Connections that the balancer keeps are no sockets of ours.
        drop(self.balancer);
        tokio::task::block_in_place(|| drop(self.nodes));
    }
}

/// Nodes start when all the rest is there.
fn nodes_last(faults: &mut [Fault]) {
    faults.sort_by_key(|fault| fault.node().is_some());
}

async fn is_whole(node: &Node) -> bool {
    let answer = node.stranger().http("GET", "/readyz", None).await;
    let body = answer.ok().and_then(|answer| answer.json().ok());
    body == Some(json!({"store": "ok", "coordination": "ok"}))
}

async fn wires(
    hosts: &'static str,
    redis: &[redis_server::Server; 2],
    sentinel: &Sentinel,
    postgres: &postgres::Server,
) -> Wires {
    let instead = Instead {
        of: HOSTS,
        this: hosts,
    };
    let places = redis.iter().map(|server| (&server.host, server.port));
    let places = places.chain([(&sentinel.host, sentinel.port)]);
    let wires = places.map(async |(host, port)| {
        let there = SocketAddr::new(host.parse().unwrap(), port);
        let here = SocketAddr::new(host.replacen(HOSTS, hosts, 1).parse().unwrap(), port);
        Wire::between(here, there, Some(instead)).await
    });
    let store = SocketAddr::from(([127, 0, 0, 1], postgres.port()));
    Wires {
        redis: join_all(wires).await,
        store: Wire::between("127.0.0.1:0".parse().unwrap(), store, None).await,
    }
}
