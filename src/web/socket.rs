//! The life of one socket, whoever is on it: read frames, write what the mailbox holds, end well.
//!
//! One task a socket. Buffers are small from the start (docs/performance.md): a visitor who only looks costs the task,
//! the read buffer and an empty mailbox. Commands of one socket are carried out one after the other, in the order sent.
//! A peer that reads too slowly is cut off by the write time-out or by its mailbox and resumes from the log.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use bytes::Bytes;
use futures_util::SinkExt;
use tokio::time::{Instant, timeout, timeout_at};

use crate::hub::mailbox::{EphemeralKey, Farewell, Item, Mailbox, Taken};
use crate::hub::{Hub, frame_bytes};
use crate::model::time::{At, Clock, Millis};
use crate::protocol::error::{Close, ErrorCode, ErrorFrame};
use crate::protocol::parse::refuse_unread;
use crate::protocol::{FRAME_BYTES_MAX, HELLO_TIMEOUT_S, REFUSED_FRAMES_MAX, REFUSED_WINDOW_S};
use crate::web::address::Seen;
use crate::web::error::close_after;

/// First size of a socket's read buffer; tungstenite lets it grow with the frames it sees. Small
/// ones make an idle visitor fifty times lighter than the default, and larger ones make messages no faster.
const READ_BUFFER_BYTES: usize = 256;
/// A write that does not end within this time means a peer that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for the last words of a socket that ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Sizes a socket's buffers before the upgrade. `batch_bytes` is how much is gathered into one write.
pub fn sized(
    upgrade: WebSocketUpgrade,
    batch_bytes: usize,
    write_bytes_max: usize,
) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(batch_bytes)
        .max_write_buffer_size(write_bytes_max)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
}

/// What one side of the contract does with frames and items.
pub trait Peer: Send {
    /// Its mailbox.
    fn mailbox(&self) -> &Arc<Mailbox>;
    /// Answers a frame.
    fn frame(&mut self, text: &str) -> impl Future<Output = Vec<Answer>> + Send;
    /// Does what an item asks.
    fn item(&mut self, item: Item) -> impl Future<Output = Reply> + Send;
    /// Whether an ephemeral frame is still of use: what it is about may have come to its end since it was pushed.
    fn wants(&self, key: &EphemeralKey) -> bool;
    /// What a ping says from now on, and its pong after it; 0 where no pong was ever waited for.
    fn ping(&self) -> u32 {
        0
    }
    /// A pong came: when the peer sent it, it had read all that was written before a ping that said this.
    fn pong(&mut self, _said: u32) {}
    /// The socket is gone.
    fn leave(self) -> impl Future<Output = ()> + Send;
}

/// One frame in answer to a frame.
#[derive(Debug)]
pub enum Answer {
    /// What was asked for.
    Frame(Bytes),
    /// A refusal.
    Refusal(Box<ErrorFrame>),
    /// A refusal that ends the socket although its code alone would not.
    Last(Box<ErrorFrame>),
}

/// What an item made.
#[derive(Debug, Default)]
pub struct Reply {
    /// Frames to write, in order.
    pub frames: Vec<Bytes>,
    /// To be done once they are written.
    pub again: Option<Item>,
}

impl Answer {
    /// A frame of ours.
    pub fn of(frame: &impl serde::Serialize) -> Self {
        Answer::Frame(frame_bytes(frame))
    }

    /// Whether it says to try again, through no fault of the client's.
    fn puts_off(&self) -> bool {
        match self {
            Answer::Frame(_) | Answer::Last(_) => false,
            Answer::Refusal(error) => error.code == ErrorCode::Unavailable,
        }
    }
}

/// How fast a socket may send, and how often it may be refused.
pub struct Pace {
    clock: Clock,
    /// Frames a second; 0 is no limit.
    per_s: u32,
    /// Thousandths of frames that may be sent at once.
    tokens: i64,
    filled_at: At,
    refused: u32,
    refused_since: At,
}

