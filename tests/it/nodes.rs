//! Several whole servers on one Redis and one PostgreSQL: who chats with whom, and what is seen of whom, is the same as on one.
//!
//! Each test has its own nodes, Redis and database; those that stop PostgreSQL have a server of their own. What dies, is stopped or
//! restarted while people chat stands in `nodes_that_go.rs`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use balie::protocol::HELLO_TIMEOUT_S;
use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::ConversationId;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::timeout;

use crate::support::fleet::{Fleet, fresh_database, start};
use crate::support::node::Node;
use crate::support::people::{PASSWORD, beginning_on_postgres, email_of};
use crate::support::postgres::{self, shared};
use crate::support::redis_server;
use crate::support::scenes::{kinds, place, waiting_in};
use crate::support::wire::{Weather, Wire};
use crate::support::{eventually, number, raw, refused};

fn is_unavailable(frame: &Frame) -> bool {
    frame.is("error") && frame.json["code"] == "unavailable"
}

async fn hears_presence(visitor: &mut Visitor, open: bool) {
    let is_it = |frame: &Frame| frame.is("presence") && frame.json["open"] == open;
    visitor.expect_frame("presence", is_it).await.unwrap();
}

async fn told_of_pause(visitor: &mut Visitor, is_paused: bool) {
    let is_it = |frame: &Frame| frame.is("queue") && (frame.json["paused"] == true) == is_paused;
    let what = format!("paused: {is_paused}");
    visitor.expect_frame(&what, is_it).await.unwrap();
}

