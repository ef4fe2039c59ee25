//! The estimator of waits, asked directly: when nothing may be promised, who waits longer than whom, and that no history,
//! however odd, brings it to an absurd answer. How right it is stands in `replay.rs`.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may fail that way"))]

use balie::domain::happening::{Happening, Place, PlannedShifts};
use balie::domain::waiting::{Estimate, Estimator};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::time::{At, Millis};
use proptest::prelude::*;

const BEGIN: At = At(1_800_000_000_000);

fn key(department: &str) -> DepartmentKey {
    DepartmentKey::new(department).unwrap()
}

fn agent(number: u8) -> AgentId {
    AgentId::from_bytes([number; 16])
}

/// They give up.
fn left(place: Place) -> Happening {
    Happening::Left {
        place,
        gone_for: Millis(0),
    }
}

/// A desk, told what happens in the words of a test.
struct Desk {
    estimator: Estimator,
    now: At,
    visitors: u32,
}

impl Desk {
    fn empty() -> Self {
        Self::with(Vec::new())
    }

    fn with(plans: Vec<PlannedShifts>) -> Self {
        Self {
            estimator: Estimator::new(plans),
            now: BEGIN,
            visitors: 0,
        }
    }

    /// One agent with one slot, on until now, who has completed so many chats of five minutes, one after the other.
    fn after(chats: u32) -> Self {
        let mut desk = Self::empty();
        desk.on(1, 1, &["help"]);
        for _ in 0..chats {
            let place = desk.comes("help");
            desk.taken(&place, 1);
            desk.later(300);
            desk.ends(&place);
        }
        desk
    }

    fn tell(&mut self, happening: &Happening) {
        self.estimator.observe(self.now, happening);
    }

    fn later(&mut self, seconds: i64) {
        self.now = self.now + Millis::seconds(seconds);
    }

    fn on(&mut self, number: u8, capacity: u32, departments: &[&str]) {
        let departments = departments.iter().map(|name| key(name)).collect();
        let agent = agent(number);
        self.tell(&Happening::AgentOn {
            agent,
            capacity,
            departments,
        });
    }

    fn comes(&mut self, department: &str) -> Place {
        self.visitors += 1;
        let place = Place {
            department: key(department),
            key: self.now.0,
            conversation: ConversationId::from_bytes(u128::from(self.visitors).to_be_bytes()),
        };
        self.tell(&Happening::Arrived(place.clone()));
        place
    }

    fn taken(&mut self, place: &Place, number: u8) {
        let (place, agent) = (place.clone(), agent(number));
        self.tell(&Happening::Assigned { place, agent });
    }

    fn ends(&mut self, place: &Place) {
        let conversation = place.conversation;
        self.tell(&Happening::Ended { conversation });
    }

    fn asks(&mut self, place: &Place) -> Estimate {
        self.estimator.promise(place, self.now).unwrap()
    }

    fn sweep(&self) -> Vec<(ConversationId, Estimate)> {
        let mut all = Vec::new();
        self.estimator.sweep(self.now, |_, conversation, estimate| {
            all.push((conversation, estimate))
        });
        all
    }
}

#[test]
fn nothing_is_promised_while_nobody_is_on_duty() {
    let mut desk = Desk::after(20);
    let place = desk.comes("help");
    assert!(desk.asks(&place).is_grounded);
    desk.tell(&Happening::AgentOff { agent: agent(1) });
    assert!(!desk.asks(&place).is_grounded);
    let elsewhere = desk.comes("sales");
    assert!(
        !desk.asks(&elsewhere).is_grounded,
        "nobody serves this line"
    );
}

#[test]
fn nothing_is_promised_before_chats_have_been_seen_to_end() {
    let mut desk = Desk::after(2);
    let first = desk.comes("help");
    desk.taken(&first, 1);
    let place = desk.comes("help");
    assert!(!desk.asks(&place).is_grounded);
}

#[test]
fn a_free_slot_means_no_wait() {
    let mut desk = Desk::after(20);
    let place = desk.comes("help");
    assert_eq!(desk.asks(&place).mean, Millis(0));
}

#[test]
fn whoever_stands_further_back_waits_longer() {
    let mut desk = Desk::after(20);
    let first = desk.comes("help");
    desk.taken(&first, 1);
    for _ in 0..30 {
        desk.later(1);
        desk.comes("help");
    }
    let waits: Vec<Millis> = desk.sweep().iter().map(|(_, one)| one.mean).collect();
    assert_eq!(waits.len(), 30);
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    // The first waits for one chat of about five minutes.
    assert!((150_000..450_000).contains(&waits[0].0), "{:?}", waits[0]);
}

#[test]
fn an_agent_more_shortens_the_wait() {
    let mut desk = Desk::after(20);
    for number in 1..=2 {
        desk.on(number, 1, &["help"]);
        let place = desk.comes("help");
        desk.taken(&place, number);
    }
    let waiting: Vec<Place> = (0..10).map(|_| desk.comes("help")).collect();
    let with = desk.asks(&waiting[9]).mean;
    desk.tell(&Happening::AgentOff { agent: agent(2) });
    let without = desk.asks(&waiting[9]).mean;
    assert!(with < without, "{with} {without}");
}

