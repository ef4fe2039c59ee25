//! What an agent does: come to the desk, take and serve conversations, hand them on, end them.

use std::sync::atomic::Ordering;

use crate::coordination::{Notice, OfferEnd};
use crate::desk::{Desk, Refused, agent_name, is_supervisor, may_see, seat, visitor_card};
use crate::domain::conversation::{Command, Conversation, Refusal};
use crate::domain::routing::{Ringing, SocketId};
use crate::hub::Following;
use crate::model::article::{Article, ArticleStatus};
use crate::model::event::{ArticleName, RequeueReason, Sender, Seq, TransferredTo, View};
use crate::model::id::{AgentId, ArticleId, CommandId, ConversationId};
use crate::model::record::{JournalEntry, JournalReason, Person, Status};
use crate::protocol::agent::{AgentConversation, ToAgent, TransferTo};
use crate::protocol::parts::State;
use crate::store::{Card, Receipt};

/// What an agent owns, and where its log begins for this client.
pub struct Owned {
    /// As `welcome` names it.
    pub named: AgentConversation,
    /// The last event that the client has.
    pub place: Seq,
    /// Whether that is more than the log holds: the client must drop what it has.
    pub is_beyond: bool,
    /// The event by which the agent owns it.
    pub owned_from: Seq,
}

impl Desk {
    /// Tells coordination where an agent stands; what it does not hear now the sweep tells it: who serves need not wait.
    async fn tell_seat(&self, person: &Person) {
        if let Err(away) = self.coordination.seat(person.id, seat(person)).await {
            tracing::debug!(error = %away, "a seat is told later");
            self.has_untold_seats.store(true, Ordering::Relaxed);
        }
    }

    /// An agent's socket is there. Somebody who was offline begins away; who was gone for a while is announced as
    /// back. Answers the person as they are at the desk now.
    pub async fn agent_joins(&self, agent: AgentId, socket: SocketId) -> Result<Person, Refused> {
        let mut person = self
            .store
            .person(agent)
            .await?
            .ok_or(Refused::NotFound("agent"))?;
        // Told again by itself when coordination is back.
        self.coordination.agent_joined(agent, socket).await.ok();
        if person.status == Status::Offline {
            person = self
                .sit(person, Status::Away, None, JournalReason::SignedIn)
                .await?;
        } else {
            self.tell_seat(&person).await;
        }
        self.agent_moved(agent).await;
        Ok(person)
    }

    /// The agent's conversations, to be followed from where `after` says or from a page before their end. Those that
    /// were told that the agent is gone are told that they are back.
    pub async fn owned_conversations(
        &self,
        agent: AgentId,
        after: impl Fn(ConversationId) -> Option<Seq>,
    ) -> Result<Vec<Owned>, Refused> {
        let mut owned = Vec::new();
        for mut card in self.store.conversations_of_agent(agent).await? {
            let id = card.conversation.id;
            if card.conversation.is_agent_away
                && self
                    .append(id, None, Command::AgentBack { agent })
                    .await
                    .is_ok()
            {
                let is_theirs = |card: &Card| {
                    let owner = card.conversation.owner();
                    owner.is_some_and(|owner| owner.id == agent)
                };
                match self.store.card(id).await?.filter(is_theirs) {
                    Some(fresh) => card = fresh,
                    // It went elsewhere in this very moment: the client is told how.
                    None => continue,
                }
            }
            let Card {
                conversation,
                visitor,
                ..
            } = card;
            let from_seq = match after(id) {
                Some(after) => after,
                None => self.replay_from(&conversation, View::Agent).await?,
            };
            let named = AgentConversation {
                id,
                state: State::Active,
                visitor: visitor_card(&visitor),
                department: conversation.department.clone(),
                seq: conversation.seq,
                from_seq: from_seq + 1,
                read: conversation.read,
            };
            owned.push(Owned {
                is_beyond: from_seq > conversation.seq,
                named,
                place: from_seq,
                owned_from: conversation.placed_seq,
            });
        }
        Ok(owned)
    }

    /// Status and capacity as the agent chose them.
    pub async fn choose_status(
        &self,
        agent: AgentId,
        status: Status,
        capacity: Option<u8>,
    ) -> Result<Person, Refused> {
        let person = self
            .store
            .person(agent)
            .await?
            .ok_or(Refused::NotFound("agent"))?;
        self.sit(person, status, capacity, JournalReason::Chosen)
            .await
    }

