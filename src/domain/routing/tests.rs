//! The pairing rule, one sentence at a time. What holds over all of them is in `histories.rs`.

use uuid::Uuid;

use super::{
    Board, CLAIM, CLOSED_MEMORY, Claim, DUE_RETRY, Due, Graces, Observed, ObservedPlace, Seat,
    Terms,
};
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::record::Status;
use crate::model::time::{At, Millis};

const BEGIN: At = At(1_700_000_000_000);
const GRACES: Graces = Graces {
    visitor: Millis::seconds(60),
    agent: Millis::seconds(30),
    away: Millis::seconds(5),
    ring: Millis::seconds(20),
};

fn agent(number: u64) -> AgentId {
    AgentId(Uuid::from_u64_pair(1, number))
}

fn chat(number: u64) -> ConversationId {
    ConversationId(Uuid::from_u64_pair(2, number))
}

fn support() -> DepartmentKey {
    DepartmentKey::new("support").unwrap()
}

fn sales() -> DepartmentKey {
    DepartmentKey::new("sales").unwrap()
}

fn just_under(span: Millis) -> Millis {
    Millis(span.0 - 1)
}

/// A board with a clock.
struct Desk {
    board: Board,
    now: At,
    last_seq: u64,
}

impl Desk {
    fn new() -> Self {
        Self {
            board: Board::new(GRACES),
            now: BEGIN,
            last_seq: 0,
        }
    }

    fn after(&mut self, span: Millis) -> &mut Self {
        self.now = self.now + span;
        self
    }

    fn sits(&mut self, who: AgentId, status: Status, capacity: u8, departments: &[DepartmentKey]) {
        let seat = Seat {
            status,
            capacity,
            departments: departments.to_vec(),
            skills: Vec::new(),
        };
        self.board.seat(who, seat, self.now);
    }

    /// Online in support on socket 1.
    fn comes_online(&mut self, who: AgentId, capacity: u8) -> &mut Self {
        self.board.agent_joined(who, 1, self.now);
        self.sits(who, Status::Online, capacity, &[support()]);
        self
    }

    fn hears(&mut self, id: ConversationId, place: ObservedPlace) -> Option<AgentId> {
        self.last_seq += 1;
        let news = Observed {
            conversation: id,
            placed_seq: self.last_seq,
            place,
        };
        let withdrawn = self.board.observe(&news, self.now);
        withdrawn.map(|offer| offer.agent)
    }

    fn waits_in(&mut self, id: ConversationId, department: DepartmentKey, key: i64) {
        self.board.visitor_joined(id, 1);
        let since = self.now;
        self.hears(
            id,
            ObservedPlace::Waiting {
                department,
                key,
                since,
                mode: Mode::Chat,
                terms: Terms::default(),
            },
        );
    }

    fn waits(&mut self, number: u64) -> &mut Self {
        self.waits_in(chat(number), support(), self.now.0);
        self
    }

    fn is_served(&mut self, id: ConversationId, who: AgentId) -> Option<AgentId> {
        self.hears(id, ObservedPlace::Served { agent: who })
    }

    fn pairs(&mut self) -> Option<(ConversationId, AgentId)> {
        let claim: Claim = self.board.claim(self.now)?;
        Some((claim.conversation, claim.agent))
    }

    /// Claims and lets it ring.
    fn rings(&mut self) -> Option<(ConversationId, AgentId)> {
        let (id, who) = self.pairs()?;
        assert!(self.board.offer(id, who, self.now).is_some());
        Some((id, who))
    }

    fn due(&mut self) -> Vec<Due> {
        self.board.take_due(self.now)
    }
}

#[test]
fn whoever_came_first_is_served_first() {
    let mut desk = Desk::new();
    desk.waits(3)
        .after(Millis(1))
        .waits(1)
        .after(Millis(1))
        .waits(2);
    desk.comes_online(agent(1), 2);
    assert_eq!(desk.pairs(), Some((chat(3), agent(1))));
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))));
    assert_eq!(desk.pairs(), None, "no place is left");
}

