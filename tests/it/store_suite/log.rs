//! One conversation's log: what is written, what is refused, and how it is read back.

use std::sync::Arc;

use balie::domain::conversation::{Command, Place, Refusal};
use balie::model::event::{Body, CloseReason, TransferredTo, View};
use balie::model::id::ConversationId;
use balie::model::record::{ReadMarks, Status};
use balie::model::time::{At, Millis};
use balie::store::{Append, AppendError, Outcome, Receipt, Store, StoreError};

use super::{
    Chat, START, agent, at, close, conversation, department, entry, log_of, once, refused, served,
    started, take, texts, written,
};

pub async fn a_start_is_written_with_its_text(store: Arc<dyn Store>) {
    let chat = Chat::fresh();
    let start = chat.start("My parcel is lost");
    let appended = written(&store, start.clone()).await;

    let cmd = start.once.map(|(_, cmd)| cmd);
    let kinds: Vec<_> = appended
        .events
        .iter()
        .map(|event| (event.seq, event.body.kind(), event.at, event.cmd))
        .collect();
    assert_eq!(
        kinds,
        [(1, "queued", START, cmd), (2, "message", START, cmd)]
    );
    assert_eq!(appended.visitor_prev, 0);
    assert_eq!(appended.conversation.place, Place::Waiting { since: START });
    assert_eq!(conversation(&store, chat.id).await, appended.conversation);
    let log = log_of(&store, chat.id, View::Agent).await;
    assert_eq!(
        log,
        [
            (0, appended.events[0].clone()),
            (1, appended.events[1].clone())
        ]
    );
    // The visitor was unknown and is known now.
    let visitor = store.visitor(chat.visitor).await.unwrap().unwrap();
    assert_eq!(visitor.name.as_deref(), Some("Vera"));
}

pub async fn a_repeat_gets_the_first_receipt_whatever_it_says(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let chat = served(&store, &ana).await;
    let said = chat.visitor_says("once");
    let first = written(&store, said.clone()).await.events[0].clone();
    let receipt = Receipt {
        conversation: chat.id,
        seq: first.seq,
        at: first.at,
    };
    written(&store, chat.does(close(&ana, &[]))).await;

    let elsewhere = Chat {
        visitor: chat.visitor,
        ..Chat::fresh()
    };
    let repeats = [
        at(START + Millis(5_000), said.clone()),
        Append {
            command: Command::VisitorSend {
                text: "other words".to_owned(),
            },
            ..said.clone()
        },
        Append {
            conversation: ConversationId::fresh(),
            ..said.clone()
        },
        Append {
            once: said.once,
            ..elsewhere.start("a start")
        },
    ];
    for repeat in repeats {
        let outcome = store.append(repeat).await.unwrap();
        assert!(
            matches!(outcome, Outcome::Repeated(again) if again == receipt),
            "{outcome:?}"
        );
    }
    let (sender, cmd) = said.once.unwrap();
    assert_eq!(store.receipt(sender, cmd).await.unwrap(), Some(receipt));
    assert_eq!(
        store.receipt(ana.id.0, cmd).await.unwrap(),
        None,
        "a `cmd` is its sender's own"
    );
    assert_eq!(
        texts(&log_of(&store, chat.id, View::Agent).await),
        ["Hello", "once"]
    );
    assert_eq!(store.conversation(elsewhere.id).await.unwrap(), None);

    // A start is remembered by its last event.
    let other = Chat::fresh();
    let start = other.start("two events");
    written(&store, start.clone()).await;
    let outcome = store.append(start).await.unwrap();
    assert!(
        matches!(outcome, Outcome::Repeated(Receipt { seq: 2, .. })),
        "{outcome:?}"
    );
}

pub async fn a_refused_command_leaves_nothing(store: Arc<dyn Store>) {
    let chat = started(&store, "Hello").await;
    let before = conversation(&store, chat.id).await;
    let second = Chat {
        visitor: chat.visitor,
        ..Chat::fresh()
    };
    assert_eq!(
        refused(&store, second.start("again")).await,
        Refusal::OpenAlready
    );
    let rate = Append {
        once: once(chat.visitor.0),
        ..chat.does(Command::Rate {
            score: 5,
            comment: None,
        })
    };
    assert!(matches!(
        refused(&store, rate.clone()).await,
        Refusal::WrongState(_)
    ));

    assert_eq!(conversation(&store, chat.id).await, before);
    assert_eq!(log_of(&store, chat.id, View::Agent).await.len(), 2);
    assert_eq!(store.conversation(second.id).await.unwrap(), None);
    // Only what was acknowledged is remembered: the same `cmd` may succeed later.
    let (sender, cmd) = rate.once.unwrap();
    assert_eq!(store.receipt(sender, cmd).await.unwrap(), None);
    written(&store, chat.does(Command::Leave)).await;
    written(&store, rate).await;
}

