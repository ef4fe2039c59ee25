//! What the tests over real sockets stand on: a server process of one's own, people who work there, and odd clients.
//!
//! The participants themselves are those of the load tester (`balie_loadtest::participant`), which check every frame. A test reads as
//! what people do; how a process is started, killed and looked after stands here.

pub mod balancer;
pub mod cutter;
pub mod files;
pub mod fleet;
pub mod hole;
pub mod node;
pub mod people;
pub mod postgres;
pub mod raw;
pub mod redis_server;
pub mod s3;
pub mod scenes;
pub mod sentinel;
pub mod wire;

use std::future::Future;
use std::time::{Duration, Instant};

use balie_loadtest::participant::fault::Trouble;
use balie_loadtest::participant::wire::Refusal;
use serde_json::Value;

/// How long a test waits for what must happen. Generous: it only costs when something is wrong.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "in vain waited for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The final refusal that a command met.
///
/// # Panics
/// When it succeeded, or failed in another way.
pub fn refused<T: std::fmt::Debug>(outcome: Result<T, Trouble>) -> Refusal {
    match outcome {
        Err(Trouble::Refused(refusal)) => *refusal,
        other => panic!("this was to be refused, and came to {other:?}"),
    }
}

/// A field of a frame as a whole number.
///
/// # Panics
/// When it is none.
pub fn number(frame: &Value, field: &str) -> i64 {
    frame[field]
        .as_i64()
        .unwrap_or_else(|| panic!("`{field}` is no number in {frame}"))
}
