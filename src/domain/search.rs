//! Which words find which: how a text is cut into words, which words are near each other, and which phrases may be kept.
//!
//! Every engine of the store searches by these rules, each with its own index, so that the same search finds the same
//! articles in any of them:
//!
//! - **Words.** [`tokens`] folds a text (no case, no accents, no vowel points) and cuts it. Scripts that put no space
//!   between words (Chinese, Japanese, Thai …) are cut into single signs; a search looks for two neighbours of them at a
//!   time, as a phrase. Nothing but words comes through, so that no search is ever the syntax of an index.
//! - **Beginnings.** A word finds what begins with it: who types has not finished.
//! - **Slips.** Where no word of the articles begins with what was asked, the nearest words that they do have are searched
//!   for instead ([`distance`]): a letter wrong, missing, too many, or two swapped (two such from 8 letters on), a part of a
//!   longer word (`kosten` in `verzendkosten`), or its stem (`returning` for `return`).
//! - **Rank.** First the articles that have all words, then those that have some; within each by BM25, where a word in the
//!   title weighs [`TITLE_WEIGHT`] times one in the body.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest search, in characters: a long sentence.
pub const QUERY_CHARS_MAX: usize = 200;
/// Words of a search that count; further ones are passed over.
const TERMS_MAX: usize = 16;
/// Letters of a word that count.
pub const WORD_CHARS_MAX: usize = 40;
/// How much more a word in the title says than one in the body.
pub const TITLE_WEIGHT: u32 = 10;
/// Shorter words are taken as they are: nearly every one is near another.
const SLIP_CHARS_MIN: usize = 4;
/// From so many letters on a slip more is forgiven.
const TWO_SLIPS_CHARS_MIN: usize = 8;
/// A shorter word is no stem of a longer one, and what is typed so far no beginning of one with a slip.
const STEM_CHARS_MIN: usize = 5;

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Each is a word, or two neighbours of a script without spaces.
    pub terms: Vec<Term>,
}

/// One part of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// A word; finds what begins with it if it has at least two letters.
    Word(String),
    /// Signs that must stand side by side.
    Neighbours(Vec<String>),
}

impl Query {
    /// Reads a search; `None` if there is no word in it.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let mut terms: Vec<Term> = Vec::new();
        let mut signs: Vec<String> = Vec::new();
        let mut words = 0;
        each_token(text, |token, is_sign, follows| {
            if words >= TERMS_MAX * 2 {
                return;
            }
            words += 1;
            if !is_sign || !follows {
                flush(&mut signs, &mut terms);
            }
            if is_sign {
                signs.push(token);
            } else {
                push_once(
                    &mut terms,
                    Term::Word(token.chars().take(WORD_CHARS_MAX).collect()),
                );
            }
        });
        flush(&mut signs, &mut terms);
        terms.truncate(TERMS_MAX);
        (!terms.is_empty()).then_some(Self { terms })
    }
}

fn flush(signs: &mut Vec<String>, terms: &mut Vec<Term>) {
    if signs.len() == 1 {
        push_once(terms, Term::Neighbours(signs.clone()));
    }
    for pair in signs.windows(2) {
        push_once(terms, Term::Neighbours(pair.to_vec()));
    }
    signs.clear();
}

fn push_once(terms: &mut Vec<Term>, term: Term) {
    if !terms.contains(&term) {
        terms.push(term);
    }
}

/// The words and signs of a text, folded, in their order.
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    each_token(text, |token, _, _| tokens.push(token));
    tokens
}

/// The words of a text that a slip may have been meant for: signs of scripts without spaces are not among them.
#[must_use]
pub fn vocabulary(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_token(text, |token, is_sign, _| {
        if !is_sign && (2..=WORD_CHARS_MAX).contains(&token.chars().count()) {
            words.push(token);
        }
    });
    words.sort_unstable();
    words.dedup();
    words
}

/// Gives each token, whether it is a sign of a script without spaces, and whether it follows directly on another sign.
fn each_token(text: &str, mut give: impl FnMut(String, bool, bool)) {
    let mut word = String::new();
    let mut was_sign = false;
    for letter in folded(text).chars() {
        let is_sign = is_unspaced(letter) && letter.is_alphanumeric();
        if !is_sign && (letter.is_alphanumeric() || is_mark_of(letter, &word)) {
            word.push(letter);
            was_sign = false;
            continue;
        }
        if !word.is_empty() {
            give(std::mem::take(&mut word), false, false);
        }
        if is_sign {
            give(letter.to_string(), true, was_sign);
            was_sign = true;
        } else if !is_combining_mark(letter) {
            was_sign = false;
        }
    }
    if !word.is_empty() {
        give(word, false, false);
    }
}

/// A mark belongs to the letter before it; one without a letter is nothing.
fn is_mark_of(letter: char, word: &str) -> bool {
    is_combining_mark(letter) && !word.is_empty()
}

