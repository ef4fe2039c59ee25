//! What makes an upgrade one: the parts of RFC 6455, section 4.2.1, that axum does not check.
//!
//! Called for both sockets before a connection becomes one. A client that gets these wrong is no browser and no library,
//! and what it would do with frames is not worth finding out.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::web::error::{Kind, Problem};

/// The decoded key has so many bytes: RFC 6455, section 4.1, point 7.
const KEY_BYTES: usize = 16;

/// The upgrade, if it is sound; else the answer that says what is wrong with it.
pub fn sound(
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    headers: &HeaderMap,
) -> Result<WebSocketUpgrade, Box<Response>> {
    let upgrade = upgrade.map_err(|rejection| Box::new(rejection.into_response()))?;
    let wrong = |detail: &str| {
        let problem = Problem::new(Kind::BadField, detail);
        Err(Box::new(problem.into_response()))
    };
    // Two hosts are how one request becomes two different ones to a proxy and to us: RFC 9112, section 3.2.
    if only(headers, &header::HOST).is_none() {
        return wrong("A request names its host once.");
    }
    let key = only(headers, &header::SEC_WEBSOCKET_KEY).and_then(|key| STANDARD.decode(key).ok());
    if key.is_none_or(|key| key.len() != KEY_BYTES) {
        return wrong("Sec-WebSocket-Key is 16 bytes in base64, once.");
    }
    Ok(upgrade)
}

/// The value of a header that is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value.as_bytes())
}
