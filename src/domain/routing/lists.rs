//! The ordered lists behind a claim: who of the waiting could be served, who of the agents is free.
//!
//! Kept up to date at each change, so that a claim looks only at their heads. [`Board::change_agent`] is the one place
//! where an agent changes.

use std::collections::{BTreeSet, HashSet};

use super::{Agent, Board, Seat, Waiting};
use crate::model::id::{AgentId, ConversationId};
use crate::model::record::Status;
use crate::model::time::At;

impl Board {
    /// Puts a waiting conversation among those that could be served, if it could.
    pub(super) fn list_waiting(&mut self, id: ConversationId) {
        if let Some(waiting) = self.waiting.get(&id)
            && waiting.gone_at.is_none()
            && waiting.claim.is_none()
        {
            self.lines
                .entry(waiting.department.clone())
                .or_default()
                .ready
                .insert((waiting.key, id));
        }
    }

    pub(super) fn unlist_waiting(&mut self, id: ConversationId) {
        if let Some(waiting) = self.waiting.get(&id)
            && let Some(line) = self.lines.get_mut(&waiting.department)
        {
            line.ready.remove(&(waiting.key, id));
        }
    }

    /// The one place where an agent changes: out of the lists, the change, back into the lists.
    pub(super) fn change_agent(&mut self, id: AgentId, now: At, change: impl FnOnce(&mut Agent)) {
        self.unlist_agent(id);
        let agent = self.agents.entry(id).or_insert_with(|| Agent {
            seat: Seat::nobodys(),
            sockets: HashSet::new(),
            gone_at: None,
            gone_due_at: None,
            owned: HashSet::new(),
            claimed: HashSet::new(),
            idle_since: now,
            missed_offers: 0,
            listed: None,
        });
        change(agent);
        if agent.is_nobody() {
            self.agents.remove(&id);
            return;
        }
        if agent.is_online() && agent.free_places() > 0 {
            let key = (agent.load_share(), agent.idle_since);
            agent.listed = Some(key);
            for department in &agent.seat.departments {
                self.lines
                    .entry(department.clone())
                    .or_default()
                    .free
                    .insert((key.0, key.1, id));
            }
        }
    }

    pub(super) fn unlist_agent(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let Some((share, idle_since)) = agent.listed.take() else {
            return;
        };
        for department in &agent.seat.departments {
            if let Some(line) = self.lines.get_mut(department) {
                line.free.remove(&(share, idle_since, id));
                if line.order.is_empty() && line.free.is_empty() {
                    self.lines.remove(department);
                }
            }
        }
    }
}

impl Waiting {
    /// The best of the free agents, given who declined or missed this conversation.
    pub(super) fn wants_of(&self, free: &BTreeSet<(u32, At, AgentId)>) -> Option<AgentId> {
        let willing = || {
            free.iter()
                .map(|(_, _, agent)| *agent)
                .filter(|agent| !self.declined.contains(agent))
        };
        willing()
            .find(|agent| !self.missed.contains(agent))
            .or_else(|| willing().next())
    }
}

impl Seat {
    /// That of somebody of whom nothing is known.
    pub(super) fn nobodys() -> Self {
        Self {
            status: Status::Offline,
            capacity: 0,
            departments: Vec::new(),
        }
    }
}

impl Agent {
    /// Whether there is nothing to remember.
    pub(super) fn is_nobody(&self) -> bool {
        self.seat == Seat::nobodys()
            && self.sockets.is_empty()
            && self.owned.is_empty()
            && self.claimed.is_empty()
    }

    pub(super) fn is_online(&self) -> bool {
        self.seat.status == Status::Online && !self.sockets.is_empty()
    }

    pub(super) fn load(&self) -> u32 {
        u32::try_from(self.owned.len() + self.claimed.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn free_places(&self) -> u32 {
        u32::from(self.seat.capacity).saturating_sub(self.load())
    }

    /// Load in whole thousandths of capacity, rounded down; only asked of agents with room, so capacity is not 0.
    pub(super) fn load_share(&self) -> u32 {
        self.load() * 1_000 / u32::from(self.seat.capacity).max(1)
    }
}
