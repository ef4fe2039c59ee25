//! Who is let in: origins, sites, credentials, and handshakes that are none.

use std::time::Duration;

use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::CommandId;
use serde_json::json;

use crate::support::node::Node;
use crate::support::raw::{self, close_code, error_after, exchange, next, upgrade_status};
use crate::support::scenes::all_is_well;

/// A server that has said all it has to say is silent for so long.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitor_from_no_known_origin_is_turned_away_at_the_upgrade() {
    let node = Node::start().await;
    let own = node.url();
    let port = node.address().port();
    let absent = node.stranger();
    assert_eq!(upgrade_status(&absent, "/ws/visitor").await, 403);
    for origin in [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("{own}.evil.example"),
        format!("{own}/"),
        own.replace("http:", "https:"),
        // The public address is set, so loopback by another name is somebody else.
        format!("http://localhost:{port}"),
    ] {
        let dial = node.stranger().with_header("origin", &origin);
        assert_eq!(upgrade_status(&dial, "/ws/visitor").await, 403, "{origin}");
    }
    let host = node
        .stranger()
        .with_header("host", "evil.example")
        .with_header("origin", "http://evil.example");
    assert_eq!(upgrade_status(&host, "/ws/visitor").await, 403);
    let good = node.stranger().with_header("origin", &own);
    assert_eq!(upgrade_status(&good, "/ws/visitor").await, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_a_public_address_every_name_of_loopback_is_the_servers_own() {
    let node = Node::with(&[("BALIE_PUBLIC_URL", "")]).await;
    let port = node.address().port();
    for (host, status) in [
        ("127.0.0.1", 101),
        ("localhost", 101),
        ("[::1]", 101),
        ("evil.example", 403),
    ] {
        let dial = node
            .stranger()
            .with_header("origin", &format!("http://{host}:{port}"));
        assert_eq!(upgrade_status(&dial, "/ws/visitor").await, status, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_page_of_one_site_may_not_speak_for_another() {
    let node = Node::start().await;
    node.administer(
        "POST",
        "/api/sites",
        json!({"key": "other", "name": "Other", "origins": ["https://other.example"], "departments": ["sales"]}),
    )
    .await;
    let dial = node
        .stranger()
        .with_header("origin", "https://other.example");
    for site in ["demo", "nowhere"] {
        let mut socket = dial.socket("/ws/visitor").await.unwrap();
        let mut hello = raw::hello();
        hello["site"] = json!(site);
        let error = error_after(&mut socket, hello.to_string()).await;
        assert_eq!(
            (&error["code"], &error["re"]),
            (&json!("forbidden"), &json!("hello")),
            "{site}"
        );
        assert_eq!(close_code(&mut socket).await, 1008, "{site}");
    }
    let mut socket = dial.socket("/ws/visitor").await.unwrap();
    let mut hello = raw::hello();
    hello["site"] = json!("other");
    socket.say(hello.to_string()).await.unwrap();
    next(&mut socket, "welcome").await;
    // Only what that site offers.
    let start = json!({"t": "start", "cmd": CommandId::fresh(), "department": "support"});
    let error = error_after(&mut socket, start.to_string()).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("bad_field"), &json!("department"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_that_is_no_good_is_unauthorized_and_never_a_new_identity() {
    let node = Node::start().await;
    node.administer(
        "POST",
        "/api/sites",
        json!({"key": "other", "name": "Other", "origins": ["self"], "departments": ["sales"]}),
    )
    .await;
    let good = node.visitor().await.token();
    let foreign = Visitor::connect(&node.url(), "other")
        .await
        .unwrap()
        .token();
    let mut flipped = good.clone().into_bytes();
    let middle = flipped.len() / 2;
    flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for token in [
        "",
        "nonsense",
        &good[..good.len() - 1],
        &format!("{good}A"),
        &flipped,
        &foreign,
        node.token_of("ben"),
    ] {
        let mut socket = raw::visitor_socket(&node).await;
        let mut hello = raw::hello();
        hello["token"] = json!(token);
        let error = error_after(&mut socket, hello.to_string()).await;
        assert_eq!(error["code"], "unauthorized", "{token}");
        assert_eq!(close_code(&mut socket).await, 1008, "{token}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_agents_door_opens_to_a_session_of_ours_or_an_api_token_only() {
    let node = Node::start().await;
    let own = node.url();
    let cookie = node.sign_in("ben").await;
    let path = "/ws/agent";
    let status = async |dial| upgrade_status(&dial, path).await;
    assert_eq!(status(node.stranger()).await, 401);
    let bearer = |token: &str| {
        node.stranger()
            .with_header("authorization", &format!("Bearer {token}"))
    };
    assert_eq!(status(bearer("balie_nonsense")).await, 401);
    assert_eq!(status(bearer("")).await, 401);
    let visitor = node.visitor().await.token();
    assert_eq!(status(bearer(&visitor)).await, 401);
    assert_eq!(status(bearer(node.token_of("ben"))).await, 101);
    assert_eq!(status(node.with_cookie(&cookie)).await, 101);
    let foreign = node
        .with_cookie(&cookie)
        .with_header("origin", "http://evil.example");
    assert_eq!(status(foreign).await, 403);
    // An origin that a site allows is a shop's page, not the panel.
    node.administer(
        "PATCH",
        "/api/sites/demo",
        json!({"origins": ["self", "https://shop.example"]}),
    )
    .await;
    let shop = node
        .with_cookie(&cookie)
        .with_header("origin", "https://shop.example");
    assert_eq!(status(shop).await, 403);
    let wrong = node
        .stranger()
        .with_header("cookie", "balie_session=nonsense")
        .with_header("origin", &own);
    assert_eq!(status(wrong).await, 401);
    let none = node.with_cookie(&cookie).without_header("origin");
    assert!(
        [401, 403].contains(&status(none).await),
        "a browser always says its origin"
    );
    // Never in a URL.
    let in_url = format!("/ws/agent?token={}", node.token_of("ben"));
    assert_eq!(upgrade_status(&node.stranger(), &in_url).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_upgrade_that_is_none_gets_an_http_answer() {
    let node = Node::start().await;
    let origin = node.url();
    let host = node.address();
    let head = |lines: &str| {
        format!("GET /ws/visitor HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{lines}\r\n")
    };
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    for (what, lines) in [
        ("nothing of it", String::new()),
        ("no key", format!("{upgrade}{version}")),
        ("no version", format!("{upgrade}{key}")),
        (
            "an old version",
            format!("{upgrade}{key}Sec-WebSocket-Version: 8\r\n"),
        ),
        (
            "no upgrade",
            format!("Connection: Upgrade\r\n{key}{version}"),
        ),
        (
            "no connection",
            format!("Upgrade: websocket\r\n{key}{version}"),
        ),
        (
            "a key of no length",
            format!("{upgrade}Sec-WebSocket-Key: \r\n{version}"),
        ),
        (
            "a short key",
            format!("{upgrade}Sec-WebSocket-Key: c2hvcnQ=\r\n{version}"),
        ),
        (
            "a key that is no base64",
            format!("{upgrade}Sec-WebSocket-Key: ????????????????????????\r\n{version}"),
        ),
        ("two keys", format!("{upgrade}{key}{key}{version}")),
        (
            "two hosts",
            format!("{upgrade}{key}{version}Host: evil.example\r\n"),
        ),
    ] {
        let answer = exchange(&node, head(&lines).as_bytes(), SOON).await;
        let status = answer.status().unwrap_or_default();
        assert!((400..500).contains(&status), "{what}: {}", answer.answer);
    }
    let post = format!(
        "POST /ws/visitor HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{upgrade}{key}{version}\r\n"
    );
    let status = exchange(&node, post.as_bytes(), SOON).await.status();
    assert!(matches!(status, Some(400 | 405)), "{status:?}");
    let good = exchange(
        &node,
        head(&format!("{upgrade}{key}{version}")).as_bytes(),
        Duration::from_millis(300),
    )
    .await;
    assert_eq!(good.status(), Some(101), "{}", good.answer);
    assert!(
        good.answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        "{}",
        good.answer
    );
    all_is_well(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bytes_that_are_no_http_end_the_connection() {
    let node = Node::start().await;
    let host = node.address();
    let endless = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nX: {}",
        "x".repeat(64 * 1024)
    );
    let both = format!(
        "POST /api/login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        endless.as_bytes(),
    ] {
        let answer = exchange(&node, bytes, SOON).await;
        assert!(answer.is_closed, "{:?}", answer.answer);
        assert!(
            !answer.answer.starts_with("HTTP/1.1 2"),
            "{}",
            answer.answer
        );
    }
    let answer = exchange(&node, both.as_bytes(), SOON).await;
    assert!(!answer.answer.contains(" 200 "), "{}", answer.answer);
    all_is_well(&node).await;
}
