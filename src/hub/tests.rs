//! What a hub promises of its followers and mailboxes: nothing skipped, doubled or reordered, whatever order news
//! arrives in, and bounded memory for whoever does not read.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::mailbox::{
    Behind, EphemeralKey, Farewell, Item, Mailbox, Taken, VISITOR_BYTES_MAX, Who,
};
use super::{Following, Hub, News, PING_S};
use crate::domain::seeded::hold;
use crate::model::event::{AgentName, Body, Event, Sender, Seq, TransferredTo, View};
use crate::model::id::{AgentId, ConversationId, DepartmentKey, SessionId, SiteKey, VisitorId};
use crate::model::time::{At, Millis};
use crate::protocol::agent::UnassignReason;
use crate::protocol::error::Close;

const OPENED: Following = Following::Agent {
    owned_from: None,
    is_opened: true,
};

fn visitor() -> Who {
    Who::Visitor {
        visitor: VisitorId::fresh(),
        site: SiteKey::new("demo").unwrap(),
    }
}

fn agent(agent: AgentId) -> Who {
    Who::Agent {
        agent,
        session: SessionId::fresh(),
        is_token: false,
    }
}

fn owned(from: Seq, is_opened: bool) -> Following {
    Following::Agent {
        owned_from: Some(from),
        is_opened,
    }
}

fn event(seq: Seq, body: Body) -> Event {
    Event {
        seq,
        at: At(0),
        cmd: None,
        from: Sender::system(),
        body,
    }
}

fn message(seq: Seq) -> Event {
    let text = "a word".to_owned();
    event(seq, Body::said(text))
}

fn note(seq: Seq) -> Event {
    let text = "among us".to_owned();
    event(seq, Body::noted(text))
}

fn requeued(seq: Seq) -> Event {
    let body = Body::Transferred {
        to: TransferredTo::Department(DepartmentKey::new("sales").unwrap()),
    };
    event(seq, body)
}

/// A log, and a hub that is told of its parts.
struct Desk {
    hub: Hub,
    id: ConversationId,
    log: Vec<Event>,
}

impl Desk {
    fn with(log: Vec<Event>) -> Self {
        Self {
            hub: Hub::new(1_000),
            id: ConversationId::fresh(),
            log,
        }
    }

    /// The `seq` before this one that the view shows.
    fn prev(&self, view: View, seq: Seq) -> Seq {
        let before = self.log.iter().rev().filter(|event| event.seq < seq);
        before
            .filter(|event| view.shows(&event.body))
            .map(|event| event.seq)
            .next()
            .unwrap_or_default()
    }

    /// News of the events from `first` to `last`.
    fn tells(&self, first: Seq, last: Seq) {
        let part = |seq: Seq| usize::try_from(seq).unwrap();
        self.hub.deliver(&News {
            conversation: self.id,
            events: &self.log[part(first) - 1..part(last)],
            visitor_prev: self.prev(View::Visitor, first),
            enqueued_at: At(0),
        });
    }

    /// Lets a socket in that has the log up to `place`, and is live.
    fn live(&self, who: Who, following: Following, place: Seq) -> Arc<Mailbox> {
        let mailbox = self.hub.enter(who);
        self.hub.follow(self.id, &mailbox, following, place);
        assert!(asked(&items(&mailbox)).is_some());
        assert!(!self.hub.must_read_on(self.id, mailbox.socket));
        mailbox
    }

    /// What a socket's task does when it is asked to read: reads the log to its end. Answers what it read.
    fn catches_up(&self, mailbox: &Mailbox, behind: Behind, known: Seq) -> Vec<Seq> {
        let mut read = Vec::new();
        while let Some((following, place)) = self.hub.behind(behind, mailbox.socket) {
            let view = match following {
                Following::Visitor => View::Visitor,
                Following::Agent { .. } => View::Agent,
            };
            let durable = self.log.iter().filter(|event| event.seq <= known);
            for event in durable.filter(|event| event.seq > place && view.shows(&event.body)) {
                read.push(event.seq);
                self.hub.advance(self.id, mailbox.socket, event.seq);
            }
            if !self.hub.must_read_on(self.id, mailbox.socket) {
                break;
            }
        }
        read
    }
}

