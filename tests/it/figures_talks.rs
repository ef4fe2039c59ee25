//! Exact figures of what follows the wait: first response, work, greeting, silences, transfers, ratings; and windows that
//! end now, counted against the whole.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may fail that way"))]

use balie::domain::figures::{AgentWork, Cell, Figures, Talks};
use balie::domain::happening::{Happening, Place, Speaker, Word};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::standard::Definition;
use balie::model::time::{At, Millis};
use proptest::prelude::*;

fn key(name: &str) -> DepartmentKey {
    DepartmentKey::new(name).unwrap()
}

fn place(number: u32, department: &str) -> Place {
    Place {
        department: key(department),
        key: i64::from(number),
        conversation: id(number),
    }
}

fn id(number: u32) -> ConversationId {
    ConversationId::from_bytes(u128::from(number).to_be_bytes())
}

fn agent(number: u8) -> AgentId {
    AgentId::from_bytes([number; 16])
}

/// One conversation, told in seconds after noon of some day.
#[derive(Default)]
struct Chat {
    figures: Figures,
}

impl Chat {
    fn at(second: i64) -> At {
        At(1_800_000_000_000 + second * 1_000)
    }

    fn happens(mut self, second: i64, happening: &Happening) -> Self {
        self.figures.observe(Self::at(second), happening);
        self
    }

    fn hears(mut self, second: i64, word: Word) -> Self {
        self.figures.hear(Self::at(second), id(1), word);
        self
    }

    fn comes(self, second: i64, department: &str) -> Self {
        self.happens(second, &Happening::Arrived(place(1, department)))
    }

    fn taken_by(self, second: i64, number: u8) -> Self {
        let place = place(1, "help");
        let agent = agent(number);
        self.happens(second, &Happening::Assigned { place, agent })
    }

    fn ends(self, second: i64) -> Self {
        let conversation = id(1);
        self.happens(second, &Happening::Ended { conversation })
    }

    fn desk(self, second: i64) -> Self {
        self.hears(second, Word::Said(Speaker::Desk))
    }

    fn visitor(self, second: i64) -> Self {
        self.hears(second, Word::Said(Speaker::Visitor))
    }

    fn talks(&self) -> Talks {
        self.figures.total().talks
    }

    fn talks_of(&self, number: u8) -> Talks {
        let all = self.figures.talks_by_agent();
        all.get(&agent(number)).cloned().unwrap_or_default()
    }
}

#[test]
fn the_first_response_counts_from_the_arrival_and_the_greeting_from_the_agent() {
    let chat = Chat::default().comes(0, "help").taken_by(100, 1);
    let chat = chat.desk(160).visitor(165).desk(170).ends(400);
    let talks = chat.talks();
    assert_eq!(talks.responses().percentile(50), Some(Millis::seconds(160)));
    assert_eq!(talks.responses().count(), 1);
    assert_eq!(talks.handled().longest(), Some(Millis::seconds(300)));
    assert_eq!((talks.greeted, talks.ungreeted), (1, 0));
    assert_eq!((talks.served, talks.silent), (1, 0));
    assert_eq!(chat.talks_of(1), talks);
}

#[test]
fn a_greeting_after_a_minute_is_none_and_who_goes_before_decides_nothing() {
    let late = Chat::default().comes(0, "help").taken_by(0, 1).desk(61);
    assert_eq!((late.talks().greeted, late.talks().ungreeted), (0, 1));
    let never = Chat::default().comes(0, "help").taken_by(0, 1).ends(61);
    assert_eq!((never.talks().greeted, never.talks().ungreeted), (0, 1));
    let gone = Chat::default().comes(0, "help").taken_by(0, 1).ends(60);
    assert_eq!((gone.talks().greeted, gone.talks().ungreeted), (0, 0));
    assert_eq!(gone.talks().greeting().share(), None);
}

#[test]
fn a_silence_is_counted_once_a_conversation_however_many_there_are() {
    let greeted = || Chat::default().comes(0, "help").taken_by(0, 1).desk(1);
    let chat = greeted().visitor(10).visitor(35).desk(41);
    // Two words within half a minute wait since the first of them.
    assert_eq!(chat.talks().silent, 1);
    let chat = chat.visitor(50).desk(99).ends(100);
    assert_eq!(chat.talks().attention().share(), Some(0.0));
    assert_eq!(greeted().visitor(10).desk(40).ends(99).talks().silent, 0);
    // It ends with the chat, too.
    assert_eq!(greeted().visitor(10).ends(41).talks().silent, 1);
}

