//! What operators see of a running server in its log, on standard error.
//!
//! Nothing personal and nothing secret is ever logged: no texts, no addresses, no tokens.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogForm};

/// Starts the log as configured. Called once, before anything is logged.
pub fn start(config: &Config) {
    let filter = EnvFilter::new(&config.log_filter);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would report a line that cannot be written on the very stream that cannot be written to, and panic: a log
        // on the full disk would take the server down with it.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    match config.log {
        LogForm::Text => log.with_target(false).init(),
        LogForm::Json => log.json().init(),
    }
}
