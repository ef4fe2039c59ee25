//! Waits, talks and work over any time, by hour, day, department or agent: `/api/reports/figures`. For supervisors.
//!
//! Counted from the log at each asking, by the code that counts live (`domain::figures`, where every figure is defined; in
//! words in `docs/waiting.md`). Read page by page: what is held is some dozens of bytes for each conversation of the time,
//! whatever was said in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::figures::report::{AgentLine, Judged, LocalClock, Zone};
use crate::domain::figures::{AgentWork, Figures, SCORE_MAX, Talks};
use crate::model::id::{AgentId, DepartmentKey};
use crate::model::standard::Standard;
use crate::model::time::{At, Millis};
use crate::store::entries::{Feed, Scope};
use crate::store::settings::Snapshot;
use crate::store::stories;
use crate::web::error::Problem;
use crate::web::rest::Rest;
use crate::web::rest::body::Asked;
use crate::web::rest::caller::Supervisor;
use crate::web::rest::csv::{Field, Table};
use crate::web::rest::problems::{BadRequest, Forbidden, NoDepartment, Unauthorized};
use crate::web::rest::reports::time;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(report_figures))
        .routes(routes!(report_figures_csv))
}

/// The time of a report that names none.
const SPAN_DEFAULT: Millis = Millis::seconds(28 * 24 * 60 * 60);
/// The longest time of a report: a year and what a comparison with the one before needs at its edges.
const SPAN_MAX: Millis = Millis::seconds(400 * 24 * 60 * 60);

/// Of which time, and how it is divided.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedFigures {
    /// Conversations that arrived from this moment on; without it 28 days before `to`.
    from: Option<At>,
    /// And before this one; without it up to now. At most 400 days after `from`.
    to: Option<At>,
    /// A line for each of these; without it `day`.
    #[serde(default)]
    by: By,
    /// Of this department only. Not by agent.
    department: Option<DepartmentKey>,
    /// The zone of hours and days, as `Europe/Amsterdam`; without it that of the first department with opening hours, else
    /// `UTC`.
    tz: Option<String>,
}

/// How a report is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Each quarter of an hour of the wall clock in which somebody came.
    Quarter,
    /// Each hour.
    Hour,
    /// Each day.
    #[default]
    Day,
    /// Each hour of the week, all weeks together.
    WeekHour,
    /// Each department.
    Department,
    /// Each agent.
    Agent,
}

/// Figures of the conversations that arrived within a time, with what became of them by now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FiguresReport {
    from: At,
    to: At,
    tz: String,
    by: By,
    /// The standards by which departments are judged, by key.
    #[schema(value_type = BTreeMap<String, Standard>)]
    standards: BTreeMap<DepartmentKey, Standard>,
    /// Everything together. Percentiles are exact, not means of those of the lines.
    total: FiguresLine,
    lines: Vec<FiguresLine>,
}

/// One line of a report.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FiguresLine {
    /// `2026-11-22`, `2026-11-22T09:00:00+01:00`, `1-09` for Mondays (ISO 8601) from nine to ten, a department's key or an agent's id; `total` for all.
    key: String,
    /// The name of the department or agent; null where they are gone, and for times.
    name: Option<String>,
    /// Null by agent: waits are a department's.
    waits: Option<WaitFigures>,
    talks: TalkFigures,
    /// By agent only.
    work: Option<WorkFigures>,
}

/// Waits of those who arrived.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WaitFigures {
    offered: u64,
    answered: u64,
    abandoned: u64,
    /// Of these, within 5 s.
    short_abandoned: u64,
    /// Waiting still.
    open: u64,
    /// Half of the answered, and of those waiting still, waited at most this; null where there are none.
    p50_ms: Option<Millis>,
    p90_ms: Option<Millis>,
    p95_ms: Option<Millis>,
    /// The longest wait of anybody.
    max_ms: Option<Millis>,
    /// What the standard's definition counts as answered in time.
    in_time: u64,
    /// And of how many.
    judged: u64,
    /// The one divided by the other, 0 to 1; null of nobody.
    service_level: Option<f64>,
}

