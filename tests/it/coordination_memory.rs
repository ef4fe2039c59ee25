//! Coordination within one process: the common suite, and what its own clockwork promises.

use std::sync::Arc;
use std::time::Duration;

use balie::coordination::memory::MemoryCoordination;
use balie::coordination::{Coordination, Notice};
use balie::domain::routing::Graces;
use balie::model::id::{AgentId, ConversationId};
use balie::model::time::Clock;
use tokio::time::{Instant, timeout};

use crate::coordination_suite::{BEGIN, GRACES};

async fn fresh(clock: Clock, graces: Graces) -> (Arc<dyn Coordination>, ()) {
    (Arc::new(MemoryCoordination::new(clock, graces)), ())
}

crate::coordination_suite::cases!(fresh);

/// Without anything to do, work is looked for once a second; a wake-up that is lost costs that long.
#[tokio::test]
async fn a_change_wakes_at_once() {
    let engine = MemoryCoordination::new(Clock::manual(BEGIN), GRACES);
    let begun = Instant::now();
    for _ in 0..40 {
        engine
            .visitor_joined(ConversationId::fresh(), 1)
            .await
            .unwrap();
        engine.work().await;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "wake-ups were lost"
    );
}

/// A relay that is behind makes publishers wait: nothing is lost, and memory stays bounded.
#[tokio::test]
async fn a_publisher_waits_for_a_relay_that_is_behind() {
    let engine = MemoryCoordination::new(Clock::manual(BEGIN), GRACES);
    let mut notices = engine.notices().unwrap();
    let mut published = 0;
    // A publisher that need not wait is done at its first attempt, however slow the machine.
    let wait = Duration::from_millis(50);
    let publish = || engine.publish(Notice::AgentChanged(AgentId::fresh()));
    while timeout(wait, publish()).await.is_ok() {
        published += 1;
        assert!(published < 1_000_000, "publishing has no bound");
    }
    notices.recv().await.unwrap();
    publish().await;
    for _ in 0..published {
        notices.recv().await.unwrap();
    }
    assert!(
        notices.try_recv().is_err(),
        "the one given up was not half published"
    );
}
