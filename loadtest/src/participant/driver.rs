//! Keeps one mind connected: opens the socket, says `hello`, carries frames both ways, and comes back after any cut.
//!
//! A handle ([`Participant`](super::handle::Participant)) and its driving task share the mind behind a lock that is held for single frames only. The driver
//! promises that a participant which keeps going reconnects with a growing pause, resumes after what it saw, and repeats
//! what was not answered; and that one which does not keep going ends with the reason.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::dial::{Dial, Heard, RawSocket};
use super::fault::Trouble;
use super::mind::{End, Memory, Mind};

/// The first pause before a reconnect; it doubles up to the second. Short, because tests wait for it.
const PAUSE_MS: u64 = 50;
const PAUSE_MS_MAX: u64 = 1_000;
/// A socket on which `hello` is not answered for so long is given up.
const WELCOME_MS_MAX: u64 = 15_000;
/// A frame that cannot be written for so long means that nobody reads.
const WRITE_MS_MAX: u64 = 15_000;

/// How long a script waits for what it expects, unless told otherwise. Generous: it only costs when something is wrong.
pub const PATIENCE_MS: u64 = 60_000;

/// How a participant behaves.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Comes back after every cut, for ever, instead of ending.
    pub keeps_going: bool,
    /// Says `ping` so often, and gives a socket up that is silent for three times as long; 0 for never.
    pub ping_every_ms: u64,
    pub patience_ms: u64,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            keeps_going: false,
            ping_every_ms: 10_000,
            patience_ms: PATIENCE_MS,
        }
    }
}

/// What handle and driver share.
pub(super) struct Shared<M> {
    mind: Mutex<M>,
    /// Wakes the driver: there is something to say, or the socket is to be cut.
    wake: Notify,
    /// Wakes the handles: something was heard. The number itself means nothing.
    changed: watch::Sender<u64>,
    orders: Mutex<Option<Order>>,
    /// What the handle waited for last, for whoever asks why nothing happens.
    waits_for: Mutex<String>,
}

/// What a handle tells the driver to do with the socket.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// Drop it, as a network does.
    Cut,
    /// Close it and end.
    Close,
}

/// Why a socket came to its end.
enum Ended {
    /// By the network, by the server, or by a script.
    Lost { code: u16, reason: String },
    /// On the participant's own wish, for good.
    Left,
}

impl<M> Shared<M> {
    pub(super) fn new(mind: M) -> Self {
        Self {
            mind: Mutex::new(mind),
            wake: Notify::new(),
            changed: watch::Sender::new(0),
            orders: Mutex::new(None),
            waits_for: Mutex::default(),
        }
    }

    pub(super) fn begin_to_wait(&self, what: &str) {
        let mut waits_for = self
            .waits_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        what.clone_into(&mut waits_for);
    }

    pub(super) fn waits_for(&self) -> String {
        let waits_for = self.waits_for.lock();
        waits_for.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something is to be said.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) fn order(&self, order: Order) {
        *self.orders.lock().unwrap_or_else(PoisonError::into_inner) = Some(order);
        self.wake.notify_one();
    }

