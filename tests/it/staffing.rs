//! Erlang's formulas against published and recomputed values, and what must hold for every desk.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may fail that way"))]

use std::path::Path;

use balie::domain::staffing::forecast::{self, PastDay};
use balie::domain::staffing::plan::{Standard, agents_for, day};
use balie::domain::staffing::{Concurrency, Desk, Load, erlang_b, erlang_c};
use proptest::prelude::*;
use serde_json::Value;

fn vectors(group: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces/erlang_vectors.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all[group].as_array().unwrap().clone()
}

fn number(vector: &Value, field: &str) -> f64 {
    vector[field].as_f64().unwrap()
}

fn agents(vector: &Value) -> u32 {
    u32::try_from(vector["agents"].as_u64().unwrap()).unwrap()
}

fn close(got: f64, expected: f64, relative: f64, what: &Value) {
    let off = (got - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
    assert!(
        off <= relative,
        "{got} instead of {expected}, off by {off:e}: {what}"
    );
}

fn desk(vector: &Value, patience_s: Option<f64>) -> Desk {
    let load = Load::new(
        number(vector, "visitors_per_s"),
        number(vector, "handle_s"),
        patience_s,
    );
    Desk {
        agents: agents(vector),
        concurrency: Concurrency::SINGLE,
        load: load.unwrap(),
    }
}

#[test]
fn erlang_b_and_c_are_right_to_nine_digits() {
    let mut checked = 0;
    for vector in vectors("computed") {
        let got = match vector["f"].as_str().unwrap() {
            "erlang_b" => erlang_b(agents(&vector), number(&vector, "erlang")),
            "erlang_c" => erlang_c(agents(&vector), number(&vector, "erlang")),
            _ => continue,
        };
        close(got, number(&vector, "value"), 1e-9, &vector);
        checked += 1;
    }
    assert!(checked >= 10, "{checked}");
}

#[test]
fn published_values_are_met_to_their_digits() {
    for vector in vectors("published") {
        let digits = i32::try_from(vector["digits"].as_i64().unwrap()).unwrap();
        let near = |got: f64, field: &str| {
            let expected = number(&vector, field);
            let off = (got - expected).abs();
            assert!(
                off <= 0.5001 * 10_f64.powi(-digits),
                "{got} for {field} of {vector}"
            );
        };
        match vector["f"].as_str().unwrap() {
            "erlang_b" => near(
                erlang_b(agents(&vector), number(&vector, "erlang")),
                "value",
            ),
            "erlang_c" => near(
                erlang_c(agents(&vector), number(&vector, "erlang")),
                "value",
            ),
            "agents_for" => {
                let rate = number(&vector, "visitors") / number(&vector, "per_s");
                let load = Load::new(rate, number(&vector, "handle_s"), None).unwrap();
                let standard = Standard::new(
                    number(&vector, "answer_s"),
                    number(&vector, "service_level"),
                    number(&vector, "occupancy_max"),
                );
                let found = agents_for(load, Concurrency::SINGLE, &standard.unwrap()).unwrap();
                assert_eq!(found.agents, agents(&vector));
                near(found.steady.waits, "p_wait");
                near(found.steady.answered_in_time, "service");
                near(found.steady.occupancy, "occupancy");
            }
            other => panic!("nobody checks {other}"),
        }
    }
}

#[test]
fn the_steady_state_without_patience_is_erlang_c() {
    for vector in vectors("computed") {
        if vector["f"] != "erlang_c_metrics" {
            continue;
        }
        let steady = desk(&vector, None).steady(number(&vector, "answer_s"));
        close(steady.waits, number(&vector, "p_wait"), 1e-9, &vector);
        close(steady.wait_s, number(&vector, "asa_s"), 1e-9, &vector);
        close(
            steady.answered_in_time,
            number(&vector, "service_level"),
            1e-9,
            &vector,
        );
        close(
            steady.occupancy,
            number(&vector, "occupancy"),
            1e-9,
            &vector,
        );
    }
}

#[test]
fn the_steady_state_with_patience_is_erlang_a() {
    let mut checked = 0;
    for vector in vectors("computed") {
        if vector["f"] != "erlang_a" {
            continue;
        }
        let patience_s = number(&vector, "patience_s");
        let steady = desk(&vector, Some(patience_s)).steady(number(&vector, "answer_s"));
        for (got, field) in [
            (steady.waits, "p_wait"),
            (steady.abandons, "p_abandon"),
            (steady.line, "queue"),
            (steady.wait_s, "wait_all_s"),
            (steady.occupancy, "occupancy"),
            (steady.offered_wait_over, "p_offered_wait_over_answer"),
            (steady.still_waiting, "p_still_waiting_at_answer"),
            (steady.answered_in_time, "p_served_within_answer"),
        ] {
            close(got, number(&vector, field), 1e-6, &vector);
        }
        checked += 1;
    }
    assert!(checked >= 5, "{checked}");
}

/// Some states of a large desk outweigh others by more than a number can hold.
#[test]
fn a_large_desk_far_from_balance_has_a_steady_state() {
    let single = |agents, arrivals| Desk {
        agents,
        concurrency: Concurrency::SINGLE,
        load: Load::new(arrivals, 300.0, Some(4_000.0)).unwrap(),
    };
    // 900 agents for 2 chats at a time, on average.
    let idle = single(900, 2.0 / 300.0).steady(20.0);
    assert!((idle.occupancy - 2.0 / 900.0).abs() < 1e-9, "{idle:?}");
    assert!(idle.answered_in_time > 1.0 - 1e-9, "{idle:?}");
    // 200 agents for five times what they can do: four in five leave.
    let overrun = single(200, 5.0 * 200.0 / 300.0).steady(20.0);
    assert!((overrun.abandons - 0.8).abs() < 1e-6, "{overrun:?}");
    assert!((overrun.occupancy - 1.0).abs() < 1e-9, "{overrun:?}");
}

/// Two chats that do not slow each other are two agents with one.
#[test]
fn chats_that_do_not_slow_each_other_are_slots() {
    let load = Load::new(0.05, 300.0, Some(200.0)).unwrap();
    let two = Desk {
        agents: 6,
        concurrency: Concurrency::new(2, 0.0).unwrap(),
        load,
    };
    let one = Desk {
        agents: 12,
        concurrency: Concurrency::SINGLE,
        load,
    };
    let (two, one) = (two.steady(30.0), one.steady(30.0));
    assert!((two.waits - one.waits).abs() < 1e-12, "{two:?} {one:?}");
    assert!((two.answered_in_time - one.answered_in_time).abs() < 1e-12);
}

#[test]
fn a_slowdown_is_measured_from_two_lengths() {
    let measured = Concurrency::measured(3, 200.0, 400.0).unwrap();
    assert_eq!(measured, Concurrency::new(3, 0.5).unwrap());
    // Faster among others than alone is chance, not a gift.
    assert_eq!(
        Concurrency::measured(3, 200.0, 150.0).unwrap(),
        Concurrency::new(3, 0.0).unwrap()
    );
}

#[test]
fn nonsense_is_refused_in_words() {
    for wrong in [
        Load::new(-1.0, 60.0, None),
        Load::new(f64::NAN, 60.0, None),
        Load::new(1.0, 0.0, None),
        Load::new(1.0, f64::INFINITY, None),
        Load::new(1.0, 60.0, Some(0.0)),
    ] {
        let said = wrong.unwrap_err().to_string();
        assert!(said.contains("must be a number"), "{said}");
    }
    assert!(Concurrency::new(0, 0.0).is_err());
    assert!(Concurrency::new(2, -0.1).is_err());
    assert!(Standard::new(20.0, 1.2, 0.85).is_err());
    assert!(Standard::new(-1.0, 0.8, 0.85).is_err());
    let load = Load::new(0.1, 60.0, None).unwrap();
    let standard = Standard::new(20.0, 0.8, 0.85).unwrap();
    assert!(day(&[1.0, -1.0], load, Concurrency::SINGLE, &standard).is_err());
}

#[test]
fn nobody_on_duty_answers_nobody() {
    let load = Load::new(0.1, 60.0, Some(120.0)).unwrap();
    let desk = Desk {
        agents: 0,
        concurrency: Concurrency::SINGLE,
        load,
    };
    let steady = desk.steady(20.0);
    assert_eq!(
        (steady.waits, steady.abandons, steady.answered_in_time),
        (1.0, 1.0, 0.0)
    );
    assert!((steady.wait_s - 120.0).abs() < 1e-9);
    let (fewer, now, more) = desk.one_fewer_now_one_more(20.0);
    assert!(fewer.is_none());
    assert!(more.answered_in_time > now.answered_in_time);
}

#[test]
fn a_quiet_night_takes_nobody() {
    let load = Load::new(0.0, 60.0, None).unwrap();
    let standard = Standard::new(20.0, 0.8, 0.85).unwrap();
    let table = day(&[0.0, 9.0], load, Concurrency::SINGLE, &standard).unwrap();
    assert_eq!(table[0].staffing.unwrap().agents, 0);
    assert!(table[1].staffing.unwrap().agents > 0);
}

fn any_desk() -> impl Strategy<Value = (Desk, f64)> {
    let patience = proptest::option::of(1.0..5_000.0);
    let of_load = (0.0..2.0, 1.0..2_000.0, patience);
    let of_desk = (0_u32..200, 1_u32..6, 0.0..1.5, 0.0..600.0);
    (of_load, of_desk).prop_map(
        |((arrivals, chat_s, patience_s), (agents, chats, slowdown, answer_s))| {
            let desk = Desk {
                agents,
                concurrency: Concurrency::new(chats, slowdown).unwrap(),
                load: Load::new(arrivals, chat_s, patience_s).unwrap(),
            };
            (desk, answer_s)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_are_shares_and_nothing_is_undefined((desk, answer_s) in any_desk()) {
        let steady = desk.steady(answer_s);
        for share in [
            steady.waits,
            steady.abandons,
            steady.occupancy,
            steady.answered_in_time,
            steady.offered_wait_over,
            steady.still_waiting,
        ] {
            prop_assert!((-1e-9..=1.0 + 1e-9).contains(&share), "{steady:?}");
        }
        prop_assert!(steady.line >= 0.0 && steady.wait_s >= 0.0, "{steady:?}");
        prop_assert!(steady.still_waiting <= steady.offered_wait_over + 1e-9, "{steady:?}");
    }

    #[test]
    fn one_agent_more_never_makes_it_worse((desk, answer_s) in any_desk()) {
        let (_, now, more) = desk.one_fewer_now_one_more(answer_s);
        prop_assert!(more.answered_in_time >= now.answered_in_time - 1e-7, "{now:?} {more:?}");
        prop_assert!(more.abandons <= now.abandons + 1e-7, "{now:?} {more:?}");
        prop_assert!(more.waits <= now.waits + 1e-7, "{now:?} {more:?}");
    }

    #[test]
    fn more_visitors_never_make_it_better((desk, answer_s) in any_desk(), times in 1.0..3.0) {
        let Some(busier) = (desk.agents > 0).then(|| Desk {
            load: desk.load.at(0.01 * times + 0.01).unwrap(),
            ..desk
        }) else { return Ok(()) };
        let calmer = Desk { load: desk.load.at(0.01).unwrap(), ..desk };
        let (calmer, busier) = (calmer.steady(answer_s), busier.steady(answer_s));
        prop_assert!(busier.answered_in_time <= calmer.answered_in_time + 1e-7, "{calmer:?} {busier:?}");
    }

    #[test]
    fn the_fewest_agents_are_the_fewest(arrivals in 0.001..1.0, chat_s in 10.0..900.0, chats in 1_u32..4) {
        let load = Load::new(arrivals, chat_s, Some(300.0)).unwrap();
        let concurrency = Concurrency::new(chats, 0.2).unwrap();
        let standard = Standard::new(30.0, 0.8, 0.9).unwrap();
        let found = agents_for(load, concurrency, &standard).unwrap();
        let with = |agents| Desk { agents, concurrency, load }.steady(30.0);
        let kept = with(found.agents);
        prop_assert!(kept.answered_in_time >= 0.8 && kept.occupancy <= 0.9, "{kept:?}");
        let fewer = with(found.agents - 1);
        prop_assert!(fewer.answered_in_time < 0.8 || fewer.occupancy > 0.9, "{fewer:?}");
    }

    #[test]
    fn a_forecast_stays_near_what_has_been(counts in proptest::collection::vec(0_u32..50, 96), weeks in 1_u32..6) {
        let history: Vec<PastDay> = (1..=weeks)
            .map(|week| PastDay { days_ago: week * 7, arrivals: counts.clone() })
            .collect();
        let foretold = forecast::day(&history, 96).unwrap();
        prop_assert_eq!(foretold.len(), 96);
        let most = f64::from(*counts.iter().max().unwrap());
        for expected in foretold {
            prop_assert!((0.0..=most * 1.01 + 1e-9).contains(&expected));
        }
    }
}

#[test]
fn a_forecast_follows_the_weekday_and_the_trend() {
    let day = |days_ago, each| PastDay {
        days_ago,
        arrivals: vec![each; 96],
    };
    // Four weeks back: the weekday to foretell had 10 in each quarter hour, all others 20.
    let steady: Vec<PastDay> = (1..=28)
        .map(|ago| day(ago, if ago % 7 == 0 { 10 } else { 20 }))
        .collect();
    let foretold = forecast::day(&steady, 96).unwrap();
    assert!(
        foretold.iter().all(|one| (one - 10.0).abs() < 1e-9),
        "{foretold:?}"
    );
    // The last week was twice as busy as those before: more is expected than their mean, and less than all that came.
    let growing: Vec<PastDay> = (1..=28)
        .map(|ago| day(ago, if ago <= 7 { 20 } else { 10 }))
        .collect();
    let level = forecast::day(&growing, 96).unwrap()[40];
    assert!((15.0..20.0).contains(&level), "{level}");
    assert!(forecast::day(&[], 96).is_none());
}
