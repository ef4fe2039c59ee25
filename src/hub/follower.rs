//! One socket's place in one log, and what it gets from there.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::routing::SocketId;
use crate::hub::mailbox::{Item, Mailbox, Who};
use crate::hub::{News, frame_bytes};
use crate::model::event::{Body, Event, Seq, TransferredTo, View};
use crate::model::id::{AgentId, ConversationId};
use crate::model::time::At;
use crate::protocol::agent::{ToAgent, UnassignReason};
use crate::protocol::parts::EventFrame;
use crate::protocol::visitor::ToVisitor;

/// Why a socket follows a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Following {
    /// It is the visitor's own conversation.
    Visitor,
    /// An agent's: because they own it, because they opened it, or both.
    Agent {
        /// They own it since this event: following ends with the one that takes it away, unless it is opened too.
        owned_from: Option<Seq>,
        /// It goes on until shut.
        is_opened: bool,
    },
}

/// One socket's place in one log.
pub struct Follower {
    conversation: ConversationId,
    mailbox: Arc<Mailbox>,
    following: Following,
    /// The last event it was given.
    place: Seq,
    /// Behind: its socket's task reads the log; news only raises `newest`.
    is_behind: bool,
    /// The fall that its socket's task was last asked to read for.
    fall: u32,
    /// The last event known of, as its view counts.
    newest: Seq,
}

impl Follower {
    /// A follower that has yet to read the log after `place`, and asks its socket's task to.
    pub fn behind(
        conversation: ConversationId,
        mailbox: Arc<Mailbox>,
        following: Following,
        place: Seq,
    ) -> Self {
        Self {
            fall: mailbox.push_behind(conversation),
            conversation,
            mailbox,
            following,
            place,
            is_behind: true,
            newest: place,
        }
    }

    /// Names the socket.
    pub fn socket(&self) -> SocketId {
        self.mailbox.socket
    }

    /// Where its frames go.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// The last event it was given.
    pub fn place(&self) -> Seq {
        self.place
    }

    /// Whether its socket's task is to read the log for it, having met the request of this fall.
    pub fn is_behind_since(&self, fall: u32) -> bool {
        self.is_behind && self.fall == fall
    }

    /// Why it follows.
    pub fn following(&self) -> Following {
        self.following
    }

    /// Whether it was given anything of the log. A visitor's socket hears of its conversation by that, and of nothing that is
    /// about the conversation before.
    pub fn has_begun(&self) -> bool {
        self.place > 0
    }

    /// What it may see.
    pub fn view(&self) -> View {
        match self.following {
            Following::Visitor => View::Visitor,
            Following::Agent { .. } => View::Agent,
        }
    }

    /// Its socket's task has written everything up to `place`.
    pub fn advance(&mut self, place: Seq) {
        self.place = self.place.max(place);
    }

    /// Live again, if nothing newer is known than what it has. Answers whether it is.
    pub fn try_live(&mut self) -> bool {
        self.is_behind = self.newest > self.place;
        !self.is_behind
    }

    /// Falls behind if the log is known to go on after its place.
    pub fn check(&mut self, newest: Seq) {
        self.newest = self.newest.max(newest);
        if self.newest > self.place {
            self.doubt();
        }
    }

    /// Falls behind: the log may go on after its place.
    pub fn doubt(&mut self) {
        if !self.is_behind {
            self.fall_behind();
        }
    }

    /// Takes in news. Answers whether it goes on following.
    pub fn deliver(&mut self, frames: &mut Frames<'_>) -> bool {
        let view = self.view();
        for index in 0..frames.news.events.len() {
            let event = &frames.news.events[index];
            if !view.shows(&event.body) || event.seq <= self.place {
                continue;
            }
            if self.is_behind {
                self.newest = self.newest.max(event.seq);
                continue;
            }
            let prev = frames.prev(index, view);
            if prev != self.place {
                self.newest = event.seq;
                self.fall_behind();
                continue;
            }
            self.place = event.seq;
            self.newest = self.newest.max(event.seq);
            self.mailbox.push(Item::Frame(frames.event(index, view)));
            if view == View::Visitor {
                if let Some(state) = frames.state(index) {
                    self.mailbox.push(Item::Frame(state));
                }
            } else if let Some(reason) = self.following.ended_by(&self.mailbox.who, event) {
                let conversation = self.conversation;
                self.mailbox.push(Item::Unassigned {
                    conversation,
                    reason,
                    place: self.place,
                });
                if !self.disown() {
                    return false;
                }
            }
        }
        true
    }

    /// The owner's since this event. Answers whether it is an agent's at all.
    pub fn own(&mut self, owned_from: Seq) -> bool {
        match self.following {
            Following::Agent { is_opened, .. } => {
                self.following = Following::Agent {
                    owned_from: Some(owned_from),
                    is_opened,
                };
                true
            }
            Following::Visitor => false,
        }
    }

    /// No longer opened. Answers whether following goes on because it is owned.
    pub fn shut(&mut self) -> bool {
        match self.following {
            Following::Agent {
                owned_from: Some(from),
                ..
            } => {
                self.following = Following::Agent {
                    owned_from: Some(from),
                    is_opened: false,
                };
                true
            }
            Following::Agent {
                owned_from: None, ..
            }
            | Following::Visitor => false,
        }
    }

