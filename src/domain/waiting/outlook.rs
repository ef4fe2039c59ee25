//! How many slots will come free for each line, by when: the agents grouped by the departments they serve, each group
//! with a curve of expected slots over time, from which those who wait are served in order.
//!
//! Made anew for each sweep by [`super::Estimator`]. Seconds from now.

use super::hazard::Hazard;
use super::tuning;

/// Steps of equal length at the beginning, within which the ages of running chats matter.
const EVEN_STEPS: usize = 32;
/// Further steps, each longer than the one before.
const GROWING_STEPS: usize = 40;
/// By how much.
const GROWTH: f64 = 1.15;
/// How many even steps a mean chat has.
const STEPS_PER_CHAT: f64 = 8.0;
/// Shortest and longest even step: with them the curves reach from an hour to days.
const STEP_S: (f64, f64) = (2.0, 60.0);

/// The time axis, and how a slot goes on once its running chat has ended.
pub(super) struct Axis {
    /// Ascending; the first is 0.
    pub(super) times: Vec<f64>,
    /// Completions to be expected in each even step by a slot that begins a chat at 0 (the renewal equation).
    renewals: Vec<f64>,
    /// What a hazard is multiplied by so that classes of age do not change the rate over all ages.
    correction: f64,
    /// Completions a second of a slot in the long run.
    rate: f64,
    hazard: Hazard,
}

impl Axis {
    pub(super) fn new(hazard: Hazard, rate: f64) -> Self {
        let step = (1.0 / rate / STEPS_PER_CHAT).clamp(STEP_S.0, STEP_S.1);
        let mut times = Vec::with_capacity(EVEN_STEPS + GROWING_STEPS + 1);
        times.extend((0..=EVEN_STEPS).map(|index| index as f64 * step));
        let mut width = step;
        for _ in 0..GROWING_STEPS {
            width *= GROWTH;
            let last = times[times.len() - 1];
            times.push(last + width);
        }
        let mut axis = Self {
            times,
            renewals: Vec::with_capacity(EVEN_STEPS),
            correction: 1.0,
            rate,
            hazard,
        };
        axis.renew(step);
        axis
    }

    /// Solves the renewal equation for a slot that begins a chat at 0, step by step. A chat that ends within a step ends
    /// in the middle of it on average, so the next one's share falls half into the same step.
    fn renew(&mut self, step: f64) {
        let mut first = [0.0; EVEN_STEPS];
        self.add_first_ends(0.0, 1.0, &mut first);
        let mut renewals: [f64; EVEN_STEPS] = [0.0; EVEN_STEPS];
        for index in 0..EVEN_STEPS {
            let before = |later: usize| if later > 0 { renewals[later - 1] } else { 0.0 };
            let again: f64 = (1..=index)
                .map(|ended| first[ended] * (renewals[index - ended] + before(index - ended)))
                .sum();
            let sum = first[index] + (again + first[0] * before(index)) / 2.0;
            // What ends in this very step and begins again in it stands on both sides of the equation.
            renewals[index] = sum / (1.0 - first[0] / 2.0);
        }
        let last: f64 = renewals[EVEN_STEPS - 8..].iter().sum();
        let implied = last / 8.0 / step;
        self.correction = self.rate / implied;
        let half = self.correction / 2.0;
        self.renewals.push(half * renewals[0]);
        let halves = renewals.windows(2).map(|pair| half * (pair[0] + pair[1]));
        self.renewals.extend(halves);
    }

    /// Adds the chance that a chat of this age ends in each even step, its hazard times `factor`.
    fn add_first_ends(&self, age_s: f64, factor: f64, ends: &mut [f64; EVEN_STEPS]) {
        let begin = self.hazard.sum(age_s);
        let mut before = 1.0;
        for (index, end) in ends.iter_mut().enumerate() {
            let sum = self.hazard.sum(age_s + self.times[index + 1]) - begin;
            let alive = (-factor * sum).exp();
            *end += before - alive;
            before = alive;
        }
    }
}

/// One agent, as far as slots to come are concerned.
pub(super) struct Server<'a> {
    /// The chance to be there, along the axis.
    pub(super) chances: &'a [f64],
    pub(super) is_on: bool,
    pub(super) capacity: f64,
    /// For each running chat its age in seconds, and the factor on its hazard.
    pub(super) chats: &'a [(f64, f64)],
    /// The factor on the hazard of chats to come.
    pub(super) factor: f64,
}

/// Agents who serve the same departments.
pub(super) struct Pool {
    /// Which, by their numbers, in order.
    departments: Vec<u32>,
    /// Slots to be expected up to each time of the axis.
    slots: Vec<f64>,
    /// How many of them are taken by those who are further ahead.
    used: f64,
}

impl Pool {
    pub(super) fn new(departments: Vec<u32>, axis: &Axis) -> Self {
        Self {
            departments,
            slots: vec![0.0; axis.times.len()],
            used: 0.0,
        }
    }

    /// Whether these are its departments.
    pub(super) fn serves_just(&self, departments: &[u32]) -> bool {
        self.departments == departments
    }

    /// Adds what an agent contributes.
    pub(super) fn add(&mut self, axis: &Axis, server: &Server<'_>) {
        let running = Running::new(axis, server);
        let mut sum = if server.is_on { running.free } else { 0.0 };
        self.slots[0] += sum;
        for index in 1..axis.times.len() {
            let (before, chance) = (server.chances[index - 1], server.chances[index]);
            let done = if server.is_on && index <= EVEN_STEPS {
                running.completions(axis, server, index - 1)
            } else {
                // Whoever comes later works like anybody in the long run.
                let width = axis.times[index] - axis.times[index - 1];
                server.capacity * server.factor * axis.rate * width
            };
            // Whoever comes brings all slots at once.
            let brought = (chance - before).max(0.0) * server.capacity;
            sum += chance * done + brought;
            self.slots[index] += sum;
        }
    }
}

