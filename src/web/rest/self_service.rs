//! Articles as visitors find and read them, and what they do with them: `/api/sites/{site}/articles` and
//! `/api/sites/{site}/self-service`. Public, for any page: what is published is public, and a note changes nothing but
//! counts. One address may ask only so much (`PublicPace`).
//!
//! Which language: the first of the wishes in `lang` that the site has published articles in, by itself, by its base
//! (`pt-BR`, then `pt`) or by another of the same base; else the site's own, which is the one most of its published
//! articles are in.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{AppendHeaders, Response};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::article::{choose_language, excerpt, parse};
use crate::domain::search::{QUERY_CHARS_MAX, Query, keepable};
use crate::model::article::{Article, ArticleStatus, Block, SelfServiceDid, SelfServiceNote};
use crate::model::id::{ArticleId, SiteKey, VisitId};
use crate::model::time::{At, Millis};
use crate::store::articles::ArticleFilter;
use crate::web::error::{Kind, Problem};
use crate::web::rest::Rest;
use crate::web::rest::body::{Asked, Named, NamedTwice, SimpleBody};
use crate::web::rest::caller::ClientAddress;
use crate::web::rest::problems::{BadRequest, NotFound, RateLimited};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(find_articles))
        .routes(routes!(read_published_article))
        .routes(routes!(vote_on_article, may_vote_on_article))
        .routes(routes!(note_self_service, may_note_self_service))
        .layer(middleware::from_fn(for_any_page))
}

/// Articles of a list, unless it asks for another number.
const LISTED_DEFAULT: u32 = 10;
/// Most articles of a list: what a widget can show.
const LISTED_MAX: u32 = 50;
/// Longest excerpt, in characters: two lines of the widget.
const EXCERPT_CHARS_MAX: usize = 140;

/// What a page asks for.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Languages that one reads, best first, divided by commas.
    #[serde(default)]
    lang: String,
    /// What to look for, at most 200 characters; without it the articles come in the order the site gave them.
    #[serde(default)]
    q: String,
    /// At most so many, 1 to 50.
    #[serde(default = "listed_default")]
    #[param(minimum = 1, maximum = 50, default = 10)]
    limit: u32,
}

fn listed_default() -> u32 {
    LISTED_DEFAULT
}

/// The language of a page, as it may be on every request.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadIn {
    /// Passed over: an article is in one language, which its answer tells.
    #[serde(default, rename = "lang")]
    _lang: Option<String>,
}

/// Articles found, best first; without a search in the site's order.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FoundArticles {
    /// The language they are in; null if the site has none.
    lang: Option<String>,
    articles: Vec<FoundArticle>,
}

/// An article in a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FoundArticle {
    id: ArticleId,
    title: String,
    /// Its first words.
    excerpt: String,
}

/// An article, to be read.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PublishedArticle {
    id: ArticleId,
    /// The language it is in.
    lang: String,
    title: String,
    updated_at: At,
    blocks: Vec<Block>,
}

/// Whether an article helped.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    helpful: bool,
    /// Made by the page and kept in its memory only; the last vote of a visit counts.
    visit: VisitId,
}

/// What a visitor did.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Made by the page and kept in its memory only.
    visit: VisitId,
    kind: NoteKind,
    /// Which article was opened, for `read`.
    #[serde(default)]
    article: Option<ArticleId>,
    /// How many articles a search found.
    #[serde(default)]
    found: Option<u32>,
    /// What was searched for, to be sent when nothing was found: it is counted for the report, unless it looks like
    /// something personal (an address, a number of more than three digits, more than six words).
    #[serde(default)]
    q: Option<String>,
}

/// The kinds of note.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum NoteKind {
    /// Searched, and stopped typing.
    Searched,
    /// Opened an article.
    Read,
    /// Started a chat.
    Chat,
    /// Left a message.
    Message,
}

