//! Waits and work in order of time, from any moment of history on.

use std::collections::HashSet;
use std::sync::Arc;

use balie::domain::conversation::{Command, Start};
use balie::domain::happening::{Happening, News, Place, Speaker, Word};
use balie::model::event::{AgentName, Mode, RequeueReason, TransferredTo};
use balie::model::id::ConversationId;
use balie::model::record::Status;
use balie::model::time::{At, Millis};
use balie::store::Store;
use balie::store::entries::{Entry, Feed, Mark, Scope};

use super::{Chat, START, agent, at, close, department, entry, take, written};

/// So many seconds after the beginning.
fn second(number: i64) -> At {
    START + Millis::seconds(number)
}

const END: At = At(START.0 + 1_000_000);

fn happenings(news: Vec<(At, News)>) -> Vec<(At, Happening)> {
    let told = news.into_iter();
    told.filter_map(|(at, news)| Some((at, news.happening()?.clone())))
        .collect()
}

async fn everything(store: &Arc<dyn Store>, from: At) -> (Feed, Vec<(At, Happening)>) {
    let (mut feed, mut told) = Feed::begin(&**store, Scope::Work, from).await.unwrap();
    assert!(told.iter().all(|(at, _)| *at < from));
    feed.read(&**store, END, Millis(0), |news| {
        assert!(news.is_sorted_by_key(|(at, _)| *at));
        told.extend(news);
    })
    .await
    .unwrap();
    (feed, happenings(told))
}

fn place(chat: Chat, line: &str, came: At) -> Place {
    Place {
        department: department(line),
        key: came.0,
        conversation: chat.id,
    }
}

async fn does(store: &Arc<dyn Store>, when: i64, chat: Chat, command: Command) {
    written(store, at(second(when), chat.does(command))).await;
}

async fn comes(store: &Arc<dyn Store>, when: i64) -> Chat {
    let chat = Chat::fresh();
    written(store, at(second(when), chat.start("Hello"))).await;
    chat
}

fn transfer(by: &AgentName, is_supervisor: bool, to: TransferredTo) -> Command {
    Command::Transfer {
        agent: by.clone(),
        is_supervisor,
        to,
        note: None,
    }
}

/// A day on which everything happens once.
async fn day(store: &Arc<dyn Store>) -> (Vec<Chat>, AgentName, AgentName) {
    // Both come on at the very beginning.
    let (ana, bob) = (agent(store, "Ana", 3).await, agent(store, "Bob", 3).await);
    let served = comes(store, 1).await;
    does(store, 2, served, take(&ana)).await;
    let leaves = comes(store, 3).await;
    does(store, 10, leaves, Command::Leave).await;
    let abandons = comes(store, 11).await;
    let gone_at = second(15);
    does(store, 75, abandons, Command::Abandon { gone_at }).await;
    let sales = TransferredTo::Department(department("sales"));
    does(store, 80, served, transfer(&ana, false, sales.clone())).await;
    does(store, 81, served, take(&bob)).await;
    let to_ana = TransferredTo::Agent(ana.clone());
    does(store, 82, served, transfer(&bob, false, to_ana)).await;
    let requeue = Command::Requeue {
        agent: ana.id,
        reason: RequeueReason::AgentGone,
    };
    does(store, 83, served, requeue).await;
    let away = entry(&ana, Status::Away, 3);
    store.journal(away, second(84)).await.unwrap();
    does(store, 85, served, take(&bob)).await;
    does(store, 86, served, close(&bob, &[])).await;
    let moved = comes(store, 90).await;
    does(store, 91, moved, transfer(&bob, true, sales)).await;
    let shuts = Command::Close {
        agent: bob.clone(),
        is_supervisor: true,
        tags: Vec::new(),
    };
    does(store, 92, moved, shuts).await;
    let message = Chat::fresh();
    let left = Start {
        mode: Mode::Message,
        ..message.start_in("support", Some("Later"))
    };
    does(store, 93, message, Command::Start(left)).await;
    does(store, 94, message, take(&bob)).await;
    let back = entry(&ana, Status::Online, 2);
    store.journal(back, second(95)).await.unwrap();
    (vec![served, leaves, abandons, moved, message], ana, bob)
}

