//! Whatever people do, in whatever order: a log keeps its promises, and its fold says what the log says.
//!
//! A history is a list of tries by a visitor, three agents and the server; most are refused, which is part of it. What
//! must be allowed, what must be written and what must be true is derived a second time here, from the bare log and
//! the contract's words, and compared.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::{Command, Conversation, FileSender, Place, Room, Start, decide, start};
use crate::domain::seeded::hold;
use crate::model::event::{
    AgentName, Attachment, Body, CloseReason, Event, Fields, Mode, RequeueReason, Role, Sender,
    Seq, TransferredTo,
};
use crate::model::id::{AgentId, AttachmentId, ConversationId, DepartmentKey, SiteKey, VisitorId};
use crate::model::record::Status;
use crate::model::time::{At, Millis};

const BEGIN: At = At(1_700_000_000_000);
const AGENTS: usize = 3;

#[derive(Clone, Debug)]
struct Step {
    /// The clock's move before it; backwards too.
    move_ms: i64,
    agent: usize,
    other: usize,
    is_supervisor: bool,
    room: Option<(Status, u8, u32)>,
    deed: Deed,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Start,
    Say,
    Answer,
    Note,
    SayFile,
    AnswerFile,
    NoteFile,
    Leave,
    Abandon(i64),
    Rate,
    Assign { is_stale: bool },
    Take,
    TransferToAgent { with_note: bool },
    TransferToDepartment,
    StandIn { is_stale: bool },
    Close,
    Requeue,
    Away,
    Back,
    Warn { is_stale: bool },
    CloseIdle { is_stale: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let deed = prop_oneof![
        1 => Just(Deed::Start),
        3 => Just(Deed::Say),
        3 => Just(Deed::Answer),
        2 => Just(Deed::Note),
        1 => Just(Deed::SayFile),
        1 => Just(Deed::AnswerFile),
        1 => Just(Deed::NoteFile),
        1 => Just(Deed::Leave),
        1 => (-5_000_i64..5_000).prop_map(Deed::Abandon),
        1 => Just(Deed::Rate),
        4 => any::<bool>().prop_map(|is_stale| Deed::Assign { is_stale }),
        4 => Just(Deed::Take),
        3 => any::<bool>().prop_map(|with_note| Deed::TransferToAgent { with_note }),
        3 => Just(Deed::TransferToDepartment),
        2 => any::<bool>().prop_map(|is_stale| Deed::StandIn { is_stale }),
        1 => Just(Deed::Close),
        3 => Just(Deed::Requeue),
        2 => Just(Deed::Away),
        2 => Just(Deed::Back),
        2 => any::<bool>().prop_map(|is_stale| Deed::Warn { is_stale }),
        2 => any::<bool>().prop_map(|is_stale| Deed::CloseIdle { is_stale }),
    ];
    let status = prop_oneof![
        4 => Just(Status::Online),
        1 => Just(Status::Away),
        1 => Just(Status::Offline),
    ];
    let room = prop::option::weighted(0.9, (status, 0_u8..4, 0_u32..4));
    let people = (0..AGENTS, 0..AGENTS, any::<bool>());
    (-2_000_i64..10_000, people, room, deed).prop_map(
        |(move_ms, (agent, other, is_supervisor), room, deed)| Step {
            move_ms,
            agent,
            other,
            is_supervisor,
            room,
            deed,
        },
    )
}

/// What a log says, read without the fold.
struct Told {
    owner: Option<AgentId>,
    waits_since: Option<At>,
    is_closed: bool,
    is_rated: bool,
    is_away: bool,
    is_warned: bool,
    said_at: At,
    mode: Mode,
    placed_seq: Seq,
    department: DepartmentKey,
}

fn told_by(log: &[Event]) -> Told {
    let last_place = log.iter().rfind(|event| places(&event.body)).unwrap();
    let owner = match &last_place.body {
        Body::Assigned { agent, .. } => Some(agent.id),
        _ => None,
    };
    let is_closed = matches!(last_place.body, Body::Closed { .. });
    let is_waiting = owner.is_none() && !is_closed;
    let since_place = &log[usize::try_from(last_place.seq).unwrap()..];
    let is_word = |event: &&Event| {
        matches!(event.body, Body::Message { .. }) && event.from.role != Role::System
    };
    let speaks = |event: &&Event| {
        is_word(event) || matches!(event.body, Body::Queued { .. } | Body::Assigned { .. })
    };
    let warned_seq = log
        .iter()
        .rfind(|event| {
            matches!(event.body, Body::Message { .. }) && event.from.role == Role::System
        })
        .map_or(0, |event| event.seq);
    let spoken = log.iter().rfind(speaks).unwrap();
    Told {
        owner,
        waits_since: is_waiting.then_some(last_place.at),
        is_closed,
        is_rated: log
            .iter()
            .any(|event| matches!(event.body, Body::Rated { .. })),
        is_away: since_place
            .iter()
            .rfind(|event| matches!(event.body, Body::AgentAway { .. } | Body::AgentBack { .. }))
            .is_some_and(|event| matches!(event.body, Body::AgentAway { .. })),
        is_warned: warned_seq > spoken.seq,
        said_at: spoken.at,
        mode: log
            .iter()
            .find_map(|event| match event.body {
                Body::Queued { mode, .. } => Some(mode),
                _ => None,
            })
            .unwrap(),
        placed_seq: last_place.seq,
        department: log
            .iter()
            .rev()
            .find_map(|event| match &event.body {
                Body::Queued { department, .. }
                | Body::Transferred {
                    to: TransferredTo::Department(department),
                } => Some(department.clone()),
                _ => None,
            })
            .unwrap(),
    }
}

fn places(body: &Body) -> bool {
    match body {
        Body::Queued { .. }
        | Body::Assigned { .. }
        | Body::Transferred { .. }
        | Body::Requeued { .. }
        | Body::Closed { .. } => true,
        Body::Message { .. }
        | Body::AgentAway { .. }
        | Body::AgentBack { .. }
        | Body::Rated { .. }
        | Body::Note { .. } => false,
    }
}

/// Whether the contract allows it, and which kinds of event it makes.
fn allowed(told: &Told, command: &Command, room: Option<Room>) -> Option<Vec<&'static str>> {
    let has_room = room.is_some_and(|room| room.load < u32::from(room.capacity));
    let is_online = room.is_some_and(|room| room.status == Status::Online);
    let is_waiting = told.waits_since.is_some();
    let is_served = told.owner.is_some();
    // Whoever left a message is not expected to be there: no absence and no silence ends it.
    let is_live = told.mode == Mode::Chat;
    let is_of = |agent: AgentId| told.owner == Some(agent);
    let may =
        |agent: AgentId, is_supervisor: bool| is_of(agent) || (is_supervisor && !told.is_closed);
    let (is_allowed, kinds) = match command {
        Command::Start(_) => (false, vec![]),
        Command::VisitorSend { .. } => (!told.is_closed, vec!["message"]),
        Command::AgentSend { agent, .. } | Command::SendArticle { agent, .. } => {
            (is_of(agent.id), vec!["message"])
        }
        Command::Note { .. } => (true, vec!["note"]),
        Command::SendFile { by, .. } => match by {
            FileSender::Visitor => (!told.is_closed, vec!["message"]),
            FileSender::Agent(agent) => (is_of(agent.id), vec!["message"]),
            FileSender::Note(_) => (true, vec!["note"]),
        },
        Command::Leave => (!told.is_closed, vec!["closed"]),
        Command::Abandon { .. } => (is_waiting && is_live, vec!["closed"]),
        Command::Rate { .. } => (told.is_closed && !told.is_rated, vec!["rated"]),
        Command::Assign { placed_seq, .. } => {
            let is_current = told.placed_seq == *placed_seq;
            (is_waiting && is_current && has_room, vec!["assigned"])
        }
        Command::Take { .. } if is_waiting => (has_room, vec!["assigned"]),
        Command::Take {
            agent,
            is_supervisor,
        } => {
            let is_theirs = is_served && !is_of(agent.id);
            (
                is_theirs && *is_supervisor && has_room,
                vec!["transferred", "assigned"],
            )
        }
        Command::Transfer {
            agent,
            is_supervisor,
            to,
            note,
        } => {
            let mut kinds = if note.is_some() { vec!["note"] } else { vec![] };
            kinds.push("transferred");
            let may = may(agent.id, *is_supervisor);
            match to {
                TransferredTo::Department(_) => (may, kinds),
                TransferredTo::Agent(to) => {
                    kinds.push("assigned");
                    (may && !is_of(to.id) && is_online && has_room, kinds)
                }
            }
        }
        Command::StandIn { placed_seq, .. } => {
            let is_current = told.placed_seq == *placed_seq;
            (is_waiting && is_current, vec!["transferred"])
        }
        Command::Close {
            agent,
            is_supervisor,
            ..
        } => (may(agent.id, *is_supervisor), vec!["closed"]),
        Command::Requeue { agent, .. } => (is_of(*agent), vec!["requeued"]),
        Command::AgentAway { agent } => (is_of(*agent) && !told.is_away, vec!["agent_away"]),
        Command::AgentBack { agent } => (is_of(*agent) && told.is_away, vec!["agent_back"]),
        Command::WarnIdle { said_at, .. } => {
            let is_silent = is_served && is_live && told.said_at == *said_at;
            (is_silent && !told.is_warned, vec!["message"])
        }
        Command::CloseIdle { said_at } => {
            let is_silent = is_served && is_live && told.said_at == *said_at;
            (is_silent && told.is_warned, vec!["closed"])
        }
    };
    is_allowed.then_some(kinds)
}

