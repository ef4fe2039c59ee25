//! Who comes to the demo's shop in a week, when, and with what: busy days and quiet nights, new faces and old.
//!
//! Each day is drawn from a stream of its own, so that the same seed gives the same days whenever the demo is made.

use std::collections::BTreeMap;

use crate::model::id::{SiteKey, VisitorId};
use crate::model::record::{Attribute, Page, Visitor};
use crate::model::time::{At, Millis};

use super::dice::Dice;
use super::stories::{Language, Story};

/// One hour.
pub const HOUR: Millis = Millis::seconds(60 * 60);
/// One day.
pub const DAY: Millis = Millis::seconds(24 * 60 * 60);

/// Visitors of a usual day by hour of UTC: a rise in the morning, a dip at lunch, a second wave in the evening.
const BY_HOUR: [f64; 24] = [
    0.3, 0.1, 0.1, 0.1, 0.1, 0.3, 0.8, 3.0, 7.5, 11.0, 12.5, 11.0, 6.5, 9.0, 11.0, 9.5, 7.0, 4.5,
    6.0, 8.0, 5.0, 1.5, 0.6, 0.3,
];
/// Share of a usual day, from Monday on: whatever broke at the weekend is asked about on Monday.
const BY_WEEKDAY: [f64; 7] = [1.3, 1.05, 1.0, 1.0, 0.95, 0.8, 0.6];
/// In so many of a hundred cases somebody comes back who was here before.
const RETURNING_PERCENT: i64 = 9;
/// Mean time after which a waiting visitor gives up.
const PATIENCE_MEAN: Millis = Millis::seconds(6 * 60);
/// Nobody gives up sooner.
const PATIENCE_MIN: Millis = Millis::seconds(25);

/// Somebody comes with something to say.
pub struct Arrival {
    /// When.
    pub at: At,
    /// Who: an index into the visitors.
    pub visitor: usize,
    /// What about: an index into the stories.
    pub story: usize,
    /// How long they wait for an agent at most.
    pub patience: Millis,
    /// Everything else about this conversation is drawn from here.
    pub dice: Dice,
}

/// All who come, in order of time, and who they are.
pub struct Crowd {
    /// The arrivals.
    pub arrivals: Vec<Arrival>,
    /// The visitors they name.
    pub visitors: Vec<Visitor>,
}

/// The weekday of a moment, 0 for Monday.
pub fn weekday(at: At) -> usize {
    // 1 January 1970 was a Thursday.
    usize::try_from((at.0.div_euclid(DAY.0) + 3).rem_euclid(7)).unwrap_or(0)
}

/// Everybody who comes from `since`, a midnight of UTC, until `until`.
pub fn crowd(seed: u64, stories: &[Story], site: &SiteKey, since: At, until: At) -> Crowd {
    let mut crowd = Crowd {
        arrivals: Vec::new(),
        visitors: Vec::new(),
    };
    let mut midnight = since;
    while midnight < until {
        let mut dice = Dice::of(seed, midnight.0.unsigned_abs());
        let busy = BY_WEEKDAY[weekday(midnight)];
        for (hour, rate) in (0..).zip(BY_HOUR) {
            let begin = midnight + Millis(hour * HOUR.0);
            let mean = Millis((HOUR.0 as f64 / (rate * busy)) as i64);
            let mut at = begin + dice.exponential(mean);
            while at < begin + HOUR {
                if at < until {
                    let mut own = Dice::of(seed, at.0.unsigned_abs());
                    crowd.arrive(at, stories, site, &mut own);
                }
                at = at + dice.exponential(mean);
            }
        }
        midnight = midnight + DAY;
    }
    crowd
}

impl Crowd {
    fn arrive(&mut self, at: At, stories: &[Story], site: &SiteKey, dice: &mut Dice) {
        let story = usize::try_from(dice.between(0, stories.len() as i64 - 1)).unwrap_or(0);
        let told = &stories[story];
        // Somebody who comes back speaks the same language, and was not here a moment ago.
        let known = self
            .arrivals
            .iter()
            .rev()
            .find(|before| {
                at - before.at > Millis(2 * HOUR.0)
                    && stories[before.story].language == told.language
                    && dice.chance(20)
            })
            .map(|before| before.visitor)
            .filter(|visitor| {
                self.arrivals
                    .iter()
                    .filter(|other| other.visitor == *visitor)
                    .all(|other| at - other.at > Millis(2 * HOUR.0))
            })
            .filter(|_| dice.chance(RETURNING_PERCENT));
        let visitor = known.unwrap_or_else(|| {
            self.visitors.push(newcomer(at, told.language, site, dice));
            self.visitors.len() - 1
        });
        self.visitors[visitor].page = Some(page(told, dice));
        self.arrivals.push(Arrival {
            at,
            visitor,
            story,
            patience: Millis(dice.exponential(PATIENCE_MEAN).0.max(PATIENCE_MIN.0)),
            dice: Dice::of(dice.between(0, i64::MAX - 1).unsigned_abs(), 3),
        });
    }
}