/// A read that anybody may keep for a minute.
type Kept<T> = (AppendHeaders<[(HeaderName, &'static str); 1]>, Json<T>);

fn kept<T>(answer: T) -> Kept<T> {
    let headers = AppendHeaders([(header::CACHE_CONTROL, "public, max-age=60")]);
    (headers, Json(answer))
}

/// Any page may read the answer, a refusal too: nothing here depends on who asks.
async fn for_any_page(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    answer.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    answer
}

/// List or search the published articles
///
/// A search finds the beginnings of words, forgives slips, ignores case and accents, and ranks what has all words first.
#[utoipa::path(get, path = "/api/sites/{site}/articles", tag = "self-service", security(()),
    params(("site" = SiteKey, Path), Search),
    responses(
        (status = 200, body = FoundArticles, headers(("cache-control" = String), ("access-control-allow-origin" = String))),
        BadRequest, NotFound, RateLimited,
    ))]
async fn find_articles(
    State(rest): State<Arc<Rest>>,
    address: ClientAddress,
    Named(site): Named<SiteKey>,
    Asked(asked): Asked<Search>,
) -> Result<Kept<FoundArticles>, Problem> {
    let settings = rest.settings.snapshot();
    settings.site(&site).ok_or_else(Problem::not_found)?;
    if asked.q.chars().count() > QUERY_CHARS_MAX {
        let detail = format!("Search with at most {QUERY_CHARS_MAX} characters.");
        return Err(Problem::field("q", detail));
    }
    if !(1..=LISTED_MAX).contains(&asked.limit) {
        let detail = format!("Ask for 1 to {LISTED_MAX} articles.");
        return Err(Problem::field("limit", detail));
    }
    let Some(lang) = choose_language(&asked.lang, settings.article_languages(&site)) else {
        return Ok(kept(FoundArticles {
            lang: None,
            articles: Vec::new(),
        }));
    };
    in_pace(rest.pace.reads.count(address.0, rest.clock.now()))?;
    let articles = match Query::of(&asked.q) {
        Some(query) => {
            let found = rest.store.search_articles(&site, lang, query, asked.limit);
            found.await?
        }
        // Only signs that are no words: there is nothing to find.
        None if !asked.q.trim().is_empty() => Vec::new(),
        None => {
            let filter = ArticleFilter {
                site: Some(site.clone()),
                lang: Some(lang.to_owned()),
                status: Some(ArticleStatus::Published),
                skip: 0,
                limit: asked.limit,
            };
            rest.store.articles(filter).await?
        }
    };
    Ok(kept(FoundArticles {
        lang: Some(lang.to_owned()),
        articles: articles.into_iter().map(FoundArticle::from).collect(),
    }))
}

impl From<Article> for FoundArticle {
    fn from(article: Article) -> Self {
        Self {
            excerpt: excerpt(&parse(&article.body).blocks, EXCERPT_CHARS_MAX),
            id: article.id,
            title: article.title,
        }
    }
}

/// Read a published article
#[utoipa::path(get, path = "/api/sites/{site}/articles/{article}", tag = "self-service", security(()),
    params(("site" = SiteKey, Path), ("article" = ArticleId, Path), ReadIn),
    responses(
        (status = 200, body = PublishedArticle, headers(("cache-control" = String), ("access-control-allow-origin" = String))),
        NotFound, RateLimited,
    ))]
async fn read_published_article(
    State(rest): State<Arc<Rest>>,
    address: ClientAddress,
    NamedTwice(site, id): NamedTwice<SiteKey, ArticleId>,
    Asked(_): Asked<ReadIn>,
) -> Result<Kept<PublishedArticle>, Problem> {
    in_pace(rest.pace.reads.count(address.0, rest.clock.now()))?;
    let article = rest.store.article(id).await?;
    let article = article
        .filter(|article| article.site == site && article.status == ArticleStatus::Published)
        .ok_or_else(Problem::not_found)?;
    Ok(kept(PublishedArticle {
        id,
        lang: article.lang,
        title: article.title,
        updated_at: article.updated_at,
        blocks: parse(&article.body).blocks,
    }))
}

