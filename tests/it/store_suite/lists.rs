//! Finding conversations again.

use std::collections::BTreeMap;
use std::sync::Arc;

use balie::domain::conversation::{Command, Conversation, Refusal};
use balie::model::event::Mode;
use balie::model::id::{AgentId, ConversationId};
use balie::model::time::{At, Millis};
use balie::store::{ConversationFilter, PlaceFilter, SUMMARY_CHARS_MAX, Standing, Store};

use super::{
    Chat, START, agent, at, close, conversation, department, refused, served, started, take,
    visitor, written,
};
use crate::recount::{self, Line};

async fn ids(store: &Arc<dyn Store>, filter: ConversationFilter) -> Vec<ConversationId> {
    let cards = store.conversations(filter).await.unwrap();
    cards.iter().map(|card| card.conversation.id).collect()
}

fn any() -> ConversationFilter {
    ConversationFilter {
        limit: 100,
        ..ConversationFilter::default()
    }
}

pub async fn lists_show_what_is_asked_for(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 3).await;
    let waiting = started(&store, "Where is my parcel?").await;
    let served = served(&store, &ana).await;
    let closed = super::served(&store, &ana).await;
    written(&store, closed.does(close(&ana, &[]))).await;
    let sales = Chat::fresh();
    let start = sales.start_in("sales", Some("100% ÉLAN"));
    let mut zoe = visitor("Zoë Müller");
    zoe.id = sales.visitor;
    zoe.email = Some("Zoe@Example.com".to_owned());
    store.save_visitor(&zoe, START).await.unwrap();
    written(&store, sales.does(Command::Start(start))).await;

    assert_eq!(
        ids(&store, any()).await,
        [sales.id, closed.id, served.id, waiting.id]
    );
    for (filter, expected) in [
        (
            ConversationFilter {
                state: Some(PlaceFilter::Waiting),
                ..any()
            },
            vec![sales.id, waiting.id],
        ),
        (
            ConversationFilter {
                state: Some(PlaceFilter::Served),
                ..any()
            },
            vec![served.id],
        ),
        (
            ConversationFilter {
                state: Some(PlaceFilter::Closed),
                ..any()
            },
            vec![closed.id],
        ),
        (
            ConversationFilter {
                departments: Some(vec![department("sales")]),
                ..any()
            },
            vec![sales.id],
        ),
        (
            ConversationFilter {
                departments: Some(vec![]),
                ..any()
            },
            vec![],
        ),
        (
            ConversationFilter {
                agent: Some(ana.id),
                ..any()
            },
            vec![closed.id, served.id],
        ),
        (
            ConversationFilter {
                visitor: Some(waiting.visitor),
                ..any()
            },
            vec![waiting.id],
        ),
        (
            ConversationFilter {
                text: Some("PARCEL".to_owned()),
                ..any()
            },
            vec![waiting.id],
        ),
        (
            ConversationFilter {
                text: Some("zoë m".to_owned()),
                ..any()
            },
            vec![sales.id],
        ),
        (
            ConversationFilter {
                text: Some("@example".to_owned()),
                ..any()
            },
            vec![sales.id],
        ),
        (
            ConversationFilter {
                text: Some("0% él".to_owned()),
                ..any()
            },
            vec![sales.id],
        ),
        (
            ConversationFilter {
                text: Some("_".to_owned()),
                ..any()
            },
            vec![],
        ),
        (
            ConversationFilter {
                before: Some(closed.id),
                limit: 1,
                ..any()
            },
            vec![served.id],
        ),
        (
            ConversationFilter {
                agent: Some(ana.id),
                state: Some(PlaceFilter::Closed),
                departments: Some(vec![department("support")]),
                ..any()
            },
            vec![closed.id],
        ),
    ] {
        assert_eq!(ids(&store, filter.clone()).await, expected, "{filter:?}");
    }
    let of_ana = store.conversations_of_agent(ana.id).await.unwrap();
    assert_eq!(
        of_ana
            .iter()
            .map(|card| card.conversation.id)
            .collect::<Vec<_>>(),
        [served.id]
    );
    let card = store.card(sales.id).await.unwrap().unwrap();
    assert_eq!(
        (card.visitor, card.conversation),
        (zoe, conversation(&store, sales.id).await)
    );
}

pub async fn open_conversations_stand_in_their_order(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let mut chats = Vec::new();
    for offset_ms in [30, 10, 20, 10] {
        let chat = Chat::fresh();
        written(&store, at(START + Millis(offset_ms), chat.start("Hello"))).await;
        chats.push(chat);
    }
    written(&store, chats[2].does(take(&ana))).await;
    let gone = started(&store, "Never mind").await;
    written(&store, gone.does(Command::Leave)).await;
    let open = store.open_conversations().await.unwrap();
    let open: Vec<_> = open.iter().map(|conversation| conversation.id).collect();
    assert_eq!(open, [chats[1].id, chats[3].id, chats[2].id, chats[0].id]);
}

