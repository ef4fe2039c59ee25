//! A day before it is played: who works when and how fast, who comes, what they bring and how long they wait.

use super::Kind;
use super::dice::{Dice, Shape};

pub(super) struct Department {
    /// Arrivals a second, each quarter of an hour of the day.
    pub(super) rates: Vec<f64>,
    pub(super) mean_s: f64,
    pub(super) shape: Shape,
    pub(super) patience: Option<(f64, Shape)>,
    /// Share handed on to the next department when done.
    pub(super) handed_on: f64,
}

pub(super) struct Worker {
    pub(super) capacity: usize,
    pub(super) departments: Vec<usize>,
    pub(super) speed: f64,
    /// On and off in seconds, as planned.
    pub(super) plan: Vec<(f64, Option<f64>)>,
    /// What really happens, in order: on or off.
    pub(super) changes: Vec<(f64, bool)>,
    pub(super) is_on: bool,
    pub(super) idle_since: f64,
    pub(super) running: Vec<Chat>,
}

pub(super) struct Chat {
    pub(super) id: usize,
    pub(super) department: usize,
    /// Seconds of undivided attention still needed.
    pub(super) work: f64,
    pub(super) handed_on: bool,
}

/// A day before it is played.
pub(super) struct Script {
    pub(super) kind: Kind,
    pub(super) hours: f64,
    pub(super) departments: Vec<Department>,
    pub(super) workers: Vec<Worker>,
    /// How much each further chat slows the others of an agent.
    pub(super) slowdown: f64,
    /// From when until when chats take longer, and by how much.
    pub(super) outage: Option<(f64, f64, f64)>,
    pub(super) shows_rota: bool,
}

fn patience(dice: &mut Dice, mean_s: f64) -> (f64, Shape) {
    let shape = match dice.whole(0, 3) {
        0 | 1 => Shape::Exponential,
        2 => Shape::Weibull(dice.between(0.7, 1.4)),
        _ => Shape::LogNormal(dice.between(0.7, 1.2)),
    };
    (mean_s, shape)
}

fn service(dice: &mut Dice) -> Shape {
    match dice.whole(0, 4) {
        0 => Shape::Exponential,
        1 | 2 => Shape::LogNormal(dice.between(0.4, 1.2)),
        3 => Shape::Mixed(dice.between(0.1, 0.3), dice.between(3.0, 6.0)),
        _ => Shape::Weibull(dice.between(0.7, 1.6)),
    }
}

/// Rates of a day with two peaks, with mean 1, a value each quarter of an hour.
fn peaks(dice: &mut Dice, hours: f64) -> Vec<f64> {
    let quarters = (hours * 4.0) as usize + 1;
    let first = dice.between(0.2, 0.4);
    let second = dice.between(0.6, 0.85);
    let depth = dice.between(0.3, 1.2);
    let wide = dice.between(0.06, 0.15);
    let mut rates: Vec<f64> = (0..quarters)
        .map(|quarter| {
            let x = quarter as f64 / quarters as f64;
            let bump = |centre: f64| (-((x - centre) / wide).powi(2) / 2.0).exp();
            let noise = (0.1 * dice.normal()).exp();
            (0.5 + depth * (bump(first) + 0.8 * bump(second))) * noise
        })
        .collect();
    let mean = rates.iter().sum::<f64>() / quarters as f64;
    for rate in &mut rates {
        *rate /= mean;
    }
    rates
}

fn flat(hours: f64) -> Vec<f64> {
    vec![1.0; (hours * 4.0) as usize + 1]
}

fn workers(dice: &mut Dice, count: usize, capacity: usize, spread: f64) -> Vec<Worker> {
    (0..count)
        .map(|_| Worker {
            capacity,
            departments: vec![0],
            speed: (spread * dice.normal()).exp(),
            plan: vec![(0.0, None)],
            changes: vec![(0.0, true)],
            is_on: false,
            idle_since: 0.0,
            running: Vec::new(),
        })
        .collect()
}

/// Sets arrivals so that the agents on duty over the day would be busy to this degree if nobody left.
fn load(
    departments: &mut [Department],
    workers: &[Worker],
    slowdown: f64,
    hours: f64,
    busy: f64,
    parts: &[f64],
) {
    let day_s = hours * 3_600.0;
    let speed: f64 = workers
        .iter()
        .map(|worker| {
            let on: f64 = worker
                .plan
                .iter()
                .map(|(from, to)| to.unwrap_or(day_s).min(day_s) - from.min(day_s))
                .sum();
            let capacity = worker.capacity as f64;
            worker.speed * capacity / (1.0 + slowdown * (capacity - 1.0)) * on / day_s
        })
        .sum();
    let brought: f64 = departments
        .iter()
        .zip(parts)
        .map(|(department, part)| part * department.mean_s)
        .sum();
    let total = busy * speed / brought;
    for (department, part) in departments.iter_mut().zip(parts) {
        for rate in &mut department.rates {
            *rate *= total * part;
        }
    }
}

