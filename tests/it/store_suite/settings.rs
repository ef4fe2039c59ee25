//! Sites, departments, tags, canned replies, and what the installation is.

use std::sync::Arc;

use balie::model::hours::{Hours, OpenSpan};
use balie::model::id::CannedReplyId;
use balie::model::record::{
    CannedReply, Department, FormField, FormFieldKind, OWN_ORIGIN, PairingMode, PersonRole,
    Session, SessionKind, Site, Status,
};
use balie::model::routing::Routing;
use balie::model::standard::{Definition, Standard};
use balie::model::time::Millis;
use balie::model::widget_settings::{Greeting, Theme, WidgetSettings};
use balie::store::{PersonChange, Store, StoreError};

use super::{START, agent, department, entry, new_person, served, site, started, written};

pub async fn a_fresh_installation_has_the_demo_site(store: Arc<dyn Store>) {
    let sites = store.sites().await.unwrap();
    assert_eq!(sites.len(), 1);
    let demo = &sites[0];
    assert_eq!(
        (demo.key.as_str(), demo.name.as_str()),
        ("demo", "Demo shop")
    );
    assert_eq!(
        demo.departments,
        [department("support"), department("sales")]
    );
    assert_eq!(demo.origins, [OWN_ORIGIN]);
    assert_eq!(demo.widget, WidgetSettings::default());
    assert!(demo.typing_preview && demo.form.is_empty() && demo.greeting.is_none());
    assert!(
        demo.identity_secret
            .as_ref()
            .is_some_and(|secret| secret.len() >= 32)
    );
    let departments = store.departments().await.unwrap();
    assert_eq!(departments.len(), 2);
    for department in departments {
        assert_eq!(
            (department.mode, department.priority),
            (PairingMode::Assign, 0)
        );
        assert_eq!(department.idle_limit_ms, None);
        assert_eq!(department.hours, None);
    }
    assert!(store.people().await.unwrap().is_empty());
    store.probe().await.unwrap();
}

fn shop() -> Site {
    Site {
        key: site("shop"),
        name: "Shop".to_owned(),
        origins: vec!["https://shop.example".to_owned()],
        departments: vec![department("sales"), department("support")],
        form: vec![FormField {
            name: "topic".to_owned(),
            label: "Topic".to_owned(),
            kind: FormFieldKind::Select,
            required: true,
            options: vec!["Returns".to_owned(), "Other".to_owned()],
        }],
        greeting: None,
        color: Some("#336699".to_owned()),
        typing_preview: false,
        widget: WidgetSettings {
            theme: Theme::Dark,
            greetings: vec![Greeting {
                text: "Need a hand?".to_owned(),
                page: Some("/pricing".to_owned()),
                after_ms: None,
                scroll_percent: Some(50),
                visitor: None,
            }],
            uploads: None,
            ..WidgetSettings::default()
        },
        identity_secret: None,
        identity_public_key: Some("a key".to_owned()),
    }
}

pub async fn sites_are_kept_as_given(store: Arc<dyn Store>) {
    let mut shop = shop();
    let saved = store.save_site(shop.clone()).await;
    assert!(
        matches!(saved, Err(StoreError::NotThere("site"))),
        "{saved:?}"
    );
    store.create_site(shop.clone()).await.unwrap();
    assert_eq!(store.sites().await.unwrap()[1], shop);
    let created = store.create_site(shop.clone()).await;
    assert!(
        matches!(created, Err(StoreError::Taken("site"))),
        "{created:?}"
    );

    shop.departments = vec![department("support")];
    shop.greeting = Some("Hi".to_owned());
    shop.form.clear();
    shop.widget = WidgetSettings::default();
    store.save_site(shop.clone()).await.unwrap();
    assert_eq!(store.sites().await.unwrap()[1], shop);
    let lost = Site {
        departments: vec![department("nowhere")],
        ..shop.clone()
    };
    let saved = store.save_site(lost).await;
    assert!(
        matches!(saved, Err(StoreError::NotThere("department"))),
        "{saved:?}"
    );
    assert_eq!(
        store.sites().await.unwrap()[1],
        shop,
        "a refused change leaves nothing"
    );

    started(&store, "Hello").await;
    let removed = store.remove_site(&site("demo")).await;
    assert!(
        matches!(removed, Err(StoreError::InUse("site"))),
        "{removed:?}"
    );
    store.remove_site(&shop.key).await.unwrap();
    let removed = store.remove_site(&shop.key).await;
    assert!(
        matches!(removed, Err(StoreError::NotThere("site"))),
        "{removed:?}"
    );
}

