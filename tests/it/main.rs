//! Every integration test of the server, in one binary: a file a topic.

#![expect(clippy::unwrap_used, reason = "a test may fail that way")]

mod agent;
mod demo;
mod generated;
mod offers;
mod pairing;
mod rest;
mod resume;
mod store_sqlite;
mod store_suite;
mod support;
mod visitor;
mod wire;
