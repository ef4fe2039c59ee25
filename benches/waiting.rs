//! What foretelling waits costs: one sweep over 100,000 who wait, and the memory that each of them takes.
//!
//! `cargo bench --bench waiting`; the figures stand in `docs/waiting.md`. Fails when a sweep takes longer, or somebody who
//! waits takes more, than is promised there.

mod meter;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use balie::domain::happening::{Happening, Place};
use balie::domain::waiting::Estimator;
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::time::At;

use meter::{cpu_time, resident_bytes};

const WAITING: u128 = 100_000;
const AGENTS: u8 = 60;
const CHATS_EACH: u32 = 3;
const SWEEPS: u32 = 50;
const SWEEP_MAX: Duration = Duration::from_millis(10);
const BYTES_MAX: u64 = 64;

fn department(number: u128) -> DepartmentKey {
    let name = if number.is_multiple_of(3) {
        "sales"
    } else {
        "support"
    };
    DepartmentKey::new(name).expect("a key")
}

fn place(number: u128, at: At) -> Place {
    Place {
        department: department(number),
        key: at.0,
        conversation: ConversationId::from_bytes(number.to_be_bytes()),
    }
}

/// A desk that has worked for some hours: three groups of agents, one of them shared by both departments.
fn desk() -> (Estimator, At) {
    let mut estimator = Estimator::new(Vec::new());
    let mut now = At(1_800_000_000_000);
    for number in 0..AGENTS {
        let departments = match number % 3 {
            0 => vec![department(0)],
            1 => vec![department(1)],
            _ => vec![department(0), department(1)],
        };
        let agent = AgentId::from_bytes([number; 16]);
        let on = Happening::AgentOn {
            agent,
            capacity: CHATS_EACH,
            departments,
        };
        estimator.observe(now, &on);
    }
    let slots = u128::from(AGENTS) * u128::from(CHATS_EACH);
    for number in 0..slots * 20 {
        now = At(now.0 + 1_700);
        let mine = place(WAITING + number, now);
        let slot = u8::try_from(number % slots / u128::from(CHATS_EACH)).expect("below 60");
        if number >= slots {
            let conversation = place(WAITING + number - slots, now).conversation;
            estimator.observe(now, &Happening::Ended { conversation });
        }
        let agent = AgentId::from_bytes([slot; 16]);
        estimator.observe(now, &Happening::Arrived(mine.clone()));
        estimator.observe(now, &Happening::Assigned { place: mine, agent });
    }
    (estimator, now)
}

fn main() -> ExitCode {
    let (mut estimator, mut now) = desk();
    let before = resident_bytes();
    for number in 0..WAITING {
        now = At(now.0 + 37);
        estimator.observe(now, &Happening::Arrived(place(number, now)));
    }
    let bytes_each = resident_bytes().saturating_sub(before) / u64::try_from(WAITING).unwrap_or(1);
    let (begun, begun_cpu) = (Instant::now(), cpu_time());
    for _ in 0..SWEEPS {
        let mut sum = 0;
        estimator.sweep(now, |_, _, estimate| sum += estimate.p90.0);
        assert!(sum > 0, "somebody waits");
    }
    let (sweep, wall) = ((cpu_time() - begun_cpu) / SWEEPS, begun.elapsed() / SWEEPS);
    println!(
        "{WAITING} waiting: a sweep takes {sweep:.2?} of one core ({wall:.2?} on the clock), {bytes_each} bytes each"
    );
    if sweep > SWEEP_MAX || bytes_each > BYTES_MAX {
        eprintln!("promised: {SWEEP_MAX:?} and {BYTES_MAX} bytes");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
