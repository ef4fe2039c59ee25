//! A [`Board`] beside the plain [`World`]: each thing that happens is done to both, and what they say is compared.
//!
//! Only for `histories.rs`. Every method answers an error as soon as the two differ.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use uuid::Uuid;

use super::world::{Agent, Chat, World};
use super::{
    Board, CLOSED_MEMORY, Claim, DUE_RETRY, Due, Graces, Observed, ObservedPlace, PlaceInLine,
    Ringing, Seat, Terms,
};
use crate::domain::conversation::BEHIND_LIVE;
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use crate::model::record::Status;
use crate::model::time::{At, Millis};

pub const BEGIN: At = At(1_700_000_000_000);
pub const AGENTS: u64 = 4;
pub const DEPARTMENTS: usize = 3;
pub const SKILLS: usize = 2;

pub type Checked = Result<(), TestCaseError>;

/// The board under test beside the facts.
pub struct Trial {
    pub board: Board,
    pub world: World,
    last_chat: u64,
}

impl Trial {
    pub fn new(graces: Graces) -> Self {
        Self {
            board: Board::new(graces),
            world: World {
                graces,
                chats: Default::default(),
                people: Default::default(),
                now: BEGIN,
            },
            last_chat: 0,
        }
    }

    fn now(&self) -> At {
        self.world.now
    }

    pub fn nth_chat(&self, nth: usize) -> Option<ConversationId> {
        let count = self.world.chats.len();
        self.world
            .chats
            .keys()
            .nth(nth.checked_rem(count)?)
            .copied()
    }

    /// One of the running claims and offers.
    pub fn nth_hold(&self, nth: usize) -> Option<(ConversationId, AgentId)> {
        let held: Vec<_> = self
            .world
            .chats
            .iter()
            .filter_map(|(id, chat)| Some((*id, chat.hold?.agent)))
            .collect();
        held.get(nth.checked_rem(held.len())?).copied()
    }

    pub fn arrives(
        &mut self,
        line: usize,
        priority: i64,
        mode: Mode,
        socket: Option<u64>,
        terms: Terms,
    ) -> Checked {
        self.last_chat += 1;
        // Ids do not sort by time here: equal keys are told apart by them, whatever they are.
        let id = ConversationId(Uuid::from_u64_pair(
            self.last_chat.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            0,
        ));
        if let Some(socket) = socket {
            self.board.visitor_joined(id, socket);
        }
        let place = ObservedPlace::Waiting {
            department: department(line),
            // Coarse, so that keys are often equal.
            key: self.now().0 / 10_000 - priority
                + match mode {
                    Mode::Chat => 0,
                    Mode::Message => BEHIND_LIVE.0,
                },
            since: self.now(),
            mode,
            terms,
        };
        let chat = Chat {
            news: Vec::new(),
            sockets: socket.into_iter().collect(),
            gone_at: None,
            handed_at: None,
            hold: None,
            declined_by: BTreeSet::new(),
            declined_at: BEGIN,
            missed_by: BTreeSet::new(),
            looked_at: None,
            is_widened: false,
        };
        self.world.chats.insert(id, chat);
        self.moves(id, place)
    }

    pub fn visitor_joins(&mut self, nth: usize, socket: u64) {
        let Some(id) = self.nth_chat(nth) else { return };
        let now = self.now();
        self.board.visitor_joined(id, socket);
        let chat = self.world.chats.get_mut(&id).unwrap();
        if *chat.place() == ObservedPlace::Closed {
            // Came too late: nothing may stay of it.
            self.board.visitor_left(id, socket, now);
            return;
        }
        chat.sockets.insert(socket);
        chat.gone_at = None;
        chat.handed_at = None;
    }

    pub fn visitor_leaves(&mut self, nth: usize, socket: u64) {
        let Some(id) = self.nth_chat(nth) else { return };
        let now = self.now();
        self.board.visitor_left(id, socket, now);
        let chat = self.world.chats.get_mut(&id).unwrap();
        if chat.sockets.remove(&socket) && chat.sockets.is_empty() && chat.waits_live() {
            chat.gone_at = Some(now);
        }
    }

