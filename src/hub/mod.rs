//! This node's sockets: who is here and who follows what.
//!
//! Knows mailboxes, never sockets or the store. The web layer enters sockets and takes from their mailboxes; the desk
//! decides who follows and hands over what happened ([`Hub::deliver`]). Each follower of a log has a place in it. News
//! that follows on that place is pushed; on any gap the follower falls behind, its socket's task reads the log from
//! the place, and comes alive again when it has caught up. So nothing is skipped, doubled or reordered, whatever
//! order news arrives in.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use dashmap::DashMap;

use crate::domain::routing::SocketId;
use crate::model::event::{Event, Seq, View};
use crate::model::id::{AgentId, ConversationId, SessionId, VisitorId};
use crate::model::time::At;

pub mod follower;
pub mod mailbox;
mod unplaced;

use follower::Follower;
pub use follower::Following;
use mailbox::{Behind, Farewell, Item, Mailbox, Who};
use unplaced::Unplaced;
pub use unplaced::begins_a_wait;

/// Seconds between two pings of a silent socket; also the number of spokes of the wheel.
pub const PING_S: u64 = 25;

/// This node's sockets.
pub struct Hub {
    began: Instant,
    next_socket: AtomicU64,
    /// All sockets, by `socket % PING_S`: the registry is the wheel that pings them, a spoke a second.
    wheel: Vec<Mutex<HashMap<SocketId, Arc<Mailbox>>>>,
    visitors: DashMap<VisitorId, Vec<Arc<Mailbox>>>,
    agents: DashMap<AgentId, Vec<Arc<Mailbox>>>,
    followers: DashMap<ConversationId, Vec<Follower>>,
    /// Agents' sockets that asked for the lanes.
    lanes: Mutex<HashMap<SocketId, Arc<Mailbox>>>,
    /// Whose visitors are to be told where they stand.
    unplaced: Unplaced,
}

/// What was appended to a log, as a hub needs to know it.
pub struct News<'a> {
    /// Which log.
    pub conversation: ConversationId,
    /// The events, in order.
    pub events: &'a [Event],
    /// The `seq` before the first one visitors may see.
    pub visitor_prev: Seq,
    /// When the conversation's place in the line began.
    pub enqueued_at: At,
}

impl Hub {
    /// A hub without sockets. `first_socket` is random, so that socket ids do not repeat over nodes and restarts.
    #[must_use]
    pub fn new(first_socket: u64) -> Self {
        Self {
            began: Instant::now(),
            next_socket: AtomicU64::new(first_socket),
            wheel: (0..PING_S).map(|_| Mutex::new(HashMap::new())).collect(),
            visitors: DashMap::new(),
            agents: DashMap::new(),
            followers: DashMap::new(),
            lanes: Mutex::new(HashMap::new()),
            unplaced: Unplaced::default(),
        }
    }

    // --- sockets ----------------------------------------------------------------------------------------------

    /// Lets a socket in.
    pub fn enter(&self, who: Who) -> Arc<Mailbox> {
        let socket = self.next_socket.fetch_add(1, Ordering::Relaxed);
        let mailbox = Arc::new(Mailbox::new(socket, who, self.now_s()));
        self.spoke(socket).insert(socket, Arc::clone(&mailbox));
        match &mailbox.who {
            Who::Visitor { visitor, .. } => self
                .visitors
                .entry(*visitor)
                .or_default()
                .push(Arc::clone(&mailbox)),
            Who::Agent { agent, .. } => self
                .agents
                .entry(*agent)
                .or_default()
                .push(Arc::clone(&mailbox)),
        }
        mailbox
    }

    /// Lets a socket out, and ends all its following. Only this very socket goes: its successor is another one.
    pub fn leave(&self, mailbox: &Mailbox) {
        self.spoke(mailbox.socket).remove(&mailbox.socket);
        self.lanes().remove(&mailbox.socket);
        match &mailbox.who {
            Who::Visitor { visitor, .. } => remove_from(&self.visitors, *visitor, mailbox.socket),
            Who::Agent { agent, .. } => remove_from(&self.agents, *agent, mailbox.socket),
        }
    }

    /// How many sockets a visitor has on this node.
    #[must_use]
    pub fn sockets_of_visitor(&self, visitor: VisitorId) -> usize {
        self.visitors
            .get(&visitor)
            .map_or(0, |sockets| sockets.len())
    }

