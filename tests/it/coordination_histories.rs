//! Whatever comes and goes, in whatever order: the scripts in Redis do what `domain::routing` does, step by step.
//!
//! Goal: two engines, one rule. Method: random histories, each done to a plain [`Board`] and to the engine over a real
//! Redis; every answer is compared, and after each step all that they show. 300 histories; with `BALIE_SOAK=1` fifty times as
//! many. The seed is printed, and `BALIE_SEED` sets it.

use std::cell::RefCell;

use balie::coordination::Coordination;
use balie::coordination::redis::RedisCoordination;
use balie::domain::conversation::BEHIND_LIVE;
use balie::domain::routing::{Board, Claim, Graces, Observed, ObservedPlace, Seat, Terms};
use balie::model::event::Mode;
use balie::model::id::{AgentId, ConversationId, DepartmentKey, Skill};
use balie::model::record::Status;
use balie::model::time::{At, Clock, Millis};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::coordination_suite::{BEGIN, GRACES};
use crate::support::redis_server::Server;

#[path = "../../src/domain/seeded.rs"]
mod seeded;

const AGENTS: u64 = 4;
const LINES: usize = 3;
const SKILLS: usize = 2;
/// Time for a visitor's `closed` to be forgotten, and for every grace.
const LONG: Millis = Millis::seconds(700);

type Checked = Result<(), TestCaseError>;

/// One thing that happens; numbers choose whom it concerns among those there are.
#[derive(Clone, Debug)]
enum Step {
    Arrives(usize, i64, Mode, Option<u64>, AskedFor),
    Widened(usize),
    VisitorJoins(usize, u64),
    VisitorLeaves(usize, u64),
    AgentJoins(u64, u64),
    AgentLeaves(u64, u64),
    Sits(u64, Status, u8, [bool; LINES], [bool; SKILLS]),
    Removed(u64),
    Claims(usize),
    Settled(usize),
    GivenBack(usize),
    Offered(usize),
    Declined(usize),
    Taken(usize, u64),
    Waits(usize, usize),
    Closed(usize),
    OldNews(usize, usize),
    Passes(i64, bool),
}

/// Terms, with spans instead of moments: needs, when they are given up, who stands in and from when, the last agent.
type AskedFor = (Vec<usize>, Vec<i64>, Vec<usize>, Option<i64>, Option<u64>);

fn asked_for() -> impl Strategy<Value = AskedFor> {
    let needs = prop_oneof![
        2 => Just(Vec::new()),
        2 => (0..SKILLS).prop_map(|one| vec![one]),
        1 => Just(vec![0, 1]),
        1 => Just(vec![1, 0]),
    ];
    let after = || 0_i64..40_000;
    let relaxes = prop::collection::vec(after(), 0..3).prop_map(|mut after| {
        after.sort_unstable();
        after
    });
    (
        needs,
        relaxes,
        prop::sample::subsequence((0..LINES).collect::<Vec<_>>(), 0..=LINES).prop_shuffle(),
        prop::option::of(after()),
        prop::option::weighted(0.3, 0..AGENTS),
    )
}

fn terms((needs, relaxes, stand_ins, widens, last_agent): &AskedFor, own: usize, now: At) -> Terms {
    let stand_ins = stand_ins.iter().filter(|line| **line != own);
    Terms {
        needs: needs.iter().copied().map(skill).collect(),
        relaxes_at: relaxes.iter().map(|ms| now + Millis(*ms)).collect(),
        stand_ins: stand_ins.copied().map(line_key).collect(),
        widens_at: widens.map(|ms| now + Millis(ms)),
        last_agent: last_agent.map(agent_id),
    }
}

