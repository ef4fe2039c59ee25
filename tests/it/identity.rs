//! Visitors whom the site vouches for: signed identities over the socket.

use std::time::{SystemTime, UNIX_EPOCH};

use balie_loadtest::participant::visitor::Visitor;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::raw::{self, close_code, error_after, next};
use crate::support::refused;

const SECRET: &str = "a secret that only the shop and the server know";

/// A node whose demo shop signs identities.
async fn signing() -> Node {
    let node = Node::start().await;
    node.administer(
        "PATCH",
        "/api/sites/demo",
        json!({"identity_secret": SECRET}),
    )
    .await;
    node
}

fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

fn signed_with(secret: &str, claims: &Value) -> String {
    let header = Header::new(Algorithm::HS256);
    encode(
        &header,
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .unwrap()
}

/// The shop says who this is; `more` are claims beside those it must say.
fn signed(subject: &str, more: Value) -> String {
    let mut claims = json!({"sub": subject, "aud": "demo", "exp": now_s() + 600});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    signed_with(SECRET, &claims)
}

async fn identified(node: &Node, subject: &str) -> Visitor {
    let identity = signed(subject, json!({}));
    node.visitor_builder()
        .identity(&identity)
        .connect()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_same_subject_is_the_same_visitor_on_every_device() {
    let node = signing().await;
    let mut phone = identified(&node, "customer-1").await;
    let laptop = identified(&node, "customer-1").await;
    let other = identified(&node, "customer-2").await;
    assert_eq!(phone.id(), laptop.id());
    assert_ne!(phone.id(), other.id());
    let ack = phone.start("on my phone").await.unwrap();
    let mut laptop = laptop;
    laptop.expect_text("on my phone").await.unwrap();
    assert_eq!(laptop.conversation(), Some(ack.conversation));
    phone.finish().await.unwrap();
    laptop.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn agents_see_what_the_site_signed_and_what_the_visitor_only_says() {
    let node = signing().await;
    let identity = signed(
        "customer-1",
        json!({"name": "Vera", "email": "vera@home.example", "attributes": {"plan": "gold"}}),
    );
    let mut vera = node
        .visitor_builder()
        .identity(&identity)
        .connect()
        .await
        .unwrap();
    let fields = json!({"text": "help", "fields": {"name": "Somebody Else", "order": "17"}});
    let conversation = vera.start_with(fields).await.unwrap().conversation;
    let mut sue = node.agent("sue").await;
    let visitor = sue.open(conversation, None).await.unwrap()["visitor"].clone();
    assert_eq!(visitor["verified"], true);
    assert_eq!(
        (&visitor["name"], &visitor["email"]),
        (&json!("Vera"), &json!("vera@home.example"))
    );
    assert_eq!(
        visitor["attributes"]["plan"],
        json!({"value": "gold", "signed": true})
    );
    assert_eq!(
        visitor["attributes"]["order"],
        json!({"value": "17", "signed": false})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_signed_priority_goes_first_and_a_claimed_one_counts_for_nothing() {
    let node = signing().await;
    let mut first = node.visitor_who_says("first").await;
    let mut pushy = node.visitor().await;
    pushy
        .start_with(json!({"text": "me!", "priority": 2, "fields": {"priority": "2"}}))
        .await
        .unwrap();
    let identity = signed("gold", json!({"priority": 2}));
    let mut gold = node
        .visitor_builder()
        .identity(&identity)
        .connect()
        .await
        .unwrap();
    gold.start("gold").await.unwrap();
    let mut ben = node.online("ben", 1).await;
    for expected in [&mut gold, &mut first, &mut pushy] {
        let conversation = ben.next_assigned().await.unwrap();
        assert_eq!(Some(conversation), expected.conversation());
        ben.end(conversation).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_open_conversation_joins_the_identity_and_follows_on() {
    let node = signing().await;
    let mut ben = node.online("ben", 1).await;
    let anonymous = node.visitor_who_says("before I signed in").await;
    let conversation = ben.next_assigned().await.unwrap();
    let identity = signed("customer-1", json!({"name": "Vera"}));
    let mut vera = node
        .visitor_builder()
        .token(&anonymous.token())
        .identity(&identity)
        .connect()
        .await
        .unwrap();
    assert_eq!(vera.conversation(), Some(conversation));
    assert_ne!(vera.id(), anonymous.id());
    vera.expect_text("before I signed in").await.unwrap();
    ben.send(conversation, "welcome").await.unwrap();
    vera.expect_text("welcome").await.unwrap();
    vera.send("thanks").await.unwrap();
    ben.expect_text("thanks").await.unwrap();
    // From another device of the customer's as well.
    let mut phone = identified(&node, "customer-1").await;
    phone.expect_text("thanks").await.unwrap();
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_closed_conversation_does_not_join_the_identity() {
    let node = signing().await;
    let mut anonymous = node.visitor_who_says("somebody else's words").await;
    anonymous.leave().await.unwrap();
    let vera = node
        .visitor_builder()
        .token(&anonymous.token())
        .identity(&signed("customer-1", json!({})))
        .connect()
        .await
        .unwrap();
    assert_eq!(vera.conversation(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_of_another_subject_is_a_conflict() {
    let node = signing().await;
    let token = identified(&node, "customer-1").await.token();
    let mut socket = raw::visitor_socket(&node).await;
    let mut hello = raw::hello();
    hello["token"] = json!(token);
    hello["identity"] = json!(signed("customer-2", json!({})));
    let error = error_after(&mut socket, hello.to_string()).await;
    assert_eq!(
        (&error["code"], &error["re"]),
        (&json!("conflict"), &json!("hello"))
    );
    // Without it the customer is who the site says.
    hello.as_object_mut().unwrap().remove("token");
    socket.say(hello.to_string()).await.unwrap();
    next(&mut socket, "welcome").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_identity_that_is_no_good_is_unauthorized_and_ends_the_socket() {
    let node = signing().await;
    let claims = |more: Value| {
        let mut claims = json!({"sub": "x", "aud": "demo", "exp": now_s() + 600});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    };
    let unsigned = {
        use base64::Engine as _;
        let part = |value: Value| {
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
        };
        format!(
            "{}.{}.",
            part(json!({"alg": "none", "typ": "JWT"})),
            part(claims(json!({})))
        )
    };
    for (what, identity) in [
        (
            "another secret",
            signed_with("some other secret of enough length", &claims(json!({}))),
        ),
        ("no signature", unsigned),
        (
            "expired",
            signed_with(SECRET, &claims(json!({"exp": now_s() - 3_600}))),
        ),
        (
            "good for a day",
            signed_with(SECRET, &claims(json!({"exp": now_s() + 86_400}))),
        ),
        (
            "for another site",
            signed_with(SECRET, &claims(json!({"aud": "other"}))),
        ),
        (
            "of nobody",
            signed_with(SECRET, &json!({"aud": "demo", "exp": now_s() + 600})),
        ),
        (
            "without an end",
            signed_with(SECRET, &json!({"sub": "x", "aud": "demo"})),
        ),
        ("no token at all", "a.b.c".to_owned()),
    ] {
        let mut socket = raw::visitor_socket(&node).await;
        let mut hello = raw::hello();
        hello["identity"] = json!(identity);
        let error = error_after(&mut socket, hello.to_string()).await;
        assert_eq!(error["code"], "unauthorized", "{what}");
        assert_eq!(close_code(&mut socket).await, 1008, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_public_key_is_no_secret() {
    let node = Node::start().await;
    let public = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/keys/es256.pub.pem"
    ))
    .unwrap();
    let private =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/es256.pem")).unwrap();
    let settings = json!({"identity_secret": null, "identity_public_key": public});
    node.administer("PATCH", "/api/sites/demo", settings).await;
    let claims = json!({"sub": "customer-1", "aud": "demo", "exp": now_s() + 600});
    let good = encode(
        &Header::new(Algorithm::ES256),
        &claims,
        &EncodingKey::from_ec_pem(&private).unwrap(),
    )
    .unwrap();
    node.visitor_builder()
        .identity(&good)
        .connect()
        .await
        .unwrap();
    let mut socket = raw::visitor_socket(&node).await;
    let mut hello = raw::hello();
    hello["identity"] = json!(signed_with(&public, &claims));
    let error = error_after(&mut socket, hello.to_string()).await;
    assert_eq!(error["code"], "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_is_answered_at_the_address_that_the_site_signed() {
    let node = signing().await;
    let left = json!({"mode": "message", "text": "Call me back"});
    let mut unknown = identified(&node, "customer-1").await;
    let refusal = refused(unknown.start_with(left.clone()).await);
    assert_eq!(
        refusal.field.as_deref(),
        Some("fields.email"),
        "signed, but no address"
    );
    let identity = signed("customer-2", json!({"email": "vera@home.example"}));
    let known = node.visitor_builder().identity(&identity).connect();
    known.await.unwrap().start_with(left).await.unwrap();
}
