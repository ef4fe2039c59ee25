//! The list of all routes, and the references: `/api/openapi.json`, made of the routes, and `/api/asyncapi.json`, made of the
//! frames of both sockets.

use std::sync::{Arc, OnceLock};

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Info, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::protocol::reference as sockets;
use crate::web::rest::caller::COOKIE;
use crate::web::rest::{
    Rest, agents, articles, attachments, canned_replies, conversations, departments, events,
    figures, login, me, messages, reports, rotas, self_service, sessions, setup, sites, staffing,
    tags, tokens, widget,
};

/// Every route under `/api/`, each with its description.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::with_openapi(frame())
        .merge(setup::routes())
        .merge(login::routes())
        .merge(sessions::routes())
        .merge(me::routes())
        .merge(sites::routes())
        .merge(widget::routes())
        .merge(messages::routes())
        .merge(departments::routes())
        .merge(agents::routes())
        .merge(rotas::routes())
        .merge(tokens::routes())
        .merge(conversations::routes())
        .merge(events::routes())
        .merge(attachments::routes())
        .merge(tags::routes())
        .merge(canned_replies::routes())
        .merge(articles::routes())
        .merge(self_service::routes())
        .merge(reports::routes())
        .merge(figures::routes())
        .merge(staffing::routes())
        .routes(routes!(read_reference))
        .routes(routes!(read_sockets))
}

/// The document of all routes.
#[must_use]
pub fn document() -> OpenApi {
    routes().into_openapi()
}

/// The OpenAPI document
#[utoipa::path(get, path = "/api/openapi.json", tag = "reference", security(()),
    responses((status = 200, description = "This document", body = serde_json::Value)))]
async fn read_reference() -> impl IntoResponse {
    /// Made once: it is the same for as long as the process lives.
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        document()
            .to_json()
            .expect("the document is plain data with text keys")
    });
    ([(header::CONTENT_TYPE, "application/json")], text.as_str())
}

/// The AsyncAPI document
#[utoipa::path(get, path = "/api/asyncapi.json", tag = "reference", security(()),
    responses((status = 200, description = "The frames of both sockets", body = serde_json::Value)))]
async fn read_sockets() -> impl IntoResponse {
    /// Made once, like the other.
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| sockets::document().to_string());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str())
}

/// What the document says besides its paths.
fn frame() -> OpenApi {
    let description = "Everything that the panel does, over HTTP. Times are milliseconds since the Unix epoch. Sign in \
                       with a cookie (`POST /api/login`; what changes something must then come from a page of the \
                       server) or with an API token as bearer. Refusals are `application/problem+json`, RFC 9457.";
    let mut info = Info::new("Balie", env!("CARGO_PKG_VERSION"));
    info.description = Some(description.into());
    let mut components = Components::new();
    let cookie = ApiKeyValue::with_description(COOKIE, "Set by POST /api/login.");
    let bearer = |description: &str| {
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(description))
                .build(),
        )
    };
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme("token", bearer("An API token of a person at the desk."));
    components.add_security_scheme("visitor", bearer("A visitor's token, from `welcome`."));
    let no_scopes: [String; 0] = [];
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([
            SecurityRequirement::new("session", no_scopes.clone()),
            SecurityRequirement::new("token", no_scopes),
        ]))
        .build()
}
