//! Sites, departments, tags and canned replies, and what the widget may know.

use serde_json::{Value, json};

use super::{Answer, Api};

#[tokio::test]
async fn a_site_is_added_changed_and_removed() {
    let (api, ada) = Api::with_ada().await;
    let site = json!({
        "key": "shop", "name": "The shop", "origins": ["HTTPS://Shop.Example:443/"], "departments": ["sales"],
        "form": [{"name": "name", "label": "Your name", "kind": "text", "required": true}],
    });
    let added = api
        .post("/api/sites")
        .by(&ada)
        .body(site.clone())
        .send()
        .await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.body["origins"], json!(["https://shop.example"]));
    assert_eq!(
        api.post("/api/sites")
            .by(&ada)
            .body(site)
            .send()
            .await
            .refusal(),
        (409, "key")
    );
    let key = "shop".parse().unwrap();
    let known = api.rest.settings.site(&key).unwrap();
    assert!(api.rest.settings.allows(&known, "https://shop.example"));

    let change = json!({"greeting": "Hello!", "color": "#AABBCC", "typing_preview": true});
    let changed = api
        .patch("/api/sites/shop")
        .by(&ada)
        .body(change)
        .send()
        .await;
    assert_eq!(changed.body["greeting"], "Hello!");
    assert_eq!(changed.body["color"], "#aabbcc");
    assert_eq!(changed.body["name"], "The shop", "what is absent stays");
    let cleared = api
        .patch("/api/sites/shop")
        .by(&ada)
        .body(json!({"greeting": null}))
        .send()
        .await;
    assert_eq!(cleared.body["greeting"], Value::Null);
    assert_eq!(cleared.body["color"], "#aabbcc");

    assert_eq!(
        api.delete("/api/sites/shop").by(&ada).send().await.status,
        204
    );
    assert_eq!(api.get("/api/sites/shop").by(&ada).send().await.status, 404);
    assert!(api.rest.settings.site(&key).is_none());
    let gone = api
        .patch("/api/sites/shop")
        .by(&ada)
        .body(json!({}))
        .send()
        .await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_setting_is_named() {
    let (api, ada) = Api::with_ada().await;
    let site = |change| api.patch("/api/sites/demo").by(&ada).body(change).send();
    assert_eq!(
        site(json!({"departments": ["nowhere"]})).await.refusal(),
        (400, "departments")
    );
    assert_eq!(
        site(json!({"departments": []})).await.refusal(),
        (400, "departments")
    );
    assert_eq!(
        site(json!({"origins": ["*"]})).await.refusal(),
        (400, "origins")
    );
    assert_eq!(site(json!({"key": "other"})).await.refusal(), (400, "key"));
    assert_eq!(
        site(json!({"name": null, "color": "red"})).await.refusal(),
        (400, "color")
    );
    let form = json!({"form": [{"name": "a", "label": "A", "kind": "date"}]});
    assert_eq!(site(form).await.refusal(), (400, "form[0].kind"));
    let department = |change| {
        api.patch("/api/departments/support")
            .by(&ada)
            .body(change)
            .send()
    };
    assert_eq!(
        department(json!({"mode": "ring"})).await.refusal(),
        (400, "mode")
    );
    assert_eq!(
        department(json!({"priority": 3})).await.refusal(),
        (400, "priority")
    );
    assert_eq!(
        department(json!({"idle_limit_ms": 5})).await.refusal(),
        (400, "idle_limit_ms")
    );
    assert_eq!(
        department(json!({"idle_close_ms": -5})).await.refusal(),
        (400, "idle_close_ms")
    );
    assert_eq!(
        department(json!({"idle_text": ""})).await.refusal(),
        (400, "idle_text")
    );
    for (standard, field) in [
        (
            json!({"threshold_ms": 0, "target_percent": 80, "definition": "strict"}),
            "standard.threshold_ms",
        ),
        (
            json!({"threshold_ms": 20_000, "target_percent": 0, "definition": "strict"}),
            "standard.target_percent",
        ),
        (
            json!({"threshold_ms": 20_000, "target_percent": 101, "definition": "strict"}),
            "standard.target_percent",
        ),
        (
            json!({"threshold_ms": 20_000, "target_percent": 80, "definition": "fair"}),
            "standard.definition",
        ),
        (
            json!({"threshold_ms": 20_000, "target_percent": 80}),
            "standard.definition",
        ),
    ] {
        let refused = department(json!({"standard": standard})).await;
        assert_eq!(refused.refusal(), (400, field), "{}", refused.body);
    }
    let standard = json!({"threshold_ms": 45_000, "target_percent": 90, "definition": "kind"});
    let kept = department(json!({"standard": standard})).await;
    assert_eq!(kept.body["standard"], standard);
    let bad_key = json!({"key": "Not A Key", "name": "X"});
    let answer = api
        .post("/api/departments")
        .by(&ada)
        .body(bad_key)
        .send()
        .await;
    assert_eq!(answer.refusal(), (400, "key"));
}

