//! What visitors did with articles, as rows of visits; and what they searched for in vain, as counted phrases.

use sqlx::{AssertSqlSafe, PgConnection};

use super::error::{Failure, breaks};
use super::values::{Cells, all, maybe, one};
use crate::model::article::{SelfServiceDid, SelfServiceNote};
use crate::model::id::{ArticleId, SiteKey, VisitId};
use crate::model::time::At;
use crate::store::articles::{
    ARTICLES_REPORTED_MAX, ArticleFigures, PHRASE_OF_ONE_KEPT, PHRASES_MAX, PHRASES_REPORTED_MAX,
    SELF_SERVICE_KEPT, SelfServiceFigures, Unanswered, VISIT_COUNT_MAX, VISITS_FORGOTTEN_MAX,
    phrase_weight, phrase_weight_again,
};
use crate::store::rows;
use crate::store::values::Columns;

/// See [`crate::store::articles::Articles::note_self_service`].
pub(super) async fn note(
    connection: &mut PgConnection,
    note: &SelfServiceNote,
) -> Result<(), Failure> {
    let SelfServiceNote {
        site,
        visit,
        at,
        did,
    } = note;
    if let SelfServiceDid::Read(article) | SelfServiceDid::Voted { article, .. } = did
        && !is_published(connection, site, *article).await?
    {
        return Ok(());
    }
    let inserted = sqlx::query(
        "insert into self_service_visit (site, visit, first_at) select key, $2, $3 from site where key = $1
         on conflict do nothing",
    )
    .bind(site.as_str())
    .bind(visit.0)
    .bind(at.0)
    .execute(&mut *connection)
    .await;
    match inserted {
        // The site went this very moment: nothing of this transaction is kept.
        Err(error) if breaks(&error, "self_service_visit_site") => return Ok(()),
        inserted => inserted?,
    };
    match did {
        SelfServiceDid::Searched { in_vain } => {
            count(connection, "searched", site, *visit).await?;
            if let Some(phrase) = in_vain {
                count_phrase(connection, site, *visit, *at, phrase).await?;
            }
        }
        SelfServiceDid::Read(article) => {
            count(connection, "read", site, *visit).await?;
            read_article(connection, site, *visit, *at, *article).await?;
        }
        SelfServiceDid::Voted {
            article,
            is_helpful,
        } => {
            if read_article(connection, site, *visit, *at, *article).await? {
                count(connection, "read", site, *visit).await?;
            }
            vote(connection, site, *visit, *article, *is_helpful).await?;
        }
        SelfServiceDid::Chatted => count(connection, "chats", site, *visit).await?,
        SelfServiceDid::LeftMessage => count(connection, "messages", site, *visit).await?,
    }
    Ok(())
}

async fn is_published(
    connection: &mut PgConnection,
    site: &SiteKey,
    article: ArticleId,
) -> Result<bool, Failure> {
    let row = sqlx::query(
        "select exists (select 1 from article where id = $1 and site = $2 and status = 'published')",
    )
    .bind(article.0)
    .bind(site.as_str())
    .fetch_one(connection)
    .await?;
    Ok(Cells::of(&row).take()?)
}

