//! The day book: what happened at the desk of late, in order, told to whoever reckons with it, and what they make of it.
//!
//! One task a node ([`run`]) reads it from the store: the last [`HISTORY`] at the start, so that a node that has just begun knows
//! what the others know, then what comes, within a second. Nothing is kept that the logs do not have; a node that cannot reach the
//! store keeps what it has and goes on. [`Book::outlook`] foretells waits; the relay shows it (`desk/line.rs`), and what it promises is
//! written down with what came of it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::desk::kept::KeptPromises;
use crate::desk::tally::Tallies;
use crate::domain::figures::Figures;
use crate::domain::happening::{Happening, News, PlannedShifts};
use crate::domain::waiting::{Estimate, Estimator};
use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};
use crate::protocol::parts::Eta;
use crate::store::StoreError;
use crate::store::entries::{Feed, Scope};
use crate::store::promises::{NewPromise, Promises, SettledWait, WaitEnd};
use crate::store::settings::Snapshot;

/// How far back a node begins: a working day and the night before it, which is what pace and habits are learned from, and little
/// enough to be read within seconds.
pub const HISTORY: Millis = Millis::seconds(24 * 3_600);
/// After so long the book is begun anew with the last [`HISTORY`]: what it holds stays bounded by what happens in two days.
const TERM: Millis = Millis::seconds(24 * 3_600);
/// So far beyond the book's term shifts are foreseen: further than any line is foretold.
const PLANNED_AHEAD: Millis = Millis::seconds(2 * 24 * 3_600);
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

/// Promises, and ends of waits, that wait for a store that is away.
const UNWRITTEN_MAX: usize = 50_000;

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
    /// The shifts that the estimator goes by.
    planned: Vec<PlannedShifts>,
    figures: Figures,
    kept: KeptPromises,
    outlook: Arc<Outlook>,
    /// Promises that are not in the store yet, at most [`UNWRITTEN_MAX`]; of more, nothing is kept.
    made: Vec<NewPromise>,
    /// Waits that have ended and are not settled in the store yet, as many at most.
    ended: Vec<SettledWait>,
    tallies: Tallies,
}

/// What is known of late, besides what is foretold.
pub struct Known<'a> {
    /// What was counted.
    pub figures: &'a Figures,
    /// Who means to work when, from a day before the book was begun on.
    pub planned: &'a [PlannedShifts],
    /// What came of promises.
    pub kept: &'a KeptPromises,
}

/// Waits as foretold at one moment. What may not be promised is not in it.
#[derive(Debug, Default)]
pub struct Outlook {
    at: Option<At>,
    waits: HashMap<ConversationId, Wait>,
    newcomers: HashMap<DepartmentKey, Eta>,
    expected: Vec<Expected>,
}

/// How long somebody is expected to wait in all.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Who.
    pub conversation: ConversationId,
    /// In whose line.
    pub department: DepartmentKey,
    /// What they have waited, and the median of the rest.
    pub wait: Millis,
}

/// What is known of one wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wait {
    /// How long it will still take; none while nothing may be promised.
    pub eta: Option<Eta>,
    /// What was promised first, of the wait as a whole.
    pub promised: Option<Eta>,
}

impl Outlook {
    /// What is known of the wait of somebody who waits.
    #[must_use]
    pub fn of(&self, conversation: ConversationId) -> Wait {
        self.waits.get(&conversation).copied().unwrap_or_default()
    }

