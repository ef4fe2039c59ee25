//! Decisions without I/O, clock or randomness: what may happen in a conversation, and who serves whom.
//!
//! Called by the store (which decides inside its transactions), by coordination's in-process engine and by the desk.
//! Takes state, command and `now`; returns events or choices; never awaits.

pub mod conversation;
pub mod routing;

#[cfg(test)]
pub(crate) mod seeded;
