//! Whether a history keeps the promises. Each check is a function of the history alone, so that a spoilt one can be given to it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use balie::model::event::{Body, Event, Role};
use balie::model::id::{AgentId, CommandId, ConversationId, VisitorId};
use balie::model::time::At;
use serde_json::json;
use uuid::Uuid;

use super::history::{History, Seat, WITHIN, Written};
use crate::recount;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// Something acknowledged is not in the log as it was acknowledged.
    Lost,
    /// One command was carried out twice.
    Twice,
    /// One participant's words stand in another order than they were said in.
    Reordered,
    /// A log has a hole, or a beginning that is none.
    Gap,
    /// Time falls within a log.
    TimeFell,
    /// An agent said something in a conversation that was not theirs.
    NotTheirs,
    /// An agent came to own more than they have room for.
    OverCapacity,
    /// A visitor had two open conversations.
    TwoOpen,
    /// Something happened in a conversation that was over.
    AfterTheEnd,
    /// Somebody was served before an older one in the line.
    OutOfTurn,
    /// Somebody was left in the line.
    Stranded,
    /// The figures are not those of the logs.
    WrongFigures,
}

/// All that is wrong, each with where.
pub fn check(history: &History) -> Vec<(Breach, String)> {
    let mut breaches = Vec::new();
    for (id, log) in &history.logs {
        check_log(*id, log, &mut breaches);
    }
    check_told(history, &mut breaches);
    check_commands(history, &mut breaches);
    check_capacity(&history.logs, &history.seats, &mut breaches);
    check_visitors(history, &mut breaches);
    check_line(history, &mut breaches);
    check_figures(history, &mut breaches);
    breaches
}

type Breaches = Vec<(Breach, String)>;

fn check_log(id: ConversationId, log: &[Written], breaches: &mut Breaches) {
    let mut owner: Option<AgentId> = None;
    let mut is_closed = false;
    let mut last_at = At(0);
    for (index, written) in log.iter().enumerate() {
        let event = &written.event;
        let place = || format!("{id} {}: {event:?}", event.seq);
        if event.seq != index as u64 + 1 {
            breaches.push((Breach::Gap, place()));
        }
        if event.at < last_at {
            breaches.push((Breach::TimeFell, place()));
        }
        last_at = event.at;
        // What may still come is a word among agents, and what the visitor thinks of it.
        if is_closed && !matches!(event.body, Body::Rated { .. } | Body::Note { .. }) {
            breaches.push((Breach::AfterTheEnd, place()));
        }
        let is_said = matches!(event.body, Body::Message { .. });
        if is_said && event.from.role == Role::Agent && event.from.id != owner.map(|one| one.0) {
            breaches.push((Breach::NotTheirs, place()));
        }
        match &event.body {
            Body::Assigned { agent, .. } => owner = Some(agent.id),
            Body::Transferred { .. } | Body::Requeued { .. } => owner = None,
            Body::Closed { .. } => (owner, is_closed) = (None, true),
            _ => {}
        }
    }
    // In the end everybody was served.
    if !is_closed {
        breaches.push((Breach::Stranded, format!("{id} is still open")));
    }
}

fn check_told(history: &History, breaches: &mut Breaches) {
    let mut last: HashMap<(uuid::Uuid, ConversationId), u64> = HashMap::new();
    for act in &history.told.acts {
        let id = ConversationId(act.ack.conversation.0);
        let event = history.logs.get(&id).and_then(|log| {
            let place = usize::try_from(act.ack.seq).ok()?.checked_sub(1)?;
            Some(&log.get(place)?.event)
        });
        let stands = |event: &&Event| {
            let said = act.text.as_deref();
            event.cmd == Some(CommandId(act.ack.cmd.0))
                && i64::try_from(act.ack.at) == Ok(event.at.0)
                && said.is_none_or(|said| text_of(event) == Some(said))
        };
        if event.filter(stands).is_none() {
            breaches.push((Breach::Lost, format!("{act:?} against {event:?}")));
        }
        let before = last.insert((act.by, id), act.ack.seq);
        if before.is_some_and(|before| before >= act.ack.seq) {
            breaches.push((Breach::Reordered, format!("{act:?} after {before:?}")));
        }
    }
}

fn text_of(event: &Event) -> Option<&str> {
    match &event.body {
        Body::Message { text, .. } | Body::Note { text, .. } => Some(text),
        _ => None,
    }
}

/// One command made one run of events, in one log.
fn check_commands(history: &History, breaches: &mut Breaches) {
    let mut made: HashMap<CommandId, (ConversationId, u64)> = HashMap::new();
    for (id, log) in &history.logs {
        for written in log {
            let Some(cmd) = written.event.cmd else {
                continue;
            };
            let here = (*id, written.event.seq);
            if let Some((other, seq)) = made.insert(cmd, here)
                && (other, seq + 1) != here
            {
                breaches.push((
                    Breach::Twice,
                    format!("{cmd} at {other} {seq} and {here:?}"),
                ));
            }
        }
    }
}

/// What each transaction made of a log: those that an event of a kind that counts was in, and what the last of them came to.
fn transactions<T>(log: &[Written], comes_to: impl Fn(&Body) -> Option<T>) -> Vec<(i64, T)> {
    let mut made: Vec<(i64, T)> = Vec::new();
    for written in log {
        let Some(now) = comes_to(&written.event.body) else {
            continue;
        };
        // What came and went in one transaction nobody ever had.
        if made
            .last()
            .is_some_and(|(committed_us, _)| *committed_us == written.committed_us)
        {
            made.pop();
        }
        made.push((written.committed_us, now));
    }
    made
}

