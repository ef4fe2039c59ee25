//! The agent's side of the contract: frames to desk calls, and what the mailbox asks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;

use crate::accounts::sessions::SignedIn;
use crate::desk::{Refused, visitor_card};
use crate::domain::conversation::Place;
use crate::domain::routing::Ringing;
use crate::hub::mailbox::{EphemeralKey, Item, Mailbox, Who};
use crate::hub::{Following, frame_bytes};
use crate::model::event::Seq;
use crate::model::id::{CommandId, ConversationId};
use crate::model::record::{Person, SessionKind};
use crate::protocol::agent::{AgentHello, AgentWelcome, FromAgent, Me, ToAgent, UnassignReason};
use crate::protocol::error::{ErrorCode, ErrorFrame};
use crate::protocol::parse::agent_frame;
use crate::protocol::parts::Ack;
use crate::store::{Receipt, StoreError};
use crate::web::Web;
use crate::web::socket::{Answer, Peer, Reply};
use crate::web::visitor::{about, push_later};

/// Places in logs that a socket remembers, so that following can go on where it stopped.
const PLACES_MAX: usize = 1_000;

/// One socket of an agent.
pub struct AgentPeer {
    web: Arc<Web>,
    mailbox: Arc<Mailbox>,
    person: Person,
    /// Conversations opened by the client.
    opened: HashSet<ConversationId>,
    /// Conversations followed because they are owned.
    owned: HashSet<ConversationId>,
    /// Where following stopped.
    places: HashMap<ConversationId, Seq>,
}

/// Answers a frame before `hello` has succeeded; on success there is a peer.
pub async fn greet(
    web: Arc<Web>,
    signed_in: Arc<SignedIn>,
    text: Utf8Bytes,
) -> (Vec<Answer>, Option<AgentPeer>) {
    let frame = match agent_frame(&text) {
        Ok(frame) => frame,
        Err(error) => return (vec![Answer::Refusal(error)], None),
    };
    match frame {
        FromAgent::Hello(hello) => {
            let session = &signed_in.session;
            let who = Who::Agent {
                agent: signed_in.person.id,
                session: session.id,
                is_token: session.kind == SessionKind::Token,
            };
            let mailbox = web.desk.hub.enter(who);
            let mut peer = AgentPeer {
                web: Arc::clone(&web),
                mailbox,
                person: signed_in.person.clone(),
                opened: HashSet::new(),
                owned: HashSet::new(),
                places: HashMap::new(),
            };
            match peer.welcome(hello).await {
                Ok(answers) => (answers, Some(peer)),
                Err(answer) => {
                    web.desk.hub.leave(&peer.mailbox);
                    peer.leave().await;
                    (vec![answer], None)
                }
            }
        }
        FromAgent::Ping { n } => (vec![pong(&web, n)], None),
        other => {
            let error = ErrorFrame::new(ErrorCode::WrongState, "Say hello first.");
            let error = ErrorFrame {
                cmd: cmd_of(&other),
                conversation: conversation_of(&other),
                ..error
            };
            (
                vec![Answer::Refusal(Box::new(about(type_of(&other), error)))],
                None,
            )
        }
    }
}

impl AgentPeer {
    /// Answers `hello`: oneself, one's conversations, what was missed of those that are gone, what rings.
    async fn welcome(&mut self, hello: AgentHello) -> Result<Vec<Answer>, Answer> {
        let refused = |refused: Refused| refusal("hello", None, None, &refused);
        let web = Arc::clone(&self.web);
        let desk = &web.desk;
        let epoch = desk.epoch();
        let is_same_epoch = hello
            .epoch
            .as_deref()
            .is_none_or(|theirs| *theirs == *epoch);
        let after = if is_same_epoch {
            hello.after
        } else {
            BTreeMap::new()
        };
        self.person = desk
            .agent_joins(self.person.id, self.mailbox.socket)
            .await
            .map_err(refused)?;
        let owned = desk
            .owned_conversations(self.person.id, |id| after.get(&id).copied())
            .await
            .map_err(refused)?;
        if let Some(beyond) = owned.iter().find(|one| one.is_beyond) {
            let message =
                "The log does not go so far. Say hello with after 0 for this conversation.".into();
            let error = Refused::BadField {
                field: "after".into(),
                message,
            };
            return Err(refusal("hello", None, Some(beyond.named.id), &error));
        }
        let mut offers = Vec::new();
        for ringing in desk.ringing_at(self.person.id).await {
            let offer = self.offer(&ringing).await;
            offers.extend(
                offer
                    .map_err(|error| refused(error.into()))?
                    .map(Answer::Frame),
            );
        }
        // From here on nothing fails: what is followed is named.
        let mut answers = Vec::new();
        let mut conversations = Vec::with_capacity(owned.len());
        for one in owned {
            let following = Following::Agent {
                owned_from: Some(one.owned_from),
                is_opened: false,
            };
            desk.hub
                .follow(one.named.id, &self.mailbox, following, one.place);
            self.owned.insert(one.named.id);
            conversations.push(one.named);
        }
        let welcome = AgentWelcome {
            epoch: epoch.to_string(),
            agent: Me {
                id: self.person.id,
                name: self.person.name.clone(),
                role: self.person.role,
            },
            status: self.person.status,
            capacity: self.person.capacity,
            departments: self.person.departments.clone(),
            conversations,
            now: desk.clock.now(),
        };
        answers.push(Answer::of(&ToAgent::Welcome(welcome)));
        for (id, after) in after {
            if self.owned.contains(&id) {
                continue;
            }
            match desk.missed_end(&self.person, id, after).await {
                Ok((frames, sent)) => {
                    answers.extend(frames.into_iter().map(Answer::Frame));
                    self.remember(id, sent);
                }
                Err(refused) => answers.push(refusal("hello", None, Some(id), &refused)),
            }
        }
        answers.extend(offers);
        Ok(answers)
    }

