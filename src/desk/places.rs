//! Where visitors who wait here stand, and when each is told.
//!
//! Who stands near the head hears of every step at the next look; who stands far back hears the less often the farther
//! back: a place among the first ten changes what somebody does, the three hundredth does not. A look therefore costs
//! what is to be told, never what waits. Called by [`super::line`] alone.

use std::collections::HashMap;

use crate::desk::Desk;
use crate::desk::book::Outlook;
use crate::domain::routing::{LineState, PlaceInLine};
use crate::hub::frame_bytes;
use crate::hub::mailbox::{EphemeralKey, Item};
use crate::model::event::{Mode, View};
use crate::model::id::{ConversationId, DepartmentKey};
use crate::model::time::{At, Millis};
use crate::protocol::parts::Eta;
use crate::protocol::visitor::ToVisitor;
use crate::store::promises::{NewPromise, minute};

/// A visitor hears of their place at most this often.
const QUEUE_MIN: Millis = Millis::seconds(1);
/// And at least this often.
const QUEUE_MAX: Millis = Millis::seconds(30);
/// The first so many of a line: they hear of each step, and of other words, as soon as they may.
const FIRST: u64 = 10;
/// Those behind them hear of both less often, up to this place and beyond it: their waits are long, and so are the words.
const NEXT: (u64, Millis) = (100, Millis::seconds(5));
/// See [`NEXT`].
const FAR: Millis = Millis::seconds(15);

/// Who waits and is followed here, and what they were told.
#[derive(Default)]
pub struct Places {
    told: HashMap<ConversationId, Told>,
    /// Began to wait or to be followed, and were not told since; and whether they are told whatever they know.
    unplaced: HashMap<ConversationId, bool>,
    /// How often a line moved.
    moves: u64,
    /// When it was last looked whose wait came into another minute.
    minutes_at: Option<At>,
    /// Promises to be written down.
    made: Vec<NewPromise>,
}

struct Told {
    position: u64,
    department: DepartmentKey,
    since: At,
    /// In which minute of the wait a promise was last written down.
    noted: Option<i64>,
    is_paused: bool,
    /// The range that was promised, as it is shown.
    shown: Option<(i64, i64)>,
    told_at: At,
    /// When it was last looked at, and after how many moves.
    looked_at: At,
    looked_moves: u64,
}

impl Told {
    /// Whether they are to be looked at: they may stand elsewhere, or other words are promised, or it is time to say it again.
    fn is_due(&self, id: ConversationId, seen: &Seen<'_>, moves: u64) -> bool {
        let since_told = seen.now - self.told_at;
        let has_moved = self.looked_moves < moves
            && (self.position <= FIRST || seen.now - self.looked_at >= patience(self.position, id));
        let has_news =
            self.is_paused != seen.is_paused || has_moved || self.has_other_words(id, seen);
        since_told >= QUEUE_MAX || (has_news && since_told >= QUEUE_MIN)
    }

    /// Once a minute it is written down what they are promised.
    fn promise(&mut self, id: ConversationId, seen: &Seen<'_>) -> Option<NewPromise> {
        let eta = seen.outlook.of(id).eta?;
        let minute = minute(self.since, seen.now);
        if self.noted.replace(minute) == Some(minute) {
            return None;
        }
        Some(NewPromise {
            conversation: id,
            since: self.since,
            department: self.department.clone(),
            made_at: seen.now,
            p50: eta.p50_ms,
            p90: eta.p90_ms,
        })
    }

    fn has_other_words(&self, id: ConversationId, seen: &Seen<'_>) -> bool {
        shown(seen.outlook.of(id).eta) != self.shown
            && seen.now - self.told_at >= patience(self.position, id)
    }
}

/// Under what circumstances somebody is looked at.
pub struct Seen<'a> {
    /// What may be promised.
    pub outlook: &'a Outlook,
    /// Nobody is paired just now.
    pub is_paused: bool,
    /// The moment.
    pub now: At,
}

/// The range that a promise is shown as.
pub fn shown(eta: Option<Eta>) -> Option<(i64, i64)> {
    eta.map(Eta::shown)
}

/// How long somebody at this place waits for other words. Those behind the first hear of them at moments of their own, so that
/// not everybody is told at once.
pub fn patience(position: u64, conversation: ConversationId) -> Millis {
    let span = match position {
        ..=FIRST => return QUEUE_MIN,
        position if position <= NEXT.0 => NEXT.1,
        _ => FAR,
    };
    // Up to a quarter more or less, by the random end of the id.
    let byte = i64::from(conversation.bytes()[15]);
    Millis(span.0 * 3 / 4 + span.0 * byte / 512)
}

