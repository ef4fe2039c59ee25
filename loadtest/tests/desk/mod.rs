//! A front desk in memory that speaks the part of the contract that a chorus needs, over real sockets and HTTP.
//!
//! The chorus's own tests talk with it. It can drop every connection as a killed server does, and tell one chosen lie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use uuid::Uuid;

/// What is wrong with the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    None,
    /// When the connections break, the newest event of each log is gone.
    ForgetsTheNewest,
    /// Agents read another text over HTTP than they were shown.
    ShowsAnotherText,
    /// Visitors are not shown the agents' messages, though they stand in the log.
    HidesTheLast,
}

struct Conversation {
    id: Uuid,
    visitor: String,
    agent: String,
    log: Vec<Value>,
}

#[derive(Default)]
struct State {
    conversations: Vec<Conversation>,
    /// By sender and command.
    acks: HashMap<(String, String), Value>,
    /// The sockets of a visitor (by token) or an agent (by token too).
    ears: HashMap<String, UnboundedSender<String>>,
    /// Agents who are online, with the conversations they have room for.
    rooms: Vec<(String, u64)>,
}

pub struct Desk {
    pub url: String,
    state: Arc<Mutex<State>>,
    generation: watch::Sender<u64>,
    lie: Lie,
}

impl Desk {
    pub async fn that(lie: Lie) -> Desk {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let generation = watch::Sender::new(0);
        let (shared, deaths) = (Arc::clone(&state), generation.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, mut death) = (Arc::clone(&shared), deaths.subscribe());
                death.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        () = serve(stream, state, lie) => {}
                        _ = death.changed() => {}
                    }
                });
            }
        });
        Desk {
            url,
            state,
            generation,
            lie,
        }
    }

    /// Breaks every connection at whatever it is doing.
    pub fn kill(&self) {
        self.generation.send_modify(|generation| *generation += 1);
        let mut state = self.state.lock().unwrap();
        state.ears.clear();
        if self.lie == Lie::ForgetsTheNewest {
            for conversation in &mut state.conversations {
                conversation.log.pop();
            }
        }
    }
}

