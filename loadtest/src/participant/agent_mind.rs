//! What one agent knows and may be told: the agent's half of the contract as a state machine.
//!
//! Driven by the driver, read by the agent's handle. Beyond what every mind checks it watches that each conversation is followed
//! exactly while it is the agent's or open, and is never taken without the event that takes it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fault::{Breach, Fault};
use super::mind::{End, Memory, Mind};
use super::story::Holder;
use super::timeline::View;
use super::wire::{
    AboutConversation, AgentWelcome, ConversationId, Event, Given, Refusal, Role, ToAgent,
    Unassigned,
};

/// What a `hello` asked for, until `welcome` answers it.
struct Hello {
    epoch: Option<String>,
    after: HashMap<ConversationId, u64>,
}

pub struct AgentMind {
    memory: Memory,
    pub me: Option<String>,
    /// Said again after each reconnect, where the server has another one.
    pub wanted_status: Option<(String, Option<u64>)>,
    pub wants_lanes: bool,
    /// The agent's own conversations.
    pub owned: HashSet<ConversationId>,
    /// Followed because the agent opened them.
    pub opened: HashSet<ConversationId>,
    hellos: VecDeque<Hello>,
    /// `open` frames not answered yet, with their `after`.
    opens: VecDeque<(ConversationId, Option<u64>)>,
    /// Shut on this socket. Nothing answers `shut`, so what the server wrote before it read it may still come.
    shut: HashSet<ConversationId>,
    /// Where following ended on this socket: there it goes on when it starts again.
    left_at: HashMap<ConversationId, u64>,
}

impl Default for AgentMind {
    fn default() -> Self {
        Self {
            memory: Memory::new(View::Agent),
            me: None,
            wanted_status: None,
            wants_lanes: false,
            owned: HashSet::new(),
            opened: HashSet::new(),
            hellos: VecDeque::new(),
            opens: VecDeque::new(),
            shut: HashSet::new(),
            left_at: HashMap::new(),
        }
    }
}

impl AgentMind {
    /// Says `open`, with an explicit `after` or without.
    pub fn open(&mut self, conversation: ConversationId, after: Option<u64>) {
        self.opens.push_back((conversation, after));
        let frame = match after {
            Some(after) => json!({"t": "open", "conversation": conversation, "after": after}),
            None => json!({"t": "open", "conversation": conversation}),
        };
        self.memory.say.push(frame.to_string());
    }

    /// Says `shut`. What is under way may still come, so the timeline stays ready for it.
    pub fn shut(&mut self, conversation: ConversationId) {
        self.opened.remove(&conversation);
        self.shut.insert(conversation);
        if !self.owned.contains(&conversation) {
            self.memory.ledger.stop_awaiting(conversation);
        }
        self.memory
            .say
            .push(json!({"t": "shut", "conversation": conversation}).to_string());
    }

    pub fn say_status(&mut self) {
        if let Some((status, capacity)) = &self.wanted_status {
            let frame = match capacity {
                Some(capacity) => json!({"t": "status", "status": status, "capacity": capacity}),
                None => json!({"t": "status", "status": status}),
            };
            self.memory.say.push(frame.to_string());
        }
    }

    fn welcome(&mut self, welcome: AgentWelcome) {
        let hello = self.hellos.pop_front();
        if !self.memory.enter_epoch(&welcome.epoch) {
            self.owned.clear();
            self.opened.clear();
        }
        let me = welcome.agent_id().map(str::to_owned);
        if me.is_none() {
            self.memory.fault(Fault::general(
                Breach::BadFrame,
                "`welcome` does not say who the agent is",
            ));
        }
        self.me = me;
        self.memory.welcomed();
        self.left_at.clear();
        self.opens.clear();
        self.shut.clear();
        let mut after = hello
            .filter(|hello| {
                hello
                    .epoch
                    .as_ref()
                    .is_none_or(|epoch| *epoch == welcome.epoch)
            })
            .map(|hello| hello.after)
            .unwrap_or_default();
        self.owned = welcome
            .conversations
            .iter()
            .map(|conversation| conversation.id)
            .collect();
        for named in &welcome.conversations {
            self.memory.start_following(
                named.id,
                after.remove(&named.id),
                named.seq,
                named.from_seq,
            );
        }
        // The others are no longer the agent's: their logs are sent up to the event that took them, then `unassigned`.
        for (conversation, after) in after {
            self.memory.timeline(conversation).follow_after(after);
            self.owned.insert(conversation);
        }
        let is_other = |(status, capacity): &(String, Option<u64>)| {
            *status != welcome.status
                || capacity.is_some_and(|capacity| capacity != welcome.capacity)
        };
        if self.wanted_status.as_ref().is_some_and(is_other) {
            self.say_status();
        }
        if self.wants_lanes {
            self.memory
                .say
                .push(json!({"t": "lanes", "on": true}).to_string());
        }
        let opened: Vec<ConversationId> = self.opened.iter().copied().collect();
        for conversation in opened {
            let after = self.memory.timeline(conversation).last_seq();
            self.open(conversation, Some(after));
        }
    }

