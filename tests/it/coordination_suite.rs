//! What every engine of coordination promises, tested through its one trait.
//!
//! A case is an async function that takes an empty engine on a clock of the test's own. An engine's own file makes such
//! engines and says `crate::coordination_suite::cases!(fresh);`: each case is then a test there. The pairing rule itself
//! is proven beside it, in `domain::routing`; here it is enough that an engine follows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use balie::coordination::{Coordination, Notice};
use balie::domain::conversation::BEHIND_LIVE;
use balie::domain::routing::{
    CLAIM, Claim, Due, Graces, Observed, ObservedPlace, Ringing, Seat, Terms, Withdrawn,
};
use balie::model::event::{AgentName, Mode};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::record::Status;
use balie::model::time::{At, Clock, Millis};
use balie::model::why::{Rule, Why};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Makes a test of each case. `$fresh` is an async function from a clock and graces to an engine and whatever must
/// outlive it.
macro_rules! cases {
    ($fresh:path) => {
        $crate::coordination_suite::cases! {
            $fresh:
            who_waits_is_paired_with_who_is_free,
            every_call_may_be_repeated,
            news_may_come_late_and_out_of_order,
            claims_at_the_same_time_share_no_place_and_no_conversation,
            a_claim_given_back_is_in_line_at_its_place,
            a_claim_that_nobody_settles_comes_back,
            an_offer_rings_at_one_agent,
            an_offer_declined_goes_on_to_the_next,
            an_offer_that_nobody_answers_is_due_as_missed,
            an_offer_taken_by_somebody_else_is_withdrawn,
            presence_counts_sockets,
            a_visitor_who_is_gone_is_passed_over_and_then_due,
            a_left_message_needs_no_socket_and_waits_behind_the_live,
            an_agent_who_is_gone_is_due_twice,
            lines_show_who_waits_and_who_serves,
            whoever_opens_a_conversation_is_seen,
            a_removed_agent_gets_nothing,
            work_wakes_whoever_pairs,
            work_may_be_given_up_at_any_time,
            notices_arrive_in_the_order_published,
            notices_are_taken_once,
        }
    };
    ($fresh:path: $($case:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let clock = balie::model::time::Clock::manual($crate::coordination_suite::BEGIN);
                let (engine, _kept) = $fresh(clock.clone(), $crate::coordination_suite::GRACES).await;
                let desk = $crate::coordination_suite::Desk::new(engine, clock);
                $crate::coordination_suite::$case(desk).await;
            }
        )+
    };
}
pub(crate) use cases;

/// A moment to begin with; its number means nothing.
pub const BEGIN: At = At(1_700_000_000_000);

pub const GRACES: Graces = Graces {
    visitor: Millis::seconds(60),
    agent: Millis::seconds(30),
    away: Millis::seconds(5),
    ring: Millis::seconds(20),
};

/// Longest wait for what must come by itself.
const SOON: Duration = Duration::from_secs(10);

/// An engine with its clock, and words for what happens at it.
pub struct Desk {
    pub engine: Arc<dyn Coordination>,
    pub clock: Clock,
}

impl Desk {
    pub fn new(engine: Arc<dyn Coordination>, clock: Clock) -> Self {
        Self { engine, clock }
    }

    /// An agent at the desk: online in support, on one socket.
    async fn online(&self, capacity: u8) -> AgentId {
        let agent = AgentId::fresh();
        self.engine.agent_joined(agent, 1).await.unwrap();
        self.sits(agent, Status::Online, capacity).await;
        agent
    }

    async fn sits(&self, agent: AgentId, status: Status, capacity: u8) {
        let seat = Seat {
            status,
            capacity,
            departments: vec![support()],
            skills: Vec::new(),
        };
        self.engine.seat(agent, seat).await.unwrap();
    }

    /// Somebody in the line of support, on one socket. Later ones stand behind earlier ones.
    async fn waits(&self) -> ConversationId {
        let conversation = ConversationId::fresh();
        self.engine.visitor_joined(conversation, 1).await.unwrap();
        self.observes(waiting(conversation, 1, self.clock.now()))
            .await;
        self.clock.advance(Millis(1));
        conversation
    }

