//! Needs, how they are given up, who stands in, the last agent, and why: each rule as its own small story.
//!
//! `histories.rs` holds all of them together against a second model.

use uuid::Uuid;

use super::{Board, Claim, DECLINED, Graces, Observed, ObservedPlace, Seat, Terms};
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use crate::model::record::Status;
use crate::model::time::{At, Millis};
use crate::model::why::{Rule, Why};

const BEGIN: At = At(1_700_000_000_000);
const MINUTE: Millis = Millis::seconds(60);

struct Desk {
    board: Board,
    now: At,
}

impl Desk {
    fn new() -> Self {
        let board = Board::new(Graces {
            visitor: MINUTE,
            agent: MINUTE,
            away: Millis::seconds(5),
            ring: Millis::seconds(20),
        });
        Self { board, now: BEGIN }
    }

    /// At the desk, after a millisecond, so that who came first is idle longest.
    fn agent(&mut self, number: u64, department: &str, capacity: u8, skills: &[&str]) -> AgentId {
        let agent = AgentId(Uuid::from_u64_pair(1, number));
        self.passes(Millis(1));
        self.board.agent_joined(agent, 1, self.now);
        let seat = Seat {
            status: Status::Online,
            capacity,
            departments: vec![key(department)],
            skills: skills.iter().map(|one| skill(one)).collect(),
        };
        self.board.seat(agent, seat, self.now);
        agent
    }

    fn waits(&mut self, number: u64, terms: Terms) -> ConversationId {
        let conversation = ConversationId(Uuid::from_u64_pair(2, number));
        self.passes(Millis(1));
        self.board.visitor_joined(conversation, 1);
        let news = Observed {
            conversation,
            placed_seq: 1,
            place: ObservedPlace::Waiting {
                department: key("support"),
                key: self.now.0,
                since: self.now,
                mode: Mode::Chat,
                terms,
            },
        };
        self.board.observe(&news, self.now);
        conversation
    }

    /// What was claimed is carried out, so that time may pass.
    fn is_served(&mut self, conversation: ConversationId, agent: AgentId) {
        let news = Observed {
            conversation,
            placed_seq: 2,
            place: ObservedPlace::Served { agent },
        };
        self.board.observe(&news, self.now);
    }

    fn passes(&mut self, span: Millis) {
        self.now = self.now + span;
        self.board.take_due(self.now);
    }

    fn pairs(&mut self) -> Option<(ConversationId, AgentId, Why)> {
        let claim: Claim = self.board.claim(self.now)?;
        Some((claim.conversation, claim.agent, claim.why))
    }

    fn pairs_by(&mut self) -> Option<(ConversationId, AgentId, Rule)> {
        self.pairs()
            .map(|(chat, agent, why)| (chat, agent, why.rule))
    }
}

fn key(name: &str) -> DepartmentKey {
    DepartmentKey::new(name).unwrap()
}

fn skill(name: &str) -> Skill {
    Skill::new(name).unwrap()
}

fn needing(needs: &[&str]) -> Terms {
    Terms {
        needs: needs.iter().map(|one| skill(one)).collect(),
        ..Terms::default()
    }
}

#[test]
fn who_needs_something_waits_for_who_has_it_and_others_pass() {
    let mut desk = Desk::new();
    let plain = desk.agent(1, "support", 1, &[]);
    let fluent = desk.agent(2, "support", 1, &["fr"]);
    let first = desk.waits(1, needing(&["fr"]));
    assert_eq!(desk.pairs_by(), Some((first, fluent, Rule::HeadOfLine)));
    let second = desk.waits(2, needing(&["fr"]));
    let third = desk.waits(3, Terms::default());
    // The only one who could is taken; who needs nothing is not held up.
    assert_eq!(desk.pairs_by(), Some((third, plain, Rule::HeadOfLine)));
    assert_eq!(desk.pairs(), None);
    desk.board.give_back(first, fluent, desk.now);
    assert_eq!(desk.pairs().map(|(chat, _, _)| chat), Some(first));
    let another = desk.agent(3, "support", 1, &["de", "fr"]);
    assert_eq!(desk.pairs_by(), Some((second, another, Rule::HeadOfLine)));
}

