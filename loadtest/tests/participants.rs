//! Participants against a small server that speaks just enough of the contract, truly or with one chosen lie.
//!
//! The goal is to see that a participant resumes and repeats as the contract asks, stays quiet about an honest server, and names
//! the breach of a lying one. The real server is tried by its own tests with the same participants.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is to stop at once"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::fault::{Breach, Trouble};
use balie_loadtest::participant::mind::Mind;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::visitor_mind::VisitorMind;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use uuid::Uuid;

const CONVERSATION: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001);

/// What is wrong with the server, or hard about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    /// No lie: the connection breaks after the message is stored and before it is acknowledged.
    CutsBeforeAck,
    /// As above, and the repeat is stored once more.
    StoresTwice,
    /// No lie: the first try is to be repeated after a pause.
    AsksForPatience,
    /// The refusal that asks for a pause does not say of what.
    AsksNobody,
    /// The ack names an event that does not exist.
    AcksNothing,
    /// A repeated command gets another `at`.
    ChangesAck,
    /// After the cut the log lacks its last event.
    LosesOnRestart,
    /// After the cut the last event says something else.
    RewritesOnRestart,
    /// An event is not sent, the next one is.
    SwallowsEvent,
    /// The message says something else than was sent.
    GarblesText,
    /// No lie: the frame is too big for this server, whatever it is.
    CannotTakeIt,
    /// Comes back as somebody else.
    MistakesVisitor,
}

#[derive(Default)]
struct Store {
    log: Vec<Value>,
    acks: Vec<(String, Value)>,
    sends: Vec<String>,
    connections: usize,
}

/// A server with one visitor or one agent and one conversation.
struct Fake {
    url: String,
    store: Arc<Mutex<Store>>,
}

type Socket = WebSocketStream<TcpStream>;

impl Fake {
    async fn that(lie: Lie) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let store = Arc::new(Mutex::new(Store::default()));
        let shared = Arc::clone(&store);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut store = shared.lock().unwrap();
                    store.connections += 1;
                    store.connections
                };
                let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                tokio::spawn(serve(socket, Arc::clone(&shared), lie, number));
            }
        });
        Fake { url, store }
    }

    fn sends(&self) -> Vec<String> {
        self.store.lock().unwrap().sends.clone()
    }
}

fn append(store: &mut Store, kind: &str, role: &str, cmd: Option<&str>, fields: Value) -> Value {
    let seq = store.log.len() as u64 + 1;
    let mut event = json!({"t": "event", "conversation": CONVERSATION, "seq": seq, "prev": seq - 1, "at": 1_000 + seq, "kind": kind, "from": {"role": role}});
    if let Some(cmd) = cmd {
        event["cmd"] = json!(cmd);
    }
    event
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    store.log.push(event.clone());
    event
}

async fn say(socket: &mut Socket, frame: &Value) {
    // The participant may have cut the connection, which is its right.
    let _ = socket.send(Message::text(frame.to_string())).await;
}

async fn serve(mut socket: Socket, store: Arc<Mutex<Store>>, lie: Lie, number: usize) {
    let mut sent = 0;
    while let Some(Ok(Message::Text(text))) = socket.next().await {
        let frame: Value = serde_json::from_str(&text).unwrap();
        let cmd = frame["cmd"].as_str().unwrap_or_default().to_owned();
        match frame["t"].as_str().unwrap() {
            "hello" => {
                let welcome = welcome(&mut store.lock().unwrap(), lie, number);
                sent = frame["after"].as_u64().unwrap_or(0) as usize;
                say(&mut socket, &welcome).await;
            }
            "ping" => {
                say(
                    &mut socket,
                    &json!({"t": "pong", "n": frame["n"], "now": 1}),
                )
                .await
            }
            "start" => {
                let ack = {
                    let mut store = store.lock().unwrap();
                    let queued = append(
                        &mut store,
                        "queued",
                        "visitor",
                        Some(&cmd),
                        json!({"enqueued_at": 1_001}),
                    );
                    json!({"t": "ack", "cmd": cmd, "conversation": CONVERSATION, "seq": queued["seq"], "at": queued["at"]})
                };
                say(&mut socket, &ack).await;
            }
            "send" => {
                let answer = take_message(&mut store.lock().unwrap(), lie, &cmd, &frame);
                match answer {
                    Some(answer) => say(&mut socket, &answer).await,
                    None if lie == Lie::CannotTakeIt => {
                        let frame = CloseFrame {
                            code: 1009.into(),
                            reason: "too big".into(),
                        };
                        let _ = socket.close(Some(frame)).await;
                        return;
                    }
                    None => return,
                }
            }
            _ => {}
        }
        let new: Vec<Value> = store
            .lock()
            .unwrap()
            .log
            .get(sent..)
            .unwrap_or_default()
            .to_vec();
        for event in new {
            sent += 1;
            if !(lie == Lie::SwallowsEvent && sent == 2) {
                say(&mut socket, &event).await;
            }
        }
    }
}

