//! Random histories of a whole desk: people come, talk, hand on, reload and vanish; notices are lost, calls and appends
//! fail, the process is killed; and the promises hold after each step.
//!
//! Goal: what no hand-written test thinks of. Method: the real store, desk, hub, pairing and both sides of the sockets in
//! this process, without a network; clients that check the whole contract by themselves (those of the load tester); a
//! clock of the test's own; and a seed that all of chance comes from. After each step the logs are held to the promises
//! (`books.rs`); now and then everything must come to rest, with everybody knowing everything and nobody stranded
//! (`world.rs`). `BALIE_SEED=<number>` begins with that history, `BALIE_SOAK=1` lives through many more. Threads make a
//! repetition likely, not certain.

use std::time::Duration;

use balie::model::record::{PairingMode, PersonRole};
use balie::model::time::{At, Clock};
use balie::store::Store as _;
use balie::web::visitor::VisitorPeer;
use bytes::Bytes;
use coordination::Faults;
use dice::Dice;
use node::{Node, ORIGIN, Socket, agent_socket, visitor_socket};
use serde_json::{Value, json};
use store::Unreadable;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use world::{World, hired};

use crate::support::PATIENCE;

pub mod books;
mod coordination;
pub mod dice;
pub mod node;
mod people;
mod store;
mod world;

/// What goes wrong in a history.
#[derive(Clone, Copy)]
struct Weather {
    faults: Faults,
    failing_appends: usize,
    kills: bool,
}

const CALM: Weather = Weather {
    faults: Faults {
        notices: 0,
        calls: 0,
    },
    failing_appends: 0,
    kills: false,
};

fn seed() -> u64 {
    match std::env::var("BALIE_SEED") {
        Ok(seed) => seed.parse().expect("BALIE_SEED is a number"),
        Err(_) => uuid::Uuid::now_v7().as_u64_pair().1 >> 32,
    }
}