impl Places {
    /// A line moved.
    pub fn have_moved(&mut self) {
        self.moves += 1;
    }

    /// These began to wait or to be followed.
    pub fn come(&mut self, unplaced: HashMap<ConversationId, bool>) {
        for (conversation, is_newcomer) in unplaced {
            *self.unplaced.entry(conversation).or_default() |= is_newcomer;
        }
    }

    /// Whether anybody waits here.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.unplaced.is_empty()
    }

    /// Those whose place is to be looked at now.
    pub fn due(&self, outlook: &Outlook, is_paused: bool, now: At) -> Vec<ConversationId> {
        let seen = Seen {
            outlook,
            is_paused,
            now,
        };
        let told = self.told.iter();
        let due = told.filter(|(id, told)| told.is_due(**id, &seen, self.moves));
        let due = due.map(|(id, _)| *id);
        // Somebody who is known and only waits anew, or elsewhere, may have been told less than a second ago.
        let may_hear = |id: &ConversationId| {
            let told = self.told.get(id);
            told.is_none_or(|told| now - told.told_at >= QUEUE_MIN)
        };
        let unplaced = self.unplaced.iter();
        let unplaced = unplaced.filter(|(id, is_newcomer)| **is_newcomer || may_hear(id));
        let mut due: Vec<ConversationId> = due.chain(unplaced.map(|(id, _)| *id)).collect();
        due.sort_unstable();
        due.dedup();
        due
    }

    /// Takes in where one of them stands; answers the place to be told, if one is.
    fn place(
        &mut self,
        conversation: ConversationId,
        place: Option<PlaceInLine>,
        seen: &Seen<'_>,
    ) -> Option<PlaceInLine> {
        let is_newcomer = self.unplaced.remove(&conversation) == Some(true);
        let Some(place) = place else {
            self.told.remove(&conversation);
            return None;
        };
        let before = self.told.get(&conversation);
        let is_known = before.is_some_and(|told| {
            told.position == place.position
                && told.department == place.department
                && told.is_paused == seen.is_paused
                && !told.has_other_words(conversation, seen)
                && seen.now - told.told_at < QUEUE_MAX
        });
        let is_told = is_newcomer || !is_known;
        let kept = before.filter(|_| !is_told);
        let noted = before.filter(|told| told.since == place.since);
        let mut told = Told {
            position: place.position,
            department: place.department.clone(),
            since: place.since,
            noted: noted.and_then(|told| told.noted),
            is_paused: seen.is_paused,
            shown: kept.map_or_else(
                || shown(seen.outlook.of(conversation).eta),
                |told| told.shown,
            ),
            told_at: kept.map_or(seen.now, |told| told.told_at),
            looked_at: seen.now,
            looked_moves: self.moves,
        };
        self.made.extend(told.promise(conversation, seen));
        self.told.insert(conversation, told);
        is_told.then_some(place)
    }

    /// What is promised to those whose wait has come into another minute; looked at once a second.
    pub fn come_into_minutes(&mut self, seen: &Seen<'_>) {
        if self.minutes_at.is_some_and(|at| seen.now - at < QUEUE_MIN) {
            return;
        }
        self.minutes_at = Some(seen.now);
        for (id, told) in &mut self.told {
            self.made.extend(told.promise(*id, seen));
        }
    }

    /// The promises made since this was last asked.
    pub fn take_promises(&mut self) -> Vec<NewPromise> {
        std::mem::take(&mut self.made)
    }
}

impl Desk {
    /// Tells those whose place was looked at, where it is news to them.
    pub(super) fn show_places(
        &self,
        places: &mut Places,
        looked_at: Vec<(ConversationId, Option<PlaceInLine>)>,
        lines: &[LineState],
        seen: &Seen<'_>,
    ) {
        for (conversation, place) in looked_at {
            let place = place.filter(|_| self.hub.has_visitor_follower(conversation));
            let Some(place) = places.place(conversation, place, seen) else {
                continue;
            };
            let line = lines
                .iter()
                .find(|line| line.department == place.department);
            let waiting = line.map_or(0, |line| match place.mode {
                // Those who wait live have no left message before them, and none behind them counts.
                Mode::Chat => line.live,
                Mode::Message => line.live + line.messages,
            });
            let frame = ToVisitor::Queue {
                conversation,
                position: place.position,
                // The line may have moved between the two looks.
                waiting: waiting.max(place.position),
                waited_ms: seen.now - place.since,
                eta: seen.outlook.of(conversation).eta,
                paused: seen.is_paused.then_some(true),
                at: seen.now,
            };
            let item = Item::Ephemeral(EphemeralKey::Queue, frame_bytes(&frame));
            self.hub
                .push_to_followers(conversation, View::Visitor, 0, &item);
        }
        self.book.promised(places.take_promises());
    }
}