#[tokio::test]
async fn keys_of_identities_go_in_and_never_out() {
    let (api, ada) = Api::with_ada().await;
    let secret = "a secret of the site with at least 32 characters";
    let change = |body| api.patch("/api/sites/demo").by(&ada).body(body).send();
    let short = change(json!({"identity_secret": "short"})).await;
    assert_eq!(short.refusal(), (400, "identity_secret"));
    let wrong = change(json!({"identity_public_key": secret})).await;
    assert_eq!(wrong.refusal(), (400, "identity_public_key"));
    let set = change(json!({"identity_secret": secret})).await;
    assert_eq!(set.body["identity_secret_set"], true);
    assert_eq!(set.body["identity_public_key_set"], false);
    let path = "/api/sites/demo/identity-secret";
    let fresh = api.post(path).by(&ada).send().await;
    assert_eq!(fresh.status, 201);
    let fresh = fresh.body["identity_secret"].as_str().unwrap().to_owned();
    let key = "demo".parse().unwrap();
    let known = api.rest.settings.site(&key).unwrap();
    assert_eq!(known.identity_secret.as_deref(), Some(fresh.as_str()));
    for path in ["/api/sites", "/api/sites/demo", "/api/sites/demo/widget"] {
        let seen = api.get(path).by(&ada).send().await.body.to_string();
        assert!(!seen.contains(secret) && !seen.contains(&fresh), "{seen}");
    }
    let cleared = change(json!({"identity_secret": null})).await;
    assert_eq!(cleared.body["identity_secret_set"], false);
}

