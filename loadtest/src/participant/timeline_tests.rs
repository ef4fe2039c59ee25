//! Hand-made histories: good ones that must pass, and for each promise a bad one that must be caught.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const CONVERSATION: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001);

fn event(seq: u64, prev: u64, at: At, kind: &str, fields: Value) -> Event {
    let mut frame = json!({"conversation": CONVERSATION, "seq": seq, "prev": prev, "at": at, "kind": kind, "from": {"role": "system"}});
    let object = frame.as_object_mut().unwrap();
    object.extend(fields.as_object().unwrap().clone());
    serde_json::from_value(frame).unwrap()
}

fn queued() -> Event {
    event(
        1,
        0,
        100,
        "queued",
        json!({"enqueued_at": 100, "department": "support"}),
    )
}

fn message(seq: u64, at: At, text: &str) -> Event {
    event(seq, seq - 1, at, "message", json!({"text": text}))
}

fn assigned(seq: u64, at: At, agent: &str, waited_ms: u64) -> Event {
    event(
        seq,
        seq - 1,
        at,
        "assigned",
        json!({"agent": {"id": agent, "name": agent}, "waited_ms": waited_ms}),
    )
}

fn transferred_to_agent(seq: u64, at: At, agent: &str) -> Event {
    event(
        seq,
        seq - 1,
        at,
        "transferred",
        json!({"to": {"agent": {"id": agent, "name": agent}}}),
    )
}

fn requeued(seq: u64, at: At, enqueued_at: At) -> Event {
    event(
        seq,
        seq - 1,
        at,
        "requeued",
        json!({"enqueued_at": enqueued_at, "reason": "agent_gone", "department": "support"}),
    )
}

fn plain(seq: u64, at: At, kind: &str) -> Event {
    event(seq, seq - 1, at, kind, json!({}))
}

/// A timeline that follows from the beginning.
fn timeline(view: View) -> Timeline {
    let mut timeline = Timeline::new(ConversationId(CONVERSATION), view);
    timeline.follow_after(0);
    timeline
}

fn first_breach(view: View, history: &[Event]) -> Option<Breach> {
    let mut timeline = timeline(view);
    history
        .iter()
        .find_map(|event| timeline.accept(event).err().map(|fault| fault.breach))
}

fn with_cmd(event: Event, cmd: CommandId) -> Event {
    Event {
        cmd: Some(cmd),
        ..event
    }
}

#[test]
fn a_full_life_passes() {
    let history = [
        queued(),
        message(2, 100, "help"),
        assigned(3, 150, "ada", 50),
        message(4, 160, "hello"),
        event(5, 4, 170, "agent_away", json!({"agent": {"id": "ada"}})),
        event(6, 5, 171, "agent_back", json!({"agent": {"id": "ada"}})),
        transferred_to_agent(7, 180, "bob"),
        assigned(8, 180, "bob", 0),
        requeued(9, 200, 100),
        assigned(10, 230, "ada", 30),
        event(
            11,
            10,
            240,
            "transferred",
            json!({"to": {"department": "sales"}}),
        ),
        assigned(12, 241, "eve", 1),
        plain(13, 250, "closed"),
        event(14, 13, 260, "rated", json!({"score": 5})),
    ];
    assert_eq!(first_breach(View::Agent, &history), None);
    assert_eq!(first_breach(View::Visitor, &history), None);
}

#[test]
fn an_invisible_event_is_no_gap_for_a_visitor_and_one_for_an_agent() {
    let history = [
        queued(),
        message(2, 101, "a"),
        event(4, 2, 102, "message", json!({"text": "b"})),
    ];
    assert_eq!(first_breach(View::Visitor, &history), None);
    assert_eq!(first_breach(View::Agent, &history), Some(Breach::Gap));
}

#[test]
fn a_lost_event_is_a_gap() {
    let history = [queued(), message(2, 101, "a"), message(4, 103, "c")];
    assert_eq!(first_breach(View::Visitor, &history), Some(Breach::Gap));
    assert_eq!(first_breach(View::Agent, &history), Some(Breach::Gap));
}

#[test]
fn one_lost_event_is_one_fault() {
    let mut timeline = timeline(View::Agent);
    let history = [
        queued(),
        message(3, 101, "b"),
        message(4, 102, "c"),
        message(5, 103, "d"),
    ];
    let faults = history
        .iter()
        .filter(|event| timeline.accept(event).is_err())
        .count();
    assert_eq!(faults, 1);
    assert!(!timeline.is_whole());
}

#[test]
fn an_event_that_comes_twice_is_a_duplicate() {
    let history = [queued(), message(2, 101, "a"), message(2, 101, "a")];
    assert_eq!(first_breach(View::Agent, &history), Some(Breach::Duplicate));
}

#[test]
fn an_event_that_comes_late_is_a_reorder() {
    let mut timeline = timeline(View::Agent);
    timeline.accept(&queued()).unwrap();
    assert_eq!(
        timeline.accept(&message(3, 102, "b")).unwrap_err().breach,
        Breach::Gap
    );
    assert_eq!(
        timeline.accept(&message(2, 101, "a")).unwrap_err().breach,
        Breach::Reorder
    );
}