impl Pace {
    /// `per_s` frames a second with a burst of twice that.
    #[must_use]
    pub fn new(clock: Clock, per_s: u32) -> Self {
        let now = clock.now();
        Self {
            clock,
            per_s,
            tokens: i64::from(per_s) * 2_000,
            filled_at: now,
            refused: 0,
            refused_since: now,
        }
    }

    /// Takes one frame; else says after how long one may come.
    fn take(&mut self) -> Result<(), Millis> {
        if self.per_s == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        let burst = i64::from(self.per_s) * 2_000;
        let gained = (now - self.filled_at)
            .0
            .saturating_mul(i64::from(self.per_s));
        self.tokens = self.tokens.saturating_add(gained).min(burst);
        self.filled_at = now;
        if self.tokens >= 1_000 {
            self.tokens -= 1_000;
            return Ok(());
        }
        // Until a quarter of the burst is there again: whoever waits so long is refused a few times a second at worst,
        // and never so often that the socket is closed for it.
        Err(Millis(
            ((burst / 4 - self.tokens) / i64::from(self.per_s)).max(1),
        ))
    }

    /// Counts a refused frame; answers whether there were too many.
    fn is_too_often_refused(&mut self) -> bool {
        let now = self.clock.now();
        if now - self.refused_since >= Millis::seconds(REFUSED_WINDOW_S) {
            self.refused_since = now;
            self.refused = 0;
        }
        self.refused += 1;
        self.refused >= REFUSED_FRAMES_MAX
    }
}

/// Why a socket's life is over.
enum End {
    /// The peer is gone, or said good-bye itself.
    Gone,
    /// We end it.
    Close(Farewell),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        End::Close(Farewell { close, bye: None })
    }
}

/// What came in.
enum Incoming {
    Text(Utf8Bytes),
    /// What the peer's pong says, if it is one of ours.
    Pong(Option<u32>),
    /// A ping: the peer is there.
    Alive,
    End(End),
}

/// Lives a socket's life, in a task of its own. `greet` answers frames until one of them makes a peer; without one in
/// time the socket ends.
///
/// The task's size is what an idle visitor costs most: everything but waiting is boxed and gone when it is done, and
/// the upgrade's own task, which is twice as large, ends here.
pub fn live<P, G, F>(socket: WebSocket, hub: Arc<Hub>, pace: Pace, seen: Seen, greet: G)
where
    P: Peer + 'static,
    G: Fn(Utf8Bytes) -> F + Send + Sync + 'static,
    F: Future<Output = (Vec<Answer>, Option<P>)> + Send,
{
    let mut life = Box::new(Life {
        socket,
        pace,
        hub,
        _seen: seen,
    });
    tokio::spawn(async move {
        let end = match Box::pin(life.greeted(greet)).await {
            Err(end) => end,
            Ok(mut peer) => {
                let end = life.serve(&mut *peer).await;
                Box::pin(life.part(*peer)).await;
                end
            }
        };
        // Best effort: a peer that is gone or does not read has nothing to be told.
        let _ = Box::pin(timeout(CLOSE_TIMEOUT, finish(&mut life.socket, end))).await;
    });
}

/// What a socket's task holds as long as it lives.
struct Life {
    socket: WebSocket,
    pace: Pace,
    hub: Arc<Hub>,
    /// Counted for its address as long as the socket lives.
    _seen: Seen,
}

