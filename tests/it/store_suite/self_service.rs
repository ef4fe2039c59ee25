//! What visitors did with articles: counted by visit, bounded, forgotten in time.

use std::sync::Arc;

use balie::model::article::{Article, ArticleStatus, SelfServiceDid, SelfServiceNote};
use balie::model::id::{ArticleId, VisitId};
use balie::model::time::{At, Millis};
use balie::store::Store;
use balie::store::articles::{
    PHRASE_OF_ONE_KEPT, PHRASES_MAX, SELF_SERVICE_KEPT, SelfServiceFigures,
};

use super::articles::article;
use super::{START, site};

async fn note(store: &Arc<dyn Store>, at: At, visit: VisitId, did: SelfServiceDid) {
    let note = SelfServiceNote {
        site: site("demo"),
        visit,
        at,
        did,
    };
    store.note_self_service(note).await.unwrap();
}

fn in_vain(phrase: &str) -> SelfServiceDid {
    SelfServiceDid::Searched {
        in_vain: Some(phrase.to_owned()),
    }
}

async fn figures(store: &Arc<dyn Store>, from: At, to: At) -> SelfServiceFigures {
    store.self_service(&site("demo"), from, to).await.unwrap()
}

const FOUND: SelfServiceDid = SelfServiceDid::Searched { in_vain: None };
const HOUR: Millis = Millis::seconds(3_600);

pub async fn what_a_visit_did_is_counted_once(store: Arc<dyn Store>) {
    let returns = store
        .create_article(article("en", "Returns", "Text"))
        .await
        .unwrap()
        .id;
    let paying = store
        .create_article(article("en", "Paying", "Text"))
        .await
        .unwrap()
        .id;
    let [reader, chatter, writer, asker] = std::array::from_fn(|_| VisitId::fresh());
    let vote = |article, is_helpful| SelfServiceDid::Voted {
        article,
        is_helpful,
    };
    for did in [
        FOUND,
        FOUND,
        SelfServiceDid::Read(returns),
        SelfServiceDid::Read(returns),
        vote(returns, false),
        vote(returns, true),
        vote(paying, false),
    ] {
        note(&store, START, reader, did).await;
    }
    note(&store, START, chatter, SelfServiceDid::Read(returns)).await;
    note(&store, START + HOUR, chatter, SelfServiceDid::Chatted).await;
    note(&store, START, writer, FOUND).await;
    note(&store, START, writer, SelfServiceDid::LeftMessage).await;
    note(&store, START + HOUR, asker, SelfServiceDid::Chatted).await;

    let all = figures(&store, START, START + HOUR + HOUR).await;
    let counts = [
        all.visits,
        all.searched,
        all.read,
        all.helpful,
        all.not_helpful,
        all.chats,
        all.messages,
        all.deflected,
    ];
    assert_eq!(counts, [4, 2, 2, 1, 1, 2, 1, 1]);
    let by_article: Vec<_> = all
        .articles
        .iter()
        .map(|one| (one.title.as_str(), one.reads, one.helpful, one.not_helpful))
        .collect();
    assert_eq!(by_article, [("Returns", 2, 1, 0), ("Paying", 1, 0, 1)]);

    let first_hour = figures(&store, START, START + HOUR).await;
    assert_eq!(
        (first_hour.visits, first_hour.chats),
        (3, 1),
        "a visit counts when it began"
    );
    let before = figures(&store, START - HOUR, START).await;
    assert_eq!(before, SelfServiceFigures::default());
    store.remove_article(returns).await.unwrap();
    assert_eq!(figures(&store, START, START + HOUR).await.articles.len(), 1);
}

