//! Promises to those who wait, and what came of them.

use std::sync::Arc;

use balie::model::id::ConversationId;
use balie::model::time::{At, Millis};
use balie::store::Store;
use balie::store::promises::{NewPromise, PROMISES_KEPT, PromiseFigures, SettledWait, WaitEnd};

use super::{Chat, START, department, started};

fn second(number: i64) -> At {
    START + Millis::seconds(number)
}

/// Made so many seconds after the beginning, when the wait began too; median and 90th percentile in seconds.
fn promise(chat: Chat, made: i64, p50: i64, p90: i64) -> NewPromise {
    NewPromise {
        conversation: chat.id,
        since: START,
        department: department("support"),
        made_at: second(made),
        p50: Millis::seconds(p50),
        p90: Millis::seconds(p90),
    }
}

fn ended(chat: Chat, when: i64, end: WaitEnd) -> SettledWait {
    SettledWait {
        conversation: chat.id,
        at: second(when),
        end,
    }
}

async fn figures(store: &Arc<dyn Store>) -> Vec<PromiseFigures> {
    store.promise_figures(START, second(10_000)).await.unwrap()
}

/// Those of support alone.
async fn of_support(store: &Arc<dyn Store>) -> Vec<PromiseFigures> {
    let mut told = figures(store).await;
    told.retain(|one| one.department == Some(department("support")));
    told
}

pub async fn a_promise_is_kept_once_a_minute(store: Arc<dyn Store>) {
    let chat = started(&store, "Hello").await;
    let first = promise(chat, 0, 100, 200);
    let nobody = Chat {
        id: ConversationId::fresh(),
        ..chat
    };
    let made = vec![first.clone(), promise(nobody, 0, 1, 2)];
    store.keep_promises(made).await.unwrap();
    // Another node said something else within the same minute, and something in the next.
    let made = vec![promise(chat, 59, 50, 60), promise(chat, 60, 40, 140)];
    store.keep_promises(made).await.unwrap();
    let known = store.first_promises(START).await.unwrap();
    assert_eq!(known, [(first.clone(), false)]);
    assert_eq!(store.first_promises(second(1)).await.unwrap(), []);
    let told = of_support(&store).await;
    assert_eq!(
        told.iter().map(|one| one.is_first).collect::<Vec<_>>(),
        [true, false]
    );
    assert!(told.iter().all(|one| (one.open, one.judged) == (1, 0)));
    let answered = vec![ended(chat, 120, WaitEnd::Answered)];
    store.settle_promises(answered).await.unwrap();
    // Settled for good.
    let again = vec![ended(chat, 500, WaitEnd::Left)];
    store.settle_promises(again).await.unwrap();
    assert_eq!(store.first_promises(START).await.unwrap(), [(first, true)]);
    let told = of_support(&store).await;
    assert_eq!(told[0].wait_sum, Millis::seconds(120));
    assert_eq!(told[0].bias_sum, Millis::seconds(-20));
    assert_eq!((told[0].kept, told[0].over_median), (1, 1));
    assert_eq!(told[1].wait_sum, Millis::seconds(60));
}

pub async fn what_came_of_promises_is_counted(store: Arc<dyn Store>) {
    // (promised median, 90th percentile, when it ended, how)
    let waits = [
        (100, 200, Some((90, WaitEnd::Answered))),
        (100, 200, Some((250, WaitEnd::Answered))),
        (100, 200, Some((200, WaitEnd::Left))),
        (100, 200, Some((70, WaitEnd::Answered))),
        (100, 200, Some((30, WaitEnd::TakenOut))),
        (100, 200, None),
    ];
    for (p50, p90, end) in waits {
        let chat = started(&store, "Hello").await;
        store
            .keep_promises(vec![promise(chat, 0, p50, p90)])
            .await
            .unwrap();
        if let Some((when, end)) = end {
            // A wait that ended before the promise is another one.
            let ends = vec![ended(chat, -5, WaitEnd::Left), ended(chat, when, end)];
            store.settle_promises(ends).await.unwrap();
        }
    }
    let sold = started(&store, "Hello").await;
    let promise_of_sales = NewPromise {
        department: department("sales"),
        ..promise(sold, 0, 100, 150)
    };
    store.keep_promises(vec![promise_of_sales]).await.unwrap();
    let ends = vec![ended(sold, 160, WaitEnd::Answered)];
    store.settle_promises(ends).await.unwrap();
    let support = PromiseFigures {
        department: Some(department("support")),
        is_first: true,
        judged: 4,
        kept: 3,
        over_median: 2,
        // Off by 10, 150, 100 and 30.
        error_median: Millis::seconds(30),
        bias_sum: Millis::seconds(10 - 150 - 100 + 30),
        wait_sum: Millis::seconds(90 + 250 + 200 + 70),
        open: 1,
        taken_out: 1,
    };
    let sales = PromiseFigures {
        department: Some(department("sales")),
        is_first: true,
        judged: 1,
        kept: 0,
        over_median: 1,
        error_median: Millis::seconds(60),
        bias_sum: Millis::seconds(-60),
        wait_sum: Millis::seconds(160),
        open: 0,
        taken_out: 0,
    };
    let all = PromiseFigures {
        department: None,
        judged: 5,
        over_median: 3,
        // Of all errors the middle one, which is neither department's.
        error_median: Millis::seconds(60),
        bias_sum: Millis(support.bias_sum.0 + sales.bias_sum.0),
        wait_sum: Millis(support.wait_sum.0 + sales.wait_sum.0),
        ..support.clone()
    };
    assert_eq!(figures(&store).await, [all, sales, support]);
    let before = store.promise_figures(At(0), START).await.unwrap();
    assert_eq!(before, []);
}

pub async fn promises_are_forgotten_in_time(store: Arc<dyn Store>) {
    let chat = started(&store, "Hello").await;
    let made = vec![promise(chat, 0, 1, 2), promise(chat, 100, 1, 2)];
    store.keep_promises(made).await.unwrap();
    assert!(!store.forget_promises(START + PROMISES_KEPT).await.unwrap());
    assert_eq!(of_support(&store).await.len(), 2);
    let later = second(50) + PROMISES_KEPT;
    assert!(!store.forget_promises(later).await.unwrap());
    let told = of_support(&store).await;
    assert_eq!(
        told.iter().map(|one| one.is_first).collect::<Vec<_>>(),
        [false]
    );
}
