//! [`Articles`] on SQLite as a table of contents, and the rows of articles.
//!
//! Each change of an article brings the index along in the same transaction (`article_search`), so that a search never
//! finds what is not published.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};

use super::error::breaks_reference;
use super::values::Cells;
use super::{SqliteStore, article_search, self_service, settings};
use crate::domain::search::Query;
use crate::model::article::{Article, SelfServiceNote};
use crate::model::id::{ArticleId, SiteKey};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::articles::{ARTICLES_LISTED_MAX, ArticleFilter, Articles, SelfServiceFigures};
use crate::store::rows::{self, article_columns};
use crate::store::values::Word;

#[async_trait]
impl Articles for SqliteStore {
    async fn articles(&self, filter: ArticleFilter) -> Result<Vec<Article>, StoreError> {
        self.readers
            .read(move |connection| list(connection, &filter))
            .await
    }

    async fn article(&self, id: ArticleId) -> Result<Option<Article>, StoreError> {
        self.readers
            .read(move |connection| find(connection, id))
            .await
    }

    async fn count_articles(&self, site: &SiteKey) -> Result<u64, StoreError> {
        let site = site.clone();
        self.readers
            .read(move |connection| {
                Ok(connection
                    .prepare_cached("select count(*) from article where site = ?1")?
                    .query_row([&site], |row| row.get(0))?)
            })
            .await
    }

    async fn published_languages(&self) -> Result<Vec<(SiteKey, String, u64)>, StoreError> {
        self.readers.read(published_languages).await
    }

    async fn create_article(&self, article: Article) -> Result<Article, StoreError> {
        self.writer
            .call(move |connection| create(connection, article))
            .await
    }

    async fn save_article(&self, article: Article) -> Result<Article, StoreError> {
        self.writer
            .call(move |connection| save(connection, article))
            .await
    }

    async fn remove_article(&self, id: ArticleId) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| remove(connection, id))
            .await
    }

    async fn move_article(&self, id: ArticleId, position: u32) -> Result<Article, StoreError> {
        self.writer
            .call(move |connection| place(connection, id, position))
            .await
    }

    async fn search_articles(
        &self,
        site: &SiteKey,
        lang: &str,
        query: Query,
        limit: u32,
    ) -> Result<Vec<Article>, StoreError> {
        let (site, lang) = (site.clone(), lang.to_owned());
        let limit = limit.min(ARTICLES_LISTED_MAX);
        self.readers
            .read(move |connection| article_search::find(connection, &site, &lang, &query, limit))
            .await
    }

    async fn note_self_service(&self, note: SelfServiceNote) -> Result<(), StoreError> {
        self.writer
            .call(move |connection| self_service::note(connection, &note))
            .await
    }

    async fn self_service(
        &self,
        site: &SiteKey,
        from: At,
        to: At,
    ) -> Result<SelfServiceFigures, StoreError> {
        let site = site.clone();
        self.readers
            .read(move |connection| self_service::figures(connection, &site, from, to))
            .await
    }

    async fn forget_self_service(&self, now: At) -> Result<bool, StoreError> {
        self.writer
            .call(move |connection| self_service::forget(connection, now))
            .await
    }
}

/// Reads a row that begins with `article_columns!()`.
fn read(row: &Row<'_>) -> rusqlite::Result<Article> {
    rows::article(&mut Cells::of(row))
}

fn list(connection: &Connection, filter: &ArticleFilter) -> Result<Vec<Article>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        article_columns!(),
        " from article as a
         where (?1 is null or a.site = ?1) and (?2 is null or a.lang = ?2) and (?3 is null or a.status = ?3)
         order by a.site, a.lang, a.position, a.number limit ?4 offset ?5"
    ))?;
    let articles = statement.query_map(
        (
            &filter.site,
            &filter.lang,
            filter.status.map(Word),
            filter.limit.min(ARTICLES_LISTED_MAX),
            filter.skip,
        ),
        read,
    )?;
    Ok(articles.collect::<Result<_, _>>()?)
}

