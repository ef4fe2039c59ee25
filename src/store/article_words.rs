//! What an index is asked for in place of the words of a search, by the rules of `domain::search`.
//!
//! An engine reads its vocabulary (each word of the published articles of a site and language, and how many have it) past
//! [`Looked`], and says each [`Wanted`] in the words of its own index.

use crate::domain::search::{Query, Term, distance};

/// Words that may stand for one with a slip.
const NEAREST_MAX: usize = 5;
/// Fewer articles are too few to tell which words say nothing.
const TELLING_ARTICLES_MIN: u64 = 4;

/// What the index is asked for in place of one term.
pub(super) struct Wanted {
    /// What articles must have.
    pub(super) what: What,
    /// Whether having it says anything about an article.
    is_telling: bool,
}

/// What articles must have for one term.
pub(super) enum What {
    /// This very word.
    Word(String),
    /// A word that begins so.
    Beginning(String),
    /// One of these very words.
    AnyOf(Vec<String>),
    /// These signs side by side.
    Neighbours(Vec<String>),
}

/// The words of a search, looked up in a vocabulary.
pub(super) struct Looked<'query> {
    query: &'query Query,
    words: Vec<LookedWord<'query>>,
}

/// One word asked for, and what the vocabulary has for it.
struct LookedWord<'query> {
    word: &'query str,
    begins_some: bool,
    /// Articles with the very word.
    articles: u64,
    /// Distance, articles, word.
    near: Vec<(u32, u64, String)>,
}

impl<'query> Looked<'query> {
    /// The words of a search, before any was looked up.
    pub(super) fn new(query: &'query Query) -> Self {
        let words = query.terms.iter().filter_map(|term| match term {
            Term::Word(word) => Some(LookedWord {
                word,
                begins_some: false,
                articles: 0,
                near: Vec::new(),
            }),
            Term::Neighbours(_) => None,
        });
        Self {
            query,
            words: words.collect(),
        }
    }

    /// Whether there is anything to look up.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Takes in one word of the vocabulary, which so many articles have.
    pub(super) fn see(&mut self, known: &str, articles: u64) {
        for one in &mut self.words {
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

    /// What to ask the index for, once the whole vocabulary of so many published articles was seen. A word that says
    /// nothing is passed over beside others.
    pub(super) fn wanted(self, published: u64) -> Vec<Wanted> {
        let tells_nothing =
            |articles: u64| published >= TELLING_ARTICLES_MIN && articles * 2 > published;
        let mut words = self.words.into_iter();
        let mut wanted: Vec<Wanted> = self
            .query
            .terms
            .iter()
            .map(|term| match term {
                Term::Neighbours(signs) => Wanted {
                    what: What::Neighbours(signs.clone()),
                    is_telling: true,
                },
                Term::Word(_) => {
                    let word = words.next().expect("each word was looked up, in order");
                    Wanted {
                        is_telling: !tells_nothing(word.articles),
                        what: word.what(),
                    }
                }
            })
            .collect();
        if wanted.iter().any(|one| one.is_telling) {
            wanted.retain(|one| one.is_telling);
        }
        wanted
    }
}

impl LookedWord<'_> {
    fn what(mut self) -> What {
        if self.begins_some || self.near.is_empty() {
            let is_lone = self.word.chars().nth(1).is_none();
            let word = self.word.to_owned();
            return if is_lone {
                What::Word(word)
            } else {
                What::Beginning(word)
            };
        }
        // The nearest first, of equals what more articles have.
        self.near
            .sort_unstable_by(|a, b| (a.0, b.1, &a.2).cmp(&(b.0, a.1, &b.2)));
        let nearest = self.near.first().map_or(0, |near| near.0);
        let words = self
            .near
            .into_iter()
            .take_while(|near| near.0 == nearest)
            .take(NEAREST_MAX)
            .map(|near| near.2);
        What::AnyOf(words.collect())
    }
}
