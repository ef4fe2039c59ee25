//! Who may do what: roles on every resource, people, and API tokens.

use balie::domain::conversation::{Command, Place};
use balie::model::id::AgentId;
use balie::web::rest::SignedOut;
use serde_json::{Value, json};

use super::conversations::{agent_named, start};
use super::{Api, Login, PASSWORD};

/// Method, path, body, and the least role that may.
fn table() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let site = json!({"key": "shop", "name": "Shop", "origins": [], "departments": ["support"]});
    let person = json!({"email": "new@example.com", "name": "New", "password": PASSWORD});
    let reply = json!({"shortcut": "hi", "title": "Hello", "text": "Hello!"});
    vec![
        ("GET", "/api/me", Value::Null, "agent"),
        ("GET", "/api/sessions", Value::Null, "agent"),
        ("GET", "/api/sites", Value::Null, "agent"),
        ("GET", "/api/sites/demo", Value::Null, "agent"),
        ("POST", "/api/sites", site, "admin"),
        ("PATCH", "/api/sites/demo", json!({"name": "Demo"}), "admin"),
        (
            "POST",
            "/api/sites/demo/identity-secret",
            Value::Null,
            "admin",
        ),
        ("DELETE", "/api/sites/nowhere", Value::Null, "admin"),
        ("GET", "/api/departments", Value::Null, "agent"),
        ("GET", "/api/departments/support", Value::Null, "agent"),
        (
            "POST",
            "/api/departments",
            json!({"key": "billing", "name": "Billing"}),
            "admin",
        ),
        (
            "PATCH",
            "/api/departments/support",
            json!({"name": "Support"}),
            "admin",
        ),
        ("DELETE", "/api/departments/nowhere", Value::Null, "admin"),
        ("GET", "/api/agents", Value::Null, "agent"),
        ("POST", "/api/agents", person, "supervisor"),
        ("GET", "/api/conversations", Value::Null, "agent"),
        ("GET", "/api/tags", Value::Null, "agent"),
        ("POST", "/api/tags", json!({"tag": "refund"}), "supervisor"),
        ("DELETE", "/api/tags/nowhere", Value::Null, "supervisor"),
        ("GET", "/api/canned-replies", Value::Null, "agent"),
        ("POST", "/api/canned-replies", reply, "supervisor"),
    ]
}

#[tokio::test]
async fn every_resource_asks_for_its_role() {
    let (api, ada) = Api::with_ada().await;
    let sue = api.joins(&ada, "Sue", "supervisor", &[]).await;
    let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
    let ranks = ["agent", "supervisor", "admin"];
    for (method, path, body, least) in table() {
        let call = |login: Option<&Login>| {
            let ask = api.ask(method, path);
            let ask = login
                .map(|login| ask.by(login))
                .unwrap_or(api.ask(method, path));
            if body.is_null() {
                ask.send()
            } else {
                ask.body(body.clone()).send()
            }
        };
        assert_eq!(call(None).await.status, 401, "{method} {path} by nobody");
        let rank = ranks.iter().position(|rank| *rank == least).unwrap();
        for (index, login) in [&ben, &sue, &ada].into_iter().enumerate() {
            let status = call(Some(login)).await.status;
            let role = ranks[index];
            assert_eq!(
                status == 403,
                index < rank,
                "{method} {path} by {role}: {status}"
            );
            assert_ne!(status, 401, "{method} {path} by {role}");
        }
    }
}