#[test]
fn the_older_of_another_line_goes_first_at_a_shared_agent() {
    let mut desk = Desk::after(20);
    desk.on(1, 1, &["help", "sales"]);
    let busy = desk.comes("help");
    desk.taken(&busy, 1);
    desk.later(10);
    let alone = desk.comes("help");
    let before = desk.asks(&alone).mean;
    desk.later(1);
    // Younger than the one before, so it must not delay them; older than the next, so it must.
    desk.comes("sales");
    desk.later(1);
    let behind = desk.comes("help");
    let after = desk.asks(&alone).mean;
    assert!(after <= before, "{before} {after}");
    let second = desk.asks(&behind).mean;
    assert!(second.0 > 2 * after.0, "two are ahead: {after} {second}");
}

#[test]
fn a_planned_colleague_is_expected() {
    let plan = |from_s| PlannedShifts {
        agent: agent(2),
        capacity: 5,
        departments: vec![key("help")],
        shifts: vec![(BEGIN + Millis::seconds(from_s), None)],
    };
    // Two hours from the beginning; the desk below has worked for 20 × 300 s.
    let wait = |plans| {
        let mut desk = Desk::with(plans);
        desk.on(1, 1, &["help"]);
        for _ in 0..20 {
            let place = desk.comes("help");
            desk.taken(&place, 1);
            desk.later(300);
            desk.ends(&place);
        }
        let busy = desk.comes("help");
        desk.taken(&busy, 1);
        let waiting: Vec<Place> = (0..5).map(|_| desk.comes("help")).collect();
        desk.asks(&waiting[4]).mean
    };
    let alone = wait(Vec::new());
    let soon = wait(vec![plan(20 * 300 + 300)]);
    let tomorrow = wait(vec![plan(86_400)]);
    assert!(soon.0 < alone.0 / 2, "{soon} {alone}");
    assert!(tomorrow.0 > alone.0 * 9 / 10, "{tomorrow} {alone}");
}

#[test]
fn the_sweep_says_what_a_promise_says() {
    let mut desk = Desk::after(20);
    let busy = desk.comes("help");
    desk.taken(&busy, 1);
    let waiting: Vec<Place> = (0..5).map(|_| desk.comes("help")).collect();
    for ((conversation, swept), place) in desk.sweep().into_iter().zip(&waiting) {
        assert_eq!(conversation, place.conversation);
        assert_eq!(swept, desk.asks(place));
    }
    let gone = waiting[0].clone();
    desk.tell(&left(gone.clone()));
    assert_eq!(desk.estimator.promise(&gone, desk.now), None);
}

/// One thing that happens, whether it makes sense or not.
#[derive(Clone, Debug)]
enum Odd {
    Arrives(u8),
    Assigned(u8, u8),
    Left(u8),
    Ended(u8),
    On(u8, u32, u8),
    Off(u8),
}

fn odd() -> impl Strategy<Value = Odd> {
    prop_oneof![
        3 => (0..30_u8).prop_map(Odd::Arrives),
        3 => (0..30_u8, 0..4_u8).prop_map(|(who, agent)| Odd::Assigned(who, agent)),
        1 => (0..30_u8).prop_map(Odd::Left),
        2 => (0..30_u8).prop_map(Odd::Ended),
        2 => (0..4_u8, 0..4_u32, 0..3_u8).prop_map(|(agent, capacity, department)| Odd::On(agent, capacity, department)),
        1 => (0..4_u8).prop_map(Odd::Off),
    ]
}

fn spoken(odd: &Odd) -> Happening {
    let department = |number: u8| key(["help", "sales", "night"][usize::from(number)]);
    let place = |who: u8| Place {
        department: department(who % 3),
        // Priorities: not in the order of arrival.
        key: BEGIN.0 + i64::from(who) * 977 % 7_000,
        conversation: ConversationId::from_bytes([who; 16]),
    };
    match odd {
        Odd::Arrives(who) => Happening::Arrived(place(*who)),
        Odd::Assigned(who, number) => Happening::Assigned {
            place: place(*who),
            agent: agent(*number),
        },
        Odd::Left(who) => left(place(*who)),
        Odd::Ended(who) => Happening::Ended {
            conversation: place(*who).conversation,
        },
        Odd::On(number, capacity, departments) => Happening::AgentOn {
            agent: agent(*number),
            capacity: *capacity,
            departments: (0..*departments).map(department).collect(),
        },
        Odd::Off(number) => Happening::AgentOff {
            agent: agent(*number),
        },
    }
}

