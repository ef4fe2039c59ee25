//! The parent of `chat`: agents first, then visitors, then everybody talks; the figures of all workers become one.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use balie_loadtest::accounts;
use balie_loadtest::chorus::Pace;
use balie_loadtest::meter::{Meter, now_us};

use crate::arguments::Chat;
use crate::job::{ChatJob, Job, Step};
use crate::machine::{self, Usage};
use crate::report::{self, Table};
use crate::workers::Workers;

/// More conversations than this an agent may not have (the contract's limit).
const CAPACITY_MAX: usize = 100;

struct Outcome {
    meter: Meter,
    agents: usize,
    processes: usize,
    seconds: u64,
    /// The server at the beginning and the end of what was measured.
    usage: Option<[Usage; 2]>,
}

impl Outcome {
    fn arrived_a_second(&self) -> f64 {
        self.meter.arrived as f64 / self.seconds as f64
    }

    /// Acknowledged, and not seen by the other side.
    fn undelivered(&self) -> u64 {
        self.meter
            .ack_us
            .len()
            .saturating_sub(self.meter.delivery_us.len())
    }

    fn cpu_us_a_message(&self) -> Option<f64> {
        let [before, after] = self.usage?;
        let spent_us = after.cpu_ms.saturating_sub(before.cpu_ms) as f64 * 1_000.0;
        (self.meter.arrived > 0).then(|| spent_us / self.meter.arrived as f64)
    }

    fn is_good(&self) -> bool {
        self.meter.fault_count() == 0
            && self.undelivered() == 0
            && self.meter.arrived > 0
            && !self.meter.ack_us.is_empty()
    }
}

/// Runs the test; false when there were faults or nothing was measured.
///
/// # Errors
/// What kept it from running.
pub async fn run(chat: Chat) -> Result<bool, String> {
    let tokens = tokens(&chat).await?;
    let capacity = chat.pairs.div_ceil(tokens.len());
    if capacity > CAPACITY_MAX {
        let needed = chat.pairs.div_ceil(CAPACITY_MAX);
        return Err(format!(
            "{} pairs are more than {} take, with {CAPACITY_MAX} conversations each; give {needed} agents or more",
            chat.pairs,
            report::plural(tokens.len(), "agent", "agents")
        ));
    }
    let processes = chat
        .target
        .processes_for(chat.pairs + tokens.len())?
        .min(chat.pairs);
    let mut workers = Workers::start(&jobs(&chat, &tokens, capacity, processes)).await?;
    // Agents online in all of them, then the visitors, then the warm-up.
    workers.steps().await?;
    workers.go().await?;
    workers.steps().await?;
    let begin_us = now_us() + chat.warm_up_s * 1_000_000;
    let span = begin_us..begin_us + chat.seconds * 1_000_000;
    workers.go_with(&json!(span).to_string()).await?;
    workers.steps().await?;
    let before = chat.target.server_pid.map(machine::usage).transpose()?;
    workers.go().await?;
    workers.steps().await?;
    let after = chat.target.server_pid.map(machine::usage).transpose()?;
    workers.go().await?;
    workers.steps().await?;
    workers.go().await?;
    let mut meter = Meter::default();
    for step in workers.steps().await? {
        let Step::Talked(tally) = step else {
            return Err("a worker process is out of step".into());
        };
        meter.merge(&tally)?;
    }
    workers.go().await?;
    workers.steps().await?;
    workers.finish().await;
    let usage = before.zip(after).map(|(before, after)| [before, after]);
    let outcome = Outcome {
        meter,
        agents: tokens.len(),
        processes,
        seconds: chat.seconds,
        usage,
    };
    if chat.target.json {
        println!("{}", as_json(&chat, &outcome));
    } else {
        print!("{}", as_text(&chat, &outcome));
    }
    Ok(outcome.is_good())
}

async fn tokens(chat: &Chat) -> Result<Vec<String>, String> {
    let mut tokens = match (&chat.tokens_file, &chat.data, &chat.balie) {
        (Some(file), _, _) => accounts::read(file)?,
        (None, Some(data), Some(balie)) => {
            let department = chat.department.as_deref().unwrap_or("support");
            let count = chat
                .agents
                .unwrap_or(chat.pairs.div_ceil(10))
                .min(chat.pairs);
            accounts::make(balie, data, department, count).await?
        }
        (None, _, _) => {
            return Err("there are no agents; give --tokens-file, or --data with --balie".into());
        }
    };
    tokens.truncate(chat.pairs);
    Ok(tokens)
}

