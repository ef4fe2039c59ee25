//! A week at the demo's desk, played through: people come to work, visitors come and wait, and the board pairs them.
//!
//! Called by the room's head. Nothing here is invented that a rule decides: who gets whom is `domain::routing`, what a
//! command writes is `domain::conversation`, and waits are whatever the staffing makes of the arrivals. Time runs from
//! one happening to the next; the same seed and hours give the same week.

mod roster;
mod steps;

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use crate::domain::conversation::{Command, Room};
use crate::domain::routing::{Board, Claim, Due, Graces, Observed, Seat, SocketId, Terms};
use crate::model::event::{AgentName, Event, RequeueReason};
use crate::model::id::{AgentId, ConversationId};
use crate::model::record::{JournalEntry, JournalReason, Status, Visitor};
use crate::model::time::{At, Millis};
use crate::model::why::Why;

use super::arrivals::{self, Arrival, DAY};
use super::dice::Dice;
use super::play::{Chat, Step};
use super::shop::{self, Colleague, department_key};
use super::stories::Story;
use roster::Move;

/// The defaults of the settings.
const GRACES: Graces = Graces {
    visitor: Millis::seconds(60),
    agent: Millis::seconds(30),
    away: Millis::seconds(5),
    ring: Millis::seconds(20),
};
/// Nobody comes so shortly before the end, so that the last conversations end by themselves.
const QUIET_END: Millis = Millis::seconds(25 * 60);
/// An agent's sockets, apart from the visitors', which are numbered like the chats.
const FIRST_AGENT_SOCKET: SocketId = 1 << 32;

/// What was played.
pub struct Week {
    /// Every conversation, in order of their start.
    pub logs: Vec<(Visitor, ConversationId, Vec<Event>)>,
    /// The agents' journal, in order.
    pub journal: Vec<(At, JournalEntry)>,
}

/// Something that happens at its time.
#[derive(Clone, Copy, Debug)]
enum Happening {
    /// The next visitor comes.
    Arrive,
    /// The next step of a chat, if it is still at this place.
    Step(usize, u32),
    /// A waiting visitor asks whether anybody is there.
    Nudge(usize, u32),
    /// A waiting visitor has waited long enough.
    GiveUp(usize, u32),
    /// An agent answers what rings.
    Accept(usize, usize),
    /// A closed chat is rated, or not.
    Rate(usize),
    /// Somebody at the desk comes, goes, or loses the line.
    Desk(usize, Move),
}

/// Somebody at the desk, now.
struct Seated {
    name: AgentName,
    seat: Seat,
    is_here: bool,
    /// The day's work is over: offline once the last chat is closed.
    is_finishing: bool,
}

struct Play<'a> {
    now: At,
    board: Board,
    desk: Vec<Seated>,
    chats: Vec<Chat>,
    by_id: HashMap<ConversationId, usize>,
    open: HashSet<usize>,
    arrivals: std::vec::IntoIter<Arrival>,
    next_arrival: Option<Arrival>,
    visitors: Vec<Visitor>,
    stories: &'a [Story],
    /// By time, then in the order planned.
    planned: BTreeMap<(At, u64), Happening>,
    planned_count: u64,
    journal: Vec<(At, JournalEntry)>,
    dice: Dice,
}

/// Plays the week that ends at `now`. It begins at the midnight (UTC) before the moment seven days ago.
pub fn play(
    colleagues: &[Colleague],
    stories: &[Story],
    site: &crate::model::id::SiteKey,
    seed: u64,
    now: At,
) -> Week {
    let since = begin_of(now);
    let crowd = arrivals::crowd(seed, stories, site, since, now - QUIET_END);
    let mut play = Play {
        now: since,
        board: Board::new(GRACES),
        desk: colleagues.iter().map(Seated::of).collect(),
        chats: Vec::new(),
        by_id: HashMap::new(),
        open: HashSet::new(),
        arrivals: crowd.arrivals.into_iter(),
        next_arrival: None,
        visitors: crowd.visitors,
        stories,
        planned: BTreeMap::new(),
        planned_count: 0,
        journal: Vec::new(),
        dice: Dice::of(seed, 4),
    };
    play.plan_shifts(colleagues, seed, since, now);
    play.await_arrival();
    play.run(now);
    play.close_down(now);
    let log = |chat: Chat| (chat.visitor, chat.conversation.id, chat.events);
    Week {
        logs: play.chats.into_iter().map(log).collect(),
        journal: play.journal,
    }
}

/// The midnight at which the week that ends at `now` begins.
pub fn begin_of(now: At) -> At {
    At((now.0 - 7 * DAY.0).div_euclid(DAY.0) * DAY.0)
}

