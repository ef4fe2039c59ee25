//! The index of the published articles: FTS5 over folded words, and the words that there are.
//!
//! How a search goes: each word that no word of the articles begins with is looked up among all words of the site and
//! language (`article_word`) by `domain::search::distance`, and the nearest ones stand for it. Then FTS5 finds the rows
//! with all of the words, and after them those with some, each ranked by its BM25 with the title weighing more. The
//! vocabulary is read through once per search: some ten thousand words at the limit of articles, a few milliseconds, and
//! unlike an index of trigrams it also knows how many articles have a word.

use rusqlite::{Connection, OptionalExtension};

use super::article_row::{COLUMNS, read};
use crate::domain::article::{parse, plain};
use crate::domain::search::{Query, TITLE_WEIGHT, Term, distance, tokens, vocabulary};
use crate::model::article::{Article, ArticleStatus};
use crate::model::id::SiteKey;
use crate::store::StoreError;

/// Words that may stand for one with a slip.
const NEAREST_MAX: usize = 5;
/// Fewer articles are too few to tell which words say nothing.
const TELLING_ARTICLES_MIN: u64 = 4;

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

/// What FTS5 is asked for in place of one term.
struct Wanted {
    /// In FTS5's words: phrases of folded words in quotes, which hold no quotes.
    expression: String,
    /// Whether having it says anything about an article.
    is_telling: bool,
}

/// See [`crate::store::articles::Articles::search_articles`].
pub(super) fn find(
    connection: &Connection,
    site: &SiteKey,
    lang: &str,
    query: &Query,
    limit: u32,
) -> Result<Vec<Article>, StoreError> {
    let mut wanted = wanted(connection, site, lang, query)?;
    if wanted.iter().any(|one| one.is_telling) {
        wanted.retain(|one| one.is_telling);
    }
    let expressions: Vec<String> = wanted.into_iter().map(|one| one.expression).collect();
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
        "select {COLUMNS} from article_search join article as a on a.number = article_search.rowid
         where article_search match ?1 and a.site = ?2 and a.lang = ?3 and a.status = 'published'
         order by bm25(article_search, {TITLE_WEIGHT}, 1), a.position, a.number limit ?4"
    ))?;
    let found = statement.query_map((expression, site, lang, limit), read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// One word asked for, and what the vocabulary has for it.
struct Looked<'query> {
    word: &'query str,
    begins_some: bool,
    /// Articles with the very word.
    articles: u64,
    /// Distance, articles, word.
    near: Vec<(u32, u64, String)>,
}

fn wanted(
    connection: &Connection,
    site: &SiteKey,
    lang: &str,
    query: &Query,
) -> Result<Vec<Wanted>, StoreError> {
    let mut looked: Vec<Looked<'_>> = query
        .terms
        .iter()
        .filter_map(|term| match term {
            Term::Word(word) => Some(Looked {
                word,
                begins_some: false,
                articles: 0,
                near: Vec::new(),
            }),
            Term::Neighbours(_) => None,
        })
        .collect();
    if !looked.is_empty() {
        look_up(connection, site, lang, &mut looked)?;
    }
    let published: u64 = connection
        .prepare_cached(
            "select count(*) from article where site = ?1 and lang = ?2 and status = 'published'",
        )?
        .query_row((site, lang), |row| row.get(0))?;
    let tells_nothing =
        |articles: u64| published >= TELLING_ARTICLES_MIN && articles * 2 > published;
    let mut looked = looked.into_iter();
    Ok(query
        .terms
        .iter()
        .map(|term| match term {
            Term::Neighbours(signs) => Wanted {
                expression: format!("\"{}\"", signs.join(" ")),
                is_telling: true,
            },
            Term::Word(_) => {
                let word = looked.next().expect("each word was looked up, in order");
                Wanted {
                    is_telling: !tells_nothing(word.articles),
                    expression: word.expression(),
                }
            }
        })
        .collect())
}

/// Reads the vocabulary through for all words at once.
fn look_up(
    connection: &Connection,
    site: &SiteKey,
    lang: &str,
    looked: &mut [Looked<'_>],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached("select word, articles from article_word where site = ?1 and lang = ?2")?;
    let mut rows = statement.query((site, lang))?;
    while let Some(row) = rows.next()? {
        let known = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let articles: u64 = row.get(1)?;
        for one in looked.iter_mut() {
            if known.starts_with(one.word) {
                one.begins_some = true;
                if known.len() == one.word.len() {
                    one.articles = articles;
                }
            } else if !one.begins_some
                && let Some(distance) = distance(one.word, known)
            {
                one.near.push((distance, articles, known.to_owned()));
            }
        }
    }
    Ok(())
}

impl Looked<'_> {
    fn expression(mut self) -> String {
        let is_lone = self.word.chars().nth(1).is_none();
        let own = if is_lone {
            format!("\"{}\"", self.word)
        } else {
            format!("\"{}\" *", self.word)
        };
        if self.begins_some || self.near.is_empty() {
            return own;
        }
        // The nearest first, of equals what more articles have.
        self.near
            .sort_unstable_by(|a, b| (a.0, b.1, &a.2).cmp(&(b.0, a.1, &b.2)));
        let nearest = self.near.first().map_or(0, |near| near.0);
        let words: Vec<String> = self
            .near
            .iter()
            .take_while(|near| near.0 == nearest)
            .take(NEAREST_MAX)
            .map(|near| format!("\"{}\"", near.2))
            .collect();
        format!("({})", words.join(" OR "))
    }
}
