//! The rules of a log that its events alone decide: who has the conversation, and since when it waits.
//!
//! The timeline tells its [`Story`] every event that connects to the one before. It promises to notice a second owner, anything that
//! happens before the beginning or after the end, a wait that is measured wrongly and a place in the queue that is not kept.

use super::fault::{Breach, Fault};
use super::wire::{At, Event};

/// Who has a conversation, as far as the events seen so far tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Following began in the middle.
    Unknown,
    /// No event yet.
    Nothing,
    /// Waiting, since this moment; `None` where the contract leaves the beginning of the wait open.
    Waiting {
        since: Option<At>,
    },
    /// On the way to this agent: `transferred` is written, `assigned` is to follow.
    Promised {
        agent: String,
    },
    Agent {
        agent: String,
    },
    Closed {
        rated: bool,
    },
}

/// The rules of a log that follow from its events alone: one owner at a time, nothing after the end, waits measured
/// and places kept.
#[derive(Debug, Clone)]
pub struct Story {
    holder: Holder,
    enqueued_at: Option<At>,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            holder: Holder::Nothing,
            enqueued_at: None,
        }
    }
}

impl Story {
    /// The story of a log that is read from the middle on.
    pub fn unknown() -> Self {
        Self {
            holder: Holder::Unknown,
            enqueued_at: None,
        }
    }

    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.holder, Holder::Closed { .. })
    }

    /// The agent who has the conversation now.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        match &self.holder {
            Holder::Agent { agent } => Some(agent),
            Holder::Unknown
            | Holder::Nothing
            | Holder::Waiting { .. }
            | Holder::Promised { .. }
            | Holder::Closed { .. } => None,
        }
    }

    /// Takes the next event in.
    ///
    /// # Errors
    /// The event cannot follow on what was before. The story then goes on as if it could.
    pub fn advance(&mut self, event: &Event) -> Result<(), Fault> {
        let known_kind = matches!(
            event.kind.as_str(),
            "queued"
                | "message"
                | "assigned"
                | "transferred"
                | "requeued"
                | "agent_away"
                | "agent_back"
                | "closed"
                | "rated"
        );
        if !known_kind {
            return Ok(());
        }
        if self.holder == Holder::Nothing && event.prev > 0 {
            self.holder = Holder::Unknown;
        }
        let is_first = event.prev == 0;
        if is_first != (event.kind == "queued") {
            return Err(impossible(event, "a log begins with `queued`, once"));
        }
        if self.is_closed() && event.kind != "rated" {
            return Err(impossible(event, "the conversation is closed"));
        }
        match event.kind.as_str() {
            "queued" => self.queued(event),
            "assigned" => self.assigned(event),
            "transferred" => self.transferred(event),
            "requeued" => self.requeued(event),
            "agent_away" | "agent_back" => self.presence(event),
            "rated" => self.rated(event),
            "closed" => {
                self.holder = Holder::Closed { rated: false };
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn queued(&mut self, event: &Event) -> Result<(), Fault> {
        if event.number("enqueued_at") != Some(event.at) {
            return Err(Fault::of(
                Breach::WrongWait,
                event.conversation,
                "`enqueued_at` of `queued` is not its `at`",
            ));
        }
        self.enqueued_at = Some(event.at);
        self.holder = Holder::Waiting {
            since: Some(event.at),
        };
        Ok(())
    }

    fn assigned(&mut self, event: &Event) -> Result<(), Fault> {
        let Some(agent) = event.agent_id().map(str::to_owned) else {
            return Err(Fault::of(
                Breach::BadFrame,
                event.conversation,
                "`assigned` names no agent",
            ));
        };
        let before = std::mem::replace(
            &mut self.holder,
            Holder::Agent {
                agent: agent.clone(),
            },
        );
        match before {
            Holder::Agent { agent: owner } => Err(Fault::of(
                Breach::TwoOwners,
                event.conversation,
                format!(
                    "event {} gives it to {agent} while {owner} has it",
                    event.seq
                ),
            )),
            Holder::Promised { agent: promised } if promised != agent => Err(impossible(
                event,
                &format!("it was transferred to {promised} and went to {agent}"),
            )),
            Holder::Waiting { since: Some(since) }
                if event.number("waited_ms") != Some(event.at - since) =>
            {
                let said = event
                    .fields
                    .get("waited_ms")
                    .map_or_else(|| "nothing".to_owned(), ToString::to_string);
                let detail = format!(
                    "event {} says {said}, and the wait was {} ms",
                    event.seq,
                    event.at - since
                );
                Err(Fault::of(Breach::WrongWait, event.conversation, detail))
            }
            _ => Ok(()),
        }
    }

    fn transferred(&mut self, event: &Event) -> Result<(), Fault> {
        let to = event.fields.get("to");
        let agent = to.and_then(|to| to.get("agent")?.get("id")?.as_str());
        let department = to.and_then(|to| to.get("department")?.as_str());
        // A wait that a transfer interrupts may be counted from either moment; one that it begins is counted from it.
        let since = self.owner().map(|_| event.at);
        self.holder = match (agent, department) {
            (Some(agent), _) => Holder::Promised {
                agent: agent.to_owned(),
            },
            (None, Some(_)) => Holder::Waiting { since },
            (None, None) => {
                return Err(Fault::of(
                    Breach::BadFrame,
                    event.conversation,
                    "`transferred` to nobody",
                ));
            }
        };
        Ok(())
    }

    fn requeued(&mut self, event: &Event) -> Result<(), Fault> {
        let since = self.owner().map(|_| event.at);
        self.holder = Holder::Waiting { since };
        let place = event.number("enqueued_at");
        match (self.enqueued_at, place) {
            (_, None) => Err(Fault::of(
                Breach::BadFrame,
                event.conversation,
                "`requeued` without `enqueued_at`",
            )),
            (Some(first), Some(now)) if first != now => {
                let detail = format!("event {} moves the place from {first} to {now}", event.seq);
                Err(Fault::of(Breach::WrongWait, event.conversation, detail))
            }
            (_, Some(now)) => {
                self.enqueued_at = Some(now);
                Ok(())
            }
        }
    }

    fn presence(&self, event: &Event) -> Result<(), Fault> {
        let about = event.agent_id();
        let is_owner = self.owner().is_some() && self.owner() == about;
        if is_owner || self.holder == Holder::Unknown {
            return Ok(());
        }
        Err(impossible(
            event,
            &format!("it is about {about:?}, who does not have the conversation"),
        ))
    }

    fn rated(&mut self, event: &Event) -> Result<(), Fault> {
        let may = matches!(
            self.holder,
            Holder::Unknown | Holder::Closed { rated: false }
        );
        if !may {
            return Err(impossible(
                event,
                "only a closed conversation is rated, once",
            ));
        }
        self.holder = Holder::Closed { rated: true };
        Ok(())
    }
}

fn impossible(event: &Event, why: &str) -> Fault {
    let detail = format!("event {} is `{}`: {why}", event.seq, event.kind);
    Fault::of(Breach::Impossible, event.conversation, detail)
}
