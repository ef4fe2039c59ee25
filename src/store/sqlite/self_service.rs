//! What visitors did with articles, as rows of visits; and what they searched for in vain, as counted phrases.

use rusqlite::{Connection, OptionalExtension};

use super::error::breaks_reference;
use super::values::Cells;
use crate::model::article::{SelfServiceDid, SelfServiceNote};
use crate::model::id::{ArticleId, SiteKey, VisitId};
use crate::model::time::At;
use crate::store::StoreError;
use crate::store::articles::{
    ARTICLES_REPORTED_MAX, ArticleFigures, PHRASE_OF_ONE_KEPT, PHRASES_MAX, PHRASES_REPORTED_MAX,
    SELF_SERVICE_KEPT, SelfServiceFigures, Unanswered, VISIT_COUNT_MAX, VISITS_FORGOTTEN_MAX,
    phrase_weight, phrase_weight_again,
};
use crate::store::rows;

/// See [`crate::store::articles::Articles::note_self_service`].
pub(super) fn note(connection: &Connection, note: &SelfServiceNote) -> Result<(), StoreError> {
    let SelfServiceNote {
        site,
        visit,
        at,
        did,
    } = note;
    if let SelfServiceDid::Read(article) | SelfServiceDid::Voted { article, .. } = did
        && !is_published(connection, site, *article)?
    {
        return Ok(());
    }
    let inserted = connection
        .prepare_cached(
            "insert or ignore into self_service_visit (site, visit, first_at) values (?1, ?2, ?3)",
        )?
        .execute((site, visit, at));
    match inserted {
        Err(error) if breaks_reference(&error) => return Ok(()),
        inserted => inserted?,
    };
    match did {
        SelfServiceDid::Searched { in_vain } => {
            count(connection, "searched", site, *visit)?;
            if let Some(phrase) = in_vain {
                count_phrase(connection, site, *visit, *at, phrase)?;
            }
        }
        SelfServiceDid::Read(article) => {
            count(connection, "read", site, *visit)?;
            read_article(connection, site, *visit, *at, *article)?;
        }
        SelfServiceDid::Voted {
            article,
            is_helpful,
        } => {
            if read_article(connection, site, *visit, *at, *article)? {
                count(connection, "read", site, *visit)?;
            }
            vote(connection, site, *visit, *article, *is_helpful)?;
        }
        SelfServiceDid::Chatted => count(connection, "chats", site, *visit)?,
        SelfServiceDid::LeftMessage => count(connection, "messages", site, *visit)?,
    }
    Ok(())
}

fn is_published(
    connection: &Connection,
    site: &SiteKey,
    article: ArticleId,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "select exists (select 1 from article where id = ?1 and site = ?2 and status = 'published')",
        )?
        .query_row((article, site), |row| row.get(0))?)
}

/// One more in a column of the visit. The column is one of this file's own words.
fn count(
    connection: &Connection,
    column: &'static str,
    site: &SiteKey,
    visit: VisitId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(&format!(
            "update self_service_visit set {column} = min({column} + 1, {VISIT_COUNT_MAX}) where site = ?1 and visit = ?2"
        ))?
        .execute((site, visit))?;
    Ok(())
}

/// Answers whether the visit had not read it before.
fn read_article(
    connection: &Connection,
    site: &SiteKey,
    visit: VisitId,
    at: At,
    article: ArticleId,
) -> Result<bool, StoreError> {
    let rows = connection
        .prepare_cached(
            "insert or ignore into self_service_article (site, visit, article, read_at) values (?1, ?2, ?3, ?4)",
        )?
        .execute((site, visit, article, at))?;
    Ok(rows > 0)
}

fn vote(
    connection: &Connection,
    site: &SiteKey,
    visit: VisitId,
    article: ArticleId,
    is_helpful: bool,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "update self_service_article set helpful = ?4 where site = ?1 and visit = ?2 and article = ?3",
        )?
        .execute((site, visit, article, is_helpful))?;
    // Counted anew: a changed mind takes the earlier word back.
    connection
        .prepare_cached(
            "update self_service_visit as v
             set (helpful, not_helpful) =
                 (select count(*) filter (where helpful = 1), count(*) filter (where helpful = 0)
                  from self_service_article as a where a.site = v.site and a.visit = v.visit)
             where v.site = ?1 and v.visit = ?2",
        )?
        .execute((site, visit))?;
    Ok(())
}

