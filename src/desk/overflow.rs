//! Who is expected to wait longer than their department wants: open to its stand-ins before they have.
//!
//! One task a node, once a second, on the waits that the day book foretells anyway. Coordination opens them by time as well, so what
//! is lost here is late and no more. Decides nothing about who serves whom.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::coordination::Away;
use crate::desk::Desk;
use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

/// Between two looks: waits are foretold as often.
const LOOK: Duration = Duration::from_secs(1);
/// So many are opened at one look; the next a second later.
const OPENED_MAX: usize = 200;
/// After so long coordination is told again: it may have been emptied.
const AGAIN: Millis = Millis::seconds(30);

/// Looks until the token is cancelled.
pub async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut opened = HashMap::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(away) = desk.open_long_waits(&mut opened).await {
            tracing::debug!(error = %away, "long waits are opened to others later");
        }
    }
}

impl Desk {
    async fn open_long_waits(&self, opened: &mut HashMap<ConversationId, At>) -> Result<(), Away> {
        let now = self.clock.now();
        opened.retain(|_, at| now - *at < AGAIN);
        let settings = self.settings.snapshot();
        let limits: HashMap<&DepartmentKey, Millis> = settings
            .departments()
            .filter(|one| !one.routing.stand_ins.is_empty())
            .filter_map(|one| Some((&one.key, one.routing.overflow_after?)))
            .collect();
        if limits.is_empty() {
            return Ok(());
        }
        let outlook = self.foretold(now);
        let long: Vec<ConversationId> = outlook
            .expected()
            .iter()
            .filter(|one| {
                limits
                    .get(&one.department)
                    .is_some_and(|limit| one.wait > *limit)
            })
            .map(|one| one.conversation)
            .filter(|id| !opened.contains_key(id))
            .take(OPENED_MAX)
            .collect();
        for conversation in long {
            self.coordination.widen(conversation).await?;
            opened.insert(conversation, now);
        }
        Ok(())
    }
}
