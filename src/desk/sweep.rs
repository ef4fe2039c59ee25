//! Slow, steady work: rebuilding what coordination knows, idle chats, expired sessions, the wheel of pings.
//!
//! Nothing here touches idle visitors but the wheel, which pings the silent ones every 25 s.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::{Duration, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::desk::relay::signed_out;
use crate::desk::{Desk, Refused, seat};
use crate::domain::conversation::{Command, Refusal};
use crate::domain::routing::{Observed, ObservedPlace};
use crate::hub::mailbox::{Farewell, Who};
use crate::model::id::ConversationId;
use crate::protocol::error::Close;
use crate::store::StoreError;

/// Between two looks at settings, epoch and idle chats.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two comparisons of coordination and followers with the log.
const RECONCILE_LOOKS: u64 = 10;
/// Looks between two clearings of expired sessions.
const SESSIONS_LOOKS: u64 = 3_600;

/// Sweeps until the token is cancelled.
pub async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tick: u64 = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        tick += 1;
        desk.turn_wheel(tick);
        if let Err(refused) = desk.look(tick).await {
            tracing::debug!(reason = %refused, "a sweep was cut short");
        }
    }
}

impl Desk {
    fn turn_wheel(&self, tick: u64) {
        for mailbox in self.hub.turn(tick) {
            mailbox.end(Farewell {
                close: Close::TooSlow,
                bye: None,
            });
        }
    }

    async fn look(&self, tick: u64) -> Result<(), Refused> {
        if self.settings.refresh().await? {
            self.settings_changed().await?;
        }
        self.set_epoch(&self.store.installation().await?.epoch);
        self.mind_idle_chats().await?;
        if tick.is_multiple_of(RECONCILE_LOOKS) {
            self.reconcile().await?;
        }
        if tick.is_multiple_of(SESSIONS_LOOKS) {
            self.store.forget_expired_sessions(self.clock.now()).await?;
        }
        Ok(())
    }

    /// Another process (or this one) changed people, sessions or settings: sockets of ended sessions close, and pairing
    /// goes by the seats as they are.
    async fn settings_changed(&self) -> Result<(), Refused> {
        let mut ended = HashSet::new();
        for session in self.hub.sessions() {
            if !self.store.session_exists(session).await? {
                ended.insert(session);
            }
        }
        self.hub.end_agents(&signed_out(), |who| match who {
            Who::Agent { session, .. } => ended.contains(session),
            Who::Visitor { .. } => false,
        });
        for person in self.store.people().await? {
            self.person_changed(&person).await?;
        }
        Ok(())
    }

    /// Tells an empty coordination everything: called once at the start, and whenever it was emptied. The graces of
    /// whoever has no socket begin now.
    pub async fn rebuild(&self) -> Result<(), Refused> {
        for person in self.store.people().await? {
            self.coordination.seat(person.id, seat(&person)).await?;
        }
        for conversation in self.store.open_conversations().await? {
            self.coordination
                .observe(Observed::from(&conversation))
                .await?;
        }
        Ok(())
    }

    /// Compares coordination and the followers with the log. An append whose answer was lost may be durable without
    /// anybody having been told.
    async fn reconcile(&self) -> Result<(), Refused> {
        let open = self.store.open_conversations().await?;
        let known: HashSet<ConversationId> =
            open.iter().map(|conversation| conversation.id).collect();
        for conversation in &open {
            self.observe(conversation).await;
            self.hub
                .check(conversation.id, conversation.visitor_seq, conversation.seq);
        }
        for line in self.coordination.lines().await? {
            for waiting in line.waiting {
                if !known.contains(&waiting.conversation) {
                    self.forget_if_closed(waiting.conversation).await?;
                }
            }
        }
        Ok(())
    }

    async fn forget_if_closed(&self, id: ConversationId) -> Result<(), Refused> {
        match self.store.conversation(id).await? {
            Some(conversation) => {
                self.observe(&conversation).await;
                self.hub
                    .check(id, conversation.visitor_seq, conversation.seq);
            }
            None => {
                let news = Observed {
                    conversation: id,
                    placed_seq: u64::MAX,
                    place: ObservedPlace::Closed,
                };
                self.coordination.observe(news).await?;
            }
        }
        Ok(())
    }

    /// Warns, then closes, chats in which nobody says anything, where the department wants that.
    async fn mind_idle_chats(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let settings = self.settings.snapshot();
        for department in settings.departments() {
            let Some(limit) = department.idle_limit_ms else {
                continue;
            };
            for (id, said_at, warned_at) in self
                .store
                .silent_conversations(&department.key, now - limit)
                .await?
            {
                let command = match warned_at {
                    None => Command::WarnIdle {
                        said_at,
                        text: department.idle_text.clone(),
                    },
                    Some(warned_at) if now - warned_at >= department.idle_close_ms => {
                        Command::CloseIdle { said_at }
                    }
                    Some(_) => continue,
                };
                match self.append(id, None, command).await {
                    // Somebody spoke in this very moment.
                    Ok(_) | Err(Refused::Rule(Refusal::Moved)) => {}
                    Err(refused) => {
                        tracing::warn!(conversation.id = %id, reason = %refused, "an idle chat stays")
                    }
                }
            }
        }
        Ok(())
    }
}
