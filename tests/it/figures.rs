//! Exact figures: clocks that change, waits still open, the five definitions of the service level, and random histories
//! counted a second time from scratch.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may fail that way"))]

use balie::domain::figures::{AgentWork, Figures, QUARTER, Quarter, Waits};
use balie::domain::happening::{Happening, Place};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::standard::Definition;
use balie::model::time::{At, Millis};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn at(text: &str) -> At {
    At(text.parse::<Timestamp>().unwrap().as_millisecond())
}

fn place(number: u32, department: &str, since: At) -> Place {
    Place {
        department: DepartmentKey::new(department).unwrap(),
        key: since.0,
        conversation: ConversationId::from_bytes(u128::from(number).to_be_bytes()),
    }
}

fn agent(number: u8) -> AgentId {
    AgentId::from_bytes([number; 16])
}

fn on(number: u8, capacity: u32) -> Happening {
    Happening::AgentOn {
        agent: agent(number),
        capacity,
        departments: vec![DepartmentKey::new("help").unwrap()],
    }
}

/// They give up.
fn left(place: Place) -> Happening {
    Happening::Left {
        place,
        gone_for: Millis(0),
    }
}

/// A desk that is told of visitors in the words of a test.
#[derive(Default)]
struct Day {
    figures: Figures,
    visitors: u32,
}

impl Day {
    fn comes(&mut self, when: At) -> Place {
        self.visitors += 1;
        let place = place(self.visitors, "help", when);
        self.figures
            .observe(when, &Happening::Arrived(place.clone()));
        place
    }

    fn answered(&mut self, place: Place, when: At) {
        let agent = agent(1);
        self.figures
            .observe(when, &Happening::Assigned { place, agent });
    }

    fn leaves(&mut self, place: Place, when: At) {
        self.figures.observe(when, &left(place));
    }
}

#[test]
fn an_hour_that_the_clock_repeats_stands_twice() {
    let mut day = Day::default();
    // Amsterdam goes from +02:00 back to +01:00 at 01:00 UTC.
    for hour in [
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T02:30:00Z",
    ] {
        let came = at(hour);
        let place = day.comes(came);
        day.answered(place, came + Millis(500));
    }
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    let hours = day.figures.by_local_hour(&zone);
    let labels: Vec<&str> = hours.iter().map(|(span, _)| span.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T03:00:00+01:00"
        ]
    );
    assert_eq!(day.figures.by_local_day(&zone).len(), 1);
}

#[test]
fn a_day_of_23_hours_ends_at_its_own_midnight() {
    let mut day = Day::default();
    for moment in [
        "2026-03-28T22:59:00Z",
        "2026-03-28T23:01:00Z",
        "2026-03-29T21:59:00Z",
        "2026-03-29T22:01:00Z",
    ] {
        day.comes(at(moment));
    }
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    let days: Vec<(String, u64)> = day
        .figures
        .by_local_day(&zone)
        .into_iter()
        .map(|(span, cell)| (span.label, cell.waits.settled().offered()))
        .collect();
    let expected = [("2026-03-28", 1), ("2026-03-29", 2), ("2026-03-30", 1)];
    assert_eq!(
        days,
        expected.map(|(label, count)| (label.to_owned(), count))
    );
}

#[test]
fn a_conversation_counts_where_it_arrived() {
    let mut day = Day::default();
    let came = at("2026-02-01T10:14:59Z");
    let place = day.comes(came);
    day.answered(place, came + Millis::seconds(1_000));
    let cells: Vec<(Quarter, u64)> = day
        .figures
        .by_interval()
        .map(|(_, quarter, cell)| (quarter, cell.waits.settled().answered()))
        .collect();
    assert_eq!(cells, [(Quarter::of(at("2026-02-01T10:00:00Z")), 1)]);
}

#[test]
fn the_five_service_levels_differ_where_they_should() {
    let mut day = Day::default();
    let t = at("2026-02-01T10:00:00Z");
    // Answered after 0, 20, 60 s; left after 3, 10, 40 s; one waits still.
    for wait in [0, 20, 60] {
        let place = day.comes(t);
        day.answered(place, t + Millis::seconds(wait));
    }
    for wait in [3, 10, 40] {
        let place = day.comes(t);
        day.leaves(place, t + Millis::seconds(wait));
    }
    day.comes(t);
    let waits = day.figures.total().waits.settled();
    let level = |definition| {
        let ratio = waits.service_level(Millis::seconds(30), definition);
        (ratio.part, ratio.whole)
    };
    assert_eq!(level(Definition::Strict), (2, 6));
    assert_eq!(level(Definition::WithoutShort), (2, 5));
    assert_eq!(level(Definition::AfterThreshold), (2, 4));
    assert_eq!(level(Definition::Kind), (4, 6));
    assert_eq!(level(Definition::AnsweredOnly), (2, 3));
    assert_eq!(Definition::default(), Definition::WithoutShort);
    assert_eq!(waits.offered(), 7);
}

#[test]
fn percentiles_are_nearest_ranks() {
    let mut day = Day::default();
    let t = at("2026-02-01T10:00:00Z");
    assert_eq!(day.figures.total().waits.settled().percentile(50), None);
    for wait in 1..=10 {
        let place = day.comes(t);
        day.answered(place, t + Millis(wait));
    }
    let waits = day.figures.total().waits.settled();
    let ranks =
        [1, 10, 11, 50, 90, 91, 95, 100].map(|percent| waits.percentile(percent).unwrap().0);
    assert_eq!(ranks, [1, 1, 2, 5, 9, 10, 10, 10]);
}

