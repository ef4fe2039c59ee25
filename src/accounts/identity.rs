//! Signed identities: a site tells us who its visitor is, in a JWT that only the site can sign.
//!
//! Called by the visitor socket for `hello.identity`. The key decides the algorithm, never the token: a secret is for
//! HS256 and nothing else, a public key for the one algorithm of its kind. So a token cannot be "signed" with the
//! public key as if it were a secret, nor with `none`. A token is bound to the site (`aud`) and short-lived (`exp`
//! at most an hour ahead), so a leaked one is soon worthless.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::model::record::Site;
use crate::model::time::{At, Millis};

/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1_024;
/// A token may be valid so long at most, by the contract.
const LIFE_MAX: Millis = Millis::seconds(60 * 60);
/// How far the site's clock and ours may be apart.
const LEEWAY: Millis = Millis::seconds(60);
/// Longest `sub`, in characters.
const SUBJECT_CHARS_MAX: usize = 200;
/// Longest name or address, in characters; a longer one is cut.
const NAME_CHARS_MAX: usize = 200;
/// Most attributes; one more is refused.
const ATTRIBUTES_MAX: usize = 32;
/// Longest name of an attribute, in characters.
const ATTRIBUTE_NAME_CHARS_MAX: usize = 64;
/// Longest value of an attribute, in characters; a longer one is cut.
const ATTRIBUTE_CHARS_MAX: usize = 500;
/// Highest priority, and its negative the lowest; a signed one beyond is brought within.
const PRIORITY_MAX: i64 = 2;
/// Fewest characters of a site's secret: RFC 7518 asks for as many bits as the hash has, 32 bytes for HS256.
pub const SECRET_CHARS_MIN: usize = 32;
/// Most characters of a site's secret or public key.
pub const KEY_CHARS_MAX: usize = 8 * 1_024;
/// An RSA public key of 2,048 bits has 270 bytes in PKCS#1, one of 4,096 bits 526: shorter is weak, longer is slow.
const RSA_KEY_BYTES: std::ops::RangeInclusive<usize> = 262..=560;
/// An Ed25519 public key, RFC 8032.
const ED25519_KEY_BYTES: usize = 32;
/// A point of P-256: uncompressed, as SEC 1 writes it.
const P256_KEY_BYTES: usize = 65;

/// Who the site says its visitor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIdentity {
    /// The site's own id for the person: the same one is the same visitor on every device.
    pub subject: String,
    /// The name to show.
    pub name: Option<String>,
    /// Their mail address.
    pub email: Option<String>,
    /// −2 … 2; 0 unless the site says.
    pub priority: i8,
    /// What else the site tells, as text.
    pub attributes: BTreeMap<String, String>,
}

/// Why an identity is not taken. The words are for whoever builds the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadIdentity {
    /// The site has neither secret nor public key.
    #[error("This site has no key for signed identities: set one in its settings.")]
    NotConfigured,
    /// Not a token, or not signed with the site's key, or with an algorithm that is not the key's.
    #[error("The identity is not signed with this site's key.")]
    Forged,
    /// `aud` is not the site.
    #[error("The identity is for another site: \"aud\" must be this site's key.")]
    OtherSite,
    /// `exp` is past, or `nbf` ahead.
    #[error("The identity has expired or is not valid yet.")]
    Expired,
    /// `exp` is missing, or too far ahead.
    #[error("The identity must expire within an hour: set \"exp\".")]
    TooLongLived,
    /// A claim is missing or of the wrong kind.
    #[error("The identity's claim \"{0}\" is missing or wrong.")]
    BadClaim(&'static str),
}

/// A text that is no public key for identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "This is no public key in PEM form (\"-----BEGIN PUBLIC KEY-----\") for ES256 (P-256), RS256 (2,048 to 4,096 bits) \
     or EdDSA (Ed25519)."
)]
pub struct BadKey;

/// A key of a site and the one algorithm it is for.
struct Key {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Who the visitor is, if `token` is signed by the site, for the site, and still good.
pub fn verify(site: &Site, token: &str, now: At) -> Result<SignedIdentity, BadIdentity> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(BadIdentity::Forged);
    }
    let keys = keys_of(site);
    if keys.is_empty() {
        return Err(BadIdentity::NotConfigured);
    }
    let header = decode_header(token).map_err(|_| BadIdentity::Forged)?;
    // RFC 7515, 4.1.11: whoever does not know an extension that is marked critical must refuse. We know none.
    if header.crit.is_some() {
        return Err(BadIdentity::Forged);
    }
    let key = keys
        .into_iter()
        .find(|key| key.algorithm == header.alg)
        .ok_or(BadIdentity::Forged)?;
    let mut rules = Validation::new(key.algorithm);
    // The library would read the machine's clock and tell faults apart less well: the claims are judged below.
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let claims = decode::<Map<String, Value>>(token, &key.key, &rules)
        .map_err(|_| BadIdentity::Forged)?
        .claims;
    judge(&claims, site, now)
}

/// Whether a text can be the public key of a site.
pub fn check_public_key(pem: &str) -> Result<(), BadKey> {
    public_key(pem).map(drop).ok_or(BadKey)
}

fn keys_of(site: &Site) -> Vec<Key> {
    let secret = site.identity_secret.as_ref().map(|secret| Key {
        algorithm: Algorithm::HS256,
        key: DecodingKey::from_secret(secret.as_bytes()),
    });
    let public = site.identity_public_key.as_deref().and_then(public_key);
    secret.into_iter().chain(public).collect()
}