pub async fn a_command_on_nothing_is_refused(store: Arc<dyn Store>) {
    assert_eq!(
        refused(&store, Chat::fresh().visitor_says("Hello?")).await,
        Refusal::NotThere
    );
    let nothing = ConversationId::fresh();
    assert_eq!(store.conversation(nothing).await.unwrap(), None);
    assert_eq!(store.card(nothing).await.unwrap(), None);
    assert!(
        store
            .events(nothing, View::Agent, 0, 10)
            .await
            .unwrap()
            .events
            .is_empty()
    );
    let marked = store.mark_read(nothing, View::Agent, 1).await;
    assert!(
        matches!(marked, Err(StoreError::NotThere("conversation"))),
        "{marked:?}"
    );
    let tagged = store.tag_conversation(nothing, vec![]).await;
    assert!(
        matches!(tagged, Err(StoreError::NotThere("conversation"))),
        "{tagged:?}"
    );
}

pub async fn an_unknown_department_or_site_is_named(store: Arc<dyn Store>) {
    let chat = Chat::fresh();
    let in_no_line = chat.does(Command::Start(chat.start_in("nobody", None)));
    let outcome = store.append(in_no_line).await;
    assert!(
        matches!(
            outcome,
            Err(AppendError::Store(StoreError::NotThere("department")))
        ),
        "{outcome:?}"
    );
    let mut on_no_site = chat.start_in("support", None);
    on_no_site.site = super::site("nowhere");
    let outcome = store.append(chat.does(Command::Start(on_no_site))).await;
    assert!(
        matches!(
            outcome,
            Err(AppendError::Store(StoreError::NotThere("site")))
        ),
        "{outcome:?}"
    );
    assert_eq!(
        store.visitor(chat.visitor).await.unwrap(),
        None,
        "nothing is left of the attempt"
    );

    let ana = agent(&store, "Ana", 1).await;
    let chat = served(&store, &ana).await;
    let transfer = Command::Transfer {
        agent: ana,
        is_supervisor: false,
        to: TransferredTo::Department(department("nobody")),
        note: Some("please".to_owned()),
    };
    let before = conversation(&store, chat.id).await;
    let outcome = store.append(chat.does(transfer)).await;
    assert!(
        matches!(
            outcome,
            Err(AppendError::Store(StoreError::NotThere("department")))
        ),
        "{outcome:?}"
    );
    assert_eq!(conversation(&store, chat.id).await, before);
}

pub async fn the_room_is_that_of_the_moment(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let first = served(&store, &ana).await;
    let second = started(&store, "Me too").await;
    assert!(matches!(
        refused(&store, second.does(take(&ana))).await,
        Refusal::NoRoom(_)
    ));

    store
        .journal(entry(&ana, Status::Online, 2), START)
        .await
        .unwrap();
    written(&store, second.does(take(&ana))).await;

    // Lowering takes nothing away, and closing one of two leaves no room in one place.
    store
        .journal(entry(&ana, Status::Online, 1), START)
        .await
        .unwrap();
    written(&store, first.does(close(&ana, &[]))).await;
    let third = started(&store, "And me").await;
    assert!(matches!(
        refused(&store, third.does(take(&ana))).await,
        Refusal::NoRoom(_)
    ));
    written(&store, second.does(Command::Leave)).await;
    written(&store, third.does(take(&ana))).await;

    let bea = agent(&store, "Bea", 1).await;
    store
        .journal(entry(&bea, Status::Away, 1), START)
        .await
        .unwrap();
    let to_bea = Command::Transfer {
        agent: ana,
        is_supervisor: false,
        to: TransferredTo::Agent(bea.clone()),
        note: None,
    };
    assert!(matches!(
        refused(&store, third.does(to_bea.clone())).await,
        Refusal::NoRoom(_)
    ));
    store
        .journal(entry(&bea, Status::Online, 1), START)
        .await
        .unwrap();
    written(&store, third.does(to_bea)).await;
}

