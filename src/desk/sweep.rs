//! Slow, steady work: rebuilding what coordination knows, idle chats, expired sessions and old visits, the wheel of pings.
//!
//! Nothing here touches idle visitors but the wheel, which pings the silent ones every 25 s.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::task::JoinSet;
use tokio::time::{Duration, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::desk::relay::signed_out;
use crate::desk::{Desk, Refused, seat};
use crate::domain::conversation::{Command, Conversation, Refusal};
use crate::domain::routing::{Observed, ObservedPlace};
use crate::hub::mailbox::{Farewell, Who};
use crate::model::id::ConversationId;
use crate::protocol::error::Close;
use crate::store::{Standing, StoreError};

/// Between two looks at settings, epoch and idle chats.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two comparisons of coordination and followers with the log.
const RECONCILE_LOOKS: u64 = 10;
/// Looks between two clearings of expired sessions and of old visits to articles.
const SESSIONS_LOOKS: u64 = 3_600;
/// Looks at a log that an append without an answer may have changed: a write that the store gave up waiting for ends
/// within this many seconds, if ever.
const DOUBTED_LOOKS: u32 = 30;
/// Conversations told to coordination at once when it was emptied.
const OBSERVING_MAX: usize = 64;
/// Followed logs compared in one statement; where more are followed, their turn comes a second later.
const FOLLOWED_MAX: usize = 20_000;
/// Logs in doubt at once. Beyond that the comparison of everything finds them.
const DOUBTED_MAX: usize = 10_000;

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

/// Tells coordination everything, each time it was emptied and this node is asked to, until the token is cancelled.
pub async fn rebuild_when_emptied(desk: Arc<Desk>, stop: CancellationToken) {
    let rebuilding = async {
        loop {
            desk.coordination.emptied().await;
            let outcome = match desk.rebuild().await {
                Ok(()) => desk.coordination.rebuilt().await.map_err(Refused::from),
                Err(refused) => Err(refused),
            };
            if let Err(refused) = outcome {
                tracing::warn!(reason = %refused, "coordination could not be told everything; it is tried again");
                tokio::time::sleep(LOOK).await;
            }
        }
    };
    tokio::select! {
        () = rebuilding => {}
        () = stop.cancelled() => {}
    }
}

/// Compares the followers' places with the log until the token is cancelled, where notices of other nodes may be lost: what
/// another node wrote is shown here within this second, whatever became of its notice. A task of its own: nothing else
/// that is slow just now may hold it up.
pub async fn watch_followed(desk: Arc<Desk>, stop: CancellationToken) {
    if !desk.coordination.is_shared() {
        return stop.cancelled().await;
    }
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        match desk.look_at_followed(last).await {
            Ok(reached) => last = reached,
            Err(error) => tracing::debug!(%error, "the followers' places were not compared"),
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

    /// One look at what has changed without anybody saying so. Called once a second, `tick` counts the calls.
    pub async fn look(&self, tick: u64) -> Result<(), Refused> {
        if self.settings.refresh().await? {
            self.settings_changed().await?;
        }
        self.set_epoch(&self.store.installation().await?.epoch);
        self.look_at_doubted().await?;
        self.mind_idle_chats().await?;
        self.move_from_closed().await?;
        let has_lost_notices = self.has_lost_notices.swap(false, Ordering::Relaxed);
        let is_compared = tick.is_multiple_of(RECONCILE_LOOKS) || has_lost_notices;
        // Where notices were lost, seats that changed meanwhile may not have been told either; and what a server was told last
        // its successor may not know.
        let has_untold_seats = self.has_untold_seats.swap(false, Ordering::Relaxed);
        if (is_compared || has_untold_seats)
            && let Err(refused) = self.compare_seats().await
        {
            self.has_untold_seats.store(true, Ordering::Relaxed);
            tracing::debug!(reason = %refused, "seats are told later");
        }
        if is_compared {
            self.reconcile().await?;
        }
        if tick.is_multiple_of(SESSIONS_LOOKS) {
            let now = self.clock.now();
            self.store.forget_expired_sessions(now).await?;
            // In pieces, so that messages get in between.
            while self.store.forget_self_service(now).await? {}
            while self.store.forget_promises(now).await? {}
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
        self.seat_everybody().await?;
        let mut observing = JoinSet::new();
        for conversation in self.store.open_conversations().await? {
            if observing.len() >= OBSERVING_MAX
                && let Some(observed) = observing.join_next().await
            {
                observed.map_err(|_panic| Refused::Away)??;
            }
            let coordination = Arc::clone(&self.coordination);
            let news = self.observed(&conversation);
            observing.spawn(async move { coordination.observe(news).await });
        }
        while let Some(observed) = observing.join_next().await {
            observed.map_err(|_panic| Refused::Away)??;
        }
        Ok(())
    }

    async fn seat_everybody(&self) -> Result<(), Refused> {
        for person in self.store.people().await? {
            self.coordination.seat(person.id, seat(&person)).await?;
        }
        Ok(())
    }

    /// Tells coordination the seats that it has otherwise than the store.
    async fn compare_seats(&self) -> Result<(), Refused> {
        // What it holds first: whoever changes meanwhile is told as they are then.
        let mut known = match self.coordination.seats().await {
            Ok(known) => known,
            // Once a second: nothing to warn of.
            Err(_away) => return Err(Refused::Away),
        };
        for person in self.store.people().await? {
            let seat = seat(&person);
            if known.remove(&person.id).as_ref() != Some(&seat) {
                self.coordination.seat(person.id, seat).await?;
            }
        }
        for gone in known.into_keys() {
            self.coordination.remove_agent(gone).await?;
        }
        Ok(())
    }

    /// An append was not answered and may be durable by now, or soon; or coordination was not told of one. The sweep
    /// looks at the log until everybody knows it.
    pub(super) fn doubt(&self, conversation: ConversationId) {
        let mut doubted = self.doubted();
        if doubted.len() < DOUBTED_MAX {
            doubted.insert(conversation, DOUBTED_LOOKS);
        }
    }

    fn doubted(&self) -> MutexGuard<'_, HashMap<ConversationId, u32>> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_at_doubted(&self) -> Result<(), Refused> {
        let doubted: Vec<ConversationId> = self.doubted().keys().copied().collect();
        for id in doubted {
            if let Some(conversation) = self.store.conversation(id).await? {
                self.compare(&conversation).await;
            }
            if let Entry::Occupied(mut looks) = self.doubted().entry(id) {
                *looks.get_mut() -= 1;
                if *looks.get() == 0 {
                    looks.remove();
                }
            }
        }
        Ok(())
    }

    /// Compares what coordination, followers and those who should follow know with the log.
    async fn compare(&self, conversation: &Conversation) {
        self.observe(conversation).await;
        self.follow_up(&Standing::of(conversation));
    }

    /// Compares what followers and those who should follow know with the log.
    fn follow_up(&self, stands: &Standing) {
        let id = stands.conversation;
        self.hub.check(id, stands.visitor_seq, stands.seq);
        self.hub.remind(id, stands.visitor, stands.owner);
    }

    /// Compares some of the followers' places with the log, those after `last` in order of their ids; answers the last one
    /// looked at, `None` after the last of all.
    async fn look_at_followed(
        &self,
        last: Option<ConversationId>,
    ) -> Result<Option<ConversationId>, StoreError> {
        let mut followed = self.hub.followed();
        followed.retain(|id| Some(*id) > last);
        let agents = self.hub.agents();
        if followed.is_empty() && agents.is_empty() {
            return Ok(None);
        }
        let has_more = followed.len() > FOLLOWED_MAX;
        if has_more {
            followed.select_nth_unstable(FOLLOWED_MAX);
            followed.truncate(FOLLOWED_MAX);
        }
        let reached = followed.iter().max().copied();
        for stands in self.store.standings(followed, agents).await? {
            self.follow_up(&stands);
        }
        Ok(reached.filter(|_| has_more))
    }

    /// Compares coordination and the followers with the log. An append whose answer was lost may be durable without
    /// anybody having been told.
    async fn reconcile(&self) -> Result<(), Refused> {
        // What it holds first: what begins after is among the open ones.
        let placed = self.coordination.placed().await;
        let open = self.store.open_conversations().await?;
        let Ok(mut placed) = placed else {
            // Nothing to compare; the followers are minded all the same.
            open.iter()
                .for_each(|conversation| self.follow_up(&Standing::of(conversation)));
            return Ok(());
        };
        for conversation in &open {
            // Only what differs is told: most of what waits has not moved for a long time.
            if placed.remove(&conversation.id) != Some(conversation.placed_seq) {
                self.observe(conversation).await;
            }
            self.follow_up(&Standing::of(conversation));
        }
        for conversation in placed.into_keys() {
            self.forget_if_closed(conversation).await?;
        }
        Ok(())
    }

    async fn forget_if_closed(&self, id: ConversationId) -> Result<(), Refused> {
        match self.store.conversation(id).await? {
            Some(conversation) => self.compare(&conversation).await,
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