/// The key's own kind decides its algorithm. Sizes are checked here, because the library trusts them.
fn public_key(pem: &str) -> Option<Key> {
    let pem = pem.trim();
    let is_public = [
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN RSA PUBLIC KEY-----",
    ]
    .iter()
    .any(|begin| pem.starts_with(begin));
    if !is_public || pem.len() > KEY_CHARS_MAX {
        return None;
    }
    let bytes = pem.as_bytes();
    let kinds = [
        (
            Algorithm::ES256,
            DecodingKey::from_ec_pem(bytes),
            P256_KEY_BYTES..=P256_KEY_BYTES,
        ),
        (
            Algorithm::EdDSA,
            DecodingKey::from_ed_pem(bytes),
            ED25519_KEY_BYTES..=ED25519_KEY_BYTES,
        ),
        (
            Algorithm::RS256,
            DecodingKey::from_rsa_pem(bytes),
            RSA_KEY_BYTES,
        ),
    ];
    kinds.into_iter().find_map(|(algorithm, key, sizes)| {
        let key = key.ok()?;
        let size = key.try_get_as_bytes().ok()?.len();
        sizes.contains(&size).then_some(Key { algorithm, key })
    })
}

fn judge(claims: &Map<String, Value>, site: &Site, now: At) -> Result<SignedIdentity, BadIdentity> {
    let is_for_site = match claims.get("aud") {
        Some(Value::String(audience)) => audience == site.key.as_str(),
        Some(Value::Array(all)) => all.iter().any(|one| one == site.key.as_str()),
        Some(_) | None => false,
    };
    if !is_for_site {
        return Err(BadIdentity::OtherSite);
    }
    judge_times(claims, now)?;
    let subject = match claims.get("sub") {
        Some(Value::String(subject)) if !subject.trim().is_empty() => subject.clone(),
        Some(_) | None => return Err(BadIdentity::BadClaim("sub")),
    };
    if subject.chars().count() > SUBJECT_CHARS_MAX || subject.contains('\0') {
        return Err(BadIdentity::BadClaim("sub"));
    }
    Ok(SignedIdentity {
        subject,
        name: text(claims, "name")?,
        email: text(claims, "email")?,
        priority: priority(claims)?,
        attributes: attributes(claims)?,
    })
}

fn judge_times(claims: &Map<String, Value>, now: At) -> Result<(), BadIdentity> {
    let expires_at = moment(claims, "exp")?.ok_or(BadIdentity::TooLongLived)?;
    if expires_at + LEEWAY <= now {
        return Err(BadIdentity::Expired);
    }
    if expires_at > now + LIFE_MAX + LEEWAY {
        return Err(BadIdentity::TooLongLived);
    }
    match moment(claims, "nbf")? {
        Some(begins_at) if begins_at > now + LEEWAY => Err(BadIdentity::Expired),
        Some(_) | None => Ok(()),
    }
}

/// RFC 7519 allows fractions of a second, and some libraries write them.
fn moment(claims: &Map<String, Value>, name: &'static str) -> Result<Option<At>, BadIdentity> {
    /// Beyond this the arithmetic with moments would not be exact; about the year 2255.
    const SECONDS_MAX: f64 = 9e9;
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let seconds = value.as_f64().ok_or(BadIdentity::BadClaim(name))?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "clamped to a range that an i64 holds exactly"
            )]
            Ok(Some(At((seconds.clamp(0.0, SECONDS_MAX) * 1_000.0) as i64)))
        }
    }
}

fn text(claims: &Map<String, Value>, name: &'static str) -> Result<Option<String>, BadIdentity> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let text = cut(text.trim(), NAME_CHARS_MAX);
            Ok((!text.is_empty()).then_some(text))
        }
        Some(_) => Err(BadIdentity::BadClaim(name)),
    }
}

fn priority(claims: &Map<String, Value>) -> Result<i8, BadIdentity> {
    match claims.get("priority") {
        None | Some(Value::Null) => Ok(0),
        Some(value) => {
            let number = value.as_i64().ok_or(BadIdentity::BadClaim("priority"))?;
            let within = number.clamp(-PRIORITY_MAX, PRIORITY_MAX);
            Ok(i8::try_from(within).expect("−2 … 2 fits"))
        }
    }
}

fn attributes(claims: &Map<String, Value>) -> Result<BTreeMap<String, String>, BadIdentity> {
    const WRONG: BadIdentity = BadIdentity::BadClaim("attributes");
    let given = match claims.get("attributes") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(given)) if given.len() <= ATTRIBUTES_MAX => given,
        Some(_) => return Err(WRONG),
    };
    let mut attributes = BTreeMap::new();
    for (name, value) in given {
        let length = name.chars().count();
        if length == 0 || length > ATTRIBUTE_NAME_CHARS_MAX || name.contains('\0') {
            return Err(WRONG);
        }
        let value = match value {
            Value::Null => continue,
            Value::String(text) => cut(text, ATTRIBUTE_CHARS_MAX),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => return Err(WRONG),
        };
        attributes.insert(name.clone(), value);
    }
    Ok(attributes)
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars()
        .filter(|character| *character != '\0')
        .take(chars_max)
        .collect()
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
