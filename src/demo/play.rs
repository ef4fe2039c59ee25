//! What one conversation is made of: its log so far, and the steps still to be played.
//!
//! Used by `week`, which says when. Every event comes from `domain::conversation`, so no log is one that the server
//! would not have written.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::domain::conversation::{self, Command, Conversation, Place, Refusal, Room, Start};
use crate::model::event::{AgentName, Body, Event, Fields, Mode, Sender};
use crate::model::id::{CommandId, ConversationId};
use crate::model::record::Visitor;
use crate::model::time::{At, Millis};

use super::arrivals::Arrival;
use super::dice::Dice;
use super::stories::{Ending, Line, Story};

/// A step that is still to be played.
#[derive(Clone, Debug)]
pub enum Step {
    /// The visitor says something.
    Visitor(String),
    /// The owner says something.
    Agent(String),
    /// The owner leaves a note.
    Note(String),
    /// The owner hands it to a department.
    ToDepartment(&'static str, String),
    /// The owner hands it to a colleague.
    ToColleague(String),
    /// The owner closes it.
    Close,
    /// The visitor ends it.
    Leave,
    /// The department's idle warning.
    Warn,
    /// The end of a chat in which nobody answered the warning.
    CloseIdle,
}

/// One conversation.
pub struct Chat {
    /// Its fold.
    pub conversation: Conversation,
    /// Its log.
    pub events: Vec<Event>,
    /// Whose it is.
    pub visitor: Visitor,
    /// What happens next, in order.
    pub steps: VecDeque<Step>,
    /// How long the visitor waits in each line.
    pub patience: Millis,
    /// Changes whenever the conversation moves: what was planned for an older place does not happen.
    pub place_number: u32,
    /// Chance, of this conversation only.
    pub dice: Dice,
    story: Story,
    order: String,
}

impl Chat {
    /// The visitor takes a place in the line.
    pub fn begin(arrival: Arrival, story: &Story, visitor: &Visitor, visitor_priority: i8) -> Self {
        let Arrival {
            at,
            patience,
            mut dice,
            ..
        } = arrival;
        let order = format!("NB-{}", dice.between(40_000, 69_999));
        let mut chat_steps = VecDeque::new();
        let says_hello_first = dice.chance(22);
        let opening = told(story.opening, &order, visitor, None);
        let text = if says_hello_first {
            chat_steps.push_back(Step::Visitor(opening));
            (*dice.pick(story.language.phrases().hellos)).to_owned()
        } else {
            opening
        };
        let filled = [("name", &visitor.name), ("email", &visitor.email)];
        let fields: Fields = filled
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
            .collect();
        let start = Start {
            site: visitor.site.clone(),
            visitor: visitor.id,
            visitor_name: visitor.name.clone(),
            department: super::shop::department_key(story.department),
            priority: visitor_priority,
            mode: Mode::Chat,
            fields,
            needs: Vec::new(),
            known_agent: None,
            text: Some(text),
        };
        let id = ConversationId(dice.uuid(at));
        let (conversation, decided) = conversation::start(id, start, at);
        let mut chat = Self {
            conversation,
            events: Vec::new(),
            visitor: visitor.clone(),
            steps: chat_steps,
            patience,
            place_number: 0,
            dice,
            story: story.clone(),
            order,
        };
        let cmd = CommandId(chat.dice.uuid(at));
        chat.write(decided, Some(cmd), at);
        chat.plan();
        chat
    }

    /// Turns the story into steps, with what politeness adds.
    fn plan(&mut self) {
        for line in self.story.lines.clone() {
            let say = |text| told(text, &self.order, &self.visitor, None);
            self.steps.push_back(match line {
                Line::Visitor(text) => Step::Visitor(say(text)),
                Line::Agent(text) => Step::Agent(say(text)),
                Line::Note(text) => Step::Note(say(text)),
                Line::ToDepartment(department, note) => Step::ToDepartment(department, say(note)),
                Line::ToColleague(note) => Step::ToColleague(say(note)),
            });
        }
        let farewell = *self.dice.pick(self.story.language.phrases().farewells);
        match self.story.ending {
            Ending::Agent => {
                if self.dice.chance(65) {
                    self.steps.push_back(Step::Agent(farewell.to_owned()));
                }
                self.steps.push_back(Step::Close);
            }
            Ending::Visitor => self.steps.push_back(Step::Leave),
            Ending::Silent if self.story.department == super::shop::OFFERS => {
                self.steps.extend([Step::Warn, Step::CloseIdle]);
            }
            Ending::Silent => {
                self.steps.push_back(Step::Agent(farewell.to_owned()));
                self.steps.push_back(Step::Close);
            }
        }
    }

