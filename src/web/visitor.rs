//! The visitor's side of the contract: frames to desk calls, and what the mailbox asks.
//!
//! A visitor's commands do not name their conversation. A socket that moves to one that began elsewhere may still bring
//! commands from before: its client may even have given the socket up, said them again on another one, and been refused
//! there for good, for the chat that they were about is over. So what comes in is about the conversation before, until a
//! pong (RFC 6455, section 5.5.3) shows that the client reads what this socket writes. Clients answer pings by
//! themselves, and before they show what comes after.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;

use crate::desk::visit::{CLOSED_SHOWN, SignedIdentity, Visiting, Whereabouts};
use crate::desk::{RETRY, Refused};
use crate::hub::Following;
use crate::hub::mailbox::{Behind, EphemeralKey, Item, Mailbox, Who};
use crate::model::event::Seq;
use crate::model::id::{CommandId, ConversationId, SiteKey, VisitorId};
use crate::model::record::{Page, Site};
use crate::model::time::Millis;
use crate::protocol::error::{ErrorCode, ErrorFrame};
use crate::protocol::parse::visitor_frame;
use crate::protocol::parts::Ack;
use crate::protocol::visitor::{
    FromVisitor, ToVisitor, VisitorHello, VisitorStart, VisitorWelcome,
};
use crate::store::Receipt;
use crate::web::Web;
use crate::web::address::Seen;
use crate::web::socket::{Answer, Peer, Reply};

/// One socket of a visitor.
pub struct VisitorPeer {
    web: Arc<Web>,
    who: Visiting,
    mailbox: Arc<Mailbox>,
    /// Boxed: only needed when a conversation starts.
    whereabouts: Box<Whereabouts>,
    /// The conversation that is followed.
    conversation: Option<ConversationId>,
    /// The one that its commands are about: that which is followed, as far as the client can know of it.
    known: Option<ConversationId>,
    /// Whether a pong is awaited, to make them the same.
    is_asked: bool,
    /// So often it was asked; a pong that says this number answers the last time.
    asked: u32,
    /// Those before it, whose last events are on their way.
    parting: Vec<ConversationId>,
    /// What `welcome` told of its log; the state that later events bring about is told as well.
    told_seq: Seq,
    address: Seen,
}

/// Answers a frame before `hello` has succeeded; on success there is a peer.
pub async fn greet(
    web: Arc<Web>,
    origin: Arc<str>,
    address: Seen,
    text: Utf8Bytes,
) -> (Vec<Answer>, Option<VisitorPeer>) {
    let frame = match visitor_frame(&text) {
        Ok(frame) => frame,
        Err(error) => return (vec![Answer::Refusal(error)], None),
    };
    match frame {
        FromVisitor::Hello(hello) => match hello_first(&web, &origin, address, hello).await {
            Ok((welcome, peer)) => (vec![Answer::of(&welcome)], Some(peer)),
            Err(answer) => (vec![answer], None),
        },
        FromVisitor::Ping { n } => (vec![pong(&web, n)], None),
        FromVisitor::Start(_)
        | FromVisitor::Send { .. }
        | FromVisitor::Typing { .. }
        | FromVisitor::Read { .. }
        | FromVisitor::Page { .. }
        | FromVisitor::Leave { .. }
        | FromVisitor::Rate { .. } => {
            let error = ErrorFrame {
                cmd: cmd_of(&frame),
                ..ErrorFrame::new(ErrorCode::WrongState, "Say hello first.")
            };
            (
                vec![Answer::Refusal(Box::new(about(type_of(&frame), error)))],
                None,
            )
        }
    }
}