/// Gives agents shifts in waves, a break each, and minutes of lateness.
fn shifts(dice: &mut Dice, workers: &mut [Worker], hours: f64) {
    let day_s = hours * 3_600.0;
    let waves = dice.whole(2, 3);
    let round = |s: f64| (s / 300.0).round() * 300.0;
    let count = workers.len();
    let lateness_s = dice.between(60.0, 240.0);
    for (number, worker) in workers.iter_mut().enumerate() {
        let wave = number * waves / count;
        let begin = round(day_s * 0.6 * wave as f64 / waves as f64 + dice.between(0.0, 600.0));
        let end = if wave + 1 == waves {
            None
        } else {
            Some(round(begin + dice.between(0.5, 0.65) * day_s).min(day_s))
        };
        let last = end.unwrap_or(day_s);
        let pause = round(begin + dice.between(0.35, 0.65) * (last - begin));
        let back = round(pause + dice.between(1_200.0, 3_600.0)).min(last - 600.0);
        worker.plan = vec![(begin, Some(pause)), (back, end)];
        let mut off = |planned: f64| (planned + lateness_s * dice.normal()).max(0.0);
        let begin = off(begin);
        let pause = off(pause).max(begin + 600.0);
        let back = off(back).max(pause + 300.0);
        worker.changes = vec![(begin, true), (pause, false), (back, true)];
        if let Some(end) = end {
            let end = off(end).max(back + 600.0);
            worker.changes.push((end, false));
        }
    }
}

/// Breaks that no plan knows, and connections that are lost for a minute or few.
fn interruptions(dice: &mut Dice, workers: &mut [Worker], hours: f64, every_h: f64, break_s: f64) {
    let day_s = hours * 3_600.0;
    for worker in workers {
        let mut changes = Vec::new();
        let spans: Vec<(f64, f64)> = worker
            .changes
            .chunks(2)
            .map(|pair| (pair[0].0, pair.get(1).map_or(day_s * 2.0, |off| off.0)))
            .collect();
        for (from, to) in spans {
            changes.push((from, true));
            let mut at = from;
            loop {
                at += every_h * 3_600.0 * dice.exponential();
                let lost = dice.share() < 0.4;
                let away = if lost {
                    20.0 + 60.0 * dice.exponential()
                } else {
                    break_s * (0.4 * dice.normal()).exp()
                };
                if at + away + 60.0 > to.min(day_s) {
                    break;
                }
                changes.push((at, false));
                at += away;
                changes.push((at, true));
                at += 60.0;
            }
            if to <= day_s * 1.5 {
                changes.push((to, false));
            }
        }
        worker.changes = changes;
    }
}

/// Draws a day of this kind.
pub(super) fn script(kind: Kind, dice: &mut Dice) -> Script {
    let hours = dice.between(8.0, 14.0);
    let mean_s = dice.between(180.0, 720.0);
    let department = Department {
        rates: flat(hours),
        mean_s,
        shape: service(dice),
        patience: None,
        handed_on: 0.0,
    };
    let draft = Draft {
        kind,
        hours,
        department,
    };
    match kind {
        Kind::Steady => draft.steady(dice),
        Kind::Overload => draft.overload(dice),
        Kind::Shifts => draft.shifts(dice),
        Kind::Concurrent => draft.concurrent(dice),
        Kind::Shared => draft.shared(dice),
        Kind::Small => draft.small(dice),
        Kind::Outage => draft.outage(dice),
    }
}

/// What days of all kinds have, before the kind decides about the rest.
struct Draft {
    kind: Kind,
    hours: f64,
    department: Department,
}

impl Draft {
    /// The day with these workers in one department, so busy that they would be to this degree if nobody left.
    fn with(self, workers: Vec<Worker>, slowdown: f64, busy: f64) -> Script {
        let mut departments = vec![self.department];
        load(
            &mut departments,
            &workers,
            slowdown,
            self.hours,
            busy,
            &[1.0],
        );
        Script {
            kind: self.kind,
            hours: self.hours,
            departments,
            workers,
            slowdown,
            outage: None,
            shows_rota: false,
        }
    }

    fn be_patient(&mut self, dice: &mut Dice, least_s: f64, most_s: f64) {
        let mean_s = dice.between(least_s, most_s);
        self.department.patience = Some(patience(dice, mean_s));
    }

    fn steady(mut self, dice: &mut Dice) -> Script {
        self.hours = dice.between(14.0, 26.0);
        self.department.rates = flat(self.hours);
        if dice.share() < 0.5 {
            self.department.shape = Shape::Exponential;
        }
        let count = dice.whole(6, 40);
        let workers = workers(dice, count, 1, 0.0);
        let busy = 1.0 - dice.between(0.6, 1.4) / (count as f64).max(10.0);
        self.with(workers, 0.0, busy)
    }

    fn overload(mut self, dice: &mut Dice) -> Script {
        self.be_patient(dice, 180.0, 900.0);
        if dice.share() < 0.4 {
            self.department.shape = Shape::Exponential;
        }
        let count = dice.whole(8, 45);
        let capacity = if dice.share() < 0.7 { 1 } else { 2 };
        let workers = workers(dice, count, capacity, 0.0);
        let busy = dice.between(1.05, 1.35);
        self.with(workers, 0.0, busy)
    }