    async fn observes(&self, news: Observed) -> Option<Withdrawn> {
        self.engine.observe(news).await.unwrap()
    }

    async fn claims(&self) -> Option<(ConversationId, AgentId)> {
        let claim = self.engine.claim().await.unwrap()?;
        Some((claim.conversation, claim.agent))
    }

    /// Claims and lets it ring.
    async fn rings(&self) -> Option<Ringing> {
        let claim = self.engine.claim().await.unwrap()?;
        self.engine.offer(&claim).await.unwrap()
    }

    async fn due(&self) -> Vec<Due> {
        self.engine.due().await.unwrap()
    }

    /// The rings at an agent.
    async fn ringing_at(&self, agent: AgentId) -> Vec<ConversationId> {
        let ringing = self.engine.ringing_at(agent).await.unwrap();
        ringing.iter().map(|one| one.conversation).collect()
    }

    async fn load(&self, agent: AgentId) -> u32 {
        self.engine.load(agent).await.unwrap()
    }
}

fn support() -> DepartmentKey {
    DepartmentKey::new("support").unwrap()
}

fn waiting(conversation: ConversationId, placed_seq: u64, since: At) -> Observed {
    let place = ObservedPlace::Waiting {
        department: support(),
        key: since.0,
        since,
        mode: Mode::Chat,
        terms: Terms::default(),
    };
    Observed {
        conversation,
        placed_seq,
        place,
    }
}

fn served(conversation: ConversationId, placed_seq: u64, agent: AgentId) -> Observed {
    Observed {
        conversation,
        placed_seq,
        place: ObservedPlace::Served { agent },
    }
}

fn closed(conversation: ConversationId, placed_seq: u64) -> Observed {
    Observed {
        conversation,
        placed_seq,
        place: ObservedPlace::Closed,
    }
}

pub async fn who_waits_is_paired_with_who_is_free(desk: Desk) {
    desk.engine.probe().await.unwrap();
    assert_eq!(desk.claims().await, None);
    let (first, second) = (desk.waits().await, desk.waits().await);
    let agent = desk.online(1).await;
    let claim = desk.engine.claim().await.unwrap().unwrap();
    let expected = Claim {
        conversation: first,
        placed_seq: 1,
        department: support(),
        agent,
        why: Why {
            rule: Rule::HeadOfLine,
            load: 0,
            capacity: 1,
            idle_ms: Some(Millis(0)),
            eligible: 1,
        },
    };
    assert_eq!(claim, expected);
    assert_eq!(desk.claims().await, None, "the only place is taken");
    assert_eq!(desk.observes(served(first, 2, agent)).await, None);
    assert_eq!(desk.load(agent).await, 1);
    assert_eq!(desk.observes(closed(first, 3)).await, None);
    assert_eq!(desk.load(agent).await, 0);
    assert_eq!(desk.claims().await, Some((second, agent)));
}

pub async fn every_call_may_be_repeated(desk: Desk) {
    let engine = &desk.engine;
    let agent = AgentId::fresh();
    let conversation = ConversationId::fresh();
    for _ in 0..2 {
        engine.agent_joined(agent, 7).await.unwrap();
        desk.sits(agent, Status::Online, 1).await;
        engine.visitor_joined(conversation, 8).await.unwrap();
        desk.observes(waiting(conversation, 1, BEGIN)).await;
    }
    let line = &engine.lines(0).await.unwrap()[0];
    assert_eq!((line.live, line.agents_online, line.free_slots), (1, 1, 1));
    let claim = engine.claim().await.unwrap().unwrap();
    let first = engine.offer(&claim).await.unwrap();
    assert_eq!(engine.offer(&claim).await.unwrap(), first);
    assert_eq!(desk.ringing_at(agent).await, [conversation]);
    for _ in 0..2 {
        engine.give_back(conversation, agent).await.unwrap();
    }
    assert_eq!(desk.load(agent).await, 0);
    for _ in 0..2 {
        assert_eq!(desk.observes(served(conversation, 2, agent)).await, None);
        assert_eq!(desk.load(agent).await, 1);
    }
    for _ in 0..2 {
        engine.agent_left(agent, 7).await.unwrap();
        engine.visitor_left(conversation, 8).await.unwrap();
    }
    for _ in 0..2 {
        desk.observes(closed(conversation, 3)).await;
        engine.remove_agent(agent).await.unwrap();
    }
    desk.clock.advance(Millis::seconds(300));
    assert_eq!(desk.due().await, []);
    assert_eq!(engine.lines(10).await.unwrap(), []);
}

