//! The promises made to those who wait, and what came of each: how far Balie's own words can be trusted.
//!
//! Written by the desk's day book (`desk/book.rs`), read by it at a start and by reports. A promise has no text and names a
//! conversation by its id only. Kept for [`PROMISES_KEPT`].

use async_trait::async_trait;

use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};
use crate::store::StoreError;

/// Promises are kept for 90 days: enough to see a season turn. With ten thousand visitors a day who wait some minutes that is
/// three million rows of about a hundred bytes.
pub const PROMISES_KEPT: Millis = Millis::seconds(90 * 24 * 3_600);
/// The longest time that one report looks at: any month, also one in which the clock is put back by an hour.
pub const PROMISES_REPORTED_MAX: Millis = Millis::seconds((31 * 24 + 1) * 3_600);
/// Rows forgotten at once, so that messages get in between.
pub(super) const PROMISES_FORGOTTEN_MAX: u32 = 2_000;

/// A promise as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPromise {
    /// To whom.
    pub conversation: ConversationId,
    /// When the wait began.
    pub since: At,
    /// In whose line.
    pub department: DepartmentKey,
    /// When it was made: one a minute of each wait.
    pub made_at: At,
    /// Half of such waits end within this time from then.
    pub p50: Millis,
    /// Nine in ten do.
    pub p90: Millis,
}

impl NewPromise {
    /// In which minute of the wait it was made, from 0.
    #[must_use]
    pub fn minute(&self) -> i64 {
        minute(self.since, self.made_at)
    }
}

/// In which minute of a wait a moment lies, from 0.
#[must_use]
pub fn minute(since: At, at: At) -> i64 {
    (at - since).0.max(0) / 60_000
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitEnd {
    /// Somebody answered.
    Answered,
    /// The visitor left; the wait is measured to the moment when the turn came all the same.
    Left,
    /// The desk took them out of the line: nothing can be said of what was promised.
    TakenOut,
}

/// What came of the promises of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledWait {
    /// Whose.
    pub conversation: ConversationId,
    /// When the turn came.
    pub at: At,
    /// How.
    pub end: WaitEnd,
}

/// How good the promises of a department were, or those of all together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromiseFigures {
    /// Whose; without it those of all departments.
    pub department: Option<DepartmentKey>,
    /// Whether these are the first promises of each wait, or those of its later minutes.
    pub is_first: bool,
    /// Promises of which it is known what came of them.
    pub judged: u64,
    /// Those of them that were kept: the wait ended within the 90th percentile.
    pub kept: u64,
    /// Those of them whose wait was longer than the median.
    pub over_median: u64,
    /// The median of how far the promised median was off, either way.
    pub error_median: Millis,
    /// The sum of the promised medians less the waits: above 0 promises too long.
    pub bias_sum: Millis,
    /// The sum of the waits from the promise on.
    pub wait_sum: Millis,
    /// Promises whose wait goes on, or whose turn was never seen to come.
    pub open: u64,
    /// Promises to those whom the desk took out of the line.
    pub taken_out: u64,
}

/// The part of a store that keeps promises.
#[async_trait]
pub trait Promises: Send + Sync {
    /// Writes promises down. One for each minute of a wait counts, whichever node made it first; one to a conversation that is
    /// not there is passed over.
    async fn keep_promises(&self, promises: Vec<NewPromise>) -> Result<(), StoreError>;

    /// Writes down what came of the promises of waits that have ended; what was settled before stays.
    async fn settle_promises(&self, waits: Vec<SettledWait>) -> Result<(), StoreError>;

    /// The first promise of each wait that began at or after a moment, and whether it is known what came of it.
    async fn first_promises(&self, since: At) -> Result<Vec<(NewPromise, bool)>, StoreError>;

    /// How good the promises were that were made from `from` on and before `to`: those of all departments, then by department,
    /// each time first ones first. Nothing where none were made.
    async fn promise_figures(&self, from: At, to: At) -> Result<Vec<PromiseFigures>, StoreError>;

    /// Forgets promises older than [`PROMISES_KEPT`]. A bounded piece of it: answers whether there is more.
    async fn forget_promises(&self, now: At) -> Result<bool, StoreError>;
}