/// The article of this id.
pub(super) fn find(connection: &Connection, id: ArticleId) -> Result<Option<Article>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "select ",
        article_columns!(),
        " from article as a where a.id = ?1"
    ))?;
    Ok(statement.query_row([id], read).optional()?)
}

fn published_languages(connection: &Connection) -> Result<Vec<(SiteKey, String, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select site, lang, count(*) from article where status = 'published' group by site, lang order by site, lang",
    )?;
    let languages = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(languages.collect::<Result<_, _>>()?)
}

/// The place behind the articles of a site and language.
fn position_behind(connection: &Connection, site: &SiteKey, lang: &str) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "select coalesce(max(position), 0) + 1 from article where site = ?1 and lang = ?2",
        )?
        .query_row((site, lang), |row| row.get(0))
}

fn create(connection: &Connection, article: Article) -> Result<Article, StoreError> {
    let article = Article {
        position: position_behind(connection, &article.site, &article.lang)?,
        ..article
    };
    let sql = "insert into article (id, site, lang, position, status, title, body, updated_at, updated_by,
                   updated_by_name)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    write(connection, sql, &article)?;
    article_search::add(connection, &article)?;
    settings::changed(connection)?;
    Ok(article)
}

fn write(connection: &Connection, sql: &str, article: &Article) -> Result<(), StoreError> {
    let by = article.updated_by.as_ref();
    let written = connection.prepare_cached(sql)?.execute((
        article.id,
        &article.site,
        &article.lang,
        article.position,
        Word(article.status),
        &article.title,
        &article.body,
        article.updated_at,
        by.map(|agent| agent.id),
        by.map(|agent| &agent.name),
    ));
    match written {
        Err(error) if breaks_reference(&error) => Err(StoreError::NotThere("site")),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

fn save(connection: &Connection, article: Article) -> Result<Article, StoreError> {
    let before = find(connection, article.id)?.ok_or(StoreError::NotThere("article"))?;
    let stays = before.site == article.site && before.lang == article.lang;
    let article = Article {
        position: if stays {
            before.position
        } else {
            position_behind(connection, &article.site, &article.lang)?
        },
        ..article
    };
    article_search::drop(connection, &before)?;
    let sql = "update article set site = ?2, lang = ?3, position = ?4, status = ?5, title = ?6, body = ?7,
                   updated_at = ?8, updated_by = ?9, updated_by_name = ?10
               where id = ?1";
    write(connection, sql, &article)?;
    article_search::add(connection, &article)?;
    settings::changed(connection)?;
    Ok(article)
}

fn remove(connection: &Connection, id: ArticleId) -> Result<(), StoreError> {
    let article = find(connection, id)?.ok_or(StoreError::NotThere("article"))?;
    article_search::drop(connection, &article)?;
    connection
        .prepare_cached("delete from article where id = ?1")?
        .execute([id])?;
    settings::changed(connection)
}

fn place(connection: &Connection, id: ArticleId, position: u32) -> Result<Article, StoreError> {
    let article = find(connection, id)?.ok_or(StoreError::NotThere("article"))?;
    let mut ids: Vec<ArticleId> = connection
        .prepare_cached(
            "select id from article where site = ?1 and lang = ?2 and id <> ?3 order by position, number",
        )?
        .query_map((&article.site, &article.lang, id), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let index = position.saturating_sub(1) as usize;
    ids.insert(index.min(ids.len()), id);
    let mut statement = connection
        .prepare_cached("update article set position = ?2 where id = ?1 and position <> ?2")?;
    for (place, id) in (1_u32..).zip(&ids) {
        statement.execute((id, place))?;
    }
    settings::changed(connection)?;
    find(connection, id)?.ok_or(StoreError::NotThere("article"))
}
