//! The parent of `read`: has readers fetch logs and lists over HTTP, one after the other each, and times every answer.
//!
//! What is read is what the server holds already: after a `chat`, or a week of `balie demo`. One process does, for the answers are
//! few and large compared with frames.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use serde_json::{Value, json};

use balie_loadtest::accounts;
use balie_loadtest::participant::dial::Dial;

use crate::arguments::Read;
use crate::machine;
use crate::report::{self, Table};

/// Conversations that readers choose from, at most.
const CONVERSATIONS_MAX: usize = 5_000;
/// The most of a list that the server gives at once.
const PAGE: usize = 100;
/// After so many logs a reader looks at a list, as somebody at a desk does.
const LOGS_A_LIST: usize = 9;

/// Longer than any sane answer; what takes longer is recorded as this.
const LATENCY_US_MAX: u64 = 600_000_000;

struct Tally {
    log_us: Histogram<u64>,
    list_us: Histogram<u64>,
    events: u64,
}

impl Tally {
    fn new() -> Result<Self, String> {
        let empty = || {
            Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).map_err(|problem| problem.to_string())
        };
        Ok(Self {
            log_us: empty()?,
            list_us: empty()?,
            events: 0,
        })
    }

    fn merge(&mut self, other: &Self) -> Result<(), String> {
        let wrong = |problem: hdrhistogram::AdditionError| problem.to_string();
        self.log_us.add(&other.log_us).map_err(wrong)?;
        self.list_us.add(&other.list_us).map_err(wrong)?;
        self.events += other.events;
        Ok(())
    }
}

/// Runs the test; false when nothing was measured.
///
/// # Errors
/// What kept it from running, or a wrong answer.
pub async fn run(read: Read) -> Result<bool, String> {
    let tokens = accounts::read(&read.tokens_file)?;
    let token = tokens.first().ok_or("the file holds no token")?;
    let dial = Dial::new(&read.url)
        .map_err(|trouble| trouble.to_string())?
        .with_header("authorization", &format!("Bearer {token}"));
    let conversations = conversations(&dial).await?;
    if conversations.is_empty() {
        return Err("the server shows no conversation to this token; run `chat` first".into());
    }
    let before = read.server_pid.map(machine::usage).transpose()?;
    let until = Instant::now() + Duration::from_secs(read.seconds);
    let readers = (0..read.readers).map(|number| reader(&dial, &conversations, number, until));
    let mut sum = Tally::new()?;
    for tally in try_join_all(readers).await? {
        sum.merge(&tally)?;
    }
    let after = read.server_pid.map(machine::usage).transpose()?;
    let answers = sum.log_us.len() + sum.list_us.len();
    let cpu_us = before.zip(after).and_then(|(before, after)| {
        let spent_us = after.cpu_ms.saturating_sub(before.cpu_ms) * 1_000;
        spent_us.checked_div(answers)
    });
    if read.json {
        println!("{}", as_json(&read, &sum, cpu_us));
    } else {
        print!("{}", as_text(&read, conversations.len(), &sum, cpu_us));
    }
    Ok(answers > 0)
}

/// The newest conversations that the token may see.
async fn conversations(dial: &Dial) -> Result<Vec<String>, String> {
    let mut found: Vec<String> = Vec::new();
    while found.len() < CONVERSATIONS_MAX {
        let before = found.last().map(|id| format!("&before={id}"));
        let path = list_path(before.as_deref().unwrap_or_default());
        let page = get(dial, &path).await?;
        let ids = page["conversations"].as_array().into_iter().flatten();
        let before = found.len();
        found.extend(ids.filter_map(|one| Some(one["id"].as_str()?.to_owned())));
        if found.len() == before || page["more"] != json!(true) {
            break;
        }
    }
    Ok(found)
}

fn list_path(more: &str) -> String {
    format!("/api/conversations?limit={PAGE}{more}")
}

async fn get(dial: &Dial, path: &str) -> Result<Value, String> {
    let answer = dial.http("GET", path, None).await;
    let json = answer.and_then(|answer| answer.json());
    json.map_err(|trouble| trouble.to_string())
}

async fn reader(
    dial: &Dial,
    conversations: &[String],
    number: usize,
    until: Instant,
) -> Result<Tally, String> {
    /// Far from each other, and in the end everywhere.
    const STRIDE: usize = 7_919;
    let mut tally = Tally::new()?;
    let mut next = number.wrapping_mul(STRIDE);
    while Instant::now() < until {
        for _ in 0..LOGS_A_LIST {
            next = next.wrapping_add(STRIDE);
            let id = &conversations[next % conversations.len()];
            let asked = Instant::now();
            let log = get(dial, &format!("/api/conversations/{id}/events?limit=200")).await?;
            note(&mut tally.log_us, asked);
            let events = log["events"].as_array().map_or(0, Vec::len);
            if events == 0 {
                return Err(format!("the log of {id} is empty"));
            }
            tally.events += events as u64;
        }
        let asked = Instant::now();
        get(dial, &list_path("")).await?;
        note(&mut tally.list_us, asked);
    }
    Ok(tally)
}

fn note(histogram: &mut Histogram<u64>, asked: Instant) {
    let us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
    histogram.saturating_record(us);
}

fn as_json(read: &Read, sum: &Tally, cpu_us: Option<u64>) -> Value {
    let latency = |histogram: &Histogram<u64>| {
        json!({
            "count": histogram.len(),
            "p50_us": histogram.value_at_quantile(0.5),
            "p99_us": histogram.value_at_quantile(0.99),
            "max_us": histogram.max(),
        })
    };
    json!({
        "test": "read",
        "readers": read.readers,
        "seconds": read.seconds,
        "log": latency(&sum.log_us),
        "list": latency(&sum.list_us),
        "events": sum.events,
        "server_cpu_us_per_answer": cpu_us,
    })
}

fn as_text(read: &Read, conversations: usize, sum: &Tally, cpu_us: Option<u64>) -> String {
    let mut table = Table::new(&format!(
        "{} of {} on {}, {} s",
        report::plural(read.readers, "reader", "readers"),
        report::plural(conversations, "conversation", "conversations"),
        read.url,
        read.seconds
    ));
    let a_second = |number: u64| report::count(number / read.seconds);
    table.row(
        "logs",
        &format!(
            "{} per second, {} events per second",
            a_second(sum.log_us.len()),
            a_second(sum.events)
        ),
    );
    table.row(
        "lists",
        &format!("{} per second", a_second(sum.list_us.len())),
    );
    table.line(&report::latency_heading());
    table.line(&report::latency_row("log", &sum.log_us));
    table.line(&report::latency_row("list", &sum.list_us));
    if let Some(cpu_us) = cpu_us {
        table.row(
            "server",
            &format!("{} µs CPU an answer", report::count(cpu_us)),
        );
    }
    table.finish()
}