/// What the chats that run at an agent mean for the even steps.
struct Running {
    /// Slots that are free at once.
    free: f64,
    /// The running chats that are expected to end in each step and leave a slot that counts.
    ends: [f64; EVEN_STEPS],
}

impl Running {
    fn new(axis: &Axis, server: &Server<'_>) -> Self {
        let mut ends = [0.0; EVEN_STEPS];
        for (age_s, factor) in server.chats {
            axis.add_first_ends(*age_s, *factor * axis.correction, &mut ends);
        }
        let running = server.chats.len() as f64;
        if running > server.capacity {
            // A slot beyond the capacity comes free for nobody.
            for end in &mut ends {
                *end *= server.capacity / running;
            }
        }
        Self {
            free: (server.capacity - running).max(0.0),
            ends,
        }
    }

    /// The completions to be expected in a step: of the running chats, and of those that follow them.
    fn completions(&self, axis: &Axis, server: &Server<'_>, step: usize) -> f64 {
        let again: f64 = (0..=step)
            .map(|before| self.ends[before] * axis.renewals[step - before])
            .sum();
        let fresh = self.free * axis.renewals[step];
        self.ends[step] + server.factor * (again + fresh)
    }
}

/// Where a department stands on the curves while its line is swept.
pub(super) struct Cursor {
    /// The pools that serve it.
    pools: Vec<usize>,
    index: usize,
}

/// When one more slot comes free for a department.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// In seconds from now.
    pub(super) at_s: f64,
    /// How many slots will have come free for the department by then, taken ones included.
    pub(super) count: f64,
    /// A share of the way between two times of the axis.
    share: f64,
}

impl Cursor {
    /// At the beginning, for the department of this number.
    pub(super) fn new(department: usize, pools: &[Pool]) -> Self {
        let serves = |pool: &Pool| {
            u32::try_from(department)
                .is_ok_and(|number| pool.departments.binary_search(&number).is_ok())
        };
        let pools = pools.iter().enumerate().filter(|(_, pool)| serves(pool));
        Self {
            pools: pools.map(|(index, _)| index).collect(),
            index: 0,
        }
    }

    fn available(&self, pools: &[Pool], index: usize) -> f64 {
        let left = |pool: &usize| (pools[*pool].slots[index] - pools[*pool].used).max(0.0);
        self.pools.iter().map(left).sum()
    }

    /// Where between two times of the axis one slot is available: what is left of a pool bends upwards where those ahead
    /// have taken their part, so Newton's steps from the right end in as many as there are pools.
    fn share(&self, pools: &[Pool]) -> f64 {
        let mut share = 1.0;
        for _ in 0..=self.pools.len() {
            let (mut left, mut slope) = (0.0, 0.0);
            for pool in &self.pools {
                let pool = &pools[*pool];
                let (low, high) = (pool.slots[self.index], pool.slots[self.index + 1]);
                let here = low + share * (high - low) - pool.used;
                if here > 0.0 {
                    left += here;
                    slope += high - low;
                }
            }
            let over = left - 1.0;
            if over <= 1e-9 * slope {
                break;
            }
            share = (share - over / slope).max(0.0);
        }
        share
    }

    /// The moment when one more slot is to be expected; none within the axis: its end.
    pub(super) fn next(&mut self, axis: &Axis, pools: &[Pool]) -> Slot {
        let last = axis.times.len() - 1;
        if self.index == 0 && self.available(pools, 0) >= 1.0 {
            return Slot {
                at_s: 0.0,
                count: 0.0,
                share: 0.0,
            };
        }
        while self.index + 1 < last && self.available(pools, self.index + 1) < 1.0 {
            self.index += 1;
        }
        let share = self.share(pools);
        let (from, to) = (axis.times[self.index], axis.times[self.index + 1]);
        let count = |pool: &usize| lerp(&pools[*pool].slots, self.index, share);
        Slot {
            at_s: from + share * (to - from),
            count: self.pools.iter().map(count).sum(),
            share,
        }
    }

    /// Somebody takes that slot, with this chance.
    pub(super) fn take(&self, pools: &mut [Pool], slot: Slot, chance: f64) {
        for pool in &self.pools {
            let pool = &mut pools[*pool];
            let here = lerp(&pool.slots, self.index, slot.share);
            pool.used += chance * (here - pool.used).max(0.0);
        }
    }
}

fn lerp(curve: &[f64], index: usize, share: f64) -> f64 {
    curve[index] + share * (curve[index + 1] - curve[index])
}

/// How a wait scatters around its mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    mean: f64,
    /// The standard deviation as a share of the mean.
    variation: f64,
}

impl Spread {
    /// From the slots that must come free first and the chance of those ahead to leave (a sum of p(1 − p)).
    pub(super) fn new(slot: Slot, leaving: f64) -> Self {
        let count = slot.count.max(1e-9);
        let counted = (tuning::SCATTER * count + leaving).max(0.0) / (count * count);
        Self {
            mean: slot.at_s,
            variation: (counted + tuning::DOUBT * tuning::DOUBT).sqrt(),
        }
    }

    /// The value that a normal deviate of `z` stands for, as a gamma distribution has it (Wilson and Hilferty, 1931).
    pub(super) fn quantile(&self, z: f64, scale: f64) -> f64 {
        // Beyond an exponential the approximation fails.
        let third = (scale * self.variation).min(1.5) / 3.0;
        let root = (1.0 - third * third + z * third).max(0.0);
        self.mean * root * root * root
    }
}