    /// Starts following anew. What is on its way belongs to the following before, and comes before `welcome`.
    async fn hello_again(&mut self, hello: AgentHello) -> Vec<Answer> {
        self.stop_following().await;
        let mut answers = self.on_the_way();
        match self.welcome(hello).await {
            Ok(welcome) => answers.extend(welcome),
            Err(refusal) => answers.push(refusal),
        }
        answers
    }

    /// What is on its way to the client already.
    fn on_the_way(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for item in self.mailbox.take_on_the_way() {
            match item {
                Item::Frame(bytes) | Item::Ephemeral(_, bytes) => {
                    answers.push(Answer::Frame(bytes))
                }
                Item::Unassigned {
                    conversation,
                    reason,
                    place,
                } => answers.push(Answer::Frame(self.disown(conversation, reason, place))),
                later @ (Item::Behind(_)
                | Item::Started
                | Item::Moved(_)
                | Item::Owned(_)
                | Item::Offered(_)
                | Item::OfferEnded { .. }
                | Item::PersonChanged
                | Item::Ping) => self.mailbox.push(later),
            }
        }
        answers
    }

    /// Stops following one log for a moment, to begin it anew.
    fn pause(&self, id: ConversationId) -> Option<(Following, Seq)> {
        self.web.desk.hub.unfollow(id, self.mailbox.socket)
    }

    /// Goes on where [`AgentPeer::pause`] stopped.
    fn go_on(&self, id: ConversationId, before: Option<(Following, Seq)>) {
        if let Some((following, place)) = before {
            self.web
                .desk
                .hub
                .follow(id, &self.mailbox, following, place);
        }
    }

    /// The conversation is no longer the agent's, whose client has its log up to `place`.
    fn disown(&mut self, id: ConversationId, reason: UnassignReason, place: Seq) -> Bytes {
        self.owned.remove(&id);
        self.remember(id, place);
        frame_bytes(&ToAgent::Unassigned {
            conversation: id,
            reason,
        })
    }

    async fn stop_following(&mut self) {
        let socket = self.mailbox.socket;
        for id in self.owned.drain() {
            self.web.desk.hub.unfollow(id, socket);
        }
        for id in std::mem::take(&mut self.opened) {
            self.web.desk.hub.unfollow(id, socket);
            self.web.desk.view(&self.person, id, socket, false).await;
        }
        self.places.clear();
    }

    /// An offer as the agent sees it; nothing if the conversation has moved since.
    async fn offer(&self, ringing: &Ringing) -> Result<Option<Bytes>, StoreError> {
        let card = self.web.desk.store.card(ringing.conversation).await?;
        let card = card.filter(|card| matches!(card.conversation.place, Place::Waiting { .. }));
        Ok(card.map(|card| {
            frame_bytes(&ToAgent::Offer {
                conversation: ringing.conversation,
                visitor: visitor_card(&card.visitor),
                department: ringing.department.clone(),
                expires_at: ringing.expires_at,
                summary: card.summary,
            })
        }))
    }

