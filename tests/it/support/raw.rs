//! Clients without manners: frames that no good client says, and bytes that are no frames at all.

use std::time::Duration;

use balie_loadtest::participant::dial::{Dial, RawSocket};
use balie_loadtest::participant::wire::CommandId;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;
use super::node::Node;

/// As [`PATIENCE`], for those who count.
pub const PATIENCE_MS: u64 = 60_000;

/// A visitor's socket on which nothing was said yet.
pub async fn visitor_socket(node: &Node) -> RawSocket {
    let dial = node.stranger().with_header("origin", &node.url());
    dial.socket("/ws/visitor").await.unwrap()
}

/// A visitor's socket after `hello`, and its `welcome`.
pub async fn welcomed_visitor(node: &Node) -> (RawSocket, Value) {
    let mut socket = visitor_socket(node).await;
    socket.say(hello().to_string()).await.unwrap();
    let welcome = next(&mut socket, "welcome").await;
    (socket, welcome)
}

/// An agent's socket after `hello`, and its `welcome`.
pub async fn welcomed_agent(node: &Node, person: &str) -> (RawSocket, Value) {
    let mut socket = node.as_person(person).socket("/ws/agent").await.unwrap();
    socket.say(json!({"t": "hello"}).to_string()).await.unwrap();
    let welcome = next(&mut socket, "welcome").await;
    (socket, welcome)
}

/// A good `hello` of a visitor.
pub fn hello() -> Value {
    json!({"t": "hello", "site": "demo", "page": {"url": "http://shop.example/", "title": "Shop"}})
}

/// A good `send` of a visitor.
pub fn send(text: &str) -> Value {
    json!({"t": "send", "cmd": CommandId::fresh(), "text": text})
}

/// The next frame of this type; others are passed over.
pub async fn next(socket: &mut RawSocket, frame_type: &str) -> Value {
    next_of(socket, &[frame_type]).await
}

/// The next frame of one of these types; others are passed over.
pub async fn next_of(socket: &mut RawSocket, frame_types: &[&str]) -> Value {
    let hearing = async {
        loop {
            let frame = socket.hear_within(PATIENCE_MS).await.unwrap();
            if frame_types.iter().any(|wanted| frame["t"] == **wanted) {
                return frame;
            }
        }
    };
    timeout(PATIENCE, hearing)
        .await
        .unwrap_or_else(|_| panic!("none of {frame_types:?} came"))
}

/// The answer to a frame that must be refused.
pub async fn error_after(socket: &mut RawSocket, text: impl Into<String>) -> Value {
    socket.say(text).await.unwrap();
    next(socket, "error").await
}

/// The code with which the server closes the socket.
pub async fn close_code(socket: &mut RawSocket) -> u16 {
    socket.closed_within(PATIENCE_MS).await.unwrap().0
}

/// The HTTP status with which an upgrade is refused.
pub async fn upgrade_status(dial: &Dial, path: &str) -> u16 {
    use balie_loadtest::participant::fault::Trouble;
    match dial.socket(path).await {
        Err(Trouble::Upgrade { status, .. }) => status,
        Err(trouble) => panic!("no HTTP answer: {trouble}"),
        Ok(_) => 101,
    }
}

/// Says bytes on a bare connection and hears what comes back, until the server closes it or has been silent for so long.
pub async fn exchange(node: &Node, bytes: &[u8], silence: Duration) -> Exchange {
    let mut stream = node.stranger().tcp().await.unwrap();
    // A server that has closed already is found when reading.
    let _ = stream.write_all(bytes).await;
    hear_out(&mut stream, silence).await
}

/// Hears a connection out.
pub async fn hear_out(stream: &mut TcpStream, silence: Duration) -> Exchange {
    let mut answer = Vec::new();
    loop {
        let mut buffer = [0; 4_096];
        match timeout(silence, stream.read(&mut buffer)).await {
            Err(_) => {
                return Exchange {
                    answer: String::from_utf8_lossy(&answer).into_owned(),
                    is_closed: false,
                };
            }
            Ok(Ok(0) | Err(_)) => {
                return Exchange {
                    answer: String::from_utf8_lossy(&answer).into_owned(),
                    is_closed: true,
                };
            }
            Ok(Ok(count)) => answer.extend_from_slice(&buffer[..count]),
        }
    }
}

/// What came back over a bare connection.
#[derive(Debug)]
pub struct Exchange {
    /// All of it.
    pub answer: String,
    /// Whether the server closed it.
    pub is_closed: bool,
}

impl Exchange {
    /// The status of the HTTP answer, if there is one.
    pub fn status(&self) -> Option<u16> {
        self.answer.split_whitespace().nth(1)?.parse().ok()
    }
}

/// One WebSocket frame of a client, as bytes: `first` is FIN, the reserved bits and the opcode. Masked with zeros.
pub fn frame_bytes(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        long @ 126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
        huge => {
            bytes.push(0x80 | 127);
            bytes.extend((huge as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

/// The next frame of the server, which comes within this time, and is not answered: its first byte and what it says. `None` at
/// the end.
pub async fn next_bytes(stream: &mut TcpStream, within: Duration) -> Option<(u8, Vec<u8>)> {
    let first = timeout(within, stream.read_u8()).await.unwrap().ok()?;
    let length = match stream.read_u8().await.ok()? {
        126 => usize::from(stream.read_u16().await.ok()?),
        127 => usize::try_from(stream.read_u64().await.ok()?).unwrap(),
        short => usize::from(short),
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.ok()?;
    Some((first, payload))
}

/// Reads frames of the server, which comes at least so often, and answers none; the code of its close frame, if it sent one.
pub async fn closing_code(stream: &mut TcpStream, often: Duration) -> Option<u16> {
    loop {
        let (first, payload) = next_bytes(stream, often).await?;
        if first & 0x0f == 8 {
            return payload
                .get(..2)
                .map(|code| u16::from_be_bytes([code[0], code[1]]));
        }
    }
}
