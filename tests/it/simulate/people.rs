//! The people of a history: what they try next, and what their clients make of what they hear.
//!
//! A client is the load tester's mind, which keeps the client's half of the contract and finds every breach of it by
//! itself, on a [`Socket`] without a network. People are no fools and no saints: much of what they try is refused.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use balie::accounts::sessions::SignedIn;
use balie::web::agent::AgentPeer;
use balie::web::socket::Peer;
use balie::web::visitor::VisitorPeer;
use balie_loadtest::participant::agent_mind::AgentMind;
use balie_loadtest::participant::ledger::{Answer, Deed};
use balie_loadtest::participant::mind::Mind;
use balie_loadtest::participant::visitor_mind::VisitorMind;
use balie_loadtest::participant::wire::{CommandId, ConversationId};
use bytes::Bytes;
use serde_json::json;

use super::dice::Dice;
use super::node::Socket;

/// A client with its socket, while it has one.
pub struct Client<M, P> {
    pub mind: M,
    pub socket: Option<Socket<P>>,
    /// Everything ever commanded, to be repeated now and then.
    pub commands: Vec<(CommandId, Deed, Option<ConversationId>)>,
    /// The last frames of both sides, for whoever has to find out what went wrong.
    trace: VecDeque<String>,
}

/// Frames that are kept for a trace.
const TRACE_MAX: usize = 40;

pub type Visitor = Client<VisitorMind, VisitorPeer>;

pub struct Agent {
    pub client: Client<AgentMind, AgentPeer>,
    pub signed_in: Arc<SignedIn>,
    /// What rings, as far as the client was told.
    pub offers: BTreeSet<ConversationId>,
}

/// What somebody does next.
pub enum Act {
    /// Opens a socket and says this.
    Connect(String),
    /// Says these frames and reads.
    Talk(Vec<String>),
    /// Goes without a word.
    Leave,
}

impl<M: Mind, P: Peer> Client<M, P> {
    pub fn new(mind: M) -> Self {
        Self {
            mind,
            socket: None,
            commands: Vec::new(),
            trace: VecDeque::new(),
        }
    }

    fn note(&mut self, line: String) {
        if self.trace.len() == TRACE_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }

    /// The last frames of both sides.
    pub fn trace(&self) -> String {
        let lines: Vec<&str> = self.trace.iter().map(String::as_str).collect();
        lines.join("\n")
    }

    /// Takes in frames; a breach of the contract ends the test.
    pub fn hear(&mut self, frames: Vec<Bytes>, now: Instant) {
        for frame in frames {
            let text = std::str::from_utf8(&frame).unwrap();
            self.note(format!("< {text}"));
            self.mind.hear(text, now);
            let faults = self.mind.memory().faults();
            assert!(faults.is_empty(), "{faults:?}\n{}", self.trace());
        }
        let memory = self.mind.memory();
        assert!(memory.end.is_none(), "sent away for good: {:?}", memory.end);
    }

    /// The connection is gone, whoever ended it.
    pub fn lose(&mut self) {
        self.socket = None;
        self.note("connection lost".to_owned());
        self.mind.lose_socket();
    }

    /// What is to be said now: `hello` again if a refusal asked for it, commands that are due, and small talk.
    pub fn says(&mut self, now: Instant) -> Vec<String> {
        let is_hello_due = self.mind.memory().hello_at.is_some_and(|at| at <= now);
        let mut says = Vec::new();
        if is_hello_due {
            let hello = self.hello();
            says.push(hello);
        }
        let memory = self.mind.memory_mut();
        if memory.is_live {
            says.append(&mut memory.say);
            says.extend(memory.outbox.due(now));
        }
        for text in &says {
            self.note(format!("> {text}"));
        }
        says
    }

    /// The first frame of a socket, or one that begins following anew.
    pub fn hello(&mut self) -> String {
        let hello = self.mind.hello();
        self.note(format!("> {hello}"));
        hello
    }

    /// What is to be said, then `hello` once more: following begins anew.
    fn says_hello(&mut self, now: Instant) -> Vec<String> {
        let mut says = self.says(now);
        let hello = self.hello();
        says.push(hello);
        says
    }

    fn command(&mut self, deed: Deed, lane: Option<ConversationId>, fields: serde_json::Value) {
        let cmd = self.mind.memory_mut().command(deed, lane, fields);
        self.commands.push((cmd, deed, lane));
    }

    /// An acknowledged command with other content: the answer must be the old one.
    fn repeat(&mut self, dice: &mut Dice) {
        if let Some((cmd, deed, lane)) = dice.one_of(&self.commands)
            && matches!(self.mind.memory().answer(cmd), Some(Answer::Ack(_)))
        {
            let mut fields = json!({"text": "something else", "score": 1});
            if let Some(conversation) = lane {
                fields["conversation"] = json!(conversation);
                fields["to"] = json!({"department": "sales"});
            }
            self.mind.memory_mut().command_as(cmd, deed, lane, fields);
        }
    }
}

impl Visitor {
    pub fn decides(&mut self, dice: &mut Dice, now: Instant) -> Option<Act> {
        if self.socket.is_none() {
            return dice.chance(60).then(|| Act::Connect(self.hello()));
        }
        match dice.below(100) {
            0..6 => return Some(Act::Leave),
            6..10 => return Some(Act::Talk(self.says_hello(now))),
            10..16 => self.repeat(dice),
            16..26 => {}
            _ if self.mind.has_open_conversation() => self.talks(dice),
            26..75 => {
                let department = dice.one_of(&["support", "sales"]).unwrap();
                let mut fields = json!({"department": department});
                if dice.chance(20) {
                    fields["mode"] = json!("message");
                    fields["fields"] = json!({"email": "visitor@example.com"});
                    fields["text"] = json!("For whenever you have time");
                } else if dice.chance(70) {
                    fields["text"] = json!("Good morning");
                }
                self.command(Deed::Start, None, fields);
            }
            _ => self.command(Deed::Rate, None, json!({"score": dice.below(5) + 1})),
        }
        Some(Act::Talk(self.says(now)))
    }

