//! Whatever a stranger says once connected: the contract's answer, and no effect on anybody else.

use std::time::{Duration, Instant};

use balie_loadtest::participant::fault::Trouble;
use balie_loadtest::participant::wire::CommandId;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::PATIENCE;
use crate::support::node::Node;
use crate::support::raw::{
    self, close_code, closing_code, error_after, exchange, frame_bytes, next,
};
use crate::support::scenes::all_is_well;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_frame_that_cannot_be_one_closes_the_socket_with_its_code() {
    let node = Node::start().await;
    let too_big = format!(
        "{{\"t\":\"ping\",\"n\":1,\"x\":\"{}\"}}",
        "x".repeat(65_536)
    );
    for is_welcomed in [false, true] {
        let open = async || {
            if is_welcomed {
                raw::welcomed_visitor(&node).await.0
            } else {
                raw::visitor_socket(&node).await
            }
        };
        let mut socket = open().await;
        socket.say_binary(vec![1, 2, 3]).await.unwrap();
        assert_eq!(close_code(&mut socket).await, 1003);
        let mut socket = open().await;
        let _ = socket.say(too_big.clone()).await;
        assert_eq!(close_code(&mut socket).await, 1009);
        let mut stream = open().await.into_stream();
        stream
            .write_all(&frame_bytes(0x81, b"{\"t\":\"\xff\xfe\"}"))
            .await
            .unwrap();
        assert_eq!(closing_code(&mut stream, PATIENCE).await, Some(1007));
        // In pieces it is as large.
        let mut stream = open().await.into_stream();
        let piece = vec![b' '; 40_000];
        stream.write_all(&frame_bytes(0x01, &piece)).await.unwrap();
        let _ = stream.write_all(&frame_bytes(0x80, &piece)).await;
        assert_eq!(closing_code(&mut stream, PATIENCE).await, Some(1009));
        // A length that is only claimed is not waited for.
        let mut stream = open().await.into_stream();
        let mut claim = vec![0x81, 0x80 | 127];
        claim.extend((1_u64 << 40).to_be_bytes());
        claim.extend([0; 4]);
        stream.write_all(&claim).await.unwrap();
        assert_eq!(closing_code(&mut stream, PATIENCE).await, Some(1009));
    }
    let mut socket = raw::welcomed_agent(&node, "ben").await.0;
    socket.say_binary(vec![0]).await.unwrap();
    assert_eq!(close_code(&mut socket).await, 1003);
    all_is_well(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_frame_of_just_the_limit_is_read() {
    let node = Node::start().await;
    let (mut socket, _) = raw::welcomed_visitor(&node).await;
    let frame = json!({"t": "ping", "n": 1, "x": ""}).to_string();
    let fill = "x".repeat(65_536 - frame.len());
    let frame = json!({"t": "ping", "n": 1, "x": fill}).to_string();
    assert_eq!(frame.len(), 65_536);
    socket.say(frame).await.unwrap();
    next(&mut socket, "pong").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn frames_against_the_protocol_end_the_socket() {
    let node = Node::start().await;
    for bytes in [
        // Not masked; a reserved bit; a reserved opcode; a ping in pieces; a continuation of nothing.
        vec![0x81, 2, b'{', b'}'],
        frame_bytes(0xc1, b"{}"),
        frame_bytes(0x83, b"{}"),
        frame_bytes(0x09, b""),
        frame_bytes(0x80, b"{}"),
    ] {
        let mut stream = raw::welcomed_visitor(&node).await.0.into_stream();
        stream.write_all(&bytes).await.unwrap();
        let ended = raw::hear_out(&mut stream, Duration::from_secs(5)).await;
        assert!(ended.is_closed, "{bytes:?}");
    }
    all_is_well(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_no_json_object_is_a_bad_frame_and_the_socket_stays_open() {
    let node = Node::start().await;
    let deep_array = "[".repeat(30_000);
    let deep_object = "{\"a\":".repeat(10_000);
    let closed_deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let frames = [
        "",
        " ",
        "{",
        "}",
        "[1]",
        "[{\"t\":\"ping\"}]",
        "\"ping\"",
        "5",
        "null",
        "true",
        "{\"t\":\"ping\",\"n\":1}x",
        "{'t':'ping'}",
        "NaN",
        "\u{feff}{\"t\":\"ping\",\"n\":1}",
        &deep_array,
        &deep_object,
        &closed_deep,
    ];
    let (mut visitor, _) = raw::welcomed_visitor(&node).await;
    let (mut agent, _) = raw::welcomed_agent(&node, "ben").await;
    for socket in [&mut visitor, &mut agent] {
        for frame in frames {
            let error = error_after(socket, frame).await;
            let shown: String = frame.chars().take(30).collect();
            assert_eq!(error["code"], "bad_frame", "{shown}");
            assert!(
                error["message"]
                    .as_str()
                    .is_some_and(|words| words.len() > 10)
            );
        }
        socket
            .say(json!({"t": "ping", "n": 3}).to_string())
            .await
            .unwrap();
        assert_eq!(next(socket, "pong").await["n"], 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_unknown_type_is_told_and_unknown_fields_are_ignored() {
    let node = Node::start().await;
    let (mut visitor, _) = raw::welcomed_visitor(&node).await;
    let (mut agent, _) = raw::welcomed_agent(&node, "ben").await;
    for (socket, types) in [
        // Each speaks only its own half of the contract.
        (&mut visitor, ["nonsense", "note", "welcome", "Ping", ""]),
        (
            &mut agent,
            ["nonsense", "start", "welcome", "leave", "rate"],
        ),
    ] {
        for t in types {
            let error = error_after(
                socket,
                json!({"t": t, "cmd": CommandId::fresh()}).to_string(),
            )
            .await;
            assert_eq!(error["code"], "unknown_type", "{t}");
        }
        let more = json!({"t": "ping", "n": 1, "of_the_future": {"deep": [1, 2, {}]}});
        socket.say(more.to_string()).await.unwrap();
        next(socket, "pong").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_field_is_named() {
    let node = Node::start().await;
    let cmd = json!(CommandId::fresh());
    let id = "01928aaa-0000-7000-8000-000000000000";
    let visitor_frames = [
        (json!({"text": "no type"}), "t"),
        (json!({"t": 5}), "t"),
        (
            json!({"t": "hello", "page": {"url": "", "title": ""}}),
            "site",
        ),
        (
            json!({"t": "hello", "site": "demo", "page": "here"}),
            "page",
        ),
        (
            json!({"t": "hello", "site": "demo", "page": {"url": "", "title": ""}, "token": 5}),
            "token",
        ),
        (
            json!({"t": "hello", "site": "demo", "page": {"url": "", "title": ""}, "after": -1}),
            "after",
        ),
        (
            json!({"t": "hello", "site": "demo", "page": {"url": "", "title": ""}, "conversation": "x"}),
            "conversation",
        ),
        (json!({"t": "send", "text": "hi"}), "cmd"),
        (json!({"t": "send", "cmd": 7, "text": "hi"}), "cmd"),
        (
            json!({"t": "send", "cmd": "not-a-uuid", "text": "hi"}),
            "cmd",
        ),
        (json!({"t": "send", "cmd": cmd, "text": {"a": 1}}), "text"),
        (json!({"t": "send", "cmd": cmd}), "text"),
        (json!({"t": "send", "cmd": cmd, "text": null}), "text"),
        (json!({"t": "typing", "on": "yes"}), "on"),
        (json!({"t": "read", "seq": "1"}), "seq"),
        (json!({"t": "read", "seq": -1}), "seq"),
        (json!({"t": "read", "seq": 1.5}), "seq"),
        (json!({"t": "page", "title": "no url"}), "url"),
        (json!({"t": "rate", "cmd": cmd, "score": 9}), "score"),
        (json!({"t": "ping"}), "n"),
        (json!({"t": "start", "cmd": cmd, "fields": []}), "fields"),
        (
            json!({"t": "start", "cmd": cmd, "fields": {"name": 5}}),
            "fields",
        ),
        (json!({"t": "start", "cmd": cmd, "needs": "dutch"}), "needs"),
        (
            json!({"t": "start", "cmd": cmd, "department": "Not A Key"}),
            "department",
        ),
    ];
    let agent_frames = [
        (json!({"t": "hello", "after": [1]}), "after"),
        (json!({"t": "hello", "after": {"x": 1}}), "after"),
        (json!({"t": "status"}), "status"),
        (json!({"t": "status", "status": "asleep"}), "status"),
        (
            json!({"t": "status", "status": "online", "capacity": 101}),
            "capacity",
        ),
        (
            json!({"t": "status", "status": "online", "capacity": -1}),
            "capacity",
        ),
        (
            json!({"t": "send", "cmd": cmd, "text": "hi"}),
            "conversation",
        ),
        (
            json!({"t": "send", "cmd": cmd, "conversation": "x", "text": "hi"}),
            "conversation",
        ),
        (
            json!({"t": "send", "cmd": cmd, "conversation": id, "text": ""}),
            "text",
        ),
        (
            json!({"t": "transfer", "cmd": cmd, "conversation": id}),
            "to",
        ),
        (
            json!({"t": "transfer", "cmd": cmd, "conversation": id, "to": {}}),
            "to",
        ),
        (
            json!({"t": "transfer", "cmd": cmd, "conversation": id, "to": {"agent": "x"}}),
            "to",
        ),
        (
            json!({"t": "close", "cmd": cmd, "conversation": id, "tags": "a"}),
            "tags",
        ),
        (
            json!({"t": "close", "cmd": cmd, "conversation": id, "tags": [5]}),
            "tags",
        ),
        (json!({"t": "lanes"}), "on"),
    ];
    let (mut visitor, _) = raw::welcomed_visitor(&node).await;
    let (mut agent, _) = raw::welcomed_agent(&node, "ben").await;
    let visitor_frames = visitor_frames
        .iter()
        .map(|(frame, field)| (true, frame, field));
    let agent_frames = agent_frames
        .iter()
        .map(|(frame, field)| (false, frame, field));
    for (is_visitor, frame, field) in visitor_frames.chain(agent_frames) {
        let socket = if is_visitor { &mut visitor } else { &mut agent };
        let error = error_after(socket, frame.to_string()).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("bad_field"), &json!(field)),
            "{frame}"
        );
        if frame["t"].is_string() {
            assert_eq!(error["re"], frame["t"], "{frame}");
        }
        if frame["cmd"] == cmd {
            assert_eq!(error["cmd"], cmd, "{frame}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_text_has_one_to_ten_thousand_characters_whatever_their_bytes() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("first").await;
    let longest = "😀".repeat(10_000);
    vera.send(&longest).await.unwrap();
    let seen = vera.expect_text(&longest).await.unwrap();
    assert_eq!(seen.text().map(|text| text.chars().count()), Some(10_000));
    for (text, code) in [
        ("", "bad_field"),
        (" \t\n\u{a0}", "bad_field"),
        ("a\u{0}b", "bad_field"),
        (&"é".repeat(10_001), "too_large"),
    ] {
        let refusal = crate::support::refused(vera.send(text).await);
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            (code, Some("text"))
        );
    }
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn texts_come_back_as_they_were_sent() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 1).await;
    let mut vera = node.visitor_who_says("first").await;
    ben.next_assigned().await.unwrap();
    for text in [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "'; drop table event; --",
        "\u{202e}gnirts\u{202c} e\u{301} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "line\r\nline\ttab \\ \" / \u{7f}\u{85}\u{2028}",
        "  spaces around  ",
        "\u{1}\u{1b}[31m",
    ] {
        vera.send(text).await.unwrap();
        ben.expect_text(text).await.unwrap();
    }
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn before_hello_only_hello_and_ping_are_answered() {
    let node = Node::start().await;
    let mut visitor = raw::visitor_socket(&node).await;
    let mut agent = node.as_person("ben").socket("/ws/agent").await.unwrap();
    let cmd = CommandId::fresh();
    for socket in [&mut visitor, &mut agent] {
        socket
            .say(json!({"t": "ping", "n": 1}).to_string())
            .await
            .unwrap();
        next(socket, "pong").await;
    }
    let start = json!({"t": "start", "cmd": cmd, "text": "help"});
    let error = error_after(&mut visitor, start.to_string()).await;
    assert_eq!(
        (&error["code"], &error["cmd"]),
        (&json!("wrong_state"), &json!(cmd))
    );
    let status = json!({"t": "status", "status": "online"});
    let error = error_after(&mut agent, status.to_string()).await;
    assert_eq!(
        (&error["code"], &error["re"]),
        (&json!("wrong_state"), &json!("status"))
    );
    visitor.say(raw::hello().to_string()).await.unwrap();
    let welcome = next(&mut visitor, "welcome").await;
    assert!(
        welcome.get("conversation").is_none(),
        "nothing was started: {welcome}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_never_says_hello_is_closed_with_1008_after_ten_seconds() {
    let node = Node::start().await;
    let mut visitor = raw::visitor_socket(&node).await;
    let mut agent = node.as_person("ben").socket("/ws/agent").await.unwrap();
    let began = Instant::now();
    // Being alive is no greeting.
    for socket in [&mut visitor, &mut agent] {
        socket
            .say(json!({"t": "ping", "n": 1}).to_string())
            .await
            .unwrap();
    }
    let (visitor, agent) = tokio::join!(visitor.closed_within(15_000), agent.closed_within(15_000));
    assert_eq!((visitor.unwrap().0, agent.unwrap().0), (1008, 1008));
    assert!(
        began.elapsed() >= Duration::from_secs(9),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn somebody_elses_conversation_is_out_of_reach_of_a_visitor() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("mine").await;
    let conversation = vera.conversation().unwrap();
    let (mut socket, _) = raw::welcomed_visitor(&node).await;
    let mut hello = raw::hello();
    hello["conversation"] = json!(conversation);
    hello["after"] = json!(0);
    socket.say(hello.to_string()).await.unwrap();
    let welcome = next(&mut socket, "welcome").await;
    assert!(welcome.get("conversation").is_none(), "{welcome}");
    let send =
        json!({"t": "send", "cmd": CommandId::fresh(), "conversation": conversation, "text": "hi"});
    let error = error_after(&mut socket, send.to_string()).await;
    assert_eq!(
        error["code"], "wrong_state",
        "a visitor speaks in the own conversation, and has none"
    );
    vera.send("only mine").await.unwrap();
    let nothing = socket.hear_within(300).await;
    assert!(
        matches!(nothing, Err(Trouble::Deadline { .. })),
        "{nothing:?}"
    );
    assert_eq!(vera.read_log().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn http_bodies_that_are_wrong_get_a_problem_and_never_a_fault_of_ours() {
    let node = Node::start().await;
    let host = node.address();
    let login = |kind: &str, body: &[u8]| {
        let mut bytes = format!(
            "POST /api/login HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        bytes
    };
    let huge = vec![b' '; 4 * 1024 * 1024];
    let deep = "[".repeat(50_000);
    for (bytes, statuses) in [
        (login("application/json", b"{"), [400, 400]),
        (login("application/json", b"[1]"), [400, 400]),
        (
            login("application/json", b"{\"email\":5,\"password\":\"x\"}"),
            [400, 400],
        ),
        (
            login("application/json", b"{\"email\":\"\xff\"}"),
            [400, 400],
        ),
        (login("application/json", deep.as_bytes()), [400, 413]),
        (login("text/plain", b"{}"), [415, 415]),
        (login("application/json", &huge), [413, 413]),
    ] {
        let answer = exchange(&node, &bytes, Duration::from_secs(5)).await;
        let status = answer.status().unwrap_or_default();
        assert!(statuses.contains(&status), "{}", answer.answer);
        assert!(
            answer.answer.contains("application/problem+json"),
            "{}",
            answer.answer
        );
    }
    let answer = node
        .stranger()
        .http("GET", "/api/nothing", None)
        .await
        .unwrap();
    assert_eq!(answer.status, 404);
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["status"], 404);
}
