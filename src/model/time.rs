//! The one clock of the process, and the two kinds of number it deals in.
//!
//! The clock starts at the machine's time and is carried forward by the monotonic clock, so that a jump of the wall
//! clock changes no wait and no order while the process runs. Where the store tells the time, for several nodes, the clock starts
//! at the store's and follows it slowly. Tests hold a [`Clock`] of their own and move it.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A moment: whole milliseconds since the Unix epoch. Below 2⁵³, so that JavaScript holds it exactly.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    TS,
    JsonSchema,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct At(#[ts(type = "number")] pub i64);

/// A span: whole milliseconds.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    TS,
    JsonSchema,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Millis(#[ts(type = "number")] pub i64);

impl Millis {
    /// Whole seconds as a span.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }

    /// The span as a [`Duration`]; a negative one is empty.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ms", self.0)
    }
}

impl Add<Millis> for At {
    type Output = At;
    fn add(self, span: Millis) -> At {
        At(self.0 + span.0)
    }
}

impl Sub<Millis> for At {
    type Output = At;
    fn sub(self, span: Millis) -> At {
        At(self.0 - span.0)
    }
}

impl Sub for At {
    type Output = Millis;
    fn sub(self, earlier: At) -> Millis {
        Millis(self.0 - earlier.0)
    }
}

/// Tells the time; cheap to clone, every clone tells the same.
#[derive(Clone)]
pub struct Clock(Arc<Source>);

enum Source {
    /// The machine's time at the start, carried forward by the monotonic clock.
    System { started_at: At, started: Instant },
    /// Somebody else's time, asked now and then and carried forward by the monotonic clock in between.
    Followed(Mutex<Followed>),
    /// Moved by hand, in tests.
    Manual(AtomicI64),
}

/// Where a followed clock stood when it was last compared, and how far it had to go.
struct Followed {
    compared_at: At,
    compared: Instant,
    behind: Millis,
}

/// A followed clock catches up or waits by one part in so many of the time that passes: a jump of five minutes is made up for
/// within two hours, and no wait is ever measured wrong by more than a twentieth.
const CATCH_UP_SHARE: i64 = 20;

impl Followed {
    fn now(&self) -> At {
        let passed = self.compared.elapsed().as_millis();
        self.after(i64::try_from(passed).unwrap_or(i64::MAX / 2))
    }

    /// What it shows so many milliseconds after it was compared.
    fn after(&self, passed: i64) -> At {
        let share = passed / CATCH_UP_SHARE;
        At(self.compared_at.0 + passed + self.behind.0.clamp(-share, share))
    }
}

impl Clock {
    /// The clock that a server runs on.
    #[must_use]
    pub fn system() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let started_at = At(i64::try_from(since_epoch.as_millis()).unwrap_or(0));
        Self(Arc::new(Source::System {
            started_at,
            started: Instant::now(),
        }))
    }

    /// A clock that goes by another one, which shows `start` now.
    #[must_use]
    pub fn following(start: At) -> Self {
        Self(Arc::new(Source::Followed(Mutex::new(Followed {
            compared_at: start,
            compared: Instant::now(),
            behind: Millis(0),
        }))))
    }

    /// Whether it goes by another clock.
    #[must_use]
    pub fn follows(&self) -> bool {
        matches!(&*self.0, Source::Followed(_))
    }

    /// Compares a following clock with the one it follows, which shows `there` now. It never jumps and never goes back: what it
    /// is off is made up for slowly. Answers how far it was behind.
    ///
    /// # Panics
    /// On a clock that follows nobody.
    pub fn compare(&self, there: At) -> Millis {
        match &*self.0 {
            Source::Followed(followed) => {
                let mut followed = followed.lock().unwrap_or_else(PoisonError::into_inner);
                let now = followed.now();
                *followed = Followed {
                    compared_at: now,
                    compared: Instant::now(),
                    behind: there - now,
                };
                followed.behind
            }
            Source::System { .. } | Source::Manual(_) => panic!("this clock follows nobody"),
        }
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: At) -> Self {
        Self(Arc::new(Source::Manual(AtomicI64::new(start.0))))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> At {
        match &*self.0 {
            Source::System {
                started_at,
                started,
            } => {
                At(started_at.0
                    + i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX / 2))
            }
            // A std mutex: held for an addition.
            Source::Followed(followed) => followed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .now(),
            // Relaxed: a moment stands alone, nothing else is published through it.
            Source::Manual(now) => At(now.load(Ordering::Relaxed)),
        }
    }

    /// Moves a manual clock forward.
    ///
    /// # Panics
    /// On a system clock: only tests own a clock they may move.
    pub fn advance(&self, span: Millis) {
        match &*self.0 {
            Source::System { .. } | Source::Followed(_) => {
                panic!("only a manual clock can be moved")
            }
            Source::Manual(now) => {
                now.fetch_add(span.0, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{At, Clock, Followed, Millis};

    #[test]
    fn a_following_clock_catches_up_slowly_and_never_goes_back() {
        for (behind, after_a_minute) in [
            (0, 60_000),
            (1_000, 61_000),
            (-1_000, 59_000),
            (300_000, 63_000),
            (-300_000, 57_000),
        ] {
            let clock = Followed {
                compared_at: At(1_000_000),
                compared: Instant::now(),
                behind: Millis(behind),
            };
            assert_eq!(clock.after(60_000), At(1_000_000 + after_a_minute));
            let mut last = clock.after(0);
            assert_eq!(last, At(1_000_000));
            for passed in 1..2_000 {
                let now = clock.after(passed);
                assert!(now >= last, "{behind} {passed}");
                last = now;
            }
        }
    }

    #[test]
    fn a_following_clock_says_how_far_it_was_off() {
        let clock = Clock::following(At(1_000_000_000));
        assert!(clock.compare(At(2_000_000_000)) > Millis(900_000_000));
        let now = clock.now();
        assert!(now >= At(1_000_000_000) && now < At(1_900_000_000));
        assert!(clock.compare(At(1_000_000)) < Millis(-900_000_000));
        assert!(clock.now() >= now);
    }
}
