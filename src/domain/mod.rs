//! Decisions without I/O, clock or randomness: what may happen in a conversation, and who serves whom; and
//! what an article says and which words find it; how long a wait will be, what the exact figures are, and how many agents it
//! takes.
//!
//! Called by the store (which decides inside its transactions), by coordination's in-process engine and by the desk.
//! Takes state, command and `now`; returns events or choices; never awaits.

pub mod article;
pub mod conversation;
pub mod figures;
pub mod happening;
pub mod hours;
pub mod routing;
pub mod search;
pub mod staffing;
pub mod waiting;

#[cfg(test)]
pub(crate) mod seeded;
