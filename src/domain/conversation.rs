//! What may happen in a conversation, and what is true of it: the fold of its log.
//!
//! [`decide`] takes what is true now and a command and says which events follow, or why not. [`Conversation::apply`]
//! folds one event. Both are pure: a store calls `decide` inside the transaction that appends the events, so a
//! decision is never older than the log it is written to. Nothing here knows sockets, queues or people's rights to
//! see a conversation; those are the desk's.

use crate::model::event::{
    AgentName, ArticleName, Attachment, Body, CloseReason, Event, Fields, Mode, RequeueReason,
    Sender, Seq, TransferredTo, View,
};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, SiteKey, VisitorId};
use crate::model::record::{ReadMarks, Status};
use crate::model::time::{At, Millis};
use crate::model::why::{Rule, Why};

/// One step of priority moves a conversation so far forward in its line.
pub const PRIORITY_STEP: Millis = Millis(120_000);
/// A left message stands so far behind in its line: behind whoever waits live, for as long as anybody can wait, and
/// still below 2⁵³, so that every engine can keep the key as a number.
pub const BEHIND_LIVE: Millis = Millis(1 << 50);

/// The key that orders a conversation within its line, of what is fixed when it starts.
#[must_use]
pub fn order_key(enqueued_at: At, priority: i8, mode: Mode) -> i64 {
    let behind = match mode {
        Mode::Chat => Millis(0),
        Mode::Message => BEHIND_LIVE,
    };
    enqueued_at.0 - i64::from(priority) * PRIORITY_STEP.0 + behind.0
}

/// Everything that follows from a conversation's log.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Names it.
    pub id: ConversationId,
    /// Where it was started.
    pub site: SiteKey,
    /// By whom.
    pub visitor: VisitorId,
    /// The name the visitor gave, shown beside their messages.
    pub visitor_name: Option<String>,
    /// Whose line it waits in or waited in last.
    pub department: DepartmentKey,
    /// −2 … 2, fixed when it was started.
    pub priority: i8,
    /// Chat now or answer later; fixed.
    pub mode: Mode,
    /// When the place in the line was taken; fixed.
    pub enqueued_at: At,
    /// Languages or skills asked for, most important first; fixed.
    pub needs: Vec<String>,
    /// Who served the visitor in the conversation before this one; fixed, and no part of the log.
    pub known_agent: Option<AgentId>,
    /// Waiting, served or closed.
    pub place: Place,
    /// The event that put it there: who acts on a place names it, so that an older decision is refused.
    pub placed_seq: Seq,
    /// The last event.
    pub seq: Seq,
    /// The last event that the visitor may see.
    pub visitor_seq: Seq,
    /// When the last event was written.
    pub last_at: At,
    /// When somebody last said something, or an agent joined.
    pub said_at: At,
    /// When the idle warning was written, if nobody said anything since.
    pub idle_warned_at: Option<At>,
    /// Whether the owner's sockets are gone and the grace time runs.
    pub is_agent_away: bool,
    /// Whether the visitor has rated it.
    pub is_rated: bool,
    /// What it was filed under.
    pub tags: Vec<String>,
    /// Who has read how far. A state beside the log, not of it.
    pub read: ReadMarks,
}

/// Where a conversation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In its department's line; the present wait began at `since`.
    Waiting {
        /// Start of the present wait.
        since: At,
    },
    /// With an agent.
    Served {
        /// The owner.
        agent: AgentName,
    },
    /// Over.
    Closed {
        /// Why.
        reason: CloseReason,
        /// When.
        at: At,
    },
}

