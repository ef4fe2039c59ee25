//! How figures are written for people: aligned, with units, numbers in groups of three.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hdrhistogram::Histogram;

use balie_loadtest::participant::fault::Fault;

/// Faults shown in words.
pub const FAULTS_MAX: usize = 20;
/// The width of the names at the left.
const NAME_CHARS: usize = 18;
/// The width of one latency.
const LATENCY_CHARS: usize = 11;

/// Text that grows line by line.
pub struct Table {
    text: String,
}

impl Table {
    pub fn new(title: &str) -> Self {
        Self {
            text: format!("{title}\n\n"),
        }
    }

    pub fn row(&mut self, name: &str, value: &str) {
        self.line(&format!("{name:<NAME_CHARS$}{value}"));
    }

    pub fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// One row with the sum, and one below it for each reason.
    pub fn counts(&mut self, name: &str, counts: &BTreeMap<String, u64>) {
        self.row(name, &count(counts.values().sum()));
        for (reason, number) in counts {
            self.row("", &format!("{} × {reason}", count(*number)));
        }
    }

    pub fn faults(&mut self, number: u64, shown: &[Fault]) {
        self.row("faults", &count(number));
        for fault in shown.iter().take(FAULTS_MAX) {
            self.row("", &fault.to_string());
        }
    }

    pub fn finish(self) -> String {
        self.text
    }
}

/// `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 process`, `2 processes`.
pub fn plural(number: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        count(number as u64),
        if number == 1 { one } else { many }
    )
}

/// Megabytes of a million bytes, as operators' tools count them.
pub fn bytes(number: u64) -> String {
    format!("{:.1} MB", number as f64 / 1e6)
}

/// The part that one of several processes takes of a whole; the parts differ by one at most.
pub fn share(whole: usize, parts: usize, index: usize) -> usize {
    whole / parts + usize::from(index < whole % parts)
}

pub fn add_counts(into: &mut BTreeMap<String, u64>, counts: BTreeMap<String, u64>) {
    for (reason, number) in counts {
        *into.entry(reason).or_default() += number;
    }
}

pub fn latency_heading() -> String {
    let columns = ["p50", "p90", "p99", "p99.9", "max"];
    aligned("", columns.map(str::to_owned))
}

pub fn latency_row(name: &str, histogram: &Histogram<u64>) -> String {
    let at = |quantile: f64| milliseconds(histogram.value_at_quantile(quantile));
    aligned(
        name,
        [
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            milliseconds(histogram.max()),
        ],
    )
}

fn aligned(name: &str, columns: [String; 5]) -> String {
    let mut line = format!("{name:<NAME_CHARS$}");
    for column in columns {
        // Writing into a string cannot fail.
        let _ = write!(line, "{column:>LATENCY_CHARS$}");
    }
    line
}

fn milliseconds(us: u64) -> String {
    format!("{:.2} ms", us as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let written: Vec<String> = [0, 999, 1_000, 12_345, 1_234_567].map(count).to_vec();
        assert_eq!(written, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn shares_make_up_the_whole() {
        for (whole, parts) in [(10, 3), (2, 5), (7, 7), (15_000, 2)] {
            let shares: Vec<usize> = (0..parts).map(|index| share(whole, parts, index)).collect();
            assert_eq!(shares.iter().sum::<usize>(), whole);
            assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn rows_of_latencies_stand_under_their_heading() {
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        histogram.record(1_234).unwrap();
        assert_eq!(
            latency_row("ack", &histogram).chars().count(),
            latency_heading().chars().count()
        );
        assert!(latency_row("ack", &histogram).contains("1.23 ms"));
    }
}
