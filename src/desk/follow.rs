//! Reading a log for one follower, from its own place to its end.
//!
//! A socket's task calls [`Desk::catch_up`] until it is done: after `hello`, after a gap, on any doubt. It reads at the
//! pace of its reader, a page at a time, so a long log costs no memory. What is live comes by `hub` afterwards.

use std::sync::Arc;

use bytes::Bytes;

use crate::desk::{Desk, Refused, may_see, visitor_card};
use crate::hub::follower::{event_bytes, state_frame, taken_from};
use crate::hub::mailbox::{Behind, Mailbox};
use crate::hub::{Following, begins_a_wait, frame_bytes};
use crate::model::event::{Body, Event, Seq, View};
use crate::model::id::{AgentId, ConversationId};
use crate::model::record::Person;
use crate::model::time::{At, Millis};
use crate::protocol::agent::{ToAgent, UnassignReason};
use crate::store::StoreError;

/// Events read at once.
const PAGE_EVENTS: u32 = 100;

/// One page for a follower.
#[derive(Debug, Default)]
pub struct Page {
    /// Frames to write, in order.
    pub frames: Vec<Bytes>,
    /// Whether there may be more: call again.
    pub has_more: bool,
    /// Set when the log took the conversation from the agent: the place it ended at.
    pub ended_at: Option<Seq>,
}

impl Desk {
    /// The next page of a log for a follower that is behind. A visitor is told the state that events after
    /// `told_seq` brought about; what came before, `welcome` has told. `None` if this request is not the latest.
    pub async fn catch_up(
        &self,
        behind: Behind,
        mailbox: &Arc<Mailbox>,
        told_seq: Seq,
    ) -> Result<Option<Page>, StoreError> {
        // Several requests to read may be under way for one follower; only the latest one's time has come.
        let Some((following, place)) = self.hub.behind(behind, mailbox.socket) else {
            return Ok(None);
        };
        let Behind { conversation, .. } = behind;
        let view = match following {
            Following::Visitor => View::Visitor,
            Following::Agent { .. } => View::Agent,
        };
        let read = self
            .store
            .events(conversation, view, place, PAGE_EVENTS)
            .await?;
        let enqueued_at = self.enqueued_at(conversation, view, &read.events).await?;
        let mut page = Page {
            has_more: read.has_more,
            ..Page::default()
        };
        for (prev, event) in &read.events {
            page.frames
                .push(event_bytes(conversation, *prev, event, view));
            self.hub.advance(conversation, mailbox.socket, event.seq);
            if view == View::Visitor && event.seq > told_seq {
                page.frames.extend(
                    state_frame(conversation, event, enqueued_at).map(|frame| frame_bytes(&frame)),
                );
            }
            if view == View::Visitor && begins_a_wait(&event.body) {
                self.hub.waits_anew(conversation);
            }
            if let Some(reason) = following.ended_by(&mailbox.who, event) {
                page.frames.push(frame_bytes(&ToAgent::Unassigned {
                    conversation,
                    reason,
                }));
                page.ended_at = Some(event.seq);
                if !self.hub.disown(conversation, mailbox.socket) {
                    page.has_more = false;
                    return Ok(Some(page));
                }
            }
        }
        if !page.has_more {
            page.has_more = self.hub.must_read_on(conversation, mailbox.socket);
        }
        Ok(Some(page))
    }

    /// The place in line, which only a transfer to another line needs and does not name itself.
    async fn enqueued_at(
        &self,
        conversation: ConversationId,
        view: View,
        events: &[(Seq, Event)],
    ) -> Result<At, StoreError> {
        let needs_it = view == View::Visitor
            && events
                .iter()
                .any(|(_, event)| matches!(event.body, Body::Transferred { .. }));
        let found = if needs_it {
            self.store.conversation(conversation).await?
        } else {
            None
        };
        Ok(found.map_or(At(0), |found| found.enqueued_at))
    }

    /// What an agent is told who comes to own a conversation: `assigned`, and the event since which they do. `None`
    /// if they no longer own it.
    pub async fn assigned(
        &self,
        conversation: ConversationId,
        agent: AgentId,
        place: Option<Seq>,
    ) -> Result<Option<(ToAgent, Seq, Seq)>, StoreError> {
        let Some(card) = self.store.card(conversation).await? else {
            return Ok(None);
        };
        let found = &card.conversation;
        if found.owner().is_none_or(|owner| owner.id != agent) {
            return Ok(None);
        }
        let from_seq = match place {
            Some(place) => place,
            None => self.replay_from(found, View::Agent).await?,
        };
        let owned_from = found.placed_seq;
        let placing = self
            .store
            .events(conversation, View::Agent, owned_from - 1, 1)
            .await?;
        let waited_ms = match placing.events.first().map(|(_, event)| &event.body) {
            Some(Body::Assigned { waited_ms, .. }) => *waited_ms,
            Some(_) | None => Millis(0),
        };
        let frame = ToAgent::Assigned {
            conversation,
            visitor: visitor_card(&card.visitor),
            department: found.department.clone(),
            waited_ms,
            seq: found.seq,
            from_seq: from_seq + 1,
        };
        Ok(Some((frame, from_seq, owned_from)))
    }

    /// What an agent missed of a conversation that is no longer theirs: the log after `after` up to the event that
    /// took it away, then `unassigned`; and the last event that the client then has.
    pub async fn missed_end(
        &self,
        person: &Person,
        conversation: ConversationId,
        after: Seq,
    ) -> Result<(Vec<Bytes>, Seq), Refused> {
        let found = self
            .store
            .conversation(conversation)
            .await?
            .ok_or(Refused::NotFound("conversation"))?;
        let Some((end, reason)) = self.loss(person.id, conversation, after).await? else {
            return Err(if may_see(person, &found) {
                Refused::Forbidden("This conversation is not yours. Open it to follow it.")
            } else {
                Refused::NotFound("conversation")
            });
        };
        let mut frames = Vec::new();
        let mut place = after;
        while place < end {
            let page = self
                .store
                .events(conversation, View::Agent, place, PAGE_EVENTS)
                .await?;
            for (prev, event) in page.events.iter().filter(|(_, event)| event.seq <= end) {
                place = event.seq;
                frames.push(event_bytes(conversation, *prev, event, View::Agent));
            }
        }
        frames.push(frame_bytes(&ToAgent::Unassigned {
            conversation,
            reason,
        }));
        Ok((frames, place))
    }

    /// The event that took the conversation from the agent: the first after `after`, else the last before. `None` for
    /// somebody who never had it: whoever owned it may know how that ended, anybody else must be allowed to see it.
    async fn loss(
        &self,
        agent: AgentId,
        conversation: ConversationId,
        after: Seq,
    ) -> Result<Option<(Seq, UnassignReason)>, StoreError> {
        let mut is_owned = false;
        let mut loss = None;
        let mut place = 0;
        loop {
            let page = self
                .store
                .events(conversation, View::Agent, place, PAGE_EVENTS)
                .await?;
            for (_, event) in &page.events {
                place = event.seq;
                if is_owned && let Some(reason) = taken_from(agent, event) {
                    is_owned = false;
                    loss = Some((event.seq, reason));
                    if event.seq > after {
                        return Ok(loss);
                    }
                }
                if let Body::Assigned { agent: owner, .. } = &event.body
                    && owner.id == agent
                {
                    is_owned = true;
                }
            }
            if !page.has_more {
                return Ok(loss);
            }
        }
    }
}