#[tokio::test]
async fn a_supervisor_manages_agents_and_nobody_above() {
    let (api, ada) = Api::with_ada().await;
    let sue = api.joins(&ada, "Sue", "supervisor", &[]).await;
    let ben = api.joins(&sue, "Ben", "agent", &["support"]).await;
    for role in ["supervisor", "admin"] {
        let person =
            json!({"email": "x@example.com", "name": "X", "role": role, "password": PASSWORD});
        let answer = api.post("/api/agents").by(&sue).body(person).send().await;
        assert_eq!(answer.status, 403, "{role}");
        let promotion = json!({ "role": role });
        let path = format!("/api/agents/{}", ben.id);
        assert_eq!(
            api.patch(&path)
                .by(&sue)
                .body(promotion)
                .send()
                .await
                .status,
            403
        );
    }
    for above in [&ada, &sue] {
        let path = format!("/api/agents/{}", above.id);
        let rename = json!({"name": "Other"});
        assert_eq!(
            api.patch(&path).by(&sue).body(rename).send().await.status,
            403
        );
        assert_eq!(api.delete(&path).by(&sue).send().await.status, 403);
    }
    let path = format!("/api/agents/{}", ben.id);
    let change = json!({"departments": ["sales"], "capacity": 5, "name": "Benjamin", "email": "b@example.com"});
    let answer = api.patch(&path).by(&sue).body(change).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["departments"], json!(["sales"]));
    assert_eq!(
        (&answer.body["capacity"], &answer.body["name"]),
        (&json!(5), &json!("Benjamin"))
    );
    assert_eq!(api.log_in("b@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn nobody_changes_their_own_role_and_the_last_administrator_stays() {
    let (api, ada) = Api::with_ada().await;
    let own = format!("/api/agents/{}", ada.id);
    let demotion = json!({"role": "agent"});
    assert_eq!(
        api.patch(&own)
            .by(&ada)
            .body(demotion.clone())
            .send()
            .await
            .status,
        403
    );
    assert_eq!(api.delete(&own).by(&ada).send().await.status, 409);
    let eve = api.joins(&ada, "Eve", "admin", &[]).await;
    assert_eq!(
        api.patch(&own).by(&eve).body(demotion).send().await.status,
        200
    );
    let last = format!("/api/agents/{}", eve.id);
    assert_eq!(api.delete(&last).by(&eve).send().await.status, 409);
    assert_eq!(api.get("/api/me").by(&eve).send().await.status, 200);
    let answer = api
        .post("/api/tags")
        .by(&ada)
        .body(json!({"tag": "x"}))
        .send()
        .await;
    assert_eq!(answer.status, 403, "a role holds from the next request on");
}

#[tokio::test]
async fn wrong_words_about_a_person_are_named() {
    let (api, ada) = Api::with_ada().await;
    let add = |change: Value| {
        let mut person = json!({"email": "x@example.com", "name": "X Y", "password": PASSWORD});
        for (name, value) in change.as_object().unwrap() {
            person[name] = value.clone();
        }
        api.post("/api/agents").by(&ada).body(person).send()
    };
    assert_eq!(add(json!({"email": "x"})).await.refusal(), (400, "email"));
    assert_eq!(
        add(json!({"email": "ADA@example.com"})).await.refusal(),
        (409, "email")
    );
    assert_eq!(add(json!({"name": " "})).await.refusal(), (400, "name"));
    assert_eq!(
        add(json!({"password": "qwertyuiop"})).await.refusal(),
        (400, "password")
    );
    assert_eq!(add(json!({"role": "boss"})).await.refusal(), (400, "role"));
    assert_eq!(
        add(json!({"departments": ["nowhere"]})).await.refusal(),
        (400, "departments")
    );
    let twice = json!({"departments": ["support", "support"]});
    assert_eq!(add(twice).await.refusal(), (400, "departments"));
    assert_eq!(
        add(json!({"departments": ["Not a key"]})).await.refusal(),
        (400, "departments[0]")
    );
    assert_eq!(
        add(json!({"capacity": 101})).await.refusal(),
        (400, "capacity")
    );
    assert_eq!(
        add(json!({"capacity": -1})).await.refusal(),
        (400, "capacity")
    );
    assert_eq!(add(json!({"rank": 1})).await.refusal(), (400, "rank"));
    let own = format!("/api/agents/{}", ada.id);
    let password = json!({"password": "another horse entirely"});
    assert_eq!(
        api.patch(&own)
            .by(&ada)
            .body(password)
            .send()
            .await
            .refusal(),
        (400, "password")
    );
}

#[tokio::test]
async fn agents_do_not_see_each_others_addresses() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
    let list = api.get("/api/agents").by(&ben).send().await;
    let agents = list.body["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 2);
    for agent in agents {
        let is_own = agent["id"] == ben.id.as_str();
        assert_eq!(agent.get("email").is_some(), is_own, "{agent}");
        assert_eq!(agent["status"], "offline");
    }
    let seen = api
        .get(&format!("/api/agents/{}", ben.id))
        .by(&ada)
        .send()
        .await;
    assert_eq!(seen.body["email"], "ben@example.com");
}

#[tokio::test]
async fn a_removed_person_is_out_and_their_visitors_wait_again() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
    let chat = start(&api, "support").await;
    let agent = agent_named(&api, &ben, true).await;
    let take = Command::Take {
        agent,
        is_supervisor: false,
    };
    api.append(chat.id, take).await;
    api.signed_out();
    let path = format!("/api/agents/{}", ben.id);
    assert_eq!(api.delete(&path).by(&ada).send().await.status, 204);
    assert_eq!(api.get("/api/me").by(&ben).send().await.status, 401);
    assert_eq!(api.log_in("ben@example.com", PASSWORD).await.status, 401);
    assert_eq!(api.delete(&path).by(&ada).send().await.status, 404);
    let person: AgentId = ben.id.parse().unwrap();
    assert_eq!(api.signed_out(), [SignedOut::Person(person)]);
    let waiting = api.rest.store.conversation(chat.id).await.unwrap().unwrap();
    assert!(
        matches!(waiting.place, Place::Waiting { .. }),
        "{waiting:?}"
    );
    assert_eq!(waiting.enqueued_at, chat.enqueued_at);
}

