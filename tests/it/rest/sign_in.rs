//! Set-up, login, sessions, passwords, and what a cookie is good for.

use balie::model::time::Millis;
use balie::web::rest::SignedOut;
use serde_json::json;

use super::{Api, Login, OWN, PASSWORD};

const DAY: Millis = Millis::seconds(24 * 60 * 60);

#[tokio::test]
async fn the_set_up_link_makes_one_administrator() {
    let api = Api::fresh().await;
    assert_eq!(
        api.get("/api/setup").send().await.body,
        json!({"needed": true})
    );
    let token = api.rest.accounts.setup.token_to_print().unwrap();
    let with = |token: &str, password: &str| {
        let body = json!({"token": token, "name": "Ada", "email": "ada@example.com", "password": password});
        api.post("/api/setup").body(body).send()
    };
    assert_eq!(with("guess", PASSWORD).await.status, 403);
    assert_eq!(
        with(token.reveal(), "short").await.refusal(),
        (400, "password")
    );
    let answer = with(token.reveal(), PASSWORD).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["agent"]["role"], "admin");
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains("Secure"), "{cookie}");
    let me = api.get("/api/me").by(&Login::of(&answer)).send().await;
    assert_eq!(me.body["agent"]["departments"], json!(["sales", "support"]));
    assert_eq!(
        api.get("/api/setup").send().await.body,
        json!({"needed": false})
    );
    assert_eq!(with(token.reveal(), PASSWORD).await.status, 403);
}