#[test]
fn who_waits_for_a_word_shows_while_it_lasts() {
    let chat = Chat::default().comes(0, "help").taken_by(0, 1);
    let waits = |chat: &Chat| -> Vec<(AgentId, At)> {
        let waits = chat.figures.unanswered();
        waits.map(|(_, agent, since)| (agent, since)).collect()
    };
    let of_last_minutes = |chat: &Chat, second: i64| {
        let window = Millis::seconds(600);
        let talks = chat.figures.window(&key("help"), Chat::at(second), window);
        (talks.talks.ungreeted, talks.talks.silent)
    };
    assert_eq!(waits(&chat), [(agent(1), Chat::at(0))], "for the greeting");
    assert_eq!(of_last_minutes(&chat, 60), (0, 0));
    assert_eq!(of_last_minutes(&chat, 61), (1, 0), "before it comes");
    let chat = chat.desk(1);
    assert_eq!(waits(&chat), []);
    let chat = chat.visitor(10);
    assert_eq!(waits(&chat), [(agent(1), Chat::at(10))]);
    assert_eq!(of_last_minutes(&chat, 40), (0, 0));
    assert_eq!(of_last_minutes(&chat, 41), (0, 1), "while it lasts");
    let chat = chat.desk(45);
    assert_eq!(waits(&chat), []);
    assert_eq!(of_last_minutes(&chat, 99), (0, 1), "once and for all");
    let talks = chat.figures.with_open(Chat::at(99)).total().talks;
    assert_eq!((talks.greeted, talks.silent), (1, 1));
}

#[test]
fn a_conversation_that_is_handed_on_is_served_once_and_each_agent_answers_for_their_part() {
    let chat = Chat::default().comes(0, "help").taken_by(10, 1).desk(12);
    let chat = chat
        .visitor(20)
        .hears(30, Word::Transferred)
        .ends(30)
        .taken_by(30, 2);
    let chat = chat.desk(70).ends(100).hears(200, Word::Rated(4));
    let talks = chat.talks();
    assert_eq!((talks.served, talks.transfers), (1, 1));
    assert_eq!(talks.handled().sum(), Millis::seconds(20 + 70));
    // The visitor's word was ten seconds old when the first agent gave it on; the second let it lie for forty.
    assert_eq!((chat.talks_of(1).silent, chat.talks_of(2).silent), (0, 1));
    assert_eq!(
        (chat.talks_of(1).transfers, chat.talks_of(2).transfers),
        (1, 0)
    );
    assert_eq!(chat.talks_of(2).ratings, [0, 0, 0, 1, 0]);
    assert_eq!(talks.score(), Some(4.0));
    // Greeted by the first; the second need not greet again.
    assert_eq!((talks.greeted, talks.ungreeted), (1, 0));
}

#[test]
fn who_comes_into_another_line_arrives_there_anew() {
    let chat = Chat::default().comes(0, "help").taken_by(10, 1).desk(12);
    let chat = chat
        .hears(20, Word::Transferred)
        .ends(20)
        .comes(20, "sales");
    let by_department = chat.figures.by_department();
    let offered = |name| by_department[&key(name)].waits.settled().offered();
    assert_eq!((offered("help"), offered("sales")), (1, 1));
    assert_eq!(
        by_department[&key("help")].talks.handled().sum(),
        Millis::seconds(10)
    );
    assert_eq!(by_department[&key("sales")].talks, Talks::default());
}

#[test]
fn a_left_message_is_work_and_rated_but_has_no_greeting_and_no_silence() {
    let chat = Chat::default()
        .taken_by(10, 1)
        .visitor(11)
        .desk(500)
        .ends(600);
    let talks = chat.hears(700, Word::Rated(5)).talks();
    assert_eq!(talks.handled().sum(), Millis::seconds(590));
    assert_eq!(
        (talks.served, talks.silent, talks.greeted, talks.ungreeted),
        (0, 0, 0, 0)
    );
    assert_eq!(talks.responses().count(), 0);
    assert_eq!(talks.rated(), 1);
}

