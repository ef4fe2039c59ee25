//! Where a client is, and how much one address may ask for.
//!
//! The address is that of the connection's peer; the word of a proxy counts only if the proxy is trusted, and then from
//! the right: the first address that is no trusted proxy. An IPv6 client counts by its /64, the smallest network a
//! provider hands out. Loopback does not count unless told to. Bounded: an entry lives while it has a socket, or its
//! minute runs.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::config::Config;
use crate::coordination::Coordination;
use crate::model::time::{At, Millis};

/// The window that starts are counted in.
const WINDOW: Millis = Millis::seconds(60);
/// Entries kept before those without sockets and with an old window are cleared away.
const ENTRIES_CLEAR: usize = 10_000;
/// Addresses that ask within one minute, of those that hold no socket: about 6 MB. More are an attack, and wait.
const ENTRIES_MAX: usize = 100_000;

/// All addresses that are connected now or started something lately.
pub struct Addresses {
    sockets_max: u32,
    starts_per_min: u32,
    counts_loopback: bool,
    /// Counts over all nodes what this one has let pass.
    coordination: Arc<dyn Coordination>,
    /// A std mutex: held for one look-up.
    entries: Mutex<HashMap<IpAddr, Entry>>,
}

#[derive(Default)]
struct Entry {
    sockets: u32,
    starts: u32,
    window_at: At,
}

/// One socket of an address, counted as long as any clone lives.
#[derive(Clone)]
pub struct Seen(Option<Arc<Counted>>);

struct Counted {
    addresses: Arc<Addresses>,
    key: IpAddr,
}

impl Addresses {
    /// The limits that are set.
    #[must_use]
    pub fn new(config: &Config, coordination: Arc<dyn Coordination>) -> Arc<Self> {
        Arc::new(Self {
            sockets_max: config.address_sockets_max,
            starts_per_min: config.address_starts_per_min,
            counts_loopback: config.limit_loopback,
            coordination,
            entries: Mutex::new(HashMap::new()),
        })
    }

    /// Counts a socket, on this node and over all of them; `None` if the address has too many. While coordination is away this
    /// node's own count must do.
    pub async fn enter(self: &Arc<Self>, address: IpAddr, now: At) -> Option<Seen> {
        let address = address.to_canonical();
        if address.is_loopback() && !self.counts_loopback {
            return Some(Seen(None));
        }
        let counted = self.count_socket(counted_as(address), now)?;
        if self.sockets_max > 0 {
            let what = sockets_of(counted.key);
            match self.coordination.has_room(&what, self.sockets_max).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(away) => {
                    tracing::debug!(error = %away, "a socket is counted on this node alone");
                }
            }
        }
        Some(Seen(Some(Arc::new(counted))))
    }

    fn count_socket(self: &Arc<Self>, key: IpAddr, now: At) -> Option<Counted> {
        let mut entries = self.entries();
        make_room(&mut entries, now);
        let entry = entries.entry(key).or_default();
        if self.sockets_max > 0 && entry.sockets >= self.sockets_max {
            return None;
        }
        entry.sockets += 1;
        drop(entries);
        if self.sockets_max > 0 {
            self.coordination.hold(&sockets_of(key));
        }
        Some(Counted {
            addresses: Arc::clone(self),
            key,
        })
    }

    /// Counts a conversation started on a socket; else says after how long one may be.
    pub async fn start(&self, seen: &Seen, now: At) -> Result<(), Millis> {
        match &seen.0 {
            Some(counted) => self.count_start_everywhere(counted.key, now).await,
            None => Ok(()),
        }
    }

    /// Counts a conversation started without a socket, together with those started on one.
    pub async fn start_from(&self, address: IpAddr, now: At) -> Result<(), Millis> {
        let address = address.to_canonical();
        if address.is_loopback() && !self.counts_loopback {
            return Ok(());
        }
        self.count_start_everywhere(counted_as(address), now).await
    }

    /// On this node, then on all of them. While coordination is away this node's own count must do.
    async fn count_start_everywhere(&self, key: IpAddr, now: At) -> Result<(), Millis> {
        self.count_start(key, now)?;
        if self.starts_per_min == 0 {
            return Ok(());
        }
        let what = format!("start:{key}");
        let counted = self.coordination.count(&what, self.starts_per_min, WINDOW);
        match counted.await {
            Ok(Some(wait)) => Err(wait),
            Ok(None) => Ok(()),
            Err(away) => {
                tracing::debug!(error = %away, "a start was counted on this node alone");
                Ok(())
            }
        }
    }

    fn count_start(&self, key: IpAddr, now: At) -> Result<(), Millis> {
        if self.starts_per_min == 0 {
            return Ok(());
        }
        let mut entries = self.entries();
        make_room(&mut entries, now);
        if entries.len() >= ENTRIES_MAX && !entries.contains_key(&key) {
            return Err(WINDOW);
        }
        let entry = entries.entry(key).or_default();
        if now - entry.window_at >= WINDOW {
            entry.window_at = now;
            entry.starts = 0;
        }
        if entry.starts >= self.starts_per_min {
            return Err(entry.window_at + WINDOW - now);
        }
        entry.starts += 1;
        Ok(())
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<IpAddr, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut entries = self.addresses.entries();
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.sockets = entry.sockets.saturating_sub(1);
            if entry.sockets == 0 && entry.starts == 0 {
                entries.remove(&self.key);
            }
        }
        drop(entries);
        if self.addresses.sockets_max > 0 {
            self.addresses.coordination.release(&sockets_of(self.key));
        }
    }
}

