//! Pairing: who waits meets who is free.
//!
//! One task a node, woken by arrivals, freed places and what is due. A claim is only a proposal; the conditional append
//! of `assigned` decides, and a refused claim is given back.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::coordination::{Notice, OfferEnd};
use crate::desk::{Desk, Refused, agent_name, seat};
use crate::domain::conversation::{Command, Refusal};
use crate::domain::routing::{Claim, Due, Observed};
use crate::model::event::RequeueReason;
use crate::model::id::AgentId;
use crate::model::record::{JournalReason, PairingMode, Person, Status};
use crate::model::time::Millis;

/// Claims carried out at once: they share the store's group commits.
const CLAIMS_MAX: usize = 64;
/// Within this time every node has told a board its sockets, that of the slowest failover included.
const SOCKETS_TOLD: Millis = Millis::seconds(10);
/// A refused claim is given back after this time, so that a board that is wrong cannot spin.
const REFUSED_PAUSE: Millis = Millis(100);

/// Pairs until the token is cancelled.
pub async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let mut claims = JoinSet::new();
    // Said once, not with every look.
    let mut is_paused = false;
    loop {
        tokio::select! {
            // Both cancel-safe: nothing is taken before it is returned.
            () = desk.coordination.work() => {}
            Some(_) = claims.join_next(), if !claims.is_empty() => {}
            () = stop.cancelled() => break,
        }
        match desk.coordination.due().await {
            Ok(due) => {
                for one in due {
                    let desk = Arc::clone(&desk);
                    claims.spawn(async move { desk.deal_with(one).await });
                }
            }
            Err(away) => tracing::debug!(error = %away, "nothing is known of what is due"),
        }
        while claims.len() < CLAIMS_MAX {
            match desk.coordination.claim().await {
                Ok(Some(claim)) => {
                    let desk = Arc::clone(&desk);
                    claims.spawn(async move { desk.carry_out(claim).await });
                }
                Ok(None) => {
                    is_paused = false;
                    break;
                }
                Err(away) => {
                    if !std::mem::replace(&mut is_paused, true) {
                        tracing::warn!(error = %away, "pairing pauses");
                    }
                    break;
                }
            }
        }
    }
    // What was begun is finished: a claim half carried out would hold its place until it expires.
    while claims.join_next().await.is_some() {}
}

impl Desk {
    async fn carry_out(&self, claim: Claim) {
        let offers = self
            .settings
            .department(&claim.department)
            .is_some_and(|one| one.mode == PairingMode::Offer);
        let outcome = if offers {
            self.ring(&claim).await
        } else {
            self.assign(&claim).await
        };
        let Err(refused) = outcome else { return };
        tracing::debug!(conversation.id = %claim.conversation, reason = %refused, "a claim was given back");
        tokio::time::sleep(REFUSED_PAUSE.duration()).await;
        if let Err(away) = self.look_again(&claim).await {
            tracing::debug!(error = %away, "a refused claim could not be looked at");
        }
        self.coordination
            .give_back(claim.conversation, claim.agent)
            .await
            .ok();
    }

