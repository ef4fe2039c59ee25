//! What a board shows of itself: the lines, the loads, what rings where. Changes nothing.

use std::collections::{BTreeMap, HashMap};

use super::{Agent, Board, InLine, LineState, PlaceInLine, Ringing, Seat};
use crate::model::event::Seq;
use crate::model::id::{AgentId, ConversationId, DepartmentKey};

impl LineState {
    /// A line that nobody waits in or serves.
    #[must_use]
    pub fn empty(department: DepartmentKey) -> Self {
        Self {
            department,
            first: Vec::new(),
            live: 0,
            messages: 0,
            longest_since: None,
            agents_online: 0,
            free_slots: 0,
        }
    }
}

impl Board {
    /// Every line that anybody waits in or serves, with at most `first_max` of those who stand first in it.
    #[must_use]
    pub fn lines(&self, first_max: usize) -> Vec<LineState> {
        let mut lines: BTreeMap<&DepartmentKey, LineState> = BTreeMap::new();
        let waited_in = self.lines.iter().filter(|(_, line)| !line.order.is_empty());
        for (department, line) in waited_in {
            let first = line.order.iter().take(first_max);
            let state = LineState {
                first: first.filter_map(|(_, id)| self.in_line(*id)).collect(),
                live: line.live.len() as u64,
                messages: (line.order.len() - line.live.len()) as u64,
                longest_since: line.live.first().map(|(since, _)| *since),
                ..LineState::empty(department.clone())
            };
            lines.insert(department, state);
        }
        for agent in self.agents.values().filter(|agent| agent.is_online()) {
            for department in &agent.seat.departments {
                let line = lines
                    .entry(department)
                    .or_insert_with(|| LineState::empty(department.clone()));
                line.agents_online += 1;
                line.free_slots += u64::from(agent.free_places());
            }
        }
        lines.into_values().collect()
    }

    /// Whether an agent who serves one of these departments is online.
    #[must_use]
    pub fn is_open(&self, departments: &[DepartmentKey]) -> bool {
        self.agents.values().any(|agent| {
            agent.is_online()
                && agent
                    .seat
                    .departments
                    .iter()
                    .any(|one| departments.contains(one))
        })
    }

    /// How many conversations the agent owns or is about to.
    #[must_use]
    pub fn load(&self, agent: AgentId) -> u32 {
        self.agents.get(&agent).map_or(0, Agent::load)
    }

    /// Where these stand, `None` for each that waits in no line. Walks each line as far as the last of them stands.
    #[must_use]
    pub fn places(&self, conversations: &[ConversationId]) -> Vec<Option<PlaceInLine>> {
        let mut positions: HashMap<ConversationId, Option<u64>> =
            conversations.iter().map(|id| (*id, None)).collect();
        let mut departments: BTreeMap<&DepartmentKey, usize> = BTreeMap::new();
        for waiting in positions.keys().filter_map(|id| self.waiting.get(id)) {
            *departments.entry(&waiting.department).or_default() += 1;
        }
        for (department, mut left) in departments {
            let order = self.lines.get(department).map(|line| line.order.iter());
            for (position, (_, id)) in (1..).zip(order.into_iter().flatten()) {
                if let Some(found) = positions.get_mut(id) {
                    *found = Some(position);
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                }
            }
        }
        let place = |id: &ConversationId| {
            let waiting = self.waiting.get(id)?;
            Some(PlaceInLine {
                department: waiting.department.clone(),
                position: positions.get(id).copied().flatten()?,
                since: waiting.since,
                mode: waiting.mode,
            })
        };
        conversations.iter().map(place).collect()
    }

    /// Every conversation that waits or is with an agent, with the event that put it there.
    #[must_use]
    pub fn placed(&self) -> HashMap<ConversationId, Seq> {
        let waiting = self.waiting.iter().map(|(id, one)| (*id, one.placed_seq));
        let served = self.served.iter().map(|(id, (_, seq))| (*id, *seq));
        waiting.chain(served).collect()
    }

    /// The seats of everybody who has one.
    #[must_use]
    pub fn seats(&self) -> HashMap<AgentId, Seat> {
        let seats = self.agents.iter().map(|(id, agent)| (*id, &agent.seat));
        seats
            .filter(|(_, seat)| **seat != Seat::nobodys())
            .map(|(id, seat)| (id, seat.clone()))
            .collect()
    }

    fn in_line(&self, id: ConversationId) -> Option<InLine> {
        let waiting = self.waiting.get(&id)?;
        let is_offered = waiting.claim.as_ref().is_some_and(|held| held.is_offer);
        Some(InLine {
            conversation: id,
            since: waiting.since,
            mode: waiting.mode,
            is_offered,
        })
    }

    /// The offers that ring at this agent.
    #[must_use]
    pub fn ringing_at(&self, agent: AgentId) -> Vec<Ringing> {
        let Some(known) = self.agents.get(&agent) else {
            return Vec::new();
        };
        let mut ringing: Vec<Ringing> = known
            .claimed
            .iter()
            .filter_map(|id| {
                let waiting = self.waiting.get(id)?;
                let held = waiting.claim.as_ref().filter(|held| held.is_offer)?;
                let department = waiting.department.clone();
                Some(Ringing {
                    conversation: *id,
                    agent,
                    department,
                    expires_at: held.expires_at,
                    why: held.why.clone(),
                })
            })
            .collect();
        ringing.sort_by_key(|offer| offer.expires_at);
        ringing
    }

    /// Whether the conversation rings at an agent.
    #[must_use]
    pub fn is_offered(&self, conversation: ConversationId) -> bool {
        self.in_line(conversation)
            .is_some_and(|waiting| waiting.is_offered)
    }
}