fn step() -> impl Strategy<Value = Step> {
    let chat = || any::<usize>();
    let agent = || 0..AGENTS;
    let socket = || 1..4_u64;
    let mode = prop_oneof![3 => Just(Mode::Chat), 1 => Just(Mode::Message)];
    let status = prop_oneof![
        6 => Just(Status::Online),
        1 => Just(Status::Away),
        1 => Just(Status::Offline),
    ];
    let arrival = (
        0..LINES,
        -2_i64..3,
        mode,
        prop::option::weighted(0.8, socket()),
        asked_for(),
    );
    let skills = any::<[bool; SKILLS]>();
    let seat = (agent(), status, 0_u8..4, any::<[bool; LINES]>(), skills);
    let ms = prop_oneof![4 => 0_i64..3_000, 2 => 3_000_i64..30_000, 1 => 30_000_i64..100_000];
    prop_oneof![
        6 => arrival.prop_map(|(line, priority, mode, socket, terms)| Step::Arrives(line, priority, mode, socket, terms)),
        1 => chat().prop_map(Step::Widened),
        4 => (chat(), socket()).prop_map(|(chat, socket)| Step::VisitorJoins(chat, socket)),
        3 => (chat(), socket()).prop_map(|(chat, socket)| Step::VisitorLeaves(chat, socket)),
        6 => (agent(), socket()).prop_map(|(agent, socket)| Step::AgentJoins(agent, socket)),
        2 => (agent(), socket()).prop_map(|(agent, socket)| Step::AgentLeaves(agent, socket)),
        5 => seat.prop_map(|(agent, status, capacity, lines, skills)| Step::Sits(agent, status, capacity, lines, skills)),
        1 => agent().prop_map(Step::Removed),
        8 => (1_usize..4).prop_map(Step::Claims),
        5 => chat().prop_map(Step::Settled),
        2 => chat().prop_map(Step::GivenBack),
        4 => chat().prop_map(Step::Offered),
        2 => chat().prop_map(Step::Declined),
        1 => (chat(), agent()).prop_map(|(chat, agent)| Step::Taken(chat, agent)),
        2 => (chat(), 0..LINES).prop_map(|(chat, line)| Step::Waits(chat, line)),
        2 => chat().prop_map(Step::Closed),
        2 => (chat(), any::<usize>()).prop_map(|(chat, nth)| Step::OldNews(chat, nth)),
        6 => (ms, any::<bool>()).prop_map(|(ms, by_hops)| Step::Passes(ms, by_hops)),
    ]
}

/// The board and the engine, side by side.
struct Pair {
    board: Board,
    engine: RedisCoordination,
    clock: Clock,
    /// All that was told of each conversation.
    chats: Vec<(ConversationId, Vec<Observed>)>,
    /// All claims there ever were: those that no longer stand are asked about too.
    claims: Vec<Claim>,
}

/// A step on both, and the answers compared.
macro_rules! both {
    ($self:ident, $call:expr, $board:expr) => {{
        let answered = $call
            .await
            .map_err(|away| TestCaseError::fail(away.to_string()))?;
        prop_assert_eq!(&answered, &$board);
        answered
    }};
}

impl Pair {
    async fn on(server: &Server, graces: Graces) -> Self {
        // A board of its own, that has been told everything: nothing.
        let installation = Uuid::new_v4().simple().to_string();
        let state = format!("balie:{installation}:{{b}}:state");
        server
            .run(&["HSET", &state, "incarnation", "one", "phase", "whole"])
            .await;
        let clock = Clock::manual(BEGIN);
        let address = server.url().parse().unwrap();
        let engine = RedisCoordination::open(address, &installation, clock.clone(), graces);
        Self {
            board: Board::new(graces),
            engine: engine.await.unwrap(),
            clock,
            chats: Vec::new(),
            claims: Vec::new(),
        }
    }

    fn nth_chat(&self, nth: usize) -> Option<ConversationId> {
        let nth = nth.checked_rem(self.chats.len())?;
        Some(self.chats[nth].0)
    }

    /// Mostly one of the last.
    fn nth_claim(&self, nth: usize) -> Option<Claim> {
        let recent = self.claims.len().min(6);
        let nth = nth.checked_rem(recent)?;
        Some(self.claims[self.claims.len() - 1 - nth].clone())
    }

