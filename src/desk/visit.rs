//! What a visitor does: come back, be identified, take a place in the line, talk, leave, rate.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::coordination::Notice;
use crate::desk::{Desk, Refused};
use crate::domain::conversation::{Command, Conversation, Place, Start};
use crate::domain::routing::SocketId;
use crate::model::event::{Fields, Sender, Seq, View};
use crate::model::id::{CommandId, ConversationId, SiteKey, VisitorId};
use crate::model::record::{Attribute, Page, Site, Visitor};
use crate::model::time::Millis;
use crate::protocol::visitor::{VisitorConversation, VisitorStart};
use crate::store::{Receipt, StoreError};

/// A closed conversation is named in `welcome` for so long, so that it can be read and rated.
pub const CLOSED_SHOWN: Millis = Millis::seconds(24 * 60 * 60);
/// Attributes kept of a visitor.
const ATTRIBUTES_MAX: usize = 32;

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
    /// The page.
    pub page: Page,
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

    /// Takes a place in a line.
    pub async fn start(
        &self,
        who: &Visiting,
        site: &Arc<Site>,
        whereabouts: &Whereabouts,
        start: VisitorStart,
    ) -> Result<Receipt, Refused> {
        let cmd = start.cmd;
        match self.start_once(who, site, whereabouts, start).await {
            Ok(receipt) => Ok(receipt),
            // A repeat gets the same answer whatever its content, and whatever changed since.
            Err(refused) => match self.store.receipt(who.visitor.0, cmd).await {
                Ok(Some(receipt)) => Ok(receipt),
                Ok(None) | Err(_) => Err(refused),
            },
        }
    }

    async fn start_once(
        &self,
        who: &Visiting,
        site: &Arc<Site>,
        whereabouts: &Whereabouts,
        start: VisitorStart,
    ) -> Result<Receipt, Refused> {
        let department = start.department.as_ref().or(site.departments.first());
        let department = department
            .filter(|key| site.departments.contains(key))
            .and_then(|key| self.settings.department(key))
            .ok_or_else(|| Refused::BadField {
                field: "department".into(),
                message: "This site does not offer that department.".into(),
            })?;
        require_fields(site, &start.fields)?;
        let visitor = self
            .save_starting_visitor(who, whereabouts, &start.fields)
            .await?;
        let priority = if visitor.priority == 0 {
            department.priority
        } else {
            visitor.priority
        };
        let id = ConversationId::fresh();
        // Known to be here before the conversation is in line, so that it is not passed over.
        self.coordination.visitor_joined(id, who.socket).await.ok();
        let command = Command::Start(Start {
            site: who.site.clone(),
            visitor: who.visitor,
            visitor_name: visitor.name.clone(),
            department: department.key.clone(),
            priority,
            mode: start.mode,
            fields: start.fields,
            needs: start.needs,
            text: start.text,
        });
        let outcome = self
            .append(id, Some((who.visitor.0, start.cmd)), command)
            .await;
        if !matches!(&outcome, Ok(receipt) if receipt.conversation == id) {
            self.coordination.visitor_left(id, who.socket).await.ok();
        }
        outcome
    }

    async fn save_starting_visitor(
        &self,
        who: &Visiting,
        whereabouts: &Whereabouts,
        fields: &Fields,
    ) -> Result<Visitor, Refused> {
        let known = self.store.visitor(who.visitor).await?;
        let mut visitor = known.unwrap_or_else(|| blank(who.visitor, who.site.clone()));
        let is_verified = visitor.subject.is_some();
        let filled = |name: &str| {
            fields
                .get(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        // What a site signed is not overwritten by what a visitor types.
        if !is_verified || visitor.name.is_none() {
            visitor.name = filled("name").or(visitor.name);
        }
        if !is_verified || visitor.email.is_none() {
            visitor.email = filled("email").or(visitor.email);
        }
        for (name, value) in fields
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "name" | "email"))
        {
            let is_signed = visitor
                .attributes
                .get(name)
                .is_some_and(|known| known.signed);
            let has_room =
                visitor.attributes.len() < ATTRIBUTES_MAX || visitor.attributes.contains_key(name);
            if !is_signed && has_room {
                visitor.attributes.insert(
                    name.clone(),
                    Attribute {
                        value: value.clone(),
                        signed: false,
                    },
                );
            }
        }
        visitor.lang = whereabouts.lang.clone().or(visitor.lang);
        visitor.tz = whereabouts.tz.clone().or(visitor.tz);
        visitor.page = Some(whereabouts.page.clone());
        self.store.save_visitor(&visitor, self.clock.now()).await?;
        Ok(visitor)
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

    async fn visitor_command(
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

    /// A visitor's conversation, if it is theirs. For the log over HTTP.
    pub async fn conversation_for_visitor(
        &self,
        visitor: VisitorId,
        conversation: ConversationId,
    ) -> Result<Conversation, Refused> {
        let found = self.store.conversation(conversation).await?;
        found
            .filter(|found| found.visitor == visitor)
            .ok_or(Refused::NotFound("conversation"))
    }
}

fn blank(id: VisitorId, site: SiteKey) -> Visitor {
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

fn require_fields(site: &Site, fields: &Fields) -> Result<(), Refused> {
    let is_missing = |name: &str| fields.get(name).is_none_or(|value| value.trim().is_empty());
    match site
        .form
        .iter()
        .find(|field| field.required && is_missing(&field.name))
    {
        None => Ok(()),
        Some(field) => Err(Refused::BadField {
            field: format!("fields.{}", field.name),
            message: format!("{} is needed.", field.label),
        }),
    }
}