#[tokio::test]
async fn a_password_set_by_somebody_else_ends_all_sessions() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &[]).await;
    api.signed_out();
    let path = format!("/api/agents/{}", ben.id);
    let reset = json!({"password": "another horse entirely"});
    assert_eq!(
        api.patch(&path).by(&ada).body(reset).send().await.status,
        200
    );
    assert_eq!(api.get("/api/me").by(&ben).send().await.status, 401);
    assert!(matches!(
        &api.signed_out()[..],
        [SignedOut::Logins { except: None, .. }]
    ));
    assert_eq!(
        api.log_in("ben@example.com", "another horse entirely")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_removed() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &[]).await;
    let cas = api.joins(&ada, "Cas", "supervisor", &[]).await;
    let path = format!("/api/agents/{}/tokens", ben.id);
    let label = json!({"label": "The shop"});
    assert_eq!(
        api.post(&path)
            .by(&cas)
            .body(label.clone())
            .send()
            .await
            .status,
        404
    );
    assert_eq!(api.get(&path).by(&cas).send().await.status, 404);
    let issued = api.post(&path).by(&ada).body(label).send().await;
    assert_eq!(issued.status, 201);
    let secret = issued.body["token"].as_str().unwrap();
    let me = api.get("/api/me").bearer(secret).send().await;
    assert_eq!(me.body["agent"]["id"], ben.id.as_str());
    assert!(me.headers.get("set-cookie").is_none());
    let list = api.get(&path).by(&ben).send().await;
    assert_eq!(list.body["tokens"][0]["label"], "The shop");
    assert!(!list.body.to_string().contains(secret));
    let one = format!("{path}/{}", issued.body["id"].as_str().unwrap());
    assert_eq!(api.delete(&one).by(&cas).send().await.status, 404);
    assert_eq!(api.delete(&one).by(&ben).send().await.status, 204);
    assert_eq!(api.get("/api/me").bearer(secret).send().await.status, 401);
    assert_eq!(api.delete(&one).by(&ben).send().await.status, 404);
    let empty = json!({"label": ""});
    assert_eq!(
        api.post(&path).by(&ben).body(empty).send().await.refusal(),
        (400, "label")
    );
}
