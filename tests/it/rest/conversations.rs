//! Conversations and their events: who sees which, in which view, from which page.

use balie::domain::conversation::{Command, Conversation, Start};
use balie::model::event::{AgentName, Fields, Mode};
use balie::model::id::{ConversationId, VisitorId};
use balie::model::record::{JournalEntry, JournalReason, Status, Visitor};
use balie::model::time::Millis;
use balie::store::{Append, Outcome};
use serde_json::{Value, json};

use super::{Api, Login};

impl Api {
    /// Writes a command into a log; answers the conversation after it.
    pub(super) async fn append(&self, id: ConversationId, command: Command) -> Conversation {
        self.clock.advance(Millis(1));
        let append = Append {
            conversation: id,
            once: None,
            command,
            now: self.clock.now(),
        };
        match self.rest.store.append(append).await.unwrap() {
            Outcome::Written(appended) => appended.conversation,
            Outcome::Repeated(_) => panic!("nothing is repeated here"),
        }
    }
}

/// A visitor of the demo site who waits in this department's line.
pub(super) async fn start(api: &Api, department: &str) -> Conversation {
    let visitor = VisitorId::fresh();
    let site = "demo".parse().unwrap();
    let known = Visitor {
        id: visitor,
        site,
        subject: None,
        name: Some("Vera".into()),
        email: Some("vera@example.com".into()),
        attributes: Default::default(),
        priority: 0,
        lang: None,
        tz: None,
        page: None,
    };
    let now = api.clock.now();
    api.rest.store.save_visitor(&known, now).await.unwrap();
    let start = Start {
        site: known.site,
        visitor,
        visitor_name: known.name,
        department: department.parse().unwrap(),
        priority: 0,
        mode: Mode::Chat,
        fields: Fields::new(),
        needs: Vec::new(),
        known_agent: None,
        text: Some(format!("A question for {department}")),
    };
    api.append(ConversationId::fresh(), Command::Start(start))
        .await
}

/// Somebody as the log names them, perhaps put online first.
pub(super) async fn agent_named(api: &Api, login: &Login, is_online: bool) -> AgentName {
    let person = api
        .rest
        .store
        .person(login.id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    if is_online {
        let entry = JournalEntry {
            agent: person.id,
            status: Status::Online,
            capacity: person.capacity,
            departments: person.departments.clone(),
            reason: JournalReason::Chosen,
        };
        api.rest
            .store
            .journal(entry, api.clock.now())
            .await
            .unwrap();
    }
    AgentName {
        id: person.id,
        name: person.name,
    }
}

fn ids(answer: &super::Answer) -> Vec<String> {
    let list = answer.body["conversations"].as_array().unwrap();
    list.iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_agent_sees_the_own_departments_and_what_they_served() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
    let support = start(&api, "support").await;
    let sales = start(&api, "sales").await;
    let served = start(&api, "sales").await;
    let agent = agent_named(&api, &ben, true).await;
    let take = Command::Take {
        agent: agent.clone(),
        is_supervisor: false,
    };
    api.append(served.id, take).await;
    let close = Command::Close {
        agent,
        is_supervisor: false,
        tags: vec!["refund".into()],
    };
    api.append(served.id, close).await;

    let all = api.get("/api/conversations").by(&ada).send().await;
    let newest_first = [served.id, sales.id, support.id].map(|id| id.to_string());
    assert_eq!(ids(&all), newest_first);
    let own = api.get("/api/conversations").by(&ben).send().await;
    assert_eq!(ids(&own), [support.id.to_string()]);
    let mine = format!("/api/conversations?agent={}", ben.id);
    assert_eq!(
        ids(&api.get(&mine).by(&ben).send().await),
        [served.id.to_string()]
    );
    let foreign = api
        .get("/api/conversations?department=sales")
        .by(&ben)
        .send()
        .await;
    assert_eq!(ids(&foreign), Vec::<String>::new());

    let one = |id: ConversationId| format!("/api/conversations/{id}");
    for (id, status) in [
        (support.id, 200),
        (served.id, 200),
        (sales.id, 404),
        (ConversationId::fresh(), 404),
    ] {
        assert_eq!(api.get(&one(id)).by(&ben).send().await.status, status);
        let events = format!("{}/events", one(id));
        assert_eq!(api.get(&events).by(&ben).send().await.status, status);
        let tags = format!("{}/tags", one(id));
        let filed = api
            .ask("PUT", &tags)
            .by(&ben)
            .body(json!({"tags": ["x"]}))
            .send()
            .await;
        assert_eq!(filed.status, status);
    }
    let not_yours = api.get(&one(sales.id)).by(&ben).send().await;
    let not_there = api.get(&one(ConversationId::fresh())).by(&ben).send().await;
    assert_eq!(
        not_yours.body, not_there.body,
        "not yours and not there look the same"
    );
    assert_eq!(
        api.get("/api/conversations/nonsense")
            .by(&ben)
            .send()
            .await
            .status,
        404
    );

    let shown = api.get(&one(served.id)).by(&ada).send().await.body;
    assert_eq!(
        (&shown["state"], &shown["closed_reason"]),
        (&json!("closed"), &json!("agent"))
    );
    assert_eq!(shown["closed_at"], api.clock.now().0);
    assert_eq!(shown["visitor"]["name"], "Vera");
    assert_eq!(shown["summary"], "A question for sales");
    assert_eq!(shown["enqueued_at"], served.enqueued_at.0);
}

#[tokio::test]
async fn a_closed_conversation_names_who_served_it_last_even_when_they_are_removed() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
    let left = start(&api, "support").await;
    let served = start(&api, "support").await;
    let agent = agent_named(&api, &ben, true).await;
    let take = Command::Take {
        agent: agent.clone(),
        is_supervisor: false,
    };
    api.append(served.id, take).await;
    let close = Command::Close {
        agent,
        is_supervisor: false,
        tags: vec![],
    };
    api.append(served.id, close).await;

    let named = json!({"id": ben.id, "name": "Ben"});
    let list = || api.get("/api/conversations").by(&ada).send();
    let listed = list().await.body;
    assert_eq!(listed["conversations"][0]["id"], served.id.to_string());
    assert_eq!(listed["conversations"][0]["agent"], named);
    assert_eq!(listed["conversations"][1]["id"], left.id.to_string());
    assert_eq!(listed["conversations"][1].get("agent"), None);

    let path = format!("/api/agents/{}", ben.id);
    let removed = api.ask("DELETE", &path).by(&ada).send().await;
    assert_eq!(removed.status, 204);
    assert_eq!(list().await.body["conversations"][0]["agent"], named);
}

