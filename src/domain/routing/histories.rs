//! Whatever comes and goes, in whatever order: the board does what the plain world of `world.rs` does.
//!
//! A history is a list of arrivals with their needs, sockets, seats, claims and what becomes of them, news of the log, a board
//! that is lost and told anew, and time: 1,800 histories of 60 steps on average, 10⁵ steps, fifty times as many in the soak. After
//! each step the lines, the loads and what is due next are compared, at each claim the pair, and whenever time passes
//! what has become due. Afterwards everything is closed, and nothing may be left.

use proptest::prelude::*;

use super::trial::{
    AGENTS, BEGIN, Checked, DEPARTMENTS, SKILLS, Trial, agent_id, department, skill,
};
use super::{Board, Graces, Observed, ObservedPlace, Seat, Terms};
use crate::domain::seeded::hold;
use crate::model::event::Mode;
use crate::model::id::ConversationId;
use crate::model::record::Status;
use crate::model::time::{At, Millis};

/// One thing that happens; numbers choose whom it concerns among those there are.
#[derive(Clone, Debug)]
enum Step {
    Arrives {
        department: usize,
        priority: i64,
        mode: Mode,
        socket: Option<u64>,
        terms: AskedFor,
    },
    Widened(usize),
    ToldAnew(bool),
    VisitorJoins(usize, u64),
    VisitorLeaves(usize, u64),
    AgentJoins(u64, u64),
    AgentLeaves(u64, u64),
    Sits {
        agent: u64,
        status: Status,
        capacity: u8,
        departments: [bool; DEPARTMENTS],
        skills: [bool; SKILLS],
    },
    Removed {
        agent: u64,
        is_requeued: bool,
    },
    Pair(usize),
    Settled(usize),
    GivenBack(usize),
    Offered(usize),
    Declined(usize),
    Taken(usize, u64),
    Waits(usize, usize),
    Closed(usize),
    OldNews(usize, usize),
    Passes {
        ms: i64,
        by_hops: bool,
        is_dealt_with: bool,
    },
}

/// Terms, with spans instead of moments.
#[derive(Clone, Debug)]
struct AskedFor {
    needs: Vec<usize>,
    relaxes_after: Vec<i64>,
    stand_ins: Vec<usize>,
    widens_after: Option<i64>,
    last_agent: Option<u64>,
}

fn asked_for() -> impl Strategy<Value = AskedFor> {
    let needs = prop_oneof![
        2 => Just(Vec::new()),
        2 => (0..SKILLS).prop_map(|one| vec![one]),
        1 => Just(vec![0, 1]),
        1 => Just(vec![1, 0]),
    ];
    let after = || 0_i64..40_000;
    (
        needs,
        prop::collection::vec(after(), 0..3),
        prop::collection::vec(0..DEPARTMENTS, 0..3),
        prop::option::of(after()),
        prop::option::weighted(0.3, 0..AGENTS),
    )
        .prop_map(
            |(needs, mut relaxes_after, stand_ins, widens_after, last_agent)| {
                relaxes_after.sort_unstable();
                AskedFor {
                    needs,
                    relaxes_after,
                    stand_ins,
                    widens_after,
                    last_agent,
                }
            },
        )
}

