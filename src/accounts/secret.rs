//! Random secrets that are shown once and kept as a hash: session cookies, API tokens, the set-up token.
//!
//! Used by the rest of the room. A [`Secret`] never prints itself; SHA-256 without a salt is enough to keep it, because
//! 256 random bits cannot be guessed from a list as a password can.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Random bytes in a secret: 256 bits, so that guessing is hopeless at any rate.
const SECRET_BYTES: usize = 32;
/// Characters of a bare secret: its bytes in base64url without padding.
pub const SECRET_CHARS: usize = (SECRET_BYTES * 8).div_ceil(6);

/// A secret on its way to its owner.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A fresh one that begins with `prefix`.
    ///
    /// # Panics
    /// When the operating system gives no random bytes: nothing here is safe then.
    #[must_use]
    pub fn fresh(prefix: &str) -> Self {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The text to hand over; never to be logged.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `given` is this secret. Hashes are compared, so that neither content nor length shows in the time.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        hash(&self.0).ct_eq(&hash(given)).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// What is kept of a secret.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{SECRET_CHARS, Secret};

    #[test]
    fn a_secret_is_long_fresh_and_never_prints_itself() {
        let secret = Secret::fresh("balie_");
        assert_eq!(secret.reveal().len(), SECRET_CHARS + 6);
        assert!(secret.is(secret.reveal()));
        assert!(!secret.is(Secret::fresh("balie_").reveal()));
        assert!(!secret.is(""));
        assert!(!format!("{secret:?}").contains(&secret.reveal()[6..]));
    }
}