    /// No longer the owner's. Answers whether following goes on because it was opened.
    pub fn disown(&mut self) -> bool {
        match self.following {
            Following::Agent {
                is_opened: true, ..
            } => {
                self.following = Following::Agent {
                    owned_from: None,
                    is_opened: true,
                };
                true
            }
            Following::Agent {
                is_opened: false, ..
            }
            | Following::Visitor => false,
        }
    }

    fn fall_behind(&mut self) {
        self.is_behind = true;
        self.fall = self.mailbox.push_behind(self.conversation);
    }
}

impl Following {
    /// Why this event ends the ownership that is followed, if it does.
    #[must_use]
    pub fn ended_by(self, who: &Who, event: &Event) -> Option<UnassignReason> {
        match (self, who) {
            (
                Following::Agent {
                    owned_from: Some(from),
                    ..
                },
                Who::Agent { agent, .. },
            ) if event.seq > from => taken_from(*agent, event),
            (
                Following::Agent { .. } | Following::Visitor,
                Who::Agent { .. } | Who::Visitor { .. },
            ) => None,
        }
    }
}

/// Why this event takes a conversation from the agent who owns it, if it does.
#[must_use]
pub fn taken_from(owner: AgentId, event: &Event) -> Option<UnassignReason> {
    match &event.body {
        Body::Closed { .. } => Some(UnassignReason::Closed),
        Body::Requeued { .. } => Some(UnassignReason::Requeued),
        Body::Transferred {
            to: TransferredTo::Department(_),
        } => Some(UnassignReason::Transferred),
        Body::Transferred {
            to: TransferredTo::Agent(agent),
        } if agent.id != owner => {
            // Somebody who names themselves took it; anybody else handed it on.
            let is_taken = event.from.id == Some(agent.id.0);
            Some(if is_taken {
                UnassignReason::Taken
            } else {
                UnassignReason::Transferred
            })
        }
        Body::Transferred {
            to: TransferredTo::Agent(_),
        }
        | Body::Queued { .. }
        | Body::Message { .. }
        | Body::Assigned { .. }
        | Body::AgentAway { .. }
        | Body::AgentBack { .. }
        | Body::Rated { .. }
        | Body::Note { .. } => None,
    }
}

/// The frame that tells a visitor the state an event brought about, beside the event itself.
#[must_use]
pub fn state_frame(
    conversation: ConversationId,
    event: &Event,
    enqueued_at: At,
) -> Option<ToVisitor> {
    match &event.body {
        Body::Queued {
            department,
            enqueued_at,
            ..
        }
        | Body::Requeued {
            department,
            enqueued_at,
            ..
        } => Some(ToVisitor::Queued {
            conversation,
            department: department.clone(),
            enqueued_at: *enqueued_at,
        }),
        Body::Transferred {
            to: TransferredTo::Department(department),
        } => Some(ToVisitor::Queued {
            conversation,
            department: department.clone(),
            enqueued_at,
        }),
        Body::Assigned {
            agent, waited_ms, ..
        } => Some(ToVisitor::Assigned {
            conversation,
            agent: agent.clone(),
            waited_ms: *waited_ms,
        }),
        Body::Transferred {
            to: TransferredTo::Agent(_),
        }
        | Body::Message { .. }
        | Body::AgentAway { .. }
        | Body::AgentBack { .. }
        | Body::Closed { .. }
        | Body::Rated { .. }
        | Body::Note { .. } => None,
    }
}

/// The frames of some news, each serialised once for each view, when first asked for.
pub struct Frames<'a> {
    /// What happened.
    pub news: &'a News<'a>,
    visitor: Vec<Option<Bytes>>,
    agent: Vec<Option<Bytes>>,
    state: Vec<Option<Bytes>>,
}

impl<'a> Frames<'a> {
    /// Nothing serialised yet.
    #[must_use]
    pub fn new(news: &'a News<'a>) -> Self {
        let none = vec![None; news.events.len()];
        Self {
            news,
            visitor: none.clone(),
            agent: none.clone(),
            state: none,
        }
    }

    /// The `seq` before the event at `index` that the view shows.
    #[must_use]
    pub fn prev(&self, index: usize, view: View) -> Seq {
        match view {
            View::Agent => self.news.events[index].seq - 1,
            View::Visitor => self.news.events[..index]
                .iter()
                .rev()
                .find(|event| view.shows(&event.body))
                .map_or(self.news.visitor_prev, |event| event.seq),
        }
    }

    fn event(&mut self, index: usize, view: View) -> Bytes {
        let prev = self.prev(index, view);
        let cached = match view {
            View::Visitor => &mut self.visitor[index],
            View::Agent => &mut self.agent[index],
        };
        cached
            .get_or_insert_with(|| {
                event_bytes(self.news.conversation, prev, &self.news.events[index], view)
            })
            .clone()
    }

    fn state(&mut self, index: usize) -> Option<Bytes> {
        if self.state[index].is_none() {
            let frame = state_frame(
                self.news.conversation,
                &self.news.events[index],
                self.news.enqueued_at,
            )?;
            self.state[index] = Some(frame_bytes(&frame));
        }
        self.state[index].clone()
    }
}

/// One event as a frame for a view. Both sockets write it alike.
#[must_use]
pub fn event_bytes(conversation: ConversationId, prev: Seq, event: &Event, view: View) -> Bytes {
    let frame = EventFrame::of(conversation, prev, event, view);
    match view {
        View::Visitor => frame_bytes(&ToVisitor::Event(frame)),
        View::Agent => frame_bytes(&ToAgent::Event(frame)),
    }
}
