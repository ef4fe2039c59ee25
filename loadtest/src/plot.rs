//! What was promised against what came, as a picture and in words.
//!
//! The picture is an SVG without outside parts: a line from the promised median to the 90th percentile for each visitor, by the
//! moment when they came, and a dot where the wait ended.

use std::fmt::Write as _;

/// Everybody who came, in order of their coming.
#[derive(Clone, Debug)]
pub struct Course {
    /// Each of them; the first came at 0.
    pub dots: Vec<Dot>,
    /// When the shifts began to change.
    pub change_ms: i64,
}

/// One visitor.
#[derive(Clone, Copy, Debug)]
pub struct Dot {
    /// When they came.
    pub came_ms: i64,
    /// What they were told first, if anything.
    pub promise: Option<Promise>,
    /// What came of it.
    pub end: End,
}

/// A promise: counted from the moment it was made.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// How long they had waited then.
    pub after_ms: i64,
    /// Half of such waits go on no longer than this.
    pub p50_ms: i64,
    /// Nine in ten.
    pub p90_ms: i64,
}

/// How a wait ended, after how many milliseconds in all.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// An agent came.
    Answered(i64),
    /// The visitor gave up.
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

/// The colours of promises, of waits that kept them, of those that broke them, and of waits that nothing is held against.
const PROMISED: &str = "#9db8d9";
const KEPT: &str = "#1f7a4d";
const BROKEN: &str = "#c0392b";
const UNTOLD: &str = "#999";

impl Course {
    /// The picture; a line stands where the shifts change.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#333\" role=\"img\">\n\
             <title>What visitors were promised on arrival, and how long they waited</title>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
        );
        let scale = Scale::of(&self.dots);
        scale.axes(&mut out, self.change_ms);
        for dot in &self.dots {
            scale.mark(&mut out, dot);
        }
        key(&mut out);
        out.push_str("</svg>\n");
        out
    }

    /// The figures, before and after the change and together.
    #[must_use]
    pub fn words(&self) -> String {
        let dots = &self.dots[..];
        let mut out = String::new();
        let left = dots.iter().filter(|dot| matches!(dot.end, End::Left(_)));
        let _ = writeln!(
            out,
            "{} visitors, {} gave up, {} were promised something before they were answered",
            dots.len(),
            left.count(),
            dots.iter().filter(|dot| dot.judged().is_some()).count()
        );
        let came_before = |dot: &Dot| dot.came_ms < self.change_ms;
        let (before, after): (Vec<Dot>, Vec<Dot>) = dots.iter().partition(|dot| came_before(dot));
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
}

/// Where moments and waits stand in the picture.
struct Scale {
    last_ms: i64,
    longest_ms: i64,
}

impl Scale {
    fn of(dots: &[Dot]) -> Self {
        let longest = |dot: &Dot| {
            let (End::Answered(wait) | End::Left(wait)) = dot.end;
            wait.max(dot.promised().map_or(0, |(_, p90)| p90))
        };
        Self {
            last_ms: dots.iter().map(|dot| dot.came_ms).max().unwrap_or(0).max(1),
            longest_ms: dots.iter().map(longest).max().unwrap_or(0).max(1),
        }
    }

    fn x(&self, came_ms: i64) -> f64 {
        FRAME.0 + (FRAME.2 - FRAME.0) * came_ms as f64 / self.last_ms as f64
    }

    fn y(&self, wait_ms: i64) -> f64 {
        FRAME.3 - (FRAME.3 - FRAME.1) * wait_ms as f64 / self.longest_ms as f64
    }

    fn axes(&self, out: &mut String, change_ms: i64) {
        let (left, top, right, bottom) = FRAME;
        let longest_s = self.longest_ms / 1_000;
        let step_s = [5, 10, 20, 30, 60, 120, 300]
            .into_iter()
            .find(|step_s| longest_s / step_s <= 8)
            .unwrap_or(600);
        for tick in 0..=longest_s / step_s {
            let (second, at) = (tick * step_s, self.y(tick * step_s * 1_000));
            let _ = writeln!(
                out,
                "<path d=\"M{left} {at:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{second} s</text>",
                left - 6.0,
                at + 4.0
            );
        }
        for minute in 0..=self.last_ms / 60_000 {
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{minute} min</text>",
                self.x(minute * 60_000),
                bottom + 18.0
            );
        }
        let change = self.x(change_ms);
        let _ = writeln!(
            out,
            "<path d=\"M{change:.1} {top}V{bottom}\" stroke=\"#888\" stroke-dasharray=\"4 4\"/><text x=\"{:.1}\" y=\"{:.1}\">the shifts change</text>",
            change + 5.0,
            top + 10.0
        );
    }

    /// A line for what was promised, and a dot for what came.
    fn mark(&self, out: &mut String, dot: &Dot) {
        let at = self.x(dot.came_ms);
        if let Some((p50, p90)) = dot.promised() {
            let _ = writeln!(
                out,
                "<path d=\"M{at:.1} {:.1}V{:.1}\" stroke=\"{PROMISED}\" stroke-width=\"2\"/>",
                self.y(p50),
                self.y(p90)
            );
        }
        let (wait, radius, paint) = match (dot.end, dot.promised()) {
            (End::Left(wait), _) => (wait, 2.5, format!("fill=\"none\" stroke=\"{UNTOLD}\"")),
            (End::Answered(wait), Some((_, p90))) => {
                let color = if wait <= p90 { KEPT } else { BROKEN };
                (wait, 2.5, format!("fill=\"{color}\""))
            }
            (End::Answered(wait), None) => (wait, 1.5, format!("fill=\"{UNTOLD}\"")),
        };
        let _ = writeln!(
            out,
            "<circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"{radius}\" {paint}/>",
            self.y(wait)
        );
    }
}