/// The wait that an event at `at` ends, by the contract: since the start, the last `requeued` or the last `transferred`
/// to a department, whichever was last; nothing if somebody owns it.
fn wait_until(told: &Told, at: At) -> Option<Millis> {
    told.waits_since.map(|since| at - since)
}

struct History {
    conversation: Conversation,
    log: Vec<Event>,
    now: At,
    agents: Vec<AgentName>,
}

impl History {
    fn begin(priority: i8, mode: Mode, text: Option<String>) -> Self {
        let begin = Start {
            site: SiteKey::new("demo").unwrap(),
            visitor: VisitorId::fresh(),
            visitor_name: None,
            department: DepartmentKey::new("support").unwrap(),
            priority,
            mode,
            fields: Fields::new(),
            needs: Vec::new(),
            known_agent: None,
            text,
        };
        let (conversation, events) = start(ConversationId::fresh(), begin, BEGIN);
        let agents = (0..AGENTS).map(|number| AgentName {
            id: AgentId::fresh(),
            name: format!("agent {number}"),
        });
        let mut history = Self {
            conversation,
            log: Vec::new(),
            now: BEGIN,
            agents: agents.collect(),
        };
        history.write(events, BEGIN);
        history
    }

    fn write(&mut self, events: Vec<(Sender, Body)>, at: At) {
        for (from, body) in events {
            let event = Event {
                seq: self.conversation.seq + 1,
                at,
                cmd: None,
                from,
                body,
            };
            self.conversation.apply(&event);
            self.log.push(event);
        }
    }