async fn hello_first(
    web: &Arc<Web>,
    origin: &str,
    address: Seen,
    hello: VisitorHello,
) -> Result<(ToVisitor, VisitorPeer), Answer> {
    let site = allowed_site(web, origin, &hello.site)?;
    let visitor = who_is(web, &site, &hello)
        .await?
        .unwrap_or_else(VisitorId::fresh);
    let sockets_max = web.config.visitor_sockets_max as usize;
    if sockets_max > 0 && web.desk.hub.sockets_of_visitor(visitor) >= sockets_max {
        let message = "This chat is open in too many windows. Close one and try again.";
        let error = ErrorFrame::new(ErrorCode::RateLimited, message).retry(Millis::seconds(30));
        return Err(Answer::Last(Box::new(about("hello", error))));
    }
    // In the hub before the store is asked: a conversation that starts in another tab meanwhile is not missed.
    let mailbox = web.desk.hub.enter(Who::Visitor {
        visitor,
        site: site.key.clone(),
    });
    let who = Visiting {
        visitor,
        site: site.key.clone(),
        socket: mailbox.socket,
    };
    let whereabouts = Box::new(Whereabouts {
        page: Some(hello.page.clone()),
        lang: hello.lang.clone(),
        tz: hello.tz.clone(),
    });
    let mut peer = VisitorPeer {
        web: Arc::clone(web),
        who,
        mailbox,
        whereabouts,
        conversation: None,
        known: None,
        is_asked: false,
        asked: 0,
        parting: Vec::new(),
        told_seq: 0,
        address,
    };
    match peer.welcome(&site, &hello).await {
        Ok(welcome) => Ok((welcome, peer)),
        Err(refused) => {
            web.desk.hub.leave(&peer.mailbox);
            Err(refusal("hello", None, &refused))
        }
    }
}

/// The site, if it exists and pages of this origin may speak for it; both failures look alike.
fn allowed_site(web: &Web, origin: &str, key: &SiteKey) -> Result<Arc<Site>, Answer> {
    let settings = &web.desk.settings;
    settings.site(key).filter(|site| settings.allows(site, origin)).ok_or_else(|| {
        let message = "This page may not open the chat of that site. Check the site's key and its allowed origins.";
        let error = ErrorFrame { field: Some("site".into()), ..ErrorFrame::new(ErrorCode::Forbidden, message) };
        Answer::Last(Box::new(about("hello", error)))
    })
}

/// The visitor that token and identity speak for; `None` for somebody new.
async fn who_is(web: &Web, site: &Site, hello: &VisitorHello) -> Result<Option<VisitorId>, Answer> {
    let now = web.desk.clock.now();
    let unauthorized = |field: &str, message: String| {
        let error = ErrorFrame {
            field: Some(field.into()),
            ..ErrorFrame::new(ErrorCode::Unauthorized, message)
        };
        Answer::Refusal(Box::new(about("hello", error)))
    };
    let known = match &hello.token {
        Some(token) => {
            let verified = web
                .rest
                .accounts
                .visitor_tokens
                .verify(token, &site.key, now);
            Some(verified.map_err(|bad| unauthorized("token", bad.to_string()))?)
        }
        None => None,
    };
    let Some(identity) = &hello.identity else {
        return Ok(known);
    };
    let identity = crate::accounts::identity::verify(site, identity, now)
        .map_err(|bad| unauthorized("identity", bad.to_string()))?;
    let identity = SignedIdentity {
        subject: identity.subject,
        name: identity.name,
        email: identity.email,
        priority: identity.priority,
        attributes: identity.attributes,
    };
    let identified = web.desk.identify(&site.key, identity, known).await;
    identified
        .map(Some)
        .map_err(|refused| refusal("hello", None, &refused))
}

