//! How likely something ends at each age, learned from what ended and what went on: the age of a chat, the wait of
//! somebody who may leave, the absence of an agent.
//!
//! Occurrences over exposure in classes of age, each class drawn towards the rate over all ages until it has seen
//! enough of its own (a gamma prior; the same estimator as in Aalen, Borgan and Gjessing, "Survival and Event History
//! Analysis", 2008, section 5.2). Old experience fades. Ages in seconds, rates per second.

/// The classes of age begin here; the last one has no end.
const EDGES_S: [f64; CLASSES] = [
    0.0, 15.0, 30.0, 60.0, 90.0, 120.0, 180.0, 240.0, 360.0, 480.0, 720.0, 960.0, 1_440.0, 1_920.0,
    2_880.0, 3_840.0, 7_200.0,
];
/// How many classes.
const CLASSES: usize = 17;

/// Experience so far.
#[derive(Clone, Debug)]
pub(super) struct Experience {
    ended: [f64; CLASSES],
    exposure_s: [f64; CLASSES],
    ended_in_all: f64,
    exposure_in_all_s: f64,
    /// What remains of old experience with each new ending.
    keep: f64,
}

/// All edges lie on this raster, so that a class is found without a search: a sweep asks for two for each who waits.
const RASTER_S: f64 = 15.0;
/// The class of each field of the raster up to the last edge.
const FIELDS: [u8; 481] = {
    let mut fields = [0; 481];
    let mut field = 0;
    while field < fields.len() {
        let mut class = CLASSES - 1;
        while EDGES_S[class] > field as f64 * RASTER_S {
            class -= 1;
        }
        fields[field] = class as u8;
        field += 1;
    }
    fields
};

fn class_of(age_s: f64) -> usize {
    let field = (age_s * (1.0 / RASTER_S)) as usize;
    usize::from(FIELDS[field.min(FIELDS.len() - 1)])
}

fn end_of(class: usize) -> f64 {
    EDGES_S.get(class + 1).copied().unwrap_or(f64::INFINITY)
}

impl Experience {
    /// None yet; it will fade so that about `memory` endings count.
    pub(super) fn new(memory: f64) -> Self {
        Self {
            ended: [0.0; CLASSES],
            exposure_s: [0.0; CLASSES],
            ended_in_all: 0.0,
            exposure_in_all_s: 0.0,
            keep: 1.0 - 1.0 / memory,
        }
    }

    /// It went on from one age to a later one.
    pub(super) fn lived(&mut self, from_s: f64, to_s: f64) {
        if to_s <= from_s {
            return;
        }
        self.exposure_in_all_s += to_s - from_s;
        let mut at = from_s;
        let mut class = class_of(from_s);
        while at < to_s {
            let end = end_of(class).min(to_s);
            self.exposure_s[class] += end - at;
            at = end;
            class += 1;
        }
    }

    /// It ended at this age.
    pub(super) fn ended(&mut self, age_s: f64) {
        for class in 0..CLASSES {
            self.ended[class] *= self.keep;
            self.exposure_s[class] *= self.keep;
        }
        self.ended_in_all = self.ended_in_all * self.keep + 1.0;
        self.exposure_in_all_s *= self.keep;
        self.ended[class_of(age_s)] += 1.0;
    }

    /// How many endings still count.
    pub(super) fn count(&self) -> f64 {
        self.ended_in_all
    }

    /// Endings a second over all ages, drawn towards a rate supposed from elsewhere with the weight of so many endings.
    pub(super) fn rate(&self, supposed: f64, weight: f64) -> f64 {
        (self.ended_in_all + weight) / (self.exposure_in_all_s + weight / supposed)
    }

    /// The hazard at each age, each class drawn towards `rate` with the weight of so many endings.
    pub(super) fn hazard(&self, rate: f64, weight: f64) -> Hazard {
        let mut hazard = Hazard {
            rates: [0.0; CLASSES],
            sums: [0.0; CLASSES],
        };
        let mut sum = 0.0;
        for class in 0..CLASSES {
            let own = (self.ended[class] + weight) / (self.exposure_s[class] + weight / rate);
            hazard.rates[class] = own;
            hazard.sums[class] = sum;
            if class + 1 < CLASSES {
                sum += own * (EDGES_S[class + 1] - EDGES_S[class]);
            }
        }
        hazard
    }
}

/// A hazard by age, ready for use.
#[derive(Clone, Debug)]
pub(super) struct Hazard {
    rates: [f64; CLASSES],
    /// The hazard summed up to the beginning of each class.
    sums: [f64; CLASSES],
}

impl Hazard {
    /// The hazard summed up to an age: the chance to get there is e to the minus this.
    pub(super) fn sum(&self, age_s: f64) -> f64 {
        let class = class_of(age_s);
        self.sums[class] + self.rates[class] * (age_s - EDGES_S[class])
    }
}