    /// Says that the agent owns a conversation and begins to follow it. `before` is how it was followed until a moment
    /// ago.
    async fn own(
        &mut self,
        id: ConversationId,
        before: Option<(Following, Seq)>,
    ) -> Result<Vec<Bytes>, StoreError> {
        let place = before
            .map(|(_, place)| place)
            .or_else(|| self.places.get(&id).copied());
        let Some((frame, from_seq, owned_from)) =
            self.web.desk.assigned(id, self.person.id, place).await?
        else {
            return Ok(Vec::new());
        };
        let following = Following::Agent {
            owned_from: Some(owned_from),
            is_opened: self.opened.contains(&id),
        };
        self.owned.insert(id);
        self.web
            .desk
            .hub
            .follow(id, &self.mailbox, following, from_seq);
        Ok(vec![frame_bytes(&frame)])
    }

    /// The same of a conversation that is followed already: following goes on as it is, once each time it becomes theirs.
    async fn own_followed(
        &mut self,
        id: ConversationId,
        (following, place): (Following, Seq),
    ) -> Result<Reply, StoreError> {
        let desk = &self.web.desk;
        let assigned = desk.assigned(id, self.person.id, Some(place)).await?;
        let Some((frame, _, owned_from)) = assigned else {
            return Ok(Reply::default());
        };
        let is_known = matches!(
            following,
            Following::Agent { owned_from: Some(known), .. } if known == owned_from
        );
        if is_known {
            return Ok(Reply::default());
        }
        if !desk.hub.own(id, self.mailbox.socket, owned_from, place) {
            // What came meanwhile may have taken it away again: look once more.
            return Ok(Reply {
                frames: Vec::new(),
                again: Some(Item::Owned(id)),
            });
        }
        self.owned.insert(id);
        Ok(Reply {
            frames: vec![frame_bytes(&frame)],
            again: None,
        })
    }

    async fn open(&mut self, id: ConversationId, after: Option<Seq>) -> Vec<Answer> {
        // Seen before it is looked at: `opened` must not tell of less than what came before it.
        let before = self.pause(id);
        let mut answers = self.on_the_way();
        let sent = before
            .map(|(_, place)| place)
            .or_else(|| self.places.get(&id).copied());
        let visible = self
            .web
            .desk
            .visible_card(&self.person, id, after.or(sent))
            .await;
        let (card, from_seq) = match visible {
            Ok(visible) => visible,
            Err(refused) => {
                self.go_on(id, before);
                answers.push(refusal("open", None, Some(id), &refused));
                return answers;
            }
        };
        let owned_from = match before {
            Some((Following::Agent { owned_from, .. }, _)) => owned_from,
            Some((Following::Visitor, _)) | None => None,
        };
        let following = Following::Agent {
            owned_from,
            is_opened: true,
        };
        self.go_on(id, Some((following, from_seq)));
        self.opened.insert(id);
        let desk = &self.web.desk;
        answers.push(Answer::of(&desk.opened(&card, from_seq).await));
        desk.view(&self.person, id, self.mailbox.socket, true).await;
        answers
    }

    async fn shut(&mut self, id: ConversationId) {
        if !self.opened.remove(&id) {
            return;
        }
        let socket = self.mailbox.socket;
        if let Some(place) = self.web.desk.hub.shut(id, socket) {
            self.remember(id, place);
        }
        self.web.desk.view(&self.person, id, socket, false).await;
    }

    fn remember(&mut self, id: ConversationId, place: Seq) {
        if self.places.len() >= PLACES_MAX && !self.places.contains_key(&id) {
            // Any will do: without its place a log begins a page before its end, and clients pass over what they have.
            if let Some(oldest) = self.places.keys().min().copied() {
                self.places.remove(&oldest);
            }
        }
        self.places.insert(id, place);
    }

    async fn accept(&mut self, id: ConversationId) -> Result<Vec<Answer>, Refused> {
        self.web.desk.accept(&self.person, id).await?;
        let before = self.pause(id);
        let mut answers = self.on_the_way();
        let owned = self.own(id, before).await;
        if !matches!(&owned, Ok(frames) if !frames.is_empty()) {
            self.go_on(id, before);
        }
        match owned {
            Ok(frames) => answers.extend(frames.into_iter().map(Answer::Frame)),
            Err(error) => answers.push(refusal("accept", None, Some(id), &error.into())),
        }
        Ok(answers)
    }

    async fn command(&mut self, frame: FromAgent) -> Vec<Answer> {
        let (t, cmd, conversation) = (type_of(&frame), cmd_of(&frame), conversation_of(&frame));
        match self.carry_out(frame).await {
            Ok(answers) => answers,
            Err(refused) => vec![refusal(t, cmd, conversation, &refused)],
        }
    }

