//! What the program asks the machine: limits, addresses to come from, and the memory and CPU time of another process.

use std::net::{IpAddr, Ipv4Addr};

use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files of a process that are no sockets of the load.
const FILES_SPARE: u64 = 200;
/// Linux has 28,000 ports to offer on one address by default; half of that leaves room for those that are just being closed.
const SOCKETS_AN_ADDRESS: usize = 10_000;

/// Sockets that one process of this program may hold.
pub fn sockets_max() -> usize {
    let files = getrlimit(Resource::Nofile).maximum.unwrap_or(1 << 20);
    usize::try_from(files.saturating_sub(FILES_SPARE))
        .unwrap_or(usize::MAX)
        .max(1)
}

/// Lets this process open as many files as it is allowed to.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // If it stays lower, connecting says so in its own words.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}

/// Where one process's sockets to a server on this machine come from: enough addresses of the loopback network, none of them shared with another
/// process or with a server. A server elsewhere is reached from wherever the system likes.
pub fn sources(url: &str, process: usize, sockets: usize) -> Vec<IpAddr> {
    let is_here = ["http://127.", "http://localhost"]
        .iter()
        .any(|start| url.starts_with(start));
    if !is_here {
        return Vec::new();
    }
    let part = |number: usize| u8::try_from(number % 250 + 1).unwrap_or(1);
    let addresses = sockets.div_ceil(SOCKETS_AN_ADDRESS);
    (0..addresses)
        .map(|number| IpAddr::V4(Ipv4Addr::new(127, 65, part(process), part(number))))
        .collect()
}

/// A process as the kernel counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Usage {
    pub resident_bytes: u64,
    /// The most it ever was.
    pub high_water_bytes: u64,
    /// User and system time since its start.
    pub cpu_ms: u64,
}

/// Lets the high-water mark of another process begin anew, from what it has now (proc(5): `clear_refs`).
///
/// # Errors
/// The process is not ours to touch, or gone.
pub fn forget_high_water(pid: u32) -> Result<(), String> {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").map_err(|problem| {
        format!("the high-water mark of process {pid} cannot be reset ({problem}); run this as the user that runs the server")
    })
}

/// Reads another process.
///
/// # Errors
/// It cannot be read, with what to do about it.
pub fn usage(pid: u32) -> Result<Usage, String> {
    let read = |name: &str| {
        std::fs::read_to_string(format!("/proc/{pid}/{name}"))
            .map_err(|problem| format!("process {pid} cannot be read ({problem}); give the id of the running server as --server-pid"))
    };
    let (status, stat) = (read("status")?, read("stat")?);
    let bytes = |field: &str| kilobytes(&status, field).map(|kilobytes| kilobytes * 1024);
    match (bytes("VmRSS:"), bytes("VmHWM:"), ticks(&stat)) {
        (Some(resident_bytes), Some(high_water_bytes), Some(ticks)) => Ok(Usage {
            resident_bytes,
            high_water_bytes,
            cpu_ms: ticks * 1_000 / clock_ticks_per_second().max(1),
        }),
        _ => Err(format!(
            "process {pid} has no memory of its own; give the id of the running server as --server-pid"
        )),
    }
}

fn kilobytes(status: &str, field: &str) -> Option<u64> {
    status
        .lines()
        .find_map(|line| line.strip_prefix(field))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// User and system time. The name of the program, in parentheses, may hold spaces, so the fields are counted behind it (proc(5): 14 and 15,
/// with the name as 2).
fn ticks(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(field(14)? + field(15)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read() {
        let mine = usage(std::process::id()).unwrap();
        assert!(mine.resident_bytes > 100_000);
        assert!(mine.high_water_bytes >= mine.resident_bytes);
        assert!(usage(u32::MAX).unwrap_err().contains("--server-pid"));
    }

    #[test]
    fn cpu_time_is_found_behind_a_strange_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100";
        assert_eq!(ticks(stat), Some(300));
    }

    #[test]
    fn processes_never_share_an_address() {
        let first = sources("http://127.0.0.1:8080", 0, 25_000);
        let second = sources("http://127.0.0.1:8080", 1, 25_000);
        assert_eq!(first.len(), 3);
        assert!(
            first
                .iter()
                .all(|address| address.is_loopback() && !second.contains(address))
        );
        assert!(sources("http://192.0.2.1:8080", 0, 25_000).is_empty());
    }
}
