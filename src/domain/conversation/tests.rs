//! The rules of a conversation, one by one. What holds over all of them is in `histories.rs`.

use super::{Command, Conversation, Place, Refusal, Room, Start, decide, start};
use crate::model::event::{
    AgentName, Body, CloseReason, Event, Fields, Mode, RequeueReason, Sender, TransferredTo, View,
};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, SiteKey, VisitorId};
use crate::model::record::Status;
use crate::model::time::{At, Millis};

const BEGIN: At = At(1_700_000_000_000);

fn department(key: &str) -> DepartmentKey {
    DepartmentKey::new(key).unwrap()
}

fn agent(name: &str) -> AgentName {
    AgentName {
        id: AgentId::fresh(),
        name: name.to_owned(),
    }
}

fn room(status: Status, load: u32) -> Option<Room> {
    Some(Room {
        status,
        capacity: 2,
        load,
    })
}

fn free() -> Option<Room> {
    room(Status::Online, 0)
}

/// A conversation with its log and a clock.
struct Chat {
    conversation: Conversation,
    log: Vec<Event>,
    now: At,
}

impl Chat {
    fn started_with(text: Option<&str>, priority: i8) -> Self {
        let begin = Start {
            site: SiteKey::new("demo").unwrap(),
            visitor: VisitorId::fresh(),
            visitor_name: Some("Vera".to_owned()),
            department: department("support"),
            priority,
            mode: Mode::Chat,
            fields: Fields::new(),
            needs: Vec::new(),
            known_agent: None,
            text: text.map(str::to_owned),
        };
        let (conversation, events) = start(ConversationId::fresh(), begin, BEGIN);
        let mut chat = Self {
            conversation,
            log: Vec::new(),
            now: BEGIN,
        };
        chat.write(events);
        chat
    }

    fn started() -> Self {
        Self::started_with(None, 0)
    }

    fn served_by(owner: &AgentName) -> Self {
        let mut chat = Self::started();
        chat.after(1_000).takes(owner);
        chat
    }

    fn after(&mut self, span_ms: i64) -> &mut Self {
        self.now = self.now + Millis(span_ms);
        self
    }

    fn write(&mut self, events: Vec<(Sender, Body)>) {
        for (from, body) in events {
            let event = Event {
                seq: self.conversation.seq + 1,
                at: self.now,
                cmd: None,
                from,
                body,
            };
            self.conversation.apply(&event);
            self.log.push(event);
        }
    }

    fn tries(&self, command: Command, room: Option<Room>) -> Result<Vec<Body>, Refusal> {
        let events = decide(&self.conversation, command, room, self.now)?;
        Ok(events.into_iter().map(|(_, body)| body).collect())
    }

    /// Decides and writes; answers the bodies.
    fn does(&mut self, command: Command, room: Option<Room>) -> Vec<Body> {
        let events = decide(&self.conversation, command, room, self.now).unwrap();
        let bodies = events.iter().map(|(_, body)| body.clone()).collect();
        self.write(events);
        bodies
    }

    fn takes(&mut self, who: &AgentName) -> Vec<Body> {
        self.does(take(who, false), free())
    }

    fn owner(&self) -> Option<AgentId> {
        self.conversation.owner().map(|owner| owner.id)
    }

    fn is_waiting_since(&self) -> Option<At> {
        match self.conversation.place {
            Place::Waiting { since } => Some(since),
            Place::Served { .. } | Place::Closed { .. } => None,
        }
    }
}

fn take(who: &AgentName, is_supervisor: bool) -> Command {
    Command::Take {
        agent: who.clone(),
        is_supervisor,
    }
}

fn close(who: &AgentName, is_supervisor: bool) -> Command {
    Command::Close {
        agent: who.clone(),
        is_supervisor,
        tags: vec!["billing".to_owned()],
    }
}

fn transfer(who: &AgentName, to: TransferredTo, note: Option<&str>) -> Command {
    Command::Transfer {
        agent: who.clone(),
        is_supervisor: false,
        to,
        note: note.map(str::to_owned),
    }
}

fn assign(who: &AgentName, placed_seq: u64) -> Command {
    Command::Assign {
        agent: who.clone(),
        placed_seq,
        why: None,
    }
}