    async fn carry_out(&mut self, frame: FromAgent) -> Result<Vec<Answer>, Refused> {
        let web = Arc::clone(&self.web);
        let desk = &web.desk;
        let socket = self.mailbox.socket;
        let person = &self.person;
        let acked = |cmd: CommandId, receipt: Receipt| {
            let Receipt {
                conversation,
                seq,
                at,
            } = receipt;
            Ok(vec![Answer::of(&ToAgent::Ack(Ack {
                cmd,
                conversation,
                seq,
                at,
            }))])
        };
        match frame {
            FromAgent::Hello(hello) => Ok(self.hello_again(hello).await),
            FromAgent::Status { status, capacity } => {
                self.person = desk.choose_status(person.id, status, capacity).await?;
                Ok(vec![Answer::of(&desk.agent_frame(&self.person).await?)])
            }
            FromAgent::Accept { conversation } => self.accept(conversation).await,
            FromAgent::Decline { conversation } => {
                desk.decline(person, conversation).await?;
                Ok(Vec::new())
            }
            FromAgent::Open {
                conversation,
                after,
            } => Ok(self.open(conversation, after).await),
            FromAgent::Shut { conversation } => {
                self.shut(conversation).await;
                Ok(Vec::new())
            }
            FromAgent::Send {
                cmd,
                conversation: id,
                text,
                attachment: file,
                article,
            } => acked(
                cmd,
                desk.agent_says(person, id, cmd, text, article, file)
                    .await?,
            ),
            FromAgent::Note {
                cmd,
                conversation: id,
                text,
                attachment: file,
            } => acked(cmd, desk.agent_notes(person, id, cmd, text, file).await?),
            FromAgent::Typing { conversation, on } => {
                desk.agent_typing(person, conversation, on, socket).await;
                Ok(Vec::new())
            }
            FromAgent::Read { conversation, seq } => {
                desk.agent_read(person, conversation, seq, socket).await?;
                Ok(Vec::new())
            }
            FromAgent::Transfer {
                cmd,
                conversation,
                to,
                note,
            } => acked(
                cmd,
                desk.transfer(person, conversation, cmd, to, note).await?,
            ),
            FromAgent::Take { cmd, conversation } => {
                acked(cmd, desk.take(person, conversation, cmd).await?)
            }
            FromAgent::Close {
                cmd,
                conversation,
                tags,
            } => acked(cmd, desk.close(person, conversation, cmd, tags).await?),
            FromAgent::Lanes { on } => {
                desk.hub.want_lanes(&self.mailbox, on);
                Ok(Vec::new())
            }
            FromAgent::Ping { n } => Ok(vec![pong(&web, n)]),
        }
    }

    async fn try_item(&mut self, item: &Item) -> Result<Reply, StoreError> {
        match item {
            Item::Behind(behind) => {
                let page = self.web.desk.catch_up(*behind, &self.mailbox, 0).await?;
                let Some(page) = page else {
                    return Ok(Reply::default());
                };
                if let Some(place) = page.ended_at {
                    self.owned.remove(&behind.conversation);
                    self.remember(behind.conversation, place);
                }
                Ok(Reply {
                    frames: page.frames,
                    again: page.has_more.then(|| item.clone()),
                })
            }
            Item::Owned(conversation) => {
                let hub = &self.web.desk.hub;
                match hub.following(*conversation, self.mailbox.socket) {
                    Some(before) => self.own_followed(*conversation, before).await,
                    None => Ok(Reply {
                        frames: self.own(*conversation, None).await?,
                        again: None,
                    }),
                }
            }
            Item::Unassigned {
                conversation,
                reason,
                place,
            } => Ok(Reply {
                frames: vec![self.disown(*conversation, *reason, *place)],
                again: None,
            }),
            // About an offer, which the agent accepted in the same moment.
            Item::OfferEnded { conversation, .. } if self.owned.contains(conversation) => {
                Ok(Reply::default())
            }
            Item::OfferEnded {
                conversation,
                reason,
            } => {
                let frame = ToAgent::Unassigned {
                    conversation: *conversation,
                    reason: *reason,
                };
                Ok(Reply {
                    frames: vec![frame_bytes(&frame)],
                    again: None,
                })
            }
            Item::Offered(ringing) => Ok(Reply {
                frames: self.offer(ringing).await?.into_iter().collect(),
                again: None,
            }),
            Item::PersonChanged => {
                if let Some(person) = self.web.desk.store.person(self.person.id).await? {
                    self.person = person;
                }
                Ok(Reply::default())
            }
            Item::Frame(bytes) | Item::Ephemeral(_, bytes) => Ok(Reply {
                frames: vec![bytes.clone()],
                again: None,
            }),
            // For visitors, and pings, which the socket itself sends.
            Item::Started | Item::Moved(_) | Item::Ping => Ok(Reply::default()),
        }
    }
}