impl VisitorPeer {
    /// Answers `hello` and follows the visitor's conversation.
    async fn welcome(&mut self, site: &Site, hello: &VisitorHello) -> Result<ToVisitor, Refused> {
        let desk = &self.web.desk;
        let epoch = desk.epoch();
        let is_same_epoch = hello
            .epoch
            .as_deref()
            .is_none_or(|theirs| *theirs == *epoch);
        let after = hello.after.filter(|_| is_same_epoch);
        let resumed = desk
            .resume(self.who.visitor, hello.conversation, after)
            .await?;
        let open = desk.is_open(site).await.unwrap_or(false);
        let now = desk.clock.now();
        let token = self
            .web
            .rest
            .accounts
            .visitor_tokens
            .issue(self.who.visitor, &site.key, now);
        match &resumed {
            Some(resumed) => {
                let named = &resumed.named;
                self.adopt(named.id, resumed.place, named.seq, resumed.is_open)
                    .await;
            }
            None => self.drop_conversation().await,
        }
        self.now_known(self.conversation);
        Ok(ToVisitor::Welcome(Box::new(VisitorWelcome {
            visitor: self.who.visitor,
            token,
            epoch: epoch.to_string(),
            conversation: resumed.map(|resumed| resumed.named),
            open,
            now,
        })))
    }

    /// Follows a conversation from after `place`, and no other.
    async fn adopt(
        &mut self,
        conversation: ConversationId,
        place: Seq,
        told_seq: Seq,
        is_open: bool,
    ) {
        if self.conversation != Some(conversation) {
            self.part().await;
        }
        self.conversation = Some(conversation);
        self.told_seq = told_seq;
        let desk = &self.web.desk;
        if is_open
            && let Err(away) = desk
                .coordination
                .visitor_joined(conversation, self.who.socket)
                .await
        {
            tracing::debug!(error = %away, "a visitor's presence was not noted");
        }
        desk.hub
            .follow(conversation, &self.mailbox, Following::Visitor, place);
    }

    /// Goes to another conversation. What was acknowledged of the one before is still told: its log is read to its end
    /// once more, and only then followed no longer.
    async fn part(&mut self) {
        if let Some(conversation) = self.conversation.take() {
            let desk = &self.web.desk;
            if desk.hub.doubt_socket(conversation, self.who.socket) {
                self.parting.push(conversation);
            }
            desk.coordination
                .visitor_left(conversation, self.who.socket)
                .await
                .ok();
        }
    }

    /// Stops following for a moment, to begin anew; answers the place reached, and what is on its way already.
    fn pause(&mut self) -> (Option<Seq>, Vec<Answer>) {
        let (hub, socket) = (&self.web.desk.hub, self.who.socket);
        for parting in self.parting.drain(..) {
            hub.unfollow(parting, socket);
        }
        let place = self
            .conversation
            .and_then(|conversation| hub.unfollow(conversation, socket))
            .map(|(_, place)| place);
        let mut answers = Vec::new();
        for item in self.mailbox.take_on_the_way() {
            match item {
                Item::Frame(bytes) | Item::Ephemeral(_, bytes) => {
                    answers.push(Answer::Frame(bytes))
                }
                later @ (Item::Behind(_)
                | Item::Started
                | Item::Moved(_)
                | Item::Owned(_)
                | Item::Unassigned { .. }
                | Item::Offered(_)
                | Item::OfferEnded { .. }
                | Item::PersonChanged
                | Item::Ping) => self.mailbox.push(later),
            }
        }
        (place, answers)
    }

    /// Of the conversations before, the first whose end is still to be told.
    fn first_parting(&self) -> Option<ConversationId> {
        let (hub, socket) = (&self.web.desk.hub, self.who.socket);
        let mut parting = self.parting.iter().copied();
        parting.find(|parting| hub.following(*parting, socket).is_some())
    }

