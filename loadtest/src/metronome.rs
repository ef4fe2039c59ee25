//! The beat of the open loop: says when each speaker's turn is, whatever the server does.
//!
//! A thread of its own, because the timers of an async runtime are a millisecond coarse, which would count as latency. The
//! chorus starts it and drops it; it promises a turn for every beat that was due, also those that it woke up too late for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::meter::now_us;

/// Newcomers are asked for at least so often, and the end is noticed.
const NAP_US_MAX: u64 = 50_000;

/// Somebody's turn, and the moment that it was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat<Who> {
    pub who: Who,
    pub at_us: u64,
}

/// A running metronome; it stops when `is_on` is false or it is dropped.
pub struct Metronome {
    is_on: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.is_on.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It can only have panicked by our own mistake, which its message has told already.
            let _ = thread.join();
        }
    }
}

/// Starts the beat: each speaker has a turn every `every_us`, spread evenly over that time. `newcomers` is asked for speakers to add.
pub fn start<Who: Copy + Hash + Send + 'static>(
    speakers: Vec<Who>,
    every_us: u64,
    mut newcomers: impl FnMut() -> Vec<Who> + Send + 'static,
    turns: UnboundedSender<Beat<Who>>,
    is_on: Arc<AtomicBool>,
) -> Metronome {
    let keeps_on = Arc::clone(&is_on);
    let thread = thread::spawn(move || {
        let mut due: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        let mut everybody: Vec<Who> = Vec::new();
        let mut coming = speakers;
        while keeps_on.load(Ordering::Relaxed) {
            coming.extend(newcomers());
            for who in coming.drain(..) {
                due.push(Reverse((now_us() + phase(&who, every_us), everybody.len())));
                everybody.push(who);
            }
            let now = now_us();
            while let Some(Reverse((at_us, index))) = due
                .peek()
                .copied()
                .filter(|Reverse((at_us, _))| *at_us <= now)
            {
                due.pop();
                due.push(Reverse((at_us + every_us, index)));
                if turns
                    .send(Beat {
                        who: everybody[index],
                        at_us,
                    })
                    .is_err()
                {
                    return;
                }
            }
            let next_us = due.peek().map_or(NAP_US_MAX, |Reverse((at_us, _))| {
                at_us.saturating_sub(now_us())
            });
            thread::sleep(Duration::from_micros(next_us.min(NAP_US_MAX)));
        }
    });
    Metronome {
        is_on,
        thread: Some(thread),
    }
}

/// Where within the interval a speaker's turn lies: the same in every run, and different for each.
fn phase<Who: Hash>(who: &Who, every_us: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    who.hash(&mut hasher);
    hasher.finish() % every_us.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_has_a_turn_at_even_distances_also_a_newcomer() {
        let (turns, mut spoken) = tokio::sync::mpsc::unbounded_channel();
        let mut later = vec![9];
        let metronome = start(
            vec![1, 2],
            4_000,
            move || std::mem::take(&mut later),
            turns,
            Arc::new(AtomicBool::new(true)),
        );
        let mut last: std::collections::HashMap<i32, u64> = std::collections::HashMap::new();
        for _ in 0..30 {
            let beat = spoken.recv().await.unwrap();
            if let Some(before) = last.insert(beat.who, beat.at_us) {
                assert_eq!(beat.at_us - before, 4_000);
            }
        }
        assert_eq!(last.len(), 3);
        drop(metronome);
        while spoken.recv().await.is_some() {}
    }
}
