//! Chance that can be repeated: everything the demo leaves to chance comes from one seed.
//!
//! Used by the rest of the room. Not for secrets.

use uuid::{Builder, Uuid};

use crate::model::time::{At, Millis};

/// A stream of numbers that follows from its seed alone: SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014), which is small and good enough for a play.
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The stream of this seed for one purpose: what happens on one day does not shift when another day changes.
    pub fn of(seed: u64, purpose: u64) -> Self {
        let mut dice = Self { state: seed };
        let mixed = dice.next() ^ purpose;
        Self { state: mixed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        assert!(least <= most, "a range has at least one number");
        let count = most.abs_diff(least) + 1;
        least.saturating_add_unsigned(self.next() % count)
    }

    /// A span from `least_s` to `most_s` seconds, to the millisecond.
    pub fn seconds(&mut self, least_s: i64, most_s: i64) -> Millis {
        Millis(self.between(least_s * 1_000, most_s * 1_000))
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        assert!(!from.is_empty(), "something can be picked");
        let index = self.next() % from.len() as u64;
        &from[usize::try_from(index).unwrap_or(0)]
    }

    /// A span with this mean, as long as waits for something that may happen at any moment are.
    pub fn exponential(&mut self, mean: Millis) -> Millis {
        // 53 random bits, never 0: the logarithm is finite.
        let share = ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        Millis((-share.ln() * mean.0 as f64) as i64)
    }

    /// A UUIDv7 of this moment.
    pub fn uuid(&mut self, at: At) -> Uuid {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.next().to_le_bytes());
        random[8..].copy_from_slice(&self.next().to_le_bytes()[..2]);
        Builder::from_unix_timestamp_millis(at.0.unsigned_abs(), &random).into_uuid()
    }
}
