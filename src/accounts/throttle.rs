//! Slows down whoever guesses passwords: so many failures within a quarter of an hour, then wait.
//!
//! Called before a password is checked, so a flood costs no hashing. Counts three things: failures of one account from
//! one address, of one address over all accounts, and of one account over all addresses. An attempt counts as a
//! failure from the moment it begins and is taken back when it succeeds; so a hundred attempts sent at once are a
//! hundred, not the first ten of which the rest knew nothing. Kept in memory only, in a bounded map.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::model::time::{At, Clock, Millis};

/// Failures are forgotten so long after the first of them.
pub const WINDOW: Millis = Millis::seconds(15 * 60);
/// Failures of one account from one address.
pub const PER_ACCOUNT_AND_ADDRESS: u32 = 10;
/// Failures from one address, whatever the account: a company behind one address mistypes now and then.
pub const PER_ADDRESS: u32 = 50;
/// Failures of one account, whatever the address: a crowd of machines gets so many guesses. Whoever signed in from
/// an address before is exempt there, so a crowd cannot lock a person out of the place they work at.
pub const PER_ACCOUNT: u32 = 100;
/// An address from which an account signed in is remembered so long.
const KNOWN_FOR: Millis = Millis::seconds(30 * 24 * 60 * 60);
/// Most entries. One takes about 64 bytes, so about 2 MiB. At the bound the least telling entries go: expired
/// ones, else those with the fewest failures, so that a flood of fresh names pushes out itself and not the counters it
/// has driven up.
const ENTRIES_MAX: usize = 20_000;

/// Too many failures: come back after this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many failed attempts; come back in {0}")]
pub struct Throttled(pub Millis);

/// What is counted. Accounts are hashed with a key of this process: the map holds no mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    AccountAndAddress(u64, IpAddr),
    Address(IpAddr),
    Account(u64),
    /// Not a count: the account signed in from this address.
    Known(u64, IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    failures: u32,
    started_at: At,
    forgotten_at: At,
}

/// Counts failed logins.
pub struct Throttle {
    clock: Clock,
    counts_loopback: bool,
    accounts: RandomState,
    /// A plain lock: held for a few look-ups, never across an await.
    entries: Mutex<HashMap<Key, Entry>>,
}

/// An attempt that was let through. Dropped without a word it counts as failed.
#[must_use = "say whether the attempt succeeded"]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    account: u64,
    address: IpAddr,
}

impl Throttle {
    /// Counts by `clock`; failures from this machine count per address only if `counts_loopback`.
    #[must_use]
    pub fn new(clock: Clock, counts_loopback: bool) -> Self {
        Self {
            clock,
            counts_loopback,
            accounts: RandomState::new(),
            entries: Mutex::new(HashMap::new()),
        }
    }

    /// Lets an attempt on the account of this mail address through, or says when to come back.
    pub fn attempt(&self, address: IpAddr, email: &str) -> Result<Attempt<'_>, Throttled> {
        let account = self.accounts.hash_one(email.trim().to_lowercase());
        let attempt = Attempt {
            throttle: self,
            account,
            address: neighbourhood(address),
        };
        let now = self.clock.now();
        let mut entries = self.entries();
        let limits = attempt.limits(&entries, now);
        let waits = limits.iter().filter_map(|(key, limit)| {
            let entry = entries.get(key).filter(|entry| entry.forgotten_at > now)?;
            (entry.failures >= *limit).then_some(entry.forgotten_at - now)
        });
        if let Some(wait) = waits.max() {
            return Err(Throttled(wait));
        }
        for (key, _) in &limits {
            let entry = live_entry(&mut entries, *key, now, WINDOW);
            entry.failures += 1;
        }
        drop(entries);
        Ok(attempt)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It was the right password: this account's failures from here are forgotten, this attempt is not counted.
    pub fn succeeded(self) {
        let now = self.throttle.clock.now();
        let mut entries = self.throttle.entries();
        self.take_back(&mut entries);
        entries.remove(&Key::AccountAndAddress(self.account, self.address));
        live_entry(
            &mut entries,
            Key::Known(self.account, self.address),
            now,
            KNOWN_FOR,
        );
    }

