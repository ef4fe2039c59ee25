//! How many pairs a second are made over Redis, with few and with very many waiting, by one node and by three.
//!
//! `cargo bench --bench pairing -- redis://127.0.0.1:6379 [WAITING…]`: on a Redis that may be filled, with 10, 10,000 and 1,000,000 waiting
//! unless told otherwise. Each node claims, says that the conversation was served, that it was closed, and that somebody new
//! waits, as a desk does, so that as many wait at the end as at the beginning; the store is left out. Who waits from the beginning has
//! a socket at further nodes, 20,000 each, which only keep them. Besides the rate, which is also
//! this machine's, it prints what processor time Redis spends on a pair and on a look at the lines: that tells how both grow on a busy
//! machine, too.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail that way")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use balie::coordination::Coordination;
use balie::coordination::redis::RedisCoordination;
use balie::domain::routing::{Claim, Graces, Observed, ObservedPlace, Seat, Terms};
use balie::model::event::Mode;
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::record::Status;
use balie::model::time::{At, Clock, Millis};
use futures_util::stream::{self, StreamExt};
use tokio::task::JoinSet;

/// Agents, each with room for so many.
const AGENTS: u64 = 50;
const CAPACITY: u8 = 5;
/// Claims that a node carries out at once, as `desk::pair` does.
const AT_ONCE: usize = 64;
/// Each figure is taken over this time.
const MEASURED: Duration = Duration::from_secs(10);
/// Looks at the lines, each with so many of those who stand first.
const LOOKS: u32 = 200;
const ROWS: usize = 200;
/// Before a call that was not answered is made again.
const AGAIN: Duration = Duration::from_millis(100);
/// Sockets of those who wait at one node, which has as many open files.
const SOCKETS: usize = 20_000;
/// Calls under way while the line is filled.
const FILLING: usize = 256;

const GRACES: Graces = Graces {
    visitor: Millis::seconds(3_600),
    agent: Millis::seconds(3_600),
    away: Millis::seconds(3_600),
    ring: Millis::seconds(20),
};

type Engine = Arc<RedisCoordination>;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|one| one != "--bench");
    let url = arguments
        .next()
        .expect("the address of a Redis that may be filled");
    let mut sizes: Vec<usize> = arguments.map(|one| one.parse().unwrap()).collect();
    if sizes.is_empty() {
        sizes = vec![10, 10_000, 1_000_000];
    }
    println!(
        "| waiting | nodes | pairs a second | Redis' processor time a pair, µs | scripts a pair | Redis' processor time a look at the lines, µs |"
    );
    println!("|---|---|---|---|---|---|");
    for waiting in sizes {
        for nodes in [1, 3] {
            // A board of its own each time.
            let installation = format!("bench-{waiting}-{nodes}-{}", std::process::id());
            let Measured {
                pairs_per_s,
                pair,
                look,
            } = measure(&url, &installation, nodes, waiting).await;
            println!(
                "| {waiting} | {nodes} | {pairs_per_s:.0} | {:.0} | {:.1} | {:.0} |",
                pair.us, pair.scripts, look.us
            );
        }
    }
}

struct Measured {
    pairs_per_s: f64,
    pair: Spent,
    look: Spent,
}

/// Scripts that Redis ran, and its processor time.
#[derive(Clone, Copy)]
struct Spent {
    scripts: f64,
    us: f64,
}

