//! When a department is open, as its settings say it and a store keeps it.
//!
//! Words only: `domain::hours` reads them, says what is wrong with them, and answers whether it is open at a moment.

use serde::{Deserialize, Serialize};

/// The opening hours of a department, by the wall clock of one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Where that clock hangs, as an IANA time zone: `Europe/Amsterdam`.
    pub tz: String,
    /// When it is open, week by week.
    pub week: Vec<OpenSpan>,
    /// Dates on which it is closed all day, as `2026-12-25`.
    #[serde(default)]
    pub closed: Vec<String>,
}

/// Open from one minute to another, on each of these days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSpan {
    /// 1 is Monday, 7 is Sunday.
    pub days: Vec<u8>,
    /// `09:00`
    pub from: String,
    /// `17:00`; `24:00` is the end of the day. What goes on past midnight is a span of each day.
    pub to: String,
}
