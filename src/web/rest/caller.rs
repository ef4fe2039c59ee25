//! Who calls: the session cookie or an API token, turned into a person; and whether a page of ours sent the request.
//!
//! Used by every resource that is not public, and by the agents' socket at its upgrade. A request with a cookie that
//! changes something must come from a page of this server (its Origin, or Fetch Metadata), whatever its body: a cookie
//! comes along by itself, a bearer token does not.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};

use crate::accounts::secret::Secret;
use crate::accounts::sessions::{SESSION_LIFE, SignedIn, TOKEN_PREFIX};
use crate::model::record::{Person, PersonRole, SessionKind};
use crate::store::settings::Settings;
use crate::web::error::Problem;
use crate::web::rest::Rest;

/// Name of the session cookie, by the contract.
pub const COOKIE: &str = "balie_session";

/// The address a request comes from, trusted proxies already seen through. Whoever accepts connections puts it into
/// the request's extensions; without it all requests count as one address.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let known = parts.extensions.get::<ClientAddress>().copied();
        Ok(known.unwrap_or(ClientAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// Somebody at the desk, signed in.
#[derive(Clone, Debug)]
pub struct Caller(pub SignedIn);

/// A [`Caller`] who may do what a supervisor may.
pub struct Supervisor(pub Caller);

/// A [`Caller`] who may do what an admin may.
pub struct Admin(pub Caller);

/// A request that may set or clear the cookie without being signed in: it comes from a page of ours, or from no page.
pub struct FromOurPage;

impl Caller {
    /// Who it is.
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.0.person
    }

    /// Whether they may do what a supervisor may.
    #[must_use]
    pub fn is_supervisor(&self) -> bool {
        self.person().role >= PersonRole::Supervisor
    }

    /// Whether they may do what an admin may.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.person().role >= PersonRole::Admin
    }
}

/// How strictly a request's origin is judged when its credential is a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginRule {
    /// It only reads: what a foreign page may not read, its browser keeps from it.
    Reads,
    /// It changes something, or opens a socket: it must come from a page of ours.
    Changes,
}

/// Who sends these headers.
pub async fn authenticate(
    rest: &Rest,
    headers: &HeaderMap,
    rule: OriginRule,
) -> Result<Caller, Problem> {
    let (secret, kind) = match (bearer(headers)?, cookie(headers)) {
        (Some(token), _) => (token, SessionKind::Token),
        (None, Some(secret)) => (secret, SessionKind::Cookie),
        (None, None) => return Err(Problem::unauthorized()),
    };
    if kind == SessionKind::Cookie
        && rule == OriginRule::Changes
        && !is_from_our_page(&rest.settings, headers)
    {
        return Err(foreign_page());
    }
    let found = rest.accounts.sessions.authenticate(secret, kind).await?;
    found.map(Caller).ok_or_else(Problem::unauthorized)
}

impl FromRequestParts<Arc<Rest>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, rest: &Arc<Rest>) -> Result<Self, Problem> {
        let rule = if matches!(parts.method, Method::GET | Method::HEAD) {
            OriginRule::Reads
        } else {
            OriginRule::Changes
        };
        authenticate(rest, &parts.headers, rule).await
    }
}

impl FromRequestParts<Arc<Rest>> for Supervisor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, rest: &Arc<Rest>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, rest).await?;
        if caller.is_supervisor() {
            Ok(Supervisor(caller))
        } else {
            Err(Problem::forbidden("Ask a supervisor to do this."))
        }
    }
}

impl FromRequestParts<Arc<Rest>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, rest: &Arc<Rest>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, rest).await?;
        if caller.is_admin() {
            Ok(Admin(caller))
        } else {
            Err(Problem::forbidden("Ask an administrator to do this."))
        }
    }
}

