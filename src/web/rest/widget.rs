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
use crate::model::record::{Department, FormField};
use crate::model::time::{At, Millis};
use crate::model::widget_settings::{Connect, Consent, Greeting, Offset, Side, Theme, Uploads};
use crate::web::error::Problem;
use crate::web::rest::Rest;
use crate::web::rest::body::{Asked, Named};
use crate::web::rest::language::{self, Direction, LauncherWords};
use crate::web::rest::problems::NotFound;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default().routes(routes!(read_widget))
}

/// What the visitor would like to read.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wishes {
    /// BCP 47 tags, best first, with commas between them: `nl-BE,fr,en`.
    #[serde(default)]
    lang: Option<String>,
}

/// What the widget shows of a site.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Widget {
    site: SiteKey,
    name: String,
    /// The language of the widget's own words that fits the wishes best; English where none does.
    lang: &'static str,
    /// Which way it is written.
    dir: Direction,
    /// The path of the widget's words in it.
    words: &'static str,
    /// The few words that are needed before the others are loaded.
    launcher: &'static LauncherWords,
    texts: Texts,
    /// The brand colour, `#rrggbb`.
    color: Option<String>,
    /// The form before the chat; empty means none.
    form: Vec<FormField>,
    /// The first is the default.
    departments: Vec<WidgetDepartment>,
    /// Who stands in for them and is not offered itself: chats go there while they are closed.
    stand_ins: Vec<WidgetDepartment>,
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
    /// When the first of the departments opens; null while one is open by its hours, or none has an opening ahead.
    next_open_at: Option<At>,
    /// Whether there are articles to read, in this language or the site's own.
    articles: bool,
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

type Header = AppendHeaders<[(HeaderName, &'static str); 1]>;

/// What the widget needs to know of a site
#[utoipa::path(get, path = "/api/sites/{site}/widget", tag = "widget", security(()),
    params(("site" = SiteKey, Path), Wishes),
    responses(
        (status = 200, body = Widget, headers(("cache-control" = String), ("access-control-allow-origin" = String))),
        NotFound,
    ))]
async fn read_widget(
    State(rest): State<Arc<Rest>>,
    Named(key): Named<SiteKey>,
    Asked(wishes): Asked<Wishes>,
) -> (Header, Result<(Header, Json<Widget>), Problem>) {
    // Any page may read it, refusals too: it says nothing that the site's own pages do not show.
    let readable = AppendHeaders([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")]);
    let kept = AppendHeaders([(header::CACHE_CONTROL, "public, max-age=60")]);
    let widget = widget(&rest, &key, &wishes.lang.unwrap_or_default()).await;
    (readable, widget.map(|widget| (kept, Json(widget))))
}

async fn widget(rest: &Rest, key: &SiteKey, wishes: &str) -> Result<Widget, Problem> {
    // From the snapshot: this is asked at each page view, and serves on while the store is away.
    let settings = rest.settings.snapshot();
    let site = settings.site(key).ok_or_else(Problem::not_found)?;
    let named = |department: &Arc<Department>| WidgetDepartment {
        key: department.key.clone(),
        name: department.name.clone(),
    };
    let wanted = site.widget.clone();
    let language = language::choose(wishes);
    Ok(Widget {
        site: site.key.clone(),
        name: site.name.clone(),
        lang: &language.tag,
        dir: language.dir,
        words: &language.words,
        launcher: &language.launcher,
        texts: Texts {
            greeting: site.greeting.clone(),
        },
        color: site.color.clone(),
        form: site.form.clone(),
        departments: settings.offered_by(site).map(named).collect(),
        stand_ins: settings.stand_ins_of(site).into_iter().map(named).collect(),
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
        next_open_at: settings.next_open_at(site, rest.clock.now()),
        articles: !settings.article_languages(key).is_empty(),
    })
}
