//! How many agents it takes: Erlang's formulas for a desk with several chats an agent, and what follows from them.
//!
//! [`erlang_b`] and [`erlang_c`] are the classic ones (Erlang, "Solution of some problems in the theory of
//! probabilities", 1917). [`Desk::steady`] is Erlang A, the one with patience (Palm, 1957; Mandelbaum and Zeltyn, "Service
//! engineering in action: the Palm/Erlang-A queue", 2007), for agents who run several chats at once that slow each
//! other; with one chat each it is Erlang A itself, and without patience Erlang C. [`forecast`] and [`plan`] make a day's
//! table out of it.
//!
//! Called by the desk and by reports. Pure. Times in seconds, rates per second, shares from 0 to 1.

pub mod forecast;
pub mod outlook;
pub mod plan;

/// Most agents that are reckoned with; the formulas cost time in proportion.
pub const AGENTS_MAX: u32 = 100_000;
/// Most chats of an agent at once.
pub const CHATS_EACH_MAX: u32 = 100;
/// States whose weight is this far below the largest are left out.
const NEGLIGIBLE: f64 = 1e-18;
/// Longest line that is looked at; weights fall off long before unless patience is next to endless.
const LINE_MAX: usize = 10_000_000;

/// A load that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {ask}")]
pub struct WrongLoad {
    /// Which number.
    pub what: &'static str,
    /// What is asked for.
    pub ask: &'static str,
}

fn positive(value: f64, what: &'static str) -> Result<f64, WrongLoad> {
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        let ask = "must be a number above 0.";
        Err(WrongLoad { what, ask })
    }
}

/// What visitors bring, in numbers that make sense.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    arrivals: f64,
    chat_s: f64,
    patience_s: Option<f64>,
}

impl Load {
    /// Arrivals a second (0 is allowed), the mean length of a chat that an agent runs alone, and the mean patience of
    /// those who wait; without one nobody leaves.
    ///
    /// # Errors
    /// A number is negative, not finite, or 0 where that would mean nothing.
    pub fn new(arrivals: f64, chat_s: f64, patience_s: Option<f64>) -> Result<Self, WrongLoad> {
        if !arrivals.is_finite() || arrivals < 0.0 {
            return Err(WrongLoad {
                what: "The arrivals a second",
                ask: "must be a number, 0 or more.",
            });
        }
        let chat_s = positive(chat_s, "The length of a chat")?;
        let patience_s = patience_s
            .map(|patience_s| positive(patience_s, "The patience"))
            .transpose()?;
        Ok(Self {
            arrivals,
            chat_s,
            patience_s,
        })
    }

    /// The same visitors, arriving at another rate.
    ///
    /// # Errors
    /// The rate is negative or not finite.
    pub fn at(self, arrivals: f64) -> Result<Self, WrongLoad> {
        Self::new(arrivals, self.chat_s, self.patience_s)
    }
}

/// How agents work: so many chats at once, each slower the more there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concurrency {
    chats: u32,
    slowdown: f64,
}

impl Concurrency {
    /// One chat at a time.
    pub const SINGLE: Self = Self {
        chats: 1,
        slowdown: 0.0,
    };

    /// Up to `chats` at once; each further one makes all of an agent's chats longer by `slowdown` times their length
    /// alone (0: no slower at all; 1: two chats take twice as long as one).
    ///
    /// # Errors
    /// No chat at all, more than [`CHATS_EACH_MAX`], or a slowdown that is negative or not finite.
    pub fn new(chats: u32, slowdown: f64) -> Result<Self, WrongLoad> {
        if !(1..=CHATS_EACH_MAX).contains(&chats) {
            return Err(WrongLoad {
                what: "The chats at once",
                ask: "must be from 1 to 100.",
            });
        }
        if !slowdown.is_finite() || slowdown < 0.0 {
            return Err(WrongLoad {
                what: "The slowdown",
                ask: "must be a number, 0 or more.",
            });
        }
        Ok(Self { chats, slowdown })
    }

