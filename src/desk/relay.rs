//! News to this node's sockets.
//!
//! One task a node takes the notices and hands each to whom it concerns here. It only pushes into mailboxes: whatever
//! needs the store is left to the task of the socket it is for, so that no slow reader and no slow read holds up
//! anybody else's news.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio::time::{Duration, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::coordination::{AppendedNotice, Notice, OfferEnd};
use crate::desk::Desk;
use crate::desk::line::Board;
use crate::hub::mailbox::{EphemeralKey, Farewell, Item, Who};
use crate::hub::{News, frame_bytes};
use crate::model::event::{Body, Role, Sender, View};
use crate::model::id::ConversationId;
use crate::model::time::Millis;
use crate::protocol::agent::{ToAgent, UnassignReason};
use crate::protocol::error::Close;
use crate::protocol::parts::ByeReason;
use crate::protocol::visitor::ToVisitor;

/// Between two looks at what lines and lanes show: a change is seen a quarter of a second later at most.
const SHOW: Duration = Duration::from_millis(250);

/// Relays until the token is cancelled or the notices end.
pub async fn run(desk: Arc<Desk>, mut notices: mpsc::Receiver<Notice>, stop: CancellationToken) {
    let mut board = Board::default();
    let mut ticks = interval(SHOW);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // Both cancel-safe.
            notice = notices.recv() => match notice {
                Some(notice) => desk.relay(notice, &mut board).await,
                None => return,
            },
            _ = ticks.tick() => desk.show(&mut board).await,
            () = stop.cancelled() => return,
        }
    }
}

/// `bye` to somebody whose session ended.
pub(super) fn signed_out() -> Farewell {
    let bye = ToAgent::Bye {
        reason: ByeReason::SignedOut,
        retry_ms: Millis(0),
    };
    Farewell {
        close: Close::Policy,
        bye: Some(frame_bytes(&bye)),
    }
}

impl Desk {
    async fn relay(&self, notice: Notice, board: &mut Board) {
        match notice {
            Notice::Appended(notice) => self.relay_events(&notice),
            Notice::Typing {
                conversation,
                from,
                on,
                preview,
                socket,
            } => {
                let key = EphemeralKey::Typing(conversation, from.id);
                let for_visitor = ToVisitor::Typing {
                    from: from.clone(),
                    on,
                };
                let for_agents = ToAgent::Typing {
                    conversation,
                    from: from.clone(),
                    on,
                    preview,
                };
                self.push_ephemeral(conversation, &from, socket, key, &for_visitor, &for_agents);
            }
            Notice::Read {
                conversation,
                from,
                seq,
                socket,
            } => {
                let key = EphemeralKey::Read(conversation, from.id);
                let for_visitor = ToVisitor::Read {
                    from: from.clone(),
                    seq,
                };
                let for_agents = ToAgent::Read {
                    conversation,
                    from: from.clone(),
                    seq,
                };
                self.push_ephemeral(conversation, &from, socket, key, &for_visitor, &for_agents);
            }
            Notice::Offered(ringing) => self
                .hub
                .push_to_agent(ringing.agent, &Item::Offered(ringing.clone())),
            Notice::OfferEnded {
                conversation,
                agent,
                reason,
            } => {
                let reason = match reason {
                    OfferEnd::Declined => UnassignReason::Declined,
                    OfferEnd::Missed => UnassignReason::Missed,
                    OfferEnd::Taken => UnassignReason::Taken,
                    OfferEnd::Closed => UnassignReason::Closed,
                };
                let item = Item::OfferEnded {
                    conversation,
                    reason,
                };
                self.hub.push_to_agent(agent, &item);
            }
            Notice::LineMoved => {
                board.has_moved = true;
                self.book.wake();
            }
            Notice::AgentChanged(agent) => {
                self.book.wake();
                board.changed_agents.insert(agent);
            }
            Notice::PersonChanged(agent) => self.hub.push_to_agent(agent, &Item::PersonChanged),
            Notice::Doubted {
                conversation,
                visitor,
                owner,
            } => {
                self.hub.doubt(conversation);
                self.hub.remind(conversation, visitor, owner);
            }
            Notice::VisitorMoved { conversation, from } => {
                self.hub.push_to_visitor(from, &Item::Moved(conversation));
            }
            Notice::SignedOut(sessions) => self.hub.end_agents(&signed_out(), |who| match who {
                Who::Agent { session, .. } => sessions.contains(session),
                Who::Visitor { .. } => false,
            }),
            Notice::LoggedOut { person, except } => {
                self.hub.end_agents(&signed_out(), |who| match who {
                    Who::Agent {
                        agent,
                        session,
                        is_token,
                    } => *agent == person && !is_token && Some(*session) != except,
                    Who::Visitor { .. } => false,
                })
            }
            Notice::PersonRemoved(person) => self.hub.end_agents(&signed_out(), |who| match who {
                Who::Agent { agent, .. } => *agent == person,
                Who::Visitor { .. } => false,
            }),
            Notice::Viewers {
                conversation,
                agents,
            } => {
                let frame = frame_bytes(&ToAgent::Viewers {
                    conversation,
                    agents,
                });
                let item = Item::Ephemeral(EphemeralKey::Viewers(conversation), frame);
                self.hub
                    .push_to_followers(conversation, View::Agent, 0, &item);
            }
            Notice::Lost => {
                self.hub.doubt_all();
                self.has_lost_notices.store(true, Ordering::Relaxed);
                self.ring_again().await;
                self.hub.for_each(|mailbox| match mailbox.who {
                    Who::Visitor { .. } => mailbox.push(Item::Started),
                    // The sweep reminds them of what they own.
                    Who::Agent { .. } => {}
                });
                board.has_moved = true;
            }
        }
    }

