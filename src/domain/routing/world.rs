//! The pairing rule a second time, slow and plain: what a [`super::Board`] must do, found by looking at everything.
//!
//! Only for `histories.rs`. A [`World`] keeps flat facts, has no index and no list that could be stale, and
//! answers each question by a search over all of it, in the words of the contract.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CLAIM, Claim, DECLINED, DUE_RETRY, Due, Graces, InLine, LineState, MISSED_OFFERS_MAX, Observed,
    ObservedPlace, Seat, SocketId, Terms,
};
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use crate::model::record::Status;
use crate::model::time::{At, Millis};
use crate::model::why::{Rule, Why};

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
    /// When somebody declined it last.
    pub declined_at: At,
    pub missed_by: BTreeSet<AgentId>,
    /// When it was last looked at what of its terms is due.
    pub looked_at: Option<At>,
    /// Opened to those who stand in ahead of its time.
    pub is_widened: bool,
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

    pub fn asks_for_nothing(&self) -> bool {
        self.terms().is_some_and(|terms| terms.needs.is_empty())
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

    fn terms(&self) -> Option<&Terms> {
        match self.place() {
            ObservedPlace::Waiting { terms, .. } => Some(terms),
            ObservedPlace::Served { .. } | ObservedPlace::Closed => None,
        }
    }

    /// The needs that are left, and those given up: one for each moment that was reached.
    fn needs(&self) -> (&[Skill], &[Skill]) {
        let Some(terms) = self.terms() else {
            return (&[], &[]);
        };
        let reached = |at: &&At| self.looked_at.is_some_and(|looked_at| **at <= looked_at);
        let given_up = terms.relaxes_at.iter().take_while(reached).count();
        terms
            .needs
            .split_at(terms.needs.len().saturating_sub(given_up))
    }

    /// The next moment at which its terms change.
    fn next_term(&self) -> Option<At> {
        let terms = self.terms()?;
        let is_ahead = |at: &At| self.looked_at.is_none_or(|looked_at| *at > looked_at);
        let relaxes = terms.relaxes_at.iter().copied().filter(is_ahead);
        let relaxes = relaxes.filter(|_| !self.needs().0.is_empty());
        let widens = terms.widens_at.filter(is_ahead);
        let widens = widens.filter(|_| !terms.stand_ins.is_empty());
        relaxes.chain(widens).min()
    }

    /// The departments whose agents may serve it, its own first.
    fn open_to(&self) -> Vec<&DepartmentKey> {
        let (Some((own, _)), Some(terms)) = (self.waits(), self.terms()) else {
            return Vec::new();
        };
        let reached = |at: At| self.looked_at.is_some_and(|looked_at| at <= looked_at);
        let is_wide = self.is_widened || terms.widens_at.is_some_and(reached);
        let stand_ins = terms.stand_ins.iter().filter(|_| is_wide);
        std::iter::once(own).chain(stand_ins).collect()
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

    /// Whom the contract gives this conversation now, and why: of the free and willing agents of its department who have what
    /// is needed those who have not missed it, if any; of these the visitor's last one, else the lowest load share in whole
    /// thousandths, then the longest idle, then by id. If there is none, the same of each department that stands in.
    fn agent_for(&self, chat: &Chat) -> Option<(AgentId, Why)> {
        let departments = chat.open_to();
        departments
            .into_iter()
            .find_map(|department| self.agent_of(department, chat))
    }

    fn agent_of(&self, department: &DepartmentKey, chat: &Chat) -> Option<(AgentId, Why)> {
        let (own, _) = chat.waits()?;
        let (needs, given_up) = chat.needs();
        let serves = |agent: &Agent| agent.seat.departments.contains(department);
        let is_known = |need: &&Skill| {
            let mut colleagues = self.people.values().filter(|agent| serves(agent));
            colleagues.any(|agent| agent.seat.skills.contains(need))
        };
        let needs: Vec<&Skill> = needs.iter().filter(is_known).collect();
        let mut candidates: Vec<_> = self
            .people
            .iter()
            .filter(|(id, agent)| self.is_free(**id, agent) && serves(agent))
            .filter(|(_, agent)| needs.iter().all(|need| agent.seat.skills.contains(need)))
            .filter(|(id, _)| !chat.declined_by.contains(id))
            .collect();
        if candidates
            .iter()
            .any(|(id, _)| !chat.missed_by.contains(id))
        {
            candidates.retain(|(id, _)| !chat.missed_by.contains(id));
        }
        let share =
            |id: AgentId, agent: &Agent| self.load(id) * 1_000 / u32::from(agent.seat.capacity);
        candidates.sort_by_key(|(id, agent)| (share(**id, agent), agent.idle_since, **id));
        let first = *candidates.first()?;
        let last_agent = chat.terms()?.last_agent.filter(|_| department == own);
        let last = candidates.iter().find(|(id, _)| Some(**id) == last_agent);
        let (id, agent) = last.copied().unwrap_or(first);
        let rule = if department != own {
            Rule::Overflow
        } else if last.is_some() {
            Rule::LastAgent
        } else if given_up
            .iter()
            .any(|need| !agent.seat.skills.contains(need))
        {
            Rule::Relaxed
        } else if candidates.len() == 1 {
            Rule::HeadOfLine
        } else if share(*candidates[1].0, candidates[1].1) > share(*id, agent) {
            Rule::LeastLoad
        } else {
            Rule::LongestIdle
        };
        let why = Why {
            rule,
            load: self.load(*id),
            capacity: agent.seat.capacity,
            idle_ms: Some(Millis((self.now - agent.idle_since).0.max(0))),
            eligible: u32::try_from(candidates.len()).unwrap(),
        };
        Some((*id, why))
    }

    /// The pair that is due: the first in order of all that wait with a socket and unclaimed and have an agent.
    pub fn next_pair(&self) -> Option<Claim> {
        self.chats
            .iter()
            .filter(|(_, chat)| chat.gone_at.is_none() && chat.hold.is_none())
            .filter_map(|(id, chat)| {
                let (department, key) = chat.waits()?;
                let (agent, why) = self.agent_for(chat)?;
                let claim = Claim {
                    conversation: *id,
                    placed_seq: chat.news.last()?.placed_seq,
                    department: department.clone(),
                    agent,
                    why,
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
        let asks = self.chats.values().filter_map(|chat| {
            let is_refused = !chat.declined_by.is_empty();
            is_refused.then_some(chat.declined_at + DECLINED)
        });
        let terms = self.chats.values().filter_map(Chat::next_term);
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
        let people = gone.chain(away);
        visitors
            .chain(holds)
            .chain(asks)
            .chain(terms)
            .chain(people)
            .min()
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

    /// Looks at what of everybody's terms is due, and who may be asked again.
    pub fn look_at_terms(&mut self) {
        for chat in self.chats.values_mut() {
            chat.looked_at = Some(self.now);
            if chat.declined_at + DECLINED <= self.now {
                chat.missed_by.append(&mut chat.declined_by);
            }
        }
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