/// What is only for the moment may be lost between nodes, as where one is so busy that it gives its subscription up: it is said
/// until it is seen.
async fn said_until_seen(
    frame_type: &str,
    say: impl Fn(),
    mut hear: impl FnMut() -> Vec<Frame>,
) -> Frame {
    for _ in 0..20 {
        say();
        for _ in 0..50 {
            if let Some(frame) = hear().into_iter().find(|frame| frame.is(frame_type)) {
                return frame;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    panic!("{frame_type} was never seen")
}

/// A visitor on one node, served by an agent on another.
async fn chat(ben: &mut Agent, at: &Node) -> (Visitor, ConversationId) {
    let mut vera = at.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    assert_eq!(Some(conversation), vera.conversation());
    vera.agent().await.unwrap();
    (vera, conversation)
}

/// Whoever lost a connection repeats a command on another node, while the first one still writes it. That is a race which one of them
/// loses, and no mistake that an operator should look into, also where others were to be written together with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_another_node_wrote_first_alarms_nobody() {
    let (server, database) = (shared(), fresh_database());
    // Every batch of more than one loses it.
    server.sql(
        &database,
        "create sequence lost;
         create function lose() returns trigger language plpgsql as $$
         begin
             if (select count(*) from made) > 1 then
                 perform nextval('lost');
                 raise unique_violation using constraint = 'command_once', message = 'another one was first';
             end if;
             return null;
         end $$;
         create trigger lose after insert on command referencing new table as made
             for each statement execute function lose()",
    );
    let node = Node::with(&[("BALIE_DATABASE_URL", &server.url(&database))]).await;
    // How many share a batch is up to the machine.
    for _ in 0..20 {
        let mut visitors = join_all((0..10).map(|_| node.visitor())).await;
        let starting = visitors.iter_mut().map(|visitor| visitor.start("Hello"));
        for started in join_all(starting).await {
            started.unwrap();
        }
        if server.sql(&database, "select is_called from lost") == "t" {
            // It looks at its log when it is dropped.
            return;
        }
    }
    panic!("no two were written together");
}

/// Goal: who has just sat down is not let go because a board does not know of their socket yet, as an older one that a failover
/// brought back. Here it cannot know, for the way from their node to Redis is cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sits_down_where_the_board_does_not_hear_of_it_stays() {
    let redis = redis_server::Server::start(&[]).await;
    let wire = Wire::before(&redis).await;
    let database = shared().url(&fresh_database());
    let settings = |place: &str| {
        [
            ("BALIE_REDIS_URL", place.to_owned()),
            ("BALIE_DATABASE_URL", database.clone()),
            ("BALIE_AGENT_AWAY_MS", "100".to_owned()),
            ("BALIE_AGENT_GRACE_MS", "200".to_owned()),
        ]
    };
    let start = async |place: &str| {
        let settings = settings(place);
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Node::with(&settings).await
    };
    let (hers, other) = (start(&wire.url()).await, start(&redis.url()).await);
    // Nobody sat there for longer than a grace.
    tokio::time::sleep(Duration::from_secs(2)).await;
    wire.cut();
    let mut ana = hers.online("ana", 1).await;
    // All seats are told again by the node that the change is made on.
    other
        .administer("POST", "/api/tags", json!({"tag": "seen"}))
        .await;
    let board = "local key = redis.call('KEYS', '*:agents')[1]
                 for _, packed in ipairs(redis.call('HVALS', key)) do
                   if cmsgpack.unpack(packed).status == 'online' then return 'seated' end
                 end
                 return ''";
    eventually("the board to hear of the seat", async || {
        (redis.says(&["EVAL", board, "0"]).await == "seated").then_some(())
    })
    .await;
    // Long enough for whoever would let her go.
    tokio::time::sleep(Duration::from_secs(1)).await;
    wire.mend();
    let vera = other.visitor_who_says("help").await;
    assert_eq!(
        Some(ana.next_assigned().await.unwrap()),
        vera.conversation()
    );
}

/// Two nodes, each with a way of its own to a Redis, and a second Redis that knows what the first knew at some time.
struct OlderBoard {
    master: redis_server::Server,
    older: redis_server::Server,
    hers_way: Wire,
    other_way: Wire,
    hers: Node,
    other: Node,
}

impl OlderBoard {
    /// Nobody is away for longer than this visitor's grace.
    async fn start(visitor_grace_ms: &str) -> Self {
        let master = redis_server::Server::start(&[]).await;
        let older = redis_server::Server::start(&[]).await;
        let (hers_way, other_way) = (Wire::before(&master).await, Wire::before(&master).await);
        let database = shared().url(&fresh_database());
        let start = async |way: &Wire| {
            Node::with(&[
                ("BALIE_REDIS_URL", &way.url()),
                ("BALIE_DATABASE_URL", &database),
                ("BALIE_VISITOR_GRACE_MS", visitor_grace_ms),
                ("BALIE_AGENT_AWAY_MS", "100"),
                ("BALIE_AGENT_GRACE_MS", "200"),
            ])
            .await
        };
        let (hers, other) = (start(&hers_way).await, start(&other_way).await);
        Self {
            master,
            older,
            hers_way,
            other_way,
            hers,
            other,
        }
    }

    /// The second Redis hears of everything up to when this answers something, and of nothing that comes after.
    async fn grows_old_at(&self, script: &str) {
        let port = self.master.port.to_string();
        self.older
            .run(&["REPLICAOF", &self.master.host, &port])
            .await;
        self.knows("EVAL_RO", script).await;
        self.older.run(&["REPLICAOF", "NO", "ONE"]).await;
    }

    async fn knows(&self, evaluate: &str, script: &str) {
        eventually("the older board to know", async || {
            (!self.older.says(&[evaluate, script, "0"]).await.is_empty()).then_some(())
        })
        .await;
    }
}

const BOARD_IS_WHOLE: &str = "local key = redis.call('KEYS', '*:state')[1]
    return key and redis.call('HGET', key, 'phase') == 'whole' and 'whole' or ''";

const SOMEBODY_IS_SEATED: &str = "local key = redis.call('KEYS', '*:agents')[1]
    for _, packed in ipairs(key and redis.call('HVALS', key) or {}) do
      if cmsgpack.unpack(packed).status == 'online' then return 'seated' end
    end
    return ''";

const A_VISITOR_IS_AWAY: &str = "local key = redis.call('KEYS', '*:waiting')[1]
    for _, packed in ipairs(key and redis.call('HVALS', key) or {}) do
      if cmsgpack.unpack(packed).gone_at then return 'away' end
    end
    return ''";

/// Goal: whoever sits there is not let go by a node that came to an older board before theirs did. It was a replica, and what is
/// known of the socket was never sent to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sits_there_stays_while_the_nodes_move_to_an_older_board() {
    let boards = OlderBoard::start("60000").await;
    boards.grows_old_at(BOARD_IS_WHOLE).await;
    let OlderBoard { hers, other, .. } = &boards;
    let mut ana = hers.online("ana", 2).await;
    let vera = other.visitor_who_says("help").await;
    assert_eq!(
        Some(ana.next_assigned().await.unwrap()),
        vera.conversation()
    );
    // So long ago that nobody takes her for one who has just sat down.
    tokio::time::sleep(Duration::from_secs(11)).await;

    boards.other_way.leads_to(&boards.older).await;
    boards.knows("EVAL", SOMEBODY_IS_SEATED).await;
    // Long enough for whoever would let her go.
    tokio::time::sleep(Duration::from_secs(2)).await;
    boards.hers_way.leads_to(&boards.older).await;

    let wim = other.visitor_who_says("help me, too").await;
    assert_eq!(Some(ana.next_assigned().await.unwrap()), wim.conversation());
    let log = ana.read_log(vera.conversation().unwrap()).await.unwrap();
    assert!(!kinds(&log).contains(&"requeued"), "{log:?}");
}

