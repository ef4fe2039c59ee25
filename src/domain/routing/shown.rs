//! What a board shows of itself: the lines, the loads, what rings where. Changes nothing.

use std::collections::BTreeMap;

use super::{Agent, Board, InLine, LineState, Ringing};
use crate::model::id::{AgentId, ConversationId, DepartmentKey};

impl Board {
    /// Every line that anybody waits in or serves.
    #[must_use]
    pub fn lines(&self) -> Vec<LineState> {
        let mut lines: BTreeMap<&DepartmentKey, LineState> = BTreeMap::new();
        for (department, line) in &self.lines {
            let waiting = line
                .order
                .iter()
                .filter_map(|(_, id)| self.in_line(*id))
                .collect();
            lines.insert(
                department,
                LineState {
                    department: department.clone(),
                    waiting,
                    agents_online: 0,
                    free_slots: 0,
                },
            );
        }
        for agent in self.agents.values().filter(|agent| agent.is_online()) {
            for department in &agent.seat.departments {
                let line = lines.entry(department).or_insert_with(|| LineState {
                    department: department.clone(),
                    waiting: Vec::new(),
                    agents_online: 0,
                    free_slots: 0,
                });
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

    /// The conversations that are with an agent.
    #[must_use]
    pub fn served(&self) -> Vec<ConversationId> {
        self.served.keys().copied().collect()
    }

    fn in_line(&self, id: ConversationId) -> Option<InLine> {
        let waiting = self.waiting.get(&id)?;
        let is_offered = waiting.claim.is_some_and(|held| held.is_offer);
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
                let held = waiting.claim.filter(|held| held.is_offer)?;
                let department = waiting.department.clone();
                Some(Ringing {
                    conversation: *id,
                    agent,
                    department,
                    expires_at: held.expires_at,
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