pub async fn standings_tell_how_far_each_log_has_come(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 2).await;
    let waiting = started(&store, "Hello").await;
    let served = started(&store, "Hello").await;
    written(&store, served.does(take(&ana))).await;
    let closed = started(&store, "Never mind").await;
    written(&store, closed.does(Command::Leave)).await;
    let elsewhere = started(&store, "Hello").await;
    let expected = |conversations: Vec<Conversation>| {
        let mut standings: Vec<_> = conversations.iter().map(Standing::of).collect();
        standings.sort_by_key(|stands| stands.conversation);
        standings
    };
    let told = async |followed: &[ConversationId], agents: &[AgentId]| {
        let told = store.standings(followed.to_vec(), agents.to_vec()).await;
        let mut told = told.unwrap();
        told.sort_by_key(|stands| stands.conversation);
        told
    };
    let [waiting, served, closed, _] = [
        conversation(&store, waiting.id).await,
        conversation(&store, served.id).await,
        conversation(&store, closed.id).await,
        conversation(&store, elsewhere.id).await,
    ];
    assert_eq!(served.owner().map(|owner| owner.id), Some(ana.id));
    let unknown = ConversationId::fresh();
    let followed = [waiting.id, closed.id, unknown];
    assert_eq!(
        told(&followed, &[ana.id, AgentId::fresh()]).await,
        expected(vec![waiting, closed, served.clone()])
    );
    // Followed and owned: once.
    assert_eq!(told(&[served.id], &[ana.id]).await, expected(vec![served]));
    assert_eq!(told(&[], &[]).await, []);
}

pub async fn a_visitor_finds_the_open_conversation_or_the_last(store: Arc<dyn Store>) {
    let first = started(&store, "Hello").await;
    let found = async |since: At| {
        let found = store
            .conversation_of_visitor(first.visitor, since)
            .await
            .unwrap();
        found.map(|conversation| conversation.id)
    };
    assert_eq!(
        found(At(i64::MAX)).await,
        Some(first.id),
        "an open one is found whatever its age"
    );
    written(&store, at(START + Millis(10), first.does(Command::Leave))).await;
    assert_eq!(found(START + Millis(10)).await, Some(first.id));
    assert_eq!(found(START + Millis(11)).await, None);

    let second = Chat {
        visitor: first.visitor,
        ..Chat::fresh()
    };
    written(&store, at(START + Millis(20), second.start("Again"))).await;
    assert_eq!(found(START).await, Some(second.id));
    written(&store, at(START + Millis(30), second.does(Command::Leave))).await;
    assert_eq!(found(START).await, Some(second.id));
    // A rating of the older one does not bring it back.
    let rate = Command::Rate {
        score: 3,
        comment: None,
    };
    written(&store, at(START + Millis(40), first.does(rate))).await;
    assert_eq!(found(START).await, Some(second.id));
}

pub async fn a_card_shows_first_words_and_rating(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let chat = Chat::fresh();
    written(
        &store,
        chat.does(Command::Start(chat.start_in("support", None))),
    )
    .await;
    written(&store, chat.does(take(&ana))).await;
    let hello = Command::AgentSend {
        agent: ana.clone(),
        text: "How can I help?".to_owned(),
    };
    written(&store, chat.does(hello)).await;
    let card = store.card(chat.id).await.unwrap().unwrap();
    assert_eq!((card.summary.as_str(), card.rating), ("", None));

    written(
        &store,
        chat.visitor_says(&format!("My\n  parcel {}", "é".repeat(500))),
    )
    .await;
    written(&store, chat.visitor_says("is lost")).await;
    written(&store, chat.does(close(&ana, &[]))).await;
    written(
        &store,
        chat.does(Command::Rate {
            score: 4,
            comment: Some("ok".to_owned()),
        }),
    )
    .await;
    let card = store.card(chat.id).await.unwrap().unwrap();
    assert!(card.summary.starts_with("My parcel éé"), "{}", card.summary);
    assert_eq!(card.summary.chars().count(), SUMMARY_CHARS_MAX);
    assert_eq!(card.rating, Some(4));
    assert!(card.conversation.is_rated);
}