/// The request to read, if it is all there is.
fn asked(items: &[Item]) -> Option<Behind> {
    match items {
        [Item::Behind(behind)] => Some(*behind),
        _ => None,
    }
}

/// What waits for a socket, taken.
fn items(mailbox: &Mailbox) -> Vec<Item> {
    match taken(mailbox) {
        Some(Taken::Items(items)) => items.into(),
        Some(Taken::End(items, _)) => items.into(),
        None => Vec::new(),
    }
}

/// Everything that can be taken without waiting.
fn taken(mailbox: &Mailbox) -> Option<Taken> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(mailbox.take()).poll(&mut context) {
        std::task::Poll::Ready(taken) => Some(taken),
        std::task::Poll::Pending => None,
    }
}

/// The `seq` of each event frame.
fn seqs(items: &[Item]) -> Vec<Seq> {
    items
        .iter()
        .filter_map(|item| match item {
            Item::Frame(bytes) => serde_json::from_slice::<serde_json::Value>(bytes).ok(),
            _ => None,
        })
        .filter_map(|frame| frame["seq"].as_u64())
        .collect()
}

#[test]
fn news_that_follows_is_pushed_once_in_order() {
    let desk = Desk::with((1..=5).map(message).collect());
    let follower = desk.live(visitor(), Following::Visitor, 0);
    desk.tells(1, 2);
    desk.tells(2, 2);
    desk.tells(1, 3);
    desk.tells(4, 5);
    assert_eq!(seqs(&items(&follower)), [1, 2, 3, 4, 5]);
}

#[test]
fn a_gap_makes_a_follower_read() {
    let desk = Desk::with((1..=5).map(message).collect());
    let follower = desk.live(visitor(), Following::Visitor, 0);
    desk.tells(3, 3);
    desk.tells(1, 2);
    let behind = asked(&items(&follower)).expect("asked once, and nothing pushed");
    assert_eq!(desk.catches_up(&follower, behind, 3), [1, 2, 3]);
    desk.tells(4, 5);
    assert_eq!(seqs(&items(&follower)), [4, 5]);
}

#[test]
fn notes_make_no_gap_for_visitors() {
    let desk = Desk::with(vec![message(1), note(2), note(3), message(4)]);
    let visitor = desk.live(visitor(), Following::Visitor, 0);
    let colleague = desk.live(agent(AgentId::fresh()), OPENED, 0);
    desk.tells(1, 2);
    desk.tells(3, 4);
    assert_eq!(seqs(&items(&visitor)), [1, 4]);
    assert_eq!(seqs(&items(&colleague)), [1, 2, 3, 4]);
}

#[test]
fn a_follower_that_is_live_is_not_read_for() {
    let desk = Desk::with((1..=2).map(message).collect());
    let follower = desk.hub.enter(visitor());
    desk.hub.follow(desk.id, &follower, Following::Visitor, 1);
    let first = asked(&items(&follower)).unwrap();
    assert!(!desk.hub.must_read_on(desk.id, follower.socket));
    assert_eq!(desk.hub.behind(first, follower.socket), None);
    desk.hub.doubt(desk.id);
    let again = asked(&items(&follower)).unwrap();
    let behind = desk.hub.behind(again, follower.socket);
    assert_eq!(behind, Some((Following::Visitor, 1)));
}

#[test]
fn an_old_request_to_read_does_not_overtake_what_is_on_its_way() {
    let desk = Desk::with((1..=3).map(message).collect());
    let follower = desk.hub.enter(visitor());
    // Following begins, and begins anew before the log was read: two requests.
    desk.hub.follow(desk.id, &follower, Following::Visitor, 0);
    desk.hub.follow(desk.id, &follower, Following::Visitor, 0);
    let requests = items(&follower);
    let [Item::Behind(old), Item::Behind(new)] = requests[..] else {
        panic!("two requests wait: {requests:?}");
    };
    assert_eq!(desk.catches_up(&follower, new, 1), [1]);
    desk.tells(2, 2);
    desk.hub.doubt(desk.id);
    // The second message waits in the mailbox; the third would come before it.
    assert_eq!(desk.catches_up(&follower, old, 3), [0; 0]);
    assert_eq!(read(&desk, &follower, 3), [2, 3]);
}

