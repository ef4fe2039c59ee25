//! `balie replay …`: what the estimator of waits would have shown on a recorded day, what that was worth, and the day's
//! exact figures.
//!
//! For operators who want to judge estimates on their own history, and for us: the live server runs the same code. Needs
//! no data folder and no server. `docs/waiting.md` describes the format of a trace and everything printed here.

pub mod estimates;
pub mod metrics;
pub mod score;
pub mod trace;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use score::{Point, Prediction, Scores};
use trace::Trace;

/// What to replay, and what to print about it.
#[derive(Args)]
pub struct ReplayArguments {
    /// A recorded day: JSON lines, plain or gzipped
    #[arg(required = true)]
    trace: Vec<PathBuf>,
    /// Do not use the planned shifts, even where the trace has them
    #[arg(long)]
    without_rota: bool,
    /// Print scores instead of predictions
    #[arg(long, conflicts_with = "metrics")]
    score: bool,
    /// Print the exact figures of the day instead, as JSON
    #[arg(long)]
    metrics: bool,
    /// With --metrics: the state at this moment, in milliseconds after the start; may be given several times
    #[arg(long, value_name = "MS", requires = "metrics")]
    at: Vec<i64>,
}

/// Does what was asked.
///
/// # Errors
/// A trace cannot be read or is wrong, or nothing can be written.
pub fn run(arguments: &ReplayArguments) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let done = print(arguments, &mut out).and_then(|()| Ok(out.flush()?));
    match done {
        // Whoever reads has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        done => done,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn print(arguments: &ReplayArguments, out: &mut impl Write) -> anyhow::Result<()> {
    if arguments.score {
        writeln!(out, "{HEADINGS}")?;
    }
    for path in &arguments.trace {
        let trace = Trace::open(path).with_context(|| path.display().to_string())?;
        if arguments.metrics {
            writeln!(out, "{}", metrics::metrics(&trace, &arguments.at))?;
            continue;
        }
        let points = score::points(&trace);
        let rows = estimates::estimates(&trace, &points, !arguments.without_rota);
        if arguments.score {
            print_scores(&trace, &rows, !arguments.without_rota, out)?;
        } else {
            for (point, estimate) in &rows {
                let line = json!({
                    "id": trace.conversation_name(point.conversation),
                    "at": (point.at - trace.t0).0,
                    "p50": estimate.p50.0,
                    "p90": estimate.p90.0,
                    "mean": estimate.mean.0,
                });
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}

const HEADINGS: &str = "trace                    points   kind     wait_s    rase    bias     mae cover90 p90_size   pin90 under50    jump";

fn print_scores(
    trace: &Trace,
    rows: &[(Point, crate::domain::waiting::Estimate)],
    uses_rota: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let predicted: Vec<(Point, Prediction)> = rows
        .iter()
        .map(|(point, estimate)| (*point, estimate.into()))
        .collect();
    let report = score::report(&predicted);
    let name = if uses_rota && !trace.rota.is_empty() {
        format!("{} with rota", trace.name)
    } else {
        trace.name.clone()
    };
    let jump = report
        .jump
        .map_or("-".to_owned(), |jump| format!("{jump:.3}"));
    let mut line = |kind: &str, scores: Option<Scores>, jump: &str| match scores {
        None => writeln!(out, "{name:<24} {:>6}   {kind}", 0),
        Some(one) => writeln!(
            out,
            "{name:<24} {:>6}   {kind:<7} {:>7.1} {:>7.3} {:>+7.3} {:>7.3} {:>7.3} {:>8.3} {:>7.3} {:>7.3} {jump:>7}",
            one.count,
            one.mean_wait_s,
            one.rase,
            one.bias,
            one.mae,
            one.cover90,
            one.p90_size,
            one.pin90,
            one.under50,
        ),
    };
    line("arrival", report.arrival, &jump)?;
    line("update", report.update, "")
}
