//! Days of queue events, made up: for training an estimator of waits on other days than it is judged by.
//!
//! Called by `balie-loadtest day` and by tests. A day is drawn from a kind and a seed: agents with their shifts, breaks and
//! speeds, visitors with their patience and the work they bring, and what follows when the oldest is served first. Written
//! as lines of the trace format that `balie replay` reads. Everything follows from kind and seed.

pub mod dice;
mod play;
mod script;

use dice::Dice;
use play::Play;

/// The kinds of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As many agents all day, one chat each, nearly all busy.
    Steady,
    /// More visitors than can be served; patience decides.
    Overload,
    /// Shifts, breaks and two peaks.
    Shifts,
    /// Several chats at once that slow each other, agents of different speed.
    Concurrent,
    /// Departments that share agents, hand-overs, breaks, lost connections.
    Shared,
    /// Two to five agents.
    Small,
    /// A quiet day that an outage breaks into: many arrive, chats take longer.
    Outage,
}

/// All kinds, in the order of their names on the command line.
pub const KINDS: [(&str, Kind); 7] = [
    ("steady", Kind::Steady),
    ("overload", Kind::Overload),
    ("shifts", Kind::Shifts),
    ("concurrent", Kind::Concurrent),
    ("shared", Kind::Shared),
    ("small", Kind::Small),
    ("outage", Kind::Outage),
];

/// A day of this kind and seed, as lines of the trace format.
#[must_use]
pub fn day(kind: Kind, seed: u64) -> String {
    let mut dice = Dice::new(seed ^ ((kind as u64 + 1) << 40));
    let script = script::script(kind, &mut dice);
    let mut out = String::new();
    play::header(&script, seed, &mut out);
    Play::new(script, dice).run(&mut out);
    out
}