#[test]
fn news_that_comes_while_reading_is_read_too() {
    let desk = Desk::with((1..=3).map(message).collect());
    let follower = desk.live(visitor(), Following::Visitor, 0);
    desk.hub.doubt(desk.id);
    items(&follower);
    desk.tells(1, 2);
    // The page was read before the second event was there.
    desk.hub.advance(desk.id, follower.socket, 1);
    assert!(desk.hub.must_read_on(desk.id, follower.socket));
    desk.hub.advance(desk.id, follower.socket, 2);
    assert!(!desk.hub.must_read_on(desk.id, follower.socket));
    desk.tells(3, 3);
    assert_eq!(seqs(&items(&follower)), [3]);
}

#[test]
fn whoever_is_short_of_the_log_is_found() {
    let desk = Desk::with(vec![message(1), note(2)]);
    let visitor = desk.live(visitor(), Following::Visitor, 1);
    let colleague = desk.live(agent(AgentId::fresh()), OPENED, 1);
    desk.hub.check(desk.id, 1, 2);
    assert!(items(&visitor).is_empty());
    assert!(asked(&items(&colleague)).is_some());
}

#[test]
fn following_ends_with_the_event_that_takes_the_conversation() {
    let ana = AgentId::fresh();
    let desk = Desk::with(vec![message(1), requeued(2), message(3)]);
    let follower = desk.live(agent(ana), owned(1, false), 1);
    let watcher = desk.live(agent(ana), owned(1, true), 1);
    desk.tells(2, 3);
    let told = items(&follower);
    assert_eq!(seqs(&told), [2]);
    let reason = UnassignReason::Transferred;
    assert!(matches!(told[1], Item::Unassigned { reason: told, place: 2, .. } if told == reason));
    assert_eq!(desk.hub.following(desk.id, follower.socket), None);
    assert_eq!(seqs(&items(&watcher)), [2, 3], "it was opened as well");
    assert_eq!(
        desk.hub.following(desk.id, watcher.socket),
        Some((OPENED, 3))
    );
}

#[test]
fn an_event_before_the_ownership_does_not_end_it() {
    let desk = Desk::with(vec![message(1), requeued(2), message(3)]);
    let follower = desk.live(agent(AgentId::fresh()), owned(3, false), 1);
    desk.tells(2, 3);
    assert_eq!(seqs(&items(&follower)), [2, 3]);
    assert!(desk.hub.following(desk.id, follower.socket).is_some());
}

#[test]
fn owning_begins_only_where_the_follower_was_seen() {
    let desk = Desk::with((1..=2).map(message).collect());
    let follower = desk.live(agent(AgentId::fresh()), OPENED, 0);
    desk.tells(1, 1);
    assert!(
        !desk.hub.own(desk.id, follower.socket, 1, 0),
        "it has moved on"
    );
    assert!(desk.hub.own(desk.id, follower.socket, 1, 1));
    let following = desk.hub.following(desk.id, follower.socket);
    assert_eq!(following, Some((owned(1, true), 1)));
}

#[test]
fn to_shut_ends_following_unless_it_is_owned() {
    let desk = Desk::with(vec![message(1)]);
    let owner = desk.live(agent(AgentId::fresh()), owned(1, true), 1);
    let watcher = desk.live(agent(AgentId::fresh()), OPENED, 1);
    assert_eq!(desk.hub.shut(desk.id, owner.socket), None);
    let following = desk.hub.following(desk.id, owner.socket);
    assert_eq!(following, Some((owned(1, false), 1)));
    assert_eq!(desk.hub.shut(desk.id, watcher.socket), Some(1));
    assert_eq!(
        desk.hub.unfollow(desk.id, owner.socket),
        Some((owned(1, false), 1))
    );
    assert!(desk.hub.followed().is_empty());
}