#[test]
fn all_of_several_needs_count() {
    let mut desk = Desk::new();
    desk.agent(1, "support", 1, &["fr"]);
    desk.agent(2, "support", 1, &["gold"]);
    let both = desk.agent(3, "support", 1, &["fr", "gold"]);
    let chat = desk.waits(1, needing(&["fr", "gold"]));
    assert_eq!(desk.pairs_by(), Some((chat, both, Rule::HeadOfLine)));
}

#[test]
fn what_nobody_of_the_department_has_is_no_need() {
    let mut desk = Desk::new();
    let plain = desk.agent(1, "support", 1, &[]);
    desk.agent(2, "sales", 1, &["fr"]);
    let chat = desk.waits(1, needing(&["fr"]));
    assert_eq!(desk.pairs_by(), Some((chat, plain, Rule::HeadOfLine)));
}

#[test]
fn a_skill_of_somebody_who_is_away_is_waited_for_until_it_is_taken_from_them() {
    let mut desk = Desk::new();
    let plain = desk.agent(1, "support", 1, &[]);
    let fluent = desk.agent(2, "support", 1, &["fr"]);
    let seat = Seat {
        status: Status::Away,
        capacity: 1,
        departments: vec![key("support")],
        skills: vec![skill("fr")],
    };
    desk.board.seat(fluent, seat.clone(), desk.now);
    let chat = desk.waits(1, needing(&["fr"]));
    assert_eq!(desk.pairs(), None);
    let without = Seat {
        skills: Vec::new(),
        ..seat
    };
    desk.board.seat(fluent, without, desk.now);
    assert_eq!(desk.pairs_by(), Some((chat, plain, Rule::HeadOfLine)));
}

#[test]
fn needs_are_given_up_one_by_one_the_last_first() {
    let mut desk = Desk::new();
    let fluent = desk.agent(1, "support", 1, &["fr"]);
    let plain = desk.agent(2, "support", 1, &[]);
    let gold = desk.agent(3, "support", 1, &["gold"]);
    desk.board.agent_left(gold, 1, desk.now);
    let busy = desk.waits(9, needing(&["fr"]));
    assert_eq!(desk.pairs_by(), Some((busy, fluent, Rule::HeadOfLine)));
    desk.is_served(busy, fluent);
    let since = desk.now;
    let chat = desk.waits(
        1,
        Terms {
            relaxes_at: vec![since + MINUTE, since + MINUTE + MINUTE],
            ..needing(&["fr", "gold"])
        },
    );
    assert_eq!(desk.pairs(), None);
    desk.passes(MINUTE);
    // French is left, and who speaks it is taken.
    assert_eq!(desk.pairs(), None);
    desk.passes(MINUTE);
    assert_eq!(desk.pairs_by(), Some((chat, plain, Rule::Relaxed)));
}

#[test]
fn an_older_one_with_needs_goes_first_to_who_has_them() {
    let mut desk = Desk::new();
    let needy = desk.waits(1, needing(&["fr"]));
    let easy = desk.waits(2, Terms::default());
    let fluent = desk.agent(1, "support", 2, &["fr"]);
    assert_eq!(desk.pairs_by(), Some((needy, fluent, Rule::HeadOfLine)));
    assert_eq!(desk.pairs_by(), Some((easy, fluent, Rule::HeadOfLine)));
}

