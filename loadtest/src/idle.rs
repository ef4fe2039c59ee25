//! The parent of `idle`: spreads the visitors over the workers, and weighs the server before, with and after.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::json;

use balie_loadtest::participant::fault::Fault;

use crate::arguments::{Idle, Target};
use crate::job::{IdleJob, Job, Step};
use crate::machine::{self, Usage};
use crate::report::{self, Table};
use crate::workers::Workers;

/// What all workers together saw.
#[derive(Default)]
struct Sum {
    asked: usize,
    established: usize,
    started: usize,
    refused: BTreeMap<String, u64>,
    lost: BTreeMap<String, u64>,
    faults: Vec<Fault>,
    ramp_s: f64,
    /// The server before any visitor, with all of them, and after the hold.
    usage: Option<[Usage; 3]>,
}

impl Sum {
    /// Resident memory that the visitors added, divided among them, after the hold.
    fn bytes_a_visitor(&self) -> Option<u64> {
        let [before, _, held] = self.usage?;
        let added = held.resident_bytes.saturating_sub(before.resident_bytes);
        added.checked_div(self.established as u64)
    }

    fn is_good(&self) -> bool {
        self.established > 0 && self.faults.is_empty()
    }
}

/// Runs the test; false when there were faults or nothing was measured.
///
/// # Errors
/// What kept it from running.
pub async fn run(idle: Idle) -> Result<bool, String> {
    let processes = idle.target.processes_for(idle.visitors)?;
    let before = weigh(&idle.target)?;
    let jobs: Vec<Job> = (0..processes)
        .map(|process| {
            let visitors = report::share(idle.visitors, processes, process);
            Job::Idle(IdleJob {
                url: idle.target.url.clone(),
                site: idle.target.site.clone(),
                visitors,
                per_s: idle.rate as f64 / processes as f64,
                starts: idle.start,
                hold_s: idle.hold_s,
                origin: idle.target.origin.clone(),
                sources: machine::sources(&idle.target.url, process, visitors),
            })
        })
        .collect();
    let began = Instant::now();
    let mut workers = Workers::start(&jobs).await?;
    workers.steps().await?;
    let mut sum = Sum {
        asked: idle.visitors,
        ramp_s: began.elapsed().as_secs_f64(),
        ..Sum::default()
    };
    let ramped = weigh(&idle.target)?;
    workers.go().await?;
    for step in workers.steps().await? {
        let Step::Held(tally) = step else {
            return Err("a worker process is out of step".into());
        };
        sum.established += tally.established;
        sum.started += tally.started;
        sum.faults.extend(tally.faults);
        report::add_counts(&mut sum.refused, tally.refused);
        report::add_counts(&mut sum.lost, tally.lost);
    }
    let held = weigh(&idle.target)?;
    sum.usage = before
        .zip(ramped)
        .zip(held)
        .map(|((before, ramped), held)| [before, ramped, held]);
    workers.finish().await;
    if idle.target.json {
        println!("{}", as_json(&sum));
    } else {
        print!("{}", as_text(&idle, processes, &sum));
    }
    Ok(sum.is_good())
}

fn weigh(target: &Target) -> Result<Option<Usage>, String> {
    target.server_pid.map(machine::usage).transpose()
}

fn as_json(sum: &Sum) -> serde_json::Value {
    json!({
        "test": "idle",
        "asked": sum.asked,
        "established": sum.established,
        "started": sum.started,
        "refused": sum.refused,
        "lost": sum.lost,
        "ramp_s": sum.ramp_s,
        "server": sum.usage.map(|[before, ramped, held]| json!({"before": before, "ramped": ramped, "held": held})),
        "bytes_per_visitor": sum.bytes_a_visitor(),
        "faults": sum.faults.len(),
        "fault_list": sum.faults.iter().take(report::FAULTS_MAX).collect::<Vec<_>>(),
    })
}

fn as_text(idle: &Idle, processes: usize, sum: &Sum) -> String {
    let mut table = Table::new(&format!(
        "{} idle visitors on {}, from {}",
        report::count(sum.asked as u64),
        idle.target.url,
        report::plural(processes, "process", "processes")
    ));
    table.row(
        "established",
        &format!(
            "{} in {:.1} s",
            report::count(sum.established as u64),
            sum.ramp_s
        ),
    );
    if idle.start {
        table.row("started", &report::count(sum.started as u64));
    }
    table.counts("refused", &sum.refused);
    table.counts("lost while held", &sum.lost);
    match sum.usage {
        None => table.row("server memory", "not read; give --server-pid"),
        Some([before, ramped, held]) => {
            table.row("server before", &report::bytes(before.resident_bytes));
            table.row("with all of them", &report::bytes(ramped.resident_bytes));
            table.row(
                &format!("after {} s", idle.hold_s),
                &report::bytes(held.resident_bytes),
            );
            table.row("most it ever was", &report::bytes(held.high_water_bytes));
            let each = sum.bytes_a_visitor().map_or("none came".into(), |bytes| {
                format!("{} bytes", report::count(bytes))
            });
            table.row("per visitor", &each);
            let cpu_ms = held.cpu_ms.saturating_sub(ramped.cpu_ms);
            table.row(
                "CPU while held",
                &format!("{cpu_ms} ms in {} s", idle.hold_s),
            );
        }
    }
    table.faults(sum.faults.len() as u64, &sum.faults);
    table.finish()
}