fn requeue(who: &AgentName) -> Command {
    Command::Requeue {
        agent: who.id,
        reason: RequeueReason::AgentGone,
    }
}

fn visitor_says(text: &str) -> Command {
    Command::VisitorSend {
        text: text.to_owned(),
    }
}

fn waited(bodies: &[Body]) -> Option<Millis> {
    bodies.iter().find_map(|body| match body {
        Body::Assigned { waited_ms, .. } => Some(*waited_ms),
        Body::Closed { waited_ms, .. } => *waited_ms,
        _ => None,
    })
}

#[test]
fn a_start_takes_a_place_and_then_says_its_text() {
    let chat = Chat::started_with(Some("Hello"), 0);
    let kinds: Vec<_> = chat.log.iter().map(|event| event.body.kind()).collect();
    assert_eq!(kinds, ["queued", "message"]);
    assert_eq!(chat.is_waiting_since(), Some(BEGIN));
    assert_eq!(chat.conversation.placed_seq, 1);
    assert_eq!(chat.conversation.enqueued_at, BEGIN);
}

#[test]
fn one_step_of_priority_is_two_minutes_in_the_line() {
    let plain = Chat::started().conversation.order_key();
    for priority in -2..=2_i8 {
        let key = Chat::started_with(None, priority).conversation.order_key();
        assert_eq!(plain - key, i64::from(priority) * 120_000);
    }
}

#[test]
fn the_key_stays_through_every_wait() {
    let ana = agent("Ana");
    let mut chat = Chat::started_with(None, 1);
    let key = chat.conversation.order_key();
    chat.after(5_000).takes(&ana);
    chat.after(5_000).does(requeue(&ana), None);
    assert_eq!(chat.conversation.order_key(), key);
    chat.after(5_000).takes(&ana);
    let to = TransferredTo::Department(department("sales"));
    chat.after(5_000).does(transfer(&ana, to, None), None);
    assert_eq!(chat.conversation.order_key(), key);
    assert_eq!(chat.conversation.enqueued_at, BEGIN);
}

#[test]
fn an_assignment_ends_the_wait_that_began_with_the_start() {
    let ana = agent("Ana");
    let mut chat = Chat::started();
    let bodies = chat.after(7_000).does(assign(&ana, 1), free());
    assert_eq!(waited(&bodies), Some(Millis(7_000)));
    assert_eq!(chat.owner(), Some(ana.id));
}

#[test]
fn a_later_wait_is_measured_from_where_it_began() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let mut chat = Chat::served_by(&ana);
    chat.after(60_000).does(requeue(&ana), None);
    let bodies = chat.after(4_000).takes(&bob);
    assert_eq!(waited(&bodies), Some(Millis(4_000)));
    let to = TransferredTo::Department(department("sales"));
    chat.after(60_000).does(transfer(&bob, to, None), None);
    let bodies = chat.after(3_000).takes(&ana);
    assert_eq!(waited(&bodies), Some(Millis(3_000)));
}

#[test]
fn a_hand_over_ends_no_wait() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let mut chat = Chat::served_by(&ana);
    let to = TransferredTo::Agent(bob.clone());
    let bodies = chat.after(9_000).does(transfer(&ana, to, None), free());
    assert_eq!(waited(&bodies), Some(Millis(0)));
    assert_eq!(chat.owner(), Some(bob.id));
    let bodies = chat.after(9_000).does(take(&ana, true), free());
    assert_eq!(waited(&bodies), Some(Millis(0)));
    assert_eq!(chat.owner(), Some(ana.id));
}

#[test]
fn a_decision_on_an_older_place_is_refused() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let mut chat = Chat::served_by(&ana);
    chat.does(requeue(&ana), None);
    assert_eq!(chat.tries(assign(&bob, 1), free()), Err(Refusal::Moved));
    let placed_seq = chat.conversation.placed_seq;
    assert!(chat.tries(assign(&bob, placed_seq), free()).is_ok());
}

#[test]
fn a_word_in_between_does_not_age_a_decision() {
    let mut chat = Chat::started();
    chat.does(visitor_says("Are you there?"), None);
    assert!(chat.tries(assign(&agent("Ana"), 1), free()).is_ok());
}

