//! `GET /metrics`: what this node does, as Prometheus text.
//!
//! Gauges are read when asked for, so that nothing is counted on the message path that is known elsewhere already.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::desk::tally::DEPARTMENTS_MAX;
use crate::domain::routing::LineState;
use crate::web::Web;

mod waits;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Side {
    side: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Line {
    department: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Part {
    part: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Answers the figures of this moment.
pub async fn serve(State(web): State<Arc<Web>>) -> impl IntoResponse {
    let lines = web.desk.coordination.lines(0).await.unwrap_or_default();
    let store_is_up = web.desk.store.probe().await.is_ok();
    let coordination_is_up = web.desk.coordination.probe().await.is_ok();
    let text = text(&web, &lines, store_is_up, coordination_is_up);
    (
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        text,
    )
}

fn text(web: &Web, lines: &[LineState], store_is_up: bool, coordination_is_up: bool) -> String {
    let mut registry = Registry::with_prefix("balie");
    sockets(web, &mut registry);
    show_lines(web, lines, &mut registry);
    waits::show(web, &mut registry);
    let up = Family::<Part, Gauge>::default();
    registry.register("up", "1 while the part answers", up.clone());
    up.get_or_create(&Part { part: "store" })
        .set(i64::from(store_is_up));
    up.get_or_create(&Part {
        part: "coordination",
    })
    .set(i64::from(coordination_is_up));
    pools(web, &mut registry);
    uploads(web, &mut registry);
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = encode(&mut text, &registry);
    text
}

fn sockets(web: &Web, registry: &mut Registry) {
    let sockets = Family::<Side, Gauge>::default();
    registry.register("sockets", "Open sockets on this node", sockets.clone());
    let (visitors, agents) = web.desk.hub.counts();
    sockets
        .get_or_create(&Side { side: "visitor" })
        .set(count(visitors));
    sockets
        .get_or_create(&Side { side: "agent" })
        .set(count(agents));
    let followed = Gauge::<i64>::default();
    registry.register(
        "conversations_followed",
        "Conversations that a socket of this node follows",
        followed.clone(),
    );
    followed.set(count(web.desk.hub.followed().len()));
}

fn show_lines(web: &Web, lines: &[LineState], registry: &mut Registry) {
    let waiting = Family::<Line, Gauge>::default();
    let longest = Family::<Line, Gauge<f64, AtomicU64>>::default();
    let online = Family::<Line, Gauge>::default();
    let free = Family::<Line, Gauge>::default();
    registry.register(
        "waiting",
        "Conversations that wait in line",
        waiting.clone(),
    );
    registry.register(
        "longest_wait_seconds",
        "Longest of the present live waits",
        longest.clone(),
    );
    registry.register(
        "agents_online",
        "Agents who take conversations",
        online.clone(),
    );
    registry.register("free_slots", "Places free at agents online", free.clone());
    let now = web.desk.clock.now();
    // Those beyond the bound are left out here: gauges of other lines cannot be put together.
    for line in lines.iter().take(DEPARTMENTS_MAX) {
        let label = Line {
            department: line.department.to_string(),
        };
        #[expect(clippy::cast_precision_loss, reason = "a wait is far below 2^52 ms")]
        let seconds = line
            .longest_since
            .map_or(0.0, |since| (now - since).0 as f64 / 1_000.0);
        waiting
            .get_or_create(&label)
            .set(i64::try_from(line.live + line.messages).unwrap_or(i64::MAX));
        longest.get_or_create(&label).set(seconds);
        online
            .get_or_create(&label)
            .set(i64::try_from(line.agents_online).unwrap_or(i64::MAX));
        free.get_or_create(&label)
            .set(i64::try_from(line.free_slots).unwrap_or(i64::MAX));
    }
}

/// The pools and queues of both engines, and what waits for sockets that read slowly.
fn pools(web: &Web, registry: &mut Registry) {
    let (all, most) = web.desk.hub.bytes_waiting();
    let own = [
        (
            "mailbox_bytes",
            "Bytes that wait to be written to all sockets",
            count(all),
        ),
        (
            "mailbox_bytes_max",
            "Bytes that wait for the slowest socket",
            count(most),
        ),
        (
            "pairing_paused",
            "1 while those who wait are told that pairing pauses",
            i64::from(!web.desk.coordination.is_whole()),
        ),
    ];
    let (store, coordination) = (web.desk.store.gauges(), web.desk.coordination.gauges());
    for (name, help, value) in store.into_iter().chain(coordination).chain(own) {
        let gauge = Gauge::<i64>::default();
        registry.register(name, help, gauge.clone());
        gauge.set(value);
    }
}

fn uploads(web: &Web, registry: &mut Registry) {
    let uploads = Family::<Outcome, Counter>::default();
    let bytes = Counter::<u64>::default();
    registry.register(
        "uploads",
        "Uploads of files that ended, by what came of them",
        uploads.clone(),
    );
    registry.register(
        "files_stored_bytes",
        "Bytes of files stored since the start",
        bytes.clone(),
    );
    for (outcome, count) in web.rest.uploads.outcomes() {
        uploads.get_or_create(&Outcome { outcome }).inc_by(count);
    }
    bytes.inc_by(web.rest.uploads.bytes_stored());
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
