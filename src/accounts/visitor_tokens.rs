//! The token that makes a browser the same visitor as before: a JWT that only this installation can sign.
//!
//! Called by the visitor socket (`welcome` always carries a fresh one) and by the resources that visitors use. A token names its
//! visitor and its site; it is good for nothing else: its key is derived for this one purpose, and its audience names
//! purpose and site, so that neither a site's signed identity nor a token of another site passes for one.

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::model::id::{CommandId, SiteKey, VisitorId};
use crate::model::time::{At, Millis};

/// A token is good for so long after the last `welcome`, by the contract: 30 days.
pub const TOKEN_LIFE: Millis = Millis::seconds(30 * 24 * 60 * 60);
/// Longest token that is looked at; ours have about 250 bytes.
const TOKEN_BYTES_MAX: usize = 1_024;
/// What the signing key is derived for. Another purpose takes another label, and so another key.
const PURPOSE: &[u8] = b"balie visitor token 1";
/// What the ids of visitors without a token are derived for.
const NEWCOMER_PURPOSE: &[u8] = b"balie visitor of a command 1";

/// How the audience begins; the site's key follows.
const AUDIENCE: &str = "visitor/";

/// Why a token is no good. The visitor is told the same in all cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Not signed by this installation, or not a token at all.
    #[error("the token was not signed here")]
    Forged,
    /// Of another site.
    #[error("the token is of another site")]
    OtherSite,
    /// Too old.
    #[error("the token has expired")]
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: VisitorId,
    aud: String,
    /// Seconds since the Unix epoch, as RFC 7519 has it.
    exp: i64,
}

/// Signs and checks visitors' tokens.
pub struct VisitorTokens {
    signing: EncodingKey,
    checking: DecodingKey,
    /// Keyed; cloned for each id.
    newcomers: Hmac<Sha256>,
}

impl VisitorTokens {
    /// Tokens of the installation with this secret.
    #[must_use]
    pub fn new(token_secret: &[u8; 32]) -> Self {
        let keyed = |key: &[u8]| {
            Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length")
        };
        let derived = |purpose| {
            let derivation = keyed(token_secret).chain_update(purpose);
            derivation.finalize().into_bytes()
        };
        let key = derived(PURPOSE);
        Self {
            signing: EncodingKey::from_secret(&key),
            checking: DecodingKey::from_secret(&key),
            newcomers: keyed(&derived(NEWCOMER_PURPOSE)),
        }
    }

    /// A fresh token for this visitor of this site.
    #[must_use]
    pub fn issue(&self, visitor: VisitorId, site: &SiteKey, now: At) -> String {
        let claims = Claims {
            sub: visitor,
            aud: audience(site),
            exp: (now + TOKEN_LIFE).0 / 1_000,
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("plain claims are signed with a plain key")
    }

    /// Who somebody without a token is, when all that is known of them is this command: the same one each time the
    /// command is repeated, and nobody whose id could be guessed from it.
    #[must_use]
    pub fn newcomer(&self, site: &SiteKey, cmd: CommandId) -> VisitorId {
        let bound = self
            .newcomers
            .clone()
            .chain_update(cmd.bytes())
            .chain_update(site.as_str());
        let digest = bound.finalize().into_bytes();
        let mut id = [0; 16];
        // The form of a version 7: clients make their commands in the order of time, and begin them with it.
        id[..6].copy_from_slice(&cmd.bytes()[..6]);
        id[6..].copy_from_slice(&digest[..10]);
        id[6] = id[6] & 0x0f | 0x70;
        id[8] = id[8] & 0x3f | 0x80;
        VisitorId::from_bytes(id)
    }

    /// Whose token this is, if it is one of this site and still good.
    pub fn verify(&self, token: &str, site: &SiteKey, now: At) -> Result<VisitorId, BadToken> {
        let (visitor, of) = self.read(token, now)?;
        if of == *site {
            Ok(visitor)
        } else {
            Err(BadToken::OtherSite)
        }
    }

    /// Whose token this is and of which site, if it is still good. For whoever learns the site from the token.
    pub fn read(&self, token: &str, now: At) -> Result<(VisitorId, SiteKey), BadToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(BadToken::Forged);
        }
        // The library would read the machine's clock; ours is checked below. So is the audience, to tell it apart.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        let claims = decode::<Claims>(token, &self.checking, &rules)
            .map_err(|_| BadToken::Forged)?
            .claims;
        let site = claims.aud.strip_prefix(AUDIENCE);
        let site = site.and_then(|key| SiteKey::new(key).ok());
        let site = site.ok_or(BadToken::Forged)?;
        if claims.exp <= now.0 / 1_000 {
            return Err(BadToken::Expired);
        }
        Ok((claims.sub, site))
    }
}