#[tokio::test]
async fn wrong_words_are_refused_alike() {
    let (api, _) = Api::with_ada().await;
    let unknown = api.log_in("nobody@example.com", PASSWORD).await;
    let wrong = api.log_in("ada@example.com", "wrong horse battery").await;
    assert_eq!(unknown.status, 401);
    assert_eq!((unknown.status, &unknown.body), (wrong.status, &wrong.body));
    assert_eq!(api.log_in(" ADA@Example.com ", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn ten_failures_are_followed_by_a_wait() {
    let (api, _) = Api::with_ada().await;
    for _ in 0..10 {
        assert_eq!(
            api.log_in("ada@example.com", "wrong horse").await.status,
            401
        );
    }
    let refused = api.log_in("ada@example.com", PASSWORD).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "900");
    assert_eq!(
        api.log_in("someone@example.com", PASSWORD).await.status,
        401
    );
    api.clock.advance(Millis::seconds(900));
    assert_eq!(api.log_in("ada@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_login_takes_the_place_of_the_session_held_before() {
    let (api, before) = Api::with_ada().await;
    let words = json!({"email": "ada@example.com", "password": PASSWORD});
    let answer = api.post("/api/login").by(&before).body(words).send().await;
    let after = Login::of(&answer);
    assert_ne!(before.cookie, after.cookie);
    assert_eq!(api.get("/api/me").by(&before).send().await.status, 401);
    assert_eq!(api.get("/api/me").by(&after).send().await.status, 200);
    assert!(matches!(&api.signed_out()[..], [SignedOut::Sessions(ids)] if ids.len() == 1));
}

#[tokio::test]
async fn a_cookie_changes_something_only_from_a_page_of_ours() {
    let (api, ada) = Api::with_ada().await;
    let rename = |headers: &[(&str, &str)]| {
        let ask = api.patch("/api/me").header("cookie", &ada.cookie);
        let ask = headers
            .iter()
            .fold(ask, |ask, (name, value)| ask.header(name, value));
        ask.body(json!({"name": "Ada L."})).send()
    };
    assert_eq!(rename(&[]).await.status, 403);
    for foreign in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:8081",
        "https://127.0.0.1:8080",
    ] {
        assert_eq!(
            rename(&[("origin", foreign)]).await.status,
            403,
            "{foreign}"
        );
        let both = [("origin", foreign), ("sec-fetch-site", "same-origin")];
        assert_eq!(rename(&both).await.status, 403, "{foreign}");
    }
    assert_eq!(rename(&[("sec-fetch-site", "same-site")]).await.status, 403);
    assert_eq!(
        rename(&[("sec-fetch-site", "same-origin")]).await.status,
        200
    );
    assert_eq!(rename(&[("origin", OWN)]).await.status, 200);
    let read = api.get("/api/me").header("cookie", &ada.cookie);
    assert_eq!(read.send().await.body["agent"]["name"], "Ada L.");
    let out = api
        .post("/api/logout")
        .header("cookie", &ada.cookie)
        .send()
        .await;
    assert_eq!(out.status, 403);
    for path in ["/api/login", "/api/setup", "/api/logout"] {
        let foreign = api.post(path).header("origin", "https://evil.example");
        assert_eq!(foreign.body(json!({})).send().await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_bearer_token_needs_no_page_and_no_other_kind_passes() {
    let (api, ada) = Api::with_ada().await;
    let path = format!("/api/agents/{}/tokens", ada.id);
    let issued = api
        .post(&path)
        .by(&ada)
        .body(json!({"label": "shop"}))
        .send()
        .await;
    let token = issued.body["token"].as_str().unwrap();
    assert!(token.starts_with("balie_"));
    assert_eq!(api.get("/api/me").bearer(token).send().await.status, 200);
    let secret = ada.cookie.split_once('=').unwrap().1;
    for bad in [
        secret,
        "",
        "balie_",
        "balie_x",
        &token[..token.len() - 1],
        "é",
    ] {
        assert_eq!(
            api.get("/api/me").bearer(bad).send().await.status,
            401,
            "{bad}"
        );
    }
    let as_cookie = api
        .get("/api/me")
        .header("cookie", &format!("balie_session={token}"));
    assert_eq!(as_cookie.send().await.status, 401);
    let both = api
        .get("/api/me")
        .by(&ada)
        .header("authorization", "Basic YTpi");
    assert_eq!(both.send().await.status, 401);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let (api, first) = Api::with_ada().await;
    let second = Login::of(&api.log_in("ada@example.com", PASSWORD).await);
    let third = Login::of(&api.log_in("ada@example.com", PASSWORD).await);
    let list = api.get("/api/sessions").by(&second).send().await;
    let sessions = list.body["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 3);
    assert_eq!(
        sessions.iter().filter(|one| one["current"] == true).count(),
        1
    );
    let newest = sessions[0]["id"].as_str().unwrap();
    let path = format!("/api/sessions/{newest}");
    assert_eq!(api.delete(&path).by(&second).send().await.status, 204);
    assert_eq!(api.get("/api/me").by(&third).send().await.status, 401);
    assert_eq!(api.delete(&path).by(&second).send().await.status, 404);
    assert_eq!(api.post("/api/logout").by(&second).send().await.status, 204);
    assert_eq!(api.get("/api/me").by(&second).send().await.status, 401);
    assert_eq!(api.signed_out().len(), 2);
    let fourth = Login::of(&api.log_in("ada@example.com", PASSWORD).await);
    let everywhere = api.delete("/api/sessions").by(&fourth).send().await;
    assert_eq!(everywhere.status, 204);
    assert!(everywhere.header("set-cookie").contains("Max-Age=0"));
    for login in [&first, &fourth] {
        assert_eq!(api.get("/api/me").by(login).send().await.status, 401);
    }
    assert!(matches!(
        &api.signed_out()[..],
        [SignedOut::Logins { except: None, .. }]
    ));
}

#[tokio::test]
async fn nobody_ends_the_sessions_of_others() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
    let own = api.get("/api/sessions").by(&ada).send().await;
    let id = own.body["sessions"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/sessions/{id}");
    assert_eq!(api.delete(&path).by(&ben).send().await.status, 404);
    assert_eq!(api.get("/api/me").by(&ada).send().await.status, 200);
}

#[tokio::test]
async fn a_session_lives_thirty_days_from_its_last_use() {
    let (api, ada) = Api::with_ada().await;
    for _ in 0..3 {
        api.clock.advance(Millis(DAY.0 * 29));
        let answer = api.get("/api/me").by(&ada).send().await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("set-cookie").contains("Max-Age=2592000"));
    }
    api.rest
        .store
        .forget_expired_sessions(api.clock.now())
        .await
        .unwrap();
    assert_eq!(api.get("/api/me").by(&ada).send().await.status, 200);
    api.clock.advance(Millis(DAY.0 * 30));
    assert_eq!(api.get("/api/me").by(&ada).send().await.status, 401);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_no_token() {
    let (api, ada) = Api::with_ada().await;
    let other = Login::of(&api.log_in("ada@example.com", PASSWORD).await);
    let path = format!("/api/agents/{}/tokens", ada.id);
    let issued = api
        .post(&path)
        .by(&ada)
        .body(json!({"label": "shop"}))
        .send()
        .await;
    let token = issued.body["token"].as_str().unwrap().to_owned();
    let change = |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        api.ask("PUT", "/api/me/password")
            .by(&ada)
            .body(body)
            .send()
    };
    let new = "another horse entirely";
    assert_eq!(
        change("not it, surely", new).await.refusal(),
        (400, "current")
    );
    assert_eq!(
        change(PASSWORD, "password123").await.refusal(),
        (400, "new")
    );
    assert_eq!(change(PASSWORD, new).await.status, 204);
    assert_eq!(api.get("/api/me").by(&ada).send().await.status, 200);
    assert_eq!(api.get("/api/me").by(&other).send().await.status, 401);
    assert_eq!(api.get("/api/me").bearer(&token).send().await.status, 200);
    assert!(matches!(
        &api.signed_out()[..],
        [SignedOut::Logins {
            except: Some(_),
            ..
        }]
    ));
    assert_eq!(api.log_in("ada@example.com", PASSWORD).await.status, 401);
    assert_eq!(api.log_in("ada@example.com", new).await.status, 200);
}

#[tokio::test]
async fn fifty_sessions_are_enough_for_anybody() {
    let (api, first) = Api::with_ada().await;
    let ada = api
        .rest
        .store
        .person_by_email("ada@example.com")
        .await
        .unwrap();
    let id = ada.unwrap().0.id;
    for _ in 0..49 {
        api.clock.advance(Millis(1));
        assert!(
            api.rest
                .accounts
                .sessions
                .begin(id)
                .await
                .unwrap()
                .ended
                .is_empty()
        );
    }
    assert_eq!(api.get("/api/me").by(&first).send().await.status, 200);
    api.clock.advance(Millis(1));
    assert_eq!(
        api.rest
            .accounts
            .sessions
            .begin(id)
            .await
            .unwrap()
            .ended
            .len(),
        1
    );
    assert_eq!(api.get("/api/me").by(&first).send().await.status, 401);
}

#[tokio::test]
async fn a_body_is_json_of_known_fields_and_bounded() {
    let (api, _) = Api::with_ada().await;
    let login = |kind: &str, text: &str| api.post("/api/login").text(kind, text).send();
    let good = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    assert_eq!(
        login("application/json; charset=utf-8", &good).await.status,
        200
    );
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        assert_eq!(login(kind, &good).await.status, 415, "{kind}");
    }
    let json = "application/json";
    assert_eq!(login(json, "{").await.refusal(), (400, ""));
    assert_eq!(login(json, "[1]").await.refusal(), (400, ""));
    assert_eq!(
        login(json, r#"{"email":"a"}"#).await.refusal(),
        (400, "password")
    );
    let extra = r#"{"email":"a","password":"b","remember":true}"#;
    assert_eq!(login(json, extra).await.refusal(), (400, "remember"));
    assert_eq!(
        login(json, r#"{"email":1,"password":"b"}"#).await.refusal(),
        (400, "email")
    );
    let long = format!(r#"{{"email":"{}","password":"b"}}"#, "x".repeat(70_000));
    assert_eq!(login(json, &long).await.status, 413);
}
