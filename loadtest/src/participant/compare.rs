//! Reads logs back over HTTP, and lays them beside what came over the sockets and beside what the other side reads.
//!
//! Tests and the load tester call it when everything is said. What a participant was shown must stand in the log, word for word
//! and nothing else, and the visitor's log must be the agents' log without what only agents may see.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use super::dial::Dial;
use super::driver::PATIENCE_MS;
use super::fault::{Breach, Fault, Trouble};
use super::timeline::{Timeline, View};
use super::wire::{ConversationId, Event};

/// Events asked for at once. A long log takes several requests, so that paging is tried as well.
const EVENTS_MAX: usize = 200;
/// The status of a request that is put off.
const UNAVAILABLE: u16 = 503;
/// Between two attempts at it.
const AGAIN: Duration = Duration::from_millis(250);

/// The whole log of a conversation, as whoever `dial` presents may read it.
///
/// # Errors
/// No good answer, or one without an end.
pub async fn read_log(dial: &Dial, conversation: ConversationId) -> Result<Vec<Event>, Trouble> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.seq);
        let path =
            format!("/api/conversations/{conversation}/events?after={after}&limit={EVENTS_MAX}");
        let answer = patiently_read(dial, &path).await?;
        let page: Vec<Event> = serde_json::from_value(
            answer.get("events").cloned().unwrap_or_default(),
        )
        .map_err(|problem| {
            Trouble::Fault(Fault::of(
                Breach::BadFrame,
                conversation,
                format!("{path} lists what is no event: {problem}"),
            ))
        })?;
        let is_more = answer.get("more").and_then(Value::as_bool).unwrap_or(false);
        let is_stuck = page.last().is_none_or(|event| event.seq <= after);
        events.extend(page);
        if !is_more {
            return Ok(events);
        }
        if is_stuck {
            let detail = format!("{path} promises more and lists nothing new");
            return Err(Trouble::Fault(Fault::of(
                Breach::Differs,
                conversation,
                detail,
            )));
        }
    }
}

/// An answer that puts the request off is honest, and the request is made again, as any page does; for so long as a script waits.
async fn patiently_read(dial: &Dial, path: &str) -> Result<Value, Trouble> {
    let given_up_at = Instant::now() + Duration::from_millis(PATIENCE_MS);
    loop {
        let answer = dial.http("GET", path, None).await?;
        if answer.status != UNAVAILABLE || Instant::now() >= given_up_at {
            return answer.json();
        }
        sleep(AGAIN).await;
    }
}

/// Is the log sound in itself, and does it hold exactly what a socket showed?
#[must_use]
pub fn log_against_timeline(
    view: View,
    log: &[Event],
    seen: &Timeline,
    conversation: ConversationId,
) -> Vec<Fault> {
    let mut faults = log_faults(view, log, conversation);
    let differs = |detail: String| Fault::of(Breach::Differs, conversation, detail);
    for entry in seen.entries() {
        match log.binary_search_by_key(&entry.seq, |event| event.seq) {
            Err(_) => faults.push(differs(format!(
                "event {} was shown and is not in the log",
                entry.seq
            ))),
            Ok(index) if log[index].digest() != entry.digest => {
                faults.push(differs(format!(
                    "event {} was shown with other content than the log has",
                    entry.seq
                )));
            }
            Ok(_) => {}
        }
    }
    let unseen = log.iter().find(|event| {
        event.seq > seen.last_seq() || (seen.is_whole() && seen.entry(event.seq).is_none())
    });
    if let Some(unseen) = unseen
        && seen.is_followed()
    {
        faults.push(differs(format!(
            "event {} is in the log and was never shown",
            unseen.seq
        )));
    }
    faults
}

/// The breaches that a whole log shows by itself.
#[must_use]
pub fn log_faults(view: View, log: &[Event], conversation: ConversationId) -> Vec<Fault> {
    let mut timeline = Timeline::new(conversation, view);
    timeline.follow_after(0);
    log.iter()
        .filter_map(|event| timeline.accept(event).err())
        .collect()
}

