//! The one-time way in: a token that makes the first administrator while there is nobody yet.
//!
//! The server prints it at its start inside a link; `web` redeems it. It lives in memory only, so a restart gives a
//! new one, and it is gone as soon as anybody exists, whoever made them. That two who redeem it at once do not both
//! become the first is the store's promise, not this one's.

use std::sync::{Mutex, PoisonError};

use crate::accounts::secret::Secret;

/// Holds the set-up token while it is of use.
pub struct SetUp {
    /// A plain lock: held for a comparison, never across an await.
    token: Mutex<Option<Secret>>,
}

impl SetUp {
    /// With a fresh token if there is nobody yet.
    #[must_use]
    pub fn new(is_needed: bool) -> Self {
        Self {
            token: Mutex::new(is_needed.then(|| Secret::fresh(""))),
        }
    }

    /// Whether the installation waits for its first administrator, as far as this process knows.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.token().is_some()
    }

    /// The token to print inside the link.
    #[must_use]
    pub fn token_to_print(&self) -> Option<Secret> {
        self.token().clone()
    }

    /// Whether `given` is the token. It stays good until [`SetUp::finish`], so that a refused password costs nobody
    /// the way in.
    #[must_use]
    pub fn admits(&self, given: &str) -> bool {
        self.token().as_ref().is_some_and(|token| token.is(given))
    }

    /// Somebody exists: the token is void from here.
    pub fn finish(&self) {
        *self.token() = None;
    }

    fn token(&self) -> std::sync::MutexGuard<'_, Option<Secret>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::SetUp;

    #[test]
    fn the_token_admits_until_somebody_exists() {
        let setup = SetUp::new(true);
        let token = setup.token_to_print().unwrap();
        assert!(setup.is_needed());
        assert!(!setup.admits("guess"));
        assert!(setup.admits(token.reveal()));
        assert!(
            setup.admits(token.reveal()),
            "a refused password may be corrected"
        );
        setup.finish();
        assert!(!setup.admits(token.reveal()));
        assert!(!setup.is_needed());
    }

    #[test]
    fn an_installation_with_people_has_no_token() {
        let setup = SetUp::new(false);
        assert!(setup.token_to_print().is_none());
        assert!(!setup.admits(""));
    }
}