#[test]
fn an_open_wait_that_is_too_long_counts_as_missed_now() {
    let mut day = Day::default();
    let t = at("2026-02-01T10:00:00Z");
    let key = DepartmentKey::new("help").unwrap();
    let place = day.comes(t);
    day.answered(place, t);
    day.comes(t);
    let level = |day: &Day, now| {
        let line = day.figures.line(&key, now, QUARTER, Millis::seconds(30));
        let ratio = line.live.service_level();
        (ratio.part, ratio.whole)
    };
    assert_eq!(level(&day, t + Millis::seconds(30)), (1, 1));
    assert_eq!(level(&day, t + Millis::seconds(31)), (1, 2));
    // A window excludes its first moment: what came a quarter of an hour ago is out of it, and waits still.
    let line = day
        .figures
        .line(&key, t + QUARTER, QUARTER, Millis::seconds(30));
    assert_eq!(
        (line.live.open, line.waiting, line.longest_wait),
        (0, 1, QUARTER)
    );
}

#[test]
fn an_agent_who_goes_with_a_chat_running_is_busy_still() {
    let mut figures = Figures::new();
    let t = at("2026-02-01T10:00:00Z");
    let waiting = place(1, "help", t);
    figures.observe(t, &on(1, 2));
    figures.observe(t, &Happening::Arrived(waiting.clone()));
    let agent = agent(1);
    let conversation = waiting.conversation;
    figures.observe(
        t + Millis(100),
        &Happening::Assigned {
            place: waiting,
            agent,
        },
    );
    figures.observe(t + Millis(300), &Happening::AgentOff { agent });
    figures.observe(t + Millis(700), &Happening::Ended { conversation });
    let work = figures.by_agent(t + Millis(9_000))[&agent];
    let expected = AgentWork {
        online: Millis(300),
        drain: Millis(400),
        busy: Millis(600),
        slot: Millis(600),
        chat_online: Millis(200),
        chat: Millis(600),
        chats: 1,
    };
    assert_eq!(work, expected);
    assert_eq!(work.occupancy(), Some(600.0 / 700.0));
    assert_eq!(AgentWork::default().occupancy(), None);
}

/// What happens next in a random history: who, and after how many milliseconds.
#[derive(Clone, Debug)]
enum Step {
    Come,
    Answer(u8),
    Leave,
    End,
    On(u8, u32),
    Off(u8),
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Come),
        2 => (0_u8..3).prop_map(Step::Answer),
        1 => Just(Step::Leave),
        2 => Just(Step::End),
        1 => (0_u8..3, 1_u32..4).prop_map(|(agent, capacity)| Step::On(agent, capacity)),
        1 => (0_u8..3).prop_map(Step::Off),
    ];
    proptest::collection::vec((0_i64..400_000, step), 1..80)
}

/// The history as a desk would tell it: only what can happen.
fn told(steps: &[(i64, Step)]) -> Vec<(At, Happening)> {
    let mut now = at("2026-03-28T20:00:00Z");
    let (mut waiting, mut running, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (later, step)) in steps.iter().enumerate() {
        now = now + Millis(*later);
        let happening = match step {
            Step::Come => {
                let department = if number % 3 == 0 { "sales" } else { "help" };
                let place = place(u32::try_from(number).unwrap(), department, now);
                waiting.push(place.clone());
                Happening::Arrived(place)
            }
            Step::Answer(number) if !waiting.is_empty() => {
                let place: Place = waiting.remove(0);
                running.push(place.conversation);
                let agent = agent(*number);
                Happening::Assigned { place, agent }
            }
            Step::Leave if !waiting.is_empty() => left(waiting.pop().unwrap()),
            Step::End if !running.is_empty() => {
                let conversation = running.remove(0);
                Happening::Ended { conversation }
            }
            Step::On(number, capacity) => on(*number, *capacity),
            Step::Off(number) => Happening::AgentOff {
                agent: agent(*number),
            },
            Step::Answer(_) | Step::Leave | Step::End => continue,
        };
        told.push((now, happening));
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// However a history is cut into parts, the parts add up to the whole; and whoever comes late gets the same figures
    /// from the log as who has counted all along.
    #[test]
    fn parts_add_up_and_a_log_read_again_gives_the_same(steps in steps(), looks in 1_usize..5) {
        let told = told(&steps);
        let mut live = Figures::new();
        for (index, (at, happening)) in told.iter().enumerate() {
            live.observe(*at, happening);
            if index % looks == 0 {
                // Looking changes nothing.
                let _ = (live.by_agent(*at + Millis(5)), live.total());
            }
        }
        let mut again = Figures::new();
        for (at, happening) in &told {
            again.observe(*at, happening);
        }
        let end = told.last().map_or(At(0), |(at, _)| *at + Millis(777));
        prop_assert_eq!(live.total(), again.total());
        prop_assert_eq!(live.by_agent(end), again.by_agent(end));
        let mut sum = Waits::default();
        for (_, _, cell) in live.by_interval() {
            sum.add(&cell.waits);
        }
        let (sum, total) = (sum.settled(), live.total().waits.settled());
        prop_assert_eq!(sum.offered(), total.offered());
        prop_assert_eq!(sum.sum_answered(), total.sum_answered());
        let by_department: u64 = live.by_department().values().map(|cell| cell.waits.settled().offered()).sum();
        prop_assert_eq!(by_department, total.offered());
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let by_day: u64 = live.by_local_day(&zone).iter().map(|(_, cell)| cell.waits.settled().offered()).sum();
        prop_assert_eq!(by_day, total.offered());
        for (id, whole) in live.by_agent(end) {
            let mut parts = AgentWork::default();
            for work in live.by_agent_interval(id, end).values() {
                parts.add(work);
            }
            prop_assert_eq!(parts, whole);
        }
    }
}