#[test]
fn a_prev_that_points_back_too_far_is_caught() {
    let history = [
        queued(),
        message(2, 101, "a"),
        event(3, 1, 102, "message", json!({"text": "b"})),
    ];
    assert_eq!(first_breach(View::Visitor, &history), Some(Breach::Reorder));
    let itself = [queued(), event(2, 2, 101, "message", json!({"text": "b"}))];
    assert_eq!(first_breach(View::Visitor, &itself), Some(Breach::Reorder));
}

#[test]
fn a_replay_with_the_same_content_passes_and_with_other_content_does_not() {
    let mut timeline = timeline(View::Visitor);
    for event in [queued(), message(2, 101, "a"), message(3, 102, "b")] {
        assert_eq!(timeline.accept(&event), Ok(News::Fresh));
    }
    timeline.follow_after(1);
    assert_eq!(timeline.accept(&message(2, 101, "a")), Ok(News::Again));
    assert_eq!(
        timeline.accept(&message(3, 102, "B")).unwrap_err().breach,
        Breach::Changed
    );
    timeline.follow_after(2);
    assert_eq!(
        timeline.accept(&message(3, 103, "b")).unwrap_err().breach,
        Breach::Changed
    );
}

#[test]
fn an_event_within_a_known_stretch_is_inserted() {
    let mut timeline = timeline(View::Visitor);
    timeline.accept(&queued()).unwrap();
    timeline
        .accept(&event(3, 1, 103, "message", json!({"text": "b"})))
        .unwrap();
    timeline.follow_after(1);
    let breach = timeline.accept(&message(2, 101, "a")).unwrap_err().breach;
    assert_eq!(breach, Breach::Inserted);
}

#[test]
fn a_hole_that_was_never_asked_for_may_be_filled_later() {
    let mut timeline = timeline(View::Agent);
    timeline.accept(&queued()).unwrap();
    timeline.follow_from(3);
    timeline.accept(&message(3, 103, "b")).unwrap();
    assert!(!timeline.is_whole());
    timeline.follow_after(1);
    assert_eq!(timeline.accept(&message(2, 102, "a")), Ok(News::Fresh));
    assert_eq!(timeline.accept(&message(3, 103, "b")), Ok(News::Again));
    assert!(timeline.is_whole());
    assert_eq!(timeline.entry(2).unwrap().at, 102);
    assert_eq!(timeline.entry(4), None);
}

#[test]
fn a_filled_hole_may_not_break_the_order_of_time() {
    let mut timeline = timeline(View::Agent);
    timeline.accept(&queued()).unwrap();
    timeline.follow_from(3);
    timeline.accept(&message(3, 103, "b")).unwrap();
    timeline.follow_after(1);
    assert_eq!(
        timeline.accept(&message(2, 104, "a")).unwrap_err().breach,
        Breach::TimeFell
    );
}

#[test]
fn a_following_that_begins_elsewhere_than_named_is_caught() {
    let begins_at_5_with = |event: Event| {
        let mut timeline = Timeline::new(ConversationId(CONVERSATION), View::Visitor);
        timeline.follow_from(5);
        timeline.accept(&event).map_err(|fault| fault.breach)
    };
    assert_eq!(begins_at_5_with(message(4, 104, "d")), Err(Breach::Reorder));
    assert_eq!(begins_at_5_with(message(5, 105, "e")), Ok(News::Fresh));
    assert_eq!(begins_at_5_with(message(6, 106, "f")), Ok(News::Fresh));
    assert_eq!(begins_at_5_with(message(7, 107, "g")), Err(Breach::Gap));
    // The visitor may not see 5 itself: the first visible one is 8, and the visible one before it is 4.
    let after_hidden = event(8, 4, 108, "message", json!({"text": "h"}));
    assert_eq!(begins_at_5_with(after_hidden), Ok(News::Fresh));
}

#[test]
fn time_may_stand_still_and_may_not_fall() {
    assert_eq!(
        first_breach(View::Agent, &[queued(), message(2, 100, "a")]),
        None
    );
    assert_eq!(
        first_breach(View::Agent, &[queued(), message(2, 99, "a")]),
        Some(Breach::TimeFell)
    );
}

#[test]
fn an_event_of_a_log_that_is_not_followed_is_caught() {
    let mut timeline = Timeline::new(ConversationId(CONVERSATION), View::Agent);
    assert_eq!(
        timeline.accept(&queued()).unwrap_err().breach,
        Breach::NotFollowed
    );
    timeline.follow_after(0);
    timeline.accept(&queued()).unwrap();
    timeline.unfollow();
    assert_eq!(
        timeline.accept(&message(2, 101, "a")).unwrap_err().breach,
        Breach::NotFollowed
    );
    assert_eq!(timeline.last_seq(), 1);
}

