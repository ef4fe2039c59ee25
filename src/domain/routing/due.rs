//! What becomes due: graces that run out, offers that ring out, claims of nodes that died, needs to be given up.
//!
//! Timers are not searched for when what they were set for changes: one that no longer applies does nothing.

use super::{Board, DUE_RETRY, Due, MISSED_OFFERS_MAX, Timer, Waiting};
use crate::model::id::{AgentId, ConversationId};
use crate::model::record::Status;
use crate::model::time::At;

impl Board {
    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<At> {
        self.due.first().map(|(at, _)| *at)
    }

    /// What is due now. Graces that ran out are handed out again after [`DUE_RETRY`] until the log says that they were
    /// dealt with; claims of the dead and offers that rang out are given back here.
    pub fn take_due(&mut self, now: At) -> Vec<Due> {
        let mut due = Vec::new();
        while let Some(&(at, timer)) = self.due.first() {
            if at > now {
                break;
            }
            self.due.pop_first();
            if let Some(one) = self.fire(timer, at, now) {
                due.push(one);
            }
        }
        self.forget_closed(now);
        due
    }

    /// Timers are not searched for when what they were set for changes: one that no longer applies does nothing.
    fn fire(&mut self, timer: Timer, at: At, now: At) -> Option<Due> {
        match timer {
            Timer::VisitorGone(conversation) => {
                let waiting = self.waiting.get_mut(&conversation)?;
                let gone_at = waiting
                    .gone_at
                    .filter(|_| waiting.gone_due_at == Some(at))?;
                waiting.gone_due_at = Some(now + DUE_RETRY);
                self.due.insert((now + DUE_RETRY, timer));
                Some(Due::VisitorGone {
                    conversation,
                    gone_at,
                })
            }
            Timer::AgentAway(agent) => {
                let gone_at = self.agents.get(&agent)?.gone_at?;
                let is_due = gone_at + self.graces.away <= at;
                (is_due && !self.agents.get(&agent)?.owned.is_empty())
                    .then_some(Due::AgentAway { agent })
            }
            Timer::AgentGone(agent) => {
                let known = self.agents.get_mut(&agent)?;
                known.gone_at.filter(|_| known.gone_due_at == Some(at))?;
                let has_something = known.seat.status != Status::Offline || !known.owned.is_empty();
                known.gone_due_at = has_something.then_some(now + DUE_RETRY);
                self.due.insert((known.gone_due_at?, timer));
                Some(Due::AgentGone { agent })
            }
            Timer::Claim(conversation) => {
                let held = self.waiting.get(&conversation)?.claim.as_ref()?;
                if held.expires_at > at {
                    return None;
                }
                let (agent, is_offer) = (held.agent, held.is_offer);
                self.give_back(conversation, agent, now);
                is_offer.then(|| self.miss(conversation, agent))
            }
            Timer::Relax(conversation) => {
                self.relax(conversation, at);
                None
            }
            Timer::Widen(conversation) => {
                let waiting = self.waiting.get(&conversation)?;
                if waiting.widens_at.is_some_and(|widens_at| widens_at <= at) {
                    self.widen(conversation);
                }
                None
            }
            Timer::Ask(conversation) => {
                let waiting = self.waiting.get_mut(&conversation)?;
                if waiting.declined_until <= at {
                    let declined = std::mem::take(&mut waiting.declined);
                    let known = declined
                        .into_iter()
                        .filter(|who| !waiting.missed.contains(who));
                    let asked: Vec<AgentId> = known.collect();
                    waiting.missed.extend(asked);
                }
                None
            }
        }
    }

    /// Gives the last of the needs that are left up, if it is time.
    fn relax(&mut self, conversation: ConversationId, at: At) {
        let is_time = |waiting: &Waiting| {
            let next = waiting.relaxes_at.front();
            next.is_some_and(|next| *next <= at) && !waiting.needs.is_empty()
        };
        if !self.waiting.get(&conversation).is_some_and(is_time) {
            return;
        }
        self.unlist_waiting(conversation);
        if let Some(waiting) = self.waiting.get_mut(&conversation) {
            waiting.relaxes_at.pop_front();
            let given_up = waiting.needs.pop();
            waiting.relaxed.extend(given_up);
            if let Some(next) = waiting.relaxes_at.front()
                && !waiting.needs.is_empty()
            {
                self.due.insert((*next, Timer::Relax(conversation)));
            }
        }
        self.list_waiting(conversation);
    }

    /// Opens a conversation that waits to the departments that stand in, ahead of its time or not.
    pub fn widen(&mut self, conversation: ConversationId) {
        if let Some(waiting) = self.waiting.get_mut(&conversation) {
            waiting.is_wide = true;
            self.list_waiting(conversation);
        }
    }

    /// When needs are given up and others stand in.
    pub(super) fn set_term_timers(&mut self, id: ConversationId) {
        let Some(waiting) = self.waiting.get(&id) else {
            return;
        };
        if let Some(next) = waiting.relaxes_at.front()
            && !waiting.needs.is_empty()
        {
            self.due.insert((*next, Timer::Relax(id)));
        }
        if let Some(widens_at) = waiting.widens_at
            && !waiting.stand_ins.is_empty()
        {
            self.due.insert((widens_at, Timer::Widen(id)));
        }
    }

    fn miss(&mut self, conversation: ConversationId, agent: AgentId) -> Due {
        if let Some(waiting) = self.waiting.get_mut(&conversation)
            && !waiting.missed.contains(&agent)
        {
            waiting.missed.push(agent);
        }
        let missed = self.agents.get_mut(&agent).map_or(0, |agent| {
            agent.missed_offers = agent.missed_offers.saturating_add(1);
            agent.missed_offers
        });
        Due::OfferMissed {
            conversation,
            agent,
            is_once_too_often: missed >= MISSED_OFFERS_MAX,
        }
    }

    pub(super) fn start_visitor_grace(&mut self, id: ConversationId, now: At) {
        if let Some(waiting) = self.waiting.get_mut(&id) {
            let due_at = now + self.graces.visitor;
            waiting.gone_at = Some(now);
            waiting.gone_due_at = Some(due_at);
            self.due.insert((due_at, Timer::VisitorGone(id)));
        }
    }

    pub(super) fn start_agent_grace(&mut self, agent: AgentId, now: At) {
        if let Some(known) = self.agents.get_mut(&agent)
            && known.sockets.is_empty()
            && known.gone_at.is_none()
        {
            known.gone_at = Some(now);
            self.continue_agent_grace(agent, now);
        }
    }

    /// Also for an agent who came to have something after the last socket went, by a write that was under way.
    pub(super) fn continue_agent_grace(&mut self, agent: AgentId, now: At) {
        if let Some(known) = self.agents.get_mut(&agent)
            && let Some(gone_at) = known.gone_at
        {
            let away_at = now.max(gone_at + self.graces.away);
            self.due.insert((away_at, Timer::AgentAway(agent)));
            let gone_due_at = now.max(gone_at + self.graces.agent);
            if known.gone_due_at.is_none() {
                known.gone_due_at = Some(gone_due_at);
                self.due.insert((gone_due_at, Timer::AgentGone(agent)));
            }
        }
    }
}