    /// The words with which an agent joins.
    pub fn greeting(&mut self, agent: &AgentName) -> String {
        let phrases = self.story.language.phrases();
        let was_served = self
            .events
            .iter()
            .filter(|event| matches!(event.body, Body::Assigned { .. }))
            .count()
            > 1;
        let words = if was_served {
            phrases.takeovers
        } else if self.visitor.name.is_some() {
            phrases.greetings
        } else {
            phrases.greetings_unnamed
        };
        let words = *self.dice.pick(words);
        told(words, &self.order, &self.visitor, Some(agent))
    }

    /// A word of somebody who has waited for a while.
    pub fn nudge(&mut self) -> String {
        (*self.dice.pick(self.story.language.phrases().nudges)).to_owned()
    }

    /// What it is filed under.
    pub fn tags(&self) -> Vec<String> {
        let is_urgent = self
            .story
            .lines
            .iter()
            .any(|line| matches!(line, Line::ToColleague(_)));
        let mut tags = vec![self.story.topic.to_owned()];
        tags.extend(is_urgent.then(|| "urgent".to_owned()));
        tags
    }

    /// The rating, if the visitor gives one: worse after a long wait, and none by whoever gave up waiting.
    pub fn rating(&mut self) -> Option<(u8, Option<String>)> {
        let waited_s = self.first_wait_ms()?.0 / 1_000;
        if !self.dice.chance(42) {
            return None;
        }
        let luck = self.dice.between(1, 100) + waited_s / 6;
        let score = match luck {
            ..=62 => 5,
            63..=86 => 4,
            87..=98 => 3,
            99..=125 => 2,
            _ => 1,
        };
        let phrases = self.story.language.phrases();
        let words = match score {
            4.. => Some(phrases.praise),
            3 => None,
            _ => Some(phrases.complaints),
        };
        let comment = words
            .filter(|_| self.dice.chance(38))
            .map(|words| (*self.dice.pick(words)).to_owned());
        Some((score, comment))
    }

    fn first_wait_ms(&self) -> Option<Millis> {
        self.events.iter().find_map(|event| match event.body {
            Body::Assigned { waited_ms, .. } => Some(waited_ms),
            _ => None,
        })
    }

    /// Who owns it now.
    pub fn owner(&self) -> Option<AgentName> {
        self.conversation.owner().cloned()
    }

    /// Whether it waits in line.
    pub fn is_waiting(&self) -> bool {
        matches!(self.conversation.place, Place::Waiting { .. })
    }

    /// Decides and writes a command; `sender` is who gave it, if somebody did. Answers whether the conversation moved.
    pub fn command(
        &mut self,
        command: Command,
        sender: Option<Uuid>,
        room: Option<Room>,
        now: At,
    ) -> Result<bool, Refusal> {
        let at = now.max(self.conversation.last_at);
        let decided = conversation::decide(&self.conversation, command, room, at)?;
        let before = self.conversation.placed_seq;
        let cmd = sender.map(|_| CommandId(self.dice.uuid(at)));
        self.write(decided, cmd, at);
        let has_moved = self.conversation.placed_seq != before;
        self.place_number += u32::from(has_moved);
        Ok(has_moved)
    }

    fn write(&mut self, decided: Vec<(Sender, Body)>, cmd: Option<CommandId>, at: At) {
        for (from, body) in decided {
            let event = Event {
                seq: self.conversation.seq + 1,
                at,
                cmd,
                from,
                body,
            };
            self.conversation.apply(&event);
            self.events.push(event);
        }
    }
}

/// The words with names and numbers put in.
fn told(words: &str, order: &str, visitor: &Visitor, agent: Option<&AgentName>) -> String {
    let first = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
    let visitor = visitor.name.as_deref().map_or("Robin".to_owned(), first);
    let agent = agent.map_or(String::new(), |agent| first(&agent.name));
    words
        .replace("{order}", order)
        .replace("{visitor}", &visitor)
        .replace("{agent}", &agent)
}