/// What became of those who were answered.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TalkFigures {
    /// Live conversations that an agent had.
    served: u64,
    /// From arrival to the first word of the desk.
    response_p50_ms: Option<Millis>,
    response_p90_ms: Option<Millis>,
    /// Times that an agent was done with a conversation.
    handled: u64,
    handled_p50_ms: Option<Millis>,
    handled_p90_ms: Option<Millis>,
    /// All of these times.
    handled_ms: Millis,
    /// Greeted within 60 s of being taken.
    greeted: u64,
    /// Not greeted within 60 s.
    ungreeted: u64,
    /// Of those served, with a visitor's word that had no answer for more than 30 s.
    silent: u64,
    /// Handed on.
    transfers: u64,
    /// How many gave each score, that of 1 first.
    ratings: [u64; SCORE_MAX],
    /// Their mean; null where nobody rated.
    score: Option<f64>,
}

/// What an agent did with the time of the report, conversations that arrived before it included.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WorkFigures {
    /// Taking conversations.
    online_ms: Millis,
    /// Taking no more, with chats still running.
    drain_ms: Millis,
    /// With a chat running.
    busy_ms: Millis,
    /// Places times the time online.
    slot_ms: Millis,
    /// Running chats times the time online.
    chat_online_ms: Millis,
    /// Running chats times time.
    chat_ms: Millis,
    /// Busy, of the time at the desk; 0 to 1.
    occupancy: Option<f64>,
    /// Places taken, of those there were.
    slot_occupancy: Option<f64>,
}

/// Waits, talks and work
///
/// Every figure is exact. Each department is judged by its own standard.
#[utoipa::path(get, path = "/api/reports/figures", tag = "reports",
    params(AskedFigures),
    responses(
        (status = 200, body = FiguresReport),
        BadRequest, Unauthorized, Forbidden, NoDepartment,
    ))]
async fn report_figures(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Asked(asked): Asked<AskedFigures>,
) -> Result<Json<FiguresReport>, Problem> {
    report(&rest, asked).await.map(Json)
}

/// Waits, talks and work as a table
///
/// The lines of the report as comma-separated values (RFC 4180), the total last.
#[utoipa::path(get, path = "/api/reports/figures.csv", tag = "reports",
    params(AskedFigures),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        BadRequest, Unauthorized, Forbidden, NoDepartment,
    ))]
async fn report_figures_csv(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Asked(asked): Asked<AskedFigures>,
) -> Result<Table, Problem> {
    let report = report(&rest, asked).await?;
    let mut table = Table::new("balie-figures", COLUMNS);
    for line in report.lines.iter().chain([&report.total]) {
        table.row(&line.fields());
    }
    Ok(table)
}

/// A time, checked.
fn span(rest: &Rest, from: Option<At>, to: Option<At>) -> Result<(At, At), Problem> {
    let to = to.unwrap_or_else(|| At(rest.clock.now().0 + 1));
    let (from, to) = time(from, to, SPAN_DEFAULT)?;
    if to.0.saturating_sub(from.0) > SPAN_MAX.0 {
        let detail = "A report covers 400 days at most: ask for a shorter time.";
        return Err(Problem::field("from", detail));
    }
    Ok((from, to))
}

/// The zone asked for, checked, and its name.
pub fn zone(snapshot: &Snapshot, asked: Option<String>) -> Result<(Zone, String), Problem> {
    let name = asked.unwrap_or_else(|| {
        let hours = snapshot.departments().filter_map(|one| one.hours.as_ref());
        hours
            .map(|hours| hours.tz.clone())
            .next()
            .unwrap_or_else(|| "UTC".to_owned())
    });
    let zone = Zone::named(&name).ok_or_else(|| {
        let detail =
            "There is no such time zone. Name one of the tz database, as Europe/Amsterdam.";
        Problem::field("tz", detail)
    })?;
    Ok((zone, name))
}

