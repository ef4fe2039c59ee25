//! Waits that belong together, and every figure that follows from them alone.

use crate::model::time::Millis;

/// Who leaves within this time has hardly looked: counted apart, and not held against the team by default.
pub const SHORT: Millis = Millis::seconds(5);

/// The waits of one cell of a report. Cells add up: all figures of a sum are exact, percentiles too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    offered: u64,
    answered: Vec<Millis>,
    abandoned: Vec<Millis>,
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

/// The five usual definitions of the service level for a threshold T.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Definition {
    /// Answered within T, of all who did not leave at once. The default.
    #[default]
    WithoutShort,
    /// Answered within T, of all.
    Strict,
    /// Answered within T, of all who did not leave within T.
    AfterThreshold,
    /// Answered or gone within T, of all.
    Kind,
    /// Answered within T, of the answered.
    AnsweredOnly,
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

    /// Adds the waits of another cell.
    pub fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.answered.extend_from_slice(&other.answered);
        self.abandoned.extend_from_slice(&other.abandoned);
    }

    /// Sorts once, for all figures that are asked of it.
    #[must_use]
    pub fn settled(&self) -> Settled {
        let sorted = |waits: &Vec<Millis>| {
            let mut sorted = waits.clone();
            sorted.sort_unstable();
            sorted
        };
        Settled {
            offered: self.offered,
            answered: sorted(&self.answered),
            abandoned: sorted(&self.abandoned),
        }
    }
}

/// Waits in order of length.
#[derive(Clone, Debug)]
pub struct Settled {
    offered: u64,
    answered: Vec<Millis>,
    abandoned: Vec<Millis>,
}

fn within(sorted: &[Millis], limit: Millis) -> u64 {
    sorted.partition_point(|wait| *wait <= limit) as u64
}

fn sum(waits: &[Millis]) -> Millis {
    Millis(waits.iter().map(|wait| wait.0).sum())
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
        self.answered.len() as u64
    }

    /// Who left unanswered.
    #[must_use]
    pub fn abandoned(&self) -> u64 {
        self.abandoned.len() as u64
    }

    /// Who left within [`SHORT`].
    #[must_use]
    pub fn short_abandoned(&self) -> u64 {
        within(&self.abandoned, SHORT)
    }

    /// Answered after at most this wait.
    #[must_use]
    pub fn answered_in(&self, threshold: Millis) -> u64 {
        within(&self.answered, threshold)
    }

    /// Left after at most this wait.
    #[must_use]
    pub fn abandoned_in(&self, threshold: Millis) -> u64 {
        within(&self.abandoned, threshold)
    }

    /// All waits of the answered.
    #[must_use]
    pub fn sum_answered(&self) -> Millis {
        sum(&self.answered)
    }

    /// All waits of those who left.
    #[must_use]
    pub fn sum_abandoned(&self) -> Millis {
        sum(&self.abandoned)
    }

    /// The longest wait of the answered.
    #[must_use]
    pub fn longest_answered(&self) -> Option<Millis> {
        self.answered.last().copied()
    }

    /// The longest wait of those who left.
    #[must_use]
    pub fn longest_abandoned(&self) -> Option<Millis> {
        self.abandoned.last().copied()
    }

    /// The wait that `percent` of the answered did not exceed, zero waits included: the ⌈p·n/100⌉-th smallest (nearest
    /// rank). None where nobody was answered.
    ///
    /// # Panics
    /// For a percentage that is not from 1 to 100.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<Millis> {
        assert!((1..=100).contains(&percent), "a percentage is 1 to 100");
        let rank = (percent * self.answered.len()).div_ceil(100);
        rank.checked_sub(1)
            .and_then(|index| self.answered.get(index).copied())
    }

    /// The service level.
    #[must_use]
    pub fn service_level(&self, threshold: Millis, definition: Definition) -> Ratio {
        let all = self.answered() + self.abandoned();
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