pub async fn a_decision_on_an_older_place_is_refused(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 3).await;
    let chat = started(&store, "Hello").await;
    let placed_seq = conversation(&store, chat.id).await.placed_seq;
    // Words do not move a conversation; losing its owner does.
    written(&store, chat.visitor_says("Anybody?")).await;
    let assign = Command::Assign {
        agent: ana.clone(),
        placed_seq,
        why: None,
    };
    written(&store, chat.does(assign.clone())).await;
    assert_eq!(
        refused(&store, chat.does(assign.clone())).await,
        Refusal::AlreadyYours
    );
    let requeue = Command::Requeue {
        agent: ana.id,
        reason: balie::model::event::RequeueReason::AgentGone,
    };
    written(&store, chat.does(requeue)).await;
    assert_eq!(refused(&store, chat.does(assign)).await, Refusal::Moved);
}

pub async fn the_owner_before_is_told(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 3).await;
    let bea = agent(&store, "Bea", 3).await;
    let chat = started(&store, "Hello").await;
    let taken = written(&store, chat.does(take(&ana))).await;
    assert_eq!(taken.previous_owner, None);
    let said = written(&store, chat.visitor_says("Hi")).await;
    assert_eq!((said.previous_owner, said.visitor_prev), (None, 3));
    let over = Command::Take {
        agent: bea.clone(),
        is_supervisor: true,
    };
    let taken_over = written(&store, chat.does(over)).await;
    assert_eq!(taken_over.previous_owner, Some(ana.id));
    assert_eq!(taken_over.events.len(), 2);
    let closed = written(&store, chat.does(close(&bea, &["late"]))).await;
    assert_eq!(closed.previous_owner, Some(bea.id));
    assert_eq!(closed.conversation.tags, ["late"]);
    let place = Place::Closed {
        reason: CloseReason::Agent,
        at: START,
    };
    assert_eq!(closed.conversation.place, place);
}

pub async fn visitors_see_no_notes_and_no_tags(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let chat = served(&store, &ana).await;
    let note = Command::Note {
        agent: ana.clone(),
        text: "looks angry".to_owned(),
    };
    let noted = written(&store, chat.does(note.clone())).await;
    assert_eq!(
        (
            noted.conversation.seq,
            noted.conversation.visitor_seq,
            noted.visitor_prev
        ),
        (4, 3, 3)
    );
    written(&store, chat.does(note)).await;
    let said = written(&store, chat.visitor_says("Still here?")).await;
    assert_eq!(said.visitor_prev, 3);
    written(&store, chat.does(close(&ana, &["angry"]))).await;

    let seen = log_of(&store, chat.id, View::Visitor).await;
    let places: Vec<_> = seen
        .iter()
        .map(|(prev, event)| (*prev, event.seq, event.body.kind()))
        .collect();
    let expected = [
        (0, 1, "queued"),
        (1, 2, "message"),
        (2, 3, "assigned"),
        (3, 6, "message"),
        (6, 7, "closed"),
    ];
    assert_eq!(places, expected);
    assert!(
        seen.iter()
            .all(|(_, event)| event.body == event.body.for_visitors())
    );
    assert!(matches!(&seen[4].1.body, Body::Closed { tags: None, .. }));

    let whole = log_of(&store, chat.id, View::Agent).await;
    assert!(whole.iter().enumerate().all(|(index, (prev, event))| {
        let index = index as u64;
        *prev == index && event.seq == index + 1
    }));
    assert!(
        matches!(&whole[6].1.body, Body::Closed { tags: Some(tags), .. } if tags == &["angry"])
    );
    assert!(matches!(
        &whole[0].1.body,
        Body::Queued {
            priority: Some(0),
            ..
        }
    ));
}

pub async fn a_log_can_be_read_page_by_page(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let chat = served(&store, &ana).await;
    for number in 0..7 {
        written(&store, chat.visitor_says(&format!("line {number}"))).await;
        let note = Command::Note {
            agent: ana.clone(),
            text: format!("note {number}"),
        };
        written(&store, chat.does(note)).await;
    }
    for view in [View::Visitor, View::Agent] {
        let whole = log_of(&store, chat.id, view).await;
        let mut pages = Vec::new();
        let mut after = 0;
        loop {
            let page = store.events(chat.id, view, after, 3).await.unwrap();
            assert!(page.events.len() == 3 || !page.has_more);
            after = page.events.last().map_or(after, |(_, event)| event.seq);
            pages.extend(page.events);
            if !page.has_more {
                break;
            }
        }
        assert_eq!(pages, whole);
        let beyond = store.events(chat.id, view, u64::MAX, 3).await.unwrap();
        assert!(beyond.events.is_empty() && !beyond.has_more);
    }
}