    /// Tells whenever something was heard, or the socket is gone for good.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// A test that panicked while it held the lock must not hide its message behind a second panic.
    pub(super) fn lock(&self) -> MutexGuard<'_, M> {
        self.mind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_order(&self) -> Option<Order> {
        self.orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn tell(&self) {
        self.changed
            .send_modify(|version| *version = version.wrapping_add(1));
    }
}

impl End {
    /// The pause that an HTTP answer asked for.
    fn retry_after_ms(&self) -> Option<u64> {
        match self {
            End::Upgrade { retry_after_s, .. } => retry_after_s.map(|seconds| seconds * 1_000),
            End::Closed { .. } | End::Connect { .. } | End::Refused(_) => None,
        }
    }
}

/// The life of a participant: connect, converse, and again.
pub(super) async fn drive<M: Mind>(shared: Arc<Shared<M>>, dial: Dial, manner: Manner) {
    let mut pause_ms = PAUSE_MS;
    loop {
        let end = match dial.socket(M::PATH).await {
            Ok(socket) => {
                let ended = converse(&shared, socket, &manner).await;
                let was_live = shared.lock().memory().is_live;
                if was_live {
                    pause_ms = PAUSE_MS;
                }
                match ended {
                    Ended::Left => {
                        return lost(
                            &shared,
                            Some(End::Closed {
                                code: 1000,
                                reason: "left".into(),
                            }),
                        );
                    }
                    Ended::Lost { code, reason } => End::Closed { code, reason },
                }
            }
            Err(Trouble::Upgrade {
                status,
                retry_after_s,
                body,
            }) => End::Upgrade {
                status,
                retry_after_s,
                body,
            },
            Err(trouble) => End::Connect {
                address: dial.origin(),
                reason: trouble.to_string(),
            },
        };
        give_up_what_broke_it(&shared, &end);
        let (was_refused, bye_ms) = {
            let mind = shared.lock();
            (
                mind.memory().end.is_some(),
                mind.memory().bye.as_ref().and_then(|bye| bye.retry_ms),
            )
        };
        if !manner.keeps_going || was_refused || is_final(&end) {
            return lost(&shared, Some(end));
        }
        let asked_ms = bye_ms.or_else(|| end.retry_after_ms());
        lost(&shared, None);
        sleep(Duration::from_millis(asked_ms.unwrap_or(pause_ms))).await;
        pause_ms = (pause_ms * 2).min(PAUSE_MS_MAX);
        // A cut that was ordered while there was no socket has had its effect.
        if matches!(shared.take_order(), Some(Order::Close)) {
            return lost(
                &shared,
                Some(End::Closed {
                    code: 1000,
                    reason: "left".into(),
                }),
            );
        }
    }
}

/// Coming back after a breach of policy or a refused sign-in only repeats it.
fn is_final(end: &End) -> bool {
    match end {
        End::Closed { code, .. } => *code == 1008,
        End::Upgrade { status, .. } => matches!(status, 401 | 403 | 404),
        End::Connect { .. } => false,
        End::Refused(_) => true,
    }
}

/// A frame that the server can never take would break every socket that it is repeated on.
fn give_up_what_broke_it<M: Mind>(shared: &Shared<M>, end: &End) {
    if matches!(
        end,
        End::Closed {
            code: 1003 | 1007 | 1009,
            ..
        }
    ) {
        shared.lock().memory_mut().outbox.give_up_said();
    }
}

fn lost<M: Mind>(shared: &Shared<M>, end: Option<End>) {
    {
        let mut mind = shared.lock();
        mind.lose_socket();
        if mind.memory().end.is_none() {
            mind.memory_mut().end = end;
        }
    }
    shared.tell();
}

/// The life of one socket.
async fn converse<M: Mind>(shared: &Shared<M>, mut socket: RawSocket, manner: &Manner) -> Ended {
    let began = Instant::now();
    let mut heard_at = began;
    let mut pinged_at = began;
    let hello = shared.lock().hello();
    let mut to_say = vec![hello];
    loop {
        if !to_say.is_empty() {
            let saying = socket.say_all(std::mem::take(&mut to_say));
            match timeout(Duration::from_millis(WRITE_MS_MAX), saying).await {
                Ok(Ok(())) => {}
                // What the server said before it closed the socket may still be there to be read, its close frame above all.
                Ok(Err(_)) => return drain(shared, socket).await,
                Err(_) => {
                    return Ended::Lost {
                        code: 1006,
                        reason: "nobody reads what is written".into(),
                    };
                }
            }
        }
        let wait = {
            let mut mind = shared.lock();
            next_wait(mind.memory_mut(), manner, Instant::now(), pinged_at)
        };
        tokio::select! {
            // `hear` keeps its place when it is dropped.
            heard = socket.hear() => match heard {
                Heard::Text(text) => {
                    heard_at = Instant::now();
                    let is_over = {
                        let mut mind = shared.lock();
                        mind.hear(&text, heard_at);
                        mind.memory().end.is_some()
                    };
                    shared.tell();
                    if is_over {
                        return Ended::Lost { code: 1000, reason: "refused".into() };
                    }
                }
                Heard::Closed { code, reason } => return Ended::Lost { code, reason },
            },
            () = shared.wake.notified() => {}
            () = sleep(wait) => {}
        }
        match shared.take_order() {
            Some(Order::Cut) => {
                return Ended::Lost {
                    code: 1006,
                    reason: "cut on purpose".into(),
                };
            }
            Some(Order::Close) => {
                socket.close().await;
                return Ended::Left;
            }
            None => {}
        }
        let now = Instant::now();
        let mut mind = shared.lock();
        if !mind.memory().is_live && now - began > Duration::from_millis(WELCOME_MS_MAX) {
            return Ended::Lost {
                code: 1006,
                reason: "no `welcome`".into(),
            };
        }
        if manner.ping_every_ms > 0
            && now - heard_at > Duration::from_millis(manner.ping_every_ms * 3)
        {
            return Ended::Lost {
                code: 1006,
                reason: "the server is silent".into(),
            };
        }
        to_say = what_to_say(&mut *mind, manner, now, &mut pinged_at);
    }
}

/// Hears out a socket that can no longer be written to.
async fn drain<M: Mind>(shared: &Shared<M>, mut socket: RawSocket) -> Ended {
    loop {
        match timeout(Duration::from_secs(1), socket.hear()).await {
            Ok(Heard::Text(text)) => {
                shared.lock().hear(&text, Instant::now());
                shared.tell();
            }
            Ok(Heard::Closed { code, reason }) => return Ended::Lost { code, reason },
            Err(_) => {
                return Ended::Lost {
                    code: 1006,
                    reason: "it cannot be written to".into(),
                };
            }
        }
    }
}

/// Everything that is due: a repeated `hello`, and after `welcome` a ping, single frames and commands.
fn what_to_say<M: Mind>(
    mind: &mut M,
    manner: &Manner,
    now: Instant,
    pinged_at: &mut Instant,
) -> Vec<String> {
    let mut frames = Vec::new();
    if mind.memory().hello_at.is_some_and(|at| at <= now) {
        frames.push(mind.hello());
    }
    let memory = mind.memory_mut();
    if memory.is_live {
        if manner.ping_every_ms > 0
            && now - *pinged_at >= Duration::from_millis(manner.ping_every_ms)
        {
            *pinged_at = now;
            memory.ping();
        }
        frames.append(&mut memory.say);
        frames.append(&mut memory.outbox.due(now));
    }
    frames
}

/// How long nothing is due if nothing is heard. The single timer of a socket.
fn next_wait(memory: &mut Memory, manner: &Manner, now: Instant, pinged_at: Instant) -> Duration {
    let ping_at =
        (manner.ping_every_ms > 0).then(|| pinged_at + Duration::from_millis(manner.ping_every_ms));
    let welcome_at = (!memory.is_live).then(|| now + Duration::from_millis(WELCOME_MS_MAX));
    let candidates = [
        ping_at,
        welcome_at,
        memory.hello_at,
        memory.outbox.next_due(),
    ];
    let next = candidates.into_iter().flatten().min();
    next.map_or(Duration::from_secs(3600), |at| {
        at.saturating_duration_since(now)
    })
}
