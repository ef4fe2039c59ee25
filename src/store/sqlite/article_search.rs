//! The index of the published articles: FTS5 over folded words, and the words that there are.
//!
//! How a search goes: each word that no word of the articles begins with is looked up among all words of the site and
//! language (`article_word`) by `domain::search::distance`, and the nearest ones stand for it. Then FTS5 finds the rows
//! with all of the words, and after them those with some, each ranked by its BM25 with the title weighing more. The
//! vocabulary is read through once per search: some ten thousand words at the limit of articles, a few milliseconds, and
//! unlike an index of trigrams it also knows how many articles have a word.

use rusqlite::{Connection, OptionalExtension};

use super::values::Cells;
use crate::domain::article::{parse, plain};
use crate::domain::search::{Query, TITLE_WEIGHT, tokens, vocabulary};
use crate::model::article::{Article, ArticleStatus};
use crate::model::id::SiteKey;
use crate::store::StoreError;
use crate::store::article_words::{Looked, What};
use crate::store::rows::{self, article_columns};

/// Brings a written article into the index, if it is published.
pub(super) fn add(connection: &Connection, article: &Article) -> Result<(), StoreError> {
    if article.status != ArticleStatus::Published {
        return Ok(());
    }
    let body = plain(&parse(&article.body).blocks);
    connection
        .prepare_cached(
            "insert into article_search (rowid, title, body)
             values ((select number from article where id = ?1), ?2, ?3)",
        )?
        .execute((article.id, indexed(&article.title), indexed(&body)))?;
    let mut statement = connection.prepare_cached(
        "insert into article_word (site, lang, word, articles) values (?1, ?2, ?3, 1)
         on conflict do update set articles = articles + 1",
    )?;
    for word in vocabulary(&format!("{} {body}", article.title)) {
        statement.execute((&article.site, &article.lang, word))?;
    }
    Ok(())
}

/// Takes an article out of the index. By the words that the index itself has of it: they may have been cut by an older
/// version's rules.
pub(super) fn drop(connection: &Connection, article: &Article) -> Result<(), StoreError> {
    let indexed: Option<(i64, String)> = connection
        .prepare_cached(
            "select rowid, title || ' ' || body from article_search
             where rowid = (select number from article where id = ?1)",
        )?
        .query_row([article.id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((number, words)) = indexed else {
        return Ok(());
    };
    connection
        .prepare_cached("delete from article_search where rowid = ?1")?
        .execute([number])?;
    let mut last = connection.prepare_cached(
        "delete from article_word where site = ?1 and lang = ?2 and word = ?3 and articles = 1",
    )?;
    let mut one_less = connection.prepare_cached(
        "update article_word set articles = articles - 1 where site = ?1 and lang = ?2 and word = ?3",
    )?;
    for word in vocabulary(&words) {
        if last.execute((&article.site, &article.lang, &word))? == 0 {
            one_less.execute((&article.site, &article.lang, &word))?;
        }
    }
    Ok(())
}

fn indexed(text: &str) -> String {
    tokens(text).join(" ")
}

/// See [`crate::store::articles::Articles::search_articles`].
pub(super) fn find(
    connection: &Connection,
    site: &SiteKey,
    lang: &str,
    query: &Query,
    limit: u32,
) -> Result<Vec<Article>, StoreError> {
    let mut looked = Looked::new(query);
    if !looked.is_empty() {
        look_up(connection, site, lang, &mut looked)?;
    }
    let published: u64 = connection
        .prepare_cached(
            "select count(*) from article where site = ?1 and lang = ?2 and status = 'published'",
        )?
        .query_row((site, lang), |row| row.get(0))?;
    let wanted = looked.wanted(published);
    let expressions: Vec<String> = wanted.iter().map(|one| expression(&one.what)).collect();
    let mut found = matching(connection, site, lang, &expressions.join(" AND "), limit)?;
    if expressions.len() > 1 && found.len() < limit as usize {
        let some = matching(connection, site, lang, &expressions.join(" OR "), limit)?;
        for article in some {
            if found.len() < limit as usize && found.iter().all(|one| one.id != article.id) {
                found.push(article);
            }
        }
    }
    Ok(found)
}

fn matching(
    connection: &Connection,
    site: &SiteKey,
    lang: &str,
    expression: &str,
    limit: u32,
) -> Result<Vec<Article>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "select {} from article_search join article as a on a.number = article_search.rowid
         where article_search match ?1 and a.site = ?2 and a.lang = ?3 and a.status = 'published'
         order by bm25(article_search, {TITLE_WEIGHT}, 1), a.position, a.number limit ?4",
        article_columns!()
    ))?;
    let found = statement.query_map((expression, site, lang, limit), |row| {
        rows::article(&mut Cells::of(row))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Reads the vocabulary through for all words at once.
fn look_up(
    connection: &Connection,
    site: &SiteKey,
    lang: &str,
    looked: &mut Looked<'_>,
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached("select word, articles from article_word where site = ?1 and lang = ?2")?;
    let mut rows = statement.query((site, lang))?;
    while let Some(row) = rows.next()? {
        let known = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        looked.see(known, row.get(1)?);
    }
    Ok(())
}

/// In FTS5's words: phrases of folded words in quotes, which hold no quotes.
fn expression(what: &What) -> String {
    match what {
        What::Word(word) => format!("\"{word}\""),
        What::Beginning(word) => format!("\"{word}\" *"),
        What::Neighbours(signs) => format!("\"{}\"", signs.join(" ")),
        What::AnyOf(words) => format!("(\"{}\")", words.join("\" OR \"")),
    }
}
