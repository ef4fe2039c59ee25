//! A server over Redis, while Redis is emptied, stopped and gone: chats go on, who waits is told, nobody loses a place.

use std::path::PathBuf;
use std::process::Command;

use balie::coordination::Coordination;
use balie::coordination::redis::RedisCoordination;
use balie::domain::routing::Seat;
use balie::model::record::Status;
use balie::model::time::Clock;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;

use crate::coordination_suite::GRACES;
use crate::support::node::{Node, run_to_end};
use crate::support::redis_server::{Server, free_port, own_host};
use crate::support::scenes::{chat, place, waiting_in};
use crate::support::wire::{Weather, Wire};

async fn over(redis: &Server) -> Node {
    Node::with(&[("BALIE_REDIS_URL", &redis.url())]).await
}

/// The next `queue` frame that says whether pairing pauses.
async fn told_of_pause(visitor: &mut Visitor, is_paused: bool) {
    let is_it = |frame: &Frame| frame.is("queue") && (frame.json["paused"] == true) == is_paused;
    let what = format!("paused: {is_paused}");
    visitor.expect_frame(&what, is_it).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_over_redis_pairs_and_chats() {
    let redis = Server::start(&[]).await;
    let node = over(&redis).await;
    let mut first = waiting_in(&node, "support").await;
    place(&mut first, 1).await;
    let mut second = waiting_in(&node, "support").await;
    place(&mut second, 2).await;
    let mut ben = node.online("ben", 1).await;
    let conversation = ben.next_assigned().await.unwrap();
    assert_eq!(Some(conversation), first.conversation());
    ben.send(conversation, "hello").await.unwrap();
    first.expect_text("hello").await.unwrap();
    ben.end(conversation).await.unwrap();
    assert_eq!(
        Some(ben.next_assigned().await.unwrap()),
        second.conversation()
    );
    for visitor in [first, second] {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_keeps_the_place_when_redis_is_emptied() {
    let mut redis = Server::start(&[]).await;
    let node = over(&redis).await;
    let mut line = Vec::new();
    for position in 1..=3 {
        let mut visitor = waiting_in(&node, "support").await;
        place(&mut visitor, position).await;
        line.push(visitor);
    }
    redis.run(&["FLUSHALL"]).await;
    let mut ben = node.online("ben", 1).await;
    let served = ben.next_assigned().await.unwrap();
    assert_eq!(Some(served), line[0].conversation());
    // Restarted with nothing kept: what is owned still counts, and the others stand as they stood.
    redis.kill();
    redis.start_again().await;
    ben.send(served, "still here").await.unwrap();
    line[0].expect_text("still here").await.unwrap();
    ben.end(served).await.unwrap();
    assert_eq!(
        Some(ben.next_assigned().await.unwrap()),
        line[1].conversation()
    );
    for visitor in line {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_go_on_and_who_waits_is_told_while_redis_is_stopped() {
    let redis = Server::start(&[]).await;
    let node = over(&redis).await;
    let mut ben = node.online("ben", 2).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    redis.stop();
    ben.send(conversation, "I am here").await.unwrap();
    vera.expect_text("I am here").await.unwrap();
    let mut second = node.visitor_who_says("anybody?").await;
    told_of_pause(&mut second, true).await;
    // Nor need an agent wait for Redis to come to the desk.
    let fay = node.agent("fay").await;
    redis.go_on();
    let next = ben.next_assigned().await.unwrap();
    assert_eq!(Some(next), second.conversation());
    vera.send("thank you").await.unwrap();
    for visitor in [vera, second] {
        visitor.finish().await.unwrap();
    }
    for agent in [ben, fay] {
        agent.finish().await.unwrap();
    }
}

/// Goal: whoever comes online in the very moment in which Redis does not answer is served all the same. Method: a silence that is longer
/// than a call waits and shorter than one after which the node would tell everything anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_who_comes_online_in_a_short_silence_of_redis_is_given_who_waits() {
    let redis = Server::start(&[]).await;
    let wire = Wire::before(&redis).await;
    let node = Node::with(&[("BALIE_REDIS_URL", &wire.url())]).await;
    let mut vera = waiting_in(&node, "support").await;
    place(&mut vera, 1).await;
    let mut ben = node.agent("ben").await;
    wire.set(Weather::Silent);
    ben.online(1).await.unwrap();
    wire.mend();
    assert_eq!(
        Some(ben.next_assigned().await.unwrap()),
        vera.conversation()
    );
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

/// Goal: a seat that Redis has otherwise than the store is put right, however that came about: the last that a server was told dies
/// with it, and nobody says it twice. Method: somebody else on the board says that ben went.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_that_redis_has_otherwise_is_told_again() {
    let redis = Server::start(&[]).await;
    let node = over(&redis).await;
    let mut ben = node.online("ben", 1).await;
    let keys = redis.run(&["KEYS", "balie:*:state"]).await;
    let keys: Vec<String> = redis::from_redis_value(keys).unwrap();
    let installation = keys[0].split(':').nth(1).unwrap();
    let address = redis.url().parse().unwrap();
    let other = RedisCoordination::open(address, installation, Clock::system(), GRACES).await;
    let went = Seat {
        status: Status::Offline,
        capacity: 1,
        departments: Vec::new(),
        skills: Vec::new(),
    };
    let other = other.unwrap();
    other.seat(ben.id().parse().unwrap(), went).await.unwrap();
    let vera = waiting_in(&node, "support").await;
    assert_eq!(
        Some(ben.next_assigned().await.unwrap()),
        vera.conversation()
    );
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_without_redis_and_pairs_when_it_comes() {
    let mut redis = Server::start(&[]).await;
    redis.kill();
    let node = over(&redis).await;
    let mut vera = node.visitor_who_says("help").await;
    told_of_pause(&mut vera, true).await;
    let mut ben = node.online("ben", 1).await;
    redis.start_again().await;
    let served = ben.next_assigned().await.unwrap();
    assert_eq!(Some(served), vera.conversation());
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_and_start_name_what_is_wrong_with_redis() {
    let folder = tempfile::tempdir().unwrap();
    let redis = Server::start(&["--maxmemory-policy", "allkeys-lru"]).await;
    let data = folder.path().join("data").display().to_string();
    let url = redis.url();
    let environment = [("BALIE_REDIS_URL", url.as_str()), ("BALIE_DATA", &data)];
    for words in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let ended = run_to_end(folder.path(), words, &environment);
        assert!(ended.code != Some(0), "{words:?}");
        assert!(
            ended.said.contains("maxmemory-policy allkeys-lru"),
            "{}",
            ended.said
        );
    }
    redis
        .run(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .await;
    let ended = run_to_end(folder.path(), &["check"], &environment);
    assert!(ended.code == Some(0), "{}", ended.said);
    assert!(
        ended.printed.contains("answers, version"),
        "{}",
        ended.printed
    );
    let bad = [("BALIE_REDIS_URL", "http://x"), ("BALIE_DATA", &data)];
    let ended = run_to_end(folder.path(), &["check"], &bad);
    assert!(
        ended.said.contains("BALIE_REDIS_URL is wrong"),
        "{}",
        ended.said
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_pairs_over_redis_with_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (host, [cert, key]) = (
        own_host(),
        ["cert.pem", "key.pem"].map(|name| folder.path().join(name)),
    );
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=redis", "-addext"])
        .arg(format!("subjectAltName=IP:{host}"))
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .args([&key, &PathBuf::from("-out"), &cert])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let [cert, key] = [cert, key].map(|path| path.display().to_string());
    let (port, tls_port) = (free_port(&host), free_port(&host).to_string());
    let arguments = [
        "--tls-port",
        &tls_port,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
    ];
    let arguments = [
        &arguments[..],
        &["--tls-auth-clients", "no", "--tls-ca-cert-file", &cert],
    ];
    let _redis = Server::start_at(&host, port, &arguments.concat()).await;
    let url = format!("rediss://{host}:{tls_port}");
    // The machine's own list of whom to believe, here a file with one.
    let settings = [("BALIE_REDIS_URL", url.as_str()), ("SSL_CERT_FILE", &cert)];
    let node = Node::with(&settings).await;
    let (ben, vera, _) = chat(&node).await;
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
    let data = folder.path().join("data").display().to_string();
    let stranger = [("BALIE_REDIS_URL", url.as_str()), ("BALIE_DATA", &data)];
    let ended = run_to_end(folder.path(), &["check"], &stranger);
    assert!(ended.code != Some(0), "{}", ended.printed);
    assert!(ended.said.contains("certificate"), "{}", ended.said);
}
