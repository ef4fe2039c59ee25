//! Recorded days: the exact figures to the last integer, the estimator of waits against its bars, and what is said of a
//! trace that is wrong.
//!
//! The scores are counted by `balie::replay::score`, which shares nothing with the estimator but the news it is fed.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may fail that way"))]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use balie::domain::happening::{Happening, Place};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::replay::estimates::estimates;
use balie::replay::metrics::metrics;
use balie::replay::score::{Point, Prediction, Report, points, report};
use balie::replay::trace::Trace;
use balie_loadtest::day::{KINDS, day};
use serde_json::{Value, json};

const DAYS: [&str; 5] = [
    "s1_steady",
    "s2_overload",
    "s3_shifts",
    "s4_chats",
    "s5_two_departments",
];

/// What a moving formula with the position in line reaches on the same days (QLm in `docs/waiting.md`): the error of the
/// arrival's estimate, and how much promises jump.
const FORMULA: [(f64, f64); 5] = [
    (0.280, 0.114),
    (0.387, 0.260),
    (0.328, 0.177),
    (0.386, 0.276),
    (0.459, 0.282),
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/traces")
        .join(name)
}

fn recorded(name: &str) -> Trace {
    Trace::open(&file(&format!("{name}.jsonl.gz"))).unwrap()
}

fn scored(trace: &Trace, uses_rota: bool) -> Report {
    let points = points(trace);
    let rows = estimates(trace, &points, uses_rota);
    assert_eq!(rows.len(), points.len(), "each point has its answer");
    let rows: Vec<(Point, Prediction)> = rows
        .iter()
        .map(|(point, estimate)| (*point, estimate.into()))
        .collect();
    for (point, prediction) in &rows {
        assert!(
            prediction.p50_ms >= 0.0 && prediction.p90_ms >= prediction.p50_ms,
            "{point:?} {prediction:?}"
        );
    }
    report(&rows)
}