impl Peer for AgentPeer {
    fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    async fn frame(&mut self, text: &str) -> Vec<Answer> {
        match agent_frame(text) {
            Ok(frame) => self.command(frame).await,
            Err(error) => vec![Answer::Refusal(error)],
        }
    }

    async fn item(&mut self, item: Item) -> Reply {
        match self.try_item(&item).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::warn!(%error, "an agent's socket could not be served; it is tried again");
                push_later(&self.mailbox, item);
                Reply::default()
            }
        }
    }

    fn wants(&self, key: &EphemeralKey) -> bool {
        match key {
            EphemeralKey::Typing(conversation, _) | EphemeralKey::Read(conversation, _) => self
                .web
                .desk
                .hub
                .following(*conversation, self.mailbox.socket)
                .is_some(),
            EphemeralKey::Queue
            | EphemeralKey::Presence
            | EphemeralKey::Agent(_)
            | EphemeralKey::Lanes
            | EphemeralKey::Viewers(_) => true,
        }
    }

    async fn leave(mut self) {
        self.stop_following().await;
        if let Err(away) = self
            .web
            .desk
            .coordination
            .agent_left(self.person.id, self.mailbox.socket)
            .await
        {
            tracing::debug!(error = %away, "an agent's leaving was not noted");
        }
        self.web.desk.agent_moved(self.person.id).await;
    }
}

fn refusal(
    t: &str,
    cmd: Option<CommandId>,
    conversation: Option<ConversationId>,
    refused: &Refused,
) -> Answer {
    Answer::Refusal(Box::new(ErrorFrame {
        cmd,
        conversation,
        ..about(t, refused.frame())
    }))
}

fn pong(web: &Web, n: i64) -> Answer {
    Answer::of(&ToAgent::Pong {
        n,
        now: web.desk.clock.now(),
    })
}

fn type_of(frame: &FromAgent) -> &'static str {
    match frame {
        FromAgent::Hello(_) => "hello",
        FromAgent::Status { .. } => "status",
        FromAgent::Accept { .. } => "accept",
        FromAgent::Decline { .. } => "decline",
        FromAgent::Open { .. } => "open",
        FromAgent::Shut { .. } => "shut",
        FromAgent::Send { .. } => "send",
        FromAgent::Note { .. } => "note",
        FromAgent::Typing { .. } => "typing",
        FromAgent::Read { .. } => "read",
        FromAgent::Transfer { .. } => "transfer",
        FromAgent::Take { .. } => "take",
        FromAgent::Close { .. } => "close",
        FromAgent::Lanes { .. } => "lanes",
        FromAgent::Ping { .. } => "ping",
    }
}

fn cmd_of(frame: &FromAgent) -> Option<CommandId> {
    match frame {
        FromAgent::Send { cmd, .. }
        | FromAgent::Note { cmd, .. }
        | FromAgent::Transfer { cmd, .. }
        | FromAgent::Take { cmd, .. }
        | FromAgent::Close { cmd, .. } => Some(*cmd),
        FromAgent::Hello(_)
        | FromAgent::Status { .. }
        | FromAgent::Accept { .. }
        | FromAgent::Decline { .. }
        | FromAgent::Open { .. }
        | FromAgent::Shut { .. }
        | FromAgent::Typing { .. }
        | FromAgent::Read { .. }
        | FromAgent::Lanes { .. }
        | FromAgent::Ping { .. } => None,
    }
}

fn conversation_of(frame: &FromAgent) -> Option<ConversationId> {
    match frame {
        FromAgent::Accept { conversation }
        | FromAgent::Decline { conversation }
        | FromAgent::Open { conversation, .. }
        | FromAgent::Shut { conversation }
        | FromAgent::Send { conversation, .. }
        | FromAgent::Note { conversation, .. }
        | FromAgent::Typing { conversation, .. }
        | FromAgent::Read { conversation, .. }
        | FromAgent::Transfer { conversation, .. }
        | FromAgent::Take { conversation, .. }
        | FromAgent::Close { conversation, .. } => Some(*conversation),
        FromAgent::Hello(_)
        | FromAgent::Status { .. }
        | FromAgent::Lanes { .. }
        | FromAgent::Ping { .. } => None,
    }
}
