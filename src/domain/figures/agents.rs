//! What agents did with their time, to the millisecond, in each quarter hour.
//!
//! Used by [`super::Figures`] only. Time is counted when something changes, so an agent costs nothing in between.

use std::collections::{BTreeMap, HashMap};

use crate::model::id::{AgentId, ConversationId};
use crate::model::time::{At, Millis};

use super::Quarter;

/// An agent's work over some time. All spans add up over intervals and agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentWork {
    /// On.
    pub online: Millis,
    /// Off, with a chat still running.
    pub drain: Millis,
    /// With a chat running, on or off.
    pub busy: Millis,
    /// Capacity times the time on.
    pub slot: Millis,
    /// Running chats times the time on.
    pub chat_online: Millis,
    /// Running chats times time.
    pub chat: Millis,
    /// Chats begun.
    pub chats: u64,
}

impl AgentWork {
    /// Adds the work of another time or agent.
    pub fn add(&mut self, other: &Self) {
        self.online.0 += other.online.0;
        self.drain.0 += other.drain.0;
        self.busy.0 += other.busy.0;
        self.slot.0 += other.slot.0;
        self.chat_online.0 += other.chat_online.0;
        self.chat.0 += other.chat.0;
        self.chats += other.chats;
    }

    /// How much of the time at the desk there was a chat to look after, 0 to 1; none without time at the desk.
    #[must_use]
    pub fn occupancy(&self) -> Option<f64> {
        share(self.busy, Millis(self.online.0 + self.drain.0))
    }

    /// How much of the capacity was used while on; above 1 where a capacity was lowered under running chats.
    #[must_use]
    pub fn slot_occupancy(&self) -> Option<f64> {
        share(self.chat_online, self.slot)
    }
}

fn share(part: Millis, whole: Millis) -> Option<f64> {
    (whole.0 > 0).then(|| part.0 as f64 / whole.0 as f64)
}

/// All agents at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeskState {
    /// Agents who are on.
    pub agents_online: u64,
    /// Chats with anybody, on or off.
    pub running_chats: u64,
    /// Room for more at those who are on.
    pub free_slots: u64,
}

#[derive(Default)]
struct Agent {
    is_on: bool,
    capacity: u32,
    running: u32,
    counted_to: At,
    cells: BTreeMap<Quarter, AgentWork>,
}

impl Agent {
    /// Counts up to now.
    fn count(&mut self, now: At) {
        let (from, cells) = (self.counted_to, &mut self.cells);
        let (is_on, capacity, running) = (self.is_on, self.capacity, self.running);
        if is_on || running > 0 {
            each_quarter(from, now, |quarter, span| {
                let work = stretch(is_on, capacity, running, span);
                cells.entry(quarter).or_default().add(&work);
            });
        }
        self.counted_to = self.counted_to.max(now);
    }

    /// What has not been counted up to now, in each quarter hour.
    fn uncounted(&self, now: At, mut tell: impl FnMut(Quarter, AgentWork)) {
        if self.is_on || self.running > 0 {
            each_quarter(self.counted_to, now, |quarter, span| {
                tell(
                    quarter,
                    stretch(self.is_on, self.capacity, self.running, span),
                );
            });
        }
    }
}

/// The work of a stretch in which nothing changes.
fn stretch(is_on: bool, capacity: u32, running: u32, span: Millis) -> AgentWork {
    let if_so = |is_so: bool, times: u32| Millis(if is_so { span.0 * i64::from(times) } else { 0 });
    AgentWork {
        online: if_so(is_on, 1),
        drain: if_so(!is_on && running > 0, 1),
        busy: if_so(running > 0, 1),
        slot: if_so(is_on, capacity),
        chat_online: if_so(is_on, running),
        chat: if_so(true, running),
        chats: 0,
    }
}

/// Cuts a stretch where quarter hours begin.
fn each_quarter(from: At, to: At, mut tell: impl FnMut(Quarter, Millis)) {
    let mut at = from;
    while at < to {
        let quarter = Quarter::of(at);
        let end = quarter.next().start().min(to);
        tell(quarter, end - at);
        at = end;
    }
}

/// The books of all agents.
#[derive(Default)]
pub(super) struct Agents {
    agents: BTreeMap<AgentId, Agent>,
    served_by: HashMap<ConversationId, AgentId>,
}

impl Agents {
    fn change(&mut self, at: At, id: AgentId) -> &mut Agent {
        let agent = self.agents.entry(id).or_default();
        agent.count(at);
        agent
    }

    pub(super) fn on(&mut self, at: At, id: AgentId, capacity: u32) {
        let agent = self.change(at, id);
        agent.is_on = true;
        agent.capacity = capacity;
    }

    pub(super) fn off(&mut self, at: At, id: AgentId) {
        self.change(at, id).is_on = false;
    }

    pub(super) fn start(&mut self, at: At, id: AgentId, conversation: ConversationId) {
        // Handed from one agent to another without an end in between: the first is done with it.
        self.end(at, conversation);
        let agent = self.change(at, id);
        agent.running += 1;
        agent.cells.entry(Quarter::of(at)).or_default().chats += 1;
        self.served_by.insert(conversation, id);
    }

    pub(super) fn end(&mut self, at: At, conversation: ConversationId) {
        if let Some(id) = self.served_by.remove(&conversation) {
            let agent = self.change(at, id);
            agent.running = agent.running.saturating_sub(1);
        }
    }

    pub(super) fn sums(&self, now: At) -> BTreeMap<AgentId, AgentWork> {
        let sum = |agent: &Agent| {
            let mut sum = AgentWork::default();
            for work in agent.cells.values() {
                sum.add(work);
            }
            agent.uncounted(now, |_, work| sum.add(&work));
            sum
        };
        self.agents
            .iter()
            .map(|(id, agent)| (*id, sum(agent)))
            .collect()
    }

    pub(super) fn intervals(&self, id: AgentId, now: At) -> BTreeMap<Quarter, AgentWork> {
        let Some(agent) = self.agents.get(&id) else {
            return BTreeMap::new();
        };
        let mut cells = agent.cells.clone();
        agent.uncounted(now, |quarter, work| {
            cells.entry(quarter).or_default().add(&work);
        });
        cells
    }

    pub(super) fn state(&self) -> DeskState {
        let mut state = DeskState::default();
        for agent in self.agents.values() {
            state.running_chats += u64::from(agent.running);
            if agent.is_on {
                state.agents_online += 1;
                state.free_slots += u64::from(agent.capacity.saturating_sub(agent.running));
            }
        }
        state
    }
}