impl FromRequestParts<Arc<Rest>> for FromOurPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, rest: &Arc<Rest>) -> Result<Self, Problem> {
        // A program sends neither header and brings no cookie of anybody's; a page of another site sends one of them.
        let headers = &parts.headers;
        let has_page = headers.contains_key(header::ORIGIN) || headers.contains_key(FETCH_SITE);
        if has_page && !is_from_our_page(&rest.settings, headers) {
            return Err(foreign_page());
        }
        Ok(FromOurPage)
    }
}

/// W3C Fetch Metadata: where the page stands that sent the request. Pages cannot forge it.
const FETCH_SITE: &str = "sec-fetch-site";

/// Whether the browser says that a page of this server sent the request. Where it says nothing, the answer is no.
#[must_use]
pub fn is_from_our_page(settings: &Settings, headers: &HeaderMap) -> bool {
    match text(headers, header::ORIGIN.as_str()) {
        Some(origin) => settings.is_own_origin(origin),
        None => text(headers, FETCH_SITE) == Some("same-origin"),
    }
}

fn foreign_page() -> Problem {
    Problem::forbidden(
        "The request does not come from a page of this server. Open the panel at the server's own address (see \
         --public-url), or use an API token.",
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The bearer token, if there is an `Authorization` at all. One of another kind is refused rather than passed over: its
/// sender believes to be somebody.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let value = value.to_str().map_err(|_| Problem::unauthorized())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(Problem::unauthorized)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::unauthorized());
    }
    Ok(Some(token.trim()))
}

/// Whether a bearer token is meant to be an API token of ours.
#[must_use]
pub fn is_api_token(token: &str) -> bool {
    token.starts_with(TOKEN_PREFIX)
}

/// The secret in the session cookie.
#[must_use]
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// `Set-Cookie` that keeps the session. No script reads it; pages of other sites neither send nor set it.
#[must_use]
pub fn keep_cookie(secret: &Secret, is_secure: bool) -> HeaderValue {
    cookie_header(secret.reveal(), SESSION_LIFE.0 / 1_000, is_secure)
}

/// The same for the secret that the browser holds already, so that the cookie lives as long as the session does.
#[must_use]
pub fn renew_cookie(headers: &HeaderMap, is_secure: bool) -> Option<HeaderValue> {
    Some(cookie_header(
        cookie(headers)?,
        SESSION_LIFE.0 / 1_000,
        is_secure,
    ))
}

/// `Set-Cookie` that forgets the session.
#[must_use]
pub fn drop_cookie(is_secure: bool) -> HeaderValue {
    cookie_header("", 0, is_secure)
}

fn cookie_header(value: &str, seconds: i64, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut header = HeaderValue::try_from(text).expect("a secret in base64url makes a header");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{bearer, cookie, drop_cookie};

    fn headers(name: header::HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found =
            |values: &[&'static str]| cookie(&headers(header::COOKIE, values)).map(str::to_owned);
        assert_eq!(
            found(&["a=b; balie_session=xyz; c=d"]).as_deref(),
            Some("xyz")
        );
        assert_eq!(found(&["a=b", "balie_session=xyz"]).as_deref(), Some("xyz"));
        assert_eq!(found(&["my_balie_session=xyz"]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn an_authorization_of_another_kind_is_refused() {
        let found =
            |value| bearer(&headers(header::AUTHORIZATION, &[value])).map(|t| t.map(str::to_owned));
        assert_eq!(found("Bearer balie_x").unwrap().as_deref(), Some("balie_x"));
        assert_eq!(found("bearer  x").unwrap().as_deref(), Some("x"));
        assert!(found("Basic YTpi").is_err());
        assert!(found("balie_x").is_err());
        assert!(bearer(&HeaderMap::new()).unwrap().is_none());
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_foreign_pages() {
        let plain = drop_cookie(false).to_str().unwrap().to_owned();
        assert_eq!(
            plain,
            "balie_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
        assert!(drop_cookie(true).to_str().unwrap().ends_with("; Secure"));
    }
}
