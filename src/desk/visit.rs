//! What a visitor does: come back, be identified, talk, leave, rate. How a conversation begins stands in `start`.

use std::collections::BTreeMap;

use crate::coordination::Notice;
use crate::desk::{Desk, Refused};
use crate::domain::conversation::{Command, Place};
use crate::domain::routing::SocketId;
use crate::model::event::{Sender, Seq, View};
use crate::model::id::{CommandId, ConversationId, SiteKey, VisitorId};
use crate::model::record::{Attribute, Page, Visitor};
use crate::model::time::Millis;
use crate::protocol::visitor::VisitorConversation;
use crate::store::{Receipt, StoreError};

/// A closed conversation is named in `welcome` for so long, so that it can be read and rated.
pub const CLOSED_SHOWN: Millis = Millis::seconds(24 * 60 * 60);

/// A visitor on a socket.
#[derive(Clone, Debug)]
pub struct Visiting {
    /// Who.
    pub visitor: VisitorId,
    /// On which site.
    pub site: SiteKey,
    /// On which socket.
    pub socket: SocketId,
}

/// Where a visitor is and how they read, from `hello` and `page`; written to the store when a conversation starts.
#[derive(Clone, Debug)]
pub struct Whereabouts {
    /// The page, where it is known.
    pub page: Option<Page>,
    /// BCP 47 tag.
    pub lang: Option<String>,
    /// IANA time zone.
    pub tz: Option<String>,
}

/// What a site's signed identity says of a visitor, already checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIdentity {
    /// The site's own id of this customer.
    pub subject: String,
    /// Their name.
    pub name: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// −2 … 2.
    pub priority: i8,
    /// What else the site says.
    pub attributes: BTreeMap<String, String>,
}

/// Where following begins after `hello`.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// The conversation as `welcome` names it.
    pub named: VisitorConversation,
    /// The last event that the client has.
    pub place: Seq,
    /// Whether it is open.
    pub is_open: bool,
}

impl Desk {
    /// The visitor who is meant by a signed identity. An anonymous visitor's open conversation joins it.
    pub async fn identify(
        &self,
        site: &SiteKey,
        identity: SignedIdentity,
        known: Option<VisitorId>,
    ) -> Result<VisitorId, Refused> {
        let anonymous = match known {
            Some(id) => match self
                .store
                .visitor(id)
                .await?
                .and_then(|visitor| visitor.subject)
            {
                Some(subject) if subject == identity.subject => None,
                Some(_) => {
                    return Err(Refused::Conflict(
                        "This token belongs to another identity. Say hello without it.",
                    ));
                }
                None => Some(id),
            },
            None => None,
        };
        let identified = self.save_identity(site, identity).await?;
        if let Some(anonymous) = anonymous.filter(|id| *id != identified)
            && let Some(conversation) = self.store.join_identity(anonymous, identified).await?
        {
            let notice = Notice::VisitorMoved {
                conversation: conversation.id,
                from: anonymous,
            };
            self.coordination.publish(notice).await;
        }
        Ok(identified)
    }

