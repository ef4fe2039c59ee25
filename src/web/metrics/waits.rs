//! Waits, promises and the service level of each department, as Prometheus text.
//!
//! At most a hundred departments are told apart; what is counted of the others is `other`. Histograms count since this node began, and every node counts all waits: take the largest.

use std::sync::atomic::AtomicU64;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::desk::tally::{BOUNDS_S, DEPARTMENTS_MAX, Spans, Tallies, Tally};
use crate::model::time::Millis;
use crate::web::Web;

/// The service level looks back so far.
const DAY: Millis = Millis::seconds(24 * 3_600);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Department {
    department: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    department: String,
    end: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Promised {
    department: String,
    bound: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Settled {
    department: String,
    kept: &'static str,
}

/// What is known of waits at this moment.
pub(super) fn show(web: &Web, registry: &mut Registry) {
    let tallies = web.desk.book.tallies();
    let settled = Family::<Settled, Counter>::default();
    registry.register(
        "promises_settled",
        "First promises of waits whose turn has come, by whether the wait was within the 90th percentile",
        settled.clone(),
    );
    for (key, tally) in tallies.all() {
        for (kept, count) in [("yes", tally.kept), ("no", tally.broken)] {
            let department = name(key);
            let labels = Settled { department, kept };
            settled.get_or_create(&labels).inc_by(count);
        }
    }
    registry.register_collector(Box::new(Histograms(tallies)));
    show_levels(web, registry);
    show_promises(web, registry);
}

fn name(key: Option<&crate::model::id::DepartmentKey>) -> String {
    key.map_or_else(|| "other".to_owned(), ToString::to_string)
}

fn show_levels(web: &Web, registry: &mut Registry) {
    let level = Family::<Department, Gauge<f64, AtomicU64>>::default();
    registry.register(
        "service_level_ratio",
        "Share of the last 24 hours' visitors who waited live and were answered in time, by the department's standard",
        level.clone(),
    );
    let now = web.desk.clock.now();
    let settings = web.rest.settings.snapshot();
    web.desk.book.known(|known| {
        let figures = known.figures;
        for one in settings.departments().take(DEPARTMENTS_MAX) {
            let standard = one.standard;
            let waits = figures.window(&one.key, now, DAY).waits.settled();
            let ratio = waits.service_level(standard.threshold_ms, standard.definition);
            if let Some(share) = ratio.share() {
                let department = one.key.to_string();
                level.get_or_create(&Department { department }).set(share);
            }
        }
    });
}

fn show_promises(web: &Web, registry: &mut Registry) {
    let promised = Family::<Promised, Gauge<f64, AtomicU64>>::default();
    registry.register_with_unit(
        "wait_promised",
        "What somebody who comes now would be promised; absent while nothing may be",
        Unit::Seconds,
        promised.clone(),
    );
    let outlook = web.desk.book.outlook(web.desk.clock.now());
    let settings = web.rest.settings.snapshot();
    for one in settings.departments().take(DEPARTMENTS_MAX) {
        let Some(eta) = outlook.of_newcomer(&one.key) else {
            continue;
        };
        for (bound, span) in [("median", eta.p50_ms), ("p90", eta.p90_ms)] {
            let department = one.key.to_string();
            let labels = Promised { department, bound };
            promised.get_or_create(&labels).set(span.0 as f64 / 1_000.0);
        }
    }
}

/// The histograms, which are counted elsewhere.
#[derive(Debug)]
struct Histograms(Tallies);

impl Collector for Histograms {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "How long visitors waited live, by how the wait ended; on every node the waits of all nodes";
        let mut waits =
            encoder.encode_descriptor("wait", help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for (key, tally) in self.0.all() {
            for (end, spans) in [
                ("answered", &tally.answered),
                ("abandoned", &tally.abandoned),
            ] {
                let department = name(key);
                let labels = Ended { department, end };
                encode(spans, waits.encode_family(&labels)?)?;
            }
        }
        let help = "How far the median promised first was off the wait, either way; on every node the promises of all nodes";
        let mut errors = encoder.encode_descriptor(
            "promise_error",
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (key, Tally { promise_error, .. }) in self.0.all() {
            let department = name(key);
            encode(
                promise_error,
                errors.encode_family(&Department { department })?,
            )?;
        }
        Ok(())
    }
}

/// Writes one histogram.
fn encode(spans: &Spans, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
    let bounds = BOUNDS_S.iter().map(|bound| *bound as f64);
    let bounds = bounds.chain(std::iter::once(f64::INFINITY));
    let classes: Vec<(f64, u64)> = bounds.zip(spans.counts).collect();
    let count = spans.counts.iter().sum();
    let sum_s = spans.sum.0 as f64 / 1_000.0;
    encoder.encode_histogram::<NoLabelSet>(sum_s, count, &classes, None)
}
