//! What waits to be written to one socket.
//!
//! Filled lazily: an idle visitor's mailbox holds no buffer at all. Bounded by bytes: ephemeral frames replace their
//! predecessor, events are never dropped, and a mailbox that overflows cuts its socket off (1013), which resumes from
//! the log. Any task may push; only the socket's own task takes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::domain::routing::{Ringing, SocketId};
use crate::model::event::Seq;
use crate::model::id::{AgentId, ConversationId, SessionId, SiteKey, VisitorId};
use crate::protocol::agent::UnassignReason;
use crate::protocol::error::Close;

/// Most bytes that wait for a visitor. The longest text as JSON is 60 kB; a few fit.
pub const VISITOR_BYTES_MAX: usize = 256 * 1024;
/// Most bytes that wait for an agent, who follows many conversations.
pub const AGENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// What an item costs beside its bytes, so that many small ones are bounded too.
const ITEM_BYTES: usize = 64;

/// Whose socket it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A visitor's.
    Visitor {
        /// Who.
        visitor: VisitorId,
        /// On which site.
        site: SiteKey,
    },
    /// An agent's.
    Agent {
        /// Who.
        agent: AgentId,
        /// Signed in how.
        session: SessionId,
        /// Whether by an API token.
        is_token: bool,
    },
}

/// Something for the socket's task, in the order pushed.
#[derive(Clone, Debug)]
pub enum Item {
    /// A frame to write.
    Frame(Bytes),
    /// A frame to write, unless a newer one of the same key comes before it is written.
    Ephemeral(EphemeralKey, Bytes),
    /// A log is to be read from its follower's place.
    Behind(Behind),
    /// A conversation of the visitor may have begun: look, and follow it.
    Started,
    /// The visitor's conversation belongs to somebody else now: stop following.
    Moved(ConversationId),
    /// The agent owns this conversation: say so and follow it.
    Owned(ConversationId),
    /// The agent no longer owns this conversation, having been sent its log up to `place`: say so.
    Unassigned {
        /// Which.
        conversation: ConversationId,
        /// Why.
        reason: UnassignReason,
        /// The event that took it away.
        place: Seq,
    },
    /// An offer rings: show it.
    Offered(Ringing),
    /// An offer no longer rings: say so, unless the agent accepted it.
    OfferEnded {
        /// Which.
        conversation: ConversationId,
        /// Why.
        reason: UnassignReason,
    },
    /// The agent's name, role or departments changed: read them again.
    PersonChanged,
    /// Send a ping: the peer has been silent.
    Ping,
}

/// That a follower fell behind. What it got before stands before this in the mailbox, so the log may be read when this
/// is met, and no sooner: an older request, met while frames of the time between still wait, must not read for a newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// In which log.
    pub conversation: ConversationId,
    /// Which of the socket's falls it was.
    pub fall: u32,
}

/// Which ephemeral frames replace each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EphemeralKey {
    /// Somebody typing in a conversation.
    Typing(ConversationId, Option<uuid::Uuid>),
    /// Somebody's read mark in a conversation.
    Read(ConversationId, Option<uuid::Uuid>),
    /// A visitor's place in line.
    Queue,
    /// Whether a site is open.
    Presence,
    /// An agent's place at the desk.
    Agent(AgentId),
    /// The departments' figures.
    Lanes,
    /// Who has a conversation open.
    Viewers(ConversationId),
}

/// How a socket is to end.
#[derive(Clone, Debug)]
pub struct Farewell {
    /// The close code.
    pub close: Close,
    /// A `bye` frame before it.
    pub bye: Option<Bytes>,
}

/// What waits to be written to one socket.
#[derive(Debug)]
pub struct Mailbox {
    /// Names the socket on all nodes.
    pub socket: SocketId,
    /// Whose socket it is.
    pub who: Who,
    /// Seconds since the hub began when the peer was last heard.
    heard_s: AtomicU32,
    /// How often a follower of the socket fell behind.
    falls: AtomicU32,
    /// A std mutex: held for a push or a take, never across an await.
    inbox: Mutex<Inbox>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Inbox {
    items: VecDeque<Item>,
    bytes: usize,
    farewell: Option<Farewell>,
}

/// What [`Mailbox::take`] found.
#[derive(Debug)]
pub enum Taken {
    /// Items, in order.
    Items(VecDeque<Item>),
    /// The socket is to end after these last items.
    End(VecDeque<Item>, Farewell),
}

impl Mailbox {
    /// An empty one.
    #[must_use]
    pub fn new(socket: SocketId, who: Who, heard_s: u32) -> Self {
        Self {
            socket,
            who,
            heard_s: AtomicU32::new(heard_s),
            falls: AtomicU32::new(0),
            inbox: Mutex::new(Inbox::default()),
            wake: Notify::new(),
        }
    }

