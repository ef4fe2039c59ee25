//! Visitors, and an anonymous one who turns out to be somebody known.

use std::sync::Arc;

use balie::domain::conversation::Command;
use balie::model::event::View;
use balie::model::id::VisitorId;
use balie::model::record::{Attribute, Page};
use balie::model::time::At;
use balie::store::{Append, Outcome, Receipt, Store, StoreError};

use super::{Chat, START, conversation, log_of, refused, site, started, texts, visitor, written};

pub async fn a_visitor_is_saved_as_given(store: Arc<dyn Store>) {
    let mut vera = visitor("Vera");
    let page = Page {
        url: "https://shop.example/a".to_owned(),
        title: "A".to_owned(),
        referrer: None,
    };
    store.save_page(vera.id, &page).await.unwrap();
    assert_eq!(
        store.visitor(vera.id).await.unwrap(),
        None,
        "a page alone makes no visitor"
    );

    store.save_visitor(&vera, START).await.unwrap();
    assert_eq!(store.visitor(vera.id).await.unwrap().as_ref(), Some(&vera));
    vera.subject = Some("customer 7".to_owned());
    vera.email = Some("vera@example.com".to_owned());
    vera.priority = 2;
    vera.lang = Some("nl-BE".to_owned());
    vera.tz = Some("Europe/Brussels".to_owned());
    vera.attributes = [(
        "plan".to_owned(),
        Attribute {
            value: "gold".to_owned(),
            signed: true,
        },
    )]
    .into();
    vera.page = Some(Page {
        referrer: Some("https://search.example".to_owned()),
        ..page.clone()
    });
    store.save_visitor(&vera, START).await.unwrap();
    assert_eq!(store.visitor(vera.id).await.unwrap().as_ref(), Some(&vera));
    store.save_page(vera.id, &page).await.unwrap();
    vera.page = Some(page);
    assert_eq!(store.visitor(vera.id).await.unwrap().as_ref(), Some(&vera));

    // A start does not overwrite what is known.
    let chat = Chat {
        visitor: vera.id,
        ..Chat::fresh()
    };
    written(&store, chat.start("Hello")).await;
    assert_eq!(store.visitor(vera.id).await.unwrap(), Some(vera));
}

pub async fn one_subject_is_one_visitor_of_a_site(store: Arc<dyn Store>) {
    let mut vera = visitor("Vera");
    vera.subject = Some("customer 7".to_owned());
    store.save_visitor(&vera, START).await.unwrap();
    let found = store
        .visitor_of_subject(&site("demo"), "customer 7")
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&vera));
    assert_eq!(
        store
            .visitor_of_subject(&site("demo"), "customer 8")
            .await
            .unwrap(),
        None
    );

    let mut double = visitor("Double");
    double.subject.clone_from(&vera.subject);
    let saved = store.save_visitor(&double, START).await;
    assert!(
        matches!(saved, Err(StoreError::Taken("identity"))),
        "{saved:?}"
    );
    assert_eq!(store.visitor(double.id).await.unwrap(), None);

    let mut shop = store.sites().await.unwrap().remove(0);
    shop.key = site("second");
    store.create_site(shop).await.unwrap();
    double.site = site("second");
    store.save_visitor(&double, START).await.unwrap();
    assert_eq!(
        store
            .visitor_of_subject(&site("second"), "customer 7")
            .await
            .unwrap(),
        Some(double)
    );
}

pub async fn an_identity_takes_over_the_open_conversation(store: Arc<dyn Store>) {
    let chat = started(&store, "Hello").await;
    let said = chat.visitor_says("It is me");
    written(&store, said.clone()).await;
    let older = Chat {
        visitor: chat.visitor,
        ..Chat::fresh()
    };

    let mut known = visitor("Vera Known");
    known.subject = Some("customer 7".to_owned());
    let joined = store.join_identity(chat.visitor, known.id).await;
    assert!(
        matches!(joined, Err(StoreError::NotThere("visitor"))),
        "{joined:?}"
    );
    store.save_visitor(&known, START).await.unwrap();
    let joined = store
        .join_identity(chat.visitor, known.id)
        .await
        .unwrap()
        .unwrap();

    assert_eq!((joined.id, joined.visitor), (chat.id, known.id));
    assert_eq!(joined.visitor_name.as_deref(), Some("Vera Known"));
    assert_eq!(conversation(&store, chat.id).await, joined);
    let found = store
        .conversation_of_visitor(known.id, At(0))
        .await
        .unwrap();
    assert_eq!(found.map(|conversation| conversation.id), Some(chat.id));
    assert_eq!(
        store
            .conversation_of_visitor(chat.visitor, At(0))
            .await
            .unwrap(),
        None
    );

    // A command that was on its way is still known, under the new name.
    let (sender, cmd) = said.once.unwrap();
    assert_eq!(store.receipt(sender, cmd).await.unwrap(), None);
    let repeat = Append {
        once: Some((known.id.0, cmd)),
        ..said
    };
    let outcome = store.append(repeat).await.unwrap();
    assert!(
        matches!(outcome, Outcome::Repeated(Receipt { seq: 3, conversation, .. }) if conversation == chat.id),
        "{outcome:?}"
    );
    assert_eq!(
        texts(&log_of(&store, chat.id, View::Visitor).await),
        ["Hello", "It is me"]
    );
    // The anonymous visitor may start anew, and joining again finds that the identified one is busy.
    written(&store, older.start("Another")).await;
    assert_eq!(
        store.join_identity(chat.visitor, known.id).await.unwrap(),
        None
    );
}

pub async fn an_identity_with_an_open_conversation_takes_nothing_over(store: Arc<dyn Store>) {
    let anonymous = started(&store, "Anonymous").await;
    let known = started(&store, "Known").await;
    assert_eq!(
        store
            .join_identity(anonymous.visitor, known.visitor)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store
            .join_identity(known.visitor, known.visitor)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store
            .join_identity(VisitorId::fresh(), known.visitor)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        conversation(&store, anonymous.id).await.visitor,
        anonymous.visitor
    );

    // Closed ones stay where they are, on both sides.
    written(&store, known.does(Command::Leave)).await;
    let moved = store
        .join_identity(anonymous.visitor, known.visitor)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(moved.id, anonymous.id);
    assert_eq!(conversation(&store, known.id).await.visitor, known.visitor);
    let second = Chat {
        visitor: known.visitor,
        ..Chat::fresh()
    };
    refused(&store, second.start("One at a time")).await;

    // Nor does an identity of one site take over what was started on another.
    let mut shop = store.sites().await.unwrap().remove(0);
    shop.key = site("second");
    store.create_site(shop).await.unwrap();
    let mut elsewhere = visitor("Elsewhere");
    elsewhere.site = site("second");
    store.save_visitor(&elsewhere, START).await.unwrap();
    assert_eq!(
        store
            .join_identity(known.visitor, elsewhere.id)
            .await
            .unwrap(),
        None
    );
}