    /// Following starts, or goes on: after `after` if one was given, else where it ended on this socket, else at `from_seq`.
    fn follow(&mut self, given: &Given, after: Option<u64>) {
        if after.is_none() && self.memory.follows(given.conversation) {
            return;
        }
        let after = after.or(self.left_at.remove(&given.conversation));
        self.memory
            .start_following(given.conversation, after, given.seq, given.from_seq);
    }

    fn opened(&mut self, given: &Given) {
        let asked = self
            .opens
            .iter()
            .position(|(conversation, _)| *conversation == given.conversation);
        match asked.and_then(|index| self.opens.remove(index)) {
            Some((conversation, after)) => {
                self.opened.insert(conversation);
                self.follow(given, after);
            }
            None => {
                self.memory.fault(Fault::of(
                    Breach::NotFollowed,
                    given.conversation,
                    "`opened` that nobody asked for",
                ));
            }
        }
    }

    fn unassigned(&mut self, unassigned: &Unassigned) {
        let conversation = unassigned.conversation;
        // An offer that ended is `unassigned` too, and was never followed.
        if !self.owned.remove(&conversation) {
            return;
        }
        let holder = self.memory.timeline(conversation).story().holder();
        let is_mine = matches!(holder, Holder::Agent { agent } if Some(agent) == self.me.as_ref());
        if is_mine {
            let detail = format!(
                "`unassigned` as {} without the event that takes it",
                unassigned.reason
            );
            self.memory
                .fault(Fault::of(Breach::TakenSilently, conversation, detail));
        }
        if self.opened.contains(&conversation) {
            return;
        }
        if self.shut.contains(&conversation) {
            self.memory.ledger.stop_awaiting(conversation);
        } else {
            self.stop_following(conversation);
        }
    }

    fn stop_following(&mut self, conversation: ConversationId) {
        self.memory.ledger.stop_awaiting(conversation);
        let timeline = self.memory.timeline(conversation);
        if let Some(position) = timeline.position() {
            self.left_at.insert(conversation, position);
        }
        timeline.unfollow();
    }

    fn event(&mut self, event: &Event) {
        let is_own = match event.from.role {
            Role::Agent => event.from.id == self.me,
            Role::System | Role::Bot => true,
            Role::Visitor => false,
        };
        self.memory.event(event, is_own);
    }

    fn about(&mut self, about: &AboutConversation, frame_type: &str) {
        if !self.memory.follows(about.conversation) {
            let detail = format!("`{frame_type}` of a conversation that is not followed");
            self.memory
                .fault(Fault::of(Breach::NotFollowed, about.conversation, detail));
        }
    }

    fn error(&mut self, refusal: Refusal, now: Instant) {
        if let Some(cmd) = refusal.cmd {
            self.memory.refusal(cmd, &refusal, now);
            return;
        }
        if refusal.re.as_deref() != Some("hello") && self.memory.is_live {
            self.memory.nameless(&refusal);
        }
        if let Some(conversation) = refusal.conversation {
            self.conversation_error(conversation, &refusal);
            return;
        }
        let is_hello = match &refusal.re {
            Some(re) => re == "hello",
            None => !self.memory.is_live,
        };
        if !is_hello || self.hellos.pop_front().is_none() {
            return;
        }
        if let Some(retry_ms) = refusal.retry_ms {
            self.memory.hello_at = Some(now + Duration::from_millis(retry_ms));
            return;
        }
        if refusal.code == "bad_field" {
            let detail = format!("`hello` with what was seen is refused: {refusal}");
            self.memory
                .fault(Fault::general(Breach::HistoryLost, detail));
        }
        self.memory.end = Some(End::Refused(refusal));
    }

    /// An `open` that is refused, or an id of `hello` that the agent may not see any more.
    fn conversation_error(&mut self, conversation: ConversationId, refusal: &Refusal) {
        let is_gone = matches!(refusal.code.as_str(), "forbidden" | "not_found");
        match refusal.re.as_deref() {
            Some("open") => {
                self.opens.retain(|(asked, _)| *asked != conversation);
                if is_gone {
                    self.opened.remove(&conversation);
                }
            }
            Some("hello") if is_gone => {
                self.owned.remove(&conversation);
                self.stop_following(conversation);
            }
            Some("hello") if refusal.code == "bad_field" => {
                let detail = format!("`hello` with what was seen is refused: {refusal}");
                self.memory
                    .fault(Fault::of(Breach::HistoryLost, conversation, detail));
            }
            _ => {}
        }
    }
}