pub async fn what_is_not_there_is_passed_over(store: Arc<dyn Store>) {
    let draft = Article {
        status: ArticleStatus::Draft,
        ..article("en", "Draft", "Text")
    };
    let draft = store.create_article(draft).await.unwrap().id;
    let visit = VisitId::fresh();
    for id in [draft, ArticleId::fresh()] {
        note(&store, START, visit, SelfServiceDid::Read(id)).await;
        let vote = SelfServiceDid::Voted {
            article: id,
            is_helpful: true,
        };
        note(&store, START, visit, vote).await;
    }
    let nowhere = SelfServiceNote {
        site: site("nowhere"),
        visit,
        at: START,
        did: SelfServiceDid::Chatted,
    };
    store.note_self_service(nowhere).await.unwrap();
    let all = figures(&store, START, START + HOUR).await;
    assert_eq!(all, SelfServiceFigures::default());
}

pub async fn searches_in_vain_are_counted_and_bounded(store: Arc<dyn Store>) {
    let [one, two, three] = std::array::from_fn(|_| VisitId::fresh());
    for _ in 0..5 {
        note(&store, START, one, in_vain("gift wrap")).await;
    }
    note(&store, START, one, in_vain("jan de vries")).await;
    assert!(
        figures(&store, START, START + HOUR)
            .await
            .unanswered
            .is_empty(),
        "of one visit only"
    );
    for visit in [two, three] {
        note(&store, START, visit, in_vain("gift wrap")).await;
    }
    let day = Millis::seconds(24 * 3_600);
    let later = START + Millis(90 * day.0);
    for visit in [one, two] {
        note(&store, later, visit, in_vain("tandem")).await;
    }
    let shown = |figures: SelfServiceFigures| -> Vec<(String, u64)> {
        let phrases = figures.unanswered.into_iter();
        phrases.map(|one| (one.phrase, one.visits)).collect()
    };
    let all = shown(figures(&store, START, later + HOUR).await);
    let expected = [("tandem".to_owned(), 2), ("gift wrap".to_owned(), 3)];
    assert_eq!(all, expected, "two of late weigh more than three long ago");
    let early = shown(figures(&store, START, START + HOUR).await);
    assert_eq!(early, [("gift wrap".to_owned(), 3)]);

    // What counts least makes room.
    for number in 0..PHRASES_MAX {
        note(
            &store,
            later,
            VisitId::fresh(),
            in_vain(&format!("thing {number}")),
        )
        .await;
    }
    let all = shown(figures(&store, START, later + HOUR).await);
    assert_eq!(all, [("tandem".to_owned(), 2)]);
}

pub async fn visits_and_phrases_are_forgotten_in_time(store: Arc<dyn Store>) {
    let article = store
        .create_article(article("en", "Returns", "Text"))
        .await
        .unwrap()
        .id;
    let [old, new] = std::array::from_fn(|_| VisitId::fresh());
    let now = START + SELF_SERVICE_KEPT + HOUR;
    note(&store, START, old, SelfServiceDid::Read(article)).await;
    note(&store, START, old, in_vain("tandem")).await;
    note(&store, START, new, in_vain("tandem")).await;
    note(&store, START + HOUR + HOUR, new, in_vain("gift wrap")).await;
    let lone = now - PHRASE_OF_ONE_KEPT - HOUR;
    note(&store, lone, VisitId::fresh(), in_vain("unicycle")).await;
    assert_eq!(figures(&store, START, now).await.visits, 3);
    assert!(!store.forget_self_service(now).await.unwrap());
    let left = figures(&store, START, now).await;
    assert_eq!((left.visits, left.articles.len()), (1, 0));
    assert!(left.unanswered.is_empty());
    // Each was forgotten, not only hidden: the next visit is the first again.
    for phrase in ["tandem", "gift wrap", "unicycle"] {
        note(&store, now, VisitId::fresh(), in_vain(phrase)).await;
    }
    assert!(
        figures(&store, START, now + HOUR)
            .await
            .unanswered
            .is_empty()
    );

    for _ in 0..2_001 {
        note(&store, START, VisitId::fresh(), FOUND).await;
    }
    assert!(store.forget_self_service(now).await.unwrap(), "in pieces");
    assert!(!store.forget_self_service(now).await.unwrap());
    assert_eq!(figures(&store, START, START + HOUR).await.visits, 0);
}