#[test]
fn equal_times_go_by_id() {
    let mut desk = Desk::new();
    desk.waits(9).waits(4).waits(6).comes_online(agent(1), 3);
    let order = [desk.pairs(), desk.pairs(), desk.pairs()];
    assert_eq!(
        order.map(|pair| pair.unwrap().0),
        [chat(4), chat(6), chat(9)]
    );
}

#[test]
fn a_free_place_takes_the_first_of_all_its_lines() {
    let mut desk = Desk::new();
    desk.waits_in(chat(1), sales(), 20);
    desk.waits_in(chat(2), support(), 10);
    desk.board.agent_joined(agent(1), 1, desk.now);
    desk.sits(agent(1), Status::Online, 1, &[sales(), support()]);
    assert_eq!(desk.pairs(), Some((chat(2), agent(1))));
}

#[test]
fn nobody_serves_a_line_that_is_not_theirs() {
    let mut desk = Desk::new();
    desk.waits_in(chat(1), sales(), 10);
    desk.comes_online(agent(1), 3);
    assert_eq!(desk.pairs(), None);
    desk.sits(agent(1), Status::Online, 3, &[sales()]);
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))));
}

#[test]
fn the_lowest_load_share_comes_first() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 2).comes_online(agent(2), 10);
    desk.is_served(chat(1), agent(1));
    desk.is_served(chat(2), agent(2));
    desk.is_served(chat(3), agent(2));
    desk.is_served(chat(4), agent(2));
    desk.waits(5);
    assert_eq!(
        desk.pairs(),
        Some((chat(5), agent(2))),
        "3 of 10 is less than 1 of 2"
    );
}

/// Agent 1 has 1 of 3 and came to it last; agent 2 has 33 of `capacity`.
fn asked_with_one_of_three_or_thirty_three_of(capacity: u8) -> AgentId {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 3)
        .comes_online(agent(2), capacity);
    for number in 0..33 {
        desk.is_served(chat(100 + number), agent(2));
    }
    desk.after(Millis(10)).is_served(chat(1), agent(1));
    desk.waits(2);
    desk.pairs().unwrap().1
}

#[test]
fn load_shares_are_compared_in_whole_thousandths() {
    let asked = asked_with_one_of_three_or_thirty_three_of;
    assert_eq!(asked(99), agent(2), "333 and 333: by idle time");
    assert_eq!(asked(98), agent(1), "333 and 336");
}

#[test]
fn of_equal_loads_the_longest_idle_comes_first_then_the_smaller_id() {
    let mut desk = Desk::new();
    desk.comes_online(agent(2), 1).comes_online(agent(1), 1);
    desk.waits(1);
    assert_eq!(
        desk.pairs(),
        Some((chat(1), agent(1))),
        "both idle since the same moment"
    );
    desk.is_served(chat(1), agent(1));
    desk.after(Millis(1)).hears(chat(1), ObservedPlace::Closed);
    desk.waits(2);
    assert_eq!(
        desk.pairs(),
        Some((chat(2), agent(2))),
        "agent 1 has just been busy"
    );
}

#[test]
fn a_reload_does_not_cost_an_agent_their_idle_time() {
    let mut desk = Desk::new();
    desk.comes_online(agent(2), 1)
        .after(Millis(10))
        .comes_online(agent(1), 1);
    desk.board.agent_left(agent(2), 1, desk.now);
    desk.after(Millis(10))
        .board
        .agent_joined(agent(2), 2, BEGIN + Millis(20));
    desk.waits(1);
    assert_eq!(desk.pairs(), Some((chat(1), agent(2))));
}

#[test]
fn a_claim_takes_a_place_until_it_is_settled_or_given_back() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1)
        .waits(1)
        .after(Millis(1))
        .waits(2);
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))));
    assert_eq!(desk.pairs(), None);
    desk.board.give_back(chat(1), agent(1), desk.now);
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))), "back at its place");
    desk.is_served(chat(1), agent(1));
    assert_eq!(desk.board.load(agent(1)), 1);
    assert_eq!(desk.pairs(), None);
}

#[test]
fn a_claim_of_a_node_that_died_is_given_back_in_time() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1).waits(1).pairs();
    desk.after(just_under(CLAIM));
    assert_eq!(desk.due(), []);
    assert_eq!(desk.pairs(), None);
    desk.after(Millis(1));
    assert_eq!(desk.due(), [], "nobody is told");
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))));
}