impl Mind for AgentMind {
    const PATH: &'static str = "/ws/agent";

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
                .get(conversation)
                .map_or(0, |timeline| timeline.last_seq())
        };
        let after: HashMap<ConversationId, u64> = self
            .owned
            .iter()
            .map(|conversation| (*conversation, last_seq(conversation)))
            .collect();
        let mut frame = json!({"t": "hello"});
        if let Some(epoch) = &self.memory.epoch {
            frame["epoch"] = json!(epoch);
        }
        if !after.is_empty() {
            let members = after
                .iter()
                .map(|(conversation, seq)| (conversation.to_string(), json!(seq)));
            frame["after"] = Value::Object(members.collect());
        }
        self.memory.hello_at = None;
        self.hellos.push_back(Hello {
            epoch: self.memory.epoch.clone(),
            after,
        });
        frame.to_string()
    }

    fn lose_socket(&mut self) {
        self.hellos.clear();
        self.memory.cut();
    }

    fn hear(&mut self, text: &str, now: Instant) {
        let Some(frame) = self.memory.read::<ToAgent>(text) else {
            return;
        };
        match frame {
            ToAgent::Welcome(welcome) => self.welcome(welcome),
            ToAgent::Assigned(given) => {
                self.owned.insert(given.conversation);
                self.follow(&given, None);
            }
            ToAgent::Opened(given) => self.opened(&given),
            ToAgent::Unassigned(unassigned) => self.unassigned(&unassigned),
            ToAgent::Event(event) => self.event(&event),
            ToAgent::Ack(ack) => self.memory.ack(ack),
            ToAgent::Typing(about) => self.about(&about, "typing"),
            ToAgent::Read(about) => self.about(&about, "read"),
            ToAgent::Error(refusal) => self.error(refusal, now),
            ToAgent::Pong(pong) => self.memory.pong(pong),
            ToAgent::Bye(bye) => self.memory.bye = Some(bye),
            ToAgent::Offer(_)
            | ToAgent::Agent {}
            | ToAgent::Lanes {}
            | ToAgent::Waiting {}
            | ToAgent::Viewers {}
            | ToAgent::Visitors {}
            | ToAgent::Unknown => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(1));

    fn hear(mind: &mut AgentMind, frames: &[Value]) {
        for frame in frames {
            mind.hear(&frame.to_string(), Instant::now());
        }
    }

    fn event(seq: u64, kind: &str, fields: Value) -> Value {
        let mut frame = json!({
            "t": "event", "conversation": CONVERSATION, "seq": seq, "prev": seq - 1, "at": 100 + seq, "kind": kind,
            "from": {"role": "visitor", "id": "v"},
        });
        let object = frame.as_object_mut().unwrap();
        object.extend(fields.as_object().unwrap().clone());
        frame
    }

    /// An agent who owns a conversation that was opened too, and has its first two events.
    fn owner() -> AgentMind {
        let mut mind = AgentMind::default();
        mind.hello();
        hear(
            &mut mind,
            &[json!({
                "t": "welcome", "epoch": "e", "agent": {"id": "a", "name": "A", "role": "agent"}, "status": "online",
                "capacity": 3, "departments": ["support"], "conversations": [], "now": 100,
            })],
        );
        mind.open(CONVERSATION, None);
        let given = json!({
            "conversation": CONVERSATION, "visitor": {"id": "v"}, "department": "support", "seq": 2, "from_seq": 1,
        });
        let mut opened = given.clone();
        opened["t"] = json!("opened");
        opened["state"] = json!("active");
        let mut assigned = given;
        assigned["t"] = json!("assigned");
        assigned["waited_ms"] = json!(2);
        hear(
            &mut mind,
            &[
                opened,
                assigned,
                event(
                    1,
                    "queued",
                    json!({"department": "support", "enqueued_at": 101}),
                ),
                event(
                    2,
                    "assigned",
                    json!({"agent": {"id": "a", "name": "A"}, "department": "support", "waited_ms": 1}),
                ),
            ],
        );
        mind
    }

    fn close(mind: &mut AgentMind) {
        let closed = event(3, "closed", json!({"reason": "visitor"}));
        let unassigned =
            json!({"t": "unassigned", "conversation": CONVERSATION, "reason": "closed"});
        let rated = event(4, "rated", json!({"score": 5}));
        hear(mind, &[closed, unassigned, rated]);
    }

    #[test]
    fn what_was_under_way_when_it_was_shut_may_come() {
        let mut mind = owner();
        mind.shut(CONVERSATION);
        close(&mut mind);
        assert_eq!(mind.memory().faults(), &[]);
    }

    #[test]
    fn what_is_neither_owned_nor_opened_does_not_come() {
        let mut mind = owner();
        mind.opened.clear();
        close(&mut mind);
        let breaches: Vec<Breach> = mind
            .memory()
            .faults()
            .iter()
            .map(|fault| fault.breach)
            .collect();
        assert_eq!(breaches, [Breach::NotFollowed]);
    }
}
