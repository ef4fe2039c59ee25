//! What the live figures cost: a look at the last 24 hours of every department, after a day of 100,000 visits, and the memory
//! that each visit takes.
//!
//! `cargo bench --bench figures`; the figures stand in `docs/waiting.md`. A node looks like this once a second at most, and only while
//! a supervisor looks.

mod meter;

use std::hint::black_box;

use balie::domain::figures::Figures;
use balie::domain::happening::{Happening, Place, Speaker, Word};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::time::{At, Millis};

use meter::{cpu_time, resident_bytes};

const VISITS: u32 = 100_000;
const DEPARTMENTS: u32 = 10;
const AGENTS: u32 = 200;
const CHATS_EACH: u32 = 4;
/// What each side says in a chat.
const WORDS_EACH: i64 = 5;
const LOOKS: u32 = 50;
const DAY: Millis = Millis::seconds(24 * 60 * 60);
const BEGIN: At = At(1_800_000_000_000);

fn department(number: u32) -> DepartmentKey {
    DepartmentKey::new(&format!("department-{}", number % DEPARTMENTS)).expect("a key")
}

fn agent(number: u32) -> AgentId {
    AgentId::from_bytes(u128::from(number % AGENTS).to_be_bytes())
}

fn conversation(number: u32) -> ConversationId {
    ConversationId::from_bytes(u128::from(number).to_be_bytes())
}

/// What a visit brings.
#[derive(Clone, Copy)]
enum Step {
    Arrives,
    IsAnswered,
    Says(Speaker),
    Ends,
}

/// One visit: waits for up to a minute, is answered, talks, goes and rates.
fn visit(steps: &mut Vec<(At, u32, Step)>, number: u32, at: At) {
    steps.push((at, number, Step::Arrives));
    let mut now = at + Millis(i64::from(number * 7_919 % 60_000));
    steps.push((now, number, Step::IsAnswered));
    for _ in 0..WORDS_EACH {
        for (after_s, speaker) in [(9, Speaker::Desk), (12, Speaker::Visitor)] {
            now = now + Millis::seconds(after_s);
            steps.push((now, number, Step::Says(speaker)));
        }
    }
    steps.push((now, number, Step::Ends));
}

fn take(figures: &mut Figures, (at, number, step): (At, u32, Step), begun: At) {
    let conversation = conversation(number);
    let place = || Place {
        department: department(number),
        key: begun.0,
        conversation,
    };
    match step {
        Step::Arrives => {
            figures.observe(at, &Happening::Arrived(place()));
            figures.hear(at, conversation, Word::Said(Speaker::Visitor));
        }
        Step::IsAnswered => {
            let (place, agent) = (place(), agent(number));
            figures.observe(at, &Happening::Assigned { place, agent });
        }
        Step::Says(speaker) => figures.hear(at, conversation, Word::Said(speaker)),
        Step::Ends => {
            figures.observe(at, &Happening::Ended { conversation });
            figures.hear(at, conversation, Word::Rated(4));
        }
    }
}

/// As the lanes of `desk::lanes` are made from a window.
fn look(figures: &Figures, now: At) {
    for number in 0..DEPARTMENTS {
        let key = department(number);
        let cell = figures.window(&key, now, DAY);
        let waits = cell.waits.settled();
        for percent in [50, 90, 95] {
            black_box(waits.percentile_with_open(percent));
        }
        let (responses, handled) = (cell.talks.responses(), cell.talks.handled());
        for percent in [50, 90] {
            black_box((responses.percentile(percent), handled.percentile(percent)));
        }
        black_box(figures.staff(&key, now, DAY));
    }
}

fn main() {
    let apart = DAY.0 / i64::from(VISITS);
    let arrival = |number: u32| BEGIN + Millis(apart * i64::from(number));
    let mut steps = Vec::new();
    for number in 0..VISITS {
        visit(&mut steps, number, arrival(number));
    }
    steps.sort_by_key(|(at, _, _)| *at);
    let now = BEGIN + DAY;
    let before = resident_bytes();
    let mut figures = Figures::new();
    for number in 0..AGENTS {
        let on = Happening::AgentOn {
            agent: agent(number),
            capacity: CHATS_EACH,
            departments: vec![department(number)],
        };
        figures.observe(BEGIN, &on);
    }
    for step in steps.iter().take_while(|(at, _, _)| *at <= now) {
        take(&mut figures, *step, arrival(step.1));
    }
    let held = resident_bytes() - before;
    let begun = cpu_time();
    for _ in 0..LOOKS {
        look(black_box(&figures), now);
    }
    println!(
        "{VISITS} visits of a day in {DEPARTMENTS} departments: a look takes {:.2?} of one core; {} bytes each",
        (cpu_time() - begun) / LOOKS,
        held / u64::from(VISITS),
    );
}
