//! Who serves whom: the pairing rule over everything that waits and everybody who is free.
//!
//! A [`Board`] is plain state: lines of waiting conversations, agents with their places, running claims and offers,
//! and the graces that run. The in-process coordination engine holds one behind a lock; other engines implement the
//! same rule. Nothing here reads a clock or does I/O; every call takes `now`. All of it can be rebuilt from the log
//! and the live sockets at any time, and it only proposes: a conversation becomes an agent's by the append that
//! follows a [`Claim`].
//!
//! The rule: a free place takes, of all its agent's lanes, the waiting conversation with the
//! smallest order key; a conversation takes the eligible agent with the lowest load share, then the longest idle, then
//! the smallest id. A *lane* is a department and the needs that are left ([`Terms`]): needs are given up one by one, and
//! in the end departments that stand in may serve it as well. One [`Board::claim`] costs O(lanes · log n), whatever waits.
//!
//! Here: a board's state, and how news and sockets change it.

mod due;
mod exchange;
mod lists;
mod pairing;
mod shown;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

pub use exchange::{
    Claim, Due, Graces, InLine, LineState, Observed, ObservedPlace, PlaceInLine, Ringing, Seat,
    Terms, Withdrawn,
};

use crate::model::event::{Mode, Seq};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use crate::model::record::Status;
use crate::model::time::{At, Millis};
use crate::model::why::Why;

/// A claim that is neither settled nor given back within this time was made by a node that died: it is given back.
pub const CLAIM: Millis = Millis::seconds(10);
/// What is due is handed out again after this time unless it was dealt with: the store may have been away.
pub const DUE_RETRY: Millis = Millis::seconds(2);
/// Whoever declined a conversation is not asked for it this long; after that as one who missed it, when nobody else is there.
pub const DECLINED: Millis = Millis::seconds(60);
/// So many offers missed in a row set the agent away.
pub const MISSED_OFFERS_MAX: u8 = 3;
/// A closed conversation is remembered this long, so that older news of it that comes late is known as such.
pub const CLOSED_MEMORY: Millis = Millis::seconds(60);

/// One live socket, unique over all nodes and restarts.
pub type SocketId = u64;

/// Everything that waits and everybody who could serve.
#[derive(Debug)]
pub struct Board {
    graces: Graces,
    lines: BTreeMap<DepartmentKey, Line>,
    waiting: HashMap<ConversationId, Waiting>,
    served: HashMap<ConversationId, (AgentId, Seq)>,
    closed: HashMap<ConversationId, Seq>,
    closed_order: VecDeque<(At, ConversationId)>,
    agents: HashMap<AgentId, Agent>,
    /// How many of a department have a skill, whether they are there or not.
    skilled: HashMap<(DepartmentKey, Skill), u32>,
    /// Sockets of each open conversation's visitor.
    visitor_sockets: HashMap<ConversationId, HashSet<SocketId>>,
    due: BTreeSet<(At, Timer)>,
}

#[derive(Debug, Default)]
struct Line {
    /// Everybody who waits, in order.
    order: BTreeSet<(i64, ConversationId)>,
    /// Those of them who wait live, the longest wait first.
    live: BTreeSet<(At, ConversationId)>,
    /// Those who could be served now, by the needs that are left: of this line, and those that it stands in for; with a
    /// socket and not claimed.
    ready: BTreeMap<Vec<Skill>, BTreeSet<(i64, ConversationId)>>,
    /// Agents with a free place.
    free: FreeAgents,
    /// Those of them who have a skill.
    free_with: BTreeMap<Skill, FreeAgents>,
}

/// Best first: load share in thousandths, idle since, id.
type FreeAgents = BTreeSet<(u32, At, AgentId)>;

#[derive(Debug)]
struct Waiting {
    department: DepartmentKey,
    key: i64,
    since: At,
    mode: Mode,
    placed_seq: Seq,
    /// Since when no socket of the visitor is open.
    gone_at: Option<At>,
    /// The one timer that counts for that.
    gone_due_at: Option<At>,
    claim: Option<Held>,
    /// The needs that are left.
    needs: Vec<Skill>,
    /// Those that were given up, the last one last.
    relaxed: Vec<Skill>,
    relaxes_at: VecDeque<At>,
    stand_ins: Vec<DepartmentKey>,
    widens_at: Option<At>,
    /// Whether they may serve it.
    is_wide: bool,
    last_agent: Option<AgentId>,
    /// Agents who do not want it.
    declined: Vec<AgentId>,
    /// Until when they are not asked.
    declined_until: At,
    /// Agents at whom it rang out; asked again only when nobody else is there.
    missed: Vec<AgentId>,
}