    /// Writes the journal, then tells coordination and the colleagues.
    pub(super) async fn sit(
        &self,
        person: Person,
        status: Status,
        capacity: Option<u8>,
        reason: JournalReason,
    ) -> Result<Person, Refused> {
        let person = Person {
            status,
            capacity: capacity.unwrap_or(person.capacity),
            ..person
        };
        let entry = JournalEntry {
            agent: person.id,
            status,
            capacity: person.capacity,
            departments: person.departments.clone(),
            reason,
        };
        self.store.journal(entry, self.clock.now()).await?;
        self.tell_seat(&person).await;
        self.coordination
            .publish(Notice::AgentChanged(person.id))
            .await;
        self.coordination.publish(Notice::LineMoved).await;
        Ok(person)
    }

    /// An agent's place at the desk, as colleagues see it.
    pub async fn agent_frame(&self, person: &Person) -> Result<ToAgent, Refused> {
        let load = match self.coordination.load(person.id).await {
            Ok(load) => load,
            // Without what is claimed: nothing is, while coordination is away.
            Err(_away) => {
                let owned = self.store.conversations_of_agent(person.id).await?;
                u32::try_from(owned.len()).unwrap_or(u32::MAX)
            }
        };
        Ok(ToAgent::Agent {
            id: person.id,
            name: person.name.clone(),
            status: person.status,
            load,
            capacity: person.capacity,
        })
    }

    /// A conversation that the person may see; what they may not see is not there.
    pub async fn visible(
        &self,
        person: &Person,
        id: ConversationId,
    ) -> Result<Conversation, Refused> {
        let found = self.store.conversation(id).await?;
        found
            .filter(|found| may_see(person, found))
            .ok_or(Refused::NotFound("conversation"))
    }

    /// The same with what a list shows beside it, and where its log begins for this client.
    pub async fn visible_card(
        &self,
        person: &Person,
        id: ConversationId,
        after: Option<Seq>,
    ) -> Result<(Card, Seq), Refused> {
        let card = self.store.card(id).await?;
        let card = card
            .filter(|card| may_see(person, &card.conversation))
            .ok_or(Refused::NotFound("conversation"))?;
        let from_seq = match after {
            Some(after) if after > card.conversation.seq => {
                return Err(Refused::BadField {
                    field: "after".into(),
                    message: "The log does not go so far. Open it with after 0.".into(),
                });
            }
            Some(after) => after,
            None => self.replay_from(&card.conversation, View::Agent).await?,
        };
        Ok((card, from_seq))
    }

    /// What `opened` says of a conversation.
    pub async fn opened(&self, card: &Card, from_seq: Seq) -> ToAgent {
        let conversation = &card.conversation;
        ToAgent::Opened {
            conversation: conversation.id,
            state: self.state_of(conversation).await,
            visitor: visitor_card(&card.visitor),
            department: conversation.department.clone(),
            agent: conversation.owner().cloned(),
            seq: conversation.seq,
            from_seq: from_seq + 1,
            read: conversation.read,
        }
    }

    /// The offers that ring at the agent. Without coordination none does.
    pub async fn ringing_at(&self, agent: AgentId) -> Vec<Ringing> {
        match self.coordination.ringing_at(agent).await {
            Ok(ringing) => ringing,
            Err(away) => {
                tracing::debug!(error = %away, "what rings is not known");
                Vec::new()
            }
        }
    }