    /// The next page of a log that is behind.
    async fn catch_up(&mut self, behind: Behind) -> Reply {
        let desk = &self.web.desk;
        let Behind { conversation, .. } = behind;
        let is_parting = self.parting.contains(&conversation);
        if self
            .first_parting()
            .is_some_and(|first| first != conversation)
        {
            // One chat after the other, also where one could not be read for a while.
            push_later(&self.mailbox, Item::Behind(behind));
            return Reply::default();
        }
        // Of a conversation that is over only its events are of interest, no longer the state they brought about.
        let told_seq = if is_parting { Seq::MAX } else { self.told_seq };
        match desk.catch_up(behind, &self.mailbox, told_seq).await {
            Ok(None) => Reply::default(),
            Ok(Some(page)) => {
                if is_parting && !page.has_more {
                    desk.hub.unfollow(conversation, self.who.socket);
                    self.parting.retain(|parting| *parting != conversation);
                }
                Reply {
                    frames: page.frames,
                    again: page.has_more.then_some(Item::Behind(behind)),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a log could not be read");
                push_later(&self.mailbox, Item::Behind(behind));
                Reply::default()
            }
        }
    }

    async fn drop_conversation(&mut self) {
        if let Some(conversation) = self.conversation.take() {
            self.known = self.known.filter(|known| *known != conversation);
            let desk = &self.web.desk;
            desk.hub.unfollow(conversation, self.who.socket);
            desk.coordination
                .visitor_left(conversation, self.who.socket)
                .await
                .ok();
        }
    }

    /// Starts following anew. What is on its way belongs to the following before, and comes before `welcome`.
    async fn hello_again(&mut self, hello: VisitorHello) -> Result<Vec<Answer>, Answer> {
        let conflict = |message: &str| {
            Answer::Refusal(Box::new(about(
                "hello",
                ErrorFrame::new(ErrorCode::Conflict, message),
            )))
        };
        if hello.site != self.who.site {
            return Err(conflict(
                "This socket speaks for another site. Open a new one.",
            ));
        }
        let site = self
            .site()
            .map_err(|refused| refusal("hello", None, &refused))?;
        match who_is(&self.web, &site, &hello).await? {
            Some(visitor) if visitor != self.who.visitor => {
                return Err(conflict(
                    "This socket speaks for another visitor. Open a new one.",
                ));
            }
            Some(_) | None => {}
        }
        *self.whereabouts = Whereabouts {
            page: Some(hello.page.clone()),
            lang: hello.lang.clone(),
            tz: hello.tz.clone(),
        };
        // Stopped before the log is looked at: `welcome` must not tell of less than what came before it.
        let (place, mut answers) = self.pause();
        match self.welcome(&site, &hello).await {
            Ok(welcome) => answers.push(Answer::of(&welcome)),
            Err(refused) => {
                if let (Some(conversation), Some(place)) = (self.conversation, place) {
                    let hub = &self.web.desk.hub;
                    hub.follow(conversation, &self.mailbox, Following::Visitor, place);
                }
                answers.push(refusal("hello", None, &refused));
            }
        }
        Ok(answers)
    }

    fn site(&self) -> Result<Arc<Site>, Refused> {
        self.web
            .desk
            .settings
            .site(&self.who.site)
            .ok_or(Refused::NotFound("site"))
    }

    async fn start(&mut self, start: VisitorStart) -> Result<Receipt, Answer> {
        let cmd = start.cmd;
        let refuse = |refused: &Refused| refusal("start", Some(cmd), refused);
        let site = self.site().map_err(|refused| refuse(&refused))?;
        if let Err(retry) = self
            .web
            .addresses
            .start(&self.address, self.web.desk.clock.now())
            .await
        {
            // A repeat of what was acknowledged is no new start.
            if let Ok(Some(receipt)) = self.web.desk.store.receipt(self.who.visitor.0, cmd).await {
                return Ok(receipt);
            }
            let message = "Too many chats were started from here. Wait a moment and try again.";
            let error = ErrorFrame::new(ErrorCode::RateLimited, message).retry(retry);
            return Err(Answer::Refusal(Box::new(ErrorFrame {
                cmd: Some(cmd),
                ..about("start", error)
            })));
        }
        let receipt = self
            .web
            .desk
            .start(&self.who, &site, &self.whereabouts, start)
            .await;
        let receipt = receipt.map_err(|refused| refuse(&refused))?;
        // What follows in one breath is about it, whether or not it can be followed already.
        self.now_known(Some(receipt.conversation));
        self.follow_started().await;
        Ok(receipt)
    }

    /// Commands are about this conversation from here on.
    fn now_known(&mut self, conversation: Option<ConversationId>) {
        self.known = conversation;
        self.is_asked = false;
    }

    /// Asks for a sign of life. Once it comes, commands are about the conversation that is followed then.
    fn ask(&mut self) {
        self.is_asked = true;
        self.asked = self.asked.wrapping_add(1);
        self.mailbox.push(Item::Ping);
    }

    /// Follows the visitor's conversation that began, here or in another tab, unless it is followed already. It may be
    /// over by now; then it is followed all the same, as `welcome` would name it.
    async fn follow_started(&mut self) {
        let desk = &self.web.desk;
        let closed_since = desk.clock.now() - CLOSED_SHOWN;
        let present = desk
            .store
            .conversation_of_visitor(self.who.visitor, closed_since)
            .await;
        match present {
            Ok(Some(found)) => {
                // Before anything of it is written: whoever reads that has answered already.
                if self.known != Some(found.id) {
                    self.ask();
                }
                if self.conversation != Some(found.id) {
                    let is_open = found.is_open();
                    let told_seq = if is_open { 0 } else { found.visitor_seq };
                    self.adopt(found.id, 0, told_seq, is_open).await;
                }
            }
            Ok(None) => {}
            // The store was there a moment ago; asked again when the item comes round.
            Err(error) => {
                tracing::warn!(%error, "a conversation that began could not be read");
                push_later(&self.mailbox, Item::Started);
            }
        }
    }

    async fn page(&mut self, url: String, title: String) {
        let before = self.whereabouts.page.take();
        let page = Page {
            url,
            title,
            referrer: before.and_then(|page| page.referrer),
        };
        if self.conversation.is_some() {
            let saved = self.web.desk.store.save_page(self.who.visitor, &page).await;
            if let Err(error) = saved {
                tracing::debug!(%error, "a page was not noted");
            }
        }
        self.whereabouts.page = Some(page);
    }

    async fn command(&mut self, frame: FromVisitor) -> Vec<Answer> {
        let t = type_of(&frame);
        let cmd = cmd_of(&frame);
        let desk = &self.web.desk;
        let outcome = match frame {
            FromVisitor::Send {
                cmd,
                text,
                attachment,
            } => {
                desk.visitor_says(&self.who, self.known, cmd, text, attachment)
                    .await
            }
            FromVisitor::Leave { cmd } => desk.leave(&self.who, self.known, cmd).await,
            FromVisitor::Rate {
                cmd,
                score,
                comment,
            } => desk.rate(&self.who, self.known, cmd, score, comment).await,
            FromVisitor::Hello(hello) => {
                return self
                    .hello_again(hello)
                    .await
                    .unwrap_or_else(|refusal| vec![refusal]);
            }
            FromVisitor::Start(start) => {
                let cmd = start.cmd;
                return match self.start(start).await {
                    Ok(receipt) => vec![ack(cmd, receipt)],
                    Err(answer) => vec![answer],
                };
            }
            FromVisitor::Typing { on, preview } => {
                if let Some(conversation) = self.known {
                    let preview =
                        preview.filter(|_| self.site().is_ok_and(|site| site.typing_preview));
                    desk.visitor_typing(&self.who, conversation, on, preview)
                        .await;
                }
                return Vec::new();
            }
            FromVisitor::Read { seq } => {
                let Some(conversation) = self.known else {
                    return Vec::new();
                };
                return match desk.visitor_read(&self.who, conversation, seq).await {
                    Ok(()) => Vec::new(),
                    Err(refused) => vec![refusal(t, None, &refused)],
                };
            }
            FromVisitor::Page { url, title } => {
                self.page(url, title).await;
                return Vec::new();
            }
            FromVisitor::Ping { n } => return vec![pong(&self.web, n)],
        };
        match (outcome, cmd) {
            (Ok(receipt), Some(cmd)) => vec![ack(cmd, receipt)],
            (Ok(_), None) => Vec::new(),
            (Err(refused), cmd) => vec![refusal(t, cmd, &refused)],
        }
    }
}

impl Peer for VisitorPeer {
    fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    async fn frame(&mut self, text: &str) -> Vec<Answer> {
        match visitor_frame(text) {
            Ok(frame) => self.command(frame).await,
            Err(error) => vec![Answer::Refusal(error)],
        }
    }

