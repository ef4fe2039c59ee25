//! A client of Balie's wire contract that trusts nothing: participants over real sockets that check every frame they
//! get, and the measuring around them.
//!
//! Two call it: the `balie-loadtest` program beside it, and the server's own tests. It reads the contract from the
//! wire alone and never uses the server's code, so that a mistake made there is not repeated here.

pub mod accounts;
pub mod chorus;
pub mod day;
pub mod meter;
pub mod metronome;
pub mod participant;
pub mod plot;
pub mod shifts;
mod verdict;
