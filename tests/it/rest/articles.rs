//! Articles as the desk keeps them: who may, what is refused and in which words.

use balie::model::time::Millis;
use serde_json::{Value, json};

use super::{Api, Login, PASSWORD};

fn returns() -> Value {
    json!({"site": "demo", "lang": "NL", "title": "  Retourneren ", "body": "Binnen *dertig* dagen."})
}

#[tokio::test]
async fn supervisors_write_and_agents_read() {
    let (api, ada) = Api::with_ada().await;
    let sven = api.joins(&ada, "Sven", "supervisor", &["support"]).await;
    let ana = api.joins(&ada, "Ana", "agent", &["support"]).await;
    let added = api
        .post("/api/articles")
        .by(&sven)
        .body(returns())
        .send()
        .await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.body["lang"], "nl");
    assert_eq!(added.body["title"], "Retourneren");
    assert_eq!(added.body["status"], "draft", "unless it says otherwise");
    assert_eq!(added.body["position"], 1);
    assert_eq!(added.body["updated_by"]["name"], "Sven");
    let path = format!("/api/articles/{}", added.body["id"].as_str().unwrap());

    assert_eq!(api.get(&path).by(&ana).send().await.body, added.body);
    for ask in [
        api.post("/api/articles").body(returns()),
        api.patch(&path).body(json!({"title": "x"})),
        api.delete(&path),
        api.get("/api/reports/self-service?site=demo"),
    ] {
        let refused = ask.by(&ana).send().await;
        assert_eq!(refused.status, 403);
        assert!(
            refused.body["detail"]
                .as_str()
                .unwrap()
                .contains("supervisor")
        );
    }
    let change = json!({"status": "published", "body": "Anders."});
    let changed = api.patch(&path).by(&ada).body(change).send().await;
    assert_eq!(changed.body["title"], "Retourneren", "what is absent stays");
    assert_eq!(changed.body["status"], "published");
    assert_eq!(changed.body["updated_by"]["name"], "Ada");

    assert_eq!(api.delete(&path).by(&sven).send().await.status, 204);
    for gone in [
        api.get(&path),
        api.delete(&path),
        api.patch(&path).body(json!({})),
    ] {
        assert_eq!(gone.by(&sven).send().await.status, 404);
    }
}

#[tokio::test]
async fn a_text_is_previewed_as_it_would_be_published_and_nothing_is_kept() {
    let (api, ada) = Api::with_ada().await;
    let ana = api.joins(&ada, "Ana", "agent", &["support"]).await;
    let preview = |body: &str| {
        let body = json!({"body": body});
        api.post("/api/articles/preview").body(body)
    };
    let text = "# Returns\n\nWithin **thirty** days, <b>always</b>.\n\n1. Pack it";
    let seen = preview(text).by(&ana).send().await;
    assert_eq!(
        seen.body,
        json!({"blocks": [
            {"kind": "heading", "runs": [{"text": "Returns"}]},
            {"kind": "paragraph", "runs": [
                {"text": "Within "}, {"text": "thirty", "strong": true}, {"text": " days, <b>always</b>."},
            ]},
            {"kind": "item", "number": 1, "runs": [{"text": "Pack it"}]},
        ]})
    );
    let list = api.get("/api/articles").by(&ana).send().await;
    assert_eq!(list.body["articles"], json!([]));
    assert_eq!(preview(text).send().await.status, 401);
    let long = preview(&"x".repeat(15_001)).by(&ana).send().await;
    assert_eq!(long.refusal(), (400, "body"));
}

#[tokio::test]
async fn articles_are_listed_filtered_and_moved() {
    let (api, ada) = Api::with_ada().await;
    let mut ids = Vec::new();
    for (lang, title, status) in [
        ("nl", "a", "published"),
        ("nl", "b", "draft"),
        ("nl", "c", "published"),
        ("en", "d", "published"),
    ] {
        let article =
            json!({"site": "demo", "lang": lang, "title": title, "body": "x", "status": status});
        let added = api
            .post("/api/articles")
            .by(&ada)
            .body(article)
            .send()
            .await;
        ids.push(added.body["id"].as_str().unwrap().to_owned());
    }
    let listed = async |query: &str| {
        let answer = api
            .get(&format!("/api/articles{query}"))
            .by(&ada)
            .send()
            .await;
        let articles = answer.body["articles"].as_array().unwrap().iter();
        let titles: String = articles
            .map(|article| article["title"].as_str().unwrap())
            .collect();
        (titles, answer.body["has_more"].as_bool().unwrap())
    };
    for (query, titles, has_more) in [
        ("", "dabc", false),
        ("?lang=nl", "abc", false),
        ("?lang=NL&status=published", "ac", false),
        ("?status=draft&site=demo", "b", false),
        ("?limit=2", "da", true),
        ("?limit=2&skip=2", "bc", false),
        ("?site=elsewhere", "", false),
    ] {
        assert_eq!(
            listed(query).await,
            (titles.to_owned(), has_more),
            "{query}"
        );
    }
    api.clock.advance(Millis(5_000));
    let path = format!("/api/articles/{}", ids[2]);
    let before = api.get(&path).by(&ada).send().await.body;
    let moved = api
        .patch(&path)
        .by(&ada)
        .body(json!({"position": 1}))
        .send()
        .await;
    assert_eq!(moved.body["position"], 1);
    assert_eq!(
        moved.body["updated_at"], before["updated_at"],
        "a move says nothing else"
    );
    assert_eq!(listed("?lang=nl").await.0, "cab");
    let moved = api
        .patch(&path)
        .by(&ada)
        .body(json!({"lang": "en", "position": 9}))
        .send()
        .await;
    assert_eq!(
        (&moved.body["lang"], &moved.body["position"]),
        (&json!("en"), &json!(2))
    );
    assert_eq!(listed("").await.0, "dcab");
}

