//! What a visitor's and an agent's mind have in common: the memory of all they saw and said, without any network.
//!
//! The driver feeds a [`Mind`] with text frames and asks it what to say; the handles read it and put commands in. It
//! promises that every frame is checked before anybody is told of it, and that a breach is kept until somebody has heard of it.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::fault::{Breach, Fault};
use super::ledger::{Answer, Deed, Ledger};
use super::outbox::Outbox;
use super::timeline::{News, Timeline, View};
use super::wire::{Ack, Bye, CommandId, ConversationId, Event, Pong, Refusal};

/// Frames that a script has not looked at are kept up to this number; then the oldest go. A test looks at a few hundred.
const UNREAD_MAX: usize = 10_000;
/// Faults kept with their details; beyond that they are counted. The first ones tell the story.
const FAULTS_MAX: usize = 100;

/// One side of the contract, as a state machine.
pub trait Mind: Send + 'static {
    /// Where its socket is.
    const PATH: &'static str;

    fn memory(&self) -> &Memory;
    fn memory_mut(&mut self) -> &mut Memory;
    /// The `hello` of a new socket (or a repeated one), noted as said.
    fn hello(&mut self) -> String;
    /// The socket is gone, and with it every question that was under way.
    fn lose_socket(&mut self);
    /// Takes in one frame.
    fn hear(&mut self, text: &str, now: Instant);
}

/// A frame that a script can look at.
#[derive(Debug, Clone)]
pub struct Frame {
    pub json: Value,
    /// The event, where it is one.
    pub event: Option<Event>,
}

impl Frame {
    #[must_use]
    pub fn is(&self, frame_type: &str) -> bool {
        self.json.get("t").and_then(Value::as_str) == Some(frame_type)
    }
}

