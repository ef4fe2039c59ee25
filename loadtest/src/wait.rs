//! `wait`: a small desk in full swing, and each visitor's promise held against the wait that came of it.
//!
//! Agents of several speeds serve a line that is a little longer than they can serve; half way through they are relieved by others,
//! slower ones. Visitors come at random, some give up. Everything about them is drawn from the seed; what the server makes of
//! it is what is measured. One process and one thread: a desk has few people.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use balie_loadtest::accounts;
use balie_loadtest::day::dice::Dice;
use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::fault::Trouble;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::ConversationId;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::arguments::Wait;
use crate::plot::{self, Dot, End, Promise};

/// Half of the chats of the fastest and of the slowest agent take about so long.
const CHAT_S: (f64, f64) = (6.0, 16.0);
/// Those who come at the change of shifts are so much slower.
const LATE_SLOWER: f64 = 1.3;
/// Agents come and go within this time around the change.
const CHANGE_S: f64 = 20.0;
/// Visitors have so much patience on average.
const PATIENCE_S: f64 = 120.0;
/// Longer than any run.
const DAY_S: f64 = 86_400.0;
/// How long anything may take before the run is given up.
const PATIENCE_MS_MAX: u64 = 900_000;

#[derive(Clone, Copy)]
struct Worker {
    capacity: u64,
    chat_s: f64,
    from_s: f64,
    to_s: f64,
}

/// Runs the desk and draws what came of its promises; false when nobody was promised anything.
///
/// # Errors
/// What kept it from running.
pub async fn run(wait: Wait) -> Result<bool, String> {
    let mut dice = Dice::new(wait.seed);
    let workers = workers(&mut dice, &wait);
    let early: f64 = workers
        .iter()
        .filter(|worker| worker.from_s < CHANGE_S)
        .map(|worker| worker.capacity as f64 / worker.chat_s)
        .sum();
    let per_s = early * wait.load;
    let tokens = accounts::make(&wait.balie, &wait.data, "support", workers.len()).await?;
    let begin = Instant::now();
    let seen: Arc<Mutex<Vec<Dot>>> = Arc::default();
    let mut agents: JoinSet<Result<(), String>> = JoinSet::new();
    let mut visitors: JoinSet<Result<(), String>> = JoinSet::new();
    for ((worker, token), number) in workers.iter().zip(tokens).zip(1..) {
        // A stream of their own: what one draws does not change what the others do.
        let dice = Dice::new(wait.seed * 1_000 + number);
        let (url, worker) = (wait.url.clone(), *worker);
        agents.spawn(async move { work(&url, &token, worker, begin, dice).await });
    }
    // The first agents are there before the first visitor.
    sleep(Duration::from_secs(2)).await;
    let mut next_s = 2.0;
    loop {
        next_s += dice.exponential() / per_s;
        if next_s >= wait.seconds as f64 {
            break;
        }
        sleep_until(begin + Duration::from_secs_f64(next_s)).await;
        let (url, seen) = (wait.url.clone(), Arc::clone(&seen));
        let patience = Duration::from_secs_f64(PATIENCE_S * dice.exponential());
        visitors.spawn(async move {
            let dot = visit(&url, patience).await?;
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(dot);
            Ok(())
        });
    }
    while let Some(ended) = visitors.join_next().await {
        ended.map_err(|error| error.to_string())??;
    }
    // Nobody is left to be served; those who work still have nothing to do.
    while let Some(ended) = agents.try_join_next() {
        ended.map_err(|error| error.to_string())??;
    }
    agents.shutdown().await;
    let mut dots = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    dots.sort_by_key(|dot| dot.came_ms);
    let first_ms = dots.first().map_or(0, |dot| dot.came_ms);
    for dot in &mut dots {
        dot.came_ms -= first_ms;
    }
    let change_ms = (wait.seconds as i64 * 1_000) / 2 - 2_000;
    std::fs::write(&wait.svg, plot::svg(&dots, change_ms))
        .map_err(|error| format!("{} cannot be written: {error}", wait.svg.display()))?;
    print!("{}", plot::words(&dots, change_ms));
    Ok(dots.iter().any(|dot| dot.promise.is_some()))
}

