//! A day played: the oldest of all lines that an agent serves is served first, no free slot stands beside somebody it could
//! serve, and everything that happens is written down as a line of a trace.

use std::fmt::Write as _;

use super::KINDS;
use super::dice::Dice;
use super::script::{Chat, Department, Script, Worker};

fn department_name(number: usize) -> String {
    format!("d{}", number + 1)
}

fn department_list(numbers: &[usize]) -> String {
    let names: Vec<String> = numbers
        .iter()
        .map(|number| format!("\"{}\"", department_name(*number)))
        .collect();
    format!("[{}]", names.join(","))
}

fn agent_name(number: usize) -> String {
    format!("a{:02}", number + 1)
}

fn ms(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

/// The first line: what was planned.
pub(super) fn header(script: &Script, seed: u64, out: &mut String) {
    let kind = KINDS.iter().find(|(_, kind)| *kind == script.kind);
    let name = kind.map_or("day", |(name, _)| name);
    let all: Vec<usize> = (0..script.departments.len()).collect();
    let rota = if script.shows_rota {
        let plans: Vec<String> = script
            .workers
            .iter()
            .enumerate()
            .map(|(number, worker)| {
                let shifts: Vec<String> = worker
                    .plan
                    .iter()
                    .map(|(from, to)| {
                        let to = to.map_or("null".to_owned(), |to| ms(to).to_string());
                        format!("[{},{to}]", ms(*from))
                    })
                    .collect();
                format!(
                    "\"{}\":{{\"cap\":{},\"depts\":{},\"shifts\":[{}]}}",
                    agent_name(number),
                    worker.capacity,
                    department_list(&worker.departments),
                    shifts.join(",")
                )
            })
            .collect();
        format!("{{{}}}", plans.join(","))
    } else {
        "null".to_owned()
    };
    let _ = writeln!(
        out,
        "{{\"ev\":\"trace\",\"v\":1,\"name\":\"{name}-{seed}\",\"t0\":\"2026-01-12T06:00:00Z\",\"tz\":\"Europe/Amsterdam\",\"score_from\":3600000,\"depts\":{},\"rota\":{rota}}}",
        department_list(&all)
    );
}

struct Waiting {
    id: usize,
    department: usize,
    leaves: f64,
    work: f64,
    handed_on: bool,
}

/// A day while it is played.
pub(super) struct Play {
    script: Script,
    dice: Dice,
    now: f64,
    waiting: Vec<Waiting>,
    next_arrival: Vec<f64>,
    next_change: Vec<usize>,
    next_id: usize,
}

enum Next {
    Arrival(usize),
    Change(usize),
    Leave(usize),
    Done(usize, usize),
}

impl Play {
    /// A day at its beginning.
    pub(super) fn new(script: Script, mut dice: Dice) -> Self {
        let next_arrival = (0..script.departments.len())
            .map(|of| arrival(&script.departments[of], 0.0, &mut dice))
            .collect();
        let next_change = vec![0; script.workers.len()];
        Self {
            script,
            dice,
            now: 0.0,
            waiting: Vec::new(),
            next_arrival,
            next_change,
            next_id: 1,
        }
    }

    /// Work done a second for each chat of an agent.
    fn pace(&self, worker: &Worker) -> f64 {
        let longer = match self.script.outage {
            Some((from, to, longer)) if (from..to).contains(&self.now) => longer,
            _ => 1.0,
        };
        let others = worker.running.len().saturating_sub(1) as f64;
        worker.speed / (1.0 + self.script.slowdown * others) / longer
    }

    /// Plays it to the end and writes it down.
    pub(super) fn run(mut self, out: &mut String) {
        let end = self.script.hours * 3_600.0;
        while let Some((at, next)) = self.next() {
            let past = at - self.now;
            for number in 0..self.script.workers.len() {
                let done = past * self.pace(&self.script.workers[number]);
                for chat in &mut self.script.workers[number].running {
                    chat.work -= done;
                }
            }
            self.now = at;
            match next {
                Next::Arrival(department) => {
                    let after = arrival(&self.script.departments[department], at, &mut self.dice);
                    self.next_arrival[department] = if after < end { after } else { f64::INFINITY };
                    self.arrive(department, None, out);
                }
                Next::Change(number) => self.change(number, out),
                Next::Leave(index) => {
                    let who = self.waiting.remove(index);
                    let _ = writeln!(
                        out,
                        "{{\"t\":{},\"ev\":\"abandon\",\"id\":\"v{}\"}}",
                        ms(at),
                        who.id
                    );
                }
                Next::Done(number, index) => self.done(number, index, out),
            }
        }
    }

    fn next(&self) -> Option<(f64, Next)> {
        let mut best: Option<(f64, Next)> = None;
        let mut offer = |at: f64, next: Next| {
            if at.is_finite() && best.as_ref().is_none_or(|(first, _)| at < *first) {
                best = Some((at.max(self.now), next));
            }
        };
        for (department, at) in self.next_arrival.iter().enumerate() {
            offer(*at, Next::Arrival(department));
        }
        for (number, worker) in self.script.workers.iter().enumerate() {
            if let Some((at, _)) = worker.changes.get(self.next_change[number]) {
                offer(*at, Next::Change(number));
            }
            let pace = self.pace(worker);
            for (index, chat) in worker.running.iter().enumerate() {
                offer(
                    self.now + chat.work.max(0.0) / pace,
                    Next::Done(number, index),
                );
            }
        }
        for (index, who) in self.waiting.iter().enumerate() {
            offer(who.leaves, Next::Leave(index));
        }
        best
    }

    fn arrive(&mut self, department: usize, from: Option<usize>, out: &mut String) {
        let id = self.next_id;
        self.next_id += 1;
        let about = &self.script.departments[department];
        let work = about.mean_s * about.shape.draw(&mut self.dice);
        let handed_on = from.is_none() && self.dice.share() < about.handed_on;
        let leaves = match about.patience {
            Some((mean_s, shape)) => self.now + mean_s * shape.draw(&mut self.dice),
            None => f64::INFINITY,
        };
        let from = from.map_or(String::new(), |from| format!(",\"from\":\"v{from}\""));
        let _ = writeln!(
            out,
            "{{\"t\":{},\"ev\":\"arrive\",\"id\":\"v{id}\",\"dept\":\"{}\"{from}}}",
            ms(self.now),
            department_name(department)
        );
        self.waiting.push(Waiting {
            id,
            department,
            leaves,
            work,
            handed_on,
        });
        let free = |worker: &Worker| worker.is_on && worker.running.len() < worker.capacity;
        let chosen = (0..self.script.workers.len())
            .filter(|number| {
                let worker = &self.script.workers[*number];
                free(worker) && worker.departments.contains(&department)
            })
            .min_by(|one, other| {
                let rank = |number: &usize| {
                    let worker = &self.script.workers[*number];
                    (
                        worker.running.len() as f64 / worker.capacity as f64,
                        worker.idle_since,
                    )
                };
                rank(one)
                    .partial_cmp(&rank(other))
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
        if let Some(number) = chosen {
            self.fill(number, out);
        }
    }

    /// A worker with room takes the oldest of their lines, as long as there is one.
    fn fill(&mut self, number: usize, out: &mut String) {
        loop {
            let worker = &self.script.workers[number];
            if !worker.is_on || worker.running.len() >= worker.capacity {
                return;
            }
            let mine = |who: &Waiting| worker.departments.contains(&who.department);
            let Some(index) = self.waiting.iter().position(mine) else {
                return;
            };
            let who = self.waiting.remove(index);
            let _ = writeln!(
                out,
                "{{\"t\":{},\"ev\":\"start\",\"id\":\"v{}\",\"agent\":\"{}\"}}",
                ms(self.now),
                who.id,
                agent_name(number)
            );
            let chat = Chat {
                id: who.id,
                department: who.department,
                work: who.work,
                handed_on: who.handed_on,
            };
            self.script.workers[number].running.push(chat);
        }
    }

    fn done(&mut self, number: usize, index: usize, out: &mut String) {
        let chat = self.script.workers[number].running.remove(index);
        let _ = writeln!(
            out,
            "{{\"t\":{},\"ev\":\"end\",\"id\":\"v{}\",\"agent\":\"{}\"}}",
            ms(self.now),
            chat.id,
            agent_name(number)
        );
        self.script.workers[number].idle_since = self.now;
        self.fill(number, out);
        if chat.handed_on {
            let next = (chat.department + 1) % self.script.departments.len();
            if next != chat.department {
                self.arrive(next, Some(chat.id), out);
            }
        }
    }

    fn change(&mut self, number: usize, out: &mut String) {
        let worker = &mut self.script.workers[number];
        let (_, is_on) = worker.changes[self.next_change[number]];
        self.next_change[number] += 1;
        worker.is_on = is_on;
        if is_on {
            worker.idle_since = self.now;
            let _ = writeln!(
                out,
                "{{\"t\":{},\"ev\":\"agent_on\",\"agent\":\"{}\",\"cap\":{},\"depts\":{}}}",
                ms(self.now),
                agent_name(number),
                worker.capacity,
                department_list(&worker.departments)
            );
            self.fill(number, out);
        } else {
            let _ = writeln!(
                out,
                "{{\"t\":{},\"ev\":\"agent_off\",\"agent\":\"{}\"}}",
                ms(self.now),
                agent_name(number)
            );
        }
    }
}

/// The next arrival after `now`, by thinning the highest rate (Lewis and Shedler, 1979).
fn arrival(department: &Department, now: f64, dice: &mut Dice) -> f64 {
    let most = department.rates.iter().copied().fold(0.0, f64::max);
    let mut at = now;
    loop {
        at += dice.exponential() / most;
        let quarter = (at / 900.0) as usize;
        let Some(rate) = department.rates.get(quarter) else {
            return f64::INFINITY;
        };
        if dice.share() * most <= *rate {
            return at;
        }
    }
}