impl AskedFor {
    fn at(&self, own: usize, now: At) -> Terms {
        let mut stand_ins = Vec::new();
        for number in &self.stand_ins {
            let key = department(*number);
            if *number != own && !stand_ins.contains(&key) {
                stand_ins.push(key);
            }
        }
        Terms {
            needs: self.needs.iter().copied().map(skill).collect(),
            relaxes_at: self
                .relaxes_after
                .iter()
                .map(|ms| now + Millis(*ms))
                .collect(),
            stand_ins,
            widens_at: self.widens_after.map(|ms| now + Millis(ms)),
            last_agent: self.last_agent.map(agent_id),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let chat = || any::<usize>();
    let agent = || 0..AGENTS;
    let socket = || 0..3_u64;
    let status = prop_oneof![
        6 => Just(Status::Online),
        1 => Just(Status::Away),
        1 => Just(Status::Offline),
    ];
    let sits = (
        agent(),
        status,
        0_u8..4,
        any::<[bool; DEPARTMENTS]>(),
        any::<[bool; SKILLS]>(),
    );
    let ms = prop_oneof![4 => 0_i64..3_000, 2 => 3_000_i64..30_000, 1 => 30_000_i64..100_000];
    let arrival = (
        0..DEPARTMENTS,
        -2_i64..3,
        mode(),
        prop::option::weighted(0.8, socket()),
        asked_for(),
    );
    prop_oneof![
        6 => arrival.prop_map(|(department, priority, mode, socket, terms)| Step::Arrives { department, priority, mode, socket, terms }),
        1 => chat().prop_map(Step::Widened),
        1 => any::<bool>().prop_map(Step::ToldAnew),
        4 => (chat(), socket()).prop_map(|(chat, socket)| Step::VisitorJoins(chat, socket)),
        3 => (chat(), socket()).prop_map(|(chat, socket)| Step::VisitorLeaves(chat, socket)),
        6 => (agent(), socket()).prop_map(|(agent, socket)| Step::AgentJoins(agent, socket)),
        2 => (agent(), socket()).prop_map(|(agent, socket)| Step::AgentLeaves(agent, socket)),
        5 => sits.prop_map(|(agent, status, capacity, departments, skills)| Step::Sits { agent, status, capacity, departments, skills }),
        1 => (agent(), any::<bool>()).prop_map(|(agent, is_requeued)| Step::Removed { agent, is_requeued }),
        8 => (1_usize..4).prop_map(Step::Pair),
        5 => chat().prop_map(Step::Settled),
        2 => chat().prop_map(Step::GivenBack),
        4 => chat().prop_map(Step::Offered),
        2 => chat().prop_map(Step::Declined),
        1 => (chat(), agent()).prop_map(|(chat, agent)| Step::Taken(chat, agent)),
        2 => (chat(), 0..DEPARTMENTS).prop_map(|(chat, department)| Step::Waits(chat, department)),
        2 => chat().prop_map(Step::Closed),
        2 => (chat(), any::<usize>()).prop_map(|(chat, nth)| Step::OldNews(chat, nth)),
        6 => (ms, any::<bool>(), any::<bool>()).prop_map(|(ms, by_hops, is_dealt_with)| Step::Passes { ms, by_hops, is_dealt_with }),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![3 => Just(Mode::Chat), 1 => Just(Mode::Message)]
}

fn graces() -> impl Strategy<Value = Graces> {
    let millis = |seconds: i64| Millis::seconds(seconds);
    prop_oneof![
        Just((60, 30, 5, 20)),
        Just((3, 4, 3, 3)),
        Just((5, 3, 6, 30)),
    ]
    .prop_map(move |(visitor, agent, away, ring)| Graces {
        visitor: millis(visitor),
        agent: millis(agent),
        away: millis(away),
        ring: millis(ring),
    })
}

fn take(trial: &mut Trial, step: &Step) -> Checked {
    match *step {
        Step::Arrives {
            department,
            priority,
            mode,
            socket,
            ref terms,
        } => {
            let terms = terms.at(department, trial.world.now);
            trial.arrives(department, priority, mode, socket, terms)?;
        }
        Step::Widened(nth) => trial.widened(nth),
        Step::ToldAnew(backwards) => trial.told_anew(backwards),
        Step::VisitorJoins(chat, socket) => trial.visitor_joins(chat, socket),
        Step::VisitorLeaves(chat, socket) => trial.visitor_leaves(chat, socket),
        Step::AgentJoins(agent, socket) => trial.agent_joins(agent_id(agent), socket),
        Step::AgentLeaves(agent, socket) => trial.agent_leaves(agent_id(agent), socket),
        Step::Sits {
            agent,
            status,
            capacity,
            departments,
            skills,
        } => {
            let serves = (0..DEPARTMENTS).filter(|number| departments[*number]);
            let seat = Seat {
                status,
                capacity,
                departments: serves.map(department).collect(),
                skills: (0..SKILLS)
                    .filter(|number| skills[*number])
                    .map(skill)
                    .collect(),
            };
            trial.sits(agent_id(agent), seat);
        }
        Step::Removed { agent, is_requeued } => trial.removed(agent_id(agent), is_requeued)?,
        Step::Pair(count) => trial.pair(count)?,
        Step::Settled(nth) => trial.settled(nth)?,
        Step::GivenBack(nth) => trial.given_back(nth),
        Step::Offered(nth) => trial.offered(nth)?,
        Step::Declined(nth) => trial.declined(nth)?,
        Step::Taken(nth, agent) => trial.taken(nth, agent_id(agent))?,
        Step::Waits(nth, line) => trial.waits(nth, line)?,
        Step::Closed(nth) => trial.closed(nth)?,
        Step::OldNews(nth, which) => trial.old_news(nth, which)?,
        Step::Passes {
            ms,
            by_hops,
            is_dealt_with,
        } => trial.passes(Millis(ms), by_hops, is_dealt_with)?,
    }
    trial.check()
}

#[test]
fn the_board_does_what_the_contract_says_of_any_history() {
    let steps = prop::collection::vec(step(), 1..120);
    hold(1_800, &(graces(), steps), |(graces, steps)| {
        let mut trial = Trial::new(graces);
        for step in &steps {
            take(&mut trial, step)?;
        }
        trial.end()
    });
}

/// What one conversation went through, and who sees it in which order.
fn places() -> impl Strategy<Value = Vec<ObservedPlace>> {
    let place = prop_oneof![
        3 => (0..DEPARTMENTS, mode()).prop_map(|(line, mode)| ObservedPlace::Waiting {
            department: department(line),
            key: 7,
            since: BEGIN,
            mode,
            terms: Terms::default(),
        }),
        3 => (0..AGENTS).prop_map(|agent| ObservedPlace::Served { agent: agent_id(agent) }),
    ];
    (prop::collection::vec(place, 1..6), any::<bool>()).prop_map(|(mut places, is_closed)| {
        places.extend(is_closed.then_some(ObservedPlace::Closed));
        places
    })
}

/// A board with everybody at the desk that has heard this news, and all visitors there.
fn told(news: &[Observed]) -> Board {
    let mut board = Board::new(Graces {
        visitor: Millis::seconds(60),
        agent: Millis::seconds(30),
        away: Millis::seconds(5),
        ring: Millis::seconds(20),
    });
    for number in 0..AGENTS {
        let seat = Seat {
            status: Status::Online,
            capacity: 3,
            departments: (0..DEPARTMENTS).map(department).collect(),
            skills: Vec::new(),
        };
        board.agent_joined(agent_id(number), number, BEGIN);
        board.seat(agent_id(number), seat, BEGIN);
    }
    for one in news {
        board.visitor_joined(one.conversation, 1);
        board.observe(one, BEGIN);
    }
    board
}

/// All that a board shows: lines, loads, and whom it pairs until there is nobody left.
fn shown(mut board: Board) -> impl PartialEq + std::fmt::Debug {
    let loads: Vec<u32> = (0..AGENTS)
        .map(|number| board.load(agent_id(number)))
        .collect();
    let lines = board.lines(usize::MAX);
    let claims: Vec<_> = std::iter::from_fn(|| board.claim(BEGIN))
        .take(100)
        .collect();
    (lines, loads, claims)
}

#[test]
fn news_may_come_late_twice_and_in_any_order() {
    let histories = prop::collection::vec(places(), 1..6);
    let strategy = (
        histories,
        prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    )
        .prop_flat_map(|(histories, repeats)| {
            let mut news = Vec::new();
            for (number, places) in (1_u64..).zip(&histories) {
                let conversation = ConversationId(uuid::Uuid::from_u64_pair(number, 0));
                news.extend((1_u64..).zip(places).map(|(placed_seq, place)| Observed {
                    conversation,
                    placed_seq,
                    place: place.clone(),
                }));
            }
            let doubled = repeats.iter().map(|index| index.get(&news).clone());
            let all: Vec<_> = news.iter().cloned().chain(doubled).collect();
            (Just(news), Just(all).prop_shuffle())
        });
    hold(300, &strategy, |(news, shuffled)| {
        prop_assert_eq!(shown(told(&news)), shown(told(&shuffled)));
        Ok(())
    });
}
