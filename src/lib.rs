//! Balie, the live chat server that a company runs itself.
//!
//! `docs/ARCHITECTURE.md` is the map. The rooms, top to bottom: `server` → `web` → {`desk`, `accounts`} → {`store`,
//! `coordination`, `hub`} → {`domain`, `protocol`} → `model`; arrows only point down, and `tests/it/tidy.rs` holds them
//! to it.

pub mod accounts;
pub mod admin;
pub mod check;
pub mod config;
pub mod coordination;
pub mod demo;
pub mod desk;
pub mod domain;
pub mod files;
pub mod hub;
pub mod model;
pub mod protocol;
pub mod replay;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod web;