pub async fn the_last_events_can_be_asked_for(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let chat = served(&store, &ana).await;
    for text in ["one", "two"] {
        written(
            &store,
            chat.does(Command::Note {
                agent: ana.clone(),
                text: text.to_owned(),
            }),
        )
        .await;
    }
    written(&store, chat.visitor_says("three")).await;
    // The log: queued 1, message 2, assigned 3, note 4, note 5, message 6.
    for (view, count, expected) in [
        (View::Agent, 0, 6),
        (View::Agent, 2, 4),
        (View::Agent, 5, 1),
        (View::Agent, 6, 0),
        (View::Agent, 100, 0),
        (View::Visitor, 1, 3),
        (View::Visitor, 2, 2),
        (View::Visitor, 4, 0),
    ] {
        let after = store.seq_before_last(chat.id, view, count).await.unwrap();
        assert_eq!(after, expected, "{view:?} {count}");
        let last = store
            .events(chat.id, view, after, 100)
            .await
            .unwrap()
            .events;
        assert_eq!(
            last.len(),
            log_of(&store, chat.id, view)
                .await
                .len()
                .min(count as usize)
        );
    }
}

pub async fn time_never_falls_within_a_log(store: Arc<dyn Store>) {
    let chat = started(&store, "Hello").await;
    let mut last = START;
    for now in [
        START + Millis(50),
        START - Millis(9_000),
        At(0),
        START + Millis(51),
    ] {
        let event = written(&store, at(now, chat.visitor_says("tick")))
            .await
            .events[0]
            .clone();
        assert_eq!(event.at, now.max(last));
        last = event.at;
    }
    let read: Vec<_> = log_of(&store, chat.id, View::Agent)
        .await
        .iter()
        .map(|(_, event)| event.at - START)
        .collect();
    assert_eq!(read, [0, 0, 50, 50, 50, 51].map(Millis));
}

pub async fn read_marks_only_rise(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let chat = served(&store, &ana).await;
    written(
        &store,
        chat.does(Command::Note {
            agent: ana,
            text: "hm".to_owned(),
        }),
    )
    .await;
    for (view, seq, expected) in [
        (
            View::Visitor,
            2,
            ReadMarks {
                visitor: 2,
                agent: 0,
            },
        ),
        (
            View::Agent,
            1,
            ReadMarks {
                visitor: 2,
                agent: 1,
            },
        ),
        (
            View::Visitor,
            1,
            ReadMarks {
                visitor: 2,
                agent: 1,
            },
        ),
        // The log ends at 4, and for the visitor at 3.
        (
            View::Agent,
            u64::MAX,
            ReadMarks {
                visitor: 2,
                agent: 4,
            },
        ),
        (
            View::Visitor,
            99,
            ReadMarks {
                visitor: 3,
                agent: 4,
            },
        ),
        (
            View::Agent,
            0,
            ReadMarks {
                visitor: 3,
                agent: 4,
            },
        ),
    ] {
        assert_eq!(store.mark_read(chat.id, view, seq).await.unwrap(), expected);
    }
    written(&store, chat.visitor_says("more")).await;
    let read = conversation(&store, chat.id).await.read;
    assert_eq!(
        read,
        ReadMarks {
            visitor: 3,
            agent: 4
        },
        "an event leaves the marks alone"
    );
}

pub async fn tags_may_change_after_the_close(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let chat = served(&store, &ana).await;
    written(&store, chat.does(close(&ana, &["parcel"]))).await;
    let before = conversation(&store, chat.id).await;
    store
        .tag_conversation(chat.id, vec!["refund".to_owned(), "parcel".to_owned()])
        .await
        .unwrap();
    let after = conversation(&store, chat.id).await;
    assert_eq!(after.tags, ["refund", "parcel"]);
    assert_eq!((after.seq, after.last_at), (before.seq, before.last_at));
    // A rating writes the row anew and keeps them.
    written(
        &store,
        chat.does(Command::Rate {
            score: 2,
            comment: None,
        }),
    )
    .await;
    assert_eq!(
        conversation(&store, chat.id).await.tags,
        ["refund", "parcel"]
    );
}
