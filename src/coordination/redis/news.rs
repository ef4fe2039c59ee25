//! News between nodes: what is published here goes to this node at once, and to all others through one channel.
//!
//! A node's own news needs no Redis. What others publish may be lost: every packet says how many notices its node had
//! published before it, so a hole is seen with the next packet, and there is one a second at least. A subscription on which
//! this node's own packets no longer come back is dead, whatever its socket says: it leads to a server that is no longer
//! in charge, or to nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use redis::cmd;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use uuid::Uuid;

use super::address::CONNECT;
use super::board::Board;
use super::link::{Link, pause};
use crate::coordination::{NOTICES_WAITING, Notice, waiting_in};

/// Notices under way to this node's relay; publishers wait beyond.
const NOTICES_MAX: usize = 8_192;
/// Notices under way to other nodes; beyond that they are lost, and the others are told so.
const OUTGOING_MAX: usize = 8_192;
/// Notices in one packet.
const PACKET_MAX: usize = 256;
/// Between two packets of a node that has nothing to say.
const BEAT: Duration = Duration::from_secs(1);
/// Own packets that do not come back for so long mean a dead subscription.
const DEAF: Duration = Duration::from_secs(3);
/// Between two calls to other nodes to look for somebody to serve.
const WAKE: Duration = Duration::from_millis(50);

/// What goes over the channel.
#[derive(Serialize, Deserialize)]
struct Packet {
    /// Whose.
    node: Uuid,
    /// How many notices the node had published before these.
    before: u64,
    notices: Vec<Notice>,
    /// Somebody waits who could be served, and whom the node has not got round to.
    wakes: bool,
}

/// News of this node and of the others.
pub struct News {
    node: Uuid,
    channel: String,
    /// To this node's relay.
    sender: mpsc::Sender<Notice>,
    receiver: Mutex<Option<mpsc::Receiver<Notice>>>,
    /// To the other nodes, each with its number. A std mutex: held for a push, so that numbers go out in order.
    outgoing: Mutex<(u64, mpsc::Sender<(u64, Notice)>)>,
    queue: Mutex<Option<mpsc::Receiver<(u64, Notice)>>>,
    /// Whether it was tried once to listen.
    begun: watch::Sender<bool>,
}

impl News {
    /// News of this node, over this channel.
    #[must_use]
    pub fn new(node: Uuid, channel: String) -> Self {
        let (sender, receiver) = mpsc::channel(NOTICES_MAX);
        let (outgoing, queue) = mpsc::channel(OUTGOING_MAX);
        Self {
            node,
            channel,
            sender,
            receiver: Mutex::new(Some(receiver)),
            outgoing: Mutex::new((0, outgoing)),
            queue: Mutex::new(Some(queue)),
            begun: watch::Sender::new(false),
        }
    }

    /// Tells this node, waiting when its relay is behind, and the others, as far as they keep up.
    pub async fn publish(&self, notice: Notice) {
        {
            let mut outgoing = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
            let number = outgoing.0;
            outgoing.0 += 1;
            // A full queue loses it: the hole in the numbers tells the others.
            let _ = outgoing.1.try_send((number, notice.clone()));
        }
        self.tell_here(notice).await;
    }

    /// This node may have missed something: it reads everything again.
    pub async fn doubt(&self) {
        self.tell_here(Notice::Lost).await;
    }

    async fn tell_here(&self, notice: Notice) {
        // The relay is gone only when the process ends.
        let _ = self.sender.send(notice).await;
    }

    /// How full its queues are.
    pub fn gauges(&self) -> Vec<(&'static str, &'static str, i64)> {
        let (name, what) = NOTICES_WAITING;
        let outgoing = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
        vec![
            (name, what, waiting_in(&self.sender)),
            (
                "notices_outgoing_waiting",
                "Notices that Redis has not taken yet for the other nodes",
                waiting_in(&outgoing.1),
            ),
        ]
    }

