//! The ordered lists behind a claim: who of the waiting could be served, who of the agents is free.
//!
//! Kept up to date at each change, so that a claim looks only at their heads. [`Board::change_agent`] is the one place
//! where an agent changes.

use std::collections::HashSet;
use std::collections::hash_map::Entry;

use super::{Agent, Board, Seat, Waiting};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use crate::model::record::Status;
use crate::model::time::At;

impl Board {
    /// Puts a waiting conversation among those that could be served, if it could: in its own line, and once it is wide in
    /// those that stand in.
    pub(super) fn list_waiting(&mut self, id: ConversationId) {
        if let Some(waiting) = self.waiting.get(&id)
            && waiting.gone_at.is_none()
            && waiting.claim.is_none()
        {
            for department in waiting.open_to() {
                let line = self.lines.entry(department.clone()).or_default();
                let lane = line.ready.entry(waiting.needs.clone()).or_default();
                lane.insert((waiting.key, id));
            }
        }
    }

    pub(super) fn unlist_waiting(&mut self, id: ConversationId) {
        let Some(waiting) = self.waiting.get(&id) else {
            return;
        };
        let mut left_empty = Vec::new();
        for department in waiting.open_to() {
            if let Some(line) = self.lines.get_mut(department)
                && let Some(lane) = line.ready.get_mut(&waiting.needs)
            {
                lane.remove(&(waiting.key, id));
                if lane.is_empty() {
                    line.ready.remove(&waiting.needs);
                    left_empty.push(department.clone());
                }
            }
        }
        left_empty.iter().for_each(|line| self.forget_line(line));
    }

    /// Forgets a line that nobody waits in or is free for.
    pub(super) fn forget_line(&mut self, department: &DepartmentKey) {
        if let Some(line) = self.lines.get(department)
            && line.order.is_empty()
            && line.ready.is_empty()
            && line.free.is_empty()
        {
            self.lines.remove(department);
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
        for place in agent.seat.skills_by_department() {
            if let Entry::Occupied(mut count) = self.skilled.entry(place) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
        change(agent);
        if agent.is_nobody() {
            self.agents.remove(&id);
            return;
        }
        for place in agent.seat.skills_by_department() {
            *self.skilled.entry(place).or_default() += 1;
        }
        if agent.is_online() && agent.free_places() > 0 {
            let (share, idle_since) = (agent.load_share(), agent.idle_since);
            agent.listed = Some((share, idle_since));
            for department in &agent.seat.departments {
                let line = self.lines.entry(department.clone()).or_default();
                line.free.insert((share, idle_since, id));
                for skill in &agent.seat.skills {
                    let free = line.free_with.entry(skill.clone()).or_default();
                    free.insert((share, idle_since, id));
                }
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
        let seat = agent.seat.clone();
        for department in &seat.departments {
            if let Some(line) = self.lines.get_mut(department) {
                line.free.remove(&(share, idle_since, id));
                for skill in &seat.skills {
                    if let Some(free) = line.free_with.get_mut(skill) {
                        free.remove(&(share, idle_since, id));
                        if free.is_empty() {
                            line.free_with.remove(skill);
                        }
                    }
                }
            }
            self.forget_line(department);
        }
    }
}

impl Waiting {
    /// The departments whose agents may serve it now, its own first.
    pub(super) fn open_to(&self) -> impl Iterator<Item = &DepartmentKey> {
        let stand_ins = self.is_wide.then_some(&self.stand_ins);
        std::iter::once(&self.department).chain(stand_ins.into_iter().flatten())
    }

    /// Whether this agent does not want it.
    pub(super) fn has_declined(&self, agent: AgentId) -> bool {
        self.declined.contains(&agent)
    }

    /// Whether it is claimed for this agent.
    pub(super) fn is_held_for(&self, agent: AgentId) -> bool {
        self.claim.as_ref().is_some_and(|held| held.agent == agent)
    }
}

impl Seat {
    /// That of somebody of whom nothing is known.
    pub(super) fn nobodys() -> Self {
        Self {
            status: Status::Offline,
            capacity: 0,
            departments: Vec::new(),
            skills: Vec::new(),
        }
    }

    /// Each skill at each department.
    fn skills_by_department(&self) -> Vec<(DepartmentKey, Skill)> {
        let departments = self.departments.iter();
        departments
            .flat_map(|key| self.skills.iter().map(|skill| (key.clone(), skill.clone())))
            .collect()
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

    /// Whether a place is free for whoever waits in this department and has these needs.
    pub(super) fn is_free_for(&self, department: &DepartmentKey, needs: &[&Skill]) -> bool {
        self.listed.is_some()
            && self.seat.departments.contains(department)
            && needs.iter().all(|need| self.seat.skills.contains(need))
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
