//! Opening hours: whether a department is open at a moment, and when it opens next.
//!
//! A [`Schedule`] is made once, where settings are written or read; what exists of it is within the limits. Pure: the
//! moment is an argument. Daylight saving: a span begins at the first moment at which the wall clock shows its `from`
//! or has jumped over it, and ends likewise at its `to`. So a span across the night in which clocks go back is an hour
//! longer, one across the night in which they go forward an hour shorter, and one that lies in the hour that is left out
//! does not happen.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

use crate::model::hours::{Hours, OpenSpan};
use crate::model::time::{At, Millis};

/// Most spans of a week: a different one for each day, with breaks.
pub const SPANS_MAX: usize = 50;
/// Most closed dates; old ones do no harm.
pub const CLOSED_MAX: usize = 400;
/// So many days are looked through for the next opening; what is closed for longer has none that is known.
const DAYS_AHEAD: i64 = 400;
/// Minutes of a day on the wall clock.
const DAY: u16 = 24 * 60;
/// Monday is 1, as ISO 8601 counts.
const WEEKDAYS: RangeInclusive<u8> = 1..=7;
const WEEKDAY_NAMES: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Opening hours that make sense.
#[derive(Clone, Debug)]
pub struct Schedule {
    zone: TimeZone,
    /// For each weekday from Monday, its spans in order: minutes of the day.
    week: [Vec<(u16, u16)>; 7],
    closed: BTreeSet<Date>,
}

/// What is wrong with opening hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WrongHours {
    /// Where, within the hours: `week[0].from`.
    pub field: String,
    /// What is asked for.
    pub message: String,
}

fn wrong(field: impl Into<String>, message: impl Into<String>) -> WrongHours {
    WrongHours {
        field: field.into(),
        message: message.into(),
    }
}

