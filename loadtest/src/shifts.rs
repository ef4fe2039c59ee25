//! A small desk in full swing, and what each visitor of it was promised and met.
//!
//! Agents of several speeds serve a line that is a little longer than they can serve; half way through they are relieved by others,
//! slower ones. Visitors come at random, some give up. Everything about them is drawn from the seed; what the server makes of
//! it is what is measured. One process and one thread: a desk has few people. `balie-loadtest wait` runs it for minutes, a test of
//! the server's for seconds.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::day::dice::Dice;
use crate::participant::agent::Agent;
use crate::participant::fault::Trouble;
use crate::participant::mind::Frame;
use crate::participant::visitor::Visitor;
use crate::participant::wire::ConversationId;
use crate::plot::{Course, Dot, End, Promise};

/// Those who come at the change of shifts are so much slower.
const LATE_SLOWER: f64 = 1.3;
/// The first agents are there before the first visitor.
const FIRST_VISITOR_S: f64 = 2.0;
/// So often an agent looks whether a chat that was ended is over.
const LOOK: Duration = Duration::from_millis(100);
/// Longer than any run.
const DAY_S: f64 = 86_400.0;
/// How long anything may take before the run is given up.
const PATIENCE_MS_MAX: u64 = 900_000;

/// A desk, and who comes to it for how long.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Address of the server, as `http://127.0.0.1:8080`.
    pub url: String,
    /// API tokens of agents who serve `support`, two or more. The first half of them has the first shift.
    pub tokens: Vec<String>,
    /// Visitors come within this time.
    pub seconds: f64,
    /// So many come for each that the first shift can serve.
    pub load: f64,
    /// Which visitors, and how fast which agent is.
    pub seed: u64,
    /// How fast everybody is.
    pub tempo: Tempo,
}

/// How long everything takes at a desk.
#[derive(Clone, Copy, Debug)]
pub struct Tempo {
    /// The chats of the fastest and of the slowest agent, on average.
    pub chat_s: (f64, f64),
    /// Agents come and go within this time around the change.
    pub change_s: f64,
    /// Visitors have so much patience on average.
    pub patience_s: f64,
}

impl Tempo {
    /// Chats of some ten seconds, so that nine minutes are a day.
    pub const DAY_IN_MINUTES: Self = Self {
        chat_s: (6.0, 16.0),
        change_s: 20.0,
        patience_s: 120.0,
    };
}

#[derive(Clone, Copy)]
struct Worker {
    capacity: u64,
    chat_s: f64,
    from_s: f64,
    to_s: f64,
}

/// Runs the desk until the last visitor is gone.
///
/// # Errors
/// What kept it from running.
pub async fn run(desk: &Desk) -> Result<Course, String> {
    let mut dice = Dice::new(desk.seed);
    let workers = workers(&mut dice, desk);
    let first = workers.iter().take(desk.tokens.len() / 2);
    let served_per_s: f64 = first
        .map(|worker| worker.capacity as f64 / worker.chat_s)
        .sum();
    let begin = Instant::now();
    let mut people: JoinSet<Result<Option<Dot>, String>> = JoinSet::new();
    for ((worker, token), number) in workers.iter().zip(&desk.tokens).zip(1..) {
        // A stream of their own: what one draws does not change what the others do.
        let dice = Dice::new(desk.seed.wrapping_mul(1_000).wrapping_add(number));
        let (url, token, worker) = (desk.url.clone(), token.clone(), *worker);
        people.spawn(async move {
            work(&url, &token, worker, begin, dice).await?;
            Ok(None)
        });
    }
    let (mut dots, mut visitors) = (Vec::new(), 0);
    let mut next_s = FIRST_VISITOR_S;
    loop {
        next_s += dice.exponential() / (served_per_s * desk.load);
        if next_s >= desk.seconds {
            break;
        }
        let next = begin + Duration::from_secs_f64(next_s);
        // Whoever cannot go on ends the run now, not when everybody else is done.
        while let Ok(Some(ended)) = timeout_at(next, people.join_next()).await {
            dots.extend(ended.map_err(|error| error.to_string())??);
        }
        sleep_until(next).await;
        let url = desk.url.clone();
        let patience = Duration::from_secs_f64(desk.tempo.patience_s * dice.exponential());
        people.spawn(async move { visit(&url, patience).await.map(Some) });
        visitors += 1;
    }
    while dots.len() < visitors
        && let Some(ended) = people.join_next().await
    {
        dots.extend(ended.map_err(|error| error.to_string())??);
    }
    // Nobody is left to be served; those who work still have nothing to do.
    people.shutdown().await;
    dots.sort_by_key(|dot| dot.came_ms);
    let first_ms = dots.first().map_or(0, |dot| dot.came_ms);
    for dot in &mut dots {
        dot.came_ms -= first_ms;
    }
    let change_s = desk.seconds / 2.0 - FIRST_VISITOR_S;
    Ok(Course {
        dots,
        change_ms: (change_s * 1_000.0) as i64,
    })
}

fn workers(dice: &mut Dice, desk: &Desk) -> Vec<Worker> {
    let half_s = desk.seconds / 2.0;
    let (fastest_s, slowest_s) = desk.tempo.chat_s;
    (0..desk.tokens.len())
        .map(|number| {
            let is_late = number >= desk.tokens.len() / 2;
            let chat_s = dice.between(fastest_s, slowest_s);
            let change_s = half_s + dice.between(0.0, desk.tempo.change_s);
            Worker {
                capacity: if number % 2 == 0 { 1 } else { 2 },
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
    // When each chat is to end; none once it was ended, until that is seen.
    let mut chats: HashMap<ConversationId, Option<Instant>> = HashMap::new();
    let mut is_on = true;
    while is_on || !chats.is_empty() {
        let ends = chats.values().flatten().copied();
        // While they are on, the end of the shift is due, too.
        let due = ends.chain(is_on.then_some(until)).min();
        let due = due.unwrap_or_else(|| Instant::now() + LOOK);
        if let Ok(given) = timeout_at(due, agent.next_assigned()).await {
            given.map_err(said)?;
        }
        let now = Instant::now();
        if is_on && now >= until {
            is_on = false;
            agent.status("away", None).await.map_err(said)?;
        }
        for (conversation, due) in &mut chats {
            if due.is_some_and(|due| due <= now) {
                *due = None;
                match agent.end(*conversation).await {
                    // A visitor who gave up in the moment of the assignment has ended it.
                    Ok(_) | Err(Trouble::Refused(_)) => {}
                    Err(trouble) => return Err(said(trouble)),
                }
            }
        }
        // What came while the shift ended is worked at, too.
        let owned = agent.owned();
        chats.retain(|conversation, due| due.is_some() || owned.contains(conversation));
        for conversation in owned {
            chats.entry(conversation).or_insert_with(|| {
                let length_s = worker.chat_s * (0.3 + 0.7 * dice.exponential());
                Some(Instant::now() + Duration::from_secs_f64(length_s))
            });
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