const ENGLISH_NAMES: [&str; 28] = [
    "Alice", "Ben", "Chloe", "Dev", "Emily", "Farid", "Grace", "Harry", "Ines", "Jack", "Kofi",
    "Laura", "Marek", "Nadia", "Oliver", "Priya", "Quentin", "Rosa", "Sam", "Tara", "Umar", "Vera",
    "Wendy", "Xin", "Yusuf", "Zoe", "Lena", "Paul",
];
const ENGLISH_SURNAMES: [&str; 20] = [
    "Adams", "Brown", "Costa", "Doyle", "Evans", "Fischer", "Green", "Hansen", "Iqbal", "Jones",
    "Kowalski", "Lee", "Moreau", "Novak", "Okafor", "Patel", "Rossi", "Schmidt", "Taylor", "Walsh",
];
const DUTCH_NAMES: [&str; 20] = [
    "Anouk", "Bas", "Carlijn", "Dirk", "Eva", "Floor", "Gijs", "Hanneke", "Imke", "Jeroen",
    "Karin", "Lotte", "Maarten", "Nienke", "Ömer", "Pim", "Roos", "Stijn", "Tess", "Wouter",
];
const DUTCH_SURNAMES: [&str; 16] = [
    "Aydin",
    "de Boer",
    "Brouwer",
    "Dekker",
    "van Dijk",
    "van den Berg",
    "Hendriks",
    "Jansen",
    "Kuiper",
    "de Lange",
    "Meijer",
    "Mulder",
    "Peters",
    "Postma",
    "Schouten",
    "Smits",
];

fn newcomer(at: At, language: Language, site: &SiteKey, dice: &mut Dice) -> Visitor {
    let (names, surnames): (&[&str], &[&str]) = match language {
        Language::English => (&ENGLISH_NAMES, &ENGLISH_SURNAMES),
        Language::Dutch => (&DUTCH_NAMES, &DUTCH_SURNAMES),
    };
    let (first, last) = (*dice.pick(names), *dice.pick(surnames));
    let is_customer = dice.chance(25);
    let is_named = is_customer || dice.chance(70);
    let full = if is_customer || dice.chance(50) {
        format!("{first} {last}")
    } else {
        first.to_owned()
    };
    let mailbox = format!("{first}.{last}")
        .to_lowercase()
        .replace([' ', '\''], "");
    let mailbox = mailbox.replace('ö', "o");
    let number = dice.between(10_000, 99_999);
    let attributes = if is_customer {
        let signed = |value: String| Attribute {
            value,
            signed: true,
        };
        BTreeMap::from([
            (
                "customer_since".to_owned(),
                signed(dice.between(2016, 2025).to_string()),
            ),
            ("bikes".to_owned(), signed(dice.between(1, 3).to_string())),
        ])
    } else {
        BTreeMap::new()
    };
    let zones: &[&str] = match language {
        Language::English => &[
            "Europe/Amsterdam",
            "Europe/London",
            "Europe/Berlin",
            "Europe/Dublin",
        ],
        Language::Dutch => &["Europe/Amsterdam", "Europe/Amsterdam", "Europe/Brussels"],
    };
    Visitor {
        id: VisitorId(dice.uuid(at)),
        site: site.clone(),
        subject: is_customer.then(|| format!("customer-{number}-{}", at.0 % 100_000)),
        name: is_named.then_some(full),
        email: (is_customer || is_named && dice.chance(60))
            .then(|| format!("{mailbox}{}@example.net", number % 90 + 10)),
        attributes,
        // Members of the club stand a little further in front.
        priority: i8::from(is_customer && dice.chance(15)),
        lang: Some(match language {
            Language::English => "en".to_owned(),
            Language::Dutch => "nl".to_owned(),
        }),
        tz: Some((*dice.pick(zones)).to_owned()),
        page: None,
    }
}

fn page(story: &Story, dice: &mut Dice) -> Page {
    let referrers = [
        "https://www.google.com/",
        "https://duckduckgo.com/",
        "https://forum.example/bikes",
    ];
    Page {
        url: format!("https://noordbikes.example{}", story.path),
        title: format!("{} – Noord Bikes", story.title),
        referrer: dice.chance(40).then(|| (*dice.pick(&referrers)).to_owned()),
    }
}
