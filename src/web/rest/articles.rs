//! Articles, as the desk keeps them: `/api/articles`. Everybody at the desk reads them, supervisors write. What visitors
//! see of them is in `self_service`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::article::{BLOCKS_MAX, RUNS_MAX, parse};
use crate::model::article::{Article, ArticleStatus, Block, tag};
use crate::model::event::AgentName;
use crate::model::id::{ArticleId, SiteKey};
use crate::model::time::At;
use crate::store::articles::{ARTICLES_LISTED_MAX, ArticleFilter};
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Asked, Body, Named, line, paragraph};
use crate::web::rest::caller::{Caller, Supervisor};
use crate::web::rest::problems::{BadRequest, Forbidden, NotFound, Unauthorized};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_articles, add_article))
        .routes(routes!(read_article, change_article, remove_article))
        .routes(routes!(preview_article))
}

/// Most articles of a site, in all languages: the vocabulary that slips are looked up in grows with them.
const ARTICLES_MAX: u64 = 500;
/// Longest title, in characters.
const TITLE_CHARS_MAX: usize = 150;
/// Longest body, in characters: some ten minutes of reading, and within the longest request in any script.
const BODY_CHARS_MAX: usize = 15_000;

/// Which articles.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this site only.
    site: Option<SiteKey>,
    /// In this language only: a BCP 47 tag, matched exactly.
    lang: Option<String>,
    /// Drafts or published ones only.
    status: Option<ArticleStatus>,
    /// So many are passed over.
    #[serde(default)]
    skip: u32,
    /// At most so many, 1 to 200.
    #[serde(default = "limit_default")]
    #[param(minimum = 1, maximum = 200, default = 200)]
    limit: u32,
}

fn limit_default() -> u32 {
    ARTICLES_LISTED_MAX
}

/// Articles, by site, language and position.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ArticleList {
    articles: Vec<OneArticle>,
    /// Whether there are more behind these.
    has_more: bool,
}

/// An article, as the desk keeps it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneArticle {
    id: ArticleId,
    site: SiteKey,
    /// BCP 47 tag.
    lang: String,
    /// Its place among the articles of its site and language, from 1.
    position: u32,
    /// Visitors see published ones only.
    status: ArticleStatus,
    title: String,
    /// A subset of Markdown: paragraphs, headings, lists, emphasis, links, code. HTML in it is shown as text.
    body: String,
    /// Last changed.
    updated_at: At,
    /// By whom; null for what no person wrote.
    updated_by: Option<AgentName>,
}

impl From<Article> for OneArticle {
    fn from(article: Article) -> Self {
        Self {
            id: article.id,
            site: article.site,
            lang: article.lang,
            position: article.position,
            status: article.status,
            title: article.title,
            body: article.body,
            updated_at: article.updated_at,
            updated_by: article.updated_by,
        }
    }
}

/// An article to add. It goes behind the others of its site and language.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewArticle {
    site: SiteKey,
    lang: String,
    title: String,
    body: String,
    /// A draft, unless it says otherwise.
    #[serde(default)]
    status: Option<ArticleStatus>,
}

/// What changes about an article. What is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticleChange {
    #[serde(default)]
    site: Option<SiteKey>,
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    status: Option<ArticleStatus>,
    /// Its new place, from 1; the others move along, and beyond the end is the end.
    #[serde(default)]
    position: Option<u32>,
}

/// Articles
#[utoipa::path(get, path = "/api/articles", tag = "articles",
    params(Which),
    responses(
        (status = 200, body = ArticleList),
        BadRequest, Unauthorized,
    ))]
async fn list_articles(
    State(rest): State<Arc<Rest>>,
    _: Caller,
    Asked(which): Asked<Which>,
) -> Result<Json<ArticleList>, Problem> {
    if !(1..=ARTICLES_LISTED_MAX).contains(&which.limit) {
        let detail = format!("Ask for 1 to {ARTICLES_LISTED_MAX} articles.");
        return Err(Problem::field("limit", detail));
    }
    let filter = ArticleFilter {
        site: which.site,
        lang: which.lang.as_deref().map(language).transpose()?,
        status: which.status,
        skip: which.skip,
        limit: which.limit,
    };
    let behind = ArticleFilter {
        skip: which.skip.saturating_add(which.limit),
        limit: 1,
        ..filter.clone()
    };
    let articles = rest.store.articles(filter).await?;
    let is_full = articles.len() == which.limit as usize;
    let has_more = is_full && !rest.store.articles(behind).await?.is_empty();
    Ok(Json(ArticleList {
        articles: articles.into_iter().map(OneArticle::from).collect(),
        has_more,
    }))
}

/// Add an article
#[utoipa::path(post, path = "/api/articles", tag = "articles",
    request_body = NewArticle,
    responses(
        (status = 201, body = OneArticle),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The site has as many as it may"),
        BadRequest, Unauthorized, Forbidden,
    ))]
async fn add_article(
    State(rest): State<Arc<Rest>>,
    Supervisor(caller): Supervisor,
    Body(new): Body<NewArticle>,
) -> Result<(StatusCode, Json<OneArticle>), Problem> {
    let _change = rest.changes.lock().await;
    let article = checked(
        &rest,
        Article {
            id: ArticleId::fresh(),
            site: new.site,
            lang: new.lang,
            position: 0,
            status: new.status.unwrap_or(ArticleStatus::Draft),
            title: new.title,
            body: new.body,
            updated_at: rest.clock.now(),
            updated_by: Some(name_of(&caller)),
        },
    )?;
    has_room(&rest, &article.site).await?;
    let article = rest.store.create_article(article).await?;
    rest.settings_changed().await;
    Ok((StatusCode::CREATED, Json(article.into())))
}