pub async fn news_may_come_late_and_out_of_order(desk: Desk) {
    let agent = desk.online(2).await;
    let conversation = desk.waits().await;
    let since = desk.clock.now();
    desk.observes(waiting(conversation, 5, since)).await;
    for late in [
        served(conversation, 3, agent),
        waiting(conversation, 1, BEGIN),
    ] {
        assert_eq!(desk.observes(late).await, None);
    }
    assert_eq!(desk.load(agent).await, 0);
    let line = &desk.engine.lines(1).await.unwrap()[0];
    assert_eq!(line.first[0].since, since);
    assert_eq!(line.longest_since, Some(since));
    desk.observes(closed(conversation, 9)).await;
    desk.observes(served(conversation, 7, agent)).await;
    desk.observes(waiting(conversation, 5, since)).await;
    assert_eq!(desk.load(agent).await, 0);
    assert_eq!(desk.claims().await, None);
}

pub async fn claims_at_the_same_time_share_no_place_and_no_conversation(desk: Desk) {
    let mut agents = BTreeMap::new();
    for capacity in [1, 2, 5] {
        agents.insert(desk.online(capacity).await, usize::from(capacity));
    }
    for _ in 0..20 {
        desk.waits().await;
    }
    let mut claimers = JoinSet::new();
    for _ in 0..16 {
        let engine = Arc::clone(&desk.engine);
        claimers.spawn(async move {
            let mut claims = Vec::new();
            while let Some(claim) = engine.claim().await.unwrap() {
                claims.push(claim);
                tokio::task::yield_now().await;
            }
            claims
        });
    }
    let claims = claimers.join_all().await.concat();
    let conversations: BTreeSet<_> = claims.iter().map(|claim| claim.conversation).collect();
    assert_eq!(claims.len(), 8, "every place is taken, and none twice");
    assert_eq!(conversations.len(), 8);
    for (agent, capacity) in agents {
        let held = claims.iter().filter(|claim| claim.agent == agent).count();
        assert_eq!(held, capacity);
    }
}

pub async fn a_claim_given_back_is_in_line_at_its_place(desk: Desk) {
    let (first, second) = (desk.waits().await, desk.waits().await);
    let agent = desk.online(1).await;
    assert_eq!(desk.claims().await, Some((first, agent)));
    desk.engine.give_back(first, agent).await.unwrap();
    assert_eq!(desk.load(agent).await, 0);
    assert_eq!(desk.claims().await, Some((first, agent)));
    desk.engine.give_back(second, agent).await.unwrap();
    assert_eq!(
        desk.claims().await,
        None,
        "what is not claimed gives no place back"
    );
}

pub async fn a_claim_that_nobody_settles_comes_back(desk: Desk) {
    let first = desk.waits().await;
    let agent = desk.online(1).await;
    assert_eq!(desk.claims().await, Some((first, agent)));
    desk.clock.advance(CLAIM);
    assert_eq!(desk.due().await, [], "nobody need hear of it");
    assert_eq!(desk.claims().await, Some((first, agent)));
}