#[derive(Clone, Debug)]
struct Held {
    agent: AgentId,
    expires_at: At,
    is_offer: bool,
    why: Why,
}

#[derive(Debug)]
struct Agent {
    seat: Seat,
    sockets: HashSet<SocketId>,
    /// Since when there is no socket.
    gone_at: Option<At>,
    /// The one timer that counts for that; none when the grace ran out with nothing to end.
    gone_due_at: Option<At>,
    owned: HashSet<ConversationId>,
    claimed: HashSet<ConversationId>,
    /// When the load last changed or the agent came online.
    idle_since: At,
    missed_offers: u8,
    /// Under which key the agent stands in `Line::free`, if at all.
    listed: Option<(u32, At)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Timer {
    VisitorGone(ConversationId),
    AgentAway(AgentId),
    AgentGone(AgentId),
    Claim(ConversationId),
    Relax(ConversationId),
    Widen(ConversationId),
    Ask(ConversationId),
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new(graces: Graces) -> Self {
        Self {
            graces,
            lines: BTreeMap::new(),
            waiting: HashMap::new(),
            served: HashMap::new(),
            closed: HashMap::new(),
            closed_order: VecDeque::new(),
            agents: HashMap::new(),
            skilled: HashMap::new(),
            visitor_sockets: HashMap::new(),
            due: BTreeSet::new(),
        }
    }

    // --- news from the log ------------------------------------------------------------------------------------

    /// Takes in where a conversation is. News may come late, twice or out of order; what is older than what is known
    /// changes nothing. Answers the offer that no longer stands.
    pub fn observe(&mut self, news: &Observed, now: At) -> Option<Withdrawn> {
        let id = news.conversation;
        if self
            .known_seq(id)
            .is_some_and(|known| known >= news.placed_seq)
        {
            return None;
        }
        let withdrawn = self.forget_place(id, now);
        match &news.place {
            ObservedPlace::Waiting {
                department,
                key,
                since,
                mode,
                terms,
            } => {
                let line = self.lines.entry(department.clone()).or_default();
                line.order.insert((*key, id));
                if *mode == Mode::Chat {
                    line.live.insert((*since, id));
                }
                let waiting = Waiting {
                    department: department.clone(),
                    key: *key,
                    since: *since,
                    mode: *mode,
                    placed_seq: news.placed_seq,
                    gone_at: None,
                    gone_due_at: None,
                    claim: None,
                    needs: terms.needs.clone(),
                    relaxed: Vec::new(),
                    relaxes_at: terms.relaxes_at.iter().copied().collect(),
                    stand_ins: terms.stand_ins.clone(),
                    widens_at: terms.widens_at,
                    is_wide: false,
                    last_agent: terms.last_agent,
                    declined: Vec::new(),
                    declined_until: At(0),
                    missed: Vec::new(),
                };
                self.waiting.insert(id, waiting);
                self.set_term_timers(id);
                if *mode == Mode::Message || self.has_visitor_socket(id) {
                    self.list_waiting(id);
                } else {
                    self.start_visitor_grace(id, now);
                }
            }
            ObservedPlace::Served { agent } => {
                self.served.insert(id, (*agent, news.placed_seq));
                let has_accepted = withdrawn.is_some_and(|offer| offer.agent == *agent);
                self.change_agent(*agent, now, |agent| {
                    agent.owned.insert(id);
                    agent.idle_since = now;
                    if has_accepted {
                        agent.missed_offers = 0;
                    }
                });
                self.start_agent_grace(*agent, now);
                self.continue_agent_grace(*agent, now);
            }
            ObservedPlace::Closed => {
                self.closed.insert(id, news.placed_seq);
                self.closed_order.push_back((now, id));
                self.visitor_sockets.remove(&id);
            }
        }
        self.forget_closed(now);
        // Whoever took it over an offer to somebody else withdraws that offer; taking one's own is no withdrawal.
        withdrawn.filter(|gone| news.place != ObservedPlace::Served { agent: gone.agent })
    }

    /// Takes in an agent's seat. Coming online clears what they had declined.
    pub fn seat(&mut self, agent: AgentId, seat: Seat, now: At) {
        let before = self
            .agents
            .get(&agent)
            .map_or(Status::Offline, |known| known.seat.status);
        let comes_online = seat.status == Status::Online && before != Status::Online;
        let comes_back = seat.status != Status::Offline && before == Status::Offline;
        self.change_agent(agent, now, |known| {
            known.seat = seat;
            if comes_online {
                known.idle_since = now;
                known.missed_offers = 0;
            }
        });
        if comes_online {
            for waiting in self.waiting.values_mut() {
                waiting.declined.retain(|who| *who != agent);
                waiting.missed.retain(|who| *who != agent);
            }
        }
        self.start_agent_grace(agent, now);
        if comes_back {
            // Written when the socket was gone already: the grace may have run out with nothing to end.
            self.continue_agent_grace(agent, now);
        }
    }

    /// Forgets an agent who was removed.
    pub fn remove_agent(&mut self, agent: AgentId, now: At) {
        let claimed: Vec<ConversationId> = self
            .agents
            .get(&agent)
            .map(|agent| agent.claimed.iter().copied().collect())
            .unwrap_or_default();
        for conversation in claimed {
            self.give_back(conversation, agent, now);
        }
        self.change_agent(agent, now, |known| {
            known.seat = Seat::nobodys();
            known.sockets.clear();
        });
        // What they still own has not been put back into the line yet: whoever does it is told that it is due.
        self.start_agent_grace(agent, now);
    }

    // --- sockets ----------------------------------------------------------------------------------------------

    /// A socket of an open conversation's visitor is there. It may be served again.
    pub fn visitor_joined(&mut self, conversation: ConversationId, socket: SocketId) {
        if self.closed.contains_key(&conversation) {
            return;
        }
        self.visitor_sockets
            .entry(conversation)
            .or_default()
            .insert(socket);
        if let Some(waiting) = self.waiting.get_mut(&conversation) {
            waiting.gone_at = None;
            waiting.gone_due_at = None;
            self.list_waiting(conversation);
        }
    }

    /// A socket of the visitor is gone. With the last one the grace begins, and the conversation is passed over; a left
    /// message goes on as it was.
    pub fn visitor_left(&mut self, conversation: ConversationId, socket: SocketId, now: At) {
        let Some(sockets) = self.visitor_sockets.get_mut(&conversation) else {
            return;
        };
        if !sockets.remove(&socket) || !sockets.is_empty() {
            return;
        }
        self.visitor_sockets.remove(&conversation);
        let waiting = self.waiting.get(&conversation);
        if waiting.is_some_and(|waiting| waiting.mode == Mode::Chat) {
            self.unlist_waiting(conversation);
            self.start_visitor_grace(conversation, now);
        }
    }

    /// A socket of an agent is there.
    pub fn agent_joined(&mut self, agent: AgentId, socket: SocketId, now: At) {
        self.change_agent(agent, now, |known| {
            known.sockets.insert(socket);
            known.gone_at = None;
            known.gone_due_at = None;
        });
    }

    /// A socket of an agent is gone. With the last one the grace begins.
    pub fn agent_left(&mut self, agent: AgentId, socket: SocketId, now: At) {
        if !self.agents.contains_key(&agent) {
            return;
        }
        self.change_agent(agent, now, |known| {
            known.sockets.remove(&socket);
        });
        self.start_agent_grace(agent, now);
    }

    /// Whether the agent has a socket anywhere.
    #[must_use]
    pub fn is_agent_here(&self, agent: AgentId) -> bool {
        self.agents
            .get(&agent)
            .is_some_and(|agent| !agent.sockets.is_empty())
    }

    // --- within -----------------------------------------------------------------------------------------------

    fn known_seq(&self, id: ConversationId) -> Option<Seq> {
        self.waiting
            .get(&id)
            .map(|waiting| waiting.placed_seq)
            .or_else(|| self.served.get(&id).map(|(_, seq)| *seq))
            .or_else(|| self.closed.get(&id).copied())
    }

    fn has_visitor_socket(&self, id: ConversationId) -> bool {
        self.visitor_sockets
            .get(&id)
            .is_some_and(|sockets| !sockets.is_empty())
    }

    /// Takes the conversation from where it is known to be; answers the offer that ran on it.
    fn forget_place(&mut self, id: ConversationId, now: At) -> Option<Withdrawn> {
        if let Some((owner, _)) = self.served.remove(&id) {
            self.change_agent(owner, now, |agent| {
                agent.owned.remove(&id);
                agent.idle_since = now;
            });
        }
        self.closed.remove(&id);
        self.unlist_waiting(id);
        let waiting = self.waiting.remove(&id)?;
        if let Some(line) = self.lines.get_mut(&waiting.department) {
            line.order.remove(&(waiting.key, id));
            line.live.remove(&(waiting.since, id));
        }
        self.forget_line(&waiting.department);
        let held = waiting.claim?;
        self.change_agent(held.agent, now, |agent| {
            agent.claimed.remove(&id);
        });
        held.is_offer.then_some(Withdrawn {
            conversation: id,
            agent: held.agent,
        })
    }

    fn forget_closed(&mut self, now: At) {
        while let Some(&(at, id)) = self.closed_order.front() {
            if at + CLOSED_MEMORY > now {
                break;
            }
            self.closed_order.pop_front();
            self.closed.remove(&id);
        }
    }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod lane_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod world;