    async fn moves(&mut self, id: ConversationId, place: ObservedPlace) -> Checked {
        let (_, news) = self.chats.iter_mut().find(|(chat, _)| *chat == id).unwrap();
        let is_over = |one: &Observed| one.place == ObservedPlace::Closed;
        if news.last().is_some_and(is_over) {
            return Ok(());
        }
        let one = Observed {
            conversation: id,
            placed_seq: 2 * news.len() as u64 + 1,
            place,
        };
        news.push(one.clone());
        self.observe(one).await
    }

    async fn observe(&mut self, news: Observed) -> Checked {
        let now = self.clock.now();
        both!(
            self,
            self.engine.observe(news.clone()),
            self.board.observe(&news, now)
        );
        Ok(())
    }

    async fn claims(&mut self, count: usize) -> Checked {
        let now = self.clock.now();
        for _ in 0..count {
            match both!(self, self.engine.claim(), self.board.claim(now)) {
                Some(claim) => self.claims.push(claim),
                None => break,
            }
        }
        Ok(())
    }

    async fn see_what_is_due(&mut self) -> Checked {
        let now = self.clock.now();
        both!(self, self.engine.due(), self.board.take_due(now));
        Ok(())
    }

    async fn take(&mut self, step: &Step) -> Checked {
        let now = self.clock.now();
        match *step {
            Step::Arrives(line, priority, mode, socket, ref asked_for) => {
                let number = self.chats.len() as u64 + 1;
                let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let id = ConversationId(Uuid::from_u64_pair(scattered, 0));
                if let Some(socket) = socket {
                    self.board.visitor_joined(id, socket);
                    both!(self, self.engine.visitor_joined(id, socket), ());
                }
                self.chats.push((id, Vec::new()));
                let behind = match mode {
                    Mode::Chat => 0,
                    Mode::Message => BEHIND_LIVE.0,
                };
                let place = ObservedPlace::Waiting {
                    department: line_key(line),
                    // Coarse, so that keys are often equal.
                    key: now.0 / 10_000 - priority + behind,
                    since: now,
                    mode,
                    terms: terms(asked_for, line, now),
                };
                self.moves(id, place).await?;
            }
            Step::Widened(nth) => {
                if let Some(id) = self.nth_chat(nth) {
                    self.board.widen(id);
                    both!(self, self.engine.widen(id), ());
                }
            }
            Step::VisitorJoins(nth, socket) => {
                if let Some(id) = self.nth_chat(nth) {
                    self.board.visitor_joined(id, socket);
                    both!(self, self.engine.visitor_joined(id, socket), ());
                }
            }
            Step::VisitorLeaves(nth, socket) => {
                if let Some(id) = self.nth_chat(nth) {
                    self.board.visitor_left(id, socket, now);
                    both!(self, self.engine.visitor_left(id, socket), ());
                }
            }
            Step::AgentJoins(agent, socket) => {
                self.board.agent_joined(agent_id(agent), socket, now);
                both!(self, self.engine.agent_joined(agent_id(agent), socket), ());
            }
            Step::AgentLeaves(agent, socket) => {
                self.board.agent_left(agent_id(agent), socket, now);
                both!(self, self.engine.agent_left(agent_id(agent), socket), ());
            }
            Step::Sits(agent, status, capacity, serves, skills) => {
                let seat = Seat {
                    status,
                    capacity,
                    departments: (0..LINES)
                        .filter(|line| serves[*line])
                        .map(line_key)
                        .collect(),
                    skills: (0..SKILLS).filter(|one| skills[*one]).map(skill).collect(),
                };
                self.board.seat(agent_id(agent), seat.clone(), now);
                both!(self, self.engine.seat(agent_id(agent), seat), ());
            }
            Step::Removed(agent) => {
                self.board.remove_agent(agent_id(agent), now);
                both!(self, self.engine.remove_agent(agent_id(agent)), ());
            }
            Step::Claims(count) => self.claims(count).await?,
            Step::Settled(nth) => {
                if let Some(claim) = self.nth_claim(nth) {
                    let agent = claim.agent;
                    self.moves(claim.conversation, ObservedPlace::Served { agent })
                        .await?;
                }
            }
            Step::GivenBack(nth) => {
                if let Some(Claim {
                    conversation,
                    agent,
                    ..
                }) = self.nth_claim(nth)
                {
                    self.board.give_back(conversation, agent, now);
                    both!(self, self.engine.give_back(conversation, agent), ());
                }
            }
            Step::Offered(nth) => {
                if let Some(claim) = self.nth_claim(nth) {
                    let offered = self.engine.offer(&claim).await.unwrap();
                    let until = self.board.offer(claim.conversation, claim.agent, now);
                    prop_assert_eq!(offered.map(|ringing| ringing.expires_at), until);
                }
            }
            Step::Declined(nth) => {
                if let Some(Claim {
                    conversation,
                    agent,
                    ..
                }) = self.nth_claim(nth)
                {
                    both!(
                        self,
                        self.engine.decline(conversation, agent),
                        self.board.decline(conversation, agent, now)
                    );
                }
            }
            Step::Taken(nth, agent) => {
                if let Some(id) = self.nth_chat(nth) {
                    let agent = agent_id(agent);
                    self.moves(id, ObservedPlace::Served { agent }).await?;
                }
            }
            Step::Waits(nth, line) => {
                if let Some(id) = self.nth_chat(nth) {
                    self.waits_again(id, line).await?;
                }
            }
            Step::Closed(nth) => {
                if let Some(id) = self.nth_chat(nth) {
                    self.moves(id, ObservedPlace::Closed).await?;
                }
            }
            Step::OldNews(nth, which) => {
                if let Some(id) = self.nth_chat(nth) {
                    let (_, news) = self.chats.iter().find(|(chat, _)| *chat == id).unwrap();
                    let one = news[which % news.len()].clone();
                    // What was forgotten would be news again, and stay: the desk never tells it.
                    if news.last().unwrap().place != ObservedPlace::Closed {
                        self.observe(one).await?;
                    }
                }
            }
            Step::Passes(ms, by_hops) => {
                let end = now + Millis(ms);
                while by_hops
                    && let Some(next) = self.board.next_due()
                    && next <= end
                {
                    self.clock
                        .advance(Millis((next - self.clock.now()).0.max(0)));
                    self.see_what_is_due().await?;
                }
                self.clock.advance(end - self.clock.now());
                self.see_what_is_due().await?;
            }
        }
        self.check().await
    }