/// What a load meter is told of, in the moment it is seen and only the first time.
pub enum Sight<'a> {
    Event(&'a Event),
    Ack(&'a Ack),
    /// Also those that only ask for a pause.
    Refusal(&'a Refusal),
}

/// Is told what a participant sees, while the participant is locked: it must be quick and may not call back.
pub type Tap = Box<dyn FnMut(Sight<'_>) + Send>;

/// Why there will be no socket any more.
#[derive(Debug, Clone)]
pub enum End {
    Closed {
        code: u16,
        reason: String,
    },
    Upgrade {
        status: u16,
        retry_after_s: Option<u64>,
        body: String,
    },
    Connect {
        address: String,
        reason: String,
    },
    Refused(Refusal),
}

pub struct Memory {
    view: View,
    pub timelines: HashMap<ConversationId, Timeline>,
    pub ledger: Ledger,
    pub outbox: Outbox,
    pub epoch: Option<String>,
    /// `hello` was answered by `welcome` on the present socket.
    pub is_live: bool,
    /// How often `welcome` came.
    pub welcomes: u64,
    /// How often a socket was lost.
    pub cuts: u64,
    /// Frames to say at once that need no answer.
    pub say: Vec<String>,
    /// `hello` is to be said again at this moment.
    pub hello_at: Option<Instant>,
    pub bye: Option<Bye>,
    pub end: Option<End>,
    pub tap: Option<Tap>,
    /// Only a script looks at single frames; under load nobody does, and they are not kept.
    pub keeps_frames: bool,
    pub unread: VecDeque<Frame>,
    pub last_pong: Option<Pong>,
    pings: VecDeque<u64>,
    pings_said: u64,
    faults: Vec<Fault>,
    fault_count: u64,
}

impl Memory {
    #[must_use]
    pub fn new(view: View) -> Self {
        Self {
            view,
            timelines: HashMap::new(),
            ledger: Ledger::default(),
            outbox: Outbox::default(),
            epoch: None,
            is_live: false,
            welcomes: 0,
            cuts: 0,
            say: Vec::new(),
            hello_at: None,
            bye: None,
            end: None,
            tap: None,
            keeps_frames: true,
            unread: VecDeque::new(),
            last_pong: None,
            pings: VecDeque::new(),
            pings_said: 0,
            faults: Vec::new(),
            fault_count: 0,
        }
    }

    pub fn fault(&mut self, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    pub fn note(&mut self, outcome: Result<(), Fault>) {
        if let Err(fault) = outcome {
            self.fault(fault);
        }
    }

    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// All of them, also those whose details were not kept.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.fault_count
    }

    pub fn timeline(&mut self, conversation: ConversationId) -> &mut Timeline {
        let view = self.view;
        self.timelines
            .entry(conversation)
            .or_insert_with(|| Timeline::new(conversation, view))
    }

    #[must_use]
    pub fn follows(&self, conversation: ConversationId) -> bool {
        self.timelines
            .get(&conversation)
            .is_some_and(Timeline::is_followed)
    }

    /// Reads a frame, and keeps it for the script. A frame that is not what the contract says is a fault.
    pub fn read<T: DeserializeOwned>(&mut self, text: &str) -> Option<T> {
        if self.keeps_frames {
            let json: Value = serde_json::from_str(text).unwrap_or(Value::Null);
            let is_event = json.get("t").and_then(Value::as_str) == Some("event");
            let event = if is_event {
                serde_json::from_str(text).ok()
            } else {
                None
            };
            if self.unread.len() == UNREAD_MAX {
                self.unread.pop_front();
            }
            self.unread.push_back(Frame { json, event });
        }
        match serde_json::from_str(text) {
            Ok(frame) => Some(frame),
            Err(problem) => {
                let shown: String = text.chars().take(300).collect();
                self.fault(Fault::general(
                    Breach::BadFrame,
                    format!("{problem} in {shown}"),
                ));
                None
            }
        }
    }

    /// A new command, to be said as soon as its turn comes.
    pub fn command(
        &mut self,
        deed: Deed,
        lane: Option<ConversationId>,
        fields: Value,
    ) -> CommandId {
        let cmd = CommandId::fresh();
        self.command_as(cmd, deed, lane, fields);
        cmd
    }

    /// A command under a chosen id, for instance one that was used before.
    pub fn command_as(
        &mut self,
        cmd: CommandId,
        deed: Deed,
        lane: Option<ConversationId>,
        fields: Value,
    ) {
        let mut frame = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        // The note of a transfer goes into its `note` event, the text of all others into their `message` or `note`.
        let text = frame
            .get("text")
            .or_else(|| frame.get("note"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        self.ledger.commanded(cmd, deed, text);
        frame.insert("t".into(), deed.frame_type().into());
        frame.insert("cmd".into(), json!(cmd));
        self.outbox
            .push(lane, cmd, Value::Object(frame).to_string());
    }

    /// One event of a log that is followed.
    pub fn event(&mut self, event: &Event, is_own: bool) {
        let outcome = match self.timelines.get_mut(&event.conversation) {
            Some(timeline) => timeline.accept(event),
            None => Err(Fault::of(
                Breach::NotFollowed,
                event.conversation,
                format!("event {} of an unknown conversation", event.seq),
            )),
        };
        match outcome {
            Ok(News::Again) => {}
            Ok(News::Fresh) => {
                let outcome = self.ledger.happened(event, is_own);
                self.note(outcome);
                self.tell(Sight::Event(event));
            }
            Err(fault) => self.fault(fault),
        }
    }

    pub fn ack(&mut self, ack: Ack) {
        let is_news = self.ledger.answer(ack.cmd).is_none();
        let timeline = self.timelines.get(&ack.conversation);
        let entry = timeline
            .and_then(|timeline| timeline.entry(ack.seq))
            .copied();
        let is_followed = timeline.is_some_and(Timeline::is_followed);
        let outcome = self.ledger.acked(ack, entry.as_ref(), is_followed);
        self.note(outcome);
        self.outbox.answered(ack.cmd);
        if is_news {
            self.tell(Sight::Ack(&ack));
        }
    }

    /// A refusal of a command: to be repeated after a pause, or final.
    pub fn refusal(&mut self, cmd: CommandId, refusal: &Refusal, now: Instant) {
        self.tell(Sight::Refusal(refusal));
        match refusal.retry_ms {
            Some(retry_ms) => self.outbox.postponed(cmd, retry_ms, now),
            None => {
                self.outbox.answered(cmd);
                let outcome = self.ledger.refused(cmd, refusal.clone());
                self.note(outcome);
            }
        }
    }

    /// A refusal that names no command. If it asks for a repetition while a command is under way, nobody can tell of what.
    pub fn nameless(&mut self, refusal: &Refusal) {
        let could_be_command = refusal
            .re
            .as_deref()
            .is_none_or(|re| Deed::ALL.iter().any(|deed| deed.frame_type() == re));
        if refusal.retry_ms.is_some() && could_be_command && self.outbox.is_under_way() {
            let detail = format!("`error` {refusal} does not say what is to be repeated");
            self.fault(Fault::general(Breach::BadFrame, detail));
        }
    }

    fn tell(&mut self, sight: Sight<'_>) {
        if let Some(tap) = &mut self.tap {
            tap(sight);
        }
    }

    /// Says `ping` and gives its number.
    pub fn ping(&mut self) -> u64 {
        self.pings_said += 1;
        self.pings.push_back(self.pings_said);
        self.say
            .push(json!({"t": "ping", "n": self.pings_said}).to_string());
        self.pings_said
    }

    pub fn pong(&mut self, pong: Pong) {
        if self.pings.pop_front() != Some(pong.n) {
            self.fault(Fault::general(
                Breach::BadFrame,
                format!("pong {} answers no ping, or out of turn", pong.n),
            ));
        }
        self.last_pong = Some(pong);
    }

    /// A store with another epoch begins everything anew. Says whether the epoch is the one of before.
    pub fn enter_epoch(&mut self, epoch: &str) -> bool {
        let is_same = self.epoch.as_deref().is_none_or(|known| known == epoch);
        if !is_same {
            self.timelines.clear();
            self.ledger.forget_answered();
        }
        self.epoch = Some(epoch.to_owned());
        is_same
    }

    /// `welcome` came: following starts anew, first with nothing.
    pub fn welcomed(&mut self) {
        self.is_live = true;
        self.welcomes += 1;
        self.bye = None;
        self.timelines.values_mut().for_each(Timeline::unfollow);
    }

    /// The socket is gone.
    pub fn cut(&mut self) {
        // An attempt that failed is no socket lost.
        self.cuts += u64::from(self.is_live);
        self.is_live = false;
        self.hello_at = None;
        self.say.clear();
        self.pings.clear();
        self.outbox.cut();
        self.timelines.values_mut().for_each(Timeline::unfollow);
    }

    /// Where following starts, as `welcome`, `assigned` or `opened` tells: after an explicit `after`, else at `from_seq`.
    /// `seq` is the last event there is; fewer than were seen before means that history was lost.
    pub fn start_following(
        &mut self,
        conversation: ConversationId,
        after: Option<u64>,
        seq: u64,
        from_seq: u64,
    ) {
        let timeline = self.timeline(conversation);
        match after {
            Some(after) => timeline.follow_after(after),
            None => timeline.follow_from(from_seq),
        }
        let known = timeline.last_seq().max(after.unwrap_or(0));
        if seq < known {
            let detail = format!("events up to {known} were seen, and the log now ends at {seq}");
            self.fault(Fault::of(Breach::HistoryLost, conversation, detail));
        }
    }

    /// What is acknowledged and never came, as faults.
    #[must_use]
    pub fn missing(&self) -> Vec<Fault> {
        let awaited = self.ledger.awaited();
        awaited
            .map(|(conversation, seq, cmd)| {
                Fault::of(
                    Breach::AckLost,
                    conversation,
                    format!("{cmd} was acknowledged as event {seq}, which never came"),
                )
            })
            .collect()
    }

    /// Everything said is answered, and everything acknowledged has arrived.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_live && self.outbox.is_empty() && self.ledger.awaited().len() == 0
    }

    /// The answer to a command, taken for a script.
    #[must_use]
    pub fn answer(&self, cmd: CommandId) -> Option<Answer> {
        self.ledger.answer(cmd).cloned()
    }
}