impl Life {
    /// Waits for the `hello` that makes a peer.
    async fn greeted<P, G, F>(&mut self, greet: G) -> Result<Box<P>, End>
    where
        P: Peer,
        G: Fn(Utf8Bytes) -> F,
        F: Future<Output = (Vec<Answer>, Option<P>)> + Send,
    {
        let patience = Duration::from_secs(HELLO_TIMEOUT_S);
        let mut deadline = Instant::now() + patience;
        loop {
            let received = timeout_at(deadline, self.socket.recv()).await;
            let text = match incoming(received.map_err(|_elapsed| End::from(Close::Policy))?) {
                Incoming::Alive | Incoming::Pong(_) => continue,
                Incoming::End(end) => return Err(end),
                Incoming::Text(text) => text,
            };
            if let Err(retry) = self.pace.take() {
                let refusal = vec![too_fast(&text, retry)];
                answer(&mut self.socket, &mut self.pace, refusal).await?;
                continue;
            }
            // Never given up half-way, however long the store takes: whoever has entered must leave again.
            let (answers, peer) = greet(text).await;
            // Whoever said it in time and was put off, for the store is away, may say it again.
            if answers.iter().any(Answer::puts_off) {
                deadline = Instant::now() + patience;
            }
            let answered = answer(&mut self.socket, &mut self.pace, answers).await;
            match (peer, answered) {
                (Some(peer), Ok(())) => return Ok(Box::new(peer)),
                (Some(peer), Err(end)) => {
                    self.part(peer).await;
                    return Err(end);
                }
                (None, answered) => answered?,
            }
        }
    }

    /// Reads and writes until there is a reason to end.
    async fn serve<P: Peer>(&mut self, peer: &mut P) -> End {
        loop {
            // Both arms are cancel-safe: `recv` keeps a partial frame in the socket, `take` takes only when it returns.
            let step = tokio::select! {
                received = self.socket.recv() => Err(received),
                taken = peer.mailbox().take() => Ok(taken),
            };
            let step = match step {
                Err(received) => Box::pin(self.receive(peer, received)).await,
                Ok(taken) => Box::pin(self.deliver(peer, taken)).await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn receive<P: Peer>(
        &mut self,
        peer: &mut P,
        received: Option<Result<Message, axum::Error>>,
    ) -> Result<(), End> {
        peer.mailbox().hear(self.hub.now_s());
        match incoming(received) {
            Incoming::Alive | Incoming::Pong(None) => Ok(()),
            Incoming::Pong(Some(said)) => {
                peer.pong(said);
                Ok(())
            }
            Incoming::End(end) => Err(end),
            Incoming::Text(text) => take_frame(&mut self.socket, peer, &mut self.pace, &text).await,
        }
    }

    async fn deliver<P: Peer>(&mut self, peer: &mut P, taken: Taken) -> Result<(), End> {
        match taken {
            Taken::Items(items) => write_items(&mut self.socket, peer, items).await,
            Taken::End(items, farewell) => {
                write_items(&mut self.socket, peer, items).await?;
                Err(End::Close(farewell))
            }
        }
    }

    async fn part<P: Peer>(&mut self, peer: P) {
        self.hub.leave(peer.mailbox());
        peer.leave().await;
    }
}

async fn take_frame<P: Peer>(
    socket: &mut WebSocket,
    peer: &mut P,
    pace: &mut Pace,
    text: &str,
) -> Result<(), End> {
    let answers = match pace.take() {
        Ok(()) => peer.frame(text).await,
        Err(retry) => vec![too_fast(text, retry)],
    };
    answer(socket, pace, answers).await
}

fn too_fast(text: &str, retry: Millis) -> Answer {
    let message = "Too many frames. Wait a moment and send this one again.";
    let error = ErrorFrame::new(ErrorCode::RateLimited, message).retry(retry);
    Answer::Refusal(refuse_unread(text, error))
}

/// Writes answers; a refusal may be the last word.
async fn answer(socket: &mut WebSocket, pace: &mut Pace, answers: Vec<Answer>) -> Result<(), End> {
    let mut frames = Vec::with_capacity(answers.len());
    let mut end = None;
    for answer in answers {
        let error = match answer {
            Answer::Frame(bytes) => {
                frames.push(bytes);
                continue;
            }
            Answer::Last(error) => {
                end = end.or(Some(Close::Policy));
                error
            }
            Answer::Refusal(error) => {
                end = end.or(close_after(error.code));
                // That the store is away is not the client's doing.
                if error.code != ErrorCode::Unavailable && pace.is_too_often_refused() {
                    end = end.or(Some(Close::Policy));
                }
                error
            }
        };
        frames.push(error_bytes(*error));
    }
    write(socket, frames).await?;
    end.map_or(Ok(()), |close| Err(close.into()))
}

/// Both sockets write `error` alike.
fn error_bytes(error: ErrorFrame) -> Bytes {
    frame_bytes(&crate::protocol::visitor::ToVisitor::Error(error))
}

async fn write_items<P: Peer>(
    socket: &mut WebSocket,
    peer: &mut P,
    mut items: VecDeque<Item>,
) -> Result<(), End> {
    let mut frames = Vec::new();
    while let Some(item) = items.pop_front() {
        match item {
            Item::Ephemeral(key, _) if !peer.wants(&key) => {}
            Item::Frame(bytes) | Item::Ephemeral(_, bytes) => frames.push(bytes),
            Item::Ping => {
                // Most are never asked for anything but a sign of life: nothing is allocated for them.
                let said = match peer.ping() {
                    0 => Bytes::new(),
                    said => Bytes::copy_from_slice(&said.to_be_bytes()),
                };
                send(socket, Message::Ping(said)).await?;
            }
            other => {
                let reply = peer.item(other).await;
                frames.extend(reply.frames);
                if let Some(again) = reply.again {
                    // A page at a time: the next is read when this one is with the peer.
                    write(socket, std::mem::take(&mut frames)).await?;
                    items.push_front(again);
                }
            }
        }
    }
    write(socket, frames).await
}

/// Writes frames as one batch.
async fn write(socket: &mut WebSocket, frames: Vec<Bytes>) -> Result<(), End> {
    if frames.is_empty() {
        return Ok(());
    }
    let writing = async {
        for frame in frames {
            let text = Utf8Bytes::try_from(frame).expect("JSON is UTF-8");
            socket.feed(Message::Text(text)).await?;
        }
        socket.flush().await
    };
    match timeout(WRITE_TIMEOUT, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_broken)) => Err(End::Gone),
        Err(_elapsed) => Err(Close::TooSlow.into()),
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(WRITE_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_broken)) => Err(End::Gone),
        Err(_elapsed) => Err(Close::TooSlow.into()),
    }
}