    /// Requeued or transferred: in a line, under the key it always had.
    async fn waits_again(&mut self, id: ConversationId, line: usize) -> Checked {
        let (_, news) = self.chats.iter().find(|(chat, _)| *chat == id).unwrap();
        let ObservedPlace::Waiting {
            key, mode, terms, ..
        } = &news[0].place
        else {
            unreachable!("every chat begins in a line");
        };
        let place = ObservedPlace::Waiting {
            department: line_key(line),
            key: *key,
            since: self.clock.now(),
            mode: *mode,
            terms: terms.clone(),
        };
        self.moves(id, place).await
    }

    /// Both show the same.
    async fn check(&self) -> Checked {
        both!(self, self.engine.lines(2), self.board.lines(2));
        let chats: Vec<ConversationId> = self.chats.iter().map(|(id, _)| *id).collect();
        both!(self, self.engine.places(&chats), self.board.places(&chats));
        both!(self, self.engine.placed(), self.board.placed());
        both!(self, self.engine.seats(), self.board.seats());
        for agent in (0..AGENTS).map(agent_id) {
            // At once: they share a round trip.
            let (load, is_here, ringing) = tokio::join!(
                self.engine.load(agent),
                self.engine.is_agent_here(agent),
                self.engine.ringing_at(agent),
            );
            prop_assert_eq!(load.unwrap(), self.board.load(agent));
            prop_assert_eq!(is_here.unwrap(), self.board.is_agent_here(agent));
            let (mut ringing, mut expected) = (ringing.unwrap(), self.board.ringing_at(agent));
            // Those that end at the same moment stand in any order.
            ringing.sort_by_key(|one| (one.expires_at, one.conversation));
            expected.sort_by_key(|one| (one.expires_at, one.conversation));
            prop_assert_eq!(ringing, expected);
        }
        let [billing, sales, far] = [0, 1, 2].map(|line| [line_key(line)]);
        let open = tokio::join!(
            self.engine.is_open(&billing),
            self.engine.is_open(&sales),
            self.engine.is_open(&far),
        );
        let open = [open.0.unwrap(), open.1.unwrap(), open.2.unwrap()];
        prop_assert_eq!(
            open,
            [billing, sales, far].map(|key| self.board.is_open(&key))
        );
        if let Some((id, _)) = self.chats.last() {
            both!(
                self,
                self.engine.is_offered(*id),
                self.board.is_offered(*id)
            );
        }
        Ok(())
    }

