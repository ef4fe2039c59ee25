//! The pairing rule a second time, slow and plain: what a [`super::Board`] must do, found by looking at everything.
//!
//! Only for `histories.rs`. A [`World`] keeps flat facts, has no index and no list that could be stale, and
//! answers each question by a search over all of it, in the words of the contract.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CLAIM, Claim, DUE_RETRY, Due, Graces, InLine, LineState, MISSED_OFFERS_MAX, Observed,
    ObservedPlace, Seat, SocketId,
};
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::record::Status;
use crate::model::time::At;

/// Everything there is, as facts.
pub struct World {
    pub graces: Graces,
    pub chats: BTreeMap<ConversationId, Chat>,
    pub people: BTreeMap<AgentId, Agent>,
    pub now: At,
}

/// A conversation.
pub struct Chat {
    /// All that was ever told of its place; the last one holds.
    pub news: Vec<Observed>,
    pub sockets: BTreeSet<SocketId>,
    /// Since when it waits without a socket.
    pub gone_at: Option<At>,
    /// When the end of that grace was last handed out.
    pub handed_at: Option<At>,
    pub hold: Option<Hold>,
    pub declined_by: BTreeSet<AgentId>,
    pub missed_by: BTreeSet<AgentId>,
}

/// A claim or an offer.
#[derive(Clone, Copy)]
pub struct Hold {
    pub agent: AgentId,
    pub expires_at: At,
    pub is_offer: bool,
}

/// Somebody at the desk.
pub struct Agent {
    pub seat: Seat,
    pub sockets: BTreeSet<SocketId>,
    pub gone_at: Option<At>,
    pub idle_since: At,
    /// Offers missed in a row.
    pub missed: u8,
    /// When they last came to own something.
    pub got_at: Option<At>,
    pub told_away_at: Option<At>,
    pub told_gone_at: Option<At>,
}

impl Agent {
    pub fn is_online(&self) -> bool {
        self.seat.status == Status::Online && !self.sockets.is_empty()
    }
}

impl Chat {
    pub fn place(&self) -> &ObservedPlace {
        &self.news.last().expect("a chat begins with news").place
    }

    /// Its line and its place there, while it waits.
    pub fn waits(&self) -> Option<(&DepartmentKey, i64)> {
        match self.place() {
            ObservedPlace::Waiting {
                department, key, ..
            } => Some((department, *key)),
            ObservedPlace::Served { .. } | ObservedPlace::Closed => None,
        }
    }

    /// Whether it waits, and only with a socket.
    pub fn waits_live(&self) -> bool {
        matches!(
            self.place(),
            ObservedPlace::Waiting {
                mode: Mode::Chat,
                ..
            }
        )
    }

    pub fn owner(&self) -> Option<AgentId> {
        match self.place() {
            ObservedPlace::Served { agent } => Some(*agent),
            ObservedPlace::Waiting { .. } | ObservedPlace::Closed => None,
        }
    }
}

impl World {
    pub fn owned(&self, agent: AgentId) -> impl Iterator<Item = ConversationId> {
        let chats = self.chats.iter();
        chats
            .filter(move |(_, chat)| chat.owner() == Some(agent))
            .map(|(id, _)| *id)
    }

    pub fn held(&self, agent: AgentId) -> impl Iterator<Item = (ConversationId, Hold)> {
        let chats = self.chats.iter();
        chats
            .filter_map(|(id, chat)| Some((*id, chat.hold?)))
            .filter(move |(_, hold)| hold.agent == agent)
    }

    pub fn load(&self, agent: AgentId) -> u32 {
        u32::try_from(self.owned(agent).count() + self.held(agent).count()).unwrap()
    }

    fn is_free(&self, id: AgentId, agent: &Agent) -> bool {
        agent.is_online() && self.load(id) < u32::from(agent.seat.capacity)
    }

