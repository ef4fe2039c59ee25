//! The day book: what happened at the desk of late, in order, told to whoever reckons with it, and what they make of it.
//!
//! One task a node ([`run`]) reads it from the store: the last [`HISTORY`] at the start, so that a node that has just begun knows
//! what the others know, then what comes, within a second. Nothing is kept that the logs do not have; a node that cannot reach the
//! store keeps what it has and goes on. [`Book::outlook`] foretells waits; the relay shows it (`desk/line.rs`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::domain::figures::Figures;
use crate::domain::happening::Happening;
use crate::domain::waiting::{Estimate, Estimator};
use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};
use crate::protocol::parts::Eta;
use crate::store::StoreError;
use crate::store::entries::Feed;

/// How far back a node begins: a working day and the night before it, which is what pace and habits are learned from, and little
/// enough to be read within seconds.
pub const HISTORY: Millis = Millis::seconds(24 * 3_600);
/// After so long the book is begun anew with the last [`HISTORY`]: what it holds stays bounded by what happens in two days.
const TERM: Millis = Millis::seconds(24 * 3_600);
/// Between two looks, if nobody says that something moved.
const LOOK: Duration = Duration::from_secs(1);
/// From the news to the look, and between two looks at least: a little longer than [`HOLD`], so that it is seen at once.
const PAUSE: Duration = Duration::from_millis(300);
/// Nothing younger than this is read yet: commits come a little out of the order of their moments, and what is told in order
/// needs no correction.
const HOLD: Millis = Millis(250);
/// So far back each look reads again: a commit that was held up for longer than [`HOLD`] is found.
const NEAR: Millis = Millis::seconds(3);
/// So far back a look reads now and then: the longest that a store holds up a commit and still makes it.
const FAR: Millis = Millis::seconds(60);
/// Between two such looks.
const FAR_EVERY: Millis = Millis::seconds(10);
/// Waits are foretold at most this often.
const SWEEP: Millis = Millis::seconds(1);

/// The day book of this node.
pub struct Book {
    /// A std mutex: held for what one look tells, or for one sweep of the lines.
    pages: Mutex<Pages>,
    /// Something moved.
    news: Notify,
    /// How many parts were told.
    turns: AtomicU64,
}

/// What is made of the happenings.
struct Pages {
    estimator: Estimator,
    figures: Figures,
    outlook: Arc<Outlook>,
}

/// Waits as foretold at one moment. What may not be promised is not in it.
#[derive(Debug, Default)]
pub struct Outlook {
    at: Option<At>,
    waits: HashMap<ConversationId, Eta>,
    newcomers: HashMap<DepartmentKey, Eta>,
}

impl Outlook {
    /// How long somebody who waits will still wait.
    #[must_use]
    pub fn of(&self, conversation: ConversationId) -> Option<Eta> {
        self.waits.get(&conversation).copied()
    }

    /// How long somebody would wait who came into this line now.
    #[must_use]
    pub fn of_newcomer(&self, department: &DepartmentKey) -> Option<Eta> {
        self.newcomers.get(department).copied()
    }
}

impl Pages {
    fn empty() -> Self {
        Self {
            estimator: Estimator::new(Vec::new()),
            figures: Figures::new(),
            outlook: Arc::default(),
        }
    }

    /// Takes note of what happened. The one place that tells it: whoever else reckons with happenings is told here, too.
    fn note(&mut self, happenings: &[(At, Happening)]) {
        for (at, happening) in happenings {
            self.estimator.observe(*at, happening);
            self.figures.observe(*at, happening);
        }
    }

    fn sweep(&mut self, now: At) {
        let mut outlook = Outlook {
            at: Some(now),
            ..Outlook::default()
        };
        self.estimator.foretell(
            now,
            |_, conversation, estimate| {
                if let Some(eta) = eta(&estimate) {
                    outlook.waits.insert(conversation, eta);
                }
            },
            |department, estimate| {
                if let Some(eta) = eta(&estimate) {
                    outlook.newcomers.insert(department.clone(), eta);
                }
            },
        );
        self.outlook = Arc::new(outlook);
    }
}

/// What may be promised.
fn eta(estimate: &Estimate) -> Option<Eta> {
    estimate.is_grounded.then_some(Eta {
        p50_ms: estimate.p50,
        p90_ms: estimate.p90,
    })
}

impl Default for Book {
    fn default() -> Self {
        Self {
            pages: Mutex::new(Pages::empty()),
            news: Notify::new(),
            turns: AtomicU64::new(0),
        }
    }
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was counted of late, looked at. Held meanwhile, so the look is short.
    pub fn figures<T>(&self, look: impl FnOnce(&Figures) -> T) -> T {
        look(&self.pages().figures)
    }

    /// Another number once something more was told.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Something moved: the next look comes soon.
    pub fn wake(&self) {
        self.news.notify_one();
    }

    /// The waits as foretold now, or within the last second. One sweep serves everybody.
    #[must_use]
    pub fn outlook(&self, now: At) -> Arc<Outlook> {
        let mut pages = self.pages();
        let is_fresh = |at: At| now - at < SWEEP;
        if !pages.outlook.at.is_some_and(is_fresh) {
            pages.sweep(now);
        }
        Arc::clone(&pages.outlook)
    }

    /// While somebody waits, wherever their socket is, each node learns from what it would have promised.
    fn learn(&self, now: At) {
        if self.pages().estimator.is_anybody_waiting() {
            let _ = self.outlook(now);
        }
    }

    async fn next_look(&self) {
        // If nobody says anything, it is time all the same.
        timeout(LOOK - PAUSE, self.news.notified()).await.ok();
        sleep(PAUSE).await;
    }
}

/// Keeps the book until the token is cancelled.
pub async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let keeping = async {
        loop {
            if let Err(error) = keep_a_term(&desk).await {
                tracing::warn!(%error, "the day book could not be begun; it is tried again");
                sleep(LOOK).await;
            }
        }
    };
    tokio::select! {
        () = keeping => {}
        () = stop.cancelled() => {}
    }
}

/// Begins the book anew and keeps it for a term. Until it is read, what was known before serves on.
async fn keep_a_term(desk: &Desk) -> Result<(), StoreError> {
    let began = desk.clock.now();
    let (mut feed, standing) = Feed::begin(&*desk.store, began - HISTORY).await?;
    let mut pages = Pages::empty();
    pages.note(&standing);
    feed.read(&*desk.store, began - HOLD, Millis(0), |part| {
        pages.note(&part.happenings);
    })
    .await?;
    *desk.book.pages() = pages;
    desk.book.turns.fetch_add(1, Ordering::Relaxed);
    let mut looked_far = began;
    loop {
        desk.book.next_look().await;
        let now = desk.clock.now();
        if now - began >= TERM {
            return Ok(());
        }
        let is_far = now - looked_far >= FAR_EVERY;
        let look_back = if is_far { FAR } else { NEAR };
        let read = feed.read(&*desk.store, now - HOLD, look_back, |part| {
            desk.book.pages().note(&part.happenings);
            desk.book.turns.fetch_add(1, Ordering::Relaxed);
        });
        match read.await {
            Ok(()) if is_far => looked_far = now,
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, "the day book goes on later"),
        }
        desk.book.learn(now);
    }
}