    async fn save_identity(
        &self,
        site: &SiteKey,
        identity: SignedIdentity,
    ) -> Result<VisitorId, Refused> {
        let signed = |value: String| Attribute {
            value,
            signed: true,
        };
        for _ in 0..2 {
            let known = self
                .store
                .visitor_of_subject(site, &identity.subject)
                .await?;
            let before = known
                .clone()
                .unwrap_or_else(|| blank(VisitorId::fresh(), site.clone()));
            let mut attributes = before.attributes.clone();
            attributes.retain(|_, attribute| !attribute.signed);
            attributes.extend(
                identity
                    .attributes
                    .iter()
                    .map(|(name, value)| (name.clone(), signed(value.clone()))),
            );
            let visitor = Visitor {
                subject: Some(identity.subject.clone()),
                name: identity.name.clone().or(before.name.clone()),
                email: identity.email.clone().or(before.email.clone()),
                priority: identity.priority,
                attributes,
                ..before
            };
            if known.as_ref() == Some(&visitor) {
                return Ok(visitor.id);
            }
            match self.store.save_visitor(&visitor, self.clock.now()).await {
                Ok(()) => return Ok(visitor.id),
                // Another tab said hello first: take theirs.
                Err(StoreError::Taken(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refused::Away)
    }

    /// The conversation that a visitor comes back to. `after` is what the client says it has of `conversation`.
    pub async fn resume(
        &self,
        visitor: VisitorId,
        conversation: Option<ConversationId>,
        after: Option<Seq>,
    ) -> Result<Option<Resumed>, Refused> {
        let closed_since = self.clock.now() - CLOSED_SHOWN;
        let Some(found) = self
            .store
            .conversation_of_visitor(visitor, closed_since)
            .await?
        else {
            return Ok(None);
        };
        // `after` without `conversation` can only mean the one there is.
        let after = after.filter(|_| conversation.is_none_or(|named| named == found.id));
        let place = match after {
            Some(after) if after > found.visitor_seq => {
                return Err(Refused::BadField {
                    field: "after".into(),
                    message: "The log does not go so far. Say hello with after 0.".into(),
                });
            }
            Some(after) => after,
            None => self.replay_from(&found, View::Visitor).await?,
        };
        let named = VisitorConversation {
            id: found.id,
            state: self.state_of(&found).await,
            mode: found.mode,
            department: found.department.clone(),
            agent: found.owner().cloned(),
            enqueued_at: matches!(found.place, Place::Waiting { .. }).then_some(found.enqueued_at),
            seq: found.visitor_seq,
            from_seq: place + 1,
            read: found.read,
        };
        Ok(Some(Resumed {
            named,
            place,
            is_open: found.is_open(),
        }))
    }

    /// The visitor says something in their conversation.
    pub async fn visitor_send(
        &self,
        who: &Visiting,
        conversation: Option<ConversationId>,
        cmd: CommandId,
        text: String,
    ) -> Result<Receipt, Refused> {
        self.visitor_command(who, conversation, cmd, Command::VisitorSend { text })
            .await
    }

    /// The visitor gives up the place in the line, or ends the chat.
    pub async fn leave(
        &self,
        who: &Visiting,
        conversation: Option<ConversationId>,
        cmd: CommandId,
    ) -> Result<Receipt, Refused> {
        self.visitor_command(who, conversation, cmd, Command::Leave)
            .await
    }

    /// The visitor rates their closed conversation.
    pub async fn rate(
        &self,
        who: &Visiting,
        conversation: Option<ConversationId>,
        cmd: CommandId,
        score: u8,
        comment: Option<String>,
    ) -> Result<Receipt, Refused> {
        self.visitor_command(who, conversation, cmd, Command::Rate { score, comment })
            .await
    }

    pub(super) async fn visitor_command(
        &self,
        who: &Visiting,
        conversation: Option<ConversationId>,
        cmd: CommandId,
        command: Command,
    ) -> Result<Receipt, Refused> {
        let once = (who.visitor.0, cmd);
        match conversation {
            Some(conversation) => self.append(conversation, Some(once), command).await,
            // A repeat from before the last day's conversations still has its answer.
            None => match self.store.receipt(once.0, once.1).await? {
                Some(receipt) => Ok(receipt),
                None => Err(Refused::Rule(
                    crate::domain::conversation::Refusal::WrongState(
                        "There is no conversation yet. Start one first.",
                    ),
                )),
            },
        }
    }

    /// The visitor types, or stopped.
    pub async fn visitor_typing(
        &self,
        who: &Visiting,
        conversation: ConversationId,
        on: bool,
        preview: Option<String>,
    ) {
        let from = Sender::visitor(who.visitor, None);
        self.coordination
            .publish(Notice::Typing {
                conversation,
                from,
                on,
                preview,
                socket: who.socket,
            })
            .await;
    }

    /// The visitor has read up to `seq`.
    pub async fn visitor_read(
        &self,
        who: &Visiting,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<(), Refused> {
        let seq = self
            .store
            .mark_read(conversation, View::Visitor, seq)
            .await?
            .visitor;
        let from = Sender::visitor(who.visitor, None);
        self.coordination
            .publish(Notice::Read {
                conversation,
                from,
                seq,
                socket: who.socket,
            })
            .await;
        Ok(())
    }
}

pub(super) fn blank(id: VisitorId, site: SiteKey) -> Visitor {
    Visitor {
        id,
        site,
        subject: None,
        name: None,
        email: None,
        attributes: BTreeMap::new(),
        priority: 0,
        lang: None,
        tz: None,
        page: None,
    }
}
