//! Coordination over Redis: the common suite on a real server, and what becomes of it when Redis is emptied, stopped, cut
//! off, or is none that can serve.

use std::sync::Arc;
use std::time::Duration;

use balie::coordination::redis::{Address, RedisCoordination, Unfit};
use balie::coordination::{Coordination, Notice};
use balie::domain::routing::{Graces, Observed, ObservedPlace, Seat, Terms};
use balie::model::event::{AgentName, Mode};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::record::Status;
use balie::model::time::{Clock, Millis};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::coordination_suite::{BEGIN, GRACES};
use crate::support::redis_server::{SOON, Server, until};
use crate::support::wire::{Instead, Wire};

async fn opened(url: &str, clock: &Clock) -> Result<RedisCoordination, Unfit> {
    let address: Address = url.parse().unwrap();
    RedisCoordination::open(address, "test", clock.clone(), GRACES).await
}

/// An engine on an empty board that has been told everything there is: nothing.
pub async fn whole(url: &str, clock: &Clock) -> Arc<RedisCoordination> {
    let engine = opened(url, clock).await.unwrap();
    timeout(SOON, engine.emptied()).await.unwrap();
    engine.rebuilt().await.unwrap();
    Arc::new(engine)
}

async fn fresh(clock: Clock, graces: Graces) -> (Arc<dyn Coordination>, Server) {
    assert_eq!(graces, GRACES);
    let server = Server::start(&[]).await;
    let engine = whole(&server.url(), &clock).await;
    (engine, server)
}

crate::coordination_suite::cases!(fresh);

fn support() -> DepartmentKey {
    DepartmentKey::new("support").unwrap()
}

pub async fn online(engine: &RedisCoordination, agent: AgentId, capacity: u8) {
    let seat = Seat {
        status: Status::Online,
        capacity,
        departments: vec![support()],
        skills: Vec::new(),
    };
    engine.agent_joined(agent, 1).await.unwrap();
    engine.seat(agent, seat).await.unwrap();
}

pub fn waiting(conversation: ConversationId, nth: i64) -> Observed {
    let since = BEGIN + Millis(nth);
    let place = ObservedPlace::Waiting {
        department: support(),
        key: since.0,
        since,
        mode: Mode::Chat,
        terms: Terms::default(),
    };
    Observed {
        conversation,
        placed_seq: 1,
        place,
    }
}

pub async fn waits(engine: &RedisCoordination, nth: i64) -> ConversationId {
    let conversation = ConversationId::fresh();
    engine.visitor_joined(conversation, 9).await.unwrap();
    engine.observe(waiting(conversation, nth)).await.unwrap();
    conversation
}

/// Claims as soon as pairing is possible.
pub async fn claims_soon(engine: &RedisCoordination) -> (ConversationId, AgentId) {
    let pairing = async {
        loop {
            if let Ok(Some(claim)) = engine.claim().await {
                return (claim.conversation, claim.agent);
            }
            engine.work().await;
        }
    };
    timeout(SOON, pairing).await.expect("nobody is paired")
}

async fn hears_lost(notices: &mut mpsc::Receiver<Notice>) {
    let hearing = async {
        loop {
            match notices.recv().await.unwrap() {
                Notice::Lost => return,
                _ => continue,
            }
        }
    };
    timeout(SOON, hearing).await.expect("nobody says so");
}