#[test]
fn an_assignment_repeated_after_it_succeeded_is_told_apart() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let mut chat = Chat::started();
    chat.does(assign(&ana, 1), free());
    assert_eq!(
        chat.tries(assign(&ana, 1), free()),
        Err(Refusal::AlreadyYours)
    );
    assert_eq!(chat.tries(assign(&bob, 1), free()), Err(Refusal::Moved));
}

#[test]
fn nobody_gets_more_than_their_capacity() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let waiting = Chat::started();
    let served = Chat::served_by(&ana);
    let to_bob = transfer(&ana, TransferredTo::Agent(bob.clone()), None);
    for load in [2, 3] {
        let full = room(Status::Online, load);
        for (chat, command) in [
            (&waiting, assign(&bob, 1)),
            (&waiting, take(&bob, false)),
            (&served, take(&bob, true)),
            (&served, to_bob.clone()),
        ] {
            assert!(matches!(chat.tries(command, full), Err(Refusal::NoRoom(_))));
        }
    }
    let last_place = room(Status::Online, 1);
    assert!(waiting.tries(assign(&bob, 1), last_place).is_ok());
}

#[test]
fn somebody_removed_gets_nothing() {
    let ana = agent("Ana");
    let chat = Chat::started();
    for command in [assign(&ana, 1), take(&ana, false)] {
        assert!(matches!(chat.tries(command, None), Err(Refusal::NoRoom(_))));
    }
}

#[test]
fn one_may_take_while_away_but_not_be_handed_anything() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let served = Chat::served_by(&ana);
    for status in [Status::Away, Status::Offline] {
        let room = room(status, 0);
        assert!(Chat::started().tries(take(&bob, false), room).is_ok());
        let to_bob = transfer(&ana, TransferredTo::Agent(bob.clone()), None);
        assert!(matches!(
            served.tries(to_bob, room),
            Err(Refusal::NoRoom(_))
        ));
    }
}

#[test]
fn only_a_supervisor_takes_what_somebody_else_serves() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let chat = Chat::served_by(&ana);
    assert_eq!(
        chat.tries(take(&bob, false), free()),
        Err(Refusal::NotYours(ana.clone()))
    );
    assert_eq!(
        chat.tries(take(&ana, true), free()),
        Err(Refusal::AlreadyYours)
    );
    let bodies = chat.tries(take(&bob, true), free()).unwrap();
    let kinds: Vec<_> = bodies.iter().map(Body::kind).collect();
    assert_eq!(kinds, ["transferred", "assigned"]);
}

#[test]
fn a_transfer_is_one_step_with_its_note_first() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let chat = Chat::served_by(&ana);
    let kinds = |to: TransferredTo, note| -> Vec<&str> {
        let bodies = chat.tries(transfer(&ana, to, note), free()).unwrap();
        bodies.iter().map(Body::kind).collect()
    };
    let to_bob = || TransferredTo::Agent(bob.clone());
    let to_sales = || TransferredTo::Department(department("sales"));
    assert_eq!(
        kinds(to_bob(), Some("VIP")),
        ["note", "transferred", "assigned"]
    );
    assert_eq!(kinds(to_bob(), None), ["transferred", "assigned"]);
    assert_eq!(kinds(to_sales(), Some("VIP")), ["note", "transferred"]);
}

#[test]
fn a_transfer_to_a_department_waits_in_its_line() {
    let ana = agent("Ana");
    let mut chat = Chat::served_by(&ana);
    let to = TransferredTo::Department(department("sales"));
    chat.after(2_000).does(transfer(&ana, to, None), None);
    assert_eq!(chat.conversation.department, department("sales"));
    assert_eq!(chat.is_waiting_since(), Some(chat.now));
    assert_eq!(chat.owner(), None);
}

#[test]
fn the_owner_cannot_hand_a_conversation_to_themselves() {
    let ana = agent("Ana");
    let chat = Chat::served_by(&ana);
    let to_self = transfer(&ana, TransferredTo::Agent(ana.clone()), None);
    assert!(matches!(
        chat.tries(to_self, free()),
        Err(Refusal::NoRoom(_))
    ));
}