    /// Closes everything: nothing may be left in Redis but the board's state and this node's lease.
    async fn end(&mut self, server: &Server) -> Checked {
        let chats: Vec<_> = self.chats.iter().map(|(id, _)| *id).collect();
        for id in chats {
            self.moves(id, ObservedPlace::Closed).await?;
            for socket in 1..4 {
                self.board.visitor_left(id, socket, self.clock.now());
                both!(self, self.engine.visitor_left(id, socket), ());
            }
        }
        for agent in (0..AGENTS).map(agent_id) {
            for socket in 1..4 {
                both!(self, self.engine.agent_left(agent, socket), ());
                self.board.agent_left(agent, socket, self.clock.now());
            }
            both!(self, self.engine.remove_agent(agent), ());
            self.board.remove_agent(agent, self.clock.now());
        }
        self.clock.advance(LONG);
        self.see_what_is_due().await?;
        let left = server.run(&["KEYS", "balie:*"]).await;
        let mut left: Vec<String> = redis::from_redis_value(left).unwrap();
        left.retain(|key| !key.contains(":answer:"));
        left.sort();
        let names: Vec<_> = left
            .iter()
            .filter_map(|key| key.rsplit(':').next())
            .collect();
        prop_assert_eq!(names, ["leases", "state"]);
        Ok(())
    }
}

fn agent_id(number: u64) -> AgentId {
    AgentId(Uuid::from_u64_pair(1, number))
}

fn line_key(number: usize) -> DepartmentKey {
    DepartmentKey::new(["billing", "sales", "sales-eu"][number]).unwrap()
}

fn skill(number: usize) -> Skill {
    Skill::new(["fr", "gold"][number]).unwrap()
}

fn graces() -> impl Strategy<Value = Graces> {
    let short = |visitor, agent, away, ring| Graces {
        visitor: Millis::seconds(visitor),
        agent: Millis::seconds(agent),
        away: Millis::seconds(away),
        ring: Millis::seconds(ring),
    };
    prop_oneof![
        Just(GRACES),
        Just(short(3, 4, 3, 3)),
        Just(short(5, 3, 6, 30)),
    ]
}

#[test]
fn the_scripts_do_what_the_board_does_of_any_history() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(&[]));
    let steps = prop::collection::vec(step(), 1..60);
    // What is taken for the world's state is dropped within the runtime.
    let running = RefCell::new(runtime);
    seeded::hold(300, &(graces(), steps), |(graces, steps)| {
        running.borrow().block_on(async {
            server.run(&["FLUSHALL"]).await;
            let mut pair = Pair::on(&server, graces).await;
            for step in &steps {
                pair.take(step).await?;
            }
            pair.end(&server).await
        })
    });
}
