//! What a department's routing may say. Called where departments are written, before anything is.

use std::collections::BTreeSet;

use crate::model::id::DepartmentKey;
use crate::model::record::Department;
use crate::model::routing::Routing;
use crate::model::time::Millis;
use crate::web::error::Problem;
use crate::web::rest::body::set_of;

/// Most steps in which needs relax: as many as a start may name.
const STEPS_MAX: usize = 8;
/// Most departments that stand in for one.
const STAND_INS_MAX: usize = 8;
/// Longest span: whoever waits for a day waits for a message.
const SPAN_MS_MAX: i64 = 24 * 60 * 60 * 1_000;

/// Refuses what makes no sense, by field. `others` are the departments there are; `own` may be among them.
pub fn check(routing: &Routing, own: &DepartmentKey, others: &[Department]) -> Result<(), Problem> {
    check_steps(&routing.relax_after)?;
    if let Some(span) = routing.overflow_after {
        check_span("routing.overflow_after_ms", span)?;
        if routing.stand_ins.is_empty() {
            let detail = "Nobody stands in. Name stand-ins, or set overflow_after_ms to null.";
            return Err(Problem::field("routing.overflow_after_ms", detail));
        }
    }
    set_of("routing.stand_ins", &routing.stand_ins, STAND_INS_MAX)?;
    let known: BTreeSet<_> = others.iter().map(|department| &department.key).collect();
    for (index, stand_in) in routing.stand_ins.iter().enumerate() {
        let field = format!("routing.stand_ins[{index}]");
        if stand_in == own {
            let detail = "A department cannot stand in for itself.";
            return Err(Problem::field(field, detail));
        }
        if !known.contains(stand_in) {
            return Err(Problem::field(field, "There is no such department."));
        }
    }
    Ok(())
}

/// The first of the others for which it stands in.
pub fn served_by<'a>(key: &DepartmentKey, others: &'a [Department]) -> Option<&'a Department> {
    let mut others = others.iter();
    others.find(|other| other.routing.stand_ins.contains(key))
}

fn check_steps(steps: &[Millis]) -> Result<(), Problem> {
    if steps.len() > STEPS_MAX {
        let detail = format!("Name at most {STEPS_MAX} spans.");
        return Err(Problem::field("routing.relax_after_ms", detail));
    }
    for (index, step) in steps.iter().enumerate() {
        let field = format!("routing.relax_after_ms[{index}]");
        check_span(&field, *step)?;
        if index > 0 && *step <= steps[index - 1] {
            let detail = "Each span is longer than the one before it: all of them are counted from the start of the wait.";
            return Err(Problem::field(field, detail));
        }
    }
    Ok(())
}

fn check_span(field: &str, span: Millis) -> Result<(), Problem> {
    if (1..=SPAN_MS_MAX).contains(&span.0) {
        return Ok(());
    }
    let detail = "This is a span of more than nothing and at most 24 hours, in milliseconds.";
    Err(Problem::field(field, detail))
}
