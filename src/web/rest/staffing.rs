//! How many agents a day will take: `/api/reports/staffing`. For supervisors.
//!
//! The arrivals of each quarter hour are foretold from the four weeks before, and the agents reckoned that keep the
//! department's standard (`domain::staffing`, in words in `docs/waiting.md`).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::figures::report::Zone;
use crate::domain::figures::{AgentWork, Figures, QUARTER};
use crate::domain::staffing::plan::{self, QuarterPlan};
use crate::domain::staffing::{Concurrency, Load, WrongLoad, forecast};
use crate::model::id::DepartmentKey;
use crate::model::record::CAPACITY_DEFAULT;
use crate::model::standard::Standard;
use crate::model::time::{At, Millis};
use crate::store::stories;
use crate::web::error::{Kind, Problem};
use crate::web::rest::Rest;
use crate::web::rest::body::Asked;
use crate::web::rest::caller::Supervisor;
use crate::web::rest::csv::{Field, Table};
use crate::web::rest::figures::{work, zone};
use crate::web::rest::problems::{BadRequest, Forbidden, NoDepartment, Unauthorized};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(report_staffing))
        .routes(routes!(report_staffing_csv))
}

/// So many days are looked back on: four of each weekday.
const DAYS: u32 = 28;
/// Fewer chats than this say too little of how long chats take.
const CHATS_MIN: u64 = 20;
/// Nobody can be busy all the time: agents are reckoned no busier than this.
const OCCUPANCY_MAX: f64 = 0.9;

/// For whom and which day.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedDay {
    department: DepartmentKey,
    /// As `2026-11-23`; without it the day after today.
    day: Option<String>,
    /// The zone of the day; without it that of the first department with opening hours, else `UTC`.
    tz: Option<String>,
}

/// A day's staffing table.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StaffingReport {
    department: DepartmentKey,
    day: String,
    tz: String,
    standard: Standard,
    basis: StaffingBasis,
    /// One for each quarter hour of the day: 96, or 92 or 100 where the clock is changed. Empty where nobody came in the four
    /// weeks before.
    quarters: Vec<StaffingQuarter>,
}

/// What the table is reckoned from.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StaffingBasis {
    /// Days that were looked back on, since the first on which anybody came; 28 at most.
    days: u32,
    /// Chats that ended in them. With fewer than `chats_needed` no agents are reckoned.
    chats: u64,
    chats_needed: u64,
    /// The mean length of a chat alone, and of one at a full agent.
    chat_alone_ms: Option<Millis>,
    chat_full_ms: Option<Millis>,
    /// The mean patience; null where nobody left.
    patience_ms: Option<Millis>,
    /// Chats at once of an agent, as they were set.
    chats_each: u32,
}

/// One quarter hour.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StaffingQuarter {
    start: At,
    /// On the wall clock, as `09:15`.
    time: String,
    /// Expected arrivals.
    arrivals: f64,
    /// The fewest agents that keep the standard; null while too little is known.
    agents: Option<u32>,
    /// Answered in time with so many, 0 to 1.
    service_level: Option<f64>,
    /// The mean wait with so many.
    wait_ms: Option<Millis>,
    /// How much of their places is taken.
    occupancy: Option<f64>,
}

/// Agents for a day
///
/// Expected arrivals of each quarter hour, and the fewest agents that keep the department's standard, no busier than nine
/// tenths of their places.
#[utoipa::path(get, path = "/api/reports/staffing", tag = "reports",
    params(AskedDay),
    responses(
        (status = 200, body = StaffingReport),
        BadRequest, Unauthorized, Forbidden, NoDepartment,
    ))]
async fn report_staffing(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Asked(asked): Asked<AskedDay>,
) -> Result<Json<StaffingReport>, Problem> {
    report(&rest, asked).await.map(Json)
}

/// Agents for a day as a table
///
/// A line for each quarter hour as comma-separated values (RFC 4180).
#[utoipa::path(get, path = "/api/reports/staffing.csv", tag = "reports",
    params(AskedDay),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        BadRequest, Unauthorized, Forbidden, NoDepartment,
    ))]
async fn report_staffing_csv(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Asked(asked): Asked<AskedDay>,
) -> Result<Table, Problem> {
    let report = report(&rest, asked).await?;
    let columns = [
        "time",
        "arrivals",
        "agents",
        "service_level",
        "wait_ms",
        "occupancy",
    ];
    let mut table = Table::new("balie-staffing", &columns);
    for quarter in &report.quarters {
        let part = |part: Option<f64>| part.map_or(Field::None, Field::Part);
        table.row(&[
            Field::Text(format!("{} {}", report.day, quarter.time)),
            Field::Part(quarter.arrivals),
            quarter
                .agents
                .map_or(Field::None, |agents| Field::count(agents.into())),
            part(quarter.service_level),
            quarter
                .wait_ms
                .map_or(Field::None, |wait| Field::Whole(wait.0)),
            part(quarter.occupancy),
        ]);
    }
    Ok(table)
}