#[test]
fn who_should_follow_and_does_not_is_reminded() {
    let desk = Desk::with(vec![message(1)]);
    let (ana, who) = (AgentId::fresh(), visitor());
    let Who::Visitor { visitor: vera, .. } = who else {
        unreachable!("just made");
    };
    let first = desk.live(who.clone(), Following::Visitor, 1);
    let second = desk.hub.enter(who);
    let owner = desk.live(agent(ana), owned(1, false), 1);
    let stale = desk.live(agent(ana), OPENED, 1);
    desk.hub.remind(desk.id, vera, Some((ana, 1)));
    assert!(items(&first).is_empty() && items(&owner).is_empty());
    assert!(matches!(items(&second)[..], [Item::Started]));
    assert!(matches!(items(&stale)[..], [Item::Owned(_)]));
}

#[test]
fn a_socket_leaves_without_its_successor() {
    let hub = Hub::new(0);
    let ana = AgentId::fresh();
    let (first, second) = (hub.enter(agent(ana)), hub.enter(agent(ana)));
    hub.leave(&first);
    assert!(hub.has_agent(ana));
    assert_eq!(hub.counts(), (0, 1));
    hub.leave(&second);
    assert!(!hub.has_agent(ana) && hub.is_empty());
}

#[test]
fn the_newest_ephemeral_frame_replaces_the_older() {
    let mailbox = Mailbox::new(1, visitor(), 0);
    let frame = |text: &'static str| Bytes::from_static(text.as_bytes());
    mailbox.push(Item::Ephemeral(EphemeralKey::Queue, frame("third")));
    mailbox.push(Item::Frame(frame("event")));
    mailbox.push(Item::Ephemeral(EphemeralKey::Presence, frame("open")));
    mailbox.push(Item::Ephemeral(EphemeralKey::Queue, frame("second")));
    let waiting: Vec<Bytes> = items(&mailbox)
        .into_iter()
        .filter_map(|item| match item {
            Item::Frame(bytes) | Item::Ephemeral(_, bytes) => Some(bytes),
            _ => None,
        })
        .collect();
    assert_eq!(waiting, [frame("event"), frame("open"), frame("second")]);
}

#[test]
fn whoever_does_not_read_is_cut_off_and_costs_nothing_more() {
    let mailbox = Mailbox::new(1, visitor(), 0);
    let frame = Bytes::from(vec![b' '; 1_024]);
    for _ in 0..VISITOR_BYTES_MAX / 512 {
        mailbox.push(Item::Frame(frame.clone()));
    }
    match taken(&mailbox) {
        Some(Taken::End(items, Farewell { close, .. })) => {
            assert!(items.is_empty());
            assert_eq!(close, Close::TooSlow);
        }
        other => panic!("not cut off: {other:?}"),
    }
}

#[test]
fn small_items_count_too() {
    let mailbox = Mailbox::new(1, visitor(), 0);
    for _ in 0..VISITOR_BYTES_MAX {
        mailbox.push(Item::Ping);
    }
    let cut_off = taken(&mailbox);
    assert!(matches!(cut_off, Some(Taken::End(..))), "{cut_off:?}");
}

#[test]
fn what_waited_is_written_before_a_farewell() {
    let mailbox = Mailbox::new(1, visitor(), 0);
    mailbox.push(Item::Ping);
    let farewell = |close| Farewell { close, bye: None };
    mailbox.end(farewell(Close::Restart));
    mailbox.end(farewell(Close::Policy));
    mailbox.push(Item::Ping);
    let Some(Taken::End(items, last)) = taken(&mailbox) else {
        panic!("not ended");
    };
    assert_eq!(
        (items.len(), last.close),
        (1, Close::Restart),
        "the first farewell counts"
    );
}

#[test]
fn every_socket_hangs_on_one_spoke_of_the_wheel() {
    let hub = Hub::new(7);
    let mailboxes: Vec<_> = (0..100).map(|_| hub.enter(visitor())).collect();
    let mut dead = BTreeSet::new();
    for tick in 0..PING_S {
        dead.extend(hub.turn(tick).iter().map(|mailbox| mailbox.socket));
    }
    assert!(dead.is_empty(), "they have just come");
    let mut all = BTreeSet::new();
    hub.for_each(|mailbox| assert!(all.insert(mailbox.socket)));
    assert_eq!(all.len(), mailboxes.len());
}