pub async fn silent_conversations_are_found(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 5).await;
    let mut chats = Vec::new();
    for offset_ms in [300, 100, 200] {
        let chat = started(&store, "Hello").await;
        written(&store, at(START + Millis(offset_ms), chat.does(take(&ana)))).await;
        chats.push(chat);
    }
    // Neither one that waits nor one of another department is meant.
    started(&store, "Waiting").await;
    let warn = Command::WarnIdle {
        said_at: START + Millis(100),
        text: "Still there?".to_owned(),
    };
    written(&store, at(START + Millis(900), chats[1].does(warn))).await;
    let note = Command::Note {
        agent: ana.clone(),
        text: "no word to the visitor".to_owned(),
    };
    written(&store, at(START + Millis(901), chats[2].does(note))).await;

    let support = department("support");
    let silent = store
        .silent_conversations(&support, START + Millis(200))
        .await
        .unwrap();
    let expected = [
        (chats[1].id, START + Millis(100), Some(START + Millis(900))),
        (chats[2].id, START + Millis(200), None),
    ];
    assert_eq!(silent, expected);
    assert_eq!(
        store
            .silent_conversations(&support, START + Millis(99))
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        store
            .silent_conversations(&department("sales"), START + Millis(999))
            .await
            .unwrap(),
        []
    );
    written(
        &store,
        at(START + Millis(950), chats[1].visitor_says("I am")),
    )
    .await;
    let silent = store
        .silent_conversations(&support, START + Millis(200))
        .await
        .unwrap();
    assert_eq!(silent, expected[1..]);
}

pub async fn reports_count_waits_against_a_threshold(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 9).await;
    // Waits of 100 and 101 ms, answered and given up.
    for waited_ms in [100, 101] {
        let answered = started(&store, "Hello").await;
        written(
            &store,
            at(START + Millis(waited_ms), answered.does(take(&ana))),
        )
        .await;
        let left = started(&store, "Hello").await;
        written(
            &store,
            at(START + Millis(waited_ms), left.does(Command::Leave)),
        )
        .await;
    }
    // Gone after 50 ms, noticed after 5,000: 50 ms were waited.
    let abandoned = started(&store, "Hello").await;
    let abandon = Command::Abandon {
        gone_at: START + Millis(50),
    };
    written(&store, at(START + Millis(5_000), abandoned.does(abandon))).await;
    let end = START + Millis(1_000);
    let told = recount::reported(&*store, START, end, Millis(100)).await;
    let expected = Line {
        offered: 5,
        answered: 2,
        in_time: 1,
        abandoned: 3,
        late: 1,
        answered_ms: 100 + 101,
        abandoned_ms: 100 + 101 + 50,
    };
    assert_eq!(told, BTreeMap::from([(department("support"), expected)]));
    let later = recount::reported(&*store, START + Millis(1), end, Millis(100)).await;
    assert_eq!(later, BTreeMap::new());
}

pub async fn a_left_message_is_kept_as_one_and_counts_nowhere(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 5).await;
    let left = |text: &str| {
        let chat = Chat::fresh();
        let mut start = chat.start_in("support", Some(text));
        start.mode = Mode::Message;
        (chat, chat.does(Command::Start(start)))
    };
    let (answered, start) = left("When are you open?");
    written(&store, start).await;
    let later = |chat: Chat, command| at(START + Millis(90_000), chat.does(command));
    written(&store, later(answered, take(&ana))).await;
    let (taken_back, start) = left("Never mind");
    written(&store, start).await;
    written(&store, later(taken_back, Command::Leave)).await;
    let (waiting, start) = left("Hello?");
    written(&store, start).await;
    let gone = Command::Abandon { gone_at: START };
    let refusal = refused(&store, later(waiting, gone)).await;
    assert!(matches!(refusal, Refusal::WrongState(_)), "{refusal:?}");

    let live = started(&store, "Here").await;
    written(&store, later(live, take(&ana))).await;
    let open = store.open_conversations().await.unwrap();
    let modes: BTreeMap<_, _> = open.iter().map(|one| (one.id, one.mode)).collect();
    let expected = [
        (answered.id, Mode::Message),
        (waiting.id, Mode::Message),
        (live.id, Mode::Chat),
    ];
    assert_eq!(modes, BTreeMap::from(expected));

    let support = department("support");
    let silent = store.silent_conversations(&support, START + Millis(99_000));
    let silent: Vec<_> = silent
        .await
        .unwrap()
        .into_iter()
        .map(|(id, ..)| id)
        .collect();
    assert_eq!(silent, [live.id], "nobody sits and reads a warning");
    let end = START + Millis(100_000);
    let told = recount::reported(&*store, START, end, Millis(20_000)).await;
    let expected = Line {
        offered: 1,
        answered: 1,
        answered_ms: 90_000,
        ..Line::default()
    };
    assert_eq!(told, BTreeMap::from([(department("support"), expected)]));
}
