//! The checker on trial: a true history is spoilt in each way that a fault of ours would spoil it, and the checker must say so.

use std::collections::BTreeSet;

use balie::model::event::{Body, Role};
use balie::model::id::ConversationId;
use balie::model::time::{At, Millis};

use super::checker::{Breach, check};
use super::history::{History, Written};

/// A way to spoil a history; false where this one has nothing to be spoilt so.
type Spoil = fn(&mut History) -> bool;

const MUTANTS: [(&str, Spoil, Breach); 14] = [
    (
        "an ack before the commit, and the commit fails",
        forgets_the_last_word,
        Breach::Lost,
    ),
    (
        "an ack that names another event",
        names_another_event,
        Breach::Lost,
    ),
    ("other words than were said", changes_words, Breach::Lost),
    (
        "a repeated command that is carried out again",
        repeats_a_command,
        Breach::Twice,
    ),
    (
        "two words of one participant in the wrong order",
        swaps_words,
        Breach::Reordered,
    ),
    (
        "an event that is missing in the middle",
        drops_one_in_the_middle,
        Breach::Gap,
    ),
    (
        "a node's own clock in the log",
        turns_back_time,
        Breach::TimeFell,
    ),
    (
        "a late append of a node that was frozen",
        speaks_after_losing_it,
        Breach::NotTheirs,
    ),
    (
        "two claims on one free place",
        takes_one_too_many,
        Breach::OverCapacity,
    ),
    ("an end that came late", never_lets_go, Breach::OverCapacity),
    (
        "a second start of one visitor",
        starts_twice,
        Breach::TwoOpen,
    ),
    (
        "words after the end",
        goes_on_after_the_end,
        Breach::AfterTheEnd,
    ),
    (
        "a line that was rebuilt in another order",
        serves_out_of_turn,
        Breach::OutOfTurn,
    ),
    (
        "a figure that was counted twice",
        counts_twice,
        Breach::WrongFigures,
    ),
];

/// Spoils the history in every way; answers in how many. Those that only a special history offers must not be
/// missed where it does.
///
/// # Panics
/// When something goes unseen.
pub fn all_are_caught(history: &History) -> usize {
    let mut caught = 0;
    for (what, spoil, expected) in MUTANTS {
        let mut spoilt = history.clone();
        if !spoil(&mut spoilt) {
            continue;
        }
        let seen: BTreeSet<Breach> = check(&spoilt)
            .into_iter()
            .map(|(breach, _)| breach)
            .collect();
        assert!(seen.contains(&expected), "{what} goes unseen: {seen:?}");
        caught += 1;
    }
    let mut stranded = history.clone();
    let log = stranded.logs.values_mut().next().unwrap();
    log.truncate(1);
    assert!(
        check(&stranded)
            .iter()
            .any(|(breach, _)| *breach == Breach::Stranded)
    );
    // None of them needs more than a few chats and one that was handed on.
    assert!(caught >= MUTANTS.len() - 1, "only {caught} could be tried");
    caught + 1
}

fn log_of(history: &mut History, id: ConversationId) -> &mut Vec<Written> {
    history.logs.get_mut(&id).unwrap()
}

/// The place in the log of something acknowledged with words.
fn said(history: &History) -> Option<(ConversationId, usize)> {
    let act = history.told.acts.iter().rfind(|act| act.text.is_some())?;
    let index = usize::try_from(act.ack.seq - 1).unwrap();
    Some((ConversationId(act.ack.conversation.0), index))
}

fn forgets_the_last_word(history: &mut History) -> bool {
    let Some((id, index)) = said(history) else {
        return false;
    };
    log_of(history, id).truncate(index);
    true
}

fn names_another_event(history: &mut History) -> bool {
    let Some(act) = history.told.acts.last_mut() else {
        return false;
    };
    act.ack.seq += 1;
    true
}

fn changes_words(history: &mut History) -> bool {
    let Some((id, index)) = said(history) else {
        return false;
    };
    match &mut log_of(history, id)[index].event.body {
        Body::Message { text, .. } | Body::Note { text, .. } => text.push('!'),
        _ => return false,
    }
    true
}

