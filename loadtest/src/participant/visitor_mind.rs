//! What one visitor knows and may be told: the visitor's half of the contract as a state machine.
//!
//! Driven by the driver, read by the visitor's handle. Beyond what every mind checks it watches that the visitor stays the same person and that
//! the conversation of `welcome` is the one there must be.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fault::{Breach, Fault};
use super::mind::{End, Memory, Mind};
use super::timeline::View;
use super::wire::{
    AboutConversation, Ack, ConversationId, Event, Refusal, Role, ToVisitor, VisitorWelcome,
};

/// What a `hello` asked for, until `welcome` answers it.
struct Hello {
    epoch: Option<String>,
    conversation: Option<ConversationId>,
    after: Option<u64>,
    has_token: bool,
}

pub struct VisitorMind {
    memory: Memory,
    site: String,
    pub token: Option<String>,
    /// A signed identity: with it the visitor may become another one, legitimately.
    pub identity: Option<String>,
    pub visitor: Option<String>,
    pub conversation: Option<ConversationId>,
    /// Says `hello` without `after` when this is false, as a client does that kept only its token.
    pub resumes: bool,
    /// The next `hello` asks for everything after this, whatever was seen.
    pub after_once: Option<u64>,
    /// More fields for `hello` (`page`, `lang`, `tz`).
    pub hello_fields: Value,
    hellos: VecDeque<Hello>,
    token_was_given: bool,
}

impl VisitorMind {
    #[must_use]
    pub fn new(site: &str) -> Self {
        Self {
            memory: Memory::new(View::Visitor),
            site: site.to_owned(),
            token: None,
            identity: None,
            visitor: None,
            conversation: None,
            resumes: true,
            after_once: None,
            hello_fields: json!({"page": {"url": "http://localhost/demo/", "title": "Demo"}}),
            hellos: VecDeque::new(),
            token_was_given: false,
        }
    }

    /// The present conversation is open, as far as its events tell.
    #[must_use]
    pub fn has_open_conversation(&self) -> bool {
        let timeline = self
            .conversation
            .and_then(|conversation| self.memory.timelines.get(&conversation));
        timeline.is_some_and(|timeline| !timeline.story().is_closed())
    }

    fn welcome(&mut self, welcome: VisitorWelcome) {
        let hello = self.hellos.pop_front();
        let had_token = hello.as_ref().is_some_and(|hello| hello.has_token);
        let is_other = self
            .visitor
            .as_ref()
            .is_some_and(|visitor| *visitor != welcome.visitor);
        if is_other && had_token && self.identity.is_none() {
            let detail = format!("{:?} came back as {}", self.visitor, welcome.visitor);
            self.memory
                .fault(Fault::general(Breach::IdentityLost, detail));
        }
        let is_same_epoch = self.memory.enter_epoch(&welcome.epoch);
        let had_open = self.has_open_conversation();
        self.memory.welcomed();
        self.visitor = Some(welcome.visitor);
        self.token = Some(welcome.token);
        self.token_was_given = true;
        match welcome.conversation {
            Some(named) => {
                let hello = hello.filter(|hello| hello.conversation == Some(named.id));
                let after = hello
                    .filter(|hello| {
                        hello
                            .epoch
                            .as_ref()
                            .is_none_or(|epoch| *epoch == welcome.epoch)
                    })
                    .and_then(|hello| hello.after);
                // Of those before it nothing more comes over a socket, not even what was acknowledged at the last moment.
                let before = self.memory.timelines.keys().copied();
                for other in before
                    .filter(|other| *other != named.id)
                    .collect::<Vec<_>>()
                {
                    self.memory.ledger.stop_awaiting(other);
                }
                self.conversation = Some(named.id);
                self.memory
                    .start_following(named.id, after, named.seq, named.from_seq);
            }
            None => {
                let lost = self
                    .conversation
                    .take()
                    .filter(|_| is_same_epoch && had_open && !is_other);
                if let Some(lost) = lost {
                    let detail = "`welcome` names no conversation although one is open";
                    self.memory
                        .fault(Fault::of(Breach::HistoryLost, lost, detail));
                }
            }
        }
    }

    /// A conversation that this visitor (here or in another tab) has just begun.
    fn begin(&mut self, conversation: ConversationId) {
        if self.has_open_conversation() {
            let detail = format!("it began while {:?} was open", self.conversation);
            self.memory
                .fault(Fault::of(Breach::NotFollowed, conversation, detail));
        }
        self.memory.timeline(conversation).follow_after(0);
        self.conversation = Some(conversation);
    }

    fn is_new(&self, conversation: ConversationId) -> bool {
        !self.memory.timelines.contains_key(&conversation)
    }