fn returns() -> Department {
    Department {
        key: department("returns"),
        name: "Returns".to_owned(),
        mode: PairingMode::Offer,
        priority: -1,
        idle_limit_ms: Some(Millis(600_000)),
        idle_close_ms: Millis(30_000),
        idle_text: "Hello?".to_owned(),
        hours: Some(Hours {
            tz: "Europe/Amsterdam".to_owned(),
            week: vec![OpenSpan {
                days: vec![1, 2],
                from: "09:00".to_owned(),
                to: "24:00".to_owned(),
            }],
            closed: vec!["2026-12-25".to_owned()],
        }),
        standard: Standard {
            threshold_ms: Millis(45_000),
            target_percent: 90,
            definition: Definition::Kind,
        },
        routing: Routing {
            relax_after: vec![Millis(30_000), Millis(60_000)],
            overflow_after: Some(Millis(120_000)),
            stand_ins: vec![department("sales")],
            queue_max: Some(0),
            speaks: true,
        },
    }
}

pub async fn departments_are_kept_as_given(store: Arc<dyn Store>) {
    let mut returns = returns();
    let saved = store.save_department(returns.clone()).await;
    assert!(
        matches!(saved, Err(StoreError::NotThere("department"))),
        "{saved:?}"
    );
    store.create_department(returns.clone()).await.unwrap();
    let created = store.create_department(returns.clone()).await;
    assert!(
        matches!(created, Err(StoreError::Taken("department"))),
        "{created:?}"
    );
    returns.idle_limit_ms = None;
    returns.hours = None;
    returns.routing = Routing::default();
    returns.mode = PairingMode::Assign;
    store.save_department(returns.clone()).await.unwrap();
    assert_eq!(store.departments().await.unwrap()[0], returns);

    // In use by a site, an agent or a conversation, each alone.
    let in_use = async || {
        let removed = store.remove_department(&returns.key).await;
        assert!(
            matches!(removed, Err(StoreError::InUse("department"))),
            "{removed:?}"
        );
    };
    let demo = store.sites().await.unwrap().remove(0);
    let mut with_returns = demo.clone();
    with_returns.departments.push(returns.key.clone());
    store.save_site(with_returns).await.unwrap();
    in_use().await;
    store.save_site(demo).await.unwrap();
    let mut ana = new_person("Ana", PersonRole::Agent, 1);
    ana.departments = vec![returns.key.clone()];
    store.create_person(ana.clone(), START).await.unwrap();
    in_use().await;
    let departments = Some(Vec::new());
    let change = PersonChange {
        departments,
        ..PersonChange::default()
    };
    store.change_person(ana.id, change, START).await.unwrap();
    let chat = super::Chat::fresh();
    let start = balie::domain::conversation::Command::Start(chat.start_in("returns", None));
    written(&store, chat.does(start)).await;
    in_use().await;
    let bea = agent(&store, "Bea", 1).await;
    let transfer = balie::domain::conversation::Command::Transfer {
        agent: bea,
        is_supervisor: true,
        to: balie::model::event::TransferredTo::Department(department("sales")),
        note: None,
    };
    written(&store, chat.does(transfer)).await;
    store.remove_department(&returns.key).await.unwrap();
    let removed = store.remove_department(&returns.key).await;
    assert!(
        matches!(removed, Err(StoreError::NotThere("department"))),
        "{removed:?}"
    );
}

fn reply(shortcut: &str) -> CannedReply {
    CannedReply {
        id: CannedReplyId::fresh(),
        shortcut: shortcut.to_owned(),
        title: "A reply".to_owned(),
        text: "Thank you.".to_owned(),
        department: None,
    }
}