/// Is the visitor's log that of the agents, without notes and agents' fields?
#[must_use]
pub fn views_against_each_other(
    visitors: &[Event],
    agents: &[Event],
    conversation: ConversationId,
) -> Vec<Fault> {
    let differs = |detail: String| Fault::of(Breach::Differs, conversation, detail);
    let mut visible = agents.iter().filter(|event| event.kind != "note");
    let mut faults = Vec::new();
    for event in visitors {
        match visible.next() {
            Some(agents_event) if is_part_of(event, agents_event) => {}
            Some(agents_event) => {
                faults.push(differs(format!(
                    "visitors read event {} and agents {}, differently",
                    event.seq, agents_event.seq
                )));
            }
            None => faults.push(differs(format!(
                "visitors read event {}, which agents do not",
                event.seq
            ))),
        }
    }
    if let Some(event) = visible.next() {
        faults.push(differs(format!(
            "agents read event {} ({}), which the visitor does not",
            event.seq, event.kind
        )));
    }
    faults
}

/// The visitor's event says nothing else than the agents' one; `prev` differs by nature, and fields may be left out.
fn is_part_of(visitors: &Event, agents: &Event) -> bool {
    let same_head = (visitors.seq, visitors.at, visitors.cmd, &visitors.kind)
        == (agents.seq, agents.at, agents.cmd, &agents.kind);
    let same_fields = visitors
        .fields
        .iter()
        .all(|(name, value)| agents.fields.get(name) == Some(value));
    same_head && visitors.from == agents.from && same_fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(3));

    fn event(seq: u64, prev: u64, kind: &str, fields: Value) -> Event {
        let mut frame = json!({"conversation": CONVERSATION, "seq": seq, "prev": prev, "at": 100, "kind": kind, "from": {"role": "system"}});
        frame
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        serde_json::from_value(frame).unwrap()
    }

    fn agents_log() -> Vec<Event> {
        vec![
            event(1, 0, "queued", json!({"enqueued_at": 100, "priority": 0})),
            event(2, 1, "note", json!({"text": "careful"})),
            event(3, 2, "message", json!({"text": "help"})),
        ]
    }

    fn visitors_log() -> Vec<Event> {
        vec![
            event(1, 0, "queued", json!({"enqueued_at": 100})),
            event(3, 1, "message", json!({"text": "help"})),
        ]
    }

    fn seen(log: &[Event], view: View) -> Timeline {
        let mut timeline = Timeline::new(CONVERSATION, view);
        timeline.follow_after(0);
        log.iter()
            .for_each(|event| assert!(timeline.accept(event).is_ok()));
        timeline
    }

    #[test]
    fn two_true_views_agree() {
        assert_eq!(
            views_against_each_other(&visitors_log(), &agents_log(), CONVERSATION),
            []
        );
    }

    #[test]
    fn views_that_differ_are_caught() {
        let count = |visitors: &[Event], agents: &[Event]| {
            views_against_each_other(visitors, agents, CONVERSATION).len()
        };
        let mut other = visitors_log();
        other[1].fields["text"] = json!("HELP");
        assert_eq!(count(&other, &agents_log()), 1);
        assert_eq!(count(&visitors_log()[..1], &agents_log()), 1);
        assert_eq!(count(&visitors_log(), &agents_log()[..2]), 1);
        let mut secret = visitors_log();
        secret[0].fields.insert("extra".into(), json!(1));
        assert_eq!(count(&secret, &agents_log()), 1);
    }

    #[test]
    fn a_log_that_is_what_was_shown_passes() {
        let timeline = seen(&agents_log(), View::Agent);
        assert_eq!(
            log_against_timeline(View::Agent, &agents_log(), &timeline, CONVERSATION),
            []
        );
    }

    #[test]
    fn a_log_that_lost_or_changed_what_was_shown_is_caught() {
        let timeline = seen(&agents_log(), View::Agent);
        let count =
            |log: &[Event]| log_against_timeline(View::Agent, log, &timeline, CONVERSATION).len();
        assert_eq!(count(&agents_log()[..2]), 1);
        let mut changed = agents_log();
        changed[2].fields["text"] = json!("HELP");
        assert_eq!(count(&changed), 1);
    }

    #[test]
    fn an_event_that_was_never_shown_is_caught() {
        let timeline = seen(&agents_log()[..2], View::Agent);
        assert_eq!(
            log_against_timeline(View::Agent, &agents_log(), &timeline, CONVERSATION).len(),
            1
        );
    }
}
