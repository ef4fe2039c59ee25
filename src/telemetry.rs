//! What operators see of a running server: the log on standard error, and the figures of `/metrics`.
//!
//! Names of figures live here. Nothing personal and nothing secret is ever logged or counted by name: no texts, no
//! addresses, no tokens.

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogForm};

/// Starts the log as configured. Called once, before anything is logged.
pub fn start(config: &Config) {
    let filter = EnvFilter::new(&config.log_filter);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.log {
        LogForm::Text => log.with_target(false).init(),
        LogForm::Json => log.json().init(),
    }
}