#[test]
fn lowering_the_capacity_takes_nothing_away() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 2);
    desk.is_served(chat(1), agent(1));
    desk.is_served(chat(2), agent(1));
    desk.sits(agent(1), Status::Online, 1, &[support()]);
    desk.waits(3);
    assert_eq!(desk.board.load(agent(1)), 2);
    assert_eq!(desk.pairs(), None);
    desk.hears(chat(1), ObservedPlace::Closed);
    assert_eq!(desk.pairs(), None, "still one of one");
    desk.hears(chat(2), ObservedPlace::Closed);
    assert_eq!(desk.pairs(), Some((chat(3), agent(1))));
}

#[test]
fn only_somebody_online_with_a_socket_gets_anything() {
    let mut desk = Desk::new();
    desk.waits(1);
    desk.sits(agent(1), Status::Online, 1, &[support()]);
    assert_eq!(desk.pairs(), None, "no socket");
    desk.board.agent_joined(agent(1), 1, desk.now);
    desk.sits(agent(1), Status::Away, 1, &[support()]);
    assert_eq!(desk.pairs(), None, "away");
    desk.sits(agent(1), Status::Online, 0, &[support()]);
    assert_eq!(desk.pairs(), None, "no capacity");
    desk.sits(agent(1), Status::Online, 1, &[support()]);
    desk.board.agent_left(agent(1), 1, desk.now);
    assert_eq!(desk.pairs(), None, "socket gone");
    desk.board.agent_joined(agent(1), 2, desk.now);
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))));
}

#[test]
fn a_visitor_without_a_socket_is_passed_over_and_first_again_when_back() {
    let mut desk = Desk::new();
    desk.waits(1)
        .after(Millis(1))
        .waits(2)
        .after(Millis(1))
        .waits(3);
    desk.board.visitor_left(chat(1), 1, desk.now);
    desk.comes_online(agent(1), 2);
    assert_eq!(desk.pairs(), Some((chat(2), agent(1))));
    desk.board.visitor_joined(chat(1), 2);
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))));
}

#[test]
fn one_of_two_tabs_is_enough_to_wait() {
    let mut desk = Desk::new();
    desk.waits(1);
    desk.board.visitor_joined(chat(1), 2);
    desk.board.visitor_left(chat(1), 1, desk.now);
    desk.board.visitor_left(chat(1), 1, desk.now);
    desk.after(GRACES.visitor);
    assert_eq!(desk.due(), []);
    desk.comes_online(agent(1), 1);
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))));
}

#[test]
fn a_visitors_grace_ends_to_the_millisecond_and_not_after_a_return() {
    let mut desk = Desk::new();
    desk.waits(1);
    desk.board.visitor_left(chat(1), 1, desk.now);
    desk.after(just_under(GRACES.visitor));
    assert_eq!(desk.due(), []);
    desk.board.visitor_joined(chat(1), 2);
    desk.after(Millis(1));
    assert_eq!(desk.due(), []);
    let gone_at = desk.now;
    desk.board.visitor_left(chat(1), 2, gone_at);
    desk.after(GRACES.visitor);
    let gone = Due::VisitorGone {
        conversation: chat(1),
        gone_at,
    };
    assert_eq!(desk.due(), [gone]);
    assert_eq!(desk.due(), [], "handed out");
    desk.after(DUE_RETRY);
    assert_eq!(desk.due(), [gone], "and again while nobody deals with it");
    desk.hears(chat(1), ObservedPlace::Closed);
    desk.after(DUE_RETRY);
    assert_eq!(desk.due(), []);
}

#[test]
fn a_wait_that_begins_without_a_socket_has_its_grace_from_then() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1);
    desk.is_served(chat(1), agent(1));
    desk.after(Millis::seconds(500));
    let (since, key) = (desk.now, 1);
    let department = support();
    desk.hears(
        chat(1),
        ObservedPlace::Waiting {
            department,
            key,
            since,
            mode: Mode::Chat,
            terms: Terms::default(),
        },
    );
    assert_eq!(desk.pairs(), None);
    desk.after(GRACES.visitor);
    let conversation = chat(1);
    let gone = Due::VisitorGone {
        conversation,
        gone_at: since,
    };
    assert_eq!(desk.due(), [gone]);
}

