//! A seal on bytes that lie outside of the store, by which they are known again as this installation's own.
//!
//! Called by `web` for the widget's parts among the files: whoever can write into a bucket must not be able to put a script
//! on every page that has the chat. The key is derived for this one purpose.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What the key is derived for.
const PURPOSE: &[u8] = b"balie sealed part 1";
/// Of SHA-256.
const MAC_BYTES: usize = 32;

/// Seals bytes under a name.
pub struct Seal {
    /// Keyed; cloned for each use.
    keyed: Hmac<Sha256>,
}

impl Seal {
    /// The seal of the installation with this secret.
    #[must_use]
    pub fn new(token_secret: &[u8; 32]) -> Self {
        let keyed = |key: &[u8]| {
            Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length")
        };
        let derivation = keyed(token_secret).chain_update(PURPOSE);
        Self {
            keyed: keyed(&derivation.finalize().into_bytes()),
        }
    }

    /// The bytes with the seal before them.
    #[must_use]
    pub fn close(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let mac = self.over(name, bytes).finalize().into_bytes();
        [mac.as_slice(), bytes].concat()
    }

    /// How many bytes the seal takes at the front, if it is ours and for this name.
    #[must_use]
    pub fn opens(&self, name: &str, sealed: &[u8]) -> Option<usize> {
        let (mac, bytes) = sealed.split_at_checked(MAC_BYTES)?;
        self.over(name, bytes).verify_slice(mac).ok()?;
        Some(MAC_BYTES)
    }

    /// The length stands between name and bytes, so that no part of the one passes for the other.
    fn over(&self, name: &str, bytes: &[u8]) -> Hmac<Sha256> {
        self.keyed
            .clone()
            .chain_update((name.len() as u64).to_be_bytes())
            .chain_update(name)
            .chain_update(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_installation_opens_it_under_the_same_name_and_unchanged() {
        let seal = Seal::new(&[1; 32]);
        let sealed = seal.close("app.js", b"let a = 1");
        assert_eq!(seal.opens("app.js", &sealed), Some(MAC_BYTES));
        assert_eq!(&sealed[MAC_BYTES..], b"let a = 1");
        assert_eq!(seal.opens("app.j", &sealed), None);
        assert_eq!(Seal::new(&[2; 32]).opens("app.js", &sealed), None);
        assert_eq!(seal.opens("app.js", &sealed[..MAC_BYTES - 1]), None);
        for at in [0, MAC_BYTES, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal.opens("app.js", &changed), None, "byte {at}");
        }
    }
}