fn jobs(chat: &Chat, tokens: &[String], capacity: usize, processes: usize) -> Vec<Job> {
    let mut rest = tokens;
    (0..processes)
        .map(|process| {
            let (mine, others) = rest.split_at(report::share(tokens.len(), processes, process));
            rest = others;
            let visitors = report::share(chat.pairs, processes, process);
            Job::Chat(ChatJob {
                url: chat.target.url.clone(),
                site: chat.target.site.clone(),
                department: chat.department.clone(),
                visitors,
                tokens: mine.to_vec(),
                capacity: capacity as u64,
                rate_per_pair: chat.rate_per_pair,
                text_chars: chat.text_chars,
                origin: chat.target.origin.clone(),
                sources: machine::sources(&chat.target.url, process, visitors + mine.len()),
            })
        })
        .collect()
}

fn latency_json(histogram: &Histogram<u64>) -> Value {
    let at = |quantile: f64| histogram.value_at_quantile(quantile);
    json!({
        "count": histogram.len(),
        "p50_us": at(0.5),
        "p90_us": at(0.9),
        "p99_us": at(0.99),
        "p99_9_us": at(0.999),
        "max_us": histogram.max(),
    })
}

fn as_json(chat: &Chat, outcome: &Outcome) -> Value {
    let meter = &outcome.meter;
    json!({
        "test": "chat",
        "pairs": chat.pairs,
        "agents": outcome.agents,
        "processes": outcome.processes,
        "seconds": outcome.seconds,
        "rate_per_pair": chat.rate_per_pair,
        "text_chars": chat.text_chars,
        "sent": meter.sent,
        "arrived": meter.arrived,
        "messages_per_s": outcome.arrived_a_second(),
        "ack": latency_json(&meter.ack_us),
        "delivery": latency_json(&meter.delivery_us),
        "undelivered": outcome.undelivered(),
        "postponed": meter.postponed,
        "refused": meter.refused,
        "reconnects": meter.reconnects,
        "server": outcome.usage.map(|[before, after]| json!({"before": before, "after": after})),
        "server_cpu_us_per_message": outcome.cpu_us_a_message(),
        "faults": meter.fault_count(),
        "faults_by_breach": meter.faults,
        "fault_list": meter.faults_shown,
    })
}

fn as_text(chat: &Chat, outcome: &Outcome) -> String {
    let meter = &outcome.meter;
    let pace = match chat.pace() {
        Pace::Closed => "closed loop".to_owned(),
        Pace::Open { per_pair_per_s } => format!("open loop, {per_pair_per_s} messages/s a pair"),
    };
    let mut table = Table::new(&format!(
        "{} pairs with {} on {}, from {}, {pace}, {} s",
        report::count(chat.pairs as u64),
        report::plural(outcome.agents, "agent", "agents"),
        chat.target.url,
        report::plural(outcome.processes, "process", "processes"),
        outcome.seconds
    ));
    table.row(
        "messages",
        &format!(
            "{} arrived, {} per second",
            report::count(meter.arrived),
            report::count(outcome.arrived_a_second() as u64)
        ),
    );
    table.line(&report::latency_heading());
    table.line(&report::latency_row("ack", &meter.ack_us));
    table.line(&report::latency_row("delivery", &meter.delivery_us));
    table.row("undelivered", &report::count(outcome.undelivered()));
    table.counts("asked to wait", &meter.postponed);
    if meter.postponed.contains_key("rate_limited") {
        table.row(
            "",
            "The server's limits are part of what was measured. To measure without them",
        );
        table.row(
            "",
            "start it with BALIE_VISITOR_FRAMES_PER_S=0 BALIE_AGENT_FRAMES_PER_S=0.",
        );
    }
    table.counts("refused", &meter.refused);
    table.row("reconnects", &report::count(meter.reconnects));
    if let (Some([_, after]), Some(cpu_us)) = (outcome.usage, outcome.cpu_us_a_message()) {
        table.row(
            "server",
            &format!(
                "{cpu_us:.1} µs CPU a message, {} resident",
                report::bytes(after.resident_bytes)
            ),
        );
    }
    if meter.arrived == 0 {
        table.line("Nothing was measured: no message arrived within the time.");
    }
    table.faults(meter.fault_count(), &meter.faults_shown);
    table.finish()
}