/// What was committed, in order; of one transaction what gives something up comes first.
fn in_order<T>(mut steps: Vec<(i64, bool, T)>) -> Vec<(i64, bool, T)> {
    steps.sort_by_key(|(committed_us, takes, _)| (*committed_us, *takes));
    steps
}

fn check_capacity(
    logs: &BTreeMap<ConversationId, Vec<Written>>,
    seats: &[Seat],
    breaches: &mut Breaches,
) {
    let mut steps = Vec::new();
    for (id, log) in logs {
        let owners = transactions(log, |body| match body {
            Body::Assigned { agent, .. } => Some(Some(agent.id)),
            Body::Transferred { .. } | Body::Requeued { .. } | Body::Closed { .. } => Some(None),
            _ => None,
        });
        let mut owner = None;
        for (committed_us, next) in owners {
            let before = std::mem::replace(&mut owner, next);
            steps.extend(before.map(|agent| (committed_us, false, (agent, *id))));
            steps.extend(next.map(|agent| (committed_us, true, (agent, *id))));
        }
    }
    let mut owned: HashMap<AgentId, BTreeSet<ConversationId>> = HashMap::new();
    for (committed_us, takes, (agent, id)) in in_order(steps) {
        let theirs = owned.entry(agent).or_default();
        if !takes {
            theirs.remove(&id);
            continue;
        }
        theirs.insert(id);
        let capacity = seats
            .iter()
            .rfind(|seat| seat.agent == agent && seat.committed_us <= committed_us)
            .map_or(0, |seat| seat.capacity);
        if theirs.len() > capacity {
            let load = theirs.len();
            breaches.push((
                Breach::OverCapacity,
                format!("{agent} got {id} as number {load} of {capacity}"),
            ));
        }
    }
}

fn check_visitors(history: &History, breaches: &mut Breaches) {
    let mut steps = Vec::new();
    for (id, log) in &history.logs {
        let visitor = history.visitors[id];
        let is_open = transactions(log, |body| match body {
            Body::Queued { .. } => Some(true),
            Body::Closed { .. } => Some(false),
            _ => None,
        });
        for (committed_us, is_open) in is_open {
            steps.push((committed_us, is_open, (visitor, *id)));
        }
    }
    let mut open: HashMap<VisitorId, ConversationId> = HashMap::new();
    for (_, opens, (visitor, id)) in in_order(steps) {
        if !opens {
            // One that came and went in one transaction was never there.
            if open.get(&visitor) == Some(&id) {
                open.remove(&visitor);
            }
        } else if let Some(other) = open.insert(visitor, id) {
            breaches.push((Breach::TwoOpen, format!("{visitor}: {other} and {id}")));
        }
    }
}

/// Those who waited through it all were served in the order they came.
fn check_line(history: &History, breaches: &mut Breaches) {
    let served: Vec<Option<i64>> = history
        .told
        .line
        .iter()
        .map(|id| {
            let log = history.logs.get(&ConversationId(id.0))?;
            let is_assigned = |one: &&Written| matches!(one.event.body, Body::Assigned { .. });
            log.iter().find(is_assigned).map(|one| one.committed_us)
        })
        .collect();
    if served.iter().any(Option::is_none) {
        breaches.push((Breach::Stranded, format!("{served:?}")));
    } else if !served.is_sorted() {
        let begun = |id| {
            history
                .logs
                .get(&ConversationId(id))
                .map(|log| log[0].event.at)
        };
        let begun: Vec<_> = history.told.line.iter().map(|id| begun(id.0)).collect();
        breaches.push((Breach::OutOfTurn, format!("{served:?}, begun at {begun:?}")));
    }
}

fn check_figures(history: &History, breaches: &mut Breaches) {
    let logs = history.logs.values();
    let logs = logs.map(|log| log.iter().map(|written| &written.event));
    let expected = recount::of_logs(logs, WITHIN);
    if history.figures != expected {
        let told = &history.figures;
        let said = format!("{told:?} where the logs say {expected:?}");
        breaches.push((Breach::WrongFigures, said));
    }
}

/// A log of one agent's, of kinds and the microseconds in which they were committed.
fn log_of(agent: AgentId, kinds: &[(&str, i64)]) -> (ConversationId, Vec<Written>) {
    let written = |(index, (kind, committed_us)): (usize, &(&str, i64))| {
        let event = json!({
            "seq": index + 1, "at": 0, "kind": kind, "from": {"role": "system"}, "department": "support",
            "agent": {"id": agent, "name": "dia"}, "waited_ms": 0, "reason": "visitor"
        });
        Written {
            committed_us: *committed_us,
            event: serde_json::from_value(event).unwrap(),
        }
    };
    let log = kinds.iter().enumerate().map(written).collect();
    (ConversationId::fresh(), log)
}

#[test]
fn who_is_gone_in_the_transaction_that_gave_them_to_an_agent_takes_no_room() {
    let agent = AgentId(Uuid::now_v7());
    let seats = [Seat {
        committed_us: 0,
        agent,
        capacity: 1,
    }];
    let check = |logs: &[(ConversationId, Vec<Written>)]| {
        let mut breaches = Breaches::new();
        check_capacity(&logs.iter().cloned().collect(), &seats, &mut breaches);
        breaches
            .into_iter()
            .map(|(breach, _)| breach)
            .collect::<Vec<_>>()
    };
    let gone_at_once = log_of(agent, &[("assigned", 1), ("closed", 1)]);
    let later = log_of(agent, &[("assigned", 2), ("closed", 5)]);
    let after_that = log_of(agent, &[("assigned", 5)]);
    assert_eq!(
        check(&[gone_at_once.clone(), later.clone(), after_that]),
        []
    );
    let too_soon = log_of(agent, &[("assigned", 4)]);
    assert_eq!(
        check(&[gone_at_once, later, too_soon]),
        [Breach::OverCapacity]
    );
}