    /// The concurrency at which chats have been measured: their mean length while an agent runs one, and while full.
    ///
    /// # Errors
    /// As [`Concurrency::new`]; lengths must be above 0.
    pub fn measured(chats: u32, alone_s: f64, full_s: f64) -> Result<Self, WrongLoad> {
        let alone_s = positive(alone_s, "The length of a chat alone")?;
        let full_s = positive(full_s, "The length of a chat among others")?;
        let others = f64::from(chats.max(2) - 1);
        Self::new(chats, ((full_s / alone_s - 1.0) / others).max(0.0))
    }
}

/// Agents and what visitors bring them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Desk {
    /// Agents on duty; 0 is allowed and means that nobody is answered.
    pub agents: u32,
    /// How they work.
    pub concurrency: Concurrency,
    /// What they are brought.
    pub load: Load,
}

/// A desk in its steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    /// The chance that an arrival must wait.
    pub waits: f64,
    /// The chance that an arrival leaves unanswered.
    pub abandons: f64,
    /// How many wait, on average; endless where the line only grows.
    pub line: f64,
    /// The mean wait of all arrivals in seconds, those who need not wait and those who leave included.
    pub wait_s: f64,
    /// How much of all slots is taken.
    pub occupancy: f64,
    /// The chance of an arrival to be answered within the time asked for.
    pub answered_in_time: f64,
    /// The chance that somebody with endless patience would wait longer than the time asked for.
    pub offered_wait_over: f64,
    /// The chance that an arrival still waits after the time asked for.
    pub still_waiting: f64,
}

/// Erlang B: the chance that all of `servers` are taken where those who find it so go away. `erlangs` is the load:
/// arrivals times length.
///
/// # Panics
/// For a load that is negative or not a number.
#[must_use]
pub fn erlang_b(servers: u32, erlangs: f64) -> f64 {
    assert!(erlangs >= 0.0, "a load is 0 or more");
    // The recursion over the number of servers is stable: every term is positive.
    (1..=servers).fold(1.0, |blocked, server| {
        let part = erlangs * blocked;
        part / (f64::from(server) + part)
    })
}

/// Erlang C: the chance to wait where everybody waits for as long as it takes; 1 from the point on where the line only
/// grows.
///
/// # Panics
/// For a load that is negative or not a number.
#[must_use]
pub fn erlang_c(servers: u32, erlangs: f64) -> f64 {
    let servers_in_all = f64::from(servers);
    if erlangs >= servers_in_all {
        return 1.0;
    }
    let blocked = erlang_b(servers, erlangs);
    let busy = erlangs / servers_in_all;
    blocked / (1.0 - busy * (1.0 - blocked))
}

impl Desk {
    fn slots(&self) -> u32 {
        self.agents.min(AGENTS_MAX) * self.concurrency.chats
    }

    /// Chats completed a second while `chats` run, spread evenly over the agents.
    fn pace(&self, chats: f64) -> f64 {
        let each = (chats / f64::from(self.agents)).max(1.0);
        chats / self.load.chat_s / (1.0 + self.concurrency.slowdown * (each - 1.0))
    }

    /// The steady state, and what it means for an answer within `answer_s` seconds.
    #[must_use]
    pub fn steady(&self, answer_s: f64) -> Steady {
        let slots = self.slots();
        let answer_s = answer_s.max(0.0);
        if self.load.arrivals == 0.0 {
            return Steady::idle();
        }
        if slots == 0 {
            return self.nobody(answer_s);
        }
        let full = self.pace(f64::from(slots));
        match self.load.patience_s {
            None if self.load.arrivals >= full => Steady::overrun(),
            None => self.patient(slots, full, answer_s),
            Some(patience_s) => self.impatient(slots, full, patience_s, answer_s),
        }
    }

