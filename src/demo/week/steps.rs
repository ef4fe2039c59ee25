//! The steps of one chat, from the greeting to the last word.

use super::{Happening, Play, Seated};
use crate::demo::play::Step;
use crate::demo::shop::{self, department_key};
use crate::domain::conversation::Command;
use crate::model::event::{AgentName, TransferredTo};
use crate::model::id::AgentId;
use crate::model::record::Status;
use crate::model::time::Millis;

impl Play<'_> {
    /// Plans the next step of a chat that is served. Who serves several writes more slowly.
    pub(super) fn plan_step(&mut self, chat: usize) {
        let Some(owner) = self.chats[chat].owner() else {
            return;
        };
        let busy = 65 + 35 * i64::try_from(self.owned_by(owner.id).len()).unwrap_or(1);
        let playing = &mut self.chats[chat];
        let Some(step) = playing.steps.front() else {
            return;
        };
        let chars = |text: &str| i64::try_from(text.chars().count()).unwrap_or(0);
        let dice = &mut playing.dice;
        let pause_ms = match step.clone() {
            Step::Visitor(text) => {
                8_000 + chars(&text) * dice.between(80, 240) + dice.between(0, 75_000)
            }
            Step::Agent(text) => {
                let looks_up_ms = if dice.chance(60) {
                    dice.between(20_000, 210_000)
                } else {
                    0
                };
                (6_000 + chars(&text) * dice.between(80, 160) + looks_up_ms) * busy / 100
            }
            Step::Note(text) => 4_000 + chars(&text) * 60,
            Step::ToDepartment(..) | Step::ToColleague(_) => dice.between(8_000, 30_000),
            Step::Close => dice.between(20_000, 150_000),
            Step::Leave => dice.between(3_000, 40_000),
            Step::Warn => shop::IDLE_LIMIT.0,
            Step::CloseIdle => shop::returns().idle_close_ms.0,
        };
        let number = playing.place_number;
        self.plan(self.now + Millis(pause_ms), Happening::Step(chat, number));
    }

    pub(super) fn step(&mut self, chat: usize) {
        let Some(owner) = self.chats[chat].owner() else {
            return;
        };
        let is_agents = !matches!(
            self.chats[chat].steps.front(),
            Some(Step::Visitor(_) | Step::Leave | Step::Warn | Step::CloseIdle)
        );
        if is_agents && !self.desk[self.seat_of(owner.id)].is_here {
            // Nobody is there to write it: the step waits until the agent is back or somebody takes over.
            let number = self.chats[chat].place_number;
            self.plan(self.now + Millis::seconds(4), Happening::Step(chat, number));
            return;
        }
        let number = self.chats[chat].place_number;
        if let Some(step) = self.chats[chat].steps.pop_front() {
            self.take_step(chat, &owner, step);
        }
        if self.chats[chat].place_number == number {
            self.plan_step(chat);
        }
    }

    pub(super) fn take_step(&mut self, chat: usize, owner: &AgentName, step: Step) {
        let agent = owner.clone();
        let said_at = self.chats[chat].conversation.said_at;
        let by_agent = Some(owner.id.0);
        match step {
            Step::Visitor(text) => self.visitor_does(chat, Command::VisitorSend { text }),
            Step::Leave => self.visitor_does(chat, Command::Leave),
            Step::Agent(text) => {
                self.command(chat, Command::AgentSend { agent, text }, by_agent);
            }
            Step::Note(text) => {
                self.command(chat, Command::Note { agent, text }, by_agent);
            }
            Step::ToDepartment(department, note) => {
                let to = TransferredTo::Department(department_key(department));
                self.transfer(chat, owner, to, note);
            }
            Step::ToColleague(note) => {
                if let Some(colleague) = self.colleague_with_room(chat, owner.id) {
                    self.transfer(chat, owner, TransferredTo::Agent(colleague), note);
                }
            }
            Step::Close => {
                let tags = self.chats[chat].tags();
                let close = Command::Close {
                    agent,
                    is_supervisor: false,
                    tags,
                };
                self.command(chat, close, by_agent);
            }
            Step::Warn => {
                let text = shop::returns().idle_text;
                self.command(chat, Command::WarnIdle { said_at, text }, None);
            }
            Step::CloseIdle => {
                self.command(chat, Command::CloseIdle { said_at }, None);
            }
        }
    }

    pub(super) fn transfer(
        &mut self,
        chat: usize,
        owner: &AgentName,
        to: TransferredTo,
        note: String,
    ) {
        let command = Command::Transfer {
            agent: owner.clone(),
            is_supervisor: false,
            to,
            note: Some(note),
        };
        self.command(chat, command, Some(owner.id.0));
    }

    /// Somebody of the same department who is online and, what runs as an offer included, has room.
    pub(super) fn colleague_with_room(&self, chat: usize, but: AgentId) -> Option<AgentName> {
        let department = &self.chats[chat].conversation.department;
        let fits = |seated: &&Seated| {
            seated.name.id != but
                && seated.is_here
                && seated.seat.status == Status::Online
                && seated.seat.departments.contains(department)
                && self.board.load(seated.name.id) < u32::from(seated.seat.capacity)
        };
        self.desk
            .iter()
            .find(fits)
            .map(|seated| seated.name.clone())
    }
}