async fn report(rest: &Rest, asked: AskedDay) -> Result<StaffingReport, Problem> {
    let snapshot = rest.settings.snapshot();
    let department = snapshot.departments.get(&asked.department);
    let department = department.ok_or_else(Problem::not_found)?;
    let (zone, tz) = zone(&snapshot, asked.tz)?;
    let now = rest.clock.now();
    let tomorrow = || zone.day_of(now + Millis::seconds(24 * 3_600));
    let day = asked.day.or_else(tomorrow).unwrap_or_default();
    let (from, to) = zone.day(&day).ok_or_else(|| {
        let detail = "A day is written as 2026-11-23.";
        Problem::field("day", detail)
    })?;
    let first = zone.days_before(&day, DAYS);
    let first = first
        .and_then(|day| zone.day(&day))
        .map_or(from, |(from, _)| from);
    let mut seen = Figures::new();
    stories::tell(rest.store.as_ref(), first, from, &mut seen).await?;
    let seen = seen.with_open(now).of_department(&department.key);
    let past = seen.past_days(&zone, &day, DAYS);
    let quarters = usize::try_from((to - from).0 / QUARTER.0).unwrap_or(0);
    let arrivals = forecast::day(&past, quarters).unwrap_or_default();
    let people = rest.store.people().await?;
    let serves = people
        .iter()
        .filter(|person| person.departments.contains(&department.key))
        .map(|person| person.id);
    let serving: Vec<_> = serves.collect();
    let done = work(rest, first, from.min(now)).await?;
    let mut hours = AgentWork::default();
    for (agent, work) in done.by_agent(from.min(now)) {
        if serving.contains(&agent) {
            hours.add(&work);
        }
    }
    let chats_each = mean_capacity(&hours);
    let pace = done.pace(&department.key);
    let lengths = pace
        .lengths_s(chats_each)
        .filter(|_| pace.chats >= CHATS_MIN);
    let patience_s = seen.total().waits.patience_s();
    let plans = match lengths {
        Some((alone_s, full_s)) => Some(
            plans(
                &arrivals,
                (alone_s, full_s),
                patience_s,
                chats_each,
                department.standard,
            )
            .map_err(|wrong| Problem::new(Kind::Conflict, wrong.to_string()))?,
        ),
        None => None,
    };
    let millis = |seconds: f64| Millis((seconds * 1_000.0).round() as i64);
    let days = past.iter().map(|day| day.days_ago).max().unwrap_or(0);
    Ok(StaffingReport {
        department: department.key.clone(),
        standard: department.standard,
        basis: StaffingBasis {
            days,
            chats: pace.chats,
            chats_needed: CHATS_MIN,
            chat_alone_ms: lengths.map(|(alone_s, _)| millis(alone_s)),
            chat_full_ms: lengths.map(|(_, full_s)| millis(full_s)),
            patience_ms: patience_s.map(millis),
            chats_each,
        },
        quarters: table(&arrivals, plans.as_deref(), from, &zone),
        day,
        tz,
    })
}

/// Places an agent had on average while online.
fn mean_capacity(work: &AgentWork) -> u32 {
    if work.online.0 == 0 {
        return u32::from(CAPACITY_DEFAULT);
    }
    let mean = (work.slot.0 as f64 / work.online.0 as f64).round();
    (mean as u32).clamp(1, 100)
}

fn plans(
    arrivals: &[f64],
    (alone_s, full_s): (f64, f64),
    patience_s: Option<f64>,
    chats_each: u32,
    standard: Standard,
) -> Result<Vec<QuarterPlan>, WrongLoad> {
    let load = Load::new(0.0, alone_s, patience_s)?;
    let concurrency = Concurrency::measured(chats_each, alone_s, full_s)?;
    let standard = plan::Standard::new(
        standard.threshold_ms.0 as f64 / 1_000.0,
        f64::from(standard.target_percent) / 100.0,
        OCCUPANCY_MAX,
    )?;
    plan::day(arrivals, load, concurrency, &standard)
}

fn table(
    arrivals: &[f64],
    plans: Option<&[QuarterPlan]>,
    from: At,
    zone: &Zone,
) -> Vec<StaffingQuarter> {
    let quarter = |(index, arrivals): (i64, &f64)| {
        let start = At(from.0 + index * QUARTER.0);
        let plan = plans.and_then(|plans| plans.get(usize::try_from(index).ok()?));
        let staffing = plan.and_then(|plan| plan.staffing);
        let nobody = *arrivals <= 0.0;
        let steady = staffing.map(|one| one.steady).filter(|_| !nobody);
        StaffingQuarter {
            start,
            time: zone.time_of(start).unwrap_or_default(),
            arrivals: *arrivals,
            agents: staffing.map(|one| one.agents),
            service_level: steady.map(|steady| steady.answered_in_time),
            wait_ms: steady.map(|steady| Millis((steady.wait_s * 1_000.0).round() as i64)),
            occupancy: steady.map(|steady| steady.occupancy),
        }
    };
    (0..).zip(arrivals).map(quarter).collect()
}