    fn person(&mut self, agent: AgentId) -> &mut Agent {
        let now = self.world.now;
        self.world.people.entry(agent).or_insert_with(|| Agent {
            seat: nobodys_seat(),
            sockets: BTreeSet::new(),
            gone_at: None,
            idle_since: now,
            missed: 0,
            got_at: None,
            told_away_at: None,
            told_gone_at: None,
        })
    }

    fn forget_if_nobody(&mut self, agent: AgentId) {
        if let Some(person) = self.world.people.get(&agent)
            && person.seat == nobodys_seat()
            && person.sockets.is_empty()
            && self.world.load(agent) == 0
        {
            self.world.people.remove(&agent);
        }
    }

    pub fn agent_joins(&mut self, agent: AgentId, socket: u64) {
        self.board.agent_joined(agent, socket, self.world.now);
        let person = self.person(agent);
        person.sockets.insert(socket);
        person.gone_at = None;
        person.told_away_at = None;
        person.told_gone_at = None;
    }

    pub fn agent_leaves(&mut self, agent: AgentId, socket: u64) {
        let now = self.now();
        self.board.agent_left(agent, socket, now);
        if let Some(person) = self.world.people.get_mut(&agent)
            && person.sockets.remove(&socket)
            && person.sockets.is_empty()
        {
            person.gone_at = Some(now);
        }
        self.forget_if_nobody(agent);
    }

    pub fn sits(&mut self, agent: AgentId, seat: Seat) {
        let now = self.now();
        self.board.seat(agent, seat.clone(), now);
        let person = self.person(agent);
        let comes_online = seat.status == Status::Online && person.seat.status != Status::Online;
        person.seat = seat;
        if comes_online {
            person.idle_since = now;
            person.missed = 0;
        }
        if person.sockets.is_empty() {
            person.gone_at.get_or_insert(now);
        }
        if comes_online {
            for chat in self.world.chats.values_mut() {
                chat.declined_by.remove(&agent);
                chat.missed_by.remove(&agent);
            }
        }
        self.forget_if_nobody(agent);
    }

    /// The desk puts what they own back into the line before; late news of that must do no harm either.
    pub fn removed(&mut self, agent: AgentId, is_requeued: bool) -> Checked {
        let owned: Vec<_> = self.world.owned(agent).filter(|_| is_requeued).collect();
        for chat in owned {
            self.waits_again(chat, department(0))?;
        }
        self.board.remove_agent(agent, self.world.now);
        let held: Vec<_> = self.world.held(agent).collect();
        for (chat, _) in held {
            self.world.chats.get_mut(&chat).unwrap().hold = None;
        }
        let now = self.now();
        let person = self.person(agent);
        person.seat = nobodys_seat();
        person.sockets.clear();
        person.gone_at.get_or_insert(now);
        self.forget_if_nobody(agent);
        Ok(())
    }

    pub fn pair(&mut self, count: usize) -> Checked {
        for _ in 0..count {
            let expected = self.world.next_pair();
            let claim = self.board.claim(self.world.now);
            prop_assert_eq!(&claim, &expected);
            let Some(claim) = claim else { break };
            self.check_that_the_live_go_first(&claim)?;
            let capacity = self.world.people[&claim.agent].seat.capacity;
            self.world.take_pair(&claim);
            prop_assert!(self.world.load(claim.agent) <= u32::from(capacity));
        }
        Ok(())
    }

    pub fn widened(&mut self, nth: usize) {
        if let Some(id) = self.nth_chat(nth) {
            self.board.widen(id);
            self.world.chats.get_mut(&id).unwrap().is_widened = true;
        }
    }

