//! How fast full agents complete chats: learned from what runs and what ends, by the age of a chat, by agent and by
//! department.
//!
//! Used by [`super::Estimator`] only. What a line drains by are the completions of agents who are *full*: several
//! chats at once slow each other, so that the pace of a half empty agent says little.

use super::hazard::{Experience, Hazard};
use super::tuning;

/// A factor on a rate: what happened against what was to be expected.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    done: f64,
    expected: f64,
    weight: f64,
    keep: f64,
}

impl Pace {
    /// Nothing known: 1, and as heavy as so many chats; about `memory` chats will count.
    pub(super) fn new(weight: f64, memory: f64) -> Self {
        Self {
            done: 0.0,
            expected: 0.0,
            weight,
            keep: 1.0 - 1.0 / memory,
        }
    }

    /// So many chats were to be expected to end.
    fn expect(&mut self, chats: f64) {
        self.expected += chats;
    }

    /// One ended.
    fn finish(&mut self) {
        self.done = self.done * self.keep + 1.0;
        self.expected *= self.keep;
    }

    /// The factor.
    pub(super) fn factor(&self) -> f64 {
        self.factor_beside(1.0)
    }

    /// The factor, where all of its kind together run at `pace`.
    pub(super) fn factor_beside(&self, pace: f64) -> f64 {
        (self.done + self.weight) / (self.expected * pace + self.weight)
    }

    /// The pace of all together.
    pub(super) fn of_all<'a>(all: impl Iterator<Item = &'a Self>) -> f64 {
        let (done, expected) = all.fold((1.0, 1.0), |(done, expected), one| {
            (done + one.done, expected + one.expected)
        });
        done / expected
    }
}

/// Whether chats of late are longer or shorter than all that counts says: believed as far as it is more than chance.
struct Drift {
    done: f64,
    expected: f64,
    keep: f64,
}

impl Drift {
    /// What was done of late against what was to be expected: 1 where the difference could be chance, all of it where
    /// it could not (the positive part of the estimator of James and Stein, 1961).
    fn factor(&self) -> f64 {
        if self.expected <= 0.0 {
            return 1.0;
        }
        let off = self.done - self.expected;
        let chance = tuning::DRIFT_DOUBT * self.expected;
        let believed = (1.0 - chance / (off * off).max(1e-9)).max(0.0);
        (1.0 + believed * off / self.expected).max(0.1)
    }
}

/// What is known of chats at full agents.
pub(super) struct Work {
    full: Experience,
    any: Experience,
    drift: Drift,
}

impl Work {
    pub(super) fn new() -> Self {
        Self {
            full: Experience::new(tuning::CHAT_MEMORY),
            any: Experience::new(tuning::CHAT_MEMORY),
            drift: Drift {
                done: 0.0,
                expected: 0.0,
                keep: 1.0 - 1.0 / tuning::DRIFT_MEMORY,
            },
        }
    }

    /// How many chats the knowledge rests on, those at half empty agents counted little.
    pub(super) fn grounds(&self) -> f64 {
        self.full.count() + tuning::ANY_WEIGHT.min(self.any.count())
    }

    /// Completions a second of a slot at a full agent.
    pub(super) fn rate(&self) -> f64 {
        let any = self.any.rate(1.0 / tuning::CHAT_SUPPOSED_S, 1.0);
        self.full.rate(any, tuning::ANY_WEIGHT)
    }

    /// The hazard of a chat at a full agent, by its age.
    pub(super) fn hazard(&self) -> Hazard {
        self.full.hazard(self.rate(), tuning::CLASS_WEIGHT)
    }

    /// How the last while compares with all that counts.
    pub(super) fn drift(&self) -> f64 {
        self.drift.factor()
    }

    /// A chat went on from one age to a later one.
    pub(super) fn lived(&mut self, chat: Lived<'_>, hazard: &Hazard) {
        self.any.lived(chat.from_s, chat.to_s);
        if chat.is_full {
            self.full.lived(chat.from_s, chat.to_s);
            let base = hazard.sum(chat.to_s) - hazard.sum(chat.from_s);
            self.drift.expected += base;
            let (agent, department) = (chat.agent.factor(), chat.department.factor());
            chat.agent.expect(base * department);
            chat.department.expect(base * agent);
        }
    }

    /// A chat ended.
    pub(super) fn ended(
        &mut self,
        age_s: f64,
        is_full: bool,
        agent: &mut Pace,
        department: &mut Pace,
    ) {
        self.any.ended(age_s);
        if is_full {
            self.full.ended(age_s);
            self.drift.done = self.drift.done * self.drift.keep + 1.0;
            self.drift.expected *= self.drift.keep;
            agent.finish();
            department.finish();
        }
    }
}

/// A stretch of a chat.
pub(super) struct Lived<'a> {
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    /// Whether its agent had no room for another all along.
    pub(super) is_full: bool,
    pub(super) agent: &'a mut Pace,
    pub(super) department: &'a mut Pace,
}
