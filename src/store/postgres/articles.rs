//! [`Articles`] on PostgreSQL as a table of contents, and the rows of articles.
//!
//! Each change of an article brings the index along in the same transaction (`article_search`), so that a search never
//! finds what is not published. All changes happen under the lock of settings, one after another.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::error::{Failure, unless_dangling, unless_missing};
use super::pool::{directly, transact};
use super::values::{Cells, all, maybe, word};
use super::{PostgresStore, article_search, self_service, settings};
use crate::domain::search::Query;
use crate::model::article::{Article, SelfServiceNote};
use crate::model::id::{ArticleId, SiteKey};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::articles::{ARTICLES_LISTED_MAX, ArticleFilter, Articles, SelfServiceFigures};
use crate::store::rows::{self, article_columns};
use crate::store::values::Columns;

#[async_trait]
impl Articles for PostgresStore {
    async fn articles(&self, filter: ArticleFilter) -> Result<Vec<Article>, StoreError> {
        directly!(self, connection => list(connection, &filter))
    }

    async fn article(&self, id: ArticleId) -> Result<Option<Article>, StoreError> {
        directly!(self, connection => find(connection, id))
    }

    async fn count_articles(&self, site: &SiteKey) -> Result<u64, StoreError> {
        directly!(self, connection => count(connection, site))
    }

    async fn published_languages(&self) -> Result<Vec<(SiteKey, String, u64)>, StoreError> {
        directly!(self, connection => published_languages(connection))
    }

    async fn create_article(&self, article: Article) -> Result<Article, StoreError> {
        transact!(self, connection => create(connection, article.clone()))
    }

    async fn save_article(&self, article: Article) -> Result<Article, StoreError> {
        transact!(self, connection => save(connection, article.clone()))
    }

    async fn remove_article(&self, id: ArticleId) -> Result<(), StoreError> {
        transact!(self, connection => remove(connection, id))
    }

    async fn move_article(&self, id: ArticleId, position: u32) -> Result<Article, StoreError> {
        transact!(self, connection => place(connection, id, position))
    }

    async fn search_articles(
        &self,
        site: &SiteKey,
        lang: &str,
        query: Query,
        limit: u32,
    ) -> Result<Vec<Article>, StoreError> {
        let limit = limit.min(ARTICLES_LISTED_MAX);
        directly!(self, connection => article_search::find(connection, site, lang, &query, limit))
    }

    async fn note_self_service(&self, note: SelfServiceNote) -> Result<(), StoreError> {
        transact!(self, connection => self_service::note(connection, &note))
    }

    async fn self_service(
        &self,
        site: &SiteKey,
        from: At,
        to: At,
    ) -> Result<SelfServiceFigures, StoreError> {
        directly!(self, connection => self_service::figures(connection, site, from, to))
    }

    async fn forget_self_service(&self, now: At) -> Result<bool, StoreError> {
        transact!(self, connection => self_service::forget(connection, now))
    }
}

async fn list(
    connection: &mut PgConnection,
    filter: &ArticleFilter,
) -> Result<Vec<Article>, Failure> {
    let articles = sqlx::query(concat!(
        "select ",
        article_columns!(),
        " from article as a
         where ($1::text is null or a.site = $1) and ($2::text is null or a.lang = $2)
           and ($3::text is null or a.status = $3)
         order by a.site, a.lang, a.position, a.number limit $4 offset $5"
    ))
    .bind(filter.site.as_ref().map(SiteKey::as_str))
    .bind(&filter.lang)
    .bind(filter.status.as_ref().map(word).transpose()?)
    .bind(i64::from(filter.limit.min(ARTICLES_LISTED_MAX)))
    .bind(i64::from(filter.skip))
    .fetch_all(connection)
    .await?;
    Ok(all(&articles, rows::article)?)
}

/// The article of this id.
pub(super) async fn find(
    connection: &mut PgConnection,
    id: ArticleId,
) -> Result<Option<Article>, Failure> {
    let article = sqlx::query(concat!(
        "select ",
        article_columns!(),
        " from article as a where a.id = $1"
    ))
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    Ok(maybe(article.as_ref(), rows::article)?)
}

async fn count(connection: &mut PgConnection, site: &SiteKey) -> Result<u64, Failure> {
    let row = sqlx::query("select count(*) from article where site = $1")
        .bind(site.as_str())
        .fetch_one(connection)
        .await?;
    Ok(Cells::of(&row).take()?)
}