async fn report(rest: &Rest, asked: AskedFigures) -> Result<FiguresReport, Problem> {
    let (from, to) = span(rest, asked.from, asked.to)?;
    let snapshot = rest.settings.snapshot();
    let (zone, tz) = zone(&snapshot, asked.tz)?;
    if let Some(key) = &asked.department {
        snapshot
            .departments
            .get(key)
            .ok_or_else(Problem::not_found)?;
    }
    if asked.department.is_some() && asked.by == By::Agent {
        let detail =
            "Agents' figures are those of all their departments: leave \"department\" out.";
        return Err(Problem::field("department", detail));
    }
    let mut figures = Figures::new();
    stories::tell(rest.store.as_ref(), from, to, &mut figures).await?;
    let mut figures = figures.with_open(rest.clock.now());
    if let Some(key) = &asked.department {
        figures = figures.of_department(key);
    }
    let standard = |key: &DepartmentKey| standard_of(&snapshot, key);
    let local = |clock| {
        let lines = figures.judged_by_local(clock, &zone, standard).into_iter();
        lines.map(|(span, line)| FiguresLine::of(span.label, None, &line))
    };
    let lines = match asked.by {
        By::Quarter => local(LocalClock::Quarter).collect(),
        By::Hour => local(LocalClock::Hour).collect(),
        By::Day => local(LocalClock::Day).collect(),
        By::WeekHour => local(LocalClock::WeekHour).collect(),
        By::Department => {
            let lines = figures.judged_by_department(standard).into_iter();
            let name = |key: &DepartmentKey| {
                let department = snapshot.departments.get(key);
                department.map(|one| one.name.clone())
            };
            lines
                .map(|(key, line)| FiguresLine::of(key.to_string(), name(&key), &line))
                .collect()
        }
        By::Agent => agents(rest, &figures, from, to).await?,
    };
    let standards = snapshot.departments();
    let standards = standards.map(|one| (one.key.clone(), one.standard));
    Ok(FiguresReport {
        from,
        to,
        tz,
        by: asked.by,
        standards: standards.collect(),
        total: FiguresLine::of("total".to_owned(), None, &figures.judged(standard)),
        lines,
    })
}

/// The standard of a department; of one that is gone, the usual one.
fn standard_of(snapshot: &Snapshot, key: &DepartmentKey) -> Standard {
    let department = snapshot.departments.get(key);
    department.map(|one| one.standard).unwrap_or_default()
}

/// What happened between two moments in order of time, for the agents' times: who was at the desk when it began counts
/// from then.
pub async fn work(rest: &Rest, from: At, to: At) -> Result<Figures, Problem> {
    let mut figures = Figures::new();
    let (mut feed, standing) = Feed::begin(rest.store.as_ref(), Scope::Work, from).await?;
    for (at, news) in standing {
        figures.note(at.max(from), &news);
    }
    let last = At(to.0 - 1);
    feed.read(rest.store.as_ref(), last, Millis(0), |told| {
        for (at, news) in told {
            figures.note(at, &news);
        }
    })
    .await?;
    Ok(figures)
}

async fn agents(
    rest: &Rest,
    figures: &Figures,
    from: At,
    to: At,
) -> Result<Vec<FiguresLine>, Problem> {
    let end = to.min(rest.clock.now());
    let work = work(rest, from, to).await?.by_agent(end);
    let names: BTreeMap<AgentId, String> = rest
        .store
        .people()
        .await?
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect();
    let mut lines: BTreeMap<AgentId, AgentLine> = BTreeMap::new();
    for (agent, talks) in figures.talks_by_agent() {
        lines.entry(agent).or_default().talks = talks;
    }
    for (agent, work) in work {
        lines.entry(agent).or_default().work = work;
    }
    let is_nothing =
        |line: &AgentLine| line.talks == Talks::default() && line.work == AgentWork::default();
    let lines = lines.into_iter().filter(|(_, line)| !is_nothing(line));
    Ok(lines
        .map(|(agent, line)| FiguresLine {
            key: agent.to_string(),
            name: names.get(&agent).cloned(),
            waits: None,
            talks: TalkFigures::of(&line.talks),
            work: Some(WorkFigures::of(&line.work)),
        })
        .collect())
}

impl FiguresLine {
    fn of(key: String, name: Option<String>, line: &Judged) -> Self {
        Self {
            key,
            name,
            waits: Some(WaitFigures::of(line)),
            talks: TalkFigures::of(&line.cell.talks),
            work: None,
        }
    }
}