#[test]
fn an_agents_visitors_are_told_before_the_agent_is_let_go() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1);
    desk.is_served(chat(1), agent(1));
    desk.board.agent_left(agent(1), 1, desk.now);
    desk.after(just_under(GRACES.away));
    assert_eq!(desk.due(), []);
    desk.after(Millis(1));
    assert_eq!(desk.due(), [Due::AgentAway { agent: agent(1) }]);
    desk.after(Millis::seconds(25));
    assert_eq!(desk.due(), [Due::AgentGone { agent: agent(1) }]);
}

#[test]
fn an_agent_who_comes_back_in_time_keeps_everything() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1);
    desk.is_served(chat(1), agent(1));
    desk.board.agent_left(agent(1), 1, desk.now);
    desk.after(just_under(GRACES.agent)).due();
    desk.board.agent_joined(agent(1), 2, desk.now);
    desk.after(Millis::seconds(600));
    assert_eq!(desk.due(), []);
    assert_eq!(desk.board.load(agent(1)), 1);
}

#[test]
fn what_reaches_an_agent_after_they_went_is_not_stranded() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1).waits(1).pairs();
    desk.board.agent_left(agent(1), 1, desk.now);
    desk.after(GRACES.agent);
    assert_eq!(desk.due(), [Due::AgentGone { agent: agent(1) }]);
    desk.sits(agent(1), Status::Offline, 1, &[support()]);
    desk.after(DUE_RETRY);
    assert_eq!(desk.due(), [], "dealt with: nothing was owned");
    desk.is_served(chat(1), agent(1));
    let due = [
        Due::AgentAway { agent: agent(1) },
        Due::AgentGone { agent: agent(1) },
    ];
    assert_eq!(desk.due(), due);
}

#[test]
fn a_status_that_is_written_too_late_ends_as_well() {
    let mut desk = Desk::new();
    desk.sits(agent(1), Status::Offline, 3, &[support()]);
    desk.after(Millis::seconds(300));
    assert_eq!(desk.due(), []);
    desk.sits(agent(1), Status::Online, 3, &[support()]);
    assert_eq!(desk.due(), [Due::AgentGone { agent: agent(1) }]);
}

#[test]
fn an_offer_that_rings_out_goes_to_the_next_agent() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1)
        .after(Millis(1))
        .comes_online(agent(2), 1)
        .waits(1);
    assert_eq!(desk.rings(), Some((chat(1), agent(1))));
    assert!(desk.board.is_offered(chat(1)));
    desk.after(just_under(GRACES.ring));
    assert_eq!(desk.due(), []);
    desk.after(Millis(1));
    let missed = |agent| Due::OfferMissed {
        conversation: chat(1),
        agent,
        is_once_too_often: false,
    };
    assert_eq!(desk.due(), [missed(agent(1))]);
    assert!(!desk.board.is_offered(chat(1)));
    assert_eq!(desk.rings(), Some((chat(1), agent(2))));
    desk.after(GRACES.ring);
    assert_eq!(desk.due(), [missed(agent(2))]);
    assert_eq!(
        desk.rings(),
        Some((chat(1), agent(1))),
        "nobody else is there"
    );
}

/// Lets one offer ring out and answers whether it was one too many.
fn misses(desk: &mut Desk) -> bool {
    desk.rings().unwrap();
    desk.after(GRACES.ring);
    matches!(
        desk.due()[..],
        [Due::OfferMissed {
            is_once_too_often: true,
            ..
        }]
    )
}

#[test]
fn the_third_offer_missed_in_a_row_is_one_too_many() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 3).waits(1);
    assert_eq!(
        [misses(&mut desk), misses(&mut desk), misses(&mut desk)],
        [false, false, true]
    );
}