pub async fn an_offer_rings_at_one_agent(desk: Desk) {
    let conversation = desk.waits().await;
    let (agent, other) = (desk.online(1).await, desk.online(1).await);
    let ringing = desk.rings().await.unwrap();
    let expected = Ringing {
        conversation,
        agent,
        department: support(),
        expires_at: desk.clock.now() + GRACES.ring,
        why: ringing.why.clone(),
    };
    // Made with the claim, and the same for who accepts.
    assert_eq!((ringing.why.rule, ringing.why.load), (Rule::LongestIdle, 0));
    assert_eq!(ringing, expected);
    assert_eq!(desk.engine.ringing_at(agent).await.unwrap(), [expected]);
    assert_eq!(desk.ringing_at(other).await, []);
    assert!(desk.engine.is_offered(conversation).await.unwrap());
    assert_eq!(desk.load(agent).await, 1);
    assert_eq!(desk.claims().await, None);
    assert_eq!(desk.observes(served(conversation, 2, agent)).await, None);
    assert!(!desk.engine.is_offered(conversation).await.unwrap());
    assert_eq!(desk.ringing_at(agent).await, []);
}

pub async fn an_offer_declined_goes_on_to_the_next(desk: Desk) {
    let conversation = desk.waits().await;
    let agent = desk.online(1).await;
    desk.clock.advance(Millis(1));
    let next = desk.online(1).await;
    let rung = desk.rings().await.unwrap();
    assert_eq!((rung.agent, rung.why.rule), (agent, Rule::LongestIdle));
    assert!(!desk.engine.decline(conversation, next).await.unwrap());
    assert!(desk.engine.decline(conversation, agent).await.unwrap());
    assert!(!desk.engine.decline(conversation, agent).await.unwrap());
    assert_eq!(desk.claims().await, Some((conversation, next)));
    let claim = Claim {
        conversation,
        placed_seq: 1,
        department: support(),
        agent,
        why: rung.why,
    };
    assert_eq!(
        desk.engine.offer(&claim).await.unwrap(),
        None,
        "it is no longer theirs"
    );
}

pub async fn an_offer_that_nobody_answers_is_due_as_missed(desk: Desk) {
    let conversation = desk.waits().await;
    let agent = desk.online(1).await;
    for is_once_too_often in [false, false, true] {
        desk.rings().await.unwrap();
        desk.clock.advance(GRACES.ring);
        let missed = Due::OfferMissed {
            conversation,
            agent,
            is_once_too_often,
        };
        assert_eq!(desk.due().await, [missed]);
        assert_eq!(desk.due().await, []);
    }
}

pub async fn an_offer_taken_by_somebody_else_is_withdrawn(desk: Desk) {
    let conversation = desk.waits().await;
    let agent = desk.online(1).await;
    desk.rings().await.unwrap();
    let withdrawn = Withdrawn {
        conversation,
        agent,
    };
    let taken = served(conversation, 2, AgentId::fresh());
    assert_eq!(desk.observes(taken.clone()).await, Some(withdrawn));
    assert_eq!(desk.observes(taken).await, None);
    assert_eq!(desk.load(agent).await, 0);
}

pub async fn presence_counts_sockets(desk: Desk) {
    let agent = AgentId::fresh();
    let here = async || desk.engine.is_agent_here(agent).await.unwrap();
    assert!(!here().await);
    desk.engine.agent_joined(agent, 1).await.unwrap();
    desk.engine.agent_joined(agent, 2).await.unwrap();
    desk.engine.agent_left(agent, 1).await.unwrap();
    desk.engine.agent_left(agent, 1).await.unwrap();
    assert!(here().await);
    desk.engine.agent_left(agent, 2).await.unwrap();
    assert!(!here().await);
}

pub async fn a_visitor_who_is_gone_is_passed_over_and_then_due(desk: Desk) {
    let (first, second) = (desk.waits().await, desk.waits().await);
    let gone_at = desk.clock.now();
    desk.engine.visitor_left(first, 1).await.unwrap();
    let agent = desk.online(2).await;
    assert_eq!(desk.claims().await, Some((second, agent)));
    assert_eq!(desk.claims().await, None);
    desk.observes(served(second, 2, agent)).await;
    desk.clock.advance(GRACES.visitor);
    let gone = Due::VisitorGone {
        conversation: first,
        gone_at,
    };
    assert_eq!(desk.due().await, [gone]);
    desk.engine.visitor_joined(first, 2).await.unwrap();
    assert_eq!(desk.claims().await, Some((first, agent)));
    desk.clock.advance(GRACES.visitor);
    assert_eq!(desk.due().await, []);
}