    /// It could not be judged (the store was away, too many at once): it is not counted.
    pub fn forgiven(self) {
        self.take_back(&mut self.throttle.entries());
    }

    fn take_back(&self, entries: &mut HashMap<Key, Entry>) {
        let account = Key::Account(self.account);
        let both = Key::AccountAndAddress(self.account, self.address);
        for key in [account, both, Key::Address(self.address)] {
            if let Some(entry) = entries.get_mut(&key) {
                entry.failures = entry.failures.saturating_sub(1);
            }
        }
    }

    /// What counts for this attempt, and how much of it is allowed.
    fn limits(&self, entries: &HashMap<Key, Entry>, now: At) -> Vec<(Key, u32)> {
        let both = Key::AccountAndAddress(self.account, self.address);
        let mut limits = vec![(both, PER_ACCOUNT_AND_ADDRESS)];
        if self.throttle.counts_loopback || !self.address.is_loopback() {
            limits.push((Key::Address(self.address), PER_ADDRESS));
        }
        let known = entries.get(&Key::Known(self.account, self.address));
        if known.is_none_or(|entry| entry.forgotten_at <= now) {
            limits.push((Key::Account(self.account), PER_ACCOUNT));
        }
        limits
    }
}

/// The entry of `key`, begun anew if there was none or it is forgotten.
fn live_entry(entries: &mut HashMap<Key, Entry>, key: Key, now: At, life: Millis) -> &mut Entry {
    if entries.len() >= ENTRIES_MAX && !entries.contains_key(&key) {
        make_room(entries, now);
    }
    let fresh = Entry {
        failures: 0,
        started_at: now,
        forgotten_at: now + life,
    };
    let entry = entries.entry(key).or_insert(fresh);
    if entry.forgotten_at <= now {
        *entry = fresh;
    }
    entry
}

/// Drops what is forgotten, else a sixteenth of the map at once, so that the pass over it is paid for by many entries.
fn make_room(entries: &mut HashMap<Key, Entry>, now: At) {
    entries.retain(|_, entry| entry.forgotten_at > now);
    if entries.len() < ENTRIES_MAX {
        return;
    }
    // What helps a person in goes before what holds a stranger off.
    let mut ranked: Vec<_> = entries
        .iter()
        .map(|(key, entry)| {
            let holds_off = !matches!(key, Key::Known(..));
            ((holds_off, entry.failures, entry.started_at), *key)
        })
        .collect();
    let surplus = ENTRIES_MAX / 16;
    ranked.select_nth_unstable_by_key(surplus, |(rank, _)| *rank);
    for (_, key) in &ranked[..surplus] {
        entries.remove(key);
    }
}