impl Seated {
    fn of(colleague: &Colleague) -> Self {
        Self {
            name: colleague.name.clone(),
            seat: Seat {
                status: Status::Offline,
                capacity: colleague.capacity,
                departments: colleague.departments.clone(),
                skills: Vec::new(),
            },
            is_here: false,
            is_finishing: false,
        }
    }
}

impl Play<'_> {
    // --- time -------------------------------------------------------------------------------------------------

    fn plan(&mut self, at: At, happening: Happening) {
        self.planned_count += 1;
        self.planned
            .insert((at.max(self.now), self.planned_count), happening);
    }

    fn run(&mut self, until: At) {
        loop {
            let planned = self.planned.first_key_value().map(|((at, _), _)| *at);
            let due = self.board.next_due();
            let Some(next) = [planned, due].into_iter().flatten().min() else {
                return;
            };
            if next >= until {
                return;
            }
            self.now = self.now.max(next);
            if due.is_some_and(|due| due <= self.now) {
                for one in self.board.take_due(self.now) {
                    self.deal_with(one);
                }
            } else if let Some((_, happening)) = self.planned.pop_first() {
                self.happen(happening);
            }
            self.pair();
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive => self.arrive(),
            Happening::Step(chat, number) => {
                if self.chats[chat].place_number == number {
                    self.step(chat);
                }
            }
            Happening::Nudge(chat, number) => {
                if self.chats[chat].place_number == number {
                    let text = self.chats[chat].nudge();
                    self.visitor_does(chat, Command::VisitorSend { text });
                }
            }
            Happening::GiveUp(chat, number) => {
                if self.chats[chat].place_number == number {
                    self.give_up(chat);
                }
            }
            Happening::Accept(chat, agent) => {
                if self.chats[chat].is_waiting() && self.desk[agent].is_here {
                    let (id, who) = (self.chats[chat].conversation.id, self.desk[agent].name.id);
                    let mut ringing = self.board.ringing_at(who).into_iter();
                    let why = ringing.find(|one| one.conversation == id);
                    self.assign(chat, agent, why.map(|one| one.why));
                }
            }
            Happening::Rate(chat) => {
                if let Some((score, comment)) = self.chats[chat].rating() {
                    self.visitor_does(chat, Command::Rate { score, comment });
                }
            }
            Happening::Desk(agent, what) => self.moves(agent, what),
        }
    }

    // --- who owns what ----------------------------------------------------------------------------------------

    fn owned_by(&self, agent: AgentId) -> Vec<usize> {
        let owns = |chat: &&usize| {
            self.chats[**chat]
                .conversation
                .owner()
                .is_some_and(|owner| owner.id == agent)
        };
        let mut owned: Vec<usize> = self.open.iter().filter(owns).copied().collect();
        owned.sort_unstable();
        owned
    }

    fn seat_of(&self, agent: AgentId) -> usize {
        self.desk
            .iter()
            .position(|seated| seated.name.id == agent)
            .expect("only people of the demo's desk own its conversations")
    }

    fn room_of(&self, agent: AgentId) -> Room {
        let seated = &self.desk[self.seat_of(agent)];
        Room {
            status: seated.seat.status,
            capacity: seated.seat.capacity,
            load: u32::try_from(self.owned_by(agent).len()).unwrap_or(u32::MAX),
        }
    }

    // --- visitors ---------------------------------------------------------------------------------------------

    fn await_arrival(&mut self) {
        self.next_arrival = self.arrivals.next();
        if let Some(arrival) = &self.next_arrival {
            let at = arrival.at;
            self.plan(at, Happening::Arrive);
        }
    }

    fn arrive(&mut self) {
        let Some(arrival) = self.next_arrival.take() else {
            return;
        };
        let visitor = self.visitors[arrival.visitor].clone();
        let story = &self.stories[arrival.story];
        let chat = Chat::begin(arrival, story, &visitor, visitor.priority);
        let (index, id) = (self.chats.len(), chat.conversation.id);
        self.chats.push(chat);
        self.by_id.insert(id, index);
        self.open.insert(index);
        self.board.visitor_joined(id, index as u64);
        self.placed(index);
        self.await_arrival();
    }

    fn give_up(&mut self, chat: usize) {
        // Half say so, half just close the page: their grace runs, and ends the conversation.
        if self.chats[chat].dice.chance(50) {
            self.visitor_does(chat, Command::Leave);
        } else {
            let id = self.chats[chat].conversation.id;
            self.board.visitor_left(id, chat as u64, self.now);
        }
    }

    // --- commands ---------------------------------------------------------------------------------------------

    fn visitor_does(&mut self, chat: usize, command: Command) {
        let sender = self.chats[chat].visitor.id.0;
        self.command(chat, command, Some(sender));
    }

    /// Writes a command and lets everything follow that follows from a new place. Answers whether it applied.
    fn command(&mut self, chat: usize, command: Command, sender: Option<Uuid>) -> bool {
        let room = command.needs_room_of().map(|agent| self.room_of(agent));
        let owner_before = self.chats[chat].owner();
        match self.chats[chat].command(command, sender, room, self.now) {
            Ok(has_moved) => {
                if has_moved {
                    self.placed(chat);
                    if let Some(owner) = owner_before {
                        self.go_home_if_done(self.seat_of(owner.id));
                    }
                }
                true
            }
            Err(_) => false,
        }
    }

    /// The conversation has a new place: the board learns it, and what comes next is planned.
    fn placed(&mut self, chat: usize) {
        let place = Observed::of(&self.chats[chat].conversation, Terms::default());
        self.board.observe(&place, self.now);
        let number = self.chats[chat].place_number;
        if let Some(owner) = self.chats[chat].owner() {
            let greeting = self.chats[chat].greeting(&owner);
            self.chats[chat].steps.push_front(Step::Agent(greeting));
            self.plan_step(chat);
        } else if self.chats[chat].is_waiting() {
            let patience = self.chats[chat].patience;
            let nudge_at = self.now + self.chats[chat].dice.seconds(80, 200);
            self.plan(self.now + patience, Happening::GiveUp(chat, number));
            if nudge_at < self.now + patience {
                self.plan(nudge_at, Happening::Nudge(chat, number));
            }
        } else {
            self.open.remove(&chat);
            let soon = self.now + self.chats[chat].dice.seconds(4, 70);
            self.plan(soon, Happening::Rate(chat));
        }
    }

    fn pair(&mut self) {
        while let Some(Claim {
            conversation,
            department,
            agent,
            why,
            ..
        }) = self.board.claim(self.now)
        {
            let (chat, seated) = (self.by_id[&conversation], self.seat_of(agent));
            if department == department_key(shop::OFFERS) {
                self.board.offer(conversation, agent, self.now);
                let answered_at = self.now + self.dice.seconds(2, 12);
                self.plan(answered_at, Happening::Accept(chat, seated));
            } else {
                self.assign(chat, seated, Some(why));
            }
        }
    }

    fn assign(&mut self, chat: usize, agent: usize, why: Option<Why>) {
        let name = self.desk[agent].name.clone();
        let placed_seq = self.chats[chat].conversation.placed_seq;
        let command = Command::Assign {
            agent: name.clone(),
            placed_seq,
            why,
        };
        if !self.command(chat, command, None) {
            let id = self.chats[chat].conversation.id;
            self.board.give_back(id, name.id, self.now);
        }
    }

    fn deal_with(&mut self, due: Due) {
        match due {
            Due::VisitorGone {
                conversation,
                gone_at,
            } => {
                let chat = self.by_id[&conversation];
                self.command(chat, Command::Abandon { gone_at }, None);
            }
            Due::AgentAway { agent } => {
                for chat in self.owned_by(agent) {
                    self.command(chat, Command::AgentAway { agent }, None);
                }
            }
            Due::AgentGone { agent } => {
                let seated = self.seat_of(agent);
                self.sit(seated, Status::Offline, JournalReason::Gone);
                let reason = RequeueReason::AgentGone;
                for chat in self.owned_by(agent) {
                    self.command(chat, Command::Requeue { agent, reason }, None);
                }
            }
            // In line again: the next claim finds it.
            Due::OfferMissed { .. } => {}
        }
    }

    // --- the end ----------------------------------------------------------------------------------------------

    /// The end of the week: what is still open is ended, and everybody goes home, for no socket of theirs is open.
    fn close_down(&mut self, now: At) {
        self.now = now;
        let mut open: Vec<usize> = self.open.iter().copied().collect();
        open.sort_unstable();
        for chat in open {
            match self.chats[chat].owner() {
                Some(agent) => {
                    let (sender, tags) = (agent.id.0, self.chats[chat].tags());
                    let close = Command::Close {
                        agent,
                        is_supervisor: false,
                        tags,
                    };
                    self.command(chat, close, Some(sender));
                }
                None => self.visitor_does(chat, Command::Leave),
            }
        }
        for agent in 0..self.desk.len() {
            if self.desk[agent].seat.status != Status::Offline {
                self.sit(agent, Status::Offline, JournalReason::Chosen);
            }
        }
    }
}
