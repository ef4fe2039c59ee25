//! What one agent more or fewer would do now, and the warning before a standard is missed.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may fail that way"))]

use balie::domain::staffing::outlook::{AHEAD, Moment, Outlook, Reason, outlook};
use proptest::prelude::*;

/// Five agents of two chats, four-minute chats, a visitor a minute: a quiet desk.
fn quiet() -> Moment {
    Moment {
        agents: 5,
        chats_each: 2,
        lengths_s: (240.0, 300.0),
        patience_s: Some(300.0),
        arrivals: 15,
        arrivals_before: 60,
        waiting: 0,
        is_line_late: false,
        in_time: 15,
        judged: 15,
        answer_s: 20.0,
        target: 0.8,
        ahead: [5; AHEAD],
    }
}

fn of(moment: &Moment) -> Outlook {
    outlook(moment).unwrap()
}

#[test]
fn a_desk_that_keeps_its_standard_is_not_warned_of() {
    let outlook = of(&quiet());
    assert_eq!(outlook.warning, None);
    assert_eq!(outlook.arrivals_per_hour, 60.0);
    let agents: Vec<u32> = outlook.steps.iter().map(|step| step.agents).collect();
    assert_eq!(agents, [4, 5, 6, 7]);
}

#[test]
fn a_rush_is_warned_of_with_its_reason_and_the_agents_it_takes() {
    let rush = of(&Moment {
        arrivals: 60,
        ..quiet()
    });
    let warning = rush.warning.unwrap();
    assert_eq!(warning.reason, Reason::Arrivals);
    assert!(warning.expected < 0.8);
    let needed = warning.agents_needed.unwrap();
    let enough = of(&Moment {
        arrivals: 60,
        agents: needed,
        ahead: [needed; AHEAD],
        ..quiet()
    });
    assert_eq!(enough.warning, None);
    let one_fewer = of(&Moment {
        arrivals: 60,
        agents: needed - 1,
        ..quiet()
    });
    assert!(one_fewer.warning.is_some());
    // As many came before: then it is not the visitors.
    let usual = of(&Moment {
        arrivals: 60,
        arrivals_before: 240,
        ..quiet()
    });
    assert_eq!(usual.warning.unwrap().reason, Reason::Agents);
}

#[test]
fn a_line_that_is_late_already_is_warned_of_before_it_is_answered() {
    let late = Moment {
        waiting: 6,
        is_line_late: true,
        ..quiet()
    };
    let warning = of(&late).warning.unwrap();
    assert_eq!(warning.reason, Reason::Line);
    assert_eq!(warning.expected, 15.0 / 21.0);
    assert_eq!(
        of(&Moment {
            is_line_late: false,
            ..late
        })
        .warning,
        None
    );
}

#[test]
fn a_shift_that_ends_is_warned_of_before_it_does() {
    let noon = Moment {
        arrivals: 30,
        in_time: 30,
        judged: 30,
        agents: 8,
        ahead: [8, 8, 3, 3],
        ..quiet()
    };
    let outlook = of(&noon);
    let warning = outlook.warning.unwrap();
    assert_eq!(
        (warning.reason, warning.quarters_ahead),
        (Reason::Shifts, 3)
    );
    assert_eq!(warning.expected, outlook.ahead[2].service_level);
    assert!(warning.expected < 0.8 && warning.agents_needed.unwrap() > 3);
    let course = &outlook.ahead[0];
    assert_eq!(
        (course.agents, course.service_level),
        (8, outlook.steps[1].service_level)
    );
    assert!(course.low < course.service_level && course.service_level < course.high);
    let relieved = of(&Moment {
        ahead: [8, 9, 8, 8],
        ..noon
    });
    assert_eq!(relieved.warning, None);
}

#[test]
fn a_desk_without_agents_or_visitors_divides_by_nothing() {
    let nobody = of(&Moment {
        agents: 0,
        ..quiet()
    });
    assert_eq!(nobody.warning.unwrap().expected, 0.0);
    assert_eq!(nobody.steps[0].agents, 0);
    let idle = of(&Moment {
        arrivals: 0,
        in_time: 0,
        judged: 0,
        ..quiet()
    });
    assert_eq!(idle.warning, None);
    assert!(idle.steps.iter().all(|step| step.service_level == 1.0));
    let none_leave = of(&Moment {
        patience_s: None,
        arrivals: 200,
        ..quiet()
    });
    assert_eq!(none_leave.steps[0].wait_s, None, "the line only grows");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the desk, shares are shares, and one agent more never makes it worse.
    #[test]
    fn more_agents_never_make_it_worse(
        agents in 0_u32..30,
        chats_each in 0_u32..8,
        alone_s in 1.0_f64..2_000.0,
        slower in 1.0_f64..4.0,
        patience_s in proptest::option::of(1.0_f64..5_000.0),
        arrivals in 0_u64..200,
        waiting in 0_u64..50,
    ) {
        let moment = Moment {
            agents, chats_each, lengths_s: (alone_s, alone_s * slower), patience_s, arrivals, waiting,
            is_line_late: waiting > 0, ..quiet()
        };
        let outlook = of(&moment);
        for pair in outlook.steps.windows(2) {
            prop_assert!(pair[1].service_level >= pair[0].service_level - 1e-9, "{pair:?}");
        }
        for step in &outlook.steps {
            prop_assert!((0.0..=1.0 + 1e-9).contains(&step.service_level), "{step:?}");
            prop_assert!(step.wait_s.is_none_or(|wait_s| wait_s >= 0.0), "{step:?}");
        }
    }
}