    /// How much weight the states below full have, and the state in which all slots are taken.
    fn below(&self, slots: u32) -> Weights {
        let mut weights = Weights {
            full: 1.0,
            below: 0.0,
            chats_below: 0.0,
        };
        let mut weight = 1.0;
        for state in (1..=slots).rev() {
            weight *= self.pace(f64::from(state)) / self.load.arrivals;
            weights.below += weight;
            weights.chats_below += weight * f64::from(state - 1);
            if weights.below > HEAVY {
                weight /= HEAVY;
                weights.lighten();
            }
        }
        weights
    }

    /// Everybody waits for as long as it takes.
    fn patient(&self, slots: u32, full: f64, answer_s: f64) -> Steady {
        let weights = self.below(slots);
        let busy = self.load.arrivals / full;
        let above = weights.full / (1.0 - busy);
        let all = weights.below + above;
        let waits = above / all;
        let spare = full - self.load.arrivals;
        let over = waits * (-spare * answer_s).exp();
        let chats = (weights.chats_below + above * f64::from(slots)) / all;
        Steady {
            waits,
            abandons: 0.0,
            line: waits * busy / (1.0 - busy),
            wait_s: waits / spare,
            occupancy: chats / f64::from(slots),
            answered_in_time: 1.0 - over,
            offered_wait_over: over,
            still_waiting: over,
        }
    }

    /// Those who wait leave sooner or later.
    fn impatient(&self, slots: u32, full: f64, patience_s: f64, answer_s: f64) -> Steady {
        let arrivals = self.load.arrivals;
        let mut weights = self.below(slots);
        let (mut weight, mut above, mut line) = (weights.full, weights.full, 0.0);
        for waiting in 1..LINE_MAX {
            let waiting = waiting as f64;
            weight *= arrivals / (full + waiting / patience_s);
            above += weight;
            line += weight * waiting;
            if line > HEAVY {
                (weight, above, line) = (weight / HEAVY, above / HEAVY, line / HEAVY);
                weights.lighten();
            }
            // Weights may rise first; once they fall they fall ever faster.
            let falls = arrivals < full + waiting / patience_s;
            if falls && weight * waiting <= NEGLIGIBLE * above {
                break;
            }
        }
        let all = weights.below + above;
        let (waits, line) = (above / all, line / all);
        let offered = OfferedWait {
            arrivals,
            full,
            patience_s,
        };
        let over = waits * offered.share_over(answer_s);
        let chats = (weights.chats_below + above * f64::from(slots)) / all;
        Steady {
            waits,
            abandons: line / patience_s / arrivals,
            line,
            wait_s: line / arrivals,
            occupancy: chats / f64::from(slots),
            answered_in_time: 1.0 - waits + waits * offered.share_served_by(answer_s),
            offered_wait_over: over,
            still_waiting: over * (-answer_s / patience_s).exp(),
        }
    }

    /// Nobody is on duty: whoever comes waits until they leave.
    fn nobody(&self, answer_s: f64) -> Steady {
        let Some(patience_s) = self.load.patience_s else {
            return Steady::overrun();
        };
        Steady {
            waits: 1.0,
            abandons: 1.0,
            line: self.load.arrivals * patience_s,
            wait_s: patience_s,
            occupancy: 0.0,
            answered_in_time: 0.0,
            offered_wait_over: 1.0,
            still_waiting: (-answer_s / patience_s).exp(),
        }
    }

    /// The same desk with so many agents.
    #[must_use]
    pub fn with_agents(&self, agents: u32) -> Self {
        Self { agents, ..*self }
    }

    /// What one agent fewer and one more would do: one fewer (none where nobody is on duty), now, one more.
    #[must_use]
    pub fn one_fewer_now_one_more(&self, answer_s: f64) -> (Option<Steady>, Steady, Steady) {
        let with = |agents| self.with_agents(agents).steady(answer_s);
        let fewer = self.agents.checked_sub(1).map(with);
        (
            fewer,
            with(self.agents),
            with(self.agents.saturating_add(1)),
        )
    }
}

