//! What a benchmark took of the machine, as the kernel counts it. Used by the benchmarks beside it.

use std::fs;
use std::time::Duration;

/// Bytes of memory that this process holds, from the kernel.
pub fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1_024
}

/// How long this process has been on a core, from the kernel: what else runs on the machine does not count.
pub fn cpu_time() -> Duration {
    let status = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let first = status.split_whitespace().next();
    Duration::from_nanos(first.and_then(|text| text.parse().ok()).unwrap_or(0))
}
