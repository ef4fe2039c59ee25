//! What a fresh installation is filled with, whatever the engine, and the randomness it takes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The departments of the demo site, in its order: key and name.
pub(super) const DEPARTMENTS: [(&str, &str); 2] = [("support", "Support"), ("sales", "Sales")];
/// The demo site's key.
pub(super) const SITE: &str = "demo";
/// The demo site's name.
pub(super) const SITE_NAME: &str = "Demo shop";

/// A name for the timelines that begin now.
pub(super) fn epoch() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<12>())
}

/// A secret that signs the identities of a site's visitors.
pub(super) fn identity_secret() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

/// Bytes that nobody can guess.
pub(super) fn random_bytes<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    // There is no honest way on without randomness, and no system Balie runs on is without it.
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