    async fn item(&mut self, item: Item) -> Reply {
        match item {
            Item::Behind(behind) => self.catch_up(behind).await,
            Item::Started => {
                self.follow_started().await;
                Reply::default()
            }
            Item::Moved(conversation) => {
                if self.conversation == Some(conversation) {
                    self.drop_conversation().await;
                }
                Reply::default()
            }
            Item::Frame(bytes) | Item::Ephemeral(_, bytes) => Reply {
                frames: vec![bytes],
                again: None,
            },
            // For agents, and pings, which the socket itself sends.
            Item::Owned(_)
            | Item::Unassigned { .. }
            | Item::Offered(_)
            | Item::OfferEnded { .. }
            | Item::PersonChanged
            | Item::Ping => Reply::default(),
        }
    }

    fn wants(&self, _key: &EphemeralKey) -> bool {
        true
    }

    fn ping(&self) -> u32 {
        self.asked
    }

    fn pong(&mut self, said: u32) {
        if self.is_asked && said == self.asked {
            self.now_known(self.conversation);
        }
    }

    async fn leave(mut self) {
        for parting in self.parting.drain(..) {
            self.web.desk.hub.unfollow(parting, self.who.socket);
        }
        self.drop_conversation().await;
    }
}

/// Puts an item back after a while, when the store may be there again.
pub(super) fn push_later(mailbox: &Arc<Mailbox>, item: Item) {
    let mailbox = Arc::clone(mailbox);
    tokio::spawn(async move {
        tokio::time::sleep(RETRY.duration()).await;
        mailbox.push(item);
    });
}

/// The refusal of a frame of type `t`.
pub(super) fn refusal(t: &str, cmd: Option<CommandId>, refused: &Refused) -> Answer {
    Answer::Refusal(Box::new(ErrorFrame {
        cmd,
        ..about(t, refused.frame())
    }))
}

pub(super) fn about(t: &str, error: ErrorFrame) -> ErrorFrame {
    ErrorFrame {
        re: Some(t.to_owned()),
        ..error
    }
}

fn ack(cmd: CommandId, receipt: Receipt) -> Answer {
    let Receipt {
        conversation,
        seq,
        at,
    } = receipt;
    Answer::of(&ToVisitor::Ack(Ack {
        cmd,
        conversation,
        seq,
        at,
    }))
}

fn pong(web: &Web, n: i64) -> Answer {
    Answer::of(&ToVisitor::Pong {
        n,
        now: web.desk.clock.now(),
    })
}

fn type_of(frame: &FromVisitor) -> &'static str {
    match frame {
        FromVisitor::Hello(_) => "hello",
        FromVisitor::Start(_) => "start",
        FromVisitor::Send { .. } => "send",
        FromVisitor::Typing { .. } => "typing",
        FromVisitor::Read { .. } => "read",
        FromVisitor::Page { .. } => "page",
        FromVisitor::Leave { .. } => "leave",
        FromVisitor::Rate { .. } => "rate",
        FromVisitor::Ping { .. } => "ping",
    }
}

fn cmd_of(frame: &FromVisitor) -> Option<CommandId> {
    match frame {
        FromVisitor::Start(start) => Some(start.cmd),
        FromVisitor::Send { cmd, .. }
        | FromVisitor::Leave { cmd }
        | FromVisitor::Rate { cmd, .. } => Some(*cmd),
        FromVisitor::Hello(_)
        | FromVisitor::Typing { .. }
        | FromVisitor::Read { .. }
        | FromVisitor::Page { .. }
        | FromVisitor::Ping { .. } => None,
    }
}
