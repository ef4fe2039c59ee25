//! What one participant commanded, and what the server said came of it.
//!
//! The minds write every command, ack, refusal and own event into it. It promises to notice an ack that changes, that names another event
//! than the one that arrived, or whose event never arrives, a refusal after an ack, something refused that happened, and an event
//! that does not carry what was sent.

use std::collections::HashMap;

use super::fault::{Breach, Fault};
use super::timeline::Entry;
use super::wire::{Ack, CommandId, ConversationId, Event, Refusal};

/// A command frame's type, as far as it tells which events may come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Start,
    Send,
    Note,
    Leave,
    Rate,
    Transfer,
    Take,
    Close,
}

impl Deed {
    pub const ALL: [Deed; 8] = [
        Deed::Start,
        Deed::Send,
        Deed::Note,
        Deed::Leave,
        Deed::Rate,
        Deed::Transfer,
        Deed::Take,
        Deed::Close,
    ];

    /// The `t` of its frame.
    #[must_use]
    pub fn frame_type(self) -> &'static str {
        match self {
            Deed::Start => "start",
            Deed::Send => "send",
            Deed::Note => "note",
            Deed::Leave => "leave",
            Deed::Rate => "rate",
            Deed::Transfer => "transfer",
            Deed::Take => "take",
            Deed::Close => "close",
        }
    }

    fn may_make(self, kind: &str) -> bool {
        match self {
            Deed::Start => matches!(kind, "queued" | "message"),
            Deed::Send => kind == "message",
            Deed::Note => kind == "note",
            Deed::Leave | Deed::Close => kind == "closed",
            Deed::Rate => kind == "rated",
            Deed::Transfer => matches!(kind, "note" | "transferred" | "assigned"),
            Deed::Take => matches!(kind, "transferred" | "assigned"),
        }
    }
}

/// How a command was answered for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Ack(Ack),
    Refusal(Box<Refusal>),
}

#[derive(Debug, Clone)]
struct Command {
    deed: Deed,
    /// The text that its message or note must carry; let go once that event has come.
    text: Option<String>,
    answer: Option<Answer>,
    has_happened: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Ledger {
    commands: HashMap<CommandId, Command>,
    /// Acknowledged events that have not arrived yet.
    awaited: HashMap<(ConversationId, u64), CommandId>,
}

impl Ledger {
    /// Notes a command before it is sent for the first time. A command that is noted again keeps what it was first.
    pub fn commanded(&mut self, cmd: CommandId, deed: Deed, text: Option<String>) {
        self.commands.entry(cmd).or_insert(Command {
            deed,
            text,
            answer: None,
            has_happened: false,
        });
    }

    #[must_use]
    pub fn answer(&self, cmd: CommandId) -> Option<&Answer> {
        self.commands.get(&cmd)?.answer.as_ref()
    }

    #[must_use]
    pub fn knows(&self, cmd: CommandId) -> bool {
        self.commands.contains_key(&cmd)
    }

    /// The command that made the conversation's first event, if it was a `start` of this participant.
    #[must_use]
    pub fn is_start(&self, cmd: CommandId) -> bool {
        self.commands
            .get(&cmd)
            .is_some_and(|command| command.deed == Deed::Start)
    }

    /// Acknowledged events that have not arrived yet.
    #[must_use]
    pub fn awaited(&self) -> impl ExactSizeIterator<Item = (ConversationId, u64, CommandId)> + '_ {
        self.awaited
            .iter()
            .map(|((conversation, seq), cmd)| (*conversation, *seq, *cmd))
    }