impl WaitFigures {
    fn of(line: &Judged) -> Self {
        let waits = line.cell.waits.settled();
        let level = line.service_level();
        Self {
            offered: waits.offered(),
            answered: waits.answered(),
            abandoned: waits.abandoned(),
            short_abandoned: waits.short_abandoned(),
            open: waits.open(),
            p50_ms: waits.percentile_with_open(50),
            p90_ms: waits.percentile_with_open(90),
            p95_ms: waits.percentile_with_open(95),
            max_ms: waits.longest(),
            in_time: level.part,
            judged: level.whole,
            service_level: level.share(),
        }
    }
}

impl TalkFigures {
    fn of(talks: &Talks) -> Self {
        let (responses, handled) = (talks.responses(), talks.handled());
        Self {
            served: talks.served,
            response_p50_ms: responses.percentile(50),
            response_p90_ms: responses.percentile(90),
            handled: handled.count(),
            handled_p50_ms: handled.percentile(50),
            handled_p90_ms: handled.percentile(90),
            handled_ms: handled.sum(),
            greeted: talks.greeted,
            ungreeted: talks.ungreeted,
            silent: talks.silent,
            transfers: talks.transfers,
            ratings: talks.ratings,
            score: talks.score(),
        }
    }
}

impl WorkFigures {
    fn of(work: &AgentWork) -> Self {
        Self {
            online_ms: work.online,
            drain_ms: work.drain,
            busy_ms: work.busy,
            slot_ms: work.slot,
            chat_online_ms: work.chat_online,
            chat_ms: work.chat,
            occupancy: work.occupancy(),
            slot_occupancy: work.slot_occupancy(),
        }
    }
}

const COLUMNS: &[&str] = &[
    "key",
    "name",
    "offered",
    "answered",
    "abandoned",
    "short_abandoned",
    "open",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "max_ms",
    "in_time",
    "judged",
    "service_level",
    "served",
    "response_p50_ms",
    "response_p90_ms",
    "handled",
    "handled_p50_ms",
    "handled_p90_ms",
    "handled_ms",
    "greeted",
    "ungreeted",
    "silent",
    "transfers",
    "rated_1",
    "rated_2",
    "rated_3",
    "rated_4",
    "rated_5",
    "score",
    "online_ms",
    "drain_ms",
    "busy_ms",
    "slot_ms",
    "chat_online_ms",
    "chat_ms",
    "occupancy",
    "slot_occupancy",
];

impl FiguresLine {
    fn fields(&self) -> Vec<Field> {
        let span = |span: Option<Millis>| span.map_or(Field::None, |span| Field::Whole(span.0));
        let part = |part: Option<f64>| part.map_or(Field::None, Field::Part);
        let name = self.name.clone().map_or(Field::None, Field::Text);
        let mut fields = vec![Field::Text(self.key.clone()), name];
        if let Some(waits) = &self.waits {
            fields.extend([
                Field::count(waits.offered),
                Field::count(waits.answered),
                Field::count(waits.abandoned),
                Field::count(waits.short_abandoned),
                Field::count(waits.open),
                span(waits.p50_ms),
                span(waits.p90_ms),
                span(waits.p95_ms),
                span(waits.max_ms),
                Field::count(waits.in_time),
                Field::count(waits.judged),
                part(waits.service_level),
            ]);
        } else {
            fields.extend((0..12).map(|_| Field::None));
        }
        let talks = &self.talks;
        fields.extend([
            Field::count(talks.served),
            span(talks.response_p50_ms),
            span(talks.response_p90_ms),
            Field::count(talks.handled),
            span(talks.handled_p50_ms),
            span(talks.handled_p90_ms),
            Field::Whole(talks.handled_ms.0),
            Field::count(talks.greeted),
            Field::count(talks.ungreeted),
            Field::count(talks.silent),
            Field::count(talks.transfers),
        ]);
        fields.extend(talks.ratings.iter().map(|count| Field::count(*count)));
        fields.push(part(talks.score));
        if let Some(work) = &self.work {
            let spans = [
                work.online_ms,
                work.drain_ms,
                work.busy_ms,
                work.slot_ms,
                work.chat_online_ms,
                work.chat_ms,
            ];
            fields.extend(spans.map(|span| Field::Whole(span.0)));
            fields.extend([part(work.occupancy), part(work.slot_occupancy)]);
        } else {
            fields.extend((0..8).map(|_| Field::None));
        }
        fields
    }
}
