//! Spans in order of length: nearest ranks, sums and counts of them.
//!
//! Used for every list of waits and works that a figure is made of. Exact: nothing is interpolated or put into classes.

use crate::model::time::Millis;

/// Spans, sorted once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Millis>);

impl Spans {
    /// Sorts them.
    #[must_use]
    pub fn new(mut spans: Vec<Millis>) -> Self {
        spans.sort_unstable();
        Self(spans)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// How many are no longer than this.
    #[must_use]
    pub fn within(&self, limit: Millis) -> u64 {
        self.0.partition_point(|span| *span <= limit) as u64
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> Millis {
        Millis(self.0.iter().map(|span| span.0).sum())
    }

    /// The longest.
    #[must_use]
    pub fn longest(&self) -> Option<Millis> {
        self.0.last().copied()
    }

    /// The span that `percent` of them do not exceed: the ⌈p·n/100⌉-th smallest (nearest rank). None of nothing.
    ///
    /// # Panics
    /// For a percentage that is not from 1 to 100.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<Millis> {
        assert!((1..=100).contains(&percent), "a percentage is 1 to 100");
        let rank = (percent * self.0.len()).div_ceil(100);
        rank.checked_sub(1)
            .and_then(|index| self.0.get(index).copied())
    }
}