fn incoming(received: Option<Result<Message, axum::Error>>) -> Incoming {
    match received {
        Some(Ok(Message::Text(text))) => Incoming::Text(text),
        Some(Ok(Message::Binary(_))) => Incoming::End(Close::Binary.into()),
        Some(Ok(Message::Ping(_))) => Incoming::Alive,
        Some(Ok(Message::Pong(said))) => {
            Incoming::Pong(said.as_ref().try_into().ok().map(u32::from_be_bytes))
        }
        Some(Ok(Message::Close(_))) | None => Incoming::End(End::Gone),
        Some(Err(error)) => Incoming::End(broken(error)),
    }
}

/// What a read error means: most are a peer that is gone, two are its doing and have a code of their own.
fn broken(error: axum::Error) -> End {
    let inner = error.into_inner();
    match inner.downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(_)) => Close::TooBig.into(),
        Some(tungstenite::Error::Utf8(_)) => Close::BadUtf8.into(),
        Some(_) | None => End::Gone,
    }
}

async fn finish(socket: &mut WebSocket, end: End) {
    let End::Close(Farewell { close, bye }) = end else {
        return;
    };
    if let Some(bye) = bye.and_then(|bye| Utf8Bytes::try_from(bye).ok())
        && socket.feed(Message::Text(bye)).await.is_err()
    {
        return;
    }
    let frame = CloseFrame {
        code: close.code(),
        reason: Utf8Bytes::from_static(close.reason()),
    };
    if socket.send(Message::Close(Some(frame))).await.is_err() {
        return;
    }
    // The peer's own close ends the handshake of RFC 6455, section 7.1.2; without it some peers would see a reset and
    // lose the code.
    while let Some(Ok(_)) = socket.recv().await {}
}