#[test]
fn a_wait_that_is_open_counts_in_percentiles_and_is_missed_once_it_is_too_long() {
    let chat = Chat::default().comes(0, "help");
    let window = |second| {
        let cell = chat
            .figures
            .window(&key("help"), Chat::at(second), Millis::seconds(900));
        cell.waits.settled()
    };
    assert_eq!(
        window(20).percentile_with_open(50),
        Some(Millis::seconds(20))
    );
    let level = |second, definition| window(second).service_level(Millis::seconds(20), definition);
    assert_eq!(level(20, Definition::WithoutShort).share(), None);
    assert_eq!(level(21, Definition::WithoutShort).share(), Some(0.0));
    assert_eq!(level(21, Definition::AnsweredOnly).share(), None);
    assert_eq!(window(21).longest(), Some(Millis::seconds(21)));
    // A quarter of an hour later it has left the window, and waits on.
    assert_eq!(window(900).offered(), 0);
}

#[test]
fn figures_that_are_kept_let_go_of_what_is_old_and_keep_who_is_here() {
    let mut figures = Figures::new();
    let come = |figures: &mut Figures, number, second| {
        figures.observe(Chat::at(second), &Happening::Arrived(place(number, "help")));
    };
    let take = |figures: &mut Figures, number, second| {
        let (place, agent) = (place(number, "help"), agent(1));
        figures.observe(Chat::at(second), &Happening::Assigned { place, agent });
    };
    come(&mut figures, 1, 0);
    take(&mut figures, 1, 0);
    come(&mut figures, 2, 0);
    figures.forget(Chat::at(100_000));
    assert_eq!(figures.total(), Cell::default());
    assert_eq!(figures.desk().running_chats, 1);
    // Who waited through it all is answered after the true wait.
    take(&mut figures, 2, 100_000);
    let waits = figures.total().waits.settled();
    assert_eq!(waits.longest_answered(), Some(Millis::seconds(100_000)));
}

#[derive(Clone, Debug)]
enum Step {
    Come,
    Take(usize, u8),
    GiveUp(usize),
    End(usize),
    Say(usize, bool),
    HandOn(usize, u8),
    Rate(usize, u8),
    On(u8, u32),
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Come),
        3 => (0_usize..9, 0_u8..3).prop_map(|(which, agent)| Step::Take(which, agent)),
        1 => (0_usize..9).prop_map(Step::GiveUp),
        1 => (0_usize..9).prop_map(Step::End),
        6 => (0_usize..9, any::<bool>()).prop_map(|(which, desk)| Step::Say(which, desk)),
        1 => (0_usize..9, 0_u8..3).prop_map(|(which, agent)| Step::HandOn(which, agent)),
        1 => (0_usize..9, 1_u8..6).prop_map(|(which, score)| Step::Rate(which, score)),
        1 => (0_u8..3, 1_u32..4).prop_map(|(agent, capacity)| Step::On(agent, capacity)),
    ];
    proptest::collection::vec((0_i64..90_000, step), 1..120)
}

/// What is told: of the desk, or of a conversation.
#[derive(Clone, Debug)]
enum Told {
    Happening(Happening),
    Word(ConversationId, Word),
}

impl Told {
    fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Word(conversation, _) => Some(*conversation),
            Self::Happening(Happening::Arrived(place) | Happening::Assigned { place, .. }) => {
                Some(place.conversation)
            }
            Self::Happening(Happening::Ended { conversation }) => Some(*conversation),
            Self::Happening(other) => left(other),
        }
    }

    fn to(&self, at: At, figures: &mut Figures) {
        match self {
            Self::Happening(happening) => figures.observe(at, happening),
            Self::Word(conversation, word) => figures.hear(at, *conversation, *word),
        }
    }
}

fn left(happening: &Happening) -> Option<ConversationId> {
    match happening {
        Happening::Left { place, .. } => Some(place.conversation),
        _ => None,
    }
}

fn pick(from: &[u32], which: usize) -> Option<u32> {
    (!from.is_empty()).then(|| from[which % from.len()])
}