    async fn assign(&self, claim: &Claim) -> Result<(), Refused> {
        let person = self
            .store
            .person(claim.agent)
            .await?
            .ok_or(Refused::NotFound("agent"))?;
        let command = Command::Assign {
            agent: agent_name(&person),
            placed_seq: claim.placed_seq,
            why: Some(claim.why.clone()),
        };
        match self.append(claim.conversation, None, command).await {
            Ok(_) | Err(Refused::Rule(Refusal::AlreadyYours)) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    async fn ring(&self, claim: &Claim) -> Result<(), Refused> {
        if let Some(ringing) = self.coordination.offer(claim).await? {
            self.coordination.publish(Notice::Offered(ringing)).await;
            self.coordination.publish(Notice::LineMoved).await;
        }
        Ok(())
    }

    /// A refusal means that the board knows less than the log: tell it what the log says.
    async fn look_again(&self, claim: &Claim) -> Result<(), Refused> {
        match self.store.conversation(claim.conversation).await? {
            Some(conversation) => self.observe(&conversation).await,
            None => {
                let closed = Observed {
                    conversation: claim.conversation,
                    placed_seq: claim.placed_seq + 1,
                    place: crate::domain::routing::ObservedPlace::Closed,
                };
                self.coordination.observe(closed).await?;
            }
        }
        self.learn_agent(claim.agent).await
    }

    /// Tells coordination an agent's seat and conversations as the store has them.
    pub(super) async fn learn_agent(&self, agent: AgentId) -> Result<(), Refused> {
        match self.store.person(agent).await? {
            Some(person) => {
                for card in self.store.conversations_of_agent(agent).await? {
                    self.observe(&card.conversation).await;
                }
                self.coordination.seat(agent, seat(&person)).await?;
            }
            None => self.coordination.remove_agent(agent).await?,
        }
        Ok(())
    }

    async fn deal_with(&self, due: Due) {
        let outcome = match due {
            // It is due again soon, as an agent's is.
            Due::VisitorGone { .. } if self.coordination.has_moved_within(SOCKETS_TOLD) => Ok(()),
            Due::VisitorGone {
                conversation,
                gone_at,
            } => self
                .append(conversation, None, Command::Abandon { gone_at })
                .await
                .map(|_| ()),
            Due::AgentAway { agent } => self.tell_away(agent).await,
            Due::AgentGone { agent } => self.let_go(agent).await,
            Due::OfferMissed {
                conversation,
                agent,
                is_once_too_often,
            } => {
                let reason = OfferEnd::Missed;
                self.coordination
                    .publish(Notice::OfferEnded {
                        conversation,
                        agent,
                        reason,
                    })
                    .await;
                self.coordination.publish(Notice::LineMoved).await;
                if is_once_too_often {
                    self.set_away(agent).await
                } else {
                    Ok(())
                }
            }
        };
        match outcome {
            Ok(()) => {}
            // It moved meanwhile: nothing is due any more, and coordination learns why.
            Err(Refused::Rule(_)) => {
                if let Due::VisitorGone { conversation, .. } = due
                    && let Ok(Some(found)) = self.store.conversation(conversation).await
                {
                    self.observe(&found).await;
                }
            }
            Err(refused) => tracing::warn!(reason = %refused, "what was due is tried again"),
        }
    }

    async fn tell_away(&self, agent: AgentId) -> Result<(), Refused> {
        for card in self.store.conversations_of_agent(agent).await? {
            // The agent may be back, or the conversation gone, by the time it is written.
            if self.coordination.is_agent_here(agent).await? {
                return Ok(());
            }
            match self
                .append(card.conversation.id, None, Command::AgentAway { agent })
                .await
            {
                Ok(_) | Err(Refused::Rule(_)) => {}
                Err(refused) => return Err(refused),
            }
        }
        Ok(())
    }

    /// The agent's grace ran out: the conversations go back to their places, the agent is offline.
    async fn let_go(&self, agent: AgentId) -> Result<(), Refused> {
        if self.coordination.is_agent_here(agent).await? {
            return Ok(());
        }
        let Some(person) = self.store.person(agent).await? else {
            return Ok(self.coordination.remove_agent(agent).await?);
        };
        if self.coordination.has_moved_within(SOCKETS_TOLD)
            || self.has_just_sat_down(&person).await?
        {
            // It is due again soon.
            return Ok(());
        }
        // Offline first: nothing new comes while the old goes back.
        if person.status != Status::Offline {
            self.sit(person, Status::Offline, None, JournalReason::Gone)
                .await?;
        }
        self.requeue_all(agent, RequeueReason::AgentGone).await
    }

    /// Whether the agent came to the desk, or chose to serve, a moment ago. Then they are here, whatever the board says: it may be
    /// one on another server than their node still talks to, and not know of their socket yet.
    async fn has_just_sat_down(&self, person: &Person) -> Result<bool, Refused> {
        if person.status == Status::Offline || !self.coordination.is_shared() {
            return Ok(false);
        }
        let since = self.clock.now() - SOCKETS_TOLD;
        let journal = self.store.journal_of(person.id, since).await?;
        let sits = |reason| matches!(reason, JournalReason::SignedIn | JournalReason::Chosen);
        Ok(journal.iter().any(|(_, entry)| sits(entry.reason)))
    }

    async fn set_away(&self, agent: AgentId) -> Result<(), Refused> {
        match self.store.person(agent).await? {
            Some(person) if person.status == Status::Online => self
                .sit(person, Status::Away, None, JournalReason::MissedOffers)
                .await
                .map(|_| ()),
            Some(_) | None => Ok(()),
        }
    }
}