#[tokio::test]
async fn a_list_is_filtered_and_read_in_parts() {
    let (api, ada) = Api::with_ada().await;
    let mut newest_first = Vec::new();
    for _ in 0..5 {
        newest_first.insert(0, start(&api, "support").await);
    }
    let list = |query: String| {
        api.get(&format!("/api/conversations?{query}"))
            .by(&ada)
            .send()
    };
    let first = list("limit=2".into()).await;
    assert_eq!(first.body["more"], true);
    assert_eq!(
        ids(&first),
        [newest_first[0].id, newest_first[1].id].map(|id| id.to_string())
    );
    let rest = list(format!("limit=3&before={}", newest_first[1].id)).await;
    assert_eq!(rest.body["more"], false);
    assert_eq!(ids(&rest).len(), 3);
    assert_eq!(ids(&list("state=queued".into()).await).len(), 5);
    assert_eq!(ids(&list("state=closed".into()).await).len(), 0);
    assert_eq!(
        ids(&list(format!("visitor={}", newest_first[3].visitor)).await).len(),
        1
    );
    assert_eq!(ids(&list("q=VERA%40".into()).await).len(), 5);
    assert_eq!(
        ids(&list("q=%25".into()).await).len(),
        0,
        "a wildcard is a letter here"
    );
    assert_eq!(list("limit=0".into()).await.refusal(), (400, "limit"));
    assert_eq!(list("limit=201".into()).await.refusal(), (400, "limit"));
    assert_eq!(list("limit=x".into()).await.refusal(), (400, "limit"));
    assert_eq!(list("state=lost".into()).await.refusal(), (400, "state"));
    assert_eq!(list("agent=x".into()).await.refusal(), (400, "agent"));
    assert_eq!(list("page=2".into()).await.refusal(), (400, "page"));
    assert_eq!(
        list(format!("q={}", "x".repeat(201))).await.refusal(),
        (400, "q")
    );
}

#[tokio::test]
async fn tags_of_a_conversation_are_replaced() {
    let (api, ada) = Api::with_ada().await;
    let chat = start(&api, "support").await;
    let path = format!("/api/conversations/{}/tags", chat.id);
    let file = |tags: Value| {
        api.ask("PUT", &path)
            .by(&ada)
            .body(json!({ "tags": tags }))
            .send()
    };
    assert_eq!(
        file(json!(["refund", " vip ", "vip"])).await.body["tags"],
        json!(["refund", "vip"])
    );
    assert_eq!(file(json!([])).await.body["tags"], json!([]));
    assert_eq!(file(json!([" "])).await.refusal(), (400, "tags"));
    assert_eq!(file(json!(vec!["x"; 33])).await.refusal(), (400, "tags"));
}