    /// Shows every offer that rings at an agent here; clients know an offer that they show already.
    async fn ring_again(&self) {
        for agent in self.hub.agents() {
            match self.coordination.ringing_at(agent).await {
                Ok(ringing) => ringing
                    .into_iter()
                    .for_each(|one| self.hub.push_to_agent(agent, &Item::Offered(one))),
                Err(away) => tracing::debug!(error = %away, "what rings is not known"),
            }
        }
    }

    fn relay_events(&self, notice: &AppendedNotice) {
        let conversation = notice.conversation;
        self.hub.deliver(&News {
            conversation,
            events: &notice.events,
            visitor_prev: notice.visitor_prev,
            enqueued_at: notice.enqueued_at,
        });
        let begins = |body: &Body| matches!(body, Body::Queued { .. });
        if notice
            .events
            .first()
            .is_some_and(|event| begins(&event.body))
        {
            self.hub.push_to_visitor(notice.visitor, &Item::Started);
        }
        let is_assigned = |body: &Body| matches!(body, Body::Assigned { .. });
        if let Some(owner) = notice.owner
            && notice.events.iter().any(|event| is_assigned(&event.body))
        {
            self.hub.push_to_agent(owner, &Item::Owned(conversation));
        }
    }

    fn push_ephemeral(
        &self,
        conversation: ConversationId,
        from: &Sender,
        but: u64,
        key: EphemeralKey,
        for_visitor: &ToVisitor,
        for_agents: &ToAgent,
    ) {
        // A visitor's own typing is of no use to their other tabs.
        let is_own_typing = from.role == Role::Visitor && matches!(key, EphemeralKey::Typing(..));
        if !is_own_typing {
            let item = Item::Ephemeral(key, frame_bytes(for_visitor));
            self.hub
                .push_to_followers(conversation, View::Visitor, but, &item);
        }
        let item = Item::Ephemeral(key, frame_bytes(for_agents));
        self.hub
            .push_to_followers(conversation, View::Agent, but, &item);
    }
}