#[test]
fn a_waiting_one_must_be_taken_before_it_is_closed_or_handed_on() {
    let ana = agent("Ana");
    let chat = Chat::started();
    let to = TransferredTo::Department(department("sales"));
    for command in [close(&ana, false), transfer(&ana, to, None)] {
        assert!(matches!(
            chat.tries(command, free()),
            Err(Refusal::WrongState(_))
        ));
    }
    assert!(chat.tries(close(&ana, true), None).is_ok());
}

#[test]
fn a_requeue_is_only_from_its_owner() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let mut chat = Chat::served_by(&ana);
    assert_eq!(chat.tries(requeue(&bob), None), Err(Refusal::Moved));
    chat.after(30_000).does(requeue(&ana), None);
    assert_eq!(chat.tries(requeue(&ana), None), Err(Refusal::Moved));
    let last = &chat.log.last().unwrap().body;
    assert!(matches!(last, Body::Requeued { enqueued_at, .. } if *enqueued_at == BEGIN));
    assert_eq!(chat.is_waiting_since(), Some(chat.now));
}

#[test]
fn only_the_owner_speaks_for_the_desk() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let says = |who: &AgentName| Command::AgentSend {
        agent: who.clone(),
        text: "Good morning".to_owned(),
    };
    let waiting = Chat::started();
    assert!(matches!(
        waiting.tries(says(&ana), None),
        Err(Refusal::WrongState(_))
    ));
    let served = Chat::served_by(&ana);
    assert!(served.tries(says(&ana), None).is_ok());
    assert_eq!(
        served.tries(says(&bob), None),
        Err(Refusal::NotYours(ana.clone()))
    );
}

#[test]
fn giving_up_the_place_and_ending_the_chat_are_told_apart() {
    let mut waiting = Chat::started();
    let bodies = waiting.after(8_000).does(Command::Leave, None);
    assert!(
        matches!(bodies[..], [Body::Closed { reason: CloseReason::Left, waited_ms: Some(waited), .. }] if waited == Millis(8_000))
    );
    let mut served = Chat::served_by(&agent("Ana"));
    let bodies = served.does(Command::Leave, None);
    assert!(matches!(
        bodies[..],
        [Body::Closed {
            reason: CloseReason::Visitor,
            waited_ms: None,
            ..
        }]
    ));
    assert!(matches!(
        served.tries(Command::Leave, None),
        Err(Refusal::WrongState(_))
    ));
}

#[test]
fn an_abandoned_wait_ends_when_the_socket_went() {
    let gone_at = BEGIN + Millis(5_000);
    let abandon = Command::Abandon { gone_at };
    let mut chat = Chat::started();
    let bodies = chat.after(65_000).does(abandon.clone(), None);
    assert_eq!(waited(&bodies), Some(Millis(5_000)));
    let served = Chat::served_by(&agent("Ana"));
    assert!(served.tries(abandon, None).is_err());
}

#[test]
fn nobody_waited_less_than_nothing() {
    let mut chat = Chat::started();
    let before = Command::Abandon {
        gone_at: BEGIN - Millis(3_000),
    };
    let bodies = chat.after(60_000).does(before, None);
    assert_eq!(waited(&bodies), Some(Millis(0)));
}

#[test]
fn a_chat_is_rated_once_and_after_its_end() {
    let ana = agent("Ana");
    let rate = || Command::Rate {
        score: 5,
        comment: None,
    };
    let mut chat = Chat::served_by(&ana);
    assert!(matches!(
        chat.tries(rate(), None),
        Err(Refusal::WrongState(_))
    ));
    chat.does(close(&ana, false), None);
    chat.does(rate(), None);
    assert!(matches!(
        chat.tries(rate(), None),
        Err(Refusal::WrongState(_))
    ));
}

#[test]
fn after_the_end_only_a_rating_and_notes_are_written() {
    let ana = agent("Ana");
    let mut chat = Chat::served_by(&ana);
    chat.does(close(&ana, false), None);
    let placed_seq = chat.conversation.placed_seq;
    for command in [
        visitor_says("One more thing"),
        take(&ana, true),
        close(&ana, true),
        requeue(&ana),
        assign(&ana, placed_seq),
        Command::AgentAway { agent: ana.id },
    ] {
        assert!(chat.tries(command, free()).is_err());
    }
    let note = Command::Note {
        agent: ana.clone(),
        text: "A pleasant chat".to_owned(),
    };
    assert!(chat.tries(note, None).is_ok());
    assert_eq!(chat.conversation.tags, ["billing"]);
}

