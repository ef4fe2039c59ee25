//! What happened, in figures: `/api/reports/`. For supervisors.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::id::{ArticleId, DepartmentKey, SiteKey};
use crate::model::time::{At, Millis};
use crate::store::articles::{ArticleFigures, SelfServiceFigures, Unanswered};
use crate::store::promises::{PROMISES_REPORTED_MAX, PromiseFigures};
use crate::web::error::Problem;
use crate::web::rest::Rest;
use crate::web::rest::body::Asked;
use crate::web::rest::caller::Supervisor;
use crate::web::rest::problems::{BadRequest, Forbidden, NotFound, Unauthorized};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(report_self_service))
        .routes(routes!(report_promises))
}

/// The time of a report that names none.
const SPAN_DEFAULT: Millis = Millis::seconds(30 * 24 * 60 * 60);

/// The time of a report: from the moment asked for, or so long before its end.
pub fn time(from: Option<At>, to: At, span_default: Millis) -> Result<(At, At), Problem> {
    let from = from.unwrap_or(At(to.0.saturating_sub(span_default.0)));
    if from >= to {
        let detail = "The time must begin before it ends: \"from\" before \"to\".";
        return Err(Problem::field("from", detail));
    }
    Ok((from, to))
}

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
        BadRequest, Unauthorized, Forbidden, NotFound,
    ))]
async fn report_self_service(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Asked(asked): Asked<OfSite>,
) -> Result<Json<SelfServiceReport>, Problem> {
    let site = rest.settings.site(&asked.site);
    let site = site.ok_or_else(Problem::not_found)?.key.clone();
    let to = asked.to.unwrap_or_else(|| rest.clock.now());
    let (from, to) = time(asked.from, to, SPAN_DEFAULT)?;
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

/// Of which time.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfTime {
    /// From this moment on; without it a day before `to`.
    from: Option<At>,
    /// Before this moment, at most 31 days later, and an hour for the month whose clock is put back; without it now.
    to: Option<At>,
}

/// The time of a report on promises that names none.
const PROMISES_DEFAULT: Millis = Millis::seconds(24 * 60 * 60);

/// What visitors who waited were promised, and what came of it. Kept for 90 days.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PromiseReport {
    from: At,
    to: At,
    /// Those of all departments together, of those too that are no more.
    all: Promises,
    /// By department; those without a promise are left out.
    departments: Vec<DepartmentPromises>,
}

/// The first promises of each wait, and the others.
#[derive(Default, Serialize, utoipa::ToSchema)]
pub struct Promises {
    /// The first promises of each wait.
    first: PromiseQuality,
    /// Those of its later minutes, one for each.
    later: PromiseQuality,
}

/// The promises of one department.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DepartmentPromises {
    department: DepartmentKey,
    #[serde(flatten)]
    promises: Promises,
}

/// How good promises were. A wait is what it is for who stays: for who left, it ends when their turn came all the same. All of it
/// counts from the promise on.
#[derive(Default, Serialize, utoipa::ToSchema)]
pub struct PromiseQuality {
    /// Promises of which it is known what came of them.
    judged: u64,
    /// Those that were kept: the wait was no longer than the 90th percentile.
    kept: u64,
    /// The share that was kept, which should be 0.90; null while there were none.
    cover90: Option<f64>,
    /// The share of waits that were longer than the promised median, which should be 0.50; null while there were none.
    under50: Option<f64>,
    /// Half of the promised medians were off by no more than this, either way; null while there were none.
    error_median_ms: Option<Millis>,
    /// How much longer the promised medians were than the waits, on average; below 0 they were too short. Null while there were
    /// none.
    bias_ms: Option<Millis>,
    /// The mean of the waits; null while there were none.
    wait_mean_ms: Option<Millis>,
    /// Promises whose wait goes on, or whose turn was never seen to come.
    open: u64,
    /// Promises to visitors whom the desk took out of the line, of which nothing can be said.
    taken_out: u64,
}

/// How far promises were kept
#[utoipa::path(get, path = "/api/reports/promises", tag = "reports",
    params(OfTime),
    responses(
        (status = 200, body = PromiseReport),
        BadRequest, Unauthorized, Forbidden,
    ))]
async fn report_promises(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Asked(asked): Asked<OfTime>,
) -> Result<Json<PromiseReport>, Problem> {
    let to = asked.to.unwrap_or_else(|| rest.clock.now());
    let (from, to) = time(asked.from, to, PROMISES_DEFAULT)?;
    if to.0.saturating_sub(from.0) > PROMISES_REPORTED_MAX.0 {
        let detail = "A report on promises looks at 31 days at most: ask for less, several times.";
        return Err(Problem::field("from", detail));
    }
    let mut all = Promises::default();
    let mut departments: Vec<DepartmentPromises> = Vec::new();
    for figures in rest.store.promise_figures(from, to).await? {
        let promises = match &figures.department {
            None => &mut all,
            Some(department) => promises_of(department, &mut departments),
        };
        if figures.is_first {
            promises.first = PromiseQuality::from(figures);
        } else {
            promises.later = PromiseQuality::from(figures);
        }
    }
    Ok(Json(PromiseReport {
        from,
        to,
        all,
        departments,
    }))
}

/// Those of a department, which is the last one or a new one: figures come in the order of departments.
fn promises_of<'a>(
    department: &DepartmentKey,
    departments: &'a mut Vec<DepartmentPromises>,
) -> &'a mut Promises {
    let is_new = departments
        .last()
        .is_none_or(|last| last.department != *department);
    if is_new {
        departments.push(DepartmentPromises {
            department: department.clone(),
            promises: Promises::default(),
        });
    }
    let last = departments.len() - 1;
    &mut departments[last].promises
}

impl From<PromiseFigures> for PromiseQuality {
    fn from(figures: PromiseFigures) -> Self {
        let judged = figures.judged;
        let of_judged = |part: u64| (judged > 0).then(|| part as f64 / judged as f64);
        let mean = |sum: Millis| {
            let count = i64::try_from(judged).ok().filter(|count| *count > 0);
            count.map(|count| Millis(sum.0 / count))
        };
        Self {
            judged,
            kept: figures.kept,
            cover90: of_judged(figures.kept),
            under50: of_judged(figures.over_median),
            error_median_ms: (judged > 0).then_some(figures.error_median),
            bias_ms: mean(figures.bias_sum),
            wait_mean_ms: mean(figures.wait_sum),
            open: figures.open,
            taken_out: figures.taken_out,
        }
    }
}
