//! Passwords: what makes a good one, and how they are kept (argon2id, as PHC strings).
//!
//! Called at every login, when a password is set, and by the command line. A hash costs 19 MiB and tens of
//! milliseconds of a core, so at most two run at a time on the blocking threads and a bounded queue waits for
//! them; whoever finds the queue full is told to come back. Throttling comes before this, never after.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub const CHARS_MIN: usize = 10;
/// Most bytes of a password. Nothing is ever cut off; the bound only keeps a hash's cost bounded.
pub const BYTES_MAX: usize = 256;
/// Fewest different characters, so that `aaaaaaaaaa` is none.
const DIFFERENT_MIN: usize = 5;
/// Characters that must be left when the person's own name and address are taken out.
const FOREIGN_CHARS_MIN: usize = 6;
/// Parts of a name or address shorter than this are not looked for: they occur in any text.
const PERSONAL_CHARS_MIN: usize = 4;

/// The cost of a hash: OWASP's first recommendation for argon2id (19 MiB, two passes, one lane).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at once: 38 MiB at most, and on two cores one stays free between them for the sockets.
const AT_ONCE: usize = 2;
/// Logins that may wait for a hash; at about 30 ms a hash the last of them waits for half a second.
const QUEUE_MAX: usize = 32;

/// Verified where there is no account, so that an unknown address takes as long as a wrong password. The hash of
/// nothing: its digest was not made from a password.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// Passwords so common that they are tried first; those shorter than [`CHARS_MIN`] need no entry.
const COMMON: &str = include_str!("common_passwords.txt");

/// What is wrong with a password, in words for whoever chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Under [`CHARS_MIN`].
    #[error("The password is too short: choose at least {CHARS_MIN} characters, any you like.")]
    TooShort,
    /// Over [`BYTES_MAX`].
    #[error(
        "The password is too long: choose at most {BYTES_MAX} bytes, which is as many plain letters."
    )]
    TooLong,
    /// On the list of common ones, or a plain run of characters.
    #[error("Many people use this password, so it is guessed first: choose another.")]
    Common,
    /// The name or the address, with little else.
    #[error("The password is little more than your name or mail address: choose another.")]
    Personal,
}

/// More logins wait for a hash than the queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at this moment")]
pub struct Busy;

/// Whether a person of this address and name may choose this password.
pub fn check(password: &str, email: &str, name: &str) -> Result<(), BadPassword> {
    if password.chars().count() < CHARS_MIN {
        return Err(BadPassword::TooShort);
    }
    if password.len() > BYTES_MAX {
        return Err(BadPassword::TooLong);
    }
    let lower = password.to_lowercase();
    if COMMON.lines().any(|common| common == lower) || is_run(&lower) {
        return Err(BadPassword::Common);
    }
    if is_personal(&lower, email, name) {
        return Err(BadPassword::Personal);
    }
    Ok(())
}

/// Few different characters, or each the neighbour of the one before: `abcdefghijk`, `9876543210`.
fn is_run(lower: &str) -> bool {
    let characters: Vec<u32> = lower.chars().map(u32::from).collect();
    let mut different = characters.clone();
    different.sort_unstable();
    different.dedup();
    let all_steps = |step: i64| {
        characters
            .windows(2)
            .all(|pair| i64::from(pair[1]) - i64::from(pair[0]) == step)
    };
    different.len() < DIFFERENT_MIN || all_steps(1) || all_steps(-1)
}

fn is_personal(lower: &str, email: &str, name: &str) -> bool {
    let email = email.to_lowercase();
    let name = name.to_lowercase();
    let local_part = email.split('@').next().unwrap_or_default();
    let mut words: Vec<&str> = vec![&email, local_part, &name];
    words.extend(email.split(|c: char| !c.is_alphanumeric()));
    words.extend(name.split(|c: char| !c.is_alphanumeric()));
    // Longest first, so that an address goes out whole before its parts do.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = lower.to_owned();
    for word in words {
        if word.chars().count() >= PERSONAL_CHARS_MIN {
            rest = rest.replace(word, "");
        }
    }
    rest.len() < lower.len() && rest.chars().count() < FOREIGN_CHARS_MIN
}

/// Hashes and verifies, a few at a time.
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(AtomicUsize::new(0)),
        }
    }
}