    /// Whom the contract gives this conversation now: of the free and willing agents of its department those who have
    /// not missed it, if any; of these the lowest load share in whole thousandths, then the longest idle, then by id.
    fn agent_for(&self, chat: &Chat) -> Option<AgentId> {
        let (department, _) = chat.waits()?;
        let willing: Vec<_> = self
            .people
            .iter()
            .filter(|(id, agent)| self.is_free(**id, agent))
            .filter(|(_, agent)| agent.seat.departments.contains(department))
            .filter(|(id, _)| !chat.declined_by.contains(id))
            .collect();
        let has_answerer = willing.iter().any(|(id, _)| !chat.missed_by.contains(id));
        willing
            .into_iter()
            .filter(|(id, _)| !has_answerer || !chat.missed_by.contains(id))
            .min_by_key(|(id, agent)| {
                let share = self.load(**id) * 1_000 / u32::from(agent.seat.capacity);
                (share, agent.idle_since, **id)
            })
            .map(|(id, _)| *id)
    }

    /// The pair that is due: the first in order of all that wait with a socket and unclaimed and have an agent.
    pub fn next_pair(&self) -> Option<Claim> {
        self.chats
            .iter()
            .filter(|(_, chat)| chat.gone_at.is_none() && chat.hold.is_none())
            .filter_map(|(id, chat)| {
                let (department, key) = chat.waits()?;
                let agent = self.agent_for(chat)?;
                let claim = Claim {
                    conversation: *id,
                    placed_seq: chat.news.last()?.placed_seq,
                    department: department.clone(),
                    agent,
                };
                Some(((key, *id), claim))
            })
            .min_by_key(|(order, _)| *order)
            .map(|(_, claim)| claim)
    }

    pub fn take_pair(&mut self, claim: &Claim) {
        let chat = self.chats.get_mut(&claim.conversation).unwrap();
        chat.hold = Some(Hold {
            agent: claim.agent,
            expires_at: self.now + CLAIM,
            is_offer: false,
        });
    }

    /// What the lines show, with so many of those who stand first.
    pub fn lines(&self, first_max: usize) -> Vec<LineState> {
        let mut departments: BTreeSet<&DepartmentKey> = BTreeSet::new();
        departments.extend(self.chats.values().filter_map(|chat| Some(chat.waits()?.0)));
        let online = || self.people.iter().filter(|(_, agent)| agent.is_online());
        departments.extend(online().flat_map(|(_, agent)| &agent.seat.departments));
        let line = |department: &DepartmentKey| {
            let mut waiting: Vec<_> = self
                .chats
                .iter()
                .filter_map(|(id, chat)| Some((*id, chat, chat.waits()?)))
                .filter(|(_, _, (line, _))| *line == department)
                .collect();
            waiting.sort_by_key(|(id, _, (_, key))| (*key, *id));
            let serving =
                || online().filter(|(_, agent)| agent.seat.departments.contains(department));
            let in_line: Vec<InLine> = waiting
                .iter()
                .map(|(id, chat, _)| in_line(*id, chat))
                .collect();
            let (live, messages): (Vec<InLine>, Vec<InLine>) =
                in_line.iter().partition(|one| one.mode == Mode::Chat);
            LineState {
                department: department.clone(),
                first: in_line.iter().take(first_max).copied().collect(),
                live: live.len() as u64,
                messages: messages.len() as u64,
                longest_since: live.iter().map(|one| one.since).min(),
                agents_online: serving().count() as u64,
                free_slots: serving()
                    .map(|(id, agent)| {
                        u64::from(u32::from(agent.seat.capacity).saturating_sub(self.load(*id)))
                    })
                    .sum(),
            }
        };
        departments.into_iter().map(line).collect()
    }

