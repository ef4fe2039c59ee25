//! Waits that belong together, and every figure that follows from them alone.

use crate::model::standard::Definition;
use crate::model::time::Millis;

use super::spans::Spans;

/// Who leaves within this time has hardly looked: counted apart, and not held against the team by default.
pub const SHORT: Millis = Millis::seconds(5);

/// The waits of one cell of a report. Cells add up: all figures of a sum are exact, percentiles too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    offered: u64,
    answered: Vec<Millis>,
    abandoned: Vec<Millis>,
    open: Vec<Millis>,
}

/// Two counts whose quotient is a share; divided last, by whoever shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// How many.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
}

impl Ratio {
    /// The share, from 0 to 1; none of nothing.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }
}

impl Waits {
    pub(super) fn arrive(&mut self) {
        self.offered += 1;
    }

    pub(super) fn answer(&mut self, wait: Millis) {
        self.answered.push(wait);
    }

    pub(super) fn abandon(&mut self, wait: Millis) {
        self.abandoned.push(wait);
    }

    /// Somebody waits still, so long already.
    pub(super) fn wait_on(&mut self, wait: Millis) {
        self.open.push(wait);
    }

    /// How many arrived.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.offered
    }

    /// The mean patience of those who wait, in seconds, as if leaving were a matter of chance at every moment alike: all
    /// time that was waited, by how many left. None where nobody left.
    #[must_use]
    pub fn patience_s(&self) -> Option<f64> {
        let waited = [&self.answered, &self.abandoned, &self.open];
        let waited: i64 = waited.into_iter().flatten().map(|wait| wait.0).sum();
        let left = self.abandoned.len();
        (left > 0 && waited > 0).then(|| waited as f64 / 1_000.0 / left as f64)
    }

    /// Adds the waits of another cell.
    pub fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.answered.extend_from_slice(&other.answered);
        self.abandoned.extend_from_slice(&other.abandoned);
        self.open.extend_from_slice(&other.open);
    }

    /// Sorts once, for all figures that are asked of it.
    #[must_use]
    pub fn settled(&self) -> Settled {
        let with_open = self.answered.iter().chain(&self.open);
        Settled {
            offered: self.offered,
            answered: Spans::new(self.answered.clone()),
            abandoned: Spans::new(self.abandoned.clone()),
            open: Spans::new(self.open.clone()),
            with_open: Spans::new(with_open.copied().collect()),
        }
    }
}

/// Waits in order of length.
#[derive(Clone, Debug)]
pub struct Settled {
    offered: u64,
    answered: Spans,
    abandoned: Spans,
    open: Spans,
    with_open: Spans,
}

impl Settled {
    /// Who arrived; those who wait still are offered, and neither answered nor abandoned.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.offered
    }

    /// Who was answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered.count()
    }

    /// Who left unanswered.
    #[must_use]
    pub fn abandoned(&self) -> u64 {
        self.abandoned.count()
    }

    /// Who waits still, where that was counted.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.open.count()
    }

    /// Who left within [`SHORT`].
    #[must_use]
    pub fn short_abandoned(&self) -> u64 {
        self.abandoned.within(SHORT)
    }

    /// Answered after at most this wait.
    #[must_use]
    pub fn answered_in(&self, threshold: Millis) -> u64 {
        self.answered.within(threshold)
    }

    /// Left after at most this wait.
    #[must_use]
    pub fn abandoned_in(&self, threshold: Millis) -> u64 {
        self.abandoned.within(threshold)
    }

    /// All waits of the answered.
    #[must_use]
    pub fn sum_answered(&self) -> Millis {
        self.answered.sum()
    }

    /// All waits of those who left.
    #[must_use]
    pub fn sum_abandoned(&self) -> Millis {
        self.abandoned.sum()
    }

    /// The longest wait of the answered.
    #[must_use]
    pub fn longest_answered(&self) -> Option<Millis> {
        self.answered.longest()
    }

    /// The longest wait of those who left.
    #[must_use]
    pub fn longest_abandoned(&self) -> Option<Millis> {
        self.abandoned.longest()
    }

    /// The longest wait of anybody, however it ended or goes on.
    #[must_use]
    pub fn longest(&self) -> Option<Millis> {
        self.with_open.longest().max(self.abandoned.longest())
    }

    /// The wait that `percent` of the answered did not exceed, zero waits included (nearest rank). None where nobody was
    /// answered.
    ///
    /// # Panics
    /// For a percentage that is not from 1 to 100.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<Millis> {
        self.answered.percentile(percent)
    }

    /// The same, over those who wait still besides, each with the wait so far: a line that has come to a stop shows.
    ///
    /// # Panics
    /// For a percentage that is not from 1 to 100.
    #[must_use]
    pub fn percentile_with_open(&self, percent: usize) -> Option<Millis> {
        self.with_open.percentile(percent)
    }

    /// The service level. Who waits still for longer than the threshold has been missed already.
    #[must_use]
    pub fn service_level(&self, threshold: Millis, definition: Definition) -> Ratio {
        let missed = self.open.count() - self.open.within(threshold);
        let all = self.answered() + self.abandoned() + missed;
        let answered_in = self.answered_in(threshold);
        let abandoned_in = self.abandoned_in(threshold);
        let (part, whole) = match definition {
            Definition::WithoutShort => (answered_in, all - self.short_abandoned()),
            Definition::Strict => (answered_in, all),
            Definition::AfterThreshold => (answered_in, all - abandoned_in),
            Definition::Kind => (answered_in + abandoned_in, all),
            Definition::AnsweredOnly => (answered_in, self.answered()),
        };
        Ratio { part, whole }
    }
}
