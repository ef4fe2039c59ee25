//! Bounds: how fast one may speak, how often one may be wrong, how many may come from one place, and how slow a reader may be.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use balie_loadtest::participant::fault::Trouble;
use balie_loadtest::participant::wire::CommandId;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::support::node::Node;
use crate::support::raw::{self, close_code, next};
use crate::support::{eventually, number};

const COUNTED: (&str, &str) = ("BALIE_LIMIT_LOOPBACK", "true");

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitor_may_send_forty_frames_at_once_and_is_told_when_to_go_on() {
    let node = Node::start().await;
    let (mut socket, _) = raw::welcomed_visitor(&node).await;
    let pings = (0..60).map(|n| json!({"t": "ping", "n": n}).to_string());
    socket.say_all(pings.collect()).await.unwrap();
    let mut pongs = 0;
    let mut retry_ms = 0;
    for _ in 0..60 {
        let frame = socket.hear_within(raw::PATIENCE_MS).await.unwrap();
        match frame["t"].as_str() {
            Some("pong") => pongs += 1,
            Some("error") => {
                assert_eq!(frame["code"], "rate_limited", "{frame}");
                retry_ms = number(&frame, "retry_ms");
                assert!((1..=1_000).contains(&retry_ms), "{frame}");
            }
            _ => panic!("{frame}"),
        }
    }
    // The hello took one, and some come back while the rest is read.
    assert!((39..=45).contains(&pongs), "{pongs}");
    tokio::time::sleep(Duration::from_millis(u64::try_from(retry_ms).unwrap())).await;
    socket
        .say(json!({"t": "ping", "n": 99}).to_string())
        .await
        .unwrap();
    assert_eq!(next(&mut socket, "pong").await["n"], 99);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_command_that_came_too_fast_is_named_and_goes_through_when_repeated() {
    let node = Node::with(&[("BALIE_VISITOR_FRAMES_PER_S", "2")]).await;
    let mut vera = node.visitor_who_says("first").await;
    // More than the burst of four: the participant repeats each that is put off, under the same id.
    let commands: Vec<CommandId> = (0..8)
        .map(|line| vera.send_later(&format!("line {line}")))
        .collect();
    for cmd in commands {
        vera.answer(cmd).await.unwrap();
    }
    vera.finish().await.unwrap();
    let (mut socket, _) = raw::welcomed_visitor(&node).await;
    let commands: Vec<Value> = (0..5).map(|_| json!(CommandId::fresh())).collect();
    let frames = commands
        .iter()
        .map(|cmd| json!({"t": "leave", "cmd": cmd}).to_string());
    socket.say_all(frames.collect()).await.unwrap();
    let mut put_off = Vec::new();
    for _ in 0..5 {
        let error = next(&mut socket, "error").await;
        if error["code"] == "rate_limited" {
            put_off.push(error["cmd"].clone());
        }
    }
    assert_eq!(
        put_off,
        commands[5 - put_off.len()..],
        "the last ones, by name"
    );
    assert!(!put_off.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_may_send_five_times_as_much_and_zero_is_no_limit() {
    let node = Node::with(&[("BALIE_VISITOR_FRAMES_PER_S", "0")]).await;
    let (mut agent, _) = raw::welcomed_agent(&node, "ben").await;
    let (mut visitor, _) = raw::welcomed_visitor(&node).await;
    for (socket, count) in [(&mut agent, 190), (&mut visitor, 1_000)] {
        let pings = (1..=count).map(|n| json!({"t": "ping", "n": n}).to_string());
        socket.say_all(pings.collect()).await.unwrap();
        for n in 1..=count {
            let frame = loop {
                let frame = socket.hear_within(raw::PATIENCE_MS).await.unwrap();
                if frame["t"] != "agent" {
                    break frame;
                }
            };
            assert_eq!((&frame["t"], &frame["n"]), (&json!("pong"), &json!(n)));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_hundred_refused_frames_close_the_socket_and_ninety_do_not() {
    let node = Node::with(&[("BALIE_VISITOR_FRAMES_PER_S", "0")]).await;
    let (mut socket, _) = raw::welcomed_visitor(&node).await;
    let nonsense = |count: usize| vec!["nonsense".to_owned(); count];
    socket.say_all(nonsense(90)).await.unwrap();
    for _ in 0..90 {
        assert_eq!(next(&mut socket, "error").await["code"], "bad_frame");
    }
    socket
        .say(json!({"t": "ping", "n": 1}).to_string())
        .await
        .unwrap();
    next(&mut socket, "pong").await;
    let _ = socket.say_all(nonsense(10)).await;
    assert_eq!(close_code(&mut socket).await, 1008);
    // Frames that are only too many are refused frames too: a flood ends.
    let node = Node::start().await;
    let (mut socket, _) = raw::welcomed_visitor(&node).await;
    let pings = (0..300).map(|n| json!({"t": "ping", "n": n}).to_string());
    let _ = socket.say_all(pings.collect()).await;
    assert_eq!(close_code(&mut socket).await, 1008);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn too_many_sockets_of_one_address_get_429_and_another_address_does_not() {
    let node = Node::with(&[COUNTED, ("BALIE_ADDRESS_SOCKETS_MAX", "3")]).await;
    let from = |last: u8| {
        node.stranger()
            .with_header("origin", &node.url())
            .with_source(IpAddr::V4(Ipv4Addr::new(127, 64, 7, last)))
    };
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(from(1).socket("/ws/visitor").await.unwrap());
    }
    match from(1).socket("/ws/visitor").await {
        Err(Trouble::Upgrade {
            status,
            retry_after_s,
            body,
        }) => {
            assert_eq!(status, 429, "{body}");
            assert!(
                retry_after_s.is_some_and(|seconds| seconds > 0),
                "Retry-After"
            );
        }
        Ok(_) => panic!("the fourth was let in"),
        Err(trouble) => panic!("{trouble}"),
    }
    // A page is not told why its upgrade failed; it asks again without one, and may read the answer.
    let told = from(1).http("GET", "/ws/visitor", None).await.unwrap();
    assert_eq!(told.status, 429);
    let reader = told.header("access-control-allow-origin");
    assert_eq!(reader, Some(&*node.url()));
    // What a client says of itself counts for nothing, where no proxy is trusted.
    let forged = from(1).with_header("x-forwarded-for", "203.0.113.7");
    assert_eq!(raw::upgrade_status(&forged, "/ws/visitor").await, 429);
    assert_eq!(raw::upgrade_status(&from(2), "/ws/visitor").await, 101);
    open.pop().unwrap().close().await;
    eventually("the place to be free", || async {
        from(1).socket("/ws/visitor").await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn behind_a_trusted_proxy_the_client_counts_and_not_the_proxy() {
    let node = Node::with(&[
        ("BALIE_ADDRESS_SOCKETS_MAX", "1"),
        ("BALIE_TRUSTED_PROXIES", "127.0.0.0/8"),
    ])
    .await;
    let from = |forwarded: &str| {
        node.stranger()
            .with_header("origin", &node.url())
            .with_header("x-forwarded-for", forwarded)
    };
    let _one = from("203.0.113.7").socket("/ws/visitor").await.unwrap();
    let _two = from("203.0.113.8").socket("/ws/visitor").await.unwrap();
    // The leftmost word is the client's own invention.
    let forged = from("198.51.100.1, 203.0.113.7");
    assert_eq!(raw::upgrade_status(&forged, "/ws/visitor").await, 429);
    let _six = from("2001:db8::1").socket("/ws/visitor").await.unwrap();
    assert_eq!(
        raw::upgrade_status(&from("2001:db8::2"), "/ws/visitor").await,
        429,
        "one /64"
    );
    assert_eq!(
        raw::upgrade_status(&from("2001:db8:0:1::2"), "/ws/visitor").await,
        101
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn too_many_sockets_of_one_visitor_are_refused_with_a_time_to_come_back() {
    let node = Node::with(&[("BALIE_VISITOR_SOCKETS_MAX", "2")]).await;
    let first = node.visitor().await;
    let _second = first.another_tab("demo").await.unwrap();
    let mut socket = raw::visitor_socket(&node).await;
    let mut hello = raw::hello();
    hello["token"] = json!(first.token());
    let error = raw::error_after(&mut socket, hello.to_string()).await;
    assert_eq!(error["code"], "rate_limited");
    assert!(number(&error, "retry_ms") > 0);
    assert_eq!(close_code(&mut socket).await, 1008);
    // Somebody else is let in.
    node.visitor().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn too_many_starts_from_one_address_are_put_off_and_a_repeat_is_no_start() {
    let node = Node::with(&[COUNTED, ("BALIE_ADDRESS_STARTS_PER_MIN", "2")]).await;
    let first = node.visitor_who_says("one").await;
    let mut second = node.visitor().await;
    let ack = second.start("two").await.unwrap();
    let (mut socket, _) = raw::welcomed_visitor(&node).await;
    let cmd = CommandId::fresh();
    let start = json!({"t": "start", "cmd": cmd, "text": "three"});
    let error = raw::error_after(&mut socket, start.to_string()).await;
    assert_eq!(
        (&error["code"], &error["cmd"]),
        (&json!("rate_limited"), &json!(cmd))
    );
    let retry_ms = number(&error, "retry_ms");
    assert!((1..=60_000).contains(&retry_ms), "{error}");
    let mut socket = raw::visitor_socket(&node).await;
    let mut hello = raw::hello();
    hello["token"] = json!(second.token());
    socket.say(hello.to_string()).await.unwrap();
    next(&mut socket, "welcome").await;
    let repeat = json!({"t": "start", "cmd": ack.cmd, "text": "two"});
    socket.say(repeat.to_string()).await.unwrap();
    assert_eq!(
        next(&mut socket, "ack").await["conversation"],
        json!(ack.conversation)
    );
    drop(first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_that_says_nothing_or_only_half_a_head_is_closed() {
    let node = Node::start().await;
    let began = Instant::now();
    let mut silent = node.stranger().tcp().await.unwrap();
    let mut half = node.stranger().tcp().await.unwrap();
    half.write_all(b"GET /ws/visitor HTTP/1.1\r\nHost: x\r\n")
        .await
        .unwrap();
    let mut idle = node.stranger().tcp().await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    // Drops of a head keep nobody waiting for ever.
    let mut slow = node.stranger().tcp().await.unwrap();
    let dripping = async {
        for _ in 0..60 {
            if slow.write_all(b"X").await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        raw::hear_out(&mut slow, Duration::from_millis(100))
            .await
            .is_closed
    };
    let limit = Duration::from_secs(14);
    let (silent, half, idle, slow) = tokio::join!(
        raw::hear_out(&mut silent, limit),
        raw::hear_out(&mut half, limit),
        raw::hear_out(&mut idle, limit),
        dripping
    );
    assert!(
        silent.is_closed && half.is_closed && idle.is_closed && slow,
        "{silent:?} {half:?} {idle:?} {slow}"
    );
    assert!(
        idle.answer.contains("ok"),
        "it was served first: {}",
        idle.answer
    );
    assert!(
        began.elapsed() >= Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
}

/// Goal: a reader that never reads costs a bounded amount and holds up nobody, and resumes without a gap. Method: one
/// agent's socket goes deaf while a visitor and the agent's other socket pour long texts through the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reader_that_never_reads_is_cut_off_and_costs_nobody_anything() {
    const LINES: usize = 1_200;
    let node = Node::with(&[
        ("BALIE_VISITOR_FRAMES_PER_S", "0"),
        ("BALIE_AGENT_FRAMES_PER_S", "0"),
    ])
    .await;
    let mut ben = node.online("ben", 1).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    let mut deaf = Vec::new();
    for _ in 0..4 {
        let mut socket = raw::visitor_socket(&node).await;
        let mut hello = raw::hello();
        hello["token"] = json!(vera.token());
        socket.say(hello.to_string()).await.unwrap();
        next(&mut socket, "welcome").await;
        deaf.push(socket.into_stream());
        let (socket, _) = raw::welcomed_agent(&node, "ben").await;
        deaf.push(socket.into_stream());
    }
    let before_kib = node.resident_kib();
    let line = "deaf ".repeat(1_900);
    let mut slowest = Duration::ZERO;
    for number in 0..LINES {
        let began = Instant::now();
        let cmd = vera.send_later(&format!("{line}{}", number % 10));
        vera.answer(cmd).await.unwrap();
        slowest = slowest.max(began.elapsed());
    }
    ben.expect_event(|event| event.seq == 3 + LINES as u64)
        .await
        .unwrap();
    assert!(
        slowest < Duration::from_secs(5),
        "somebody was held up for {slowest:?}"
    );
    let grown_kib = node.resident_kib().saturating_sub(before_kib);
    // 12 MB went through. Four agents' mailboxes of 2 MiB and four visitors' of 256 KiB may be full, with what the store keeps beside.
    assert!(grown_kib < 40 * 1024, "it grew by {grown_kib} KiB");
    for mut stream in deaf {
        let ended = timeout(Duration::from_secs(30), async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count) = stream.read(&mut buffer).await {
                if count == 0 {
                    return;
                }
            }
        });
        ended.await.expect("a deaf reader is cut off");
    }
    // Whoever comes now gets it all.
    let mut sue = node.agent("sue").await;
    sue.open(conversation, Some(0)).await.unwrap();
    sue.expect_event(|event| event.seq == 3 + LINES as u64)
        .await
        .unwrap();
    let seen = sue.timeline(conversation).unwrap();
    assert_eq!(seen.entries().len(), 3 + LINES);
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

/// A client that sends and never reads the answers must not make the server keep them.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn answers_that_nobody_reads_are_not_piled_up() {
    let node = Node::with(&[("BALIE_VISITOR_FRAMES_PER_S", "0")]).await;
    let mut stream = raw::welcomed_visitor(&node).await.0.into_stream();
    let before_kib = node.resident_kib();
    let ping = raw::frame_bytes(0x81, json!({"t": "ping", "n": 1}).to_string().as_bytes());
    let control = raw::frame_bytes(0x89, &[0x70; 125]);
    let burst: Vec<u8> = (0..500)
        .flat_map(|_| ping.iter().chain(&control).copied())
        .collect();
    let pouring = async {
        let mut bytes = 0;
        while bytes < 64 * 1024 * 1024 {
            match timeout(Duration::from_secs(2), stream.write_all(&burst)).await {
                // It stopped reading, or is gone: both are bounds.
                Err(_) | Ok(Err(_)) => break,
                Ok(Ok(())) => bytes += burst.len(),
            }
        }
    };
    pouring.await;
    let grown_kib = node.resident_kib().saturating_sub(before_kib);
    assert!(grown_kib < 16 * 1024, "it grew by {grown_kib} KiB");
    let vera = node.visitor().await;
    vera.close().await.unwrap();
    drop(stream);
}

/// Goal: a peer that is gone without a word is noticed, and one that only listens is not taken for gone; meanwhile who waits is told so
/// every thirty seconds. Method: two visitors wait in silence; the library behind one answers pings, the other's bytes are only read.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_dead_peer_is_dropped_and_a_silent_one_hears_of_its_place_every_thirty_seconds() {
    let node = Node::start().await;
    let (mut listening, _) = raw::welcomed_visitor(&node).await;
    let (mut dead, _) = raw::welcomed_visitor(&node).await;
    for socket in [&mut listening, &mut dead] {
        let start = json!({"t": "start", "cmd": CommandId::fresh()});
        socket.say(start.to_string()).await.unwrap();
        next(socket, "queue").await;
    }
    let mut dead = dead.into_stream();
    let began = Instant::now();
    let dying = async {
        let code = timeout(
            Duration::from_secs(90),
            raw::closing_code(&mut dead, Duration::from_secs(60)),
        )
        .await;
        (code.expect("a dead peer is dropped"), began.elapsed())
    };
    let waiting = async {
        let mut told = Vec::new();
        while began.elapsed() < Duration::from_secs(80) {
            match listening.hear_within(1_000).await {
                Ok(frame) => {
                    assert_eq!(frame["t"], "queue", "{frame}");
                    told.push(began.elapsed().as_secs());
                }
                Err(Trouble::Deadline { .. }) => {}
                Err(trouble) => panic!("{trouble}"),
            }
        }
        told
    };
    let ((code, died_after), told) = tokio::join!(dying, waiting);
    assert!(matches!(code, Some(1013) | None), "{code:?}");
    assert!((45..80).contains(&died_after.as_secs()), "{died_after:?}");
    assert!(
        told.iter().any(|after| (28..=32).contains(after)),
        "{told:?}"
    );
    listening
        .say(json!({"t": "ping", "n": 1}).to_string())
        .await
        .unwrap();
    next(&mut listening, "pong").await;
}