pub async fn tags_and_canned_replies_are_kept_as_given(store: Arc<dyn Store>) {
    for tag in ["refund", "parcel"] {
        store.create_tag(tag).await.unwrap();
    }
    let created = store.create_tag("refund").await;
    assert!(
        matches!(created, Err(StoreError::Taken("tag"))),
        "{created:?}"
    );
    assert_eq!(store.tags().await.unwrap(), ["parcel", "refund"]);
    store.remove_tag("refund").await.unwrap();
    let removed = store.remove_tag("refund").await;
    assert!(
        matches!(removed, Err(StoreError::NotThere("tag"))),
        "{removed:?}"
    );

    store.create_department(returns()).await.unwrap();
    let mut thanks = CannedReply {
        department: Some(department("returns")),
        ..reply("thanks")
    };
    let bye = reply("bye");
    store.create_canned_reply(thanks.clone()).await.unwrap();
    store.create_canned_reply(bye.clone()).await.unwrap();
    assert_eq!(
        store.canned_replies().await.unwrap(),
        [bye.clone(), thanks.clone()]
    );
    let created = store.create_canned_reply(reply("bye")).await;
    assert!(
        matches!(created, Err(StoreError::Taken("shortcut"))),
        "{created:?}"
    );
    let saved = store
        .save_canned_reply(CannedReply {
            id: bye.id,
            ..reply("thanks")
        })
        .await;
    assert!(
        matches!(saved, Err(StoreError::Taken("shortcut"))),
        "{saved:?}"
    );
    let saved = store.save_canned_reply(reply("unknown")).await;
    assert!(
        matches!(saved, Err(StoreError::NotThere("canned reply"))),
        "{saved:?}"
    );
    let nowhere = CannedReply {
        department: Some(department("nowhere")),
        ..bye.clone()
    };
    let saved = store.save_canned_reply(nowhere).await;
    assert!(
        matches!(saved, Err(StoreError::NotThere("department"))),
        "{saved:?}"
    );
    thanks.text = "Many thanks.".to_owned();
    store.save_canned_reply(thanks.clone()).await.unwrap();
    store
        .remove_department(&department("returns"))
        .await
        .unwrap();
    thanks.department = None;
    assert_eq!(store.canned_replies().await.unwrap(), [bye.clone(), thanks]);
    store.remove_canned_reply(bye.id).await.unwrap();
    let removed = store.remove_canned_reply(bye.id).await;
    assert!(
        matches!(removed, Err(StoreError::NotThere("canned reply"))),
        "{removed:?}"
    );
}

/// Fails unless the number grew by what was done, and remembers it.
macro_rules! counted {
    ($store:ident, $version:ident: $($change:expr,)+) => {
        $(
            $change.await.unwrap();
            let now = $store.settings_version().await.unwrap();
            assert!(now > $version, "{}", stringify!($change));
            $version = now;
        )+
    };
}

pub async fn every_change_of_a_setting_is_counted(store: Arc<dyn Store>) {
    let mut version = store.settings_version().await.unwrap();
    let ana = new_person("Ana", PersonRole::Agent, 3);
    let session = Session {
        id: balie::model::id::SessionId::fresh(),
        person: ana.id,
        kind: SessionKind::Cookie,
        secret_hash: [1; 32],
        label: String::new(),
        created_at: START,
        seen_at: START,
        expires_at: None,
    };
    let canned = reply("thanks");
    let article = super::articles::article("en", "Returns", "Text");
    let rename = PersonChange {
        name: Some("Ana B.".to_owned()),
        ..PersonChange::default()
    };
    let name = balie::model::event::AgentName {
        id: ana.id,
        name: ana.name.clone(),
    };
    counted!(store, version:
        store.create_site(shop()),
        store.save_site(shop()),
        store.create_department(returns()),
        store.save_department(returns()),
        store.remove_department(&department("returns")),
        store.remove_site(&site("shop")),
        store.create_tag("tag"),
        store.remove_tag("tag"),
        store.create_canned_reply(canned.clone()),
        store.save_canned_reply(canned.clone()),
        store.remove_canned_reply(canned.id),
        store.create_article(article.clone()),
        store.save_article(article.clone()),
        store.move_article(article.id, 1),
        store.remove_article(article.id),
        store.create_person(ana.clone(), START),
        store.change_person(ana.id, rename, START),
        store.journal(entry(&name, Status::Online, 9), START),
        store.create_session(session.clone()),
        store.end_session(ana.id, session.id),
        store.create_session(session),
        store.set_password(ana.id, "hash".to_owned(), None),
        store.end_sessions(ana.id),
    );

    // What happens all day long is none.
    store
        .journal(entry(&name, Status::Away, 9), START)
        .await
        .unwrap();
    let chat = served(&store, &name).await;
    written(&store, chat.visitor_says("Hello")).await;
    assert_eq!(store.settings_version().await.unwrap(), version);
    written(&store, chat.does(super::close(&name, &[]))).await;
    counted!(store, version: store.remove_person(ana.id, START),);
    assert_eq!(store.settings_version().await.unwrap(), version);
}

pub async fn an_epoch_is_new_only_when_asked_for(store: Arc<dyn Store>) {
    let before = store.installation().await.unwrap();
    assert!(!before.epoch.is_empty() && before.token_secret != [0; 32]);
    assert_eq!(store.installation().await.unwrap(), before);
    let epoch = store.new_epoch().await.unwrap();
    assert_ne!(epoch, before.epoch);
    let after = store.installation().await.unwrap();
    assert_eq!(
        (after.epoch, after.token_secret),
        (epoch, before.token_secret)
    );
}
