//! Articles: their order, and which searches find them in which order.

use std::sync::Arc;

use balie::domain::search::Query;
use balie::model::article::{Article, ArticleStatus};
use balie::model::event::AgentName;
use balie::model::id::{AgentId, ArticleId};
use balie::store::articles::ArticleFilter;
use balie::store::{Store, StoreError};

use super::{START, site};

pub fn article(lang: &str, title: &str, body: &str) -> Article {
    Article {
        id: ArticleId::fresh(),
        site: site("demo"),
        lang: lang.to_owned(),
        position: 0,
        status: ArticleStatus::Published,
        title: title.to_owned(),
        body: body.to_owned(),
        updated_at: START,
        updated_by: Some(AgentName {
            id: AgentId::fresh(),
            name: "Ada".to_owned(),
        }),
    }
}

async fn written(store: &Arc<dyn Store>, lang: &str, texts: &[(&str, &str)]) -> Vec<ArticleId> {
    let mut ids = Vec::new();
    for (title, body) in texts {
        let article = store.create_article(article(lang, title, body)).await;
        ids.push(article.unwrap().id);
    }
    ids
}

fn of(lang: &str) -> ArticleFilter {
    ArticleFilter {
        lang: Some(lang.to_owned()),
        limit: 100,
        ..ArticleFilter::default()
    }
}

fn titles(articles: Vec<Article>) -> Vec<String> {
    articles.into_iter().map(|article| article.title).collect()
}

async fn found(store: &Arc<dyn Store>, lang: &str, text: &str) -> Vec<String> {
    let Some(query) = Query::of(text) else {
        return Vec::new();
    };
    let found = store.search_articles(&site("demo"), lang, query, 10).await;
    titles(found.unwrap())
}

pub async fn articles_are_kept_as_given(store: Arc<dyn Store>) {
    let first = article("nl", "Een", "Tekst");
    let mut second = article("nl", "Twee", "Tekst");
    assert_eq!(
        store.create_article(first.clone()).await.unwrap().position,
        1
    );
    second.position = store.create_article(second.clone()).await.unwrap().position;
    assert_eq!(second.position, 2);
    assert_eq!(store.article(second.id).await.unwrap().unwrap(), second);
    let nowhere = Article {
        site: site("nowhere"),
        ..article("nl", "Drie", "Tekst")
    };
    let created = store.create_article(nowhere.clone()).await;
    assert!(
        matches!(created, Err(StoreError::NotThere("site"))),
        "{created:?}"
    );
    let saved = store.save_article(nowhere).await;
    assert!(
        matches!(saved, Err(StoreError::NotThere("article"))),
        "{saved:?}"
    );

    second.status = ArticleStatus::Draft;
    second.updated_by = None;
    let saved = store
        .save_article(Article {
            position: 99,
            ..second.clone()
        })
        .await;
    assert_eq!(saved.unwrap(), second, "the place is not given by a change");
    let drafts = ArticleFilter {
        status: Some(ArticleStatus::Draft),
        ..of("nl")
    };
    assert_eq!(store.articles(drafts).await.unwrap(), [second.clone()]);
    assert_eq!(
        store.published_languages().await.unwrap(),
        [(site("demo"), "nl".to_owned(), 1)]
    );
    assert_eq!(store.count_articles(&site("demo")).await.unwrap(), 2);

    store.remove_article(first.id).await.unwrap();
    let removed = store.remove_article(first.id).await;
    assert!(
        matches!(removed, Err(StoreError::NotThere("article"))),
        "{removed:?}"
    );
    assert!(store.published_languages().await.unwrap().is_empty());
}

