//! The OpenAPI document tells what is served, all of it and nothing else; and every path behaves as HTTP asks.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Api, Login};

async fn document(api: &Api) -> Value {
    let answer = api.get("/api/openapi.json").send().await;
    assert_eq!(answer.status, 200);
    answer.body
}

/// Every operation: method, path, whether it is open to anyone.
fn operations(document: &Value) -> Vec<(String, String, bool)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation.get("security").and_then(Value::as_array);
            let is_open = security.is_some_and(|all| all.iter().any(|one| one == &json!({})));
            operations.push((method.to_uppercase(), path.clone(), is_open));
        }
    }
    operations
}

#[tokio::test]
async fn what_is_described_is_served_and_asks_for_somebody_where_it_says_so() {
    let (api, ada) = Api::with_ada().await;
    let article = json!({"site": "demo", "lang": "en", "title": "Returns", "body": "Text", "status": "published"});
    let article = api
        .post("/api/articles")
        .by(&ada)
        .body(article)
        .send()
        .await;
    let document = document(&api).await;
    let operations = operations(&document);
    assert!(operations.len() > 35, "{}", operations.len());
    for (method, path, is_open) in operations {
        let path = path.replace("{key}", "demo").replace("{site}", "demo");
        let path = path.replace("{tag}", "x");
        let path = path.replace("{article}", article.body["id"].as_str().unwrap());
        let path = path.replace("{id}", "0198c5a0-0000-7000-8000-000000000001");
        let path = path.replace("{token}", "0198c5a0-0000-7000-8000-000000000002");
        let path = path.replace("{attachment}", "0198c5a0-0000-7000-8000-000000000003");
        let answer = api.ask(&method, &path).body(json!({})).send().await;
        assert_ne!(answer.status, 405, "{method} {path}");
        assert_ne!(answer.status, 404, "{method} {path}");
        assert_eq!(
            answer.status == 401,
            !is_open,
            "{method} {path}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn every_part_that_the_document_names_is_in_it() {
    let (api, _) = Api::with_ada().await;
    let document = document(&api).await;
    let mut named = BTreeSet::new();
    collect_references(&document, &mut named);
    assert!(named.len() > 20, "{named:?}");
    for reference in named {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].is_string(), "{id} says what it does");
        }
    }
}

fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                into.insert(reference.clone());
            }
            members
                .values()
                .for_each(|member| collect_references(member, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn methods_and_paths_that_are_not_there_are_refused_as_http_asks() {
    let (api, ada) = Api::with_ada().await;
    let wrong = api.delete("/api/me").by(&ada).send().await;
    assert_eq!(wrong.status, 405);
    let allow: BTreeSet<&str> = wrong.header("allow").split(',').map(str::trim).collect();
    assert_eq!(allow, BTreeSet::from(["GET", "HEAD", "PATCH"]));
    let head = api.ask("HEAD", "/api/me").by(&ada).send().await;
    assert_eq!(head.status, 200);
    for absent in [
        "/api/webhooks",
        "/api/reports",
        "/api/audit",
        "/api/",
        "/api/me/",
        "/api/nope/x",
    ] {
        assert_eq!(
            api.get(absent).by(&ada).send().await.status,
            404,
            "{absent}"
        );
    }
}

#[tokio::test]
async fn no_answer_about_people_is_kept() {
    let (api, ada) = Api::with_ada().await;
    let nobody = Login {
        id: String::new(),
        cookie: "balie_session=x".into(),
    };
    for (path, login) in [
        ("/api/me", &ada),
        ("/api/agents", &ada),
        ("/api/me", &nobody),
        ("/api/nope", &ada),
    ] {
        let answer = api.get(path).by(login).send().await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}
