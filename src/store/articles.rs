//! The articles of each site and what visitors did with them: a part of [`crate::store::Store`].
//!
//! A trait of its own only so that each stays readable; an engine implements both and the suite tests both. What a search
//! finds is decided by `domain::search`, what a body says by `domain::article`: an engine brings the index. On SQLite
//! that is FTS5 over folded words and a table of the words that there are; on PostgreSQL it can be `tsvector` (weights A
//! and D, `simple`, over the same folded words) and `pg_trgm` on the same table of words.

use async_trait::async_trait;

use crate::domain::search::Query;
use crate::model::article::{Article, ArticleStatus, SelfServiceNote};
use crate::model::id::{ArticleId, SiteKey};
use crate::model::time::{At, Millis};
use crate::store::StoreError;

/// Most articles that a list or a search answers at once.
pub const ARTICLES_LISTED_MAX: u32 = 200;
/// How long it is kept what visitors did with articles: a year can be compared with the one before, month by month.
pub const SELF_SERVICE_KEPT: Millis = Millis::seconds(400 * 24 * 60 * 60);
/// Phrases searched for in vain that are kept of a site; the one that counts least makes room.
pub const PHRASES_MAX: u32 = 1_000;
/// A phrase that only one visit searched for is forgotten after this.
pub const PHRASE_OF_ONE_KEPT: Millis = Millis::seconds(30 * 24 * 60 * 60);
/// How often a visit counts in one column: nobody searches a thousand times, and a number has an end.
pub(super) const VISIT_COUNT_MAX: u32 = 1_000;
/// Visits forgotten in one transaction.
pub(super) const VISITS_FORGOTTEN_MAX: u32 = 2_000;
/// The time in which a phrase comes to count half.
const PHRASE_HALF_LIFE: Millis = Millis::seconds(30 * 24 * 60 * 60);
/// Phrases of a report.
pub const PHRASES_REPORTED_MAX: u32 = 50;
/// Articles of a report.
pub const ARTICLES_REPORTED_MAX: u32 = 100;

/// Which articles a list shows: by site, language and position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArticleFilter {
    /// Of this site only.
    pub site: Option<SiteKey>,
    /// In this language only, exactly.
    pub lang: Option<String>,
    /// Drafts or published ones only.
    pub status: Option<ArticleStatus>,
    /// So many are passed over.
    pub skip: u32,
    /// At most so many.
    pub limit: u32,
}

/// What visitors did with the articles of a site, of the visits that began in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfServiceFigures {
    /// Visits on which anything was done.
    pub visits: u64,
    /// Those that searched.
    pub searched: u64,
    /// Those that read an article.
    pub read: u64,
    /// Times that an article helped, by the visitors' own word.
    pub helpful: u64,
    /// Times that one did not.
    pub not_helpful: u64,
    /// Visits that started a chat.
    pub chats: u64,
    /// Visits that left a message.
    pub messages: u64,
    /// Visits that searched or read, and neither started a chat nor left a message.
    pub deflected: u64,
    /// The articles most read in that time, most first.
    pub articles: Vec<ArticleFigures>,
    /// What was searched for in vain, most lately and often first.
    pub unanswered: Vec<Unanswered>,
}

/// How one article did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleFigures {
    /// Which.
    pub id: ArticleId,
    /// Its title, as it is now.
    pub title: String,
    /// Its language.
    pub lang: String,
    /// Visits that read it.
    pub reads: u64,
    /// Those it helped.
    pub helpful: u64,
    /// Those it did not.
    pub not_helpful: u64,
}

/// Something searched for in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The phrase, folded.
    pub phrase: String,
    /// How many visits searched for it, at least two; one that comes back to it after another counts again.
    pub visits: u64,
    /// Last.
    pub last_at: At,
}

/// The part of a store that keeps articles.
#[async_trait]
pub trait Articles: Send + Sync {
    /// Articles for a list, by site, language and position, at most [`ARTICLES_LISTED_MAX`].
    async fn articles(&self, filter: ArticleFilter) -> Result<Vec<Article>, StoreError>;

    /// One article.
    async fn article(&self, id: ArticleId) -> Result<Option<Article>, StoreError>;

    /// How many articles a site has in all languages, drafts too.
    async fn count_articles(&self, site: &SiteKey) -> Result<u64, StoreError>;

    /// How many published articles each site has in each language, by site and language; those with none are left out.
    async fn published_languages(&self) -> Result<Vec<(SiteKey, String, u64)>, StoreError>;

    /// Adds an article behind the others of its site and language, whatever its `position` says, and answers it.
    /// `NotThere("site")`. A change of a setting, as every change of an article is.
    async fn create_article(&self, article: Article) -> Result<Article, StoreError>;

    /// Replaces an article but for its place, and answers it. One that moves to another site or language goes behind the
    /// others there. `NotThere("article")`, `NotThere("site")`.
    async fn save_article(&self, article: Article) -> Result<Article, StoreError>;

    /// Removes an article and what is known of its reading. `NotThere("article")`.
    async fn remove_article(&self, id: ArticleId) -> Result<(), StoreError>;

    /// Puts an article at this place among those of its site and language, 1 for the first; beyond the end is the end.
    /// The others keep their order, and positions count from 1 without gaps. Answers the article. `NotThere("article")`.
    async fn move_article(&self, id: ArticleId, position: u32) -> Result<Article, StoreError>;

    /// The published articles of a site and language that a search finds, best first, by the rules of
    /// `domain::search`: what has all of the words comes before what has some; where no word there begins with what was
    /// asked, the nearest ones stand for it; a word in the title weighs more than one in the body. A word that more than
    /// half of the articles have (and four or more there are) tells nothing, and is passed over beside others. At most
    /// `limit`, and never more than [`ARTICLES_LISTED_MAX`].
    async fn search_articles(
        &self,
        site: &SiteKey,
        lang: &str,
        query: Query,
        limit: u32,
    ) -> Result<Vec<Article>, StoreError>;

    /// Writes down what a visitor did. An article that is not published on the site is passed over, and an unknown site:
    /// whoever asks must not learn what there is. A visit counts an article once, and its last vote.
    async fn note_self_service(&self, note: SelfServiceNote) -> Result<(), StoreError>;

    /// What visitors did, of visits that began from `from` on and before `to`.
    async fn self_service(
        &self,
        site: &SiteKey,
        from: At,
        to: At,
    ) -> Result<SelfServiceFigures, StoreError>;

    /// Forgets visits and phrases older than [`SELF_SERVICE_KEPT`], and phrases of one visit older than
    /// [`PHRASE_OF_ONE_KEPT`]. A bounded piece of it: answers whether there is more.
    async fn forget_self_service(&self, now: At) -> Result<bool, StoreError>;
}

/// The weight of a phrase that one visit searched for at `at`: the binary logarithm of its count, measured at the epoch, so
/// that rows compare by it without being touched. In half-lives since the epoch: some seven hundred, so that a double holds
/// the hours in it.
pub(super) fn phrase_weight(at: At) -> f64 {
    at.0 as f64 / PHRASE_HALF_LIFE.0 as f64
}

/// The weight of a phrase that had `weight` and is searched for once more.
pub(super) fn phrase_weight_again(weight: f64, at: At) -> f64 {
    let moment = phrase_weight(at);
    let (more, less) = (weight.max(moment), weight.min(moment));
    more + (1.0 + (less - more).exp2()).log2()
}
