//! Claims, and what becomes of them: offered, declined, given back.
//!
//! A claim takes a place of the agent's at once, so that no two claims share one. With it goes why it was made.

use std::collections::HashMap;

use super::{Agent, Board, CLAIM, Claim, DECLINED, FreeAgents, Held, Line, Timer, Waiting};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use crate::model::time::{At, Millis};
use crate::model::why::{Rule, Why};

/// Whom a conversation would go to.
struct Choice {
    agent: AgentId,
    why: Why,
}

/// Those of a line's free agents who have the first of these needs.
fn free_with<'a>(line: &'a Line, needs: &[&Skill]) -> Option<&'a FreeAgents> {
    match needs.first() {
        None => Some(&line.free),
        Some(first) => line.free_with.get(*first),
    }
}

/// A line's free agents who have all of these needs, best first.
fn able<'a>(
    line: &'a Line,
    needs: &'a [&Skill],
    agents: &'a HashMap<AgentId, Agent>,
) -> impl Iterator<Item = (u32, At, AgentId)> {
    let has_all = |who: &AgentId| {
        let skills = agents.get(who).map(|agent| &agent.seat.skills);
        needs
            .iter()
            .skip(1)
            .all(|need| skills.is_some_and(|skills| skills.contains(need)))
    };
    let free = free_with(line, needs).into_iter().flatten();
    free.copied().filter(move |(_, _, who)| has_all(who))
}

impl Board {
    /// The next pair, if there is one: of all lanes with a free agent, the conversation first in order.
    pub fn claim(&mut self, now: At) -> Option<Claim> {
        let (_, id) = self.first_with_agent()?;
        let Choice { agent, why } = self.choose(self.waiting.get(&id)?, now)?;
        let expires_at = now + CLAIM;
        let waiting = self.waiting.get_mut(&id)?;
        let claim = Claim {
            conversation: id,
            placed_seq: waiting.placed_seq,
            department: waiting.department.clone(),
            agent,
            why: why.clone(),
        };
        self.unlist_waiting(id);
        let waiting = self.waiting.get_mut(&id)?;
        waiting.claim = Some(Held {
            agent,
            expires_at,
            is_offer: false,
            why,
        });
        self.due.insert((expires_at, Timer::Claim(id)));
        self.change_agent(agent, now, |agent| {
            agent.claimed.insert(id);
        });
        Some(claim)
    }

    /// Of all that could be served now and have a free agent who does not refuse, the first in order.
    fn first_with_agent(&self) -> Option<(i64, ConversationId)> {
        let mut best: Option<(i64, ConversationId)> = None;
        for (department, line) in &self.lines {
            if line.free.is_empty() {
                continue;
            }
            for (needs, lane) in &line.ready {
                let needs = self.that_somebody_has(department, needs);
                let free = || able(line, &needs, &self.agents);
                // Without anybody who could serve the lane nobody in it is looked at.
                if free().next().is_none() {
                    continue;
                }
                // Only conversations that every such agent declined are walked past.
                for &place in lane {
                    if best.is_some_and(|best| best <= place) {
                        break;
                    }
                    let waiting = self.waiting.get(&place.1);
                    if waiting.is_some_and(|one| free().any(|who| !one.has_declined(who.2))) {
                        best = Some(place);
                        break;
                    }
                }
            }
        }
        best
    }

    /// Needs that nobody of the department has are none there.
    fn that_somebody_has<'a>(
        &self,
        department: &DepartmentKey,
        needs: &'a [Skill],
    ) -> Vec<&'a Skill> {
        let is_known = |need: &&Skill| {
            let place = (department.clone(), (*need).clone());
            self.skilled.contains_key(&place)
        };
        needs.iter().filter(is_known).collect()
    }

    /// The best of the free agents of its own department who do not refuse, or else of one that stands in.
    fn choose(&self, waiting: &Waiting, now: At) -> Option<Choice> {
        let departments = waiting.open_to();
        departments
            .filter_map(|department| self.choose_of(department, waiting, now))
            .next()
    }

    fn choose_of(&self, department: &DepartmentKey, waiting: &Waiting, now: At) -> Option<Choice> {
        let line = self.lines.get(department)?;
        let needs = self.that_somebody_has(department, &waiting.needs);
        let willing =
            || able(line, &needs, &self.agents).filter(|who| !waiting.has_declined(who.2));
        let has_answerer = willing().any(|who| !waiting.missed.contains(&who.2));
        let is_candidate = |who: AgentId| !has_answerer || !waiting.missed.contains(&who);
        let candidates = || willing().filter(|who| is_candidate(who.2));
        let first = candidates().next()?;
        let is_own = *department == waiting.department;
        let last_agent = waiting
            .last_agent
            .filter(|_| is_own)
            .filter(|who| !waiting.has_declined(*who) && is_candidate(*who))
            .filter(|who| {
                let known = self.agents.get(who);
                known.is_some_and(|known| known.is_free_for(department, &needs))
            });
        let agent = last_agent.unwrap_or(first.2);
        let known = self.agents.get(&agent)?;
        let lacks = |need: &Skill| !known.seat.skills.contains(need);
        let rule = if !is_own {
            Rule::Overflow
        } else if last_agent.is_some() {
            Rule::LastAgent
        } else if waiting.relaxed.iter().any(lacks) {
            Rule::Relaxed
        } else {
            match candidates().nth(1) {
                None => Rule::HeadOfLine,
                Some(next) if next.0 > first.0 => Rule::LeastLoad,
                Some(_) => Rule::LongestIdle,
            }
        };
        // Counted one by one only where somebody is left out.
        let has_refused = !waiting.declined.is_empty() || !waiting.missed.is_empty();
        let eligible = if has_refused || needs.len() > 1 {
            candidates().count()
        } else {
            free_with(line, &needs)?.len()
        };
        let why = Why {
            rule,
            load: known.load(),
            capacity: known.seat.capacity,
            idle_ms: Some(Millis((now - known.idle_since).0.max(0))),
            eligible: u32::try_from(eligible).unwrap_or(u32::MAX),
        };
        Some(Choice { agent, why })
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
        held.expires_at = expires_at;
        held.is_offer = true;
        self.due.insert((expires_at, Timer::Claim(conversation)));
        Some(expires_at)
    }

    /// Gives a claim or offer back: the conversation is in line again, the place is free.
    pub fn give_back(&mut self, conversation: ConversationId, agent: AgentId, now: At) {
        if let Some(waiting) = self.waiting.get_mut(&conversation)
            && waiting.is_held_for(agent)
        {
            waiting.claim = None;
            self.list_waiting(conversation);
            self.change_agent(agent, now, |agent| {
                agent.claimed.remove(&conversation);
            });
        }
    }

    /// The agent does not want the conversation, and is not asked for it again for a while. Answers whether it rang at them.
    pub fn decline(&mut self, conversation: ConversationId, agent: AgentId, now: At) -> bool {
        let Some(waiting) = self.waiting.get_mut(&conversation) else {
            return false;
        };
        let held = waiting.claim.as_ref();
        let is_ringing = held.is_some_and(|held| held.agent == agent && held.is_offer);
        if is_ringing {
            waiting.declined.push(agent);
            waiting.declined_until = now + DECLINED;
            self.due
                .insert((waiting.declined_until, Timer::Ask(conversation)));
            self.give_back(conversation, agent, now);
            if let Some(agent) = self.agents.get_mut(&agent) {
                agent.missed_offers = 0;
            }
        }
        is_ringing
    }
}