    fn command(&self, step: &Step) -> Command {
        let agent = self.agents[step.agent].clone();
        let is_supervisor = step.is_supervisor;
        let text = "a text".to_owned();
        let sends = |by| Command::SendFile {
            by,
            attachment: Attachment {
                id: AttachmentId::fresh(),
                name: "a.txt".into(),
                media_type: "text/plain".into(),
                bytes: 5,
                width: None,
                height: None,
            },
        };
        let older = |is_stale: bool| if is_stale { 1 } else { 0 };
        let said_at = |is_stale| self.conversation.said_at - Millis(older(is_stale));
        match step.deed {
            Deed::Start => Command::Start(Start {
                site: self.conversation.site.clone(),
                visitor: self.conversation.visitor,
                visitor_name: None,
                department: self.conversation.department.clone(),
                priority: 0,
                mode: Mode::Chat,
                fields: Fields::new(),
                needs: Vec::new(),
                known_agent: None,
                text: None,
            }),
            Deed::Say => Command::VisitorSend { text },
            Deed::Answer => Command::AgentSend { agent, text },
            Deed::Note => Command::Note { agent, text },
            Deed::SayFile => sends(FileSender::Visitor),
            Deed::AnswerFile => sends(FileSender::Agent(agent)),
            Deed::NoteFile => sends(FileSender::Note(agent)),
            Deed::Leave => Command::Leave,
            Deed::Abandon(after_ms) => Command::Abandon {
                gone_at: self.now + Millis(after_ms),
            },
            Deed::Rate => Command::Rate {
                score: 4,
                comment: None,
            },
            Deed::Assign { is_stale } => Command::Assign {
                agent,
                placed_seq: self.conversation.placed_seq - u64::from(is_stale),
                why: None,
            },
            Deed::Take => Command::Take {
                agent,
                is_supervisor,
            },
            Deed::TransferToAgent { with_note } => Command::Transfer {
                agent,
                is_supervisor,
                to: TransferredTo::Agent(self.agents[step.other].clone()),
                note: with_note.then_some(text),
            },
            Deed::TransferToDepartment => Command::Transfer {
                agent,
                is_supervisor,
                to: TransferredTo::Department(DepartmentKey::new("sales").unwrap()),
                note: None,
            },
            Deed::StandIn { is_stale } => Command::StandIn {
                department: DepartmentKey::new("sales").unwrap(),
                placed_seq: self.conversation.placed_seq - u64::from(is_stale),
            },
            Deed::Close => Command::Close {
                agent,
                is_supervisor,
                tags: vec!["a".to_owned()],
            },
            Deed::Requeue => Command::Requeue {
                agent: agent.id,
                reason: RequeueReason::AgentGone,
            },
            Deed::Away => Command::AgentAway { agent: agent.id },
            Deed::Back => Command::AgentBack { agent: agent.id },
            Deed::Warn { is_stale } => Command::WarnIdle {
                said_at: said_at(is_stale),
                text,
            },
            Deed::CloseIdle { is_stale } => Command::CloseIdle {
                said_at: said_at(is_stale),
            },
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.now = self.now + Millis(step.move_ms);
        // As a store does it: a log's time never falls.
        let at = self.now.max(self.conversation.last_at);
        let command = self.command(step);
        let room = step.room.map(|(status, capacity, load)| Room {
            status,
            capacity,
            load,
        });
        let told = told_by(&self.log);
        let expected = allowed(&told, &command, room);
        let events = decide(&self.conversation, command.clone(), room, at).ok();
        let kinds = events.as_ref().map(|events| {
            let kinds = events.iter().map(|(_, body)| body.kind());
            kinds.collect::<Vec<_>>()
        });
        prop_assert_eq!(kinds, expected, "{:?}", command);
        let Some(events) = events else { return Ok(()) };
        for (_, body) in &events {
            self.check_measures(&told, &command, body, at)?;
        }
        self.write(events, at);
        self.check_fold()
    }

    /// The figures an event carries.
    fn check_measures(
        &self,
        told: &Told,
        command: &Command,
        body: &Body,
        at: At,
    ) -> Result<(), TestCaseError> {
        match body {
            Body::Assigned {
                waited_ms,
                department,
                ..
            } => {
                prop_assert_eq!(*waited_ms, wait_until(told, at).unwrap_or_default());
                prop_assert_eq!(department, &told.department);
            }
            Body::Closed {
                reason, waited_ms, ..
            } => {
                let expected = match reason {
                    CloseReason::Left => wait_until(told, at),
                    CloseReason::Abandoned => match command {
                        Command::Abandon { gone_at } => {
                            wait_until(told, *gone_at).map(|waited| waited.max(Millis(0)))
                        }
                        _ => None,
                    },
                    CloseReason::Agent | CloseReason::Visitor | CloseReason::System => None,
                };
                prop_assert_eq!(*waited_ms, expected);
            }
            Body::Requeued {
                department,
                enqueued_at,
                ..
            } => {
                prop_assert_eq!(*enqueued_at, BEGIN);
                prop_assert_eq!(department, &told.department);
            }
            _ => {}
        }
        Ok(())
    }

    /// The fold says what the log says.
    fn check_fold(&self) -> Result<(), TestCaseError> {
        let told = told_by(&self.log);
        let fold = &self.conversation;
        prop_assert_eq!(fold.owner().map(|owner| owner.id), told.owner);
        prop_assert_eq!(fold.is_open(), !told.is_closed);
        let since = match fold.place {
            Place::Waiting { since } => Some(since),
            Place::Served { .. } | Place::Closed { .. } => None,
        };
        prop_assert_eq!(since, told.waits_since);
        prop_assert_eq!(fold.is_rated, told.is_rated);
        prop_assert_eq!(fold.is_agent_away, told.is_away);
        prop_assert_eq!(fold.said_at, told.said_at);
        prop_assert_eq!(fold.mode, told.mode);
        prop_assert_eq!(fold.placed_seq, told.placed_seq);
        prop_assert_eq!(&fold.department, &told.department);
        prop_assert_eq!(fold.enqueued_at, BEGIN);
        prop_assert_eq!(fold.seq, self.log.len() as u64);
        prop_assert_eq!(Some(fold.last_at), self.log.last().map(|event| event.at));
        let shown = self.log.iter().rfind(|event| event.body.is_for_visitors());
        prop_assert_eq!(fold.visitor_seq, shown.map_or(0, |event| event.seq));
        if matches!(fold.place, Place::Served { .. }) {
            prop_assert_eq!(fold.idle_warned_at.is_some(), told.is_warned);
        }
        Ok(())
    }

    /// What must hold of any finished log.
    fn check_log(&self) -> Result<(), TestCaseError> {
        let end = self
            .log
            .iter()
            .position(|event| matches!(event.body, Body::Closed { .. }));
        let after = end.map_or(&[][..], |end| &self.log[end + 1..]);
        for event in after {
            let is_fit = matches!(event.body, Body::Rated { .. } | Body::Note { .. });
            prop_assert!(is_fit, "after the end: {:?}", event);
        }
        let rated = self
            .log
            .iter()
            .filter(|event| matches!(event.body, Body::Rated { .. }));
        prop_assert!(rated.count() <= 1);
        let mut owner = None;
        for event in &self.log {
            match &event.body {
                Body::Assigned { agent, .. } => {
                    prop_assert_eq!(owner, None, "two owners: {:?}", event);
                    owner = Some(agent.id);
                }
                Body::Transferred { .. } | Body::Requeued { .. } | Body::Closed { .. } => {
                    owner = None;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[test]
fn a_log_keeps_its_promises_whatever_people_do() {
    let mode = prop_oneof![3 => Just(Mode::Chat), 1 => Just(Mode::Message)];
    let begin = (-2..=2_i8, mode, prop::option::of("[a-z]{1,8}"));
    let steps = prop::collection::vec(step(), 1..60);
    hold(500, &(begin, steps), |((priority, mode, text), steps)| {
        let mut history = History::begin(priority, mode, text);
        history.check_fold()?;
        let key = history.conversation.order_key();
        for step in &steps {
            history.take(step)?;
        }
        prop_assert_eq!(history.conversation.order_key(), key);
        history.check_log()
    });
}

#[test]
fn whoever_waits_live_goes_before_every_left_message() {
    // Moments until the year 2100.
    let one = || (-2..=2_i8, 0..4_102_444_800_000_i64);
    hold(300, &(one(), one()), |(live, message)| {
        let key = |(priority, at), mode| {
            let mut history = History::begin(priority, mode, None);
            history.conversation.enqueued_at = At(at);
            history.conversation.order_key()
        };
        prop_assert!(key(live, Mode::Chat) < key(message, Mode::Message));
        let is_before = key(live, Mode::Chat) < key(message, Mode::Chat);
        let stays_before = key(live, Mode::Message) < key(message, Mode::Message);
        prop_assert_eq!(
            is_before,
            stays_before,
            "among themselves they go as live ones do"
        );
        Ok(())
    });
}