pub async fn articles_stand_in_the_order_given(store: Arc<dyn Store>) {
    let ids = written(
        &store,
        "nl",
        &[("a", "x"), ("b", "x"), ("c", "x"), ("d", "x")],
    )
    .await;
    written(&store, "en", &[("e", "x")]).await;
    let order = async || {
        let listed = store.articles(of("nl")).await.unwrap();
        let positions: Vec<u32> = listed.iter().map(|article| article.position).collect();
        assert_eq!(positions, [1, 2, 3, 4]);
        titles(listed).concat()
    };
    for (id, position, expected) in [
        (ids[2], 1, "cabd"),
        (ids[0], 4, "cbda"),
        (ids[1], 99, "cdab"),
        (ids[3], 2, "cdab"),
        (ids[1], 0, "bcda"),
        (ids[2], 1, "cbda"),
    ] {
        let moved = store.move_article(id, position).await.unwrap();
        assert_eq!(order().await, expected);
        assert_eq!(store.article(id).await.unwrap().unwrap(), moved);
    }
    let nobody = store.move_article(ArticleId::fresh(), 1).await;
    assert!(
        matches!(nobody, Err(StoreError::NotThere("article"))),
        "{nobody:?}"
    );

    // Into another language: behind those who are there.
    let moved = store.article(ids[2]).await.unwrap().unwrap();
    let moved = Article {
        lang: "en".to_owned(),
        ..moved
    };
    assert_eq!(store.save_article(moved).await.unwrap().position, 2);
    let all = ArticleFilter {
        skip: 1,
        limit: 3,
        ..ArticleFilter::default()
    };
    assert_eq!(titles(store.articles(all).await.unwrap()), ["c", "b", "d"]);
}

const DUTCH: [(&str, &str); 6] = [
    (
        "Retourneren",
        "Stuur het binnen **dertig dagen** terug. De verzendkosten betalen wij.",
    ),
    (
        "Betalen",
        "Met iDEAL, creditcard of op rekening. Bij retourneren krijg je je geld terug.",
    ),
    (
        "Bezorging",
        "We bezorgen in twee werkdagen. [Volg je pakket](https://shop.example/geheimwoord).",
    ),
    (
        "Maten",
        "Meet je binnenbeenlengte. Twijfel je, kies dan de kleinste maat.",
    ),
    (
        "Reparatie en garantie",
        "Op elk frame zit vijf jaar garantie.",
    ),
    (
        "Cadeaubon",
        "Een cadeaubon is twee jaar geldig. Ook in het café van de winkel.",
    ),
];

pub async fn a_search_finds_words_and_ranks_them(store: Arc<dyn Store>) {
    written(&store, "nl", &DUTCH).await;
    for (asked, expected) in [
        // The title weighs more than the body.
        ("retourneren", &["Retourneren", "Betalen"][..]),
        ("RETOUR", &["Retourneren", "Betalen"]),
        ("cafe", &["Cadeaubon"]),
        ("Café!", &["Cadeaubon"]),
        // All words before some of them.
        (
            "garantie frame betalen",
            &["Reparatie en garantie", "Betalen", "Retourneren"],
        ),
        ("geld retourneren", &["Betalen", "Retourneren", "Cadeaubon"]),
        ("geheimwoord", &[]),
        ("fietspomp", &[]),
    ] {
        assert_eq!(found(&store, "nl", asked).await, expected, "{asked}");
    }
    assert!(
        found(&store, "en", "retourneren").await.is_empty(),
        "another language"
    );
}

pub async fn a_search_forgives_slips(store: Arc<dyn Store>) {
    written(&store, "nl", &DUTCH).await;
    written(
        &store,
        "en",
        &[
            (
                "Sending things back",
                "You can return everything within thirty days.",
            ),
            ("Delivery", "We deliver within two working days."),
            (
                "Paying",
                "By card or invoice; the warranty begins with the payment.",
            ),
        ],
    )
    .await;
    written(
        &store,
        "ru",
        &[
            ("Доставка", "Мы доставляем за два дня."),
            ("Возврат", "Вернуть можно всё."),
        ],
    )
    .await;
    written(
        &store,
        "ja",
        &[
            ("商品の返品方法について", "三十日以内に返送してください。"),
            ("お支払い方法", "カードが使えます。"),
        ],
    )
    .await;
    for (lang, asked, expected) in [
        ("nl", "retouneren", &["Retourneren", "Betalen"][..]),
        ("nl", "retoune", &["Retourneren", "Betalen"]),
        ("nl", "bezroging", &["Bezorging"]),
        ("nl", "kosten", &["Retourneren"]),
        ("nl", "kado bon cadeubon", &["Cadeaubon"]),
        ("en", "delievery", &["Delivery"]),
        ("en", "retrun", &["Sending things back"]),
        ("en", "warrenty", &["Paying"]),
        ("ru", "доствка", &["Доставка"]),
        ("ru", "возврат", &["Возврат"]),
        ("ja", "返品", &["商品の返品方法について"]),
        (
            "ja",
            "返品方法",
            &["商品の返品方法について", "お支払い方法"],
        ),
    ] {
        assert_eq!(found(&store, lang, asked).await, expected, "{lang} {asked}");
    }
    assert!(found(&store, "nl", "1235").await.is_empty());
}