/// An article
#[utoipa::path(get, path = "/api/articles/{id}", tag = "articles",
    params(("id" = ArticleId, Path)),
    responses(
        (status = 200, body = OneArticle),
        Unauthorized, NotFound,
    ))]
async fn read_article(
    State(rest): State<Arc<Rest>>,
    _: Caller,
    Named(id): Named<ArticleId>,
) -> Result<Json<OneArticle>, Problem> {
    let article = rest.store.article(id).await?;
    Ok(Json(article.ok_or_else(Problem::not_found)?.into()))
}

/// Change or move an article
#[utoipa::path(patch, path = "/api/articles/{id}", tag = "articles",
    params(("id" = ArticleId, Path)),
    request_body = ArticleChange,
    responses(
        (status = 200, body = OneArticle),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The other site has as many as it may"),
        BadRequest, Unauthorized, Forbidden, NotFound,
    ))]
async fn change_article(
    State(rest): State<Arc<Rest>>,
    Supervisor(caller): Supervisor,
    Named(id): Named<ArticleId>,
    Body(change): Body<ArticleChange>,
) -> Result<Json<OneArticle>, Problem> {
    let _change = rest.changes.lock().await;
    let before = rest.store.article(id).await?;
    let before = before.ok_or_else(Problem::not_found)?;
    if change.position == Some(0) {
        return Err(Problem::field("position", "The first place is 1."));
    }
    let article = checked(
        &rest,
        Article {
            site: change.site.unwrap_or_else(|| before.site.clone()),
            lang: change.lang.unwrap_or_else(|| before.lang.clone()),
            title: change.title.unwrap_or_else(|| before.title.clone()),
            body: change.body.unwrap_or_else(|| before.body.clone()),
            status: change.status.unwrap_or(before.status),
            ..before.clone()
        },
    )?;
    let mut saved = before.clone();
    // A move alone is no change of what it says.
    if article != before {
        if article.site != before.site {
            has_room(&rest, &article.site).await?;
        }
        let article = Article {
            updated_at: rest.clock.now(),
            updated_by: Some(name_of(&caller)),
            ..article
        };
        saved = rest.store.save_article(article).await?;
    }
    if let Some(position) = change.position {
        saved = rest.store.move_article(id, position).await?;
    }
    rest.settings_changed().await;
    Ok(Json(saved.into()))
}

/// Remove an article
#[utoipa::path(delete, path = "/api/articles/{id}", tag = "articles",
    params(("id" = ArticleId, Path)),
    responses(
        (status = 204, description = "Removed"),
        Unauthorized, Forbidden, NotFound,
    ))]
async fn remove_article(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Named(id): Named<ArticleId>,
) -> Result<StatusCode, Problem> {
    rest.store.remove_article(id).await?;
    rest.settings_changed().await;
    Ok(StatusCode::NO_CONTENT)
}

/// A text to be looked at before it is kept.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    body: String,
}

/// What visitors would see of a text.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Preview {
    blocks: Vec<Block>,
}

/// See a text as visitors will
///
/// Reads a body as it would be read if it were published, and keeps nothing.
#[utoipa::path(post, path = "/api/articles/preview", tag = "articles",
    request_body = Draft,
    responses(
        (status = 200, body = Preview),
        BadRequest, Unauthorized,
    ))]
async fn preview_article(_: Caller, Body(draft): Body<Draft>) -> Result<Json<Preview>, Problem> {
    let body = paragraph("body", &draft.body, BODY_CHARS_MAX)?;
    let parsed = parse(&body);
    if !parsed.is_whole {
        return Err(too_many_parts());
    }
    let blocks = parsed.blocks;
    Ok(Json(Preview { blocks }))
}

fn name_of(caller: &Caller) -> AgentName {
    AgentName {
        id: caller.person().id,
        name: caller.person().name.clone(),
    }
}

async fn has_room(rest: &Rest, site: &SiteKey) -> Result<(), Problem> {
    if rest.store.count_articles(site).await? < ARTICLES_MAX {
        return Ok(());
    }
    Err(Problem::conflict(format!(
        "The site has {ARTICLES_MAX} articles already. Remove one that nobody reads."
    )))
}

fn language(text: &str) -> Result<String, Problem> {
    let detail = "Write the language as a tag, like en, nl or pt-BR.";
    tag(text).ok_or_else(|| Problem::field("lang", detail))
}

fn too_many_parts() -> Problem {
    let detail = format!(
        "The text has too many parts: at most {BLOCKS_MAX} paragraphs and list items, and {RUNS_MAX} changes of \
         emphasis. Make two articles of it."
    );
    Problem::field("body", detail)
}

fn checked(rest: &Rest, article: Article) -> Result<Article, Problem> {
    if rest.settings.site(&article.site).is_none() {
        return Err(Problem::field("site", "There is no such site."));
    }
    let body = paragraph("body", &article.body, BODY_CHARS_MAX)?;
    let parsed = parse(&body);
    if !parsed.is_whole {
        return Err(too_many_parts());
    }
    if parsed.blocks.is_empty() {
        let detail = "There is nothing in this text to be shown. Write at least a word.";
        return Err(Problem::field("body", detail));
    }
    Ok(Article {
        lang: language(&article.lang)?,
        title: line("title", &article.title, TITLE_CHARS_MAX)?,
        body,
        ..article
    })
}
