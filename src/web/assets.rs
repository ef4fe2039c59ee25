//! The pages that are built into the binary: widget, panel, demo shop.
//!
//! Everything is served from memory with a validator and, where the client takes it, in brotli form; files whose name
//! holds their hash may be kept for ever. Own pages carry a content policy that allows nothing inline and nothing
//! foreign; the widget's files may be loaded by any site. A part of the widget that is not built in may be one of another
//! version, whose pages are still open somewhere: [`super::former`] looks for it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::web::Web;
use crate::web::error::Problem;
use crate::web::former::{self, ANY_SITE, FOR_EVER, Part, WIDGET};

/// One file.
struct Asset {
    path: &'static str,
    content_type: &'static str,
    etag: &'static str,
    immutable: bool,
    bytes: &'static [u8],
    brotli: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What own pages may do: load and talk to this server, nothing else. `connect-src 'self'` holds for sockets too (CSP
/// level 3, section 6.7.2.8).
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// Answers whatever no other route took.
pub async fn serve(State(web): State<Arc<Web>>, request: Request) -> Response {
    let path = request.uri().path();
    let Some(asset) = find(path) else {
        if let Some(part) = former::serve(&web.rest, path).await {
            return part;
        }
        // A folder without its slash: relative addresses in its page would point elsewhere.
        if !path.ends_with('/') && find(&format!("{path}/")).is_some() {
            return Redirect::permanent(&format!("{path}/")).into_response();
        }
        return Problem::not_found().into_response();
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
        )
            .into_response();
    }
    let mut headers = headers_of(asset);
    let is_known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| {
            known
                .split(',')
                .any(|one| one.trim().trim_start_matches("W/") == asset.etag)
        });
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let body = match asset.brotli {
        Some(brotli) if takes_brotli(request.headers()) => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
            brotli
        }
        Some(_) | None => asset.bytes,
    };
    (headers, body).into_response()
}

/// `/` leads to the panel: whoever opens the server's address is more likely to work here than to shop.
pub async fn root() -> Redirect {
    Redirect::temporary("/panel/")
}

/// The widget's parts that are named by their hash.
pub fn parts() -> Vec<Part> {
    ASSETS
        .iter()
        .filter(|asset| asset.immutable && asset.path.starts_with(WIDGET))
        .map(|asset| (asset.path, asset.bytes))
        .collect()
}

fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

fn headers_of(asset: &Asset) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, asset.content_type);
    set(header::ETAG, asset.etag);
    set(header::VARY, "accept-encoding");
    set(
        header::CACHE_CONTROL,
        if asset.immutable {
            FOR_EVER
        } else {
            "no-cache"
        },
    );
    if asset.path.starts_with("/widget") {
        headers.extend(ANY_SITE);
    } else if asset.content_type.starts_with("text/html") {
        set(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY);
    }
    headers
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next() == Some("br") && parts.next() != Some("q=0")
        })
}
