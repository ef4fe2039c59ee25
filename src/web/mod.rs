//! The server's face: every path on one page. axum lives here only.
//!
//! Turns requests and frames into calls of `desk` and `accounts`, and their answers into responses. Decides who may
//! knock: origins, sessions, limits. [`rest`] holds the resources under `/api/`, [`socket`] the life of one socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::config::Config;
use crate::desk::Desk;
use crate::hub::mailbox::{AGENT_BYTES_MAX, VISITOR_BYTES_MAX};
use crate::model::time::Millis;
use crate::web::address::{Addresses, Seen};
use crate::web::error::{Kind, Problem};
use crate::web::rest::Rest;
use crate::web::rest::caller::{ClientAddress, OriginRule, authenticate};
use crate::web::rest::reader::shared;
use crate::web::socket::{Pace, live, sized};

pub mod address;
pub mod agent;
pub mod assets;
pub mod attempts;
pub mod error;
pub mod former;
pub mod handshake;
pub mod hooks;
pub mod listen;
pub mod metrics;
pub mod rest;
pub mod socket;
pub mod visitor;

/// A visitor's frames are written one by one: a batch would keep its buffer for ever.
const VISITOR_BATCH_BYTES: usize = 0;
/// An agent's frames are gathered into writes of this size.
const AGENT_BATCH_BYTES: usize = 4 * 1024;
/// Whoever has too many sockets open tries again after this.
const SOCKETS_RETRY: Millis = Millis::seconds(30);

/// What the paths work with.
pub struct Web {
    /// The desk.
    pub desk: Arc<Desk>,
    /// The resources, with accounts.
    pub rest: Arc<Rest>,
    /// What is set.
    pub config: Config,
    /// Limits per address.
    pub addresses: Arc<Addresses>,
    /// Whether this node may be given new sockets: started, store reached once, not draining.
    pub is_ready: AtomicBool,
}

/// Every path.
pub fn router(web: Arc<Web>) -> Router {
    Router::new()
        .route("/", get(assets::root))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics::serve))
        .route("/ws/visitor", get(visitor_socket))
        .route("/ws/agent", get(agent_socket))
        // Widget, panel and demo shop: whatever no other path took.
        .fallback(assets::serve)
        .with_state(Arc::clone(&web))
        .merge(rest::router(Arc::clone(&web.rest)))
        .layer(middleware::from_fn(guard))
}

/// Headers that every answer carries.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut default = |name: header::HeaderName, value| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    default(
        header::HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    default(
        header::HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=()",
    );
    response
}

/// The process is up.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether this node may be given new sockets; what is away is told, and makes no node unready.
async fn readyz(State(web): State<Arc<Web>>) -> Response {
    let state = |is_there: bool| if is_there { "ok" } else { "away" };
    let store = state(web.desk.store.probe().await.is_ok());
    let coordination = state(web.desk.coordination.probe().await.is_ok());
    let is_ready = web.is_ready.load(Ordering::Acquire);
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(serde_json::json!({ "store": store, "coordination": coordination })),
    )
        .into_response()
}

async fn visitor_socket(
    State(web): State<Arc<Web>>,
    address: ClientAddress,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let seen = match enter(&web, address).await {
        Ok(seen) => seen,
        // No browser tells a page why an upgrade failed; one that asks again without may read it. On our own pages such
        // a question has no origin, so this comes first.
        Err(refused) => return shared(&web.rest, &headers, *refused),
    };
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let Some(origin) = origin.filter(|origin| web.desk.settings.is_known_origin(origin)) else {
        let detail = "No site allows this origin. Add it to the site's origins in the panel.";
        return Problem::forbidden(detail).into_response();
    };
    let origin: Arc<str> = Arc::from(origin);
    let upgrade = match handshake::sound(upgrade, &headers) {
        Ok(upgrade) => sized(upgrade, VISITOR_BATCH_BYTES, VISITOR_BYTES_MAX),
        Err(refused) => return *refused,
    };
    let pace = Pace::new(web.desk.clock.clone(), web.config.visitor_frames_per_s);
    upgrade.on_upgrade(async move |socket| {
        let hub = Arc::clone(&web.desk.hub);
        live(socket, hub, pace, seen.clone(), move |text| {
            visitor::greet(Arc::clone(&web), Arc::clone(&origin), seen.clone(), text)
        });
    })
}

async fn agent_socket(
    State(web): State<Arc<Web>>,
    address: ClientAddress,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let caller = match authenticate(&web.rest, &headers, OriginRule::Changes).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let seen = match enter(&web, address).await {
        Ok(seen) => seen,
        Err(refused) => return *refused,
    };
    let upgrade = match handshake::sound(upgrade, &headers) {
        Ok(upgrade) => sized(upgrade, AGENT_BATCH_BYTES, AGENT_BYTES_MAX),
        Err(refused) => return *refused,
    };
    let pace = Pace::new(web.desk.clock.clone(), web.config.agent_frames_per_s);
    let signed_in = Arc::new(caller.0);
    upgrade.on_upgrade(async move |socket| {
        let hub = Arc::clone(&web.desk.hub);
        live(socket, hub, pace, seen, move |text| {
            agent::greet(Arc::clone(&web), Arc::clone(&signed_in), text)
        });
    })
}

/// Lets a socket in at the door, if the node takes new ones and the address has room.
async fn enter(web: &Web, ClientAddress(address): ClientAddress) -> Result<Seen, Box<Response>> {
    if !web.is_ready.load(Ordering::Acquire) {
        let problem = Problem::new(
            Kind::Unavailable,
            "The server is going away. Try again in a moment.",
        );
        return Err(Box::new(problem.retry(Millis::seconds(2)).into_response()));
    }
    web.addresses
        .enter(address, web.desk.clock.now())
        .await
        .ok_or_else(|| {
            let detail =
                "Too many connections come from this address. Close some, or try again later.";
            Box::new(
                Problem::new(Kind::RateLimited, detail)
                    .retry(SOCKETS_RETRY)
                    .into_response(),
            )
        })
}