    /// Accepts an offer. It may come late: it succeeds while the conversation waits and the agent has room. Accepting
    /// what one owns already succeeds again.
    pub async fn accept(&self, person: &Person, id: ConversationId) -> Result<(), Refused> {
        let ringing = self.coordination.ringing_at(person.id).await?;
        let ringing = ringing.into_iter().find(|one| one.conversation == id);
        let found = self.store.conversation(id).await?;
        let conversation = found
            // It may be of a department that theirs stands in for.
            .filter(|found| ringing.is_some() || may_see(person, found))
            .ok_or(Refused::NotFound("conversation"))?;
        let command = Command::Assign {
            agent: agent_name(person),
            placed_seq: conversation.placed_seq,
            why: ringing.map(|ringing| ringing.why),
        };
        match self.append(id, None, command).await {
            Ok(_) | Err(Refused::Rule(Refusal::AlreadyYours)) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// Declines an offer; `conflict` if it does not ring at this agent.
    pub async fn decline(&self, person: &Person, id: ConversationId) -> Result<(), Refused> {
        if !self.coordination.decline(id, person.id).await? {
            self.visible(person, id).await?;
            return Err(Refused::Conflict("This conversation does not ring at you."));
        }
        let reason = OfferEnd::Declined;
        self.coordination
            .publish(Notice::OfferEnded {
                conversation: id,
                agent: person.id,
                reason,
            })
            .await;
        Ok(())
    }

    /// Says something to the visitor, with an article where one is named.
    pub async fn agent_send(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
        text: String,
        article: Option<ArticleId>,
    ) -> Result<Receipt, Refused> {
        let agent = agent_name(person);
        let Some(article) = article else {
            let command = Command::AgentSend { agent, text };
            return self.owner_says(person, id, cmd, command).await;
        };
        // A repeat gets the same answer, also when the article has been hidden since.
        if let Some(receipt) = self.repeated(person, cmd).await? {
            return Ok(receipt);
        }
        let site = self.visible(person, id).await?.site;
        let article = self.store.article(article).await?;
        let is_shown = |one: &Article| one.site == site && one.status == ArticleStatus::Published;
        let article = article
            .filter(is_shown)
            .ok_or_else(|| Refused::BadField {
                field: "article".to_owned(),
                message: "No such article is published on the site of this conversation. Send another, or only a text."
                    .to_owned(),
            })?;
        let article = ArticleName {
            id: article.id,
            title: article.title,
        };
        let command = Command::SendArticle {
            agent,
            text,
            article,
        };
        self.owner_says(person, id, cmd, command).await
    }

    /// Words or a file of the owner's.
    pub(super) async fn owner_says(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
        command: Command,
    ) -> Result<Receipt, Refused> {
        // The decision itself tells who the owner is: no look-up before it on this hot path.
        match self.append(id, Some((person.id.0, cmd)), command).await {
            Err(Refused::Rule(Refusal::NotYours(_) | Refusal::WrongState(_)))
                if !self.can_see(person, id).await? =>
            {
                Err(Refused::NotFound("conversation"))
            }
            Err(Refused::Rule(Refusal::NotYours(_))) => Err(Refused::Forbidden(
                "Only the owner writes to the visitor. Take the conversation, or leave a note.",
            )),
            answer => answer,
        }
    }

    /// Leaves a word for the others at the desk.
    pub async fn note(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
        text: String,
    ) -> Result<Receipt, Refused> {
        self.command(
            person,
            id,
            cmd,
            Command::Note {
                agent: agent_name(person),
                text,
            },
        )
        .await
    }

    /// Takes a waiting conversation out of turn, or (supervisor) somebody else's.
    pub async fn take(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
    ) -> Result<Receipt, Refused> {
        let command = Command::Take {
            agent: agent_name(person),
            is_supervisor: is_supervisor(person),
        };
        self.command(person, id, cmd, command).await
    }

    /// Ends a conversation.
    pub async fn close(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
        tags: Vec<String>,
    ) -> Result<Receipt, Refused> {
        let command = Command::Close {
            agent: agent_name(person),
            is_supervisor: is_supervisor(person),
            tags,
        };
        self.command(person, id, cmd, command).await
    }

    /// Hands a conversation on.
    pub async fn transfer(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
        to: TransferTo,
        note: Option<String>,
    ) -> Result<Receipt, Refused> {
        if let Some(receipt) = self.repeated(person, cmd).await? {
            return Ok(receipt);
        }
        let to = match to {
            TransferTo::Department(department) => {
                if self.settings.department(&department).is_none() {
                    return Err(Refused::NotFound("department"));
                }
                TransferredTo::Department(department)
            }
            TransferTo::Agent(agent) => {
                let found = self
                    .store
                    .person(agent)
                    .await?
                    .ok_or(Refused::NotFound("agent"))?;
                if !self.coordination.is_agent_here(agent).await.unwrap_or(true) {
                    return Err(Refused::Conflict("This agent is not online."));
                }
                TransferredTo::Agent(agent_name(&found))
            }
        };
        let is_supervisor = is_supervisor(person);
        self.command(
            person,
            id,
            cmd,
            Command::Transfer {
                agent: agent_name(person),
                is_supervisor,
                to,
                note,
            },
        )
        .await
    }

    /// One command on a conversation that the person can see.
    pub(super) async fn command(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
        command: Command,
    ) -> Result<Receipt, Refused> {
        if let Err(refused) = self.visible(person, id).await {
            // It may have gone out of sight since the command was first acknowledged.
            return self.repeated(person, cmd).await?.ok_or(refused);
        }
        self.append(id, Some((person.id.0, cmd)), command).await
    }

    async fn repeated(&self, person: &Person, cmd: CommandId) -> Result<Option<Receipt>, Refused> {
        Ok(self.store.receipt(person.id.0, cmd).await?)
    }

    async fn can_see(&self, person: &Person, id: ConversationId) -> Result<bool, Refused> {
        match self.visible(person, id).await {
            Ok(_) => Ok(true),
            Err(Refused::NotFound(_)) => Ok(false),
            Err(refused) => Err(refused),
        }
    }

    /// The owner types, or stopped. Others who watch are silent.
    pub async fn agent_typing(
        &self,
        person: &Person,
        id: ConversationId,
        on: bool,
        socket: SocketId,
    ) {
        if self.owns(id, socket) {
            let from = Sender::agent(&agent_name(person));
            let notice = Notice::Typing {
                conversation: id,
                from,
                on,
                preview: None,
                socket,
            };
            self.coordination.publish(notice).await;
        }
    }

    /// The owner has read up to `seq`. Others who watch leave no mark.
    pub async fn agent_read(
        &self,
        person: &Person,
        id: ConversationId,
        seq: Seq,
        socket: SocketId,
    ) -> Result<(), Refused> {
        if self.owns(id, socket) {
            let seq = self.store.mark_read(id, View::Agent, seq).await?.agent;
            let from = Sender::agent(&agent_name(person));
            self.coordination
                .publish(Notice::Read {
                    conversation: id,
                    from,
                    seq,
                    socket,
                })
                .await;
        }
        Ok(())
    }

    /// Whether the socket follows the conversation as its owner's.
    fn owns(&self, id: ConversationId, socket: SocketId) -> bool {
        matches!(
            self.hub.following(id, socket),
            Some((
                Following::Agent {
                    owned_from: Some(_),
                    ..
                },
                _
            ))
        )
    }

    /// The agent has the conversation open on a socket, or no longer: everybody who looks at it is told who does.
    pub async fn view(&self, person: &Person, id: ConversationId, socket: SocketId, is_open: bool) {
        match self
            .coordination
            .view(id, agent_name(person), socket, is_open)
            .await
        {
            Ok(agents) => {
                self.coordination
                    .publish(Notice::Viewers {
                        conversation: id,
                        agents,
                    })
                    .await
            }
            Err(away) => tracing::debug!(error = %away, "a viewer was not noted"),
        }
    }

    /// An agent's socket came or went: colleagues and lanes are shown what that changed.
    pub async fn agent_moved(&self, agent: AgentId) {
        self.coordination.publish(Notice::AgentChanged(agent)).await;
        self.coordination.publish(Notice::LineMoved).await;
    }

    /// A person's name, role, departments or capacity changed, or they are new: pairing and their sockets go by it.
    pub async fn person_changed(&self, person: &Person) -> Result<(), Refused> {
        self.coordination
            .publish(Notice::PersonChanged(person.id))
            .await;
        self.tell_seat(person).await;
        self.agent_moved(person.id).await;
        Ok(())
    }

    /// Puts everything an agent owns back into the line.
    pub async fn requeue_all(&self, agent: AgentId, reason: RequeueReason) -> Result<(), Refused> {
        for card in self.store.conversations_of_agent(agent).await? {
            match self
                .append(
                    card.conversation.id,
                    None,
                    Command::Requeue { agent, reason },
                )
                .await
            {
                Ok(_) | Err(Refused::Rule(_)) => {}
                Err(refused) => return Err(refused),
            }
        }
        Ok(())
    }
}