#[test]
fn a_desk_may_have_more_departments_than_anybody_counts() {
    let mut desk = Desk::after(6);
    let waiting = desk.comes("help");
    for number in 0..66_000 {
        let department = format!("d{number}");
        desk.on(2, 1, &[&department]);
    }
    let last = desk.comes("d65999");
    let told = std::cell::RefCell::new(Vec::new());
    let mut newcomers = 0;
    let now = desk.now;
    desk.estimator.foretell(
        now,
        |place, _| told.borrow_mut().push(place.conversation),
        |_, _| newcomers += 1,
    );
    assert_eq!(told.into_inner(), [waiting.conversation, last.conversation]);
    assert_eq!(newcomers, 66_001);
}

#[test]
fn a_first_promise_stays_and_its_turn_is_told() {
    let mut desk = Desk::after(10);
    let served = desk.comes("help");
    desk.taken(&served, 1);
    let (stays, leaves) = (desk.comes("help"), desk.comes("help"));
    let first = |desk: &mut Desk| {
        let mut told = Vec::new();
        let now = desk.now;
        desk.estimator
            .foretell(now, |_, foretold| told.push(foretold), |_, _| {});
        told
    };
    let before = first(&mut desk);
    let whole = |foretold: &balie::domain::waiting::Foretold| {
        (foretold.estimate.p50, foretold.estimate.p90)
    };
    assert_eq!(before[0].promised, Some(whole(&before[0])));
    desk.later(60);
    let after = first(&mut desk);
    assert_eq!(after[0].promised, before[0].promised);
    assert_ne!(whole(&after[0]), whole(&before[0]));
    // Who was promised nothing here, but elsewhere, keeps that.
    let late = desk.comes("help");
    let elsewhere = (Millis::seconds(77), Millis::seconds(99));
    desk.estimator.recall(&late, elsewhere.0, elsewhere.1);
    desk.estimator.recall(&stays, elsewhere.0, elsewhere.1);
    let told = first(&mut desk);
    assert_eq!(told[2].promised, Some(elsewhere));
    assert_eq!(told[0].promised, before[0].promised);

    assert_eq!(desk.estimator.take_endings().count(), 0);
    desk.tell(&left(leaves.clone()));
    assert_eq!(
        desk.estimator.take_endings().count(),
        0,
        "the turn has not come"
    );
    desk.later(60);
    desk.ends(&served);
    desk.taken(&stays, 1);
    desk.later(60);
    desk.ends(&stays);
    desk.taken(&late, 1);
    let endings: Vec<_> = desk
        .estimator
        .take_endings()
        .map(|ending| (ending.conversation, ending.is_served))
        .collect();
    let expected = [(&stays, true), (&leaves, false), (&late, true)];
    let expected = expected.map(|(place, is_served)| (place.conversation, is_served));
    assert_eq!(endings.len(), 3, "{endings:?}");
    assert!(
        expected.iter().all(|one| endings.contains(one)),
        "{endings:?}"
    );
}

#[test]
fn whoever_came_now_would_stand_behind_those_who_wait() {
    let mut desk = Desk::after(10);
    let mut before = None;
    for _ in 0..4 {
        desk.comes("help");
        let (mut waits, mut next) = (Vec::new(), Vec::new());
        let now = desk.now;
        desk.estimator.foretell(
            now,
            |_, foretold| waits.push(foretold.estimate),
            |department, estimate| next.push((department.clone(), estimate)),
        );
        let [(department, newcomer)] = &next[..] else {
            panic!("one department: {next:?}")
        };
        assert_eq!(*department, key("help"));
        assert!(newcomer.is_grounded && newcomer.p50 > waits.last().unwrap().p50);
        // Who then comes is told just that.
        if let Some(foretold) = before.replace(*newcomer) {
            assert_eq!(foretold, *waits.last().unwrap());
        }
    }
    // A line of which nothing is known but its name, without agents.
    desk.comes("shop");
    let now = desk.now;
    let mut shop = None;
    desk.estimator.foretell(
        now,
        |_, _| {},
        |department, estimate| {
            if *department == key("shop") {
                shop = Some(estimate.is_grounded);
            }
        },
    );
    assert_eq!(shop, Some(false));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Clocks that jump, news that comes twice or makes no sense, agents without departments or capacity.
    #[test]
    fn no_history_leads_to_an_absurd_answer(
        history in proptest::collection::vec((-50_000_i64..200_000, odd()), 1..120),
    ) {
        let mut estimator = Estimator::new(Vec::new());
        let mut now = BEGIN;
        for (later, odd) in &history {
            now = now + Millis(*later);
            estimator.observe(now, &spoken(odd));
            let mut last = None;
            estimator.sweep(now, |department, conversation, one| {
                let year = 366 * 86_400_000;
                assert!((0..=year).contains(&one.mean.0), "{department} {one:?}");
                assert!((0..=year).contains(&one.p50.0) && one.p50 <= one.p90 && one.p90.0 <= year, "{one:?}");
                assert_ne!(last, Some(conversation), "nobody waits twice");
                last = Some(conversation);
            });
        }
    }
}