#[test]
fn others_stand_in_after_a_while_or_ahead_of_it_and_own_agents_go_first() {
    let mut desk = Desk::new();
    let standing_in = desk.agent(1, "far", 3, &[]);
    let terms = Terms {
        stand_ins: vec![key("far")],
        widens_at: Some(BEGIN + MINUTE),
        ..Terms::default()
    };
    let first = desk.waits(1, terms.clone());
    let second = desk.waits(2, terms.clone());
    let third = desk.waits(3, terms.clone());
    assert_eq!(desk.pairs(), None);
    desk.board.widen(second);
    // The line has its order, and only the second is open to them.
    assert_eq!(desk.pairs_by(), Some((second, standing_in, Rule::Overflow)));
    desk.is_served(second, standing_in);
    desk.passes(MINUTE);
    assert_eq!(desk.pairs_by(), Some((first, standing_in, Rule::Overflow)));
    desk.is_served(first, standing_in);
    let own = desk.agent(2, "support", 1, &[]);
    assert_eq!(desk.pairs_by(), Some((third, own, Rule::HeadOfLine)));
    assert_eq!(desk.pairs(), None);
}

#[test]
fn the_last_agent_goes_before_others_while_free_and_never_before_older_ones() {
    let mut desk = Desk::new();
    let idle_longest = desk.agent(1, "support", 1, &[]);
    let last = desk.agent(2, "support", 2, &[]);
    let known = Terms {
        last_agent: Some(last),
        ..Terms::default()
    };
    let older = desk.waits(1, Terms::default());
    let returns = desk.waits(2, known.clone());
    let (chat, agent, why) = desk.pairs().unwrap();
    assert_eq!((chat, agent), (older, idle_longest));
    assert_eq!((why.rule, why.eligible), (Rule::LongestIdle, 2));
    assert_eq!(desk.pairs_by(), Some((returns, last, Rule::LastAgent)));
    let again = desk.waits(3, known.clone());
    assert_eq!(desk.pairs_by(), Some((again, last, Rule::LastAgent)));
    // Full: whoever is free serves, and nobody waits for somebody.
    let more = desk.waits(4, known);
    let other = desk.agent(3, "support", 1, &[]);
    assert_eq!(desk.pairs_by(), Some((more, other, Rule::HeadOfLine)));
}

#[test]
fn why_tells_load_capacity_idle_time_and_among_how_many() {
    let mut desk = Desk::new();
    let busy = desk.agent(1, "support", 2, &[]);
    let first = desk.waits(1, Terms::default());
    let expected = Why {
        rule: Rule::HeadOfLine,
        load: 0,
        capacity: 2,
        idle_ms: Some(Millis(1)),
        eligible: 1,
    };
    assert_eq!(desk.pairs(), Some((first, busy, expected)));
    let free = desk.agent(2, "support", 4, &[]);
    desk.passes(Millis::seconds(7));
    let second = desk.waits(2, Terms::default());
    let expected = Why {
        rule: Rule::LeastLoad,
        load: 0,
        capacity: 4,
        idle_ms: Some(Millis(7_001)),
        eligible: 2,
    };
    assert_eq!(desk.pairs(), Some((second, free, expected)));
}

#[test]
fn who_declined_is_asked_again_after_a_while_when_nobody_else_is_there() {
    let mut desk = Desk::new();
    let agent = desk.agent(1, "support", 1, &[]);
    let first = desk.waits(1, Terms::default());
    let second = desk.waits(2, Terms::default());
    assert_eq!(desk.pairs().map(|(chat, _, _)| chat), Some(first));
    desk.board.offer(first, agent, desk.now);
    assert!(desk.board.decline(first, agent, desk.now));
    // Nobody stands behind a refusal.
    assert_eq!(desk.pairs().map(|(chat, _, _)| chat), Some(second));
    desk.board.give_back(second, agent, desk.now);
    desk.passes(DECLINED);
    assert_eq!(desk.pairs().map(|(chat, _, _)| chat), Some(first));
    desk.board.give_back(first, agent, desk.now);
    let other = desk.agent(2, "support", 1, &[]);
    let asked = desk.pairs();
    assert_eq!(
        asked.map(|(chat, who, _)| (chat, who)),
        Some((first, other))
    );
}