/// Say whether an article helped
///
/// The body may be declared as `application/json` or, so that no browser asks first, as `text/plain`.
#[utoipa::path(post, path = "/api/sites/{site}/articles/{article}/feedback", tag = "self-service", security(()),
    params(("site" = SiteKey, Path), ("article" = ArticleId, Path)),
    request_body = Vote,
    responses(
        (status = 204, description = "Noted; an article that is not there is passed over"),
        BadRequest, NotFound, RateLimited,
    ))]
async fn vote_on_article(
    State(rest): State<Arc<Rest>>,
    address: ClientAddress,
    NamedTwice(site, article): NamedTwice<SiteKey, ArticleId>,
    SimpleBody(vote): SimpleBody<Vote>,
) -> Result<StatusCode, Problem> {
    let did = SelfServiceDid::Voted {
        article,
        is_helpful: vote.helpful,
    };
    noted(&rest, address, site, vote.visit, did).await
}

/// Tell what a visitor did
///
/// One `visit` is one opening of the widget on one page. The body may be declared as `application/json` or, so that no
/// browser asks first and a beacon can carry it, as `text/plain`.
#[utoipa::path(post, path = "/api/sites/{site}/self-service", tag = "self-service", security(()),
    params(("site" = SiteKey, Path)),
    request_body = Note,
    responses(
        (status = 204, description = "Noted; an article that is not there is passed over"),
        BadRequest, NotFound, RateLimited,
    ))]
async fn note_self_service(
    State(rest): State<Arc<Rest>>,
    address: ClientAddress,
    Named(site): Named<SiteKey>,
    SimpleBody(note): SimpleBody<Note>,
) -> Result<StatusCode, Problem> {
    let did = match note.kind {
        NoteKind::Searched => SelfServiceDid::Searched {
            in_vain: note
                .q
                .filter(|_| note.found == Some(0))
                .and_then(|phrase| keepable(&phrase)),
        },
        NoteKind::Read => {
            let detail = "Say which article was read.";
            let article = note
                .article
                .ok_or_else(|| Problem::field("article", detail))?;
            SelfServiceDid::Read(article)
        }
        NoteKind::Chat => SelfServiceDid::Chatted,
        NoteKind::Message => SelfServiceDid::LeftMessage,
    };
    noted(&rest, address, site, note.visit, did).await
}

async fn noted(
    rest: &Rest,
    address: ClientAddress,
    site: SiteKey,
    visit: VisitId,
    did: SelfServiceDid,
) -> Result<StatusCode, Problem> {
    rest.settings.site(&site).ok_or_else(Problem::not_found)?;
    let at = rest.clock.now();
    in_pace(rest.pace.notes.count(address.0, at))?;
    let note = SelfServiceNote {
        site,
        visit,
        at,
        did,
    };
    rest.store.note_self_service(note).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn in_pace(counted: Result<(), Millis>) -> Result<(), Problem> {
    counted.map_err(|retry| {
        let detail = "Too much is asked from this address. Try again in a minute.";
        Problem::new(Kind::RateLimited, detail).retry(retry)
    })
}

/// What a browser hears that asks first.
type Allowed = (StatusCode, AppendHeaders<[(HeaderName, &'static str); 3]>);

fn allowed() -> Allowed {
    let headers = AppendHeaders([
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ]);
    (StatusCode::NO_CONTENT, headers)
}

/// Whether a page may say whether an article helped
#[utoipa::path(options, path = "/api/sites/{site}/articles/{article}/feedback", tag = "self-service", security(()),
    params(("site" = SiteKey, Path), ("article" = ArticleId, Path)),
    responses((status = 204, description = "Any page may")))]
async fn may_vote_on_article() -> Allowed {
    allowed()
}

/// Whether a page may tell what a visitor did
#[utoipa::path(options, path = "/api/sites/{site}/self-service", tag = "self-service", security(()),
    params(("site" = SiteKey, Path)),
    responses((status = 204, description = "Any page may")))]
async fn may_note_self_service() -> Allowed {
    allowed()
}