impl Spent {
    async fn so_far(url: &str) -> Self {
        let client = redis::Client::open(url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let info = redis::cmd("INFO").arg(&["cpu", "commandstats"]).to_owned();
        let info: String = info.query_async(&mut connection).await.unwrap();
        let read = |name: &str| -> f64 {
            let rest = info.split_once(name).map_or("", |(_, rest)| rest);
            let end = rest.find([',', '\r', '\n']).unwrap_or(rest.len());
            rest[..end].parse().unwrap_or(0.0)
        };
        Self {
            scripts: read("cmdstat_evalsha:calls="),
            us: (read("used_cpu_user:") + read("used_cpu_sys:")) * 1e6,
        }
    }

    /// Of each of so many since then.
    async fn since(self, url: &str, count: f64) -> Self {
        let now = Self::so_far(url).await;
        Self {
            scripts: (now.scripts - self.scripts) / count,
            us: (now.us - self.us) / count,
        }
    }
}

async fn measure(url: &str, installation: &str, nodes: usize, waiting: usize) -> Measured {
    let clock = Clock::system();
    let open = async || -> Engine {
        let address = url.parse().unwrap();
        let engine = RedisCoordination::open(address, installation, clock.clone(), GRACES).await;
        Arc::new(engine.unwrap())
    };
    let mut engines = Vec::new();
    for _ in 0..nodes {
        engines.push(open().await);
    }
    engines[0].emptied().await;
    engines[0].rebuilt().await.unwrap();
    let line = Arc::new(Line::default());
    let mut doors = Vec::new();
    for _ in 0..waiting.div_ceil(SOCKETS) {
        doors.push(open().await);
    }
    stream::iter(0..waiting)
        .for_each_concurrent(FILLING, |number| line.grows(&doors[number / SOCKETS]))
        .await;
    for number in 0..AGENTS {
        let agent = AgentId::fresh();
        engines[0].agent_joined(agent, number).await.unwrap();
        let seat = Seat {
            status: Status::Online,
            capacity: CAPACITY,
            departments: vec![department()],
            skills: Vec::new(),
        };
        engines[0].seat(agent, seat).await.unwrap();
    }
    let before = Spent::so_far(url).await;
    for _ in 0..LOOKS {
        while engines[0].lines(ROWS).await.is_err() {
            tokio::time::sleep(AGAIN).await;
        }
    }
    let look = before.since(url, f64::from(LOOKS)).await;
    let pairs = Arc::new(AtomicU64::new(0));
    let before = Spent::so_far(url).await;
    let begun = Instant::now();
    let mut pairing = JoinSet::new();
    for engine in &engines {
        let (line, pairs) = (Arc::clone(&line), Arc::clone(&pairs));
        pairing.spawn(pair(Arc::clone(engine), line, pairs, begun + MEASURED));
    }
    while pairing.join_next().await.is_some() {}
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let pairs = pairs.load(Ordering::Relaxed) as f64;
    Measured {
        pairs_per_s: pairs / begun.elapsed().as_secs_f64(),
        pair: before.since(url, pairs).await,
        look,
    }
}

/// As `desk::pair` does it: one claim after the other, each carried out beside the next.
async fn pair(engine: Engine, line: Arc<Line>, pairs: Arc<AtomicU64>, until: Instant) {
    let mut carrying_out = JoinSet::new();
    while Instant::now() < until {
        if carrying_out.len() >= AT_ONCE {
            carrying_out.join_next().await;
        }
        let Ok(Some(claim)) = engine.claim().await else {
            tokio::select! {
                () = engine.work() => {}
                Some(_) = carrying_out.join_next(), if !carrying_out.is_empty() => {}
            }
            continue;
        };
        let (engine, line, pairs) = (Arc::clone(&engine), Arc::clone(&line), Arc::clone(&pairs));
        carrying_out.spawn(async move {
            line.is_served(&engine, &claim).await;
            pairs.fetch_add(1, Ordering::Relaxed);
        });
    }
    while carrying_out.join_next().await.is_some() {}
}

fn department() -> DepartmentKey {
    DepartmentKey::new("support").unwrap()
}

/// One that is as long at the end as at the beginning.
#[derive(Default)]
struct Line {
    comes: AtomicI64,
}

impl Line {
    async fn grows(&self, engine: &Engine) {
        let conversation = ConversationId::fresh();
        let since = At(1_700_000_000_000 + self.comes.fetch_add(1, Ordering::Relaxed));
        // A Redis that is busy for longer than a call waits is asked again: every call may be repeated.
        while engine.visitor_joined(conversation, 1).await.is_err() {
            tokio::time::sleep(AGAIN).await;
        }
        let place = ObservedPlace::Waiting {
            department: department(),
            key: since.0,
            since,
            mode: Mode::Chat,
            terms: Terms::default(),
        };
        observe(engine, conversation, 1, place).await;
    }

    async fn is_served(&self, engine: &Engine, claim: &Claim) {
        let place = ObservedPlace::Served { agent: claim.agent };
        observe(engine, claim.conversation, 2, place).await;
        observe(engine, claim.conversation, 3, ObservedPlace::Closed).await;
        self.grows(engine).await;
    }
}

async fn observe(
    engine: &Engine,
    conversation: ConversationId,
    placed_seq: u64,
    place: ObservedPlace,
) {
    let news = Observed {
        conversation,
        placed_seq,
        place,
    };
    while engine.observe(news.clone()).await.is_err() {
        tokio::time::sleep(AGAIN).await;
    }
}
