//! Articles that answer before anybody is asked, and what visitors do with them.

use serde::{Deserialize, Serialize};

use crate::model::event::AgentName;
use crate::model::id::{ArticleId, SiteKey, VisitId};
use crate::model::time::At;

/// One article, in one language of one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Names it.
    pub id: ArticleId,
    /// Where it is shown.
    pub site: SiteKey,
    /// Its language: a BCP 47 tag as [`crate::model::article::tag`] writes it.
    pub lang: String,
    /// Its place among the articles of its site and language, smallest first.
    pub position: u32,
    /// Whether visitors see it.
    pub status: ArticleStatus,
    /// What it is called.
    pub title: String,
    /// What it says, in the subset of Markdown that `domain::article` reads.
    pub body: String,
    /// Last changed.
    pub updated_at: At,
    /// By whom; `None` for what no person wrote.
    pub updated_by: Option<AgentName>,
}

/// Whether visitors see an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArticleStatus {
    /// Only people at the desk do.
    Draft,
    /// Everybody does.
    Published,
}

/// One part of an article, in the order of reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// The number of an item in a numbered list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Its text, in order.
    pub runs: Vec<Run>,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading, of whatever level.
    Heading,
    /// An item of a list.
    Item,
    /// Lines to be shown as they are.
    Code,
}

/// Text that looks alike from begin to end. Line breaks in it are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Run {
    /// Plain text, never markup.
    pub text: String,
    /// Weighs more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strong: bool,
    /// Is stressed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub emphasis: bool,
    /// To be shown as it is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub code: bool,
    /// Where it leads: `http`, `https` or `mailto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

impl Block {
    /// All its text.
    #[must_use]
    pub fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }
}

/// Longest language tag, in bytes: the longest that RFC 5646, section 4.4.1, knows a use for.
const TAG_BYTES_MAX: usize = 35;

/// A language tag as Balie keeps it: `nl`, `pt-BR`, `zh-Hans`. `None` for what is none.
#[must_use]
pub fn tag(text: &str) -> Option<String> {
    let is_plain = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let mut parts = text.split('-');
    let language = parts.next()?;
    let is_language = (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !is_language || text.len() > TAG_BYTES_MAX || !text.split('-').all(is_plain) {
        return None;
    }
    let mut tag = language.to_ascii_lowercase();
    for part in parts {
        // RFC 5646, section 2.1.1: regions in capitals, scripts with one, everything else small.
        let part = part.to_ascii_lowercase();
        tag.push('-');
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            4 if part.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                tag.push_str(&part[..1].to_ascii_uppercase());
                tag.push_str(&part[1..]);
            }
            _ => tag.push_str(&part),
        }
    }
    Some(tag)
}

/// Something that happened on one visit to a site's articles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfServiceNote {
    /// Where.
    pub site: SiteKey,
    /// On which visit.
    pub visit: VisitId,
    /// When.
    pub at: At,
    /// What.
    pub did: SelfServiceDid,
}

/// What a visitor did with the articles, or after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelfServiceDid {
    /// Searched. The phrase is given where nothing was found, and only if it may be kept (`domain::search::keepable`).
    Searched {
        /// What was searched for in vain.
        in_vain: Option<String>,
    },
    /// Opened an article.
    Read(ArticleId),
    /// Said whether an article helped; the last word of a visit counts.
    Voted {
        /// Which.
        article: ArticleId,
        /// Whether it helped.
        is_helpful: bool,
    },
    /// Started a chat.
    Chatted,
    /// Left a message.
    LeftMessage,
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn a_tag_is_written_in_one_way() {
        for (text, kept) in [
            ("NL", "nl"),
            ("pt-br", "pt-BR"),
            ("ZH-hans", "zh-Hans"),
            ("zh-hans-tw", "zh-Hans-TW"),
            ("es-419", "es-419"),
            ("de-1996", "de-1996"),
        ] {
            assert_eq!(tag(text).as_deref(), Some(kept));
        }
        for text in [
            "",
            "n",
            "nl_BE",
            "nl-",
            "-nl",
            "a b",
            "ß-x",
            "12",
            "english",
            &"a".repeat(99),
        ] {
            assert_eq!(tag(text), None, "{text}");
        }
    }
}