    /// Notes an ack. `entry` is the event it names, if that was seen; `is_followed`, whether it is still to come otherwise.
    ///
    /// # Errors
    /// An ack that nobody asked for, that differs from the one before, or that contradicts the event.
    pub fn acked(
        &mut self,
        ack: Ack,
        entry: Option<&Entry>,
        is_followed: bool,
    ) -> Result<(), Fault> {
        let Some(command) = self.commands.get_mut(&ack.cmd) else {
            return Err(Fault::of(
                Breach::AckUnasked,
                ack.conversation,
                format!("ack of {}, never sent", ack.cmd),
            ));
        };
        match &command.answer {
            Some(Answer::Ack(before)) if *before != ack => {
                let detail = format!("{before:?} became {ack:?}");
                return Err(Fault::of(Breach::AckChanged, ack.conversation, detail));
            }
            Some(Answer::Refusal(refusal)) => {
                let detail = format!("{} was refused as {refusal} and then acknowledged", ack.cmd);
                return Err(Fault::of(
                    Breach::HappenedThoughRefused,
                    ack.conversation,
                    detail,
                ));
            }
            Some(Answer::Ack(_)) | None => command.answer = Some(Answer::Ack(ack)),
        }
        match entry {
            Some(entry) if entry.cmd == Some(ack.cmd) && entry.at == ack.at => Ok(()),
            Some(entry) => {
                let detail = format!(
                    "{ack:?} names an event with command {:?} at {}",
                    entry.cmd, entry.at
                );
                Err(Fault::of(Breach::AckContradicts, ack.conversation, detail))
            }
            None => {
                if is_followed {
                    self.awaited.insert((ack.conversation, ack.seq), ack.cmd);
                }
                Ok(())
            }
        }
    }

    /// Notes a refusal that is final.
    ///
    /// # Errors
    /// The command was acknowledged before, or its event was seen.
    pub fn refused(&mut self, cmd: CommandId, refusal: Refusal) -> Result<(), Fault> {
        let Some(command) = self.commands.get_mut(&cmd) else {
            return Ok(());
        };
        if command.has_happened || matches!(command.answer, Some(Answer::Ack(_))) {
            let detail = format!(
                "{cmd} ({}) had happened and was refused as {refusal}",
                command.deed.frame_type()
            );
            return Err(Fault::general(Breach::RefusedAfterAck, detail));
        }
        command.answer = Some(Answer::Refusal(Box::new(refusal)));
        Ok(())
    }

    /// Notes any event that was seen for the first time; `is_own` tells whether this participant can have caused it.
    ///
    /// # Errors
    /// It contradicts an ack, a refusal, or what was sent.
    pub fn happened(&mut self, event: &Event, is_own: bool) -> Result<(), Fault> {
        let fault = |breach, detail| Err(Fault::of(breach, event.conversation, detail));
        if let Some(cmd) = self.awaited.remove(&(event.conversation, event.seq))
            && event.cmd != Some(cmd)
        {
            let detail = format!(
                "{cmd} was acknowledged as event {}, which is by {:?}",
                event.seq, event.cmd
            );
            return fault(Breach::AckContradicts, detail);
        }
        let Some(cmd) = event.cmd.filter(|_| is_own) else {
            return Ok(());
        };
        let Some(command) = self.commands.get_mut(&cmd) else {
            return Ok(());
        };
        command.has_happened = true;
        if !command.deed.may_make(&event.kind) {
            let detail = format!(
                "{} {cmd} made a `{}`",
                command.deed.frame_type(),
                event.kind
            );
            return fault(Breach::WrongContent, detail);
        }
        if matches!(event.kind.as_str(), "message" | "note")
            && let Some(text) = command.text.take()
            && event.text() != Some(text.as_str())
        {
            let detail = format!(
                "{cmd} sent {text:?} and event {} says {:?}",
                event.seq,
                event.text()
            );
            return fault(Breach::WrongContent, detail);
        }
        match &command.answer {
            Some(Answer::Refusal(refusal)) => fault(
                Breach::HappenedThoughRefused,
                format!(
                    "{cmd} was refused as {refusal} and made event {}",
                    event.seq
                ),
            ),
            Some(Answer::Ack(ack)) => {
                let is_same_log = ack.conversation == event.conversation;
                let is_last = ack.seq == event.seq && ack.at == event.at;
                if is_same_log && (is_last || event.seq < ack.seq) {
                    return Ok(());
                }
                fault(
                    Breach::AckContradicts,
                    format!("{ack:?} and the event {} at {}", event.seq, event.at),
                )
            }
            None => Ok(()),
        }
    }