#[test]
fn what_only_agents_may_see_is_a_leak_for_a_visitor() {
    let secret_fields = [
        event(
            1,
            0,
            100,
            "queued",
            json!({"enqueued_at": 100, "priority": 0}),
        ),
        event(1, 0, 100, "queued", json!({"enqueued_at": 100, "why": {}})),
        event(1, 0, 100, "queued", json!({"enqueued_at": 100, "tags": []})),
    ];
    for secret in secret_fields {
        assert_eq!(
            first_breach(View::Visitor, std::slice::from_ref(&secret)),
            Some(Breach::Leaked)
        );
        assert_eq!(first_breach(View::Agent, &[secret]), None);
    }
    let note = [queued(), event(2, 1, 101, "note", json!({"text": "psst"}))];
    assert_eq!(first_breach(View::Visitor, &note), Some(Breach::Leaked));
    assert_eq!(first_breach(View::Agent, &note), None);
}

#[test]
fn a_command_that_happened_twice_is_caught() {
    let cmd = CommandId::fresh();
    let twice = [
        queued(),
        with_cmd(message(2, 101, "a"), cmd),
        with_cmd(message(3, 102, "a"), cmd),
    ];
    assert_eq!(first_breach(View::Agent, &twice), Some(Breach::DoneTwice));
    let later = [
        queued(),
        with_cmd(message(2, 101, "a"), cmd),
        message(3, 102, "b"),
        with_cmd(plain(4, 103, "closed"), cmd),
    ];
    assert_eq!(first_breach(View::Agent, &later), Some(Breach::DoneTwice));
}

#[test]
fn the_events_of_one_command_may_stand_side_by_side() {
    let cmd = CommandId::fresh();
    let start = [
        with_cmd(queued(), cmd),
        with_cmd(message(2, 100, "help"), cmd),
        assigned(3, 100, "ada", 0),
    ];
    assert_eq!(first_breach(View::Visitor, &start), None);
}

#[test]
fn two_owners_are_caught() {
    let history = [
        queued(),
        assigned(2, 110, "ada", 10),
        assigned(3, 120, "bob", 0),
    ];
    assert_eq!(first_breach(View::Agent, &history), Some(Breach::TwoOwners));
}

#[test]
fn a_transfer_that_ends_at_somebody_else_is_caught() {
    let history = [
        queued(),
        assigned(2, 110, "ada", 10),
        transferred_to_agent(3, 120, "bob"),
        assigned(4, 120, "eve", 0),
    ];
    assert_eq!(
        first_breach(View::Agent, &history),
        Some(Breach::Impossible)
    );
}

#[test]
fn nothing_happens_after_the_end_but_one_rating() {
    let closed = [queued(), plain(2, 110, "closed")];
    let after =
        |event: Event| first_breach(View::Agent, &[closed[0].clone(), closed[1].clone(), event]);
    assert_eq!(after(message(3, 120, "late")), Some(Breach::Impossible));
    assert_eq!(after(plain(3, 120, "closed")), Some(Breach::Impossible));
    assert_eq!(after(assigned(3, 120, "ada", 20)), Some(Breach::Impossible));
    assert_eq!(after(plain(3, 120, "rated")), None);
    let twice = [
        closed[0].clone(),
        closed[1].clone(),
        plain(3, 120, "rated"),
        plain(4, 121, "rated"),
    ];
    assert_eq!(first_breach(View::Agent, &twice), Some(Breach::Impossible));
    assert_eq!(
        first_breach(View::Agent, &[queued(), plain(2, 120, "rated")]),
        Some(Breach::Impossible)
    );
}

#[test]
fn a_log_begins_with_queued_and_has_no_second_one() {
    assert_eq!(
        first_breach(View::Agent, &[message(1, 100, "a")]),
        Some(Breach::Impossible)
    );
    let second = event(2, 1, 110, "queued", json!({"enqueued_at": 110}));
    assert_eq!(
        first_breach(View::Agent, &[queued(), second]),
        Some(Breach::Impossible)
    );
}

#[test]
fn the_absence_of_somebody_who_is_not_the_owner_is_caught() {
    let history = [
        queued(),
        assigned(2, 110, "ada", 10),
        event(3, 2, 111, "agent_away", json!({"agent": {"id": "bob"}})),
    ];
    assert_eq!(
        first_breach(View::Agent, &history),
        Some(Breach::Impossible)
    );
}

#[test]
fn a_wait_that_is_measured_wrongly_is_caught() {
    let wrong = Some(Breach::WrongWait);
    assert_eq!(
        first_breach(View::Agent, &[queued(), assigned(2, 150, "ada", 49)]),
        wrong
    );
    assert_eq!(
        first_breach(
            View::Agent,
            &[event(1, 0, 100, "queued", json!({"enqueued_at": 99}))]
        ),
        wrong
    );
    let second_wait = [
        queued(),
        assigned(2, 150, "ada", 50),
        requeued(3, 200, 100),
        assigned(4, 230, "bob", 130),
    ];
    assert_eq!(first_breach(View::Agent, &second_wait), wrong);
}

#[test]
fn a_place_that_is_lost_in_a_requeue_is_caught() {
    let history = [queued(), assigned(2, 150, "ada", 50), requeued(3, 200, 200)];
    assert_eq!(first_breach(View::Agent, &history), Some(Breach::WrongWait));
}