/// A command on a conversation, its words already within the contract's limits.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A visitor takes a place in a line. The only command on a conversation that does not exist yet.
    Start(Start),
    /// The visitor says something.
    VisitorSend {
        /// What.
        text: String,
    },
    /// The owning agent says something.
    AgentSend {
        /// Who.
        agent: AgentName,
        /// What.
        text: String,
    },
    /// The owning agent sends an article that is published on the conversation's site.
    SendArticle {
        /// Who.
        agent: AgentName,
        /// What is said with it.
        text: String,
        /// Which.
        article: ArticleName,
    },
    /// Somebody at the desk leaves a note for the others.
    Note {
        /// Who.
        agent: AgentName,
        /// What.
        text: String,
    },
    /// Somebody sends a file that they uploaded for this conversation.
    SendFile {
        /// Who, and to whom.
        by: FileSender,
        /// What. The store sees to it that it is theirs and sent once.
        attachment: Attachment,
    },
    /// The visitor gives up the place, or ends the chat.
    Leave,
    /// The visitor's grace time ran out.
    Abandon {
        /// When the last socket went: the wait is measured to here.
        gone_at: At,
    },
    /// The visitor rates a closed conversation.
    Rate {
        /// 1 … 5.
        score: u8,
        /// In their words.
        comment: Option<String>,
    },
    /// Pairing found an agent, or the agent accepted an offer.
    Assign {
        /// The owner to be.
        agent: AgentName,
        /// The place the decision was made on.
        placed_seq: Seq,
        /// How it was made; none where the agent asked for it themselves.
        why: Option<Why>,
    },
    /// An agent takes a waiting conversation out of turn, or (supervisor) somebody else's.
    Take {
        /// Who.
        agent: AgentName,
        /// Whether they may take what somebody else owns.
        is_supervisor: bool,
    },
    /// The owner, or a supervisor, hands it on.
    Transfer {
        /// Who.
        agent: AgentName,
        /// Whether they may transfer what somebody else owns.
        is_supervisor: bool,
        /// To whom.
        to: TransferredTo,
        /// A word for whoever takes it.
        note: Option<String>,
    },
    /// The department closed while it waited there, and another stands in: it goes on waiting there, at its place in time.
    StandIn {
        /// Which.
        department: DepartmentKey,
        /// The place the decision was made on.
        placed_seq: Seq,
    },
    /// The owner, or a supervisor, ends it.
    Close {
        /// Who.
        agent: AgentName,
        /// Whether they may close what somebody else owns or nobody does.
        is_supervisor: bool,
        /// What it is filed under.
        tags: Vec<String>,
    },
    /// The owner is gone for good: back to the old place.
    Requeue {
        /// Who is gone.
        agent: AgentId,
        /// Why.
        reason: RequeueReason,
    },
    /// The owner's sockets are gone.
    AgentAway {
        /// Whose.
        agent: AgentId,
    },
    /// The owner is back.
    AgentBack {
        /// Who.
        agent: AgentId,
    },
    /// Nobody said anything for the department's idle limit.
    WarnIdle {
        /// When somebody last did, as far as the decision knows.
        said_at: At,
        /// The warning.
        text: String,
    },
    /// Nothing was said after the warning either.
    CloseIdle {
        /// When somebody last did, as far as the decision knows.
        said_at: At,
    },
}

/// Who sends a file, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileSender {
    /// The visitor, to the desk.
    Visitor,
    /// The owning agent, to the visitor.
    Agent(AgentName),
    /// Somebody at the desk, to the others there.
    Note(AgentName),
}

/// What starts a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// On which site.
    pub site: SiteKey,
    /// Who.
    pub visitor: VisitorId,
    /// The name to show, from the fields or the identity.
    pub visitor_name: Option<String>,
    /// Whose line.
    pub department: DepartmentKey,
    /// −2 … 2.
    pub priority: i8,
    /// Chat now or answer later.
    pub mode: Mode,
    /// What the visitor filled in.
    pub fields: Fields,
    /// Languages or skills asked for, most important first.
    pub needs: Vec<String>,
    /// Who served the visitor in the conversation before this one.
    pub known_agent: Option<AgentId>,
    /// The first message.
    pub text: Option<String>,
}