#[test]
fn only_an_answer_of_their_own_ends_a_row_of_missed_offers() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 3).waits(1);
    desk.sits(agent(1), Status::Online, 3, &[support(), sales()]);
    misses(&mut desk);
    misses(&mut desk);
    // A visitor who leaves while it rings, and a conversation assigned without asking, are no answer.
    desk.rings();
    desk.hears(chat(1), ObservedPlace::Closed);
    desk.waits_in(chat(2), sales(), 1);
    assert_eq!(desk.pairs(), Some((chat(2), agent(1))));
    desk.is_served(chat(2), agent(1));
    desk.waits(3);
    assert!(misses(&mut desk));
    // To accept is one.
    desk.rings();
    desk.is_served(chat(3), agent(1));
    desk.waits(4);
    assert!(!misses(&mut desk));
}

#[test]
fn what_was_declined_is_not_offered_again_until_the_agent_comes_online_anew() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 2)
        .waits(1)
        .after(Millis(1))
        .waits(2)
        .rings();
    assert!(desk.board.decline(chat(1), agent(1), desk.now));
    assert!(
        !desk.board.decline(chat(1), agent(1), desk.now),
        "it rings no more"
    );
    assert_eq!(
        desk.pairs(),
        Some((chat(2), agent(1))),
        "the next one is not held up"
    );
    assert_eq!(desk.pairs(), None);
    desk.sits(agent(1), Status::Away, 2, &[support()]);
    desk.sits(agent(1), Status::Online, 2, &[support()]);
    assert_eq!(desk.pairs(), Some((chat(1), agent(1))));
}

#[test]
fn an_offer_ends_when_somebody_else_takes_the_conversation() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1).waits(1).rings();
    assert_eq!(desk.is_served(chat(1), agent(2)), Some(agent(1)));
    assert_eq!(desk.board.load(agent(1)), 0);
    desk.after(GRACES.ring);
    assert!(
        !desk
            .due()
            .iter()
            .any(|due| matches!(due, Due::OfferMissed { .. }))
    );
}

#[test]
fn whoever_accepts_their_own_offer_is_told_of_no_end() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1).waits(1).rings();
    assert_eq!(desk.is_served(chat(1), agent(1)), None);
    assert_eq!(desk.board.load(agent(1)), 1);
}

#[test]
fn a_claim_that_is_gone_cannot_ring() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1).waits(1).pairs();
    assert_eq!(desk.board.offer(chat(1), agent(2), desk.now), None);
    desk.hears(chat(1), ObservedPlace::Closed);
    assert_eq!(desk.board.offer(chat(1), agent(1), desk.now), None);
}

#[test]
fn older_news_of_a_closed_conversation_is_known_as_such() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1);
    let (conversation, key) = (chat(1), 1);
    let waiting = Observed {
        conversation,
        placed_seq: 1,
        place: ObservedPlace::Waiting {
            department: support(),
            key,
            since: desk.now,
            mode: Mode::Chat,
            terms: Terms::default(),
        },
    };
    let closed = Observed {
        placed_seq: 2,
        place: ObservedPlace::Closed,
        ..waiting.clone()
    };
    desk.board.visitor_joined(conversation, 1);
    desk.board.observe(&closed, desk.now);
    desk.after(just_under(CLOSED_MEMORY));
    desk.board.observe(&waiting, desk.now);
    desk.board.visitor_joined(conversation, 1);
    assert_eq!(desk.pairs(), None);
}

#[test]
fn a_removed_agents_offers_go_to_others() {
    let mut desk = Desk::new();
    desk.comes_online(agent(1), 1)
        .after(Millis(1))
        .comes_online(agent(2), 1)
        .waits(1);
    assert_eq!(desk.rings(), Some((chat(1), agent(1))));
    desk.board.remove_agent(agent(1), desk.now);
    assert_eq!(desk.pairs(), Some((chat(1), agent(2))));
}

#[test]
fn the_board_is_open_while_somebody_who_serves_is_there() {
    let mut desk = Desk::new();
    assert!(!desk.board.is_open(&[support()]));
    desk.comes_online(agent(1), 0);
    assert!(desk.board.is_open(&[sales(), support()]), "full is open");
    assert!(!desk.board.is_open(&[sales()]));
    desk.board.agent_left(agent(1), 1, desk.now);
    assert!(!desk.board.is_open(&[support()]));
}