fn repeats_a_command(history: &mut History) -> bool {
    for log in history.logs.values_mut() {
        // The last event may be one of several that one command made.
        let some = log.iter().rev().skip(1).find(|one| one.event.cmd.is_some());
        let (Some(some), Some(last)) = (some, log.last()) else {
            continue;
        };
        let mut again = some.clone();
        again.event.seq = last.event.seq + 1;
        (again.event.at, again.committed_us) = (last.event.at, last.committed_us + 1);
        log.push(again);
        return true;
    }
    false
}

/// Both stand in the log, and were acknowledged; what came first was said last.
fn swaps_words(history: &mut History) -> bool {
    let acts = &mut history.told.acts;
    let pair = (0..acts.len()).find_map(|first| {
        let next = (first + 1..acts.len()).find(|next| {
            acts[*next].by == acts[first].by
                && acts[*next].ack.conversation == acts[first].ack.conversation
        })?;
        Some((first, next))
    });
    let Some((first, next)) = pair else {
        return false;
    };
    acts.swap(first, next);
    true
}

fn drops_one_in_the_middle(history: &mut History) -> bool {
    let Some(log) = history.logs.values_mut().find(|log| log.len() > 2) else {
        return false;
    };
    log.remove(1);
    true
}

fn turns_back_time(history: &mut History) -> bool {
    let Some(log) = history.logs.values_mut().find(|log| log.len() > 2) else {
        return false;
    };
    log[1].event.at = At(log[0].event.at.0 - 60_000);
    true
}

/// What an agent says is written after the conversation went to somebody else.
fn speaks_after_losing_it(history: &mut History) -> bool {
    for log in history.logs.values_mut() {
        let word = log.iter().position(|one| {
            one.event.from.role == Role::Agent && matches!(one.event.body, Body::Message { .. })
        });
        let Some(word) = word else { continue };
        let loss = log.iter().skip(word).position(|one| {
            matches!(
                one.event.body,
                Body::Requeued { .. } | Body::Transferred { .. }
            )
        });
        let Some(loss) = loss else { continue };
        let speech = log.remove(word);
        log.insert(word + loss, speech);
        for (index, one) in log.iter_mut().enumerate() {
            one.event.seq = index as u64 + 1;
        }
        return true;
    }
    false
}

/// The room that an agent had is one less than what they were given.
fn takes_one_too_many(history: &mut History) -> bool {
    let mut is_any = false;
    for seat in &mut history.seats {
        is_any |= seat.capacity > 1;
        seat.capacity = seat.capacity.min(1);
    }
    is_any
}

/// A conversation ended by its log, and not by the count that the next one was given on.
fn never_lets_go(history: &mut History) -> bool {
    let far_us = i64::MAX;
    for log in history.logs.values_mut() {
        for written in log {
            if matches!(written.event.body, Body::Closed { .. }) {
                written.committed_us = far_us;
            }
        }
    }
    true
}

fn starts_twice(history: &mut History) -> bool {
    let mut conversations: Vec<ConversationId> = history.logs.keys().copied().collect();
    conversations.sort_by_key(|id| history.logs[id][0].committed_us);
    let [first, second, ..] = conversations[..] else {
        return false;
    };
    let visitor = history.visitors[&first];
    history.visitors.insert(second, visitor);
    let begun_us = history.logs[&first][0].committed_us;
    log_of(history, second)[0].committed_us = begun_us + 1;
    true
}

fn goes_on_after_the_end(history: &mut History) -> bool {
    let log = history.logs.values_mut().find(|log| {
        let is_word = |one: &&Written| matches!(one.event.body, Body::Message { .. });
        log.iter().filter(is_word).count() > 1
    });
    let Some(log) = log else { return false };
    let word = log
        .iter()
        .position(|one| matches!(one.event.body, Body::Message { .. }));
    let mut again = log[word.unwrap()].clone();
    let last = log.last().unwrap();
    again.event.at = last.event.at + Millis(1);
    again.event.seq = last.event.seq + 1;
    again.event.cmd = None;
    log.push(again);
    true
}

fn serves_out_of_turn(history: &mut History) -> bool {
    history.told.line.swap(0, 1);
    true
}

fn counts_twice(history: &mut History) -> bool {
    let Some(figures) = history.figures.values_mut().find(|one| one.answered > 0) else {
        return false;
    };
    figures.answered += 1;
    true
}