    /// How many sockets there are: (visitors', agents').
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let mut counts = (0, 0);
        self.for_each(|mailbox| match mailbox.who {
            Who::Visitor { .. } => counts.0 += 1,
            Who::Agent { .. } => counts.1 += 1,
        });
        counts
    }

    /// Bytes that wait in all mailboxes, and in the fullest.
    #[must_use]
    pub fn bytes_waiting(&self) -> (usize, usize) {
        let (mut all, mut most) = (0, 0);
        self.for_each(|mailbox| {
            let bytes = mailbox.bytes_waiting();
            all += bytes;
            most = most.max(bytes);
        });
        (all, most)
    }

    /// Whether no socket is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wheel.iter().all(|spoke| {
            spoke
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_empty()
        })
    }

    /// Calls `each` for every socket.
    pub fn for_each(&self, mut each: impl FnMut(&Arc<Mailbox>)) {
        for spoke in &self.wheel {
            spoke
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .values()
                .for_each(&mut each);
        }
    }

    /// Whole seconds since the hub began: the time that [`Mailbox::hear`] takes.
    #[must_use]
    pub fn now_s(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX)
    }

    /// One turn of the wheel: pings the silent sockets of one spoke, and answers those that were silent since the
    /// ping before, to be dropped as dead.
    #[must_use]
    pub fn turn(&self, tick: u64) -> Vec<Arc<Mailbox>> {
        let period_s = u32::try_from(PING_S).unwrap_or(u32::MAX);
        let now_s = self.now_s();
        let mut dead = Vec::new();
        for mailbox in self.spoke(tick).values() {
            let silent_s = now_s.saturating_sub(mailbox.heard_s());
            if silent_s > 2 * period_s {
                dead.push(Arc::clone(mailbox));
            } else if silent_s + 1 >= period_s {
                mailbox.push(Item::Ping);
            }
        }
        dead
    }

    // --- following --------------------------------------------------------------------------------------------

    /// Makes a socket follow a log from after `place`: it falls behind at once, and reads the log itself.
    pub fn follow(
        &self,
        conversation: ConversationId,
        mailbox: &Arc<Mailbox>,
        following: Following,
        place: Seq,
    ) {
        let mut followers = self.followers.entry(conversation).or_default();
        followers.retain(|follower| follower.socket() != mailbox.socket);
        followers.push(Follower::behind(
            conversation,
            Arc::clone(mailbox),
            following,
            place,
        ));
        drop(followers);
        if following == Following::Visitor {
            self.unplaced.note_newcomer(conversation);
        }
    }

    /// Ends following; answers how it was, and the place reached.
    pub fn unfollow(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Option<(Following, Seq)> {
        let mut end = None;
        self.followers.remove_if_mut(&conversation, |_, followers| {
            followers.retain(|follower| {
                let stays = follower.socket() != socket;
                if !stays {
                    end = Some((follower.following(), follower.place()));
                }
                stays
            });
            followers.is_empty()
        });
        end
    }

    /// The socket no longer has the conversation open. It is followed on while it is owned; else answers the place
    /// reached.
    pub fn shut(&self, conversation: ConversationId, socket: SocketId) -> Option<Seq> {
        let mut end = None;
        self.followers.remove_if_mut(&conversation, |_, followers| {
            followers.retain_mut(|follower| {
                let stays = follower.socket() != socket || follower.shut();
                if !stays {
                    end = Some(follower.place());
                }
                stays
            });
            followers.is_empty()
        });
        end
    }

    /// How a socket follows a log, and its place; `None` if it does not.
    #[must_use]
    pub fn following(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Option<(Following, Seq)> {
        let followers = self.followers.get(&conversation)?;
        let follower = followers
            .iter()
            .find(|follower| follower.socket() == socket)?;
        Some((follower.following(), follower.place()))
    }

    /// The same, but only of a follower that is behind since this fall: whoever is live gets what comes by itself, and
    /// reading the log for them would give it twice; whoever fell again since then has frames on the way that come first.
    #[must_use]
    pub fn behind(&self, behind: Behind, socket: SocketId) -> Option<(Following, Seq)> {
        let followers = self.followers.get(&behind.conversation)?;
        let follower = followers.iter().find(|follower| {
            follower.socket() == socket && follower.is_behind_since(behind.fall)
        })?;
        Some((follower.following(), follower.place()))
    }

    /// The socket's agent owns the conversation since this event, and goes on following it. Answers false if the follower
    /// is no longer at `place`, where it was seen when the owner was looked up.
    #[must_use]
    pub fn own(
        &self,
        conversation: ConversationId,
        socket: SocketId,
        owned_from: Seq,
        place: Seq,
    ) -> bool {
        self.followers
            .get_mut(&conversation)
            .is_some_and(|mut followers| {
                followers
                    .iter_mut()
                    .find(|follower| follower.socket() == socket && follower.place() == place)
                    .is_some_and(|follower| follower.own(owned_from))
            })
    }

    /// The socket's agent no longer owns the conversation. Answers whether it follows on because it was opened.
    #[must_use]
    pub fn disown(&self, conversation: ConversationId, socket: SocketId) -> bool {
        let goes_on = self
            .followers
            .get_mut(&conversation)
            .is_some_and(|mut followers| {
                followers
                    .iter_mut()
                    .find(|follower| follower.socket() == socket)
                    .is_some_and(|follower| follower.disown())
            });
        if !goes_on {
            self.unfollow(conversation, socket);
        }
        goes_on
    }

    /// Notes that a follower that is behind has read up to `place`.
    pub fn advance(&self, conversation: ConversationId, socket: SocketId, place: Seq) {
        if let Some(mut followers) = self.followers.get_mut(&conversation)
            && let Some(follower) = followers
                .iter_mut()
                .find(|follower| follower.socket() == socket)
        {
            follower.advance(place);
        }
    }

    /// Makes a follower live that has read to the end of the log, unless news came meanwhile. Answers whether the log
    /// must be read on.
    #[must_use]
    pub fn must_read_on(&self, conversation: ConversationId, socket: SocketId) -> bool {
        self.followers
            .get_mut(&conversation)
            .is_some_and(|mut followers| {
                followers
                    .iter_mut()
                    .find(|follower| follower.socket() == socket)
                    .is_some_and(|follower| !follower.try_live())
            })
    }

    /// Hands news to everybody here who follows the log. Each frame is serialised once for each view.
    pub fn deliver(&self, news: &News<'_>) {
        let Some(mut followers) = self.followers.get_mut(&news.conversation) else {
            return;
        };
        if news.events.iter().any(|event| begins_a_wait(&event.body)) {
            self.unplaced.note_wait(news.conversation);
        }
        let mut frames = follower::Frames::new(news);
        followers.retain_mut(|follower| follower.deliver(&mut frames));
        let is_empty = followers.is_empty();
        drop(followers);
        if is_empty {
            self.followers
                .remove_if(&news.conversation, |_, followers| followers.is_empty());
        }
    }

    /// Compares every follower's place with the end of the log; who is short falls behind.
    pub fn check(&self, conversation: ConversationId, visitor_seq: Seq, seq: Seq) {
        if let Some(mut followers) = self.followers.get_mut(&conversation) {
            for follower in followers.iter_mut() {
                follower.check(match follower.view() {
                    View::Visitor => visitor_seq,
                    View::Agent => seq,
                });
            }
        }
    }

    /// Makes every follower of this log read it again.
    pub fn doubt(&self, conversation: ConversationId) {
        if let Some(mut followers) = self.followers.get_mut(&conversation) {
            followers.iter_mut().for_each(Follower::doubt);
        }
    }

    /// Makes one socket read this log again; answers whether it follows it at all.
    pub fn doubt_socket(&self, conversation: ConversationId, socket: SocketId) -> bool {
        let Some(mut followers) = self.followers.get_mut(&conversation) else {
            return false;
        };
        let follower = followers
            .iter_mut()
            .find(|follower| follower.socket() == socket);
        follower.map(Follower::doubt).is_some()
    }

    /// Tells the sockets that should follow a conversation and do not: its visitor's, and its owner's since this event.
    pub fn remind(
        &self,
        conversation: ConversationId,
        visitor: VisitorId,
        owner: Option<(AgentId, Seq)>,
    ) {
        let following = |socket| self.following(conversation, socket).map(|(how, _)| how);
        for mailbox in sockets_of(&self.visitors, visitor) {
            if following(mailbox.socket).is_none() {
                mailbox.push(Item::Started);
            }
        }
        let Some((owner, since)) = owner else { return };
        for mailbox in sockets_of(&self.agents, owner) {
            let is_told = matches!(
                following(mailbox.socket),
                Some(Following::Agent { owned_from: Some(from), .. }) if from == since
            );
            if !is_told {
                mailbox.push(Item::Owned(conversation));
            }
        }
    }

    /// Makes every follower of every log read it again.
    pub fn doubt_all(&self) {
        for mut followers in self.followers.iter_mut() {
            for follower in followers.iter_mut() {
                follower.doubt();
            }
        }
    }

    /// The conversations that are followed here.
    #[must_use]
    pub fn followed(&self) -> Vec<ConversationId> {
        self.followers
            .iter()
            .map(|followers| *followers.key())
            .collect()
    }

    /// Whether a visitor's socket here follows the conversation.
    #[must_use]
    pub fn has_visitor_follower(&self, conversation: ConversationId) -> bool {
        self.followers.get(&conversation).is_some_and(|followers| {
            followers
                .iter()
                .any(|follower| follower.view() == View::Visitor)
        })
    }

    /// A follower that was behind has read that the conversation waits.
    pub fn waits_anew(&self, conversation: ConversationId) {
        self.unplaced.note_wait(conversation);
    }

    /// The conversations that began to wait, or to be followed by a visitor here, since this was last asked; and whether it is
    /// the latter.
    #[must_use]
    pub fn take_unplaced(&self) -> HashMap<ConversationId, bool> {
        self.unplaced.take()
    }

    /// Pushes an item that is only for the moment to the followers of one view, but not to one socket. A visitor's follower that
    /// was given nothing yet, as where the log cannot be read just now, is told its place later instead.
    pub fn push_to_followers(
        &self,
        conversation: ConversationId,
        view: View,
        but: SocketId,
        item: &Item,
    ) {
        if let Some(followers) = self.followers.get(&conversation) {
            for follower in followers
                .iter()
                .filter(|follower| follower.view() == view && follower.socket() != but)
            {
                if view == View::Agent || follower.has_begun() {
                    follower.mailbox().push(item.clone());
                } else {
                    self.unplaced.note_newcomer(conversation);
                }
            }
        }
    }

    // --- people -----------------------------------------------------------------------------------------------

    /// Pushes an item to every socket of a visitor.
    pub fn push_to_visitor(&self, visitor: VisitorId, item: &Item) {
        if let Some(sockets) = self.visitors.get(&visitor) {
            sockets
                .iter()
                .for_each(|mailbox| mailbox.push(item.clone()));
        }
    }

    /// Pushes an item to every socket of an agent.
    pub fn push_to_agent(&self, agent: AgentId, item: &Item) {
        if let Some(sockets) = self.agents.get(&agent) {
            sockets
                .iter()
                .for_each(|mailbox| mailbox.push(item.clone()));
        }
    }

    /// Whether the agent has a socket here.
    #[must_use]
    pub fn has_agent(&self, agent: AgentId) -> bool {
        self.agents.contains_key(&agent)
    }

    /// The agents with a socket here.
    #[must_use]
    pub fn agents(&self) -> Vec<AgentId> {
        self.agents.iter().map(|sockets| *sockets.key()).collect()
    }

    /// The sessions that agents' sockets here belong to.
    #[must_use]
    pub fn sessions(&self) -> HashSet<SessionId> {
        let mut sessions = HashSet::new();
        for sockets in &self.agents {
            sessions.extend(sockets.iter().filter_map(|mailbox| match &mailbox.who {
                Who::Agent { session, .. } => Some(*session),
                Who::Visitor { .. } => None,
            }));
        }
        sessions
    }

    /// Ends every agent's socket that `which` names.
    pub fn end_agents(&self, farewell: &Farewell, which: impl Fn(&Who) -> bool) {
        for sockets in self.agents.iter() {
            for mailbox in sockets.iter().filter(|mailbox| which(&mailbox.who)) {
                mailbox.end(farewell.clone());
            }
        }
    }

    // --- lanes ------------------------------------------------------------------------------------------------

    /// Starts or stops sending the lanes to an agent's socket.
    pub fn want_lanes(&self, mailbox: &Arc<Mailbox>, on: bool) {
        if on {
            self.lanes().insert(mailbox.socket, Arc::clone(mailbox));
        } else {
            self.lanes().remove(&mailbox.socket);
        }
    }

    /// The sockets that want the lanes.
    #[must_use]
    pub fn lane_sockets(&self) -> Vec<Arc<Mailbox>> {
        self.lanes().values().cloned().collect()
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<SocketId, Arc<Mailbox>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A std mutex each: held for one look-up, or one turn of the wheel, never across an await.
    fn spoke(&self, number: u64) -> MutexGuard<'_, HashMap<SocketId, Arc<Mailbox>>> {
        let index = usize::try_from(number % PING_S).unwrap_or(0);
        self.wheel[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy, so that no lock is held while something else is looked up.
fn sockets_of<K: std::hash::Hash + Eq>(
    map: &DashMap<K, Vec<Arc<Mailbox>>>,
    key: K,
) -> Vec<Arc<Mailbox>> {
    map.get(&key)
        .map(|sockets| sockets.clone())
        .unwrap_or_default()
}

fn remove_from<K: std::hash::Hash + Eq>(
    map: &DashMap<K, Vec<Arc<Mailbox>>>,
    key: K,
    socket: SocketId,
) {
    map.remove_if_mut(&key, |_, sockets| {
        sockets.retain(|mailbox| mailbox.socket != socket);
        sockets.is_empty()
    });
}

/// A frame as it goes over the wire.
pub fn frame_bytes(frame: &impl serde::Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(frame).expect("frames have only text keys and finite numbers"))
}

#[cfg(test)]
mod tests;