    /// A board that was emptied is told everything anew, in any order: claims are gone, and who refused is asked again.
    pub fn told_anew(&mut self, backwards: bool) {
        let now = self.now();
        self.board = Board::new(self.world.graces);
        for (agent, person) in &mut self.world.people {
            for socket in &person.sockets {
                self.board.agent_joined(*agent, *socket, now);
            }
            self.board.seat(*agent, person.seat.clone(), now);
            person.idle_since = now;
            person.missed = 0;
            person.gone_at = person.sockets.is_empty().then_some(now);
            person.told_away_at = None;
            person.told_gone_at = None;
        }
        let mut chats: Vec<_> = self.world.chats.iter_mut().collect();
        if backwards {
            chats.reverse();
        }
        for (id, chat) in chats {
            for socket in &chat.sockets {
                self.board.visitor_joined(*id, *socket);
            }
            self.board.observe(chat.news.last().unwrap(), now);
            chat.hold = None;
            chat.handed_at = None;
            chat.declined_by.clear();
            chat.missed_by.clear();
            chat.looked_at = None;
            chat.is_widened = false;
            chat.gone_at = (chat.waits_live() && chat.sockets.is_empty()).then_some(now);
        }
        let owners: BTreeSet<AgentId> = self.world.chats.values().filter_map(Chat::owner).collect();
        for owner in owners {
            let person = self.person(owner);
            person.idle_since = now;
            person.got_at = Some(now);
            if person.sockets.is_empty() {
                person.gone_at.get_or_insert(now);
            }
        }
        let people: Vec<_> = self.world.people.keys().copied().collect();
        people
            .into_iter()
            .for_each(|agent| self.forget_if_nobody(agent));
    }

    /// No left message goes to an agent while somebody waits live whom the same agent could serve.
    fn check_that_the_live_go_first(&self, claim: &Claim) -> Checked {
        if self.world.chats[&claim.conversation].waits_live() {
            return Ok(());
        }
        let lines = &self.world.people[&claim.agent].seat.departments;
        for (id, chat) in &self.world.chats {
            let is_served_first = chat.waits_live()
                && chat.waits().is_some_and(|(line, _)| lines.contains(line))
                && chat.gone_at.is_none()
                && chat.hold.is_none()
                && !chat.declined_by.contains(&claim.agent)
                && chat.asks_for_nothing();
            prop_assert!(!is_served_first, "{:?} goes before {}", claim, id);
        }
        Ok(())
    }

    pub fn settled(&mut self, nth: usize) -> Checked {
        match self.nth_hold(nth) {
            Some((chat, agent)) => self.moves(chat, ObservedPlace::Served { agent }),
            None => Ok(()),
        }
    }

    /// Somebody takes it out of turn. Nobody is given what they own.
    pub fn taken(&mut self, nth: usize, agent: AgentId) -> Checked {
        match self.nth_chat(nth) {
            Some(chat) if self.world.chats[&chat].owner() != Some(agent) => {
                self.moves(chat, ObservedPlace::Served { agent })
            }
            Some(_) | None => Ok(()),
        }
    }

    pub fn closed(&mut self, nth: usize) -> Checked {
        match self.nth_chat(nth) {
            Some(chat) => self.moves(chat, ObservedPlace::Closed),
            None => Ok(()),
        }
    }

    pub fn given_back(&mut self, nth: usize) {
        if let Some((chat, agent)) = self.nth_hold(nth) {
            self.board.give_back(chat, agent, self.world.now);
            self.world.chats.get_mut(&chat).unwrap().hold = None;
        }
    }

    pub fn offered(&mut self, nth: usize) -> Checked {
        let Some((chat, agent)) = self.nth_hold(nth) else {
            return Ok(());
        };
        let expires_at = self.now() + self.world.graces.ring;
        prop_assert_eq!(
            self.board.offer(chat, agent, self.world.now),
            Some(expires_at)
        );
        let known = self.world.chats.get_mut(&chat).unwrap();
        let hold = known.hold.as_mut().unwrap();
        hold.expires_at = expires_at;
        hold.is_offer = true;
        Ok(())
    }

