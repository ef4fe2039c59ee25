//! The words everything else is written in: ids, times, the events of a conversation's log and the records beside it.
//!
//! Plain data. Nothing here does I/O, and nothing here imports another room; the one clock of the process lives in
//! [`time`] so that tests can set it.

pub mod article;
pub mod event;
pub mod hours;
pub mod id;
pub mod mail;
pub mod record;
pub mod routing;
pub mod standard;
pub mod time;
pub mod why;
pub mod widget_settings;