fn workers(dice: &mut Dice, wait: &Wait) -> Vec<Worker> {
    let half_s = wait.seconds as f64 / 2.0;
    (0..wait.agents)
        .map(|number| {
            let is_late = number >= wait.agents / 2;
            let share = dice.share();
            let chat_s = CHAT_S.0 + share * (CHAT_S.1 - CHAT_S.0);
            let change_s = half_s + dice.between(0.0, CHANGE_S);
            Worker {
                capacity: 1 + number % 2,
                chat_s: chat_s * if is_late { LATE_SLOWER } else { 1.0 },
                from_s: if is_late { change_s } else { 0.0 },
                // The last ones serve the line to its end.
                to_s: if is_late { DAY_S } else { change_s },
            }
        })
        .collect()
}

/// An agent's shift: everything that is given is worked at for a while, and ended.
async fn work(
    url: &str,
    token: &str,
    worker: Worker,
    begin: Instant,
    mut dice: Dice,
) -> Result<(), String> {
    let said = |trouble: Trouble| trouble.to_string();
    let builder = Agent::of(url, token).map_err(said)?;
    let builder = builder.patience_ms(PATIENCE_MS_MAX);
    let mut agent = builder.connect().await.map_err(said)?;
    sleep_until(begin + Duration::from_secs_f64(worker.from_s)).await;
    agent.online(worker.capacity).await.map_err(said)?;
    let until = begin + Duration::from_secs_f64(worker.to_s);
    let mut running: Vec<(Instant, ConversationId)> = Vec::new();
    let mut is_on = true;
    while is_on || !running.is_empty() {
        let ends = running.iter().map(|(due, _)| *due);
        // While they are on, the end of the shift is due, too.
        let due = ends.chain(is_on.then_some(until)).min().unwrap_or(until);
        match timeout_at(due, agent.next_assigned()).await {
            Ok(given) => {
                let length_s = worker.chat_s * (0.3 + 0.7 * dice.exponential());
                let due = Instant::now() + Duration::from_secs_f64(length_s);
                running.push((due, given.map_err(said)?));
            }
            Err(_elapsed) => {
                let now = Instant::now();
                if is_on && now >= until {
                    is_on = false;
                    agent.status("away", None).await.map_err(said)?;
                }
                let (done, rest) = running.into_iter().partition(|(due, _)| *due <= now);
                running = rest;
                let done: Vec<(Instant, ConversationId)> = done;
                for (_, conversation) in done {
                    agent.end(conversation).await.map_err(said)?;
                }
            }
        }
    }
    agent.close().await.map_err(said)
}

/// A visitor: waits for an agent or gives up, and stays until the chat is ended.
async fn visit(url: &str, patience: Duration) -> Result<Dot, String> {
    let said = |trouble: Trouble| trouble.to_string();
    let builder = Visitor::of(url, "demo").map_err(said)?;
    let builder = builder.patience_ms(PATIENCE_MS_MAX);
    let mut visitor = builder.connect().await.map_err(said)?;
    let deadline = Instant::now() + patience;
    let asks = json!({"department": "support", "text": "help"});
    let ack = visitor.start_with(asks).await.map_err(said)?;
    let came_ms = i64::try_from(ack.at).map_err(|error| error.to_string())?;
    let mut promise = None;
    let end = loop {
        let tells = |frame: &Frame| frame.is("queue") || frame.is("assigned");
        let told = visitor.expect_frame("a place or an agent", tells);
        match timeout_at(deadline, told).await {
            Ok(told) => {
                let told = told.map_err(said)?;
                if told.is("assigned") {
                    break End::Answered(whole(&told.json["waited_ms"]));
                }
                let eta = &told.json["eta"];
                if promise.is_none() && eta.is_object() {
                    promise = Some(Promise {
                        after_ms: whole(&told.json["at"]) - came_ms,
                        p50_ms: whole(&eta["p50_ms"]),
                        p90_ms: whole(&eta["p90_ms"]),
                    });
                }
            }
            Err(_elapsed) => {
                // Answered in this very moment counts as gone: they would have closed the window.
                visitor.leave().await.map_err(said)?;
                break End::Left(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX));
            }
        }
    };
    if matches!(end, End::Answered(_)) {
        visitor.expect_kind("closed").await.map_err(said)?;
    }
    visitor.close().await.map_err(said)?;
    Ok(Dot {
        came_ms,
        promise,
        end,
    })
}

fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}