/// Goal: the same for whoever waits: a visitor who was away for a moment, long ago, is still away on the older board, and has long
/// been there again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_keeps_the_place_while_the_nodes_move_to_an_older_board() {
    let boards = OlderBoard::start("12000").await;
    let OlderBoard { hers, other, .. } = &boards;
    let vera = hers.visitor_who_says("help").await;
    let token = vera.token();
    vera.close().await.unwrap();
    boards.grows_old_at(A_VISITOR_IS_AWAY).await;
    let vera = hers
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    // Until her grace would be over.
    tokio::time::sleep(Duration::from_secs(13)).await;

    boards.other_way.leads_to(&boards.older).await;
    // Long enough for whoever would take her for gone.
    tokio::time::sleep(Duration::from_secs(2)).await;
    boards.hers_way.leads_to(&boards.older).await;

    let mut ana = other.online("ana", 1).await;
    assert_eq!(
        Some(ana.next_assigned().await.unwrap()),
        vera.conversation()
    );
    let log = vera.read_log().await.unwrap();
    assert_eq!(kinds(&log), ["queued", "message", "assigned"], "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sockets_of_an_address_are_counted_over_all_nodes() {
    let limits = [
        ("BALIE_LIMIT_LOOPBACK", "true"),
        ("BALIE_ADDRESS_SOCKETS_MAX", "2"),
    ];
    let fleet = Fleet::of(2, &limits).await;
    let from = |node: usize, last: u8| {
        let node = &fleet.nodes[node];
        let stranger = node.stranger().with_header("origin", &node.url());
        stranger.with_source(IpAddr::V4(Ipv4Addr::new(127, 64, 9, last)))
    };
    let one = from(0, 1).socket("/ws/visitor").await.unwrap();
    let _two = from(1, 1).socket("/ws/visitor").await.unwrap();
    for node in [0, 1] {
        assert_eq!(
            raw::upgrade_status(&from(node, 1), "/ws/visitor").await,
            429
        );
    }
    assert_eq!(raw::upgrade_status(&from(0, 2), "/ws/visitor").await, 101);
    drop(one);
    eventually("room for another on the other node", async || {
        let status = raw::upgrade_status(&from(1, 1), "/ws/visitor").await;
        (status == 101).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_on_different_nodes_chat_as_on_one() {
    let fleet = Fleet::of(3, &[]).await;
    let [one, two, three] = &fleet.nodes[..] else {
        panic!("three were asked for")
    };
    let mut vera = two.visitor().await;
    let mut ben = one.online("ben", 1).await;
    hears_presence(&mut vera, true).await;
    vera.start("help").await.unwrap();
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    ben.send(conversation, "hello").await.unwrap();
    let seen = vera.expect_text("hello").await.unwrap();
    vera.send("good morning").await.unwrap();
    ben.expect_text("good morning").await.unwrap();
    // What is only for the moment comes over as well.
    let say = || vera.typing_preview("I have a question");
    let typing = said_until_seen("typing", say, || ben.take_unread()).await;
    assert_eq!(typing.json["preview"], "I have a question");
    let say = || ben.typing(conversation, true);
    let typing = said_until_seen("typing", say, || vera.take_unread()).await;
    assert_eq!(typing.json["on"], true);
    let say = || vera.read(seen.seq);
    let read = said_until_seen("read", say, || ben.take_unread()).await;
    assert_eq!(read.json["seq"], json!(seen.seq));
    // Capacity is one number, wherever who asks stands.
    let mut wim = waiting_in(three, "support").await;
    place(&mut wim, 1).await;
    // Handed on to somebody on the third node; the place that is free now goes to who waits on it.
    let mut cas = three.online("cas", 1).await;
    assert_eq!(Some(cas.next_assigned().await.unwrap()), wim.conversation());
    let mut dia = three.online("dia", 1).await;
    ben.transfer_to_agent(conversation, &dia.id(), Some("knows this"))
        .await
        .unwrap();
    assert_eq!(dia.next_assigned().await.unwrap(), conversation);
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "transferred");
    refused(ben.send(conversation, "still here?").await);
    dia.send(conversation, "I am dia").await.unwrap();
    vera.expect_text("I am dia").await.unwrap();
    // A colleague watches from yet another node, and sees who else does.
    let mut sue = two.agent("sue").await;
    sue.open(conversation, None).await.unwrap();
    vera.send("thank you").await.unwrap();
    sue.expect_text("thank you").await.unwrap();
    dia.end(conversation).await.unwrap();
    vera.expect_kind("closed").await.unwrap();
    vera.rate(5, Some("quick")).await.unwrap();
    sue.expect_kind("rated").await.unwrap();
    let log = sue.read_log(conversation).await.unwrap();
    assert_eq!(kinds(&log).last(), Some(&"rated"));
    for agent in [&mut ben, &mut dia, &mut cas] {
        agent.status("offline", None).await.unwrap();
    }
    hears_presence(&mut vera, false).await;
    for visitor in [vera, wim] {
        visitor.finish().await.unwrap();
    }
    for agent in [ben, cas, dia, sue] {
        agent.finish().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_line_over_all_nodes_is_served_in_the_order_they_came() {
    let fleet = Fleet::of(3, &[]).await;
    let mut line = Vec::new();
    for position in 1..=6 {
        let node = &fleet.nodes[position % 3];
        let mut visitor = waiting_in(node, "support").await;
        place(&mut visitor, i64::try_from(position).unwrap()).await;
        line.push(visitor);
    }
    let mut ben = fleet.nodes[0].online("ben", 1).await;
    for visitor in &line {
        let next = ben.next_assigned().await.unwrap();
        assert_eq!(Some(next), visitor.conversation());
        ben.end(next).await.unwrap();
    }
    for visitor in line {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_of_a_password_are_counted_over_all_nodes() {
    let fleet = Fleet::of(2, &[]).await;
    let log_in = async |number: usize, password: &str| {
        let words = json!({"email": email_of("ben"), "password": password});
        let node = &fleet.nodes[number % 2];
        let dial = node.stranger().with_header("origin", &node.url());
        let answer = dial.http("POST", "/api/login", Some(&words)).await;
        answer.unwrap().status
    };
    // Whoever knows it is not counted.
    for number in 0..4 {
        assert_eq!(log_in(number, PASSWORD).await, 200);
    }
    for number in 0..10 {
        assert_eq!(log_in(number, "a guess").await, 401);
    }
    // Each node has seen five.
    for number in 0..2 {
        assert_eq!(log_in(number, PASSWORD).await, 429);
    }
}

/// Goal: a chat over two nodes goes on at a talking pace though no notice gets across. Method: twelve messages to and fro, each waited
/// for; by the comparison of everything alone, every ten seconds, they would take two minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_go_on_through_the_log_while_no_notice_gets_across() {
    let fleet = Fleet::of(2, &[]).await;
    let mut ben = fleet.nodes[0].online("ben", 2).await;
    let (mut vera, conversation) = chat(&mut ben, &fleet.nodes[1]).await;
    let (mut wim, other) = chat(&mut ben, &fleet.nodes[0]).await;
    for (visitor, ways) in [
        (&mut wim, "within one node"),
        (&mut vera, "between two nodes"),
    ] {
        let mut spans = Vec::new();
        for number in 0..40 {
            let text = format!("{ways} {number}");
            let said = Instant::now();
            visitor.send_later(&text);
            ben.expect_text(&text).await.unwrap();
            spans.push(said.elapsed());
        }
        spans.sort_unstable();
        println!(
            "a message {ways}: median {:?}, longest {:?}",
            spans[20], spans[39]
        );
    }
    ben.end(other).await.unwrap();
    wim.expect_kind("closed").await.unwrap();
    wim.finish().await.unwrap();
    let (mut wim, other) = chat(&mut ben, &fleet.nodes[1]).await;
    fleet.redis.stop();
    let mut longest = Duration::ZERO;
    let talking = async {
        for number in 0..6 {
            let text = format!("question {number}");
            vera.send(&text).await.unwrap();
            let sent = Instant::now();
            ben.expect_text(&text).await.unwrap();
            longest = longest.max(sent.elapsed());
            let text = format!("answer {number}");
            ben.send(conversation, &text).await.unwrap();
            let sent = Instant::now();
            vera.expect_text(&text).await.unwrap();
            longest = longest.max(sent.elapsed());
        }
        // The end of a chat is news like any other.
        ben.end(other).await.unwrap();
        wim.expect_kind("closed").await.unwrap();
    };
    timeout(Duration::from_secs(60), talking)
        .await
        .expect("they do not hear each other");
    println!("longest way of a message without notices: {longest:?}");
    let mut sam = fleet.nodes[1].visitor_who_says("anybody?").await;
    told_of_pause(&mut sam, true).await;
    fleet.redis.go_on();
    assert_eq!(Some(ben.next_assigned().await.unwrap()), sam.conversation());
    for visitor in [vera, wim, sam] {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_comes_back_empty_is_told_the_line_of_all_nodes() {
    let mut fleet = Fleet::of(3, &[]).await;
    let mut cas = fleet.nodes[0].online("cas", 1).await;
    let (mut vera, served) = chat(&mut cas, &fleet.nodes[1]).await;
    let mut line = Vec::new();
    for position in 1..=3 {
        let node = &fleet.nodes[3 - position];
        let mut visitor = waiting_in(node, "support").await;
        place(&mut visitor, i64::try_from(position).unwrap()).await;
        line.push(visitor);
    }
    fleet.redis.kill();
    for visitor in &mut line {
        told_of_pause(visitor, true).await;
    }
    // Who comes now stands behind, and cannot be served.
    let mut late = waiting_in(&fleet.nodes[1], "support").await;
    told_of_pause(&mut late, true).await;
    line.push(late);
    let mut ben = fleet.nodes[2].online("ben", 1).await;
    fleet.redis.start_again().await;
    let back = Instant::now();
    for visitor in &line {
        let next = ben.next_assigned().await.unwrap();
        println!("Redis is back: paired after {:?}", back.elapsed());
        assert_eq!(Some(next), visitor.conversation());
        ben.end(next).await.unwrap();
    }
    // What was owned all along still is, and counts.
    cas.send(served, "still yours").await.unwrap();
    vera.expect_text("still yours").await.unwrap();
    line.push(vera);
    for visitor in line {
        visitor.finish().await.unwrap();
    }
    for agent in [cas, ben] {
        agent.finish().await.unwrap();
    }
}

/// Goal: a `hello` for which the store takes longer than a client may take to say it is answered in the end. It was given up half-way,
/// and whoever had entered by then stayed at the desk for ever: the node says so when it is dropped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hello_is_answered_however_slow_the_store_is() {
    let server = shared();
    let place = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let wire = Wire::between("127.0.0.1:0".parse().unwrap(), place, None).await;
    let port = wire.address.port();
    let url = server.url_for(postgres::USER, postgres::PASSWORD, port, &fresh_database());
    let settings = [
        ("BALIE_DATABASE_URL", url.as_str()),
        ("BALIE_DATABASE_CONNECT_MS", "30000"),
        ("BALIE_DATABASE_ANSWER_MS", "30000"),
    ];
    let node = Node::with(&settings).await;
    wire.set(Weather::Slow(Duration::from_millis(1_200)));
    let ben = node.agent_builder("ben").patience_ms(60_000);
    let coming = tokio::spawn(ben.connect());
    // The longest that a client may take, and some for the way to the door.
    tokio::time::sleep(Duration::from_secs(HELLO_TIMEOUT_S + 6)).await;
    wire.mend();
    let ben = coming.await.unwrap().unwrap();
    ben.finish().await.unwrap();
}

/// Goal: whoever says `hello` in time and is put off, for the store is away, may say it again, however long that takes. It was taken
/// for silence, and the socket closed as a breach of policy, from which clients stay away for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hello_that_the_store_put_off_may_be_said_again() {
    let server = shared();
    let place = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let wire = Wire::between("127.0.0.1:0".parse().unwrap(), place, None).await;
    let port = wire.address.port();
    let url = server.url_for(postgres::USER, postgres::PASSWORD, port, &fresh_database());
    let node = Node::with(&[("BALIE_DATABASE_URL", &url)]).await;
    let vera = node.visitor_who_says("help").await;
    let mut hello = raw::hello();
    hello["token"] = json!(vera.token());
    vera.finish().await.unwrap();
    let mut socket = raw::visitor_socket(&node).await;
    wire.set(Weather::Cut);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(HELLO_TIMEOUT_S + 3) {
        let error = raw::error_after(&mut socket, hello.to_string()).await;
        assert_eq!(error["code"], "unavailable");
        // As a client would.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    wire.mend();
    loop {
        socket.say(hello.to_string()).await.unwrap();
        let answer = raw::next_of(&mut socket, &["error", "welcome"]).await;
        if answer["t"] == "welcome" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgresql_is_away_everything_is_put_off_and_nothing_lost() {
    let mut server = postgres::Server::start(&[]);
    let template = beginning_on_postgres().template.as_deref().unwrap();
    let database = server.url(&server.copy_from(shared(), template));
    let redis = redis_server::Server::start(&[]).await;
    let nodes = start(2, &redis.url(), &database, &[]).await;
    let mut ben = nodes[0].online("ben", 2).await;
    let (mut vera, conversation) = chat(&mut ben, &nodes[1]).await;
    server.crash();
    let said = vera.send_later("can you hear me?");
    let answered = ben.send_later(conversation, "wait a moment");
    let error = vera
        .expect_frame("unavailable", is_unavailable)
        .await
        .unwrap();
    assert_eq!(error.json["cmd"], json!(said));
    assert!(number(&error.json, "retry_ms") > 0);
    ben.expect_frame("unavailable", is_unavailable)
        .await
        .unwrap();
    for node in &nodes {
        let answer = node.stranger().http("GET", "/readyz", None).await.unwrap();
        assert_eq!(
            answer.status, 200,
            "a store that is away makes no node unready"
        );
    }
    // Who comes now is not turned away: the page tries again, and so does this one.
    let newcomer = nodes[1].visitor_builder().keeps_going();
    let newcomer = tokio::spawn(newcomer.patience_ms(60_000).connect());
    let resuming = tokio::task::spawn_blocking(move || {
        server.resume();
        server
    });
    let _server = resuming.await.unwrap();
    vera.answer(said).await.unwrap();
    ben.answer(answered).await.unwrap();
    ben.expect_text("can you hear me?").await.unwrap();
    vera.expect_text("wait a moment").await.unwrap();
    let mut wim = newcomer.await.unwrap().unwrap();
    wim.start("hello").await.unwrap();
    assert_eq!(Some(ben.next_assigned().await.unwrap()), wim.conversation());
    let log = ben.read_log(conversation).await.unwrap();
    let messages = kinds(&log)
        .iter()
        .filter(|kind| **kind == "message")
        .count();
    assert_eq!(messages, 3, "each once: {log:?}");
    for visitor in [vera, wim] {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}