/// The account of this mail address, for whoever counts over several nodes: the same on all of them, and not the address itself,
/// which is nobody's business elsewhere.
#[must_use]
pub fn name_of_account(email: &str) -> String {
    let hash = Sha256::digest(email.trim().to_lowercase());
    hash[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whom an address stands for: an IPv6 network of 64 bits is one household's or one server's, all of it.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{
        ENTRIES_MAX, PER_ACCOUNT, PER_ACCOUNT_AND_ADDRESS, PER_ADDRESS, Throttle, Throttled, WINDOW,
    };
    use crate::model::time::{At, Clock, Millis};

    fn throttle() -> (Throttle, Clock) {
        let clock = Clock::manual(At(1_000_000));
        (Throttle::new(clock.clone(), false), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Attempts until one is refused, at most `most`.
    fn failures(throttle: &Throttle, most: u32, next: impl Fn(u32) -> (IpAddr, String)) -> u32 {
        (0..most)
            .find(|&n| {
                let (address, email) = next(n);
                throttle.attempt(address, &email).map(drop).is_err()
            })
            .unwrap_or(most)
    }

    #[test]
    fn ten_failures_then_wait_for_the_window() {
        let (throttle, clock) = throttle();
        let from = address("192.0.2.1");
        let count = failures(&throttle, 100, |n| {
            (
                from,
                if n % 2 == 0 {
                    "Ana@example.com"
                } else {
                    " ana@EXAMPLE.com"
                }
                .into(),
            )
        });
        assert_eq!(count, PER_ACCOUNT_AND_ADDRESS);
        clock.advance(Millis::seconds(60));
        let Err(Throttled(wait)) = throttle.attempt(from, "ana@example.com").map(drop) else {
            panic!("still too many");
        };
        assert_eq!(wait.0, WINDOW.0 - 60_000);
        assert!(
            throttle
                .attempt(address("192.0.2.2"), "ana@example.com")
                .is_ok()
        );
        clock.advance(wait);
        assert!(throttle.attempt(from, "ana@example.com").is_ok());
    }

    #[test]
    fn an_address_gets_fifty_over_all_accounts_and_loopback_any() {
        let (throttle, _) = throttle();
        let names = |n: u32| format!("person{n}@example.com");
        let from_a_network = failures(&throttle, 200, |n| {
            (address(&format!("2001:db8:1:2::{n:x}")), names(n))
        });
        assert_eq!(from_a_network, PER_ADDRESS);
        assert!(
            throttle
                .attempt(address("2001:db8:1:3::1"), "a@b.c")
                .is_ok()
        );
        let local = failures(&throttle, 200, |n| (address("127.0.0.1"), names(n)));
        assert_eq!(local, 200);
        let one_account = failures(&throttle, 200, |_| (address("::1"), "a@b.c".into()));
        assert_eq!(one_account, PER_ACCOUNT_AND_ADDRESS);
        let told_to = Throttle::new(Clock::manual(At(0)), true);
        let local = failures(&told_to, 200, |n| (address("127.0.0.1"), names(n)));
        assert_eq!(local, PER_ADDRESS);
    }

    #[test]
    fn a_crowd_gets_a_hundred_guesses_and_does_not_lock_out_who_is_known() {
        let (throttle, _) = throttle();
        let home = address("192.0.2.1");
        throttle
            .attempt(home, "ana@example.com")
            .unwrap()
            .succeeded();
        let crowd = |n: u32| {
            (
                address(&format!("198.51.{}.{}", n / 200, n % 200)),
                "ana@example.com".into(),
            )
        };
        assert_eq!(failures(&throttle, 500, crowd), PER_ACCOUNT);
        assert!(throttle.attempt(home, "ana@example.com").is_ok());
    }

    #[test]
    fn success_and_forgiveness_take_an_attempt_back() {
        let (throttle, _) = throttle();
        let from = address("192.0.2.1");
        for _ in 0..500 {
            throttle
                .attempt(from, "ana@example.com")
                .unwrap()
                .forgiven();
        }
        for _ in 0..9 {
            drop(throttle.attempt(from, "ana@example.com").unwrap());
        }
        throttle
            .attempt(from, "ana@example.com")
            .unwrap()
            .succeeded();
        let count = failures(&throttle, 100, |_| (from, "ana@example.com".into()));
        assert_eq!(count, PER_ACCOUNT_AND_ADDRESS);
    }

    #[test]
    fn attempts_at_once_are_counted_before_any_is_judged() {
        let (throttle, _) = throttle();
        let from = address("192.0.2.1");
        let running: Vec<_> = (0..20)
            .filter_map(|_| throttle.attempt(from, "ana@example.com").ok())
            .collect();
        assert_eq!(running.len(), PER_ACCOUNT_AND_ADDRESS as usize);
    }

    #[test]
    fn a_flood_of_names_does_not_push_out_what_it_has_driven_up() {
        let (throttle, _) = throttle();
        let from = address("192.0.2.1");
        assert_eq!(
            failures(&throttle, 100, |_| (from, "ana@example.com".into())),
            10
        );
        for n in 0..(ENTRIES_MAX + 500) {
            drop(throttle.attempt(address("127.0.0.1"), &format!("{n}@example.com")));
        }
        assert!(throttle.entries().len() <= ENTRIES_MAX);
        assert!(throttle.attempt(from, "ana@example.com").is_err());
    }
}
