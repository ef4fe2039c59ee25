//! The index of the published articles: `tsvector` over folded words, and the words that there are.
//!
//! How a search goes: each word that no word of the articles begins with is looked up among all words of the site and
//! language (`article_word`) by `domain::search::distance`, and the nearest ones stand for it. Then the index finds the rows
//! with all of the words, and after them those with some, each ranked by `ts_rank` with the title weighing more. Words are cut
//! and folded by Balie (`domain::search::tokens`) and reach PostgreSQL as finished lexemes, so neither its dictionaries nor an
//! extension (`pg_trgm`, which not every server may install) has a say in what is found.

use futures_util::TryStreamExt;
use sqlx::PgConnection;

use super::error::Failure;
use super::values::{Cells, all};
use crate::domain::article::{parse, plain};
use crate::domain::search::{Query, TITLE_WEIGHT, WORD_CHARS_MAX, tokens, vocabulary};
use crate::model::article::{Article, ArticleStatus};
use crate::model::id::SiteKey;
use crate::store::article_words::{Looked, What};
use crate::store::rows::{self, article_columns};
use crate::store::values::Columns;

/// Brings a written article into the index, if it is published.
pub(super) async fn add(connection: &mut PgConnection, article: &Article) -> Result<(), Failure> {
    if article.status != ArticleStatus::Published {
        return Ok(());
    }
    let body = plain(&parse(&article.body).blocks);
    let known = vocabulary(&format!("{} {body}", article.title));
    sqlx::query("update article set words = $2::tsvector, vocabulary = $3 where id = $1")
        .bind(article.id.0)
        .bind(lexemes(&article.title, &body))
        .bind(&known)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "insert into article_word as w (site, lang, word, articles)
         select $1, $2, word, 1 from unnest($3::text[]) as k (word) order by word
         on conflict (site, lang, word) do update set articles = w.articles + 1",
    )
    .bind(article.site.as_str())
    .bind(&article.lang)
    .bind(&known)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes an article out of the index, by the words that it was indexed with.
pub(super) async fn drop(connection: &mut PgConnection, article: &Article) -> Result<(), Failure> {
    for sql in [
        "delete from article_word as w using article as a
         where a.id = $1 and w.site = a.site and w.lang = a.lang and w.word = any(a.vocabulary) and w.articles = 1",
        "update article_word as w set articles = w.articles - 1 from article as a
         where a.id = $1 and w.site = a.site and w.lang = a.lang and w.word = any(a.vocabulary)
           and w.articles > 1",
    ] {
        // The first takes the words that nobody else has, the second what is left of the others: in this order a word that
        // goes from two to one stays.
        sqlx::query(sql)
            .bind(article.id.0)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("update article set words = null, vocabulary = null where id = $1")
        .bind(article.id.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// The words of an article as a `tsvector` has them, each with its place and weight: A in the title, D in the body. What is
/// beyond the letters that count is cut off, as in what is searched for; a lexeme has a limit of its own.
fn lexemes(title: &str, body: &str) -> String {
    /// A phrase never leads from the title into the body.
    const GAP: usize = 1;
    let title = tokens(title);
    let begin_of_body = title.len() + GAP;
    let titled = title
        .iter()
        .zip(1..)
        .map(|(word, place)| (word, place, "A"));
    let body = tokens(body);
    let bodied = body
        .iter()
        .zip(begin_of_body + 1..)
        .map(|(word, place)| (word, place, "D"));
    let each = titled.chain(bodied).map(|(word, place, weight)| {
        let word: String = word.chars().take(WORD_CHARS_MAX).collect();
        // PostgreSQL counts places to here; what is behind shares the last.
        const PLACES_MAX: usize = 16_383;
        format!("{}:{}{weight}", quoted(&word), place.min(PLACES_MAX))
    });
    each.collect::<Vec<_>>().join(" ")
}

/// A lexeme in quotes. A folded word holds neither quotes nor backslashes; this is for the day when one does.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"))
}

/// See [`crate::store::articles::Articles::search_articles`].
pub(super) async fn find(
    connection: &mut PgConnection,
    site: &SiteKey,
    lang: &str,
    query: &Query,
    limit: u32,
) -> Result<Vec<Article>, Failure> {
    let mut looked = Looked::new(query);
    if !looked.is_empty() {
        look_up(connection, site, lang, &mut looked).await?;
    }
    let row = sqlx::query(
        "select count(*) from article where site = $1 and lang = $2 and status = 'published'",
    )
    .bind(site.as_str())
    .bind(lang)
    .fetch_one(&mut *connection)
    .await?;
    let wanted = looked.wanted(Cells::of(&row).take()?);
    let expressions: Vec<String> = wanted.iter().map(|one| expression(&one.what)).collect();
    let mut found = matching(connection, site, lang, &expressions.join(" & "), limit).await?;
    if expressions.len() > 1 && found.len() < limit as usize {
        let some = matching(connection, site, lang, &expressions.join(" | "), limit).await?;
        for article in some {
            if found.len() < limit as usize && found.iter().all(|one| one.id != article.id) {
                found.push(article);
            }
        }
    }
    Ok(found)
}

async fn matching(
    connection: &mut PgConnection,
    site: &SiteKey,
    lang: &str,
    expression: &str,
    limit: u32,
) -> Result<Vec<Article>, Failure> {
    // The weights of D, C, B and A.
    const { assert!(TITLE_WEIGHT == 10) };
    let found = sqlx::query(concat!(
        "select ",
        article_columns!(),
        " from article as a
         where a.words @@ $1::tsquery and a.site = $2 and a.lang = $3 and a.status = 'published'
         order by ts_rank('{0.1, 0.1, 0.1, 1}', a.words, $1::tsquery) desc, a.position, a.number limit $4"
    ))
    .bind(expression)
    .bind(site.as_str())
    .bind(lang)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    Ok(all(&found, rows::article)?)
}

/// Reads the vocabulary through for all words at once, row by row as it comes.
async fn look_up(
    connection: &mut PgConnection,
    site: &SiteKey,
    lang: &str,
    looked: &mut Looked<'_>,
) -> Result<(), Failure> {
    let mut words =
        sqlx::query("select word, articles from article_word where site = $1 and lang = $2")
            .bind(site.as_str())
            .bind(lang)
            .fetch(connection);
    while let Some(row) = words.try_next().await? {
        let mut cells = Cells::of(&row);
        looked.see(&cells.take::<String>()?, cells.take()?);
    }
    Ok(())
}

/// In the words of a `tsquery`.
fn expression(what: &What) -> String {
    let each = |words: &[String], between: &str| {
        let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        format!("({})", quoted.join(between))
    };
    match what {
        What::Word(word) => quoted(word),
        What::Beginning(word) => format!("{}:*", quoted(word)),
        What::Neighbours(signs) => each(signs, " <-> "),
        What::AnyOf(words) => each(words, " | "),
    }
}
