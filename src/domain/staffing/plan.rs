//! How many agents a standard takes, for a moment and for each quarter hour of a day.

use super::{AGENTS_MAX, Concurrency, Desk, Load, Steady, WrongLoad};

/// What the team wants to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standard {
    answer_s: f64,
    service_level: f64,
    occupancy_max: f64,
}

impl Standard {
    /// Such a share of visitors answered within `answer_s` seconds, and agents no busier than `occupancy_max`.
    ///
    /// # Errors
    /// A share is not above 0 and at most 1, or the time is negative or not finite.
    pub fn new(answer_s: f64, service_level: f64, occupancy_max: f64) -> Result<Self, WrongLoad> {
        let ask = "must be above 0 and at most 1.";
        for (share, what) in [
            (service_level, "The service level"),
            (occupancy_max, "The highest occupancy"),
        ] {
            if !(share > 0.0 && share <= 1.0) {
                return Err(WrongLoad { what, ask });
            }
        }
        if !answer_s.is_finite() || answer_s < 0.0 {
            return Err(WrongLoad {
                what: "The time to answer within",
                ask: "must be a number of seconds, 0 or more.",
            });
        }
        Ok(Self {
            answer_s,
            service_level,
            occupancy_max,
        })
    }

    /// The time to answer within, in seconds.
    #[must_use]
    pub fn answer_s(&self) -> f64 {
        self.answer_s
    }

    fn is_kept(&self, steady: &Steady) -> bool {
        steady.answered_in_time >= self.service_level && steady.occupancy <= self.occupancy_max
    }
}

/// What a number of agents does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Staffing {
    /// So many agents.
    pub agents: u32,
    /// The desk that follows.
    pub steady: Steady,
}

/// The fewest agents that keep the standard; none where not even [`AGENTS_MAX`] do. No agent where nobody comes.
#[must_use]
pub fn agents_for(load: Load, concurrency: Concurrency, standard: &Standard) -> Option<Staffing> {
    let with = |agents| {
        let desk = Desk {
            agents,
            concurrency,
            load,
        };
        Staffing {
            agents,
            steady: desk.steady(standard.answer_s),
        }
    };
    let is_kept = |agents| standard.is_kept(&with(agents).steady);
    if is_kept(0) {
        return Some(with(0));
    }
    // More agents never answer later and are never busier, so doubling and halving find the first that suffice.
    let mut enough = 1;
    while !is_kept(enough) {
        if enough >= AGENTS_MAX {
            return None;
        }
        enough = (enough * 2).min(AGENTS_MAX);
    }
    let mut too_few = enough / 2;
    while too_few + 1 < enough {
        let middle = too_few.midpoint(enough);
        if is_kept(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Some(with(enough))
}

/// One quarter hour of a day's table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuarterPlan {
    /// Expected arrivals in these fifteen minutes.
    pub arrivals: f64,
    /// The fewest agents that keep the standard, and what they do; none where no number would.
    pub staffing: Option<Staffing>,
}

/// A day's staffing table: for the expected arrivals of each quarter hour the agents that it takes. `visitors` says how
/// long their chats and their patience are; its rate is not used. Each quarter hour is taken as steady in itself, which
/// is near the truth while chats are shorter than it.
///
/// # Errors
/// A forecast is negative or not finite.
pub fn day(
    arrivals: &[f64],
    visitors: Load,
    concurrency: Concurrency,
    standard: &Standard,
) -> Result<Vec<QuarterPlan>, WrongLoad> {
    arrivals
        .iter()
        .map(|expected| {
            let load = visitors.at(expected / 900.0)?;
            Ok(QuarterPlan {
                arrivals: *expected,
                staffing: agents_for(load, concurrency, standard),
            })
        })
        .collect()
}
