//! The exact figures of a trace as one JSON object, as `docs/waiting.md` describes it.

use serde_json::{Map, Value, json};

use crate::domain::figures::{AgentWork, Cell, Figures, Quarter, Settled, Waits};
use crate::model::id::DepartmentKey;
use crate::model::time::{At, Millis};

use super::trace::Trace;

/// The thresholds of the sums, in milliseconds.
const THRESHOLDS: [Millis; 3] = [Millis(20_000), Millis(30_000), Millis(60_000)];
/// The threshold of everything finer.
const THRESHOLD: Millis = Millis(30_000);
/// How far a snapshot looks back.
const WINDOW: Millis = Millis::seconds(900);

/// All figures of a trace, with snapshots of these moments (milliseconds after its start, each once every line up to it
/// is done).
#[must_use]
pub fn metrics(trace: &Trace, moments: &[i64]) -> Value {
    let mut moments = moments.to_vec();
    moments.sort_unstable();
    let mut figures = Figures::new();
    let mut snapshots = Vec::new();
    let mut due = moments.iter().peekable();
    for (at, happening) in &trace.events {
        while let Some(moment) = due.next_if(|moment| At(trace.t0.0 + **moment) < *at) {
            snapshots.push(snapshot(trace, &figures, *moment));
        }
        figures.observe(*at, happening);
    }
    snapshots.extend(due.map(|moment| snapshot(trace, &figures, *moment)));
    let end = trace.events.last().map_or(trace.t0, |(at, _)| *at);
    // The parser refuses a zone that does not exist.
    let zone = jiff::tz::TimeZone::get(&trace.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let by_department: Map<String, Value> = figures
        .by_department()
        .iter()
        .map(|(key, cell)| (key.to_string(), sums(&cell.waits)))
        .collect();
    let by_day = figures.by_local_day(&zone).into_iter();
    let by_day: Map<String, Value> = by_day
        .map(|(span, cell)| (span.label, Value::Object(brief(&cell.waits.settled()))))
        .collect();
    let by_hour = figures.by_local_hour(&zone).into_iter();
    let by_hour: Map<String, Value> = by_hour
        .map(|(span, cell)| (span.label, hour(&cell.waits.settled())))
        .collect();
    let agents: Map<String, Value> = figures
        .by_agent(end)
        .iter()
        .map(|(id, work)| (trace.agent_name(*id).to_owned(), agent(work)))
        .collect();
    json!({
        "trace": trace.name,
        "total": sums(&figures.total().waits),
        "by_dept": by_department,
        "by_interval": intervals(&figures),
        "by_local_day": by_day,
        "by_local_hour": by_hour,
        "agents": agents,
        "snapshots": snapshots,
    })
}

fn millis(span: Option<Millis>) -> Value {
    span.map_or(Value::Null, |span| span.0.into())
}

/// Everything about the waits of a department, or of all.
fn sums(waits: &Waits) -> Value {
    let waits = waits.settled();
    let mut fields = Map::new();
    fields.insert("offered".into(), waits.offered().into());
    fields.insert("answered".into(), waits.answered().into());
    fields.insert("abandoned".into(), waits.abandoned().into());
    fields.insert("short_abandoned".into(), waits.short_abandoned().into());
    fields.insert("sum_wait_answered_ms".into(), waits.sum_answered().0.into());
    fields.insert(
        "sum_wait_abandoned_ms".into(),
        waits.sum_abandoned().0.into(),
    );
    for percent in [50, 90, 95] {
        fields.insert(format!("p{percent}_ms"), millis(waits.percentile(percent)));
    }
    fields.insert(
        "max_wait_answered_ms".into(),
        millis(waits.longest_answered()),
    );
    fields.insert(
        "max_wait_abandoned_ms".into(),
        millis(waits.longest_abandoned()),
    );
    for threshold in THRESHOLDS {
        within(&waits, threshold, &mut fields);
    }
    Value::Object(fields)
}

fn within(waits: &Settled, threshold: Millis, fields: &mut Map<String, Value>) {
    let name = threshold.0;
    fields.insert(
        format!("answered_in_{name}"),
        waits.answered_in(threshold).into(),
    );
    fields.insert(
        format!("abandoned_in_{name}"),
        waits.abandoned_in(threshold).into(),
    );
}

/// What a report shows of an interval or a day.
fn brief(waits: &Settled) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("offered".into(), waits.offered().into());
    fields.insert("answered".into(), waits.answered().into());
    fields.insert("abandoned".into(), waits.abandoned().into());
    fields.insert("short_abandoned".into(), waits.short_abandoned().into());
    fields.insert("sum_wait_answered_ms".into(), waits.sum_answered().0.into());
    within(waits, THRESHOLD, &mut fields);
    fields.insert("p90_ms".into(), millis(waits.percentile(90)));
    fields.insert(
        "max_wait_answered_ms".into(),
        millis(waits.longest_answered()),
    );
    fields
}

fn hour(waits: &Settled) -> Value {
    json!({
        "offered": waits.offered(),
        "answered": waits.answered(),
        "abandoned": waits.abandoned(),
        "answered_in_30000": waits.answered_in(THRESHOLD),
    })
}

fn intervals(figures: &Figures) -> Vec<Value> {
    let interval = |(department, quarter, cell): (&DepartmentKey, Quarter, &Cell)| {
        let mut fields = brief(&cell.waits.settled());
        fields.insert("dept".into(), department.to_string().into());
        let start = jiff::Timestamp::from_millisecond(quarter.start().0);
        let start = start.map_or(Value::Null, |start| start.to_string().into());
        fields.insert("start".into(), start);
        Value::Object(fields)
    };
    figures.by_interval().map(interval).collect()
}

fn agent(work: &AgentWork) -> Value {
    json!({
        "online_ms": work.online.0,
        "drain_ms": work.drain.0,
        "busy_ms": work.busy.0,
        "slot_ms": work.slot.0,
        "chat_online_ms": work.chat_online.0,
        "chat_ms": work.chat.0,
        "chats": work.chats,
    })
}

fn snapshot(trace: &Trace, figures: &Figures, moment: i64) -> Value {
    let now = At(trace.t0.0 + moment);
    let desk = figures.desk();
    let departments: Map<String, Value> = trace
        .departments
        .iter()
        .map(|key| {
            let line = figures.line(key, now, WINDOW, THRESHOLD);
            let state = json!({
                "waiting": line.waiting,
                "longest_wait_ms": line.longest_wait.0,
                "sum_open_wait_ms": line.sum_open_wait.0,
                "open_over_30000": line.open_over,
                "live": {
                    "answered": line.live.answered,
                    "answered_in_30000": line.live.answered_in,
                    "abandoned": line.live.abandoned,
                    "short_abandoned": line.live.short_abandoned,
                    "open": line.live.open,
                    "open_over_30000": line.live.open_over,
                },
            });
            (key.to_string(), state)
        })
        .collect();
    json!({
        "at": moment,
        "agents_online": desk.agents_online,
        "running_chats": desk.running_chats,
        "free_slots": desk.free_slots,
        "depts": departments,
    })
}