    pub fn declined(&mut self, nth: usize) -> Checked {
        let Some((id, agent)) = self.nth_hold(nth) else {
            return Ok(());
        };
        let chat = self.world.chats.get_mut(&id).unwrap();
        let rings = chat.hold.is_some_and(|hold| hold.is_offer);
        prop_assert_eq!(self.board.decline(id, agent, self.world.now), rings);
        if rings {
            chat.hold = None;
            chat.declined_by.insert(agent);
            chat.declined_at = self.world.now;
            self.person(agent).missed = 0;
        }
        Ok(())
    }

    pub fn waits(&mut self, nth: usize, line: usize) -> Checked {
        let Some(id) = self.nth_chat(nth) else {
            return Ok(());
        };
        self.waits_again(id, department(line))
    }

    /// Requeued or transferred: in a line, under the key it always had.
    fn waits_again(&mut self, id: ConversationId, department: DepartmentKey) -> Checked {
        let first = &self.world.chats[&id].news[0].place;
        let ObservedPlace::Waiting {
            key, mode, terms, ..
        } = first
        else {
            unreachable!("every chat begins in a line");
        };
        let place = ObservedPlace::Waiting {
            department,
            key: *key,
            since: self.now(),
            mode: *mode,
            terms: terms.clone(),
        };
        self.moves(id, place)
    }

    /// News of the log: the conversation is somewhere else now. What is closed stays so.
    pub fn moves(&mut self, id: ConversationId, place: ObservedPlace) -> Checked {
        let now = self.now();
        let chat = self.world.chats.get_mut(&id).unwrap();
        if chat
            .news
            .last()
            .is_some_and(|last| last.place == ObservedPlace::Closed)
        {
            return Ok(());
        }
        let news = Observed {
            conversation: id,
            placed_seq: 2 * chat.news.len() as u64 + 1,
            place: place.clone(),
        };
        let withdrawn = self.board.observe(&news, now);
        let before = chat.news.last().and_then(owner_in);
        let hold = chat.hold.take();
        chat.news.push(news);
        chat.handed_at = None;
        chat.declined_by.clear();
        chat.missed_by.clear();
        chat.looked_at = None;
        chat.is_widened = false;
        let is_gone = chat.waits_live() && chat.sockets.is_empty();
        chat.gone_at = is_gone.then_some(now);
        if place == ObservedPlace::Closed {
            chat.sockets.clear();
        }
        if let Some(person) = before.and_then(|agent| self.world.people.get_mut(&agent)) {
            person.idle_since = now;
        }
        let new_owner = self.world.chats[&id].owner();
        if let Some(owner) = new_owner {
            let person = self.person(owner);
            person.idle_since = now;
            person.got_at = Some(now);
            if person.sockets.is_empty() {
                person.gone_at.get_or_insert(now);
            }
        }
        let offer = hold.filter(|hold| hold.is_offer);
        let accepted = offer.filter(|hold| Some(hold.agent) == new_owner);
        if let Some(hold) = accepted {
            self.person(hold.agent).missed = 0;
        }
        before
            .into_iter()
            .chain(hold.map(|hold| hold.agent))
            .for_each(|agent| self.forget_if_nobody(agent));
        let lost = offer.filter(|hold| Some(hold.agent) != new_owner);
        prop_assert_eq!(
            withdrawn.map(|gone| gone.agent),
            lost.map(|hold| hold.agent)
        );
        Ok(())
    }

    /// News that is known or out of date changes nothing; while a closed conversation is remembered, even then.
    pub fn old_news(&mut self, nth: usize, which: usize) -> Checked {
        let Some(id) = self.nth_chat(nth) else {
            return Ok(());
        };
        let chat = &self.world.chats[&id];
        let is_forgotten = *chat.place() == ObservedPlace::Closed;
        let news = chat.news[which % chat.news.len()].clone();
        if !is_forgotten {
            prop_assert_eq!(self.board.observe(&news, self.world.now), None);
        }
        Ok(())
    }