pub async fn what_happened_is_told_in_order_of_time(store: Arc<dyn Store>) {
    let (chats, ana, bob) = day(&store).await;
    let (_, told) = everything(&store, At(0)).await;
    let [served, leaves, abandons, moved, message] = chats[..] else {
        panic!("five chats")
    };
    let on = |agent: &AgentName, capacity| Happening::AgentOn {
        agent: agent.id,
        capacity,
        departments: vec![department("support"), department("sales")],
    };
    let assigned = |chat, line, came, agent: &AgentName| Happening::Assigned {
        place: place(chat, line, second(came)),
        agent: agent.id,
    };
    let arrived = |chat, line, came| Happening::Arrived(place(chat, line, second(came)));
    let ended = |chat: Chat| Happening::Ended {
        conversation: chat.id,
    };
    let left = |chat, came, gone_ms| Happening::Left {
        place: place(chat, "support", second(came)),
        gone_for: Millis(gone_ms),
    };
    let expected = [
        (1, arrived(served, "support", 1)),
        (2, assigned(served, "support", 1, &ana)),
        (3, arrived(leaves, "support", 3)),
        (10, left(leaves, 3, 0)),
        (11, arrived(abandons, "support", 11)),
        (75, left(abandons, 11, 60_000)),
        (80, ended(served)),
        (80, arrived(served, "sales", 1)),
        (81, assigned(served, "sales", 1, &bob)),
        (82, ended(served)),
        (82, assigned(served, "sales", 1, &ana)),
        (83, ended(served)),
        (83, arrived(served, "sales", 1)),
        (84, Happening::AgentOff { agent: ana.id }),
        (85, assigned(served, "sales", 1, &bob)),
        (86, ended(served)),
        (90, arrived(moved, "support", 90)),
        (91, Happening::TakenOut(place(moved, "support", second(90)))),
        (91, arrived(moved, "sales", 90)),
        (92, Happening::TakenOut(place(moved, "sales", second(90)))),
        (95, on(&ana, 2)),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(when, news)| (second(when), news))
        .collect();
    // Before anything else, both were made (off) and came on; the left message waited for nobody and yet takes a place.
    let (of_start, rest): (Vec<_>, Vec<_>) = told.into_iter().partition(|(when, _)| *when == START);
    assert_eq!(of_start.len(), 4);
    assert!(of_start.contains(&(START, on(&ana, 3))) && of_start.contains(&(START, on(&bob, 3))));
    let (of_message, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|(_, news)| conversation_of(news) == Some(message.id));
    assert_eq!(rest, expected);
    assert!(
        matches!(&of_message[..], [(when, Happening::Assigned { .. })] if *when == second(94)),
        "{of_message:?}"
    );
}

fn conversation_of(news: &Happening) -> Option<ConversationId> {
    match news {
        Happening::Arrived(place)
        | Happening::Assigned { place, .. }
        | Happening::Left { place, .. }
        | Happening::TakenOut(place) => Some(place.conversation),
        Happening::Ended { conversation } => Some(*conversation),
        Happening::AgentOn { .. } | Happening::AgentOff { .. } => None,
    }
}

fn agents_only(told: &[(At, Happening)], until: At) -> HashSet<String> {
    let mut last = std::collections::HashMap::new();
    for (when, news) in told.iter().filter(|(when, _)| *when <= until) {
        if let Happening::AgentOn { agent, .. } | Happening::AgentOff { agent } = news {
            last.insert(*agent, (*when, news.clone()));
        }
    }
    last.values().map(|one| format!("{one:?}")).collect()
}

pub async fn one_may_begin_anywhere_in_history(store: Arc<dyn Store>) {
    day(&store).await;
    let (_, whole) = everything(&store, At(0)).await;
    for cut in 0..97 {
        let from = second(cut);
        let (_, told) = everything(&store, from).await;
        // Of a conversation that was open, everything; of one that began later, everything; of a closed one, nothing.
        let mut open = HashSet::new();
        for (_, news) in whole.iter().filter(|(when, _)| *when < from) {
            let Some(id) = conversation_of(news) else {
                continue;
            };
            match news {
                Happening::Arrived(_) | Happening::Assigned { .. } => open.insert(id),
                _ => open.remove(&id),
            };
        }
        let expected: Vec<_> = whole
            .iter()
            .filter(|(when, news)| {
                conversation_of(news).is_some_and(|id| *when >= from || open.contains(&id))
            })
            .collect();
        let chats: Vec<_> = told
            .iter()
            .filter(|(_, news)| conversation_of(news).is_some())
            .collect();
        assert_eq!(chats, expected, "from second {cut}");
        assert_eq!(agents_only(&told, END), agents_only(&whole, END));
        assert_eq!(
            agents_only(&told, from - Millis(1)),
            agents_only(&whole, from - Millis(1))
        );
    }
}

