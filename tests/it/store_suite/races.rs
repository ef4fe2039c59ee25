//! What must hold however many ask at once: every task is ready before any of them is let go.

use std::sync::Arc;

use balie::domain::conversation::{Command, Place, Refusal};
use balie::model::event::{AgentName, RequeueReason, View};
use balie::model::time::{At, Millis};
use balie::store::{Append, AppendError, Outcome, Receipt, Store, StoreError};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{Chat, START, agent, conversation, log_of, refused, started, written};

/// Appends all at once and answers every outcome.
async fn all_at_once(
    store: &Arc<dyn Store>,
    appends: Vec<Append>,
) -> Vec<Result<Outcome, AppendError>> {
    let barrier = Arc::new(Barrier::new(appends.len()));
    let mut tasks = JoinSet::new();
    for append in appends {
        let (store, barrier) = (Arc::clone(store), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            store.append(append).await
        });
    }
    tasks.join_all().await
}

pub async fn producers_of_one_command_get_one_receipt(store: Arc<dyn Store>) {
    let chat = Chat::fresh();
    let start = chat.start("Hello");
    // Two tabs may each have thought of an id for the conversation.
    let other_id = Append {
        conversation: Chat::fresh().id,
        ..start.clone()
    };
    let mut starts = vec![start; 16];
    starts.extend(vec![other_id; 16]);
    let receipts = receipts_of_one_writing(all_at_once(&store, starts).await);
    let id = receipts[0].conversation;

    let said = Append {
        conversation: id,
        ..chat.visitor_says("Once")
    };
    let receipts = receipts_of_one_writing(all_at_once(&store, vec![said; 32]).await);
    assert_eq!(receipts[0].seq, 3);
    assert_eq!(log_of(&store, id, View::Agent).await.len(), 3);
}

/// One was written, all others were told the same.
fn receipts_of_one_writing(outcomes: Vec<Result<Outcome, AppendError>>) -> Vec<Receipt> {
    let mut written = 0;
    let mut receipts = Vec::new();
    for outcome in outcomes {
        receipts.push(match outcome.unwrap() {
            Outcome::Written(appended) => {
                written += 1;
                let last = appended.events.last().unwrap();
                Receipt {
                    conversation: appended.conversation.id,
                    seq: last.seq,
                    at: last.at,
                }
            }
            Outcome::Repeated(receipt) => receipt,
        });
    }
    assert_eq!(written, 1);
    assert!(
        receipts.iter().all(|receipt| *receipt == receipts[0]),
        "{receipts:?}"
    );
    receipts
}

pub async fn fifty_writers_leave_no_gap_and_meet_no_error(store: Arc<dyn Store>) {
    const WRITERS: usize = 50;
    const MESSAGES: usize = 20;
    let chat = started(&store, "Hello").await;
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let own = started(&store, "Mine").await;
            for number in 0..MESSAGES {
                let now = START + Millis(number as i64 - writer as i64);
                for to in [chat, own] {
                    let append = Append {
                        now,
                        ..to.visitor_says(&format!("{writer} {number}"))
                    };
                    // Any `Away` here would be a busy database.
                    store.append(append.clone()).await.unwrap();
                    let repeat = store.append(append).await.unwrap();
                    assert!(matches!(repeat, Outcome::Repeated(_)));
                }
                let read = store
                    .events(chat.id, View::Visitor, 0, 10_000)
                    .await
                    .unwrap()
                    .events;
                assert!(
                    read.iter()
                        .zip(1..)
                        .all(|((_, event), seq)| event.seq == seq)
                );
            }
            let log = log_of(&store, own.id, View::Agent).await;
            assert_eq!(log.len(), 2 + MESSAGES);
        });
    }
    tasks.join_all().await;
    let log = log_of(&store, chat.id, View::Agent).await;
    assert_eq!(log.len(), 2 + WRITERS * MESSAGES);
    let mut last = At(0);
    for ((prev, event), seq) in log.iter().zip(1_u64..) {
        assert_eq!((*prev, event.seq), (seq - 1, seq));
        assert!(event.at >= last);
        last = event.at;
    }
    assert_eq!(conversation(&store, chat.id).await.seq, log.len() as u64);
}