    pub fn passes(&mut self, span: Millis, by_hops: bool, is_dealt_with: bool) -> Checked {
        let end = self.now() + span;
        while by_hops
            && let Some(next) = self.board.next_due()
            && next <= end
        {
            self.world.now = self.now().max(next);
            self.see_what_is_due(is_dealt_with)?;
        }
        self.world.now = end;
        self.see_what_is_due(is_dealt_with)
    }

    fn see_what_is_due(&mut self, is_dealt_with: bool) -> Checked {
        let now = self.now();
        let missed = self.world.expire_holds();
        self.world.look_at_terms();
        let ended = self.world.ended_graces();
        let away = self.world.away();
        let due = self.board.take_due(now);
        let rang_out: Vec<Due> = due
            .iter()
            .filter(|one| matches!(one, Due::OfferMissed { .. }))
            .copied()
            .collect();
        prop_assert_eq!(rang_out, missed);
        for one in &due {
            match one {
                Due::OfferMissed { .. } => {}
                Due::AgentAway { agent } => {
                    prop_assert!(away.contains_key(agent), "told too early: {:?}", one);
                    self.person(*agent).told_away_at = Some(now);
                }
                Due::VisitorGone { .. } | Due::AgentGone { .. } => {
                    let known = ended.iter().find(|(due, _)| due == one);
                    prop_assert!(known.is_some(), "not due: {:?}", one);
                    let is_again = known
                        .is_some_and(|(_, last)| last.is_some_and(|last| now - last < DUE_RETRY));
                    prop_assert!(!is_again, "handed out again too soon: {:?}", one);
                }
            }
        }
        for (one, last) in ended {
            let is_recent = last.is_some_and(|last| now - last < DUE_RETRY);
            prop_assert!(is_recent || due.contains(&one), "forgotten: {:?}", one);
        }
        for (agent, since) in away {
            let told_at = self.person(agent).told_away_at;
            prop_assert!(
                told_at.is_some_and(|told_at| told_at >= since),
                "not told: {:?}",
                agent
            );
        }
        due.into_iter()
            .try_for_each(|one| self.note(one, is_dealt_with))
    }

    /// Notes that something was handed out, and does what the desk does about it.
    fn note(&mut self, due: Due, is_dealt_with: bool) -> Checked {
        let now = self.now();
        match due {
            Due::VisitorGone { conversation, .. } => {
                self.world.chats.get_mut(&conversation).unwrap().handed_at = Some(now);
                if is_dealt_with {
                    self.moves(conversation, ObservedPlace::Closed)?;
                }
            }
            Due::AgentGone { agent } => {
                self.person(agent).told_gone_at = Some(now);
                if is_dealt_with {
                    self.change_status(agent, Status::Offline);
                    let owned: Vec<_> = self.world.owned(agent).collect();
                    for chat in owned {
                        self.waits_again(chat, department(1))?;
                    }
                }
            }
            Due::OfferMissed {
                agent,
                is_once_too_often: true,
                ..
            } if is_dealt_with => self.change_status(agent, Status::Away),
            Due::OfferMissed { .. } | Due::AgentAway { .. } => {}
        }
        Ok(())
    }

    fn change_status(&mut self, agent: AgentId, status: Status) {
        let seat = Seat {
            status,
            ..self.world.people[&agent].seat.clone()
        };
        self.sits(agent, seat);
    }

    /// Everybody in line is told the place at which they stand in it.
    fn check_places(&self) -> Checked {
        for line in self.world.lines(usize::MAX) {
            let ids: Vec<ConversationId> = line.first.iter().map(|one| one.conversation).collect();
            let expected = (1..).zip(&line.first).map(|(position, one)| PlaceInLine {
                department: line.department.clone(),
                position,
                since: one.since,
                mode: one.mode,
            });
            let expected: Vec<_> = expected.map(Some).collect();
            prop_assert_eq!(self.board.places(&ids), expected);
        }
        Ok(())
    }