pub async fn a_left_message_needs_no_socket_and_waits_behind_the_live(desk: Desk) {
    let left = async |since: At| {
        let conversation = ConversationId::fresh();
        let place = ObservedPlace::Waiting {
            department: support(),
            key: since.0 + BEHIND_LIVE.0,
            since,
            mode: Mode::Message,
            terms: Terms::default(),
        };
        let news = Observed {
            conversation,
            placed_seq: 1,
            place,
        };
        desk.observes(news).await;
        conversation
    };
    let first = left(BEGIN - Millis(2)).await;
    let second = left(BEGIN - Millis(1)).await;
    // A tab that comes and goes takes nothing from it.
    desk.engine.visitor_joined(first, 7).await.unwrap();
    desk.engine.visitor_left(first, 7).await.unwrap();
    let live = desk.waits().await;
    let lines = desk.engine.lines(9).await.unwrap();
    let line = &lines[0];
    assert_eq!((line.live, line.messages), (1, 2));
    assert_eq!(
        line.longest_since,
        Some(desk.clock.now() - Millis(1)),
        "a message waits for nobody"
    );
    let shown: Vec<_> = line
        .first
        .iter()
        .map(|one| (one.conversation, one.mode))
        .collect();
    let expected = [
        (live, Mode::Chat),
        (first, Mode::Message),
        (second, Mode::Message),
    ];
    assert_eq!(shown, expected);
    desk.clock.advance(Millis::seconds(3_600));
    assert_eq!(desk.due().await, [], "nobody is gone");
    let ana = desk.online(3).await;
    for next in [live, first, second] {
        assert_eq!(desk.claims().await, Some((next, ana)));
    }
}

pub async fn an_agent_who_is_gone_is_due_twice(desk: Desk) {
    let agent = desk.online(1).await;
    let conversation = desk.waits().await;
    desk.observes(served(conversation, 2, agent)).await;
    desk.engine.agent_left(agent, 1).await.unwrap();
    desk.waits().await;
    assert_eq!(desk.claims().await, None);
    desk.clock.advance(GRACES.away);
    assert_eq!(desk.due().await, [Due::AgentAway { agent }]);
    desk.clock.advance(GRACES.agent);
    assert_eq!(desk.due().await, [Due::AgentGone { agent }]);
    desk.sits(agent, Status::Offline, 1).await;
    desk.observes(waiting(conversation, 3, desk.clock.now()))
        .await;
    desk.clock.advance(GRACES.agent);
    assert_eq!(desk.due().await, []);
}

pub async fn lines_show_who_waits_and_who_serves(desk: Desk) {
    assert_eq!(desk.engine.lines(9).await.unwrap(), []);
    let (first, second) = (desk.waits().await, desk.waits().await);
    let agent = desk.online(3).await;
    desk.rings().await.unwrap();
    let lines = desk.engine.lines(9).await.unwrap();
    let shown: Vec<_> = lines[0]
        .first
        .iter()
        .map(|one| (one.conversation, one.is_offered))
        .collect();
    assert_eq!(shown, [(first, true), (second, false)]);
    assert_eq!(lines[0].longest_since, Some(BEGIN));
    assert_eq!((lines[0].agents_online, lines[0].free_slots), (1, 2));
    let sales = DepartmentKey::new("sales").unwrap();
    let is_open =
        async |departments: &[DepartmentKey]| desk.engine.is_open(departments).await.unwrap();
    assert!(is_open(&[sales.clone(), support()]).await);
    assert!(!is_open(&[sales]).await);
    desk.sits(agent, Status::Away, 3).await;
    assert!(!is_open(&[support()]).await);
}