impl Steady {
    /// Nobody comes.
    fn idle() -> Self {
        Self {
            waits: 0.0,
            abandons: 0.0,
            line: 0.0,
            wait_s: 0.0,
            occupancy: 0.0,
            answered_in_time: 1.0,
            offered_wait_over: 0.0,
            still_waiting: 0.0,
        }
    }

    /// More come than can be answered and nobody leaves: the line only grows.
    fn overrun() -> Self {
        Self {
            waits: 1.0,
            abandons: 0.0,
            line: f64::INFINITY,
            wait_s: f64::INFINITY,
            occupancy: 1.0,
            answered_in_time: 0.0,
            offered_wait_over: 1.0,
            still_waiting: 1.0,
        }
    }
}

/// Weights beyond this are all divided by it: a large desk has states that outweigh others by more than a number can hold.
const HEAVY: f64 = 1e200;

/// Weights of states, to be divided by their sum.
struct Weights {
    /// Of the state in which all slots are taken and nobody waits.
    full: f64,
    /// Of all states with a free slot.
    below: f64,
    /// The same, each times its running chats.
    chats_below: f64,
}

impl Weights {
    fn lighten(&mut self) {
        self.full /= HEAVY;
        self.below /= HEAVY;
        self.chats_below /= HEAVY;
    }
}

/// The wait of somebody who must wait, had they endless patience. Its density is proportional to
/// e^(arrivals · patience · (1 − e^(−x/patience)) − full · x) (Baccelli and Hebuterne, 1981).
struct OfferedWait {
    arrivals: f64,
    full: f64,
    patience_s: f64,
}

/// Panels of the numerical integral, and the exponent below the peak at which it is cut off.
const PANELS: usize = 2_000;
const CUT: f64 = 45.0;

impl OfferedWait {
    fn exponent(&self, x: f64) -> f64 {
        let gone = -(-x / self.patience_s).exp_m1();
        self.arrivals * self.patience_s * gone - self.full * x
    }

    /// Where the density is largest.
    fn peak(&self) -> f64 {
        (self.patience_s * (self.arrivals / self.full).ln()).max(0.0)
    }

    /// The integral of the density times e^(−rate · x) from one wait to another, scaled by the largest density.
    fn integral(&self, from: f64, to: f64, rate: f64) -> f64 {
        let top = self.exponent(self.peak());
        let value = |x: f64| (self.exponent(x) - top - rate * x).exp();
        // Gauss and Legendre's rule with three points in each panel: exact for polynomials of degree five.
        let half = (to - from) / PANELS as f64 / 2.0;
        let offset = half * 0.6_f64.sqrt();
        let panel = |index: usize| {
            let middle = from + half * (2 * index + 1) as f64;
            (5.0 * value(middle - offset) + 8.0 * value(middle) + 5.0 * value(middle + offset))
                / 9.0
        };
        half * (0..PANELS).map(panel).sum::<f64>()
    }

    /// Beyond this the density is negligible.
    fn end(&self) -> f64 {
        let top = self.exponent(self.peak());
        let mut end = self.peak() + 1.0 / self.full;
        while self.exponent(end) > top - CUT {
            end += end - self.peak();
        }
        end
    }

    /// The share of such waits that are longer than this.
    fn share_over(&self, answer_s: f64) -> f64 {
        let end = self.end();
        if answer_s >= end {
            return 0.0;
        }
        self.integral(answer_s, end, 0.0) / self.integral(0.0, end, 0.0)
    }

    /// The share of those who must wait that are served within this time, and have not left before.
    fn share_served_by(&self, answer_s: f64) -> f64 {
        let end = self.end();
        let to = answer_s.min(end);
        self.integral(0.0, to, 1.0 / self.patience_s) / self.integral(0.0, end, 0.0)
    }
}