    /// What the board shows is what the world is.
    pub fn check(&self) -> Checked {
        prop_assert_eq!(self.board.lines(2), self.world.lines(2));
        self.check_places()?;
        for (id, agent) in &self.world.people {
            prop_assert_eq!(self.board.load(*id), self.world.load(*id));
            prop_assert_eq!(self.board.is_agent_here(*id), !agent.sockets.is_empty());
            let rings: BTreeSet<ConversationId> = self
                .world
                .held(*id)
                .filter(|(_, hold)| hold.is_offer)
                .map(|(chat, _)| chat)
                .collect();
            let shown = self.board.ringing_at(*id);
            let shown: BTreeSet<ConversationId> = shown
                .iter()
                .map(|ringing: &Ringing| ringing.conversation)
                .collect();
            prop_assert_eq!(shown, rings);
        }
        for number in 0..DEPARTMENTS {
            let key = department(number);
            let serves = |agent: &Agent| agent.is_online() && agent.seat.departments.contains(&key);
            let is_open = self.world.people.values().any(serves);
            prop_assert_eq!(self.board.is_open(std::slice::from_ref(&key)), is_open);
        }
        // Whoever sleeps until the next due moment oversleeps nothing.
        if let Some(due) = self.world.next_due() {
            let due = due.max(self.world.now);
            let next = self.board.next_due();
            prop_assert!(
                next.is_some_and(|next| next <= due),
                "{:?} is after {:?}",
                next,
                due
            );
        }
        Ok(())
    }

    /// Ends everything: nobody who could be served waits on, and nothing is left.
    pub fn end(&mut self) -> Checked {
        while self.world.next_pair().is_some() {
            self.pair(1)?;
            self.settled(0)?;
        }
        prop_assert_eq!(self.board.claim(self.world.now), None);
        let chats: Vec<_> = self.world.chats.keys().copied().collect();
        for chat in chats {
            self.moves(chat, ObservedPlace::Closed)?;
        }
        for number in 0..AGENTS {
            self.removed(agent_id(number), true)?;
        }
        self.world.now = self.now() + CLOSED_MEMORY + Millis::seconds(600);
        prop_assert_eq!(self.board.take_due(self.world.now), vec![]);
        let Board {
            graces: _,
            lines,
            waiting,
            served,
            closed,
            closed_order,
            agents,
            skilled,
            visitor_sockets,
            due,
        } = &self.board;
        prop_assert!(lines.is_empty(), "{:?}", lines);
        prop_assert!(waiting.is_empty(), "{:?}", waiting);
        prop_assert!(served.is_empty(), "{:?}", served);
        prop_assert!(
            closed.is_empty() && closed_order.is_empty(),
            "{:?}",
            closed_order
        );
        prop_assert!(agents.is_empty(), "{:?}", agents);
        prop_assert!(skilled.is_empty(), "{:?}", skilled);
        prop_assert!(visitor_sockets.is_empty(), "{:?}", visitor_sockets);
        prop_assert!(due.is_empty(), "{:?}", due);
        Ok(())
    }
}

pub fn agent_id(number: u64) -> AgentId {
    AgentId(Uuid::from_u64_pair(1, number))
}

pub fn department(number: usize) -> DepartmentKey {
    DepartmentKey::new(["billing", "sales", "support"][number]).unwrap()
}

pub fn skill(number: usize) -> Skill {
    Skill::new(["fr", "gold"][number]).unwrap()
}

pub fn nobodys_seat() -> Seat {
    Seat {
        status: Status::Offline,
        capacity: 0,
        departments: Vec::new(),
        skills: Vec::new(),
    }
}

fn owner_in(news: &Observed) -> Option<AgentId> {
    match news.place {
        ObservedPlace::Served { agent } => Some(agent),
        ObservedPlace::Waiting { .. } | ObservedPlace::Closed => None,
    }
}
