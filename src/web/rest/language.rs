//! The languages that the widget speaks, and which of them suits a visitor.
//!
//! The bundler (client/languages.mjs) hands the list over at build time; `web::rest::widget` asks with what the page, the
//! site's tag and the browser wish for, best first. Whoever wishes for nothing we have gets English.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// One language, as the bundler left it.
#[derive(Debug, Deserialize)]
pub struct Language {
    /// Its BCP 47 tag, the name of its file.
    pub tag: String,
    /// Which way it is written.
    pub dir: Direction,
    /// The path of its words.
    pub words: String,
    /// What the launcher says before anything else is loaded.
    pub launcher: LauncherWords,
}

/// Which way a language is written.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From left to right.
    Ltr,
    /// From right to left.
    Rtl,
}

/// What the widget says before it is opened, which is all that most visitors ever load of its words.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct LauncherWords {
    /// The name of its button.
    chat: String,
    /// The same while nobody is there.
    away: String,
    /// When the chat cannot be loaded.
    failed: String,
    /// The button's name with new messages: by the plural form of `{n}` (`one`, `other`, …).
    unread: BTreeMap<String, String>,
    /// What the bubble with the site's greeting is.
    greeting: String,
    /// The name of the button that closes it.
    close: String,
}

/// English first.
static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/languages.json")))
        .expect("the bundler writes what `Language` reads")
});

/// Wishes further down decide nothing that an honest browser asks for.
const WISHES_MAX: usize = 20;

/// The language for these wishes: BCP 47 tags with commas between them, best first.
pub fn choose(wishes: &str) -> &'static Language {
    wishes
        .split(',')
        .take(WISHES_MAX)
        .find_map(|wish| spoken(&modern(wish.trim())))
        .unwrap_or(&LANGUAGES[0])
}

/// Tags that mean the same by another name: Norwegian is written as Bokmål by nearly all who write it, and a browser may
/// still use a code that was given up in 1989.
fn modern(tag: &str) -> String {
    let tag = tag.to_ascii_lowercase();
    let (language, rest) = tag.split_at(tag.find('-').unwrap_or(tag.len()));
    let language = match language {
        "no" | "nn" => "nb",
        "iw" => "he",
        other => other,
    };
    format!("{language}{rest}")
}

/// The tag itself, else with less and less of its end (`de-AT` is `de`), else another one of the same language: `zh-TW`
/// reads simplified Chinese more easily than English.
fn spoken(tag: &str) -> Option<&'static Language> {
    let mut narrow = tag;
    loop {
        if let Some(found) = LANGUAGES
            .iter()
            .find(|one| one.tag.eq_ignore_ascii_case(narrow))
        {
            return Some(found);
        }
        let Some((wider, _)) = narrow.rsplit_once('-') else {
            break;
        };
        narrow = wider;
    }
    LANGUAGES.iter().find(|one| {
        one.tag
            .split('-')
            .next()
            .is_some_and(|language| language.eq_ignore_ascii_case(narrow))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(wishes: &str) -> &'static str {
        &choose(wishes).tag
    }

    #[test]
    fn the_first_wish_that_we_speak_is_taken() {
        assert_eq!(chosen("nl"), "nl");
        assert_eq!(chosen("tlh,nl-BE,en"), "nl");
        assert_eq!(chosen("en-GB, nl"), "en");
        assert_eq!(chosen("NL-nl"), "nl");
    }

    #[test]
    fn what_nobody_speaks_and_what_is_no_tag_gets_english() {
        for wishes in ["", ",,", "tlh", "x-klingon", "💬", "-", "nld-"] {
            assert_eq!(chosen(wishes), "en", "{wishes}");
        }
        let late = format!("{}nl", "tlh,".repeat(WISHES_MAX));
        assert_eq!(chosen(&late), "en");
    }

    #[test]
    fn names_of_old_mean_what_they_are_called_now() {
        assert_eq!(modern("no"), "nb");
        assert_eq!(modern("nn-NO"), "nb-no");
        assert_eq!(modern("iw-IL"), "he-il");
        assert_eq!(modern("zh-TW"), "zh-tw");
    }

    #[test]
    fn every_language_says_what_the_launcher_needs() {
        for language in LANGUAGES.iter() {
            let LauncherWords { chat, unread, .. } = &language.launcher;
            assert!(
                !chat.is_empty() && unread.contains_key("other"),
                "{}",
                language.tag
            );
            assert!(
                language.words.starts_with("/widget/words-"),
                "{}",
                language.tag
            );
        }
    }
}