fn welcome(store: &mut Store, lie: Lie, number: usize) -> Value {
    if number > 1 && lie == Lie::LosesOnRestart {
        store.log.pop();
    }
    if number > 1 && lie == Lie::RewritesOnRestart && store.log.len() == 2 {
        store.log.pop();
        append(store, "message", "agent", None, json!({"text": "other"}));
        append(store, "message", "agent", None, json!({"text": "another"}));
    }
    let visitor = if number > 1 && lie == Lie::MistakesVisitor {
        "somebody"
    } else {
        "ana"
    };
    let mut welcome = json!({"t": "welcome", "visitor": visitor, "token": "t", "epoch": "e", "open": true, "now": 1});
    if !store.log.is_empty() {
        welcome["conversation"] =
            json!({"id": CONVERSATION, "state": "queued", "seq": store.log.len(), "from_seq": 1});
    }
    welcome
}

/// The answer to a `send`; `None` means that the connection breaks.
fn take_message(store: &mut Store, lie: Lie, cmd: &str, frame: &Value) -> Option<Value> {
    store.sends.push(cmd.to_owned());
    let tries = store.sends.iter().filter(|known| *known == cmd).count();
    let known = store
        .acks
        .iter()
        .find(|(known, _)| known == cmd)
        .map(|(_, ack)| ack.clone());
    match (lie, tries) {
        (Lie::AsksForPatience, 1) => {
            return Some(
                json!({"t": "error", "code": "rate_limited", "message": "slowly", "cmd": cmd, "retry_ms": 300}),
            );
        }
        (Lie::AsksNobody, 1) => {
            return Some(
                json!({"t": "error", "code": "rate_limited", "message": "slowly", "retry_ms": 300}),
            );
        }
        (Lie::AcksNothing, _) => {
            return Some(
                json!({"t": "ack", "cmd": cmd, "conversation": CONVERSATION, "seq": 9, "at": 9_999}),
            );
        }
        (Lie::CannotTakeIt, _) => return None,
        (Lie::ChangesAck, 2..) => {
            let mut ack = known?;
            ack["at"] = json!(77);
            return Some(ack);
        }
        (Lie::StoresTwice, _) => {}
        _ => {
            if let Some(ack) = known {
                return Some(ack);
            }
        }
    }
    let text = if lie == Lie::GarblesText {
        json!("?")
    } else {
        frame["text"].clone()
    };
    let event = append(
        store,
        "message",
        "visitor",
        Some(cmd),
        json!({"text": text}),
    );
    let ack = json!({"t": "ack", "cmd": cmd, "conversation": CONVERSATION, "seq": event["seq"], "at": event["at"]});
    store.acks.push((cmd.to_owned(), ack.clone()));
    let cuts = matches!(lie, Lie::CutsBeforeAck | Lie::StoresTwice) && tries == 1;
    (!cuts).then_some(ack)
}

/// A visitor who has begun and comes back after cuts.
async fn visitor_of(fake: &Fake) -> Visitor {
    let builder = Visitor::of(&fake.url, "demo").unwrap();
    let mut ana = builder
        .keeps_going()
        .patience_ms(3_000)
        .ping_every_ms(0)
        .connect()
        .await
        .unwrap();
    ana.start_with(json!({})).await.unwrap();
    ana
}

/// Cuts the connection and waits for the next `welcome`, or for the fault that it brings.
async fn come_back(ana: &mut Visitor) -> Result<(), Trouble> {
    let before = ana.with(|mind| mind.memory().welcomes);
    ana.cut();
    let came_back = |mind: &mut VisitorMind| (mind.memory().welcomes > before).then_some(());
    ana.until("welcome", came_back).await?;
    ana.ping().await
}

async fn breach_of(lie: Lie, trouble: Result<(), Trouble>) -> Breach {
    match trouble {
        Err(Trouble::Fault(fault)) => fault.breach,
        other => panic!("{lie:?} was not noticed: {other:?}"),
    }
}