impl Schedule {
    /// The schedule that these words mean.
    pub fn of(hours: &Hours) -> Result<Self, WrongHours> {
        let zone = TimeZone::get(&hours.tz).map_err(|_| {
            let message = "There is no such time zone. Write it like Europe/Amsterdam.";
            wrong("tz", message)
        })?;
        if !(1..=SPANS_MAX).contains(&hours.week.len()) {
            let message =
                format!("Name 1 to {SPANS_MAX} spans, or set the hours to null to be always open.");
            return Err(wrong("week", message));
        }
        if hours.closed.len() > CLOSED_MAX {
            return Err(wrong("closed", format!("Name at most {CLOSED_MAX} dates.")));
        }
        let closed = hours.closed.iter().enumerate();
        Ok(Self {
            zone,
            week: week_of(&hours.week)?,
            closed: closed
                .map(|(index, text)| {
                    let message = "A date is written like 2026-12-25.";
                    date_of(text).ok_or_else(|| wrong(format!("closed[{index}]"), message))
                })
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether it is open at this moment.
    #[must_use]
    pub fn is_open(&self, now: At) -> bool {
        let Some(now) = timestamp(now) else {
            return false;
        };
        // Where clocks go back over midnight, yesterday's date is shown again during today's spans.
        (-1..=1)
            .filter_map(|days| day_after(self.date_at(now), days))
            .any(|date| {
                self.spans_of(date)
                    .any(|(opens, closes)| opens <= now && now < closes)
            })
    }

    /// The first moment from this one on at which it is open; this one itself while it is. None if it stays closed
    /// as far ahead as anybody plans.
    #[must_use]
    pub fn next_open_at(&self, now: At) -> Option<At> {
        if self.is_open(now) {
            return Some(now);
        }
        let from = timestamp(now)?;
        let today = self.date_at(from);
        (-1..=DAYS_AHEAD)
            .filter_map(|days| day_after(today, days))
            .flat_map(|date| self.spans_of(date))
            .map(|(opens, _)| opens)
            .find(|opens| *opens > from)
            .map(|opens| At(opens.as_millisecond()))
    }

    /// When it closes, if it is open now and closes within the span. Spans that join are one.
    #[must_use]
    pub fn closes_within(&self, now: At, span: Millis) -> Option<At> {
        let from = timestamp(now)?;
        let last = timestamp(now + span)?;
        let mut reached = from;
        // Each round goes past the end of a span, until the last of them.
        loop {
            let today = self.date_at(reached);
            let ends = (-1..=1)
                .filter_map(|days| day_after(today, days))
                .flat_map(|date| self.spans_of(date))
                .filter(|(opens, closes)| *opens <= reached && reached < *closes)
                .map(|(_, closes)| closes)
                .max();
            match ends {
                Some(closes) if closes > last => return None,
                Some(closes) => reached = closes,
                None => break,
            }
        }
        (reached > from).then(|| At(reached.as_millisecond()))
    }

    /// What is open between two moments, in order, not cut at them; what follows on without a gap is one.
    #[must_use]
    pub fn spans_between(&self, from: At, to: At) -> Vec<(At, At)> {
        let (Some(first), Some(last)) = (timestamp(from), timestamp(to)) else {
            return Vec::new();
        };
        let (first, last) = (self.date_at(first), self.date_at(last));
        let mut spans: Vec<(At, At)> = Vec::new();
        // Where clocks go back over midnight, a date is shown again: one more on either side.
        for days in -1..=DAYS_AHEAD {
            let Some(date) =
                day_after(first, days).filter(|date| Some(*date) <= day_after(last, 1))
            else {
                break;
            };
            for (opens, closes) in self.spans_of(date) {
                let (opens, closes) = (At(opens.as_millisecond()), At(closes.as_millisecond()));
                match spans.last_mut() {
                    Some((_, end)) if opens <= *end => *end = closes.max(*end),
                    Some(_) | None => spans.push((opens, closes)),
                }
            }
        }
        spans.retain(|(opens, closes)| *closes > from && *opens < to);
        spans
    }

    /// A moment as its people say it: `Monday 23 November at 09:00 (Europe/Amsterdam)`.
    #[must_use]
    pub fn in_words(&self, at: At) -> String {
        let zone = self.zone.iana_name().unwrap_or("local time");
        timestamp(at).map_or_else(String::new, |at| {
            let local = at.to_zoned(self.zone.clone());
            format!("{} ({zone})", local.strftime("%A %-d %B at %H:%M"))
        })
    }

    fn date_at(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// When it opens and closes on a date, in order.
    fn spans_of(&self, date: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        let is_closed = self.closed.contains(&date);
        let spans: &[(u16, u16)] = if is_closed { &[] } else { &self.week[weekday] };
        spans.iter().filter_map(move |(from, to)| {
            let (opens, closes) = (self.moment(date, *from)?, self.moment(date, *to)?);
            (opens < closes).then_some((opens, closes))
        })
    }

    /// The first moment at which the clock shows this minute of the date, or has jumped over it.
    fn moment(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let (date, minute) = if minute == DAY {
            (date.tomorrow().ok()?, 0)
        } else {
            (date, minute)
        };
        let hour = i8::try_from(minute / 60).ok()?;
        let shown = date.at(hour, i8::try_from(minute % 60).ok()?, 0, 0);
        let moment = self.zone.to_ambiguous_timestamp(shown);
        match moment.offset() {
            // Read by the later offset, a time that is left out lies just before the jump.
            AmbiguousOffset::Gap { after, .. } => {
                let before_the_jump = after.to_timestamp(shown).ok()?;
                let jump = self.zone.following(before_the_jump).next()?;
                Some(jump.timestamp())
            }
            // Of a time that comes twice the first.
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                moment.compatible().ok()
            }
        }
    }
}

fn timestamp(at: At) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.0).ok()
}

fn day_after(date: Date, days: i64) -> Option<Date> {
    date.checked_add(Span::new().days(days)).ok()
}

fn week_of(spans: &[OpenSpan]) -> Result<[Vec<(u16, u16)>; 7], WrongHours> {
    let mut week: [Vec<(u16, u16)>; 7] = Default::default();
    for (index, span) in spans.iter().enumerate() {
        let path = format!("week[{index}]");
        let is_day = |day: &u8| WEEKDAYS.contains(day);
        let days: BTreeSet<u8> = span.days.iter().copied().filter(is_day).collect();
        if days.is_empty() || days.len() != span.days.len() {
            let message = "Name days from 1 (Monday) to 7 (Sunday), each of them once.";
            return Err(wrong(format!("{path}.days"), message));
        }
        let from = minute_of(&span.from).filter(|minute| *minute < DAY);
        let from = from.ok_or_else(|| {
            let message = "A time is written like 09:00, from 00:00 to 23:59.";
            wrong(format!("{path}.from"), message)
        })?;
        let to = minute_of(&span.to).ok_or_else(|| {
            let message = "A time is written like 17:00, from 00:01 to 24:00.";
            wrong(format!("{path}.to"), message)
        })?;
        if from >= to {
            let message = format!(
                "It closes at {} but opens at {} only. What goes on past midnight is two spans, one to 24:00 and one \
                 from 00:00 on the next day.",
                span.to, span.from
            );
            return Err(wrong(format!("{path}.to"), message));
        }
        for day in days {
            let place = usize::from(day - 1);
            let known = &mut week[place];
            if known.iter().any(|(begin, end)| from < *end && *begin < to) {
                let name = WEEKDAY_NAMES[place];
                let message = format!("This overlaps another span on {name}.");
                return Err(wrong(path, message));
            }
            known.push((from, to));
            known.sort_unstable();
        }
    }
    Ok(week)
}

/// `HH:MM` as minutes of the day, up to and with 24:00.
fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| {
        let is_so = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_so.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let of_day = hour * 60 + minute;
    (minute < 60 && of_day <= DAY).then_some(of_day)
}

/// `YYYY-MM-DD` and no other way of writing a date.
fn date_of(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

#[cfg(test)]
mod tests;