    fn about(&mut self, about: &AboutConversation, frame_type: &str) {
        if self.is_new(about.conversation) {
            let detail = format!("`{frame_type}` of an unknown conversation");
            self.memory
                .fault(Fault::of(Breach::NotFollowed, about.conversation, detail));
        }
    }

    fn event(&mut self, event: &Event) {
        if self.is_new(event.conversation) && event.prev == 0 {
            self.begin(event.conversation);
        }
        self.memory.event(event, event.from.role != Role::Agent);
    }

    fn ack(&mut self, ack: Ack) {
        // The ack of a `start` may come before its events; one that is repeated after a reconnect may name an older conversation.
        if self.is_new(ack.conversation)
            && self.memory.ledger.is_start(ack.cmd)
            && !self.has_open_conversation()
        {
            self.begin(ack.conversation);
        }
        self.memory.ack(ack);
    }

    fn error(&mut self, refusal: Refusal, now: Instant) {
        if let Some(cmd) = refusal.cmd {
            self.memory.refusal(cmd, &refusal, now);
            return;
        }
        let is_hello = match &refusal.re {
            Some(re) => re == "hello",
            None => !self.memory.is_live,
        };
        if !is_hello {
            self.memory.nameless(&refusal);
            return;
        }
        let Some(hello) = self.hellos.pop_front() else {
            return;
        };
        if let Some(retry_ms) = refusal.retry_ms {
            self.memory.hello_at = Some(now + Duration::from_millis(retry_ms));
            return;
        }
        let is_after = refusal.code == "bad_field" && refusal.field.as_deref() == Some("after");
        if is_after && let (Some(conversation), Some(after)) = (hello.conversation, hello.after) {
            let detail = format!("`after` {after} is beyond the end of the log");
            self.memory
                .fault(Fault::of(Breach::HistoryLost, conversation, detail));
            self.memory.timelines.remove(&conversation);
            self.after_once = Some(0);
            self.memory.hello_at = Some(now);
            return;
        }
        if refusal.code == "unauthorized" && self.token_was_given && hello.has_token {
            let detail = "the token of an earlier `welcome` is refused";
            self.memory
                .fault(Fault::general(Breach::IdentityLost, detail));
        }
        self.memory.end = Some(End::Refused(refusal));
    }
}

impl Mind for VisitorMind {
    const PATH: &'static str = "/ws/visitor";

    fn memory(&self) -> &Memory {
        &self.memory
    }

    fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    fn hello(&mut self) -> String {
        let last_seq = |conversation| {
            self.memory
                .timelines
                .get(&conversation)
                .map_or(0, |timeline| timeline.last_seq())
        };
        let after = self
            .after_once
            .take()
            .or_else(|| self.conversation.filter(|_| self.resumes).map(last_seq));
        let hello = Hello {
            epoch: self.memory.epoch.clone(),
            conversation: self.conversation.filter(|_| after.is_some()),
            after,
            has_token: self.token.is_some(),
        };
        let mut frame = self.hello_fields.clone();
        let optional = [
            ("t", Some(json!("hello"))),
            ("site", Some(json!(self.site))),
            ("token", self.token.as_ref().map(|token| json!(token))),
            (
                "identity",
                self.identity.as_ref().map(|identity| json!(identity)),
            ),
            ("epoch", hello.epoch.as_ref().map(|epoch| json!(epoch))),
            (
                "conversation",
                hello.conversation.map(|conversation| json!(conversation)),
            ),
            (
                "after",
                after
                    .filter(|_| hello.conversation.is_some())
                    .map(|after| json!(after)),
            ),
        ];
        for (name, value) in optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
        {
            frame[name] = value;
        }
        self.memory.hello_at = None;
        self.hellos.push_back(hello);
        frame.to_string()
    }

    fn lose_socket(&mut self) {
        self.hellos.clear();
        self.memory.cut();
    }

    fn hear(&mut self, text: &str, now: Instant) {
        let Some(frame) = self.memory.read::<ToVisitor>(text) else {
            return;
        };
        match frame {
            ToVisitor::Welcome(welcome) => self.welcome(welcome),
            ToVisitor::Event(event) => self.event(&event),
            ToVisitor::Ack(ack) => self.ack(ack),
            ToVisitor::Queued(about) if self.is_new(about.conversation) => {
                self.begin(about.conversation)
            }
            ToVisitor::Queued(_) => {}
            ToVisitor::Queue(about) => self.about(&about, "queue"),
            ToVisitor::Assigned(about) => self.about(&about, "assigned"),
            ToVisitor::Error(refusal) => self.error(refusal, now),
            ToVisitor::Pong(pong) => self.memory.pong(pong),
            ToVisitor::Bye(bye) => self.memory.bye = Some(bye),
            ToVisitor::Typing {}
            | ToVisitor::Read {}
            | ToVisitor::Presence {}
            | ToVisitor::Unknown => {}
        }
    }
}