/// The room an agent has, read in the transaction that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// As in the agents' journal.
    pub status: Status,
    /// Conversations at once.
    pub capacity: u8,
    /// Conversations owned now.
    pub load: u32,
}

/// Why a command does not apply. Final: nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such conversation.
    #[error("There is no such conversation.")]
    NotThere,
    /// The conversation is not in a state where this makes sense.
    #[error("{0}")]
    WrongState(&'static str),
    /// Somebody else owns it.
    #[error("This conversation belongs to {}.", .0.name)]
    NotYours(AgentName),
    /// It is the agent's own already.
    #[error("This conversation is yours already.")]
    AlreadyYours,
    /// The agent who should get it has no room or is not online.
    #[error("{0}")]
    NoRoom(&'static str),
    /// The conversation moved since the decision was made.
    #[error("Somebody else was faster.")]
    Moved,
    /// The visitor has an open conversation already.
    #[error("You have a conversation open already.")]
    OpenAlready,
    /// The file was not uploaded, not by them, or not for this conversation.
    #[error("There is no such file. Upload it again.")]
    NoSuchFile,
    /// The file was sent before, by another command.
    #[error("This file was sent already.")]
    FileSent,
}

impl Command {
    /// The agent whose room the decision needs to know, if it would give them the conversation.
    #[must_use]
    pub fn needs_room_of(&self) -> Option<AgentId> {
        match self {
            Command::Assign { agent, .. } | Command::Take { agent, .. } => Some(agent.id),
            Command::Transfer {
                to: TransferredTo::Agent(agent),
                ..
            } => Some(agent.id),
            Command::Transfer {
                to: TransferredTo::Department(_),
                ..
            }
            | Command::Start(_)
            | Command::VisitorSend { .. }
            | Command::AgentSend { .. }
            | Command::SendArticle { .. }
            | Command::Note { .. }
            | Command::SendFile { .. }
            | Command::Leave
            | Command::Abandon { .. }
            | Command::Rate { .. }
            | Command::StandIn { .. }
            | Command::Close { .. }
            | Command::Requeue { .. }
            | Command::AgentAway { .. }
            | Command::AgentBack { .. }
            | Command::WarnIdle { .. }
            | Command::CloseIdle { .. } => None,
        }
    }
}

/// The events that start a conversation at `at`, and the conversation they make.
///
/// The caller makes sure that the visitor has no other open one.
#[must_use]
pub fn start(id: ConversationId, start: Start, at: At) -> (Conversation, Vec<(Sender, Body)>) {
    let from = Sender::visitor(start.visitor, start.visitor_name.clone());
    let conversation = Conversation {
        id,
        site: start.site,
        visitor: start.visitor,
        visitor_name: start.visitor_name,
        department: start.department.clone(),
        priority: start.priority,
        mode: start.mode,
        enqueued_at: at,
        needs: start.needs.clone(),
        known_agent: start.known_agent,
        place: Place::Waiting { since: at },
        placed_seq: 0,
        seq: 0,
        visitor_seq: 0,
        last_at: at,
        said_at: at,
        idle_warned_at: None,
        is_agent_away: false,
        is_rated: false,
        tags: Vec::new(),
        read: ReadMarks::default(),
    };
    let queued = Body::Queued {
        department: start.department,
        enqueued_at: at,
        mode: start.mode,
        fields: start.fields,
        needs: start.needs,
        priority: Some(start.priority),
    };
    let mut events = vec![(from.clone(), queued)];
    if let Some(text) = start.text {
        events.push((from, Body::said(text)));
    }
    (conversation, events)
}

/// The events that a command on an existing conversation makes at `at`, in their order.
///
/// `room` is that of [`Command::needs_room_of`], `None` if there is no such agent any more.
pub fn decide(
    conversation: &Conversation,
    command: Command,
    room: Option<Room>,
    at: At,
) -> Result<Vec<(Sender, Body)>, Refusal> {
    match command {
        Command::Start(_) => Err(Refusal::OpenAlready),
        Command::VisitorSend { text } => {
            conversation.open_or("The chat is over. You can start a new one.")?;
            Ok(vec![(conversation.visitor_sender(), Body::said(text))])
        }
        Command::AgentSend { agent, text } => {
            conversation.owned_by(&agent, false)?;
            Ok(vec![(Sender::agent(&agent), Body::said(text))])
        }
        Command::SendArticle {
            agent,
            text,
            article,
        } => {
            conversation.owned_by(&agent, false)?;
            let said = Body::Message {
                text,
                attachment: None,
                article: Some(article),
            };
            Ok(vec![(Sender::agent(&agent), said)])
        }
        Command::Note { agent, text } => Ok(vec![(Sender::agent(&agent), Body::noted(text))]),
        Command::SendFile { by, attachment } => conversation.send_file(by, attachment),
        Command::Leave => conversation.leave(at),
        Command::Abandon { gone_at } => {
            let since = conversation.waiting_or("It no longer waits.")?;
            if conversation.mode == Mode::Message {
                return Err(Refusal::WrongState(
                    "A message that was left needs no socket.",
                ));
            }
            let waited_ms = Millis((gone_at - since).0.max(0));
            Ok(vec![closed(
                Sender::system(),
                CloseReason::Abandoned,
                Some(waited_ms),
                None,
            )])
        }
        Command::Rate { score, comment } => conversation.rate(score, comment),
        Command::Assign {
            agent,
            placed_seq,
            why,
        } => conversation.assign(agent, placed_seq, why, room, at),
        Command::Take {
            agent,
            is_supervisor,
        } => conversation.take(agent, is_supervisor, room, at),
        Command::Transfer {
            agent,
            is_supervisor,
            to,
            note,
        } => conversation.transfer(&agent, is_supervisor, to, note, room, at),
        Command::StandIn {
            department,
            placed_seq,
        } => {
            conversation.waits_at(placed_seq)?;
            let to = TransferredTo::Department(department);
            Ok(vec![(Sender::system(), Body::Transferred { to })])
        }
        Command::Close {
            agent,
            is_supervisor,
            tags,
        } => {
            conversation.owned_by(&agent, is_supervisor)?;
            Ok(vec![closed(
                Sender::agent(&agent),
                CloseReason::Agent,
                None,
                Some(tags),
            )])
        }
        Command::Requeue { agent, reason } => {
            conversation.served_by(agent)?;
            Ok(vec![(
                Sender::system(),
                Body::Requeued {
                    department: conversation.department.clone(),
                    enqueued_at: conversation.enqueued_at,
                    reason,
                },
            )])
        }
        Command::AgentAway { agent } => {
            let agent = conversation.served_by(agent)?;
            if conversation.is_agent_away {
                return Err(Refusal::WrongState("The agent is known to be away."));
            }
            Ok(vec![(Sender::system(), Body::AgentAway { agent })])
        }
        Command::AgentBack { agent } => {
            let agent = conversation.served_by(agent)?;
            if !conversation.is_agent_away {
                return Err(Refusal::WrongState("The agent was not away."));
            }
            Ok(vec![(Sender::system(), Body::AgentBack { agent })])
        }
        Command::WarnIdle { said_at, text } => {
            conversation.silent_since(said_at, false)?;
            Ok(vec![(Sender::system(), Body::said(text))])
        }
        Command::CloseIdle { said_at } => {
            conversation.silent_since(said_at, true)?;
            Ok(vec![closed(
                Sender::system(),
                CloseReason::System,
                None,
                None,
            )])
        }
    }
}

fn closed(
    from: Sender,
    reason: CloseReason,
    waited_ms: Option<Millis>,
    tags: Option<Vec<String>>,
) -> (Sender, Body) {
    (
        from,
        Body::Closed {
            reason,
            waited_ms,
            tags,
        },
    )
}

impl Room {
    /// Why it came to the one agent who was asked.
    fn why(self, rule: Rule) -> Why {
        Why {
            rule,
            load: self.load,
            capacity: self.capacity,
            idle_ms: None,
            eligible: 1,
        }
    }
}

fn has_room(room: Option<Room>) -> Result<Room, Refusal> {
    match room {
        None => Err(Refusal::NoRoom("This agent is no longer at the desk.")),
        Some(room) if room.load >= u32::from(room.capacity) => {
            Err(Refusal::NoRoom("There is no room: all places are taken."))
        }
        Some(room) => Ok(room),
    }
}

fn is_online(room: Option<Room>) -> Result<(), Refusal> {
    match room {
        Some(Room {
            status: Status::Online,
            ..
        }) => Ok(()),
        Some(_) | None => Err(Refusal::NoRoom("This agent is not online.")),
    }
}

impl Conversation {
    /// Whether it is neither closed nor about to be.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.place, Place::Closed { .. })
    }

    /// The agent who owns it now.
    #[must_use]
    pub fn owner(&self) -> Option<&AgentName> {
        match &self.place {
            Place::Served { agent } => Some(agent),
            Place::Waiting { .. } | Place::Closed { .. } => None,
        }
    }

    /// The last event that this view shows.
    #[must_use]
    pub fn seq_for(&self, view: View) -> Seq {
        match view {
            View::Visitor => self.visitor_seq,
            View::Agent => self.seq,
        }
    }

    /// The key that orders it within its line: smaller is served first; equal ones go by id.
    #[must_use]
    pub fn order_key(&self) -> i64 {
        order_key(self.enqueued_at, self.priority, self.mode)
    }

    /// Folds one event.
    ///
    /// # Panics
    /// When the event is not the next of the log: only our own mistake can cause that.
    pub fn apply(&mut self, event: &Event) {
        assert!(event.seq == self.seq + 1, "a log has no gaps");
        assert!(
            event.at >= self.last_at || self.seq == 0,
            "time never falls within a log"
        );
        self.seq = event.seq;
        self.last_at = event.at;
        if event.body.is_for_visitors() {
            self.visitor_seq = event.seq;
        }
        match &event.body {
            Body::Queued {
                department,
                enqueued_at,
                mode,
                needs,
                ..
            } => {
                self.department = department.clone();
                self.mode = *mode;
                self.needs.clone_from(needs);
                self.enqueued_at = *enqueued_at;
                self.place_at(
                    Place::Waiting {
                        since: *enqueued_at,
                    },
                    event.seq,
                );
                self.said_at = event.at;
            }
            Body::Message { .. } => {
                let is_warning = event.from == Sender::system();
                self.idle_warned_at = is_warning.then_some(event.at);
                if !is_warning {
                    self.said_at = event.at;
                }
            }
            Body::Assigned {
                agent, department, ..
            } => {
                self.department = department.clone();
                self.place_at(
                    Place::Served {
                        agent: agent.clone(),
                    },
                    event.seq,
                );
                self.said_at = event.at;
                self.idle_warned_at = None;
            }
            Body::Transferred {
                to: TransferredTo::Department(department),
            } => {
                self.department = department.clone();
                self.place_at(Place::Waiting { since: event.at }, event.seq);
            }
            // The `assigned` that follows in the same step names the owner; between the two nobody is.
            Body::Transferred {
                to: TransferredTo::Agent(_),
            } => {
                self.place_at(Place::Waiting { since: event.at }, event.seq);
            }
            Body::Requeued { .. } => self.place_at(Place::Waiting { since: event.at }, event.seq),
            Body::AgentAway { .. } => self.is_agent_away = true,
            Body::AgentBack { .. } => self.is_agent_away = false,
            Body::Closed { reason, tags, .. } => {
                self.place_at(
                    Place::Closed {
                        reason: *reason,
                        at: event.at,
                    },
                    event.seq,
                );
                if let Some(tags) = tags {
                    self.tags.clone_from(tags);
                }
            }
            Body::Rated { .. } => self.is_rated = true,
            Body::Note { .. } => {}
        }
    }

    fn place_at(&mut self, place: Place, seq: Seq) {
        self.place = place;
        self.placed_seq = seq;
        self.is_agent_away = false;
    }

    fn visitor_sender(&self) -> Sender {
        Sender::visitor(self.visitor, self.visitor_name.clone())
    }

    fn open_or(&self, message: &'static str) -> Result<(), Refusal> {
        if self.is_open() {
            Ok(())
        } else {
            Err(Refusal::WrongState(message))
        }
    }

    fn waiting_or(&self, message: &'static str) -> Result<At, Refusal> {
        match self.place {
            Place::Waiting { since } => Ok(since),
            Place::Served { .. } | Place::Closed { .. } => Err(Refusal::WrongState(message)),
        }
    }

    /// It still waits where a decision found it.
    fn waits_at(&self, placed_seq: Seq) -> Result<(), Refusal> {
        let is_there = self.placed_seq == placed_seq;
        match self.place {
            Place::Waiting { .. } if is_there => Ok(()),
            Place::Waiting { .. } | Place::Served { .. } | Place::Closed { .. } => {
                Err(Refusal::Moved)
            }
        }
    }

    /// The agent owns it, or is a supervisor and it is open.
    fn owned_by(&self, agent: &AgentName, is_supervisor: bool) -> Result<(), Refusal> {
        match &self.place {
            Place::Closed { .. } => Err(Refusal::WrongState("This conversation is closed.")),
            Place::Served { agent: owner } if owner.id == agent.id => Ok(()),
            Place::Served { .. } | Place::Waiting { .. } if is_supervisor => Ok(()),
            Place::Served { agent: owner } => Err(Refusal::NotYours(owner.clone())),
            Place::Waiting { .. } => Err(Refusal::WrongState(
                "This conversation waits in line. Take it first.",
            )),
        }
    }

    fn served_by(&self, agent: AgentId) -> Result<AgentName, Refusal> {
        match &self.place {
            Place::Served { agent: owner } if owner.id == agent => Ok(owner.clone()),
            Place::Served { .. } | Place::Waiting { .. } | Place::Closed { .. } => {
                Err(Refusal::Moved)
            }
        }
    }

    fn silent_since(&self, said_at: At, is_warned: bool) -> Result<(), Refusal> {
        // Whoever left a message is not expected to sit there and answer.
        let is_so = self.mode == Mode::Chat
            && matches!(self.place, Place::Served { .. })
            && self.said_at == said_at
            && self.idle_warned_at.is_some() == is_warned;
        if is_so { Ok(()) } else { Err(Refusal::Moved) }
    }

    fn send_file(
        &self,
        by: FileSender,
        attachment: Attachment,
    ) -> Result<Vec<(Sender, Body)>, Refusal> {
        let said = |attachment| Body::Message {
            text: String::new(),
            attachment: Some(attachment),
            article: None,
        };
        Ok(vec![match by {
            FileSender::Visitor => {
                self.open_or("The chat is over. You can start a new one.")?;
                (self.visitor_sender(), said(attachment))
            }
            FileSender::Agent(agent) => {
                self.owned_by(&agent, false)?;
                (Sender::agent(&agent), said(attachment))
            }
            FileSender::Note(agent) => {
                let (text, attachment) = (String::new(), Some(attachment));
                (Sender::agent(&agent), Body::Note { text, attachment })
            }
        }])
    }

    fn leave(&self, at: At) -> Result<Vec<(Sender, Body)>, Refusal> {
        let from = self.visitor_sender();
        match &self.place {
            Place::Waiting { since } => Ok(vec![closed(
                from,
                CloseReason::Left,
                Some(at - *since),
                None,
            )]),
            Place::Served { .. } => Ok(vec![closed(from, CloseReason::Visitor, None, None)]),
            Place::Closed { .. } => Err(Refusal::WrongState("The chat is over already.")),
        }
    }

    fn rate(&self, score: u8, comment: Option<String>) -> Result<Vec<(Sender, Body)>, Refusal> {
        if self.is_open() {
            return Err(Refusal::WrongState(
                "A chat can be rated once it is closed.",
            ));
        }
        if self.is_rated {
            return Err(Refusal::WrongState("You have rated this chat already."));
        }
        Ok(vec![(
            self.visitor_sender(),
            Body::Rated { score, comment },
        )])
    }

    /// The present wait as it would end at `at`; nothing where nobody waits.
    fn waited_until(&self, at: At) -> Millis {
        match self.place {
            Place::Waiting { since } => at - since,
            Place::Served { .. } | Place::Closed { .. } => Millis(0),
        }
    }

    fn assigned_to(&self, agent: AgentName, waited_ms: Millis, why: Why) -> (Sender, Body) {
        (
            Sender::system(),
            Body::Assigned {
                agent,
                department: self.department.clone(),
                waited_ms,
                why: Some(why),
            },
        )
    }

    fn assign(
        &self,
        agent: AgentName,
        placed_seq: Seq,
        why: Option<Why>,
        room: Option<Room>,
        at: At,
    ) -> Result<Vec<(Sender, Body)>, Refusal> {
        if self.owner().is_some_and(|owner| owner.id == agent.id) {
            return Err(Refusal::AlreadyYours);
        }
        self.waits_at(placed_seq)?;
        let room = has_room(room)?;
        let why = why.unwrap_or_else(|| room.why(Rule::Taken));
        Ok(vec![self.assigned_to(agent, self.waited_until(at), why)])
    }

    fn take(
        &self,
        agent: AgentName,
        is_supervisor: bool,
        room: Option<Room>,
        at: At,
    ) -> Result<Vec<(Sender, Body)>, Refusal> {
        match &self.place {
            Place::Closed { .. } => Err(Refusal::WrongState("This conversation is closed.")),
            Place::Waiting { .. } => {
                let why = has_room(room)?.why(Rule::Taken);
                Ok(vec![self.assigned_to(agent, self.waited_until(at), why)])
            }
            Place::Served { agent: owner } if owner.id == agent.id => Err(Refusal::AlreadyYours),
            Place::Served { agent: owner } if !is_supervisor => {
                Err(Refusal::NotYours(owner.clone()))
            }
            Place::Served { .. } => {
                let why = has_room(room)?.why(Rule::Taken);
                let to = TransferredTo::Agent(agent.clone());
                Ok(vec![
                    (Sender::agent(&agent), Body::Transferred { to }),
                    self.assigned_to(agent, Millis(0), why),
                ])
            }
        }
    }

    fn transfer(
        &self,
        by: &AgentName,
        is_supervisor: bool,
        to: TransferredTo,
        note: Option<String>,
        room: Option<Room>,
        at: At,
    ) -> Result<Vec<(Sender, Body)>, Refusal> {
        self.owned_by(by, is_supervisor)?;
        let from = Sender::agent(by);
        let mut events: Vec<(Sender, Body)> = note
            .into_iter()
            .map(|text| (from.clone(), Body::noted(text)))
            .collect();
        if let TransferredTo::Agent(agent) = &to {
            if self.owner().is_some_and(|owner| owner.id == agent.id) {
                return Err(Refusal::NoRoom("This agent has the conversation already."));
            }
            is_online(room)?;
        }
        events.push((from, Body::Transferred { to: to.clone() }));
        if let TransferredTo::Agent(agent) = to {
            let why = has_room(room)?.why(Rule::Transferred);
            events.push(self.assigned_to(agent, self.waited_until(at), why));
        }
        Ok(events)
    }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