#[tokio::test]
async fn the_widget_reads_its_settings_from_any_page() {
    let (api, ada) = Api::with_ada().await;
    let change = json!({"greeting": "Hello!", "identity_secret": "x".repeat(40)});
    api.patch("/api/sites/demo")
        .by(&ada)
        .body(change)
        .send()
        .await;
    let path = "/api/sites/demo/widget";
    let answer = api
        .get(path)
        .header("origin", "https://any.example")
        .send()
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("cache-control"), "public, max-age=60");
    let widget = &answer.body;
    assert_eq!(widget["site"], "demo");
    assert_eq!(widget["texts"]["greeting"], "Hello!");
    assert_eq!(widget["departments"][0]["key"], "support");
    assert_eq!(
        (&widget["open"], &widget["next_open_at"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(
        (&widget["lang"], &widget["form"]),
        (&json!("en"), &json!([]))
    );
    let asked = |lang: &str| api.get(&format!("{path}?lang={lang}")).send();
    assert_eq!(asked("%3Cscript%3E").await.body["lang"], "en");
    let dutch = asked("tlh,nl-BE,en").await.body;
    assert_eq!(
        (&dutch["lang"], &dutch["dir"]),
        (&json!("nl"), &json!("ltr"))
    );
    assert_eq!(dutch["launcher"]["chat"], "Chat met ons");
    assert!(
        dutch["launcher"]["unread"]["other"]
            .as_str()
            .is_some_and(|form| form.contains("{n}"))
    );
    assert!(
        dutch["words"]
            .as_str()
            .is_some_and(|path| path.starts_with("/widget/words-nl-"))
    );
    let answer = api.get(&format!("{path}?foo=1")).send().await;
    assert_eq!(answer.refusal(), (400, "foo"));
    let answer = api.get("/api/sites/nowhere/widget").send().await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "*",
        "so that the page can be told why"
    );
}

#[tokio::test]
async fn the_looks_of_a_widget_are_replaced_whole() {
    let (api, ada) = Api::with_ada().await;
    let change = |widget| {
        let body = json!({ "widget": widget });
        api.patch("/api/sites/demo").by(&ada).body(body).send()
    };
    let shown = || async { api.get("/api/sites/demo/widget").send().await.body };
    let fresh = shown().await;
    let look = json!({"logo": null, "side": "end", "offset": {"x": 16, "y": 16}, "theme": "auto"});
    assert_eq!(fresh["look"], look);
    assert_eq!(
        (&fresh["connect"], &fresh["greetings"]),
        (&json!("open"), &json!([]))
    );
    assert_eq!(
        (&fresh["consent"], &fresh["long_wait_ms"]),
        (&Value::Null, &json!(900_000))
    );
    assert_eq!(fresh["uploads"]["bytes_max"], 20 * 1_024 * 1_024);
    assert_eq!(fresh["uploads"]["types"][0], "image/*");

    let wanted = json!({
        "logo": "https://shop.example/logo.svg", "side": "start", "offset": {"x": 0}, "theme": "dark", "connect": "load",
        "greetings": [{"text": "Hi", "page": "/pricing", "after_ms": 5_000, "visitor": "returning"}],
        "consent": {"text": "We keep this.", "required": true}, "uploads": null, "long_wait_ms": 60_000,
    });
    let changed = change(wanted.clone()).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["widget"]["offset"], json!({"x": 0, "y": 16}));
    let widget = shown().await;
    assert_eq!(widget["look"]["logo"], wanted["logo"]);
    assert_eq!(widget["look"]["side"], "start");
    for member in ["connect", "greetings", "consent", "uploads", "long_wait_ms"] {
        assert_eq!(widget[member], wanted[member], "{member}");
    }

    for (wrong, field) in [
        (json!({"side": "left"}), "widget.side"),
        (json!({"offset": {"x": 401}}), "widget.offset.x"),
        (
            json!({"greetings": [{"txt": "Hi"}]}),
            "widget.greetings[0].txt",
        ),
        (
            json!({"uploads": {"types": ["png"]}}),
            "widget.uploads.types",
        ),
        (json!({"colour": "red"}), "widget.colour"),
    ] {
        assert_eq!(change(wrong).await.refusal(), (400, field));
    }
    let renamed = api
        .patch("/api/sites/demo")
        .by(&ada)
        .body(json!({"name": "Shop"}))
        .send()
        .await;
    assert_eq!(
        renamed.body["widget"], changed.body["widget"],
        "what is absent stays"
    );
    assert_eq!(
        change(json!({})).await.body["widget"]["side"],
        "end",
        "it is replaced whole"
    );
    assert_eq!(shown().await["look"], look);
}