    /// The earliest moment at which anything is due that has not been handed out yet.
    pub fn next_due(&self) -> Option<At> {
        let graces = self.graces;
        let visitors = self.chats.values().filter_map(move |chat| {
            chat.handed_at.map_or_else(
                || Some(chat.gone_at? + graces.visitor),
                |handed_at| Some(handed_at + DUE_RETRY),
            )
        });
        let holds = self
            .chats
            .values()
            .filter_map(|chat| Some(chat.hold?.expires_at));
        let gone = self.people.iter().filter_map(move |(id, agent)| {
            self.has_something(*id, agent).then_some(())?;
            agent.told_gone_at.map_or_else(
                || Some(agent.gone_at? + graces.agent),
                |told_at| Some(told_at + DUE_RETRY),
            )
        });
        let away = self.people.iter().filter_map(move |(id, agent)| {
            let due_at = self.away_due_at(*id, agent)?;
            agent
                .told_away_at
                .is_none_or(|told| told < due_at)
                .then_some(due_at)
        });
        visitors.chain(holds).chain(gone).chain(away).min()
    }

    fn has_something(&self, id: AgentId, agent: &Agent) -> bool {
        agent.seat.status != Status::Offline || self.owned(id).next().is_some()
    }

    /// When the visitors of an agent are to be told that they are away: once the sockets are gone for so long, and
    /// again whoever came to them after that.
    fn away_due_at(&self, id: AgentId, agent: &Agent) -> Option<At> {
        self.owned(id).next()?;
        Some((agent.gone_at? + self.graces.away).max(agent.got_at?))
    }

    /// Offers and claims whose time is up, in the order of their ends; the facts follow.
    pub fn expire_holds(&mut self) -> Vec<Due> {
        let now = self.now;
        let mut ended: Vec<_> = self
            .chats
            .iter()
            .filter_map(|(id, chat)| Some((*id, chat.hold?)))
            .filter(|(_, hold)| hold.expires_at <= now)
            .collect();
        ended.sort_by_key(|(id, hold)| (hold.expires_at, *id));
        let mut missed = Vec::new();
        for (conversation, hold) in ended {
            let chat = self.chats.get_mut(&conversation).unwrap();
            chat.hold = None;
            if hold.is_offer {
                chat.missed_by.insert(hold.agent);
                let agent = self.people.get_mut(&hold.agent).unwrap();
                agent.missed += 1;
                missed.push(Due::OfferMissed {
                    conversation,
                    agent: hold.agent,
                    is_once_too_often: agent.missed >= MISSED_OFFERS_MAX,
                });
            }
        }
        missed
    }

    /// The graces that have run out by now and should have been handed out, each with when it last was.
    pub fn ended_graces(&self) -> Vec<(Due, Option<At>)> {
        let mut ended = Vec::new();
        for (id, chat) in &self.chats {
            if let Some(gone_at) = chat.gone_at
                && gone_at + self.graces.visitor <= self.now
            {
                let due = Due::VisitorGone {
                    conversation: *id,
                    gone_at,
                };
                ended.push((due, chat.handed_at));
            }
        }
        for (id, agent) in &self.people {
            if let Some(gone_at) = agent.gone_at
                && gone_at + self.graces.agent <= self.now
                && self.has_something(*id, agent)
            {
                ended.push((Due::AgentGone { agent: *id }, agent.told_gone_at));
            }
        }
        ended
    }

    /// The agents whose visitors should have been told by now that they are away, each with since when.
    pub fn away(&self) -> BTreeMap<AgentId, At> {
        let people = self.people.iter();
        people
            .filter_map(|(id, agent)| Some((*id, self.away_due_at(*id, agent)?)))
            .filter(|(_, due_at)| *due_at <= self.now)
            .collect()
    }
}

fn in_line(conversation: ConversationId, chat: &Chat) -> InLine {
    let (since, mode) = match chat.place() {
        ObservedPlace::Waiting { since, mode, .. } => (*since, *mode),
        ObservedPlace::Served { .. } | ObservedPlace::Closed => (At(0), Mode::Chat),
    };
    InLine {
        conversation,
        since,
        mode,
        is_offered: chat.hold.is_some_and(|hold| hold.is_offer),
    }
}
