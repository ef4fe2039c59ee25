//! Runs a trace through the estimator and writes down what it would have shown at each point.

use std::collections::{HashMap, VecDeque};

use crate::domain::happening::{Happening, Place};
use crate::domain::waiting::{Estimate, Estimator};
use crate::model::id::ConversationId;
use crate::model::time::At;

use super::score::Point;
use super::trace::Trace;

/// What the estimator would have shown at each point, in time order.
#[must_use]
pub fn estimates(trace: &Trace, points: &[Point], uses_rota: bool) -> Vec<(Point, Estimate)> {
    let rota = if uses_rota {
        trace.rota.clone()
    } else {
        Vec::new()
    };
    let mut estimator = Estimator::new(rota);
    let mut due: VecDeque<&Point> = points.iter().filter(|point| !point.is_arrival).collect();
    let arrivals: HashMap<ConversationId, &Point> = points
        .iter()
        .filter(|point| point.is_arrival)
        .map(|point| (point.conversation, point))
        .collect();
    let mut places: HashMap<ConversationId, Place> = HashMap::new();
    let mut rows = Vec::with_capacity(points.len());
    let mut answer = |estimator: &mut Estimator, point: &Point, place: &Place| {
        if let Some(estimate) = estimator.promise(place, point.at) {
            rows.push((*point, estimate));
        }
    };
    let end = (At(i64::MAX), None);
    let events = trace
        .events
        .iter()
        .map(|(at, happening)| (*at, Some(happening)));
    for (at, happening) in events.chain([end]) {
        // A point sees every line up to its own millisecond.
        while let Some(point) = due.front().copied().filter(|point| point.at < at) {
            answer(&mut estimator, point, &places[&point.conversation]);
            due.pop_front();
        }
        let Some(happening) = happening else { break };
        estimator.observe(at, happening);
        if let Happening::Arrived(place) = happening {
            places.insert(place.conversation, place.clone());
            if let Some(point) = arrivals.get(&place.conversation) {
                answer(&mut estimator, point, place);
            }
        }
    }
    rows.sort_by_key(|(point, _)| (point.at, point.conversation));
    rows
}