/// One more in a column of the visit. The column is one of this file's own words.
async fn count(
    connection: &mut PgConnection,
    column: &'static str,
    site: &SiteKey,
    visit: VisitId,
) -> Result<(), Failure> {
    let sql = format!(
        "update self_service_visit set {column} = least({column} + 1, {VISIT_COUNT_MAX}) where site = $1 and visit = $2"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(site.as_str())
        .bind(visit.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Answers whether the visit had not read it before.
async fn read_article(
    connection: &mut PgConnection,
    site: &SiteKey,
    visit: VisitId,
    at: At,
    article: ArticleId,
) -> Result<bool, Failure> {
    let read = sqlx::query(
        "insert into self_service_article (site, visit, article, read_at) select $1, $2, id, $4 from article
         where id = $3 on conflict do nothing",
    )
    .bind(site.as_str())
    .bind(visit.0)
    .bind(article.0)
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(read.rows_affected() > 0)
}

async fn vote(
    connection: &mut PgConnection,
    site: &SiteKey,
    visit: VisitId,
    article: ArticleId,
    is_helpful: bool,
) -> Result<(), Failure> {
    sqlx::query(
        "update self_service_article set helpful = $4 where site = $1 and visit = $2 and article = $3",
    )
    .bind(site.as_str())
    .bind(visit.0)
    .bind(article.0)
    .bind(is_helpful)
    .execute(&mut *connection)
    .await?;
    // Counted anew: a changed mind takes the earlier word back.
    sqlx::query(
        "update self_service_visit as v
         set (helpful, not_helpful) =
             (select count(*) filter (where helpful), count(*) filter (where not helpful)
              from self_service_article as a where a.site = v.site and a.visit = v.visit)
         where v.site = $1 and v.visit = $2",
    )
    .bind(site.as_str())
    .bind(visit.0)
    .execute(connection)
    .await?;
    Ok(())
}

async fn count_phrase(
    connection: &mut PgConnection,
    site: &SiteKey,
    visit: VisitId,
    at: At,
    phrase: &str,
) -> Result<(), Failure> {
    // One phrase of a site at a time: the bound is one of all phrases, and a new weight follows from the old.
    sqlx::query(
        "select pg_advisory_xact_lock(hashtext('balie self service phrases'), hashtext($1))",
    )
    .bind(site.as_str())
    .execute(&mut *connection)
    .await?;
    let known = sqlx::query(
        "select weight, last_visit from self_service_phrase where site = $1 and phrase = $2",
    )
    .bind(site.as_str())
    .bind(phrase)
    .fetch_optional(&mut *connection)
    .await?;
    let known: Option<(f64, VisitId)> =
        maybe(known.as_ref(), |cells| Ok((cells.take()?, cells.take()?)))?;
    let weight = match known {
        Some((_, last_visit)) if last_visit == visit => return Ok(()),
        Some((weight, _)) => phrase_weight_again(weight, at),
        None => {
            sqlx::query(
                "delete from self_service_phrase
                 where (site, phrase) in (
                     select site, phrase from self_service_phrase where site = $1
                     order by weight desc offset $2)",
            )
            .bind(site.as_str())
            .bind(i64::from(PHRASES_MAX - 1))
            .execute(&mut *connection)
            .await?;
            phrase_weight(at)
        }
    };
    sqlx::query(
        "insert into self_service_phrase as p (site, phrase, weight, visits, last_at, last_visit)
         values ($1, $2, $3, 1, $4, $5)
         on conflict (site, phrase) do update set weight = excluded.weight, visits = p.visits + 1,
             last_at = greatest(p.last_at, excluded.last_at), last_visit = excluded.last_visit",
    )
    .bind(site.as_str())
    .bind(phrase)
    .bind(weight)
    .bind(at.0)
    .bind(visit.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// See [`crate::store::articles::Articles::self_service`].
pub(super) async fn figures(
    connection: &mut PgConnection,
    site: &SiteKey,
    from: At,
    to: At,
) -> Result<SelfServiceFigures, Failure> {
    let row = sqlx::query(
        "select count(*), count(*) filter (where searched > 0), count(*) filter (where read > 0),
                coalesce(sum(helpful), 0)::bigint, coalesce(sum(not_helpful), 0)::bigint,
                count(*) filter (where chats > 0), count(*) filter (where messages > 0),
                count(*) filter (where searched + read > 0 and chats + messages = 0)
         from self_service_visit where site = $1 and first_at >= $2 and first_at < $3",
    )
    .bind(site.as_str())
    .bind(from.0)
    .bind(to.0)
    .fetch_one(&mut *connection)
    .await?;
    Ok(SelfServiceFigures {
        articles: articles(connection, site, from, to).await?,
        unanswered: unanswered(connection, site, from, to).await?,
        ..one(&row, rows::self_service)?
    })
}

async fn articles(
    connection: &mut PgConnection,
    site: &SiteKey,
    from: At,
    to: At,
) -> Result<Vec<ArticleFigures>, Failure> {
    let articles = sqlx::query(
        "select a.id, a.title, a.lang, count(*), count(*) filter (where r.helpful),
                count(*) filter (where not r.helpful)
         from article as a
              join self_service_article as r on r.article = a.id
              join self_service_visit as v on v.site = r.site and v.visit = r.visit
         where a.site = $1 and v.first_at >= $2 and v.first_at < $3
         group by a.id, a.title, a.lang order by count(*) desc, a.title limit $4",
    )
    .bind(site.as_str())
    .bind(from.0)
    .bind(to.0)
    .bind(i64::from(ARTICLES_REPORTED_MAX))
    .fetch_all(connection)
    .await?;
    Ok(all(&articles, rows::article_figures)?)
}

async fn unanswered(
    connection: &mut PgConnection,
    site: &SiteKey,
    from: At,
    to: At,
) -> Result<Vec<Unanswered>, Failure> {
    let phrases = sqlx::query(
        "select phrase, visits, last_at from self_service_phrase
         where site = $1 and last_at >= $2 and last_at < $3 and visits >= 2
         order by weight desc, phrase limit $4",
    )
    .bind(site.as_str())
    .bind(from.0)
    .bind(to.0)
    .bind(i64::from(PHRASES_REPORTED_MAX))
    .fetch_all(connection)
    .await?;
    Ok(all(&phrases, rows::unanswered)?)
}

/// See [`crate::store::articles::Articles::forget_self_service`].
pub(super) async fn forget(connection: &mut PgConnection, now: At) -> Result<bool, Failure> {
    sqlx::query(
        "delete from self_service_phrase where last_at < $1 or (visits = 1 and last_at < $2)",
    )
    .bind((now - SELF_SERVICE_KEPT).0)
    .bind((now - PHRASE_OF_ONE_KEPT).0)
    .execute(&mut *connection)
    .await?;
    let forgotten = sqlx::query(
        "delete from self_service_visit
         where (site, visit) in (
             select v.site, v.visit from site as s join self_service_visit as v on v.site = s.key
             where v.first_at < $1 limit $2)",
    )
    .bind((now - SELF_SERVICE_KEPT).0)
    .bind(i64::from(VISITS_FORGOTTEN_MAX))
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected() == u64::from(VISITS_FORGOTTEN_MAX))
}
