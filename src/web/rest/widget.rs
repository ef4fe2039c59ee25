//! What the widget needs to know before it opens a socket: `/api/sites/{site}/widget`. Public, and kept for a minute by
//! whoever likes: every page view of every site asks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::AppendHeaders;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::id::{DepartmentKey, SiteKey};
use crate::model::record::FormField;
use crate::model::time::{At, Millis};
use crate::model::widget_settings::{Connect, Consent, Greeting, Offset, Side, Theme, Uploads};
use crate::protocol::parse::TAG_OR_ZONE_CHARS_MAX;
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Asked, Named};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default().routes(routes!(read_widget))
}

/// The language of a page that names none.
const LANGUAGE_DEFAULT: &str = "en";

/// The page's language.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Language {
    /// BCP 47 tag.
    #[serde(default)]
    lang: Option<String>,
}

/// What the widget shows of a site.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Widget {
    site: SiteKey,
    name: String,
    /// The language the texts are for.
    lang: String,
    texts: Texts,
    /// The brand colour, `#rrggbb`.
    color: Option<String>,
    /// The form before the chat; empty means none.
    form: Vec<FormField>,
    /// The first is the default.
    departments: Vec<WidgetDepartment>,
    /// Whether agents see what stands in the field before it is sent.
    typing_preview: bool,
    look: Look,
    connect: Connect,
    greetings: Vec<Greeting>,
    consent: Option<Consent>,
    /// Null where nothing may be attached.
    uploads: Option<Uploads>,
    /// From this expected wait on a message may be left instead.
    long_wait_ms: Millis,
    /// Whether agents could answer now: a hint, up to a minute old.
    open: bool,
    /// When agents answer again; null while the site has no opening hours.
    next_open_at: Option<At>,
}

/// How the widget looks beside its colour.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Look {
    logo: Option<String>,
    side: Side,
    offset: Offset,
    theme: Theme,
}

/// The site's own words; the widget has words of its own for everything else.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Texts {
    #[serde(skip_serializing_if = "Option::is_none")]
    greeting: Option<String>,
}

/// A department, as a visitor may choose it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WidgetDepartment {
    key: DepartmentKey,
    name: String,
}

/// What the widget needs to know of a site
#[utoipa::path(get, path = "/api/sites/{site}/widget", tag = "widget", security(()),
    params(("site" = SiteKey, Path), Language),
    responses(
        (status = 200, body = Widget, headers(("cache-control" = String), ("access-control-allow-origin" = String))),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn read_widget(
    State(rest): State<Arc<Rest>>,
    Named(key): Named<SiteKey>,
    Asked(asked): Asked<Language>,
) -> Result<(AppendHeaders<[(HeaderName, &'static str); 2]>, Json<Widget>), Problem> {
    // From the snapshot: this is asked at each page view, and serves on while the store is away.
    let settings = rest.settings.snapshot();
    let site = settings.site(&key).ok_or_else(Problem::not_found)?;
    let departments = site
        .departments
        .iter()
        .filter_map(|key| settings.department(key))
        .map(|department| WidgetDepartment {
            key: department.key.clone(),
            name: department.name.clone(),
        })
        .collect();
    let wanted = site.widget.clone();
    let widget = Widget {
        site: site.key.clone(),
        name: site.name.clone(),
        lang: language(asked.lang),
        texts: Texts {
            greeting: site.greeting.clone(),
        },
        color: site.color.clone(),
        form: site.form.clone(),
        departments,
        typing_preview: site.typing_preview,
        look: Look {
            logo: wanted.logo,
            side: wanted.side,
            offset: wanted.offset,
            theme: wanted.theme,
        },
        connect: wanted.connect,
        greetings: wanted.greetings,
        consent: wanted.consent,
        uploads: wanted.uploads,
        long_wait_ms: wanted.long_wait_ms,
        open: rest.desk.is_open(site).await,
        next_open_at: None,
    };
    // Any page may read it: it says nothing that the site's own pages do not show.
    let headers = AppendHeaders([
        (header::CACHE_CONTROL, "public, max-age=60"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ]);
    Ok((headers, Json(widget)))
}

fn language(asked: Option<String>) -> String {
    let is_tag = |tag: &String| {
        (2..=TAG_OR_ZONE_CHARS_MAX).contains(&tag.len())
            && tag
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    asked
        .filter(is_tag)
        .unwrap_or_else(|| LANGUAGE_DEFAULT.to_owned())
}
