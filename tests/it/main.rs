//! Every integration test of the server, in one binary: a file a topic.

#![expect(clippy::unwrap_used, reason = "a test may fail that way")]

mod generated;
mod rest;
mod store_sqlite;
mod store_suite;
