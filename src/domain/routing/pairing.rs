//! Claims, and what becomes of them: offered, declined, given back.
//!
//! A claim takes a place of the agent's at once, so that no two claims share one.

use super::{Board, CLAIM, Claim, Held, Timer};
use crate::model::id::{AgentId, ConversationId};
use crate::model::time::At;

impl Board {
    /// The next pair, if there is one: of all lines with a free agent, the conversation first in order.
    pub fn claim(&mut self, now: At) -> Option<Claim> {
        let mut best: Option<(i64, ConversationId, AgentId)> = None;
        for line in self.lines.values() {
            if line.free.is_empty() {
                continue;
            }
            // Only conversations that every free agent declined are walked past.
            for &(key, id) in &line.ready {
                if best.is_some_and(|(best_key, best_id, _)| (best_key, best_id) <= (key, id)) {
                    break;
                }
                if let Some(agent) = self
                    .waiting
                    .get(&id)
                    .and_then(|waiting| waiting.wants_of(&line.free))
                {
                    best = Some((key, id, agent));
                    break;
                }
            }
        }
        let (_, id, agent) = best?;
        let expires_at = now + CLAIM;
        let waiting = self.waiting.get_mut(&id)?;
        waiting.claim = Some(Held {
            agent,
            expires_at,
            is_offer: false,
        });
        let claim = Claim {
            conversation: id,
            placed_seq: waiting.placed_seq,
            department: waiting.department.clone(),
            agent,
        };
        self.unlist_waiting(id);
        self.due.insert((expires_at, Timer::Claim(id)));
        self.change_agent(agent, now, |agent| {
            agent.claimed.insert(id);
        });
        Some(claim)
    }

    /// Turns a claim into an offer that rings; answers until when. `None` if the claim no longer stands.
    pub fn offer(&mut self, conversation: ConversationId, agent: AgentId, now: At) -> Option<At> {
        let expires_at = now + self.graces.ring;
        let held = self
            .waiting
            .get_mut(&conversation)?
            .claim
            .as_mut()
            .filter(|held| held.agent == agent)?;
        *held = Held {
            agent,
            expires_at,
            is_offer: true,
        };
        self.due.insert((expires_at, Timer::Claim(conversation)));
        Some(expires_at)
    }

    /// Gives a claim or offer back: the conversation is in line again, the place is free.
    pub fn give_back(&mut self, conversation: ConversationId, agent: AgentId, now: At) {
        if let Some(waiting) = self.waiting.get_mut(&conversation)
            && waiting.claim.is_some_and(|held| held.agent == agent)
        {
            waiting.claim = None;
            self.list_waiting(conversation);
            self.change_agent(agent, now, |agent| {
                agent.claimed.remove(&conversation);
            });
        }
    }

    /// The agent does not want the conversation. Answers whether it rang at them.
    pub fn decline(&mut self, conversation: ConversationId, agent: AgentId, now: At) -> bool {
        let Some(waiting) = self.waiting.get_mut(&conversation) else {
            return false;
        };
        let is_ringing = waiting
            .claim
            .is_some_and(|held| held.agent == agent && held.is_offer);
        if is_ringing {
            waiting.declined.push(agent);
            self.give_back(conversation, agent, now);
            if let Some(agent) = self.agents.get_mut(&agent) {
                agent.missed_offers = 0;
            }
        }
        is_ringing
    }
}