pub async fn thirty_two_assigns_never_exceed_the_capacity(store: Arc<dyn Store>) {
    const CAPACITY: u8 = 5;
    let ana = agent(&store, "Ana", CAPACITY).await;
    let mut assigns = Vec::new();
    for _ in 0..32 {
        let chat = started(&store, "Hello").await;
        assigns.push(chat.does(assign(&ana)));
    }
    let outcomes = all_at_once(&store, assigns).await;
    let written = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Outcome::Written(_))))
        .count();
    let full = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(AppendError::Refused(Refusal::NoRoom(_)))))
        .count();
    assert_eq!(
        (written, full),
        (usize::from(CAPACITY), 32 - usize::from(CAPACITY))
    );
    assert_eq!(
        store.conversations_of_agent(ana.id).await.unwrap().len(),
        usize::from(CAPACITY)
    );
}

fn assign(agent: &AgentName) -> Command {
    Command::Assign {
        agent: agent.clone(),
        placed_seq: 1,
        why: None,
    }
}

/// A node that stood still while others served the conversation and gave it back comes with what it had decided before.
pub async fn a_late_append_of_a_stalled_node_changes_nothing(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    let bea = agent(&store, "Bea", 1).await;
    let chat = started(&store, "Hello").await;
    let late = chat.does(assign(&ana));
    written(&store, chat.does(assign(&bea))).await;
    let requeue = Command::Requeue {
        agent: bea.id,
        reason: RequeueReason::AgentGone,
    };
    written(&store, chat.does(requeue.clone())).await;
    let before = conversation(&store, chat.id).await;
    assert_eq!(refused(&store, late.clone()).await, Refusal::Moved);
    assert_eq!(conversation(&store, chat.id).await, before);

    // Served again: what the stalled node still has to say of either agent's earlier turn is as late.
    let again = Command::Assign {
        agent: ana.clone(),
        placed_seq: before.placed_seq,
        why: None,
    };
    written(&store, chat.does(again)).await;
    let before = conversation(&store, chat.id).await;
    let word = Command::AgentSend {
        agent: bea.clone(),
        text: "Still here".to_owned(),
    };
    let own_earlier = Command::AgentBack { agent: bea.id };
    for command in [requeue, word, own_earlier] {
        refused(&store, chat.does(command)).await;
    }
    refused(&store, late).await;
    assert_eq!(conversation(&store, chat.id).await, before);
    assert!(
        store
            .conversations_of_agent(bea.id)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.conversations_of_agent(ana.id).await.unwrap().len(), 1);
}

pub async fn a_visitor_starts_one_conversation_at_a_time(store: Arc<dyn Store>) {
    let visitor = Chat::fresh().visitor;
    let starts: Vec<_> = (0..32)
        .map(|_| {
            Chat {
                visitor,
                ..Chat::fresh()
            }
            .start("Hello")
        })
        .collect();
    let outcomes = all_at_once(&store, starts).await;
    let mut open = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(Outcome::Written(appended)) => open.push(appended.conversation.id),
            Err(AppendError::Refused(Refusal::OpenAlready)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(open.len(), 1);
    let found = store
        .conversation_of_visitor(visitor, At(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, open[0]);
    assert_eq!(store.open_conversations().await.unwrap().len(), 1);
}

pub async fn an_assignment_and_a_removal_exclude_each_other(store: Arc<dyn Store>) {
    for _ in 0..20 {
        let ana = agent(&store, "Ana", 1).await;
        let chat = started(&store, "Hello").await;
        let barrier = Arc::new(Barrier::new(2));
        let assigning = {
            let (store, barrier, ana) = (Arc::clone(&store), Arc::clone(&barrier), ana.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                store.append(chat.does(assign(&ana))).await
            })
        };
        barrier.wait().await;
        let removed = store.remove_person(ana.id, START).await;
        let assigned = assigning.await.unwrap();
        match conversation(&store, chat.id).await.place {
            Place::Served { .. } => {
                assert!(
                    matches!(removed, Err(StoreError::InUse("agent"))),
                    "{removed:?}"
                );
            }
            Place::Waiting { .. } => {
                assert!(
                    matches!(assigned, Err(AppendError::Refused(Refusal::NoRoom(_)))),
                    "{assigned:?}"
                );
                removed.unwrap();
            }
            place @ Place::Closed { .. } => panic!("{place:?}"),
        }
    }
}