fn audience(site: &SiteKey) -> String {
    format!("{AUDIENCE}{site}")
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    use serde_json::json;

    use super::{BadToken, TOKEN_LIFE, VisitorTokens};
    use crate::model::id::{CommandId, SiteKey, VisitorId};
    use crate::model::time::{At, Millis};

    const SECRET: [u8; 32] = [7; 32];
    const NOW: At = At(1_800_000_000_000);

    fn site(key: &str) -> SiteKey {
        SiteKey::new(key).unwrap()
    }

    #[test]
    fn a_token_names_its_visitor_for_thirty_days_on_its_site() {
        let tokens = VisitorTokens::new(&SECRET);
        let visitor = VisitorId::fresh();
        let token = tokens.issue(visitor, &site("demo"), NOW);
        let nearly = NOW + TOKEN_LIFE - Millis::seconds(1);
        assert_eq!(tokens.verify(&token, &site("demo"), nearly), Ok(visitor));
        assert_eq!(
            tokens.verify(&token, &site("demo"), NOW + TOKEN_LIFE),
            Err(BadToken::Expired)
        );
        assert_eq!(
            tokens.verify(&token, &site("shop"), NOW),
            Err(BadToken::OtherSite)
        );
    }

    #[test]
    fn a_newcomer_is_known_by_the_command_on_one_site_and_installation() {
        let tokens = VisitorTokens::new(&SECRET);
        let (cmd, demo) = (CommandId::fresh(), site("demo"));
        let newcomer = tokens.newcomer(&demo, cmd);
        assert_eq!(VisitorTokens::new(&SECRET).newcomer(&demo, cmd), newcomer);
        assert_ne!(tokens.newcomer(&site("shop"), cmd), newcomer);
        assert_ne!(tokens.newcomer(&demo, CommandId::fresh()), newcomer);
        assert_ne!(VisitorTokens::new(&[8; 32]).newcomer(&demo, cmd), newcomer);
        assert_eq!(
            (newcomer.0.get_version_num(), newcomer.0.get_variant()),
            (7, cmd.0.get_variant())
        );
    }

    #[test]
    fn a_token_that_was_not_signed_for_this_is_forged() {
        let tokens = VisitorTokens::new(&SECRET);
        let visitor = VisitorId::fresh();
        let good = tokens.issue(visitor, &site("demo"), NOW);
        let foreign = VisitorTokens::new(&[8; 32]).issue(visitor, &site("demo"), NOW);
        let claims = json!({"sub": visitor, "aud": "visitor/demo", "exp": NOW.0 / 1_000 + 60});
        // The installation's secret itself is not the key.
        let underived = encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(&SECRET),
        )
        .unwrap();
        let (head, _) = good.rsplit_once('.').unwrap();
        let swapped = good.replacen('e', "f", 1);
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.";
        let long = "a".repeat(5_000);
        for token in [
            foreign.as_str(),
            &underived,
            head,
            &swapped,
            unsigned,
            &long,
            "",
            "..",
        ] {
            assert_eq!(
                tokens.verify(token, &site("demo"), NOW),
                Err(BadToken::Forged),
                "{token}"
            );
        }
    }
}