/// Tells the engine everything again, as the desk does.
pub async fn tell(engine: &RedisCoordination, agent: AgentId, line: &[ConversationId]) {
    timeout(SOON, engine.emptied())
        .await
        .expect("nobody is asked");
    let seat = Seat {
        status: Status::Online,
        capacity: 1,
        departments: vec![support()],
        skills: Vec::new(),
    };
    engine.seat(agent, seat).await.unwrap();
    // In no order: the line has its own.
    for (nth, conversation) in line.iter().enumerate().rev() {
        let news = waiting(*conversation, i64::try_from(nth).unwrap());
        engine.observe(news).await.unwrap();
    }
    engine.rebuilt().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_board_is_told_anew_and_keeps_its_order() {
    let (clock, mut server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let engine = whole(&server.url(), &clock).await;
    let agent = AgentId::fresh();
    engine.agent_joined(agent, 1).await.unwrap();
    let mut line = Vec::new();
    for nth in 0..3 {
        line.push(waits(&engine, nth).await);
    }
    server.run(&["FLUSHALL"]).await;
    assert!(engine.claim().await.is_err(), "it is being told anew");
    assert!(engine.lines(1).await.is_err());
    tell(&engine, agent, &line).await;
    assert_eq!(claims_soon(&engine).await, (line[0], agent));
    // A restart with nothing kept is the same, and the connection is made anew by itself.
    server.kill();
    assert!(engine.claim().await.is_err());
    server.start_again().await;
    tell(&engine, agent, &line).await;
    assert_eq!(claims_soon(&engine).await, (line[0], agent));
}

/// The desk is asked again until it has told everything, and on one node only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_tells_and_another_takes_over_from_one_that_stops() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let first = opened(&server.url(), &clock).await.unwrap();
    let second = opened(&server.url(), &clock).await.unwrap();
    timeout(SOON, first.emptied()).await.unwrap();
    let short = Duration::from_millis(1_500);
    assert!(timeout(short, second.emptied()).await.is_err());
    drop(first);
    clock.advance(Millis::seconds(6));
    timeout(SOON, second.emptied()).await.unwrap();
    second.rebuilt().await.unwrap();
    assert_eq!(second.claim().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_redis_makes_calls_fail_and_everything_go_on_after() {
    let (clock, server) = (Clock::system(), Server::start(&[]).await);
    let engine = whole(&server.url(), &clock).await;
    let agent = AgentId::fresh();
    online(&engine, agent, 1).await;
    server.stop();
    assert!(engine.claim().await.is_err());
    // Once it is known to be away nobody waits for it.
    let begun = Instant::now();
    for _ in 0..200 {
        assert!(engine.claim().await.is_err());
    }
    assert!(
        begun.elapsed() < SOON,
        "each call waits for a Redis that is away"
    );
    // What happens meanwhile is told afterwards.
    let conversation = ConversationId::fresh();
    assert!(engine.visitor_joined(conversation, 9).await.is_err());
    server.go_on();
    until("news is taken", async || {
        engine.observe(waiting(conversation, 1)).await.is_ok()
    })
    .await;
    assert_eq!(claims_soon(&engine).await, (conversation, agent));
    assert!(engine.is_agent_here(agent).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_wire_is_mended_by_itself() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let proxy = Wire::before(&server).await;
    let engine = whole(&proxy.url(), &clock).await;
    let mut notices = engine.notices().unwrap();
    let (agent, gone) = (AgentId::fresh(), AgentId::fresh());
    online(&engine, agent, 1).await;
    online(&engine, gone, 1).await;
    proxy.cut();
    assert!(engine.probe().await.is_err());
    // What is said here is heard here all the same.
    engine.publish(Notice::AgentChanged(agent)).await;
    let heard = timeout(SOON, notices.recv()).await.unwrap();
    assert!(matches!(heard, Some(Notice::AgentChanged(who)) if who == agent));
    assert!(engine.agent_left(gone, 1).await.is_err());
    proxy.mend();
    hears_lost(&mut notices).await;
    until("the socket that went meanwhile is known", async || {
        engine
            .is_agent_here(gone)
            .await
            .is_ok_and(|is_here| !is_here)
    })
    .await;
    let conversation = waits(&engine, 1).await;
    assert_eq!(claims_soon(&engine).await, (conversation, agent));
}

/// Goal: a server that lets everybody in and takes no word of anybody, as a replica that is named as the master, is not run down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_cannot_be_written_to_is_come_to_seldom() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let engine = whole(&server.url(), &clock).await;
    let came = async || -> u64 {
        let info: String = redis::from_redis_value(server.run(&["INFO", "stats"]).await).unwrap();
        let count = info
            .lines()
            .find_map(|line| line.strip_prefix("total_connections_received:"));
        count.unwrap().trim().parse().unwrap()
    };
    // Of one who is not there.
    server.run(&["REPLICAOF", &server.host, "1"]).await;
    let before = came().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let times = came().await - before;
    assert!(times < 60, "{times} connections in four seconds");
    server.run(&["REPLICAOF", "NO", "ONE"]).await;
    until("it serves again", async || engine.is_whole()).await;
}

/// A call whose answer is lost has been carried out. Asked again it answers what it did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_whose_answer_was_lost_is_the_same_claim() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let proxy = Wire::before(&server).await;
    let engine = whole(&proxy.url(), &clock).await;
    // A look by another way: nothing of it is swallowed.
    let other = opened(&server.url(), &clock).await.unwrap();
    let agent = AgentId::fresh();
    online(&engine, agent, 9).await;
    let mut line = Vec::new();
    for nth in 0..8 {
        line.push(waits(&engine, nth).await);
    }
    for (nth, conversation) in line.iter().enumerate() {
        proxy.swallow();
        let claimed = claims_soon(&engine).await;
        proxy.swallowed().await;
        assert_eq!(claimed, (*conversation, agent));
        let load = other.load(agent).await.unwrap();
        assert_eq!(load as usize, nth + 1, "one claim, one place");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_redis_forgot_are_given_again() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let engine = whole(&server.url(), &clock).await;
    let agent = AgentId::fresh();
    for nth in 0..3 {
        server.run(&["SCRIPT", "FLUSH"]).await;
        online(&engine, agent, 9).await;
        let conversation = waits(&engine, nth).await;
        assert_eq!(claims_soon(&engine).await, (conversation, agent));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_nodes_sockets_vanish_and_the_graces_begin_then() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let dying = whole(&server.url(), &clock).await;
    let living = opened(&server.url(), &clock).await.unwrap();
    let mut notices = living.notices().unwrap();
    let (agent, other) = (AgentId::fresh(), AgentId::fresh());
    online(&dying, agent, 1).await;
    living.agent_joined(other, 5).await.unwrap();
    let conversation = waits(&dying, 1).await;
    let ana = AgentName {
        id: agent,
        name: "Ana".to_owned(),
    };
    dying.view(conversation, ana, 1, true).await.unwrap();
    drop(dying);
    clock.advance(Millis::seconds(11));
    until("the dead node's agent is gone", async || {
        !living.is_agent_here(agent).await.unwrap()
    })
    .await;
    assert!(living.is_agent_here(other).await.unwrap());
    assert_eq!(living.claim().await.unwrap(), None);
    let hearing = async {
        loop {
            if let Some(Notice::Viewers { agents, .. }) = notices.recv().await {
                return agents;
            }
        }
    };
    assert_eq!(timeout(SOON, hearing).await.unwrap(), []);
    // Not from when it died: nobody knows when that was.
    assert_eq!(living.due().await.unwrap(), []);
    clock.advance(GRACES.visitor);
    let due = living.due().await.unwrap();
    assert_eq!(due.len(), 2, "the visitor, and the agent: {due:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices_reach_every_node_and_what_is_lost_is_told() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let one = whole(&server.url(), &clock).await;
    let two = opened(&server.url(), &clock).await.unwrap();
    let mut notices = two.notices().unwrap();
    let agents: Vec<AgentId> = (0..500).map(|_| AgentId::fresh()).collect();
    for agent in &agents {
        one.publish(Notice::AgentChanged(*agent)).await;
    }
    for agent in &agents {
        match timeout(SOON, notices.recv()).await.unwrap() {
            Some(Notice::AgentChanged(heard)) => assert_eq!(heard, *agent),
            other => panic!("never published: {other:?}"),
        }
    }
    server.run(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    hears_lost(&mut notices).await;
}

/// A hand on another node freed a place, or somebody came there: whoever pairs here looks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_on_one_node_wakes_another() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let one = whole(&server.url(), &clock).await;
    let two = opened(&server.url(), &clock).await.unwrap();
    let agent = AgentId::fresh();
    online(&one, agent, 1).await;
    let conversation = waits(&one, 1).await;
    assert_eq!(claims_soon(&two).await, (conversation, agent));
}

/// Asked at several nodes at once, it is as if one had been asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_are_counted_over_all_nodes() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let one = opened(&server.url(), &clock).await.unwrap();
    let two = opened(&server.url(), &clock).await.unwrap();
    let minute = Millis::seconds(60);
    for nth in 0..10 {
        let node = if nth % 2 == 0 { &one } else { &two };
        assert_eq!(node.count("start:a", 10, minute).await.unwrap(), None);
    }
    clock.advance(Millis::seconds(20));
    let wait = Some(Millis::seconds(40));
    assert_eq!(one.count("start:a", 10, minute).await.unwrap(), wait);
    assert_eq!(two.count("start:a", 10, minute).await.unwrap(), wait);
    assert_eq!(two.count("start:b", 10, minute).await.unwrap(), None);
    // One that is taken back makes room for one.
    two.uncount("start:a").await.unwrap();
    assert_eq!(one.count("start:a", 10, minute).await.unwrap(), None);
    assert_eq!(two.count("start:a", 10, minute).await.unwrap(), wait);
    one.uncount("start:nothing").await.unwrap();
    clock.advance(Millis::seconds(40));
    assert_eq!(two.count("start:a", 10, minute).await.unwrap(), None);
}

/// What all nodes hold at once is counted over all of them, however it is spread, and what a node held dies with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_is_counted_over_all_nodes_and_dies_with_its_node() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let dying = whole(&server.url(), &clock).await;
    let living = opened(&server.url(), &clock).await.unwrap();
    for engine in [&*dying, &living] {
        engine.hold("sockets:a");
        assert!(engine.has_room("sockets:a", 2).await.unwrap());
    }
    living.hold("sockets:a");
    assert!(!living.has_room("sockets:a", 2).await.unwrap());
    assert!(
        living.has_room("sockets:a", 3).await.unwrap(),
        "that is room enough"
    );
    living.release("sockets:a");
    living.release("sockets:a");
    until("the other nodes hear that two were given up", async || {
        dying.hold("sockets:a");
        let has_room = dying.has_room("sockets:a", 2).await.unwrap();
        dying.release("sockets:a");
        has_room
    })
    .await;
    living.hold("sockets:a");
    until("what the other took for a moment is free", async || {
        living.has_room("sockets:a", 2).await.unwrap()
    })
    .await;
    living.hold("sockets:a");
    assert!(!living.has_room("sockets:a", 2).await.unwrap());
    drop(dying);
    clock.advance(Millis::seconds(11));
    until("what the dead node held is free", async || {
        living.has_room("sockets:a", 2).await.unwrap()
    })
    .await;
}

/// Redis forgets everything: what each node holds is told again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_is_told_again_to_an_emptied_redis() {
    let (clock, server) = (Clock::manual(BEGIN), Server::start(&[]).await);
    let one = whole(&server.url(), &clock).await;
    let two = opened(&server.url(), &clock).await.unwrap();
    one.hold("sockets:a");
    assert!(one.has_room("sockets:a", 1).await.unwrap());
    server.run(&["FLUSHALL"]).await;
    two.hold("sockets:a");
    until("the other's is known again", async || {
        !two.has_room("sockets:a", 1).await.unwrap()
    })
    .await;
}

async fn refused(url: &str) -> String {
    let clock = Clock::manual(BEGIN);
    match opened(url, &clock).await {
        Ok(_) => panic!("{url} was let pass"),
        Err(unfit) => unfit.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_serve_is_named_with_the_remedy() {
    let server = Server::start(&["--requirepass", "open sesame"]).await;
    let place = format!("{}:{}", server.host, server.port);
    for url in [
        format!("redis://{place}"),
        format!("redis://:wrong@{place}"),
        format!("redis://nobody:open%20sesame@{place}"),
    ] {
        let words = refused(&url).await;
        assert!(words.contains("refuses the login"), "{url}: {words}");
        assert!(words.contains("redis://user:password@host"), "{words}");
    }
    let url = format!("redis://:open%20sesame@{place}");
    let client = redis::Client::open(url.clone()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut set = async |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async::<()>(&mut connection).await.unwrap();
    };
    set(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    let words = refused(&url).await;
    assert!(words.contains("maxmemory-policy allkeys-lru"), "{words}");
    assert!(words.contains("config set maxmemory-policy noeviction"));
    set(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    for rights in ["~other:*", "~balie:*"] {
        // The second may touch the keys, and neither publish nor listen.
        let user = format!("ACL SETUSER desk reset on >pass {rights} +@all");
        set(&user.split(' ').collect::<Vec<_>>()).await;
        let words = refused(&format!("redis://desk:pass@{place}")).await;
        assert!(words.contains("may not do"), "{rights}: {words}");
        assert!(words.contains("acl setuser"), "{words}");
    }
    // The remedy that is named is enough.
    let user = "ACL SETUSER desk reset on >pass ~balie:test:* &balie:test:* +@read +@write +@scripting +@pubsub +@connection +info +role +cluster";
    set(&user.split(' ').collect::<Vec<_>>()).await;
    let url = format!("redis://desk:pass@{place}");
    let engine = whole(&url, &Clock::manual(BEGIN)).await;
    online(&engine, AgentId::fresh(), 1).await;
    waits(&engine, 1).await;
    claims_soon(&engine).await;
}

/// A real server whose answers say that it is older than it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_too_old_is_named() {
    let server = Server::start(&[]).await;
    let info: String = redis::from_redis_value(server.run(&["INFO", "server"]).await).unwrap();
    let line = info.lines().find(|line| line.starts_with("redis_version:"));
    let major = &line.unwrap()[..line.unwrap().find('.').unwrap()];
    let instead = Instead {
        of: major.to_owned().leak(),
        this: format!("{}6", &major[..major.len() - 1]).leak(),
    };
    let there = format!("{}:{}", server.host, server.port).parse().unwrap();
    let wire = Wire::between("127.0.0.1:0".parse().unwrap(), there, Some(instead)).await;
    let words = refused(&wire.url()).await;
    assert!(words.contains("is version 6."), "{words}");
    assert!(
        words.contains("needs 7.0 or later, or any Valkey"),
        "{words}"
    );
}

#[test]
fn an_address_that_is_none_is_told_how_one_is_written() {
    for (bad, word) in [
        ("localhost:6379", "no scheme"),
        ("http://localhost", "http:// is not a way"),
        ("redis://", "host is missing"),
        ("redis://a,b", "several hosts need"),
        ("redis+sentinel://a:1,b:2", "name of the service"),
        ("redis+cluster://a/3", "only database 0"),
        ("redis://a:notaport", "a:notaport"),
    ] {
        let words = bad.parse::<Address>().unwrap_err().to_string();
        assert!(words.contains(word), "{bad}: {words}");
        assert!(words.contains("rediss://user:password@host"), "{words}");
    }
    let shown: Address = "rediss://user:secret@example.com:1/2".parse().unwrap();
    assert!(!shown.to_string().contains("secret"));
}
