//! Self-service over real HTTP: an article from the desk to a visitor's page, and what comes back as figures.

use balie_loadtest::participant::dial::{Dial, HttpAnswer};
use balie_loadtest::participant::mind::Frame;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::node::Node;
use crate::support::raw::{error_after, next, welcomed_agent};
use crate::support::scenes::chat;

/// Of a page on another site, as its browser asks.
fn page(node: &Node) -> Dial {
    node.stranger()
        .with_header("origin", "https://elsewhere.example")
        .with_header("sec-fetch-site", "cross-site")
}

async fn get(node: &Node, path: &str) -> HttpAnswer {
    let answer = page(node).http("GET", path, None).await.unwrap();
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("*"),
        "{path}"
    );
    answer
}

async fn titles(node: &Node, query: &str) -> Vec<String> {
    let answer = get(node, &format!("/api/sites/demo/articles?{query}")).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
    let body = answer.json().unwrap();
    let articles = body["articles"].as_array().unwrap().iter();
    articles
        .map(|article| article["title"].as_str().unwrap().to_owned())
        .collect()
}

async fn tell(node: &Node, path: &str, body: Value) -> u16 {
    let answer = page(node).http("POST", path, Some(&body)).await.unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.status
}

fn article(lang: &str, title: &str, body: &str) -> Value {
    json!({"site": "demo", "lang": lang, "title": title, "body": body, "status": "published"})
}