pub async fn a_search_finds_what_is_published_and_nothing_else(store: Arc<dyn Store>) {
    let ids = written(
        &store,
        "nl",
        &[("Garantie", "Vijf jaar."), ("Garantie twee", "Ook.")],
    )
    .await;
    assert_eq!(found(&store, "nl", "garantie").await.len(), 2);
    let draft = Article {
        status: ArticleStatus::Draft,
        ..store.article(ids[0]).await.unwrap().unwrap()
    };
    store.save_article(draft.clone()).await.unwrap();
    assert_eq!(found(&store, "nl", "garantie").await, ["Garantie twee"]);
    let renamed = Article {
        title: "Zekerheid".to_owned(),
        body: "Anders.".to_owned(),
        ..store.article(ids[1]).await.unwrap().unwrap()
    };
    store.save_article(renamed).await.unwrap();
    assert!(found(&store, "nl", "garantie").await.is_empty());
    assert!(
        found(&store, "nl", "garntie").await.is_empty(),
        "no slip leads to a word that is gone"
    );
    assert_eq!(found(&store, "nl", "zekerhied").await, ["Zekerheid"]);
    store
        .save_article(Article {
            status: ArticleStatus::Published,
            ..draft
        })
        .await
        .unwrap();
    assert_eq!(found(&store, "nl", "garantie").await, ["Garantie"]);
    store.remove_article(ids[0]).await.unwrap();
    assert!(found(&store, "nl", "garantie").await.is_empty());

    // With the site goes everything of it, and another of its name begins anew.
    let mut shop = store.sites().await.unwrap().remove(0);
    shop.key = site("shop");
    store.create_site(shop.clone()).await.unwrap();
    let mut there = article("nl", "Fietspomp", "Pompen.");
    there.site = site("shop");
    store.create_article(there.clone()).await.unwrap();
    assert!(
        found(&store, "nl", "fietspomp").await.is_empty(),
        "another site's"
    );
    store.remove_site(&shop.key).await.unwrap();
    store.create_site(shop).await.unwrap();
    let query = Query::of("fietspomp").unwrap();
    let found = store.search_articles(&site("shop"), "nl", query, 10).await;
    assert!(found.unwrap().is_empty());
}

pub async fn a_hostile_search_is_just_words(store: Arc<dyn Store>) {
    written(
        &store,
        "en",
        &[
            ("Delivery", "Near the shop or not."),
            ("Other", "Title body."),
        ],
    )
    .await;
    for asked in [
        "\"",
        "\"\"\"",
        "delivery\"",
        "title:delivery",
        "NEAR(delivery shop, 2)",
        "delivery AND",
        "OR OR",
        "-delivery",
        "^delivery",
        "delivery*",
        "(delivery",
        "{title}: delivery",
        "delivery + shop",
        "NOT",
        "*",
        "'; drop table article; --",
        "\u{0}delivery",
        "%",
        "_",
        "\\",
        "delivery \u{202e}",
        "🚲 delivery",
    ] {
        let found = found(&store, "en", asked).await;
        if asked.contains("delivery") {
            assert_eq!(
                found.first().map(String::as_str),
                Some("Delivery"),
                "{asked}"
            );
        }
    }
    assert_eq!(
        found(&store, "en", "near").await,
        ["Delivery"],
        "an operator's name is a word"
    );
    let many = (0..300)
        .map(|number| format!("word{number}"))
        .collect::<Vec<_>>()
        .join(" ");
    assert!(found(&store, "en", &many).await.is_empty());
    assert_eq!(store.articles(of("en")).await.unwrap().len(), 2);
}

pub async fn a_word_that_most_articles_have_says_nothing(store: Arc<dyn Store>) {
    let texts = [
        ("Tyres", "How to choose the tyre for a bike."),
        ("Lights", "How to mount the light on a bike."),
        ("Locks", "How to keep the lock of a bike alive."),
        ("Bells", "How to ring."),
        ("Refunds", "The money comes back in a week."),
    ];
    written(&store, "en", &texts).await;
    assert_eq!(
        found(&store, "en", "how do I get the money back").await,
        ["Refunds"]
    );
    assert_eq!(
        found(&store, "en", "how").await.len(),
        4,
        "alone it is all there is"
    );
    let query = Query::of("how").unwrap();
    let two = store
        .search_articles(&site("demo"), "en", query, 2)
        .await
        .unwrap();
    assert_eq!(two.len(), 2);
}