#[expect(
    clippy::result_large_err,
    reason = "the library wants the callback's error like this"
)]
async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>, lie: Lie) {
    let mut head = [0; 4_096];
    let length = stream.peek(&mut head).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    if !head.to_lowercase().contains("upgrade: websocket") {
        return http(&mut stream, &head, &state, lie).await;
    }
    let mut path = String::new();
    let mut token = String::new();
    let note = |request: &Request, response: Response| {
        path = request.uri().path().to_owned();
        let header = request
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        token = header.unwrap_or_default().replace("Bearer ", "");
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, note).await else {
        return;
    };
    let (mut sink, mut source) = socket.split();
    let (mouth, mut ear): (UnboundedSender<String>, UnboundedReceiver<String>) =
        unbounded_channel();
    let is_agent = path == "/ws/agent";
    let hearing = async {
        while let Some(Ok(Message::Text(text))) = source.next().await {
            let frame: Value = serde_json::from_str(&text).unwrap();
            let mut state = state.lock().unwrap();
            if is_agent {
                agent_says(&mut state, &token, &mouth, &frame, lie);
            } else {
                visitor_says(&mut state, &mut token, &mouth, &frame, lie);
            }
        }
    };
    let saying = async {
        while let Some(text) = ear.recv().await {
            if sink.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = hearing => {}
        () = saying => {}
    }
}

async fn http(stream: &mut TcpStream, head: &str, state: &Arc<Mutex<State>>, lie: Lie) {
    let mut rest = vec![0; 4_096];
    let _ = stream.read(&mut rest).await;
    let path = head.split(' ').nth(1).unwrap();
    let id = path
        .trim_start_matches("/api/conversations/")
        .split('/')
        .next()
        .unwrap();
    let number = |name: &str| -> usize {
        let text = path.split(name).nth(1).unwrap();
        text.split('&').next().unwrap().parse().unwrap()
    };
    let (after, limit) = (number("after="), number("limit="));
    let body = {
        let state = state.lock().unwrap();
        let conversation = state
            .conversations
            .iter()
            .find(|known| known.id.to_string() == id)
            .unwrap();
        let is_agent = head.contains(&conversation.agent);
        let mut events: Vec<Value> = conversation
            .log
            .iter()
            .skip(after)
            .take(limit)
            .cloned()
            .collect();
        if is_agent && lie == Lie::ShowsAnotherText {
            events.last_mut().unwrap()["text"] = json!("another");
        }
        json!({"events": events, "more": conversation.log.len() > after + events.len()}).to_string()
    };
    let answer = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn say(mouth: &UnboundedSender<String>, frame: &Value) {
    let _ = mouth.send(frame.to_string());
}

fn visitor_says(
    state: &mut State,
    token: &mut String,
    mouth: &UnboundedSender<String>,
    frame: &Value,
    lie: Lie,
) {
    let cmd = frame["cmd"].as_str().unwrap_or_default();
    match frame["t"].as_str().unwrap() {
        "hello" => {
            *token = frame["token"]
                .as_str()
                .map_or_else(|| format!("visitor-{}", Uuid::now_v7()), str::to_owned);
            state.ears.insert(token.clone(), mouth.clone());
            let mut welcome = json!({"t": "welcome", "visitor": token, "token": token, "epoch": "e", "open": true, "now": 1});
            let conversation = state
                .conversations
                .iter()
                .find(|known| known.visitor == *token);
            if let Some(known) = conversation {
                welcome["conversation"] = json!({"id": known.id, "state": "active", "seq": known.log.len(), "from_seq": 1});
            }
            say(mouth, &welcome);
            if let Some(known) = conversation {
                let after = frame["after"].as_u64().unwrap_or(0) as usize;
                known
                    .log
                    .iter()
                    .skip(after)
                    .for_each(|event| say(mouth, event));
            }
        }
        "ping" => say(mouth, &json!({"t": "pong", "n": frame["n"], "now": 1})),
        "start" if !repeats(state, token, cmd, mouth) => {
            let agent = {
                let room = state.rooms.iter_mut().find(|(_, free)| *free > 0).unwrap();
                room.1 -= 1;
                room.0.clone()
            };
            let id = Uuid::now_v7();
            state.conversations.push(Conversation {
                id,
                visitor: token.clone(),
                agent: agent.clone(),
                log: Vec::new(),
            });
            append(
                state,
                id,
                "queued",
                "visitor",
                token,
                Some(cmd),
                json!({"enqueued_at": 1_001}),
                lie,
            );
            let seq = append(
                state,
                id,
                "message",
                "visitor",
                token,
                Some(cmd),
                json!({"text": frame["text"]}),
                lie,
            );
            acknowledge(state, token, cmd, id, seq, mouth);
            if let Some(ear) = state.ears.get(&agent) {
                say(
                    ear,
                    &json!({"t": "assigned", "conversation": id, "seq": 3, "from_seq": 1}),
                );
                let known = state.conversations.last().unwrap();
                known.log.iter().for_each(|event| say(ear, event));
            }
            append(
                state,
                id,
                "assigned",
                "system",
                "",
                None,
                json!({"agent": {"id": agent}, "waited_ms": 2}),
                lie,
            );
        }
        "send" if !repeats(state, token, cmd, mouth) => {
            let id = state
                .conversations
                .iter()
                .find(|known| known.visitor == *token)
                .unwrap()
                .id;
            let seq = append(
                state,
                id,
                "message",
                "visitor",
                token,
                Some(cmd),
                json!({"text": frame["text"]}),
                lie,
            );
            acknowledge(state, token, cmd, id, seq, mouth);
        }
        _ => {}
    }
}

fn agent_says(
    state: &mut State,
    token: &str,
    mouth: &UnboundedSender<String>,
    frame: &Value,
    lie: Lie,
) {
    let cmd = frame["cmd"].as_str().unwrap_or_default();
    match frame["t"].as_str().unwrap() {
        "hello" => {
            state.ears.insert(token.to_owned(), mouth.clone());
            let owned = state
                .conversations
                .iter()
                .filter(|known| known.agent == token);
            let named: Vec<Value> = owned
                .clone()
                .map(|known| json!({"id": known.id, "state": "active", "seq": known.log.len(), "from_seq": 1}))
                .collect();
            say(
                mouth,
                &json!({"t": "welcome", "epoch": "e", "agent": {"id": token}, "status": "online", "capacity": 100, "conversations": named, "now": 1}),
            );
            for known in owned {
                let after = frame["after"][known.id.to_string()].as_u64().unwrap_or(0) as usize;
                known
                    .log
                    .iter()
                    .skip(after)
                    .for_each(|event| say(mouth, event));
            }
        }
        "ping" => say(mouth, &json!({"t": "pong", "n": frame["n"], "now": 1})),
        "status"
            if frame["status"] == "online"
                && state.rooms.iter().all(|(known, _)| known != token) =>
        {
            state
                .rooms
                .push((token.to_owned(), frame["capacity"].as_u64().unwrap()));
        }
        "send" if !repeats(state, token, cmd, mouth) => {
            let id = frame["conversation"].as_str().unwrap().parse().unwrap();
            let seq = append(
                state,
                id,
                "message",
                "agent",
                token,
                Some(cmd),
                json!({"text": frame["text"]}),
                lie,
            );
            acknowledge(state, token, cmd, id, seq, mouth);
        }
        "close" if !repeats(state, token, cmd, mouth) => {
            let id = frame["conversation"].as_str().unwrap().parse().unwrap();
            let seq = append(
                state,
                id,
                "closed",
                "agent",
                token,
                Some(cmd),
                json!({"reason": "agent"}),
                lie,
            );
            acknowledge(state, token, cmd, id, seq, mouth);
        }
        _ => {}
    }
}

/// Answers a repeated command as it was answered before.
fn repeats(state: &State, sender: &str, cmd: &str, mouth: &UnboundedSender<String>) -> bool {
    let ack = state.acks.get(&(sender.to_owned(), cmd.to_owned()));
    if let Some(ack) = ack {
        say(mouth, ack);
    }
    ack.is_some()
}

fn acknowledge(
    state: &mut State,
    sender: &str,
    cmd: &str,
    id: Uuid,
    seq: u64,
    mouth: &UnboundedSender<String>,
) {
    let ack = json!({"t": "ack", "cmd": cmd, "conversation": id, "seq": seq, "at": 1_000 + seq});
    state
        .acks
        .insert((sender.to_owned(), cmd.to_owned()), ack.clone());
    say(mouth, &ack);
}

#[expect(clippy::too_many_arguments, reason = "an event has so many parts")]
fn append(
    state: &mut State,
    id: Uuid,
    kind: &str,
    role: &str,
    from: &str,
    cmd: Option<&str>,
    fields: Value,
    lie: Lie,
) -> u64 {
    let known = state
        .conversations
        .iter_mut()
        .find(|known| known.id == id)
        .unwrap();
    let seq = known.log.len() as u64 + 1;
    let mut event = json!({"t": "event", "conversation": id, "seq": seq, "prev": seq - 1, "at": 1_000 + seq, "kind": kind, "from": {"role": role, "id": from}});
    if let Some(cmd) = cmd {
        event["cmd"] = json!(cmd);
    }
    event
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    known.log.push(event.clone());
    if let Some(ear) = state.ears.get(&known.visitor)
        && !(lie == Lie::HidesTheLast && role == "agent")
    {
        say(ear, &event);
    }
    // The agent hears of a conversation first by `assigned`, which is written as its third event.
    if seq > 2
        && let Some(ear) = state.ears.get(&known.agent)
    {
        say(ear, &event);
    }
    seq
}
