//! The commands that are not answered yet, and when each is to be said (again). Pure: time comes in as an argument.
//!
//! The minds fill it and the driver asks it what is due. It promises that a command is repeated, under the same id, until it is answered:
//! after each reconnect, after the pause that a refusal asked for, and when no answer comes. Within one conversation the
//! next command goes out only when the one before is answered, which keeps their order through any cut.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::wire::{CommandId, ConversationId};

/// How long a live socket may leave a command unanswered before it is repeated. Longer than any healthy commit, shorter than a
/// test's patience.
const ANSWER_MS_MAX: u64 = 10_000;

#[derive(Debug, Clone)]
struct Command {
    cmd: CommandId,
    frame: String,
    /// When it is to be said again if nothing is heard; `None` while it waits to be said at once.
    next_at: Option<Instant>,
    was_said: bool,
    /// The server asked for the pause, so a new socket does not end it.
    is_postponed: bool,
}

/// One queue for each conversation; a visitor, who has only one, uses `None`.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    lanes: BTreeMap<Option<ConversationId>, VecDeque<Command>>,
}

impl Outbox {
    pub fn push(&mut self, lane: Option<ConversationId>, cmd: CommandId, frame: String) {
        let command = Command {
            cmd,
            frame,
            next_at: None,
            was_said: false,
            is_postponed: false,
        };
        self.lanes.entry(lane).or_default().push_back(command);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// The commands not answered yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lanes.values().map(VecDeque::len).sum()
    }

    /// The frames to say now, which are then taken as said.
    pub fn due(&mut self, now: Instant) -> Vec<String> {
        let heads = self.lanes.values_mut().filter_map(VecDeque::front_mut);
        heads
            .filter(|command| command.next_at.is_none_or(|at| at <= now))
            .map(|command| {
                command.next_at = Some(now + Duration::from_millis(ANSWER_MS_MAX));
                command.was_said = true;
                command.is_postponed = false;
                command.frame.clone()
            })
            .collect()
    }

    /// A command is said and neither answered nor postponed.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        let mut heads = self.lanes.values().filter_map(VecDeque::front);
        heads.any(|command| command.next_at.is_some() && !command.is_postponed)
    }

    /// When to ask again for what is due, if nothing is heard until then.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.lanes
            .values()
            .filter_map(|lane| lane.front()?.next_at)
            .min()
    }

    /// The command is answered for good.
    pub fn answered(&mut self, cmd: CommandId) {
        self.lanes.retain(|_, lane| {
            lane.retain(|command| command.cmd != cmd);
            !lane.is_empty()
        });
    }

    /// The command is to be repeated after a pause.
    pub fn postponed(&mut self, cmd: CommandId, retry_ms: u64, now: Instant) {
        for command in self
            .lanes
            .values_mut()
            .flatten()
            .filter(|command| command.cmd == cmd)
        {
            command.next_at = Some(now + Duration::from_millis(retry_ms));
            command.is_postponed = true;
        }
    }

    /// The socket is gone: everything unanswered is to be said again on the next one.
    pub fn cut(&mut self) {
        for command in self
            .lanes
            .values_mut()
            .flatten()
            .filter(|command| !command.is_postponed)
        {
            command.next_at = None;
        }
    }

    /// The server closed the socket because of a frame that it can never take. Which of those under way it was cannot be known, so
    /// none of them is repeated; they are returned.
    pub fn give_up_said(&mut self) -> Vec<CommandId> {
        let said: Vec<CommandId> = self
            .lanes
            .values()
            .flatten()
            .filter(|command| command.was_said)
            .map(|command| command.cmd)
            .collect();
        for cmd in &said {
            self.answered(*cmd);
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_two() -> (Outbox, CommandId, CommandId, Instant) {
        let (first, second) = (CommandId::fresh(), CommandId::fresh());
        let mut outbox = Outbox::default();
        outbox.push(None, first, "first".into());
        outbox.push(None, second, "second".into());
        (outbox, first, second, Instant::now())
    }

    #[test]
    fn the_next_command_waits_for_the_answer_to_the_one_before() {
        let (mut outbox, first, second, now) = with_two();
        assert_eq!(outbox.due(now), ["first"]);
        assert!(outbox.due(now).is_empty());
        outbox.answered(first);
        assert_eq!(outbox.due(now), ["second"]);
        outbox.answered(second);
        assert!(outbox.is_empty());
    }

    #[test]
    fn conversations_do_not_wait_for_each_other() {
        let mut outbox = Outbox::default();
        for number in 1..=3 {
            outbox.push(
                Some(ConversationId(uuid::Uuid::from_u128(number))),
                CommandId::fresh(),
                number.to_string(),
            );
        }
        assert_eq!(outbox.due(Instant::now()), ["1", "2", "3"]);
    }

    #[test]
    fn what_is_not_answered_is_repeated() {
        let (mut outbox, _, _, now) = with_two();
        outbox.due(now);
        let later = now + Duration::from_millis(ANSWER_MS_MAX);
        assert_eq!(outbox.next_due(), Some(later));
        assert_eq!(outbox.due(later), ["first"]);
    }

    #[test]
    fn a_cut_makes_it_due_again() {
        let (mut outbox, _, _, now) = with_two();
        outbox.due(now);
        outbox.cut();
        assert_eq!(outbox.due(now), ["first"]);
        assert_eq!(outbox.len(), 2);
    }

    #[test]
    fn a_refusal_with_a_pause_is_honoured_and_holds_the_order() {
        let (mut outbox, first, _, now) = with_two();
        outbox.due(now);
        outbox.postponed(first, 500, now);
        outbox.cut();
        assert!(outbox.due(now + Duration::from_millis(499)).is_empty());
        assert_eq!(outbox.due(now + Duration::from_millis(500)), ["first"]);
    }

    #[test]
    fn a_frame_that_broke_the_socket_is_not_repeated() {
        let (mut outbox, first, _, now) = with_two();
        outbox.due(now);
        assert_eq!(outbox.give_up_said(), [first]);
        outbox.cut();
        assert_eq!(outbox.due(now), ["second"]);
    }
}