    /// This node's notices, once.
    pub fn take(&self) -> Option<mpsc::Receiver<Notice>> {
        self.receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Resolves when news comes in, or could not be had at the first attempt.
    pub async fn begins(&self) {
        let mut begun = self.begun.subscribe();
        // The sender lives as long as `self`.
        let _ = begun.wait_for(|begun| *begun).await;
    }

    // --- out --------------------------------------------------------------------------------------------------

    /// Sends packets for as long as it is polled.
    pub async fn send(self: Arc<Self>, board: Arc<Board>) {
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut queue) = queue else { return };
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        let mut woken_at: Option<Instant> = None;
        loop {
            let mut wakes = false;
            tokio::select! {
                // All cancel-safe.
                _ = queue.recv_many(&mut batch, PACKET_MAX) => {}
                () = board.wakes.notified() => {
                    if woken_at.is_some_and(|at| at.elapsed() < WAKE) {
                        sleep(WAKE).await;
                    }
                    woken_at = Some(Instant::now());
                    wakes = true;
                }
                _ = beats.tick() => {}
            }
            self.send_batch(&board.link, &mut batch, wakes).await;
        }
    }

    /// Sends what is there, in packets without holes.
    async fn send_batch(&self, link: &Link, batch: &mut Vec<(u64, Notice)>, wakes: bool) {
        let mut rest = std::mem::take(batch).into_iter().peekable();
        loop {
            let mut packet = Packet {
                node: self.node,
                before: 0,
                notices: Vec::new(),
                wakes,
            };
            packet.before = match rest.peek() {
                Some((number, _)) => *number,
                None => {
                    let outgoing = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
                    // Whatever is in the queue still comes: only what nothing is left of is missing.
                    if outgoing.1.capacity() < OUTGOING_MAX {
                        return;
                    }
                    outgoing.0
                }
            };
            while let Some((number, _)) = rest.peek()
                && *number == packet.before + packet.notices.len() as u64
                && let Some((_, notice)) = rest.next()
            {
                packet.notices.push(notice);
            }
            match serde_json::to_vec(&packet) {
                Ok(bytes) => {
                    let mut publish = cmd("PUBLISH");
                    publish.arg(&self.channel).arg(bytes);
                    // Not repeated: it may have arrived. If it did not, the hole is seen.
                    let _ = link.send_once(&publish).await;
                }
                Err(error) => tracing::error!(%error, "news cannot be written"),
            }
            if rest.peek().is_none() {
                return;
            }
        }
    }

    // --- in ---------------------------------------------------------------------------------------------------

    /// Listens for as long as it is polled.
    pub async fn listen(self: Arc<Self>, board: Arc<Board>) {
        let mut attempts = 0;
        loop {
            let subscribing = async {
                let mut subscription = board.link.address().listen().await?;
                subscription.subscribe(&self.channel).await?;
                Ok::<_, redis::RedisError>(subscription)
            };
            match timeout(CONNECT * 2, subscribing).await {
                Ok(Ok(subscription)) => {
                    attempts = 0;
                    // Whatever was told while nobody listened is lost; before the beginning nobody needed it.
                    if self.begun.send_replace(true) {
                        self.tell_here(Notice::Lost).await;
                    }
                    self.hear(subscription, &board).await;
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "news of other nodes cannot be heard");
                }
                Err(_elapsed) => tracing::debug!("news of other nodes cannot be heard in time"),
            }
            attempts += 1;
            self.begun.send_replace(true);
            sleep(pause(attempts)).await;
        }
    }

    /// Returns when the subscription is dead.
    async fn hear(&self, subscription: redis::aio::PubSub, board: &Board) {
        let mut messages = subscription.into_on_message();
        let mut expected: HashMap<Uuid, u64> = HashMap::new();
        let mut echoed_at = Instant::now();
        loop {
            let wait = DEAF.saturating_sub(echoed_at.elapsed());
            let Ok(message) = timeout(wait, messages.next()).await else {
                tracing::debug!("own news no longer comes back");
                return;
            };
            let Some(message) = message else { return };
            let Ok(packet) = serde_json::from_slice::<Packet>(message.get_payload_bytes()) else {
                // Of a newer version, perhaps: what it says is in the log.
                self.tell_here(Notice::Lost).await;
                continue;
            };
            if packet.node == self.node {
                echoed_at = Instant::now();
                continue;
            }
            let known = expected.insert(packet.node, packet.before + packet.notices.len() as u64);
            if known.is_some_and(|known| known != packet.before) {
                self.tell_here(Notice::Lost).await;
            }
            if packet.wakes {
                board.changed.notify_one();
            }
            for notice in packet.notices {
                self.tell_here(notice).await;
            }
        }
    }
}
