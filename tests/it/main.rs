//! Every integration test of the server, in one binary: a file a topic.

#![expect(clippy::unwrap_used, reason = "a test may fail that way")]

mod agent;
mod articles;
mod attachments;
mod backup;
mod bad_input;
mod colleagues;
mod config;
mod coordination_histories;
mod coordination_memory;
mod coordination_redis;
mod coordination_suite;
mod demo;
mod door;
mod faults;
mod files_folder;
mod files_s3;
mod files_suite;
mod full_disk;
mod generated;
mod graces;
mod hostile_files;
mod identity;
mod identity_docs;
mod kill;
mod limits;
mod messages;
mod nodes;
mod nodes_that_go;
mod offers;
mod open_postgres;
mod pairing;
mod redis_footings;
mod redis_node;
mod rest;
mod resume;
mod sign_out;
mod simulate;
mod store_postgres;
mod store_sqlite;
mod store_suite;
mod support;
mod tidy;
mod visitor;
mod wire;