const BODY: &str = "## Binnen dertig dagen\n\nStuur het **gratis** terug, met [het formulier](https://shop.example/f).\n\n\
                    1. Meld het.\n2. Breng het <b>weg</b>.\n\n[x](javascript:alert(1))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_finds_reads_and_votes_on_what_the_desk_published() {
    let node = Node::start().await;
    let widget = get(&node, "/api/sites/demo/widget?lang=nl")
        .await
        .json()
        .unwrap();
    assert_eq!(widget["articles"], false, "a fresh folder has none");
    assert!(titles(&node, "lang=nl").await.is_empty());

    let returns = node
        .administer("POST", "/api/articles", article("nl", "Retourneren", BODY))
        .await;
    node.administer(
        "POST",
        "/api/articles",
        article("nl", "Betalen", "Of bij retourneren terug."),
    )
    .await;
    node.administer(
        "POST",
        "/api/articles",
        article("en", "Returns", "Within thirty days."),
    )
    .await;
    let mut draft = article("nl", "Concept", "Nog niet retourneren.");
    draft["status"] = json!("draft");
    let draft = node.administer("POST", "/api/articles", draft).await;
    let widget = get(&node, "/api/sites/demo/widget?lang=nl")
        .await
        .json()
        .unwrap();
    assert_eq!(widget["articles"], true, "at once, from the snapshot");

    assert_eq!(titles(&node, "lang=nl").await, ["Retourneren", "Betalen"]);
    assert_eq!(
        titles(&node, "lang=nl-BE&q=retouneren").await,
        ["Retourneren", "Betalen"]
    );
    assert_eq!(titles(&node, "lang=de,en&q=return").await, ["Returns"]);
    assert_eq!(
        titles(&node, "lang=de").await,
        ["Retourneren", "Betalen"],
        "most are Dutch"
    );
    assert_eq!(titles(&node, "lang=nl&limit=1").await, ["Retourneren"]);
    assert!(titles(&node, "lang=nl&q=%22%2A%28").await.is_empty());

    let id = returns["id"].as_str().unwrap();
    let path = format!("/api/sites/demo/articles/{id}");
    let read = get(&node, &format!("{path}?lang=nl")).await;
    assert_eq!(read.header("cache-control"), Some("public, max-age=60"));
    let read = read.json().unwrap();
    assert_eq!(
        (&read["title"], &read["lang"]),
        (&json!("Retourneren"), &json!("nl"))
    );
    assert_eq!(
        read["blocks"],
        json!([
            {"kind": "heading", "runs": [{"text": "Binnen dertig dagen"}]},
            {"kind": "paragraph", "runs": [
                {"text": "Stuur het "}, {"text": "gratis", "strong": true}, {"text": " terug, met "},
                {"text": "het formulier", "href": "https://shop.example/f"}, {"text": "."},
            ]},
            {"kind": "item", "number": 1, "runs": [{"text": "Meld het."}]},
            {"kind": "item", "number": 2, "runs": [{"text": "Breng het <b>weg</b>."}]},
            {"kind": "paragraph", "runs": [{"text": "x"}]},
        ])
    );
    for hidden in [
        format!("/api/sites/demo/articles/{}", draft["id"].as_str().unwrap()),
        format!("/api/sites/nowhere/articles/{id}"),
        "/api/sites/demo/articles/0198c5a0-0000-7000-8000-000000000001".to_owned(),
        "/api/sites/demo/articles/nonsense".to_owned(),
        "/api/sites/nowhere/articles".to_owned(),
    ] {
        let answer = get(&node, &hidden).await;
        assert_eq!(answer.status, 404, "{hidden}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }

    figures_follow(&node, id).await;
}

/// What a few visits did is in the report.
async fn figures_follow(node: &Node, article: &str) {
    const NOTES: &str = "/api/sites/demo/self-service";
    let visit = |number: u32| format!("0198c5a0-0000-4000-8000-{number:012}");
    let feedback = format!("/api/sites/demo/articles/{article}/feedback");
    assert_eq!(
        tell(node, &feedback, json!({"helpful": true, "visit": visit(1)})).await,
        204
    );
    for (number, note) in [
        (1, json!({"kind": "searched", "found": 2})),
        (1, json!({"kind": "read", "article": article})),
        (
            2,
            json!({"kind": "searched", "found": 0, "q": "Cadeau-bon"}),
        ),
        (
            2,
            json!({"kind": "searched", "found": 0, "q": "jan@example.com"}),
        ),
        (2, json!({"kind": "chat"})),
        (
            3,
            json!({"kind": "searched", "found": 0, "q": "cadeau bon"}),
        ),
        (
            3,
            json!({"kind": "searched", "found": 0, "q": "jan@example.com"}),
        ),
        (3, json!({"kind": "read", "article": visit(9)})),
        (4, json!({"kind": "message"})),
    ] {
        let mut note = note;
        note["visit"] = json!(visit(number));
        assert_eq!(tell(node, NOTES, note.clone()).await, 204, "{note}");
    }
    for (bad, field) in [
        (json!({"kind": "read", "visit": visit(5)}), "article"),
        (json!({"kind": "danced", "visit": visit(5)}), "kind"),
        (json!({"kind": "chat", "visit": "me"}), "visit"),
        (json!({"kind": "chat"}), "visit"),
    ] {
        let answer = page(node).http("POST", NOTES, Some(&bad)).await.unwrap();
        assert_eq!(answer.status, 400, "{bad}");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["field"], field);
    }
    let elsewhere = json!({"kind": "chat", "visit": visit(5)});
    assert_eq!(
        tell(node, "/api/sites/nowhere/self-service", elsewhere).await,
        404
    );

    let report = node
        .as_person("ada")
        .http("GET", "/api/reports/self-service?site=demo", None)
        .await;
    let report = report.unwrap().json().unwrap();
    for (name, count) in [
        ("visits", 4),
        ("searched", 3),
        ("read", 1),
        ("helpful", 1),
        ("not_helpful", 0),
        ("chats", 1),
        ("messages", 1),
        ("deflected", 2),
    ] {
        assert_eq!(report[name], count, "{name}: {report}");
    }
    assert_eq!(report["articles"][0]["title"], "Retourneren");
    assert_eq!(report["articles"][0]["reads"], 1);
    let unanswered = report["unanswered"].as_array().unwrap();
    assert_eq!(unanswered.len(), 1, "{report}");
    assert_eq!(unanswered[0]["phrase"], "cadeau bon");
    assert_eq!(unanswered[0]["visits"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_asks_first_is_told_that_any_page_may() {
    let node = Node::start().await;
    for path in [
        "/api/sites/demo/self-service",
        "/api/sites/demo/articles/0198c5a0-0000-7000-8000-000000000001/feedback",
    ] {
        let answer = page(&node)
            .with_header("access-control-request-method", "POST")
            .with_header("access-control-request-headers", "content-type")
            .http("OPTIONS", path, None)
            .await
            .unwrap();
        assert_eq!(answer.status, 204, "{path}");
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", "content-type"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_may_note_only_so_much() {
    let node = Node::with(&[("BALIE_LIMIT_LOOPBACK", "true")]).await;
    let note = json!({"kind": "chat", "visit": "0198c5a0-0000-4000-8000-000000000001"});
    let mut refused = None;
    for _ in 0..400 {
        let answer = page(&node)
            .http("POST", "/api/sites/demo/self-service", Some(&note))
            .await;
        let answer = answer.unwrap();
        if answer.status != 204 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is a limit");
    assert_eq!(refused.status, 429);
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    let report = node
        .as_person("ada")
        .http("GET", "/api/reports/self-service?site=demo", None)
        .await;
    assert_eq!(report.unwrap().json().unwrap()["visits"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_sends_an_article_of_the_site() {
    let node = Node::start().await;
    let returns = article("en", "Returns", "Within thirty days.");
    let returns = node.administer("POST", "/api/articles", returns).await;
    let mut draft = article("en", "Draft", "Not yet.");
    draft["status"] = json!("draft");
    let draft = node.administer("POST", "/api/articles", draft).await;
    let other = json!({"key": "other", "name": "Other", "origins": [], "departments": ["support"]});
    node.administer("POST", "/api/sites", other).await;
    let mut elsewhere = article("en", "Elsewhere", "Of another site.");
    elsewhere["site"] = json!("other");
    let elsewhere = node.administer("POST", "/api/articles", elsewhere).await;

    let (ben, mut vera, conversation) = chat(&node).await;
    let cmd = Uuid::new_v4().to_string();
    let send = |cmd: &str, article: &Value| json!({"t": "send", "cmd": cmd, "conversation": conversation, "text": "Returns: within …", "article": article});
    let (mut socket, _) = welcomed_agent(&node, "ben").await;
    for wrong in [
        &draft["id"],
        &elsewhere["id"],
        &json!("0198c5a0-0000-7000-8000-000000000001"),
    ] {
        let text = send(&Uuid::new_v4().to_string(), wrong).to_string();
        let error = error_after(&mut socket, text).await;
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("bad_field"), &json!("article"))
        );
    }
    socket
        .say(send(&cmd, &returns["id"]).to_string())
        .await
        .unwrap();
    let ack = next(&mut socket, "ack").await;
    let expected = json!({"id": returns["id"], "title": "Returns"});
    let is_it = |frame: &Frame| frame.is("event") && frame.json.get("article").is_some();
    let event = vera.expect_frame("the article", is_it).await.unwrap().json;
    assert_eq!((&event["article"], &event["seq"]), (&expected, &ack["seq"]));

    // A repeat is the same, also when the article is hidden meanwhile; and the log keeps what was sent.
    let path = format!("/api/articles/{}", returns["id"].as_str().unwrap());
    node.administer(
        "PATCH",
        &path,
        json!({"status": "draft", "title": "Other words"}),
    )
    .await;
    socket
        .say(send(&cmd, &returns["id"]).to_string())
        .await
        .unwrap();
    assert_eq!(next(&mut socket, "ack").await, ack);
    let log = format!("/api/conversations/{conversation}/events");
    let log = node
        .as_person("ada")
        .http("GET", &log, None)
        .await
        .unwrap()
        .json()
        .unwrap();
    let sent: Vec<&Value> = log["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event.get("article"))
        .collect();
    assert_eq!(sent, [&expected]);
    ben.finish().await.unwrap();
    vera.finish().await.unwrap();
}