#[test]
fn visitors_do_not_count_notes() {
    let ana = agent("Ana");
    let mut chat = Chat::served_by(&ana);
    chat.does(
        Command::Note {
            agent: ana.clone(),
            text: "Be kind".to_owned(),
        },
        None,
    );
    assert_eq!(chat.conversation.seq_for(View::Agent), 3);
    assert_eq!(chat.conversation.seq_for(View::Visitor), 2);
    chat.does(visitor_says("Hello"), None);
    assert_eq!(chat.conversation.seq_for(View::Visitor), 4);
}

#[test]
fn an_owner_goes_and_comes_back_once_each() {
    let (ana, bob) = (agent("Ana"), agent("Bob"));
    let away = Command::AgentAway { agent: ana.id };
    let back = Command::AgentBack { agent: ana.id };
    let mut chat = Chat::served_by(&ana);
    assert!(chat.tries(back.clone(), None).is_err());
    chat.does(away.clone(), None);
    assert!(chat.tries(away.clone(), None).is_err());
    chat.does(back.clone(), None);
    chat.does(away, None);
    chat.does(take(&bob, true), free());
    assert!(!chat.conversation.is_agent_away, "a new owner is here");
    assert_eq!(chat.tries(back, None), Err(Refusal::Moved));
}

#[test]
fn a_stand_in_is_waited_for_at_the_old_place_in_time() {
    let mut chat = Chat::started();
    let enqueued_at = chat.conversation.enqueued_at;
    let sales = DepartmentKey::new("sales").unwrap();
    let placed_seq = chat.conversation.placed_seq;
    let moves = Command::StandIn {
        department: sales.clone(),
        placed_seq,
    };
    let bodies = chat.after(5_000).does(moves.clone(), None);
    assert!(matches!(bodies[..], [Body::Transferred { .. }]));
    assert_eq!(chat.log.last().unwrap().from, Sender::system());
    assert_eq!(chat.conversation.department, sales);
    assert_eq!(chat.conversation.enqueued_at, enqueued_at);
    // Another node had the same thought, on a place that is no more.
    assert_eq!(chat.tries(moves, None), Err(Refusal::Moved));
}

#[test]
fn silence_is_warned_of_once_and_then_ends_the_chat() {
    let ana = agent("Ana");
    let mut chat = Chat::served_by(&ana);
    let said_at = chat.conversation.said_at;
    let warn = |said_at| Command::WarnIdle {
        said_at,
        text: "Still there?".to_owned(),
    };
    let end = |said_at| Command::CloseIdle { said_at };
    assert_eq!(chat.tries(end(said_at), None), Err(Refusal::Moved));
    chat.after(60_000).does(warn(said_at), None);
    assert_eq!(chat.tries(warn(said_at), None), Err(Refusal::Moved));
    assert_eq!(chat.conversation.said_at, said_at, "a warning is no word");
    chat.after(1_000).does(visitor_says("Yes!"), None);
    assert_eq!(chat.tries(end(said_at), None), Err(Refusal::Moved));
    let said_at = chat.conversation.said_at;
    chat.does(warn(said_at), None);
    let bodies = chat.does(end(said_at), None);
    assert!(matches!(
        bodies[..],
        [Body::Closed {
            reason: CloseReason::System,
            ..
        }]
    ));
}

#[test]
fn whoever_waits_is_not_idle() {
    let chat = Chat::started();
    let warn = Command::WarnIdle {
        said_at: chat.conversation.said_at,
        text: "Still there?".to_owned(),
    };
    assert_eq!(chat.tries(warn, None), Err(Refusal::Moved));
}

#[test]
#[should_panic(expected = "a log has no gaps")]
fn a_gap_in_a_log_is_not_folded_over() {
    let mut chat = Chat::started();
    let mut event = chat.log[0].clone();
    event.seq = 3;
    chat.conversation.apply(&event);
}

#[test]
#[should_panic(expected = "time never falls")]
fn time_that_falls_is_not_folded_over() {
    let mut chat = Chat::started();
    let mut event = chat.log[0].clone();
    event.seq = 2;
    event.at = BEGIN - Millis(1);
    chat.conversation.apply(&event);
}
