//! How a conversation begins: a place in a department's line, live or as a message that is left for later.
//!
//! A live chat begins only where `desk::admit` lets it. A left message may come at any hour and needs no socket, but a
//! way to reply. Called by the visitor socket, and by REST for whoever has no socket.

use crate::desk::visit::{Visiting, Whereabouts, blank};
use crate::desk::{Desk, Refused};
use crate::domain::conversation::{Command, Refusal, Start};
use crate::domain::routing::SocketId;
use crate::model::event::{Fields, Mode};
use crate::model::id::{ConversationId, VisitorId};
use crate::model::mail;
use crate::model::record::{Attribute, Site, Visitor};
use crate::protocol::visitor::VisitorStart;
use crate::store::Receipt;

/// Attributes kept of a visitor.
const ATTRIBUTES_MAX: usize = 32;

impl Desk {
    /// Takes a place in a line.
    pub async fn start(
        &self,
        who: &Visiting,
        site: &Site,
        whereabouts: &Whereabouts,
        start: VisitorStart,
    ) -> Result<Receipt, Refused> {
        self.start_or_repeat(who.visitor, Some(who.socket), site, whereabouts, start)
            .await
    }

    /// Leaves a message for a visitor who has no socket.
    pub async fn leave_message(
        &self,
        visitor: VisitorId,
        site: &Site,
        whereabouts: &Whereabouts,
        start: VisitorStart,
    ) -> Result<Receipt, Refused> {
        let start = VisitorStart {
            mode: Mode::Message,
            ..start
        };
        self.start_or_repeat(visitor, None, site, whereabouts, start)
            .await
    }

    async fn start_or_repeat(
        &self,
        visitor: VisitorId,
        socket: Option<SocketId>,
        site: &Site,
        whereabouts: &Whereabouts,
        start: VisitorStart,
    ) -> Result<Receipt, Refused> {
        let cmd = start.cmd;
        let started = self.start_once(visitor, socket, site, whereabouts, start);
        match started.await {
            Ok(receipt) => Ok(receipt),
            // A repeat gets the same answer whatever its content, and whatever changed since.
            Err(refused) => match self.store.receipt(visitor.0, cmd).await {
                Ok(Some(receipt)) => Ok(receipt),
                Ok(None) | Err(_) => Err(self.or_open_already(visitor, refused).await),
            },
        }
    }

    /// Whoever has a conversation already is told that, rather than that no other may begin.
    async fn or_open_already(&self, visitor: VisitorId, refused: Refused) -> Refused {
        if !matches!(&refused, Refused::ClosedHours(_) | Refused::QueueFull(_)) {
            return refused;
        }
        let now = self.clock.now();
        match self.store.conversation_of_visitor(visitor, now).await {
            Ok(Some(found)) if found.is_open() => Refused::Rule(Refusal::OpenAlready),
            Ok(_) | Err(_) => refused,
        }
    }

    async fn start_once(
        &self,
        visitor: VisitorId,
        socket: Option<SocketId>,
        site: &Site,
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
        let known = self.store.visitor(visitor).await?;
        let visitor = known.unwrap_or_else(|| blank(visitor, site.key.clone()));
        let department = match start.mode {
            Mode::Chat => self.admit(&department).await?,
            Mode::Message => {
                require_reply_address(&visitor, &start.fields)?;
                department
            }
        };
        let visitor = self
            .save_starting_visitor(visitor, whereabouts, &start.fields)
            .await?;
        let priority = if visitor.priority == 0 {
            department.priority
        } else {
            visitor.priority
        };
        let needs = self.needs_of(&department, visitor.lang.as_deref(), start.needs);
        let id = ConversationId::fresh();
        if let Some(socket) = socket {
            // Known to be here before the conversation is in line, so that it is not passed over.
            self.coordination.visitor_joined(id, socket).await.ok();
        }
        let known_agent = self.store.last_agent_of_visitor(visitor.id).await?;
        let command = Command::Start(Start {
            site: site.key.clone(),
            visitor: visitor.id,
            visitor_name: visitor.name.clone(),
            department: department.key.clone(),
            priority,
            mode: start.mode,
            fields: start.fields,
            needs,
            known_agent,
            text: start.text,
        });
        let outcome = self
            .append(id, Some((visitor.id.0, start.cmd)), command)
            .await;
        if let Some(socket) = socket
            && !matches!(&outcome, Ok(receipt) if receipt.conversation == id)
        {
            self.coordination.visitor_left(id, socket).await.ok();
        }
        outcome
    }

    async fn save_starting_visitor(
        &self,
        mut visitor: Visitor,
        whereabouts: &Whereabouts,
        fields: &Fields,
    ) -> Result<Visitor, Refused> {
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
        visitor.page = whereabouts.page.clone().or(visitor.page);
        self.store.save_visitor(&visitor, self.clock.now()).await?;
        Ok(visitor)
    }
}

/// Whoever leaves a message is answered by mail: at the address that they give now, or at the one that their site has
/// signed.
fn require_reply_address(visitor: &Visitor, fields: &Fields) -> Result<(), Refused> {
    let given = fields.get("email").map(|given| given.trim());
    let message = match given.filter(|given| !given.is_empty()) {
        Some(given) if mail::address(given).is_some() => return Ok(()),
        Some(_) => "This is no mail address: write it like \"ana@example.com\".",
        None if visitor.subject.is_some() && visitor.email.is_some() => return Ok(()),
        None => "A mail address is needed, so that you can be answered.",
    };
    Err(Refused::BadField {
        field: "fields.email".into(),
        message: message.into(),
    })
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