/// What happens to one follower, in any order.
#[derive(Clone, Debug)]
enum Step {
    /// News of a part of the log, known or not.
    Tell(prop::sample::Index, u64),
    Doubt,
    Lost,
    /// The sweep compares.
    Check,
    /// The socket's task reads its mailbox, and the log if it is asked to.
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<prop::sample::Index>(), 0..3_u64).prop_map(|(first, more)| Step::Tell(first, more)),
        1 => Just(Step::Doubt),
        1 => Just(Step::Lost),
        1 => Just(Step::Check),
        4 => Just(Step::Read),
    ]
}

/// Reads mailbox and log as a socket's task does; answers the events in the order written.
fn read(desk: &Desk, mailbox: &Mailbox, known: Seq) -> Vec<Seq> {
    let mut written = Vec::new();
    for item in items(mailbox) {
        match item {
            Item::Behind(behind) => written.extend(desk.catches_up(mailbox, behind, known)),
            other => written.extend(seqs(&[other])),
        }
    }
    written
}

#[test]
fn any_order_of_news_is_written_once_and_in_order() {
    let log = prop::collection::vec(any::<bool>(), 1..30);
    let steps = prop::collection::vec(step(), 1..60);
    hold(
        300,
        &(log, steps, any::<bool>()),
        |(log, steps, is_visitor)| {
            let log = (1..).zip(log);
            let log = log.map(|(seq, is_note)| if is_note { note(seq) } else { message(seq) });
            lives_through(Desk::with(log.collect()), steps, is_visitor)
        },
    );
}

fn lives_through(desk: Desk, steps: Vec<Step>, is_visitor: bool) -> Result<(), TestCaseError> {
    let (who, following, view) = if is_visitor {
        (visitor(), Following::Visitor, View::Visitor)
    } else {
        (agent(AgentId::fresh()), OPENED, View::Agent)
    };
    let follower = desk.live(who, following, 0);
    let end = desk.log.len() as Seq;
    let compare = |known: Seq| {
        let visitor_seq = desk.prev(View::Visitor, known + 1);
        desk.hub.check(desk.id, visitor_seq, known);
    };
    // What is durable: news never runs ahead of it.
    let mut known = 0;
    let mut written = Vec::new();
    for step in steps {
        match step {
            Step::Tell(first, more) => {
                let first = first.index(desk.log.len()) as Seq + 1;
                let last = (first + more).min(end);
                known = known.max(last);
                desk.tells(first, last);
            }
            Step::Doubt => desk.hub.doubt(desk.id),
            Step::Lost => desk.hub.doubt_all(),
            Step::Check => compare(known),
            Step::Read => written.extend(read(&desk, &follower, known)),
        }
    }
    compare(end);
    for _ in 0..3 {
        written.extend(read(&desk, &follower, end));
    }
    let shown = desk.log.iter().filter(|event| view.shows(&event.body));
    let shown: Vec<Seq> = shown.map(|event| event.seq).collect();
    prop_assert_eq!(written, shown);
    Ok(())
}

#[test]
fn a_state_that_an_event_brought_about_is_told_beside_it() {
    let agent = AgentName {
        id: AgentId::fresh(),
        name: "Ana".to_owned(),
    };
    let body = Body::Assigned {
        agent,
        department: DepartmentKey::new("support").unwrap(),
        why: None,
        waited_ms: Millis(5),
    };
    let desk = Desk::with(vec![event(1, body)]);
    let follower = desk.live(visitor(), Following::Visitor, 0);
    desk.tells(1, 1);
    let told: Vec<String> = items(&follower)
        .iter()
        .filter_map(|item| match item {
            Item::Frame(bytes) => serde_json::from_slice::<serde_json::Value>(bytes).ok(),
            _ => None,
        })
        .map(|frame| frame["t"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, ["event", "assigned"]);
}