/// A history as a desk would tell it: only what can happen.
fn told(steps: &[(i64, Step)]) -> Vec<(At, Told)> {
    let mut now = Chat::at(0);
    let (mut waiting, mut running, mut over) = (Vec::new(), Vec::new(), Vec::new());
    let mut told = Vec::new();
    let line = |number: u32| {
        if number.is_multiple_of(3) {
            "sales"
        } else {
            "help"
        }
    };
    for (number, (later, step)) in (0_u32..).zip(steps) {
        now = now + Millis(*later);
        let mut tell = |one: Told| told.push((now, one));
        let assigned = |which: u32, number: u8| {
            let (place, agent) = (place(which, line(which)), agent(number));
            Told::Happening(Happening::Assigned { place, agent })
        };
        match step {
            Step::Come => {
                waiting.push(number);
                tell(Told::Happening(Happening::Arrived(place(
                    number,
                    line(number),
                ))));
            }
            Step::Take(which, agent) => {
                if let Some(which) = pick(&waiting, *which) {
                    waiting.retain(|one| *one != which);
                    running.push(which);
                    tell(assigned(which, *agent));
                }
            }
            Step::GiveUp(which) => {
                if let Some(which) = pick(&waiting, *which) {
                    waiting.retain(|one| *one != which);
                    let (place, gone_for) = (place(which, line(which)), Millis(0));
                    tell(Told::Happening(Happening::Left { place, gone_for }));
                }
            }
            Step::End(which) => {
                if let Some(which) = pick(&running, *which) {
                    running.retain(|one| *one != which);
                    over.push(which);
                    let conversation = id(which);
                    tell(Told::Happening(Happening::Ended { conversation }));
                }
            }
            Step::Say(which, is_desk) => {
                if let Some(which) = pick(&running, *which) {
                    let speaker = if *is_desk {
                        Speaker::Desk
                    } else {
                        Speaker::Visitor
                    };
                    tell(Told::Word(id(which), Word::Said(speaker)));
                }
            }
            Step::HandOn(which, agent) => {
                if let Some(which) = pick(&running, *which) {
                    let conversation = id(which);
                    tell(Told::Word(conversation, Word::Transferred));
                    tell(Told::Happening(Happening::Ended { conversation }));
                    tell(assigned(which, *agent));
                }
            }
            Step::Rate(which, score) => {
                if let Some(which) = pick(&over, *which) {
                    tell(Told::Word(id(which), Word::Rated(*score)));
                }
            }
            Step::On(number, capacity) => tell(Told::Happening(Happening::AgentOn {
                agent: agent(*number),
                capacity: *capacity,
                departments: vec![key("help")],
            })),
        }
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// What each conversation brings does not depend on the others: told one after the other, as a report reads them, they
    /// give the same figures as told in order of time, as they come live. And a window over everything is everything.
    #[test]
    fn whole_logs_give_the_same_as_news_in_order(steps in steps()) {
        let told = told(&steps);
        let end = told.last().map_or(Chat::at(0), |(at, _)| *at) + Millis(777);
        let mut live = Figures::new();
        for (at, one) in &told {
            one.to(*at, &mut live);
        }
        let mut again = Figures::new();
        let mut ids: Vec<_> = told.iter().filter_map(|(_, one)| one.conversation()).collect();
        ids.sort_unstable();
        ids.dedup();
        for conversation in ids {
            for (at, one) in told.iter().filter(|(_, one)| one.conversation() == Some(conversation)) {
                one.to(*at, &mut again);
            }
        }
        let figures_of = |cell: &Cell| {
            let waits = cell.waits.settled();
            let level = waits.service_level(Millis::seconds(30), Definition::WithoutShort);
            let percentiles = [50, 90, 95].map(|percent| waits.percentile_with_open(percent));
            let talks = &cell.talks;
            let spans = (talks.responses(), talks.handled());
            let counts = (talks.served, talks.silent, talks.greeted, talks.ungreeted, talks.transfers);
            (waits.offered(), waits.abandoned(), level, percentiles, spans, counts, talks.ratings)
        };
        let whole = live.window(&key("help"), end, Millis::seconds(24 * 3_600));
        let work = live.work(Chat::at(0), end);
        prop_assert_eq!(&work, &live.by_agent(end).into_iter().filter(|(_, work)| {
            AgentWork { chats: 0, ..*work } != AgentWork::default()
        }).map(|(id, work)| (id, AgentWork { chats: 0, ..work })).collect());
        prop_assert_eq!(live.talks_by_agent().len(), again.talks_by_agent().len());
        for (id, talks) in live.talks_by_agent() {
            let other = again.talks_by_agent()[&id].clone();
            prop_assert_eq!((talks.handled(), talks.silent, talks.ratings), (other.handled(), other.silent, other.ratings));
        }
        let (live, again) = (live.with_open(end), again.with_open(end));
        prop_assert_eq!(figures_of(&live.total()), figures_of(&again.total()));
        let help = live.by_department().remove(&key("help")).unwrap_or_default();
        prop_assert_eq!(figures_of(&help), figures_of(&whole));
    }
}
