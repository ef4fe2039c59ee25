//! The wire contract, version 1: every frame of both sockets, their limits and codes.
//!
//! These types are its only source. `client/wire.ts` and `docs/asyncapi.json` ([`mod@reference`]) are generated from them by a
//! test (`tests/it/generated.rs`). Parsing turns untrusted bytes into frames that are within their limits ([`parse`]);
//! nothing here knows sockets or stores. Names and meanings are fixed: fields and frames may be added, never changed.

pub mod agent;
pub mod error;
pub mod lane;
pub mod parse;
pub mod parts;
pub mod reference;
pub mod visitor;

/// Version of the contract.
pub const VERSION: u32 = 1;
/// Longest frame a client may send, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Longest text of a message or note, in Unicode scalar values.
pub const TEXT_CHARS_MAX: usize = 10_000;
/// Seconds between opening a socket and its `hello`.
pub const HELLO_TIMEOUT_S: u64 = 10;
/// Refused frames within [`REFUSED_WINDOW_S`] after which a socket is closed with 1008.
pub const REFUSED_FRAMES_MAX: u32 = 100;
/// See [`REFUSED_FRAMES_MAX`].
pub const REFUSED_WINDOW_S: i64 = 10;
/// A log is sent from its start if it has at most so many events; a longer one begins so far from its end.
pub const REPLAY_EVENTS_MAX: u32 = 200;
