//! Whole conversations, one after the other in order of arrival: what reports are counted from.
//!
//! [`Stories`] is the engines' part. A story has what moved the conversation and who said something when, but no words that
//! were said. Called by reports.

use async_trait::async_trait;

use crate::domain::figures::Figures;
use crate::domain::happening::{Move, Trails, Word};
use crate::model::event::{Body, Mode, Role};
use crate::model::id::ConversationId;
use crate::model::time::At;
use crate::store::StoreError;

/// Stories read at once: some thousand rows.
const PAGE: u32 = 500;

/// One conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// Which.
    pub conversation: ConversationId,
    /// When it began.
    pub enqueued_at: At,
    /// Its order key.
    pub key: i64,
    /// Whether somebody waited live.
    pub mode: Mode,
    /// What happened to it, in order.
    pub steps: Vec<(At, StoryStep)>,
}

/// One event of a story.
#[derive(Clone, Debug, PartialEq)]
pub enum StoryStep {
    /// Somebody said something.
    Said(Role),
    /// It moved, or was rated.
    Told(Box<Body>),
}

/// The part of a store that tells conversations whole.
#[async_trait]
pub trait Stories: Send + Sync {
    /// The conversations that began after this one (by moment, then id) and before `until`, in that order, at most `limit`, each
    /// with everything that is known of it by now. Costs what it answers.
    async fn stories(
        &self,
        after: (At, ConversationId),
        until: At,
        limit: u32,
    ) -> Result<Vec<Story>, StoreError>;
}

impl Story {
    /// Tells it to figures.
    pub fn tell(&self, figures: &mut Figures) {
        let mut trails = Trails::default();
        for (at, step) in &self.steps {
            let word = match step {
                StoryStep::Said(role) => Word::of_message(*role),
                StoryStep::Told(body) => match &**body {
                    Body::Transferred { .. } => Some(Word::Transferred),
                    Body::Rated { score, .. } => Some(Word::Rated(*score)),
                    Body::Queued { .. }
                    | Body::Message { .. }
                    | Body::Assigned { .. }
                    | Body::Requeued { .. }
                    | Body::AgentAway { .. }
                    | Body::AgentBack { .. }
                    | Body::Closed { .. }
                    | Body::Note { .. } => None,
                },
            };
            if let Some(word) = word {
                figures.hear(*at, self.conversation, word);
            }
            if let StoryStep::Told(body) = step {
                let step = Move {
                    conversation: self.conversation,
                    key: self.key,
                    mode: self.mode,
                    body: (**body).clone(),
                };
                for happening in trails.follow(*at, &step) {
                    figures.observe(*at, &happening);
                }
            }
        }
    }
}

/// Tells figures every conversation that began between two moments (the first included), page by page: what is held at once
/// is a page, and the figures.
pub async fn tell(
    store: &dyn Stories,
    from: At,
    until: At,
    figures: &mut Figures,
) -> Result<(), StoreError> {
    let first = ConversationId::from_bytes([0; 16]);
    let mut after = (from, first);
    loop {
        let stories = store.stories(after, until, PAGE).await?;
        let Some(last) = stories.last() else {
            return Ok(());
        };
        after = (last.enqueued_at, last.conversation);
        for story in &stories {
            story.tell(figures);
        }
        if stories.len() < PAGE as usize {
            return Ok(());
        }
    }
}

/// One row of a page of stories.
pub(super) struct StoryRow {
    pub story: Story,
    pub step: (At, StoryStep),
}

/// Rows in order, made stories.
pub(super) fn gathered(rows: Vec<StoryRow>) -> Vec<Story> {
    let mut stories: Vec<Story> = Vec::new();
    for row in rows {
        match stories.last_mut() {
            Some(last) if last.conversation == row.story.conversation => last.steps.push(row.step),
            Some(_) | None => stories.push(Story {
                steps: vec![row.step],
                ..row.story
            }),
        }
    }
    stories
}