#[tokio::test]
async fn a_log_is_read_in_the_readers_view() {
    let (api, ada) = Api::with_ada().await;
    let chat = start(&api, "support").await;
    let agent = agent_named(&api, &ada, false).await;
    let note = Command::Note {
        agent,
        text: "a word among us".into(),
    };
    api.append(chat.id, note).await;
    api.append(
        chat.id,
        Command::VisitorSend {
            text: "hello?".into(),
        },
    )
    .await;
    let now = api.clock.now();
    let site = "demo".parse().unwrap();
    let token = api
        .rest
        .accounts
        .visitor_tokens
        .issue(chat.visitor, &site, now);
    let path = format!("/api/conversations/{}/events", chat.id);
    let places = |answer: &super::Answer| -> Vec<(u64, u64)> {
        let events = answer.body["events"].as_array().unwrap();
        let number = |event: &Value, name: &str| event[name].as_u64().unwrap();
        events
            .iter()
            .map(|event| (number(event, "prev"), number(event, "seq")))
            .collect()
    };
    let desk = api.get(&path).by(&ada).send().await;
    assert_eq!(places(&desk), [(0, 1), (1, 2), (2, 3), (3, 4)]);
    assert_eq!(desk.body["events"][0]["priority"], 0);
    let visitor = api.get(&path).bearer(&token).send().await;
    assert_eq!(places(&visitor), [(0, 1), (1, 2), (2, 4)]);
    assert!(visitor.body["events"][0].get("priority").is_none());
    assert!(!visitor.body.to_string().contains("a word among us"));
    let part = api
        .get(&format!("{path}?after=1&limit=1"))
        .bearer(&token)
        .send()
        .await;
    assert_eq!(
        (places(&part), &part.body["more"]),
        (vec![(1, 2)], &json!(true))
    );
    let end = api
        .get(&format!("{path}?after={}", u64::MAX))
        .bearer(&token)
        .send()
        .await;
    assert_eq!((places(&end), &end.body["more"]), (vec![], &json!(false)));
    let bad = api
        .get(&format!("{path}?after=-1"))
        .bearer(&token)
        .send()
        .await;
    assert_eq!(bad.refusal(), (400, "after"));
    let bad = api
        .get(&format!("{path}?limit=501"))
        .bearer(&token)
        .send()
        .await;
    assert_eq!(bad.refusal(), (400, "limit"));
}

#[tokio::test]
async fn a_visitor_reads_the_own_log_from_a_page_of_the_site() {
    let (api, ada) = Api::with_ada().await;
    let origins = json!({"origins": ["self", "https://shop.example"]});
    api.patch("/api/sites/demo")
        .by(&ada)
        .body(origins)
        .send()
        .await;
    let shop = json!({"key": "other", "name": "Other", "origins": ["https://other.example"], "departments": ["sales"]});
    api.post("/api/sites").by(&ada).body(shop).send().await;
    let chat = start(&api, "support").await;
    let path = format!("/api/conversations/{}/events", chat.id);
    let now = api.clock.now();
    let issue = |visitor, site: &str| {
        let site = site.parse().unwrap();
        api.rest.accounts.visitor_tokens.issue(visitor, &site, now)
    };
    let own = issue(chat.visitor, "demo");
    let page = "https://shop.example";
    let read = api
        .get(&path)
        .bearer(&own)
        .header("origin", page)
        .send()
        .await;
    assert_eq!(read.status, 200);
    assert_eq!(read.header("access-control-allow-origin"), page);
    assert_eq!(read.header("vary"), "Origin");
    assert!(
        read.headers
            .get("access-control-allow-credentials")
            .is_none()
    );

    let preflight = |origin: &str| {
        let ask = api.ask("OPTIONS", &path).header("origin", origin);
        ask.header("access-control-request-method", "GET").send()
    };
    let allowed = preflight(page).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), page);
    assert_eq!(
        allowed.header("access-control-allow-headers"),
        "authorization"
    );
    assert_eq!(
        preflight("https://evil.example")
            .await
            .header("access-control-allow-origin"),
        ""
    );

    for (origin, status) in [
        ("https://other.example", 403),
        ("https://evil.example", 403),
        ("null", 403),
    ] {
        let read = api
            .get(&path)
            .bearer(&own)
            .header("origin", origin)
            .send()
            .await;
        assert_eq!(read.status, status, "{origin}");
    }
    for (token, status) in [
        (issue(VisitorId::fresh(), "demo"), 404),
        (issue(chat.visitor, "other"), 404),
        (format!("{own}x"), 401),
        ("nonsense".to_owned(), 401),
    ] {
        assert_eq!(api.get(&path).bearer(&token).send().await.status, status);
    }
    let expired = api
        .get(&path)
        .bearer("nonsense")
        .header("origin", page)
        .send()
        .await;
    assert_eq!(
        expired.header("access-control-allow-origin"),
        page,
        "the page may read why"
    );
    api.clock.advance(Millis::seconds(30 * 24 * 60 * 60));
    assert_eq!(api.get(&path).bearer(&own).send().await.status, 401);
    let elsewhere = api.get("/api/me").bearer(&own).send().await;
    assert_eq!(
        elsewhere.status, 401,
        "a visitor's token opens nothing else"
    );
}