async fn published_languages(
    connection: &mut PgConnection,
) -> Result<Vec<(SiteKey, String, u64)>, Failure> {
    let languages = sqlx::query(
        "select site, lang, count(*) from article where status = 'published' group by site, lang order by site, lang",
    )
    .fetch_all(connection)
    .await?;
    Ok(all(&languages, |cells| {
        Ok((cells.take()?, cells.take()?, cells.take()?))
    })?)
}

/// The place behind the articles of a site and language.
async fn position_behind(
    connection: &mut PgConnection,
    site: &SiteKey,
    lang: &str,
) -> Result<u32, Failure> {
    let row = sqlx::query(
        "select coalesce(max(position), 0) + 1 from article where site = $1 and lang = $2",
    )
    .bind(site.as_str())
    .bind(lang)
    .fetch_one(connection)
    .await?;
    Ok(Cells::of(&row).take()?)
}

async fn create(connection: &mut PgConnection, article: Article) -> Result<Article, Failure> {
    settings::changed(connection).await?;
    let article = Article {
        position: position_behind(connection, &article.site, &article.lang).await?,
        ..article
    };
    let sql = "insert into article (id, site, lang, position, status, title, body, updated_at, updated_by,
                   updated_by_name)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    write(connection, sql, &article).await?;
    article_search::add(connection, &article).await?;
    Ok(article)
}

async fn write(
    connection: &mut PgConnection,
    sql: &'static str,
    article: &Article,
) -> Result<(), Failure> {
    let by = article.updated_by.as_ref();
    let written = sqlx::query(sql)
        .bind(article.id.0)
        .bind(article.site.as_str())
        .bind(&article.lang)
        .bind(i64::from(article.position))
        .bind(word(&article.status)?)
        .bind(&article.title)
        .bind(&article.body)
        .bind(article.updated_at.0)
        .bind(by.map(|agent| agent.id.0))
        .bind(by.map(|agent| &agent.name))
        .execute(connection)
        .await;
    unless_dangling(written, "article_site", "site")?;
    Ok(())
}

async fn save(connection: &mut PgConnection, article: Article) -> Result<Article, Failure> {
    settings::changed(connection).await?;
    let before = find(connection, article.id)
        .await?
        .ok_or(StoreError::NotThere("article"))?;
    let stays = before.site == article.site && before.lang == article.lang;
    let article = Article {
        position: if stays {
            before.position
        } else {
            position_behind(connection, &article.site, &article.lang).await?
        },
        ..article
    };
    article_search::drop(connection, &before).await?;
    let sql = "update article set site = $2, lang = $3, position = $4, status = $5, title = $6, body = $7,
                   updated_at = $8, updated_by = $9, updated_by_name = $10
               where id = $1";
    write(connection, sql, &article).await?;
    article_search::add(connection, &article).await?;
    Ok(article)
}

async fn remove(connection: &mut PgConnection, id: ArticleId) -> Result<(), Failure> {
    settings::changed(connection).await?;
    let article = find(connection, id)
        .await?
        .ok_or(StoreError::NotThere("article"))?;
    article_search::drop(connection, &article).await?;
    let removed = sqlx::query("delete from article where id = $1")
        .bind(id.0)
        .execute(connection)
        .await?;
    Ok(unless_missing(removed.rows_affected(), "article")?)
}

async fn place(
    connection: &mut PgConnection,
    id: ArticleId,
    position: u32,
) -> Result<Article, Failure> {
    settings::changed(connection).await?;
    let article = find(connection, id)
        .await?
        .ok_or(StoreError::NotThere("article"))?;
    let others = sqlx::query(
        "select id from article where site = $1 and lang = $2 and id <> $3 order by position, number",
    )
    .bind(article.site.as_str())
    .bind(&article.lang)
    .bind(id.0)
    .fetch_all(&mut *connection)
    .await?;
    let mut ids: Vec<uuid::Uuid> = all(&others, |cells| cells.take())?;
    let index = position.saturating_sub(1) as usize;
    ids.insert(index.min(ids.len()), id.0);
    sqlx::query(
        "update article as a set position = o.place
         from unnest($1::uuid[]) with ordinality as o (id, place)
         where a.id = o.id and a.position <> o.place",
    )
    .bind(ids)
    .execute(&mut *connection)
    .await?;
    Ok(find(connection, id)
        .await?
        .ok_or(StoreError::NotThere("article"))?)
}