    fn shifts(mut self, dice: &mut Dice) -> Script {
        self.be_patient(dice, 400.0, 1_500.0);
        self.department.rates = peaks(dice, self.hours);
        let count = dice.whole(12, 40);
        let mut workers = workers(dice, count, 1, 0.1);
        shifts(dice, &mut workers, self.hours);
        let busy = dice.between(0.9, 1.05);
        let script = self.with(workers, 0.0, busy);
        Script {
            shows_rota: true,
            ..script
        }
    }

    fn concurrent(mut self, dice: &mut Dice) -> Script {
        self.be_patient(dice, 300.0, 1_200.0);
        self.department.rates = peaks(dice, self.hours);
        let count = dice.whole(6, 20);
        let capacity = dice.whole(2, 5);
        let slowdown = dice.between(0.1, 0.6);
        let mut workers = workers(dice, count, capacity, 0.25);
        shifts(dice, &mut workers, self.hours);
        let busy = dice.between(0.85, 1.05);
        let script = self.with(workers, slowdown, busy);
        Script {
            shows_rota: true,
            ..script
        }
    }

    fn shared(self, dice: &mut Dice) -> Script {
        let count = dice.whole(8, 20);
        let capacity = dice.whole(1, 3);
        let slowdown = dice.between(0.05, 0.4);
        let mut workers = workers(dice, count, capacity, 0.15);
        let many = dice.whole(2, 3);
        for (number, worker) in workers.iter_mut().enumerate() {
            let own = number % many;
            worker.departments = match dice.whole(0, 2) {
                0 => vec![own, (own + 1) % many],
                _ => vec![own],
            };
        }
        let every_h = dice.between(0.8, 3.0);
        let break_s = dice.between(400.0, 1_500.0);
        interruptions(dice, &mut workers, self.hours, every_h, break_s);
        let mut departments: Vec<Department> = (0..many).map(|_| self.sibling(dice)).collect();
        departments[0].handed_on = dice.between(0.0, 0.2);
        let parts = fair_parts(&departments, &workers);
        let busy = dice.between(0.8, 1.0);
        load(
            &mut departments,
            &workers,
            slowdown,
            self.hours,
            busy,
            &parts,
        );
        Script {
            kind: self.kind,
            hours: self.hours,
            departments,
            workers,
            slowdown,
            outage: None,
            shows_rota: false,
        }
    }

    /// Another department of the same desk.
    fn sibling(&self, dice: &mut Dice) -> Department {
        Department {
            rates: peaks(dice, self.hours),
            mean_s: self.department.mean_s * dice.between(0.6, 1.6),
            shape: service(dice),
            patience: Some({
                let mean_s = dice.between(200.0, 1_000.0);
                patience(dice, mean_s)
            }),
            handed_on: 0.0,
        }
    }

    fn small(mut self, dice: &mut Dice) -> Script {
        self.be_patient(dice, 300.0, 1_500.0);
        let count = dice.whole(2, 5);
        let capacity = dice.whole(1, 3);
        let slowdown = dice.between(0.1, 0.4);
        let mut workers = workers(dice, count, capacity, 0.2);
        interruptions(dice, &mut workers, self.hours, 3.0, 900.0);
        let busy = dice.between(0.8, 1.1);
        self.with(workers, slowdown, busy)
    }

    fn outage(mut self, dice: &mut Dice) -> Script {
        self.be_patient(dice, 300.0, 1_200.0);
        let count = dice.whole(8, 25);
        let capacity = dice.whole(1, 3);
        let slowdown = dice.between(0.05, 0.4);
        let workers = workers(dice, count, capacity, 0.15);
        let begin = dice.between(0.3, 0.6) * self.hours;
        let end = begin + dice.between(1.0, 3.0);
        let surge = dice.between(1.5, 2.5);
        for (quarter, rate) in self.department.rates.iter_mut().enumerate() {
            let hour = quarter as f64 / 4.0;
            if (begin..end).contains(&hour) {
                *rate *= surge;
            }
        }
        let longer = dice.between(1.0, 1.6);
        let busy = dice.between(0.75, 0.95);
        let script = self.with(workers, slowdown, busy);
        Script {
            outage: Some((begin * 3_600.0, end * 3_600.0, longer)),
            ..script
        }
    }
}

/// Which share of the visitors comes to each department, so that none is understaffed against the others.
fn fair_parts(departments: &[Department], workers: &[Worker]) -> Vec<f64> {
    let parts: Vec<f64> = departments
        .iter()
        .enumerate()
        .map(|(of, department)| {
            let own: f64 = workers
                .iter()
                .filter(|worker| worker.departments.contains(&of))
                .map(|worker| 1.0 / worker.departments.len() as f64)
                .sum();
            own / department.mean_s
        })
        .collect();
    let sum: f64 = parts.iter().sum();
    parts.iter().map(|part| part / sum).collect()
}