    /// Following of a log has ended: what it still owed is not to be expected any more.
    pub fn stop_awaiting(&mut self, conversation: ConversationId) {
        self.awaited
            .retain(|(awaited, _), _| *awaited != conversation);
    }

    /// The store is another one now: what the old one answered counts no longer.
    pub fn forget_answered(&mut self) {
        self.awaited.clear();
        self.commands.retain(|_, command| command.answer.is_none());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(7));

    fn ledger_with(deed: Deed, text: Option<&str>) -> (Ledger, CommandId) {
        let mut ledger = Ledger::default();
        let cmd = CommandId::fresh();
        ledger.commanded(cmd, deed, text.map(str::to_owned));
        (ledger, cmd)
    }

    fn ack(cmd: CommandId, seq: u64, at: u64) -> Ack {
        Ack {
            cmd,
            conversation: CONVERSATION,
            seq,
            at,
        }
    }

    fn message(cmd: CommandId, seq: u64, at: u64, text: &str) -> Event {
        event(json!({"cmd": cmd, "seq": seq, "at": at, "kind": "message", "text": text}))
    }

    fn event(fields: Value) -> Event {
        let mut frame =
            json!({"conversation": CONVERSATION, "prev": 0, "from": {"role": "visitor"}});
        frame
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        serde_json::from_value(frame).unwrap()
    }

    fn refusal(code: &str) -> Refusal {
        serde_json::from_value(json!({"code": code, "message": "no"})).unwrap()
    }

    fn entry(cmd: CommandId, seq: u64, at: u64) -> Entry {
        Entry {
            seq,
            prev: seq - 1,
            at,
            cmd: Some(cmd),
            digest: 0,
        }
    }

    #[test]
    fn ack_and_event_may_come_in_either_order() {
        let (mut ledger, cmd) = ledger_with(Deed::Send, Some("a"));
        ledger.acked(ack(cmd, 4, 9), None, true).unwrap();
        assert_eq!(ledger.awaited().len(), 1);
        ledger.happened(&message(cmd, 4, 9, "a"), true).unwrap();
        assert_eq!(ledger.awaited().len(), 0);

        let (mut ledger, cmd) = ledger_with(Deed::Send, Some("a"));
        ledger.happened(&message(cmd, 4, 9, "a"), true).unwrap();
        ledger
            .acked(ack(cmd, 4, 9), Some(&entry(cmd, 4, 9)), true)
            .unwrap();
        ledger
            .acked(ack(cmd, 4, 9), Some(&entry(cmd, 4, 9)), true)
            .unwrap();
        assert_eq!(ledger.awaited().len(), 0);
    }

    #[test]
    fn an_ack_that_changes_is_caught() {
        let (mut ledger, cmd) = ledger_with(Deed::Send, None);
        ledger.acked(ack(cmd, 4, 9), None, true).unwrap();
        for other in [
            ack(cmd, 5, 9),
            ack(cmd, 4, 10),
            Ack {
                conversation: ConversationId(Uuid::nil()),
                ..ack(cmd, 4, 9)
            },
        ] {
            assert_eq!(
                ledger.acked(other, None, true).unwrap_err().breach,
                Breach::AckChanged
            );
        }
    }

    #[test]
    fn an_ack_that_contradicts_its_event_is_caught_in_either_order() {
        let (mut ledger, cmd) = ledger_with(Deed::Send, None);
        let other = CommandId::fresh();
        let breach = |result: Result<(), Fault>| result.unwrap_err().breach;
        assert_eq!(
            breach(
                ledger
                    .clone()
                    .acked(ack(cmd, 4, 9), Some(&entry(other, 4, 9)), true)
            ),
            Breach::AckContradicts
        );
        assert_eq!(
            breach(
                ledger
                    .clone()
                    .acked(ack(cmd, 4, 9), Some(&entry(cmd, 4, 8)), true)
            ),
            Breach::AckContradicts
        );
        ledger.acked(ack(cmd, 4, 9), None, true).unwrap();
        assert_eq!(
            breach(ledger.clone().happened(&message(other, 4, 9, "a"), false)),
            Breach::AckContradicts
        );
        assert_eq!(
            breach(ledger.clone().happened(&message(cmd, 4, 8, "a"), true)),
            Breach::AckContradicts
        );
        assert_eq!(
            breach(ledger.clone().happened(&message(cmd, 5, 9, "a"), true)),
            Breach::AckContradicts
        );
    }

