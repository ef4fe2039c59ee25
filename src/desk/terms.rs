//! Who may serve a conversation that waits, as its department's settings and the visitor's needs say: what the board is told
//! beside its place. Called wherever a place is told (`desk::observe`, the rebuild).

use crate::desk::Desk;
use crate::domain::conversation::{Conversation, Place};
use crate::domain::routing::{Observed, Terms};
use crate::model::id::Skill;
use crate::model::time::At;

impl Desk {
    /// Where a conversation is, and while it waits on which terms.
    pub(super) fn observed(&self, conversation: &Conversation) -> Observed {
        let terms = match conversation.place {
            Place::Waiting { since } => self.terms(conversation, since),
            Place::Served { .. } | Place::Closed { .. } => Terms::default(),
        };
        Observed::of(conversation, terms)
    }

    fn terms(&self, conversation: &Conversation, since: At) -> Terms {
        let department = self.settings.department(&conversation.department);
        let routing = department
            .map(|one| one.routing.clone())
            .unwrap_or_default();
        let mut needs: Vec<Skill> = Vec::new();
        for need in &conversation.needs {
            // What is no skill's name nobody has, and so it is no need.
            if let Ok(need) = Skill::new(&need.trim().to_ascii_lowercase())
                && !needs.contains(&need)
            {
                needs.push(need);
            }
        }
        let own = &conversation.department;
        Terms {
            needs,
            relaxes_at: routing
                .relax_after
                .iter()
                .map(|span| since + *span)
                .collect(),
            stand_ins: routing
                .stand_ins
                .into_iter()
                .filter(|key| key != own)
                .collect(),
            widens_at: routing.overflow_after.map(|span| since + span),
            last_agent: conversation.known_agent,
        }
    }
}
