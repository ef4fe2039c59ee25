//! Opening hours: how they are written, and what a site's visitors are told of them.

use std::sync::Arc;
use std::time::Duration;

use balie::desk::relay;
use balie::domain::routing::Seat;
use balie::hub::mailbox::{Item, Taken, Who};
use balie::model::id::{AgentId, VisitorId};
use balie::model::record::Status;
use balie::model::time::Millis;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Api;

/// 2027-01-15, the Friday on which the clock of these tests begins, at eight o'clock in London.
const FRIDAY_AT_EIGHT: i64 = 1_800_000_000_000;
const HOUR: i64 = 60 * 60 * 1_000;

fn weekdays() -> Value {
    json!({"tz": "Europe/London", "week": [{"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "17:00"}], "closed": []})
}

#[tokio::test]
async fn hours_are_kept_as_written_and_null_is_always() {
    let (api, ada) = Api::with_ada().await;
    let path = "/api/departments/support";
    let change = |hours| {
        api.patch(path)
            .by(&ada)
            .body(json!({ "hours": hours }))
            .send()
    };
    assert_eq!(
        api.get(path).by(&ada).send().await.body["hours"],
        Value::Null
    );
    let changed = change(weekdays()).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["hours"], weekdays());
    let renamed = api
        .patch(path)
        .by(&ada)
        .body(json!({"name": "Help"}))
        .send()
        .await;
    assert_eq!(renamed.body["hours"], weekdays(), "what is absent stays");
    assert_eq!(change(Value::Null).await.body["hours"], Value::Null);

    let night = json!({"key": "night", "name": "Night", "hours": weekdays()});
    let added = api
        .post("/api/departments")
        .by(&ada)
        .body(night)
        .send()
        .await;
    assert_eq!(
        (added.status.as_u16(), &added.body["hours"]),
        (201, &weekdays())
    );
}

#[tokio::test]
async fn what_is_wrong_with_hours_is_said_in_words() {
    let (api, ada) = Api::with_ada().await;
    let refused = async |hours: Value, field: &str, word: &str| {
        let body = json!({ "hours": hours });
        let answer = api
            .patch("/api/departments/support")
            .by(&ada)
            .body(body)
            .send()
            .await;
        assert_eq!(answer.refusal(), (400, field), "{}", answer.body);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{detail}");
    };
    let with = |span: Value| {
        let mut hours = weekdays();
        hours["week"].as_array_mut().unwrap().push(span);
        hours
    };
    let mut elsewhere = weekdays();
    elsewhere["tz"] = json!("Europe/Nowhere");
    refused(elsewhere, "hours.tz", "Europe/Amsterdam").await;
    let over = json!({"days": [5, 6], "from": "16:00", "to": "18:00"});
    refused(
        with(over),
        "hours.week[1]",
        "overlaps another span on Friday",
    )
    .await;
    let backwards = json!({"days": [6], "from": "22:00", "to": "02:00"});
    refused(with(backwards), "hours.week[1].to", "two spans").await;
    let eighth = json!({"days": [8], "from": "09:00", "to": "17:00"});
    refused(with(eighth), "hours.week[1].days", "7 (Sunday)").await;
    let noon = json!({"days": [6], "from": "noon", "to": "17:00"});
    refused(with(noon), "hours.week[1].from", "09:00").await;
    let mut christmas = weekdays();
    christmas["closed"] = json!(["25-12-2026"]);
    refused(christmas, "hours.closed[0]", "2026-12-25").await;
    let mut none = weekdays();
    none["week"] = json!([]);
    refused(none, "hours.week", "null").await;
    let mut misspelt = weekdays();
    misspelt["zone"] = json!("UTC");
    refused(misspelt, "hours.zone", "zone").await;
}

#[tokio::test]
async fn the_widget_says_when_the_first_department_opens() {
    let (api, ada) = Api::with_ada().await;
    let opens =
        async || api.get("/api/sites/demo/widget").send().await.body["next_open_at"].clone();
    let set = async |key: &str, hours: Value| {
        let path = format!("/api/departments/{key}");
        let answer = api
            .patch(&path)
            .by(&ada)
            .body(json!({ "hours": hours }))
            .send()
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    set("support", weekdays()).await;
    assert_eq!(opens().await, Value::Null, "sales is always open");
    let mut early = weekdays();
    early["week"][0]["from"] = json!("08:30");
    set("sales", early).await;
    assert_eq!(opens().await, json!(FRIDAY_AT_EIGHT + HOUR / 2));
    api.clock.advance(Millis(HOUR / 2));
    assert_eq!(opens().await, Value::Null, "sales is open");
    // At five both have closed: until Monday.
    api.clock.advance(Millis(9 * HOUR - HOUR / 2));
    let monday = FRIDAY_AT_EIGHT + 3 * 24 * HOUR + HOUR / 2;
    assert_eq!(opens().await, json!(monday));
}

#[tokio::test]
async fn visitors_hear_when_hours_begin_and_end() {
    let (api, ada) = Api::with_ada().await;
    for key in ["support", "sales"] {
        let path = format!("/api/departments/{key}");
        let hours = json!({ "hours": weekdays() });
        assert_eq!(
            api.patch(&path).by(&ada).body(hours).send().await.status,
            200
        );
    }
    let desk = Arc::clone(&api.noted.desk.0);
    let agent = AgentId::fresh();
    desk.coordination.agent_joined(agent, 1).await.unwrap();
    let seat = Seat {
        status: Status::Online,
        capacity: 1,
        departments: vec!["support".parse().unwrap()],
        skills: Vec::new(),
    };
    desk.coordination.seat(agent, seat).await.unwrap();
    let visitor = desk.hub.enter(Who::Visitor {
        visitor: VisitorId::fresh(),
        site: "demo".parse().unwrap(),
    });
    let stop = CancellationToken::new();
    let notices = desk.coordination.notices().unwrap();
    let relay = tokio::spawn(relay::run(desk, notices, stop.clone()));
    let hears = async || {
        let taken = timeout(Duration::from_secs(10), visitor.take()).await;
        let Ok(Taken::Items(items)) = taken else {
            panic!("in vain waited for news: {taken:?}");
        };
        let frames = items.into_iter().map(|item| match item {
            Item::Ephemeral(_, frame) => serde_json::from_slice(&frame).unwrap(),
            other => panic!("{other:?} is no presence"),
        });
        frames.collect::<Vec<Value>>()
    };
    // At eight the agent is there, and it is not open yet: nobody hears anything until nine.
    for (later, open) in [(HOUR, true), (8 * HOUR, false)] {
        api.clock.advance(Millis(later));
        assert_eq!(hears().await, [json!({"t": "presence", "open": open})]);
    }
    stop.cancel();
    relay.await.unwrap();
}