pub async fn whoever_opens_a_conversation_is_seen(desk: Desk) {
    let name = |name: &str| AgentName {
        id: AgentId::fresh(),
        name: name.to_owned(),
    };
    let (ana, bob) = (name("Ana"), name("Bob"));
    let conversation = ConversationId::fresh();
    let view = async |who: &AgentName, socket, is_open| {
        let viewers = desk
            .engine
            .view(conversation, who.clone(), socket, is_open)
            .await
            .unwrap();
        viewers
            .into_iter()
            .map(|agent| agent.name)
            .collect::<BTreeSet<_>>()
    };
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(view(&ana, 1, true).await, names(&["Ana"]));
    assert_eq!(view(&ana, 2, true).await, names(&["Ana"]));
    assert_eq!(view(&bob, 3, true).await, names(&["Ana", "Bob"]));
    assert_eq!(
        view(&ana, 1, false).await,
        names(&["Ana", "Bob"]),
        "on another socket still"
    );
    assert_eq!(view(&ana, 2, false).await, names(&["Bob"]));
    let other = ConversationId::fresh();
    let seen = desk
        .engine
        .view(other, bob.clone(), 3, false)
        .await
        .unwrap();
    assert_eq!(seen, []);
    assert_eq!(view(&bob, 3, false).await, names(&[]));
}

pub async fn a_removed_agent_gets_nothing(desk: Desk) {
    let agent = desk.online(1).await;
    let conversation = desk.waits().await;
    assert_eq!(desk.rings().await.unwrap().agent, agent);
    desk.engine.remove_agent(agent).await.unwrap();
    assert!(!desk.engine.is_offered(conversation).await.unwrap());
    assert!(!desk.engine.is_agent_here(agent).await.unwrap());
    assert_eq!(desk.claims().await, None);
}

pub async fn work_wakes_whoever_pairs(desk: Desk) {
    let agent = desk.online(1).await;
    let pairing = {
        let engine = Arc::clone(&desk.engine);
        tokio::spawn(async move {
            loop {
                engine.work().await;
                if let Some(claim) = engine.claim().await.unwrap() {
                    return claim;
                }
            }
        })
    };
    let conversation = desk.waits().await;
    let claim = timeout(SOON, pairing).await.unwrap().unwrap();
    assert_eq!((claim.conversation, claim.agent), (conversation, agent));
    let ending = {
        let engine = Arc::clone(&desk.engine);
        desk.observes(served(conversation, 2, agent)).await;
        desk.engine.agent_left(agent, 1).await.unwrap();
        tokio::spawn(async move {
            loop {
                engine.work().await;
                if let Some(due) = engine.due().await.unwrap().pop() {
                    return due;
                }
            }
        })
    };
    desk.clock.advance(GRACES.away);
    let due = timeout(SOON, ending).await.unwrap().unwrap();
    assert_eq!(due, Due::AgentAway { agent });
}

pub async fn work_may_be_given_up_at_any_time(desk: Desk) {
    let agent = desk.online(1).await;
    // Given up before it was ever asked, and while it waited.
    drop(desk.engine.work());
    for _ in 0..3 {
        let _ = timeout(Duration::from_millis(5), desk.engine.work()).await;
    }
    let conversation = desk.waits().await;
    timeout(SOON, desk.engine.work()).await.unwrap();
    assert_eq!(desk.claims().await, Some((conversation, agent)));
}

pub async fn notices_arrive_in_the_order_published(desk: Desk) {
    let mut notices = desk.engine.notices().unwrap();
    let agents: Vec<AgentId> = (0..2_000).map(|_| AgentId::fresh()).collect();
    let published = agents.clone();
    let engine = Arc::clone(&desk.engine);
    let publishing = tokio::spawn(async move {
        for agent in published {
            engine.publish(Notice::AgentChanged(agent)).await;
        }
    });
    let mut heard = Vec::new();
    while heard.len() < agents.len() {
        match timeout(SOON, notices.recv()).await.unwrap() {
            Some(Notice::AgentChanged(agent)) => heard.push(agent),
            other => panic!("never published: {other:?}"),
        }
    }
    assert_eq!(heard, agents);
    publishing.await.unwrap();
}

pub async fn notices_are_taken_once(desk: Desk) {
    assert!(desk.engine.notices().is_some());
    assert!(desk.engine.notices().is_none());
}