/// The text without case, accents, vowel points and joiners; wide and narrow forms are one.
fn folded(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|letter| !is_dropped(*letter))
        .nfc()
        .flat_map(char::to_lowercase)
        .flat_map(|letter| {
            // Letters of their own that people without the key write as these.
            let plain = match letter {
                'ß' => "ss",
                'æ' => "ae",
                'œ' => "oe",
                'ø' => "o",
                'đ' | 'ð' => "d",
                'ł' => "l",
                'ħ' => "h",
                'ı' => "i",
                'þ' => "th",
                'ς' => "σ",
                _ => "",
            };
            let own = plain.is_empty().then_some(letter);
            plain.chars().chain(own)
        })
        .collect()
}

fn is_dropped(letter: char) -> bool {
    matches!(letter,
        // Combining accents; vowel points of Hebrew; vowel marks and the stretch of Arabic.
        '\u{300}'..='\u{36f}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        // The soft hyphen, and joiners.
        | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Whether a script puts no space between words: Thai, Lao, Burmese, Khmer, kana and Chinese signs.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// How far what was asked for is from a word of the articles, if it may have been meant: 1 is nearest. Both are folded.
/// Words that begin with what was asked for are no matter of this.
#[must_use]
pub fn distance(asked: &str, word: &str) -> Option<u32> {
    let asked_letters: Vec<char> = asked.chars().collect();
    let length = asked_letters.len();
    // A number with another digit is another number.
    if length < SLIP_CHARS_MIN || asked.chars().any(char::is_numeric) {
        return None;
    }
    if word.contains(asked) {
        return Some(2);
    }
    let letters: Vec<char> = word.chars().collect();
    if letters.len() >= STEM_CHARS_MIN && letters.len() * 2 >= length && asked.starts_with(word) {
        return Some(2);
    }
    let forgiven = if length < TWO_SLIPS_CHARS_MIN { 1 } else { 2 };
    if letters.len() + forgiven < length {
        return None;
    }
    let (whole, beginning) = slips(&asked_letters, &letters, forgiven);
    let beginning = (length >= STEM_CHARS_MIN).then_some(beginning + 1);
    let nearest = beginning.map_or(whole, |beginning| whole.min(beginning));
    let limit = if nearest == whole {
        forgiven
    } else {
        forgiven + 1
    };
    (nearest <= limit).then(|| u32::try_from(nearest).unwrap_or(u32::MAX))
}

/// How many slips lead from `asked` to all of `word`, and to the nearest beginning of it: letters replaced, missing, too
/// many, or swapped with a neighbour (optimal string alignment). Only exact up to `forgiven`.
fn slips(asked: &[char], word: &[char], forgiven: usize) -> (usize, usize) {
    // What lies beyond can only be further away.
    let compared = &word[..word.len().min(asked.len() + forgiven)];
    let width = compared.len() + 1;
    let mut before_last = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (row, letter) in asked.iter().enumerate() {
        let mut this = vec![row + 1; width];
        for column in 1..width {
            let other = compared[column - 1];
            let replaced = last[column - 1] + usize::from(*letter != other);
            let mut least = replaced.min(last[column] + 1).min(this[column - 1] + 1);
            let is_swapped =
                row > 0 && column > 1 && *letter == compared[column - 2] && asked[row - 1] == other;
            if is_swapped {
                least = least.min(before_last[column - 2] + 1);
            }
            this[column] = least;
        }
        before_last = last;
        last = this;
    }
    let whole = last[width - 1] + (word.len() - compared.len());
    let beginning = last.iter().copied().min().unwrap_or(usize::MAX - 1);
    (whole, beginning)
}

/// Words of a phrase that is kept.
const PHRASE_WORDS_MAX: usize = 6;
/// Letters of a phrase that is kept.
const PHRASE_CHARS_MAX: usize = 60;
/// Digits of a phrase that is kept: "size 58" and "iphone 15" pass; a postcode, a telephone or an order number does not.
const PHRASE_DIGITS_MAX: usize = 3;

/// The phrase as it may be counted and shown to team leads; `None` if it may be somebody's own affair. People type their
/// order number, address or telephone into any box, so whatever looks like one is never kept: anything with an `@`, a
/// colon, a slash or more than a few digits, and anything longer than a few words, which is a letter and no search. What
/// is kept is folded, so that no spelling tells who wrote it. A name alone cannot be told from a word; that is why the
/// store shows only what was asked on two visits at least.
#[must_use]
pub fn keepable(phrase: &str) -> Option<String> {
    let digits = phrase.chars().filter(|c| c.is_numeric()).count();
    let is_address = |c: char| matches!(c, '@' | '＠' | ':' | '/' | '\\' | '#');
    if digits > PHRASE_DIGITS_MAX
        || phrase.contains(is_address)
        || phrase.to_lowercase().contains("www.")
        || phrase.chars().count() > PHRASE_CHARS_MAX
    {
        return None;
    }
    let mut kept = String::new();
    let mut words = 0;
    each_token(phrase, |token, is_sign, follows| {
        if !(is_sign && follows) {
            words += 1;
            if !kept.is_empty() {
                kept.push(' ');
            }
        }
        kept.push_str(&token);
    });
    let length = kept.chars().count();
    ((1..=PHRASE_WORDS_MAX).contains(&words) && (2..=PHRASE_CHARS_MAX).contains(&length))
        .then_some(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Query, Term, distance, keepable, tokens, vocabulary};

    #[test]
    fn a_text_is_cut_into_folded_words() {
        for (text, cut) in [
            ("Café-Crème, 3×!", "cafe creme 3"),
            ("GRÖSSE Größe", "grosse grosse"),
            ("İstanbul ıslak", "istanbul islak"),
            ("Ёлка Й", "елка и"),
            ("Ὀδός", "οδοσ"),
            ("שָׁלוֹם مُحَمَّد", "שלום محمد"),
            ("वापसी नीति", "वापसी नीति"),
            ("返品の方法 ABC", "返 品 の 方 法 abc"),
            ("ｗｉｄｅ", "wide"),
            ("반품 방법", "반품 방법"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("\"*NEAR(a) OR -b:c^", "near a or b c"),
        ] {
            assert_eq!(tokens(text).join(" "), cut, "{text}");
        }
    }

    #[test]
    fn signs_without_spaces_are_searched_as_neighbours() {
        let query = Query::of("返品方法 bike").unwrap();
        let pair = |a: &str, b: &str| Term::Neighbours(vec![a.into(), b.into()]);
        let expected = [
            pair("返", "品"),
            pair("品", "方"),
            pair("方", "法"),
            Term::Word("bike".into()),
        ];
        assert_eq!(query.terms, expected);
        assert_eq!(
            Query::of("茶").unwrap().terms,
            [Term::Neighbours(vec!["茶".into()])]
        );
        assert_eq!(Query::of(" \"*-^:() "), None);
        let long = "word ".repeat(5_000) + &"x".repeat(5_000);
        assert_eq!(Query::of(&long).unwrap().terms.len(), 1, "each word once");
        assert_eq!(vocabulary("Bike bike 茶 a"), ["bike"]);
    }

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        for (asked, word) in [
            ("retouneren", "retourneren"),
            ("retoune", "retourneren"),
            ("retrun", "return"),
            ("delievery", "delivery"),
            ("verznedkosten", "verzendkosten"),
            ("kosten", "verzendkosten"),
            ("returning", "return"),
            ("betaaling", "betaling"),
            ("доствка", "доставка"),
        ] {
            assert!(distance(asked, word).is_some(), "{asked} {word}");
        }
        for (asked, word) in [
            ("bike", "band"),
            ("maat", "raad"),
            ("ret", "red"),
            ("2024", "2025"),
            ("betalen", "bestellen"),
            ("garantie", "fietsband"),
            ("refund", "round"),
        ] {
            assert_eq!(distance(asked, word), None, "{asked} {word}");
        }
        assert!(distance("retouneren", "retourneren") < distance("retoune", "retourneren"));
    }

    #[test]
    fn nothing_personal_is_kept() {
        for (phrase, kept) in [
            ("  Cadeau-BON kwijt? ", "cadeau bon kwijt"),
            ("maat 58", "maat 58"),
            ("返品 方法", "返品 方法"),
        ] {
            assert_eq!(keepable(phrase).as_deref(), Some(kept), "{phrase}");
        }
        for phrase in [
            "jan@example.com",
            "jan at example.com/me",
            "https://example.com",
            "www.example",
            "1234 AB",
            "06 1234 5678",
            "٠٦١٢٣٤",
            "order #12",
            "NB-20418",
            "my name is Jan and I live in Amsterdam",
            "a",
            "!?",
            &"word".repeat(20),
        ] {
            assert_eq!(keepable(phrase), None, "{phrase}");
        }
    }

    proptest! {
        #[test]
        fn any_search_is_only_words(text in any::<String>()) {
            if let Some(query) = Query::of(&text) {
                for term in query.terms {
                    let parts = match term {
                        Term::Word(word) => vec![word],
                        Term::Neighbours(signs) => signs,
                    };
                    for part in parts {
                        prop_assert!(!part.is_empty());
                        prop_assert!(!part.contains(|c: char| c.is_ascii_punctuation() || c.is_control()), "{part:?}");
                    }
                }
            }
            let _ = keepable(&text);
        }

        #[test]
        fn a_word_with_one_swap_is_found(word in "[a-z]{5,12}", place in 0usize..4) {
            let mut letters: Vec<char> = word.chars().collect();
            letters.swap(place, place + 1);
            let asked: String = letters.into_iter().collect();
            prop_assert!(asked == word || distance(&asked, &word).is_some());
        }
    }
}