    #[test]
    fn an_ack_out_of_the_blue_is_caught() {
        let mut ledger = Ledger::default();
        assert_eq!(
            ledger
                .acked(ack(CommandId::fresh(), 1, 1), None, true)
                .unwrap_err()
                .breach,
            Breach::AckUnasked
        );
    }

    #[test]
    fn a_refusal_is_final() {
        let (mut ledger, cmd) = ledger_with(Deed::Send, Some("a"));
        ledger.refused(cmd, refusal("too_large")).unwrap();
        let breach = ledger
            .clone()
            .acked(ack(cmd, 4, 9), None, true)
            .unwrap_err()
            .breach;
        assert_eq!(breach, Breach::HappenedThoughRefused);
        let breach = ledger
            .happened(&message(cmd, 4, 9, "a"), true)
            .unwrap_err()
            .breach;
        assert_eq!(breach, Breach::HappenedThoughRefused);
    }

    #[test]
    fn what_was_acknowledged_or_seen_is_not_refused_later() {
        let (mut ledger, cmd) = ledger_with(Deed::Send, Some("a"));
        ledger.acked(ack(cmd, 4, 9), None, true).unwrap();
        assert_eq!(
            ledger
                .refused(cmd, refusal("too_large"))
                .unwrap_err()
                .breach,
            Breach::RefusedAfterAck
        );
        let (mut ledger, cmd) = ledger_with(Deed::Send, Some("a"));
        ledger.happened(&message(cmd, 4, 9, "a"), true).unwrap();
        assert_eq!(
            ledger.refused(cmd, refusal("conflict")).unwrap_err().breach,
            Breach::RefusedAfterAck
        );
    }

    #[test]
    fn an_event_must_carry_what_was_sent() {
        let (mut ledger, cmd) = ledger_with(Deed::Send, Some("a"));
        assert_eq!(
            ledger
                .clone()
                .happened(&message(cmd, 4, 9, "b"), true)
                .unwrap_err()
                .breach,
            Breach::WrongContent
        );
        let closed = event(json!({"cmd": cmd, "seq": 4, "at": 9, "kind": "closed"}));
        assert_eq!(
            ledger.happened(&closed, true).unwrap_err().breach,
            Breach::WrongContent
        );
    }

    #[test]
    fn somebody_elses_event_with_the_same_command_id_is_none_of_ours() {
        let (mut ledger, cmd) = ledger_with(Deed::Send, Some("a"));
        ledger
            .happened(&message(cmd, 4, 9, "theirs"), false)
            .unwrap();
        ledger.happened(&message(cmd, 5, 9, "a"), true).unwrap();
    }

    #[test]
    fn the_ack_of_a_start_names_its_last_event() {
        let (mut ledger, cmd) = ledger_with(Deed::Start, Some("help"));
        ledger.acked(ack(cmd, 2, 9), None, true).unwrap();
        ledger
            .happened(
                &event(json!({"cmd": cmd, "seq": 1, "at": 9, "kind": "queued"})),
                true,
            )
            .unwrap();
        ledger.happened(&message(cmd, 2, 9, "help"), true).unwrap();
        assert_eq!(ledger.awaited().len(), 0);
    }

    #[test]
    fn a_log_that_is_left_owes_nothing() {
        let (mut ledger, cmd) = ledger_with(Deed::Transfer, None);
        ledger.acked(ack(cmd, 4, 9), None, true).unwrap();
        ledger.stop_awaiting(CONVERSATION);
        assert_eq!(ledger.awaited().len(), 0);
    }
}