#[tokio::test]
async fn a_department_in_use_stays() {
    let (api, ada) = Api::with_ada().await;
    let department =
        json!({"key": "billing", "name": "Billing", "mode": "offer", "idle_limit_ms": 60_000});
    let added = api
        .post("/api/departments")
        .by(&ada)
        .body(department)
        .send()
        .await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(added.body["mode"], "offer");
    assert_eq!(added.body["idle_close_ms"], 60_000);
    let off = json!({"idle_limit_ms": null});
    let changed = api
        .patch("/api/departments/billing")
        .by(&ada)
        .body(off)
        .send()
        .await;
    assert_eq!(changed.body["idle_limit_ms"], Value::Null);
    assert_eq!(changed.body["mode"], "offer");
    assert_eq!(
        api.delete("/api/departments/support")
            .by(&ada)
            .send()
            .await
            .status,
        409
    );
    assert_eq!(
        api.delete("/api/departments/billing")
            .by(&ada)
            .send()
            .await
            .status,
        204
    );
    assert_eq!(
        api.get("/api/departments/billing")
            .by(&ada)
            .send()
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn tags_are_a_list() {
    let (api, ada) = Api::with_ada().await;
    let add = |tag: &str| {
        api.post("/api/tags")
            .by(&ada)
            .body(json!({ "tag": tag }))
            .send()
    };
    assert_eq!(add(" two words / é ").await.body["tag"], "two words / é");
    assert_eq!(add("two words / é").await.refusal(), (409, "tag"));
    assert_eq!(add("").await.refusal(), (400, "tag"));
    assert_eq!(add(&"x".repeat(65)).await.refusal(), (400, "tag"));
    let list = api.get("/api/tags").by(&ada).send().await;
    assert_eq!(list.body, json!({"tags": [{"tag": "two words / é"}]}));
    let path = "/api/tags/two%20words%20%2F%20%C3%A9";
    assert_eq!(api.delete(path).by(&ada).send().await.status, 204);
    assert_eq!(api.delete(path).by(&ada).send().await.status, 404);
}

#[tokio::test]
async fn canned_replies_belong_to_departments() {
    let (api, ada) = Api::with_ada().await;
    let ben = api.joins(&ada, "Ben", "agent", &["support"]).await;
    let reply = |shortcut: &str, department: Value| {
        let body = json!({"shortcut": shortcut, "title": "T", "text": "Line\nline", "department": department});
        api.post("/api/canned-replies").by(&ada).body(body).send()
    };
    let all = reply("hello", Value::Null).await;
    assert_eq!(all.status, 201);
    assert_eq!(reply("price", json!("sales")).await.status, 201);
    assert_eq!(
        reply("hello", Value::Null).await.refusal(),
        (409, "shortcut")
    );
    assert_eq!(reply("a b", Value::Null).await.refusal(), (400, "shortcut"));
    assert_eq!(
        reply("x", json!("nowhere")).await.refusal(),
        (400, "department")
    );
    assert_eq!(
        shortcuts(&api.get("/api/canned-replies").by(&ada).send().await),
        ["hello", "price"]
    );
    assert_eq!(
        shortcuts(&api.get("/api/canned-replies").by(&ben).send().await),
        ["hello"]
    );
    let path = format!("/api/canned-replies/{}", all.body["id"].as_str().unwrap());
    let change = json!({"text": "Hi", "department": "sales"});
    let changed = api.patch(&path).by(&ada).body(change).send().await;
    assert_eq!(
        (&changed.body["text"], &changed.body["shortcut"]),
        (&json!("Hi"), &json!("hello"))
    );
    let back = api
        .patch(&path)
        .by(&ada)
        .body(json!({"department": null}))
        .send()
        .await;
    assert_eq!(back.body["department"], Value::Null);
    assert_eq!(api.delete(&path).by(&ada).send().await.status, 204);
    assert_eq!(api.delete(&path).by(&ada).send().await.status, 404);
    assert_eq!(
        api.patch(&path)
            .by(&ada)
            .body(json!({}))
            .send()
            .await
            .status,
        404
    );
}

fn shortcuts(answer: &Answer) -> Vec<&str> {
    let replies = answer.body["canned_replies"].as_array().unwrap();
    replies
        .iter()
        .filter_map(|reply| reply["shortcut"].as_str())
        .collect()
}
