//! The desk's part in what REST changes.

use std::sync::Arc;

use async_trait::async_trait;

use crate::coordination::Notice;
use crate::desk::visit::Whereabouts;
use crate::desk::{Desk, Refused};
use crate::domain::routing::Seat;
use crate::model::event::RequeueReason;
use crate::model::id::{AgentId, ConversationId, VisitorId};
use crate::model::record::{Person, Site, Status};
use crate::protocol::visitor::VisitorStart;
use crate::store::{Receipt, StoreError};
use crate::web::rest::{AtDesk, DeskHooks, SignedOut};

/// The desk, as the resources see it.
pub struct Hooks(pub Arc<Desk>);

#[async_trait]
impl DeskHooks for Hooks {
    async fn signed_out(&self, who: SignedOut) {
        let notice = match who {
            SignedOut::Sessions(sessions) => Notice::SignedOut(sessions),
            SignedOut::Logins { person, except } => Notice::LoggedOut { person, except },
            SignedOut::Person(person) => {
                // The sweep forgets them too, should coordination be away.
                self.0.coordination.remove_agent(person).await.ok();
                Notice::PersonRemoved(person)
            }
        };
        self.0.coordination.publish(notice).await;
    }

    async fn before_removal(&self, person: AgentId) -> Result<(), StoreError> {
        let nothing_new = Seat {
            status: Status::Offline,
            capacity: 0,
            departments: Vec::new(),
            skills: Vec::new(),
        };
        self.0.coordination.seat(person, nothing_new).await.ok();
        self.0
            .requeue_all(person, RequeueReason::AgentRemoved)
            .await
            .map_err(|refused| match refused {
                Refused::Away => {
                    StoreError::Away("a conversation could not be put back into the line".into())
                }
                other => StoreError::Corrupt(other.to_string()),
            })
    }

    async fn person_changed(&self, person: &Person) {
        if let Err(refused) = self.0.person_changed(person).await {
            tracing::warn!(reason = %refused, "a changed person is told to coordination later");
        }
    }

    async fn is_open(&self, site: &Site) -> bool {
        self.0.is_open(site).await.unwrap_or(false)
    }

    async fn leave_message(
        &self,
        visitor: VisitorId,
        site: &Site,
        whereabouts: &Whereabouts,
        start: VisitorStart,
    ) -> Result<Receipt, Refused> {
        self.0
            .leave_message(visitor, site, whereabouts, start)
            .await
    }

    async fn at_desk(&self, person: &Person) -> AtDesk {
        let load = self.0.coordination.load(person.id).await.unwrap_or(0);
        AtDesk {
            status: person.status,
            load,
        }
    }

    async fn is_offered(&self, conversation: ConversationId) -> bool {
        self.0
            .coordination
            .is_offered(conversation)
            .await
            .unwrap_or(false)
    }
}