#[tokio::test]
async fn an_honest_server_causes_no_fault_through_cuts() {
    let fake = Fake::that(Lie::None).await;
    let mut ana = visitor_of(&fake).await;
    for number in 0..5 {
        ana.send(&format!("message {number}")).await.unwrap();
        come_back(&mut ana).await.unwrap();
    }
    assert_eq!(
        ana.timeline(ana.conversation().unwrap())
            .unwrap()
            .last_seq(),
        6
    );
    ana.finish().await.unwrap();
    assert_eq!(fake.store.lock().unwrap().connections, 6);
}

#[tokio::test]
async fn a_command_is_repeated_under_its_id_after_a_cut() {
    let fake = Fake::that(Lie::CutsBeforeAck).await;
    let mut ana = visitor_of(&fake).await;
    let ack = ana.send("once").await.unwrap();
    assert_eq!(ack.seq, 2);
    let sends = fake.sends();
    assert_eq!(sends.len(), 2);
    assert_eq!(sends[0], sends[1]);
    ana.finish().await.unwrap();
}

#[tokio::test]
async fn messages_keep_their_order_through_a_cut() {
    let fake = Fake::that(Lie::CutsBeforeAck).await;
    let mut ana = visitor_of(&fake).await;
    for text in ["one", "two", "three"] {
        ana.send_later(text);
    }
    ana.settle(3_000).await.unwrap();
    let texts: Vec<Value> = fake.store.lock().unwrap().log[1..]
        .iter()
        .map(|event| event["text"].clone())
        .collect();
    assert_eq!(texts, ["one", "two", "three"]);
    ana.finish().await.unwrap();
}

#[tokio::test]
async fn a_pause_that_the_server_asks_for_is_kept() {
    let fake = Fake::that(Lie::AsksForPatience).await;
    let mut ana = visitor_of(&fake).await;
    let began = std::time::Instant::now();
    ana.send("patience").await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!(fake.sends().len(), 2);
    ana.finish().await.unwrap();
}

#[tokio::test]
async fn a_frame_that_the_server_cannot_take_is_not_repeated() {
    let fake = Fake::that(Lie::CannotTakeIt).await;
    let mut ana = visitor_of(&fake).await;
    ana.send_later("too big");
    ana.until("the outbox to be given up", |mind| {
        mind.memory().is_settled().then_some(())
    })
    .await
    .unwrap();
    assert_eq!(fake.sends().len(), 1);
    ana.finish().await.unwrap();
}

#[tokio::test]
async fn lies_about_a_message_are_noticed() {
    let lies = [
        (Lie::StoresTwice, Breach::DoneTwice),
        (Lie::SwallowsEvent, Breach::Gap),
        (Lie::GarblesText, Breach::WrongContent),
        (Lie::AcksNothing, Breach::AckLost),
        (Lie::AsksNobody, Breach::BadFrame),
    ];
    for (lie, breach) in lies {
        let fake = Fake::that(lie).await;
        let mut ana = visitor_of(&fake).await;
        ana.send_later("one");
        ana.send_later("two");
        let outcome = ana.settle(1_500).await;
        assert_eq!(breach_of(lie, outcome).await, breach, "{lie:?}");
    }
}

#[tokio::test]
async fn lies_after_a_restart_are_noticed() {
    let lies = [
        (Lie::LosesOnRestart, Breach::HistoryLost),
        (Lie::MistakesVisitor, Breach::IdentityLost),
    ];
    for (lie, breach) in lies {
        let fake = Fake::that(lie).await;
        let mut ana = visitor_of(&fake).await;
        ana.send("one").await.unwrap();
        let outcome = come_back(&mut ana).await;
        assert_eq!(breach_of(lie, outcome).await, breach, "{lie:?}");
    }
}

#[tokio::test]
async fn a_past_that_is_rewritten_is_noticed_when_it_is_read_again() {
    let fake = Fake::that(Lie::RewritesOnRestart).await;
    let mut ana = visitor_of(&fake).await;
    ana.send("one").await.unwrap();
    ana.with(|mind| mind.after_once = Some(0));
    let outcome = come_back(&mut ana).await;
    assert_eq!(
        breach_of(Lie::RewritesOnRestart, outcome).await,
        Breach::Changed
    );
}