pub async fn entries_are_read_page_by_page(store: Arc<dyn Store>) {
    day(&store).await;
    let all = store
        .entries(Scope::Words, Mark::before(At(0)), END, 1_000)
        .await
        .unwrap();
    assert!(all.is_sorted_by_key(|entry| entry.mark));
    for limit in [1, 2, 3, 7] {
        let mut read: Vec<Entry> = Vec::new();
        loop {
            let after = read.last().map_or(Mark::before(At(0)), |last| last.mark);
            let page = store
                .entries(Scope::Words, after, END, limit)
                .await
                .unwrap();
            assert!(page.len() <= limit as usize);
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read, all);
    }
    let until = second(80);
    let early = store
        .entries(Scope::Words, Mark::before(At(0)), until, 1_000)
        .await;
    let early = early.unwrap();
    assert_eq!(early[..], all[..early.len()]);
    assert!(early.iter().all(|entry| entry.mark.at <= until));
    assert!(all[early.len()].mark.at > until);
}

pub async fn what_is_written_late_is_told_once(store: Arc<dyn Store>) {
    comes(&store, 0).await;
    comes(&store, 20).await;
    let (mut feed, told) = everything(&store, At(0)).await;
    assert_eq!(told.len(), 2);
    // Its commit was held up: the moment was taken before that of what was read already.
    let late = comes(&store, 10).await;
    let after = comes(&store, 30).await;
    let mut told = Vec::new();
    for _ in 0..3 {
        let look_back = Millis::seconds(30);
        let read = feed.read(&*store, END, look_back, |news| {
            told.extend(happenings(news));
        });
        read.await.unwrap();
    }
    let expected = [(10, late), (30, after)].map(|(when, chat)| {
        let place = place(chat, "support", second(when));
        (second(when), Happening::Arrived(place))
    });
    assert_eq!(told, expected);
    assert_eq!(feed.reached(), second(30));
}

pub async fn words_are_told_to_whoever_asks_for_them(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 3).await;
    let chat = comes(&store, 0).await;
    does(&store, 10, chat, take(&ana)).await;
    let says = |text: &str| Command::AgentSend {
        agent: ana.clone(),
        text: text.to_owned(),
    };
    does(&store, 12, chat, says("Hello")).await;
    let note = Command::Note {
        agent: ana.clone(),
        text: "for us".to_owned(),
    };
    does(&store, 13, chat, note).await;
    let rated = Command::Rate {
        score: 4,
        comment: None,
    };
    let words = async |scope, from| {
        let (mut feed, mut told) = Feed::begin(&*store, scope, from).await.unwrap();
        feed.read(&*store, END, Millis(0), |news| told.extend(news))
            .await
            .unwrap();
        let words = told.into_iter().filter_map(|(at, news)| match news {
            News::Word(id, word) if id == chat.id => Some((at, word)),
            News::Word(..) | News::Happening(_) => None,
        });
        words.collect::<Vec<_>>()
    };
    let (visitor, desk) = (Word::Said(Speaker::Visitor), Word::Said(Speaker::Desk));
    let said = vec![(second(0), visitor), (second(12), desk)];
    assert_eq!(words(Scope::Words, At(0)).await, said);
    assert_eq!(
        words(Scope::Words, second(12)).await,
        said,
        "it was open then"
    );
    assert_eq!(words(Scope::Work, At(0)).await, []);
    does(&store, 20, chat, close(&ana, &[])).await;
    does(&store, 30, chat, rated).await;
    let score = (second(30), Word::Rated(4));
    assert_eq!(words(Scope::Words, At(0)).await.last(), Some(&score));
    assert_eq!(words(Scope::Words, second(25)).await, [score]);
}