    /// Everybody who waits and of whom something may be promised, line by line in their order.
    #[must_use]
    pub fn expected(&self) -> &[Expected] {
        &self.expected
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
            planned: Vec::new(),
            figures: Figures::new(),
            kept: KeptPromises::default(),
            outlook: Arc::default(),
            made: Vec::new(),
            ended: Vec::new(),
            tallies: Tallies::default(),
        }
    }

    /// Takes note of what happened. The one place that tells it: whoever else reckons with happenings is told here, too.
    fn note(&mut self, news: &[(At, News)]) {
        for (at, news) in news {
            self.figures.note(*at, news);
            let Some(happening) = news.happening() else {
                continue;
            };
            self.estimator.observe(*at, happening);
            self.tallies.note(*at, happening);
            if let Happening::TakenOut(place) = happening {
                let (conversation, at, end) = (place.conversation, *at, WaitEnd::TakenOut);
                self.ended.push(SettledWait {
                    conversation,
                    at,
                    end,
                });
            }
        }
        for ending in self.estimator.take_endings() {
            self.tallies.settle(&ending);
            self.kept.note(&ending);
            self.ended.push(SettledWait {
                conversation: ending.conversation,
                at: ending.at,
                end: if ending.is_served {
                    WaitEnd::Answered
                } else {
                    WaitEnd::Left
                },
            });
        }
        self.ended.truncate(UNWRITTEN_MAX);
    }

    /// The same with history, in which promises were made that the store remembers.
    fn note_history(&mut self, news: &[(At, News)], history: &History) {
        for one in news {
            self.note(std::slice::from_ref(one));
            if let (at, News::Happening(Happening::Arrived(place))) = one
                && let Some((p50, p90)) = history.promised.get(&(place.conversation, *at))
            {
                self.estimator.recall(place, *p50, *p90);
            }
        }
        let is_open = |wait: &SettledWait| history.open.contains(&wait.conversation);
        self.ended.retain(is_open);
    }

    /// Goes by the shifts as they are planned now, for a book that was begun then.
    fn plan(&mut self, settings: &Snapshot, began: At) {
        let (from, to) = (began - HISTORY, began + TERM + PLANNED_AHEAD);
        let planned = settings.planned().iter();
        self.planned = planned.map(|one| one.shifts(from, to)).collect();
        self.estimator.plan(self.planned.clone());
    }

    fn sweep(&mut self, now: At) {
        let mut outlook = Outlook {
            at: Some(now),
            ..Outlook::default()
        };
        self.estimator.foretell(
            now,
            |place, foretold| {
                let promised = foretold
                    .promised
                    .map(|(p50_ms, p90_ms)| Eta { p50_ms, p90_ms });
                let eta = eta(&foretold.estimate);
                if let Some(eta) = eta {
                    outlook.expected.push(Expected {
                        conversation: place.conversation,
                        department: place.department.clone(),
                        wait: Millis(foretold.waited.0 + eta.p50_ms.0),
                    });
                }
                if eta.is_some() || promised.is_some() {
                    let wait = Wait { eta, promised };
                    outlook.waits.insert(place.conversation, wait);
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

/// The promises of the past that a book is begun with.
#[derive(Default)]
struct History {
    /// By whom and since when they waited: the median and the 90th percentile of the wait as a whole.
    promised: HashMap<(ConversationId, At), (Millis, Millis)>,
    /// Who was promised something of which it is not written what came of it.
    open: HashSet<ConversationId>,
}

impl History {
    fn of(promises: Vec<(NewPromise, bool)>) -> Self {
        let mut history = Self::default();
        for (promise, is_settled) in promises {
            let waited = promise.made_at - promise.since;
            let whole = |rest: Millis| Millis(waited.0 + rest.0);
            let both = (whole(promise.p50), whole(promise.p90));
            let wait = (promise.conversation, promise.since);
            history.promised.insert(wait, both);
            if !is_settled {
                history.open.insert(promise.conversation);
            }
        }
        history
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

    /// What is known of late, looked at. Held meanwhile, so the look is short.
    pub fn known<T>(&self, look: impl FnOnce(&Known<'_>) -> T) -> T {
        let pages = self.pages();
        look(&Known {
            figures: &pages.figures,
            planned: &pages.planned,
            kept: &pages.kept,
        })
    }

    /// Another number once something more was told.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Goes on with pages that were read anew; what waits to be written stays.
    fn open(&self, mut fresh: Pages) {
        let mut pages = self.pages();
        fresh.made = std::mem::take(&mut pages.made);
        fresh.ended.extend(std::mem::take(&mut pages.ended));
        // What was counted goes on; of history only those who wait are of interest.
        fresh.tallies = std::mem::take(&mut pages.tallies).going_on_from(fresh.tallies);
        *pages = fresh;
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

    /// Somebody was promised something: it is written down with the next look.
    pub fn promised(&self, promises: Vec<NewPromise>) {
        if promises.is_empty() {
            return;
        }
        let mut pages = self.pages();
        pages.made.extend(promises);
        pages.made.truncate(UNWRITTEN_MAX);
    }

    /// Writes down what was promised and what came of promises. What could not be written is tried again.
    async fn write(&self, store: &dyn Promises) -> Result<(), StoreError> {
        let (made, ended) = {
            let pages = self.pages();
            (pages.made.clone(), pages.ended.clone())
        };
        if !made.is_empty() {
            let count = made.len();
            store.keep_promises(made).await?;
            self.pages().made.drain(..count);
        }
        // After the promises: some of them have just been kept.
        if !ended.is_empty() {
            let count = ended.len();
            store.settle_promises(ended).await?;
            self.pages().ended.drain(..count);
        }
        Ok(())
    }

    /// What was counted since this node began.
    #[must_use]
    pub fn tallies(&self) -> Tallies {
        self.pages().tallies.clone()
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
    let history = History::of(desk.store.first_promises(began - HISTORY).await?);
    let (mut feed, standing) = Feed::begin(&*desk.store, Scope::Words, began - HISTORY).await?;
    let mut pages = Pages::empty();
    let settings = desk.settings.snapshot();
    pages.plan(&settings, began);
    let mut planned = settings.version();
    pages.note_history(&standing, &history);
    feed.read(&*desk.store, began - HOLD, Millis(0), |news| {
        pages.note_history(&news, &history);
    })
    .await?;
    desk.book.open(pages);
    desk.book.turns.fetch_add(1, Ordering::Relaxed);
    let mut looked_far = began;
    loop {
        desk.book.next_look().await;
        let now = desk.clock.now();
        if now - began >= TERM {
            return Ok(());
        }
        let settings = desk.settings.snapshot();
        if settings.version() != planned {
            desk.book.pages().plan(&settings, began);
            planned = settings.version();
        }
        let is_far = now - looked_far >= FAR_EVERY;
        let look_back = if is_far { FAR } else { NEAR };
        let read = feed.read(&*desk.store, now - HOLD, look_back, |news| {
            desk.book.pages().note(&news);
            desk.book.turns.fetch_add(1, Ordering::Relaxed);
        });
        match read.await {
            Ok(()) if is_far => looked_far = now,
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, "the day book goes on later"),
        }
        desk.book.learn(now);
        if let Err(error) = desk.book.write(&*desk.store).await {
            tracing::debug!(%error, "promises are written down later");
        }
    }
}
