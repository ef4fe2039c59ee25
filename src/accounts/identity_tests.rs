//! What passes for a signed identity and what does not: forged, foreign, expired, confused, malformed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{BadIdentity, SignedIdentity, check_public_key, verify};
use crate::model::id::SiteKey;
use crate::model::record::Site;
use crate::model::time::{At, Millis};
use crate::model::widget_settings::WidgetSettings;

const SECRET: &str = "a secret of the site with at least 32 characters";
const NOW: At = At(1_800_000_000_000);

const ES256: &str = include_str!("../../tests/keys/es256.pem");
const ES256_PUBLIC: &str = include_str!("../../tests/keys/es256.pub.pem");
const ES384_PUBLIC: &str = include_str!("../../tests/keys/es384.pub.pem");
const ED25519: &str = include_str!("../../tests/keys/ed25519.pem");
const ED25519_PUBLIC: &str = include_str!("../../tests/keys/ed25519.pub.pem");
const RS256: &str = include_str!("../../tests/keys/rs256.pem");
const RS256_PUBLIC: &str = include_str!("../../tests/keys/rs256.pub.pem");
const RS256_SHORT_PUBLIC: &str = include_str!("../../tests/keys/rs256_short.pub.pem");

fn site(secret: Option<&str>, public_key: Option<&str>) -> Site {
    Site {
        key: SiteKey::new("demo").unwrap(),
        name: "Demo".into(),
        origins: Vec::new(),
        departments: Vec::new(),
        form: Vec::new(),
        greeting: None,
        color: None,
        typing_preview: false,
        widget: WidgetSettings::default(),
        identity_secret: secret.map(Into::into),
        identity_public_key: public_key.map(Into::into),
    }
}

