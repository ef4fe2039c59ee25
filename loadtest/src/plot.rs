//! What was promised against what came, as a picture and in words.
//!
//! The picture is an SVG without outside parts: a line from the promised median to the 90th percentile for each visitor, by the
//! moment when they came, and a dot where the wait ended.

use std::fmt::Write as _;

/// One visitor.
#[derive(Clone, Copy, Debug)]
pub struct Dot {
    /// When they came.
    pub came_ms: i64,
    /// What they were told first, if anything.
    pub promise: Option<Promise>,
    pub end: End,
}

/// A promise: counted from the moment it was made.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// How long they had waited then.
    pub after_ms: i64,
    pub p50_ms: i64,
    pub p90_ms: i64,
}

/// How a wait ended, after how many milliseconds in all.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Answered(i64),
    Left(i64),
}

impl Dot {
    /// The promise of the whole wait, median and 90th percentile.
    fn promised(&self) -> Option<(i64, i64)> {
        self.promise
            .map(|one| (one.after_ms + one.p50_ms, one.after_ms + one.p90_ms))
    }

    /// The promise and the wait of somebody who was promised something and answered.
    fn judged(&self) -> Option<(i64, i64, i64)> {
        match (self.promised(), self.end) {
            (Some((p50, p90)), End::Answered(wait)) => Some((p50, p90, wait)),
            _ => None,
        }
    }
}

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 400.0;
/// Left, top, right and bottom of what is drawn in.
const FRAME: (f64, f64, f64, f64) = (52.0, 48.0, 948.0, 360.0);

/// The picture; a line stands where the shifts changed.
pub fn svg(dots: &[Dot], change_ms: i64) -> String {
    let longest = |dot: &Dot| {
        let (End::Answered(wait) | End::Left(wait)) = dot.end;
        wait.max(dot.promised().map_or(0, |(_, p90)| p90))
    };
    let last_ms = dots.iter().map(|dot| dot.came_ms).max().unwrap_or(0).max(1);
    let most_ms = dots.iter().map(longest).max().unwrap_or(0).max(1);
    let x = |ms: i64| FRAME.0 + (FRAME.2 - FRAME.0) * ms as f64 / last_ms as f64;
    let y = |ms: i64| FRAME.3 - (FRAME.3 - FRAME.1) * ms as f64 / most_ms as f64;
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#333\" role=\"img\">\n\
         <title>What visitors were promised on arrival, and how long they waited</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    let step_s = [5, 10, 20, 30, 60, 120, 300]
        .into_iter()
        .find(|step| most_ms / 1_000 / step <= 8)
        .unwrap_or(600);
    for tick in 0..=most_ms / 1_000 / step_s {
        let (second, at) = (tick * step_s, y(tick * step_s * 1_000));
        let (left, right, label) = (FRAME.0, FRAME.2, FRAME.0 - 6.0);
        let _ = writeln!(
            out,
            "<path d=\"M{left} {at:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{label}\" y=\"{:.1}\" text-anchor=\"end\">{second} s</text>",
            at + 4.0
        );
    }
    for minute in 0..=last_ms / 60_000 {
        let (at, label) = (x(minute * 60_000), FRAME.3 + 18.0);
        let _ = writeln!(
            out,
            "<text x=\"{at:.1}\" y=\"{label}\" text-anchor=\"middle\">{minute} min</text>"
        );
    }
    let (change, top, bottom) = (x(change_ms), FRAME.1, FRAME.3);
    let _ = writeln!(
        out,
        "<path d=\"M{change:.1} {top}V{bottom}\" stroke=\"#888\" stroke-dasharray=\"4 4\"/><text x=\"{:.1}\" y=\"{:.1}\">the shifts change</text>",
        change + 5.0,
        top + 10.0
    );
    for dot in dots {
        let at = x(dot.came_ms);
        if let Some((p50, p90)) = dot.promised() {
            let _ = writeln!(
                out,
                "<path d=\"M{at:.1} {:.1}V{:.1}\" stroke=\"#9db8d9\" stroke-width=\"2\"/>",
                y(p50),
                y(p90)
            );
        }
        let _ = match (dot.end, dot.judged()) {
            (End::Left(wait), _) => writeln!(
                out,
                "<circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"2.5\" fill=\"none\" stroke=\"#999\"/>",
                y(wait)
            ),
            (End::Answered(wait), Some((_, p90, _))) => {
                let color = if wait <= p90 { "#1f7a4d" } else { "#c0392b" };
                writeln!(
                    out,
                    "<circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"2.5\" fill=\"{color}\"/>",
                    y(wait)
                )
            }
            (End::Answered(wait), None) => writeln!(
                out,
                "<circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"1.5\" fill=\"#bbb\"/>",
                y(wait)
            ),
        };
    }
    let keys = [
        ("#9db8d9", "promised: median to 90th percentile"),
        ("#1f7a4d", "waited, promise kept"),
        ("#c0392b", "waited longer than the 90th percentile"),
        ("#999", "gave up (ring), answered untold (dot)"),
    ];
    let mut left = FRAME.0;
    for (color, text) in keys {
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"14\" width=\"10\" height=\"10\" fill=\"{color}\"/><text x=\"{}\" y=\"23\">{text}</text>",
            left + 15.0
        );
        left += 34.0 + 6.1 * text.len() as f64;
    }
    out.push_str("</svg>\n");
    out
}

/// The figures, before and after the change and together.
pub fn words(dots: &[Dot], change_ms: i64) -> String {
    let mut out = String::new();
    let left = dots.iter().filter(|dot| matches!(dot.end, End::Left(_)));
    let _ = writeln!(
        out,
        "{} visitors, {} gave up, {} were promised something before they were answered",
        dots.len(),
        left.count(),
        dots.iter().filter(|dot| dot.judged().is_some()).count()
    );
    let before: Vec<Dot> = dots
        .iter()
        .filter(|dot| dot.came_ms < change_ms)
        .copied()
        .collect();
    let after: Vec<Dot> = dots
        .iter()
        .filter(|dot| dot.came_ms >= change_ms)
        .copied()
        .collect();
    for (name, part) in [
        ("before the change", &before[..]),
        ("after it", &after[..]),
        ("all", dots),
    ] {
        let judged: Vec<(i64, i64, i64)> = part.iter().filter_map(Dot::judged).collect();
        let count = judged.len();
        if count == 0 {
            let _ = writeln!(out, "{name}: none");
            continue;
        }
        let mean = |of: fn(&(i64, i64, i64)) -> i64| {
            judged.iter().map(of).sum::<i64>() as f64 / count as f64 / 1_000.0
        };
        let kept = judged.iter().filter(|(_, p90, wait)| wait <= p90).count();
        let mut errors: Vec<i64> = judged
            .iter()
            .map(|(p50, _, wait)| (p50 - wait).abs())
            .collect();
        errors.sort_unstable();
        let _ = writeln!(
            out,
            "{name}: {count} promises, {:.1} % within the 90th percentile; mean wait {:.1} s, half of the medians off by {:.1} s at most, bias {:+.1} s",
            100.0 * kept as f64 / count as f64,
            mean(|(_, _, wait)| *wait),
            errors[(count - 1) / 2] as f64 / 1_000.0,
            mean(|(p50, _, wait)| p50 - wait)
        );
    }
    out
}