/// So many requests of one kind a minute from one address; for paths that anybody may ask. Bounded like [`Addresses`].
pub struct PerMinute {
    requests_max: u32,
    counts_loopback: bool,
    /// Requests in the window, and when it began. A std mutex: held for one look-up.
    entries: Mutex<HashMap<IpAddr, (u32, At)>>,
}

impl PerMinute {
    /// At most `requests_max`.
    #[must_use]
    pub fn new(requests_max: u32, counts_loopback: bool) -> Self {
        Self {
            requests_max,
            counts_loopback,
            entries: Mutex::default(),
        }
    }

    /// Counts a request; else says after how long one may come.
    pub fn count(&self, address: IpAddr, now: At) -> Result<(), Millis> {
        let address = address.to_canonical();
        if address.is_loopback() && !self.counts_loopback {
            return Ok(());
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_CLEAR {
            entries.retain(|_, (_, window_at)| now - *window_at < WINDOW);
        }
        if entries.len() >= ENTRIES_MAX {
            return Err(WINDOW);
        }
        let (requests, window_at) = entries.entry(counted_as(address)).or_insert((0, now));
        if now - *window_at >= WINDOW {
            (*requests, *window_at) = (0, now);
        }
        if *requests >= self.requests_max {
            return Err(*window_at + WINDOW - now);
        }
        *requests += 1;
        Ok(())
    }
}

/// What all nodes together count.
fn sockets_of(key: IpAddr) -> String {
    format!("sockets:{key}")
}

fn make_room(entries: &mut HashMap<IpAddr, Entry>, now: At) {
    if entries.len() >= ENTRIES_CLEAR {
        entries.retain(|_, entry| entry.sockets > 0 || now - entry.window_at < WINDOW);
    }
}

/// Whom an address stands for: IPv6 counts by network.
#[must_use]
pub fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// The client's address: the peer's, or what trusted proxies say it is.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(&peer) {
        return peer;
    }
    let forwarded: Vec<IpAddr> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        // What is no address ends the chain of trust: nothing left of it can be believed.
        .map(|one| {
            one.trim()
                .parse::<IpAddr>()
                .map(|address| address.to_canonical())
        })
        .rev()
        .map_while(Result::ok)
        .collect();
    forwarded
        .iter()
        .copied()
        .find(|address| !is_trusted(address))
        .or(forwarded.last().copied())
        .unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::{client_address, counted_as};
    use axum::http::{HeaderMap, HeaderValue};

    fn from(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_from_the_right() {
        assert_eq!(from("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            from("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            from("10.0.0.1", &["6.6.6.6", "198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            from("10.0.0.1", &["198.51.100.1, nonsense, 10.0.0.2"]),
            "10.0.0.2"
        );
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(from("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn an_ipv6_client_counts_by_its_network() {
        let one = counted_as("2001:db8:1:2:3:4:5:6".parse().unwrap());
        assert_eq!(one, counted_as("2001:db8:1:2:ffff::1".parse().unwrap()));
        assert_ne!(one, counted_as("2001:db8:1:3::1".parse().unwrap()));
    }
}