    /// Adds an item. When that is too much for the reader, the socket is ended instead, and what waited is dropped:
    /// the log has it all.
    pub fn push(&self, item: Item) {
        let mut inbox = self.inbox();
        if inbox.farewell.is_some() {
            return;
        }
        if let Item::Ephemeral(key, _) = &item
            && let Some(at) = inbox
                .items
                .iter()
                .position(|older| matches!(older, Item::Ephemeral(older, _) if older == key))
            && let Some(older) = inbox.items.remove(at)
        {
            inbox.bytes -= older.cost();
        }
        inbox.bytes += item.cost();
        inbox.items.push_back(item);
        if inbox.bytes > self.bytes_max() {
            inbox.items = VecDeque::new();
            inbox.farewell = Some(Farewell {
                close: Close::TooSlow,
                bye: None,
            });
        }
        drop(inbox);
        self.wake.notify_one();
    }

    /// Bytes that wait to be written.
    #[must_use]
    pub fn bytes_waiting(&self) -> usize {
        self.inbox().bytes
    }

    /// Asks the socket's task to read a log; answers which fall this is.
    pub fn push_behind(&self, conversation: ConversationId) -> u32 {
        // Relaxed: only to tell one from another.
        let fall = self.falls.fetch_add(1, Ordering::Relaxed);
        self.push(Item::Behind(Behind { conversation, fall }));
        fall
    }

    /// Ends the socket, after what waits. The first farewell counts.
    pub fn end(&self, farewell: Farewell) {
        self.inbox().farewell.get_or_insert(farewell);
        self.wake.notify_one();
    }

    /// Waits for something and takes it all. Cancel-safe: nothing is taken before it is returned.
    pub async fn take(&self) -> Taken {
        loop {
            {
                let mut inbox = self.inbox();
                if let Some(farewell) = inbox.farewell.clone() {
                    return Taken::End(std::mem::take(&mut inbox.items), farewell);
                }
                if !inbox.items.is_empty() {
                    inbox.bytes = 0;
                    // The buffer goes with the items: an idle mailbox keeps none.
                    return Taken::Items(std::mem::take(&mut inbox.items));
                }
            }
            self.wake.notified().await;
        }
    }

    /// Takes what is on its way to the peer already: frames, and ends of ownership behind them. What is still to be read
    /// stays, in its order. Whoever begins a following anew writes these first.
    pub fn take_on_the_way(&self) -> Vec<Item> {
        let mut inbox = self.inbox();
        let (on_the_way, stays): (VecDeque<Item>, VecDeque<Item>) =
            std::mem::take(&mut inbox.items)
                .into_iter()
                .partition(Item::is_on_the_way);
        inbox.bytes = stays.iter().map(Item::cost).sum();
        inbox.items = stays;
        on_the_way.into()
    }

    /// Notes that the peer was heard.
    pub fn hear(&self, now_s: u32) {
        // Relaxed: a moment stands alone.
        self.heard_s.store(now_s, Ordering::Relaxed);
    }

    /// When the peer was last heard.
    #[must_use]
    pub fn heard_s(&self) -> u32 {
        self.heard_s.load(Ordering::Relaxed)
    }

    fn bytes_max(&self) -> usize {
        match self.who {
            Who::Visitor { .. } => VISITOR_BYTES_MAX,
            Who::Agent { .. } => AGENT_BYTES_MAX,
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        // Nothing in a critical section can panic half-way.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    fn is_on_the_way(&self) -> bool {
        match self {
            Item::Frame(_) | Item::Ephemeral(..) | Item::Unassigned { .. } => true,
            Item::Behind(_)
            | Item::Started
            | Item::Moved(_)
            | Item::Owned(_)
            | Item::Offered(_)
            | Item::OfferEnded { .. }
            | Item::PersonChanged
            | Item::Ping => false,
        }
    }

    fn cost(&self) -> usize {
        match self {
            Item::Frame(bytes) | Item::Ephemeral(_, bytes) => ITEM_BYTES + bytes.len(),
            Item::Behind(_)
            | Item::Started
            | Item::Moved(_)
            | Item::Owned(_)
            | Item::Unassigned { .. }
            | Item::Offered(_)
            | Item::OfferEnded { .. }
            | Item::PersonChanged
            | Item::Ping => ITEM_BYTES,
        }
    }
}
