//! The settings of routing: what a department reaches for, and what people can do.

use serde_json::{Value, json};

use super::{Api, PASSWORD};

const SUPPORT: &str = "/api/departments/support";

fn plain() -> Value {
    json!({
        "relax_after_ms": [], "overflow_after_ms": null, "stand_ins": [], "queue_max": null, "speaks": false,
    })
}

#[tokio::test]
async fn a_departments_routing_is_kept_and_replaced_whole() {
    let (api, ada) = Api::with_ada().await;
    let known = api.get(SUPPORT).by(&ada).send().await;
    assert_eq!(known.body["routing"], plain());

    let routing = json!({
        "relax_after_ms": [30_000, 60_000], "overflow_after_ms": 120_000, "stand_ins": ["sales"], "queue_max": 0,
        "speaks": true,
    });
    let change = json!({ "routing": routing });
    let changed = api.patch(SUPPORT).by(&ada).body(change).send().await;
    assert_eq!(
        (changed.status.as_u16(), &changed.body["routing"]),
        (200, &routing)
    );
    let change = json!({"name": "Help"});
    let changed = api.patch(SUPPORT).by(&ada).body(change).send().await;
    assert_eq!(changed.body["routing"], routing, "what is absent stays");
    let key = "support".parse().unwrap();
    let department = api.rest.settings.department(&key).unwrap();
    assert!(department.routing.speaks, "the desk goes by it at once");

    let change = json!({"routing": {"stand_ins": ["sales"]}});
    let changed = api.patch(SUPPORT).by(&ada).body(change).send().await;
    let mut expected = plain();
    expected["stand_ins"] = json!(["sales"]);
    assert_eq!(changed.body["routing"], expected);

    let new = json!({"key": "night", "name": "Night", "routing": {"stand_ins": ["support"], "queue_max": 5}});
    let added = api.post("/api/departments").by(&ada).body(new).send().await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.body["routing"]["queue_max"], 5);
}

#[tokio::test]
async fn what_is_wrong_with_routing_is_named() {
    let (api, ada) = Api::with_ada().await;
    let nine: Vec<String> = (0..9).map(|number| format!("team-{number}")).collect();
    for (routing, field) in [
        (json!({"relax_after_ms": [0]}), "routing.relax_after_ms[0]"),
        (
            json!({"relax_after_ms": [5_000, 5_000]}),
            "routing.relax_after_ms[1]",
        ),
        (
            json!({"relax_after_ms": [1, 2, 3, 4, 5, 6, 7, 8, 9]}),
            "routing.relax_after_ms",
        ),
        (
            json!({"relax_after_ms": [86_400_001]}),
            "routing.relax_after_ms[0]",
        ),
        (
            json!({"overflow_after_ms": 60_000}),
            "routing.overflow_after_ms",
        ),
        (
            json!({"overflow_after_ms": -1, "stand_ins": ["sales"]}),
            "routing.overflow_after_ms",
        ),
        (json!({"stand_ins": ["support"]}), "routing.stand_ins[0]"),
        (
            json!({"stand_ins": ["sales", "nowhere"]}),
            "routing.stand_ins[1]",
        ),
        (
            json!({"stand_ins": ["sales", "sales"]}),
            "routing.stand_ins",
        ),
        (json!({ "stand_ins": nine }), "routing.stand_ins"),
        (json!({"queue_max": -1}), "routing.queue_max"),
        (json!({"queue_max": 1.5}), "routing.queue_max"),
        (json!({"speaks": "yes"}), "routing.speaks"),
        (json!({"relax_after": [5]}), "routing.relax_after"),
    ] {
        let change = json!({ "routing": routing });
        let refused = api
            .patch(SUPPORT)
            .by(&ada)
            .body(change.clone())
            .send()
            .await;
        assert_eq!(
            refused.refusal(),
            (400, field),
            "{change}: {}",
            refused.body
        );
    }
    let own = json!({"key": "night", "name": "Night", "routing": {"stand_ins": ["night"]}});
    let refused = api.post("/api/departments").by(&ada).body(own).send().await;
    assert_eq!(refused.refusal(), (400, "routing.stand_ins[0]"));
    let known = api.get(SUPPORT).by(&ada).send().await;
    assert_eq!(known.body["routing"], plain());
}

#[tokio::test]
async fn a_department_that_stands_in_for_another_stays() {
    let (api, ada) = Api::with_ada().await;
    let night = json!({"key": "night", "name": "Night"});
    let added = api
        .post("/api/departments")
        .by(&ada)
        .body(night)
        .send()
        .await;
    assert_eq!(added.status, 201, "{}", added.body);
    let stands_in = |stand_ins: Value| {
        let change = json!({"routing": {"stand_ins": stand_ins}});
        api.patch(SUPPORT).by(&ada).body(change).send()
    };
    assert_eq!(stands_in(json!(["night"])).await.status, 200);
    let removed = api.delete("/api/departments/night").by(&ada).send().await;
    assert_eq!(removed.status, 409);
    assert!(
        removed.text.contains("Support"),
        "it says where: {}",
        removed.text
    );
    assert_eq!(stands_in(json!([])).await.status, 200);
    let removed = api.delete("/api/departments/night").by(&ada).send().await;
    assert_eq!(removed.status, 204);
}

#[tokio::test]
async fn skills_are_a_set_that_supervisors_keep() {
    let (api, ada) = Api::with_ada().await;
    let sue = api.joins(&ada, "Sue", "supervisor", &[]).await;
    let person = json!({
        "email": "ben@example.com", "name": "Ben", "password": PASSWORD, "departments": ["support"],
        "skills": ["nl", "billing"],
    });
    let added = api.post("/api/agents").by(&sue).body(person).send().await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.body["skills"], json!(["billing", "nl"]));
    let path = format!("/api/agents/{}", added.body["id"].as_str().unwrap());
    let change = async |change: Value| api.patch(&path).by(&sue).body(change).send().await;
    let renamed = change(json!({"name": "Benno"})).await;
    assert_eq!(renamed.body["skills"], json!(["billing", "nl"]));
    for (skills, field) in [
        (json!(["nl", "nl"]), "skills"),
        (json!(["Dutch"]), "skills[0]"),
        (
            json!((0..33).map(|n| format!("s{n}")).collect::<Vec<_>>()),
            "skills",
        ),
    ] {
        let refused = change(json!({ "skills": skills })).await;
        assert_eq!(refused.refusal(), (400, field), "{}", refused.body);
    }
    let none = change(json!({"skills": []})).await;
    assert_eq!(none.body["skills"], json!([]));
}