#[tokio::test]
async fn what_is_wrong_with_an_article_is_named() {
    let (api, ada) = Api::with_ada().await;
    let many_parts = "a\n\n".repeat(1_200);
    for (field, value) in [
        ("site", json!("nowhere")),
        ("site", json!("No Key")),
        ("lang", json!("dutch")),
        ("lang", json!("")),
        ("title", json!("")),
        ("title", json!("two\nlines")),
        ("title", json!("x".repeat(151))),
        ("body", json!(" ")),
        ("body", json!("x".repeat(15_001))),
        ("body", json!("nul \u{0}")),
        ("body", json!("***")),
        ("body", json!(many_parts)),
        ("status", json!("hidden")),
        ("colour", json!("red")),
    ] {
        let mut article = returns();
        article[field] = value.clone();
        let refused = api
            .post("/api/articles")
            .by(&ada)
            .body(article)
            .send()
            .await;
        assert_eq!(refused.refusal(), (400, field), "{value:.40}");
    }
    let longest =
        json!({"site": "demo", "lang": "ja", "title": "返品", "body": "返".repeat(15_000)});
    let added = api
        .post("/api/articles")
        .by(&ada)
        .body(longest)
        .send()
        .await;
    assert_eq!(added.status, 201, "{}", added.body);
    let path = format!("/api/articles/{}", added.body["id"].as_str().unwrap());
    let refused = api
        .patch(&path)
        .by(&ada)
        .body(json!({"position": 0}))
        .send()
        .await;
    assert_eq!(refused.refusal(), (400, "position"));
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("lang=x", "lang"),
        ("status=x", "status"),
    ] {
        let refused = api
            .get(&format!("/api/articles?{query}"))
            .by(&ada)
            .send()
            .await;
        assert_eq!(refused.refusal(), (400, field), "{query}");
    }
    for (query, refusal) in [
        ("site=demo&from=5&to=5", (400, "from")),
        ("site=demo&from=x", (400, "from")),
        ("site=nowhere", (404, "")),
        ("", (400, "site")),
    ] {
        let refused = api
            .get(&format!("/api/reports/self-service?{query}"))
            .by(&ada)
            .send()
            .await;
        assert_eq!(refused.refusal(), refusal, "{query}");
    }
}

#[tokio::test]
async fn what_a_page_asks_wrongly_is_named() {
    let (api, _) = Api::with_ada().await;
    let long = "x".repeat(201);
    for (query, field) in [
        (format!("q={long}"), "q"),
        ("limit=0".to_owned(), "limit"),
        ("limit=51".to_owned(), "limit"),
        ("language=nl".to_owned(), "language"),
    ] {
        let refused = api
            .get(&format!("/api/sites/demo/articles?{query}"))
            .send()
            .await;
        assert_eq!(refused.refusal(), (400, field));
        assert_eq!(refused.header("access-control-allow-origin"), "*");
    }
    // A beacon declares text; what it holds is JSON all the same.
    let note = r#"{"kind":"chat","visit":"0198c5a0-0000-4000-8000-000000000001"}"#;
    let path = "/api/sites/demo/self-service";
    let noted = api
        .post(path)
        .text("text/plain;charset=UTF-8", note)
        .send()
        .await;
    assert_eq!(noted.status, 204);
    let huge = format!("{{\"kind\":\"{}\"}}", "x".repeat(5_000));
    assert_eq!(
        api.post(path).text("text/plain", &huge).send().await.status,
        413
    );
    assert_eq!(
        api.post(path).text("text/plain", "[]").send().await.status,
        400
    );
}

#[tokio::test]
async fn visits_of_more_than_a_year_ago_are_swept_away() {
    let (api, _) = Api::with_ada().await;
    let note = json!({"kind": "chat", "visit": "0198c5a0-0000-4000-8000-000000000001"});
    api.post("/api/sites/demo/self-service")
        .body(note)
        .send()
        .await;
    api.clock.advance(Millis::seconds(399 * 24 * 3_600));
    let ada = api.log_in("ada@example.com", PASSWORD).await;
    let ada = Login::of(&ada);
    let visits = async || {
        let report = api
            .get("/api/reports/self-service?site=demo&from=0")
            .by(&ada)
            .send()
            .await;
        report.body["visits"].as_u64()
    };
    // The look that clears once an hour.
    api.noted.desk.0.look(3_600).await.unwrap();
    assert_eq!(visits().await, Some(1));
    api.clock.advance(Millis::seconds(2 * 24 * 3_600));
    api.noted.desk.0.look(3_600).await.unwrap();
    assert_eq!(visits().await, Some(0));
}
