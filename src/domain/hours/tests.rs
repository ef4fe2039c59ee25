//! Hours by the wall clock of real places, through the days on which it jumps.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::{Schedule, WrongHours};
use crate::domain::seeded::hold;
use crate::model::hours::{Hours, OpenSpan};
use crate::model::time::{At, Millis};

const EVERY_DAY: [u8; 7] = [1, 2, 3, 4, 5, 6, 7];

fn span(days: &[u8], from: &str, to: &str) -> OpenSpan {
    OpenSpan {
        days: days.to_vec(),
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

fn hours(tz: &str, week: Vec<OpenSpan>) -> Hours {
    Hours {
        tz: tz.to_owned(),
        week,
        closed: Vec::new(),
    }
}

fn at(text: &str) -> At {
    let moment: Timestamp = text.parse().unwrap();
    At(moment.as_millisecond())
}

/// Open through the night, in Amsterdam.
fn nights(from: &str, to: &str) -> Schedule {
    Schedule::of(&hours("Europe/Amsterdam", vec![span(&EVERY_DAY, from, to)])).unwrap()
}

/// When it opens on the day that holds this moment, and how long it stays open, in minutes.
fn opening(schedule: &Schedule, since: &str) -> (At, i64) {
    let opens = schedule.next_open_at(at(since)).unwrap();
    let minutes = (0..).find(|minute| !schedule.is_open(opens + Millis::seconds(60 * minute)));
    (opens, minutes.unwrap())
}

#[test]
fn a_desk_is_open_from_the_first_minute_until_the_last() {
    let desk = Schedule::of(&hours(
        "Europe/Amsterdam",
        vec![
            span(&[1, 2, 3, 4, 5], "09:00", "12:30"),
            span(&[1, 2, 3, 4, 5], "13:00", "17:00"),
        ],
    ))
    .unwrap();
    // A Monday in winter: Amsterdam is an hour ahead of UTC.
    for (moment, is_open) in [
        ("2026-11-23T07:59:59.999Z", false),
        ("2026-11-23T08:00:00Z", true),
        ("2026-11-23T11:29:59.999Z", true),
        ("2026-11-23T11:30:00Z", false),
        ("2026-11-23T12:00:00Z", true),
        ("2026-11-23T16:00:00Z", false),
        ("2026-11-22T10:00:00Z", false),
    ] {
        assert_eq!(desk.is_open(at(moment)), is_open, "{moment}");
    }
    let friday = at("2026-11-27T16:00:00Z");
    let monday = desk.next_open_at(friday).unwrap();
    assert_eq!(monday, at("2026-11-30T08:00:00Z"));
    assert_eq!(
        desk.in_words(monday),
        "Monday 30 November at 09:00 (Europe/Amsterdam)"
    );
    let open = at("2026-11-23T10:00:00Z");
    assert_eq!(desk.next_open_at(open), Some(open));
}

#[test]
fn closed_dates_are_those_of_the_place() {
    let mut always = hours("Pacific/Auckland", vec![span(&EVERY_DAY, "00:00", "24:00")]);
    always.closed = vec!["2026-12-25".into(), "2026-12-26".into()];
    let desk = Schedule::of(&always).unwrap();
    // Thirteen hours ahead of UTC in its summer.
    assert!(desk.is_open(at("2026-12-24T10:59:59Z")));
    assert!(!desk.is_open(at("2026-12-24T11:00:00Z")));
    let next = desk.next_open_at(at("2026-12-24T11:00:00Z"));
    assert_eq!(next, Some(at("2026-12-26T11:00:00Z")));
}

#[test]
fn the_night_in_which_clocks_go_forward_is_an_hour_shorter() {
    // 2026-03-29: two o'clock is three o'clock, 01:00 UTC.
    let eve = "2026-03-28T20:00:00Z";
    assert_eq!(
        opening(&nights("01:00", "04:00"), eve),
        (at("2026-03-29T00:00:00Z"), 120)
    );
    assert_eq!(
        opening(&nights("02:30", "04:00"), eve),
        (at("2026-03-29T01:00:00Z"), 60)
    );
    assert_eq!(
        opening(&nights("01:00", "02:30"), eve),
        (at("2026-03-29T00:00:00Z"), 60)
    );
    let left_out = nights("02:00", "03:00");
    assert_eq!(
        opening(&left_out, eve),
        (at("2026-03-30T00:00:00Z"), 60),
        "the night after"
    );
}

#[test]
fn the_night_in_which_clocks_go_back_is_an_hour_longer() {
    // 2026-10-25: three o'clock is two o'clock, 01:00 UTC.
    let eve = "2026-10-24T20:00:00Z";
    assert_eq!(
        opening(&nights("01:00", "04:00"), eve),
        (at("2026-10-24T23:00:00Z"), 240)
    );
    assert_eq!(
        opening(&nights("02:30", "04:00"), eve),
        (at("2026-10-25T00:30:00Z"), 150)
    );
    assert_eq!(
        opening(&nights("02:00", "02:30"), eve),
        (at("2026-10-25T00:00:00Z"), 30),
        "once"
    );
}

#[test]
fn what_is_wrong_with_hours_is_said() {
    let fine = || hours("Europe/Amsterdam", vec![span(&[1], "09:00", "17:00")]);
    let refused = |change: &dyn Fn(&mut Hours)| -> WrongHours {
        let mut hours = fine();
        change(&mut hours);
        Schedule::of(&hours).unwrap_err()
    };
    let with = |one: OpenSpan| refused(&|hours| hours.week.push(one.clone()));
    assert_eq!(
        refused(&|hours| hours.tz = "Mars/Olympus".into()).field,
        "tz"
    );
    assert_eq!(refused(&|hours| hours.tz = String::new()).field, "tz");
    assert_eq!(refused(&|hours| hours.week.clear()).field, "week");
    assert_eq!(
        refused(&|hours| hours.week = vec![span(&[1], "01:00", "02:00"); 51]).field,
        "week"
    );
    for days in [&[0][..], &[8], &[], &[2, 2]] {
        assert_eq!(with(span(days, "09:00", "17:00")).field, "week[1].days");
    }
    for from in ["9:00", "24:00", "09:60", "0900", "noon", "", "+9:00"] {
        assert_eq!(
            with(span(&[2], from, "17:00")).field,
            "week[1].from",
            "{from}"
        );
    }
    for to in ["24:01", "25:00", "17", "09:00", "08:00"] {
        assert_eq!(with(span(&[2], "09:00", to)).field, "week[1].to", "{to}");
    }
    assert!(
        with(span(&[2], "22:00", "06:00"))
            .message
            .contains("past midnight")
    );
    let twice = with(span(&[7, 1], "16:59", "18:00"));
    assert_eq!(
        (twice.field.as_str(), twice.message.contains("Monday")),
        ("week[1]", true)
    );
    for date in [
        "2026-13-01",
        "2026-1-1",
        "20260101",
        "2026-02-29",
        "2026-01-01T00:00",
    ] {
        let wrong = refused(&|hours| hours.closed = vec!["2026-12-25".into(), date.into()]);
        assert_eq!(wrong.field, "closed[1]", "{date}");
    }
    let touching = fine()
        .week
        .into_iter()
        .chain([span(&[1], "17:00", "24:00")]);
    assert!(Schedule::of(&hours("UTC", touching.collect())).is_ok());
}

/// Places whose clocks do what clocks do: jump by half an hour, over midnight, over a whole day, or never.
const ZONES: [&str; 8] = [
    "Europe/Amsterdam",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
];

fn any_hours() -> impl Strategy<Value = Hours> {
    let days = prop::sample::subsequence(EVERY_DAY.to_vec(), 1..=7);
    // Cut the day at these quarters of an hour; open in every other piece, so that nothing overlaps.
    let cuts = prop::sample::subsequence((0..=96_u16).collect::<Vec<_>>(), 2..=6);
    (0..ZONES.len(), days, cuts).prop_map(|(zone, days, cuts)| {
        let time = |quarter: u16| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
        let pieces = cuts.chunks_exact(2);
        let week = pieces.map(|piece| span(&days, &time(piece[0]), &time(piece[1])));
        hours(ZONES[zone], week.collect())
    })
}

/// Some minute from 2009, before Samoa left a day out, until 2030.
fn any_moment() -> impl Strategy<Value = At> {
    (20_520_000_i64..31_560_000).prop_map(|minute| At(minute * 60_000))
}

#[test]
fn it_is_closed_until_it_opens_next_and_open_from_there() {
    hold(600, &(any_hours(), any_moment()), |(hours, now)| {
        let desk = Schedule::of(&hours).unwrap();
        let next = desk.next_open_at(now);
        prop_assert!(next.is_some(), "a week has an opening");
        let next = next.unwrap_or(now);
        prop_assert!(next >= now && desk.is_open(next));
        prop_assert_eq!(next == now, desk.is_open(now));
        // A whole day may be left out beside a day without hours: never more than nine days.
        prop_assert!(next - now < Millis::seconds(9 * 24 * 60 * 60));
        let minutes = (now.0..next.0)
            .step_by(7 * 60_000)
            .chain((next > now).then_some(next.0 - 1));
        for moment in minutes {
            prop_assert!(!desk.is_open(At(moment)), "open at {moment} already");
        }
        Ok(())
    });
}

#[test]
fn it_closes_where_no_other_span_joins_on() {
    let desk = Schedule::of(&hours(
        "Europe/Amsterdam",
        vec![
            span(&[1], "09:00", "12:00"),
            span(&[1], "12:00", "24:00"),
            span(&[2], "00:00", "00:30"),
        ],
    ))
    .unwrap();
    let within = |moment, minutes: i64| desk.closes_within(at(moment), Millis(minutes * 60_000));
    let half_past_midnight = at("2026-11-23T23:30:00Z");
    assert_eq!(within("2026-11-23T10:30:00Z", 60), None);
    assert_eq!(within("2026-11-23T22:29:59Z", 60), None);
    assert_eq!(within("2026-11-23T22:30:00Z", 60), Some(half_past_midnight));
    assert_eq!(within("2026-11-23T23:29:59Z", 60), Some(half_past_midnight));
    assert_eq!(within("2026-11-23T23:30:00Z", 60), None, "it is closed");
    let always = nights("00:00", "24:00");
    let year = Millis::seconds(365 * 24 * 3_600);
    assert_eq!(always.closes_within(at("2026-11-23T10:30:00Z"), year), None);
}

#[test]
fn until_it_closes_it_is_open_and_then_it_is_not() {
    hold(1_000, &(any_hours(), any_moment()), |(hours, now)| {
        let schedule = Schedule::of(&hours).unwrap();
        let day = Millis::seconds(24 * 60 * 60);
        let closes = schedule.closes_within(now, day);
        prop_assert!(closes.is_none() || schedule.is_open(now));
        let until = closes.unwrap_or(now + day);
        if closes.is_some() {
            prop_assert!(until > now && until <= now + day);
            prop_assert!(!schedule.is_open(until));
        }
        if closes.is_some() || schedule.is_open(now) {
            for moment in (now.0..until.0).step_by(7 * 60_000) {
                prop_assert!(schedule.is_open(At(moment)), "closed at {moment}");
            }
        }
        Ok(())
    });
}

#[test]
fn it_goes_by_the_wall_clock_wherever_that_does_not_jump() {
    hold(1_000, &(any_hours(), any_moment()), |(hours, now)| {
        let zone = TimeZone::get(&hours.tz).unwrap();
        let moment = Timestamp::from_millisecond(now.0).unwrap();
        let jump = zone.following(moment - 48.hours()).next();
        prop_assume!(jump.is_none_or(|jump| jump.timestamp() > moment + 48.hours()));
        let shown = zone.to_datetime(moment);
        let day = u8::try_from(shown.weekday().to_monday_one_offset()).unwrap();
        let clock = format!("{:02}:{:02}", shown.hour(), shown.minute());
        let is_open = hours
            .week
            .iter()
            .any(|span| span.days.contains(&day) && span.from <= clock && clock < span.to);
        prop_assert_eq!(Schedule::of(&hours).unwrap().is_open(now), is_open);
        Ok(())
    });
}

#[test]
fn the_spans_between_two_moments_are_all_that_is_open_there() {
    let case = (any_hours(), any_moment(), 0_i64..10 * 24 * 60);
    hold(600, &case, |(hours, from, minutes)| {
        let desk = Schedule::of(&hours).unwrap();
        let to = from + Millis::seconds(60 * minutes);
        let spans = desk.spans_between(from, to);
        prop_assert!(spans.iter().all(|(opens, closes)| opens < closes));
        prop_assert!(
            spans.windows(2).all(|pair| pair[0].1 < pair[1].0),
            "in order and apart"
        );
        for moment in (from.0..to.0).step_by(11 * 60_000) {
            let is_in = |(opens, closes): &(At, At)| opens.0 <= moment && moment < closes.0;
            prop_assert_eq!(spans.iter().any(is_in), desk.is_open(At(moment)));
        }
        Ok(())
    });
}
