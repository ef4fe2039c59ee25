//! The people at the demo's desk: when they come, pause and go, and what happens when a line drops.

use super::{FIRST_AGENT_SOCKET, Happening, Play};
use crate::demo::arrivals::{self, DAY};
use crate::demo::dice::Dice;
use crate::demo::shop::Colleague;
use crate::domain::conversation::Command;
use crate::domain::routing::SocketId;
use crate::model::record::{JournalEntry, JournalReason, Status};
use crate::model::time::{At, Millis};

/// What somebody at the desk does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    /// Sits down, away at first.
    SignIn,
    /// Takes conversations.
    GoOnline,
    /// Takes nothing new for a while.
    TakeBreak,
    /// Takes nothing new, and goes home when all is done.
    Finish,
    /// The sockets are gone.
    LoseLine,
    /// A socket is back.
    ComeBack,
}

impl Play<'_> {
    pub(super) fn plan_shifts(
        &mut self,
        colleagues: &[Colleague],
        seed: u64,
        since: At,
        until: At,
    ) {
        let mut midnight = since;
        while midnight < until {
            let mut dice = Dice::of(seed, midnight.0.unsigned_abs() + 1);
            for (index, colleague) in colleagues.iter().enumerate() {
                let Some((from, to)) = colleague.hours[arrivals::weekday(midnight)] else {
                    continue;
                };
                let begin = midnight + Millis(from * 30 * 60_000) + dice.seconds(-420, 300);
                let end = midnight + Millis(to * 30 * 60_000) + dice.seconds(-120, 600);
                self.plan(begin, Happening::Desk(index, Move::SignIn));
                self.plan(end, Happening::Desk(index, Move::Finish));
                if to - from > 8 {
                    let lunch = begin + Millis((end - begin).0 / 2) + dice.seconds(-1_800, 1_800);
                    let back = lunch + dice.seconds(1_500, 2_400);
                    self.plan(lunch, Happening::Desk(index, Move::TakeBreak));
                    self.plan(back, Happening::Desk(index, Move::GoOnline));
                }
                // Now and then a line drops, for seconds or for minutes.
                if dice.chance(22) {
                    let lost = begin + dice.seconds(1_800, 7_200);
                    let gone = if dice.chance(50) {
                        dice.seconds(8, 25)
                    } else {
                        dice.seconds(90, 600)
                    };
                    self.plan(lost, Happening::Desk(index, Move::LoseLine));
                    self.plan(lost + gone, Happening::Desk(index, Move::ComeBack));
                }
            }
            midnight = midnight + DAY;
        }
    }

    pub(super) fn moves(&mut self, agent: usize, what: Move) {
        let id = self.desk[agent].name.id;
        let socket = FIRST_AGENT_SOCKET + agent as u64;
        match what {
            Move::SignIn => {
                self.board.agent_joined(id, socket, self.now);
                self.desk[agent].is_here = true;
                self.sit(agent, Status::Away, JournalReason::SignedIn);
                let soon = self.now + self.dice.seconds(20, 120);
                self.plan(soon, Happening::Desk(agent, Move::GoOnline));
            }
            Move::GoOnline => {
                if self.desk[agent].is_here && !self.desk[agent].is_finishing {
                    self.sit(agent, Status::Online, JournalReason::Chosen);
                }
            }
            Move::TakeBreak => {
                if self.desk[agent].seat.status == Status::Online {
                    self.sit(agent, Status::Away, JournalReason::Chosen);
                }
            }
            Move::Finish => {
                self.desk[agent].is_finishing = true;
                if self.desk[agent].seat.status == Status::Online {
                    self.sit(agent, Status::Away, JournalReason::Chosen);
                }
                self.go_home_if_done(agent);
            }
            Move::LoseLine => {
                if self.desk[agent].seat.status == Status::Online {
                    self.desk[agent].is_here = false;
                    self.board.agent_left(id, socket, self.now);
                }
            }
            Move::ComeBack => self.come_back(agent, socket),
        }
    }

    pub(super) fn come_back(&mut self, agent: usize, socket: SocketId) {
        if self.desk[agent].is_here || self.desk[agent].is_finishing {
            return;
        }
        let id = self.desk[agent].name.id;
        self.desk[agent].is_here = true;
        self.board.agent_joined(id, socket, self.now);
        if self.desk[agent].seat.status == Status::Offline {
            self.sit(agent, Status::Away, JournalReason::SignedIn);
            let soon = self.now + self.dice.seconds(5, 40);
            self.plan(soon, Happening::Desk(agent, Move::GoOnline));
        }
        for chat in self.owned_by(id) {
            // Refused where nobody was told that the agent is away.
            self.command(chat, Command::AgentBack { agent: id }, None);
        }
    }

    /// Writes the journal and tells the board.
    pub(super) fn sit(&mut self, agent: usize, status: Status, reason: JournalReason) {
        let seated = &mut self.desk[agent];
        seated.seat.status = status;
        let entry = JournalEntry {
            agent: seated.name.id,
            status,
            capacity: seated.seat.capacity,
            departments: seated.seat.departments.clone(),
            reason,
        };
        self.journal.push((self.now, entry));
        self.board
            .seat(seated.name.id, seated.seat.clone(), self.now);
    }

    pub(super) fn go_home_if_done(&mut self, agent: usize) {
        let seated = &self.desk[agent];
        let id = seated.name.id;
        if seated.is_finishing && self.owned_by(id).is_empty() {
            if self.desk[agent].seat.status != Status::Offline {
                self.sit(agent, Status::Offline, JournalReason::Chosen);
            }
            self.desk[agent].is_finishing = false;
            self.desk[agent].is_here = false;
            self.board
                .agent_left(id, FIRST_AGENT_SOCKET + agent as u64, self.now);
        }
    }
}