impl Passwords {
    /// The PHC string to keep for this password.
    pub async fn hash(&self, password: &str) -> Result<String, Busy> {
        let password = password.to_owned();
        self.run(move || {
            hasher()
                .hash_password(password.as_bytes())
                .expect("argon2id hashes any password with a salt of its own")
                .to_string()
        })
        .await
    }

    /// Whether the password is the one of `kept`. Without an account (`None`) it takes as long and is never right.
    pub async fn verify(&self, password: &str, kept: Option<&str>) -> Result<bool, Busy> {
        let password = password.to_owned();
        let exists = kept.is_some();
        let kept = kept.unwrap_or(NOBODYS_HASH).to_owned();
        self.run(move || matches(&password, &kept) && exists).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _place = Place::take(&self.waiting)?;
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        // The permit goes along: a caller who hangs up must not make room while the hash still runs.
        let work = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(permit);
            outcome
        });
        Ok(work.await.expect("hashing neither panics nor is aborted"))
    }
}

/// A place in the queue, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Result<Self, Busy> {
        // Relaxed: the count alone matters, nothing is published through it.
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(waiting.clone());
        if before < QUEUE_MAX + AT_ONCE {
            Ok(place)
        } else {
            Err(Busy)
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .expect("the constants are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// A hash that cannot be read is nobody's password; the cost it names is the one that was valid when it was made.
fn matches(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept)
        .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::phc::PasswordHash;

    use super::{
        BadPassword, Busy, COMMON, NOBODYS_HASH, Passwords, Place, QUEUE_MAX, check, hasher,
    };

    const EMAIL: &str = "ana.pereira@example.com";
    const NAME: &str = "Ana Pereira";

    #[test]
    fn a_password_is_long_uncommon_and_not_the_person() {
        for (password, fault) in [
            ("short", BadPassword::TooShort),
            ("ééééééééé", BadPassword::TooShort),
            ("Password123", BadPassword::Common),
            ("aaaaaaaaaaaa", BadPassword::Common),
            ("abcdefghijkl", BadPassword::Common),
            ("9876543210", BadPassword::Common),
            ("ana.pereira@example.com", BadPassword::Personal),
            ("Ana Pereira", BadPassword::Personal),
            ("pereira2024", BadPassword::Personal),
        ] {
            assert_eq!(check(password, EMAIL, NAME), Err(fault), "{password}");
        }
        assert_eq!(
            check(&"aé3".repeat(86), EMAIL, NAME),
            Err(BadPassword::TooLong)
        );
        for password in [
            "correct horse battery",
            "ключ от квартиры",
            "tr0ub4dor&3x",
            "pereira likes tea",
        ] {
            assert_eq!(check(password, EMAIL, NAME), Ok(()), "{password}");
        }
    }

    #[test]
    fn the_common_passwords_are_ones_that_length_does_not_refuse() {
        for common in COMMON.lines() {
            assert!(common.chars().count() >= super::CHARS_MIN, "{common}");
            assert_eq!(common, common.to_lowercase());
        }
    }

    #[tokio::test]
    async fn a_hash_verifies_its_own_password_only() {
        let passwords = Passwords::default();
        let kept = passwords.hash("correct horse battery").await.unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(
            passwords
                .verify("correct horse battery", Some(&kept))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("correct horse batterz", Some(&kept))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("correct horse battery", Some("rubbish"))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("correct horse battery", None)
                .await
                .unwrap()
        );
    }

    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let hash = PasswordHash::new(NOBODYS_HASH).unwrap();
        let params = argon2::Params::try_from(&hash).unwrap();
        let ours = hasher();
        assert_eq!(params.m_cost(), ours.params().m_cost());
        assert_eq!(params.t_cost(), ours.params().t_cost());
        assert_eq!(params.p_cost(), ours.params().p_cost());
        assert_eq!(hash.hash.unwrap().len(), 32);
    }

    #[test]
    fn the_queue_is_bounded_and_places_come_back() {
        let passwords = Passwords::default();
        let mut places: Vec<Place> = Vec::new();
        let refused = loop {
            match Place::take(&passwords.waiting) {
                Ok(place) => places.push(place),
                Err(busy) => break busy,
            }
        };
        assert_eq!(refused, Busy);
        assert_eq!(places.len(), QUEUE_MAX + super::AT_ONCE);
        places.pop();
        assert!(Place::take(&passwords.waiting).is_ok());
    }
}
