//! What lists and figures need of a conversation beside its fold: first words, rating, and how the first wait ended.
//!
//! Every engine keeps it in the conversation's row and carries it forward with each event it writes, so that no list
//! and no figure reads a log. Like the fold it follows from the log alone.

use crate::domain::conversation::Conversation;
use crate::model::event::{Body, CloseReason, Event, Role, TransferredTo};
use crate::model::id::{AgentId, DepartmentKey};
use crate::model::time::{At, Millis};
use crate::store::SUMMARY_CHARS_MAX;

/// See the module's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// The first words of the visitor on one line, at most [`SUMMARY_CHARS_MAX`] characters.
    pub summary: String,
    /// What was given at the rating.
    pub rating: Option<u8>,
    /// Who owns it or owned it last.
    pub last_agent: Option<AgentId>,
    /// The first wait, once it has ended.
    pub first_wait: Option<FirstWait>,
}

/// A first wait that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstWait {
    /// How.
    pub end: FirstWaitEnd,
    /// When.
    pub ended_at: At,
    /// Its length as the log tells it.
    pub waited_ms: Millis,
    /// In whose line.
    pub department: DepartmentKey,
}

/// How a first wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstWaitEnd {
    /// An agent took the conversation.
    Assigned,
    /// The visitor gave up the place.
    Left,
    /// The visitor was gone for longer than the grace time.
    Abandoned,
    /// Somebody moved or closed it while it waited: neither answered nor abandoned.
    Moved,
}

impl Digest {
    /// Carries one event forward; `before` is the conversation without it.
    pub fn apply(&mut self, before: &Conversation, event: &Event) {
        match &event.body {
            Body::Message { text, .. } => {
                if event.from.role == Role::Visitor && self.summary.is_empty() {
                    self.summary = first_words(text);
                }
            }
            Body::Assigned {
                agent,
                department,
                waited_ms,
                why: _,
            } => {
                self.last_agent = Some(agent.id);
                self.end_first_wait(FirstWaitEnd::Assigned, event.at, *waited_ms, department);
            }
            Body::Closed {
                reason, waited_ms, ..
            } => {
                let end = match reason {
                    CloseReason::Left => FirstWaitEnd::Left,
                    CloseReason::Abandoned => FirstWaitEnd::Abandoned,
                    CloseReason::Agent | CloseReason::Visitor | CloseReason::System => {
                        FirstWaitEnd::Moved
                    }
                };
                let waited_ms = waited_ms.unwrap_or(event.at - before.enqueued_at);
                self.end_first_wait(end, event.at, waited_ms, &before.department);
            }
            Body::Transferred {
                to: TransferredTo::Department(_),
            } => {
                let waited_ms = event.at - before.enqueued_at;
                self.end_first_wait(FirstWaitEnd::Moved, event.at, waited_ms, &before.department);
            }
            // A transfer to an agent ends no wait by itself: the `assigned` that follows does.
            Body::Transferred {
                to: TransferredTo::Agent(_),
            }
            | Body::Queued { .. }
            | Body::Requeued { .. }
            | Body::AgentAway { .. }
            | Body::AgentBack { .. }
            | Body::Note { .. } => {}
            Body::Rated { score, .. } => self.rating = Some(*score),
        }
    }

    fn end_first_wait(
        &mut self,
        end: FirstWaitEnd,
        ended_at: At,
        waited_ms: Millis,
        department: &DepartmentKey,
    ) {
        if self.first_wait.is_none() {
            self.first_wait = Some(FirstWait {
                end,
                ended_at,
                waited_ms,
                department: department.clone(),
            });
        }
    }
}

fn first_words(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > SUMMARY_CHARS_MAX * char::MAX.len_utf8() {
            break;
        }
    }
    match words.char_indices().nth(SUMMARY_CHARS_MAX) {
        Some((end, _)) => {
            words.truncate(end);
            words
        }
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::first_words;

    #[test]
    fn first_words_stand_on_one_line_and_end_at_the_limit() {
        assert_eq!(first_words("  two\n words "), "two words");
        assert_eq!(first_words(&"é".repeat(500)), "é".repeat(160));
        assert_eq!(first_words(&"ab ".repeat(1_000)).chars().count(), 160);
    }
}
