//! Messages that are left over HTTP, where a network forbids WebSockets.

use balie::model::event::{Body as EventBody, Mode, View};
use balie::model::id::ConversationId;
use balie::model::time::Millis;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Api, OWN, STARTS_PER_MIN};

const PATH: &str = "/api/sites/demo/messages";

fn message(text: &str) -> Value {
    json!({"cmd": Uuid::now_v7(), "fields": {"name": "Vera", "email": " vera@example.com "}, "text": text})
}

impl Api {
    /// Leaves it from a page of the demo site.
    async fn leaves(&self, message: &Value) -> Answer {
        let post = self.post(PATH).header("origin", OWN);
        post.body(message.clone()).send().await
    }
}

fn id_in(answer: &Answer) -> ConversationId {
    answer.body["conversation"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_message_left_waits_in_the_line_for_whoever_comes() {
    let (api, ada) = Api::with_ada().await;
    let mut left = message("Do you repair older bikes?");
    let more = json!({
        "department": "sales", "lang": "nl", "tz": "Europe/Amsterdam",
        "page": {"url": "https://shop.example/repairs", "title": "Repairs"},
    });
    left.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let answer = api.leaves(&left).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("access-control-allow-origin"), OWN);
    assert_eq!(answer.header("vary"), "Origin");
    let id = id_in(&answer);
    let log = api.rest.store.events(id, View::Agent, 0, 10).await.unwrap();
    let last = &log.events.last().unwrap().1;
    assert_eq!(answer.body["seq"], last.seq);
    assert_eq!(answer.body["at"], last.at.0);
    assert!(
        matches!(&last.body, EventBody::Message { text, .. } if text == "Do you repair older bikes?")
    );
    assert!(matches!(
        &log.events[0].1.body,
        EventBody::Queued {
            mode: Mode::Message,
            ..
        }
    ));

    let path = format!("/api/conversations/{id}");
    let shown = api.get(&path).by(&ada).send().await.body;
    assert_eq!(
        (&shown["mode"], &shown["state"]),
        (&json!("message"), &json!("queued"))
    );
    assert_eq!(shown["department"], "sales");
    let visitor = &shown["visitor"];
    assert_eq!(
        (&visitor["email"], &visitor["lang"]),
        (&json!("vera@example.com"), &json!("nl"))
    );
    assert_eq!(visitor["page"]["title"], "Repairs");

    // The token makes the browser this visitor: it reads the log, and has one conversation open.
    let token = answer.body["token"].as_str().unwrap();
    let log = api
        .get(&format!("{path}/events"))
        .bearer(token)
        .send()
        .await;
    assert_eq!(log.body["events"].as_array().unwrap().len(), 2);
    let again = api.post(PATH).header("origin", OWN).bearer(token);
    let again = again.body(message("And another thing")).send().await;
    assert_eq!(again.status, 409, "{}", again.body);
    // Nobody's grace runs out.
    api.clock.advance(Millis::seconds(24 * 60 * 60));
    assert_eq!(api.get(&path).by(&ada).send().await.body["state"], "queued");
}

#[tokio::test]
async fn a_message_is_left_once_however_often_it_is_sent() {
    let api = Api::fresh().await;
    let left = message("Hello");
    let first = api.leaves(&left).await;
    let mut other_words = left.clone();
    other_words["text"] = json!("Other words");
    let second = api.leaves(&other_words).await;
    for member in ["conversation", "seq", "at"] {
        assert_eq!(first.body[member], second.body[member], "{member}");
    }
    assert_eq!(api.rest.store.open_conversations().await.unwrap().len(), 1);
    let key = "demo".parse().unwrap();
    let tokens = &api.rest.accounts.visitor_tokens;
    let visitor = |answer: &Answer| {
        let token = answer.body["token"].as_str().unwrap();
        tokens.verify(token, &key, api.rest.clock.now()).unwrap()
    };
    assert_eq!(
        visitor(&first),
        visitor(&second),
        "whoever lost the first answer is the same visitor"
    );
    // Whoever learns the command from the log much later does not become the visitor by it.
    api.clock.advance(Millis::seconds(10 * 60));
    let late = api.leaves(&left).await;
    assert_eq!(late.body["conversation"], first.body["conversation"]);
    assert!(late.body.get("token").is_none(), "{}", late.body);
    let token = first.body["token"].as_str().unwrap();
    let post = api.post(PATH).header("origin", OWN).bearer(token);
    assert!(post.body(left).send().await.body["token"].is_string());
}

#[tokio::test]
async fn only_pages_of_the_site_leave_messages_there() {
    let (api, ada) = Api::with_ada().await;
    let site = json!({"key": "shop", "name": "Shop", "origins": ["https://shop.example"], "departments": ["support"]});
    assert_eq!(
        api.post("/api/sites")
            .by(&ada)
            .body(site)
            .send()
            .await
            .status,
        201
    );
    let from = |path: &'static str, origin: &'static str| {
        let post = api.post(path).header("origin", origin);
        post.body(message("Hello")).send()
    };
    let shop = "/api/sites/shop/messages";
    let left = from(shop, "https://shop.example").await;
    assert_eq!(left.status, 201);
    assert_eq!(
        left.header("access-control-allow-origin"),
        "https://shop.example"
    );
    let foreign = from(shop, OWN).await;
    assert_eq!(foreign.status, 403);
    assert_eq!(
        foreign.header("access-control-allow-origin"),
        OWN,
        "its page may read why"
    );
    assert_eq!(from(PATH, "https://shop.example").await.status, 403);
    let nowhere = from("/api/sites/nowhere/messages", OWN).await;
    assert_eq!(nowhere.status, 403);
    assert_eq!(
        nowhere.body["detail"], foreign.body["detail"],
        "not there and not yours look alike"
    );
    let stranger = from(PATH, "https://evil.example").await;
    assert_eq!(
        (
            stranger.status.as_u16(),
            stranger.header("access-control-allow-origin")
        ),
        (403, "")
    );
    assert_eq!(
        api.post(PATH).body(message("Hello")).send().await.status,
        403,
        "without an Origin"
    );

    let ask = api
        .ask("OPTIONS", shop)
        .header("origin", "https://shop.example");
    let asked = ask.send().await;
    assert_eq!(asked.status, 204);
    assert_eq!(asked.header("access-control-allow-methods"), "POST");
    assert_eq!(
        asked.header("access-control-allow-headers"),
        "authorization, content-type"
    );
    assert_eq!(
        asked.header("access-control-allow-origin"),
        "https://shop.example"
    );
    let asked = api
        .ask("OPTIONS", shop)
        .header("origin", "https://evil.example")
        .send()
        .await;
    assert_eq!(asked.header("access-control-allow-origin"), "");

    let token = left.body["token"].as_str().unwrap();
    for token in [token, "forged"] {
        let post = api.post(PATH).header("origin", OWN).bearer(token);
        assert_eq!(
            post.body(message("Hello")).send().await.status,
            401,
            "of another site, or of none"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_named() {
    let (api, ada) = Api::with_ada().await;
    let with = |member: &str, value: Value| {
        let mut left = message("Hello");
        left[member] = value;
        left
    };
    let without = |member: &str| {
        let mut left = message("Hello");
        left.as_object_mut().unwrap().remove(member);
        left
    };
    for (left, status, field) in [
        (without("cmd"), 400, "cmd"),
        (with("cmd", json!("once")), 400, "cmd"),
        (without("text"), 400, "text"),
        (with("text", json!(" \n")), 400, "text"),
        (with("text", json!("x".repeat(10_001))), 413, "text"),
        (without("fields"), 400, "fields.email"),
        (with("fields", json!({"email": " "})), 400, "fields.email"),
        (
            with("fields", json!({"email": "vera@"})),
            400,
            "fields.email",
        ),
        (
            with(
                "fields",
                json!({"email": "v@example.com", "x": "y".repeat(2_001)}),
            ),
            413,
            "fields.x",
        ),
        (with("department", json!("nowhere")), 400, "department"),
        (with("lang", json!("x".repeat(65))), 413, "lang"),
        (with("txet", json!("Hello")), 400, "txet"),
    ] {
        let answer = api.leaves(&left).await;
        // The limit of starts counts these too: it is about how often somebody asks.
        api.clock.advance(Millis::seconds(60));
        assert_eq!(answer.refusal(), (status, field), "{}", answer.body);
    }
    assert!(
        api.rest
            .store
            .open_conversations()
            .await
            .unwrap()
            .is_empty()
    );
    let topic = json!({"name": "topic", "label": "Topic", "kind": "text", "required": true});
    let form = json!({ "form": [topic] });
    assert_eq!(
        api.patch("/api/sites/demo")
            .by(&ada)
            .body(form)
            .send()
            .await
            .status,
        200
    );
    assert_eq!(
        api.leaves(&message("Hello")).await.refusal(),
        (400, "fields.topic")
    );
}

#[tokio::test]
async fn an_address_leaves_so_many_messages_a_minute() {
    let api = Api::fresh().await;
    let first = message("Hello");
    assert_eq!(api.leaves(&first).await.status, 201);
    for _ in 1..STARTS_PER_MIN {
        assert_eq!(api.leaves(&message("Hello")).await.status, 201);
    }
    let refused = api.leaves(&message("Hello")).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, "60")
    );
    assert_eq!(
        api.leaves(&first).await.status,
        201,
        "a repeat is no new start"
    );
    api.clock.advance(Millis::seconds(60));
    assert_eq!(api.leaves(&message("Hello")).await.status, 201);
}