fn count_phrase(
    connection: &Connection,
    site: &SiteKey,
    visit: VisitId,
    at: At,
    phrase: &str,
) -> Result<(), StoreError> {
    let moment = phrase_weight(at);
    let known: Option<(f64, VisitId)> = connection
        .prepare_cached(
            "select weight, last_visit from self_service_phrase where site = ?1 and phrase = ?2",
        )?
        .query_row((site, phrase), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match known {
        Some((_, last_visit)) if last_visit == visit => Ok(()),
        Some((weight, _)) => {
            let weight = phrase_weight_again(weight, at);
            connection
                .prepare_cached(
                    "update self_service_phrase
                     set weight = ?3, visits = visits + 1, last_at = max(last_at, ?4), last_visit = ?5
                     where site = ?1 and phrase = ?2",
                )?
                .execute((site, phrase, weight, at, visit))?;
            Ok(())
        }
        None => {
            connection
                .prepare_cached(
                    "delete from self_service_phrase
                     where (site, phrase) in (
                         select site, phrase from self_service_phrase where site = ?1
                         order by weight desc limit -1 offset ?2)",
                )?
                .execute((site, PHRASES_MAX - 1))?;
            connection
                .prepare_cached(
                    "insert into self_service_phrase (site, phrase, weight, visits, last_at, last_visit)
                     values (?1, ?2, ?3, 1, ?4, ?5)",
                )?
                .execute((site, phrase, moment, at, visit))?;
            Ok(())
        }
    }
}

/// See [`crate::store::articles::Articles::self_service`].
pub(super) fn figures(
    connection: &Connection,
    site: &SiteKey,
    from: At,
    to: At,
) -> Result<SelfServiceFigures, StoreError> {
    let figures = connection
        .prepare_cached(
            "select count(*), count(*) filter (where searched > 0), count(*) filter (where read > 0),
                    coalesce(sum(helpful), 0), coalesce(sum(not_helpful), 0),
                    count(*) filter (where chats > 0), count(*) filter (where messages > 0),
                    count(*) filter (where searched + read > 0 and chats + messages = 0)
             from self_service_visit where site = ?1 and first_at >= ?2 and first_at < ?3",
        )?
        .query_row((site, from, to), |row| rows::self_service(&mut Cells::of(row)))?;
    Ok(SelfServiceFigures {
        articles: articles(connection, site, from, to)?,
        unanswered: unanswered(connection, site, from, to)?,
        ..figures
    })
}

fn articles(
    connection: &Connection,
    site: &SiteKey,
    from: At,
    to: At,
) -> Result<Vec<ArticleFigures>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select a.id, a.title, a.lang, count(*), count(*) filter (where r.helpful = 1),
                count(*) filter (where r.helpful = 0)
         from article as a
              join self_service_article as r on r.article = a.id
              join self_service_visit as v on v.site = r.site and v.visit = r.visit
         where a.site = ?1 and v.first_at >= ?2 and v.first_at < ?3
         group by a.id order by count(*) desc, a.title limit ?4",
    )?;
    let articles = statement.query_map((site, from, to, ARTICLES_REPORTED_MAX), |row| {
        rows::article_figures(&mut Cells::of(row))
    })?;
    Ok(articles.collect::<Result<_, _>>()?)
}

fn unanswered(
    connection: &Connection,
    site: &SiteKey,
    from: At,
    to: At,
) -> Result<Vec<Unanswered>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select phrase, visits, last_at from self_service_phrase
         where site = ?1 and last_at >= ?2 and last_at < ?3 and visits >= 2
         order by weight desc, phrase limit ?4",
    )?;
    let phrases = statement.query_map((site, from, to, PHRASES_REPORTED_MAX), |row| {
        rows::unanswered(&mut Cells::of(row))
    })?;
    Ok(phrases.collect::<Result<_, _>>()?)
}

/// See [`crate::store::articles::Articles::forget_self_service`].
pub(super) fn forget(connection: &Connection, now: At) -> Result<bool, StoreError> {
    connection
        .prepare_cached(
            "delete from self_service_phrase where last_at < ?1 or (visits = 1 and last_at < ?2)",
        )?
        .execute((now - SELF_SERVICE_KEPT, now - PHRASE_OF_ONE_KEPT))?;
    let rows = connection
        .prepare_cached(
            "delete from self_service_visit
             where (site, visit) in (
                 select v.site, v.visit from site as s join self_service_visit as v on v.site = s.key
                 where v.first_at < ?1 limit ?2)",
        )?
        .execute((now - SELF_SERVICE_KEPT, VISITS_FORGOTTEN_MAX))?;
    Ok(rows == VISITS_FORGOTTEN_MAX as usize)
}