    fn talks(&mut self, dice: &mut Dice) {
        let say = |mind: &mut VisitorMind, frame: serde_json::Value| {
            mind.memory_mut().say.push(frame.to_string());
        };
        match dice.below(20) {
            0 => self.command(Deed::Leave, None, json!({})),
            1 => self.command(Deed::Start, None, json!({})),
            2 => self.command(Deed::Rate, None, json!({"score": 5})),
            3..5 => say(
                &mut self.mind,
                json!({"t": "typing", "on": true, "preview": "I"}),
            ),
            5..7 => say(&mut self.mind, json!({"t": "read", "seq": dice.below(20)})),
            7 => say(
                &mut self.mind,
                json!({"t": "page", "url": "http://localhost/x", "title": "X"}),
            ),
            _ => self.command(Deed::Send, None, json!({"text": "a word"})),
        }
    }
}

impl Agent {
    pub fn hear(&mut self, frames: Vec<Bytes>, now: Instant) {
        self.client.hear(frames, now);
        for frame in self.client.mind.memory_mut().unread.drain(..) {
            let named = frame.json.get("conversation").cloned();
            let conversation = named.and_then(|id| serde_json::from_value(id).ok());
            let Some(conversation) = conversation else {
                continue;
            };
            if frame.is("offer") {
                self.offers.insert(conversation);
            } else if frame.is("assigned") || frame.is("unassigned") {
                self.offers.remove(&conversation);
            }
        }
    }

    pub fn say(&mut self, frame: &serde_json::Value) {
        self.client.mind.memory_mut().say.push(frame.to_string());
    }

    /// `known` are all conversations there are, `colleagues` all agents.
    pub fn decides(
        &mut self,
        dice: &mut Dice,
        now: Instant,
        known: &[ConversationId],
        colleagues: &[String],
    ) -> Option<Act> {
        if self.client.socket.is_none() {
            return dice.chance(60).then(|| Act::Connect(self.client.hello()));
        }
        let offers: Vec<ConversationId> = self.offers.iter().copied().collect();
        let owned: Vec<ConversationId> = self.client.mind.owned.iter().copied().collect();
        match dice.below(100) {
            0..4 => return Some(Act::Leave),
            4..8 => return Some(Act::Talk(self.client.says_hello(now))),
            8..26 => {
                let status = dice.one_of(&["online", "online", "online", "away", "offline"]);
                self.say(&json!({"t": "status", "status": status, "capacity": dice.below(4)}));
            }
            26..32 => self.client.repeat(dice),
            32..50 => {
                if let Some(conversation) = dice.one_of(&offers) {
                    let answer = if dice.chance(70) { "accept" } else { "decline" };
                    self.say(&json!({"t": answer, "conversation": conversation}));
                }
            }
            50..84 => {
                if let Some(conversation) = dice.one_of(&owned) {
                    self.serves(dice, conversation, colleagues);
                }
            }
            _ => {
                if let Some(conversation) = dice.one_of(known) {
                    self.minds(dice, conversation);
                }
            }
        }
        Some(Act::Talk(self.client.says(now)))
    }

    /// Something to do with one's own.
    fn serves(&mut self, dice: &mut Dice, conversation: ConversationId, colleagues: &[String]) {
        let mut fields = json!({"conversation": conversation});
        let deed = match dice.below(20) {
            0..3 => {
                fields["tags"] = json!(["billing"]);
                Deed::Close
            }
            3..6 => {
                fields["to"] = match dice.one_of(colleagues).filter(|_| dice.chance(50)) {
                    Some(colleague) => json!({"agent": colleague}),
                    None => json!({"department": dice.one_of(&["support", "sales"])}),
                };
                if dice.chance(50) {
                    fields["note"] = json!("A good customer");
                }
                Deed::Transfer
            }
            6..8 => {
                fields["text"] = json!("Be kind");
                Deed::Note
            }
            8 => {
                return self.say(&json!({"t": "typing", "conversation": conversation, "on": true}));
            }
            9 => return self.say(&json!({"t": "read", "conversation": conversation, "seq": 9})),
            _ => {
                fields["text"] = json!("With pleasure");
                Deed::Send
            }
        };
        self.client.command(deed, Some(conversation), fields);
    }

    /// Something to do with anybody's.
    fn minds(&mut self, dice: &mut Dice, conversation: ConversationId) {
        let mut fields = json!({"conversation": conversation});
        let deed = dice
            .one_of(&[Deed::Take, Deed::Take, Deed::Note, Deed::Send])
            .unwrap();
        if deed != Deed::Take {
            fields["text"] = json!("Look at this");
        }
        match dice.below(10) {
            0..6 => self.client.command(deed, Some(conversation), fields),
            6..9 => self.client.mind.open(conversation, None),
            // What is shut before `opened` has come would be taken for open: clients wait for that.
            _ if self.client.mind.opened.contains(&conversation)
                && self.client.mind.memory().say.is_empty() =>
            {
                self.client.mind.shut(conversation);
            }
            _ => {}
        }
    }
}