#[tokio::test]
async fn an_ack_that_changes_on_repeat_is_noticed() {
    let fake = Fake::that(Lie::ChangesAck).await;
    let mut ana = visitor_of(&fake).await;
    let ack = ana.send("one").await.unwrap();
    ana.say_raw(json!({"t": "send", "cmd": ack.cmd, "text": "one"}).to_string());
    let outcome = ana.ping().await;
    assert_eq!(
        breach_of(Lie::ChangesAck, outcome).await,
        Breach::AckChanged
    );
}

#[tokio::test]
#[should_panic(expected = "the server broke the contract")]
async fn a_participant_that_nobody_asks_fails_by_itself() {
    let fake = Fake::that(Lie::GarblesText).await;
    let ana = visitor_of(&fake).await;
    ana.send_later("one");
    while ana.fault_count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(ana);
}

#[tokio::test]
async fn who_does_not_keep_going_ends_with_the_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let _ = socket
            .close(Some(CloseFrame {
                code: 1008.into(),
                reason: "no".into(),
            }))
            .await;
    });
    match Visitor::connect(&url, "demo").await {
        Err(Trouble::Closed { code: 1008, reason }) => assert_eq!(reason, "no"),
        other => panic!("{:?}", other.map(|_| ())),
    }
    let refused = Visitor::connect("http://127.0.0.1:1", "demo").await;
    assert!(matches!(refused.map(|_| ()), Err(Trouble::Connect { .. })));
}

/// An agent's socket that says these frames after `hello`, one after the other.
async fn agent_hears(frames: Vec<Value>) -> Result<(), Trouble> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["t"] == "ping" {
                for frame in &frames {
                    say(&mut socket, frame).await;
                }
                say(
                    &mut socket,
                    &json!({"t": "pong", "n": frame["n"], "now": 1}),
                )
                .await;
            } else {
                let welcome = json!({"t": "welcome", "epoch": "e", "agent": {"id": "ben"}, "status": "away", "capacity": 3, "conversations": [], "now": 1});
                say(&mut socket, &welcome).await;
            }
        }
    });
    let mut ben = Agent::connect(&url, "token").await?;
    let outcome = ben.ping().await;
    ben.faults();
    outcome
}

fn assigned_frame() -> Value {
    json!({"t": "assigned", "conversation": CONVERSATION, "seq": 2, "from_seq": 1})
}

fn log_of(agent: &str) -> Vec<Value> {
    let mut store = Store::default();
    append(
        &mut store,
        "queued",
        "visitor",
        None,
        json!({"enqueued_at": 1_001}),
    );
    append(
        &mut store,
        "assigned",
        "system",
        None,
        json!({"agent": {"id": agent}, "waited_ms": 1}),
    );
    append(
        &mut store,
        "closed",
        "system",
        None,
        json!({"reason": "system"}),
    );
    store.log
}

fn unassigned_frame() -> Value {
    json!({"t": "unassigned", "conversation": CONVERSATION, "reason": "closed"})
}

#[tokio::test]
async fn an_agent_follows_from_assigned_to_unassigned() {
    let mut frames = vec![assigned_frame()];
    frames.extend(log_of("ben"));
    frames.push(unassigned_frame());
    agent_hears(frames).await.unwrap();
}

#[tokio::test]
async fn an_agent_notices_frames_of_conversations_that_it_does_not_follow() {
    let unasked = [
        log_of("ben").remove(0),
        json!({"t": "typing", "conversation": CONVERSATION, "on": true}),
        json!({"t": "read", "conversation": CONVERSATION, "seq": 1}),
        json!({"t": "opened", "conversation": CONVERSATION, "seq": 1, "from_seq": 1}),
    ];
    for frame in unasked {
        let outcome = agent_hears(vec![frame]).await;
        assert_eq!(breach_of(Lie::None, outcome).await, Breach::NotFollowed);
    }
    let mut late = vec![assigned_frame()];
    let mut log = log_of("ben");
    let closed = log.pop().unwrap();
    late.extend(log);
    late.extend([
        closed,
        unassigned_frame(),
        json!({"t": "typing", "conversation": CONVERSATION, "on": true}),
    ]);
    assert_eq!(
        breach_of(Lie::None, agent_hears(late).await).await,
        Breach::NotFollowed
    );
}

#[tokio::test]
async fn an_agent_notices_that_a_conversation_is_taken_silently() {
    let mut frames = vec![assigned_frame()];
    frames.extend(log_of("ben").into_iter().take(2));
    frames.push(unassigned_frame());
    assert_eq!(
        breach_of(Lie::None, agent_hears(frames).await).await,
        Breach::TakenSilently
    );
}