/// What the colours mean.
fn key(out: &mut String) {
    let keys = [
        (PROMISED, "promised: median to 90th percentile"),
        (KEPT, "waited, promise kept"),
        (BROKEN, "waited longer than the 90th percentile"),
        (UNTOLD, "gave up (ring), answered untold (dot)"),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: Promise = Promise {
        after_ms: 1_000,
        p50_ms: 9_000,
        p90_ms: 19_000,
    };

    fn course(dots: &[(i64, Option<Promise>, End)]) -> Course {
        let dots = dots.iter().map(|(came_ms, promise, end)| Dot {
            came_ms: *came_ms,
            promise: *promise,
            end: *end,
        });
        Course {
            dots: dots.collect(),
            change_ms: 30_000,
        }
    }

    /// Two promises kept, one broken, one given up, and one who was told nothing.
    fn all_kinds() -> Course {
        course(&[
            (0, None, End::Answered(500)),
            (10_000, Some(TOLD), End::Answered(8_000)),
            (20_000, Some(TOLD), End::Left(4_000)),
            (30_000, Some(TOLD), End::Answered(20_000)),
            (60_000, Some(TOLD), End::Answered(40_000)),
        ])
    }

    /// The tags in order, each closed where it has to be, and every value in quotes.
    fn tags(svg: &str) -> Vec<&str> {
        let mut tags = Vec::new();
        let mut open = Vec::new();
        for piece in svg.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').expect("a tag ends");
            assert!(!text.contains(['>', '&']), "{text}");
            let name = tag.split(' ').next().expect("a tag has a name");
            if let Some(closed) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed));
                continue;
            }
            assert_eq!(tag.matches('"').count(), 2 * tag.matches("=\"").count());
            if !tag.ends_with('/') {
                open.push(name);
            }
            tags.push(tag);
        }
        assert!(open.is_empty(), "{open:?}");
        tags
    }

    fn with<'a>(tags: &[&'a str], words: &str) -> Vec<&'a str> {
        let found = tags.iter().filter(|tag| tag.contains(words));
        found.copied().collect()
    }

    #[test]
    fn each_promise_is_a_line_and_each_wait_a_dot() {
        let svg = all_kinds().svg();
        let tags = tags(&svg);
        // From 10 s up to 20 s of 40: the frame is 312 high and ends at 360.
        let line = "path d=\"M201.3 282.0V204.0\"";
        let lines = with(&tags, "stroke=\"#9db8d9\"");
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with(line), "{lines:?}");
        let dots = with(&tags, "circle ");
        assert_eq!(dots.len(), 5);
        let expected = [
            "cx=\"52.0\" cy=\"356.1\" r=\"1.5\" fill=\"#999\"",
            "cx=\"201.3\" cy=\"297.6\" r=\"2.5\" fill=\"#1f7a4d\"",
            "cx=\"350.7\" cy=\"328.8\" r=\"2.5\" fill=\"none\" stroke=\"#999\"",
            "cx=\"500.0\" cy=\"204.0\" r=\"2.5\" fill=\"#1f7a4d\"",
            "cx=\"948.0\" cy=\"48.0\" r=\"2.5\" fill=\"#c0392b\"",
        ];
        for (dot, expected) in dots.iter().zip(expected) {
            assert!(dot.contains(expected), "{dot} is not {expected}");
        }
        let change = with(&tags, "stroke-dasharray");
        assert!(change[0].contains("M500.0 48V360"), "{change:?}");
    }

    #[test]
    fn a_desk_to_which_nobody_came_is_an_empty_picture() {
        let course = course(&[]);
        let svg = course.svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(with(&tags(&svg), "circle ").len(), 0);
        assert!(
            course.words().ends_with("all: none\n"),
            "{}",
            course.words()
        );
    }

    #[test]
    fn the_words_count_before_and_after_the_change() {
        let expected = "\
            5 visitors, 1 gave up, 3 were promised something before they were answered\n\
            before the change: 1 promises, 100.0 % within the 90th percentile; mean wait 8.0 s, half of the medians off by 2.0 s at most, bias +2.0 s\n\
            after it: 2 promises, 50.0 % within the 90th percentile; mean wait 30.0 s, half of the medians off by 10.0 s at most, bias -20.0 s\n\
            all: 3 promises, 66.7 % within the 90th percentile; mean wait 22.7 s, half of the medians off by 10.0 s at most, bias -12.7 s\n";
        assert_eq!(all_kinds().words(), expected);
    }
}
