//! What agents did with their time, to the millisecond, in each quarter hour.
//!
//! Used by [`super::Figures`] only. Time is counted when something changes, so an agent costs nothing in between.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};

use super::pace::Pace;
use super::{Quarter, RECENT};

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

/// Those who serve a department. Who serves several counts in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Staff {
    /// On now.
    pub on: u32,
    /// Conversations that they take at once.
    pub capacity: u32,
    /// What they did, in all their departments.
    pub work: AgentWork,
}

/// How an agent is at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentState {
    /// Takes conversations.
    pub is_on: bool,
    /// So many at once.
    pub capacity: u32,
    /// Has so many.
    pub running: u32,
}

impl AgentState {
    fn is_here(self) -> bool {
        self.is_on || self.running > 0
    }
}

#[derive(Default)]
struct Agent {
    state: AgentState,
    departments: Vec<DepartmentKey>,
    counted_to: At,
    /// Running chats times time, ever.
    chat: Millis,
    cells: BTreeMap<Quarter, AgentWork>,
    /// From when until when which state was, for the last day; only those in which the agent was here.
    recent: VecDeque<(At, At, AgentState)>,
}

impl Agent {
    /// Counts up to now.
    fn count(&mut self, now: At) {
        let (from, state, cells) = (self.counted_to, self.state, &mut self.cells);
        if state.is_here() && from < now {
            each_quarter(from, now, |quarter, span| {
                let work = stretch(state, span);
                cells.entry(quarter).or_default().add(&work);
            });
            self.recent.push_back((from, now, state));
        }
        while self
            .recent
            .front()
            .is_some_and(|(_, to, _)| *to <= now - RECENT)
        {
            self.recent.pop_front();
        }
        let lived = (now - self.counted_to).0.max(0);
        self.chat.0 += lived * i64::from(state.running);
        self.counted_to = self.counted_to.max(now);
    }

    /// The work between two moments of the last day, `to` not before anything that was told.
    fn between(&self, from: At, to: At) -> AgentWork {
        let mut sum = AgentWork::default();
        let present = (self.counted_to, to, self.state);
        for (began, ended, state) in self.recent.iter().chain([&present]) {
            let span = Millis((*ended).min(to).0 - (*began).max(from).0);
            if span.0 > 0 {
                sum.add(&stretch(*state, span));
            }
        }
        sum
    }

    /// What has not been counted up to now, in each quarter hour.
    fn uncounted(&self, now: At, mut tell: impl FnMut(Quarter, AgentWork)) {
        if self.state.is_here() {
            each_quarter(self.counted_to, now, |quarter, span| {
                tell(quarter, stretch(self.state, span));
            });
        }
    }
}

/// The work of a stretch in which nothing changes.
fn stretch(state: AgentState, span: Millis) -> AgentWork {
    let AgentState {
        is_on,
        capacity,
        running,
    } = state;
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
    served_by: HashMap<ConversationId, Served>,
    paces: BTreeMap<DepartmentKey, Pace>,
}

/// A running chat.
struct Served {
    agent: AgentId,
    department: DepartmentKey,
    since: At,
    /// What the agent's running chats times time came to then.
    chat: Millis,
}

impl Agents {
    fn change(&mut self, at: At, id: AgentId) -> &mut Agent {
        let agent = self.agents.entry(id).or_default();
        agent.count(at);
        agent
    }

    pub(super) fn on(&mut self, at: At, id: AgentId, capacity: u32, departments: &[DepartmentKey]) {
        let agent = self.change(at, id);
        agent.state.is_on = true;
        agent.state.capacity = capacity;
        agent.departments = departments.to_vec();
    }

    pub(super) fn off(&mut self, at: At, id: AgentId) {
        self.change(at, id).state.is_on = false;
    }

    pub(super) fn start(
        &mut self,
        at: At,
        id: AgentId,
        conversation: ConversationId,
        department: &DepartmentKey,
    ) {
        // Handed from one agent to another without an end in between: the first is done with it.
        self.end(at, conversation);
        let agent = self.change(at, id);
        let chat = agent.chat;
        agent.state.running += 1;
        agent.cells.entry(Quarter::of(at)).or_default().chats += 1;
        let served = Served {
            agent: id,
            department: department.clone(),
            since: at,
            chat,
        };
        self.served_by.insert(conversation, served);
    }

    pub(super) fn end(&mut self, at: At, conversation: ConversationId) {
        if let Some(served) = self.served_by.remove(&conversation) {
            let agent = self.change(at, served.agent);
            agent.state.running = agent.state.running.saturating_sub(1);
            let (lived, chat) = (at - served.since, Millis(agent.chat.0 - served.chat.0));
            let pace = self.paces.entry(served.department).or_default();
            pace.ended(lived, chat);
        }
    }

    /// The chats that agents have now.
    pub(super) fn running(&self) -> impl Iterator<Item = &ConversationId> {
        self.served_by.keys()
    }

    /// Who is on for a department.
    pub(super) fn on_for(&self, department: &DepartmentKey) -> impl Iterator<Item = AgentId> {
        let is_on =
            move |agent: &Agent| agent.state.is_on && agent.departments.contains(department);
        let agents = self.agents.iter();
        agents
            .filter(move |(_, agent)| is_on(agent))
            .map(|(id, _)| *id)
    }

    pub(super) fn pace(&self, department: &DepartmentKey) -> Pace {
        self.paces.get(department).copied().unwrap_or_default()
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
        for AgentState {
            is_on,
            capacity,
            running,
        } in self.agents.values().map(|agent| agent.state)
        {
            state.running_chats += u64::from(running);
            if is_on {
                state.agents_online += 1;
                state.free_slots += u64::from(capacity.saturating_sub(running));
            }
        }
        state
    }

    /// Who serves a department now, and what they did within the last `span`.
    pub(super) fn staff(&self, department: &DepartmentKey, now: At, span: Millis) -> Staff {
        let mut staff = Staff::default();
        let serve = |agent: &&Agent| agent.departments.contains(department);
        for agent in self.agents.values().filter(serve) {
            staff.work.add(&agent.between(now - span, now));
            if agent.state.is_on {
                staff.on += 1;
                staff.capacity += agent.state.capacity;
            }
        }
        staff
    }

    /// How each agent is.
    pub(super) fn states(&self) -> BTreeMap<AgentId, AgentState> {
        let states = self.agents.iter().map(|(id, agent)| (*id, agent.state));
        states.filter(|(_, state)| state.is_here()).collect()
    }

    /// The work of each agent between two moments of the last day.
    pub(super) fn between(&self, from: At, to: At) -> BTreeMap<AgentId, AgentWork> {
        let work = self.agents.iter();
        let work = work.map(|(id, agent)| (*id, agent.between(from, to)));
        work.filter(|(_, work)| *work != AgentWork::default())
            .collect()
    }

    /// Lets go of the quarter hours before this one.
    pub(super) fn forget(&mut self, before: Quarter) {
        for agent in self.agents.values_mut() {
            agent.cells = agent.cells.split_off(&before);
        }
    }
}