#[cfg(test)]
mod tests {
    use super::{ConversationId, HashMap, Millis, Mode, Outlook, PlaceInLine, Places, Seen};
    use crate::model::id::DepartmentKey;
    use crate::model::time::At;

    const NOW: At = At(1_700_000_000_000);

    fn stands(position: u64) -> Option<PlaceInLine> {
        Some(PlaceInLine {
            department: DepartmentKey::new("support").unwrap(),
            position,
            since: NOW,
            mode: Mode::Chat,
        })
    }

    /// What is due, and what somebody is told, where nothing is foretold.
    impl Places {
        fn due_at(&self, is_paused: bool, now: At) -> Vec<ConversationId> {
            self.due(&Outlook::default(), is_paused, now)
        }

        fn seen(
            &mut self,
            id: ConversationId,
            place: Option<PlaceInLine>,
            now: At,
        ) -> Option<PlaceInLine> {
            let seen = Seen {
                outlook: &Outlook::default(),
                is_paused: false,
                now,
            };
            self.place(id, place, &seen)
        }
    }

    /// Somebody who was told just now that they stand there.
    fn told(position: u64) -> (Places, ConversationId) {
        let (mut places, id) = (Places::default(), ConversationId::fresh());
        places.come(HashMap::from([(id, true)]));
        assert_eq!(places.due_at(false, NOW), [id]);
        assert_eq!(places.seen(id, stands(position), NOW), stands(position));
        assert_eq!(places.due_at(false, NOW), []);
        (places, id)
    }

    #[test]
    fn the_first_are_looked_at_whenever_the_line_moved_and_the_last_far_less_often() {
        for (position, not_before_ms, by_ms) in [
            (1, 999, 1_000),
            (10, 999, 1_000),
            (50, 3_749, 6_250),
            (300, 11_249, 18_750),
        ] {
            let (mut places, id) = told(position);
            places.have_moved();
            let at = |ms: i64| NOW + Millis(ms);
            assert_eq!(places.due_at(false, at(not_before_ms)), [], "{position}");
            assert_eq!(places.due_at(false, at(by_ms)), [id], "{position}");
        }
    }

    #[test]
    fn who_stands_where_they_stood_is_told_again_after_half_a_minute() {
        let (mut places, id) = told(3);
        places.have_moved();
        let later = NOW + Millis::seconds(2);
        assert_eq!(places.due_at(false, later), [id]);
        assert_eq!(places.seen(id, stands(3), later), None);
        assert_eq!(places.due_at(false, later + Millis::seconds(2)), []);
        let much_later = NOW + Millis::seconds(30);
        assert_eq!(places.due_at(false, much_later), [id]);
        assert_eq!(places.seen(id, stands(3), much_later), stands(3));
    }

    #[test]
    fn who_comes_into_another_line_is_told_within_a_second_though_the_number_is_the_same() {
        for position in [1, 300] {
            let (mut places, id) = told(position);
            let sales = stands(position).map(|place| PlaceInLine {
                department: DepartmentKey::new("sales").unwrap(),
                ..place
            });
            places.come(HashMap::from([(id, false)]));
            assert_eq!(places.due_at(false, NOW + Millis(999)), []);
            let later = NOW + Millis::seconds(1);
            assert_eq!(places.due_at(false, later), [id]);
            assert_eq!(places.seen(id, sales.clone(), later), sales);
        }
    }

    #[test]
    fn whoever_is_far_back_hears_of_a_pause_within_a_second() {
        let (places, id) = told(5_000);
        assert_eq!(places.due_at(true, NOW + Millis(999)), []);
        assert_eq!(places.due_at(true, NOW + Millis::seconds(1)), [id]);
    }

    #[test]
    fn who_waits_no_longer_is_forgotten() {
        let (mut places, id) = told(2);
        assert_eq!(places.seen(id, None, NOW), None);
        assert!(places.is_empty());
    }
}