/// Good claims, with these on top.
fn claims(changes: Value) -> Value {
    let mut claims = json!({"sub": "customer-1", "aud": "demo", "exp": NOW.0 / 1_000 + 600});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn signed(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

fn judged(changes: Value) -> Result<SignedIdentity, BadIdentity> {
    let token = signed(&claims(changes), SECRET);
    verify(&site(Some(SECRET), None), &token, NOW)
}

fn with_header(header: &Value, of: &str) -> String {
    let mut parts: Vec<&str> = of.split('.').collect();
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    parts[0] = &header;
    parts.join(".")
}

#[test]
fn each_kind_of_key_verifies_its_own_algorithm() {
    let identity = judged(json!({})).unwrap();
    assert_eq!(identity.subject, "customer-1");
    let pairs = [
        (
            Algorithm::ES256,
            EncodingKey::from_ec_pem(ES256.as_bytes()),
            ES256_PUBLIC,
        ),
        (
            Algorithm::EdDSA,
            EncodingKey::from_ed_pem(ED25519.as_bytes()),
            ED25519_PUBLIC,
        ),
        (
            Algorithm::RS256,
            EncodingKey::from_rsa_pem(RS256.as_bytes()),
            RS256_PUBLIC,
        ),
    ];
    for (algorithm, key, public) in pairs {
        let token = encode(&Header::new(algorithm), &claims(json!({})), &key.unwrap()).unwrap();
        for configured in [site(None, Some(public)), site(Some(SECRET), Some(public))] {
            let identity = verify(&configured, &token, NOW).unwrap();
            assert_eq!(identity.subject, "customer-1", "{algorithm:?}");
        }
        // The same token is nothing to a site that has another key.
        assert_eq!(
            verify(&site(Some(SECRET), None), &token, NOW),
            Err(BadIdentity::Forged)
        );
    }
}

#[test]
fn the_key_decides_the_algorithm_never_the_token() {
    // Signed with HS256, the public key as the secret: the classic confusion.
    for public in [ES256_PUBLIC, RS256_PUBLIC, ED25519_PUBLIC] {
        for secret in [public, public.trim()] {
            let confused = signed(&claims(json!({})), secret);
            assert_eq!(
                verify(&site(None, Some(public)), &confused, NOW),
                Err(BadIdentity::Forged)
            );
        }
    }
    let good = signed(&claims(json!({})), SECRET);
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None", "typ": "JWT"}),
        json!({"alg": "HS512"}),
        json!({"alg": "RS256"}),
        json!({"typ": "JWT"}),
        json!({"alg": "HS256", "crit": ["exp"]}),
    ] {
        let configured = site(Some(SECRET), Some(RS256_PUBLIC));
        let swapped = with_header(&header, &good);
        assert_eq!(
            verify(&configured, &swapped, NOW),
            Err(BadIdentity::Forged),
            "{header}"
        );
    }
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let unsigned = with_header(&json!({"alg": "none"}), &format!("{unsigned}."));
    assert_eq!(
        verify(&site(Some(SECRET), None), &unsigned, NOW),
        Err(BadIdentity::Forged)
    );
    // HS512 with the right secret is still not what the key is for.
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let other = encode(&Header::new(Algorithm::HS512), &claims(json!({})), &key).unwrap();
    assert_eq!(
        verify(&site(Some(SECRET), None), &other, NOW),
        Err(BadIdentity::Forged)
    );
}

#[test]
fn a_forged_or_mangled_token_is_forged() {
    let good = signed(&claims(json!({})), SECRET);
    let (body, signature) = good.rsplit_once('.').unwrap();
    let marked_critical = {
        let mut header = Header::new(Algorithm::HS256);
        header.crit = Some(vec!["b64".into()]);
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        encode(&header, &claims(json!({})), &key).unwrap()
    };
    for token in [
        signed(
            &claims(json!({})),
            "another secret of at least 32 characters",
        ),
        signed(&claims(json!({})), ""),
        format!("{body}x.{signature}"),
        format!("{body}."),
        body.to_owned(),
        String::new(),
        "...".to_owned(),
        "a".repeat(100_000),
        marked_critical,
    ] {
        assert_eq!(
            verify(&site(Some(SECRET), None), &token, NOW),
            Err(BadIdentity::Forged)
        );
    }
    assert_eq!(
        verify(&site(None, None), &good, NOW),
        Err(BadIdentity::NotConfigured)
    );
    assert_eq!(
        verify(&site(None, Some("no key at all")), &good, NOW),
        Err(BadIdentity::NotConfigured)
    );
}

#[test]
fn a_token_is_for_one_site_and_at_most_an_hour() {
    let at = |offset_s: i64| json!({"exp": (NOW + Millis::seconds(offset_s)).0 / 1_000});
    assert_eq!(judged(json!({"aud": "shop"})), Err(BadIdentity::OtherSite));
    assert_eq!(judged(json!({"aud": null})), Err(BadIdentity::OtherSite));
    assert_eq!(judged(json!({"aud": 7})), Err(BadIdentity::OtherSite));
    assert!(judged(json!({"aud": ["shop", "demo"]})).is_ok());
    assert_eq!(judged(at(-61)), Err(BadIdentity::Expired));
    assert!(judged(at(-30)).is_ok(), "clocks may be a minute apart");
    assert!(judged(at(3_600)).is_ok());
    assert_eq!(judged(at(3_700)), Err(BadIdentity::TooLongLived));
    assert_eq!(judged(json!({"exp": null})), Err(BadIdentity::TooLongLived));
    assert_eq!(
        judged(json!({"exp": 1e300})),
        Err(BadIdentity::TooLongLived)
    );
    assert_eq!(
        judged(json!({"exp": "soon"})),
        Err(BadIdentity::BadClaim("exp"))
    );
    assert_eq!(judged(json!({"exp": -5})), Err(BadIdentity::Expired));
    let fraction = NOW.0 as f64 / 1_000.0 + 60.5;
    assert!(judged(json!({"exp": fraction})).is_ok());
    let later = (NOW + Millis::seconds(300)).0 / 1_000;
    assert_eq!(judged(json!({"nbf": later})), Err(BadIdentity::Expired));
}

#[test]
fn claims_are_bounded_and_become_text() {
    let identity = judged(json!({
        "name": " Ana\0 ", "email": "ana@example.com", "priority": 9,
        "attributes": {"plan": "gold", "orders": 12, "vip": true, "none": null, "long": "x".repeat(900)},
    }))
    .unwrap();
    assert_eq!(identity.name.as_deref(), Some("Ana"));
    assert_eq!(identity.email.as_deref(), Some("ana@example.com"));
    assert_eq!(identity.priority, 2);
    let value = |name: &str| identity.attributes[name].clone();
    assert_eq!(
        (value("plan"), value("orders")),
        ("gold".into(), "12".into())
    );
    assert_eq!(value("vip"), "true");
    assert_eq!(value("long").len(), 500);
    assert_eq!(identity.attributes.len(), 4);
    assert_eq!(judged(json!({"priority": -3})).unwrap().priority, -2);
    let too_many: serde_json::Map<_, _> = (0..33).map(|n| (n.to_string(), n.into())).collect();
    for (wrong, name) in [
        (json!({"sub": null}), "sub"),
        (json!({"sub": " "}), "sub"),
        (json!({"sub": 5}), "sub"),
        (json!({"sub": "x".repeat(201)}), "sub"),
        (json!({"name": 5}), "name"),
        (json!({"email": ["a"]}), "email"),
        (json!({"priority": "high"}), "priority"),
        (json!({"priority": 1.5}), "priority"),
        (json!({"attributes": []}), "attributes"),
        (json!({"attributes": {"a": {}}}), "attributes"),
        (json!({"attributes": {"": 1}}), "attributes"),
        (json!({ "attributes": too_many }), "attributes"),
    ] {
        assert_eq!(judged(wrong), Err(BadIdentity::BadClaim(name)));
    }
    assert!(judged(json!({"sub": "é".repeat(200)})).is_ok());
}

#[test]
fn only_a_public_key_of_a_known_kind_and_size_is_taken() {
    for good in [ES256_PUBLIC, ED25519_PUBLIC, RS256_PUBLIC] {
        assert!(check_public_key(good).is_ok(), "{good}");
    }
    let cut_short = ED25519_PUBLIC.replace("MCowBQYDK2VwAyEA", "MA4wBQYDK2VwAwUA");
    for bad in [
        ES256,
        ED25519,
        RS256,
        ES384_PUBLIC,
        RS256_SHORT_PUBLIC,
        &cut_short,
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        SECRET,
    ] {
        assert!(check_public_key(bad).is_err(), "{bad}");
    }
}
