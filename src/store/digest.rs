//! What lists need of a conversation beside its fold: first words, rating, and who had it last.
//!
//! Every engine keeps it in the conversation's row and carries it forward with each event it writes, so that no list
//! reads a log. Like the fold it follows from the log alone.

use crate::model::event::{Body, Event, Role};
use crate::model::id::AgentId;
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
}

impl Digest {
    /// Carries one event forward.
    pub fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::Message { text, .. } => {
                if event.from.role == Role::Visitor && self.summary.is_empty() {
                    self.summary = first_words(text);
                }
            }
            Body::Assigned { agent, .. } => self.last_agent = Some(agent.id),
            Body::Rated { score, .. } => self.rating = Some(*score),
            Body::Queued { .. }
            | Body::Transferred { .. }
            | Body::Requeued { .. }
            | Body::AgentAway { .. }
            | Body::AgentBack { .. }
            | Body::Closed { .. }
            | Body::Note { .. } => {}
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