/// All five, without the rota; made once, on two threads, because they take a while.
static REPORTS: LazyLock<Vec<Report>> = LazyLock::new(|| {
    std::thread::scope(|scope| {
        let running: Vec<_> = DAYS
            .map(|name| scope.spawn(move || scored(&recorded(name), false)))
            .into_iter()
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
});

#[test]
fn the_figures_of_recorded_days_are_exact() {
    for name in DAYS {
        let text = std::fs::read_to_string(file(&format!("{name}.metrics.json"))).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        let snapshots = expected["snapshots"].as_array().unwrap();
        let moments: Vec<i64> = snapshots
            .iter()
            .map(|snapshot| snapshot["at"].as_i64().unwrap())
            .collect();
        let counted = metrics(&recorded(name), &moments);
        for (part, value) in expected.as_object().unwrap() {
            assert_eq!(&counted[part], value, "{name}: {part}");
        }
        assert_eq!(
            counted.as_object().unwrap().len(),
            expected.as_object().unwrap().len()
        );
    }
}

#[test]
fn estimates_on_arrival_are_near_what_is_possible() {
    let errors: Vec<f64> = REPORTS
        .iter()
        .map(|report| report.arrival.unwrap().rase)
        .collect();
    let mean = (errors.iter().map(|error| error.ln()).sum::<f64>() / 5.0).exp();
    assert!(mean <= 0.335, "geometric mean {mean:.4} of {errors:.4?}");
    assert!(errors[0] <= 0.270, "s1 {:.4}", errors[0]);
    assert!(errors[1] <= 0.395, "s2 {:.4}", errors[1]);
    for ((name, error), (formula, _)) in DAYS.iter().zip(&errors).zip(FORMULA) {
        assert!(*error <= formula * 1.03, "{name} {error:.4}");
    }
}

#[test]
fn nine_in_ten_promises_are_kept_and_none_is_biased() {
    for (name, report) in DAYS.iter().zip(REPORTS.iter()) {
        let arrival = report.arrival.unwrap();
        assert!(
            (0.87..=0.93).contains(&arrival.cover90),
            "{name} {}",
            arrival.cover90
        );
        let all = report.all.unwrap();
        assert!(
            (0.87..=0.93).contains(&all.cover90),
            "{name} {}",
            all.cover90
        );
        assert!(arrival.bias.abs() <= 0.10, "{name} {}", arrival.bias);
    }
}

#[test]
fn a_promise_does_not_jump_about() {
    let jumps: Vec<f64> = REPORTS.iter().map(|report| report.jump.unwrap()).collect();
    for ((name, jump), (_, formula)) in DAYS.iter().zip(&jumps).zip(FORMULA) {
        assert!(*jump <= formula * 1.1, "{name} {jump:.3}");
    }
    assert!(jumps.iter().sum::<f64>() / 5.0 <= 0.21, "{jumps:.3?}");
}

#[test]
fn whoever_enters_the_shifts_gets_better_estimates() {
    // Judged on made-up days with sharp changes of shift: one recorded day has only a few of them.
    let kind = KINDS.iter().find(|(name, _)| *name == "shifts").unwrap().1;
    let (mut with, mut without) = (0.0, 0.0);
    for seed in [4, 8] {
        let trace = Trace::read(day(kind, seed).as_bytes()).unwrap();
        with += scored(&trace, true).arrival.unwrap().rase.ln();
        without += scored(&trace, false).arrival.unwrap().rase.ln();
    }
    let ratio = ((with - without) / 2.0).exp();
    assert!(ratio <= 0.97, "{ratio:.3}");
}

#[test]
fn the_rota_of_a_recorded_day_does_no_harm() {
    for (index, name) in [(2, "s3_shifts"), (3, "s4_chats")] {
        let with = scored(&recorded(name), true).arrival.unwrap();
        let without = REPORTS[index].arrival.unwrap();
        // Below 3 % a difference on one day says nothing.
        assert!(
            with.rase <= without.rase * 1.03,
            "{name} {} {}",
            with.rase,
            without.rase
        );
        assert!(
            (0.87..=0.93).contains(&with.cover90),
            "{name} {}",
            with.cover90
        );
        assert!(with.bias.abs() <= 0.10, "{name} {}", with.bias);
    }
}

/// Made-up days hold what every trace holds, so that they can stand in for recorded ones.
#[test]
fn made_up_days_are_true_traces() {
    for (name, kind) in KINDS {
        let text = day(kind, 3);
        assert_eq!(text, day(kind, 3), "the same seed is the same day");
        assert_ne!(text, day(kind, 4));
        let trace = Trace::read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut waiting: Vec<Place> = Vec::new();
        let mut agents: HashMap<AgentId, (u32, Vec<DepartmentKey>, u32)> = HashMap::new();
        let mut running: HashMap<ConversationId, AgentId> = HashMap::new();
        for (at, happening) in &trace.events {
            match happening {
                Happening::Arrived(place) => waiting.push(place.clone()),
                Happening::Left { place, .. } | Happening::TakenOut(place) => {
                    waiting.retain(|one| one != place)
                }
                Happening::Assigned { place, agent } => {
                    let (capacity, departments, load) = agents.get_mut(agent).unwrap();
                    let first = waiting
                        .iter()
                        .position(|one| departments.contains(&one.department))
                        .unwrap();
                    assert_eq!(&waiting.remove(first), place, "{name} {at:?}: first come");
                    *load += 1;
                    assert!(load <= capacity, "{name} {at:?}: capacity");
                    running.insert(place.conversation, *agent);
                }
                Happening::Ended { conversation } => {
                    let agent = running.remove(conversation).unwrap();
                    agents.get_mut(&agent).unwrap().2 -= 1;
                }
                Happening::AgentOn {
                    agent,
                    capacity,
                    departments,
                } => {
                    let load = agents.get(agent).map_or(0, |(_, _, load)| *load);
                    agents.insert(*agent, (*capacity, departments.clone(), load));
                }
                Happening::AgentOff { .. } => {}
            }
        }
        assert!(
            waiting.is_empty() && running.is_empty(),
            "{name}: everybody is gone"
        );
    }
}

const HEADER: &str = r#"{"ev":"trace","v":1,"name":"x","t0":"2026-03-29T00:00:00Z","tz":"Europe/Amsterdam","score_from":0,"depts":["help"],"rota":null}"#;

/// What is said about these lines after a good header.
fn complaint(lines: &str) -> String {
    let text = format!("{HEADER}\n{lines}\n");
    match Trace::read(text.as_bytes()) {
        Ok(_) => panic!("taken for good: {lines}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_wrong_line_is_named_with_its_field() {
    let on = r#"{"t":0,"ev":"agent_on","agent":"a","cap":1,"depts":["help"]}"#;
    let arrive = r#"{"t":1,"ev":"arrive","id":"v","dept":"help"}"#;
    for (lines, expected) in [
        ("nonsense".to_owned(), "line 2: this is not JSON"),
        ("[]".to_owned(), "line 2: write one JSON object a line"),
        (
            r#"{"ev":"arrive"}"#.to_owned(),
            r#"line 2: field "t": write a whole number"#,
        ),
        (
            r#"{"t":1.5,"ev":"arrive"}"#.to_owned(),
            r#"line 2: field "t""#,
        ),
        (
            r#"{"t":-1,"ev":"arrive"}"#.to_owned(),
            r#"line 2: field "t""#,
        ),
        (
            r#"{"t":1,"ev":"dance"}"#.to_owned(),
            r#"line 2: field "ev": there is no "dance""#,
        ),
        (
            r#"{"t":1,"ev":"arrive","id":"v","dept":"sales"}"#.to_owned(),
            r#"line 2: field "dept": name a department"#,
        ),
        (
            format!("{arrive}\n{arrive}"),
            r#"line 3: field "id": v has arrived before"#,
        ),
        (
            r#"{"t":1,"ev":"start","id":"v","agent":"a"}"#.to_owned(),
            r#"line 2: field "agent": a has not been on"#,
        ),
        (
            format!("{on}\n{}", r#"{"t":1,"ev":"start","id":"v","agent":"a"}"#),
            r#"line 3: field "id": v has not arrived"#,
        ),
        (
            format!("{arrive}\n{}", r#"{"t":0,"ev":"abandon","id":"v"}"#),
            r#"line 3: field "t": time goes back from 1 to 0"#,
        ),
        (
            format!(
                "{on}\n{arrive}\n{}",
                r#"{"t":2,"ev":"end","id":"v","agent":"a"}"#
            ),
            r#"line 4: field "id": nobody serves v"#,
        ),
        (
            r#"{"t":0,"ev":"agent_on","agent":"a","cap":0,"depts":["help"]}"#.to_owned(),
            r#"line 2: field "cap": write a whole number from 1"#,
        ),
        (
            r#"{"t":0,"ev":"agent_on","agent":"a","cap":1,"depts":["Help!"]}"#.to_owned(),
            r#"line 2: field "depts""#,
        ),
        (
            format!("{on}\n{}", r#"{"t":1,"ev":"agent_off","agent":"b"}"#),
            r#"line 3: field "agent": b has not been on"#,
        ),
    ] {
        let said = complaint(&lines);
        assert!(
            said.starts_with(expected),
            "{said}\n  instead of\n{expected}"
        );
    }
}

#[test]
fn a_wrong_header_is_named_with_its_field() {
    let many: Vec<String> = (0..65_600).map(|number| format!("d{number}")).collect();
    let many = json!(many).to_string();
    for (from, to, expected) in [
        (r#""trace""#, r#""day""#, r#"line 1: field "ev""#),
        (r#""v":1"#, r#""v":2"#, r#"line 1: field "v""#),
        ("2026-03-29T00:00:00Z", "yesterday", r#"line 1: field "t0""#),
        (
            "Europe/Amsterdam",
            "Europe/Atlantis",
            r#"line 1: field "tz""#,
        ),
        (r#"["help"]"#, "[]", r#"line 1: field "depts""#),
        (
            r#"["help"]"#,
            &many,
            r#"line 1: field "depts": name 10000 departments at most"#,
        ),
        ("null", "7", r#"line 1: field "rota""#),
        (
            "null",
            r#"{"a":{"cap":1,"depts":["help"],"shifts":[[5,3]]}}"#,
            r#"line 1: field "rota.a.shifts""#,
        ),
    ] {
        let header = HEADER.replacen(from, to, 1);
        let said = match Trace::read(header.as_bytes()) {
            Ok(_) => panic!("taken for good: {header}"),
            Err(error) => error.to_string(),
        };
        assert!(
            said.starts_with(expected),
            "{said}\n  instead of\n{expected}"
        );
    }
    let said = Trace::read(&b""[..]).err().unwrap().to_string();
    assert!(said.starts_with("line 1: the file is empty"), "{said}");
}
