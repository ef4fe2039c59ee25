//! The lines of a report: figures by hour, day, department or agent, each judged by the standards of those it counts.
//!
//! Pure. Called by reports over REST.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::model::id::DepartmentKey;
use crate::model::standard::Standard;
use crate::model::time::At;

use super::{AgentWork, Cell, DAY, Figures, HOUR, LocalSpan, QUARTER, Quarter, Ratio, Talks};
use crate::domain::staffing::forecast::PastDay;

/// Figures that belong together, and how much of the standard was kept. Departments with different standards are each
/// judged by their own: the counts add up.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The figures.
    pub cell: Cell,
    answered_in: u64,
    judged: u64,
}

impl Judged {
    fn add(&mut self, cell: &Cell, standard: Standard) {
        let waits = cell.waits.settled();
        let level = waits.service_level(standard.threshold_ms, standard.definition);
        self.answered_in += level.part;
        self.judged += level.whole;
        self.cell.add(cell);
    }

    fn add_judged(&mut self, other: &Self) {
        self.answered_in += other.answered_in;
        self.judged += other.judged;
        self.cell.add(&other.cell);
    }

    /// The service level.
    #[must_use]
    pub fn service_level(&self) -> Ratio {
        Ratio {
            part: self.answered_in,
            whole: self.judged,
        }
    }
}

/// An agent's line.
#[derive(Clone, Debug, Default)]
pub struct AgentLine {
    /// What their talks came to.
    pub talks: Talks,
    /// What they did with their time.
    pub work: AgentWork,
}

/// The wall clock of a place.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// By its name in the time zone database.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The day (`2026-11-22`) on this clock: where it begins, and where the next one does. None if it is no day.
    #[must_use]
    pub fn day(&self, day: &str) -> Option<(At, At)> {
        let date: Date = day.parse().ok()?;
        // `2026-11-22T10:00` is a date to the parser, and no day to us.
        (day.len() == 10).then_some(())?;
        let begins = |date: Date| {
            let start = date.to_zoned(self.0.clone()).ok()?;
            Some(At(start.timestamp().as_millisecond()))
        };
        Some((begins(date)?, begins(date.tomorrow().ok()?)?))
    }

    /// The day that lies so many days before this one.
    #[must_use]
    pub fn days_before(&self, day: &str, days: u32) -> Option<String> {
        let date: Date = day.parse().ok()?;
        let date = date.checked_sub(i64::from(days).days()).ok()?;
        Some(date.strftime(DAY).to_string())
    }

    /// The day of a moment.
    #[must_use]
    pub fn day_of(&self, at: At) -> Option<String> {
        self.written(at, DAY)
    }

    /// The time of a moment, as `09:15`.
    #[must_use]
    pub fn time_of(&self, at: At) -> Option<String> {
        self.written(at, "%H:%M")
    }

    fn written(&self, at: At, format: &str) -> Option<String> {
        let moment = Timestamp::from_millisecond(at.0).ok()?;
        Some(moment.to_zoned(self.0.clone()).strftime(format).to_string())
    }
}

/// A span on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalClock {
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// An hour of the week, as `1-09` for Mondays (ISO 8601) from nine to ten: all of the time together.
    WeekHour,
}

impl Figures {
    /// Only what one department counts.
    #[must_use]
    pub fn of_department(mut self, department: &DepartmentKey) -> Self {
        self.cells.retain(|(key, _), _| key == department);
        self
    }

    /// Everything together.
    #[must_use]
    pub fn judged(&self, standard: impl Fn(&DepartmentKey) -> Standard) -> Judged {
        let mut all = Judged::default();
        for ((department, _), cell) in &self.cells {
            all.add(cell, standard(department));
        }
        all
    }

    /// By department.
    #[must_use]
    pub fn judged_by_department(
        &self,
        standard: impl Fn(&DepartmentKey) -> Standard,
    ) -> BTreeMap<DepartmentKey, Judged> {
        let mut lines: BTreeMap<DepartmentKey, Judged> = BTreeMap::new();
        for ((department, _), cell) in &self.cells {
            let line = lines.entry(department.clone()).or_default();
            line.add(cell, standard(department));
        }
        lines
    }

    /// By hour or day on the wall clock of a zone, in order of time, or by hour of the week in its order; those in which nobody came are not there.
    #[must_use]
    pub fn judged_by_local(
        &self,
        clock: LocalClock,
        zone: &Zone,
        standard: impl Fn(&DepartmentKey) -> Standard,
    ) -> Vec<(LocalSpan, Judged)> {
        let format = match clock {
            LocalClock::Quarter => "%Y-%m-%dT%H:%M:00%:z",
            LocalClock::Hour => HOUR,
            LocalClock::Day => DAY,
            LocalClock::WeekHour => "%u-%H",
        };
        let mut quarters: BTreeMap<Quarter, Judged> = BTreeMap::new();
        for ((department, quarter), cell) in &self.cells {
            let one = quarters.entry(*quarter).or_default();
            one.add(cell, standard(department));
        }
        let mut lines: BTreeMap<String, (Quarter, Judged)> = BTreeMap::new();
        for (quarter, one) in quarters {
            let Some(label) = quarter.label(&zone.0, format) else {
                continue;
            };
            match lines.entry(label) {
                Entry::Occupied(known) => known.into_mut().1.add_judged(&one),
                Entry::Vacant(free) => {
                    free.insert((quarter, one));
                }
            }
        }
        let lines = lines.into_iter();
        let mut lines: Vec<(LocalSpan, Judged)> = lines
            .map(|(label, (first, line))| (LocalSpan { first, label }, line))
            .collect();
        // An hour that the clock repeats is written like the one before it but for its offset.
        if clock != LocalClock::WeekHour {
            lines.sort_by_key(|(span, _)| span.first);
        }
        lines
    }

    /// Arrivals in each quarter hour of the `days` days before this one, from the first on which anybody came: before that
    /// nothing is known.
    #[must_use]
    pub fn past_days(&self, zone: &Zone, day: &str, days: u32) -> Vec<PastDay> {
        let first = self.cells.keys().map(|(_, quarter)| *quarter).min();
        let past = (1..=days).filter_map(|days_ago| {
            let (from, to) = zone.day(&zone.days_before(day, days_ago)?)?;
            if to <= first?.start() {
                return None;
            }
            let quarters = usize::try_from((to - from).0 / QUARTER.0).ok()?;
            let mut arrivals = vec![0; quarters];
            for ((_, quarter), cell) in &self.cells {
                let into = (quarter.start() - from).0;
                let index = usize::try_from(into.div_euclid(QUARTER.0)).ok();
                if let Some(count) = index.and_then(|index| arrivals.get_mut(index)) {
                    *count += u32::try_from(cell.waits.offered()).unwrap_or(u32::MAX);
                }
            }
            Some(PastDay { days_ago, arrivals })
        });
        past.collect()
    }
}