/// Lives through so many histories, or ten times as many in a soak.
async fn live_through(histories: u64, weather: Weather) {
    let first = seed();
    let soak = if std::env::var_os("BALIE_SOAK").is_some() {
        10
    } else {
        1
    };
    for seed in first..first + histories * soak {
        // Shown when the test fails.
        println!("BALIE_SEED={seed}");
        let mut dice = Dice::new(seed);
        let mut world = World::begin(dice.fork().below(usize::MAX) as u64).await;
        for _ in 0..3 {
            world.set_faults(weather.faults, weather.failing_appends);
            for _ in 0..30 {
                world.step().await;
                if weather.kills && dice.chance(4) {
                    world.kill().await;
                    world.set_faults(weather.faults, weather.failing_appends);
                }
            }
            world.comes_to_rest().await;
        }
        world.everybody_goes().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calm_desk_keeps_its_promises() {
    live_through(6, CALM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_is_killed_keeps_its_promises() {
    let weather = Weather {
        kills: true,
        ..CALM
    };
    live_through(6, weather).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_misses_news_keeps_its_promises() {
    let faults = Faults {
        notices: 15,
        calls: 10,
    };
    let weather = Weather { faults, ..CALM };
    live_through(6, weather).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_whose_disk_fails_keeps_its_promises() {
    let weather = Weather {
        failing_appends: 10,
        ..CALM
    };
    live_through(6, weather).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_has_it_all_at_once_keeps_its_promises() {
    let faults = Faults {
        notices: 10,
        calls: 5,
    };
    let weather = Weather {
        faults,
        failing_appends: 5,
        kills: true,
    };
    live_through(6, weather).await;
}

/// A visitor's connection to a desk of one's own, without chance.
struct Tab(Socket<VisitorPeer>);

impl Tab {
    async fn open(node: &Node, token: Option<&Value>) -> (Self, Value) {
        let mut hello =
            json!({"t": "hello", "site": "demo", "page": {"url": ORIGIN, "title": "Shop"}});
        if let Some(token) = token {
            hello["token"] = token.clone();
        }
        let (socket, frames) = visitor_socket(node.web.clone(), hello.to_string()).await;
        let welcome = serde_json::from_slice(&frames[0]).unwrap();
        (Self(socket.unwrap()), welcome)
    }

    /// Says a command and reads its answer.
    async fn says(&mut self, t: &str) -> Value {
        let frame = json!({"t": t, "cmd": Uuid::now_v7(), "text": "help"}).to_string();
        let answers = self.0.say(&frame).await;
        serde_json::from_slice(&answers[0]).unwrap()
    }

    /// Reads events until this is one of them.
    async fn hears(&mut self, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut heard = Vec::new();
        let hearing = async {
            while !heard.iter().any(&is_it) {
                let frames = self.0.read().await;
                let frames = frames.iter().map(|frame| serde_json::from_slice(frame));
                let frames = frames.map(Result::unwrap);
                heard.extend(frames.filter(|frame: &Value| frame["t"] == "event"));
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, hearing).await.expect("an event comes");
        heard
    }
}

async fn calm_node(folder: &TempDir) -> Node {
    let clock = Clock::manual(At(1_700_000_000_000));
    Node::start(folder.path(), &clock, &mut Dice::new(1)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_a_start_is_about_it_though_it_cannot_be_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    let node = calm_node(&folder).await;
    let (mut tab, _) = Tab::open(&node, None).await;
    tab.says("start").await;
    tab.says("leave").await;
    node.store.set_unreadable(Some(Unreadable::Visitors));
    let started = tab.says("start").await;
    assert_eq!(started["t"], "ack", "{started}");
    let said = tab.says("send").await;
    assert_eq!(said["conversation"], started["conversation"], "{said}");
    node.store.set_unreadable(None);
    tab.hears(|event| event["cmd"] == said["cmd"]).await;
    tab.0.leave().await;
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_comes_to_its_end_before_the_next_begins_though_it_could_not_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let node = calm_node(&folder).await;
    let (mut tab, welcome) = Tab::open(&node, None).await;
    let (mut other, _) = Tab::open(&node, Some(&welcome["token"])).await;
    let first = tab.says("start").await;
    for one in [&mut tab, &mut other] {
        one.hears(|event| event["cmd"] == first["cmd"]).await;
    }
    // News was lost, and the log cannot be read.
    node.store.set_unreadable(Some(Unreadable::Logs));
    let id = serde_json::from_value(first["conversation"].clone());
    node.desk().hub.doubt(id.unwrap());
    let mut chats = vec![first];
    for _ in 0..2 {
        assert_eq!(tab.0.read().await.len(), 0);
        assert_eq!(other.says("leave").await["t"], "ack");
        chats.push(other.says("start").await);
    }
    assert_eq!(tab.0.read().await.len(), 0);
    node.store.set_unreadable(None);
    let heard = tab.hears(|event| event["cmd"] == chats[2]["cmd"]).await;
    let told: Vec<(Option<usize>, &str)> = heard
        .iter()
        .map(|event| {
            let is_its = |chat: &Value| chat["conversation"] == event["conversation"];
            (
                chats.iter().position(is_its),
                event["kind"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (Some(0), "closed"),
        (Some(1), "queued"),
        (Some(1), "message"),
        (Some(1), "closed"),
        (Some(2), "queued"),
        (Some(2), "message"),
    ];
    assert_eq!(told, expected);
    tab.0.leave().await;
    other.0.leave().await;
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_whose_hello_is_put_off_hears_of_no_chat_that_was_not_named() {
    let folder = tempfile::tempdir().unwrap();
    let node = calm_node(&folder).await;
    let mut departments = node.store.departments().await.unwrap();
    departments.retain(|one| one.key.as_str() == "sales");
    let mut sales = departments.remove(0);
    sales.mode = PairingMode::Offer;
    node.store.save_department(sales).await.unwrap();
    node.desk().settings.refresh().await.unwrap();
    let ana = hired(&node, 0, PersonRole::Agent).await;
    let hello = json!({"t": "hello"}).to_string();
    let (socket, _) = agent_socket(node.web.clone(), ana.signed_in.clone(), hello.clone()).await;
    let mut socket = socket.unwrap();
    let online = json!({"t": "status", "status": "online", "capacity": 2}).to_string();
    socket.say(&online).await;
    let (mut served, _) = Tab::open(&node, None).await;
    served.says("start").await;
    served.hears(|event| event["kind"] == "assigned").await;
    let (mut rings, _) = Tab::open(&node, None).await;
    let start = json!({"t": "start", "cmd": Uuid::now_v7(), "department": "sales"}).to_string();
    rings.0.say(&start).await;
    let told = |frames: Vec<Bytes>| {
        let read = |frame: &Bytes| serde_json::from_slice::<Value>(frame).unwrap()["t"].clone();
        frames.iter().map(read).collect::<Vec<_>>()
    };
    let offered = async {
        while !told(socket.read().await).contains(&json!("offer")) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, offered).await.expect("an offer rings");
    node.store.set_unreadable(Some(Unreadable::Cards));
    assert_eq!(told(socket.say(&hello).await), ["error"]);
    node.store.set_unreadable(None);
    let heard = told(socket.read().await);
    assert!(!heard.contains(&json!("event")), "{heard:?}");
    let heard = told(socket.say(&hello).await);
    assert_eq!(heard.first(), Some(&json!("welcome")));
    socket.leave().await;
    served.0.leave().await;
    rings.0.leave().await;
    node.kill().await;
}
