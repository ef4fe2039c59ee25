//! What a load test counts and times, and how the counts of several processes become one.
//!
//! The chorus records into a [`Meter`]; worker processes hand theirs to the parent as a [`Tally`], which is text. Latencies are
//! kept in histograms with three significant digits, which merge exactly; nothing is averaged.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::participant::fault::{Breach, Fault};

/// Longer than any sane answer; what takes longer is recorded as this.
const LATENCY_US_MAX: u64 = 600_000_000;
/// Faults kept in words; all are counted.
const FAULTS_SHOWN_MAX: usize = 20;

/// Microseconds on the clock that all processes of this machine share.
#[must_use]
pub fn now_us() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    part(now.tv_sec) * 1_000_000 + part(now.tv_nsec) / 1_000
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)
        .expect("the bounds are constants that the library accepts")
}

/// Counts and latencies of one process, or of all once they are merged.
#[derive(Clone)]
pub struct Meter {
    /// From the moment a message was to be sent until its ack.
    pub ack_us: Histogram<u64>,
    /// From the moment a message was to be sent until the other side has it.
    pub delivery_us: Histogram<u64>,
    /// Messages whose moment fell into the measured time.
    pub sent: u64,
    /// Messages that arrived within the measured time, whenever they were sent. Per second, this is the throughput.
    pub arrived: u64,
    /// Commands that the server asked to repeat later, by code.
    pub postponed: BTreeMap<String, u64>,
    /// Final refusals of commands, by code.
    pub refused: BTreeMap<String, u64>,
    /// Sockets that were lost and opened again.
    pub reconnects: u64,
    pub faults: BTreeMap<Breach, u64>,
    pub faults_shown: Vec<Fault>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            ack_us: histogram(),
            delivery_us: histogram(),
            sent: 0,
            arrived: 0,
            postponed: BTreeMap::new(),
            refused: BTreeMap::new(),
            reconnects: 0,
            faults: BTreeMap::new(),
            faults_shown: Vec::new(),
        }
    }
}

impl Meter {
    pub fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault.breach).or_default() += 1;
        if self.faults_shown.len() < FAULTS_SHOWN_MAX {
            self.faults_shown.push(fault);
        }
    }

    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.faults.values().sum()
    }

    /// Puts another process's figures to these.
    ///
    /// # Errors
    /// The tally is not one that this version wrote.
    pub fn merge(&mut self, tally: &Tally) -> Result<(), String> {
        let add = |into: &mut Histogram<u64>, text: &str| {
            into.add(decode(text)?)
                .map_err(|problem| problem.to_string())
        };
        add(&mut self.ack_us, &tally.ack_us)?;
        add(&mut self.delivery_us, &tally.delivery_us)?;
        self.sent += tally.sent;
        self.arrived += tally.arrived;
        self.reconnects += tally.reconnects;
        let codes = [
            (&mut self.refused, &tally.refused),
            (&mut self.postponed, &tally.postponed),
        ];
        for (into, counts) in codes {
            for (code, count) in counts {
                *into.entry(code.clone()).or_default() += count;
            }
        }
        for (breach, count) in &tally.faults {
            *self.faults.entry(*breach).or_default() += count;
        }
        let room = FAULTS_SHOWN_MAX.saturating_sub(self.faults_shown.len());
        self.faults_shown
            .extend(tally.faults_shown.iter().take(room).cloned());
        Ok(())
    }

    /// The figures as text for another process.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            ack_us: encode(&self.ack_us),
            delivery_us: encode(&self.delivery_us),
            sent: self.sent,
            arrived: self.arrived,
            postponed: self.postponed.clone(),
            refused: self.refused.clone(),
            reconnects: self.reconnects,
            faults: self.faults.clone(),
            faults_shown: self.faults_shown.clone(),
        }
    }
}

/// A [`Meter`] in a form that travels; its histograms are in the V2 format of HdrHistogram, in base64.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tally {
    ack_us: String,
    delivery_us: String,
    sent: u64,
    arrived: u64,
    postponed: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    reconnects: u64,
    faults: BTreeMap<Breach, u64>,
    faults_shown: Vec<Fault>,
}

fn encode(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    V2Serializer::new()
        .serialize(histogram, &mut bytes)
        .expect("a histogram of these bounds fits into memory");
    STANDARD.encode(bytes)
}

fn decode(text: &str) -> Result<Histogram<u64>, String> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|problem| problem.to_string())?;
    Deserializer::new()
        .deserialize(&mut bytes.as_slice())
        .map_err(|problem| problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_tallies_are_as_if_one_process_had_measured() {
        let (mut left, mut right, mut both) =
            (Meter::default(), Meter::default(), Meter::default());
        for value in 1..2_000 {
            let half = if value % 3 == 0 {
                &mut left
            } else {
                &mut right
            };
            half.ack_us.saturating_record(value * 17);
            half.arrived += 1;
            both.ack_us.saturating_record(value * 17);
        }
        right.fault(Fault::general(Breach::Gap, "x"));
        let mut merged = Meter::default();
        for part in [&left, &right] {
            let text = serde_json::to_string(&part.tally()).unwrap();
            merged.merge(&serde_json::from_str(&text).unwrap()).unwrap();
        }
        assert_eq!(merged.ack_us, both.ack_us);
        assert_eq!(merged.arrived, 1_999);
        assert_eq!(merged.fault_count(), 1);
        assert_eq!(merged.faults_shown.len(), 1);
    }

    #[test]
    fn faults_are_all_counted_and_few_are_kept() {
        let mut meter = Meter::default();
        for _ in 0..1_000 {
            meter.fault(Fault::general(Breach::Gap, "x"));
        }
        assert_eq!(meter.fault_count(), 1_000);
        assert_eq!(meter.faults_shown.len(), FAULTS_SHOWN_MAX);
    }

    #[test]
    fn a_broken_tally_is_refused() {
        let mut tally = Meter::default().tally();
        tally.ack_us = "AAAA".into();
        assert!(Meter::default().merge(&tally).is_err());
    }

    #[test]
    fn the_shared_clock_goes_on() {
        let before = now_us();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(now_us() >= before + 2_000);
    }
}
