//! What happened, in figures: `/api/reports/`. For supervisors.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::id::{ArticleId, SiteKey};
use crate::model::time::{At, Millis};
use crate::store::articles::{ArticleFigures, SelfServiceFigures, Unanswered};
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::Asked;
use crate::web::rest::caller::Supervisor;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default().routes(routes!(report_self_service))
}

/// The time of a report that names none.
const SPAN_DEFAULT: Millis = Millis::seconds(30 * 24 * 60 * 60);

/// Of which site and time.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfSite {
    site: SiteKey,
    /// From this moment on; without it 30 days before `to`.
    from: Option<At>,
    /// Before this moment; without it now.
    to: Option<At>,
}

/// How far articles answered before anybody was asked. A *visit* is one opening of the widget on one page on which
/// something was done; it counts wholly in the time in which it began. Kept for 400 days.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SelfServiceReport {
    site: SiteKey,
    from: At,
    to: At,
    /// Visits on which anything was done.
    visits: u64,
    /// Visits that searched.
    searched: u64,
    /// Visits that read an article.
    read: u64,
    /// Times that visitors said that an article helped; the last word of a visit on an article counts.
    helpful: u64,
    /// Times that visitors said that one did not.
    not_helpful: u64,
    /// Visits that started a chat.
    chats: u64,
    /// Visits that left a message.
    messages: u64,
    /// Visits that searched or read, and neither started a chat nor left a message.
    deflected: u64,
    /// The hundred articles most read, most first.
    articles: Vec<ArticleReport>,
    /// The fifty searches that found nothing and count most: each halves in 30 days. Only what was searched for on two
    /// visits at least, and last within the time of the report.
    unanswered: Vec<UnansweredSearch>,
}

/// How one article did.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ArticleReport {
    id: ArticleId,
    title: String,
    lang: String,
    /// Visits that read it.
    reads: u64,
    /// Visits on which it helped.
    helpful: u64,
    /// Visits on which it did not.
    not_helpful: u64,
}

/// A search that found nothing.
#[derive(Serialize, utoipa::ToSchema)]
pub struct UnansweredSearch {
    /// Without case and accents.
    phrase: String,
    /// Since it was first searched for; never forgotten while it comes back within 400 days.
    visits: u64,
    last_at: At,
}

/// How far articles answered
#[utoipa::path(get, path = "/api/reports/self-service", tag = "reports",
    params(OfSite),
    responses(
        (status = 200, body = SelfServiceReport),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn report_self_service(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Asked(asked): Asked<OfSite>,
) -> Result<Json<SelfServiceReport>, Problem> {
    let site = rest.settings.site(&asked.site);
    let site = site.ok_or_else(Problem::not_found)?.key.clone();
    let to = asked.to.unwrap_or_else(|| rest.clock.now());
    let from = asked
        .from
        .unwrap_or(At(to.0.saturating_sub(SPAN_DEFAULT.0)));
    if from >= to {
        let detail = "The time must begin before it ends: \"from\" before \"to\".";
        return Err(Problem::field("from", detail));
    }
    let figures = rest.store.self_service(&site, from, to).await?;
    let SelfServiceFigures {
        visits,
        searched,
        read,
        helpful,
        not_helpful,
        chats,
        messages,
        deflected,
        articles,
        unanswered,
    } = figures;
    Ok(Json(SelfServiceReport {
        site,
        from,
        to,
        visits,
        searched,
        read,
        helpful,
        not_helpful,
        chats,
        messages,
        deflected,
        articles: articles.into_iter().map(ArticleReport::from).collect(),
        unanswered: unanswered.into_iter().map(UnansweredSearch::from).collect(),
    }))
}

impl From<ArticleFigures> for ArticleReport {
    fn from(figures: ArticleFigures) -> Self {
        Self {
            id: figures.id,
            title: figures.title,
            lang: figures.lang,
            reads: figures.reads,
            helpful: figures.helpful,
            not_helpful: figures.not_helpful,
        }
    }
}

impl From<Unanswered> for UnansweredSearch {
    fn from(unanswered: Unanswered) -> Self {
        Self {
            phrase: unanswered.phrase,
            visits: unanswered.visits,
            last_at: unanswered.last_at,
        }
    }
}
